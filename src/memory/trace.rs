//! Where memory is allocated on the hot path.
//!
//! While it is [`wanted`], the first allocation inside of a [`HotPath`] or a [`HotGeneration`] keeps its backtrace: addresses only, which are looked up when it
//! is [`told`]. What this takes and gives back itself is not counted, and an allocation that is not counted keeps no backtrace, so that
//! the allocator never calls itself without end. Who does not want it pays for a flag at each allocation.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

static WANTED: AtomicBool = AtomicBool::new(false);
/// Tunings whose generation is on its way.
static GENERATIONS: AtomicUsize = AtomicUsize::new(0);
static FIRST: Mutex<Option<Backtrace>> = Mutex::new(None);

/// Functions that are told at most, the innermost first.
const FRAMES: usize = 8;

thread_local! {
    // Constants without a destructor, as in `meter.rs`.
    static IS_HOT: Cell<bool> = const { Cell::new(false) };
    static IS_UNCOUNTED: Cell<bool> = const { Cell::new(false) };
}

/// Sets a flag of this thread until it is dropped, also by a panic.
struct Flag(&'static std::thread::LocalKey<Cell<bool>>, bool);

impl Flag {
    fn set(key: &'static std::thread::LocalKey<Cell<bool>>) -> Self {
        Self(key, key.replace(true))
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// While it lives, this thread is where nothing may be allocated.
pub(crate) struct HotPath {
    _flag: Flag,
}

impl HotPath {
    pub(crate) fn enter() -> Self {
        Self { _flag: Flag::set(&IS_HOT) }
    }
}

/// While it lives, the whole process is where nothing may be allocated: a tuning counts what all threads do in a generation.
pub(crate) struct HotGeneration;

impl HotGeneration {
    pub(crate) fn enter() -> Self {
        GENERATIONS.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for HotGeneration {
    fn drop(&mut self) {
        GENERATIONS.fetch_sub(1, Relaxed);
    }
}

/// Whether this thread takes memory that the meter leaves out.
pub(super) fn is_uncounted() -> bool {
    IS_UNCOUNTED.get()
}

/// Called by the meter for each allocation that it counts.
pub(super) fn allocated() {
    let is_hot = WANTED.load(Relaxed) && (IS_HOT.get() || GENERATIONS.load(Relaxed) > 0);
    // The message of a panic may hold the lock that a backtrace needs.
    if !is_hot || std::thread::panicking() || !WANTED.swap(false, Relaxed) {
        return;
    }
    let _flag = Flag::set(&IS_UNCOUNTED);
    *FIRST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Backtrace::force_capture());
}

/// Keeps the backtrace of the next allocation on the hot path, of any thread, and forgets an earlier one.
pub(crate) fn wanted() {
    told();
    WANTED.store(true, Relaxed);
}

/// The functions that the first allocation came from, the innermost first, without those of the allocator and of what runs a thread; none
/// where there was no allocation. From now on no backtrace is wanted.
pub(crate) fn told() -> Vec<String> {
    WANTED.store(false, Relaxed);
    let uncounted = Flag::set(&IS_UNCOUNTED);
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    let found = first.map_or_else(Vec::new, |trace| functions(&trace.to_string()));
    drop(uncounted);
    // What is given away is counted, since whoever gets it frees it.
    let given = found.clone();
    let _uncounted = Flag::set(&IS_UNCOUNTED);
    drop(found);
    given
}

/// The functions of a backtrace as `std` writes it: `  4: name`, and below it `at file:line:column` where that is known.
fn functions(trace: &str) -> Vec<String> {
    // What allocates and what runs a thread is the same for all.
    let of_the_allocator = ["std::backtrace", "gainswarm::memory::", "__rust", "__rdl", "alloc::", "core::"];
    let of_a_thread =
        ["rayon", "std::", "core::", "alloc::", "__rust", "start_thread", "clone", "__libc", "_start"];
    let is_of = |name: &str, crates: &[&str]| {
        let name = name.trim_start_matches(['<', '&']);
        crates.iter().any(|start| name.starts_with(start)) || name == "unknown>"
    };
    let mut found: Vec<String> = Vec::new();
    for line in trace.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(last) = found.last_mut().filter(|last| !last.contains(" at ")) {
                last.extend([" at ", place]);
            }
        } else if let Some((_, name)) = line.split_once(": ") {
            found.push(name.to_owned());
        }
    }
    let found = found.into_iter().skip_while(|name| is_of(name, &of_the_allocator));
    found.filter(|name| !is_of(name, &of_a_thread)).take(FRAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_without_the_allocator_and_the_thread() {
        let trace = "   0: std::backtrace::Backtrace::create\n   1: <gainswarm::memory::meter::Meter as core::alloc::GlobalAlloc>::alloc\n\
            \x20  2: alloc::raw_vec::RawVecInner::finish_grow\n   3: gainswarm::law::step\n             at ./src/law.rs:7:9\n\
            \x20  4: <F as alloc::Call>::call\n   5: rayon_core::job::run\n   6: gainswarm::work\n   7: start_thread\n   8: <unknown>\n";
        let told = functions(trace);
        assert_eq!(
            told,
            ["gainswarm::law::step at ./src/law.rs:7:9", "<F as alloc::Call>::call", "gainswarm::work"]
        );
        assert!(functions("").is_empty());
    }
}
