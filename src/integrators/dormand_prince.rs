//! The embedded method of Dormand and Prince, 5(4): the accuracy reference.
//!
//! Within a control step it takes as many steps as the estimated error asks for: a step is halved while the error is above
//! [`TOLERANCE`], and doubled after one far below it. Every lane has its own step; what does not get through in
//! [`STEPS_MAX`] steps is not finite, and so a failure.
//!
//! Dormand & Prince 1980, doi:10.1016/0771-050X(80)90013-3; Hairer, Nørsett & Wanner, *Solving Ordinary Differential
//! Equations I*, doi:10.1007/978-3-540-78862-1, table II.5.2.

use fearless_simd::{Simd, prelude::*};

use super::Integrator;
use crate::lanes::{LaneMath, splat};
use crate::plants::Plant;
use crate::simulation::state::State;

/// The largest estimated error of a step, relative to 1 + |x|, in every state.
pub const TOLERANCE: f64 = 1e-12;

/// Most steps within a control step.
pub const STEPS_MAX: usize = 200;

/// An error below this share of the tolerance doubles the step: the fifth power of 2, and a margin of 2.
const SMALL: f64 = 1.0 / 64.0;

const A: [[f64; 5]; 5] = [
    [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0],
    [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0],
    [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
];
const B: [f64; 6] = [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0];
/// The difference of the two solutions, with the slope at the new state as the seventh stage.
const E: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339_200.0, 22.0 / 525.0, -1.0 / 40.0];

/// Dormand–Prince 5(4) with error control.
#[derive(Debug, Clone, Copy, Default)]
pub struct DormandPrince;

impl Integrator for DormandPrince {
    const NAME: &'static str = "dormand_prince";
    const SUMMARY: &'static str = "Dormand–Prince 5(4) with error control, the accuracy reference";

    #[inline(always)]
    fn step<S: Simd, P: Plant<N>, const N: usize>(
        simd: S,
        plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N> {
        let zero = splat(simd, 0.0);
        let (mut now, mut slope) = (*state, *first);
        let (mut left, mut h) = (dt, dt);
        for _ in 0..STEPS_MAX {
            let (next, next_slope, error) = attempt::<S, P, N>(simd, plant, &now, &slope, force, h);
            let active = left.simd_gt(zero);
            let accepted = active & error.simd_le(splat(simd, 1.0));
            for i in 0..N {
                now.positions[i] = accepted.select(next.positions[i], now.positions[i]);
                now.rates[i] = accepted.select(next.rates[i], now.rates[i]);
                slope[i] = accepted.select(next_slope[i], slope[i]);
            }
            left = accepted.select(left - h, left);
            if left.simd_gt(zero).to_bitmask() == 0 {
                return now;
            }
            let doubled = error.simd_lt(splat(simd, SMALL)).select(h + h, h);
            let wanted = accepted.select(doubled, h * splat(simd, 0.5));
            h = wanted.simd_gt(left).select(left, wanted);
        }
        let stuck = left.simd_gt(zero);
        let not_finite = splat(simd, f64::NAN);
        now.rates = now.rates.map(|rate| stuck.select(not_finite, rate));
        now
    }
}

/// One step of length `h`: the new state, the slope there, and the error in multiples of what is tolerated.
#[inline(always)]
fn attempt<S: Simd, P: Plant<N>, const N: usize>(
    simd: S,
    plant: &P::Constants<S::f64s>,
    state: &State<S::f64s, N>,
    first: &[S::f64s; N],
    force: S::f64s,
    h: S::f64s,
) -> (State<S::f64s, N>, [S::f64s; N], S::f64s) {
    // The slopes of positions (rates) and of rates (accelerations) at the stages.
    let mut rates = [state.rates; 7];
    let mut accelerations = [*first; 7];
    let mut next = *state;
    for stage in 1..7 {
        let weights = if stage < 6 { &A[stage - 1][..] } else { &B[..] };
        next = *state;
        for (j, weight) in weights.iter().enumerate().take(stage) {
            let factor = h * splat(simd, *weight);
            for i in 0..N {
                next.positions[i] = factor.fma(rates[j][i], next.positions[i]);
                next.rates[i] = factor.fma(accelerations[j][i], next.rates[i]);
            }
        }
        rates[stage] = next.rates;
        accelerations[stage] = P::acceleration(simd, plant, &next, force);
    }
    let mut error = splat(simd, 0.0);
    let mut include = |slopes: [S::f64s; 7], x: S::f64s| {
        let mut sum = splat(simd, 0.0);
        for (slope, weight) in slopes.iter().zip(E) {
            sum = splat(simd, weight).fma(*slope, sum);
        }
        let tolerated = splat(simd, TOLERANCE) * (splat(simd, 1.0) + x.abs());
        let share = (h * sum).abs() / tolerated;
        // NaN counts as too large.
        error = share.simd_le(error).select(error, share);
    };
    for i in 0..N {
        include(rates.map(|slope| slope[i]), next.positions[i]);
        include(accelerations.map(|slope| slope[i]), next.rates[i]);
    }
    (next, accelerations[6], error)
}
