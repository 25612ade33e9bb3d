//! A run of a validation in `validation.json`, and back: with everything that is needed to simulate it again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::config::Config;
use crate::costs::{Aspect, Term};
use crate::registry::Member;
use crate::sampling::NOISE_TABLE;
use crate::simulation::scenario::{DEAD_TIME_MAX, Pieces};
use crate::simulation::{Conditions, Scenario, Sensors};
use crate::validation::{self, Case, RunId};

/// Changes of a signal that are written at most: what changes more often is drawn again, by the name of the run.
const PIECES_MAX: usize = 32;

/// The run. `cost` is that of `simulate`: of a failure it is a penalty, which is on no scale with other costs. What is infinite is null.
pub(super) fn to_json(config: &Config, case: &Case) -> Value {
    let Conditions { signals, plant: values, sensors, actuator_lag, rate_limit, dead_time, control_period } =
        &case.scenario.conditions;
    let plant = values.as_ref().map(|values| {
        let named = config.plant.parameters().iter().zip(values);
        named.map(|(parameter, value)| (parameter.name, *value)).collect::<BTreeMap<_, _>>()
    });
    let sensors = sensors.as_ref();
    let settling = config.cost.iter().position(Term::is_settling_time);
    let is_short = signals.iter().all(|pieces| pieces.len() <= PIECES_MAX);
    json!({
        "signals": is_short.then(|| signals.iter().map(|pieces| pieces.to_vec()).collect::<Vec<_>>()),
        "id": case.id.to_string(),
        "cost": case.record.cost,
        "failed": !case.record.survived(),
        "survived_steps": case.record.steps,
        (Aspect::SettlingTime.name()): settling.map(|place| case.record.values[place]),
        "initial_state": case.scenario.initial_state,
        "plant": plant,
        "noise": sensors.map(|sensors| &sensors.noise),
        "quantisation": sensors.map(|sensors| &sensors.quantum),
        "noise_offsets": sensors.map(|sensors| &sensors.offsets),
        "actuator_lag": actuator_lag,
        "rate_limit": rate_limit.is_finite().then_some(rate_limit),
        "dead_time": dead_time,
        "control_period": control_period,
    })
}

/// What a run started from; `None` where something of it is not there, as in files of older versions.
pub(super) fn scenario(config: &Config, case: &Value) -> Option<Scenario> {
    let values = match case.get("plant")? {
        Value::Null => None,
        values => {
            let parameters = config.plant.parameters().iter();
            let named = parameters.map(|parameter| values.get(parameter.name)?.as_f64());
            Some(named.collect::<Option<Vec<_>>>()?)
        }
    };
    let sensors = match case.get("noise_offsets")? {
        Value::Null => None,
        offsets => Some(Sensors {
            noise: numbers(case.get("noise")?)?,
            quantum: numbers(case.get("quantisation")?)?,
            offsets: offsets.as_array()?.iter().map(whole).collect::<Option<Vec<_>>>()?,
        }),
    };
    let initial_state = numbers(case.get("initial_state")?)?;
    let signals = match case.get("signals") {
        Some(Value::Null) => redrawn(config, case)?,
        Some(signals) => {
            let signals = serde_json::from_value::<Vec<Vec<(u64, f64)>>>(signals.clone()).ok()?;
            signals.into_iter().map(Into::into).collect()
        }
        None => Vec::new(),
    };
    let conditions = Conditions {
        signals,
        plant: values,
        sensors,
        actuator_lag: case.get("actuator_lag")?.as_f64()?,
        rate_limit: number(case.get("rate_limit")?)?,
        dead_time: whole(case.get("dead_time")?)?,
        control_period: case.get("control_period")?.as_u64()?,
    };
    Some(Scenario { initial_state, conditions }).filter(|scenario| is_possible(config, scenario))
}

/// The signals of a run, drawn again.
fn redrawn(config: &Config, case: &Value) -> Option<Vec<Pieces>> {
    let id: RunId = case.get("id")?.as_str()?.parse().ok()?;
    let sets = validation::sets(config).ok()?;
    let set = sets.iter().find(|set| set.name == id.set)?;
    Some(set.scenario(config, id.seed, id.index).conditions.signals)
}

/// Whether the simulation has room for what a file asks for.
fn is_possible(config: &Config, scenario: &Scenario) -> bool {
    let states = config.plant.states().len();
    let Conditions { signals, sensors, dead_time, control_period, .. } = &scenario.conditions;
    let is_complete = |sensors: &Sensors| {
        let Sensors { noise, quantum, offsets } = sensors;
        [noise.len(), quantum.len(), offsets.len()] == [states; 3] && offsets.iter().all(|k| *k < NOISE_TABLE)
    };
    scenario.initial_state.len() == states
        && signals.len() == config.nominal().asked.len()
        && *dead_time <= DEAD_TIME_MAX
        && *control_period > 0
        && sensors.as_ref().is_none_or(is_complete)
}

/// A number; null stands for infinity.
fn number(value: &Value) -> Option<f64> {
    if value.is_null() { Some(f64::INFINITY) } else { value.as_f64() }
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(number).collect()
}

fn whole(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Record;

    #[test]
    fn a_case_that_is_read_back_starts_from_the_same() {
        let text = "[plant]\ntype = \"cart_pole\"\n[[scenarios]]\nranges = {}\n";
        let config = Config::parse("study.toml".as_ref(), text).expect("a study");
        let states = config.plant.states().len();
        let conditions = Conditions {
            signals: Vec::new(),
            plant: Some(config.plant.values.iter().map(|value| value * 1.01).collect()),
            sensors: Some(Sensors {
                noise: vec![1e-3; states],
                quantum: vec![0.0; states],
                offsets: vec![7; states],
            }),
            actuator_lag: 0.01,
            rate_limit: f64::INFINITY,
            dead_time: 3,
            control_period: 2,
        };
        for conditions in [conditions, Conditions::default()] {
            let scenario = Scenario { initial_state: vec![0.1, -0.2, 0.3, 1.0 / 3.0], conditions };
            let id = RunId { set: "a/b".into(), seed: 1, index: 2 };
            let case = Case { id, scenario, record: Record::PENDING };
            let text = to_json(&config, &case).to_string();
            let mut read: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(super::scenario(&config, &read), Some(case.scenario));
            // What the simulation has no room for, and what older versions wrote.
            read["dead_time"] = (DEAD_TIME_MAX + 1).into();
            assert_eq!(super::scenario(&config, &read), None);
            assert_eq!(super::scenario(&config, &json!({ "initial_state": [0.0] })), None);
        }
    }
}
