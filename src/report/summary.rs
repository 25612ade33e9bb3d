//! `summary.csv`: a tuning in one row; `--json` prints mostly the same.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{io_error, text_cell};
use crate::config::Config;
use crate::costs::ripple::has_ripple;
use crate::costs::{Measure, Term, Usual};
use crate::engine::Tuning;
use crate::registry::Member;
use crate::stability::Certificate;

/// A tuning in one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub(super) columns: Map<String, Value>,
}

impl Summary {
    /// The summary of a tuning.
    #[must_use]
    pub fn new(config: &Config, tuning: &Tuning, certificate: &Certificate) -> Self {
        let mut columns = Map::new();
        let mut add = |name: &str, value: Value| {
            columns.insert(name.into(), value);
        };
        add("study", config.study.as_str().into());
        add("plant", config.plant.name().into());
        add("controller", config.controller.name().into());
        add("seed", config.seed.into());
        add("cost", tuning.cost().into());
        add("violation", tuning.best.violation.into());
        add("certificate", certificate.verdict.name().into());
        add("max_real_part", certificate.max_real_part.into());
        add("failed", tuning.failed().into());
        add("stopped_by", tuning.reason.name().into());
        add("generations", tuning.generations.into());
        add("evaluations", tuning.evaluations.into());
        add("restarts", tuning.restarts.into());
        add("simulations", tuning.tally.simulations.into());
        add("rejected", tuning.tally.rejected.into());
        add("control_steps", tuning.tally.control_steps.into());
        add("bytes_per_simulation", tuning.bytes_per_simulation.into());
        add("hot_path_allocations", tuning.hot_path_allocations.into());
        add("growth_bytes", tuning.growth_bytes.into());
        add("wall_s", tuning.wall.as_secs_f64().into());
        add("simulations_per_s", tuning.simulations_per_s().into());
        add("threads", tuning.resources.threads.into());
        add("simd", tuning.resources.level.name().into());
        add("ns_per_control_step", tuning.ns_per_control_step().into());
        for (place, term) in config.cost.iter().enumerate() {
            let [mean, worst] = tuning.value(place);
            add(&format!("{}_cost", term.name), (term.weight / term.norm * mean).into());
            add(&format!("{}_mean", term.name), mean.into());
            add(&format!("{}_worst", term.name), worst.into());
        }
        if let Some(share) = ripple_share(config, tuning) {
            add("ripple_share", share.into());
        }
        add("converged", tuning.how_far().has_converged().into());
        if let Some(front) = tuning.convergence.last().and_then(|row| row.front) {
            add("trade_offs", front.kept.into());
            add("hypervolume", front.hypervolume.into());
            let knee = tuning.front.iter().find(|point| point.is_knee);
            for (place, objective) in config.objectives.iter().enumerate() {
                let cost = knee.map(|knee| knee.objectives[place]);
                add(&format!("objective_{}", objective.name), cost.into());
            }
        }
        for (name, value) in certificate.columns() {
            add(&name, value);
        }
        Self { columns }
    }

    /// The summary that the cells of a `summary.csv` tell, by column.
    pub(super) fn read(cells: &[(String, String)], config: &Config) -> Self {
        let value = |cell: &str| {
            let read = serde_json::from_str::<Value>(cell).ok();
            // A text that looks like another number than it is stays a text.
            let told = read.filter(|read| !read.is_string() && format!("{read}") == cell);
            told.unwrap_or_else(|| if cell.is_empty() { Value::Null } else { cell.into() })
        };
        let mut columns: Map<String, Value> =
            cells.iter().map(|(name, cell)| (name.clone(), value(cell))).collect();
        let names = [
            ("study", config.study.as_str()),
            ("plant", config.plant.name()),
            ("controller", config.controller.name()),
        ];
        for (column, name) in names {
            columns.insert(column.into(), name.into());
        }
        Self { columns }
    }

    /// Adds a column behind the others.
    pub(super) fn add(&mut self, name: &str, value: Value) {
        self.columns.insert(name.into(), value);
    }

    /// A column, where there is one.
    #[must_use]
    pub fn find(&self, column: &str) -> Option<&Value> {
        self.columns.get(column)
    }

    /// All columns by name, in their order; null where one does not apply.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.columns.clone().into()
    }

    /// A column; null where it does not apply.
    ///
    /// # Panics
    ///
    /// When there is no such column.
    #[must_use]
    pub fn get(&self, column: &str) -> &Value {
        self.columns.get(column).expect("a column of summary.csv")
    }

    /// Writes summaries, a row each, below all of their columns: those of the first, then what the others have beside them.
    pub(super) fn write_csv(file: &mut dyn Write, summaries: &[Self]) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(file);
        let mut columns: Vec<&String> = Vec::new();
        for column in summaries.iter().flat_map(|summary| summary.columns.keys()) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        csv.write_record(&columns).map_err(io_error)?;
        for summary in summaries {
            let cells = columns.iter().map(|column| match summary.columns.get(*column) {
                Some(Value::String(text)) => text_cell(text).into_owned(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            });
            csv.write_record(cells).map_err(io_error)?;
        }
        csv.flush()
    }
}

/// The share above 10 Hz in the energy of what drives the plant; NaN without any, or where the steps are too long for such frequencies.
/// `None` where the study does not measure both.
fn ripple_share(config: &Config, tuning: &Tuning) -> Option<f64> {
    let mean = |wanted: Usual| {
        let is_it = |term: &Term| matches!(&term.measure, Measure::Usual { kind, .. } if *kind == wanted);
        Some(tuning.value(config.cost.iter().position(is_it)?)[0])
    };
    let (ripple, effort) = (mean(Usual::Ripple)?, mean(Usual::ControlEffort)?);
    Some(if has_ripple(config.simulation.dt) { ripple / effort } else { f64::NAN })
}
