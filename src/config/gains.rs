//! Gains as they are read: a `gains.csv`, every parameter of the controller, a row each.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::source::{FILE_SIZE_MAX, read_bounded};
use super::{Config, ConfigError, one_of};
use crate::controllers::ControllerKind;
use crate::parameter::Short;

/// A row of `gains.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gain {
    /// The controller that the gain belongs to.
    pub controller: String,
    /// Name of the parameter.
    pub gain: String,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// Where it was searched from, if it was tuned.
    pub lower: Option<f64>,
    /// Where it was searched to, if it was tuned.
    pub upper: Option<f64>,
    /// Whether the value is the swarm's; otherwise it is the config's.
    pub tuned: bool,
}

/// The parameter values of a `gains.csv`, in the order of the controller; those that it does not name are taken from
/// `defaults`.
///
/// # Errors
///
/// When the file cannot be read, is not of this form, or names another controller, an unknown gain, a gain twice, or a
/// value out of range.
pub fn read_gains(
    path: &Path,
    controller: ControllerKind,
    defaults: &[f64],
) -> Result<Vec<f64>, ConfigError> {
    let refuse = |line: Option<u64>, problem: String, remedy: String| ConfigError {
        path: path.into(),
        line: line.and_then(|line| usize::try_from(line).ok()),
        problem,
        remedy,
    };
    let form = || {
        "expected the columns controller,gain,value,unit,lower,upper,tuned as written by `tune`".to_string()
    };
    let text = read_bounded(path, FILE_SIZE_MAX).map_err(|problem| {
        refuse(None, problem, "give the path of a gains.csv as written by `gainswarm tune`".into())
    })?;

    let parameters = controller.parameters();
    let mut values = defaults.to_vec();
    let mut seen = vec![false; parameters.len()];
    let mut csv = csv::Reader::from_reader(text.as_slice());
    let malformed = |error: &csv::Error| {
        let line = error.position().map(csv::Position::line);
        refuse(line, format!("is not a table of gains: {error}"), form())
    };
    let headers = csv.headers().map_err(|error| malformed(&error))?.clone();
    for record in csv.records() {
        let record = record.map_err(|error| malformed(&error))?;
        let row: Gain = record.deserialize(Some(&headers)).map_err(|error| malformed(&error))?;
        let line = record.position().map(csv::Position::line);
        let refuse = |problem: String, remedy: String| Err(refuse(line, problem, remedy));
        if row.controller != controller.name() {
            let remedy = format!("allowed: gains of {}, the controller of the config", controller.name());
            return refuse(format!("controller = {}", row.controller), remedy);
        }
        let Some(index) = parameters.iter().position(|parameter| parameter.name == row.gain) else {
            let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
            return refuse(
                format!("unknown gain {}", row.gain),
                format!("allowed: {}", one_of(&row.gain, &names)),
            );
        };
        if seen[index] {
            return refuse(format!("{} stands twice", row.gain), "keep one of the two rows".into());
        }
        if !parameters[index].allows(row.value) {
            let remedy = format!("allowed: {}", parameters[index].allowed());
            return refuse(format!("{} = {}", row.gain, row.value), remedy);
        }
        seen[index] = true;
        values[index] = row.value;
    }
    if seen.contains(&true) { Ok(values) } else { Err(refuse(None, "holds no gains".into(), form())) }
}

impl Config {
    /// The position in the search space of the gains in a `gains.csv`.
    ///
    /// # Errors
    ///
    /// As [`read_gains`], and when a gain lies outside of where it is searched.
    pub fn warm_start(&self, path: &Path) -> Result<Vec<f64>, ConfigError> {
        let values = read_gains(path, self.controller.kind, &self.controller.values)?;
        let parameters = self.controller.kind.parameters();
        let position = self.tune.iter().map(|gain| {
            let (value, axis) = (values[gain.index], gain.axis);
            if (axis.lower..=axis.upper).contains(&value) {
                return Ok(value);
            }
            let name = parameters[gain.index].name;
            Err(ConfigError {
                path: path.into(),
                line: None,
                problem: format!("{name} = {} cannot be a start", Short(value)),
                remedy: format!(
                    "allowed: from {} to {}, where [[tune]] searches; or widen its bounds",
                    Short(axis.lower),
                    Short(axis.upper)
                ),
            })
        });
        position.collect()
    }
}
