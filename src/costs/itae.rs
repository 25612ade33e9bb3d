//! Integral of time times the absolute state: ∫ t Σ |x| dt, over all coordinates and rates or a choice of them.
//!
//! It forgives what happens early and punishes what lasts (Graham & Lathrop 1953, doi:10.1109/TAI.1953.6371346).

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample};
use crate::lanes::{LaneMath, splat};

/// Integral of time times the absolute state: ∫ t Σ |x| dt, over all coordinates and rates or a choice of them.
#[derive(Debug, Clone, Copy)]
pub struct Itae;

impl CostTerm for Itae {
    const NAME: &'static str = "itae";
    const LIMIT_NAME: &'static str = "max_itae";
    const SUMMARY: &'static str = "∫ t Σ |x| dt over the chosen states";
    const UNIT: &'static str = "s²";
    const CHOOSES_STATES: bool = true;

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        let one = splat(sample.force.token(), 1.0);
        sample.time.fma(sample.sum_of_states::<S>(|x| [x.abs(), one]), value)
    }
}
