//! The benchmark: how fast, how even, how frugal, measured in one run.
//!
//! Everything is measured in turns, so that a machine that is shared disturbs all alike, and told by its median over them. A turn is: the
//! core's peak of fused multiply-adds, one bundle of simulations after the other for their latency, then a tuning on each number of
//! threads.
//!
//! - *Latency* is the time from the start of a bundle of simulations to its end, on one core, a second of simulated time: all lanes of a bundle
//!   go hand in hand, so it is the latency of each of them. Quantiles are taken of each turn; neighbours that take the core now and then are
//!   in them.
//! - *Growth* is what a turn leaves behind for the next: how the least live bytes rise over the turns, if they do in most of them, a turn.
//!   A leak in fewer than half of the turns is not in it, nor is what is paid once or given back.
//! - *Scheduling overhead* is the share of all workers' time, from the first generation of a tuning to the last, that is not spent
//!   in the kernel: asking, telling, sharing out, waiting for the last simulation of a generation.
//! - *Parallel efficiency* is the rate of most threads, as a share of as many times that of one thread.
//! - *Floating-point operations* are those of the program, see [`Operation::flops`](crate::graph::Operation::flops).

#![allow(clippy::cast_precision_loss, reason = "rates")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::Error;
use crate::config::Config;
use crate::engine::{self, Progress, Resources, Solo, Tuning};
use crate::memory::{self, live_bytes};
use crate::native::{Backend, Refusal};
use crate::problem::Problem;
use crate::simulation::{SimdLevel, peak};
use crate::statistics::{median, quantile};
use crate::swarm::{Restarts, Stopping};

/// Turns at least, whatever the time.
const TURNS_MIN: usize = 4;
/// Bundles a turn whose latency is taken.
const BUNDLES: usize = 1000;
/// Length of the simulations, in steps of 1 ms: of the latencies, and of the tunings.
const STEPS: [u64; 2] = [1000, 5000];
/// Particles of the tunings, on [`STARTS`]: so many that the last simulations of a generation hardly matter; fewer where a tuning would
/// take longer than [`TUNING_S`] on one thread.
const PARTICLES: [usize; 2] = [16, 2048];
const TUNING_S: f64 = 1.0;

const STARTS: &str = "
[[scenarios]]
count = 8
ranges = { theta1 = 0.2, theta2 = 0.2 }
";

/// What one controller does.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which.
    pub controller: &'static str,
    /// Turns that the medians are of.
    pub turns: usize,
    /// Numbers of threads, one first, and the control steps a second of a tuning on them.
    pub steps_per_s: Vec<(usize, f64)>,
    /// Simulations a second of a tuning on most threads, of 5,000 steps each unless they fail.
    pub simulations_per_s: f64,
    /// Time of a core a control step of a tuning on most threads, in ns.
    pub ns_per_step: f64,
    /// Control steps a second of the bundles on one core.
    pub kernel_steps_per_s: f64,
    /// The peak of a core in floating-point operations a second.
    pub peak_flops: f64,
    /// The floating-point operations of the simulations a second on one core.
    pub flops: f64,
    /// Latency of a simulation a second of simulated time, in ms: median, 99 % and 99.9 % quantiles.
    pub latency_ms: [f64; 3],
    /// Arena bytes a simulation.
    pub bytes_per_simulation: u64,
    /// Allocations on the hot path of all tunings; `None` without a meter.
    pub allocations: Option<u64>,
    /// Bytes that a turn leaves behind for the next; never below 0, and 0 without a meter.
    pub growth_bytes: i64,
    /// Share of the workers' time outside of the kernel.
    pub overhead: f64,
    /// The rate of most threads as a share of as many times that of one.
    pub efficiency: f64,
}

/// What a [`Measurement`] must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Control steps a second on one thread, at least.
    pub steps_per_s: f64,
    /// The 99 % quantile of the latency in ms a second of simulated time, at most.
    pub latency_ms: f64,
    /// Share of the workers' time outside of the kernel, at most.
    pub overhead: f64,
}

/// The default thresholds.
pub const TARGETS: Thresholds = Thresholds { steps_per_s: 200_000.0, latency_ms: 0.5, overhead: 0.005 };

impl Measurement {
    /// The largest number of threads and the control steps a second on them.
    ///
    /// # Panics
    ///
    /// Never: [`measure`] takes one thread at least.
    #[must_use]
    pub fn most(&self) -> (usize, f64) {
        *self.steps_per_s.last().expect("one thread at least")
    }

    /// What is missed, a line each.
    ///
    /// # Panics
    ///
    /// As [`Measurement::most`].
    #[must_use]
    pub fn misses(&self, thresholds: &Thresholds) -> Vec<String> {
        let Thresholds { steps_per_s, latency_ms, overhead } = *thresholds;
        let checks = [
            (
                self.steps_per_s[0].1 >= steps_per_s,
                format!("{:.0} control steps/s on one thread, wanted: {steps_per_s}", self.steps_per_s[0].1),
            ),
            (
                self.latency_ms[1] <= latency_ms,
                format!(
                    "a latency (P99) of {:.3} ms a simulated second, allowed: {latency_ms}",
                    self.latency_ms[1]
                ),
            ),
            (
                self.overhead <= overhead,
                format!(
                    "a scheduling overhead of {:.3} %, allowed: {} %",
                    100.0 * self.overhead,
                    100.0 * overhead
                ),
            ),
            (self.growth_bytes == 0, format!("a growth of {} bytes a turn, allowed: 0", self.growth_bytes)),
            (
                self.allocations.is_none_or(|count| count == 0),
                format!("{} allocations on the hot path, allowed: 0", self.allocations.unwrap_or(0)),
            ),
        ];
        checks.into_iter().filter(|(holds, _)| !holds).map(|(_, text)| text).collect()
    }
}

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
    let prepared = |mut problem: Problem| {
        let can_be = || problem.simulator.source(level).is_some();
        if (backend == Backend::Native || backend == Backend::Auto && can_be())
            && let Err(refusal) = engine::prepare(&problem, level)
        {
            refused(&refusal);
        }
        // No turn compiles.
        problem.backend = Backend::Program;
        problem
    };
    let short = prepared(study(base, controller, STEPS[0], PARTICLES[0])?);
    let lanes = short.simulator.lanes(level);
    // One bundle: as many simulations as it has lanes.
    let vectors = vec![short.values.clone(); lanes.div_ceil(short.scenarios.len())];
    let mut solo = Solo::new(&short, level, &vectors)?;
    let probe = seconds(|| solo.run());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the next line")]
    let particles = (TUNING_S / probe * solo.steps() as f64 / (8 * STEPS[1]) as f64) as usize;
    let long = prepared(study(base, controller, STEPS[1], particles.clamp(PARTICLES[0], PARTICLES[1]))?);
    // Where a bundle has fewer lanes than there are scenarios, several follow each other.
    let bundles = solo.records().count().div_ceil(lanes);
    let counts: BTreeSet<usize> = std::iter::once(1).chain(threads.iter().copied()).collect();
    let mut turns = Turns {
        flops_a_step: short.simulator.flops_a_step(),
        peak: Vec::new(),
        latencies_s: Vec::new(),
        live_bytes: Vec::new(),
        tunings: counts.into_iter().map(|threads| (threads, Vec::new())).collect(),
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
        let mut latencies: Vec<f64> = (0..BUNDLES).map(|_| seconds(|| solo.run()) / bundles as f64).collect();
        latencies.sort_by(f64::total_cmp);
        turns.latencies_s.push([0.5, 0.99, 0.999].map(|share| quantile(&latencies, share)));
        turns.live_bytes.push(live_bytes() - turns.own_bytes());
        for (threads, tunings) in &mut turns.tunings {
            let resources = Resources { threads: *threads, level };
            tunings.push(Figures::of(&engine::tune(&long, resources, &mut |_: &Progress| {})?));
        }
    }
    let steps = solo.steps() as f64 / bundles as f64;
    Ok(Some(turns.evaluate(controller, steps)))
}

/// What the turns have shown.
struct Turns {
    flops_a_step: f64,
    peak: Vec<f64>,
    /// Quantiles of the time that a bundle takes.
    latencies_s: Vec<[f64; 3]>,
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

    /// Bytes that the turns take themselves.
    fn own_bytes(&self) -> i64 {
        fn bytes<T>(values: &Vec<T>) -> usize {
            values.capacity() * size_of::<T>()
        }
        let tunings: usize = self.tunings.iter().map(|(_, tunings)| bytes(tunings)).sum();
        let own = bytes(&self.peak) + bytes(&self.latencies_s) + bytes(&self.live_bytes) + tunings;
        i64::try_from(own).unwrap_or(i64::MAX)
    }

    /// What a turn leaves behind for the next, rounded up.
    fn growth_bytes(&self) -> i64 {
        let turns = i64::try_from(self.live_bytes.len()).unwrap_or(i64::MAX);
        let growth = memory::growth(&self.live_bytes);
        if growth > 0 { (growth - 1) / (turns - 1).max(1) + 1 } else { 0 }
    }

    /// The medians; a bundle has so many steps.
    fn evaluate(self, controller: &'static str, steps: f64) -> Measurement {
        let of =
            |tunings: &[Figures], figure: fn(&Figures) -> f64| median(tunings.iter().map(figure).collect());
        let (one, (threads, most)) = (&self.tunings[0].1, &self.tunings[self.tunings.len() - 1]);
        let ratio = |(one, most): (&Figures, &Figures)| most.steps_per_s / one.steps_per_s / *threads as f64;
        let rates = self.tunings.iter().map(|(threads, tunings)| (*threads, of(tunings, |f| f.steps_per_s)));
        let latency_s: [f64; 3] =
            std::array::from_fn(|k| median(self.latencies_s.iter().map(|quantiles| quantiles[k]).collect()));
        let kernel_steps_per_s = steps / latency_s[0];
        let all = || self.tunings.iter().flat_map(|(_, tunings)| tunings);
        Measurement {
            controller,
            turns: self.count(),
            steps_per_s: rates.collect(),
            simulations_per_s: of(most, |f| f.simulations_per_s),
            ns_per_step: of(most, |f| f.ns_per_step),
            kernel_steps_per_s,
            peak_flops: median(self.peak.clone()),
            flops: kernel_steps_per_s * self.flops_a_step,
            latency_ms: latency_s.map(|seconds| 1e3 * seconds / (STEPS[0] as f64 * 1e-3)),
            bytes_per_simulation: most[0].bytes_per_simulation,
            allocations: all().map(|figures| figures.allocations).sum(),
            growth_bytes: self.growth_bytes(),
            overhead: of(most, |f| f.overhead),
            efficiency: median(one.iter().zip(most).map(ratio).collect()),
        }
    }
}

/// A study whose gains are searched so near to the defaults that nothing falls.
fn study(
    base: Option<&Config>,
    controller: &'static str,
    steps: u64,
    particles: usize,
) -> Result<Problem, Error> {
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
        return Ok(Problem::new(&config));
    }
    let text = format!(
        "[controller]\ntype = \"{}\"\n[simulation]\nduration = {}\nearly_abandonment = false\n{STARTS}\
         [swarm]\nparticles = {particles}\nrule = \"spso2011\"\n[swarm.stopping]\ngenerations = 1\n\
         [[tune]]\nparameter = \"k1\"\nlower = 29.0\nupper = 30.0\n",
        controller,
        steps as f64 * 1e-3,
    );
    Ok(Problem::new(&Config::parse("bench.toml".as_ref(), &text)?))
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
        let growth = |live_bytes: &[i64]| {
            let turns = Turns {
                flops_a_step: 1.0,
                peak: Vec::new(),
                latencies_s: Vec::new(),
                live_bytes: live_bytes.to_vec(),
                tunings: Vec::new(),
            };
            turns.growth_bytes()
        };
        assert_eq!(growth(&[100, 100, 100, 100]), 0);
        assert_eq!(growth(&[100, 164, 228, 292]), 64);
        assert_eq!(growth(&[100, 164, 228, 228, 292]), 48, "one turn without a leak hides none");
        assert_eq!(growth(&[100, 101, 101, 102, 103]), 1, "less than a byte a turn is still growth");
        assert_eq!(growth(&[100, 900, 900, 900]), 0, "what is kept once is no growth");
        assert_eq!(growth(&[100, 2404, 4708, 100]), 0, "what comes back is no growth");
        assert_eq!(growth(&[900, 800, 700, 600]), 0, "what is given back is no growth");
    }
}
