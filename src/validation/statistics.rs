//! Estimates with intervals, and tests. All intervals are of 95 %.

use crate::draw::{Draw, Purpose};

/// The 97.5 % quantile of the standard normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

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
    /// What 95 % do not exceed.
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
        Self::unless(&|| false, numbers, seed, key).expect("nobody stops it")
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
        let ranks = [rank(0.5, count), rank(0.95, count)];
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
            resampled[0].push(sum / count as f64);
            for (rank, quantiles) in ranks.iter().zip(&mut resampled[1..]) {
                let mut below = 0;
                let place = taken.iter().position(|times| {
                    below += times;
                    below > *rank
                });
                quantiles.push(sorted[place.unwrap_or(count - 1)]);
            }
        }
        let estimate = |value: f64, mut resampled: Vec<f64>| {
            resampled.sort_unstable_by(f64::total_cmp);
            let [low, high] = [0.025, 0.975].map(|share| resampled[rank(share, RESAMPLES)]);
            Estimate { value, low, high }
        };
        let [means, medians, p95s] = resampled;
        Some(Self {
            count,
            mean: estimate(sorted.iter().sum::<f64>() / count as f64, means),
            median: estimate(sorted[ranks[0]], medians),
            p95: estimate(sorted[ranks[1]], p95s),
            worst: sorted[count - 1],
        })
    }
}

/// The place of a quantile among sorted numbers: the smallest that a share of them does not exceed.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count"
)]
fn rank(share: f64, count: usize) -> usize {
    ((share * count as f64).ceil() as usize).clamp(1, count) - 1
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
