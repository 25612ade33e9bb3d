//! `convergence.csv`: the search, a row a generation.

use std::io::{self, Write};

use serde::Serialize;

use super::io_error;
use crate::engine::Generation;

#[derive(Serialize)]
struct Row {
    generation: u64,
    evaluations: u64,
    /// Empty where it is not known.
    best_cost: Option<f64>,
    best_violation: f64,
    median_personal_best: Option<f64>,
    simulations: u64,
    control_steps: u64,
    failed: u64,
    abandoned: u64,
    panicked: u64,
    rejected: u64,
}

pub(super) fn write(file: &mut dyn Write, generations: &[Generation]) -> io::Result<()> {
    let known = |cost: f64| cost.is_finite().then_some(cost);
    let mut csv = csv::Writer::from_writer(file);
    for generation in generations {
        let tally = generation.tally;
        csv.serialize(Row {
            generation: generation.generation,
            evaluations: generation.evaluations,
            best_cost: known(generation.best.cost),
            best_violation: generation.best.violation,
            median_personal_best: known(generation.median_personal_best),
            simulations: tally.simulations,
            control_steps: tally.control_steps,
            failed: tally.failed,
            abandoned: tally.abandoned,
            panicked: tally.panicked,
            rejected: tally.rejected,
        })
        .map_err(io_error)?;
    }
    csv.flush()
}
