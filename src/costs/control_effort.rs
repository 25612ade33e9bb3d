//! Control effort: ∫ u² dt.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::lanes::LaneMath;

/// Control effort: ∫ u² dt.
#[derive(Debug, Clone, Copy)]
pub struct ControlEffort;

impl CostTerm for ControlEffort {
    const NAME: &'static str = "control_effort";
    const LIMIT_NAME: &'static str = "max_control_effort";
    const SUMMARY: &'static str = "∫ u² dt";
    const UNIT: &'static str = "N² s";
    const WEIGHT: f64 = 0.1;
    const NORM: f64 = 100.0;
    const CORE: bool = true;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        sample.force.fma(sample.force, value)
    }
}
