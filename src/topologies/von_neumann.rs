//! The particles stand in the rows and columns of a torus, and each informs the four beside it.
//!
//! The grid is as near to a square as the number of particles allows; a prime number makes a single row, a ring. Source:
//! Kennedy & Mendes 2002, doi:10.1109/CEC.2002.1004493.

use super::{Topology, better};
use crate::Error;
use crate::swarm::{Draw, Outcome};

/// Every particle informs the four beside it in a grid.
#[derive(Debug)]
pub struct VonNeumann {
    columns: usize,
}

impl Topology for VonNeumann {
    const NAME: &'static str = "von_neumann";
    const SUMMARY: &'static str = "each informs the four beside it in a grid";

    fn new(particles: usize, _informed: usize) -> Result<Self, Error> {
        let rows = (1..=particles.isqrt()).rev().find(|rows| particles.is_multiple_of(*rows)).unwrap_or(1);
        Ok(Self { columns: particles / rows })
    }

    fn rewire(&mut self, _draw: &mut Draw) {}

    fn best_informants(&self, bests: &[Outcome], informants: &mut [usize]) {
        let (count, columns) = (bests.len(), self.columns);
        for (particle, informant) in informants.iter_mut().enumerate() {
            let (row, column) = (particle / columns, particle % columns);
            let beside = [
                row * columns + (column + 1) % columns,
                row * columns + (column + columns - 1) % columns,
                (particle + columns) % count,
                (particle + count - columns) % count,
            ];
            *informant = beside.into_iter().fold(particle, |best, other| better(bests, best, other));
        }
    }
}
