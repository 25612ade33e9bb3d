//! `gainswarm batch`: many studies one after the other; an interrupted batch continues where it stopped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::batch_deal::{self, Plan};
use super::interrupt::Interrupt;
use super::json_progress::Lines;
use super::place::{self, Place};
use super::progress::{Board, Foreseen};
use super::study::{self, Claim, Shown, Study};
use super::{Exit, SearchArgs, foresee, note, shard, studies};
use crate::Error;
use crate::config::{BatchConfig, Entry};
use crate::engine::{self, Answer, Resources};
use crate::report::shard::write_batch_shard;
use crate::report::{self, StudyRow};
use crate::shard::Shard;
use crate::study::Safety;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A batch is a TOML file:\n  studies = [\"classical.toml\", \"adaptive.toml\"]   # paths from its directory\n  \
    [grid]                                          # every study with every combination\n  seed = [1, 2, 3]\n  \
    plant.link1_mass = [0.2, 0.25]\n\nA batch that was interrupted goes on when it is started again; what is complete is not run again.\n\n\
    Examples:\n  gainswarm batch configs/batch.toml --dry-run\n  gainswarm batch configs/batch.toml\n  \
    gainswarm batch configs/batch.toml --shard 3/12     # a part, on any machine; then gainswarm merge\n  \
    mpirun -n 8 gainswarm batch configs/batch.toml          # feature mpi: whole studies, each on the rank that is free"
)]
pub(super) struct Args {
    /// The batch, a TOML file
    config: PathBuf,
    /// Say what would run, how many simulations it takes and how long, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Tune one of several parts: I/N; auto, as a job array or MPI numbers this process; or auto/N. All may write into one directory
    #[arg(long, value_name = "I/N")]
    shard: Option<shard::Wanted>,
    /// Where gains.csv, summary.csv and a directory a study go [default: outputs/<batch>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) search: SearchArgs,
}

/// Tunes what is missing and writes what is known after each study.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let search = &args.search;
    if search.seed.is_some() {
        return Err(Error::Option {
            option: "--seed",
            found: "would give all studies of a batch the same seed".into(),
            remedy: "write seed = [1, 2, 3] in its [grid]".into(),
        });
    }
    let resources = search.machine.resources()?;
    let shard = args.shard.map(shard::Wanted::resolved).transpose()?;
    let mut whole = BatchConfig::load(&args.config)?;
    for entry in &mut whole.entries {
        entry.config = search.applied(entry.config.clone())?;
    }
    if let Some(directory) = &args.output {
        report::refuse_tuning(directory)?;
    }
    let batch = part(&whole, shard);
    let owner = |directory: &Path| {
        study::owner_of_all(whole.entries.iter().map(|entry| &entry.config), directory, search.safety())
    };
    let usual = || place::foreseen(&whole.name, &owner);
    if args.dry_run {
        let directory = args.output.clone().unwrap_or_else(usual);
        return foresee::run(&batch, &directory, resources, search);
    }
    let Place { directory, held: _held } = match (&args.output, shard) {
        (output, Some(_)) => Place::shared(output.clone().unwrap_or_else(usual))?,
        (Some(directory), None) => Place::at(directory.clone())?,
        (None, None) => Place::usual(&whole.name, search, &owner)?,
    };
    // Every refusal comes before the first study is tuned, not in the middle of a long run.
    let is_complete = |entry| claim(entry, &directory, search.safety()).map(|claim| claim.is_complete());
    let complete: Vec<bool> = batch.entries.iter().map(is_complete).collect::<Result<_, _>>()?;
    if (!search.report || shard.is_some()) && complete.contains(&false) {
        report::forget_page(&directory);
    }
    if let Some(shard) = shard {
        write_batch_shard(&directory, &whole, &args.config, shard, search.safety().force)?;
    }
    let run = BatchRun {
        batch: &batch,
        directory: &directory,
        search,
        resources,
        shard,
        interrupt: Interrupt::listen(),
        rows: BTreeMap::new(),
        failed: Vec::new(),
        unwritten: None,
        complete,
    };
    run.run()
}

/// The studies of a shard, or all.
fn part(whole: &BatchConfig, shard: Option<Shard>) -> BatchConfig {
    let is_mine = |place: usize| shard.is_none_or(|shard| shard.has(place));
    let entries = whole.entries.iter().enumerate().filter(|(place, _)| is_mine(*place));
    BatchConfig { name: whole.name.clone(), entries: entries.map(|(_, entry)| entry.clone()).collect() }
}

fn claim(entry: &Entry, directory: &Path, safety: Safety) -> Result<Claim, Error> {
    let own = directory.join(&entry.config.study);
    let claim = Place::at(own.clone()).and_then(|place| Claim::resuming(entry.config.clone(), place, safety));
    claim.map_err(|error| match error {
        Error::Refused { path, problem, .. } => Error::Refused {
            path,
            problem,
            remedy: format!(
                "remove {} to tune this study anew, give another --output, or --force to start the whole batch anew",
                own.display()
            ),
        },
        other => other,
    })
}

/// A batch while it runs.
struct BatchRun<'a> {
    batch: &'a BatchConfig,
    directory: &'a Path,
    search: &'a SearchArgs,
    resources: Resources,
    shard: Option<Shard>,
    interrupt: Interrupt,
    /// Which studies were complete before.
    complete: Vec<bool>,
    /// The studies that are done, by their place in the batch.
    rows: BTreeMap<usize, StudyRow>,
    /// Names of those that failed.
    failed: Vec<String>,
    /// Why the tables could not be written.
    unwritten: Option<Error>,
}

impl BatchRun<'_> {
    /// Adds the rows of complete studies first, then tunes the others; the tables are written after each.
    fn run(mut self) -> Result<Exit, Error> {
        let studies = self.complete.len();
        let (done, open): (Vec<usize>, Vec<usize>) = (0..studies).partition(|place| self.complete[*place]);
        let mut board = Board::new(self.search.follower(self.lines()), studies, self.foreseen(&open)?);
        let Plan { together, apart } = Plan::new(self.batch, open, self.directory, self.resources);
        let last_done = done.last().copied();
        for place in done.into_iter().chain(together) {
            let before = self.rows.len();
            self.study(place, &mut board);
            let is_due =
                if self.complete[place] { last_done == Some(place) } else { self.rows.len() > before };
            if is_due && !self.rows.is_empty() {
                self.write(&mut board);
            }
            if self.interrupt.exit_code().is_some() {
                break;
            }
        }
        self.deal(&apart, &mut board);
        board.finish();
        if let Some(code) = self.interrupt.exit_code().filter(|_| self.known() < studies) {
            let without = if self.search.safety().force { " without --force" } else { "" };
            note(&format!("interrupted: {}; start it again{without} to go on", self.standing()));
            return Ok(Exit::Interrupted(code));
        }
        self.end()
    }

    /// Tunes studies, each on whichever rank is free.
    fn deal(&mut self, places: &[usize], board: &mut Board) {
        let tasks = batch_deal::tasks(self.batch, places, self.directory);
        let interrupt = self.interrupt.clone();
        engine::deal(&tasks, &|| interrupt.exit_code().is_some(), &mut |task, answer| {
            let place = places[task];
            if let Some(Answer { is_done, took }) = answer {
                // What another rank could not do is tried here, unless it was called off.
                if !is_done && self.interrupt.exit_code().is_some() {
                    return;
                }
                self.complete[place] = is_done;
                board.ended_elsewhere(&self.batch.entries[place].config.study, took);
            }
            let before = self.rows.len();
            self.study(place, board);
            if self.rows.len() > before {
                self.write(board);
            }
        });
    }

    fn lines(&self) -> Lines {
        let lines = Lines::new("batch").with("batch", self.batch.name.as_str());
        match self.shard {
            Some(shard) => lines.with("shard", shard.to_string()),
            None => lines,
        }
    }

    /// How long the studies that are to run will take; nothing where nobody is told.
    fn foreseen(&self, open: &[usize]) -> Result<Foreseen, Error> {
        if open.is_empty() || !self.search.is_followed() {
            return Ok(Foreseen::new());
        }
        let all = foresee::all(self.batch, self.directory, self.resources, self.search)?;
        let of = |place: &usize| (self.batch.entries[*place].config.study.clone(), all[*place].seconds);
        Ok(open.iter().map(of).collect())
    }

    /// How many studies are done or have failed.
    fn known(&self) -> usize {
        self.rows.len() + self.failed.len()
    }

    fn standing(&self) -> String {
        // This includes studies that were complete before and have not been shown yet.
        let is_told = |place: &usize| {
            self.rows.contains_key(place) || self.failed.contains(&self.batch.entries[*place].config.study)
        };
        let untold =
            (0..self.complete.len()).filter(|place| self.complete[*place] && !is_told(place)).count();
        let done = self.rows.len() + untold;
        let failed =
            if self.failed.is_empty() { String::new() } else { format!(", {} failed", self.failed.len()) };
        format!("{done} of {} studies are done{failed}", self.batch.entries.len())
    }

    /// Tunes a study; an error is reported and does not stop the others.
    fn study(&mut self, place: usize, board: &mut Board) {
        let entry = &self.batch.entries[place];
        let name = &entry.config.study;
        let mut shown = Shown { meter: board.begin(name, self.complete[place]), interrupt: &self.interrupt };
        // What another rank has just done is not done again.
        let force = self.search.safety().force && !self.complete[place];
        let safety = Safety { force, ..self.search.safety() };
        let study = claim(entry, self.directory, safety)
            .and_then(|claim| Study::tune(claim, self.resources, safety, &mut shown))
            .and_then(|study| study.write().map(|()| study));
        board.end();
        match study {
            Ok(study) if study.is_interrupted() => {}
            Ok(study) if !study.is_done() => {
                board.note(&format!("error: {name}: {}", study.failure().unwrap_or_default()));
                self.failed.push(name.clone());
            }
            Ok(study) => {
                self.rows.insert(place, study.row(&entry.group));
                if let Some(Err(error)) = self.search.report.then(|| study.report()) {
                    board.note(&format!("error: {name} has no page: {error}"));
                }
            }
            Err(error) => {
                board.note(&format!("error: {name}: {error}"));
                self.failed.push(name.clone());
            }
        }
    }

    /// The rows in the order of the batch.
    fn rows(&self) -> Vec<&StudyRow> {
        self.rows.values().collect()
    }

    /// Writes the tables of the batch; an error is reported and does not stop the studies.
    fn write(&mut self, board: &mut Board) {
        self.unwritten = self.tables().err();
        if let Some(error) = &self.unwritten {
            board.note(&format!("error: {error}"));
        }
    }

    fn tables(&self) -> Result<(), Error> {
        // Those of the whole are made of all shards.
        if self.shard.is_some() {
            return Ok(());
        }
        report::write_batch(self.directory, &self.rows())?;
        if self.search.report {
            report::write_overview(
                self.directory,
                &self.batch.name,
                &self.rows(),
                &self.failed,
                self.batch.entries.len(),
            )?;
        }
        Ok(())
    }

    /// Shows the batch; fails when a study has failed or found no gains that hold.
    fn end(self) -> Result<Exit, Error> {
        let (rows, show) = (self.rows(), &self.search.show);
        let shown = studies::show(&rows, show);
        let all_hold = studies::note_infeasible(&rows);
        if !self.failed.is_empty() {
            note(&format!("error: {}: {}", self.standing(), self.failed.join(", ")));
        }
        if !show.quiet {
            studies::note_doubts(&rows);
        }
        if self.unwritten.is_some() || (self.search.report && !self.failed.is_empty()) {
            self.tables()?;
        }
        if !show.quiet {
            note(&self.where_it_is());
        }
        shown?;
        Ok(Exit::of(self.failed.is_empty() && all_hold))
    }

    fn where_it_is(&self) -> String {
        let directory = self.directory.display();
        match self.shard {
            None => format!("written to {directory}"),
            Some(shard) => format!(
                "written to {directory}: shard {shard}, {} studies\n  \
                 when all shards are done, `gainswarm merge` makes the tables of the whole of their directories",
                self.rows.len()
            ),
        }
    }
}
