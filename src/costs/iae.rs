//! Integral of the absolute state: ∫ Σ |x| dt, over all coordinates and rates or a choice of them.

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample};
use crate::lanes::splat;

/// Integral of the absolute state: ∫ Σ |x| dt, over all coordinates and rates or a choice of them.
#[derive(Debug, Clone, Copy)]
pub struct Iae;

impl CostTerm for Iae {
    const NAME: &'static str = "iae";
    const LIMIT_NAME: &'static str = "max_iae";
    const SUMMARY: &'static str = "∫ Σ |x| dt over the chosen states";
    const UNIT: &'static str = "s";
    const CHOOSES_STATES: bool = true;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        let one = splat(sample.force.token(), 1.0);
        value + sample.sum_of_states::<S>(|x| [x.abs(), one])
    }
}
