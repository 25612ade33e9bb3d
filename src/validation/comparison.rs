//! Two gain vectors that met the same scenarios: what differs, beyond chance or not. Each scenario is a pair of runs.

use super::{Finding, metrics, succeeds};
use crate::config::Config;
use crate::simulation::Record;
use crate::statistics::paired::{mcnemar, mean_difference, share_difference, signed_rank};
use crate::statistics::{Estimate, holm};

/// In how many scenarios of a set which of two gain vectors survived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The set.
    pub set: String,
    /// Both survived.
    pub both_survived: usize,
    /// Both failed.
    pub both_failed: usize,
    /// The first failed, the second survived.
    pub only_first_failed: usize,
    /// The second failed, the first survived.
    pub only_second_failed: usize,
}

/// How one gain vector differs from another in one measure on one set.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The set.
    pub set: String,
    /// The measure: `success` and `failed` (shares of all runs), `cost`, or the name of a cost term.
    pub measure: &'static str,
    /// Scenarios that the difference is of: all for `success` and `failed`; for the others those in which both survived.
    pub pairs: usize,
    /// The mean of the paired differences, first minus second: of shares with the interval of Bonett and Price, else with Student's;
    /// `None` of less than two pairs.
    pub mean: Option<Estimate>,
    /// The p-value after Holm over all differences: of McNemar's exact test for `success` and `failed`, else of Wilcoxon's signed-rank
    /// test. In that of `cost` a failure is worse than any run that survived: where one failed, the sign of the difference is known and its
    /// rank is above all others; where both failed, the two are a tie. The other measures are tested where both survived. `None` where
    /// there is no such pair.
    pub p: Option<f64>,
}

type Pair<'a> = (&'a Record, &'a Record);

fn pairs<'a>(first: &'a Finding, second: &'a Finding) -> Vec<Pair<'a>> {
    first.records.iter().zip(&second.records).collect()
}

/// Which gain vector survived where, set by set.
#[must_use]
pub fn pairings(first: &[Finding], second: &[Finding]) -> Vec<Pairing> {
    let one = |(a, b): (&Finding, &Finding)| {
        let pairs = pairs(a, b);
        let count = |wanted: [bool; 2]| {
            pairs.iter().filter(|(one, other)| [one.survived(), other.survived()] == wanted).count()
        };
        Pairing {
            set: a.set.clone(),
            both_survived: count([true, true]),
            both_failed: count([false, false]),
            only_first_failed: count([false, true]),
            only_second_failed: count([true, false]),
        }
    };
    first.iter().zip(second).map(one).collect()
}

/// The differences of two gain vectors on the same scenarios of the same sets.
#[must_use]
pub fn differences(config: &Config, first: &[Finding], second: &[Finding]) -> Vec<Difference> {
    let of_set = |(a, b): (&Finding, &Finding)| {
        let pairs = pairs(a, b);
        let shares = [
            share("success", &pairs, |record| succeeds(config, record)),
            share("failed", &pairs, |record| !record.survived()),
        ];
        let terms = metrics(config);
        let terms = terms
            .into_iter()
            .map(|place| term(config.cost[place].name, &pairs, |record| record.values[place]));
        let all = shares.into_iter().chain([cost(&pairs)]).chain(terms);
        all.map(|found| Difference { set: a.set.clone(), ..found }).collect::<Vec<_>>()
    };
    let mut differences: Vec<Difference> = first.iter().zip(second).flat_map(of_set).collect();
    let adjusted = holm(&differences.iter().filter_map(|difference| difference.p).collect::<Vec<_>>());
    let tested = differences.iter_mut().filter_map(|difference| difference.p.as_mut());
    tested.zip(adjusted).for_each(|(p, adjusted)| *p = adjusted);
    differences
}

/// The share of runs that have something.
fn share(measure: &'static str, pairs: &[Pair<'_>], has: impl Fn(&Record) -> bool) -> Difference {
    let count = |wanted: [bool; 2]| pairs.iter().filter(|(a, b)| [has(a), has(b)] == wanted).count();
    let (first, second) = (count([true, false]), count([false, true]));
    Difference {
        set: String::new(),
        measure,
        pairs: pairs.len(),
        mean: Some(share_difference(first, second, pairs.len())),
        p: Some(mcnemar(first, second)),
    }
}

/// A measure where both survived.
fn term(measure: &'static str, pairs: &[Pair<'_>], value: impl Fn(&Record) -> f64) -> Difference {
    let both = pairs.iter().filter(|(a, b)| a.survived() && b.survived());
    let values: Vec<f64> = both.map(|(a, b)| minus(value(a), value(b))).collect();
    Difference {
        set: String::new(),
        measure,
        pairs: values.len(),
        mean: mean_difference(&values),
        p: (!values.is_empty()).then(|| signed_rank(&values)),
    }
}

fn cost(pairs: &[Pair<'_>]) -> Difference {
    let ranked = |(a, b): &Pair<'_>| match [a.survived(), b.survived()] {
        [true, true] => minus(a.cost, b.cost),
        [false, true] => f64::INFINITY,
        [true, false] => f64::NEG_INFINITY,
        [false, false] => 0.0,
    };
    let ranked: Vec<f64> = pairs.iter().map(ranked).collect();
    Difference { p: Some(signed_rank(&ranked)), ..term("cost", pairs, |record| record.cost) }
}

/// A difference; 0 also of two infinite values.
fn minus(a: f64, b: f64) -> f64 {
    if a.total_cmp(&b).is_eq() { 0.0 } else { a - b }
}
