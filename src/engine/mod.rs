//! The engine: generation after generation, ask → evaluate → tell, on all threads.
//!
//! This is the only module that knows of rayon. One `install` holds the whole run: a job handed in from outside would
//! allocate every time, and so would per-thread state made by the iterator.

use std::time::{Duration, Instant};

use crate::archive::{self, Archive, Damage, Persist};
use crate::memory::{self, HotGeneration, Reading, Rising, live_bytes};
use crate::problem::Problem;
use crate::simulation::Terms;
use crate::simulation::{Record, SimdLevel};
use crate::swarm::{Outcome, Question, Search, Seeker, StopReason};
use crate::{Error, Member};

mod backend;
mod coarse;
mod conduct;
mod crew;
mod declared;
mod evaluator;
#[cfg(feature = "mpi")]
mod follow;
mod front;
mod jobs;
mod log;
mod observer;
mod outcomes;
mod part;
#[cfg(feature = "mpi")]
mod ranks;
mod solo;
mod standing;
mod tally;
mod tuning;
mod workers;

pub use backend::prepare;
use backend::{Switch, left};
use coarse::Coarse;
pub(crate) use conduct::{Answer, all_agree, conduct, deal, is_called_off, part_ways, processes, share_out};
pub use declared::Declared;
use evaluator::Evaluator;
pub use front::{FrontSize, TradeOff};
use log::Log;
pub use log::ROWS_MAX;
pub use observer::{Flow, Observer, Progress};
use part::Step;
pub use solo::Solo;
pub use standing::Standing;
use standing::standing;
pub use tally::Tally;
pub use tuning::Tuning;

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

impl Persist for Resources {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.index(&mut self.threads, usize::MAX)?;
        archive.one_of(&mut self.level, SimdLevel::ALL)
    }
}

/// One generation of a run, or several in a row: a row of `convergence.csv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Generation {
    /// Counted from 1; of several, the last.
    pub generation: u64,
    /// Gain vectors judged since the start.
    pub evaluations: u64,
    /// Swarms that followed the first.
    pub restarts: u64,
    /// The best outcome so far.
    pub best: Outcome,
    /// The state of the swarm; `None` while its best is being polished, in a generation of the swarm that is kept beside it, and of several objectives.
    pub swarm: Option<Standing>,
    /// The trade-offs, of several objectives.
    pub front: Option<FrontSize>,
    /// Gain vectors judged.
    pub judged: u64,
    /// Those of them that are infeasible; one that was abandoned before it failed is not.
    pub infeasible: u64,
    /// Counts of the simulations.
    pub tally: Tally,
    /// Bytes by which the process has grown during generations since the start. Growth counts from its third new maximum on, so that
    /// memory taken once does not count: 0 unless something leaks. 0 without a meter.
    pub growth_bytes: i64,
}

/// Runs the search on a problem from its beginning to its end.
///
/// `observe` is called after every generation, outside of what is counted and timed as the hot path.
///
/// # Errors
///
/// As [`Run::new`] and [`Run::search`], and [`Error::MemoryLimit`] when the run would not fit into what it may use.
pub fn tune(
    problem: &Problem,
    resources: Resources,
    mut observe: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Tuning, Error> {
    Declared::of(problem, resources).fit(problem.memory_limit)?;
    Run::new(problem)?.search(resources, &mut observe)
}

/// The record of one gain vector in every scenario of the problem; `values` has one for each parameter of its controller.
///
/// # Errors
///
/// When threads cannot be started or memory cannot be reserved.
///
/// # Panics
///
/// When `values` has another length.
pub fn assess(problem: &Problem, resources: Resources, values: &[f64]) -> Result<Vec<Record>, Error> {
    assert_eq!(values.len(), problem.values.len(), "a value a parameter");
    workers::with(resources.threads, || {
        let mut evaluator = Evaluator::new(problem, resources, 1, Terms::All)?;
        Ok(evaluator.assess(values))
    })
}

/// A run so far; the state that it [`save`](crate::archive::save)s is all that a resumed run needs.
pub struct Run<'p> {
    problem: &'p Problem,
    search: Seeker,
    coarse: Coarse,
    log: Log,
    tally: Tally,
    /// The last generation, where the budget ended within it: a larger one judges it anew.
    cut: Option<Generation>,
    /// Time so far in ns, and the same times the threads.
    wall_ns: u64,
    core_ns: u64,
    /// Threads and SIMD level, of this process or of the one in which the run ended.
    resources: Resources,
    /// Allocations on the hot path before this process and in it; `None` without a meter.
    allocations: Option<u64>,
    /// How generations have made the process grow, and what the observer has seen of it outside of them.
    growth: Rising,
    outside: Rising,
    ended: Option<StopReason>,
    /// Why the run stops when it has not ended.
    stopped: StopReason,
    /// Live bytes before the run.
    held_bytes: i64,
}

impl<'p> Run<'p> {
    /// A run at its beginning.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub fn new(problem: &'p Problem) -> Result<Self, Error> {
        let held_bytes = live_bytes();
        Ok(Self {
            problem,
            held_bytes,
            search: Seeker::new(&problem.axes(), &problem.search, problem.seed)?,
            coarse: Coarse::new(problem, problem.search.positions_max(problem.tuned.len()))?,
            log: Log::new(problem.search.stopping.generations_max(), logged(problem))?,
            tally: Tally::default(),
            cut: None,
            wall_ns: 0,
            core_ns: 0,
            resources: Resources::default(),
            allocations: Reading::now().map(|_| 0),
            growth: Rising::default(),
            outside: Rising::default(),
            ended: None,
            stopped: StopReason::Interrupted,
        })
    }

    /// A run from its saved state. Its stopping rules may allow more than when it was saved: it continues as if they had from the start.
    ///
    /// # Errors
    ///
    /// As [`Run::new`], when the bytes are no state of this problem, and when the rules that end its search would have ended it before.
    pub fn restore(problem: &'p Problem, state: &[u8]) -> Result<Self, Error> {
        let mut run = Self::new(problem)?;
        archive::restore(&mut run, state)?;
        run.ended = run.search.resume(run.wall()).map_err(Error::Overrun)?;
        run.cut = run.cut.filter(|_| run.search.is_cut());
        Ok(run)
    }

    /// Why the run ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<StopReason> {
        self.ended
    }

    /// Bytes by which the run has made the process grow.
    #[must_use]
    pub fn growth_bytes(&self) -> i64 {
        self.growth.bytes().max(self.outside.bytes())
    }

    /// Lets an observer say by how much the process has grown outside of generations; the larger figure counts.
    pub fn note_growth(&mut self, bytes: i64) {
        self.outside.see(bytes);
    }

    /// Generations done.
    #[must_use]
    pub fn generations(&self) -> u64 {
        self.search.generations()
    }

    /// Time that it has taken.
    #[must_use]
    pub fn wall(&self) -> Duration {
        Duration::from_nanos(self.wall_ns)
    }

    /// Gain vectors judged.
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        self.search.evaluations()
    }

    /// Runs generations until the search ends, the observer interrupts it, or the program uses more memory than the problem
    /// allows ([`Declared::fit`] says before whether it will).
    ///
    /// # Errors
    ///
    /// When threads cannot be started or memory cannot be reserved, or when the best gain vector, simulated once more, does
    /// not give the cost for which it was chosen.
    pub fn search(self, resources: Resources, observer: &mut dyn Observer) -> Result<Tuning, Error> {
        workers::with(resources.threads, || self.run(resources, observer))
    }

    fn run(mut self, resources: Resources, observer: &mut dyn Observer) -> Result<Tuning, Error> {
        let problem = self.problem;
        let stopping = problem.search.stopping;
        let positions = problem.search.positions_max(problem.tuned.len());
        let mut evaluator = Evaluator::new(problem, resources, positions, problem.terms)?;
        let threads = resources.threads * processes();
        if self.ended.is_none() {
            self.resources = Resources { threads, ..resources };
        }
        if self.coarse.is_on() {
            evaluator = evaluator.marked()?;
            evaluator.take_part(self.coarse.part());
        }
        let mut ordered = memory::empty("the costs of the personal bests (particles)", positions)?;
        let (mut switch, refusal) = match self.ended {
            None => Switch::new(problem, resources.level),
            Some(_) => (Switch::Closed, None),
        };
        if let Some(refusal) = refusal {
            observer.on_the_program(&refusal);
        }
        evaluator.tell_of(&switch);
        evaluator.warm_up();

        let (before, core_before) = (Duration::from_nanos(self.wall_ns), self.core_ns);
        let start = Instant::now();
        let mut mark = Reading::now();
        let mut interrupted = false;
        while self.ended.is_none() && !interrupted {
            let hot = HotGeneration::enter();
            let step = self.coarse.next(&self.search);
            let question = ask(&mut self.search, step);
            if step == Step::Shorter {
                evaluator.take_part(self.coarse.part());
            }
            evaluator.evaluate(question, step.depth());
            let spent = start.elapsed();
            let elapsed = before + spent;
            self.ended = self.learn(&evaluator, step, elapsed);
            if matches!(step, Step::Noted | Step::Again) {
                self.look(&mut evaluator);
            }
            let mut row = self.row(&evaluator, &mut ordered);
            self.count_since(mark, evaluator.take_allocations());
            drop(hot);
            row.growth_bytes = self.growth_bytes();
            self.keep(row);
            let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            self.wall_ns = ns(elapsed);
            self.core_ns = core_before + ns(spent).saturating_mul(threads as u64);
            let Tally { simulations, control_steps, .. } = self.all();
            let used = (live_bytes() - self.held_bytes).max(0).cast_unsigned();
            let ended = self.ended.is_some();
            let exceeds = !ended && problem.memory_limit.is_some_and(|limit| used > limit);
            let progress = Progress { row, stopping, simulations, control_steps, elapsed, ended, exceeds };
            interrupted = observer.generation(&progress, &mut self) == Flow::Interrupt;
            if exceeds {
                self.stopped = StopReason::Memory;
                break;
            }
            if !ended {
                let left = left(problem, [self.generations(), self.evaluations()], elapsed);
                if let Some(refusal) = switch.advance(problem, resources.level, left) {
                    observer.on_the_program(&refusal);
                }
                evaluator.tell_of(&switch);
            }
            mark = Reading::now();
        }
        self.confirm(resources, &mut evaluator)
    }

    /// Takes what a generation came to; why the search ends, if it does.
    fn learn(&mut self, evaluator: &Evaluator<'_>, step: Step, elapsed: Duration) -> Option<StopReason> {
        let outcomes = evaluator.outcomes();
        match (step, self.search.for_one_mut()) {
            (Step::Part, Some(search)) => {
                let worth = self.coarse.went_on(outcomes.len(), self.problem);
                search.tell_part(outcomes, worth, elapsed)
            }
            (Step::Shorter, Some(search)) => {
                search.see_bests(outcomes);
                search.tell_shorter(self.coarse.part().worth(outcomes.len(), self.problem), elapsed)
            }
            (Step::Best, Some(search)) => {
                self.coarse.note_best(&outcomes[0]);
                search.tell_again(outcomes, elapsed)
            }
            (Step::Again, Some(search)) => search.tell_again(outcomes, elapsed),
            _ => self.search.tell(outcomes, evaluator.costs(), elapsed),
        }
    }

    /// Finds by what the swarm is judged from now on.
    fn look(&mut self, evaluator: &mut Evaluator<'_>) {
        let Some(search) = self.search.for_one_mut().filter(|search| !search.is_cut()) else { return };
        if let Some(seen) = self.coarse.choose(evaluator, search.wants_the_whole()) {
            search.see_bests(seen);
        }
        if self.coarse.judges_by_a_part() {
            evaluator.take_part(self.coarse.part());
        }
    }

    /// The row of the generation whose outcomes were just told.
    fn row(&self, evaluator: &Evaluator<'_>, ordered: &mut Vec<Outcome>) -> Generation {
        let outcomes = evaluator.outcomes();
        let is_of_kept = self.search.for_one().is_some_and(Search::was_turn_of_kept);
        Generation {
            generation: self.search.generations(),
            evaluations: self.search.evaluations(),
            restarts: self.search.restarts(),
            best: self.search.best().1,
            swarm: self.search.swarm().filter(|_| !is_of_kept).map(|swarm| {
                let standing = standing(swarm, ordered);
                // What a part judges is on another scale.
                if self.coarse.judges_by_a_part() {
                    Standing { median: f64::NAN, range: f64::NAN, ..standing }
                } else {
                    standing
                }
            }),
            front: self.search.trade_offs().map(FrontSize::of),
            judged: outcomes.len() as u64,
            infeasible: outcomes.iter().filter(|outcome| outcome.violation > 0.0).count() as u64,
            tally: evaluator.tally(),
            growth_bytes: 0,
        }
    }

    /// Keeps a generation, and one that was cut short apart from the others.
    fn keep(&mut self, row: Generation) {
        if self.search.is_cut() {
            self.cut = Some(row);
        } else {
            self.log.push(row, self.search.best().0);
            self.tally.add(&row.tally);
        }
    }

    /// Counts of all simulations.
    fn all(&self) -> Tally {
        let mut all = self.tally;
        all.add(&self.cut.map_or(Tally::NONE, |row| row.tally));
        all
    }

    /// Adds the allocations, those of other processes too, and the growth since `mark`.
    fn count_since(&mut self, mark: Option<Reading>, elsewhere: u64) {
        if let (Some(count), Some(before), Some(now)) = (&mut self.allocations, mark, Reading::now()) {
            *count += now.allocations - before.allocations + elsewhere;
            self.growth.add(now.live_bytes.cast_signed() - before.live_bytes.cast_signed());
        }
    }

    /// The result: the best gain vector, simulated once more.
    fn confirm(self, resources: Resources, evaluator: &mut Evaluator<'_>) -> Result<Tuning, Error> {
        let problem = self.problem;
        let growth_bytes = self.growth_bytes();
        let (position, best) = self.search.best();
        let decoded = |position: &[f64]| {
            let mut values = vec![0.0; problem.values.len()];
            problem.decode(position, &mut values);
            values
        };
        let values = decoded(position);
        let records = Evaluator::new(problem, resources, 1, Terms::All)?.confirm(&values, best)?;
        let trade_offs = self.search.trade_offs();
        let front = trade_offs.map(|search| front::confirmed(problem, search, evaluator)).transpose()?;
        Ok(Tuning {
            values,
            best,
            records,
            front: front.unwrap_or_default(),
            reason: self.ended.unwrap_or(self.stopped),
            generations: self.search.generations(),
            evaluations: self.search.evaluations(),
            restarts: self.search.restarts(),
            tally: self.all(),
            convergence: self.log.rows(self.cut),
            bests: self.log.bests(self.cut.map(|_| position)).map(decoded).collect(),
            bytes_per_simulation: evaluator.bytes_per_simulation(),
            hot_path_allocations: self.allocations,
            growth_bytes,
            worker_allocations: evaluator.worker_allocations(),
            busy: evaluator.busy(),
            wall: Duration::from_nanos(self.wall_ns),
            core_time: Duration::from_nanos(self.core_ns),
            resources: self.resources,
        })
    }
}

impl Persist for Run<'_> {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        self.search.pass(archive)?;
        self.coarse.pass(archive)?;
        self.log.pass(archive)?;
        self.tally.pass(archive)?;
        archive.optional(&mut self.cut, Generation::NONE, |archive, row| row.pass(archive))?;
        archive.u64(&mut self.wall_ns)?;
        archive.u64(&mut self.core_ns)?;
        self.resources.pass(archive)?;
        let mut allocations = self.allocations.unwrap_or(0);
        archive.u64(&mut allocations)?;
        self.allocations = self.allocations.map(|_| allocations);
        // Why it has ended follows from the search.
        let mut growth = self.growth_bytes();
        archive.i64(&mut growth)?;
        if growth != self.growth_bytes() {
            self.growth = Rising::known(growth);
        }
        Ok(())
    }
}

/// What a step asks.
fn ask(search: &mut Seeker, step: Step) -> Question<'_> {
    match (step, search) {
        (Step::Again | Step::Shorter, Seeker::Best(search)) => search.ask_again(),
        (Step::Best, Seeker::Best(search)) => search.ask_best(),
        (Step::Part, Seeker::Best(search)) => search.ask_part(),
        (_, search) => search.ask(),
    }
}

/// How many numbers of the best position the log has: of trade-offs none, of which there is no best.
fn logged(problem: &Problem) -> usize {
    if problem.objectives.is_empty() { problem.tuned.len() } else { 0 }
}
