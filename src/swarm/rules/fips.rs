//! The fully informed particle swarm.
//!
//! With p₁ … pₖ the personal bests of all that inform a particle, itself among them:
//!
//! ```text
//! v₊ = χ (v + φ/K Σ rₖ (pₖ − x)),   rₖ uniform in [0, 1) in every dimension
//! ```
//!
//! Source: Mendes, Kennedy & Neves 2004, doi:10.1109/TEVC.2004.826074, with χ and φ of Clerc & Kennedy 2002,
//! doi:10.1109/4235.985692.

use super::{Particle, Rule};
use crate::draw::Draw;
use crate::parameter::Parameter;

/// The fully informed particle swarm.
#[derive(Debug, Clone, Copy)]
pub struct Fips {
    chi: f64,
    phi: f64,
}

impl Rule for Fips {
    const NAME: &'static str = "fips";
    const SUMMARY: &'static str = "fully informed: attracted by all that inform it";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("chi", "1", 0.7298, [0.0, 1.0], "constriction coefficient"),
        Parameter::fixed("phi", "1", 4.1, [0.0, 10.0], "attraction to the informants, shared by them"),
    ];
    const FULLY_INFORMED: bool = true;

    fn new(values: &[f64]) -> Self {
        Self { chi: values[0], phi: values[1] }
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of particles")]
    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw) {
        let share = self.phi / particle.informants.len() as f64;
        for i in 0..particle.position.len() {
            let pulls = particle.informants.iter().map(|other| draw.uniform() * particle.towards(*other, i));
            particle.velocity[i] = self.chi * (particle.velocity[i] + share * pulls.sum::<f64>());
        }
    }
}
