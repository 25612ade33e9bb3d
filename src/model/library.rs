//! A model that is a library: its declarations are those of the library, and its nodes calls of the library's functions.

use super::lower::{Base, Lowered};
use super::{Declarations, Input, Kind, Misread, Model, Parameter, Quantity, State, Unit, check_names};
use crate::graph::{Graph, Id};
use crate::plugin::{self, Description, Operand, Plugin, Role, Which};

impl Model {
    /// The model that a library is. What a lane of a plant remembers stands behind its states.
    ///
    /// # Errors
    ///
    /// When it is of the other kind, or a name, unit or number cannot be one of a model.
    pub fn of_library(kind: Kind, library: Plugin) -> Result<Self, Misread> {
        let of = library.description();
        let (role, its) = match of.role {
            Role::Plant => (Kind::Plant, "plant"),
            Role::Law => (Kind::Controller, "law"),
        };
        if role != kind {
            let remedy = format!("give the library of a {}", kind.name());
            return Err(refused(format!("`{}` is a {its}", of.name), remedy));
        }
        let declared =
            if library.hides_state() { declarations(&with_known_units(of))? } else { declarations(of)? };
        check_names(&declared)?;
        for (place, output) in declared.outputs.iter().enumerate() {
            let name = &output.name;
            let again = declared.outputs[..place].iter().any(|other| other.name == *name);
            if again || names(&declared).any(|other| other == name) {
                return Err(refused(format!("`{name}` is declared twice"), "give one of them another name"));
            }
        }
        // An output is named as all else is.
        let states =
            declared.outputs.iter().map(|output| State { quantity: output.clone(), ..State::default() });
        check_names(&Declarations { states: states.collect(), ..Declarations::default() })?;
        let file = library.path().file_name().unwrap_or_default().to_string_lossy();
        let file: String = file.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let equations = format!("# compiled code: {file}, SHA-256 {}", library.digest());
        let rates = vec![None; declared.states.len()];
        Ok(Self { kind, declared, equations, statements: Vec::new(), rates, library: Some(library) })
    }

    /// The library that it is.
    #[must_use]
    pub fn library(&self) -> Option<&Plugin> {
        self.library.as_ref()
    }

    /// The nodes of its library on those that `base` gives; nothing of a model of equations.
    pub(super) fn called(
        &self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
    ) -> Option<Lowered> {
        let library = self.library()?;
        let of = library.description();
        let moving = of.states.len();
        let mut call = |which: Which| -> Vec<Id> {
            if of.results(which) == 0 {
                return Vec::new();
            }
            let operand = |operand: Operand| match operand {
                Operand::Time => base(graph, Base::Time),
                Operand::Period => base(graph, Base::Step),
                Operand::State(place) => base(graph, Base::State(place)),
                Operand::Memory(place) => base(graph, Base::State(moving + place)),
                Operand::Input(place) => base(graph, Base::Input(place)),
                Operand::Parameter(place) => base(graph, Base::Parameter(place)),
            };
            let operands: Vec<Id> = of.operands(which).into_iter().map(operand).collect();
            graph.called(&library.function(which), &operands)
        };
        let (rates, outputs, next) = match of.role {
            Role::Plant => (call(Which::Rates), call(Which::Outputs), call(Which::Update)),
            Role::Law => {
                let mut outputs = call(Which::Step);
                let next = outputs.split_off(of.outputs.len());
                (Vec::new(), outputs, next)
            }
        };
        let none = |count: usize| std::iter::repeat_n(None, count);
        let named = of.outputs.iter().map(|output| output.name.clone());
        Some(Lowered {
            rates: rates.into_iter().map(Some).chain(none(next.len())).collect(),
            next: none(moving).chain(next.into_iter().map(Some)).collect(),
            values: named.zip(outputs).collect(),
            told: Vec::new(),
        })
    }
}

fn refused(problem: impl Into<String>, remedy: impl Into<String>) -> Misread {
    Misread::new(0, problem, remedy)
}

/// The names of all that a library reads.
pub(super) fn names(declared: &Declarations) -> impl Iterator<Item = &String> {
    let states = declared.states.iter().map(|state| &state.quantity.name);
    let inputs = declared.inputs.iter().map(|input| &input.quantity.name);
    states.chain(inputs).chain(declared.parameters.iter().map(|parameter| &parameter.quantity.name))
}

fn declarations(of: &Description) -> Result<Declarations, Misread> {
    let mut declared =
        Declarations { summary: of.summary.clone(), source: of.source.clone(), ..Declarations::default() };
    for state in of.states.iter().chain(&of.memory) {
        let initial = finite(state, "start")?;
        declared.states.push(State {
            quantity: quantity(state)?,
            initial,
            is_declared: true,
            ..State::default()
        });
    }
    for input in &of.inputs {
        let default = (!input.value.is_nan()).then(|| finite(input, "default")).transpose()?;
        let limit = input.range[1];
        if limit.is_nan() || limit < 0.0 {
            let problem = format!("the limit of `{}` is {limit}", input.name);
            return Err(refused(problem, "allowed: the largest magnitude of the input, or 0 for any"));
        }
        let limit = (limit > 0.0 && limit.is_finite()).then_some(limit);
        declared.inputs.push(Input { quantity: quantity(input)?, default, limit });
    }
    for parameter in &of.parameters {
        let default = finite(parameter, "default")?;
        let range = match parameter.range {
            [low, high] if low == 0.0 && high == 0.0 => [f64::MIN, f64::MAX],
            [low, high] => [low.max(f64::MIN), high.min(f64::MAX)],
        };
        if !(range[0] <= default && default <= range[1]) {
            let problem = format!("the default of `{}`, {default}, is out of its range", parameter.name);
            let [low, high] = parameter.range;
            return Err(refused(problem, format!("allowed: from {low} to {high}, as the library says")));
        }
        declared.parameters.push(Parameter {
            quantity: quantity(parameter)?,
            default,
            range,
            ..Parameter::default()
        });
    }
    for output in &of.outputs {
        declared.outputs.push(quantity(output)?);
    }
    Ok(declared)
}

/// What an FMU declares, whose units may be any: one that the language has no word for is left out, since nothing is converted.
fn with_known_units(of: &Description) -> Description {
    let mut of = of.clone();
    for quantities in [&mut of.states, &mut of.memory, &mut of.inputs, &mut of.parameters, &mut of.outputs] {
        for quantity in quantities.iter_mut().filter(|quantity| Unit::parse(&quantity.unit).is_err()) {
            quantity.unit.clear();
        }
    }
    of
}

fn finite(of: &plugin::Quantity, what: &str) -> Result<f64, Misread> {
    if of.value.is_finite() {
        return Ok(of.value);
    }
    Err(refused(format!("the {what} of `{}` is {}", of.name, of.value), "allowed: a finite number"))
}

fn quantity(of: &plugin::Quantity) -> Result<Quantity, Misread> {
    let unit = match of.unit.as_str() {
        "" => None,
        text => Some(Unit::parse(text).map_err(|part| {
            let problem =
                format!("the unit of `{}`, \"{}\": `{}` is no unit", of.name, text, part.escape_debug());
            refused(problem, "allowed: such as kg m², N m s/rad, m/s^2, 1")
        })?),
    };
    Ok(Quantity {
        name: of.name.clone(),
        unit,
        written: of.unit.clone(),
        doc: of.doc.clone(),
        label: String::new(),
    })
}
