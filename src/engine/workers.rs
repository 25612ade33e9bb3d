//! The worker threads of a run: started before it, gone after it.

use std::thread::{Builder, JoinHandle};

use rayon::ThreadPoolBuilder;

use crate::Error;

/// Runs `task` on a pool of `threads` workers and waits until they are gone.
///
/// Dropping a pool does not wait for its threads, and what they tear down allocates: the next run of the same process
/// would find these allocations on its hot path. So the threads are our own and are joined.
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
    result
}
