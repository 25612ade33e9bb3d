//! A simulator with something of a test's own in it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gainswarm::Error;
use gainswarm::simulation::{
    Batch, Record, Runner, Scenario, SimdLevel, Simulator, Terms, Trajectory, Workspace,
};

/// Does something with the gains of each simulation before it starts.
pub(crate) struct Planted<F> {
    pub(crate) inner: Runner,
    pub(crate) before: F,
}

impl<F: Fn(&[f64]) + Send + Sync> Simulator for Planted<F> {
    fn lanes(&self, level: SimdLevel) -> usize {
        self.inner.lanes(level)
    }

    fn workspace_bytes(&self, level: SimdLevel, terms: Terms) -> usize {
        self.inner.workspace_bytes(level, terms)
    }

    fn flops_a_step(&self) -> f64 {
        self.inner.flops_a_step()
    }

    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace) {
        let lanes = self.lanes(level);
        loop {
            let first = batch.queue.fetch_add(lanes, Relaxed);
            if first >= batch.end {
                return;
            }
            let end = batch.end.min(first + lanes);
            for job in first..end {
                let vector = job / batch.scenarios.len();
                (self.before)(&batch.values[vector * batch.width..][..batch.width]);
            }
            self.inner.run(level, &Batch { queue: &AtomicUsize::new(first), end, ..*batch }, workspace);
        }
    }

    fn record(
        &self,
        level: SimdLevel,
        values: &[f64],
        scenario: &Scenario,
        stride: usize,
    ) -> Result<(Record, Trajectory), Error> {
        self.inner.record(level, values, scenario, stride)
    }
}
