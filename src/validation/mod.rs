//! Validation: how tuned gains do on scenarios that tuning never saw.
//!
//! A [`Set`] is a distribution of scenarios: one a `[[validation]]` table of the config or, where there is none, that of the
//! tuning scenarios (`same`) and a harder one (`harder`). A run is named by set, seed and index, so that it can be replayed.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::config::Config;
use crate::costs::CostKind;
use crate::engine::{self, Resources};
use crate::problem::Problem;
use crate::sampling::Group;
use crate::simulation::{Ending, Features, Record, Scenario};
use crate::swarm::{Draw, Purpose};

pub mod statistics;

use statistics::{Distribution, Estimate, holm, mann_whitney, welch, wilson};

/// How much harder the default harder set is.
pub const HARDER: f64 = 1.5;

/// The cost terms that are shown beside the cost.
pub const METRICS: [CostKind; 7] = [
    CostKind::SettlingTime,
    CostKind::Overshoot,
    CostKind::SteadyStateError,
    CostKind::PeakForce,
    CostKind::CartTravel,
    CostKind::ControlEffort,
    CostKind::Chattering,
];

/// A distribution of scenarios: a mixture of groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// What it is called.
    pub name: String,
    groups: Vec<Group>,
}

impl Set {
    /// What any of its scenarios needs of the world.
    #[must_use]
    pub fn features(&self, config: &Config) -> Features {
        let one = |group: &Group| group.scenario(config.nominal(), Purpose::Validation, 0, 0);
        Features::of(&self.groups.iter().map(one).collect::<Vec<_>>())
    }

    /// The scenario of an index.
    #[must_use]
    pub fn scenario(&self, config: &Config, seed: u64, index: usize) -> Scenario {
        let total: f64 = self.groups.iter().map(|group| group.weight).sum();
        let mut left = Draw::new(seed, Purpose::Validation, 1, index).between(0.0, total);
        let chosen = self.groups.iter().find(|group| {
            left -= group.weight;
            left < 0.0
        });
        let group = chosen.unwrap_or(&self.groups[self.groups.len() - 1]);
        group.scenario(config.nominal(), Purpose::Validation, seed, index)
    }
}

/// The sets of a config.
///
/// # Errors
///
/// When the config has no `[[validation]]` and its scenarios are one and the same, so that there is nothing to draw from.
pub fn sets(config: &Config) -> Result<Vec<Set>, Error> {
    let one = |group: &Group| Set { name: group.name.clone(), groups: vec![group.clone()] };
    if !config.validation.is_empty() {
        return Ok(config.validation.iter().map(one).collect());
    }
    let same = spread(&config.scenarios);
    if !same.iter().any(Group::varies) {
        return Err(Error::Option {
            option: "validate",
            found: format!("finds a single scenario in the study \"{}\"", config.study),
            remedy: "add a [[validation]] table with ranges to draw from".into(),
        });
    }
    let harder = same.iter().map(|group| within(config, group.harder(HARDER))).collect();
    Ok(vec![Set { name: "same".into(), groups: same }, Set { name: "harder".into(), groups: harder }])
}

/// The groups with all fixed starts of equal conditions spread over the box that they span.
fn spread(groups: &[Group]) -> Vec<Group> {
    let mut spread: Vec<Group> = Vec::new();
    let fixed = |group: &Group| group.initial_state.iter().all(|[lower, upper]| lower >= upper);
    let alike = |a: &Group, b: &Group| {
        let plain = |group: &Group| Group {
            name: String::new(),
            count: 1,
            weight: 1.0,
            seed: 0,
            initial_state: Vec::new(),
            ..group.clone()
        };
        plain(a) == plain(b)
    };
    let mut spans: Vec<bool> = Vec::new();
    for group in groups {
        let twin = (0..spread.len()).find(|k| fixed(group) && spans[*k] && alike(&spread[*k], group));
        let Some(twin) = twin else {
            spans.push(fixed(group));
            spread.push(group.clone());
            continue;
        };
        spread[twin].weight += group.weight;
        for (range, start) in spread[twin].initial_state.iter_mut().zip(&group.initial_state) {
            *range = [range[0].min(start[0]), range[1].max(start[1])];
        }
    }
    for group in &mut spread {
        group.sampling = crate::sampling::Sampling::Uniform;
    }
    spread
}

/// A group whose starts are within what may be simulated.
fn within(config: &Config, mut group: Group) -> Group {
    for (range, limit) in group.initial_state.iter_mut().zip(config.initial_state_ranges()) {
        *range = range.map(|bound| bound.clamp(limit.min, limit.max));
    }
    group
}

/// What names a run: set, seed and index, written `set/seed/index`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId {
    /// The set.
    pub set: String,
    /// The seed of the validation.
    pub seed: u64,
    /// The index in it.
    pub index: usize,
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.set, self.seed, self.index)
    }
}

impl FromStr for RunId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.rsplitn(3, '/');
        let index = parts.next().and_then(|index| index.parse().ok()).ok_or(())?;
        let seed = parts.next().and_then(|seed| seed.parse().ok()).ok_or(())?;
        Ok(Self { set: parts.next().ok_or(())?.into(), seed, index })
    }
}

/// A run among the worst.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name.
    pub id: RunId,
    /// What it started from.
    pub scenario: Scenario,
    /// What came out.
    pub record: Record,
}

/// How gains do on a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The set's name.
    pub set: String,
    /// Runs that hold and are settled at the end.
    pub success: Estimate,
    /// Runs.
    pub runs: usize,
    /// Runs in which the plant left its limits.
    pub failed: usize,
    /// The costs of all runs, failures with their penalty.
    pub cost: Distribution,
    /// The values of [`METRICS`] in the runs that survived; empty where none did.
    pub metrics: Vec<Distribution>,
    /// The mean cost of the runs that survived over the weighted mean in the tuning scenarios; NaN where either is unknown.
    pub degradation: f64,
    /// The ten runs of the highest cost, worst first.
    pub worst: Vec<Case>,
    /// Every run, in the order of their index.
    pub records: Vec<Record>,
}

/// Runs gains on `samples` scenarios of a set; `tuned_cost` is their [`tuned_cost`].
///
/// # Errors
///
/// When memory or threads cannot be had.
pub fn run(
    config: &Config,
    resources: Resources,
    set: &Set,
    values: &[f64],
    samples: usize,
    seed: u64,
    tuned_cost: f64,
) -> Result<Finding, Error> {
    let scenarios: Vec<Scenario> = (0..samples).map(|index| set.scenario(config, seed, index)).collect();
    #[allow(clippy::cast_precision_loss, reason = "a count")]
    let weights = vec![1.0 / samples as f64; samples];
    let problem = Problem::on(config, scenarios, weights, set.features(config));
    let records = engine::assess(&problem, resources, values)?;

    let successes = records.iter().filter(|record| succeeds(config, record)).count();
    let survivors: Vec<&Record> = records.iter().filter(|record| record.ending == Ending::Survived).collect();
    let costs: Vec<f64> = records.iter().map(|record| record.cost).collect();
    let metric = |(key, kind): (usize, &CostKind)| {
        let values: Vec<f64> = survivors.iter().map(|record| record.values[*kind as usize]).collect();
        Distribution::of(&values, seed, 1 + key as u64)
    };
    let metrics =
        if survivors.is_empty() { Vec::new() } else { METRICS.iter().enumerate().map(metric).collect() };
    let failed = samples - survivors.len();
    #[allow(clippy::cast_precision_loss, reason = "a count")]
    let mean = survivors.iter().map(|record| record.cost).sum::<f64>() / survivors.len() as f64;
    let degradation = mean / tuned_cost;
    Ok(Finding {
        set: set.name.clone(),
        success: wilson(successes, samples),
        runs: samples,
        failed,
        cost: Distribution::of(&costs, seed, 0),
        metrics,
        degradation,
        worst: worst(set, seed, &problem.scenarios, &records),
        records,
    })
}

/// Whether a run holds, is settled at the end and keeps the limits.
#[must_use]
pub fn succeeds(config: &Config, record: &Record) -> bool {
    let [cart, links] = record.final_positions;
    let kept = record.values.iter().zip(&config.limits).all(|(value, limit)| value <= limit);
    record.ending == Ending::Survived
        && cart <= config.simulation.settled_position
        && links <= config.simulation.settled_angle
        && kept
}

/// The weighted mean cost of gains in the scenarios of the tuning; NaN when they fail in one of them.
///
/// # Errors
///
/// When memory or threads cannot be had.
pub fn tuned_cost(config: &Config, resources: Resources, values: &[f64]) -> Result<f64, Error> {
    let problem = Problem::new(config);
    let records = engine::assess(&problem, resources, values)?;
    if records.iter().any(|record| record.ending != Ending::Survived) {
        return Ok(f64::NAN);
    }
    Ok(records.iter().zip(&problem.weights).map(|(record, weight)| record.cost * weight).sum())
}

fn worst(set: &Set, seed: u64, scenarios: &[Scenario], records: &[Record]) -> Vec<Case> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by(|a, b| records[*b].cost.total_cmp(&records[*a].cost).then(a.cmp(b)));
    let case = |index: &usize| Case {
        id: RunId { set: set.name.clone(), seed, index: *index },
        scenario: scenarios[*index].clone(),
        record: records[*index],
    };
    order.iter().take(10).map(case).collect()
}

/// How one gain vector differs from another in one measure on one set.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The set.
    pub set: String,
    /// The measure: `cost` or the name of a cost term.
    pub measure: &'static str,
    /// Difference of the means of the runs that survived, first minus second, with Welch's interval.
    pub mean: Option<Estimate>,
    /// The p-value of Mann & Whitney over all runs (for `cost`) or those that survived, after Holm over all differences; `None`
    /// where nothing survived.
    pub p: Option<f64>,
}

/// The differences of two gain vectors on the same sets.
#[must_use]
pub fn differences(first: &[Finding], second: &[Finding]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (a, b) in first.iter().zip(second) {
        let survivors = |finding: &Finding, value: &dyn Fn(&Record) -> f64| -> Vec<f64> {
            let survived = finding.records.iter().filter(|record| record.ending == Ending::Survived);
            survived.map(value).collect()
        };
        let cost = |record: &Record| record.cost;
        let all = |finding: &Finding| finding.records.iter().map(cost).collect::<Vec<f64>>();
        let mean = welch(&survivors(a, &cost), &survivors(b, &cost));
        let p = Some(mann_whitney(&all(a), &all(b)));
        differences.push(Difference { set: a.set.clone(), measure: "cost", mean, p });
        for kind in METRICS {
            let value = |record: &Record| record.values[kind as usize];
            let (a_values, b_values) = (survivors(a, &value), survivors(b, &value));
            let testable = !a_values.is_empty() && !b_values.is_empty();
            let p = testable.then(|| mann_whitney(&a_values, &b_values));
            let mean = welch(&a_values, &b_values);
            differences.push(Difference { set: a.set.clone(), measure: kind.name(), mean, p });
        }
    }
    let adjusted = holm(&differences.iter().filter_map(|difference| difference.p).collect::<Vec<_>>());
    let tested = differences.iter_mut().filter_map(|difference| difference.p.as_mut());
    tested.zip(adjusted).for_each(|(p, adjusted)| *p = adjusted);
    differences
}
