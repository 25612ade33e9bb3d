//! `summary.csv` and the JSON of `--json`: a tuning in one row, from one list of columns.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::io_error;
use crate::config::Config;
use crate::costs::CostKind;
use crate::engine::{Resources, Tuning};
use crate::registry::Member;
use crate::stability::Certificate;

/// A tuning in one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    columns: Map<String, Value>,
}

impl Summary {
    /// The summary of a tuning.
    #[must_use]
    pub fn new(config: &Config, resources: Resources, tuning: &Tuning, certificate: &Certificate) -> Self {
        let mut columns = Map::new();
        let mut add = |name: &str, value: Value| {
            columns.insert(name.into(), value);
        };
        add("study", config.study.as_str().into());
        add("plant", config.plant.kind.name().into());
        add("controller", config.controller.kind.name().into());
        add("seed", config.seed.into());
        add("cost", tuning.best.cost.into());
        for (kind, cost) in CostKind::ALL.iter().zip(tuning.mean_terms()) {
            add(kind.name(), cost.into());
        }
        add("failed", tuning.failed().into());
        add("generations", tuning.convergence.len().into());
        add("evaluations", tuning.evaluations.into());
        add("simulations", tuning.tally.simulations.into());
        add("rejected", tuning.tally.rejected.into());
        add("control_steps", tuning.tally.control_steps.into());
        add("bytes_per_simulation", tuning.bytes_per_simulation.into());
        add("hot_path_allocations", tuning.hot_path_allocations.into());
        add("wall_s", tuning.wall.as_secs_f64().into());
        add("simulations_per_s", tuning.simulations_per_s().into());
        add("threads", resources.threads.into());
        add("simd", resources.level.name().into());
        add("certificate", certificate.verdict.name().into());
        add("max_real_part", certificate.max_real_part.into());
        Self { columns }
    }

    /// The summary as a JSON object on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::from(self.columns.clone()).to_string()
    }

    pub(super) fn write_csv(&self, file: &mut dyn Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(file);
        csv.write_record(self.columns.keys()).map_err(io_error)?;
        csv.write_record(self.columns.values().map(|value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }))
        .map_err(io_error)?;
        csv.flush()
    }
}
