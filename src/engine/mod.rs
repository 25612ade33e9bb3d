//! The engine: generation after generation, ask → evaluate → tell, on all threads.
//!
//! This is the only module that knows of rayon. One `install` holds the whole run: a job handed in from outside would
//! allocate every time, and so would per-thread state made by the iterator.

use std::time::{Duration, Instant};

use crate::Error;
use crate::costs::{CostKind, TermSet};
use crate::memory::{self, Reading};
use crate::problem::Problem;
use crate::simulation::{Ending, Record, SimdLevel};
use crate::swarm::{Outcome, Search, StopReason, Swarm};

mod evaluator;
mod workers;

use evaluator::Evaluator;
pub use evaluator::Tally;

/// How a run uses the machine; nothing here changes a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// Worker threads.
    pub threads: usize,
    /// The SIMD level of the kernel.
    pub level: SimdLevel,
}

impl Default for Resources {
    /// All cores, at the widest level.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, level: SimdLevel::widest() }
    }
}

/// One generation of a run: a row of `convergence.csv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Generation {
    /// Counted from 1.
    pub generation: u64,
    /// Gain vectors judged since the start.
    pub evaluations: u64,
    /// The best cost so far.
    pub best: Outcome,
    /// The median of the personal bests.
    pub median_personal_best: f64,
    /// What this generation's simulations came to.
    pub tally: Tally,
}

/// What an observer is shown after each generation.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The generation that was done.
    pub row: Generation,
    /// Generations to run at most.
    pub generations: u64,
    /// Simulations since the start.
    pub simulations: u64,
    /// Time since the start.
    pub elapsed: Duration,
}

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// All parameter values of the best gain vector.
    pub values: Vec<f64>,
    /// Its outcome.
    pub best: Outcome,
    /// Its record in every scenario, simulated anew after the search and found to be the same.
    pub records: Vec<Record>,
    /// Why the search ended.
    pub reason: StopReason,
    /// Gain vectors judged.
    pub evaluations: u64,
    /// What all simulations came to.
    pub tally: Tally,
    /// The search, a row a generation.
    pub convergence: Vec<Generation>,
    /// Arena bytes a simulation.
    pub bytes_per_simulation: u64,
    /// Allocations on any thread from the end of warm-up to the last outcome, but for what the observer did; `None` without
    /// a meter.
    pub hot_path_allocations: Option<u64>,
    /// Time from the first generation to the last.
    pub wall: Duration,
}

impl Tuning {
    /// The value of a term for the best gain vector: the mean over the scenarios and the largest; NaN when it was not simulated.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a number of scenarios")]
    pub fn value(&self, kind: CostKind) -> [f64; 2] {
        let values = self.records.iter().map(|record| record.values[kind as usize]);
        let mean = values.clone().sum::<f64>() / self.records.len() as f64;
        [mean, values.fold(f64::NAN, f64::max)]
    }

    /// How many scenarios the best gain vector fails in; `None` when it was not simulated because it breaks a constraint or has
    /// no stable certificate.
    #[must_use]
    pub fn failed(&self) -> Option<usize> {
        let failed = |record: &&Record| record.ending != Ending::Survived;
        let simulated = self.records.iter().all(|record| record.ending != Ending::Pending);
        simulated.then(|| self.records.iter().filter(failed).count())
    }

    /// Simulations a second of wall time.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    pub fn simulations_per_s(&self) -> f64 {
        self.tally.simulations as f64 / self.wall.as_secs_f64()
    }

    /// Time of one core a control step in ns.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    pub fn ns_per_control_step(&self, threads: usize) -> f64 {
        1e9 * threads as f64 / self.control_steps_per_s()
    }

    /// Control steps a second of wall time.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    pub fn control_steps_per_s(&self) -> f64 {
        self.tally.control_steps as f64 / self.wall.as_secs_f64()
    }
}

/// Runs the swarm on a problem.
///
/// `observe` is called after every generation, outside of what is counted and timed as the hot path.
///
/// # Errors
///
/// When threads cannot be started or memory cannot be reserved, or when the best gain vector, simulated once more, does
/// not give the cost for which it was chosen.
pub fn tune(
    problem: &Problem,
    resources: Resources,
    observe: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Tuning, Error> {
    workers::with(resources.threads, || run(problem, resources, observe))
}

/// The record of one gain vector in every scenario of the problem.
///
/// # Errors
///
/// When threads cannot be started or memory cannot be reserved.
pub fn assess(problem: &Problem, resources: Resources, values: &[f64]) -> Result<Vec<Record>, Error> {
    workers::with(resources.threads, || {
        let mut evaluator = Evaluator::new(problem, resources, 1, TermSet::ALL)?;
        Ok(evaluator.assess(values))
    })
}

fn run(
    problem: &Problem,
    resources: Resources,
    observe: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Tuning, Error> {
    let mut swarm = Swarm::new(&problem.axes(), &problem.swarm, problem.seed)?;
    let mut evaluator = Evaluator::new(problem, resources, problem.swarm.particles, problem.terms)?;
    let generations = problem.stopping.generations_max(problem.swarm.particles);
    let rows = usize::try_from(generations).unwrap_or(usize::MAX);
    let mut convergence = memory::empty("the rows of convergence.csv (generations)", rows)?;
    let mut personal_bests = swarm.personal_bests().to_vec();
    let mut ordered = personal_bests.clone();
    evaluator.warm_up();

    let start = Instant::now();
    let mut tally = Tally::default();
    let mut allocations = Reading::now().map(|_| 0);
    let mut mark = Reading::now();
    let dimensions = problem.tuned.len();
    let mut search = Search::new(problem.stopping);
    let reason = loop {
        // The bests are copied, since asking borrows the swarm for as long as the positions are looked at.
        let judged = search.allowance(problem.swarm.particles);
        evaluator.evaluate(&swarm.ask()[..judged * dimensions], &personal_bests[..judged]);
        swarm.tell(evaluator.outcomes());
        personal_bests.copy_from_slice(swarm.personal_bests());
        let ended = search.advance(judged, swarm.best().1, start.elapsed());

        let done = evaluator.tally();
        tally.add(&done);
        let row = Generation {
            generation: search.generations,
            evaluations: search.evaluations,
            best: swarm.best().1,
            median_personal_best: median(&personal_bests, &mut ordered),
            tally: done,
        };
        convergence.push(row);
        let (simulations, elapsed) = (tally.simulations, start.elapsed());
        count_since(mark, &mut allocations);
        observe(&Progress { row, generations, simulations, elapsed });
        mark = Reading::now();
        if let Some(reason) = ended {
            break reason;
        }
    };
    let wall = start.elapsed();

    let (position, best) = swarm.best();
    let mut values = vec![0.0; problem.values.len()];
    problem.decode(position, &mut values);
    let records = Evaluator::new(problem, resources, 1, TermSet::ALL)?.confirm(&values, best)?;
    Ok(Tuning {
        values,
        best,
        records,
        reason,
        evaluations: search.evaluations,
        tally,
        convergence,
        bytes_per_simulation: evaluator.bytes_per_simulation(),
        hot_path_allocations: allocations,
        wall,
    })
}

/// Adds the allocations since `mark` to `count`.
fn count_since(mark: Option<Reading>, count: &mut Option<u64>) {
    if let (Some(count), Some(before), Some(now)) = (count, mark, Reading::now()) {
        *count += now.allocations - before.allocations;
    }
}

/// The cost of the particle in the middle of the order of outcomes; `ordered` is room to sort in.
fn median(bests: &[Outcome], ordered: &mut [Outcome]) -> f64 {
    ordered.copy_from_slice(bests);
    ordered.sort_unstable_by(Outcome::rank);
    ordered[ordered.len() / 2].cost
}
