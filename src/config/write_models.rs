//! The parts of a resolved config that are about models: their equations and declarations as they stand in a config, and signals.

use serde_json::{Map, Value, json};

use super::system::{OF_PLANT, SHA256, library_key};
use super::{Equations, Signal};
use crate::model::{
    AT_REST, Choices, Declarations, Input, Kind, Parameter, Quantity, RuleGains, Scene, State,
    UsualController, UsualTerm,
};
use crate::registry::Member;
use crate::signals::{Wave, WaveShape};

/// A model as the keys of a section.
pub(super) fn model(map: &mut Map<String, Value>, equations: &Equations) {
    map.insert("name".into(), equations.name.into());
    match equations.model.library() {
        // It declares the rest itself.
        Some(library) => {
            map.insert(library_key(library).into(), library.path().to_string_lossy().into());
            map.insert(SHA256.into(), library.digest().into());
        }
        None => written(map, equations),
    }
}

/// What a model of equations declares.
fn written(map: &mut Map<String, Value>, equations: &Equations) {
    let Declarations {
        summary,
        source,
        inputs,
        parameters: _,
        outputs,
        expressions,
        choices,
        tables,
        fail,
        require,
        warn,
        settings,
        cost,
        controller,
        scene,
        rules,
        sliding: _,
        reaches: _,
        states: _,
    } = &equations.model.declared;
    let mut add = |key: &str, value: Value| drop(map.insert(key.into(), value));
    let texts = [("summary", summary), ("source", source), ("equations", &equations.model.equations)];
    for (key, text) in texts.into_iter().chain(fail.as_ref().map(|fail| ("fail", fail))) {
        if !text.is_empty() {
            add(key, text.as_str().into());
        }
    }
    for (key, relations) in [("require", require), ("warn", warn)] {
        if !relations.is_empty() {
            add(key, json!(relations));
        }
    }
    add("states", states_of(equations));
    add("inputs", inputs_of(inputs));
    let of = if equations.model.kind == Kind::Plant { "parameters" } else { "gains" };
    add(of, parameters_of(numbers(&equations.model.declared)));
    add(
        "outputs",
        outputs.iter().map(|output| (output.name.clone(), quantity(output))).collect::<Map<_, _>>().into(),
    );
    if !tables.is_empty() {
        add("tables", tables.iter().map(columns).collect::<Map<_, _>>().into());
    }
    if let Some(scene) = scene {
        add("scene", scene_of(scene));
    }
    if !settings.is_empty() {
        add("settings", parameters_of(settings.iter()));
    }
    if !cost.is_empty() {
        add("usual_cost", Value::Object(cost.iter().map(|term| (term.name.clone(), usual(term))).collect()));
    }
    if let Some(controller) = controller {
        add("usual_controller", usual_controller(controller));
    }
    if let Some(certificate) = certificate_of(&equations.model.declared) {
        add("certificate", certificate);
    }
    if let Some(rules) = rules {
        add("rules", rules_of(rules));
    }
    if !expressions.is_empty() {
        let text = |(name, text): (&String, &String)| {
            let said = choices.get(name).map_or_else(|| text.as_str().into(), choices_of);
            (name.clone(), said)
        };
        add("expressions", Value::Object(expressions.iter().map(text).collect()));
    }
}

/// The parameters but for those that decide among choices, which stand in `[[tune]]` alone.
fn numbers(declared: &Declarations) -> impl Iterator<Item = &Parameter> {
    let tuned = || declared.choices.values().filter_map(|choices| choices.tuned.as_ref());
    let decides = move |name: &str| tuned().any(|tuned| tuned.number == name);
    declared.parameters.iter().filter(move |parameter| !decides(&parameter.quantity.name))
}

/// A table with its columns.
fn columns((name, points): (&String, &Vec<(f64, f64)>)) -> (String, Value) {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    (name.clone(), json!({ "x": x, "y": y }))
}

fn usual_controller(UsualController { name, said }: &UsualController) -> Value {
    let said = said.iter().map(|(key, value)| (key.clone(), json!(value)));
    Value::Object(std::iter::once(("type".into(), json!(name))).chain(said).collect())
}

/// What a law says of its certificate.
fn certificate_of(declared: &Declarations) -> Option<Value> {
    let mut entry = json!({ "sliding": declared.sliding.as_ref()? });
    if let Some(reaches) = &declared.reaches {
        entry["reaches"] = reaches.as_str().into();
    }
    Some(entry)
}

/// What published rules come to in a law's gains.
fn rules_of(RuleGains { gains, at_rest }: &RuleGains) -> Value {
    let gains = gains.iter().map(|(name, text)| (name.clone(), json!(text)));
    Value::Object(gains.chain([(AT_REST.into(), json!(at_rest))]).collect())
}

fn scene_of(Scene { cart, force, track, track_setting, links }: &Scene) -> Value {
    let links = links.iter().map(|(angle, length)| (angle.clone(), length.as_str().into()));
    let mut entry = json!({ "cart": cart, "links": links.collect::<Map<_, _>>() });
    if let Some(force) = force {
        entry["force"] = force.as_str().into();
    }
    match (track, track_setting) {
        (Some(track), _) => entry["track"] = (*track).into(),
        (None, Some(setting)) => entry["track"] = setting.as_str().into(),
        (None, None) => {}
    }
    entry
}

/// Named texts, with the one that has been chosen as the default.
fn choices_of(choices: &Choices) -> Value {
    let texts = choices.texts.iter().map(|(name, texts)| (name.clone(), json!(texts)));
    let default = ("default".into(), choices.default.as_str().into());
    Value::Object(std::iter::once(default).chain(texts).collect())
}

fn usual(term: &UsualTerm) -> Value {
    let mut entry = json!({ "weight": term.weight, "norm": term.norm });
    if !term.signals.is_empty() {
        entry["signals"] = json!(term.signals);
    }
    if term.is_told {
        entry["told"] = true.into();
    }
    if let Some((how, expression)) = &term.own {
        entry[how.as_str()] = expression.as_str().into();
    }
    for (key, text) in [("unit", &term.unit), ("doc", &term.doc)] {
        if !text.is_empty() {
            entry[key] = text.as_str().into();
        }
    }
    entry
}

/// The states that are declared themselves; rates that second derivatives add follow from these.
fn states_of(equations: &Equations) -> Value {
    let rates = equations.model.rates();
    let states = equations.model.declared.states.iter().enumerate();
    let own = states.filter(|(place, state)| !rates.contains(&Some(*place)) || state.is_declared);
    let one = |(_, state): (usize, &State)| {
        let mut entry = quantity(&state.quantity);
        match &state.initial_gain {
            Some(gain) => entry["initial"] = gain.as_str().into(),
            None if state.initial != 0.0 => entry["initial"] = state.initial.into(),
            None => {}
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

/// But for those of the plant, which a study adds to the gains.
fn parameters_of<'a>(parameters: impl Iterator<Item = &'a Parameter>) -> Value {
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
    let own = parameters.filter(|parameter| !parameter.quantity.name.starts_with(OF_PLANT));
    Value::Object(own.map(one).collect())
}

fn quantity(quantity: &Quantity) -> Value {
    let mut map = Map::new();
    for (key, text) in [("unit", &quantity.written), ("doc", &quantity.doc), ("label", &quantity.label)] {
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
