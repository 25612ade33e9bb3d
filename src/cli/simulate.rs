//! `gainswarm simulate`: one closed loop, by the code that tuning uses.

use std::io;
use std::path::{Path, PathBuf};

use super::args::whole;
use super::table::table;
use super::{Exit, gains, keep_inputs, load, note, stdout_result};
use crate::Error;
use crate::config::{self, Config};
use crate::figures::number;
use crate::plugin::Plugin;
use crate::problem::Problem;
use crate::replay;
use crate::report;
use crate::simulation::{Ending, Record, Scenario, SimdLevel, Trajectory};
use crate::step_response::{StepResponse, seen, step_responses};
use crate::study::{lasting, not_a_start, of_validation, starting};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 1 if the loop fails: a state goes beyond its limit, or a number is none.\n\nExample:\n  gainswarm simulate configs/classical.toml --initial-state 0,0.2,-0.1,0,0,0 \
                        --every 10 --output run.csv"
)]
pub(super) struct Args {
    /// The study, a TOML file
    config: PathBuf,
    /// The gains to use, a gains.csv [default: the config's]
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
    /// The state at the start, a number a state of the plant as `check` lists them; of the double pendulum
    /// `x,theta1,theta2,x_dot,theta1_dot,theta2_dot` in m, rad, m/s and rad/s [default: that of the first scenario, whose signals apply in any case]
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    initial_state: Option<String>,
    /// Repeat a run of `validate`, named by set/seed/index, such as starts/1/42
    #[arg(long, value_name = "ID", conflicts_with_all = ["initial_state", "duration", "dt"])]
    replay: Option<String>,
    /// Length of the simulation in s [default: the config's]
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    duration: Option<f64>,
    /// Control period and integration step in s [default: the config's]
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    dt: Option<f64>,
    /// Write only every N-th step
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=config::STEPS_MAX))]
    every: u64,
    /// The file for the trajectory [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Simulates and writes; a failure when the loop did not survive.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let inputs: Vec<&Path> = args.gains.iter().chain([&args.config]).map(PathBuf::as_path).collect();
    keep_inputs(args.output.as_deref(), &inputs)?;
    let study = load(&args.config)?;
    let dt = study.simulation.dt;
    let config = lasting(study, args.duration, args.dt)?;
    let controller = &config.controller;
    let values = match &args.gains {
        Some(path) => gains(path, &config)?,
        None => controller.values.clone(),
    };
    let (problem, scenario) = if let Some(id) = &args.replay {
        of_validation(&config, id)?
    } else {
        let problem = Problem::new(&config);
        let scenario = start(&config, &problem, args)?;
        (problem, scenario)
    };
    let every = usize::try_from(args.every).unwrap_or(usize::MAX);
    let (record, trajectory) = problem.simulator.record(SimdLevel::widest(), &values, &scenario, every)?;

    let names: Vec<&str> = config.columns().iter().map(|column| column.quantity.name).collect();
    match &args.output {
        Some(path) => report::replace(path, |file| report::write_trajectory(file, &names, &trajectory))?,
        None => stdout_result(report::write_trajectory(&mut io::stdout().lock(), &names, &trajectory))?,
    }
    let told: Vec<String> = config
        .told(&values)
        .into_iter()
        .map(|told| format!("{} = {}", told.name, number(told.value)))
        .collect();
    if !told.is_empty() {
        note(&format!("the law: {}", told.join(", ")));
    }
    let conditions = &scenario.conditions;
    if config.simulation.dt.to_bits() != dt.to_bits()
        && (conditions.dead_time > 0 || conditions.control_period > 1)
    {
        note("warning: --dt also changes dead_time and control_period, which are counted in steps of dt");
    }
    if !config.responses.is_empty() {
        let (_, samples) = replay::trajectory(&config, &problem, &values, &scenario)?;
        note(measures(&config, &record, &samples).trim_end());
    }
    note(&ending(&config, &record));
    Ok(Exit::of(record.ending == Ending::Survived))
}

/// The first scenario, with another start where one is given.
fn start(config: &Config, problem: &Problem, args: &Args) -> Result<Scenario, Error> {
    let Some(text) = &args.initial_state else { return Ok(problem.scenarios[0].clone()) };
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let numbers = numbers.map_err(|_| not_a_start(config, text))?;
    starting(config, &problem.scenarios[0], &numbers, text)
}

/// How each output responds to its reference, a row each.
fn measures(config: &Config, record: &Record, samples: &Trajectory) -> String {
    let told = step_responses(config, record, &seen(config, samples));
    let mut text = String::new();
    let same_units = |a: &StepResponse, b: &StepResponse| {
        let units = |of: &StepResponse| of.measures.iter().map(|one| one.unit).collect::<Vec<_>>();
        units(a) == units(b)
    };
    // Outputs of other units have a table of their own.
    for rows in told.chunk_by(same_units) {
        let heads = rows[0].measures.iter().map(|one| format!("{} {}", one.name, one.unit));
        let heads: Vec<String> = std::iter::once("response".into()).chain(heads).collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let right: Vec<usize> = (1..heads.len()).collect();
        let row = |one: &StepResponse| {
            let name = format!("{} to {}", one.of[0], one.of[1]);
            std::iter::once(name).chain(one.measures.iter().map(|one| one.text.clone())).collect()
        };
        text += &table(&heads, &right, rows.iter().map(row));
    }
    text
}

fn ending(config: &Config, record: &Record) -> String {
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
    let time = |steps: u64| number(steps as f64 * config.simulation.dt);
    if record.ending == Ending::Survived {
        return format!("survived {} s, cost {}", time(record.steps), record.cost);
    }
    let said = config.plant.of.model.library().and_then(Plugin::failure);
    let said = said.map_or(String::new(), |said| format!("; the FMU: {said}"));
    format!("FAILED at t = {} s, cost {}{said}", time(record.steps - 1), record.cost)
}
