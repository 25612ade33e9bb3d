//! `trajectory.csv`: one simulation, a row a kept step: t, the states, and what else the study shows.

use std::io::{self, Write};

use super::io_error;
use crate::simulation::Trajectory;

/// Writes a trajectory with full precision, below the names of its columns behind the time.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_trajectory(file: &mut dyn Write, columns: &[&str], trajectory: &Trajectory) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    csv.write_record(std::iter::once(&"t").chain(columns)).map_err(io_error)?;
    for row in trajectory.rows() {
        csv.serialize(row).map_err(io_error)?;
    }
    csv.flush()
}
