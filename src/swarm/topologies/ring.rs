//! Every particle informs the one before and the one after it: slow to agree, hard to trap.
//!
//! Source: Kennedy & Mendes 2002, doi:10.1109/CEC.2002.1004493.

use super::Topology;
use crate::Error;
use crate::draw::Draw;

/// Every particle informs its two neighbours.
#[derive(Debug)]
pub struct Ring;

impl Topology for Ring {
    const NAME: &'static str = "ring";
    const SUMMARY: &'static str = "each informs its two neighbours";

    fn new(_particles: usize, _informed: usize) -> Result<Self, Error> {
        Ok(Self)
    }

    fn rewire(&mut self, _draw: &mut Draw) {}

    fn each_informant(&self, particle: usize, particles: usize, visit: &mut dyn FnMut(usize)) {
        let (before, after) = ((particle + particles - 1) % particles, (particle + 1) % particles);
        visit(particle);
        if after != particle {
            visit(after);
        }
        if before != after {
            visit(before);
        }
    }
}
