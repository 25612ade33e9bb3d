//! Control rate: ∫ (Δu)² dt with Δu the change of the force from step to step.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::lanes::LaneMath;

/// Control rate: ∫ (Δu)² dt with Δu the change of the force from step to step.
#[derive(Debug, Clone, Copy)]
pub struct ControlRate;

impl CostTerm for ControlRate {
    const NAME: &'static str = "control_rate";
    const LIMIT_NAME: &'static str = "max_control_rate";
    const SUMMARY: &'static str = "∫ (Δu)² dt, Δu from step to step";
    const UNIT: &'static str = "N² s";
    const WEIGHT: f64 = 0.01;
    const NORM: f64 = 1000.0;
    const CORE: bool = true;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        sample.force_change.fma(sample.force_change, value)
    }
}
