//! `gainswarm simulate`: one closed loop, by the code that tuning uses.

use std::io;

use super::table::number;
use super::{SimulateArgs, load, note, stdout_result};
use crate::Error;
use crate::config::{Config, DT, DURATION, read_gains};
use crate::parameter::Parameter;
use crate::problem::Problem;
use crate::report;
use crate::simulation::{Ending, Record, Scenario, SimdLevel};
use crate::validation::{self, RunId};

pub(super) fn run(args: &SimulateArgs) -> Result<(), Error> {
    let config = overridden(load(&args.config)?, args)?;
    let controller = &config.controller;
    let values = match &args.gains {
        Some(path) => read_gains(path, controller.kind, &controller.values)?,
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

    let states = config.plant.kind.states();
    match &args.output {
        Some(path) => report::replace(path, |file| report::write_trajectory(file, states, &trajectory))?,
        None => stdout_result(report::write_trajectory(&mut io::stdout().lock(), states, &trajectory))?,
    }
    note(&ending(&config, &record));
    Ok(())
}

/// The config with what the command line says otherwise.
fn overridden(mut config: Config, args: &SimulateArgs) -> Result<Config, Error> {
    let simulation = &mut config.simulation;
    for (option, parameter, given, value) in [
        ("--duration", DURATION, args.duration, &mut simulation.duration),
        ("--dt", DT, args.dt, &mut simulation.dt),
    ] {
        if let Some(given) = given {
            *value = allowed(option, &parameter, given)?;
        }
    }
    config.simulation.whole_steps().map_err(|found| Error::Option {
        option: "--duration",
        found: found.problem,
        remedy: found.remedy,
    })?;
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
            "allowed: set/seed/index as written by validate, the sets being {}",
            names.join(", ")
        ),
    };
    let run: RunId = id.parse().map_err(|()| refuse())?;
    let set = sets.iter().find(|set| set.name == run.set).ok_or_else(refuse)?;
    let scenario = set.scenario(config, run.seed, run.index);
    Ok((Problem::on(config, vec![scenario.clone()], vec![1.0], set.features(config)), scenario))
}

fn start(config: &Config, problem: &Problem, args: &SimulateArgs) -> Result<Scenario, Error> {
    let Some(text) = &args.initial_state else { return Ok(problem.scenarios[0].clone()) };
    let option = "--initial-state";
    let states = config.plant.kind.states();
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
        allowed(option, range, *number)?;
    }
    Ok(Scenario { initial_state: numbers, ..problem.scenarios[0].clone() })
}

fn allowed(option: &'static str, parameter: &Parameter, value: f64) -> Result<f64, Error> {
    if parameter.allows(value) {
        return Ok(value);
    }
    let found = format!("{} = {value}", parameter.name);
    Err(Error::Option { option, found, remedy: format!("allowed: {}", parameter.allowed()) })
}

fn ending(config: &Config, record: &Record) -> String {
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
    let time = |steps: u64| number(steps as f64 * config.simulation.dt);
    match record.ending {
        Ending::Survived => format!("survived {} s, cost {}", time(record.steps), record.cost),
        _ => format!("FAILED at t = {} s, cost {}", time(record.steps - 1), record.cost),
    }
}
