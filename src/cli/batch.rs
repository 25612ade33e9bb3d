//! `gainswarm batch`: many studies one after the other, which goes on where it was interrupted.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::progress::Board;
use super::study::{Claim, Study, Way};
use super::table::table;
use super::{Exit, SearchArgs, note, print};
use crate::Error;
use crate::config::{Batch, Config, Entry};
use crate::engine::{Resources, Solo};
use crate::figures::{count, number, shortened};
use crate::problem::Problem;
use crate::report::{self, Row, Spread, Summary};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A batch is a TOML file:\n  studies = [\"classical.toml\", \"adaptive.toml\"]   # paths from its directory\n  \
    [grid]                                          # every study with every combination\n  seed = [1, 2, 3]\n  \
    plant.link1_mass = [0.2, 0.25]\n\nA batch that was interrupted goes on when it is started again; what is complete is not run again.\n\n\
    Examples:\n  gainswarm batch configs/batch.toml --dry-run\n  gainswarm batch configs/batch.toml"
)]
pub(super) struct Args {
    /// The batch, a TOML file
    config: PathBuf,
    /// Say what would run, how many simulations it takes and how long, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Where gains.csv, summary.csv and a directory a study go [default: outputs/<batch>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    search: SearchArgs,
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
    let mut batch = Batch::load(&args.config)?;
    for entry in &mut batch.entries {
        entry.config = search.applied(entry.config.clone())?;
    }
    let directory = args.output.clone().unwrap_or_else(|| Path::new("outputs").join(&batch.name));
    if args.dry_run {
        return foresee(&batch, &directory, resources, search);
    }
    let _held = report::hold(&directory)?;
    // What would be refused is refused before the night, not in it.
    for entry in &batch.entries {
        claim(entry, &directory, search)?;
    }
    let interrupt = Interrupt::listen();
    let mut night =
        Night { name: &batch.name, directory: &directory, search, rows: Vec::new(), troubles: Vec::new() };
    let mut board = Board::new(search.show.quiet, batch.entries.len());
    for entry in &batch.entries {
        let meter = board.begin(&entry.config.study);
        let study = claim(entry, &directory, search)
            .and_then(|claim| Study::tune(claim, resources, search, &interrupt, meter));
        let done = study.and_then(|study| night.keep(entry, &study));
        board.end();
        if let Err(error) = done {
            board.note(&format!("error: {}: {error}", entry.config.study));
            night.troubles.push(entry.config.study.clone());
        }
        if let Some(code) = interrupt.exit_code().filter(|_| night.done() < batch.entries.len()) {
            board.finish();
            note(&format!(
                "{} of {} studies are done: start it again to go on",
                night.done(),
                batch.entries.len()
            ));
            return Ok(Exit::Interrupted(code));
        }
    }
    board.finish();
    night.end(&batch)
}

fn claim(entry: &Entry, directory: &Path, search: &SearchArgs) -> Result<Claim, Error> {
    Claim::resuming(entry.config.clone(), directory.join(&entry.config.study), search)
}

/// What a batch has come to so far.
struct Night<'a> {
    name: &'a str,
    directory: &'a Path,
    search: &'a SearchArgs,
    rows: Vec<Row>,
    /// Studies that have failed.
    troubles: Vec<String>,
}

impl Night<'_> {
    fn done(&self) -> usize {
        self.rows.len() + self.troubles.len()
    }

    /// Writes the results of a study and of all so far.
    fn keep(&mut self, entry: &Entry, study: &Study) -> Result<(), Error> {
        study.write()?;
        if study.is_interrupted() {
            return Ok(());
        }
        if self.search.report {
            study.report()?;
        }
        self.rows.push(study.row(&entry.group));
        report::write_batch(self.directory, &self.rows)?;
        if self.search.report {
            report::write_overview(self.directory, self.name, &self.rows)?;
        }
        Ok(())
    }

    /// Shows the whole; an error when a study has failed or found nothing that holds.
    fn end(self, batch: &Batch) -> Result<Exit, Error> {
        let Self { directory, search, rows, troubles, .. } = self;
        let shown = if search.show.json {
            let all: Vec<String> = rows.iter().map(|row| Summary::to_json(&row.summary)).collect();
            print(&format!("[{}]\n", all.join(",\n")))
        } else if search.show.quiet {
            Ok(())
        } else {
            print(&show(&rows))
        };
        let infeasible = |row: &&Row| row.summary.get("violation").as_f64() != Some(0.0);
        for row in rows.iter().filter(infeasible) {
            note(&format!("error: {}: no gain vector was found that is feasible", row.config.study));
        }
        if !troubles.is_empty() {
            let (failed, all) = (troubles.len(), batch.entries.len());
            note(&format!("error: {failed} of {all} studies failed: {}", troubles.join(", ")));
        }
        if !search.show.quiet {
            note(&format!("written to {}", directory.display()));
        }
        shown?;
        Ok(Exit::of(troubles.is_empty() && !rows.iter().any(|row| infeasible(&row))))
    }
}

/// A line a group: how its costs are spread over the seeds, with the interquartile range.
fn show(rows: &[Row]) -> String {
    let line = |(name, spread): (String, Spread)| {
        let Spread { seeds, best, median, worst, interquartile_range } = spread;
        let figures = [best, median, worst, interquartile_range].map(number);
        [shortened(&name, 30), seeds.to_string()].into_iter().chain(figures).collect()
    };
    let head = ["study", "seeds", "best cost", "median", "worst", "IQR"];
    table(&head, &[1, 2, 3, 4, 5], report::groups(rows).into_iter().map(line))
}

/// What would run, and about how long.
fn foresee(
    batch: &Batch,
    directory: &Path,
    resources: Resources,
    search: &SearchArgs,
) -> Result<Exit, Error> {
    let mut known: Vec<(&str, f64)> = Vec::new();
    let mut rows = Vec::new();
    for entry in &batch.entries {
        if known.iter().all(|(group, _)| *group != entry.group) {
            known.push((&entry.group, seconds_a_simulation(&entry.config, resources)?));
        }
        let seconds = known.iter().find(|(group, _)| *group == entry.group).map_or(f64::NAN, |known| known.1);
        let way = Claim::way(&entry.config, &directory.join(&entry.config.study))?;
        rows.push(Foreseen::new(&entry.config, way, seconds));
    }
    let left = |row: &&Foreseen| row.way != Way::Complete;
    let [evaluations, simulations] = [|row: &Foreseen| row.evaluations, |row: &Foreseen| row.simulations]
        .map(|of| rows.iter().filter(left).map(of).sum::<u64>());
    let seconds: f64 = rows.iter().filter(left).map(|row| row.seconds).sum();
    if search.show.json {
        let studies: Vec<Value> = rows.iter().map(Foreseen::to_json).collect();
        let whole = json!({
            "batch": batch.name, "studies": studies, "evaluations_max": evaluations,
            "simulations_max": simulations, "seconds_max": seconds,
        });
        print(&format!("{whole}\n"))?;
    } else {
        let whole = Foreseen {
            study: "what is missing".into(),
            way: Way::Missing,
            evaluations,
            simulations,
            seconds,
        };
        let lines = rows.iter().chain([&whole]).map(Foreseen::cells);
        print(&table(&["study", "evaluations", "simulations", "time", ""], &[1, 2, 3], lines))?;
        note("at most; the time is that of simulations with the default gains on this machine");
    }
    Ok(Exit::Success)
}

/// A study that would run.
struct Foreseen {
    study: String,
    way: Way,
    evaluations: u64,
    simulations: u64,
    seconds: f64,
}

impl Foreseen {
    fn new(config: &Config, way: Way, seconds_a_simulation: f64) -> Self {
        let evaluations = config.swarm.evaluations_max(config.tune.len());
        let simulations = evaluations.saturating_mul(config.scenario_count() as u64);
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = simulations as f64 * seconds_a_simulation;
        Self { study: config.study.clone(), way, evaluations, simulations, seconds }
    }

    fn cells(&self) -> Vec<String> {
        let way = match self.way {
            Way::Missing => String::new(),
            Way::Begun(generations) => format!("begun, at generation {}", count(generations)),
            Way::Complete => "complete".into(),
        };
        vec![
            shortened(&self.study, 36),
            count(self.evaluations),
            count(self.simulations),
            time(self.seconds),
            way,
        ]
    }

    fn to_json(&self) -> Value {
        let Self { study, way, evaluations, simulations, seconds } = self;
        json!({
            "study": study,
            "complete": *way == Way::Complete,
            "generations_done": if let Way::Begun(generations) = way { Some(generations) } else { None },
            "evaluations_max": evaluations,
            "simulations_max": simulations,
            "seconds_max": seconds,
        })
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 99.5 => format!("{s:.1} s"),
        s if s < 99.5 * 60.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// Measures for a moment how long a simulation takes, where all threads share the work.
#[allow(clippy::cast_precision_loss, reason = "a rate")]
fn seconds_a_simulation(config: &Config, resources: Resources) -> Result<f64, Error> {
    const MOMENT_S: f64 = 0.05;
    let problem = Problem::new(config);
    let level = problem.simulator.effective(resources.level);
    let vectors = problem.simulator.lanes(level).div_ceil(problem.scenarios.len());
    let mut solo = Solo::new(&problem, level, &vec![problem.values.clone(); vectors])?;
    let (start, mut simulations) = (Instant::now(), 0);
    while simulations == 0 || start.elapsed().as_secs_f64() < MOMENT_S {
        solo.run();
        simulations += solo.records().count();
    }
    Ok(start.elapsed().as_secs_f64() / simulations as f64 / resources.threads as f64)
}
