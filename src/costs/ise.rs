//! Integral of the squared state: ∫ Σ x² dt, over all coordinates and rates.

use fearless_simd::Simd;

use super::{CostTerm, Sample};
use crate::simulation::lanes::LaneMath;
use crate::simulation::state::State;

/// Integral of the squared state: ∫ Σ x² dt, over all coordinates and rates.
#[derive(Debug, Clone, Copy)]
pub struct Ise;

impl CostTerm for Ise {
    const NAME: &'static str = "ise";
    const SUMMARY: &'static str = "∫ Σ x² dt over all states";
    const WEIGHT: f64 = 1.0;
    const NORM: f64 = 10.0;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<S::f64s, N>, sum: S::f64s) -> S::f64s {
        let State { positions, rates } = sample.state;
        let mut squares = positions[0] * positions[0];
        for value in positions.into_iter().skip(1).chain(rates) {
            squares = value.fma(value, squares);
        }
        sum + squares
    }
}
