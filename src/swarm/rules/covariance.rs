//! A rule that learns the shape of the valley: the random part of a move has the covariance of the personal bests.
//!
//! With x the position, p the personal best, l the best of the informants, and p₁ … pₙ the personal bests of the whole swarm with
//! mean p̄:
//!
//! ```text
//! G  = x + c (p + l − 2x)/3        (x + c (p − x)/2 when the particle informs itself best)
//! v₊ = w v + (G − x) + s/√n Σ zₖ (pₖ − p̄),   zₖ standard normal
//! ```
//!
//! G is that of SPSO 2011 (Clerc 2012, hal-00764996), which spreads its points evenly in a ball around it. Here they have the
//! empirical covariance of the personal bests, as in estimation of distribution (Larrañaga & Lozano 2002,
//! doi:10.1007/978-1-4615-1539-5): as the bests gather along a valley, so do the moves, whatever its direction and however narrow it
//! is. But for the box, the rule does not change under any affine map of the space. It needs some four particles a dimension.

use super::{Particle, Rule};
use crate::parameter::Parameter;
use crate::swarm::draw::Draw;

/// Moves with the covariance of the personal bests.
#[derive(Debug, Clone, Copy)]
pub struct Covariance {
    w: f64,
    c: f64,
    s: f64,
}

impl Rule for Covariance {
    const NAME: &'static str = "covariance";
    const SUMMARY: &'static str = "moves have the covariance of the personal bests: affine-invariant";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("w", "1", 0.4, [0.0, 1.0], "inertia weight"),
        Parameter::fixed("c", "1", 2.0, [0.0, 4.0], "acceleration coefficient"),
        Parameter::fixed(
            "s",
            "1",
            0.8,
            [0.0, 4.0],
            "spread of the moves, in standard deviations of the bests",
        ),
    ];

    fn new(values: &[f64]) -> Self {
        Self { w: values[0], c: values[1], s: values[2] }
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of particles")]
    fn accelerate(&self, particle: &mut Particle<'_>, draw: &mut Draw) {
        let (dimensions, count) = (particle.position.len(), particle.weights.len() as f64);
        draw.fill_normals(particle.weights);
        // Σ zₖ (pₖ − p̄) = Σ (zₖ − z̄) pₖ
        let mean = particle.weights.iter().sum::<f64>() / count;
        for i in 0..dimensions {
            let bests = particle.bests.iter().skip(i).step_by(dimensions);
            let spread: f64 = particle.weights.iter().zip(bests).map(|(z, p)| (z - mean) * p).sum();
            let towards = particle.towards_centre(self.c, i);
            particle.velocity[i] = self.w * particle.velocity[i] + towards + self.s / count.sqrt() * spread;
        }
    }
}
