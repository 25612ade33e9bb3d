//! A counting allocator: the system's, with a count of allocations, frees and live bytes over all threads.
//!
//! Install it in a binary (or a test) of your own:
//!
//! ```
//! use gainswarm::memory::{Meter, Reading};
//!
//! #[global_allocator]
//! static METER: Meter = Meter;
//!
//! let before = Reading::now().expect("the meter is installed");
//! let kept = vec![0_u8; 1000];
//! let after = Reading::now().expect("the meter is installed");
//! assert!(after.allocations > before.allocations);
//! assert!(after.live_bytes >= before.live_bytes + 1000);
//! drop(kept);
//! ```
//!
//! Of the two files with `unsafe` this is one (`native/load.rs` is the other): implementing [`GlobalAlloc`] requires it. Every method passes its arguments to
//! [`System`] unchanged and only counts.

#![allow(unsafe_code, reason = "the trait GlobalAlloc is unsafe to implement; all work is done by System")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::trace;

/// The system allocator with a count.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static FREES: AtomicU64 = AtomicU64::new(0);
static BYTES_ALLOCATED: AtomicU64 = AtomicU64::new(0);
static BYTES_FREED: AtomicU64 = AtomicU64::new(0);
/// The largest number of live bytes since the start.
static PEAK: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Constants without a destructor: reading them allocates nothing, at any time of a thread's life.
    static OWN_ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static OWN_FREES: Cell<u64> = const { Cell::new(0) };
    static OWN_LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
    static OWN_PEAK_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// What the meter shows: totals since the start of the process, over all threads.
///
/// The counters are read one after the other: exact while no other thread allocates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Allocations, each growth of a block counted as one.
    pub allocations: u64,
    /// Frees, each growth of a block counted as one.
    pub frees: u64,
    /// Bytes allocated and not freed.
    pub live_bytes: u64,
    /// The most that there were at a time since the start.
    pub peak_bytes: u64,
}

/// What the thread that asks has allocated and freed since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnReading {
    /// Allocations, each growth of a block counted as one.
    pub allocations: u64,
    /// Frees, also of what other threads have allocated; each growth of a block counted as one.
    pub frees: u64,
    /// Bytes that it has allocated less those that it has freed; below 0 where it frees what others have allocated.
    pub live_bytes: i64,
    /// The most that these have been.
    pub peak_bytes: i64,
}

impl OwnReading {
    /// The counters of this thread now, or `None` when no [`Meter`] is this program's allocator.
    #[must_use]
    pub fn now() -> Option<Self> {
        Reading::now().map(|_| Self {
            allocations: OWN_ALLOCATIONS.get(),
            frees: OWN_FREES.get(),
            live_bytes: OWN_LIVE_BYTES.get(),
            peak_bytes: OWN_PEAK_BYTES.get(),
        })
    }
}

impl Reading {
    /// The counters now, or `None` when no [`Meter`] is this program's allocator.
    #[must_use]
    pub fn now() -> Option<Self> {
        let allocations = ALLOCATIONS.load(Relaxed);
        // Every program has allocated by now, so a count of 0 means that the meter is not installed.
        (allocations > 0).then(|| Self {
            allocations,
            frees: FREES.load(Relaxed),
            live_bytes: live_bytes(),
            peak_bytes: PEAK.load(Relaxed),
        })
    }
}

fn live_bytes() -> u64 {
    // In this order a block that is freed between the two reads counts as live, and the difference is never negative.
    let freed = BYTES_FREED.load(Relaxed);
    BYTES_ALLOCATED.load(Relaxed).saturating_sub(freed)
}

fn count_allocation(bytes: usize) {
    if trace::is_uncounted() {
        return;
    }
    ALLOCATIONS.fetch_add(1, Relaxed);
    BYTES_ALLOCATED.fetch_add(bytes as u64, Relaxed);
    PEAK.fetch_max(live_bytes(), Relaxed);
    OWN_ALLOCATIONS.set(OWN_ALLOCATIONS.get() + 1);
    OWN_LIVE_BYTES.set(OWN_LIVE_BYTES.get() + bytes.cast_signed() as i64);
    OWN_PEAK_BYTES.set(OWN_PEAK_BYTES.get().max(OWN_LIVE_BYTES.get()));
    trace::allocated();
}

fn count_free(bytes: usize) {
    if trace::is_uncounted() {
        return;
    }
    FREES.fetch_add(1, Relaxed);
    BYTES_FREED.fetch_add(bytes as u64, Relaxed);
    OWN_FREES.set(OWN_FREES.get() + 1);
    OWN_LIVE_BYTES.set(OWN_LIVE_BYTES.get() - bytes.cast_signed() as i64);
}

// SAFETY: every method forwards to `System` with the caller's arguments, so the caller's promises are the ones that
// `System` asks for, and what is returned is what `System` returned.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: forwarded as received.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            count_allocation(layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: forwarded as received.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            count_allocation(layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count_free(layout.size());
        // SAFETY: forwarded as received.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: forwarded as received.
        let moved = unsafe { System.realloc(block, layout, size) };
        // A refusal leaves the block as it was.
        if !moved.is_null() {
            count_free(layout.size());
            count_allocation(size);
        }
        moved
    }
}
