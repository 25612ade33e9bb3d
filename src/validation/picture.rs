//! What there is to draw of a finding, bounded whatever the number of runs: how the costs are spread, and where failures start.

use crate::simulation::{Record, Scenario};

/// Bars of a histogram.
const BINS: usize = 13;
/// Starts that are kept of the runs that failed, and as many of the others.
const STARTS_MAX: usize = 250;

/// Costs, counted in bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The ends of the bins, increasing, one more than there are bins; all of a kind: equally far apart, or, where the costs go over more
    /// than two decades, by equal factors.
    pub edges: Vec<f64>,
    /// How many costs are in each bin: from its lower end up to its upper, which is in the last bin alone.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// Of all that is finite; `None` where nothing is.
    #[must_use]
    pub fn of(costs: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let finite = costs.filter(|cost| cost.is_finite());
        let low = finite.clone().reduce(f64::min)?;
        let high = finite.clone().reduce(f64::max)?;
        let edges = edges(low, high);
        let mut counts = vec![0; edges.len() - 1];
        for cost in finite {
            let bin = edges.partition_point(|edge| *edge <= cost).clamp(1, counts.len()) - 1;
            counts[bin] += 1;
        }
        Some(Self { edges, counts })
    }
}

#[allow(clippy::cast_precision_loss, reason = "a number of bins")]
fn edges(low: f64, high: f64) -> Vec<f64> {
    if low >= high {
        return vec![low, high];
    }
    let between = |low: f64, high: f64, k: usize| low + (high - low) * (k as f64 / BINS as f64);
    let by_factors = low > 0.0 && high >= 100.0 * low;
    let inner = (1..BINS).map(|k| {
        if by_factors {
            libm::exp(between(libm::log(low), libm::log(high), k))
        } else {
            between(low, high, k)
        }
    });
    std::iter::once(low).chain(inner).chain([high]).collect()
}

/// Where runs start, in the states whose start is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Starts {
    /// Which states, by their place; first those that tell failures most from the others.
    pub states: Vec<usize>,
    /// What each of them is drawn from, in its unit.
    pub ranges: Vec<[f64; 2]>,
    /// Some of the runs that failed, a number a state each.
    pub failed: Vec<Vec<f64>>,
    /// Some of those that survived.
    pub survived: Vec<Vec<f64>>,
}

impl Starts {
    /// Of the runs of a set whose starts are drawn from `ranges`, one a state; no states where none is drawn.
    #[must_use]
    pub fn of(ranges: &[[f64; 2]], scenarios: &[Scenario], records: &[Record]) -> Self {
        let mut drawn: Vec<(usize, f64)> = ranges
            .iter()
            .enumerate()
            .filter(|(_, [lower, upper])| lower < upper)
            .map(|(state, range)| (state, contrast(state, *range, scenarios, records)))
            .collect();
        // A sort that keeps the order of equals.
        drawn.sort_by(|a, b| b.1.total_cmp(&a.1));
        let states: Vec<usize> = drawn.into_iter().map(|(state, _)| state).collect();
        let some = |survived: bool| -> Vec<Vec<f64>> {
            let of_kind = scenarios.iter().zip(records).filter(|(_, record)| record.survived() == survived);
            let starts =
                of_kind.map(|(scenario, _)| states.iter().map(|k| scenario.initial_state[*k]).collect());
            starts.take(STARTS_MAX).collect()
        };
        let (failed, survived) = (some(false), some(true));
        Self { ranges: states.iter().map(|state| ranges[*state]).collect(), states, failed, survived }
    }
}

/// How far the starts of failures are from those of the other runs, in one state: the difference of the means of their places in the range,
/// or of their distances from its middle, whichever is larger, as a share of half of the range. 0 without both kinds of runs.
fn contrast(state: usize, [lower, upper]: [f64; 2], scenarios: &[Scenario], records: &[Record]) -> f64 {
    let place = |scenario: &Scenario| (2.0 * scenario.initial_state[state] - lower - upper) / (upper - lower);
    let mean = |survived: bool, measure: fn(f64) -> f64| {
        let of_kind = scenarios.iter().zip(records).filter(|(_, record)| record.survived() == survived);
        let add = |(sum, count): (f64, u32), (scenario, _)| (sum + measure(place(scenario)), count + 1);
        let (sum, count) = of_kind.fold((0.0, 0), add);
        sum / f64::from(count)
    };
    let measures: [fn(f64) -> f64; 2] = [|place| place, f64::abs];
    let differences = measures.map(|measure| (mean(false, measure) - mean(true, measure)).abs());
    differences.into_iter().filter(|difference| difference.is_finite()).fold(0.0, f64::max)
}
