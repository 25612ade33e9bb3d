//! The ranks of an MPI job judge each generation together.
//!
//! Rank 0 runs the command: it asks, deals the jobs of a generation, judges its own part, gathers the records and tells. It alone reads and
//! writes files and prints. The others know nothing but what it sends: first the study with its scenarios, then, a generation at a time, gain
//! vectors with their bounds. A job has the same bits wherever it runs, and records are reduced in the order of their index, so that no
//! result depends on the number of ranks.
//!
//! In the place of that, rank 0 can hand out tasks that a rank does as a whole, such as a study of a batch with all its files (`deal.rs`). What they are is known to
//! those who pose and do them.
//!
//! Calls of MPI come from one thread at a time, which need not be the same one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use mpi::Threading;
use mpi::environment::Universe;

mod deal;
mod lead;
mod posed;
mod world;

pub(super) use deal::{all_agree, deal};
pub(super) use lead::{HEAD, Lead};
pub(super) use posed::Posed;
pub(super) use world::{Tag, World};

/// Variables that the starters of MPI jobs set: Open MPI, `PMIx` (Slurm) and PMI (MPICH, Slurm).
const STARTED: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "PMI_RANK"];

/// The exit code of a process that has panicked.
const PANICKED: i32 = 101;

/// The ranks, when this process is rank 0 of several.
static WORLD: OnceLock<World> = OnceLock::new();
/// Whether the other ranks take part.
static IS_OPEN: AtomicBool = AtomicBool::new(false);
/// Whether they wait for what rank 0 says.
static ARE_WAITING: AtomicBool = AtomicBool::new(false);

/// The MPI job of which this process is a rank; MPI ends with it.
pub(super) struct Job {
    world: World,
    _universe: Universe,
}

impl Job {
    /// Whether this is rank 0.
    pub(super) fn is_lead(&self) -> bool {
        self.world.is_lead()
    }
}

/// Begins as a rank; `None` where this process was not started as one.
pub(super) fn start() -> Option<Job> {
    if !STARTED.iter().any(|name| std::env::var_os(name).is_some()) {
        return None;
    }
    let (universe, _) = mpi::initialize_with_threading(Threading::Serialized)?;
    let world = World::of(&universe);
    if world.is_lead() && world.size() > 1 {
        ARE_WAITING.store(true, Ordering::Relaxed);
        let _ = WORLD.set(world);
    }
    Some(Job { world, _universe: universe })
}

impl Drop for Job {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The others may wait for this one.
            World::abort(PANICKED);
        }
        if self.is_lead() {
            send_off(Tag::End);
        }
    }
}

/// The ranks, where they take part.
pub(super) fn open() -> Option<World> {
    WORLD.get().copied().filter(|_| IS_OPEN.load(Ordering::Relaxed))
}

/// Lets the others judge a part of every generation from now on, or not.
pub(super) fn set_open(is_open: bool) {
    IS_OPEN.store(is_open, Ordering::Relaxed);
}

/// Lets the others run the command by themselves.
pub(super) fn part_ways() {
    send_off(Tag::Apart);
}

/// The last that the others hear.
fn send_off(tag: Tag) {
    set_open(false);
    if let Some(world) = WORLD.get().filter(|_| ARE_WAITING.swap(false, Ordering::Relaxed)) {
        world.tell_all(tag, &[]);
    }
}
