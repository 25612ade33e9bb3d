//! Long work on a thread of its own, while the thread that called looks for signals and calls back.
//!
//! Python handles signals in its main thread alone, and what is called back expects to be in the thread that asked: so the work is done
//! elsewhere, and never needs the interpreter. Waiting allocates nothing, so that the figures of a run are its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use gainswarm::engine::Progress;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::alone::Going;
use crate::errors::panicked;

/// How long a signal may wait.
const LOOK: Duration = Duration::from_millis(50);

/// What work and conductor tell each other.
pub(crate) struct Link {
    going: Going,
    stop: AtomicBool,
    /// Whether anybody wants to see progress.
    is_watched: bool,
    said: Mutex<Said>,
    changed: Condvar,
}

#[derive(Default)]
struct Said {
    /// Progress that has not been shown yet.
    progress: Option<Progress>,
    note: Option<String>,
    done: bool,
}

impl Link {
    /// Whether nothing else has been going on in the process since the work began.
    pub(crate) fn is_alone(&self) -> bool {
        self.going.is_alone()
    }

    /// Whether the work shall stop.
    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Shows progress and waits until it has been seen; whether the work shall stop.
    pub(crate) fn show(&self, progress: &Progress) -> bool {
        if self.is_watched {
            let mut said = self.said();
            said.progress = Some(*progress);
            self.changed.notify_all();
            while said.progress.is_some() {
                said = self.changed.wait(said).unwrap_or_else(PoisonError::into_inner);
            }
        }
        self.stops()
    }

    /// Says something that the user should know, when the work is done.
    pub(crate) fn note(&self, text: &str) {
        let mut said = self.said();
        let note = said.note.take().map_or(String::new(), |before| before + "\n");
        said.note = Some(note + text);
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to be said, no longer than a signal may wait: progress, and whether the work is done.
    fn hear(&self) -> (Option<Progress>, bool) {
        let said = self.said();
        let silent = |said: &mut Said| said.progress.is_none() && !said.done;
        let waited = self.changed.wait_timeout_while(said, LOOK, silent);
        let (said, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (said.progress, said.done)
    }

    /// Lets the work go on.
    fn seen(&self) {
        self.said().progress = None;
        self.changed.notify_all();
    }
}

/// What is called with progress.
pub(crate) type Show<'a> = &'a dyn Fn(&Progress) -> PyResult<()>;

/// What came of work.
pub(crate) struct Conducted<R> {
    pub(crate) result: R,
    /// Why it was stopped, if it was: what the callback raised, or a signal's handler.
    pub(crate) stopped: Option<PyErr>,
    /// What the user should know.
    pub(crate) note: Option<String>,
}

/// Does what is soon done without the interpreter's lock, in this thread; a panic is an error.
pub(crate) fn detached<R: Send>(py: Python<'_>, work: impl FnOnce() -> R + Send) -> PyResult<R> {
    let done = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    done.map_err(|panic| panicked(py, panic.as_ref()))
}

/// Does work without the interpreter's lock. `show` is called in this thread; what it raises stops the work, as a signal does.
pub(crate) fn conduct<R: Send>(
    py: Python<'_>,
    show: Option<Show<'_>>,
    work: impl FnOnce(&Link) -> R + Send,
) -> PyResult<Conducted<R>> {
    let link = Link {
        going: Going::begin(),
        stop: AtomicBool::new(false),
        is_watched: show.is_some(),
        said: Mutex::default(),
        changed: Condvar::new(),
    };
    let mut stopped: Option<PyErr> = None;
    let result = std::thread::scope(|scope| {
        let body = || {
            let result = catch_unwind(AssertUnwindSafe(|| work(&link)));
            link.said().done = true;
            link.changed.notify_all();
            result
        };
        let worker = Builder::new()
            .name("gainswarm".into())
            .spawn_scoped(scope, body)
            .map_err(|error| PyRuntimeError::new_err(format!("cannot start a thread: {error}")))?;
        loop {
            let (progress, done) = py.detach(|| link.hear());
            let shown = progress.zip(show).map(|(progress, show)| show(&progress));
            let heard = shown.unwrap_or(Ok(())).and_then(|()| py.check_signals());
            if let Err(error) = heard {
                link.stop.store(true, Relaxed);
                stopped.get_or_insert(error);
            }
            if progress.is_some() {
                link.seen();
            }
            if done {
                break;
            }
        }
        let joined = py.detach(|| worker.join());
        let caught = joined.unwrap_or_else(Err);
        caught.map_err(|panic| panicked(py, panic.as_ref()))
    })?;
    let note = link.said().note.take();
    Ok(Conducted { result, stopped, note })
}
