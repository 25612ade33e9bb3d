//! Overshoot: the largest swing of a link beyond upright, away from the side on which it started.

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample, Timing, larger};
use crate::lanes::splat;

/// Overshoot: the largest swing of a link beyond upright, away from the side on which it started.
#[derive(Debug, Clone, Copy)]
pub struct Overshoot;

impl CostTerm for Overshoot {
    const NAME: &'static str = "overshoot";
    const LIMIT_NAME: &'static str = "max_overshoot";
    const SUMMARY: &'static str = "largest swing of a link beyond upright, on the other side than its start";
    const UNIT: &'static str = "rad";

    fn scale(_timing: &Timing) -> f64 {
        1.0
    }

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        let zero = splat(value.token(), 0.0);
        let mut largest = value;
        for (angle, side) in sample.state.positions.iter().zip(&sample.start_sides).skip(1) {
            // A link that starts upright has no side: every swing is one beyond.
            let swing = side.simd_eq(zero).select(angle.abs(), -(*angle * *side));
            largest = larger::<S>(swing, largest);
        }
        largest
    }
}
