//! Each particle informs K others, drawn anew after every generation without progress.
//!
//! Source: M. Clerc, *Standard Particle Swarm Optimisation* (2012), hal-00764996, section "adaptive random topology":
//! K draws with replacement a particle, so that a particle is informed by 0 to S − 1 others.

use super::{Topology, better};
use crate::swarm::{Draw, Outcome};
use crate::{Error, memory};

/// Each particle informs K others at random.
#[derive(Debug)]
pub struct AdaptiveRandom {
    informed: usize,
    /// `informed` targets a particle, particle-major.
    links: Box<[usize]>,
}

impl Topology for AdaptiveRandom {
    const NAME: &'static str = "adaptive_random";
    const SUMMARY: &'static str = "each informs K others, rewired when the best did not improve";

    fn new(particles: usize, informed: usize) -> Result<Self, Error> {
        Ok(Self {
            informed,
            links: memory::filled(
                "the links of the swarm (particles × informants)",
                particles.saturating_mul(informed),
                0,
            )?,
        })
    }

    fn rewire(&mut self, draw: &mut Draw) {
        let particles = self.links.len() / self.informed;
        for target in &mut self.links {
            *target = draw.below(particles);
        }
    }

    fn best_informants(&self, bests: &[Outcome], informants: &mut [usize]) {
        for (particle, informant) in informants.iter_mut().enumerate() {
            *informant = particle;
        }
        for (source, targets) in self.links.chunks_exact(self.informed).enumerate() {
            for &target in targets {
                informants[target] = better(bests, informants[target], source);
            }
        }
    }
}
