//! The parts of a resolved config that are about models: their equations and declarations as they stand in a config, and signals.

use serde_json::{Map, Value, json};

use super::{Equations, Signal};
use crate::model::{Declarations, Input, Kind, Parameter, Quantity, Scene, State};
use crate::registry::Member;
use crate::signals::{Wave, WaveShape};

/// A model as the keys of a section.
pub(super) fn model(map: &mut Map<String, Value>, equations: &Equations) {
    let Declarations {
        summary,
        source,
        inputs,
        parameters,
        outputs,
        expressions,
        tables,
        fail,
        scene,
        sliding,
        reaches,
        states: _,
    } = &equations.model.declared;
    let mut add = |key: &str, value: Value| drop(map.insert(key.into(), value));
    add("name", equations.name.into());
    for (key, text) in [("summary", summary), ("source", source), ("equations", &equations.model.equations)] {
        if !text.is_empty() {
            add(key, text.as_str().into());
        }
    }
    if let Some(fail) = fail {
        add("fail", fail.as_str().into());
    }
    add("states", states_of(equations));
    add("inputs", inputs_of(inputs));
    let of = if equations.model.kind == Kind::Plant { "parameters" } else { "gains" };
    add(of, parameters_of(parameters));
    add(
        "outputs",
        outputs.iter().map(|output| (output.name.clone(), quantity(output))).collect::<Map<_, _>>().into(),
    );
    if !tables.is_empty() {
        let columns = |points: &Vec<(f64, f64)>| {
            let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
            json!({ "x": x, "y": y })
        };
        let tables = tables.iter().map(|(name, points)| (name.clone(), columns(points)));
        add("tables", tables.collect::<Map<_, _>>().into());
    }
    if let Some(Scene { cart, force, track, links }) = scene {
        let links = links.iter().map(|(angle, length)| (angle.clone(), length.as_str().into()));
        let mut entry = json!({ "cart": cart, "links": links.collect::<Map<_, _>>() });
        if let Some(force) = force {
            entry["force"] = force.as_str().into();
        }
        if let Some(track) = track {
            entry["track"] = (*track).into();
        }
        add("scene", entry);
    }
    if let Some(sliding) = sliding {
        let mut entry = json!({ "sliding": sliding });
        if let Some(reaches) = reaches {
            entry["reaches"] = reaches.as_str().into();
        }
        add("certificate", entry);
    }
    if !expressions.is_empty() {
        add("expressions", json!(expressions));
    }
}

/// The states that are declared themselves; rates that second derivatives add follow from these.
fn states_of(equations: &Equations) -> Value {
    let rates = equations.model.rates();
    let states = equations.model.declared.states.iter().enumerate();
    let own = states.filter(|(place, state)| !rates.contains(&Some(*place)) || state.is_declared);
    let one = |(_, state): (usize, &State)| {
        let mut entry = quantity(&state.quantity);
        if state.initial != 0.0 {
            entry["initial"] = state.initial.into();
        }
        (state.quantity.name.clone(), entry)
    };
    Value::Object(own.map(one).collect())
}

fn inputs_of(inputs: &[Input]) -> Value {
    let one = |input: &Input| {
        let mut entry = quantity(&input.quantity);
        for (key, number) in [("default", input.default), ("limit", input.limit)] {
            if let Some(number) = number {
                entry[key] = number.into();
            }
        }
        (input.quantity.name.clone(), entry)
    };
    Value::Object(inputs.iter().map(one).collect())
}

fn parameters_of(parameters: &[Parameter]) -> Value {
    let one = |parameter: &Parameter| {
        let mut entry = quantity(&parameter.quantity);
        entry["default"] = parameter.default.into();
        // Without a range of its own it has that of all numbers.
        if parameter.range[0] > f64::MIN || parameter.range[1] < f64::MAX {
            entry["range"] = json!(parameter.range);
        }
        if let Some(search) = parameter.search {
            entry["search"] = json!(search);
        }
        if parameter.logarithmic {
            entry["scale"] = "log10".into();
        }
        (parameter.quantity.name.clone(), entry)
    };
    Value::Object(parameters.iter().map(one).collect())
}

fn quantity(quantity: &Quantity) -> Value {
    let mut map = Map::new();
    for (key, text) in [("unit", &quantity.written), ("doc", &quantity.doc)] {
        if !text.is_empty() {
            map.insert(key.into(), text.as_str().into());
        }
    }
    map.into()
}

/// The waves of signals by name; what a group says nothing of is left out.
pub(super) fn signals(signals: &[Signal], waves: &[Vec<Wave>]) -> Value {
    let said = signals.iter().zip(waves).filter(|(_, waves)| !waves.is_empty());
    let one = |waves: &Vec<Wave>| match &waves[..] {
        [wave] if wave.shape == WaveShape::Constant => wave.amplitude.into(),
        waves => waves.iter().map(wave).collect(),
    };
    Value::Object(said.map(|(signal, waves)| (signal.name.into(), one(waves))).collect())
}

fn wave(wave: &Wave) -> Value {
    let mut value = json!({ "type": wave.shape.name(), "amplitude": wave.amplitude });
    if wave.shape != WaveShape::Constant {
        value["start"] = wave.start.into();
    }
    if wave.duration.is_finite() {
        value["duration"] = wave.duration.into();
    }
    if matches!(wave.shape, WaveShape::Sine | WaveShape::Chirp | WaveShape::Noise) {
        value["frequency"] = wave.frequency.into();
    }
    if wave.shape == WaveShape::Chirp {
        value["end_frequency"] = wave.end_frequency.into();
    }
    if wave.shape == WaveShape::Table {
        let (times, values): (Vec<f64>, Vec<f64>) = wave.points.iter().copied().unzip();
        value["times"] = json!(times);
        value["values"] = json!(values);
        value["held"] = wave.held.into();
    }
    value
}
