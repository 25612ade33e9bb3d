//! How far a study scales: what a generation costs, and on how many cores it is worth it.
//!
//! A core takes simulations in blocks of lanes, and a block takes as long with one simulation in it as when it is full. So a generation of J
//! simulations is B = ⌈J / lanes⌉ blocks, and takes on n cores
//!
//! ```text
//! T(1) = s + B b,   T(n) = s + x + ⌈B / n⌉ b,   S(n) = T(1) / T(n)
//! ```
//!
//! where b is the time of a block, s that of what one core does while the others wait (asking and telling the search, constraints and
//! certificates, and the reduction of the records to outcomes), and x that of the exchange: handing out the work and waiting for the last. More than B
//! cores are of no use, and s bounds what fewer gain (Amdahl 1967, doi:10.1145/1465482.1465560). A study fills the largest number of cores
//! of which each does more than half of what one does alone, S(n) > n/2, and without one of which it would take longer.
//!
//! All times are measured, on the study itself: b as in [`pace`], the others by generations whose simulations take no time. How well that
//! foretells real runs stands in `docs/cluster/scaling.md`.

#![allow(clippy::cast_precision_loss, reason = "an estimate")]

use std::time::{Duration, Instant};

use crate::Error;
use crate::config::Config;
use crate::engine::{Flow, Observer, Progress, Resources, Run};
use crate::native::Backend;
use crate::pace;
use crate::problem::{LongerSteps, Problem};
use crate::simulation::{
    Batch, Ending, Record, Scenario, SimdLevel, Simulator, Terms, Trajectory, Workspace,
};
use crate::statistics::median;
use crate::swarm::pareto::Costs;
use crate::swarm::{Outcome, Seeker, Stopping};

/// Generations that are measured; in the first half a surrogate still learns.
const GENERATIONS: u64 = 20;
/// A measurement ends before that after so long, in s, and after no fewer generations than two.
const LONGEST_S: f64 = 0.1;
/// Larger generations are measured by a part of their gain vectors.
const SIMULATIONS_MAX: usize = 100_000;
/// More than this share of what a core does alone it does among those that a study fills.
const EFFICIENCY: f64 = 0.5;

/// What a generation costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Simulations of a generation, when it is judged as a whole.
    pub simulations: usize,
    /// Simulations that a core takes at a time.
    pub lanes: usize,
    /// The time of a block of them, in s.
    pub block_s: f64,
    /// The time in which the search is asked and told, in s.
    pub search_s: f64,
    /// The time in which constraints are checked, and certificates where the study asks for them, in s.
    pub constraints_s: f64,
    /// The time in which records become outcomes, in s.
    pub reduction_s: f64,
    /// The time in which several threads are given work and waited for, in s.
    pub exchange_s: f64,
}

impl Scaling {
    /// Blocks of a generation: no more cores than these can be of use.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.simulations.div_ceil(self.lanes.max(1)).max(1)
    }

    /// The time of a generation that no further core shortens, but for the exchange, in s.
    #[must_use]
    pub fn serial_s(&self) -> f64 {
        self.search_s + self.constraints_s + self.reduction_s
    }

    /// The time of a generation on so many cores, in s.
    #[must_use]
    pub fn seconds(&self, cores: usize) -> f64 {
        let exchange = if cores > 1 { self.exchange_s } else { 0.0 };
        self.serial_s() + exchange + self.blocks().div_ceil(cores.max(1)) as f64 * self.block_s
    }

    /// How many times as fast as one core so many are.
    #[must_use]
    pub fn speedup(&self, cores: usize) -> f64 {
        self.seconds(1) / self.seconds(cores)
    }

    /// The cores that the study fills; see the module.
    #[must_use]
    pub fn cores(&self) -> usize {
        // The fewest cores that do with so many blocks one after the other, from one block on.
        let mut fewest = (1..=self.blocks()).map(|rounds| self.blocks().div_ceil(rounds));
        fewest.find(|cores| self.speedup(*cores) > EFFICIENCY * *cores as f64).unwrap_or(1)
    }
}

/// What a generation of a study costs here.
///
/// # Errors
///
/// When threads cannot be started or memory cannot be reserved.
pub fn measured(config: &Config, resources: Resources) -> Result<Scaling, Error> {
    let block_s = pace::block(config, resources)?;
    let mut config = config.clone();
    let particles = config.swarm.settings.particles;
    let part = particles.min((SIMULATIONS_MAX / config.scenario_count().max(1)).max(1));
    config.swarm.settings.particles = part;
    config.swarm.stopping = Stopping::after_generations(GENERATIONS);
    // Generations that a part judges have fewer simulations, and later ones too.
    (config.swarm.coarse_first, config.swarm.shrinks) = (false, false);
    let whole = Problem::new(&config);
    let lanes = whole.simulator.lanes(resources.level);
    let simulator = Box::new(Delay::none(lanes));
    let problem = Problem { simulator, coarser: LongerSteps::default(), backend: Backend::Program, ..whole };

    let [search_s, constraints_s, asked] = asking(&problem)?;
    let alone = Watch::over(&problem, Resources { threads: 1, ..resources })?;
    // More threads than cores only wait for each other.
    let threads = Resources::default().threads;
    let exchange_s = if threads > 1 {
        let together = Watch::over(&problem, Resources { threads, ..resources })?;
        (together.shortest_s() - alone.shortest_s()).max(0.0)
    } else {
        0.0
    };
    let times = particles as f64 / part as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positions")]
    let positions = (asked * times).round() as usize;
    Ok(Scaling {
        simulations: positions.saturating_mul(problem.scenarios.len()),
        lanes,
        block_s,
        search_s: times * search_s,
        constraints_s: times * constraints_s,
        reduction_s: times * (alone.usual_s() - search_s - constraints_s).max(0.0),
        exchange_s,
    })
}

/// Processor time of a generation for the search and for constraints and certificates, in s, and the positions that it asks for.
fn asking(problem: &Problem) -> Result<[f64; 3], Error> {
    let axes = problem.axes();
    let mut seeker = Seeker::new(&axes, &problem.search, problem.seed)?;
    let mut values = vec![0.0; problem.values.len()];
    let (mut searched, mut checked, mut asked) = (Vec::new(), Vec::new(), 0);
    let start = Instant::now();
    for generation in 0..GENERATIONS {
        let before = pace::thread_seconds();
        let positions = seeker.ask().positions.to_vec();
        let told = pace::thread_seconds();
        for position in positions.chunks_exact(axes.len()) {
            problem.decode(position, &mut values);
            std::hint::black_box(problem.violation(&values));
        }
        let after = pace::thread_seconds();
        let (outcomes, costs): (Vec<Outcome>, Vec<Costs>) =
            positions.chunks_exact(axes.len()).map(|position| told_of(problem, position)).unzip();
        let again = pace::thread_seconds();
        seeker.tell(&outcomes, &costs, Duration::ZERO);
        searched.push(told - before + pace::thread_seconds() - again);
        checked.push(after - told);
        asked = asked.max(outcomes.len());
        if generation > 0 && start.elapsed().as_secs_f64() > LONGEST_S {
            break;
        }
    }
    Ok([usual(&searched), usual(&checked), asked as f64])
}

/// What the measurement tells of a position, in place of simulations.
fn told_of(problem: &Problem, position: &[f64]) -> (Outcome, Costs) {
    let values: Vec<f64> = (0..problem.objectives.len()).map(|place| made_up(position, place)).collect();
    (Outcome::feasible(made_up(position, 0)), Costs::feasible(&values))
}

/// A smooth cost of some numbers that takes no time to find; each place has another.
fn made_up(numbers: &[f64], place: usize) -> f64 {
    let at = 0.1 + 0.2 * place as f64;
    numbers.iter().map(|number| (number / (1.0 + number.abs()) - at).powi(2)).sum()
}

/// The median of the second half.
fn usual(times: &[f64]) -> f64 {
    median(times[times.len() / 2..].to_vec())
}

/// Watches the generations of a run: processor time of the thread that asks and time of the clock, in s.
struct Watch {
    start: Instant,
    last: [f64; 2],
    generations: Vec<[f64; 2]>,
}

impl Watch {
    fn over(problem: &Problem, resources: Resources) -> Result<Self, Error> {
        let mut watch = Self { start: Instant::now(), last: [0.0; 2], generations: Vec::new() };
        Run::new(problem)?.search(resources, &mut watch)?;
        Ok(watch)
    }

    fn usual_s(&self) -> f64 {
        usual(&self.generations.iter().map(|times| times[0]).collect::<Vec<_>>())
    }

    fn shortest_s(&self) -> f64 {
        let late = &self.generations[self.generations.len() / 2..];
        late.iter().map(|times| times[1]).fold(f64::INFINITY, f64::min)
    }
}

impl Observer for Watch {
    fn generation(&mut self, _progress: &Progress, _run: &mut Run<'_>) -> Flow {
        let now = [pace::thread_seconds(), self.start.elapsed().as_secs_f64()];
        self.generations.push([now[0] - self.last[0], now[1] - self.last[1]]);
        // What stands here is no part of a generation.
        self.last = [pace::thread_seconds(), self.start.elapsed().as_secs_f64()];
        let is_enough = self.generations.len() >= 2 && now[1] > LONGEST_S;
        if is_enough { Flow::Interrupt } else { Flow::Continue }
    }
}

/// Takes so long for a block of simulations and simulates nothing: shows what a generation costs beside them.
#[derive(Debug, Clone, Copy)]
pub struct Delay {
    /// Simulations of a block.
    pub lanes: usize,
    /// What a block takes; the thread sleeps meanwhile.
    pub block: Duration,
}

impl Delay {
    /// Blocks that take no time.
    #[must_use]
    pub const fn none(lanes: usize) -> Self {
        Self { lanes, block: Duration::ZERO }
    }

    /// What stands for a simulation of these values.
    fn stand_in(values: &[f64]) -> Record {
        // Terms that differ, as objectives do, for two costs: what stands in should take no time of its own.
        let [cost, other] = [0, 1].map(|place| made_up(values, place));
        let mut record = Record { ending: Ending::Survived, steps: 1, cost, ..Record::PENDING };
        let mut term = cost;
        for value in &mut record.values {
            *value = term;
            term += other - cost;
        }
        record
    }
}

impl Simulator for Delay {
    fn lanes(&self, _level: SimdLevel) -> usize {
        self.lanes
    }

    fn workspace_bytes(&self, _level: SimdLevel, _terms: Terms) -> usize {
        0
    }

    fn flops_a_step(&self) -> f64 {
        0.0
    }

    fn run(&self, _level: SimdLevel, batch: &Batch<'_>, _workspace: &mut Workspace) {
        while let Some(first) = batch.take() {
            let others = std::iter::from_fn(|| batch.take()).take(self.lanes.saturating_sub(1));
            for job in std::iter::once(first).chain(others) {
                batch.records.set(job, &Self::stand_in(batch.job(job).0));
            }
            if !self.block.is_zero() {
                std::thread::sleep(self.block);
            }
        }
    }

    fn record(
        &self,
        _level: SimdLevel,
        values: &[f64],
        _scenario: &Scenario,
        _stride: usize,
    ) -> Result<(Record, Trajectory), Error> {
        Ok((Self::stand_in(values), Trajectory { width: 1, values: Vec::new() }))
    }
}
