//! The worker threads of a run: started before it and joined after it.

use std::thread::{Builder, JoinHandle};

use rayon::ThreadPoolBuilder;

use crate::Error;

/// Runs `task` on a pool of `threads` workers and waits until they have ended.
///
/// Dropping a pool does not wait for its threads, and what they tear down allocates: the next run of the same process
/// would find these allocations on its hot path. So the threads are our own and are joined, and what they leave is freed.
pub(super) fn with<R: Send>(
    threads: usize,
    task: impl FnOnce() -> Result<R, Error> + Send,
) -> Result<R, Error> {
    let mut handles: Vec<JoinHandle<()>> = Vec::with_capacity(threads);
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .spawn_handler(|worker| {
            let name = format!("gainswarm-{}", worker.index());
            handles.push(Builder::new().name(name).spawn(|| worker.run())?);
            Ok(())
        })
        .build()
        .map_err(|error| Error::Threads { threads, reason: error.to_string() })?;
    let result = pool.install(task);
    drop(pool);
    for handle in handles {
        // A worker that panicked has been reported by its own panic message, and its result is in `result`.
        let _ = handle.join();
    }
    free_what_is_left(threads);
    result
}

/// Frees memory that ended threads have left behind.
///
/// The queues of rayon free their memory by epochs: a thread leaves some KiB, which other threads free later, a little at a time. Until then a leak could not be told from these remains. Each round frees what the one before has handed
/// on, so that after two of them the same is left every time.
fn free_what_is_left(threads: usize) {
    // Every 128th pin frees up to 8 bags, after two epochs; a thread leaves one, and a few more hold what is handed on.
    let pins = 128 * (4 + threads / 4);
    for _ in 0..2 {
        (0..pins).for_each(|_| drop(crossbeam_epoch::pin()));
        crossbeam_epoch::pin().flush();
    }
    (0..pins).for_each(|_| drop(crossbeam_epoch::pin()));
}
