//! Peak force: the largest |u|.

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample, Timing, larger};

/// Peak force: the largest |u|.
#[derive(Debug, Clone, Copy)]
pub struct PeakForce;

impl CostTerm for PeakForce {
    const NAME: &'static str = "peak_force";
    const LIMIT_NAME: &'static str = "max_peak_force";
    const SUMMARY: &'static str = "largest |u|";
    const UNIT: &'static str = "N";

    fn scale(_timing: &Timing) -> f64 {
        1.0
    }

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        larger::<S>(sample.force.abs(), value)
    }
}
