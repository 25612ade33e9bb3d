//! Every particle informs every other: fast, and prone to settle early.

use super::{Topology, better};
use crate::Error;
use crate::draw::Draw;
use crate::swarm::Outcome;

/// Every particle informs every other.
#[derive(Debug)]
pub struct Global;

impl Topology for Global {
    const NAME: &'static str = "global";
    const SUMMARY: &'static str = "each informs all others";

    fn new(_particles: usize, _informed: usize) -> Result<Self, Error> {
        Ok(Self)
    }

    fn rewire(&mut self, _draw: &mut Draw) {}

    fn each_informant(&self, _particle: usize, particles: usize, visit: &mut dyn FnMut(usize)) {
        (0..particles).for_each(visit);
    }

    /// The same for all.
    fn best_informants(&self, bests: &[Outcome], informants: &mut [usize]) {
        let best = (1..bests.len()).fold(0, |best, particle| better(bests, best, particle));
        informants.fill(best);
    }
}
