//! `convergence.csv`: the search, a row a generation; a long one a row for several. Behind its state stand the best gains so far, `gain_<name>`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::gains::varied;
use super::io_error;
use crate::config::Config;
use crate::engine::{Generation, Tuning};
use crate::problem::known_cost;

/// What is not known is empty.
#[derive(Serialize)]
struct Row {
    generation: u64,
    evaluations: u64,
    restarts: u64,
    best_cost: Option<f64>,
    best_violation: f64,
    median_personal_best: Option<f64>,
    interquartile_range: Option<f64>,
    spread: Option<f64>,
    mean_velocity: Option<f64>,
    infeasible_share: Option<f64>,
    failed_share: Option<f64>,
    abandoned_share: Option<f64>,
    simulations: u64,
    control_steps: u64,
    panicked: u64,
    rejected: u64,
    growth_bytes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hypervolume: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<u64>,
}

pub(super) fn write(file: &mut dyn Write, config: &Config, tuning: &Tuning) -> io::Result<()> {
    let mut states = Vec::new();
    write_states(&mut states, &tuning.convergence)?;
    let mut states = csv::Reader::from_reader(states.as_slice());
    let gains = tuned(config, tuning);
    let parameters = config.controller.parameters();
    let mut csv = csv::Writer::from_writer(file);
    let mut header = states.headers().map_err(io_error)?.clone();
    for gain in &gains {
        header.push_field(&column(config, *gain));
    }
    csv.write_record(&header).map_err(io_error)?;
    for (row, record) in states.records().enumerate() {
        let mut record = record.map_err(io_error)?;
        let is_known = is_known(&tuning.convergence[row]);
        for gain in &gains {
            let cell = |value: f64| {
                parameters[*gain].chosen(value).map_or_else(|| format!("{value:?}"), String::from)
            };
            record.push_field(&if is_known { cell(tuning.bests[row][*gain]) } else { String::new() });
        }
        csv.write_record(&record).map_err(io_error)?;
    }
    csv.flush()
}

/// What the search was like at the end of each row.
fn write_states(file: &mut dyn Write, generations: &[Generation]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    generations.iter().try_for_each(|row| csv.serialize(Row::of(row)).map_err(io_error))?;
    csv.flush()
}

/// The rows of `convergence.csv` as numbers by the names of its columns; null where one is empty. A choice is its place in its list.
#[must_use]
pub fn convergence_rows(config: &Config, tuning: &Tuning) -> Vec<Value> {
    let gains = tuned(config, tuning);
    let rows = tuning.convergence.iter().enumerate().map(|(place, generation)| {
        let mut row = serde_json::to_value(Row::of(generation)).unwrap_or_default();
        for gain in &gains {
            let best = is_known(generation).then(|| tuning.bests[place][*gain]);
            row[column(config, *gain)] = best.into();
        }
        row
    });
    rows.collect()
}

/// The gains that have a column.
fn tuned(config: &Config, tuning: &Tuning) -> Vec<usize> {
    if tuning.bests.is_empty() { Vec::new() } else { varied(config) }
}

fn column(config: &Config, gain: usize) -> String {
    format!("gain_{}", config.controller.parameters()[gain].name)
}

/// Without an outcome there is no best.
fn is_known(generation: &Generation) -> bool {
    !generation.best.violation.is_nan()
}

impl Row {
    fn of(row: &Generation) -> Self {
        let known = |number: f64| number.is_finite().then_some(number);
        let tally = row.tally;
        let standing = row.swarm;
        Self {
            generation: row.generation,
            evaluations: row.evaluations,
            restarts: row.restarts,
            best_cost: known(known_cost(&row.best)),
            best_violation: row.best.violation,
            median_personal_best: standing.and_then(|standing| known(standing.median)),
            interquartile_range: standing.and_then(|standing| known(standing.range)),
            spread: standing.map(|standing| standing.diversity.spread),
            mean_velocity: standing.map(|standing| standing.diversity.mean_velocity),
            infeasible_share: share(row.infeasible, row.judged),
            failed_share: share(tally.failed, tally.simulations),
            abandoned_share: share(tally.abandoned, tally.simulations),
            simulations: tally.simulations,
            control_steps: tally.control_steps,
            panicked: tally.panicked,
            rejected: tally.rejected,
            growth_bytes: row.growth_bytes,
            hypervolume: row.front.map(|front| front.hypervolume),
            kept: row.front.map(|front| front.kept),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
