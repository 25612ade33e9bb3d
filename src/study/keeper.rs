//! Keeps a run safe while it goes on: checkpoints, interruptions, progress.

use std::path::Path;

use super::Safety;
use crate::Error;
use crate::archive;
use crate::config::Config;
use crate::engine::{Declared, Flow, Observer, Progress, Resources, Run, Tuning};
use crate::memory::{self, live_bytes};
use crate::native::Refusal;
use crate::plugin::Plugin;
use crate::report::checkpoint;

/// Who looks at a run that is kept, and may stop it.
pub trait Watch: Send {
    /// A generation is done.
    fn show(&mut self, progress: &Progress);

    /// Something is to be known while the run goes on: a warning, or why it stops.
    fn note(&mut self, text: &str);

    /// The exit code of what asks the run to end, if anything does.
    fn interrupted(&self) -> Option<u8>;

    /// The run has ended.
    fn finish(&mut self) {}
}

/// Why simulations run on the program where machine code was expected.
#[must_use]
pub fn no_machine_code(refusal: &Refusal) -> String {
    format!("warning: no machine code: {refusal}; the program runs the simulations, with the same results")
}

/// Observes a run: saves it, shows its progress and stops it when it is asked to end.
pub(super) struct Keeper<'a> {
    directory: &'a Path,
    config: &'a Config,
    /// Generations from one checkpoint to the next.
    every: u64,
    watch: &'a mut dyn Watch,
    /// The exit code when the run was interrupted.
    interrupted: Option<u8>,
    /// Bytes that checkpoints may take, and the live bytes after the first generation.
    room: u64,
    first: Option<i64>,
    /// The run as it was last saved, and after which generation.
    bytes: Vec<u8>,
    safe: u64,
    /// Room for the next state.
    next: Vec<u8>,
    /// Whether the user has been warned of a failed checkpoint, and of growing memory.
    warned: bool,
    warned_of_growth: bool,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        directory: &'a Path,
        config: &'a Config,
        safety: Safety,
        watch: &'a mut dyn Watch,
        declared: &Declared,
    ) -> Result<Self, Error> {
        // Large enough for any state, so that they never grow and are not mistaken for a leak.
        let state = usize::try_from(declared.state()).unwrap_or(usize::MAX);
        let [bytes, next] =
            [memory::empty("the checkpoints", state)?, memory::empty("the checkpoints", state)?];
        Ok(Self {
            directory,
            config,
            every: safety.checkpoint_every,
            watch,
            interrupted: None,
            room: declared.checkpoints,
            first: None,
            bytes,
            safe: 0,
            next,
            warned: false,
            // The instances of an FMU are made when they are needed first.
            warned_of_growth: config.plant.of.model.library().is_some_and(Plugin::hides_state),
        })
    }

    /// Runs to the end or to an interruption. The first checkpoint is written before anything is computed: from then on the directory
    /// belongs to this run.
    pub(super) fn keep(&mut self, mut run: Run<'_>, resources: Resources) -> Result<Tuning, Error> {
        self.safe = run.generations();
        if self.safe == 0 {
            self.save(&mut run)?;
        }
        let tuning = run.search(resources, self)?;
        self.watch.finish();
        Ok(tuning)
    }

    /// The exit code, when the run was interrupted.
    pub(super) fn interrupted(&self) -> Option<u8> {
        self.interrupted
    }

    /// The generation after which the run was last saved, and its state then.
    pub(super) fn saved(self) -> (u64, Vec<u8>) {
        (self.safe, self.bytes)
    }

    /// Bytes that the program has beyond its first generation and the room of checkpoints.
    fn beyond(&mut self) -> i64 {
        let live = live_bytes();
        live - *self.first.get_or_insert(live) - self.room.cast_signed()
    }

    fn save(&mut self, run: &mut Run<'_>) -> Result<(), Error> {
        self.next.clear();
        archive::save(run, &mut self.next);
        checkpoint::write(self.directory, self.config, &self.next, false)?;
        std::mem::swap(&mut self.bytes, &mut self.next);
        self.safe = run.generations();
        Ok(())
    }
}

impl Observer for Keeper<'_> {
    fn generation(&mut self, progress: &Progress, run: &mut Run<'_>) -> Flow {
        self.watch.show(progress);
        run.note_growth(self.beyond());
        let growth = run.growth_bytes();
        if growth > 0 && !self.warned_of_growth {
            self.warned_of_growth = true;
            let (bytes, generation) = (growth, progress.row.generation);
            self.watch.note(&format!(
                "warning: memory grows: {bytes} bytes by generation {generation}; this is a bug of gainswarm"
            ));
        }
        if progress.exceeds {
            self.watch.note(
                "error: the run uses more memory than memory_limit allows and stops; --resume goes on with a larger one",
            );
        }
        if !progress.ended {
            self.interrupted = self.watch.interrupted();
        }
        let generation = progress.row.generation;
        let stops = progress.ended || progress.exceeds || self.interrupted.is_some();
        if stops || generation.is_multiple_of(self.every) {
            match self.save(run) {
                Err(error) if stops => {
                    self.watch
                        .note(&format!("warning: generation {generation}, the last, is not saved; {error}"));
                }
                // A failed checkpoint does not stop the run.
                Err(error) if !self.warned => {
                    self.warned = true;
                    self.watch.note(&format!("warning: the run goes on without a new checkpoint; {error}"));
                }
                _ => {}
            }
        }
        if self.interrupted.is_some() { Flow::Interrupt } else { Flow::Continue }
    }

    fn on_the_program(&mut self, refusal: &Refusal) {
        self.watch.note(&no_machine_code(refusal));
    }
}
