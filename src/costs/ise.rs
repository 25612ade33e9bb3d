//! Integral of the squared state: ∫ Σ x² dt, over all coordinates and rates or a choice of them.

use fearless_simd::Simd;

use super::{CostTerm, Sample};

/// Integral of the squared state: ∫ Σ x² dt, over all coordinates and rates or a choice of them.
#[derive(Debug, Clone, Copy)]
pub struct Ise;

impl CostTerm for Ise {
    const NAME: &'static str = "ise";
    const LIMIT_NAME: &'static str = "max_ise";
    const SUMMARY: &'static str = "∫ Σ x² dt over the chosen states";
    const UNIT: &'static str = "s";
    const WEIGHT: f64 = 1.0;
    const NORM: f64 = 10.0;
    const CORE: bool = true;
    const CHOOSES_STATES: bool = true;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        value + sample.sum_of_states::<S>(|x| [x, x])
    }
}
