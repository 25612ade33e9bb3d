//! `convergence.csv`: the search, a row a generation.

use std::io::{self, Write};

use serde::Serialize;

use super::io_error;
use crate::engine::Generation;

#[derive(Serialize)]
struct Row {
    generation: u64,
    evaluations: u64,
    best_cost: f64,
    best_violation: f64,
    median_personal_best: f64,
    simulations: u64,
    control_steps: u64,
    failed: u64,
    abandoned: u64,
    panicked: u64,
}

pub(super) fn write(file: &mut dyn Write, generations: &[Generation]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    for generation in generations {
        let tally = generation.tally;
        csv.serialize(Row {
            generation: generation.generation,
            evaluations: generation.evaluations,
            best_cost: generation.best.cost,
            best_violation: generation.best.violation,
            median_personal_best: generation.median_personal_best,
            simulations: tally.simulations,
            control_steps: tally.control_steps,
            failed: tally.failed,
            abandoned: tally.abandoned,
            panicked: tally.panicked,
        })
        .map_err(io_error)?;
    }
    csv.flush()
}
