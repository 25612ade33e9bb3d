//! Steady-state error: the mean of Σ |q| over the coordinates in the last tenth of a simulation.

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample, Timing};
use crate::lanes::LaneMath;

/// Steady-state error: the mean of Σ |q| over the coordinates in the last tenth of a simulation.
#[derive(Debug, Clone, Copy)]
pub struct SteadyStateError;

impl CostTerm for SteadyStateError {
    const NAME: &'static str = "steady_state_error";
    const LIMIT_NAME: &'static str = "max_steady_state_error";
    const SUMMARY: &'static str = "mean of Σ |q| over the coordinates in the last tenth";
    const UNIT: &'static str = "m + rad";

    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    fn scale(timing: &Timing) -> f64 {
        1.0 / (timing.steps - timing.tail_start()) as f64
    }

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        let mut error = sample.state.positions[0].abs();
        for q in &sample.state.positions[1..] {
            error += q.abs();
        }
        sample.in_tail.fma(error, value)
    }
}
