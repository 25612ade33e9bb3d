//! The textbook rule with inertia weight.
//!
//! ```text
//! v₊ = w v + c1 r1 (p − x) + c2 r2 (l − x),   r1, r2 uniform in [0, 1) in every dimension
//! ```
//!
//! With a `horizon`, w goes evenly to `w_end` within so many generations (Shi & Eberhart 1999, doi:10.1109/CEC.1999.785511).
//!
//! Source: Shi & Eberhart 1998, doi:10.1109/ICEC.1998.699146; the default coefficients are those of Eberhart & Shi 2000,
//! doi:10.1109/CEC.2000.870279, equal to Clerc & Kennedy's constriction 2002, doi:10.1109/4235.985692.

use super::{Particle, Rule};
use crate::draw::Draw;
use crate::parameter::Parameter;

/// The textbook rule with inertia weight.
#[derive(Debug, Clone, Copy)]
pub struct Inertia {
    w: f64,
    c1: f64,
    c2: f64,
    w_end: f64,
    horizon: f64,
}

impl Rule for Inertia {
    const NAME: &'static str = "inertia";
    const SUMMARY: &'static str = "textbook PSO: inertia, personal and social attraction";
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("w", "1", 0.7298, [-2.0, 2.0], "inertia weight").usually([0.0, 1.0]),
        Parameter::fixed("c1", "1", 1.49618, [0.0, 4.0], "attraction to the personal best"),
        Parameter::fixed("c2", "1", 1.49618, [0.0, 4.0], "attraction to the best of the informants"),
        Parameter::fixed("w_end", "1", 0.4, [-2.0, 2.0], "inertia weight after the horizon, if there is one")
            .usually([0.0, 1.0]),
        Parameter::fixed("horizon", "1", 0.0, [0.0, 1e6], "generations within which w changes; 0 for never"),
    ];

    fn new(values: &[f64]) -> Self {
        Self { w: values[0], c1: values[1], c2: values[2], w_end: values[3], horizon: values[4] }
    }

    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw) {
        let w = particle.swarm.weight([self.w, self.w_end], self.horizon);
        for (i, velocity) in particle.velocity.iter_mut().enumerate() {
            let x = particle.position[i];
            let personal = self.c1 * draw.uniform() * (particle.personal_best[i] - x);
            let social = self.c2 * draw.uniform() * (particle.informant_best[i] - x);
            *velocity = w * *velocity + personal + social;
        }
    }
}
