//! A study from its config to the results in its directory: claimed, tuned, interrupted, resumed, written. The command line and the Python
//! package are thin callers.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::config::{Config, Entry};
use crate::engine::{Declared, Resources, Run, Tuning};
use crate::problem::{self, Problem};
use crate::report::checkpoint::{self, Saved};
use crate::report::{self, Held, Owner, StudyRow, Summary};
use crate::stability::Certificate;
use crate::swarm::StopReason;

mod changes;
mod doubts;
mod keeper;
mod once;
mod page;

pub use changes::Changes;
pub use doubts::{convergence, doubts, longer, objections, questionable};
use keeper::Keeper;
pub use keeper::{Watch, no_machine_code};
pub use once::{lasting, not_a_start, of_validation, starting};
pub use page::{replayed, write_page};

/// How runs are saved, resumed and replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safety {
    /// Generations from one checkpoint to the next.
    pub checkpoint_every: u64,
    /// Whether an unfinished run, or one that may now be longer, goes on.
    pub resume: bool,
    /// Whether to start anew and replace what is there.
    pub force: bool,
}

impl Default for Safety {
    fn default() -> Self {
        Self { checkpoint_every: 10, resume: false, force: false }
    }
}

/// A directory that no other process writes into.
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// Keeps others out.
    pub held: Held,
}

impl Place {
    /// The directory that the user wants.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or another process holds it.
    pub fn at(directory: PathBuf) -> Result<Self, Error> {
        let held = report::hold(&directory)?;
        Ok(Self { directory, held })
    }

    /// The same, shared with others that want it so.
    ///
    /// # Errors
    ///
    /// As [`Self::at`].
    pub fn shared(directory: PathBuf) -> Result<Self, Error> {
        let held = report::hold_shared(&directory)?;
        Ok(Self { directory, held })
    }
}

/// A study, the directory that it may write into, and how far it is.
pub struct Claim {
    config: Config,
    directory: PathBuf,
    saved: Option<Saved>,
    /// Keeps other processes out of the directory.
    held: Held,
}

/// How far a study is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    /// Nothing is there.
    Missing,
    /// It has begun, and can go on.
    Begun {
        /// Generations done.
        generations: u64,
        /// Gain vectors judged.
        evaluations: u64,
        /// Time that it has taken.
        seconds: f64,
    },
    /// Nothing is left to do.
    Complete,
}

impl Claim {
    /// How far the study in a directory is; nothing is changed.
    ///
    /// # Errors
    ///
    /// When what is there cannot be read, or is of a run that this config would have ended before.
    pub fn way(config: &Config, directory: &Path) -> Result<Way, Error> {
        let Some(saved) = checkpoint::read(directory, config)? else { return Ok(Way::Missing) };
        let problem = Problem::new(config);
        let run = restore(&problem, &saved, directory)?;
        Ok(if run.ended().is_some() {
            Way::Complete
        } else {
            Way::Begun {
                generations: run.generations(),
                evaluations: run.evaluations(),
                seconds: run.wall().as_secs_f64(),
            }
        })
    }

    /// Makes sure that the results can be written and no others are lost.
    ///
    /// # Errors
    ///
    /// When the directory holds other results, an unfinished run that is not to go on, or a state that cannot be resumed.
    pub fn new(config: Config, place: Place, safety: Safety) -> Result<Self, Error> {
        let claim = Self::resuming(config, place, safety)?;
        if let Some(saved) = claim.saved.as_ref().filter(|_| !safety.resume) {
            let problem = Problem::new(&claim.config);
            let run = restore(&problem, saved, &claim.directory)?;
            if run.ended().is_none() {
                return Err(Error::Refused {
                    path: claim.directory,
                    problem: format!(
                        "holds an unfinished run of this config, at generation {}",
                        run.generations()
                    ),
                    remedy: "give --resume to go on with it, or --force to start anew".into(),
                });
            }
        }
        Ok(claim)
    }

    /// The same, but an unfinished run is resumed without --resume.
    ///
    /// # Errors
    ///
    /// When the directory holds other results, or a state that cannot be resumed.
    pub fn resuming(config: Config, place: Place, safety: Safety) -> Result<Self, Error> {
        let Place { directory, held } = place;
        let force = safety.force;
        let saved = if force { None } else { checkpoint::read(&directory, &config)? };
        if let Some(saved) = &saved {
            // A state that cannot be resumed is refused now.
            let problem = Problem::new(&config);
            restore(&problem, saved, &directory)?;
        } else if !force {
            report::refuse_foreign(&directory, &config)?;
        }
        Ok(Self { config, directory, saved, held })
    }

    /// Whether there is nothing left to do.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.saved.as_ref().is_some_and(|saved| saved.published)
    }

    /// Whether there is a run to go on with.
    #[must_use]
    pub fn has_run(&self) -> bool {
        self.saved.is_some()
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The study.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// How far a study of a batch is.
///
/// # Errors
///
/// As [`Claim::way`].
pub fn way(entry: &Entry, directory: &Path, safety: Safety) -> Result<Way, Error> {
    if safety.force {
        Ok(Way::Missing)
    } else {
        Claim::way(&entry.config, &directory.join(&entry.config.study))
    }
}

/// Which study a directory belongs to; one with a longer run of this config counts as another's, unless it is to be resumed.
#[must_use]
pub fn owner(config: &Config, directory: &Path, safety: Safety) -> Owner {
    let owner = report::owner(directory, config);
    if owner != Owner::This || safety.resume {
        return owner;
    }
    let Ok(Some(saved)) = checkpoint::read(directory, config) else { return owner };
    match Run::restore(&Problem::new(config), &saved.state) {
        Err(Error::Overrun(why)) => Owner::Another(format!("holds a longer run ({why})")),
        _ => owner,
    }
}

/// Whether the directory of several studies belongs to them: it does when it holds any of them.
pub fn owner_of_all<'a>(
    configs: impl Iterator<Item = &'a Config>,
    directory: &Path,
    safety: Safety,
) -> Owner {
    if report::file_of_tuning(directory).is_some() {
        return Owner::Another("belongs to the tuning of one study".into());
    }
    let mut all = Owner::Free;
    for config in configs {
        match owner(config, &directory.join(&config.study), safety) {
            Owner::This => return Owner::This,
            Owner::Free => {}
            another @ Owner::Another(_) => all = another,
        }
    }
    all
}

/// The run that a directory holds, under the rules that end its search here.
fn restore<'p>(problem: &'p Problem, saved: &Saved, directory: &Path) -> Result<Run<'p>, Error> {
    Run::restore(problem, &saved.state).map_err(|error| match error {
        Error::Overrun(why) => Error::Refused {
            path: directory.join(checkpoint::NAME),
            problem: format!("is of a run that is further than this config lets it go: {why}"),
            remedy:
                "give larger limits to go on with it, another --output to keep it, or --force to start anew"
                    .into(),
        },
        other => other,
    })
}

/// A study and what its tuning came to.
pub struct Study {
    /// The study.
    pub config: Config,
    /// What its tuning came to.
    pub tuning: Tuning,
    /// The certificate of the tuned gains.
    pub certificate: Certificate,
    directory: PathBuf,
    /// The run as it was last saved, and whether its results had been written by then.
    saved: Saved,
    /// The generation of that; `None` when the run had been complete before.
    safe: Option<u64>,
    interrupted: Option<u8>,
    _held: Held,
}

impl Study {
    /// Tunes; an earlier run goes on.
    ///
    /// # Errors
    ///
    /// As [`Run::new`] and [`Run::search`]; when the run would not fit into what it may use; when the first checkpoint cannot be written.
    pub fn tune(
        claim: Claim,
        resources: Resources,
        safety: Safety,
        watch: &mut dyn Watch,
    ) -> Result<Self, Error> {
        let Claim { config, directory, saved, held } = claim;
        let problem = Problem::new(&config);
        let run = match &saved {
            Some(saved) => restore(&problem, saved, &directory)?,
            None => Run::new(&problem)?,
        };
        let was_complete = run.ended().is_some();
        let declared = Declared::of(&problem, resources).with_checkpoints();
        if !was_complete {
            // Before anything is written for a run that does not fit into memory.
            declared.fit(problem.memory_limit)?;
        }
        let mut keeper = Keeper::new(&directory, &config, safety, watch, &declared)?;
        let tuning = keeper.keep(run, resources)?;
        let certificate = problem::certifier(&config)(&tuning.values);
        let interrupted = keeper.interrupted();
        let (safe, state) = keeper.saved();
        let (safe, saved) = match saved {
            Some(saved) if was_complete => (None, saved),
            _ => (Some(safe), Saved { state, published: false }),
        };
        Ok(Self { config, tuning, certificate, directory, saved, safe, interrupted, _held: held })
    }

    /// Writes the results, unless they have been written; only then is the run complete.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self) -> Result<(), Error> {
        if self.saved.published && report::has_tuning(&self.directory) {
            return Ok(());
        }
        report::write_tuning(&self.directory, &self.config, &self.tuning, &self.certificate)?;
        let has_ended = !self.is_interrupted() && self.is_done();
        if has_ended && self.is_saved() {
            checkpoint::write(&self.directory, &self.config, &self.saved.state, true)?;
        }
        Ok(())
    }

    /// Writes the page of the results.
    ///
    /// # Errors
    ///
    /// When the results cannot be read or the page cannot be written.
    pub fn report(&self) -> Result<(), Error> {
        write_page(&self.directory, false).map(|_| ())
    }

    /// Whether the run has been saved as it is now.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.safe.is_none_or(|generation| generation == self.tuning.generations)
    }

    /// What a table of studies says about it.
    #[must_use]
    pub fn row(&self, group: &str) -> StudyRow {
        let (config, values) = (self.config.clone(), self.tuning.values.clone());
        StudyRow { config, group: group.into(), values, summary: self.summary() }
    }

    /// The tuning in one row.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::new(&self.config, &self.tuning, &self.certificate)
    }

    /// Whether the tuned gains hold in every scenario.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.tuning.best.is_feasible()
    }

    /// Whether it was complete before.
    #[must_use]
    pub fn was_complete(&self) -> bool {
        self.safe.is_none()
    }

    /// The directory with the results.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The run as it was last saved, for [`Run::restore`].
    #[must_use]
    pub fn state(&self) -> &[u8] {
        &self.saved.state
    }

    /// The generation after which it was last saved; `None` when it had been complete before.
    #[must_use]
    pub fn safe(&self) -> Option<u64> {
        self.safe
    }

    /// The exit code of what interrupted it, if anything did.
    #[must_use]
    pub fn interrupted(&self) -> Option<u8> {
        self.interrupted
    }

    /// Whether it was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.is_some()
    }

    /// Why its gains are not what was asked for, in a few words.
    #[must_use]
    pub fn failure(&self) -> Option<&'static str> {
        if !self.is_done() {
            Some("used more memory than memory_limit allows")
        } else if !self.holds() {
            Some("no feasible gain vector was found")
        } else {
            None
        }
    }

    /// Whether it came to its end, and not to that of its memory.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.tuning.reason != StopReason::Memory
    }
}
