//! Sliding energy: ∫ σ² dt.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::lanes::LaneMath;

/// Sliding energy: ∫ σ² dt.
#[derive(Debug, Clone, Copy)]
pub struct SlidingEnergy;

impl CostTerm for SlidingEnergy {
    const NAME: &'static str = "sliding_energy";
    const LIMIT_NAME: &'static str = "max_sliding_energy";
    const SUMMARY: &'static str = "∫ σ² dt";
    const UNIT: &'static str = "rad²/s";
    const WEIGHT: f64 = 0.1;
    const NORM: f64 = 1.0;
    const CORE: bool = true;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        sample.sigma.fma(sample.sigma, value)
    }
}
