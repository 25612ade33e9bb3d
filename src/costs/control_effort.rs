//! Control effort: ∫ u² dt, in N² s.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::simulation::lanes::LaneMath;

/// Control effort: ∫ u² dt, in N² s.
#[derive(Debug, Clone, Copy)]
pub struct ControlEffort;

impl CostTerm for ControlEffort {
    const NAME: &'static str = "control_effort";
    const SUMMARY: &'static str = "∫ u² dt";
    const WEIGHT: f64 = 0.1;
    const NORM: f64 = 100.0;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<S::f64s, N>, sum: S::f64s) -> S::f64s {
        sample.force.fma(sample.force, sum)
    }
}
