//! Models: a plant or a control law, stated as equations. The only room that sees equations as text.
//!
//! A model declares its states, inputs, parameters and outputs, and says in statements how they are related:
//!
//! ```text
//! name   = expression      a value with a name
//! state' = expression      the derivative of a state; of a controller's state, state + dt·expression is its next value
//! q''    = expression      the second derivative; q' is then a state too, q_dot
//! state+ = expression      the value at the next control period
//! expression = expression  an equation that is linear in the highest derivatives, solved for them
//! ```
//!
//! in any order. [`Model::new`] reads and checks them, [`Model::of_library`] takes compiled code in their place; [`Model::lowered`] makes the nodes of a graph of them. Models may come from anywhere:
//! no statement can read, write or hang, and everything is bounded: names, nesting, statements, nodes.

use std::collections::BTreeMap;
use std::fmt;

use crate::plugin::Plugin;

mod about;
mod choose;
mod expression;
mod file;
mod language;
mod lexer;
mod library;
mod linear;
mod lower;
mod parse;
mod plant_view;
mod regulated;
mod regulators;
mod relation;
mod rules;
mod shipped;
mod typeset;
pub mod unit;
mod units;

pub use about::{broken, holds, is_never_below_zero, names, value};
pub use expression::FUNCTIONS;
pub(crate) use file::{read, section, unfitting};
pub use language::{CONSTANTS, OPERATORS, Operator, SIGNS, STATEMENTS, WORDS};
pub(crate) use linear::is_linear;
pub use lower::{Base, Lowered};
pub use parse::{Expression, Part, Statement, parts};
pub use plant_view::PlantView;
pub use relation::{Comparison, Relation, relation};
pub(crate) use rules::AT_REST;
pub use rules::RuleGains;
pub use shipped::{Shipped, shipped, usual};
pub use typeset::typeset;
pub use unit::Unit;

/// What is wrong with a text, where, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// The byte of the text.
    pub at: usize,
    /// What was read and why it is refused.
    pub problem: String,
    /// What is allowed, or what to do about it.
    pub remedy: String,
}

impl Misread {
    fn new(at: usize, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { at, problem: problem.into(), remedy: remedy.into() }
    }

    /// The line of the place in `text`, from 1, and what [`Misread::marked`] shows, with the remedy.
    #[must_use]
    pub fn shown(&self, text: &str) -> String {
        let before = text.get(..self.at.min(text.len())).unwrap_or(text);
        let line = 1 + before.matches('\n').count();
        format!("line {line}, {}\n  {}", self.marked(text), self.remedy)
    }

    /// The column of the place in `text`, from 1, the problem, and that line with a mark below.
    #[must_use]
    pub fn marked(&self, text: &str) -> String {
        let mut at = self.at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let column = 1 + text[start..at].chars().count();
        let line = text[start..].lines().next().unwrap_or_default();
        // What a terminal would obey is shown as a space.
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        // A width in a format ends at 65 535.
        let space = " ".repeat(column - 1);
        format!("column {column}: {}\n    {line}\n    {space}^", self.problem)
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.problem, self.remedy)
    }
}

/// Whether a model is controlled or controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its states move on their own; an input that no controller drives is a disturbance.
    Plant,
    /// It acts once a control period.
    Controller,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Plant, Self::Controller];

    /// As a model file says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plant => "plant",
            Self::Controller => "controller",
        }
    }
}

/// A name with what it means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quantity {
    /// As the equations name it.
    pub name: String,
    /// Its unit; `None` where nothing is said of it, and nothing checked.
    pub unit: Option<Unit>,
    /// The unit as it is written; empty where nothing is said of it.
    pub written: String,
    /// Meaning, in a sentence without a full stop.
    pub doc: String,
    /// As people call it; empty where the name is enough.
    pub label: String,
}

impl Quantity {
    /// The unit for a table: as it is written, `1` where nothing is said of it.
    #[must_use]
    pub fn unit_shown(&self) -> &str {
        if self.written.is_empty() { "1" } else { &self.written }
    }
}

/// A state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// Its name.
    pub quantity: Quantity,
    /// Its value at the start, unless a scenario says otherwise.
    pub initial: f64,
    /// The gain that is its value at the start instead; of a controller.
    pub initial_gain: Option<String>,
    /// Whether it is declared itself, and not the rate of another that is.
    pub is_declared: bool,
}

/// An input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Input {
    /// Its name.
    pub quantity: Quantity,
    /// Its value where nothing drives it; `None` where something must.
    pub default: Option<f64>,
    /// The actuator's limit: ± this, infinite for none.
    pub limit: Option<f64>,
}

/// A parameter of a plant or a gain of a law.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameter {
    /// Its name.
    pub quantity: Quantity,
    /// Its value where a study sets none.
    pub default: f64,
    /// Smallest and largest allowed value.
    pub range: [f64; 2],
    /// Where it is searched by default; `None` for what is rarely tuned.
    pub search: Option<[f64; 2]>,
    /// Whether it is searched by its logarithm.
    pub logarithmic: bool,
}

/// What a model declares.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Declarations {
    /// What it is, in a line.
    pub summary: String,
    /// Where its equations are from.
    pub source: String,
    /// In their order; the rates of second derivatives follow.
    pub states: Vec<State>,
    /// In their order.
    pub inputs: Vec<Input>,
    /// Parameters of a plant, gains of a law.
    pub parameters: Vec<Parameter>,
    /// What can be measured of a plant, or what a law gives; each is a value with a name. States are measured too.
    pub outputs: Vec<Quantity>,
    /// Expressions by name that a study may replace, such as the surface of a sliding-mode law; they know the states of the plant.
    pub expressions: BTreeMap<String, String>,
    /// What a study may choose by name for some of them.
    pub choices: BTreeMap<String, Choices>,
    /// The value of a controller that is held at 0 where its law is not differentiable: the sliding variable, made of states of the plant.
    pub sliding: Option<String>,
    /// The condition on the gains for which the law brings that value to 0.
    pub reaches: Option<String>,
    /// What published rules for PID come to in a law's gains.
    pub rules: Option<RuleGains>,
    /// Tables by name: points in the order of x, held outside.
    pub tables: BTreeMap<String, Vec<(f64, f64)>>,
    /// When a simulation of a plant has failed, unless a study says otherwise; an expression of its values.
    pub fail: Option<String>,
    /// What must hold between the parameters of a plant: expressions that are true.
    pub require: Vec<String>,
    /// What should hold between them: a study is told where it does not.
    pub warn: Vec<String>,
    /// Numbers of a study's `[simulation]` that `fail` and the usual cost may name.
    pub settings: Vec<Parameter>,
    /// What a simulation of a plant usually costs.
    pub cost: Vec<UsualTerm>,
    /// The controller that `gainswarm init` gives a plant when nobody names one.
    pub controller: Option<UsualController>,
    /// What a report draws of a plant.
    pub scene: Option<Scene>,
}

/// A controller that a plant comes with, and what is special about it there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UsualController {
    /// The name of one that ships.
    pub name: String,
    /// Keys of a study's `[controller]`, each with a number or a text.
    pub said: Vec<(String, toml::Value)>,
}

/// Named texts for an expression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choices {
    /// The one that a study has that chooses none.
    pub default: String,
    /// Each name with its texts, of which the first is meant that names only what a plant has.
    pub texts: Vec<(String, Vec<String>)>,
    /// What a study tunes among them.
    pub tuned: Option<Alternatives>,
}

/// Choices among which a parameter of the law decides, by their places from 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alternatives {
    /// The name of that parameter in the equations.
    pub number: String,
    /// Each name with the text that fits the plant.
    pub texts: Vec<(String, String)>,
}

/// A term of the cost as a plant declares it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UsualTerm {
    /// Its name.
    pub name: String,
    /// The values that it is about; none of an own expression.
    pub signals: Vec<String>,
    /// What is made of an expression, and the expression.
    pub own: Option<(String, String)>,
    /// Its unit; empty for the usual one.
    pub unit: String,
    /// The value, in a line; empty for the usual one.
    pub doc: String,
    /// 0 keeps it out of the cost.
    pub weight: f64,
    /// What it is divided by.
    pub norm: f64,
    /// Whether reports tell it.
    pub is_told: bool,
}

/// What a report draws: a cart with links on it, each turned by an angle from upright.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// The state that is the cart's position in m.
    pub cart: String,
    /// The input that is the force on it.
    pub force: Option<String>,
    /// How far the track goes either way, in m.
    pub track: Option<f64>,
    /// The setting that says so instead.
    pub track_setting: Option<String>,
    /// Of each link the state that is its angle in rad, and the parameter that is its length in m.
    pub links: Vec<(String, String)>,
}

impl Declarations {
    /// What is said of the meaning of a name.
    #[must_use]
    pub fn doc(&self, name: &str) -> Option<&str> {
        let states = self.states.iter().map(|state| &state.quantity);
        let inputs = self.inputs.iter().map(|input| &input.quantity);
        let parameters = self.parameters.iter().map(|parameter| &parameter.quantity);
        let mut all = states.chain(inputs).chain(parameters).chain(&self.outputs);
        all.find(|quantity| quantity.name == name && !quantity.doc.is_empty())
            .map(|quantity| quantity.doc.as_str())
    }
}

/// A checked model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Whether it is controlled or controls.
    pub kind: Kind,
    /// What it declares; the states with the rates of its second derivatives.
    pub declared: Declarations,
    /// The statements as they are written.
    pub equations: String,
    statements: Vec<Statement>,
    /// The state that is the rate of each state, by place; `None` for a state of first order.
    rates: Vec<Option<usize>>,
    /// What computes it instead of statements.
    library: Option<Plugin>,
}

/// The value of a controller that says whether it reaches what it slides on.
pub(crate) const REACHES: &str = "__reaches";

impl Model {
    /// Reads the statements of a model.
    ///
    /// # Errors
    ///
    /// With the place in `equations` and the remedy.
    pub fn new(kind: Kind, mut declared: Declarations, equations: &str) -> Result<Self, Misread> {
        let statements = parse::statements(equations)?;
        check_names(&declared)?;
        let second = lower::second_order(&statements);
        let first_states = declared.states.len();
        let mut rates = vec![None; first_states];
        for (place, rate) in rates.iter_mut().enumerate() {
            let State { quantity, .. } = &declared.states[place];
            if !second.contains(quantity.name.as_str()) {
                continue;
            }
            let name = format!("{}_dot", quantity.name);
            let known = declared.states.iter().position(|state| state.quantity.name == name);
            *rate = Some(known.unwrap_or(declared.states.len()));
            if known.is_none() {
                let unit = quantity.unit.map(|unit| unit.per(Unit::SECOND));
                let written = rate_unit(&quantity.written);
                let doc = format!("rate of {}", quantity.name);
                let label = match quantity.label.as_str() {
                    "" => String::new(),
                    label => format!("{label} rate"),
                };
                declared.states.push(State {
                    quantity: Quantity { name, unit, written, doc, label },
                    ..State::default()
                });
            }
        }
        rates.resize(declared.states.len(), None);
        let model = Self { kind, declared, equations: equations.into(), statements, rates, library: None };
        lower::check(&model)?;
        units::check(&model)?;
        Ok(model)
    }

    /// The place of the state that is the rate of each; `None` for a state of first order.
    #[must_use]
    pub fn rates(&self) -> &[Option<usize>] {
        &self.rates
    }
}

/// The unit of the rate of what has a unit, as one writes it.
fn rate_unit(of: &str) -> String {
    match of {
        "" => String::new(),
        "1" => "1/s".into(),
        unit => match unit.strip_suffix("/s") {
            Some(unit) => format!("{unit}/s²"),
            None => format!("{unit}/s"),
        },
    }
}

fn check_names(declared: &Declarations) -> Result<(), Misread> {
    let states = declared.states.iter().map(|state| &state.quantity);
    let inputs = declared.inputs.iter().map(|input| &input.quantity);
    let parameters = declared.parameters.iter().map(|parameter| &parameter.quantity);
    let mut seen: Vec<&str> = Vec::new();
    for quantity in states.chain(inputs).chain(parameters) {
        let name = quantity.name.as_str();
        let is_name = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && name.chars().count() <= lexer::NAME_MAX;
        if !is_name || WORDS.contains(&name) {
            return Err(Misread::new(
                0,
                format!("`{}` cannot be a name", name.escape_debug()),
                format!("allowed: letters, digits and `_`, not one of {}", WORDS.join(", ")),
            ));
        }
        if seen.contains(&name) {
            return Err(Misread::new(
                0,
                format!("`{name}` is declared twice"),
                "give one of them another name",
            ));
        }
        seen.push(name);
    }
    Ok(())
}
