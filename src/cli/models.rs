//! What `check` says of models: as they were understood, and what a step of their loop takes.

use super::table::table;
use crate::config::{Config, Equations};
use crate::figures::{number, wrapped};
use crate::model::{Declarations, Input, Parameter, Quantity};
use crate::plugin::{Plugin, Which};
use crate::problem;

/// Plant, controller and how they are joined, as comments of TOML.
pub(super) fn facts(config: &Config) -> String {
    let (plant, law, wiring) = (&config.plant.of, &config.controller.of, &config.wiring);
    let runner = problem::runner(config);
    let program = &runner.closed_loop().program;
    let joined =
        wiring.drive.iter().chain(&wiring.measured).map(|(input, value)| format!("{input} = {value}"));
    let signals = wiring.signals.iter().map(|signal| match signal.default {
        Some(default) => format!("{} ({default} unless a scenario says otherwise)", signal.name),
        None => signal.name.to_owned(),
    });
    let told = config.told(&config.controller.values).into_iter();
    let told = told.map(|told| format!("{} = {}", told.name, number(told.value)));
    let rows = [
        ("comes to", told.collect::<Vec<_>>().join(", ")),
        ("joined", joined.collect::<Vec<_>>().join(", ")),
        ("signals", signals.collect::<Vec<_>>().join(", ")),
        (
            "program",
            format!(
                "{} operations a step, {} numbers a simulation ({} bytes)",
                program.plain.instructions.len(),
                program.plain.slots,
                8 * program.plain.slots
            ),
        ),
    ];
    let rows = rows.iter().filter(|(_, text)| !text.is_empty());
    let rows: String = rows.map(|(name, text)| wrapped(&format!("# {name:<9}"), "#", text)).collect();
    format!("#\n{}{}{rows}", model("plant", plant), model("law", law))
}

/// The numbers that a law comes to, with an empty line behind them; nothing where its equations say all.
pub(super) fn told(config: &Config, gains: &[f64]) -> String {
    let told = config.told(gains);
    if told.is_empty() {
        return String::new();
    }
    let rows = told.into_iter().map(|told| vec![told.name, number(told.value), told.unit, told.doc]);
    table(&["the law", "value", "unit", ""], &[1], rows) + "\n"
}

fn named(quantity: &Quantity) -> String {
    match quantity.written.as_str() {
        "" => quantity.name.clone(),
        unit => format!("{} in {unit}", quantity.name),
    }
}

/// What a library declares beside its states, and what it is.
fn declared(of: &Declarations, library: &Plugin) -> String {
    let input = |input: &Input| {
        let limit = input.limit.map_or(String::new(), |limit| format!(", at most ±{limit}"));
        let default =
            input.default.map_or(String::new(), |default| format!(" ({default} by default{limit})"));
        named(&input.quantity) + &default
    };
    let parameter = |parameter: &Parameter| {
        let [low, high] = parameter.range;
        let range = if low > f64::MIN { format!(", {low} … {high}") } else { String::new() };
        format!("{} ({}{range})", named(&parameter.quantity), parameter.default)
    };
    let functions: Vec<&str> = library.description().functions().into_iter().map(Which::name).collect();
    let nanoseconds = 1e9 * library.seconds_a_lane();
    let rows = [
        ("summary", of.summary.clone()),
        ("source", of.source.clone()),
        ("inputs", of.inputs.iter().map(input).collect::<Vec<_>>().join(", ")),
        ("outputs", of.outputs.iter().map(named).collect::<Vec<_>>().join(", ")),
        ("parameters", of.parameters.iter().map(parameter).collect::<Vec<_>>().join(", ")),
        ("library", format!("{}, SHA-256 {}", library.path().display(), library.digest())),
        (
            "functions",
            format!(
                "{}: at most {nanoseconds:.1} ns a lane, called by the program, not by machine code",
                functions.join(", ")
            ),
        ),
    ];
    let rows = rows.iter().filter(|(_, text)| !text.is_empty());
    rows.map(|(name, text)| wrapped(&format!("#            {name} "), "#", &one_line(text))).collect()
}

/// A text that cannot break out of a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// States with their units, and the equations in the order in which they are computed.
fn model(what: &str, equations: &Equations) -> String {
    let states: Vec<String> =
        equations.model.declared.states.iter().map(|state| named(&state.quantity)).collect();
    let states =
        if states.is_empty() { "no states".to_owned() } else { format!("states {}", states.join(", ")) };
    let head = wrapped(&format!("# {what:<9}"), "#", &format!("{}: {states}", equations.name));
    if let Some(library) = equations.model.library() {
        return head + &declared(&equations.model.declared, library);
    }
    let lines = equations.model.sorted().into_iter().flat_map(str::lines);
    let texts = equations.model.declared.expressions.iter().map(|(name, text)| format!("{name} = {text}"));
    let lines = texts.chain(lines.map(str::to_owned));
    lines.fold(head, |text, line| text + "#            " + line.trim_end() + "\n")
}
