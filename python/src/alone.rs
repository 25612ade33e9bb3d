//! Whether a run was alone: the allocator counts for the whole process, so that its figures are a run's own only while nothing else goes on
//! that may allocate.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Calls that are going on, and all that have begun.
static GOING: AtomicU64 = AtomicU64::new(0);
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// A call that is going on.
pub(crate) struct Going {
    /// How many had begun when it had; `None` where another was going on.
    begun: Option<u64>,
}

impl Going {
    pub(crate) fn begin() -> Self {
        let others = GOING.fetch_add(1, SeqCst);
        let begun = BEGUN.fetch_add(1, SeqCst) + 1;
        Self { begun: (others == 0).then_some(begun) }
    }

    /// Whether no other was going on since it began.
    pub(crate) fn is_alone(&self) -> bool {
        self.begun == Some(BEGUN.load(SeqCst))
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        GOING.fetch_sub(1, SeqCst);
    }
}
