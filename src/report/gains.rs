//! `gains.csv`: every parameter of the controller, a row each; written by `tune`, read by `simulate`.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::io_error;
use crate::Error;
use crate::config::{Config, one_of, read_bounded};
use crate::controllers::ControllerKind;

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

pub(super) fn write(file: &mut dyn Write, config: &Config, values: &[f64]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    for (index, (parameter, value)) in config.controller.kind.parameters().iter().zip(values).enumerate() {
        let axis = config.tune.iter().find(|gain| gain.index == index).map(|gain| gain.axis);
        csv.serialize(Gain {
            controller: config.controller.kind.name().into(),
            gain: parameter.name.into(),
            value: *value,
            unit: parameter.unit.into(),
            lower: axis.map(|axis| axis.lower),
            upper: axis.map(|axis| axis.upper),
            tuned: axis.is_some(),
        })
        .map_err(io_error)?;
    }
    csv.flush()
}

/// The parameter values of a `gains.csv`, in the order of the controller; those that it does not name are taken from
/// `defaults`.
///
/// # Errors
///
/// When the file cannot be read, is not of this form, or names another controller, an unknown gain, a gain twice, or a
/// value out of range.
pub fn read_gains(path: &Path, controller: ControllerKind, defaults: &[f64]) -> Result<Vec<f64>, Error> {
    let refuse = |line: Option<u64>, problem: String, remedy: String| Error::Gains {
        path: path.into(),
        line,
        problem,
        remedy,
    };
    let form = || {
        "expected the columns controller,gain,value,unit,lower,upper,tuned as written by `tune`".to_string()
    };
    let text = read_bounded(path).map_err(|problem| {
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
