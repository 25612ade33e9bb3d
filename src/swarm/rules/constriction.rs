//! The rule with constriction.
//!
//! ```text
//! v₊ = χ (v + φ1 r1 (p − x) + φ2 r2 (l − x)),   χ = 2/|2 − φ − √(φ² − 4φ)|,   φ = φ1 + φ2 > 4
//! ```
//!
//! χ follows from φ1 and φ2; for φ ≤ 4 it is 1. Source: Clerc & Kennedy 2002, doi:10.1109/4235.985692.

use super::{Particle, Rule};
use crate::draw::Draw;
use crate::parameter::Parameter;

/// The rule with constriction.
#[derive(Debug, Clone, Copy)]
pub struct Constriction {
    chi: f64,
    phi: [f64; 2],
}

impl Rule for Constriction {
    const NAME: &'static str = "constriction";
    const SUMMARY: &'static str = "Clerc and Kennedy's constriction, which converges by itself";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("phi1", "1", 2.05, [0.0, 10.0], "attraction to the personal best"),
        Parameter::fixed("phi2", "1", 2.05, [0.0, 10.0], "attraction to the best of the informants"),
    ];

    fn new(values: &[f64]) -> Self {
        let phi = values[0] + values[1];
        let chi = if phi > 4.0 { 2.0 / (2.0 - phi - (phi * phi - 4.0 * phi).sqrt()).abs() } else { 1.0 };
        Self { chi, phi: [values[0], values[1]] }
    }

    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw) {
        for (i, velocity) in particle.velocity.iter_mut().enumerate() {
            let x = particle.position[i];
            let personal = self.phi[0] * draw.uniform() * (particle.personal_best[i] - x);
            let social = self.phi[1] * draw.uniform() * (particle.informant_best[i] - x);
            *velocity = self.chi * (*velocity + personal + social);
        }
    }
}
