//! What is planted, so that the audit has something to find.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::costs::TermSet;
use crate::problem::Problem;
use crate::registry::Member;
use crate::simulation::{Batch, Record, Scenario, SimdLevel, Simulator, Trajectory, Workspace};

/// A fault that an audit must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every batch allocates, and frees what it has allocated.
    Allocation,
    /// Every batch allocates and keeps what nobody wants.
    Leak,
    /// Every batch keeps a byte for every control step of its longest simulation, until its problem is dropped.
    Growth,
}

impl Member for Fault {
    const ALL: &'static [Self] = &[Self::Allocation, Self::Leak, Self::Growth];

    fn name(self) -> &'static str {
        match self {
            Self::Allocation => "allocation",
            Self::Leak => "leak",
            Self::Growth => "growth",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Allocation => "every batch allocates",
            Self::Leak => "every batch leaks",
            Self::Growth => "every batch keeps a byte a control step",
        }
    }
}

/// What is allocated or leaked: 64 bytes.
struct Block {
    _bytes: [u8; 56],
    before: Option<Box<Block>>,
}

/// Bytes that a problem grows by at most, so that a long soak does not take the whole machine.
const GROWN_BYTES_MAX: usize = 64 << 20;

/// The last block that was leaked, and so all of them: kept where other tools that look for leaks can see it, so that they find no leak
/// but their own. A chain takes as much for every block, unlike a vector.
static KEPT: Mutex<Option<Box<Block>>> = Mutex::new(None);

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives back what has been leaked.
pub(super) fn give_back() {
    // One after the other: a long chain that is dropped at once takes a long stack.
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

/// A problem whose simulator has a fault, if one is given.
pub(crate) fn plant(problem: Problem, fault: Option<Fault>) -> Problem {
    let Some(fault) = fault else { return problem };
    let simulator = Box::new(Faulty { inner: problem.simulator, fault, grown: Mutex::default() });
    Problem { simulator, ..problem }
}

impl Faulty {
    fn grow(&self, bytes: usize) {
        let mut grown = locked(&self.grown);
        let all = grown.len().saturating_add(bytes).min(GROWN_BYTES_MAX);
        let more = all - grown.len();
        grown.reserve_exact(more);
        grown.resize(all, 0);
    }
}

impl Simulator for Faulty {
    fn effective(&self, level: SimdLevel) -> SimdLevel {
        self.inner.effective(level)
    }

    fn lanes(&self, level: SimdLevel) -> usize {
        self.inner.lanes(level)
    }

    fn workspace_bytes(&self, level: SimdLevel, terms: TermSet) -> usize {
        self.inner.workspace_bytes(level, terms)
    }

    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace) {
        self.inner.run(level, batch, workspace);
        let block = || std::hint::black_box(Box::new(Block { _bytes: [0; 56], before: None }));
        match self.fault {
            Fault::Allocation => drop(block()),
            Fault::Leak => {
                let (mut block, mut last) = (block(), locked(&KEPT));
                block.before = last.take();
                *last = Some(block);
            }
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
