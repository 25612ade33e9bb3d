//! `gains.csv`: every parameter of the controller, a row each.

use std::io::{self, Write};

use super::io_error;
use crate::config::{Config, Gain};

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
