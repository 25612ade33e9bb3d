//! Super-twisting control: a continuous law whose integral takes the place of the switching term.
//!
//! ```text
//! u  = u_eq − s (K1 √|σ| w + d σ) + z,   w = sat(σ/ε),   s = sign β
//! z' = −s K2 w + k_aw (u_sat − u),   |z| ≤ u_max
//! ```
//!
//! Source: Levant 1993, doi:10.1080/00207179308923053; Moreno & Osorio 2012, doi:10.1109/TAC.2012.2186179 (with the
//! linear term d σ). The integral is held by back-calculation, `k_aw`.

use fearless_simd::{Simd, prelude::*};

use super::{Controller, Saturation, Sliding, surface};
use crate::lanes::{LaneMath, clamp_symmetric};
use crate::parameter::{Parameter, index_of};
use crate::stability::Reaching;

/// Super-twisting control.
#[derive(Debug, Clone, Copy)]
pub struct SuperTwisting;

const PARAMETERS: &[Parameter] = &[
    Parameter::gain("K1", "N (rad/s)^-½", 25.0, [0.0, 1e5], [0.1, 100.0], "gain of the square root"),
    Parameter::gain("K2", "N/s", 10.0, [0.0, 1e5], [0.1, 100.0], "gain of the integral"),
    surface::K1,
    surface::K2,
    surface::LAMBDA1,
    surface::LAMBDA2,
    surface::KX,
    surface::LAMBDAX,
    Parameter::fixed("epsilon", "rad/s", 0.3, [1e-6, 1e3], "thickness of the boundary layer"),
    Parameter::fixed("d", "N s/rad", 0.0, [0.0, 1e5], "linear damping"),
    Parameter::fixed("k_aw", "1/s", 0.0, [0.0, 1e3], "back-calculation of the integral in saturation"),
    surface::U_MAX,
    surface::EQ_LIMIT,
];

impl Controller for SuperTwisting {
    const NAME: &'static str = "super_twisting";
    const SUMMARY: &'static str = "u = u_eq − s (K1 √|σ| sat(σ/ε) + d σ) + z, z' = −s K2 sat(σ/ε)";
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const SATURATION: Saturation = Saturation::Linear;
    const EQUIVALENT_CONTROL: bool = true;

    type Gains<V: Copy> = [V; 5];
    type Memory<V: Copy> = [V; 1];

    fn gains(values: &[f64]) -> [f64; 5] {
        const ROOT: usize = index_of(PARAMETERS, "K1");
        const INTEGRAL: usize = index_of(PARAMETERS, "K2");
        const DAMPING: usize = index_of(PARAMETERS, "d");
        const EPSILON: usize = index_of(PARAMETERS, "epsilon");
        const ANTI_WINDUP: usize = index_of(PARAMETERS, "k_aw");
        [values[ROOT], values[INTEGRAL], values[DAMPING], 1.0 / values[EPSILON], values[ANTI_WINDUP]]
    }

    fn memory(_values: &[f64]) -> [f64; 1] {
        [0.0]
    }

    fn reaching(values: &[f64]) -> Reaching {
        // The square root has no finite slope at σ = 0.
        let [root, integral, ..] = Self::gains(values);
        Reaching { slope: None, pushes: root > 0.0 && integral > 0.0 }
    }

    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        &[root, integral, damping, per_epsilon, anti_windup]: &[S::f64s; 5],
        [z]: &mut [S::f64s; 1],
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        let Sliding { sigma, equivalent, force_limit, dt, .. } = *sliding;
        let w = saturation.apply(simd, sigma * per_epsilon);
        let reaching = (root * sigma.abs().sqrt()).fma(w, damping * sigma);
        let force = equivalent - sliding.signed::<S>(reaching) + *z;

        let excess = clamp_symmetric::<S>(force, force_limit) - force;
        let rate = anti_windup.fma(excess, -sliding.signed::<S>(integral * w));
        *z = clamp_symmetric::<S>(dt.fma(rate, *z), force_limit);
        force
    }
}
