//! The result of a run.

use std::time::Duration;

use super::{Generation, Resources, Tally, TradeOff};
use crate::problem::known_cost;
use crate::simulation::{Ending, Record};
use crate::statistics::mean;
use crate::swarm::{Convergence, Outcome, StopReason};

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// All parameter values of the best gain vector.
    pub values: Vec<f64>,
    /// Its outcome.
    pub best: Outcome,
    /// Its record in every scenario, simulated anew after the search and found to be the same.
    pub records: Vec<Record>,
    /// Of several objectives, the best trade-offs, by the first; the knee is the best gain vector.
    pub front: Vec<TradeOff>,
    /// Why the search ended.
    pub reason: StopReason,
    /// Generations done.
    pub generations: u64,
    /// Gain vectors judged.
    pub evaluations: u64,
    /// Swarms that followed the first.
    pub restarts: u64,
    /// Counts of all simulations.
    pub tally: Tally,
    /// The search, a row a generation; from [`ROWS_MAX`](super::ROWS_MAX) on, of several.
    pub convergence: Vec<Generation>,
    /// The parameter values of the best gain vector at the end of each of these rows; none of trade-offs.
    pub bests: Vec<Vec<f64>>,
    /// Arena bytes a simulation.
    pub bytes_per_simulation: u64,
    /// Allocations on any thread from the end of warm-up to the last outcome, but for what the observer did; `None` without
    /// a meter.
    pub hot_path_allocations: Option<u64>,
    /// Bytes by which generations have made the process grow, as [`Generation::growth_bytes`].
    pub growth_bytes: i64,
    /// The allocations by worker of this process.
    pub worker_allocations: Vec<u64>,
    /// Time from the first generation to the last, without what lies between an interruption and a resumption.
    pub wall: Duration,
    /// The same, times the threads.
    pub core_time: Duration,
    /// Time that all workers of this process have spent in the kernel.
    pub busy: Duration,
    /// Threads and SIMD level at the end.
    pub resources: Resources,
}

impl Tuning {
    /// The cost of the best gain vector; NaN when it fails in a scenario or was not simulated.
    #[must_use]
    pub fn cost(&self) -> f64 {
        known_cost(&self.best)
    }

    /// The value of a term, by its place, for the best gain vector, the mean and the largest over the scenarios that it survives; NaN where there is none.
    #[must_use]
    pub fn value(&self, term: usize) -> [f64; 2] {
        let survivors = self.records.iter().filter(|record| record.survived());
        let values = survivors.map(|record| record.values[term]);
        [mean(values.clone()), values.fold(f64::NAN, f64::max)]
    }

    /// How many scenarios the best gain vector fails in; `None` when it was not simulated because it breaks a constraint or has
    /// no stable certificate.
    #[must_use]
    pub fn failed(&self) -> Option<usize> {
        let failed = |record: &&Record| record.ending != Ending::Survived;
        let simulated = self.records.iter().all(|record| record.ending != Ending::Pending);
        simulated.then(|| self.records.iter().filter(failed).count())
    }

    /// How far the search had come when it ended.
    #[must_use]
    pub fn how_far(&self) -> Convergence {
        // The hypervolume takes the place of a cost that falls.
        let best = |row: &Generation| match row.front {
            Some(front) if row.best.is_feasible() => Outcome::feasible(-front.hypervolume),
            _ => row.best,
        };
        let bests = self.convergence.iter().map(|row| (row.evaluations, best(row)));
        let swarm = self.convergence.last().and_then(|row| row.swarm).filter(|_| self.restarts == 0);
        Convergence::of(bests, swarm.map(|standing| standing.diversity), self.reason)
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
    pub fn ns_per_control_step(&self) -> f64 {
        1e9 * self.core_time.as_secs_f64() / self.tally.control_steps as f64
    }

    /// Control steps a second of wall time.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    pub fn control_steps_per_s(&self) -> f64 {
        self.tally.control_steps as f64 / self.wall.as_secs_f64()
    }
}
