//! Settling time: from when on the cart and every link stay within the settled bands; the whole duration when they never do.

use fearless_simd::{Simd, prelude::*};

use super::{CostTerm, Sample, Timing};

/// Settling time: from when on the cart and every link stay within the settled bands; the whole duration when they never do.
#[derive(Debug, Clone, Copy)]
pub struct SettlingTime;

impl CostTerm for SettlingTime {
    const NAME: &'static str = "settling_time";
    const LIMIT_NAME: &'static str = "max_settling_time";
    const SUMMARY: &'static str =
        "time from when on all coordinates stay within [simulation] settled_position and settled_angle";
    const UNIT: &'static str = "s";

    fn scale(_timing: &Timing) -> f64 {
        1.0
    }

    #[inline(always)]
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s {
        let mut settled = sample.state.positions[0].abs().simd_le(sample.settled[0]);
        for (q, band) in sample.state.positions.iter().zip(&sample.settled).skip(1) {
            settled &= q.abs().simd_le(*band);
        }
        settled.select(value, sample.time + sample.dt)
    }
}
