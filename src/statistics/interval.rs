//! Estimates with intervals of 95 %, and the adjustment of several tests.

use super::{mean, quantile, quantile_by};
use crate::draw::{Draw, Purpose};

/// The 97.5 % quantile of the standard normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// The quantiles of a distribution.
const MEDIAN: f64 = 0.5;
const P95: f64 = 0.95;

/// Resamples of a bootstrap.
const RESAMPLES: usize = 1000;

/// An estimate and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// A share of successes with the score interval of Wilson 1927, doi:10.1080/01621459.1927.10502953.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts")]
pub fn wilson(successes: usize, runs: usize) -> Estimate {
    let (n, share) = (runs as f64, successes as f64 / runs as f64);
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    // What rounding would put off the ends: the interval reaches 0 where nothing succeeds and 1 where everything does.
    let low = if successes == 0 { 0.0 } else { (middle - half).clamp(0.0, share) };
    let high = if successes == runs { 1.0 } else { (middle + half).clamp(share, 1.0) };
    Estimate { value: share, low, high }
}

/// Mean, median and 95 % quantile of numbers, each with a percentile bootstrap interval, and the largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distribution {
    /// How many numbers.
    pub count: usize,
    /// The mean.
    pub mean: Estimate,
    /// The median.
    pub median: Estimate,
    /// The 95 % quantile.
    pub p95: Estimate,
    /// The largest.
    pub worst: f64,
}

impl Distribution {
    /// Of at least one number; `key` tells the draws of one bootstrap from those of another.
    ///
    /// # Panics
    ///
    /// When there is no number.
    #[must_use]
    pub fn of(numbers: &[f64], seed: u64, key: u64) -> Self {
        Self::unless(&|| false, numbers, seed, key).expect("it is never stopped")
    }

    /// The same; `None` when it is stopped, of which it asks once a resample.
    ///
    /// A resample is drawn as how often each of the sorted numbers is taken, so that its quantiles need no sorting
    /// (Efron 1979, doi:10.1214/aos/1176344552).
    ///
    /// # Panics
    ///
    /// When there is no number.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    pub fn unless(stop: &dyn Fn() -> bool, numbers: &[f64], seed: u64, key: u64) -> Option<Self> {
        assert!(!numbers.is_empty(), "a distribution needs a number");
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let count = sorted.len();
        let mut resampled: [Vec<f64>; 3] = std::array::from_fn(|_| Vec::with_capacity(RESAMPLES));
        let mut taken = vec![0_usize; count];
        for resample in 0..RESAMPLES {
            if stop() {
                return None;
            }
            let mut draw = Draw::new(seed, Purpose::Bootstrap, key, resample);
            taken.fill(0);
            (0..count).for_each(|_| taken[draw.below(count)] += 1);
            let sum: f64 = sorted.iter().zip(&taken).map(|(number, times)| number * *times as f64).sum();
            let at = |place: usize| sorted[taken_at(&taken, place)];
            let found = [sum / count as f64, quantile_by(count, MEDIAN, at), quantile_by(count, P95, at)];
            resampled.iter_mut().zip(found).for_each(|(all, found)| all.push(found));
        }
        let estimate = |value: f64, mut resampled: Vec<f64>| {
            resampled.sort_unstable_by(f64::total_cmp);
            let [low, high] = [0.025, 0.975].map(|share| quantile(&resampled, share));
            Estimate { value, low, high }
        };
        let [means, medians, p95s] = resampled;
        Some(Self {
            count,
            mean: estimate(mean(sorted.iter().copied()), means),
            median: estimate(quantile(&sorted, MEDIAN), medians),
            p95: estimate(quantile(&sorted, P95), p95s),
            worst: sorted[count - 1],
        })
    }
}

/// Which of the sorted numbers stands at a place of a resample, in which each is taken so many times.
fn taken_at(taken: &[usize], place: usize) -> usize {
    let mut below = 0;
    let found = taken.iter().position(|times| {
        below += times;
        below > place
    });
    found.unwrap_or(taken.len() - 1)
}

/// P-values adjusted for being several (Holm 1979, JSTOR 4615733): each is the smallest level at which its hypothesis is rejected.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts")]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|i, j| p[*i].total_cmp(&p[*j]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (position, index) in order.into_iter().enumerate() {
        largest = largest.max((p[index] * (p.len() - position) as f64).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}
