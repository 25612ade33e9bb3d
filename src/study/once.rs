//! One closed loop to be simulated once: of a study, changed in length and start, or a run of its validation again.

use crate::Error;
use crate::config::{Config, DT, DURATION};
use crate::parameter::{Parameter, Short};
use crate::problem::Problem;
use crate::simulation::Scenario;
use crate::validation::{self, RunId};

/// The config with another length and step, each in s, where they are given.
///
/// # Errors
///
/// When one is out of its range, or the two do not fit together or to the study.
pub fn lasting(mut config: Config, duration: Option<f64>, dt: Option<f64>) -> Result<Config, Error> {
    let simulation = &mut config.simulation;
    for (option, parameter, given, value) in
        [("--duration", DURATION, duration, &mut simulation.duration), ("--dt", DT, dt, &mut simulation.dt)]
    {
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

/// The problem and the scenario of a validation run, named by set/seed/index.
///
/// # Errors
///
/// When there is no such run.
pub fn of_validation(config: &Config, id: &str) -> Result<(Problem, Scenario), Error> {
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

/// A scenario of a problem with another start, a number a state; `said` is how the user wrote it.
///
/// # Errors
///
/// When there are more or fewer numbers, one is out of its range, or a simulation has failed there.
pub fn starting(config: &Config, scenario: &Scenario, start: &[f64], said: &str) -> Result<Scenario, Error> {
    if start.len() != config.plant.states().len() {
        return Err(not_a_start(config, said));
    }
    for (range, number) in config.initial_state_ranges().iter().zip(start) {
        allowed(START, range.name, range, *number)?;
    }
    if let Some((name, value, fail)) = config.failing(start) {
        let found = format!("{said}: a simulation has failed where {name} = {value}");
        return Err(Error::Option { option: START, found, remedy: format!("allowed: what is not {fail}") });
    }
    Ok(Scenario { initial_state: start.to_vec(), ..scenario.clone() })
}

/// That something is no start of a study.
#[must_use]
pub fn not_a_start(config: &Config, said: &str) -> Error {
    let states = config.plant.states();
    let named = states.iter().map(|state| format!("{} in {}", state.name, state.unit));
    let named = named.collect::<Vec<_>>().join(", ");
    let remedy = format!("allowed: {} numbers separated by commas, {named}", states.len());
    Error::Option { option: START, found: said.to_owned(), remedy }
}

const START: &str = "--initial-state";

/// Refuses a value of an option, or of the part of it that has a name.
fn allowed(option: &'static str, name: &str, parameter: &Parameter, value: f64) -> Result<f64, Error> {
    if parameter.allows(value) {
        return Ok(value);
    }
    let found = format!("{name} = {}", Short(value)).trim_start().to_owned();
    Err(Error::Option { option, found, remedy: format!("allowed: {}", parameter.allowed()) })
}
