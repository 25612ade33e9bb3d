//! The plant of a study as an FMU for co-simulation (FMI 2.0.5, fmi-standard.org), for tools that know that standard: its description, its
//! source in C, and a library that the system's C compiler makes of it.
//!
//! The equations are written as statements of C (`controller/nodes.rs`), with the functions of the target's library; `unit.c` is what
//! stands around them. An instance integrates by itself, by the classical method of Runge and Kutta, in steps of at most the study's `dt`.

use foldhash::HashMap;

use super::controller::nodes::{Known, Nodes};
use super::controller::{Code, Math, Precision};
use super::{Export, Format, comment, identifier};
use crate::Error;
use crate::graph::{Graph, Id, Symbol};
use crate::model::{Base, Declarations};

#[cfg(feature = "fmi")]
mod archive;
mod description;

/// What stands around the equations.
const UNIT_C: &str = include_str!("unit.c");

/// The names that it takes from the equations.
const TAKEN: [&str; 13] = [
    "value", "time", "step", "rate", "INPUT", "STATE", "OUTPUT", "VALUES", "STATES", "NAME", "START", "STEP",
    "GUID",
];

/// An FMU.
#[derive(Debug, Clone, Copy)]
pub struct Fmu;

impl Format for Fmu {
    const NAME: &'static str = "fmu";
    const SUMMARY: &'static str =
        "the plant as an FMU 2.0 for co-simulation; needs a C compiler and a build with the feature fmi";

    /// Its source.
    fn text(export: &Export) -> Result<String, Error> {
        Ok(Unit::new(export)?.source)
    }

    #[cfg(feature = "fmi")]
    fn file(export: &Export) -> Result<Vec<u8>, Error> {
        archive::zipped(&Unit::new(export)?)
    }

    #[cfg(not(feature = "fmi"))]
    fn file(_: &Export) -> Result<Vec<u8>, Error> {
        Err(refused(
            "fmu cannot be written: this program is built without FMI",
            "build it with it: cargo install --path . --features fmi",
        ))
    }
}

fn refused(found: impl Into<String>, remedy: impl Into<String>) -> Error {
    Error::Option { option: "--format", found: found.into(), remedy: remedy.into() }
}

/// What a variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Causality {
    Parameter,
    Input,
    /// An output that starts from a number of its own.
    State,
    Output,
}

/// A variable; its value reference is its place.
#[derive(Debug, Clone, PartialEq)]
struct Variable {
    name: String,
    unit: String,
    doc: String,
    causality: Causality,
    start: f64,
    /// The smallest and the largest value, where there are such.
    range: [Option<f64>; 2],
}

/// A plant as a unit.
struct Unit {
    /// The name of its files, without ending.
    #[cfg_attr(not(feature = "fmi"), allow(dead_code, reason = "a file has it"))]
    identifier: String,
    #[cfg_attr(not(feature = "fmi"), allow(dead_code, reason = "a file has it"))]
    description: String,
    source: String,
}

impl Unit {
    fn new(export: &Export) -> Result<Self, Error> {
        let of = &export.config.plant.of;
        if of.model.library().is_some() {
            return Err(refused(
                "fmu is for a plant of equations",
                "this one is compiled code: use that where it is needed",
            ));
        }
        let variables = variables(export);
        let equations = Lowered::new(export, &variables)?;
        let identifier = identifier(of.name);
        let source = equations.source(export, &variables);
        let description = description::text(export, &identifier, &variables);
        let guid = guid(&[&source, &description]);
        let [source, description] = [source, description].map(|text| text.replace("@GUID@", &guid));
        Ok(Self { identifier, description, source })
    }
}

/// An identity that follows from the content.
fn guid(of: &[&str; 2]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(of.concat().as_bytes());
    let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let digits = format!("{number:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    format!("{{{}}}", parts.join("-"))
}

/// All variables, in the order of their references.
fn variables(export: &Export) -> Vec<Variable> {
    let declared = &export.config.plant.of.model.declared;
    let bound = |number: f64| (number > f64::MIN && number < f64::MAX).then_some(number);
    let parameters =
        declared.parameters.iter().zip(&export.plant_parameters).map(|(declared, exported)| Variable {
            causality: Causality::Parameter,
            start: exported.value,
            range: declared.range.map(bound),
            ..variable(&declared.quantity)
        });
    let inputs = declared.inputs.iter().map(|input| Variable {
        causality: Causality::Input,
        start: input.default.unwrap_or(0.0),
        ..variable(&input.quantity)
    });
    let states = declared.states.iter().map(|state| Variable {
        causality: Causality::State,
        start: state.initial,
        ..variable(&state.quantity)
    });
    parameters.chain(inputs).chain(states).chain(declared.outputs.iter().map(variable)).collect()
}

fn variable(of: &crate::model::Quantity) -> Variable {
    Variable {
        name: of.name.clone(),
        unit: of.written.clone(),
        doc: of.doc.clone(),
        causality: Causality::Output,
        start: 0.0,
        range: [None; 2],
    }
}

/// The equations as nodes.
struct Lowered {
    graph: Graph,
    /// What is given: the variables that are no outputs, the time, and the step.
    given: Vec<Id>,
    rates: Vec<Id>,
    outputs: Vec<Id>,
    named: HashMap<Id, String>,
}

impl Lowered {
    fn new(export: &Export, variables: &[Variable]) -> Result<Self, Error> {
        let model = &export.config.plant.of.model;
        let Declarations { parameters, inputs, outputs, .. } = &model.declared;
        let mut graph = Graph::new();
        let mut count = 0;
        let mut fresh = || {
            count += 1;
            Symbol(count)
        };
        let numbers = variables.len() - outputs.len();
        let given: Vec<Id> = (0..numbers + 2).map(|_| graph.symbol(fresh())).collect();
        let (of_inputs, of_states) = (parameters.len(), parameters.len() + inputs.len());
        let mut base = |graph: &mut Graph, base: Base| match base {
            Base::Parameter(place) => given[place],
            Base::Input(place) => limited(graph, given[of_inputs + place], inputs[place].limit),
            Base::State(place) => given[of_states + place],
            Base::Time => given[numbers],
            Base::Step => given[numbers + 1],
        };
        let lowered = model.lowered(&mut graph, &mut base, None, &mut fresh);
        let lowered = lowered.map_err(|misread| refused(misread.problem, misread.remedy))?;
        if !graph.delays().is_empty() {
            return Err(refused(
                "fmu is for a plant without `delay`, whose past would be a part of its state",
                "give the dead time to the tool that uses it, or to the scenarios of a study",
            ));
        }
        let zero = graph.number(0.0);
        let rates = lowered.rates.iter().map(|rate| rate.unwrap_or(zero)).collect();
        let value = |name: &String| lowered.values.get(name).copied().unwrap_or(zero);
        let outputs = outputs.iter().map(|output| value(&output.name)).collect();
        let named = lowered.values.iter().map(|(name, id)| (*id, name.clone())).collect();
        Ok(Self { graph, given, rates, outputs, named })
    }

    /// The source, but for its guid.
    fn source(&self, export: &Export, variables: &[Variable]) -> String {
        let count = |of: Causality| variables.iter().filter(|one| one.causality == of).count();
        let input = count(Causality::Parameter);
        let state = input + count(Causality::Input);
        let output = state + count(Causality::State);
        let places = (0..output).map(|place| format!("value[{place}]"));
        let from = places.chain(["time".to_owned(), "step".to_owned()]);
        let names = variables[..output].iter().map(|one| one.name.as_str()).chain(["t", "dt"]);
        let known = self.given.iter().zip(names).zip(from);
        let nodes = Nodes {
            graph: &self.graph,
            known: known.map(|((id, name), from)| Known { id: *id, name, from }).collect(),
            named: self.named.clone(),
            taken: &TAKEN,
            prefix: "plant",
            code: Code { math: Math::Libm, precision: Precision::Double },
        };
        let ([rates, outputs], functions) = nodes.bodies([&self.rates, &self.outputs]);
        let given = |statements: &str, results: &[String], target: &str, from: usize| -> String {
            let lines = results.iter().enumerate();
            let lines = lines.map(|(place, result)| format!("    {target}[{}] = {result};\n", from + place));
            std::iter::once(statements.to_owned()).chain(lines).collect()
        };
        let list = |items: Vec<String>| items.join(", ");
        let marks = [
            ("@INPUT@", input.to_string()),
            ("@STATE@", state.to_string()),
            ("@OUTPUT@", output.to_string()),
            ("@VALUES@", variables.len().to_string()),
            ("@NAMES@", list(variables.iter().map(|one| format!("\"{}\"", one.name)).collect())),
            ("@STARTS@", list(variables[..output].iter().map(|one| format!("{:?}", one.start)).collect())),
            ("@STEP@", format!("{:?}", export.config.simulation.dt)),
            ("@RATES@", given(&rates.statements, &rates.results, "rate", 0)),
            ("@OUTPUTS@", given(&outputs.statements, &outputs.results, "value", output)),
            ("@FUNCTIONS@", functions),
        ];
        let unit = marks.iter().fold(UNIT_C.to_owned(), |text, (mark, by)| text.replace(mark, by));
        format!("{}{unit}", head(export))
    }
}

/// An input as the plant takes it.
fn limited(graph: &mut Graph, input: Id, limit: Option<f64>) -> Id {
    let Some(limit) = limit.filter(|limit| limit.is_finite()) else { return input };
    let [low, high] = [-limit, limit].map(|bound| graph.number(bound));
    graph.clamped(input, low, high)
}

/// The comment at the head of the source.
fn head(export: &Export) -> String {
    let of = &export.config.plant.of;
    let mut lines = vec![
        format!("{}, the plant of the study {}, as an FMU 2.0 for co-simulation", of.name, export.study),
        format!("made by {} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        "build it as a shared library: cc -O2 -std=c99 -ffp-contract=off -fPIC -shared … -lm".to_owned(),
        String::new(),
    ];
    lines.extend(of.model.equations.trim_matches('\n').lines().map(str::to_owned));
    let marked = |line: &String| format!(" * {}", comment(line)).trim_end().to_owned() + "\n";
    let lines: String = lines.iter().map(marked).collect();
    format!("/*\n{lines} */\n")
}
