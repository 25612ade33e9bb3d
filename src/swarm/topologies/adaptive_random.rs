//! Each particle informs K others, drawn anew after every generation without progress.
//!
//! Source: M. Clerc, *Standard Particle Swarm Optimisation* (2012), hal-00764996, section "adaptive random topology":
//! K draws with replacement a particle, so that a particle is informed by 0 to S − 1 others.

use super::Topology;
use crate::archive::{Archive, Damage};
use crate::draw::Draw;
use crate::{Error, memory};

/// Each particle informs K others at random.
#[derive(Debug)]
pub struct AdaptiveRandom {
    informed: usize,
    /// `informed` targets a particle, particle-major.
    links: Vec<usize>,
    /// The sources of the links, those of a target side by side, and where those of each target begin.
    sources: Box<[usize]>,
    begins: Box<[usize]>,
}

impl AdaptiveRandom {
    /// Sorts the sources by their targets.
    fn turn(&mut self) {
        let particles = self.links.len() / self.informed;
        self.begins.fill(0);
        for target in &self.links {
            self.begins[*target] += 1;
        }
        // From the end of each target's sources down to their beginning.
        for target in 1..particles {
            self.begins[target] += self.begins[target - 1];
        }
        self.begins[particles] = self.links.len();
        for (link, target) in self.links.iter().enumerate().rev() {
            self.begins[*target] -= 1;
            self.sources[self.begins[*target]] = link / self.informed;
        }
    }
}

impl Topology for AdaptiveRandom {
    const NAME: &'static str = "adaptive_random";
    const SUMMARY: &'static str = "each informs K others, rewired when the best did not improve";

    fn new(particles: usize, informed: usize) -> Result<Self, Error> {
        let what = "the links of the swarm (particles × informants)";
        let links = particles.saturating_mul(informed);
        Ok(Self {
            informed,
            links: memory::filled(what, links, 0)?.into(),
            sources: memory::filled(what, links, 0)?,
            begins: memory::filled(what, particles.saturating_add(1), 0)?,
        })
    }

    fn rewire(&mut self, draw: &mut Draw) {
        let particles = self.links.len() / self.informed;
        for target in &mut self.links {
            *target = draw.below(particles);
        }
        self.turn();
    }

    fn resize(&mut self, particles: usize) {
        self.links.resize(particles * self.informed, 0);
    }

    fn each_informant(&self, particle: usize, _particles: usize, visit: &mut dyn FnMut(usize)) {
        visit(particle);
        let mut last = particle;
        for source in &self.sources[self.begins[particle]..self.begins[particle + 1]] {
            // A source that has drawn the same target twice stands twice in a row.
            if *source != last && *source != particle {
                visit(*source);
            }
            last = *source;
        }
    }

    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let particles = self.links.len() / self.informed;
        self.links.iter_mut().try_for_each(|target| archive.index(target, particles))?;
        self.turn();
        Ok(())
    }
}
