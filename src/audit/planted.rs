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
}

impl Member for Fault {
    const ALL: &'static [Self] = &[Self::Allocation, Self::Leak];

    fn name(self) -> &'static str {
        match self {
            Self::Allocation => "allocation",
            Self::Leak => "leak",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Allocation => "every batch allocates",
            Self::Leak => "every batch leaks",
        }
    }
}

/// Bytes that are allocated or leaked.
const PLANTED_BYTES: usize = 64;

/// What has been leaked: kept where other tools that look for leaks can see it, so that they find no leak but their own.
static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Vec<u8>>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives back what has been leaked.
pub(super) fn give_back() {
    *kept() = Vec::new();
}

/// A simulator with a fault.
struct Faulty {
    inner: Box<dyn Simulator>,
    fault: Fault,
}

/// A problem whose simulator has a fault.
pub(super) fn plant(problem: Problem, fault: Fault) -> Problem {
    let simulator = Box::new(Faulty { inner: problem.simulator, fault });
    Problem { simulator, ..problem }
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
        let block = std::hint::black_box(vec![0_u8; PLANTED_BYTES]);
        match self.fault {
            Fault::Allocation => drop(block),
            Fault::Leak => kept().push(block),
        }
        self.inner.run(level, batch, workspace);
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
