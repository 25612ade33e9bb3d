//! Evaluates gain vectors on all threads, each with a workspace of its own.

use std::mem;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::Resources;
use super::backend::Switch;
use super::crew::Crew;
use super::jobs::Jobs;
use super::outcomes::{abandonment_bound, outcome, reach, several};
use super::part::{self, Depth, Judged, Part};
use super::tally::Tally;
use crate::Error;
use crate::costs::aggregate::Weighed;
use crate::memory::{self, HotPath, OwnReading, Reading};
use crate::problem::Problem;
use crate::simulation::FAILURE_COST;
use crate::simulation::Terms;
use crate::simulation::{Batch, Ending, Extent, Record, Records, SimdLevel, Workspace};
use crate::swarm::pareto::Costs;
use crate::swarm::{Outcome, Question};

/// Generations in a row that must not allocate before the warm-up is over, and how many it may take at most.
const QUIET_ROUNDS: usize = 3;
const WARM_UP_ROUNDS_MAX: usize = 100;

/// How long the other workers stay busy in the warm-up, so that the one that shares out the work has to wait once.
const LINGER: Duration = Duration::from_millis(1);

/// Judges gain vectors by simulation; everything is reserved when it is made.
pub(super) struct Evaluator<'p> {
    problem: &'p Problem,
    resources: Resources,
    workspaces: Box<[Mutex<Workspace>]>,
    /// What each worker has allocated while it worked.
    allocations: Box<[AtomicU64]>,
    /// Nanoseconds that all workers have spent in the kernel.
    busy_ns: AtomicU64,
    values: Box<[f64]>,
    bounds: Box<[f64]>,
    /// How far beyond a bound the cost in each scenario must be.
    reaches: Box<[f64]>,
    terms: Terms,
    /// Room to sort costs in.
    costs: Box<[Weighed]>,
    /// Which gain vector each row of `values` is: those that are not simulated have none.
    vectors: Box<[usize]>,
    queue: AtomicUsize,
    records: Records,
    outcomes: Box<[Outcome]>,
    /// What each gain vector costs in several objectives; none where the cost is one.
    of_objectives: Box<[Costs]>,
    /// How many gain vectors the last evaluation judged, and how many of them were simulated.
    judged: usize,
    rows: usize,
    tally: Tally,
    /// How the last evaluation simulated, the part that may judge, and the weights of its scenarios.
    depth: Depth,
    part: Part,
    weights: Vec<f64>,
    /// What a part makes of gain vectors that were judged as a whole.
    again: Box<[Outcome]>,
    /// The processes that judge with this one.
    crew: Crew,
}

impl<'p> Evaluator<'p> {
    /// An evaluator of up to `vectors` gain vectors at a time that finds the given terms, with a workspace a thread.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(
        problem: &'p Problem,
        resources: Resources,
        vectors: usize,
        terms: Terms,
    ) -> Result<Self, Error> {
        Ok(Self {
            problem,
            resources,
            workspaces: workspaces(problem, resources, arena_bytes(problem, resources.level, terms))?,
            allocations: (0..resources.threads).map(|_| AtomicU64::new(0)).collect(),
            busy_ns: AtomicU64::new(0),
            values: memory::filled("gain vectors", vectors * problem.values.len(), 0.0)?,
            bounds: memory::filled("gain vectors", vectors, f64::INFINITY)?,
            reaches: problem.weights.iter().map(|weight| reach(problem, *weight)).collect(),
            terms,
            costs: memory::filled("costs", problem.scenarios.len(), (0.0, 0.0))?,
            vectors: memory::filled("gain vectors", vectors, 0)?,
            queue: AtomicUsize::new(0),
            records: Records::new(vectors.saturating_mul(problem.scenarios.len()), problem.limits.len())?,
            outcomes: memory::filled("outcomes", vectors, Outcome::WORST)?,
            of_objectives: memory::filled(
                "outcomes",
                if problem.objectives.is_empty() { 0 } else { vectors },
                Costs::WORST,
            )?,
            judged: 0,
            rows: 0,
            tally: Tally::default(),
            depth: Depth::Whole,
            part: Part::default(),
            weights: Vec::new(),
            again: Box::default(),
            crew: Crew::assemble(problem, resources, vectors, terms)?,
        })
    }

    /// The same, which notes costs on the way and may judge by a part.
    ///
    /// # Errors
    ///
    /// As [`Evaluator::new`].
    pub(super) fn marked(mut self) -> Result<Self, Error> {
        self.crew.mark()?;
        let (vectors, scenarios) = (self.vectors(), self.problem.scenarios.len());
        let bytes = longer_arena_bytes(self.problem, self.resources.level, self.terms);
        Ok(Self {
            workspaces: workspaces(self.problem, self.resources, bytes)?,
            records: Records::marked(self.records.len(), self.problem.limits.len())?,
            part: Part::with_room(scenarios)?,
            weights: memory::empty("costs", scenarios)?,
            again: memory::filled("outcomes", vectors, Outcome::WORST)?,
            ..self
        })
    }

    /// Lets every worker start and work, until several rounds in a row have not allocated.
    ///
    /// Must be called within the pool, like everything that evaluates.
    pub(super) fn warm_up(&mut self) {
        self.crew.warm_up();
        self.rendezvous();
        let mut quiet = 0;
        for _ in 0..WARM_UP_ROUNDS_MAX {
            let before = Reading::now().map(|reading| reading.allocations);
            self.run(0..0);
            let after = Reading::now().map(|reading| reading.allocations);
            quiet = if before == after { quiet + 1 } else { 0 };
            if quiet == QUIET_ROUNDS {
                break;
            }
        }
        self.allocations.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        self.busy_ns.store(0, Ordering::Relaxed);
    }

    /// Time that all workers have spent in the kernel since the warm-up.
    pub(super) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_ns.load(Ordering::Relaxed))
    }

    /// What each worker has allocated since the warm-up.
    pub(super) fn worker_allocations(&self) -> Vec<u64> {
        self.allocations.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// Makes every worker take work from another and wait for work of its own: both allocate the first time.
    ///
    /// There are as many tasks as workers and none ends before all have begun, so each worker has one; those that did not
    /// share out the work linger, so that the one that did waits for them.
    fn rendezvous(&self) {
        let origin = rayon::current_thread_index();
        let arrived = AtomicUsize::new(0);
        self.on_all_workers(|| {
            arrived.fetch_add(1, Ordering::Relaxed);
            while arrived.load(Ordering::Relaxed) < self.workspaces.len() {
                std::thread::yield_now();
            }
            if rayon::current_thread_index() != origin {
                std::thread::sleep(LINGER);
            }
            self.work(0);
        });
    }

    /// Judges every position; the outcomes are then in [`Evaluator::outcomes`].
    ///
    /// A simulation may be abandoned once its position cannot beat what it has to beat.
    ///
    /// # Allocation
    ///
    /// None after [`Evaluator::warm_up`], as long as nothing panics.
    pub(super) fn evaluate(&mut self, question: Question<'_>, depth: Depth) {
        self.depth = depth;
        self.judged = question.to_beat.len();
        self.rows = self.admit(question);
        self.simulate();
        self.tally.rejected = (self.judged - self.rows) as u64;
    }

    /// Judges the gain vectors of the last evaluation once more, by a part, beside what they came to.
    ///
    /// # Allocation
    ///
    /// None, as [`Evaluator::evaluate`].
    pub(super) fn judge_again(&mut self, part: &Part) {
        let (depth, tally) = (self.depth, self.tally);
        self.take_part(part);
        self.depth = Depth::Part;
        // What is not simulated comes to the same.
        self.again.copy_from_slice(&self.outcomes);
        mem::swap(&mut self.again, &mut self.outcomes);
        self.simulate();
        mem::swap(&mut self.again, &mut self.outcomes);
        self.depth = depth;
        self.tally.add(&tally);
    }

    /// Simulates all rows, and finds what they come to.
    fn simulate(&mut self) {
        self.records.clear();
        self.run_all(self.rows * self.scenarios());
        self.reduce();
    }

    /// The part by which this generation is judged, if one does.
    fn in_part(&self) -> Option<&Part> {
        (self.depth == Depth::Part).then_some(&self.part)
    }

    /// How many scenarios this generation has.
    fn scenarios(&self) -> usize {
        self.in_part().map_or(self.problem.scenarios.len(), |part| part.scenarios.len())
    }

    /// Takes over the part by which gain vectors are judged.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn take_part(&mut self, part: &Part) {
        self.crew.take_part(part);
        self.part.copy(part);
        self.weights.clear();
        self.weights.extend(part::weights(self.problem, &part.scenarios));
    }

    /// What the last generation came to, by whole simulations.
    pub(super) fn judged(&self) -> Judged<'_> {
        Judged {
            problem: self.problem,
            vectors: &self.vectors[..self.rows],
            outcomes: self.outcomes(),
            again: &self.again[..self.judged.min(self.again.len())],
            records: &self.records,
        }
    }

    /// Decodes the positions that are worth simulating into rows, and scores the others; returns the number of rows.
    fn admit(&mut self, question: Question<'_>) -> usize {
        let width = self.problem.values.len();
        let mut rows = 0;
        let positions = question.positions.chunks_exact(self.problem.tuned.len());
        for (vector, (position, best)) in positions.zip(question.to_beat).enumerate() {
            let row = &mut self.values[rows * width..][..width];
            self.problem.decode(position, row);
            let violation = self.problem.violation(row);
            self.outcomes[vector] = Outcome::infeasible(violation);
            if let Some(costs) = self.of_objectives.get_mut(vector) {
                *costs = Costs::infeasible(violation);
            }
            if violation == 0.0 {
                self.vectors[rows] = vector;
                self.bounds[rows] = if self.depth == Depth::Whole {
                    abandonment_bound(self.problem, best)
                } else {
                    f64::INFINITY
                };
                rows += 1;
            }
        }
        rows
    }

    /// How many gain vectors it judges at a time.
    pub(super) fn vectors(&self) -> usize {
        self.outcomes.len()
    }

    /// The outcomes of the last evaluation, one a gain vector.
    pub(super) fn outcomes(&self) -> &[Outcome] {
        &self.outcomes[..self.judged]
    }

    /// The costs in several objectives; none where the cost is one.
    pub(super) fn costs(&self) -> &[Costs] {
        &self.of_objectives[..self.judged.min(self.of_objectives.len())]
    }

    /// What the last evaluation's simulations came to.
    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// Arena bytes that a bundle uses, a lane.
    pub(super) fn bytes_per_simulation(&self) -> u64 {
        let used = self.workspaces.iter().map(|workspace| lock(workspace).used_bytes()).max().unwrap_or(0);
        used.div_ceil(self.problem.simulator.lanes(self.resources.level)) as u64
    }

    /// The records of one gain vector, without abandonment.
    pub(super) fn assess(&mut self, values: &[f64]) -> Vec<Record> {
        self.values[..values.len()].copy_from_slice(values);
        self.bounds[0] = f64::INFINITY;
        self.depth = Depth::Whole;
        let scenarios = self.problem.scenarios.len();
        self.records.clear();
        self.run_all(scenarios);
        (0..scenarios).map(|scenario| self.records.get(scenario)).collect()
    }

    /// Simulates the chosen gain vector once more: a cost that is reported is the result of simulations that ran. Where even
    /// the best is not to be simulated, its records are pending.
    pub(super) fn confirm(&mut self, values: &[f64], chosen: Outcome) -> Result<Vec<Record>, Error> {
        if self.problem.violation(values) > 0.0 {
            return Ok(vec![Record::PENDING; self.problem.scenarios.len()]);
        }
        let records = self.assess(values);
        let weighed = records.iter().copied().zip(self.problem.weights.iter().copied());
        let mut found = outcome(self.problem, weighed, &mut self.costs);
        if !self.of_objectives.is_empty() {
            let records = records.iter().copied();
            found = several(self.problem, &records, found.violation, &mut self.costs).outcome();
        }
        // Without any finite cost there is no best to confirm.
        if found.cost.to_bits() == chosen.cost.to_bits() || !chosen.cost.is_finite() {
            Ok(records)
        } else {
            Err(Error::NotReproduced { chosen: chosen.cost, found: found.cost })
        }
    }

    /// Tells the others when there is machine code.
    pub(super) fn tell_of(&mut self, switch: &Switch) {
        if switch.is_native() {
            self.crew.go_native();
        }
    }

    /// What other processes have allocated while they judged, since this was last asked.
    pub(super) fn take_allocations(&mut self) -> u64 {
        self.crew.take_allocations()
    }

    /// Runs so many jobs, here and wherever else somebody judges.
    fn run_all(&mut self, count: usize) {
        let (width, scenarios) = (self.problem.values.len(), self.scenarios());
        let (values, bounds, depth) = (&self.values, &self.bounds, self.depth);
        let own = self.crew.deal(Jobs { values, width, bounds, scenarios, depth, count });
        self.run(own);
        self.crew.gather(&self.records);
    }

    /// Runs jobs that another process has dealt: with the bounds and the values of their rows, as bits; their records are then in [`Evaluator::records`].
    ///
    /// # Allocation
    ///
    /// None after [`Evaluator::warm_up`], as long as nothing panics.
    #[cfg(feature = "mpi")]
    pub(super) fn run_dealt(&mut self, depth: Depth, jobs: Range<usize>, [bounds, values]: [&[u64]; 2]) {
        self.depth = depth;
        let row = jobs.start / self.scenarios();
        let copy = |places: &mut [f64], words: &[u64]| {
            places.iter_mut().zip(words).for_each(|(place, word)| *place = f64::from_bits(*word));
        };
        copy(&mut self.bounds[row..], bounds);
        copy(&mut self.values[row * self.problem.values.len()..], values);
        self.records.clear();
        self.run(jobs);
    }

    /// The records of the last generation.
    #[cfg(feature = "mpi")]
    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    /// Runs jobs on all workers of this process.
    fn run(&self, jobs: Range<usize>) {
        self.queue.store(jobs.start, Ordering::Relaxed);
        self.on_all_workers(|| self.work(jobs.end));
    }

    /// Runs one copy of `task` for each worker.
    fn on_all_workers(&self, task: impl Fn() + Sync) {
        (0..self.workspaces.len()).into_par_iter().with_max_len(1).for_each(|_| task());
    }

    /// Takes jobs until none is left; after a panic the jobs that were in flight are run one by one.
    fn work(&self, end: usize) {
        let worker = rayon::current_thread_index().unwrap_or(0);
        let (before, _hot) = (OwnReading::now(), HotPath::enter());
        let mut workspace = lock(&self.workspaces[worker]);
        while self.try_run(&self.queue, end, &mut workspace).is_err() {
            let unfinished: Vec<usize> = workspace.in_flight().iter().copied().flatten().collect();
            for job in unfinished {
                if self.records.get(job).ending == Ending::Pending {
                    self.retry(job, &mut workspace);
                }
            }
        }
        if let (Some(before), Some(after)) = (before, OwnReading::now()) {
            self.allocations[worker].fetch_add(after.allocations - before.allocations, Ordering::Relaxed);
        }
    }

    /// Runs one job alone; if it panics again, it caused the first panic.
    fn retry(&self, job: usize, workspace: &mut Workspace) {
        let alone = AtomicUsize::new(job);
        if self.try_run(&alone, job + 1, workspace).is_err() {
            let cost = 2.0 * FAILURE_COST;
            self.records.set(job, &Record { ending: Ending::Panicked, cost, ..Record::PENDING });
        }
    }

    fn try_run(&self, queue: &AtomicUsize, end: usize, workspace: &mut Workspace) -> std::thread::Result<()> {
        let problem = self.problem;
        let part = self.in_part();
        let usual = (&problem.scenarios[..], &*problem.simulator);
        let (scenarios, simulator) = part.map_or(usual, |part| part.run(problem));
        let batch = Batch {
            values: &self.values,
            width: problem.values.len(),
            scenarios,
            chosen: part.map(|part| &part.scenarios[..]),
            bounds: &self.bounds,
            reaches: &self.reaches,
            terms: self.terms,
            extent: match self.depth {
                Depth::Part => Extent::Parts(self.part.parts),
                Depth::Noted => Extent::Marked,
                Depth::Whole => Extent::Whole,
            },
            queue,
            end,
            records: &self.records,
        };
        // Records are atomic words and the workspace is cleared before its next use, so a panic leaves no invalid state.
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| {
            simulator.run(self.resources.level, &batch, workspace);
        }));
        let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.busy_ns.fetch_add(spent, Ordering::Relaxed);
        result
    }

    /// Outcomes and tally from the records, in the order of their index.
    fn reduce(&mut self) {
        let weights = if self.depth == Depth::Part { &self.weights } else { &self.problem.weights };
        let scenarios = weights.len();
        self.tally = Tally::default();
        for (row, vector) in self.vectors[..self.rows].iter().enumerate() {
            let records = (0..scenarios).map(|scenario| self.records.get(row * scenarios + scenario));
            let records = records.inspect(|record| self.tally.count(record)).zip(weights.iter().copied());
            self.outcomes[*vector] = outcome(self.problem, records, &mut self.costs);
            if let Some(costs) = self.of_objectives.get_mut(*vector) {
                let records = (0..scenarios).map(|scenario| self.records.get(row * scenarios + scenario));
                let violation = self.outcomes[*vector].violation;
                *costs = several(self.problem, &records, violation, &mut self.costs);
            }
        }
    }
}

/// Workspaces for all threads, of so many bytes.
fn workspaces(
    problem: &Problem,
    resources: Resources,
    bytes: usize,
) -> Result<Box<[Mutex<Workspace>]>, Error> {
    let lanes = problem.simulator.lanes(resources.level);
    (0..resources.threads).map(|_| Workspace::reserve(bytes, lanes).map(Mutex::new)).collect()
}

/// Bytes of an arena in which every simulation of a problem fits.
pub(super) fn arena_bytes(problem: &Problem, level: SimdLevel, terms: Terms) -> usize {
    problem.simulator.workspace_bytes(level, terms)
}

/// The same where it may be simulated in longer steps as well.
pub(super) fn longer_arena_bytes(problem: &Problem, level: SimdLevel, terms: Terms) -> usize {
    let longer = problem.coarser.iter().map(|coarser| coarser.simulator.workspace_bytes(level, terms));
    longer.fold(arena_bytes(problem, level, terms), usize::max)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
