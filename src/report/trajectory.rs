//! `trajectory.csv`: one simulation, a row a kept step: t, the states, u and sigma.

use std::io::{self, Write};

use super::io_error;
use crate::plants::Quantity;
use crate::simulation::Trajectory;

/// Writes a trajectory with full precision.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_trajectory(
    file: &mut dyn Write,
    states: &[Quantity],
    trajectory: &Trajectory,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    csv.write_field("t").map_err(io_error)?;
    for state in states {
        csv.write_field(state.name).map_err(io_error)?;
    }
    csv.write_record(["u", "sigma"]).map_err(io_error)?;
    for row in trajectory.rows() {
        csv.serialize(row).map_err(io_error)?;
    }
    csv.flush()
}
