//! What is planted, so that the audit has something to find.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::config::Config;
use crate::costs::TermSet;
use crate::problem::Problem;
use crate::registry::Member;
use crate::simulation::{Batch, Ending, Record, Scenario, SimdLevel, Simulator, Trajectory, Workspace};

/// A fault that an audit must find; the last is none, and it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every batch allocates, and frees what it has allocated.
    Allocation,
    /// Every batch allocates and keeps what nobody wants.
    Leak,
    /// Every batch keeps a byte for every control step of its longest simulation, until its problem is dropped.
    Growth,
    /// Every simulation keeps a byte for ever.
    Byte,
    /// Every problem that is made, and so every tuning, keeps a block for ever.
    Block,
    /// The 1st, the 8th, the 64th, … problem that is made keeps as much as a thread leaves: a constant every time, however late.
    Once,
}

impl Member for Fault {
    const ALL: &'static [Self] =
        &[Self::Allocation, Self::Leak, Self::Growth, Self::Byte, Self::Block, Self::Once];

    fn name(self) -> &'static str {
        match self {
            Self::Allocation => "allocation",
            Self::Leak => "leak",
            Self::Growth => "growth",
            Self::Byte => "byte",
            Self::Block => "block",
            Self::Once => "once",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Allocation => "every batch allocates",
            Self::Leak => "every batch leaks",
            Self::Growth => "every batch keeps a byte a control step",
            Self::Byte => "every simulation leaks a byte",
            Self::Block => "every tuning leaks a block",
            Self::Once => "more and more rarely something is kept: no leak",
        }
    }
}

/// What is allocated or leaked: 64 bytes.
struct Block {
    _bytes: [u8; 56],
    before: Option<Box<Block>>,
}

/// What is kept once: the size of what a thread leaves behind in the queues of rayon.
const ONCE_BYTES: usize = 2304;

/// Bytes that a problem grows by at most, so that a long soak does not take the whole machine.
const GROWN_BYTES_MAX: usize = 64 << 20;

/// The last block that was leaked, and so all of them: kept where other tools that look for leaks can see it, so that they find no leak
/// but their own. A chain takes as much for every block, unlike a vector.
static KEPT: Mutex<Option<Box<Block>>> = Mutex::new(None);

/// Bytes that are kept for ever, and the problems that were made with [`Fault::Once`].
static BYTES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static PROBLEMS: AtomicU64 = AtomicU64::new(0);

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

impl Block {
    const ALONE: Self = Self { _bytes: [0; 56], before: None };
}

fn leak_block() {
    let mut last = locked(&KEPT);
    let before = last.take();
    *last = Some(black_box(Box::new(Block { before, ..Block::ALONE })));
}

/// Lets what is kept grow, by not a byte more.
fn keep(kept: &Mutex<Vec<u8>>, bytes: usize) {
    let mut kept = locked(kept);
    let all = kept.len().saturating_add(bytes).min(GROWN_BYTES_MAX);
    let more = all - kept.len();
    kept.reserve_exact(more);
    kept.resize(all, 0);
}

/// A simulator with a fault.
struct Faulty {
    inner: Box<dyn Simulator>,
    fault: Fault,
    /// What it has grown by.
    grown: Mutex<Vec<u8>>,
    /// Simulations of the batch for which a byte has been kept.
    counted: Mutex<usize>,
}

/// A problem whose simulator has a fault, if one is given.
pub(crate) fn plant(problem: Problem, fault: Option<Fault>) -> Problem {
    let Some(fault) = fault else { return problem };
    match fault {
        Fault::Block => leak_block(),
        Fault::Once => {
            let count = PROBLEMS.fetch_add(1, Relaxed) + 1;
            if count.is_power_of_two() && count.trailing_zeros().is_multiple_of(3) {
                keep(&BYTES, ONCE_BYTES);
            }
        }
        Fault::Allocation | Fault::Leak | Fault::Growth | Fault::Byte => {}
    }
    let simulator = Box::new(Faulty {
        inner: problem.simulator,
        fault,
        grown: Mutex::default(),
        counted: Mutex::default(),
    });
    Problem { simulator, ..problem }
}

/// The problem of a study, with a fault if one is given.
pub(super) fn problem(config: &Config, fault: Option<Fault>) -> Problem {
    plant(Problem::new(config), fault)
}

impl Faulty {
    /// Keeps a byte for every simulation of the batch that has ended since the last worker came here.
    fn keep_bytes(&self, batch: &Batch<'_>) {
        let mut counted = locked(&self.counted);
        let ended = (0..batch.end).filter(|job| batch.records.get(*job).ending != Ending::Pending).count();
        keep(&BYTES, ended.saturating_sub(*counted));
        *counted = ended;
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
        if batch.queue.load(Relaxed) == 0 {
            // Nobody has begun, so nothing of this batch has ended.
            *locked(&self.counted) = 0;
        }
        self.inner.run(level, batch, workspace);
        match self.fault {
            Fault::Allocation => drop(black_box(Box::new(Block::ALONE))),
            Fault::Leak => leak_block(),
            Fault::Growth => {
                let longest = (0..batch.end).map(|job| batch.records.get(job).steps).max().unwrap_or(0);
                keep(&self.grown, usize::try_from(longest).unwrap_or(usize::MAX));
            }
            Fault::Byte => self.keep_bytes(batch),
            Fault::Block | Fault::Once => {}
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
