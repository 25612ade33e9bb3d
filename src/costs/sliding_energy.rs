//! Sliding energy: ∫ σ² dt, how far and how long the state is off the surface, in rad²/s.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::simulation::lanes::LaneMath;

/// Sliding energy: ∫ σ² dt, how far and how long the state is off the surface, in rad²/s.
#[derive(Debug, Clone, Copy)]
pub struct SlidingEnergy;

impl CostTerm for SlidingEnergy {
    const NAME: &'static str = "sliding_energy";
    const SUMMARY: &'static str = "∫ σ² dt";
    const WEIGHT: f64 = 0.1;
    const NORM: f64 = 1.0;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<S::f64s, N>, sum: S::f64s) -> S::f64s {
        sample.sigma.fma(sample.sigma, sum)
    }
}
