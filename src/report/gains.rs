//! `gains.csv`: every parameter of the controller, a row each.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::io_error;
use crate::config::{Config, Gain, GainValue};

/// The columns of gains of several studies in one table: those of `gains.csv` behind study and seed.
pub(super) const OF_STUDIES: [&str; 9] =
    ["study", "seed", "controller", "gain", "value", "unit", "lower", "upper", "tuned"];

pub(super) fn write(file: &mut dyn Write, config: &Config, values: &[f64]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    rows(config, values).try_for_each(|row| csv.serialize(row).map_err(io_error))?;
    csv.flush()
}

/// Parameter values by name, as JSON has them.
pub(super) fn by_name(config: &Config, values: &[f64]) -> Map<String, Value> {
    let named = config.controller.parameters().iter().zip(values);
    named.map(|(parameter, value)| (parameter.name.into(), parameter.json(*value))).collect()
}

/// The places of the gains that a search varies: those that are searched, and those that follow from them.
pub(super) fn varied(config: &Config) -> Vec<usize> {
    let searched = config.tune.iter().map(|gain| gain.index);
    let mut varied: Vec<usize> = searched.chain(config.followers.iter().map(|gain| gain.index)).collect();
    varied.sort_unstable();
    varied
}

/// The rows of the parameters of a controller with these values.
pub(super) fn rows(config: &Config, values: &[f64]) -> impl Iterator<Item = Gain> {
    config.controller.parameters().iter().zip(values).enumerate().map(|(index, (parameter, value))| {
        let axis = config.tune.iter().find(|gain| gain.index == index).map(|gain| gain.axis);
        let numbers = axis.filter(|_| parameter.choices.is_empty());
        Gain {
            controller: config.controller.name().into(),
            gain: parameter.name.into(),
            value: parameter.chosen(*value).map_or(GainValue::Number(*value), GainValue::Choice),
            unit: parameter.unit.into(),
            lower: numbers.map(|axis| axis.lower),
            upper: numbers.map(|axis| axis.upper),
            tuned: axis.is_some(),
        }
    })
}
