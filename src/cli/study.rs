//! What the command line says of a study: where its results are, how it can go on, how the program ends.

use super::interrupt::Interrupt;
use super::progress::ProgressView;
use super::{Exit, SearchArgs, note};
use crate::Error;
use crate::config::Config;
use crate::engine::Progress;
pub(super) use crate::study::{Claim, Study, Way, convergence, owner, owner_of_all, way};
use crate::study::{Place, Watch, doubts, longer};

/// Shows a run on stderr and stops it on a signal.
pub(super) struct Shown<'a> {
    pub(super) meter: ProgressView,
    pub(super) interrupt: &'a Interrupt,
}

impl Watch for Shown<'_> {
    fn show(&mut self, progress: &Progress) {
        self.meter.show(progress);
    }

    fn note(&mut self, text: &str) {
        self.meter.note(text);
    }

    fn interrupted(&self) -> Option<u8> {
        self.interrupt.exit_code()
    }

    fn finish(&mut self) {
        self.meter.finish();
    }
}

/// Claims a directory for a study; says where there is nothing to go on with.
pub(super) fn claim(config: Config, place: Place, search: &SearchArgs) -> Result<Claim, Error> {
    let claim = Claim::new(config, place, search.safety())?;
    if search.safety().resume && !claim.has_run() && !search.show.quiet {
        note(&format!("no checkpoint in {}: starting at the beginning", claim.directory().display()));
    }
    Ok(claim)
}

impl Study {
    /// Where the results are, and what can be done next.
    pub(super) fn where_it_is(&self) -> String {
        let directory = self.directory().display();
        let done = self.tuning.generations;
        match (self.safe(), self.interrupted()) {
            (None, _) => {
                format!("{directory} holds this run, complete: nothing was run again (--force does)")
            }
            (Some(safe), Some(_)) => {
                let from = if self.is_saved() { String::new() } else { format!(" from generation {safe}") };
                format!(
                    "interrupted after generation {done}: results so far in {directory}, --resume goes on{from}"
                )
            }
            (Some(_), None) => format!("written to {directory}"),
        }
    }

    /// How the search can go on for longer; `None` where it cannot, or need not.
    pub(super) fn longer(&self) -> Option<String> {
        longer(&self.tuning)
    }

    /// What to say of gains that may not be the best, or that hold by little.
    pub(super) fn doubts(&self) -> Vec<String> {
        doubts(&self.tuning, &self.certificate)
    }

    /// How the program ends after it.
    pub(super) fn exit(&self) -> Exit {
        self.interrupted().map_or(Exit::of(self.is_done() && self.holds()), Exit::Interrupted)
    }
}
