//! `validation.csv` and `validation.json`: how gains do on scenarios that tuning never saw.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::{case, gains, io_error, text_cell};
use crate::config::{Config, PlantConfig};
use crate::figures::pasted;
use crate::statistics::{Distribution, Estimate};
use crate::validation::{Case, Difference, Finding, Histogram, Pairing, Starts, metrics};

const COLUMNS: [&str; 15] = [
    "set",
    "measure",
    "unit",
    "runs",
    "mean",
    "mean_low",
    "mean_high",
    "median",
    "median_low",
    "median_high",
    "p95",
    "p95_low",
    "p95_high",
    "worst",
    "failed",
];

/// One row a set and measure. Of `success` only the mean is there, the share of all runs with its interval; what the other rows are of
/// is the runs that survived, whose number is `runs`: none of a set in which every run failed. `failed` is how many of the set did.
pub(super) fn write_csv(file: &mut dyn Write, config: &Config, findings: &[Finding]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    csv.write_record(COLUMNS).map_err(io_error)?;
    for finding in findings {
        let estimate = |estimate: &Estimate| [estimate.value, estimate.low, estimate.high].map(Some);
        let mut row = |measure: &str, unit: &str, runs: usize, numbers: Vec<Option<f64>>| {
            let text =
                |number: Option<f64>| number.map_or(String::new(), |number| Value::from(number).to_string());
            let head = [text_cell(&finding.set).into_owned(), measure.into(), unit.into(), runs.to_string()];
            let cells = head.into_iter().chain(numbers.into_iter().map(text));
            csv.write_record(cells.chain([finding.failed.to_string()])).map_err(io_error)
        };
        let spread = |distribution: &Distribution| {
            let Distribution { mean, median, p95, worst, .. } = distribution;
            [mean, median, p95].into_iter().flat_map(estimate).chain([Some(*worst)]).collect::<Vec<_>>()
        };
        let success = estimate(&finding.success).into_iter().chain([None; 7]).collect();
        row("success", "1", finding.runs, success)?;
        if let Some(cost) = &finding.cost {
            row("cost", "1", cost.count, spread(cost))?;
        }
        for (place, distribution) in metrics(config).into_iter().zip(&finding.metrics) {
            let term = &config.cost[place];
            row(term.name, term.unit, distribution.count, spread(distribution))?;
        }
    }
    csv.flush()
}

/// All that a validation has come to.
pub struct Validation<'a> {
    /// The study.
    pub config: &'a Config,
    /// The seed of every random number.
    pub seed: u64,
    /// The gains, a value a parameter of the controller.
    pub values: &'a [f64],
    /// Where config and gains are.
    pub files: [&'a Path; 2],
    /// How the gains do, set by set.
    pub findings: &'a [Finding],
    /// How the gains do that these are compared with, on the same sets; none without any.
    pub others: &'a [Finding],
    /// Which gains survived where.
    pub pairings: Vec<Pairing>,
    /// What differs between them.
    pub differences: Vec<Difference>,
    /// The sets that an interruption has left without a finding.
    pub missing: Vec<&'a str>,
}

impl Validation<'_> {
    /// The command that shows a run.
    #[must_use]
    pub fn replay(&self, case: &Case) -> String {
        let [config, gains] = self.files.map(pasted);
        format!(
            "gainswarm simulate {config} --gains {gains} --replay {}",
            pasted(case.id.to_string().as_ref())
        )
    }

    /// Everything, with the worst runs and what they started from.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { config, seed, values, findings, others, pairings, differences, missing, .. } = self;
        json!({
            "program": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "study": config.study,
            "seed": seed,
            "gains": gains::by_name(config, values),
            "validated_on": validated_on(config),
            "missing": missing,
            "sets": findings.iter().map(|found| self.finding(found)).collect::<Vec<_>>(),
            "others": others.iter().map(success).collect::<Vec<_>>(),
            "pairings": pairings.iter().map(pairing).collect::<Vec<_>>(),
            "differences": differences.iter().map(difference).collect::<Vec<_>>(),
        })
    }

    fn finding(&self, finding: &Finding) -> Value {
        let plant = &self.config.plant;
        let metrics = metrics(self.config).into_iter().zip(&finding.metrics);
        let metrics: serde_json::Map<String, Value> = metrics
            .map(|(place, found)| (self.config.cost[place].name.into(), distribution(found)))
            .collect();
        json!({
            "set": finding.set,
            "runs": finding.runs,
            "failed": finding.failed,
            "success": estimate(&finding.success),
            "degradation": finding.degradation,
            "cost": finding.cost.as_ref().map(distribution),
            "histogram": finding.histogram.as_ref().map(histogram),
            "starts": starts(plant, &finding.starts),
            "metrics": metrics,
            "worst": finding.worst.iter().map(|found| case::to_json(self.config, found)).collect::<Vec<_>>(),
            "replay": finding.worst.first().map(|found| self.replay(found)),
        })
    }
}

/// The part of a config that a validation depends on, beside the gains; its sets are its own, which a tuning does not depend on.
pub(super) fn validated_on(config: &Config) -> Value {
    let whole = serde_json::to_value(config).unwrap_or_default();
    let section = |name: &str| whole.get(name).cloned().unwrap_or_default();
    let switch = |name: &str| whole["controller"].get(name).cloned().unwrap_or_default();
    let controller = ["type", "surface", "saturation", "equivalent_control"].map(switch);
    json!({
        "plant": section("plant"),
        "controller": controller,
        "simulation": section("simulation"),
        "cost": section("cost"),
        "limits": section("limits"),
        "scenarios": section("scenarios"),
    })
}

/// How many runs of the other gains succeed.
fn success(finding: &Finding) -> Value {
    json!({ "set": finding.set, "runs": finding.runs, "failed": finding.failed, "success": estimate(&finding.success) })
}

fn histogram(found: &Histogram) -> Value {
    json!({ "edges": found.edges, "counts": found.counts })
}

/// A number a state each, in the order of `states`.
fn starts(plant: &PlantConfig, found: &Starts) -> Value {
    let Starts { states, ranges, failed, survived } = found;
    let names: Vec<&str> = states.iter().map(|state| plant.states()[*state].name).collect();
    json!({ "states": names, "ranges": ranges, "failed": failed, "survived": survived })
}

fn pairing(found: &Pairing) -> Value {
    json!({
        "set": found.set,
        "both_survived": found.both_survived,
        "both_failed": found.both_failed,
        "only_these_failed": found.only_first_failed,
        "only_others_failed": found.only_second_failed,
    })
}

fn estimate(estimate: &Estimate) -> Value {
    json!({ "value": estimate.value, "interval": [estimate.low, estimate.high] })
}

fn distribution(found: &Distribution) -> Value {
    json!({
        "runs": found.count,
        "mean": estimate(&found.mean),
        "median": estimate(&found.median),
        "p95": estimate(&found.p95),
        "worst": found.worst,
    })
}

fn difference(difference: &Difference) -> Value {
    json!({
        "set": difference.set,
        "measure": difference.measure,
        "pairs": difference.pairs,
        "mean": difference.mean.as_ref().map(estimate),
        "p": difference.p,
    })
}
