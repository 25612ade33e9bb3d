//! Comprehensive learning: every dimension of a particle may learn from another particle's best.
//!
//! ```text
//! v₊ = w v + c r (p_e − x),   r uniform in [0, 1) and e an exemplar of its own in every dimension
//! Pᵢ = 0.05 + 0.45 (e^(10 i/(n − 1)) − 1)/(e^10 − 1),   i = 0 … n − 1
//! ```
//!
//! Particle i learns a dimension from the better of two others drawn at random with probability Pᵢ, and from itself otherwise; if that
//! leaves it with itself alone, one dimension learns from another. Exemplars are drawn anew after `refresh` generations in a row
//! without a better personal best. w falls from `w` to `w_end` within the first `horizon` generations. Source: Liang, Qin, Suganthan &
//! Baskar 2006, doi:10.1109/TEVC.2005.857610, where c = 1.49445, w falls from 0.9 to 0.4 and 7 generations refresh.

use super::{Lesson, Particle, Rule};
use crate::archive::{Archive, Damage};
use crate::draw::Draw;
use crate::parameter::Parameter;
use crate::{Error, memory};

/// Comprehensive learning.
#[derive(Debug, Clone)]
pub struct Clpso {
    w: [f64; 2],
    horizon: f64,
    c: f64,
    refresh: f64,
    dimensions: usize,
    /// Whom each dimension learns from, particle-major.
    exemplars: Box<[usize]>,
    /// Generations in a row without a better personal best; infinite before exemplars are drawn.
    stagnant: Box<[f64]>,
}

impl Rule for Clpso {
    const NAME: &'static str = "clpso";
    const SUMMARY: &'static str = "comprehensive learning: each dimension has an exemplar of its own";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("w", "1", 0.9, [-2.0, 2.0], "inertia weight at the start").usually([0.0, 1.0]),
        Parameter::fixed("w_end", "1", 0.4, [-2.0, 2.0], "inertia weight at the end").usually([0.0, 1.0]),
        Parameter::fixed("horizon", "1", 1000.0, [1.0, 1e6], "generations within which it falls"),
        Parameter::fixed("c", "1", 1.49445, [0.0, 4.0], "attraction to the exemplars"),
        Parameter::fixed(
            "refresh",
            "1",
            7.0,
            [1.0, 1e6],
            "generations without progress before new exemplars",
        ),
    ];

    fn new(values: &[f64]) -> Self {
        Self {
            w: [values[0], values[1]],
            horizon: values[2],
            c: values[3],
            refresh: values[4],
            dimensions: 0,
            exemplars: Box::default(),
            stagnant: Box::default(),
        }
    }

    fn reserve(&mut self, dimensions: usize, particles: usize) -> Result<(), Error> {
        let what = "the exemplars of the swarm (particles × dimensions)";
        self.dimensions = dimensions;
        self.exemplars = memory::filled(what, particles.saturating_mul(dimensions), 0)?;
        self.stagnant = memory::filled(what, particles, f64::INFINITY)?;
        Ok(())
    }

    fn start(&mut self) {
        self.stagnant.fill(f64::INFINITY);
    }

    fn learn(&mut self, lesson: Lesson<'_>) {
        for (stagnant, improved) in self.stagnant.iter_mut().zip(lesson.improved) {
            // Without exemplars it stays infinite until they are drawn.
            *stagnant = if *improved && stagnant.is_finite() { 0.0 } else { *stagnant + 1.0 };
        }
    }

    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw) {
        if self.stagnant[particle.index] >= self.refresh {
            self.stagnant[particle.index] = 0.0;
            self.choose(particle, draw);
        }
        let w = particle.swarm.weight(self.w, self.horizon);
        let exemplars = &self.exemplars[particle.index * self.dimensions..];
        for (i, exemplar) in exemplars[..self.dimensions].iter().enumerate() {
            let pull = self.c * draw.uniform() * particle.towards(*exemplar, i);
            particle.velocity[i] = w * particle.velocity[i] + pull;
        }
    }

    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let particles = self.stagnant.len();
        self.exemplars.iter_mut().try_for_each(|exemplar| archive.index(exemplar, particles))?;
        archive.f64s(&mut self.stagnant)
    }
}

impl Clpso {
    /// Draws the exemplars of a particle.
    #[allow(clippy::cast_precision_loss, reason = "a number of particles")]
    fn choose(&mut self, particle: &Particle<'_>, draw: &mut Draw) {
        let (me, count) = (particle.index, self.stagnant.len());
        let rank = me as f64 / (count - 1).max(1) as f64;
        let probability = 0.05 + 0.45 * libm::expm1(10.0 * rank) / libm::expm1(10.0);
        let exemplars = &mut self.exemplars[me * self.dimensions..(me + 1) * self.dimensions];
        for exemplar in exemplars.iter_mut() {
            let learns = draw.uniform() < probability && count > 1;
            *exemplar = if learns { tournament(particle, count, draw) } else { me };
        }
        if count > 1 && exemplars.iter().all(|exemplar| *exemplar == me) {
            exemplars[draw.below(self.dimensions)] = other(me, count, draw);
        }
    }
}

/// The better of two others.
fn tournament(particle: &Particle<'_>, count: usize, draw: &mut Draw) -> usize {
    let [a, b] = [other(particle.index, count, draw), other(particle.index, count, draw)];
    if particle.swarm.outcomes[b].is_better_than(&particle.swarm.outcomes[a]) { b } else { a }
}

/// Any particle but this one.
fn other(me: usize, count: usize, draw: &mut Draw) -> usize {
    let drawn = draw.below(count - 1);
    if drawn < me { drawn } else { drawn + 1 }
}
