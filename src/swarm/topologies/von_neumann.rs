//! The particles stand in the rows and columns of a torus, and each informs the four beside it.
//!
//! The grid is as near to a square as the number of particles allows; a prime number makes a single row, a ring. Source:
//! Kennedy & Mendes 2002, doi:10.1109/CEC.2002.1004493.

use super::Topology;
use crate::Error;
use crate::draw::Draw;

/// Every particle informs the four beside it in a grid.
#[derive(Debug)]
pub struct VonNeumann {
    columns: usize,
}

/// The longer side of the grid.
fn columns(particles: usize) -> usize {
    let rows = (1..=particles.isqrt()).rev().find(|rows| particles.is_multiple_of(*rows)).unwrap_or(1);
    particles / rows
}

impl Topology for VonNeumann {
    const NAME: &'static str = "von_neumann";
    const SUMMARY: &'static str = "each informs the four beside it in a grid";

    fn new(particles: usize, _informed: usize) -> Result<Self, Error> {
        Ok(Self { columns: columns(particles) })
    }

    fn rewire(&mut self, _draw: &mut Draw) {}

    fn resize(&mut self, particles: usize) {
        self.columns = columns(particles);
    }

    fn each_informant(&self, particle: usize, particles: usize, visit: &mut dyn FnMut(usize)) {
        let columns = self.columns;
        let (row, column) = (particle / columns, particle % columns);
        let near = [
            particle,
            row * columns + (column + 1) % columns,
            row * columns + (column + columns - 1) % columns,
            (particle + columns) % particles,
            (particle + particles - columns) % particles,
        ];
        // On a small grid the same one may stand on two sides.
        for (index, other) in near.iter().enumerate() {
            if !near[..index].contains(other) {
                visit(*other);
            }
        }
    }
}
