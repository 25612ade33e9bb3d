//! Standard particle swarm optimisation 2011.
//!
//! With x the position, p the personal best and l the best of the informants:
//!
//! ```text
//! G  = x + c (p + l − 2x)/3        (x + c (p − x)/2 when the particle informs itself best)
//! x' = a random point in the ball around G through x: uniform direction, uniform radius
//! v₊ = w v + x' − x
//! ```
//!
//! which does not depend on the axes of the space. Source: M. Clerc, *Standard Particle Swarm Optimisation* (2012),
//! hal-00764996; Zambrano-Bigiarini, Clerc & Rojas 2013, doi:10.1109/CEC.2013.6557848.

use super::{Particle, Rule};
use crate::draw::Draw;
use crate::parameter::Parameter;

/// Standard particle swarm optimisation 2011.
#[derive(Debug, Clone, Copy)]
pub struct Spso2011 {
    w: f64,
    c: f64,
}

/// 1/(2 ln 2).
const W: f64 = 0.721_347_520_444_481_7;
/// ½ + ln 2.
const C: f64 = 1.193_147_180_559_945_3;

impl Rule for Spso2011 {
    const NAME: &'static str = "spso2011";
    const SUMMARY: &'static str = "standard PSO 2011: rotation-invariant, a point in a ball";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("w", "1", W, [-2.0, 2.0], "inertia weight, 1/(2 ln 2)").usually([0.0, 1.0]),
        Parameter::fixed("c", "1", C, [0.0, 4.0], "acceleration coefficient, 1/2 + ln 2"),
    ];

    fn new(values: &[f64]) -> Self {
        Self { w: values[0], c: values[1] }
    }

    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw) {
        let dimensions = particle.position.len();
        let towards_centre = |particle: &Particle<'_>, i: usize| particle.towards_centre(self.c, i);
        let square = |i: usize| towards_centre(particle, i) * towards_centre(particle, i);
        let radius = (0..dimensions).map(square).sum::<f64>().sqrt();

        draw.fill_normals(particle.scratch);
        let length = particle.scratch.iter().map(|z| z * z).sum::<f64>().sqrt();
        let stretch = if length > 0.0 { radius * draw.uniform() / length } else { 0.0 };
        for i in 0..dimensions {
            let towards = towards_centre(particle, i);
            particle.velocity[i] = self.w * particle.velocity[i] + (towards + stretch * particle.scratch[i]);
        }
    }
}
