//! `gainswarm batch`: many studies one after the other, which goes on where it was interrupted.

use std::collections::BTreeMap;
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
use crate::controllers::ControllerKind;
use crate::engine::{Resources, Solo};
use crate::figures::{count, number_or_dash, shortened};
use crate::integrators::IntegratorKind;
use crate::plants::PlantKind;
use crate::problem::Problem;
use crate::report::{self, Row, Spread};
use crate::simulation::{Features, Scenario};

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
    let is_complete = |entry| claim(entry, &directory, search).map(|claim| claim.is_complete());
    let complete: Vec<bool> = batch.entries.iter().map(is_complete).collect::<Result<_, _>>()?;
    if !search.report && complete.contains(&false) {
        report::forget_page(&directory);
    }
    let night = Night {
        batch: &batch,
        directory: &directory,
        search,
        resources,
        interrupt: Interrupt::listen(),
        rows: BTreeMap::new(),
        failed: Vec::new(),
    };
    night.run(&complete)
}

fn way(entry: &Entry, directory: &Path, search: &SearchArgs) -> Result<Way, Error> {
    if search.safety.force {
        Ok(Way::Missing)
    } else {
        Claim::way(&entry.config, &directory.join(&entry.config.study))
    }
}

fn claim(entry: &Entry, directory: &Path, search: &SearchArgs) -> Result<Claim, Error> {
    let place = directory.join(&entry.config.study);
    Claim::resuming(entry.config.clone(), place.clone(), search).map_err(|error| match error {
        Error::Refused { path, problem, .. } => Error::Refused {
            path,
            problem,
            remedy: format!(
                "remove {} to tune this study anew, give another --output, or --force to start the whole batch anew",
                place.display()
            ),
        },
        other => other,
    })
}

/// What a batch has come to so far.
struct Night<'a> {
    batch: &'a Batch,
    directory: &'a Path,
    search: &'a SearchArgs,
    resources: Resources,
    interrupt: Interrupt,
    /// The studies that are done, by their place in the batch.
    rows: BTreeMap<usize, Row>,
    /// Names of those that failed.
    failed: Vec<String>,
}

impl Night<'_> {
    /// First the studies that are complete, so that their rows are there whatever comes; then the others, with the tables after each.
    fn run(mut self, complete: &[bool]) -> Result<Exit, Error> {
        let mut board = Board::new(self.search.show.quiet, complete.len());
        let (done, open): (Vec<usize>, Vec<usize>) = (0..complete.len()).partition(|place| complete[*place]);
        for place in done {
            self.study(place, true, &mut board);
        }
        if !self.rows.is_empty() {
            self.write()?;
        }
        for place in open {
            let before = self.rows.len();
            self.study(place, false, &mut board);
            if self.rows.len() > before {
                self.write()?;
            }
            if let Some(code) = self.interrupt.exit_code().filter(|_| self.known() < complete.len()) {
                board.finish();
                let without = if self.search.safety.force { " without --force" } else { "" };
                note(&format!("{}: start it again{without} to go on", self.standing()));
                return Ok(Exit::Interrupted(code));
            }
        }
        board.finish();
        self.end()
    }

    /// How many studies are done or have failed.
    fn known(&self) -> usize {
        self.rows.len() + self.failed.len()
    }

    fn standing(&self) -> String {
        let failed =
            if self.failed.is_empty() { String::new() } else { format!(", {} failed", self.failed.len()) };
        format!("{} of {} studies are done{failed}", self.rows.len(), self.batch.entries.len())
    }

    /// Tunes a study; what goes wrong is told and does not stop the others.
    fn study(&mut self, place: usize, is_complete: bool, board: &mut Board) {
        let entry = &self.batch.entries[place];
        let name = &entry.config.study;
        let meter = board.begin(name, is_complete);
        let study = claim(entry, self.directory, self.search)
            .and_then(|claim| Study::tune(claim, self.resources, self.search, &self.interrupt, meter))
            .and_then(|study| study.write().map(|()| study));
        board.end();
        match study {
            Ok(study) if study.is_interrupted() => {}
            Ok(study) if !study.is_done() => {
                board.note(&format!("error: {name}: used more memory than memory_limit allows"));
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
    fn rows(&self) -> Vec<&Row> {
        self.rows.values().collect()
    }

    fn write(&self) -> Result<(), Error> {
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

    /// Shows the whole; an error when a study has failed or found nothing that holds.
    fn end(self) -> Result<Exit, Error> {
        let (rows, show) = (self.rows(), &self.search.show);
        let shown = if show.json {
            let all: Vec<String> = rows.iter().map(|row| row.summary.to_json()).collect();
            print(&format!("[{}]\n", all.join(",\n")))
        } else if show.quiet {
            Ok(())
        } else {
            print(&table_of(&rows))
        };
        let infeasible = rows.iter().filter(|row| !row.is_feasible());
        for row in infeasible.clone() {
            note(&format!("error: {}: no feasible gain vector was found", row.config.study));
        }
        if !self.failed.is_empty() {
            note(&format!("error: {}: {}", self.standing(), self.failed.join(", ")));
            if self.search.report {
                self.write()?;
            }
        }
        if !show.quiet {
            note(&format!("written to {}", self.directory.display()));
        }
        shown?;
        Ok(Exit::of(self.failed.is_empty() && infeasible.count() == 0))
    }
}

/// A line a group: how its costs are spread over the seeds, with the interquartile range.
fn table_of(rows: &[&Row]) -> String {
    let line = |(name, spread): (String, Spread)| {
        let Spread { seeds, feasible, best, median, worst, interquartile_range } = spread;
        let figures = [best, median, worst, interquartile_range].map(number_or_dash);
        let seeds = if feasible < seeds { format!("{feasible}/{seeds}") } else { seeds.to_string() };
        [shortened(&name, 30), seeds].into_iter().chain(figures).collect()
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
    let mut known: Vec<(Kind, f64)> = Vec::new();
    let mut rows = Vec::new();
    for entry in &batch.entries {
        let config = &entry.config;
        let kind = (config.controller.kind, config.plant.kind, config.simulation.integrator);
        if known.iter().all(|(other, _)| *other != kind) {
            known.push((kind, seconds_a_step(config, resources)?));
        }
        let seconds = known.iter().find(|(other, _)| *other == kind).map_or(f64::NAN, |known| known.1);
        rows.push(Foreseen::new(config, way(entry, directory, search)?, seconds));
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
    fn new(config: &Config, way: Way, seconds_a_step: f64) -> Self {
        let evaluations = config.swarm.evaluations_max(config.tune.len());
        let simulations = evaluations.saturating_mul(config.scenario_count() as u64);
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = simulations as f64 * config.simulation.steps() as f64 * seconds_a_step;
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

/// What a control step takes about the same time for.
type Kind = (ControllerKind, PlantKind, IntegratorKind);

/// Measures for a moment how long a control step takes, where all threads share the work.
#[allow(clippy::cast_precision_loss, reason = "a rate")]
fn seconds_a_step(config: &Config, resources: Resources) -> Result<f64, Error> {
    const MOMENT_S: f64 = 0.05;
    const STEPS: u64 = 2000;
    let mut config = config.clone();
    config.simulation.duration = config.simulation.steps().min(STEPS) as f64 * config.simulation.dt;
    let whole = Problem::new(&config);
    let level = whole.simulator.effective(resources.level);
    let lanes = whole.simulator.lanes(level);
    // A bundle is enough, of as many scenarios as there are lanes at most.
    let scenarios: Vec<Scenario> = whole.scenarios.into_iter().take(lanes).collect();
    let (weights, features) = (vec![1.0; scenarios.len()], Features::of(&scenarios));
    let problem = Problem::on(&config, scenarios, weights, features);
    let vectors = lanes.div_ceil(problem.scenarios.len());
    let mut solo = Solo::new(&problem, level, &vec![problem.values.clone(); vectors])?;
    let (start, mut steps) = (Instant::now(), 0);
    while steps == 0 || start.elapsed().as_secs_f64() < MOMENT_S {
        solo.run();
        steps += solo.steps();
    }
    Ok(start.elapsed().as_secs_f64() / steps as f64 / resources.threads as f64)
}
