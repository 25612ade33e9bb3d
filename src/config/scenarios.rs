//! Reading `[[scenarios]]` and `[[validation]]`: groups of starts, uncertain plants, disturbances, sensors and actuators.

use super::{ConfigError, PlantConfig, SimulationConfig, Wiring, waves};
use crate::parameter::{Parameter, Quantity, named};
use crate::sampling::{Group, Sampling, UNCERTAINTY_MAX};
use crate::signals::Wave;
use crate::simulation::scenario::DEAD_TIME_MAX;
use crate::text::Section;

/// Most scenarios of a study.
const SCENARIOS_MAX: usize = 10_000;
/// Most groups.
const GROUPS_MAX: usize = SCENARIOS_MAX;
/// Longest control period in steps.
const CONTROL_PERIOD_MAX: u64 = 100_000;

/// Smallest noise or quantisation that is not 0.
const SENSOR_MIN: f64 = 1e-9;

const WEIGHT: Parameter = Parameter::fixed("weight", "1", 1.0, [1e-9, 1e9], "weight of the group");
const LAG: Parameter =
    Parameter::fixed("actuator_lag", "s", 0.0, [0.0, 1e3], "time constant of the actuator");
const RATE_LIMIT: Parameter = Parameter::fixed(
    "rate_limit",
    "1/s",
    f64::INFINITY,
    [1e-6, 1e12],
    "largest change of what drives the plant",
);

/// Most values of signals that change with every step, over all scenarios: each takes 16 bytes.
const VALUES_MAX: u64 = 50_000_000;

/// Largest magnitude of an initial state of a model.
const STATE_MAX: f64 = 1e12;

/// The parts of a study that its scenarios depend on.
#[derive(Clone, Copy)]
pub(super) struct Setup<'a> {
    pub(super) plant: &'a PlantConfig,
    pub(super) simulation: &'a SimulationConfig,
    pub(super) wiring: &'a Wiring,
}

/// Where a simulation may start.
pub(super) fn initial_state_ranges(plant: &PlantConfig) -> Vec<Parameter> {
    let declared = plant.states().iter().zip(&plant.of.model.declared.states);
    let range = |(state, declared): (&Quantity, &crate::model::State)| {
        let range = [-STATE_MAX, STATE_MAX];
        Parameter::fixed(state.name, state.unit, declared.initial, range, "initial state")
    };
    declared.map(range).collect()
}

/// The group of a study that says nothing of scenarios: a start where the plant's model starts.
pub(super) fn usual(root: &Section<'_>, setup: Setup<'_>) -> Result<Group, ConfigError> {
    group(&root.section("scenarios")?, 0, false, setup)
}

/// The groups of an array of tables; those of a validation have no count and no weight.
pub(super) fn groups(root: &Section<'_>, key: &str, setup: Setup<'_>) -> Result<Vec<Group>, ConfigError> {
    let validation = key == "validation";
    let mut groups: Vec<Group> = Vec::new();
    for (position, section) in root.sections(key, GROUPS_MAX)?.into_iter().enumerate() {
        let group = group(&section, position, validation, setup)?;
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
    let values = (changing as u64).saturating_mul(setup.simulation.steps());
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
    setup: Setup<'_>,
) -> Result<Group, ConfigError> {
    let Setup { plant, .. } = setup;
    let starts = initial_state_ranges(plant);
    let signals = waves::read(section, setup.wiring, setup.simulation.dt)?;
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
        initial_state: initial_state(section, &starts, setup, &signals)?,
        uncertainty: uncertainty(section, plant)?,
        signals,
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

/// Either one start or a range a state; where neither is said, the plant's own start, if anything moves then.
fn initial_state(
    section: &Section<'_>,
    starts: &[Parameter],
    setup: Setup<'_>,
    signals: &[Vec<Wave>],
) -> Result<Vec<[f64; 2]>, ConfigError> {
    let one = section.has("initial_state");
    let said = if one { "initial_state" } else { "ranges" };
    if one && section.has("ranges") {
        let remedy = "keep one: initial_state for a fixed start, ranges for sampled ones".into();
        return Err(section.error("ranges", "cannot be combined with initial_state", remedy));
    }
    // Where the usual cost is of the states, every gain vector would cost nothing.
    let is_usual = !setup.plant.of.model.declared.cost.is_empty();
    let is_still =
        is_usual && signals.iter().all(Vec::is_empty) && setup.plant.of.model.rests(&setup.plant.values);
    if is_still && !section.is_absent() && !section.has(said) {
        let first = starts.iter().find(|start| start.unit == "rad").or(starts.first());
        let remedy = format!(
            "allowed: initial_state for a fixed start, or ranges such as {{ {} = 0.3 }} for sampled ones",
            first.map_or("x", |start| start.name)
        );
        return Err(section.error("initial_state", "is missing", remedy));
    }
    let ranges: Vec<[f64; 2]> = if one {
        let state = section.numbers("initial_state", starts)?;
        state.into_iter().map(|value| [value, value]).collect()
    } else {
        let ranges = section.section("ranges")?;
        let read: Result<_, _> = starts.iter().map(|start| ranges.range(start)).collect();
        ranges.finish()?;
        read?
    };
    // Each state at either end of its range, with the others as the plant has them or in the middle of theirs.
    let usual: Vec<f64> = starts.iter().map(|start| start.default).collect();
    let middle: Vec<f64> = ranges.iter().map(|[lower, upper]| 0.5 * (lower + upper)).collect();
    for others in [usual, middle] {
        for (place, end) in ranges.iter().enumerate().flat_map(|(place, range)| range.map(|end| (place, end)))
        {
            let mut state = others.clone();
            state[place] = end;
            if let Some(fail) = setup.failing(&state) {
                let Parameter { name, unit, .. } = starts[place];
                let failed = "starts where a simulation has failed:";
                let remedy = format!("allowed: what is not {fail}");
                return Err(if one {
                    section.error(said, &format!("{failed} {said}[{name}] = {end:?} {unit}"), remedy)
                } else {
                    section.section(said)?.error(name, &format!("{failed} {end:?} {unit}"), remedy)
                });
            }
        }
    }
    Ok(ranges)
}

/// When a simulation fails, with the settings that say so, where it has failed in a state; as far as that follows from the states
/// and the plant's settings.
pub(super) fn failing(plant: &PlantConfig, simulation: &SimulationConfig, state: &[f64]) -> Option<String> {
    let fail = simulation.fail.as_deref()?;
    let settings = named(&plant.of.settings, &simulation.settings);
    let states = plant.states().iter().map(|state| state.name).zip(state.iter().copied());
    let known: Vec<(&str, f64)> = states.chain(settings.iter().copied()).collect();
    if !crate::model::holds(fail, &known) {
        return None;
    }
    let words: Vec<&str> = fail.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let limits = settings.iter().filter(|(name, _)| words.contains(name));
    let limits = limits.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
    Some(if limits.is_empty() { fail.to_owned() } else { format!("{fail}, with {limits}") })
}

impl Setup<'_> {
    /// When a simulation fails, where it has failed in a state; as far as that follows from the states and the plant's settings.
    fn failing(&self, state: &[f64]) -> Option<String> {
        failing(self.plant, self.simulation, state)
    }
}

/// Per cent a plant parameter.
fn uncertainty(section: &Section<'_>, plant: &PlantConfig) -> Result<Vec<f64>, ConfigError> {
    let table = section.section("uncertainty")?;
    let percent = |parameter: &Parameter| {
        let range = [0.0, UNCERTAINTY_MAX];
        table.number(&Parameter::fixed(parameter.name, "%", 0.0, range, "how far it may be off"))
    };
    let all: Vec<f64> = plant.parameters().iter().map(percent).collect::<Result<_, _>>()?;
    if let Some(place) = plant.tuned.iter().find(|place| all[**place] > 0.0) {
        let remedy = "keep one: a parameter that is tuned is as the gains say".into();
        return Err(table.error(
            plant.parameters()[*place].name,
            "is tuned, and cannot be uncertain",
            remedy,
        ));
    }
    table.finish()?;
    Ok(all)
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
