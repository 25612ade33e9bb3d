//! Cart travel: the largest |x| of the cart.

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample, Timing, larger};

/// Cart travel: the largest |x| of the cart.
#[derive(Debug, Clone, Copy)]
pub struct CartTravel;

impl CostTerm for CartTravel {
    const NAME: &'static str = "cart_travel";
    const LIMIT_NAME: &'static str = "max_cart_travel";
    const SUMMARY: &'static str = "largest |x| of the cart";
    const UNIT: &'static str = "m";

    fn scale(_timing: &Timing) -> f64 {
        1.0
    }

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        larger::<S>(sample.state.positions[0].abs(), value)
    }
}
