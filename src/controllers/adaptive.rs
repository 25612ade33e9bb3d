//! Adaptive sliding-mode control: the switching gain grows while the state is off the surface.
//!
//! ```text
//! u  = u_eq − s (K w + α σ),   w = sat(σ/ε),   s = sign β
//! K' = γ |σ| − leak (K − K_init) outside of the dead zone |σ| ≤ dead_zone, 0 inside
//! |K'| ≤ rate_limit,   K_min ≤ K ≤ K_max,   K(0) = K_init
//! ```
//!
//! The force uses the K of the step before. Source: Huang, Kuo & Chang 2008, doi:10.1109/TIE.2008.2004397 (growth with |σ|);
//! Plestan, Shtessel, Brégeault & Poznyak 2010, doi:10.1080/00207179.2010.501385 (bounded adaptation with a dead zone).

use fearless_simd::{Simd, prelude::*};

use super::{Controller, Saturation, Sliding, surface};
use crate::lanes::{LaneMath, clamp_symmetric, splat};
use crate::parameter::{Parameter, index_of};
use crate::stability::Reaching;

/// Adaptive sliding-mode control.
#[derive(Debug, Clone, Copy)]
pub struct Adaptive;

const PARAMETERS: &[Parameter] = &[
    surface::K1,
    surface::K2,
    surface::LAMBDA1,
    surface::LAMBDA2,
    Parameter::gain("gamma", "N/rad", 5.0, [0.0, 1e4], [0.1, 50.0], "rate of adaptation"),
    surface::KX,
    surface::LAMBDAX,
    Parameter::fixed("alpha", "N s/rad", 20.0, [0.0, 1e5], "proportional reaching gain"),
    Parameter::fixed("epsilon", "rad/s", 0.4, [1e-6, 1e3], "thickness of the boundary layer"),
    Parameter::fixed("leak", "1/s", 0.01, [0.0, 1e3], "rate at which K goes back to K_init"),
    Parameter::fixed("dead_zone", "rad/s", 0.05, [0.0, 1e3], "no adaptation for smaller |σ|"),
    Parameter::fixed("rate_limit", "N/s", 10.0, [0.0, 1e6], "limit of |K'|"),
    Parameter::fixed("K_init", "N", 10.0, [0.0, 1e5], "switching gain at the start"),
    Parameter::fixed("K_min", "N", 0.1, [0.0, 1e5], "smallest switching gain"),
    Parameter::fixed("K_max", "N", 100.0, [0.0, 1e5], "largest switching gain"),
    surface::U_MAX,
    surface::EQ_LIMIT,
];

impl Controller for Adaptive {
    const NAME: &'static str = "adaptive";
    const SUMMARY: &'static str = "u = u_eq − s (K sat(σ/ε) + α σ), K' = γ |σ| − leak (K − K_init)";
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const SATURATION: Saturation = Saturation::Tanh;
    const EQUIVALENT_CONTROL: bool = false;

    type Gains<V: Copy> = [V; 9];
    type Memory<V: Copy> = [V; 1];

    fn gains(values: &[f64]) -> [f64; 9] {
        const INDICES: [usize; 8] = [
            index_of(PARAMETERS, "gamma"),
            index_of(PARAMETERS, "alpha"),
            index_of(PARAMETERS, "leak"),
            index_of(PARAMETERS, "dead_zone"),
            index_of(PARAMETERS, "rate_limit"),
            index_of(PARAMETERS, "K_init"),
            index_of(PARAMETERS, "K_min"),
            index_of(PARAMETERS, "K_max"),
        ];
        const EPSILON: usize = index_of(PARAMETERS, "epsilon");
        let [gamma, alpha, leak, dead_zone, rate_limit, init, min, max] = INDICES.map(|index| values[index]);
        [1.0 / values[EPSILON], gamma, alpha, leak, dead_zone, rate_limit, init, min, max]
    }

    fn memory(values: &[f64]) -> [f64; 1] {
        [values[index_of(PARAMETERS, "K_init")]]
    }

    fn reaching(values: &[f64]) -> Reaching {
        let [per_epsilon, _, alpha, ..] = Self::gains(values);
        let [start] = Self::memory(values);
        let slope = start * per_epsilon + alpha;
        Reaching { slope: Some(slope), pushes: slope > 0.0 }
    }

    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        &[per_epsilon, gamma, alpha, leak, dead_zone, rate_limit, init, min, max]: &[S::f64s; 9],
        [k]: &mut [S::f64s; 1],
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        let Sliding { sigma, equivalent, dt, .. } = *sliding;
        let w = saturation.apply(simd, sigma * per_epsilon);
        let force = equivalent - sliding.signed::<S>(k.fma(w, alpha * sigma));

        let distance = sigma.abs();
        let growth = clamp_symmetric::<S>(gamma.fma(distance, -(leak * (*k - init))), rate_limit);
        let rate = distance.simd_le(dead_zone).select(splat(simd, 0.0), growth);
        *k = max.min(min.max(dt.fma(rate, *k)));
        force
    }
}
