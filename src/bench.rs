//! The benchmark: how fast, how even, how frugal, measured in one run.
//!
//! Everything is measured in turns, so that a machine that is shared disturbs all alike, and told by its median. A turn is: the
//! core's peak of fused multiply-adds, one bundle of simulations after the other for their latency, a tuning on one thread, a tuning on
//! all threads.
//!
//! - *Latency* is the time from the start of a bundle of simulations to its end, on one core, a second of simulated time: all lanes of a bundle
//!   go hand in hand, so it is the latency of each of them.
//! - *Scheduling overhead* is the share of all workers' time, from the first generation of a tuning to the last, that is not spent
//!   in the kernel: asking, telling, sharing out, waiting for the last simulation of a generation.
//! - *Parallel efficiency* is the rate of all threads, as a share of as many times that of one thread.
//! - *Floating-point operations* are counted in the machine code, see [`flops_a_step`].

#![allow(clippy::cast_precision_loss, reason = "rates")]

use std::time::{Duration, Instant};

use crate::Error;
use crate::config::Config;
use crate::controllers::ControllerKind;
use crate::engine::{Resources, Run, Solo, Tuning};
use crate::problem::Problem;
use crate::simulation::peak;

/// Floating-point operations a control step of a controller with RK4 on the double inverted pendulum, counted by
/// `scripts/count_flops.py` in the innermost loop of the AVX-512 machine code: fused multiply-adds (two each), multiplications, additions,
/// divisions and square roots, without minima, comparisons and conversions. `None` for what has not been counted.
#[must_use]
pub fn flops_a_step(controller: ControllerKind) -> Option<f64> {
    let counted = COUNTED.iter().find(|(counted, _)| *counted == controller);
    counted.map(|(_, [fused, others @ ..])| 2.0 * fused + others.iter().sum::<f64>())
}

/// Fused multiply-adds, multiplications, additions, divisions, square roots.
const COUNTED: [(ControllerKind, [f64; 5]); 4] = [
    (ControllerKind::Classical, [291.0, 117.0, 40.0, 6.0, 0.0]),
    (ControllerKind::SuperTwisting, [293.0, 119.0, 42.0, 6.0, 1.0]),
    (ControllerKind::Adaptive, [293.0, 118.0, 41.0, 6.0, 0.0]),
    (ControllerKind::HybridAdaptiveSuperTwisting, [294.0, 122.0, 45.0, 7.0, 1.0]),
];

/// Turns at least, whatever the time.
const TURNS_MIN: usize = 3;
/// Bundles a turn whose latency is taken.
const BUNDLES: usize = 400;
/// Length of the simulations, in steps of 1 ms: of the latencies, and of the tunings.
const STEPS: [u64; 2] = [1000, 5000];
/// Particles of the tunings, on [`STARTS`]: so many that the last simulations of a generation hardly matter.
const PARTICLES: usize = 2048;

const STARTS: &str = "
[[scenarios]]
count = 8
ranges = { theta1 = 0.2, theta2 = 0.2 }
";

/// What one controller does.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which.
    pub controller: ControllerKind,
    /// Turns that the medians are of.
    pub turns: usize,
    /// Control steps a second of a tuning on one thread and on all threads.
    pub steps_per_s: [f64; 2],
    /// Simulations a second of a tuning on all threads, of 5,000 steps each unless they fail.
    pub simulations_per_s: f64,
    /// Time of a core a control step of a tuning on all threads, in ns.
    pub ns_per_step: f64,
    /// Control steps a second of the bundles on one core.
    pub kernel_steps_per_s: f64,
    /// The peak of a core in floating-point operations a second.
    pub peak_flops: f64,
    /// The floating-point operations of the kernel a second on one core; `None` where they are not counted.
    pub flops: Option<f64>,
    /// Latency of a simulation a second of simulated time, in ms: median, 99 % and 99.9 % quantiles.
    pub latency_ms: [f64; 3],
    /// Arena bytes a simulation.
    pub bytes_per_simulation: u64,
    /// Allocations on the hot path of all tunings; `None` without a meter.
    pub allocations: Option<u64>,
    /// Bytes by which the tunings have made the process grow.
    pub growth_bytes: i64,
    /// Share of the workers' time outside of the kernel.
    pub overhead: f64,
    /// The rate of all threads as a share of as many times that of one.
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

impl Default for Thresholds {
    fn default() -> Self {
        Self { steps_per_s: 200_000.0, latency_ms: 0.5, overhead: 0.005 }
    }
}

impl Measurement {
    /// What is missed, a line each.
    #[must_use]
    pub fn misses(&self, thresholds: &Thresholds) -> Vec<String> {
        let Thresholds { steps_per_s, latency_ms, overhead } = *thresholds;
        let checks = [
            (
                self.steps_per_s[0] >= steps_per_s,
                format!("{:.0} control steps/s on one thread, wanted: {steps_per_s}", self.steps_per_s[0]),
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
            (self.growth_bytes == 0, format!("a growth of {} bytes, allowed: 0", self.growth_bytes)),
            (
                self.allocations.is_none_or(|count| count == 0),
                format!("{} allocations on the hot path, allowed: 0", self.allocations.unwrap_or(0)),
            ),
        ];
        checks.into_iter().filter(|(holds, _)| !holds).map(|(_, text)| text).collect()
    }
}

/// Measures a controller for about `time`.
///
/// # Errors
///
/// When memory cannot be reserved or threads cannot be started.
pub fn measure(
    controller: ControllerKind,
    resources: Resources,
    time: Duration,
) -> Result<Measurement, Error> {
    let [short, long] = STEPS.map(|steps| study(controller, steps));
    let (short, long) = (short?, long?);
    let level = short.simulator.effective(resources.level);
    let lanes = short.simulator.lanes(level);
    // One bundle: as many simulations as it has lanes.
    let vectors = vec![short.values.clone(); lanes.div_ceil(short.scenarios.len())];
    let mut solo = Solo::new(&short, level, &vectors)?;
    let mut turns = Turns::default();
    let start = Instant::now();
    while turns.all.len() < TURNS_MIN || start.elapsed() < time {
        let spent = seconds(peak::run);
        turns.peak.push(peak::operations() as f64 / spent);
        for _ in 0..BUNDLES {
            turns.latencies.push(seconds(|| solo.run()));
        }
        turns.one.push(tune(&long, Resources { threads: 1, ..resources })?);
        turns.all.push(tune(&long, resources)?);
    }
    Ok(turns.evaluate(controller, resources, &solo))
}

/// What the turns have shown.
#[derive(Default)]
struct Turns {
    peak: Vec<f64>,
    latencies: Vec<f64>,
    one: Vec<Tuning>,
    all: Vec<Tuning>,
}

impl Turns {
    fn evaluate(mut self, controller: ControllerKind, resources: Resources, solo: &Solo<'_>) -> Measurement {
        let threads = resources.threads as f64;
        let rate = |tunings: &[Tuning]| median(tunings.iter().map(Tuning::control_steps_per_s).collect());
        let steps_per_s = [rate(&self.one), rate(&self.all)];
        let pairs = self.one.iter().zip(&self.all);
        let ratio =
            |(one, all): (&Tuning, &Tuning)| all.control_steps_per_s() / one.control_steps_per_s() / threads;
        let outside = |all: &Tuning| 1.0 - all.busy.as_secs_f64() / all.core_time.as_secs_f64();
        self.latencies.sort_by(f64::total_cmp);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let quantile =
            |share: f64| self.latencies[((self.latencies.len() - 1) as f64 * share).round() as usize];
        let simulated_s = STEPS[0] as f64 * 1e-3;
        let kernel_steps_per_s = solo.steps() as f64 / quantile(0.5);
        let both = || self.one.iter().chain(&self.all);
        Measurement {
            controller,
            turns: self.all.len(),
            steps_per_s,
            simulations_per_s: median(self.all.iter().map(Tuning::simulations_per_s).collect()),
            ns_per_step: median(self.all.iter().map(Tuning::ns_per_control_step).collect()),
            kernel_steps_per_s,
            peak_flops: median(self.peak.clone()),
            flops: flops_a_step(controller).map(|flops| kernel_steps_per_s * flops),
            latency_ms: [0.5, 0.99, 0.999].map(|share| 1e3 * quantile(share) / simulated_s),
            bytes_per_simulation: self.all[0].bytes_per_simulation,
            allocations: both().map(|tuning| tuning.hot_path_allocations).sum(),
            growth_bytes: both().map(|tuning| tuning.growth_bytes).sum(),
            overhead: median(self.all.iter().map(outside).collect()),
            efficiency: median(pairs.map(ratio).collect()),
        }
    }
}

/// A study whose gains are searched so near to the defaults that nothing falls.
fn study(controller: ControllerKind, steps: u64) -> Result<Problem, Error> {
    let text = format!(
        "[controller]\ntype = \"{}\"\n[simulation]\nduration = {}\nearly_abandonment = false\n{STARTS}\
         [swarm]\nparticles = {PARTICLES}\nrule = \"spso2011\"\n[swarm.stopping]\ngenerations = 1\n\
         [[tune]]\nparameter = \"k1\"\nlower = 29.0\nupper = 30.0\n",
        controller.name(),
        steps as f64 * 1e-3,
    );
    Ok(Problem::new(&Config::parse("bench.toml".as_ref(), &text)?))
}

fn tune(problem: &Problem, resources: Resources) -> Result<Tuning, Error> {
    Run::new(problem)?.search(resources, &mut |_: &crate::engine::Progress| {})
}

fn seconds(task: impl FnOnce()) -> f64 {
    let start = Instant::now();
    task();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
