//! Estimates and tests of pairs: two gain vectors that met the same scenarios. All intervals are of 95 %.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

use super::interval::{Estimate, Z};
use super::{mean, sample_variance};

/// So many differences at most are tested by counting all ways to give their ranks a sign.
const EXACT_MAX: usize = 50;

/// The mean of paired differences with the interval of Student 1908, doi:10.1093/biomet/6.1.1; `None` of less than two.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a count")]
pub fn mean_difference(differences: &[f64]) -> Option<Estimate> {
    if differences.len() < 2 {
        return None;
    }
    let n = differences.len() as f64;
    let (value, variance) = (mean(differences.iter().copied()), sample_variance(differences));
    let half = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf(0.975) * (variance / n).sqrt();
    Some(Estimate { value, low: value - half, high: value + half })
}

/// The two-sided p-value of the signed-rank test of Wilcoxon 1945, doi:10.2307/3001968, for paired differences, which may be infinite.
///
/// As there, differences of 0 are left out. Equal ones share the mean of their ranks. Of up to 50 the p-value is exact, over all ways to
/// give those ranks a sign; of more it is that of the normal approximation with corrections for ties and continuity.
#[must_use]
pub fn signed_rank(differences: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    sorted.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Twice the ranks, which are whole also where several share one.
    let (mut ranks, mut raised, mut start) = (Vec::with_capacity(sorted.len()), 0, 0);
    for group in sorted.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let rank = 2 * start + group.len() + 1;
        ranks.extend(group.iter().map(|_| rank));
        raised += rank * group.iter().filter(|difference| **difference > 0.0).count();
        start += group.len();
    }
    if ranks.len() <= EXACT_MAX { exact(&ranks, raised) } else { approximate(&ranks, raised) }
}

/// How rare a sum of ranks is that is as far from the middle as `raised`, if each rank counts or not by the toss of a coin.
fn exact(ranks: &[usize], raised: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    // How many choices of ranks have each sum: of 50 ranks no more than f64 counts exactly.
    let mut ways = vec![0.0; total + 1];
    ways[0] = 1.0;
    for rank in ranks {
        for sum in (*rank..=total).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let [below, above] = [&ways[..=raised], &ways[raised..]].map(|tail| tail.iter().sum::<f64>());
    let all: f64 = ways.iter().sum();
    (2.0 * below.min(above) / all).min(1.0)
}

#[allow(clippy::cast_precision_loss, reason = "sums of ranks")]
fn approximate(ranks: &[usize], raised: usize) -> f64 {
    let ranks = || ranks.iter().map(|rank| 0.5 * *rank as f64);
    let (mean, variance) = (0.5 * ranks().sum::<f64>(), 0.25 * ranks().map(|rank| rank * rank).sum::<f64>());
    let distance = ((0.5 * raised as f64 - mean).abs() - 0.5).max(0.0);
    (2.0 * Normal::standard().sf(distance / variance.sqrt())).min(1.0)
}

/// The difference of two shares of the same runs, of which `first` have something with the one alone and `second` with the other alone,
/// with the interval of Bonett & Price 2012, doi:10.3102/1076998611411915.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts")]
pub fn share_difference(first: usize, second: usize, runs: usize) -> Estimate {
    let value = (first as f64 - second as f64) / runs as f64;
    let [a, b] = [first, second].map(|count| (count as f64 + 1.0) / (runs as f64 + 2.0));
    let half = Z * ((a + b - (a - b).powi(2)) / (runs as f64 + 2.0)).sqrt();
    Estimate { value, low: (a - b - half).max(-1.0), high: (a - b + half).min(1.0) }
}

/// The exact two-sided p-value of McNemar 1947, doi:10.1007/BF02295996, for pairs that are not alike, `first` in favour of the one and
/// `second` of the other.
#[must_use]
pub fn mcnemar(first: usize, second: usize) -> f64 {
    let fair = Binomial::new(0.5, (first + second) as u64);
    fair.map_or(1.0, |fair| (2.0 * fair.cdf(first.min(second) as u64)).min(1.0))
}
