//! Statistics, each with one definition: means, quantiles and medians; intervals of 95 % (`interval`) and tests of pairs (`paired`).

mod interval;
pub mod paired;

pub use interval::{Distribution, Estimate, holm, wilson};

/// The arithmetic mean; NaN of nothing.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a count")]
pub fn mean(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut count = 0_u64;
    let sum: f64 = numbers.into_iter().inspect(|_| count += 1).sum();
    sum / count as f64
}

/// The sample variance, Σ (x − mean)²/(n − 1); NaN of less than two numbers.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a count")]
pub fn sample_variance(numbers: &[f64]) -> f64 {
    let mean = mean(numbers.iter().copied());
    numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (numbers.len() as f64 - 1.0)
}

/// A quantile of sorted numbers, interpolated linearly: the definition 7 of Hyndman & Fan 1996, doi:10.2307/2684934, which is the
/// default of R and of `numpy`. NaN of nothing.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    quantile_by(sorted.len(), share, |place| sorted[place])
}

/// The median: the number in the middle, or the mean of the two there. NaN of nothing.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    quantile(&numbers, 0.5)
}

/// A quantile of `count` numbers of which `at` gives the one at a place in their order.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among the numbers"
)]
pub(crate) fn quantile_by(count: usize, share: f64, at: impl Fn(usize) -> f64) -> f64 {
    let Some(last) = count.checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place as usize;
    let (low, weight) = (at(below), place.fract());
    // Two infinite numbers have no difference.
    let high = if weight > 0.0 { at(below + 1) } else { low };
    if high.total_cmp(&low).is_eq() { low } else { low + weight * (high - low) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_variance_and_quantiles_are_those_of_numpy() {
        // NumPy 2.1: x = [1, 2, 4, 8, 16, 3]; np.mean, np.var(ddof=1), np.median, np.percentile of 10, 25, 95 and 99.9.
        let numbers = [1.0, 2.0, 4.0, 8.0, 16.0, 3.0];
        assert!((mean(numbers) - 34.0 / 6.0).abs() < 1e-15);
        assert!((sample_variance(&numbers) - 31.466_666_666_666_665).abs() < 1e-13);
        assert!((median(numbers.to_vec()) - 3.5).abs() < 1e-15);
        let mut sorted = numbers;
        sorted.sort_by(f64::total_cmp);
        for (share, expected) in
            [(0.0, 1.0), (0.1, 1.5), (0.25, 2.25), (0.95, 14.0), (0.999, 15.96), (1.0, 16.0)]
        {
            let found = quantile(&sorted, share);
            assert!((found - expected).abs() < 1e-12, "{share}: {found}, not {expected}");
        }
    }

    #[test]
    fn of_few_numbers_and_of_infinite_ones_a_quantile_is_what_is_left() {
        assert!(mean([]).is_nan() && quantile(&[], 0.5).is_nan() && sample_variance(&[1.0]).is_nan());
        assert_eq!(quantile(&[7.0], 0.9).to_bits(), 7.0_f64.to_bits());
        let infinite = [1.0, f64::INFINITY, f64::INFINITY];
        let found = [0.0, 0.25, 0.5, 0.9].map(|share| quantile(&infinite, share).to_string());
        assert_eq!(found, ["1", "inf", "inf", "inf"]);
    }
}
