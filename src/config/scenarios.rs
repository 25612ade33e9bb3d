//! Reading `[[scenarios]]` and `[[validation]]`: groups of starts, uncertain plants, disturbances, sensors and actuators.

use super::{ConfigError, PlantConfig, RATE_MAX, SimulationConfig, Wiring, waves};
use crate::parameter::Parameter;
use crate::plants::Quantity;
use crate::sampling::{Disturbance, Group, Sampling, Shape, UNCERTAINTY_MAX};
use crate::signals::Wave;
use crate::simulation::scenario::{DEAD_TIME_MAX, NOISE_TONES, PULSES_MAX, TONES_MAX};
use crate::text::Section;

/// Most scenarios of a study.
pub const SCENARIOS_MAX: usize = 10_000;
/// Most groups.
const GROUPS_MAX: usize = SCENARIOS_MAX;
/// Longest control period in steps.
const CONTROL_PERIOD_MAX: u64 = 100_000;

/// Smallest noise or quantisation that is not 0.
const SENSOR_MIN: f64 = 1e-9;

const WEIGHT: Parameter = Parameter::fixed("weight", "1", 1.0, [1e-9, 1e9], "weight of the group");
const AMPLITUDE: Parameter = Parameter::fixed("amplitude", "N", 0.0, [-1e6, 1e6], "force on the cart");
const START: Parameter = Parameter::fixed("start", "s", 0.0, [0.0, 1e4], "when it begins");
const LASTING: Parameter = Parameter::fixed("duration", "s", f64::INFINITY, [1e-9, 1e9], "how long it lasts");
const FREQUENCY: Parameter = Parameter::fixed("frequency", "Hz", 1.0, [1e-6, 1e6], "of a sine or a noise");
const LAG: Parameter =
    Parameter::fixed("actuator_lag", "s", 0.0, [0.0, 1e3], "time constant of the actuator");
const RATE_LIMIT: Parameter =
    Parameter::fixed("rate_limit", "N/s", f64::INFINITY, [1e-6, 1e12], "largest change of the force");

/// Most values of signals that change with every step, over all scenarios: each takes 16 bytes.
const VALUES_MAX: u64 = 50_000_000;

/// Largest magnitude of an initial state of a model.
const STATE_MAX: f64 = 1e12;

/// What groups are read for.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) plant: &'a PlantConfig,
    pub(super) simulation: &'a SimulationConfig,
    pub(super) wiring: Option<&'a Wiring>,
}

/// Where a simulation may start: within the limits, at bounded rates.
pub(super) fn initial_state_ranges(plant: &PlantConfig, simulation: &SimulationConfig) -> Vec<Parameter> {
    let states = plant.states();
    if let Some(equations) = plant.of.equations() {
        let declared = states.iter().zip(&equations.model.declared.states);
        let range = |(state, declared): (&Quantity, &crate::model::State)| {
            let range = [-STATE_MAX, STATE_MAX];
            Parameter::fixed(state.name, state.unit, declared.initial, range, "initial state")
        };
        return declared.map(range).collect();
    }
    let limit = |index: usize| match index {
        0 => simulation.track_limit,
        index if index < states.len() / 2 => simulation.angle_limit,
        _ => RATE_MAX,
    };
    let range = |(index, state): (usize, &Quantity)| {
        Parameter::fixed(state.name, state.unit, 0.0, [-limit(index), limit(index)], "initial state")
    };
    states.iter().enumerate().map(range).collect()
}

/// The groups of an array of tables; those of a validation have no count and no weight.
pub(super) fn groups(root: &Section<'_>, key: &str, world: World<'_>) -> Result<Vec<Group>, ConfigError> {
    let validation = key == "validation";
    let mut groups: Vec<Group> = Vec::new();
    for (position, section) in root.sections(key, GROUPS_MAX)?.into_iter().enumerate() {
        let group = group(&section, position, validation, world)?;
        if validation && groups.iter().any(|other| other.name == group.name) {
            let problem = format!("= \"{}\" appears twice", group.name);
            return Err(section.error("name", &problem, "give each [[validation]] a name of its own".into()));
        }
        groups.push(group);
        section.finish()?;
    }
    let count: usize = groups.iter().map(|group| group.count).sum();
    if count > SCENARIOS_MAX {
        let problem = format!("are {count} in all");
        return Err(root.error(key, &problem, format!("allowed: at most {SCENARIOS_MAX}")));
    }
    let lively =
        |group: &Group| group.signals.iter().filter(|waves| waves.iter().any(Wave::is_lively)).count();
    let changing: usize = groups.iter().map(|group| group.count * lively(group)).sum();
    let values = (changing as u64).saturating_mul(world.simulation.steps());
    if values > VALUES_MAX {
        let problem = format!("have signals that change with every step, {values} values in all");
        let remedy =
            format!("allowed: {VALUES_MAX}; take fewer scenarios, a shorter duration or a longer dt");
        return Err(root.error(key, &problem, remedy));
    }
    Ok(groups)
}

fn group(
    section: &Section<'_>,
    position: usize,
    validation: bool,
    world: World<'_>,
) -> Result<Group, ConfigError> {
    let World { plant, simulation, wiring } = world;
    let starts = initial_state_ranges(plant, simulation);
    let count = if validation { 1 } else { section.whole("count", 1, 1..=SCENARIOS_MAX as u64)? };
    #[allow(clippy::cast_precision_loss, reason = "bounded")]
    let weight = Parameter { default: count as f64, ..WEIGHT };
    let group = Group {
        name: section.file_name("name", &format!("group_{}", position + 1))?,
        count: usize::try_from(count).unwrap_or(usize::MAX),
        weight: if validation { 1.0 } else { section.number(&weight)? },
        sampling: section.choice("sampling", if validation { Sampling::Uniform } else { Sampling::Sobol })?,
        // A validation is seeded from the command line.
        seed: if validation {
            position as u64 + 1
        } else {
            section.whole("seed", position as u64 + 1, 0..=i64::MAX as u64)?
        },
        initial_state: initial_state(section, &starts, wiring.is_some())?,
        uncertainty: uncertainty(section, plant)?,
        disturbances: if wiring.is_some() { Vec::new() } else { disturbances(section, simulation)? },
        signals: waves::read(section, world)?,
        noise: channels(section, "noise", plant)?,
        quantisation: channels(section, "quantisation", plant)?,
        actuator_lag: section.number(&LAG)?,
        rate_limit: section.number(&RATE_LIMIT)?,
        dead_time: usize::try_from(section.steps("dead_time", 0, 0..=DEAD_TIME_MAX as u64)?)
            .unwrap_or(usize::MAX),
        control_period: section.steps("control_period", 1, 1..=CONTROL_PERIOD_MAX)?,
    };
    Ok(group)
}

/// Either one start or a range a state; a model has a start of its own.
fn initial_state(
    section: &Section<'_>,
    starts: &[Parameter],
    is_model: bool,
) -> Result<Vec<[f64; 2]>, ConfigError> {
    let one = section.has("initial_state");
    if one && section.has("ranges") {
        let remedy = "keep one: initial_state for a fixed start, ranges for sampled ones".into();
        return Err(section.error("ranges", "cannot be combined with initial_state", remedy));
    }
    if !one && !section.has("ranges") && !is_model {
        let remedy =
            "allowed: initial_state for a fixed start, or ranges such as { theta1 = 0.3 } for sampled ones";
        return Err(section.error("initial_state", "is missing", remedy.into()));
    }
    if one {
        let state = section.numbers("initial_state", starts)?;
        return Ok(state.into_iter().map(|value| [value, value]).collect());
    }
    let ranges = section.section("ranges")?;
    let read = starts.iter().map(|start| ranges.range(start)).collect();
    ranges.finish()?;
    read
}

/// Per cent a plant parameter.
fn uncertainty(section: &Section<'_>, plant: &PlantConfig) -> Result<Vec<f64>, ConfigError> {
    let table = section.section("uncertainty")?;
    let percent = |parameter: &Parameter| {
        let range = [0.0, UNCERTAINTY_MAX];
        table.number(&Parameter::fixed(parameter.name, "%", 0.0, range, "how far it may be off"))
    };
    let all = plant.parameters().iter().map(percent).collect();
    table.finish()?;
    all
}

/// A number a sensor, 0 where it is not named.
fn channels(section: &Section<'_>, key: &str, plant: &PlantConfig) -> Result<Vec<f64>, ConfigError> {
    let table = section.section(key)?;
    let channel = |state: &Quantity| {
        let number =
            table.number(&Parameter::fixed(state.name, state.unit, 0.0, [0.0, 1e3], "of its sensor"))?;
        if number > 0.0 && number < SENSOR_MIN {
            let problem = format!("= {number:e} is too small");
            return Err(table.error(state.name, &problem, format!("allowed: 0, or at least {SENSOR_MIN:e}")));
        }
        Ok(number)
    };
    let numbers = plant.states().iter().map(channel).collect();
    table.finish()?;
    numbers
}

fn disturbances(
    section: &Section<'_>,
    simulation: &SimulationConfig,
) -> Result<Vec<Disturbance>, ConfigError> {
    let mut disturbances = Vec::new();
    let (mut pulses, mut tones) = (0, 0);
    for entry in section.sections("disturbances", PULSES_MAX + TONES_MAX)? {
        let shape = entry.choice("type", Shape::Step)?;
        let mut disturbance = Disturbance {
            shape,
            amplitude: entry.optional_number("amplitude", &AMPLITUDE)?.ok_or_else(|| {
                entry.error("amplitude", "is missing", format!("allowed: {}", AMPLITUDE.allowed()))
            })?,
            start: entry.number(&START)?,
            duration: f64::INFINITY,
            frequency: FREQUENCY.default,
        };
        if shape != Shape::Step {
            disturbance.duration = entry.number(&LASTING)?;
            if disturbance.duration < 0.5 * simulation.dt {
                let remedy = format!("allowed: at least a step, {} s", simulation.dt);
                return Err(entry.error("duration", "is shorter than a step", remedy));
            }
        }
        match shape {
            Shape::Step | Shape::Pulse => pulses += 1,
            Shape::Sine | Shape::Noise => {
                let highest = 0.5 / simulation.dt;
                disturbance.frequency = entry.number(&Parameter {
                    max: highest,
                    default: FREQUENCY.default.min(highest),
                    ..FREQUENCY
                })?;
                tones += if shape == Shape::Noise { NOISE_TONES } else { 1 };
            }
        }
        if pulses > PULSES_MAX || tones > TONES_MAX {
            let problem = "is one disturbance too many";
            let remedy = format!(
                "allowed: {PULSES_MAX} steps and pulses, and one noise with {0} sines or {TONES_MAX} sines",
                TONES_MAX - NOISE_TONES
            );
            return Err(entry.error("type", problem, remedy));
        }
        entry.finish()?;
        disturbances.push(disturbance);
    }
    Ok(disturbances)
}
