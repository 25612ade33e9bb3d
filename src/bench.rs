//! The benchmark: how fast, how even, how frugal, measured in one run.
//!
//! Everything is measured in turns, so that a machine that is shared disturbs all alike, and told by its median over them, but for
//! latencies. A turn is: the core's peak of fused multiply-adds, then a tuning on each number of threads, with a window of latencies before
//! each and behind the last.
//!
//! - *Latency alone* is the time that one simulation takes that is asked for alone, on one core, a second of simulated time. Its block of
//!   lanes has one job. Machine code leaves out vectors that have nothing to do, but for one that goes beside another; the program does not,
//!   so that one simulation takes it as long as a full block. Machine code is compiled before the first turn.
//! - *Latency in a full block* is that of a block with a job in each lane, which is there for throughput: all go hand in hand, so it is the
//!   latency of each of them.
//! - *Windows*: the quantiles of latencies are taken of each window, and those of the window with the least P99 are told. A machine that is
//!   busy now and then leaves some windows alone. A window has 200 latencies of each kind, so that its P99.9 is close to its slowest.
//! - *Noise* is the median of the windows' P99 over the least of their P50, of latencies alone. The same simulation takes a quiet core the
//!   same time, so that noise is near 1 there, however slow the program is. A core that is never left alone shows in it too.
//! - *Saved by a block* is the share of a simulation's time that a full block saves it: its time in a full block, divided by the simulations
//!   of the block, against its time alone, both medians of the best window of their kind.
//! - *Arenas*: the time to reserve the arena of a worker and give it back, as would be done for each batch if it were not kept, and the time
//!   to take the kept one again, each that of the best window.
//! - *Best* rates and overheads are those of the best turn; thresholds are held against them.
//! - *Growth* is what a turn leaves behind for the next: how the least live bytes rise over the turns, if they do in most of them, a turn.
//!   A leak in fewer than half of the turns is not in it, nor is what is paid once or given back.
//! - *Scheduling overhead* is the share of all workers' time, from the first generation of a tuning to the last, that is not spent
//!   in the kernel: asking, telling, sharing out, waiting for the last simulation of a generation.
//! - *Parallel efficiency* is the rate of most threads, as a share of as many times that of one thread.
//! - *Floating-point operations* are those of the program, see [`Operation::flops`](crate::graph::Operation::flops).

#![allow(clippy::cast_precision_loss, reason = "rates")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::Error;
use crate::config::Config;
use crate::engine::{self, Progress, Resources, Solo, Tuning};
use crate::memory::{self, live_bytes};
use crate::native::{Backend, Refusal};
use crate::problem::Problem;
use crate::simulation::{SimdLevel, Workspace, peak};
use crate::statistics::{median, quantile};
use crate::swarm::{Restarts, Stopping};

mod measurement;

pub use measurement::{Measurement, TARGETS, Thresholds};

/// Turns at least, whatever the time.
const TURNS_MIN: usize = 4;
/// Latencies of each kind a window: enough for a P99, and so few that a window is short.
const WINDOW: usize = 200;
/// Arenas that are made, or taken, between two looks at the clock.
const ARENAS: usize = 64;
/// Length of the simulations, in steps of 1 ms: of the latencies, and of the tunings.
const STEPS: [u64; 2] = [1000, 5000];
/// Particles of the tunings, on [`STARTS`]: so many that the last simulations of a generation hardly matter; fewer where a tuning would
/// take longer on one thread than [`TUNING_S`], or a fifth of the time that there is.
const PARTICLES: [usize; 2] = [16, 2048];
const TUNING_S: f64 = 1.0;

const STARTS: &str = "
[[scenarios]]
count = 8
ranges = { theta1 = 0.2, theta2 = 0.2 }
";

/// What a controller is measured on.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    /// SIMD instructions.
    pub level: SimdLevel,
    /// What runs the simulations; machine code is compiled before the first turn.
    pub backend: Backend,
    /// Numbers of threads, besides one.
    pub threads: &'a [usize],
}

/// Measures a controller, that of `base` where it is given, for about `time`, on one thread and on each number of threads; `None` where `is_over` said so before there was
/// enough to tell. `refused` hears why there is no machine code.
///
/// # Errors
///
/// When memory cannot be reserved or threads cannot be started.
pub fn measure(
    base: Option<&Config>,
    controller: &'static str,
    Machine { level, backend, threads }: Machine<'_>,
    time: Duration,
    is_over: &dyn Fn() -> bool,
    refused: &dyn Fn(&Refusal),
) -> Result<Option<Measurement>, Error> {
    let prepared = |config: &Config| {
        let mut problem = Problem::new(config);
        let backend = prepare(&mut problem, level, backend, refused);
        (problem, backend)
    };
    let config = study(base, controller, STEPS[0], PARTICLES[0])?;
    let (short, backend) = prepared(&config);
    let lanes = short.simulator.lanes(level);
    let vectors = vec![short.values.clone(); lanes.div_ceil(short.scenarios.len())];
    let dt = config.simulation.dt;
    let mut alone = Timed::new(Solo::alone(&short, level, &short.values)?, lanes, dt);
    let mut block = Timed::new(Solo::new(&short, level, &vectors)?, lanes, dt);
    let mut arena = Arena::new(short.simulator.workspace_bytes(level, short.terms), lanes)?;
    let probe = seconds(|| block.solo.run());
    let tuning_s = TUNING_S.min(time.as_secs_f64() / 5.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the next line")]
    let particles = (tuning_s / probe * block.solo.steps() as f64 / (8 * STEPS[1]) as f64) as usize;
    let particles = particles.clamp(PARTICLES[0], PARTICLES[1]);
    // Whole blocks on all threads: a thread that waits for the last block of another is not what is measured.
    let whole = lanes * threads.iter().copied().max().unwrap_or(1);
    let particles = particles.next_multiple_of(whole);
    let (long, _) = prepared(&study(base, controller, STEPS[1], particles)?);
    let counts: BTreeSet<usize> = std::iter::once(1).chain(threads.iter().copied()).collect();
    let mut turns = Turns {
        flops_a_step: short.simulator.flops_a_step(),
        tunings: counts.into_iter().map(|threads| (threads, Vec::new())).collect(),
        ..Turns::default()
    };
    // What the first tuning of a process allocates once is no turn's.
    engine::tune(&short, Resources { threads: 1, level }, &mut |_: &Progress| {})?;
    let start = Instant::now();
    while turns.count() < TURNS_MIN || start.elapsed() < time {
        if is_over() {
            return Ok(None);
        }
        let spent = seconds(|| peak::run(level));
        turns.peak.push(peak::operations(level) as f64 / spent);
        turns.watch(&mut alone, &mut block);
        turns.arena(&mut arena)?;
        turns.live_bytes.push(live_bytes() - turns.own_bytes());
        for k in 0..turns.tunings.len() {
            let resources = Resources { threads: turns.tunings[k].0, level };
            let tuning = engine::tune(&long, resources, &mut |_: &Progress| {})?;
            turns.tunings[k].1.push(Figures::of(&tuning));
            turns.watch(&mut alone, &mut block);
        }
    }
    Ok(Some(turns.evaluate(controller, backend, lanes, block.steps_per_simulated_s())))
}

/// Compiles the step of a problem where it is to be, so that no turn does; gives what runs it.
fn prepare(problem: &mut Problem, level: SimdLevel, backend: Backend, refused: &dyn Fn(&Refusal)) -> Backend {
    problem.backend = Backend::Program;
    let is_wanted = match backend {
        Backend::Auto => problem.simulator.source(level).is_some(),
        Backend::Native => true,
        Backend::Program => false,
    };
    if !is_wanted {
        return Backend::Program;
    }
    match engine::prepare(problem, level) {
        Ok(()) => Backend::Native,
        Err(refusal) => {
            refused(&refusal);
            Backend::Program
        }
    }
}

/// Simulations whose latency is taken.
struct Timed<'p> {
    solo: Solo<'p>,
    /// Simulated seconds that follow each other in a run.
    simulated_s: f64,
}

impl<'p> Timed<'p> {
    /// Simulations of steps of `dt` s in a block of so many lanes. Where there are more simulations than lanes, blocks follow each other.
    fn new(mut solo: Solo<'p>, lanes: usize, dt: f64) -> Self {
        solo.run();
        let blocks = solo.records().count().div_ceil(lanes);
        let longest = solo.records().map(|record| record.steps).max().unwrap_or(0);
        Self { solo, simulated_s: blocks as f64 * longest.max(1) as f64 * dt }
    }

    /// A window: quantiles of the latency in ms a simulated second.
    fn window(&mut self) -> [f64; 3] {
        let mut times: Vec<f64> =
            (0..WINDOW).map(|_| 1e3 * seconds(|| self.solo.run()) / self.simulated_s).collect();
        times.sort_by(f64::total_cmp);
        [0.5, 0.99, 0.999].map(|share| quantile(&times, share))
    }

    /// Control steps of all simulations together a simulated second.
    fn steps_per_simulated_s(&self) -> f64 {
        self.solo.steps() as f64 / self.simulated_s
    }
}

/// An arena that is kept, and what it takes to make such a one.
struct Arena {
    bytes: usize,
    lanes: usize,
    kept: Workspace,
}

impl Arena {
    fn new(bytes: usize, lanes: usize) -> Result<Self, Error> {
        Ok(Self { bytes, lanes, kept: Workspace::reserve(bytes, lanes)? })
    }

    /// Nanoseconds to make one and to take the kept one: the least of a window.
    fn window(&mut self) -> Result<[f64; 2], Error> {
        let mut least = [f64::INFINITY; 2];
        for _ in 0..WINDOW / 4 {
            let mut made = Ok(());
            let making = seconds(|| {
                made = (0..ARENAS).try_for_each(|_| {
                    Workspace::reserve(self.bytes, self.lanes).map(|it| drop(black_box(it)))
                });
            });
            made?;
            let taking = seconds(|| {
                for _ in 0..ARENAS {
                    black_box(&mut self.kept).with_arena(|arena, _| _ = black_box(arena));
                }
            });
            least = [least[0].min(making), least[1].min(taking)];
        }
        Ok(least.map(|time| 1e9 * time / ARENAS as f64))
    }
}

/// What the turns have shown.
#[derive(Default)]
struct Turns {
    flops_a_step: f64,
    peak: Vec<f64>,
    /// Quantiles of the latency of each window in ms a simulated second: of a simulation alone.
    alone: Vec<[f64; 3]>,
    /// And of one in a full block.
    block: Vec<[f64; 3]>,
    /// Nanoseconds of making an arena and of taking a kept one, the least so far.
    arena_ns: Option<[f64; 2]>,
    /// Live bytes before the tunings, without those of the turns themselves.
    live_bytes: Vec<i64>,
    /// By number of threads, which increases.
    tunings: Vec<(usize, Vec<Figures>)>,
}

/// What is kept of a tuning.
#[derive(Clone, Copy)]
struct Figures {
    steps_per_s: f64,
    simulations_per_s: f64,
    ns_per_step: f64,
    overhead: f64,
    bytes_per_simulation: u64,
    allocations: Option<u64>,
}

impl Figures {
    fn of(tuning: &Tuning) -> Self {
        Self {
            steps_per_s: tuning.control_steps_per_s(),
            simulations_per_s: tuning.simulations_per_s(),
            ns_per_step: tuning.ns_per_control_step(),
            overhead: 1.0 - tuning.busy.as_secs_f64() / tuning.core_time.as_secs_f64(),
            bytes_per_simulation: tuning.bytes_per_simulation,
            allocations: tuning.hot_path_allocations,
        }
    }
}

impl Turns {
    fn count(&self) -> usize {
        self.peak.len()
    }

    /// Takes a window of latencies.
    fn watch(&mut self, alone: &mut Timed<'_>, block: &mut Timed<'_>) {
        self.alone.push(alone.window());
        self.block.push(block.window());
    }

    /// Takes the times of arenas.
    fn arena(&mut self, arena: &mut Arena) -> Result<(), Error> {
        let now = arena.window()?;
        let least = self.arena_ns.unwrap_or(now);
        self.arena_ns = Some([0, 1].map(|k: usize| least[k].min(now[k])));
        Ok(())
    }

    /// Bytes that the turns take themselves.
    fn own_bytes(&self) -> i64 {
        fn bytes<T>(values: &Vec<T>) -> usize {
            values.capacity() * size_of::<T>()
        }
        let tunings: usize = self.tunings.iter().map(|(_, tunings)| bytes(tunings)).sum();
        let windows = bytes(&self.alone) + bytes(&self.block);
        let own = bytes(&self.peak) + windows + bytes(&self.live_bytes) + tunings;
        i64::try_from(own).unwrap_or(i64::MAX)
    }

    /// What a turn leaves behind for the next, rounded up.
    fn growth_bytes(&self) -> i64 {
        let turns = i64::try_from(self.live_bytes.len()).unwrap_or(i64::MAX);
        let growth = memory::growth(&self.live_bytes);
        if growth > 0 { (growth - 1) / (turns - 1).max(1) + 1 } else { 0 }
    }

    /// The medians and the best; a full block has so many control steps a simulated second.
    fn evaluate(
        self,
        controller: &'static str,
        backend: Backend,
        lanes: usize,
        steps_per_simulated_s: f64,
    ) -> Measurement {
        let of =
            |tunings: &[Figures], figure: fn(&Figures) -> f64| median(tunings.iter().map(figure).collect());
        let (one, (threads, most)) = (&self.tunings[0].1, &self.tunings[self.tunings.len() - 1]);
        let ratio = |(one, most): (&Figures, &Figures)| most.steps_per_s / one.steps_per_s / *threads as f64;
        let rates = self.tunings.iter().map(|(threads, tunings)| (*threads, of(tunings, |f| f.steps_per_s)));
        let usual_block_s = 1e-3 * median(self.block.iter().map(|quantiles| quantiles[0]).collect());
        let kernel_steps_per_s = steps_per_simulated_s / usual_block_s;
        let all = || self.tunings.iter().flat_map(|(_, tunings)| tunings);
        Measurement {
            controller,
            backend,
            turns: self.count(),
            windows: self.alone.len(),
            lanes,
            steps_per_s: rates.collect(),
            best_steps_per_s: one.iter().map(|f| f.steps_per_s).fold(0.0, f64::max),
            simulations_per_s: of(most, |f| f.simulations_per_s),
            ns_per_step: of(most, |f| f.ns_per_step),
            kernel_steps_per_s,
            peak_flops: median(self.peak.clone()),
            flops: kernel_steps_per_s * self.flops_a_step,
            latency_alone_ms: best(&self.alone),
            latency_block_ms: best(&self.block),
            arena_ns: self.arena_ns.unwrap_or([f64::NAN; 2]),
            noise: noise(&self.alone),
            bytes_per_simulation: most[0].bytes_per_simulation,
            allocations: all().map(|figures| figures.allocations).sum(),
            growth_bytes: self.growth_bytes(),
            overhead: of(most, |f| f.overhead),
            best_overhead: most.iter().map(|f| f.overhead).fold(1.0, f64::min),
            efficiency: median(one.iter().zip(most).map(ratio).collect()),
        }
    }
}

/// The window with the least P99.
fn best(windows: &[[f64; 3]]) -> [f64; 3] {
    windows.iter().copied().min_by(|a, b| a[1].total_cmp(&b[1])).unwrap_or([f64::NAN; 3])
}

/// The median of the windows' P99 over the least of their P50.
fn noise(windows: &[[f64; 3]]) -> f64 {
    let least = windows.iter().map(|quantiles| quantiles[0]).fold(f64::INFINITY, f64::min);
    median(windows.iter().map(|quantiles| quantiles[1]).collect()) / least
}

/// A study whose gains are searched so near to the defaults that nothing falls.
fn study(
    base: Option<&Config>,
    controller: &'static str,
    steps: u64,
    particles: usize,
) -> Result<Config, Error> {
    if let Some(base) = base {
        let mut config = base.clone();
        config.simulation.duration = steps as f64 * config.simulation.dt;
        config.simulation.early_abandonment = false;
        (config.constraints, config.require_certificate) = (Vec::new(), false);
        config.certificate_limits = [None; crate::stability::LIMITS.len()];
        config.swarm.settings.start.clear();
        config.swarm.settings.particles = particles.div_ceil(config.scenario_count()).max(2);
        (config.swarm.restarts, config.swarm.polish) = (Restarts::NONE, None);
        config.swarm.stopping = Stopping::after_generations(1);
        return Ok(config);
    }
    let text = format!(
        "[controller]\ntype = \"{}\"\n[simulation]\nduration = {}\nearly_abandonment = false\n{STARTS}\
         [swarm]\nparticles = {particles}\nrule = \"spso2011\"\n[swarm.stopping]\ngenerations = 1\n\
         [[tune]]\nparameter = \"k1\"\nlower = 29.0\nupper = 30.0\n",
        controller,
        steps as f64 * 1e-3,
    );
    Ok(Config::parse("bench.toml".as_ref(), &text)?)
}

/// The time that a task takes, in s.
pub fn seconds(task: impl FnOnce()) -> f64 {
    let start = Instant::now();
    task();
    start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_what_most_turns_leave_behind() {
        let growth =
            |live_bytes: &[i64]| Turns { live_bytes: live_bytes.to_vec(), ..Turns::default() }.growth_bytes();
        assert_eq!(growth(&[100, 100, 100, 100]), 0);
        assert_eq!(growth(&[100, 164, 228, 292]), 64);
        assert_eq!(growth(&[100, 164, 228, 228, 292]), 48, "one turn without a leak hides none");
        assert_eq!(growth(&[100, 101, 101, 102, 103]), 1, "less than a byte a turn is still growth");
        assert_eq!(growth(&[100, 900, 900, 900]), 0, "what is kept once is no growth");
        assert_eq!(growth(&[100, 2404, 4708, 100]), 0, "what comes back is no growth");
        assert_eq!(growth(&[900, 800, 700, 600]), 0, "what is given back is no growth");
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "numbers that are handed on")]
    fn the_window_with_the_least_p99_is_told() {
        assert_eq!(best(&[[1.0, 4.0, 5.0], [1.5, 2.0, 9.0], [1.0, 3.0, 3.0]]), [1.5, 2.0, 9.0]);
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "powers of two")]
    fn noise_tells_a_machine_that_is_busy_from_a_program_that_is_slow() {
        assert_eq!(noise(&[[0.25, 0.25, 0.25]; 8]), 1.0, "quiet");
        assert_eq!(noise(&[[8.0, 8.0, 8.0]; 8]), 1.0, "slow and quiet");
        assert_eq!(noise(&[[0.25, 4.0, 8.0]; 8]), 16.0, "a core that is never left alone");
        let mut windows = [[0.25, 0.5, 8.0]; 8];
        windows[3] = [0.25, 0.25, 0.25];
        assert_eq!(noise(&windows), 2.0, "a core that is left alone once");
    }
}
