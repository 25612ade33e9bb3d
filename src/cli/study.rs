//! A study from its config to the results in its directory: claimed, tuned, interrupted, resumed, written.

use std::path::{Path, PathBuf};

use super::interrupt::Interrupt;
use super::keeper::Keeper;
use super::place::Place;
use super::progress::ProgressView;
use super::{Exit, SearchArgs, note};
use crate::Error;
use crate::config::{Config, EVALUATIONS_MAX, Entry, GENERATIONS_MAX};
use crate::engine::{Declared, Resources, Run, Tuning};
use crate::figures::number;
use crate::parameter::Short;
use crate::problem::{self, Problem};
use crate::report::checkpoint::{self, Saved};
use crate::report::{self, Held, Owner, StudyRow, Summary};
use crate::stability::{Certificate, Motion, PERIOD_FACTOR_WANTED, Verdict};
use crate::swarm::{Convergence, StopReason};

/// A study, the directory that it may write into, and how far it is.
pub(super) struct Claim {
    config: Config,
    directory: PathBuf,
    saved: Option<Saved>,
    /// Keeps other processes out of the directory.
    held: Held,
}

/// How far a study is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    Missing,
    Begun { generations: u64, evaluations: u64, seconds: f64 },
    Complete,
}

impl Claim {
    /// How far the study in a directory is; nothing is changed.
    pub(super) fn way(config: &Config, directory: &Path) -> Result<Way, Error> {
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
    pub(super) fn new(config: Config, place: Place, search: &SearchArgs) -> Result<Self, Error> {
        let claim = Self::resuming(config, place, search)?;
        if let Some(saved) = claim.saved.as_ref().filter(|_| !search.safety.resume) {
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
        } else if claim.saved.is_none() && search.safety.resume && !search.show.quiet {
            note(&format!("no checkpoint in {}: starting at the beginning", claim.directory.display()));
        }
        Ok(claim)
    }

    /// The same, but an unfinished run is resumed without --resume.
    pub(super) fn resuming(config: Config, place: Place, search: &SearchArgs) -> Result<Self, Error> {
        let Place { directory, held } = place;
        let force = search.safety.force;
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
    pub(super) fn is_complete(&self) -> bool {
        self.saved.as_ref().is_some_and(|saved| saved.published)
    }

    /// The study.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }
}

/// How far a study of a batch is.
pub(super) fn way(entry: &Entry, directory: &Path, search: &SearchArgs) -> Result<Way, Error> {
    if search.safety.force {
        Ok(Way::Missing)
    } else {
        Claim::way(&entry.config, &directory.join(&entry.config.study))
    }
}

/// Which study a directory belongs to; one with a longer run of this config counts as another's, unless it is to be resumed.
pub(super) fn owner(config: &Config, directory: &Path, search: &SearchArgs) -> Owner {
    let owner = report::owner(directory, config);
    if owner != Owner::This || search.safety.resume {
        return owner;
    }
    let Ok(Some(saved)) = checkpoint::read(directory, config) else { return owner };
    match Run::restore(&Problem::new(config), &saved.state) {
        Err(Error::Overrun(why)) => Owner::Another(format!("holds a longer run ({why})")),
        _ => owner,
    }
}

/// Whether the directory of several studies belongs to them: it does when it holds any of them.
pub(super) fn owner_of_all<'a>(
    configs: impl Iterator<Item = &'a Config>,
    directory: &Path,
    search: &SearchArgs,
) -> Owner {
    if report::file_of_tuning(directory).is_some() {
        return Owner::Another("belongs to the tuning of one study".into());
    }
    let mut all = Owner::Free;
    for config in configs {
        match owner(config, &directory.join(&config.study), search) {
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
pub(super) struct Study {
    pub(super) config: Config,
    pub(super) tuning: Tuning,
    pub(super) certificate: Certificate,
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
    pub(super) fn tune(
        claim: Claim,
        resources: Resources,
        search: &SearchArgs,
        interrupt: &Interrupt,
        meter: ProgressView,
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
        let mut keeper = Keeper::new(&directory, &config, search, interrupt, meter, &declared)?;
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
    pub(super) fn write(&self) -> Result<(), Error> {
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
    pub(super) fn report(&self) -> Result<(), Error> {
        super::report::write(&self.directory, false).map(|_| ())
    }

    /// Whether the run has been saved as it is now.
    fn is_saved(&self) -> bool {
        self.safe.is_none_or(|generation| generation == self.tuning.generations)
    }

    /// Where the results are, and what can be done next.
    pub(super) fn where_it_is(&self) -> String {
        let directory = self.directory.display();
        let done = self.tuning.generations;
        match (self.safe, self.interrupted) {
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

    /// What a table of studies says about it.
    pub(super) fn row(&self, group: &str) -> StudyRow {
        let (config, values) = (self.config.clone(), self.tuning.values.clone());
        StudyRow { config, group: group.into(), values, summary: self.summary() }
    }

    pub(super) fn summary(&self) -> Summary {
        Summary::new(&self.config, &self.tuning, &self.certificate)
    }

    /// Whether the tuned gains hold in every scenario.
    pub(super) fn holds(&self) -> bool {
        self.tuning.best.is_feasible()
    }

    /// Whether it was complete before.
    pub(super) fn was_complete(&self) -> bool {
        self.safe.is_none()
    }

    /// Whether it was interrupted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.is_some()
    }

    /// Why its gains are not what was asked for, in a few words.
    pub(super) fn failure(&self) -> Option<&'static str> {
        if !self.is_done() {
            Some("used more memory than memory_limit allows")
        } else if !self.holds() {
            Some("no feasible gain vector was found")
        } else {
            None
        }
    }

    /// How the search can go on for longer, after what ended it; `None` where it cannot, or need not.
    pub(super) fn longer(&self) -> Option<String> {
        let Tuning { generations, evaluations, reason, .. } = self.tuning;
        match reason {
            StopReason::Generations => {
                Some(format!("--resume --generations {}", (2 * generations).min(GENERATIONS_MAX)))
            }
            StopReason::Evaluations => {
                Some(format!("--resume --evaluations {}", (2 * evaluations).min(EVALUATIONS_MAX)))
            }
            StopReason::Stall => Some("--resume and a larger stall_generations in [swarm.stopping]".into()),
            StopReason::WallTime => Some("--resume and a larger wall_time in [swarm.stopping]".into()),
            StopReason::Target | StopReason::Settled | StopReason::Interrupted | StopReason::Memory => None,
        }
    }

    /// What to say of gains that may not be the best, or that hold by little.
    pub(super) fn doubts(&self) -> Vec<String> {
        self.unconverged().into_iter().chain(self.is_near_its_period()).collect()
    }

    /// Of a loop that is stable, but not with a control period of twice the length.
    fn is_near_its_period(&self) -> Option<String> {
        let Certificate { verdict, period_factor, motion, .. } = self.certificate;
        let is_near = verdict == Verdict::Stable && period_factor < PERIOD_FACTOR_WANTED;
        let margin = if motion == Motion::ClosedLoop {
            format!(", or ask for min_period_factor = {PERIOD_FACTOR_WANTED:?} in [limits]")
        } else {
            String::new()
        };
        let factor = number(period_factor);
        (self.holds() && is_near).then(|| {
            format!("the loop is no longer stable with a control period {factor} times as long\n  take a shorter one (dt){margin}")
        })
    }

    /// What to say of a search that has ended before it had converged.
    fn unconverged(&self) -> Option<String> {
        let longer = self.longer().filter(|_| self.holds())?;
        let how_far = self.tuning.how_far();
        let found = format!("the search had not converged: {}\n  {longer} goes on", convergence(&how_far));
        (!how_far.has_converged()).then_some(found)
    }

    /// Whether it came to its end, and not to that of its memory.
    pub(super) fn is_done(&self) -> bool {
        self.tuning.reason != StopReason::Memory
    }

    /// How the program ends after it.
    pub(super) fn exit(&self) -> Exit {
        self.interrupted.map_or(Exit::of(self.is_done() && self.holds()), Exit::Interrupted)
    }
}

/// How far a search had come.
pub(super) fn convergence(how_far: &Convergence) -> String {
    let Convergence { gain, diversity, is_settled } = *how_far;
    if is_settled {
        return "nothing was left to do".into();
    }
    let percent = |share: f64| Short((1e4 * share).round() / 100.0).to_string();
    let gain = if gain.is_finite() {
        format!("the last third of the search gained {} %", percent(gain))
    } else {
        "gains that hold came only in the last third of the search".into()
    };
    let swarm = diversity.map_or(String::new(), |diversity| {
        format!(
            ", the particles' best positions are spread over {} % of the ranges and each moves by {} %",
            percent(diversity.spread),
            percent(diversity.mean_velocity)
        )
    });
    format!("{gain}{swarm}")
}
