//! Faults that the audit plants to test itself.

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::problem::Problem;
use crate::simulation::{Batch, Record, Scenario, SimdLevel, Simulator, Terms, Trajectory, Workspace};

/// A problem of which every batch allocates, and frees what it has allocated.
pub(super) fn allocating(problem: Problem) -> Problem {
    plant(problem, Fault::Allocation)
}

/// A problem of which every batch allocates and keeps what it has allocated.
pub(super) fn leaking(problem: Problem) -> Problem {
    plant(problem, Fault::Leak)
}

/// A problem of which every batch keeps a byte for every control step of its longest simulation, until the problem is dropped.
pub(super) fn growing(problem: Problem) -> Problem {
    plant(problem, Fault::Growth)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Allocation,
    Leak,
    Growth,
}

fn plant(problem: Problem, fault: Fault) -> Problem {
    let simulator = Box::new(Faulty { inner: problem.simulator, fault, grown: Mutex::default() });
    Problem { simulator, ..problem }
}

/// What is allocated or leaked: 64 bytes.
struct Held {
    _bytes: [u8; 56],
    before: Option<Box<Held>>,
}

impl Held {
    const ALONE: Self = Self { _bytes: [0; 56], before: None };
}

/// Bytes that a problem grows by at most, so that a long soak does not take the whole machine.
const GROWN_BYTES_MAX: usize = 64 << 20;

/// The last block that was leaked, and through it all others: still reachable, so that other leak detectors do not report them. Unlike
/// a vector, a chain takes the same bytes for every block.
static KEPT: Mutex<Option<Box<Held>>> = Mutex::new(None);

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leak_block() {
    let mut last = locked(&KEPT);
    let before = last.take();
    *last = Some(black_box(Box::new(Held { before, ..Held::ALONE })));
}

/// Gives back what has been leaked.
pub(super) fn give_back() {
    // One by one: dropping a long chain at once would recurse deeply.
    let mut rest = locked(&KEPT).take();
    while let Some(block) = rest {
        rest = block.before;
    }
}

/// A simulator with a fault.
struct Faulty {
    inner: Box<dyn Simulator>,
    fault: Fault,
    /// What it has grown by.
    grown: Mutex<Vec<u8>>,
}

impl Faulty {
    /// Grows by exactly so many bytes.
    fn grow(&self, bytes: usize) {
        let mut grown = locked(&self.grown);
        let all = grown.len().saturating_add(bytes).min(GROWN_BYTES_MAX);
        let more = all - grown.len();
        grown.reserve_exact(more);
        grown.resize(all, 0);
    }
}

impl Simulator for Faulty {
    fn lanes(&self, level: SimdLevel) -> usize {
        self.inner.lanes(level)
    }

    fn flops_a_step(&self) -> f64 {
        self.inner.flops_a_step()
    }

    fn workspace_bytes(&self, level: SimdLevel, terms: Terms) -> usize {
        self.inner.workspace_bytes(level, terms)
    }

    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace) {
        self.inner.run(level, batch, workspace);
        match self.fault {
            Fault::Allocation => drop(black_box(Box::new(Held::ALONE))),
            Fault::Leak => leak_block(),
            Fault::Growth => {
                let longest = (0..batch.end).map(|job| batch.records.get(job).steps).max().unwrap_or(0);
                self.grow(usize::try_from(longest).unwrap_or(usize::MAX));
            }
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
