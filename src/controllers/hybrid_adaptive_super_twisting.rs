//! Hybrid adaptive super-twisting control: super-twisting whose two gains adapt.
//!
//! ```text
//! u      = u_eq − s (κ1 √|σ| w + d σ) + u_int,   w = sat(σ/ε),   s = sign β
//! u_int' = −s κ2 w,   |u_int| ≤ u_int_max
//! κi'    = min(γi |σ| τ, rate) − leak,   τ = |σ|/(|σ| + taper),   0 ≤ κi ≤ κi_max
//! ```
//!
//! Inside of the dead zone, `|σ| ≤ dead_zone`: w = 0, κi' = −leak, and `u_int` is kept. In a step in which the force would be
//! clamped, `u_int` is not advanced. κ1 and κ2 are updated first, then `u_int`, then the force is formed.
//! Source: Shtessel, Taleb & Plestan 2012, doi:10.1016/j.automatica.2012.02.024 (adaptive super-twisting gains).

use fearless_simd::{Simd, prelude::*};

use super::{Controller, Saturation, Sliding, surface};
use crate::lanes::{LaneMath, clamp_symmetric, splat};
use crate::parameter::{Parameter, index_of};
use crate::stability::Reaching;

/// Hybrid adaptive super-twisting control.
#[derive(Debug, Clone, Copy)]
pub struct HybridAdaptiveSuperTwisting;

const PARAMETERS: &[Parameter] = &[
    surface::K1,
    surface::K2,
    surface::LAMBDA1,
    surface::LAMBDA2,
    surface::KX,
    surface::LAMBDAX,
    Parameter::fixed("epsilon", "rad/s", 0.35, [1e-6, 1e3], "thickness of the boundary layer"),
    Parameter::fixed("d", "N s/rad", 3.0, [0.0, 1e5], "linear damping"),
    Parameter::fixed("gamma1", "N (rad/s)^-3/2 /s", 2.0, [0.0, 1e4], "rate of adaptation of κ1"),
    Parameter::fixed("gamma2", "N/rad/s", 1.0, [0.0, 1e4], "rate of adaptation of κ2"),
    Parameter::fixed("kappa1_init", "N (rad/s)^-½", 4.0, [0.0, 1e5], "κ1 at the start"),
    Parameter::fixed("kappa2_init", "N/s", 0.4, [0.0, 1e5], "κ2 at the start"),
    Parameter::fixed("kappa1_max", "N (rad/s)^-½", 50.0, [0.0, 1e5], "largest κ1"),
    Parameter::fixed("kappa2_max", "N/s", 50.0, [0.0, 1e5], "largest κ2"),
    Parameter::fixed("u_int_max", "N", 50.0, [0.0, 1e6], "limit of the integral"),
    Parameter::fixed("leak", "1/s", 0.1, [0.0, 1e4], "rate at which κ1 and κ2 fall"),
    Parameter::fixed("dead_zone", "rad/s", 0.05, [0.0, 1e3], "no switching for smaller |σ|"),
    Parameter::fixed("taper", "rad/s", 0.05, [1e-9, 1e3], "|σ| at which the adaptation has half its rate"),
    Parameter::fixed("rate_limit", "1/s", 5.0, [0.0, 1e6], "limit of the growth of κ1 and κ2"),
    surface::U_MAX,
    surface::EQ_LIMIT,
];

const GAINS: usize = 11;

impl Controller for HybridAdaptiveSuperTwisting {
    const NAME: &'static str = "hybrid_adaptive_super_twisting";
    const SUMMARY: &'static str =
        "super-twisting with adapting gains, u = u_eq − s (κ1 √|σ| sat(σ/ε) + d σ) + u_int";
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const SATURATION: Saturation = Saturation::Tanh;
    const EQUIVALENT_CONTROL: bool = false;

    type Gains<V: Copy> = [V; GAINS];
    type Memory<V: Copy> = [V; 3];

    fn gains(values: &[f64]) -> [f64; GAINS] {
        const INDICES: [usize; GAINS] = [
            index_of(PARAMETERS, "epsilon"),
            index_of(PARAMETERS, "d"),
            index_of(PARAMETERS, "gamma1"),
            index_of(PARAMETERS, "gamma2"),
            index_of(PARAMETERS, "kappa1_max"),
            index_of(PARAMETERS, "kappa2_max"),
            index_of(PARAMETERS, "u_int_max"),
            index_of(PARAMETERS, "leak"),
            index_of(PARAMETERS, "dead_zone"),
            index_of(PARAMETERS, "taper"),
            index_of(PARAMETERS, "rate_limit"),
        ];
        let mut gains = INDICES.map(|index| values[index]);
        gains[0] = 1.0 / gains[0];
        gains
    }

    fn memory(values: &[f64]) -> [f64; 3] {
        let start = |name| values[index_of(PARAMETERS, name)];
        [start("kappa1_init"), start("kappa2_init"), 0.0]
    }

    fn reaching(values: &[f64]) -> Reaching {
        // The dead zone and the square root leave no finite slope at σ = 0.
        let [_, _, gamma1, gamma2, max1, max2, ..] = Self::gains(values);
        let [start1, start2, _] = Self::memory(values);
        let grows = |start: f64, gamma: f64, max: f64| max > 0.0 && (start > 0.0 || gamma > 0.0);
        Reaching { slope: None, pushes: grows(start1, gamma1, max1) && grows(start2, gamma2, max2) }
    }

    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        gains: &[S::f64s; GAINS],
        [kappa1, kappa2, integral]: &mut [S::f64s; 3],
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        let &[
            per_epsilon,
            damping,
            gamma1,
            gamma2,
            max1,
            max2,
            integral_max,
            leak,
            dead_zone,
            taper,
            rate_limit,
        ] = gains;
        let Sliding { sigma, equivalent, force_limit, dt, .. } = *sliding;
        let zero = splat(simd, 0.0);
        let distance = sigma.abs();
        let inside = distance.simd_le(dead_zone);
        let w = inside.select(zero, saturation.apply(simd, sigma * per_epsilon));

        let tapered = distance * (distance / (distance + taper));
        let adapted = |kappa: S::f64s, gamma: S::f64s, max: S::f64s| {
            let growth = inside.select(zero, rate_limit.min(gamma * tapered));
            max.min(zero.max(dt.fma(growth - leak, kappa)))
        };
        *kappa1 = adapted(*kappa1, gamma1, max1);
        *kappa2 = adapted(*kappa2, gamma2, max2);

        let reaching = (*kappa1 * distance.sqrt()).fma(w, damping * sigma);
        let without_integral = equivalent - sliding.signed::<S>(reaching);
        let advanced = dt.fma(-sliding.signed::<S>(*kappa2 * w), *integral);
        let advanced = clamp_symmetric::<S>(advanced, integral_max);
        let clamped = (without_integral + advanced).abs().simd_gt(force_limit);
        *integral = (inside | clamped).select(*integral, advanced);
        without_integral + *integral
    }
}
