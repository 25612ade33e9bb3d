//! What simulations come to, counted.

use crate::archive::{Archive, Damage, Persist};
use crate::simulation::{Ending, Record};

/// Counts over a number of simulations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Simulations that were run.
    pub simulations: u64,
    /// Control steps that they took.
    pub control_steps: u64,
    /// Simulations in which the plant left its limits.
    pub failed: u64,
    /// Simulations that were stopped because their particle could not improve any more.
    pub abandoned: u64,
    /// Simulations whose code panicked.
    pub panicked: u64,
    /// Gain vectors that were not simulated because they break a constraint or have no stable certificate.
    pub rejected: u64,
}

impl Tally {
    /// Nothing.
    pub(super) const NONE: Self =
        Self { simulations: 0, control_steps: 0, failed: 0, abandoned: 0, panicked: 0, rejected: 0 };

    /// Adds what other simulations came to.
    pub fn add(&mut self, other: &Self) {
        self.simulations += other.simulations;
        self.control_steps += other.control_steps;
        self.failed += other.failed;
        self.abandoned += other.abandoned;
        self.panicked += other.panicked;
        self.rejected += other.rejected;
    }

    pub(super) fn count(&mut self, record: &Record) {
        self.simulations += 1;
        self.control_steps += record.steps;
        match record.ending {
            Ending::Failed => self.failed += 1,
            Ending::Abandoned => self.abandoned += 1,
            Ending::Panicked => self.panicked += 1,
            Ending::Pending | Ending::Survived => {}
        }
    }
}

impl Persist for Tally {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let Self { simulations, control_steps, failed, abandoned, panicked, rejected } = self;
        let counts = [simulations, control_steps, failed, abandoned, panicked, rejected];
        counts.into_iter().try_for_each(|count| archive.u64(count))
    }
}
