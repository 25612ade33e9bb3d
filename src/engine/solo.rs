//! One worker on the calling thread, for measurements that other threads must not disturb.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::outcomes::outcome;
use crate::Error;
use crate::memory::HotPath;
use crate::problem::Problem;
use crate::simulation::{Batch, Extent, Record, Records, SimdLevel, Workspace};
use crate::swarm::Outcome;

/// Simulates gain vectors in all scenarios of a problem, without abandonment.
pub struct Solo<'p> {
    problem: &'p Problem,
    level: SimdLevel,
    workspace: Workspace,
    values: Box<[f64]>,
    bounds: Box<[f64]>,
    reaches: Box<[f64]>,
    records: Records,
    queue: AtomicUsize,
}

impl<'p> Solo<'p> {
    /// A worker for these gain vectors, each all parameter values of the controller.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// When a vector has another number of values than the controller has parameters.
    pub fn new(problem: &'p Problem, level: SimdLevel, vectors: &[Vec<f64>]) -> Result<Self, Error> {
        assert!(vectors.iter().all(|values| values.len() == problem.values.len()), "a value a parameter");
        let simulator = &problem.simulator;
        let bytes = simulator.workspace_bytes(level, problem.terms);
        Ok(Self {
            problem,
            level,
            workspace: Workspace::reserve(bytes, simulator.lanes(level))?,
            values: vectors.concat().into(),
            bounds: vec![f64::INFINITY; vectors.len()].into(),
            reaches: vec![1.0; problem.scenarios.len()].into(),
            records: Records::new(vectors.len() * problem.scenarios.len(), problem.limits.len())?,
            queue: AtomicUsize::new(0),
        })
    }

    /// A worker for one simulation: a gain vector in the problem's first scenario.
    ///
    /// # Errors
    ///
    /// As [`Solo::new`].
    ///
    /// # Panics
    ///
    /// As [`Solo::new`].
    pub fn alone(problem: &'p Problem, level: SimdLevel, values: &[f64]) -> Result<Self, Error> {
        Self::new(problem, level, &[values.to_vec()])?.only(1)
    }

    /// The same worker for the first simulations alone.
    ///
    /// # Errors
    ///
    /// As [`Solo::new`].
    pub fn only(self, simulations: usize) -> Result<Self, Error> {
        let records = Records::new(simulations.min(self.records.len()), self.problem.limits.len())?;
        Ok(Self { records, ..self })
    }

    /// Simulates all.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn run(&mut self) {
        let _hot = HotPath::enter();
        self.queue.store(0, Ordering::Relaxed);
        let batch = Batch {
            values: &self.values,
            width: self.problem.values.len(),
            scenarios: &self.problem.scenarios,
            chosen: None,
            bounds: &self.bounds,
            reaches: &self.reaches,
            terms: self.problem.terms,
            extent: Extent::Whole,
            queue: &self.queue,
            end: self.records.len(),
            records: &self.records,
        };
        self.problem.simulator.run(self.level, &batch, &mut self.workspace);
    }

    /// The records of the last run, those of a vector side by side.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        (0..self.records.len()).map(|job| self.records.get(job))
    }

    /// The outcome of each vector in the last run.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        let scenarios = self.problem.scenarios.len();
        let mut costs = vec![(0.0, 0.0); scenarios];
        let of = |vector: usize| {
            (0..scenarios).map(move |scenario| self.records.get(vector * scenarios + scenario))
        };
        (0..self.records.len() / scenarios)
            .map(|vector| {
                let weighed = of(vector).zip(self.problem.weights.iter().copied());
                outcome(self.problem, weighed, &mut costs)
            })
            .collect()
    }

    /// Control steps of the last run.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.records().map(|record| record.steps).sum()
    }

    /// The memory of the worker.
    #[must_use]
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }
}
