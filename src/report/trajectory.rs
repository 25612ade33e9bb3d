//! `trajectory.csv`: one simulation, a row a kept step: t, the states, u and sigma.

use std::io::{self, Write};

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
    csv.write_field("t")?;
    for state in states {
        csv.write_field(state.name)?;
    }
    csv.write_record(["u", "sigma"])?;
    for row in trajectory.rows() {
        csv.serialize(row)?;
    }
    csv.flush()
}
