//! Control rate: ∫ (Δu)² dt with Δu the change of the force from step to step, in N² s.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::simulation::lanes::LaneMath;

/// Control rate: ∫ (Δu)² dt with Δu the change of the force from step to step, in N² s.
#[derive(Debug, Clone, Copy)]
pub struct ControlRate;

impl CostTerm for ControlRate {
    const NAME: &'static str = "control_rate";
    const SUMMARY: &'static str = "∫ (Δu)² dt, Δu from step to step";
    const WEIGHT: f64 = 0.01;
    const NORM: f64 = 1000.0;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<S::f64s, N>, sum: S::f64s) -> S::f64s {
        sample.force_change.fma(sample.force_change, sum)
    }
}
