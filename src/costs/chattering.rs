//! Chattering: the total variation of the force a second, Σ |Δu| / T.

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample, Timing};

/// Chattering: the total variation of the force a second, Σ |Δu| / T.
#[derive(Debug, Clone, Copy)]
pub struct Chattering;

impl CostTerm for Chattering {
    const NAME: &'static str = "chattering";
    const LIMIT_NAME: &'static str = "max_chattering";
    const SUMMARY: &'static str = "total variation of the force a second, Σ |Δu| / T";
    const UNIT: &'static str = "N/s";

    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    fn scale(timing: &Timing) -> f64 {
        1.0 / (timing.steps as f64 * timing.dt)
    }

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        value + sample.force_change.abs()
    }
}
