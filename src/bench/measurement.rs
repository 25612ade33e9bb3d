//! What is measured of a controller, and what it must reach.

#![allow(clippy::cast_precision_loss, reason = "rates")]

use crate::native::Backend;
use crate::registry::Member;

/// The noise of a machine that is not quiet.
const NOISY: f64 = 1.25;

/// What one controller does.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which.
    pub controller: &'static str,
    /// What ran its simulations: [`Backend::Native`] or [`Backend::Program`].
    pub backend: Backend,
    /// Turns that the medians are of.
    pub turns: usize,
    /// Windows whose latencies were taken.
    pub windows: usize,
    /// Simulations of a full block.
    pub lanes: usize,
    /// Numbers of threads, one first, and the control steps a second of a tuning on them.
    pub steps_per_s: Vec<(usize, f64)>,
    /// Control steps a second of a tuning on one thread in the best turn.
    pub best_steps_per_s: f64,
    /// Simulations a second of a tuning on most threads, of 5,000 steps each unless they fail.
    pub simulations_per_s: f64,
    /// Time of a core a control step of a tuning on most threads, in ns.
    pub ns_per_step: f64,
    /// Control steps a second of full blocks on one core.
    pub kernel_steps_per_s: f64,
    /// The peak of a core in floating-point operations a second.
    pub peak_flops: f64,
    /// The floating-point operations of the simulations a second on one core.
    pub flops: f64,
    /// Latency of a simulation alone a second of simulated time, in ms: median, 99 % and 99.9 % quantiles of the best window.
    pub latency_alone_ms: [f64; 3],
    /// The same of a simulation in a full block.
    pub latency_block_ms: [f64; 3],
    /// Nanoseconds of making the arena of a worker and giving it back, and of taking the kept one again, of the best window.
    pub arena_ns: [f64; 2],
    /// How far the machine disturbs latencies, a ratio; near 1 on a quiet one.
    pub noise: f64,
    /// Arena bytes a simulation.
    pub bytes_per_simulation: u64,
    /// Allocations on the hot path of all tunings; `None` without a meter.
    pub allocations: Option<u64>,
    /// Bytes that a turn leaves behind for the next; never below 0, and 0 without a meter.
    pub growth_bytes: i64,
    /// Share of the workers' time outside of the kernel.
    pub overhead: f64,
    /// The same in the best turn.
    pub best_overhead: f64,
    /// The rate of most threads as a share of as many times that of one.
    pub efficiency: f64,
}

/// What a [`Measurement`] must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Control steps a second on one thread in the best turn, at least.
    pub steps_per_s: f64,
    /// The 99 % quantile of the latency of a simulation alone in the best window, in ms a second of simulated time, at most.
    pub latency_ms: f64,
    /// Share of the workers' time outside of the kernel in the best turn, at most.
    pub overhead: f64,
    /// Share of a simulation's time that a full block saves it, at least; see [`Measurement::saved_by_a_block`].
    pub saved: f64,
    /// Time of taking a kept arena as a share of making one, at most.
    pub arena: f64,
}

/// The default thresholds.
pub const TARGETS: Thresholds =
    Thresholds { steps_per_s: 200_000.0, latency_ms: 0.5, overhead: 0.005, saved: 0.5, arena: 0.5 };

impl Measurement {
    /// The largest number of threads and the control steps a second on them.
    ///
    /// # Panics
    ///
    /// Never: [`super::measure`] takes one thread at least.
    #[must_use]
    pub fn most(&self) -> (usize, f64) {
        *self.steps_per_s.last().expect("one thread at least")
    }

    /// The share of a simulation's time that a full block saves it, against being asked for alone; below 0 where it costs more.
    #[must_use]
    pub fn saved_by_a_block(&self) -> f64 {
        1.0 - self.latency_block_ms[0] / (self.lanes as f64 * self.latency_alone_ms[0])
    }

    /// The time of taking a kept arena as a share of the time of making one.
    #[must_use]
    pub fn kept_arena(&self) -> f64 {
        self.arena_ns[1] / self.arena_ns[0]
    }

    /// Whether the machine was too busy for its timings to be the program's.
    #[must_use]
    pub fn is_noisy(&self) -> bool {
        self.noise >= NOISY
    }

    /// What is missed, a line each; where it is a timing, it says whether the machine was noisy.
    #[must_use]
    pub fn misses(&self, thresholds: &Thresholds) -> Vec<String> {
        let Thresholds { steps_per_s, latency_ms, overhead, saved, arena } = *thresholds;
        let timings = [
            (
                self.best_steps_per_s >= steps_per_s,
                format!("{:.0} control steps/s on one thread, wanted: {steps_per_s}", self.best_steps_per_s),
            ),
            (
                self.latency_alone_ms[1] <= latency_ms,
                format!(
                    "a latency alone (P99, {}) of {:.3} ms a simulated second, allowed: {latency_ms}",
                    self.backend.name(),
                    self.latency_alone_ms[1]
                ),
            ),
            (
                self.best_overhead <= overhead,
                format!(
                    "a scheduling overhead of {:.3} %, allowed: {} %",
                    100.0 * self.best_overhead,
                    100.0 * overhead
                ),
            ),
            (
                self.saved_by_a_block() >= saved,
                format!(
                    "a full block of {} saves {:.1} % of a simulation's time, wanted: {} %",
                    self.lanes,
                    100.0 * self.saved_by_a_block(),
                    100.0 * saved
                ),
            ),
            (
                self.kept_arena() <= arena,
                format!(
                    "a kept arena takes {:.1} ns and a new one {:.1} ns, a share of {:.2}, allowed: {arena}",
                    self.arena_ns[1],
                    self.arena_ns[0],
                    self.kept_arena()
                ),
            ),
        ];
        let timings = timings.map(|(holds, text)| (holds, format!("{text}; {}", self.cause())));
        let counts = [
            (self.growth_bytes == 0, format!("a growth of {} bytes a turn, allowed: 0", self.growth_bytes)),
            (
                self.allocations.is_none_or(|count| count == 0),
                format!("{} allocations on the hot path, allowed: 0", self.allocations.unwrap_or(0)),
            ),
        ];
        timings.into_iter().chain(counts).filter(|(holds, _)| !holds).map(|(_, text)| text).collect()
    }

    /// Why a timing is missed.
    fn cause(&self) -> String {
        let noise = self.noise;
        if self.is_noisy() {
            format!(
                "the machine was noisy (noise {noise:.2}, quiet: below {NOISY}), measure on a quiet machine or with a longer --duration"
            )
        } else {
            format!("the machine was quiet (noise {noise:.2})")
        }
    }
}
