//! What a controller is made of, in the identifiers of a language: gains, what is made of them once, states, inputs, outputs, delay lines, and the statements of
//! a control period.

use foldhash::{HashMap, HashMapExt, HashSet};

use super::expression::{Expr, Let, Place, Walk};
use super::language::Language;
use super::names::Names;
use crate::closed_loop::{Law, Measured};
use crate::config::Config;
use crate::graph::{Id, Node, Symbol};
use crate::model::{Declarations, Quantity};
use crate::program::{Carried, Finished, Tape};

/// Something with a name, a unit and a meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// Unit and meaning, for a comment.
    pub(super) comment: String,
    /// The value of a gain, and the value of an input where nothing is said.
    pub(super) value: f64,
}

/// What a controller remembers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) comment: String,
    /// At the start, made of gains.
    pub(super) first: Expr,
    /// After a control period; `None` where it stays, or a delay line gives it.
    pub(super) next: Option<Expr>,
}

/// A value as it was so many control periods ago.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ring {
    /// The array, and the place in it.
    pub(super) names: [String; 2],
    /// The state with the delayed value.
    pub(super) state: String,
    /// The value whose past it is.
    pub(super) of: Expr,
    /// Its length.
    pub(super) most: usize,
    /// How many periods, at least 1 and at most its length.
    pub(super) steps: Expr,
}

/// All that a controller is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// In s.
    pub(super) period: f64,
    pub(super) gains: Vec<Field>,
    /// Gains of the law that its code has no use for: they are in other numbers.
    pub(super) used_up: Vec<String>,
    pub(super) inputs: Vec<Field>,
    pub(super) outputs: Vec<Field>,
    pub(super) states: Vec<State>,
    pub(super) rings: Vec<Ring>,
    /// Statements, and the prepared values.
    pub(super) prepare: (Vec<Let>, Vec<Let>),
    /// Statements of a control period; among them is one for each output, under its name.
    pub(super) step: Vec<Let>,
}

/// What is known while a plan is made.
struct Planning<'a> {
    config: &'a Config,
    values: &'a [f64],
    law: &'a Law,
    names: Names<'a>,
    /// The nodes of the symbols that are given or carried.
    ids: HashMap<Symbol, Id>,
    /// What stands for symbols.
    symbols: HashMap<Symbol, Expr>,
    gains: Vec<(Symbol, Field)>,
    /// What stands for nodes that are made of gains once.
    prepared: Vec<(Id, Expr)>,
}

impl Plan {
    /// The plan of a law with these values of its parameters.
    pub(super) fn new(config: &Config, values: &[f64], mut law: Law, language: &Language) -> Self {
        let finished = Finished::new(&mut law.graph, &law.sections);
        let symbols = law.sections.carried.iter().map(|carried| carried.symbol);
        let symbols: Vec<Symbol> = symbols.chain(law.sections.inputs.iter().copied()).collect();
        let mut planning = Planning {
            config,
            values,
            ids: symbols.into_iter().map(|symbol| (symbol, law.graph.symbol(symbol))).collect(),
            law: &law,
            names: Names::new(language),
            symbols: HashMap::new(),
            gains: Vec::new(),
            prepared: Vec::new(),
        };
        planning.gains(&finished);
        planning.all(&finished)
    }
}

impl Planning<'_> {
    fn carried(&self) -> &[Carried] {
        &self.law.sections.carried
    }

    /// Whether a carried value stays as it is, and is neither an input nor the number of steps of a delay.
    fn is_fixed(&self, place: usize) -> bool {
        let Carried { symbol, next, .. } = self.carried()[place];
        let layout = &self.law.layout;
        let is_steps = layout.delays.iter().any(|line| line.steps == place);
        place >= layout.signals && !is_steps && self.law.graph.node(next) == Node::Symbol(symbol)
    }

    /// The gains that the code has: those of the law that it needs, and numbers that these come to.
    fn gains(&mut self, finished: &Finished) {
        let (law, graph) = (self.law, &self.law.graph);
        let mut roots = finished.roots.clone();
        let kept = (0..self.carried().len()).filter(|place| !self.is_fixed(*place));
        roots.extend(kept.map(|place| self.carried()[place].first));
        let needed: HashSet<Symbol> = graph
            .reachable(&roots)
            .into_iter()
            .filter_map(|id| match graph.node(id) {
                Node::Symbol(symbol) => Some(symbol),
                _ => None,
            })
            .collect();
        let parameters = self.config.controller.parameters().iter().zip(self.values);
        for ((parameter, value), symbol) in parameters.zip(&law.sections.inputs) {
            if needed.contains(symbol) {
                let is_tuned = self
                    .config
                    .tune
                    .iter()
                    .any(|gain| self.config.controller.parameters()[gain.index].name == parameter.name);
                let tuned = if is_tuned { "; tuned" } else { "" };
                let comment = said(parameter.unit, &format!("{}{tuned}", parameter.doc));
                self.gain(*symbol, parameter.name, comment, *value);
            }
        }
        let fixed = (0..self.carried().len()).filter(|place| self.is_fixed(*place));
        let fixed: Vec<Carried> = fixed.map(|place| self.carried()[place]).collect();
        let firsts: Vec<Id> = fixed.iter().map(|one| one.first).collect();
        let tape = Tape::new(graph, &law.sections.inputs, &firsts);
        let mut room = vec![0.0; tape.room()];
        let inputs = self.values.iter().copied().chain(std::iter::repeat(0.0));
        let numbers: Vec<f64> = tape.run(inputs, &mut room).collect();
        for (one, number) in fixed.iter().zip(numbers).filter(|(one, _)| needed.contains(&one.symbol)) {
            let is_it = |(_, id): &&(String, Id)| graph.node(*id) == Node::Symbol(one.symbol);
            let told = law.told.iter().find(is_it).map_or("regulator", |(name, _)| name.as_str());
            let known = self.config.told(self.values).into_iter().find(|one| one.name == told);
            let comment = known.map_or_else(String::new, |known| said(&known.unit, &known.doc));
            self.gain(one.symbol, told, comment, number);
        }
    }

    fn gain(&mut self, symbol: Symbol, name: &str, comment: String, value: f64) {
        let name = self.names.give(name);
        self.symbols.insert(symbol, Expr::Member(Place::Gain, name.clone()));
        self.gains.push((symbol, Field { name, comment, value }));
    }

    fn all(mut self, finished: &Finished) -> Plan {
        let inputs = self.inputs();
        let outputs = self.outputs();
        let states = self.states();
        let prepare = self.prepare(finished);
        let (step, mut states) = self.step(finished, states, &outputs);
        let rings = self.rings(&mut states);
        let known: HashSet<Symbol> = self.gains.iter().map(|(symbol, _)| *symbol).collect();
        let parameters = self.config.controller.parameters().iter().zip(&self.law.sections.inputs);
        let used_up = parameters.filter(|(_, symbol)| !known.contains(symbol));
        Plan {
            period: self.config.control_period(),
            used_up: used_up.map(|(parameter, _)| parameter.name.to_owned()).collect(),
            gains: self.gains.into_iter().map(|(_, field)| field).collect(),
            inputs,
            outputs,
            states: states.into_iter().map(|(_, state)| state).collect(),
            rings,
            prepare,
            step,
        }
    }

    fn inputs(&mut self) -> Vec<Field> {
        let (plant, law) = (&self.config.plant.of.model.declared, &self.config.controller.of.model.declared);
        let mut fields = Vec::new();
        for (Measured { name, of }, carried) in self.law.measured.iter().zip(&self.law.sections.carried) {
            let identifier = self.names.give(name);
            self.symbols.insert(carried.symbol, Expr::Member(Place::Input, identifier.clone()));
            let own = law.inputs.iter().find(|input| input.quantity.name == *name);
            let quantity = own.map(|input| &input.quantity);
            let theirs = quantity_of(plant, of);
            let unit =
                [theirs, quantity].into_iter().flatten().map(Quantity::unit_shown).find(|unit| *unit != "1");
            let doc = [quantity, theirs]
                .into_iter()
                .flatten()
                .map(|one| one.doc.as_str())
                .find(|doc| !doc.is_empty());
            let connected = if of == name { String::new() } else { format!("; connected to {of}") };
            let comment = said(unit.unwrap_or("1"), &format!("{}{connected}", doc.unwrap_or(of)));
            let value = own.and_then(|input| input.default).unwrap_or(0.0);
            fields.push(Field { name: identifier, comment, value });
        }
        fields
    }

    fn outputs(&mut self) -> Vec<Field> {
        let (plant, law) = (&self.config.plant.of.model.declared, &self.config.controller.of.model.declared);
        let mut fields = Vec::new();
        for name in self.config.law_outputs() {
            let output = law.outputs.iter().find(|output| output.name == name);
            let drives = self.config.wiring.drive.iter().filter(|(_, source)| *source == name);
            let drives: Vec<&str> = drives.map(|(input, _)| input.as_str()).collect();
            let driven = drives.first().and_then(|input| quantity_of(plant, input));
            let unit =
                [driven, output].into_iter().flatten().map(Quantity::unit_shown).find(|unit| *unit != "1");
            let doc = output.map_or("", |output| output.doc.as_str());
            let to =
                if drives.is_empty() { String::new() } else { format!("; drives {}", drives.join(", ")) };
            let comment = said(unit.unwrap_or("1"), &format!("{doc}{to}"));
            fields.push(Field { name: self.names.give(name), comment, value: 0.0 });
        }
        fields
    }

    /// The states that move, with their places among the carried values.
    fn states(&mut self) -> Vec<(usize, State)> {
        let declared = &self.config.controller.of.model.declared.states;
        let first = self.law.layout.moving.first().copied().unwrap_or(usize::MAX);
        let mut states = Vec::new();
        for place in self.law.layout.signals..self.carried().len() {
            let Carried { symbol, first: at_start, next } = self.carried()[place];
            let of = self.law.layout.moving.contains(&place).then(|| declared.get(place - first)).flatten();
            let is_steps = self.law.layout.delays.iter().any(|line| line.steps == place);
            let is_delayed = self.law.layout.delays.iter().any(|line| line.slot == place);
            if self.is_fixed(place) {
                // A state of the law that stays where it starts is a number.
                if !self.symbols.contains_key(&symbol) {
                    let first = self.expression(at_start);
                    self.symbols.insert(symbol, first);
                }
                continue;
            }
            if is_steps && self.law.graph.value(at_start).is_some() {
                let number = self.expression(at_start);
                self.symbols.insert(symbol, number);
                continue;
            }
            let (name, comment) = match of {
                Some(state) => {
                    (state.quantity.name.clone(), said(state.quantity.unit_shown(), &state.quantity.doc))
                }
                None if is_steps => ("delay_periods".into(), "control periods of a delay".into()),
                None if is_delayed => ("delayed".into(), "a value as it was a delay ago".into()),
                None => ("periods".into(), "control periods since the start".into()),
            };
            let name = self.names.give(&name);
            self.symbols.insert(symbol, Expr::Member(Place::State, name.clone()));
            let first = self.expression(at_start);
            let stays = self.law.graph.node(next) == Node::Symbol(symbol);
            let next = (!stays).then_some(Expr::Number(0.0));
            states.push((place, State { name, comment, first, next }));
        }
        states
    }

    /// A node made of gains in one expression.
    fn expression(&mut self, of: Id) -> Expr {
        let known = self.known();
        let mut name = |_: Id| String::new();
        let walk = Walk { graph: &self.law.graph, known, name: &mut name, named: Vec::new() };
        walk.statements(&[of]).1.swap_remove(0)
    }

    /// What stands for the nodes of symbols.
    fn known(&self) -> HashMap<Id, Expr> {
        self.symbols.iter().map(|(symbol, expr)| (self.ids[symbol], expr.clone())).collect()
    }

    /// What is made of gains once: statements, then the prepared values.
    fn prepare(&mut self, finished: &Finished) -> (Vec<Let>, Vec<Let>) {
        let graph = &self.law.graph;
        let is_made = |id: &&Id| matches!(graph.node(**id), Node::Apply(..));
        let wanted: Vec<Id> = finished.prepared.iter().filter(is_made).copied().collect();
        let mut own: Vec<(Id, String)> = Vec::new();
        for id in &wanted {
            let known = self.law.values.iter().find(|(_, other)| other == id);
            own.push((*id, self.names.give(known.map_or("fixed", |(name, _)| name))));
        }
        let known = self.known();
        let names = &mut self.names;
        let mut name = |_: Id| names.give("part");
        let walk = Walk { graph, known, name: &mut name, named: Vec::new() };
        let (lets, made) = walk.statements(&wanted);
        let prepared = own.iter().zip(made).map(|((_, name), value)| Let { name: name.clone(), value });
        let prepared: Vec<Let> = prepared.collect();
        self.prepared = own.into_iter().map(|(id, name)| (id, Expr::Member(Place::Prepared, name))).collect();
        (lets, prepared)
    }

    /// The statements of a control period, and the states with their next values.
    fn step(
        &mut self,
        finished: &Finished,
        mut states: Vec<(usize, State)>,
        outputs: &[Field],
    ) -> (Vec<Let>, Vec<(usize, State)>) {
        let graph = &self.law.graph;
        let shown = self.law.sections.shown.len();
        let mut known = self.known();
        known.extend(self.prepared.iter().cloned());
        let made_here: Vec<usize> = states.iter().map(|(place, _)| *place).collect();
        let mut roots: Vec<Id> = finished.roots[..shown].to_vec();
        roots.extend(made_here.iter().map(|place| finished.roots[shown + place]));
        let (names, values) = (&mut self.names, &self.law.values);
        let of_outputs: Vec<(Id, String)> =
            roots[..shown].iter().copied().zip(outputs.iter().map(|field| field.name.clone())).collect();
        let mut given: HashSet<Id> = HashSet::default();
        let mut name = |id: Id| {
            let output = of_outputs.iter().find(|(other, _)| *other == id);
            if let Some((_, name)) = output.filter(|_| given.insert(id)) {
                return name.clone();
            }
            let known = values.iter().find(|(_, other)| *other == id);
            names.give(known.map_or("part", |(name, _)| name))
        };
        let mut named: Vec<Id> = roots[..shown].to_vec();
        named.extend(values.iter().map(|(_, id)| *id));
        let walk = Walk { graph, known, name: &mut name, named };
        let (mut lets, made) = walk.statements(&roots);
        for (field, value) in outputs.iter().zip(&made) {
            if !lets.iter().any(|one| one.name == field.name) {
                lets.push(Let { name: field.name.clone(), value: value.clone() });
            }
        }
        for ((_, state), value) in states.iter_mut().zip(&made[shown..]) {
            let Some(next) = &mut state.next else { continue };
            *next = match value {
                Expr::Number(_) | Expr::Name(_) => value.clone(),
                other => {
                    let name = self.names.give(&format!("next_{}", state.name));
                    lets.push(Let { name: name.clone(), value: other.clone() });
                    Expr::Name(name)
                }
            };
        }
        (lets, states)
    }
}

impl Planning<'_> {
    /// The delay lines, which give the next value of what is delayed.
    fn rings(&mut self, states: &mut [(usize, State)]) -> Vec<Ring> {
        let mut rings = Vec::new();
        for line in &self.law.layout.delays {
            let found = states.iter_mut().find(|(place, _)| *place == line.slot);
            let Some((_, state)) = found else { continue };
            #[allow(clippy::cast_precision_loss, reason = "a few steps")]
            let steps = match &self.symbols[&self.law.sections.carried[line.steps].symbol] {
                Expr::Number(number) => Expr::Number(number.clamp(1.0, line.most as f64)),
                other => other.clone(),
            };
            rings.push(Ring {
                names: ["past", "place"].map(|name| self.names.give(name)),
                state: state.name.clone(),
                of: state.next.take().unwrap_or(Expr::Number(0.0)),
                most: line.most,
                steps,
            });
        }
        rings
    }
}

/// A quantity that a plant declares.
fn quantity_of<'a>(declared: &'a Declarations, name: &str) -> Option<&'a Quantity> {
    let states = declared.states.iter().map(|state| &state.quantity);
    let inputs = declared.inputs.iter().map(|input| &input.quantity);
    states.chain(inputs).chain(&declared.outputs).find(|quantity| quantity.name == name)
}

/// Unit and meaning.
fn said(unit: &str, doc: &str) -> String {
    let doc = doc.trim_start_matches("; ");
    let text = if doc.is_empty() { unit.to_owned() } else { format!("{unit}, {doc}") };
    crate::report::export::comment(&text)
}
