//! `pareto.csv`: the best trade-offs, a row each, by the first objective: gains, objectives, marks, and the certificate with its margins.

use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use super::gains::varied;
use super::{io_error, text_cell};
use crate::Error;
use crate::config::{Config, MANIFEST_SIZE_MAX, read_bounded};
use crate::engine::TradeOff;
use crate::problem;
use crate::registry::Member;
use crate::validation::{Finding, metrics};

/// The file's name.
pub(super) const NAME: &str = "pareto.csv";

pub(super) fn write(file: &mut dyn Write, config: &Config, front: &[TradeOff]) -> io::Result<()> {
    let (certify, varied) = (problem::certifier(config), varied(config));
    let mut csv = csv::Writer::from_writer(file);
    let certificate = certify(&config.controller.values);
    let mut header: Vec<String> =
        varied.iter().map(|index| config.controller.parameters()[*index].name.to_owned()).collect();
    header.extend(config.objectives.iter().map(|objective| objective.name.clone()));
    header.extend(["knee", "extreme", "certificate", "max_real_part"].map(String::from));
    header.extend(certificate.columns().keys().cloned());
    csv.write_record(&header).map_err(io_error)?;
    for point in front {
        let TradeOff { values, objectives, is_knee, .. } = point;
        let certificate = certify(values);
        let gain = |index: &usize| config.controller.parameters()[*index].text(values[*index]);
        let costs = objectives.iter().map(f64::to_string);
        let mut row: Vec<String> = varied.iter().map(gain).chain(costs).collect();
        row.extend([is_knee.to_string(), extreme(config, point), certificate.verdict.name().to_owned()]);
        row.push(cell(&certificate.max_real_part.into()));
        row.extend(certificate.columns().values().map(cell));
        csv.write_record(&row).map_err(io_error)?;
    }
    csv.flush()
}

/// What a trade-off comes to in a set of the validation.
#[derive(Debug, Clone)]
pub struct FrontFinding<'a> {
    /// Its row in `pareto.csv`, from 1.
    pub row: usize,
    /// The trade-off.
    pub point: &'a TradeOff,
    /// What was found.
    pub finding: Finding,
}

/// A row a trade-off and set: gains, objectives and marks as in `pareto.csv`, the share of runs that succeed with its 95 % interval, and of the
/// runs that survive the mean, the 95 % quantile and the worst of what is measured; empty where none does.
pub(super) fn write_validation(
    file: &mut dyn Write,
    tuned: &Config,
    config: &Config,
    found: &[FrontFinding<'_>],
) -> io::Result<()> {
    let (varied, metrics) = (varied(tuned), metrics(config));
    let mut header = vec!["row".to_owned()];
    header.extend(varied.iter().map(|index| tuned.controller.parameters()[*index].name.to_owned()));
    header.extend(tuned.objectives.iter().map(|objective| objective.name.clone()));
    header.extend(
        ["knee", "extreme", "set", "runs", "failed", "success", "success_low", "success_high"]
            .map(String::from),
    );
    for place in &metrics {
        let name = config.cost[*place].name;
        header
            .extend(["validated_mean", "validated_p95", "validated_worst"].map(|of| format!("{name}_{of}")));
    }
    let mut csv = csv::Writer::from_writer(file);
    csv.write_record(&header).map_err(io_error)?;
    for FrontFinding { row, point, finding } in found {
        let numbers = varied.iter().map(|index| point.values[*index]).chain(point.objectives.iter().copied());
        let text = |number: f64| Value::from(number).to_string();
        let mut cells = vec![row.to_string()];
        cells.extend(numbers.map(text));
        cells.extend([point.is_knee.to_string(), extreme(tuned, point)]);
        cells.push(text_cell(&finding.set).into_owned());
        cells.extend([finding.runs.to_string(), finding.failed.to_string()]);
        let success = &finding.success;
        cells.extend([success.value, success.low, success.high].map(text));
        let spread = finding.metrics.iter().flat_map(|of| [of.mean.value, of.p95.value, of.worst]);
        cells.extend(spread.map(text));
        cells.resize(header.len(), String::new());
        csv.write_record(&cells).map_err(io_error)?;
    }
    csv.flush()
}

/// The objectives in which none is better.
fn extreme(config: &Config, point: &TradeOff) -> String {
    let names: Vec<&str> = point.ends.iter().map(|end| config.objectives[*end].name.as_str()).collect();
    names.join(" ")
}

/// A number, or nothing where there is none.
fn cell(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}

/// Trade-offs of a tuning that are validated.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The study of that tuning.
    pub config: Config,
    /// With their rows in `pareto.csv`, from 1.
    pub rows: Vec<(usize, TradeOff)>,
}

/// The trade-offs of a tuning, read back.
#[derive(Debug, Clone)]
pub struct Front {
    /// The study.
    pub config: Config,
    /// At least one.
    pub points: Vec<TradeOff>,
}

impl Front {
    /// Reads the trade-offs in a directory.
    ///
    /// # Errors
    ///
    /// When there are none, or they cannot be read, or are not of this program.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let refuse = |name: &str, problem: String, remedy: &str| Error::Refused {
            path: directory.join(name),
            problem,
            remedy: remedy.into(),
        };
        let tuned = "give a directory that `gainswarm tune` has written for a study with [[objectives]]";
        let text = |name: &str| {
            let read = read_bounded(&directory.join(name), MANIFEST_SIZE_MAX);
            read.map_err(|problem| refuse(name, problem, tuned))
        };
        let config = Config::from_manifest(&directory.join("manifest.json"), &text("manifest.json")?)?;
        if config.objectives.is_empty() {
            return Err(refuse(
                "manifest.json",
                "is of a study with one cost, not of trade-offs".into(),
                tuned,
            ));
        }
        let points = points(&config, &text(NAME)?)
            .ok_or_else(|| refuse(NAME, "is not a table of trade-offs of its study".into(), tuned))?;
        if points.is_empty() {
            let remedy = "search longer or wider, or ask for less";
            return Err(refuse(NAME, "holds no trade-offs: none was feasible".into(), remedy));
        }
        Ok(Self { config, points })
    }
}

/// The rows of a table; `None` where it is none of this study.
pub(super) fn points(config: &Config, text: &[u8]) -> Option<Vec<TradeOff>> {
    let mut csv = csv::Reader::from_reader(text);
    let names = csv.headers().ok()?.clone();
    let place = |name: &str| names.iter().position(|known| known == name);
    let varied = varied(config);
    let parameters = config.controller.parameters();
    let gains: Vec<usize> =
        varied.iter().map(|index| place(parameters[*index].name)).collect::<Option<_>>()?;
    let objectives: Vec<usize> =
        config.objectives.iter().map(|objective| place(&objective.name)).collect::<Option<_>>()?;
    let [knee, extreme] = [place("knee")?, place("extreme")?];
    let mut points = Vec::new();
    for record in csv.records() {
        let record = record.ok()?;
        let number = |place: &usize| record.get(*place)?.parse::<f64>().ok().filter(|x| x.is_finite());
        let mut values = config.controller.values.clone();
        for (index, place) in varied.iter().zip(&gains) {
            values[*index] = parameters[*index].read(record.get(*place)?)?;
        }
        let ends = record.get(extreme)?.split_whitespace();
        points.push(TradeOff {
            values,
            objectives: objectives.iter().map(number).collect::<Option<_>>()?,
            is_knee: record.get(knee)? == "true",
            ends: ends
                .filter_map(|name| config.objectives.iter().position(|objective| objective.name == name))
                .collect(),
        });
    }
    Some(points)
}
