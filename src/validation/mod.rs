//! Validation: how tuned gains do on scenarios that tuning never saw.
//!
//! A [`Set`] is a distribution of scenarios: one a `[[validation]]` table of the config or, where there is none, that of the
//! tuning scenarios (`same`) and a harder one (`harder`). A run is named by set, seed and index, so that it can be replayed.

use std::fmt;
use std::ops::{ControlFlow, Range};
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::Error;
use crate::config::Config;
use crate::costs::{Aspect, Measure, Term};
use crate::draw::{Draw, Purpose};
use crate::engine::{self, Resources};
use crate::problem::Problem;
use crate::sampling::Group;
use crate::simulation::{Record, Scenario};
use crate::statistics::{Distribution, Estimate, wilson};
use crate::verdict;

mod comparison;
mod picture;

pub use comparison::{Difference, Pairing, differences, pairings};
pub use picture::{Histogram, Starts};

/// How much harder the default harder set is.
pub const HARDER: f64 = 1.5;

/// How long a part of a set's runs may take at least before the parts stop growing: an interruption waits for about one part.
const PART: Duration = Duration::from_millis(250);
/// Runs of the first part a thread: enough for all lanes of a bundle.
const FIRST_PART: usize = 32;

/// The places of the terms that are shown beside the cost: those that have a limit, that tell of a response, and that cost; of the usual
/// cost of a plant, those of which it says so.
#[must_use]
pub fn metrics(config: &Config) -> Vec<usize> {
    let is_told = |place: &usize| {
        let term = &config.cost[*place];
        let of_response =
            matches!(term.measure, Measure::Response { aspect, .. } if aspect != Aspect::Unsettled);
        config.limits[*place].is_finite() || of_response || term.is_told.unwrap_or(term.weight > 0.0)
    };
    (0..config.cost.len()).filter(is_told).collect()
}

/// A distribution of scenarios: a mixture of groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// What it is called.
    pub name: String,
    groups: Vec<Group>,
}

impl Set {
    /// What each state's start is drawn from, over all groups.
    #[must_use]
    pub fn ranges(&self) -> Vec<[f64; 2]> {
        let mut ranges = self.groups[0].initial_state.clone();
        for group in &self.groups[1..] {
            for (range, [lower, upper]) in ranges.iter_mut().zip(&group.initial_state) {
                *range = [range[0].min(*lower), range[1].max(*upper)];
            }
        }
        ranges
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
        group.scenario(&config.nominal(), Purpose::Validation, seed, index)
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
    let acts: Vec<bool> = config.signals().iter().map(|signal| signal.is_disturbance).collect();
    let harder = same.iter().map(|group| within(config, group.harder(HARDER, &acts))).collect();
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

/// A run, among the worst of its set.
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
    /// The costs of the runs that survived; `None` where none did. A failure has no cost that could be averaged with them.
    pub cost: Option<Distribution>,
    /// The same costs, counted in bins.
    pub histogram: Option<Histogram>,
    /// Where runs start that fail, and that do not.
    pub starts: Starts,
    /// The values of [`metrics`] in the runs that survived; empty where none did.
    pub metrics: Vec<Distribution>,
    /// The mean cost of the runs that survived over the weighted mean in the tuning scenarios; NaN where either is unknown.
    pub degradation: f64,
    /// The ten worst runs by [`Record::rank`], worst first.
    pub worst: Vec<Case>,
    /// Every run, in the order of their index.
    pub records: Vec<Record>,
}

/// Scenarios, and the record of each.
type Runs = (Vec<Scenario>, Vec<Record>);

/// How a set is run.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// The study.
    pub config: &'a Config,
    /// What the machine gives.
    pub resources: Resources,
    /// Runs a set, one at least.
    pub samples: usize,
    /// The seed of every random number.
    pub seed: u64,
    /// Asked now and then, a few times a second: whether to stop.
    pub stop: &'a dyn Fn() -> bool,
}

impl Trial<'_> {
    /// Runs gains on scenarios of a set; `tuned_cost` is their [`tuned_cost`]. When it is to stop it breaks with the number of runs
    /// that were done.
    ///
    /// # Errors
    ///
    /// When memory or threads cannot be had.
    pub fn run(
        &self,
        set: &Set,
        values: &[f64],
        tuned_cost: f64,
    ) -> Result<ControlFlow<usize, Finding>, Error> {
        self.run_told(set, values, tuned_cost, &mut |_| {})
    }

    /// The same; `told` gets the records of each part of the runs when they are done.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_told(
        &self,
        set: &Set,
        values: &[f64],
        tuned_cost: f64,
        told: &mut dyn FnMut(&[Record]),
    ) -> Result<ControlFlow<usize, Finding>, Error> {
        Ok(match self.runs(set, values, 0..self.samples, told)? {
            ControlFlow::Continue((scenarios, records)) => self.finding(set, &scenarios, records, tuned_cost),
            ControlFlow::Break(done) => ControlFlow::Break(done),
        })
    }

    /// The records of some of the runs alone, which have the same bits as among all.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn records(
        &self,
        set: &Set,
        values: &[f64],
        runs: Range<usize>,
        told: &mut dyn FnMut(&[Record]),
    ) -> Result<ControlFlow<usize, Vec<Record>>, Error> {
        Ok(match self.runs(set, values, runs, told)? {
            ControlFlow::Continue((_, records)) => ControlFlow::Continue(records),
            ControlFlow::Break(done) => ControlFlow::Break(done),
        })
    }

    /// What the records of all runs, in their order, come to. The scenarios are drawn again, and nothing is simulated.
    pub fn of_records(
        &self,
        set: &Set,
        records: Vec<Record>,
        tuned_cost: f64,
    ) -> ControlFlow<usize, Finding> {
        let draw = |index| set.scenario(self.config, self.seed, index);
        let scenarios: Vec<Scenario> = (0..records.len()).map(draw).collect();
        self.finding(set, &scenarios, records, tuned_cost)
    }

    /// Scenarios and their records, simulated in parts. How they are parted changes no bit: lanes do not influence each other.
    fn runs(
        &self,
        set: &Set,
        values: &[f64],
        runs: Range<usize>,
        told: &mut dyn FnMut(&[Record]),
    ) -> Result<ControlFlow<usize, Runs>, Error> {
        let (mut scenarios, mut records) = (Vec::new(), Vec::new());
        let mut size = FIRST_PART * self.resources.threads * engine::processes();
        while records.len() < runs.len() {
            if (self.stop)() {
                return Ok(ControlFlow::Break(records.len()));
            }
            let start = Instant::now();
            let first = runs.start + records.len();
            let part = first..runs.end.min(first + size);
            let weights = vec![1.0; part.len()];
            let part = part.map(|index| set.scenario(self.config, self.seed, index)).collect();
            let problem = Problem::on(self.config, part, weights);
            let found = engine::assess(&problem, self.resources, values)?;
            told(&found);
            records.extend(found);
            scenarios.extend(problem.scenarios);
            if start.elapsed() < PART {
                size *= 2;
            }
        }
        Ok(ControlFlow::Continue((scenarios, records)))
    }

    fn finding(
        &self,
        set: &Set,
        scenarios: &[Scenario],
        records: Vec<Record>,
        tuned_cost: f64,
    ) -> ControlFlow<usize, Finding> {
        let runs = records.len();
        let successes = records.iter().filter(|record| succeeds(self.config, record)).count();
        let survivors: Vec<&Record> = records.iter().filter(|record| record.survived()).collect();
        let distribution = |value: &dyn Fn(&Record) -> f64, key: u64| {
            let values: Vec<f64> = survivors.iter().map(|record| value(record)).collect();
            if values.is_empty() {
                return ControlFlow::Continue(None);
            }
            let found = Distribution::unless(self.stop, &values, self.seed, key);
            found.map_or(ControlFlow::Break(runs), |found| ControlFlow::Continue(Some(found)))
        };
        let cost = distribution(&|record| record.cost, 0)?;
        let mut metrics = Vec::new();
        for (key, place) in (1..).zip(self::metrics(self.config)) {
            metrics.extend(distribution(&|record| record.values[place], key)?);
        }
        ControlFlow::Continue(Finding {
            set: set.name.clone(),
            success: wilson(successes, runs),
            runs,
            failed: runs - survivors.len(),
            degradation: cost.map_or(f64::NAN, |cost| cost.mean.value) / tuned_cost,
            cost,
            histogram: Histogram::of(survivors.iter().map(|record| record.cost)),
            starts: Starts::of(&set.ranges(), scenarios, &records),
            metrics,
            worst: worst(set, self.seed, scenarios, &records),
            records,
        })
    }
}

/// Whether a run holds, is settled at the end and keeps the limits.
#[must_use]
pub fn succeeds(config: &Config, record: &Record) -> bool {
    let kept = record.values.iter().zip(&config.limits).all(|(value, limit)| value <= limit);
    record.survived() && kept && is_settled_at_the_end(config, record)
}

fn is_settled_at_the_end(config: &Config, record: &Record) -> bool {
    let is_settled = |(term, value): (&Term, &f64)| match term.measure {
        Measure::Response { aspect: Aspect::Unsettled, .. } => *value == 0.0,
        Measure::Response { .. } => true,
        _ => !term.is_settling_time() || verdict::is_settled(config, *value),
    };
    config.cost.iter().zip(&record.values).all(is_settled)
}

/// The weighted mean cost of gains in the scenarios of the tuning; NaN when they fail in one of them.
///
/// # Errors
///
/// When memory or threads cannot be had.
pub fn tuned_cost(config: &Config, resources: Resources, values: &[f64]) -> Result<f64, Error> {
    let problem = Problem::new(config);
    let records = engine::assess(&problem, resources, values)?;
    if !records.iter().all(Record::survived) {
        return Ok(f64::NAN);
    }
    Ok(records.iter().zip(&problem.weights).map(|(record, weight)| record.cost * weight).sum())
}

fn worst(set: &Set, seed: u64, scenarios: &[Scenario], records: &[Record]) -> Vec<Case> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by(|a, b| records[*b].rank(&records[*a]).then(a.cmp(b)));
    let case = |index: &usize| Case {
        id: RunId { set: set.name.clone(), seed, index: *index },
        scenario: scenarios[*index].clone(),
        record: records[*index],
    };
    order.iter().take(10).map(case).collect()
}
