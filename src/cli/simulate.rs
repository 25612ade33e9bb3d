//! `gainswarm simulate`: one closed loop, by the code that tuning uses.

use std::io;
use std::path::{Path, PathBuf};

use super::args::whole;
use super::table::table;
use super::{Exit, gains, keep_inputs, load, note, stdout_result};
use crate::Error;
use crate::config::{self, Config, DT, DURATION};
use crate::figures::number;
use crate::parameter::{Parameter, Short};
use crate::problem::Problem;
use crate::replay;
use crate::report;
use crate::simulation::{Ending, Record, Scenario, SimdLevel, Trajectory};
use crate::step_response::{StepResponse, seen, step_responses};
use crate::validation::{self, RunId};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 1 if the loop fails: a link or the cart goes beyond its limit.\n\nExample:\n  gainswarm simulate configs/classical.toml --initial-state 0,0.2,-0.1,0,0,0 \
                        --every 10 --output run.csv"
)]
pub(super) struct Args {
    /// The study, a TOML file
    config: PathBuf,
    /// The gains to use, a gains.csv [default: the config's]
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
    /// The state at the start: `x,theta1,theta2,x_dot,theta1_dot,theta2_dot` in m, rad, m/s and rad/s; four numbers for `cart_pole`
    /// [default: that of the first scenario, whose disturbances apply in any case]
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
    let config = overridden(study, args)?;
    let controller = &config.controller;
    let values = match &args.gains {
        Some(path) => gains(path, &config)?,
        None => controller.values.clone(),
    };
    let (problem, scenario) = if let Some(id) = &args.replay {
        replayed(&config, id)?
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

/// The config with what the command line says otherwise.
fn overridden(mut config: Config, args: &Args) -> Result<Config, Error> {
    let simulation = &mut config.simulation;
    for (option, parameter, given, value) in [
        ("--duration", DURATION, args.duration, &mut simulation.duration),
        ("--dt", DT, args.dt, &mut simulation.dt),
    ] {
        if let Some(given) = given {
            *value = allowed(option, "", &parameter, given)?;
        }
    }
    config.simulation.whole_steps().map_err(|found| Error::Option {
        option: "--duration",
        found: found.problem,
        remedy: found.remedy,
    })?;
    if let Some(found) = config.misfit() {
        return Err(Error::Option { option: "--dt", found: found.problem, remedy: found.remedy });
    }
    Ok(config)
}

/// The problem and the scenario of a validation run.
fn replayed(config: &Config, id: &str) -> Result<(Problem, Scenario), Error> {
    let sets = validation::sets(config)?;
    let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    let refuse = || Error::Option {
        option: "--replay",
        found: format!("\"{}\"", id.escape_debug()),
        remedy: format!(
            "allowed: set/seed/index, as `gainswarm validate` writes it; the sets of this study are {}",
            names.join(", ")
        ),
    };
    let run: RunId = id.parse().map_err(|()| refuse())?;
    let set = sets.iter().find(|set| set.name == run.set).ok_or_else(refuse)?;
    let scenario = set.scenario(config, run.seed, run.index);
    Ok((Problem::on(config, vec![scenario.clone()], vec![1.0]), scenario))
}

fn start(config: &Config, problem: &Problem, args: &Args) -> Result<Scenario, Error> {
    let Some(text) = &args.initial_state else { return Ok(problem.scenarios[0].clone()) };
    let option = "--initial-state";
    let states = config.plant.states();
    let refuse = || Error::Option {
        option,
        found: text.clone(),
        remedy: format!(
            "allowed: {} numbers separated by commas, {}",
            states.len(),
            states
                .iter()
                .map(|state| format!("{} in {}", state.name, state.unit))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let numbers = numbers.map_err(|_| refuse())?;
    if numbers.len() != states.len() {
        return Err(refuse());
    }
    for (range, number) in config.initial_state_ranges().iter().zip(&numbers) {
        allowed(option, range.name, range, *number)?;
    }
    if let Some((name, value, fail)) = config.failing(&numbers) {
        let found = format!("{text}: a simulation has failed where {name} = {value}");
        return Err(Error::Option { option, found, remedy: format!("allowed: what is not {fail}") });
    }
    Ok(Scenario { initial_state: numbers, ..problem.scenarios[0].clone() })
}

/// Refuses a value of an option, or of the part of it that has a name.
fn allowed(option: &'static str, name: &str, parameter: &Parameter, value: f64) -> Result<f64, Error> {
    if parameter.allows(value) {
        return Ok(value);
    }
    let found = format!("{name} = {}", Short(value)).trim_start().to_owned();
    Err(Error::Option { option, found, remedy: format!("allowed: {}", parameter.allowed()) })
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
    match record.ending {
        Ending::Survived => format!("survived {} s, cost {}", time(record.steps), record.cost),
        _ => format!("FAILED at t = {} s, cost {}", time(record.steps - 1), record.cost),
    }
}
