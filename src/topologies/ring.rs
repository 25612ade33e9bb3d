//! Every particle informs the one before and the one after it: slow to agree, hard to trap.
//!
//! Source: Kennedy & Mendes 2002, doi:10.1109/CEC.2002.1004493.

use super::{Topology, better};
use crate::Error;
use crate::swarm::{Draw, Outcome};

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

    fn best_informants(&self, bests: &[Outcome], informants: &mut [usize]) {
        let count = bests.len();
        for (particle, informant) in informants.iter_mut().enumerate() {
            let before = (particle + count - 1) % count;
            let after = (particle + 1) % count;
            *informant = better(bests, better(bests, before, particle), after);
        }
    }
}
