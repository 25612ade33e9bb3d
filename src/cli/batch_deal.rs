//! A batch over the ranks of an MPI job: whole studies are dealt, each to a rank, and those that are left over are shared out.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::Extent;
use super::json_progress::Lines;
use super::place::Place;
use super::progress::{Follower, ProgressView};
use super::study::{Claim, Study};
use super::{Cli, Command, SearchArgs, note};
use crate::Error;
use crate::config::{BatchConfig, Config};
use crate::engine::{self, Progress, Resources};
use crate::problem::Problem;
use crate::report;
use crate::study::Watch;

/// What rank 0 wants of another one, as JSON.
#[derive(Serialize, Deserialize)]
enum Task {
    /// To say whether it is of the same version and sees a file.
    See { version: String, file: PathBuf },
    /// To tune a study of a batch in a directory.
    Tune { batch: String, study: String, directory: PathBuf },
}

impl Task {
    fn into_bytes(self) -> Vec<u8> {
        serde_json::to_vec(&self).unwrap_or_default()
    }
}

/// Which studies all ranks tune together, one after the other, and which ones a rank each, in the order in which they are dealt.
pub(super) struct Plan {
    pub(super) together: Vec<usize>,
    pub(super) apart: Vec<usize>,
}

impl Plan {
    /// For the studies of a batch that are to be tuned. The longest are shared out, as many as would be left over, unless they are too many for what a rank adds
    /// to a study; the others are dealt, those that take long first. Where ranks do not see the directory of the batch, all are shared out.
    pub(super) fn new(
        batch: &BatchConfig,
        mut open: Vec<usize>,
        directory: &Path,
        resources: Resources,
    ) -> Self {
        let ranks = engine::processes();
        if ranks == 1 || open.is_empty() || !is_seen(directory) {
            return Self { together: open, apart: Vec::new() };
        }
        let config = |place: &usize| &batch.entries[*place].config;
        open.sort_by_key(|place| {
            let Extent { simulations, steps, .. } = Extent::of(config(place));
            std::cmp::Reverse(u128::from(simulations) * u128::from(steps))
        });
        let left_over = open.len() % ranks;
        // All of them take as long as one, when each has a rank of its own.
        let is_faster = |place: &usize| left_over < ranks_filled(config(place), resources);
        let together = if open[..left_over].iter().all(is_faster) { left_over } else { 0 };
        let apart = open.split_off(together);
        Self { together: open, apart }
    }
}

/// How many ranks have something to do in every generation of a study.
fn ranks_filled(config: &Config, Resources { threads, level }: Resources) -> usize {
    let simulations = config.swarm.settings.particles.saturating_mul(config.scenario_count());
    let lanes = Problem::new(config).simulator.lanes(level);
    simulations.div_ceil(lanes.max(1)).div_ceil(threads.max(1))
}

/// Whether all other ranks see this directory.
fn is_seen(directory: &Path) -> bool {
    let (Ok(sign), Some(place)) = (report::sign(directory), place_for_all(directory)) else { return false };
    let Some(name) = sign.file_name() else { return false };
    engine::all_agree(&Task::See { version: VERSION.into(), file: place.join(name) }.into_bytes())
}

/// The directory for processes that may stand elsewhere; `None` where it cannot be said.
fn place_for_all(directory: &Path) -> Option<PathBuf> {
    std::path::absolute(directory).ok().filter(|place| place.to_str().is_some())
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The tasks of tuning studies of a batch below a directory.
pub(super) fn tasks(batch: &BatchConfig, places: &[usize], directory: &Path) -> Vec<Vec<u8>> {
    let directory = place_for_all(directory).unwrap_or_default();
    let task = |place: &usize| {
        let config = &batch.entries[*place].config;
        let directory = directory.join(&config.study);
        Task::Tune { batch: batch.name.clone(), study: config.to_toml(), directory }.into_bytes()
    };
    places.iter().map(task).collect()
}

/// Does what rank 0 wants, with the options of the command; whether it could.
pub(super) fn assist(cli: &Cli, task: &[u8]) -> bool {
    let Command::Batch(args) = &cli.command else { return false };
    match serde_json::from_slice(task) {
        Ok(Task::See { version, file }) => version == VERSION && file.exists(),
        Ok(Task::Tune { batch, study, directory }) => {
            let name = directory.file_name().unwrap_or_default().display().to_string();
            let lines = Lines::new("batch").with("batch", batch).with("study", name.as_str());
            match tune(&study, directory, &args.search, lines) {
                Ok(study) => !study.is_interrupted(),
                Err(error) => {
                    note(&format!(
                        "warning: another rank could not tune {name}, so that rank 0 does: {error}"
                    ));
                    false
                }
            }
        }
        Err(_) => false,
    }
}

/// Tunes a study and writes its results, unless it is called off before.
fn tune(study: &str, directory: PathBuf, search: &SearchArgs, lines: Lines) -> Result<Study, Error> {
    let config = Config::parse(Path::new("the study"), study)?;
    let claim = Claim::resuming(config, Place::at(directory)?, search.safety())?;
    let follower = match search.follower(lines) {
        // Lines for a user do not say whose they are.
        Follower::User { .. } => Follower::User { quiet: true },
        program @ Follower::Program(_) => program,
    };
    let mut watch = Assistant(ProgressView::new(follower));
    let study = Study::tune(claim, search.machine.resources()?, search.safety(), &mut watch)?;
    study.write().map(|()| study)
}

/// Watches over the study of another rank, which ends when rank 0 calls it off.
struct Assistant(ProgressView);

impl Watch for Assistant {
    fn show(&mut self, progress: &Progress) {
        self.0.show(progress);
    }

    fn note(&mut self, text: &str) {
        self.0.note(text);
    }

    fn interrupted(&self) -> Option<u8> {
        engine::is_called_off().then_some(0)
    }
}
