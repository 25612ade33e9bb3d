//! `validation.csv` and `validation.json`: how gains do on scenarios that tuning never saw.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{gains, io_error, text_cell};
use crate::config::Config;
use crate::costs::CostKind;
use crate::plants::PlantKind;
use crate::simulation::Conditions;
use crate::validation::statistics::{Distribution, Estimate};
use crate::validation::{Case, Difference, Finding, METRICS};

const COLUMNS: [&str; 14] = [
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
];

/// One row a set and measure; of `success` only the mean is there, the share of the runs with its interval.
pub(super) fn write_csv(file: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    csv.write_record(COLUMNS).map_err(io_error)?;
    for finding in findings {
        let estimate = |estimate: &Estimate| [estimate.value, estimate.low, estimate.high].map(Some);
        let mut row = |measure: &str, unit: &str, runs: usize, numbers: Vec<Option<f64>>| {
            let text =
                |number: Option<f64>| number.map_or(String::new(), |number| Value::from(number).to_string());
            let head = [text_cell(&finding.set).into_owned(), measure.into(), unit.into(), runs.to_string()];
            csv.write_record(head.into_iter().chain(numbers.into_iter().map(text))).map_err(io_error)
        };
        let spread = |distribution: &Distribution| {
            let Distribution { mean, median, p95, worst, .. } = distribution;
            [mean, median, p95].into_iter().flat_map(estimate).chain([Some(*worst)]).collect::<Vec<_>>()
        };
        let success = estimate(&finding.success).into_iter().chain([None; 7]).collect();
        row("success", "1", finding.runs, success)?;
        row("cost", "1", finding.runs, spread(&finding.cost))?;
        for (kind, distribution) in METRICS.iter().zip(&finding.metrics) {
            row(kind.name(), kind.unit(), distribution.count, spread(distribution))?;
        }
    }
    csv.flush()
}

/// Everything, with the worst runs and what they started from; `others` are the findings of the gains that these are compared with, none
/// without any.
#[must_use]
pub fn validation_json(
    config: &Config,
    seed: u64,
    values: &[f64],
    [findings, others]: [&[Finding]; 2],
    differences: &[Difference],
) -> Value {
    json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "study": config.study,
        "seed": seed,
        "gains": gains::by_name(config, values),
        "validated_on": validated_on(config),
        "sets": findings.iter().map(|found| finding(config.plant.kind, found)).collect::<Vec<_>>(),
        "others": others.iter().map(success).collect::<Vec<_>>(),
        "differences": differences.iter().map(difference).collect::<Vec<_>>(),
    })
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

fn finding(plant: PlantKind, finding: &Finding) -> Value {
    let metrics = METRICS.iter().zip(&finding.metrics);
    let metrics: serde_json::Map<String, Value> =
        metrics.map(|(kind, found)| (kind.name().into(), distribution(found))).collect();
    json!({
        "set": finding.set,
        "runs": finding.runs,
        "failed": finding.failed,
        "success": estimate(&finding.success),
        "degradation": finding.degradation,
        "cost": distribution(&finding.cost),
        "metrics": metrics,
        "worst": finding.worst.iter().map(|found| case(plant, found)).collect::<Vec<_>>(),
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

fn case(plant: PlantKind, case: &Case) -> Value {
    let Conditions {
        plant: values,
        pulses,
        tones,
        sensors,
        actuator_lag,
        rate_limit,
        dead_time,
        control_period,
    } = &case.scenario.conditions;
    let plant = values.as_ref().map(|values| {
        let named = plant.parameters().iter().zip(values);
        named.map(|(parameter, value)| (parameter.name, *value)).collect::<std::collections::BTreeMap<_, _>>()
    });
    json!({
        "id": case.id.to_string(),
        "cost": case.record.cost,
        "survived_steps": case.record.steps,
        "settling_time": case.record.values[CostKind::SettlingTime as usize],
        "initial_state": case.scenario.initial_state,
        "plant": plant,
        "pulses": pulses.iter().map(|pulse| [pulse.amplitude, pulse.start, pulse.end]).collect::<Vec<_>>(),
        "tones": tones.iter().map(|t| [t.amplitude, t.frequency, t.phase, t.start, t.end]).collect::<Vec<_>>(),
        "noise_offsets": sensors.as_ref().map(|sensors| &sensors.offsets),
        "actuator_lag": actuator_lag,
        "rate_limit": rate_limit.is_finite().then_some(rate_limit),
        "dead_time": dead_time,
        "control_period": control_period,
    })
}

fn difference(difference: &Difference) -> Value {
    json!({
        "set": difference.set,
        "measure": difference.measure,
        "mean": difference.mean.as_ref().map(estimate),
        "p": difference.p,
    })
}
