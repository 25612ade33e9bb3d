//! Ripple: the energy of the force above 10 Hz, ∫ (high-passed u)² dt, by a Butterworth filter of second order.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::lanes::LaneMath;

/// Ripple: the energy of the force above 10 Hz, ∫ (high-passed u)² dt, by a Butterworth filter of second order.
#[derive(Debug, Clone, Copy)]
pub struct Ripple;

impl CostTerm for Ripple {
    const NAME: &'static str = "ripple";
    const LIMIT_NAME: &'static str = "max_ripple";
    const SUMMARY: &'static str = "∫ u² dt of the force above 10 Hz";
    const UNIT: &'static str = "N² s";

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        sample.ripple.fma(sample.ripple, value)
    }
}
