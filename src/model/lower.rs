//! Statements → nodes of a graph: names are looked up, sorted by what they need, and what is unknown is solved for.

use std::cell::RefCell;
use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::parse::{Expression, Left, What, expression};
use super::plant_view::PlantView;
use super::regulators::Regulators;
use super::{Kind, Misread, Model, Statement};
use crate::graph::{Graph, Id, Symbol, Unsolvable};

/// What a model needs from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// A state, by its place.
    State(usize),
    /// An input, by its place.
    Input(usize),
    /// A parameter, by its place.
    Parameter(usize),
    /// The time in s.
    Time,
    /// The control period of a controller, the integration step of a plant, in s.
    Step,
}

/// A model as nodes.
#[derive(Debug, Clone, Default)]
pub struct Lowered {
    /// The derivative of each state; `None` where the state has a next value instead.
    pub rates: Vec<Option<Id>>,
    /// The next value of each state; `None` where it has a derivative.
    pub next: Vec<Option<Id>>,
    /// Every value with a name.
    pub values: BTreeMap<String, Id>,
    /// Numbers that a law comes to by gains and plant, by name: those of its regulators.
    pub told: Vec<(String, Id)>,
}

/// A value that a statement gives: a name with primes.
pub(super) type Key = (String, u8);

/// The names of states whose second derivative stands anywhere.
pub(super) fn second_order(statements: &[Statement]) -> HashSet<String> {
    let mut names = HashSet::new();
    for statement in statements {
        let mut expressions = vec![&statement.right];
        match &statement.left {
            Left::Name(name, 2) => {
                names.insert(name.clone());
            }
            Left::Sum(left) => expressions.push(left),
            _ => {}
        }
        for item in expressions.iter().flat_map(|expression| &expression.0) {
            if let What::Name(name, 2) = &item.what {
                names.insert(name.clone());
            }
        }
    }
    names
}

/// Lowers a model once with symbols of its own, so that every error is found when it is read.
pub(super) fn check(model: &Model) -> Result<(), Misread> {
    let mut graph = Graph::new();
    let mut count = 0;
    let mut fresh = || {
        count += 1;
        Symbol(count)
    };
    let mut bases: HashMap<Base, Symbol> = HashMap::new();
    let all = (0..model.declared.states.len()).map(Base::State);
    let all = all.chain((0..model.declared.inputs.len()).map(Base::Input));
    let all = all.chain((0..model.declared.parameters.len()).map(Base::Parameter));
    for base in all.chain([Base::Time, Base::Step]) {
        bases.insert(base, fresh());
    }
    if model.kind == Kind::Controller {
        // What it says of a plant is checked where there is one.
        return Ok(());
    }
    model.lowered(&mut graph, &mut |graph, base| graph.symbol(bases[&base]), None, &mut fresh).map(|_| ())
}

impl Model {
    /// The statements as they are written, each behind those whose values it needs: values, then equations that are solved together,
    /// then derivatives and next values.
    #[must_use]
    pub fn sorted(&self) -> Vec<&str> {
        let Ok(lowering) = Lowering::new(self, None) else { return Vec::new() };
        let mut places: Vec<usize> = lowering.order().map_or(Vec::new(), |keys| {
            let of_primes = |wanted: bool| {
                let chosen = keys.iter().filter(move |(_, primes)| (*primes > 0) == wanted);
                chosen.map(|key| lowering.given[key]).collect::<Vec<_>>()
            };
            let equations = lowering.equations.clone();
            of_primes(false).into_iter().chain(equations).chain(of_primes(true)).collect()
        });
        let mut next: Vec<usize> = lowering.next.values().copied().collect();
        next.sort_unstable();
        places.extend(next);
        places.into_iter().map(|place| self.written(place)).collect()
    }

    /// The places of the statements that give values, each behind those that it needs; none where they cannot be ordered.
    pub(super) fn giving_order(&self) -> Vec<usize> {
        let Ok(lowering) = Lowering::new(self, None) else { return Vec::new() };
        let keys = lowering.order().unwrap_or_default();
        keys.iter().filter(|(_, primes)| *primes == 0).map(|key| lowering.given[key]).collect()
    }

    /// A statement as it is written, without the comment behind it.
    fn written(&self, place: usize) -> &str {
        let from = self.statements[place].at;
        let end = self.statements.get(place + 1).map_or(self.equations.len(), |next| next.at);
        let text = self.equations.get(from..end).unwrap_or_default();
        let text = text.split('#').next().unwrap_or_default();
        text.trim_end_matches(|c: char| c.is_whitespace() || c == ';')
    }

    /// The nodes of the model on those that `base` gives for what it needs; `fresh` gives new symbols.
    ///
    /// # Errors
    ///
    /// With the place in the equations, for unknown names, circles, states without a derivative or with two, and equations that cannot be solved.
    pub fn lowered(
        &self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
        plant: Option<&PlantView>,
        fresh: &mut dyn FnMut() -> Symbol,
    ) -> Result<Lowered, Misread> {
        if let Some(called) = self.called(graph, base) {
            return Ok(called);
        }
        let mut lowering = Lowering::new(self, plant)?;
        lowering.unknowns(graph, fresh)?;
        for key in lowering.order()? {
            let place = lowering.given[&key];
            let id = lowering.expression(graph, base, &self.statements[place].right)?;
            lowering.known.insert(key, id);
        }
        lowering.solve(graph, base)?;
        lowering.finished(graph, base)
    }
}

pub(super) struct Lowering<'a> {
    pub(super) model: &'a Model,
    pub(super) plant: Option<&'a PlantView>,
    /// The statement that gives each value.
    pub(super) given: BTreeMap<Key, usize>,
    /// The statement that gives each next value, by the state's place.
    next: HashMap<usize, usize>,
    /// The statements that are equations.
    equations: Vec<usize>,
    /// Derivatives that the equations determine, and the symbol that stands for each until they are solved.
    unknown: Vec<(Key, Symbol)>,
    /// What is known so far.
    pub(super) known: HashMap<Key, Id>,
    /// Texts that a study may replace.
    pub(super) expressions: BTreeMap<String, Expression>,
    /// The nodes of those texts; `None` of one that is being made.
    pub(super) made: RefCell<HashMap<String, Option<Id>>>,
    pub(super) regulators: RefCell<Regulators>,
}

impl<'a> Lowering<'a> {
    fn new(model: &'a Model, plant: Option<&'a PlantView>) -> Result<Self, Misread> {
        let mut lowering = Self {
            model,
            plant,
            given: BTreeMap::new(),
            next: HashMap::new(),
            equations: Vec::new(),
            unknown: Vec::new(),
            known: HashMap::new(),
            expressions: BTreeMap::new(),
            made: RefCell::default(),
            regulators: RefCell::default(),
        };
        for (name, text) in &model.declared.expressions {
            let read = expression(text).map_err(|error| Misread::new(0, format!("{name}: {error}"), ""))?;
            lowering.expressions.insert(name.clone(), read);
        }
        for (place, statement) in model.statements.iter().enumerate() {
            lowering.classify(place, statement)?;
        }
        Ok(lowering)
    }

    pub(super) fn state(&self, name: &str) -> Option<usize> {
        self.model.declared.states.iter().position(|state| state.quantity.name == name)
    }

    /// How many primes the highest derivative of a state has.
    fn order_of(&self, state: usize) -> u8 {
        if self.model.rates[state].is_some() { 2 } else { 1 }
    }

    fn classify(&mut self, place: usize, statement: &Statement) -> Result<(), Misread> {
        let refuse = |problem: String, remedy: &str| Err(Misread::new(statement.at, problem, remedy));
        match &statement.left {
            Left::Sum(_) => self.equations.push(place),
            Left::Next(name) => {
                let Some(state) = self.state(name) else {
                    return refuse(format!("`{name}` is no state"), "declare it in [states]");
                };
                if self.model.kind == Kind::Plant {
                    return refuse(
                        format!("`{name}+` stands in a plant, which has no control period"),
                        "give its derivative",
                    );
                }
                if self.next.insert(state, place).is_some() {
                    return refuse(format!("`{name}` has two next values"), "keep one of the statements");
                }
            }
            Left::Name(name, 0) => {
                let is_declared = self.base(name).is_some() || super::WORDS.contains(&name.as_str());
                if is_declared && !self.model.declared.expressions.contains_key(name) {
                    let remedy = "give the value another name; a state has `state' = …`";
                    return refuse(
                        format!("`{name}` is declared, and no statement can give it a value"),
                        remedy,
                    );
                }
                self.give((name.clone(), 0), place, statement)?;
            }
            Left::Name(name, primes) => {
                let Some(state) = self.state(name) else {
                    return refuse(format!("`{name}` is no state"), "declare it in [states]");
                };
                if *primes != self.order_of(state) {
                    return refuse(
                        format!("`{name}` has both a first and a second derivative"),
                        "give one of them; with q'' the rate is a state, q_dot",
                    );
                }
                // A derivative that is given by another one of the same kind is an equation to be solved.
                let is_implicit = self.has_unknown(&statement.right);
                if is_implicit {
                    self.equations.push(place);
                } else {
                    self.give((name.clone(), *primes), place, statement)?;
                }
            }
        }
        Ok(())
    }

    fn give(&mut self, key: Key, place: usize, statement: &Statement) -> Result<(), Misread> {
        let primes = "'".repeat(usize::from(key.1));
        let problem = format!("`{}{primes}` is given twice", key.0);
        if self.given.insert(key, place).is_some() {
            return Err(Misread::new(statement.at, problem, "keep one of the statements"));
        }
        Ok(())
    }

    /// Whether a second derivative stands in an expression.
    fn has_unknown(&self, expression: &Expression) -> bool {
        expression.0.iter().any(|item| match &item.what {
            What::Name(name, 2) => self.state(name).is_some(),
            _ => false,
        })
    }

    pub(super) fn base(&self, name: &str) -> Option<Base> {
        let declared = &self.model.declared;
        let input = || declared.inputs.iter().position(|input| input.quantity.name == name);
        let parameter = || declared.parameters.iter().position(|parameter| parameter.quantity.name == name);
        match name {
            "t" => Some(Base::Time),
            "dt" => Some(Base::Step),
            _ => (self.state(name).map(Base::State))
                .or_else(|| input().map(Base::Input))
                .or_else(|| parameter().map(Base::Parameter)),
        }
    }

    /// The derivatives that no statement gives; there are as many equations.
    fn unknowns(&mut self, graph: &mut Graph, fresh: &mut dyn FnMut() -> Symbol) -> Result<(), Misread> {
        let is_rate = |state: usize| self.model.rates.contains(&Some(state));
        for (place, state) in self.model.declared.states.iter().enumerate() {
            let name = &state.quantity.name;
            let key = (name.clone(), self.order_of(place));
            let has_next = self.next.contains_key(&place);
            if has_next && self.given.contains_key(&key) {
                let at = self.model.statements[self.given[&key]].at;
                return Err(Misread::new(
                    at,
                    format!("`{name}` has a derivative and a next value"),
                    "keep one of the statements",
                ));
            }
            if !is_rate(place) && !has_next && !self.given.contains_key(&key) {
                let symbol = fresh();
                self.known.insert(key.clone(), graph.symbol(symbol));
                self.unknown.push((key, symbol));
            }
        }
        if self.unknown.len() != self.equations.len() {
            let names: Vec<String> = self
                .unknown
                .iter()
                .map(|((name, order), _)| format!("{name}{}", "'".repeat(usize::from(*order))))
                .collect();
            let at = self.equations.first().map_or(0, |place| self.model.statements[*place].at);
            let problem = if self.equations.is_empty() {
                format!("no statement gives {}", names.join(", "))
            } else {
                format!(
                    "{} equations stand here for {} unknown derivatives ({})",
                    self.equations.len(),
                    names.len(),
                    if names.is_empty() { "none".into() } else { names.join(", ") }
                )
            };
            return Err(Misread::new(
                at,
                problem,
                "give each state one derivative, or as many equations as unknown ones",
            ));
        }
        Ok(())
    }

    /// The given values, each behind those that it needs.
    fn order(&self) -> Result<Vec<Key>, Misread> {
        let mut order = Vec::new();
        let mut done: HashSet<Key> = HashSet::new();
        for first in self.given.keys() {
            // A path of open values, each with the needs that are left to look at.
            let mut path: Vec<(Key, Vec<Key>)> = vec![(first.clone(), self.needs(first))];
            while let Some((key, needs)) = path.last_mut() {
                let Some(need) = needs.pop() else {
                    if done.insert(key.clone()) {
                        order.push(key.clone());
                    }
                    path.pop();
                    continue;
                };
                if done.contains(&need) {
                    continue;
                }
                if let Some(start) = path.iter().position(|(open, _)| *open == need) {
                    let names: Vec<&str> = path[start..].iter().map(|((name, _), _)| name.as_str()).collect();
                    let at = self.model.statements[self.given[&need]].at;
                    return Err(Misread::new(
                        at,
                        format!("`{}` needs itself: {} → {}", need.0, names.join(" → "), need.0),
                        "break the circle; what was known a control period ago is a state, `state+ = …`",
                    ));
                }
                let further = self.needs(&need);
                path.push((need, further));
            }
        }
        Ok(order)
    }

    /// The given values that stand in the statement of another.
    fn needs(&self, key: &Key) -> Vec<Key> {
        let mut needs = Vec::new();
        let mut open = vec![&self.model.statements[self.given[key]].right];
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some(expression) = open.pop() {
            for item in &expression.0 {
                let What::Name(name, primes) = &item.what else { continue };
                let named = (name.clone(), *primes);
                if self.given.contains_key(&named) {
                    needs.push(named);
                } else if let Some(inner) = self.expressions.get(name)
                    && seen.insert(name)
                {
                    open.push(inner);
                }
            }
        }
        needs
    }

    /// Solves the equations for the unknown derivatives, and puts the solution into everything that is known.
    fn solve(
        &mut self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
    ) -> Result<(), Misread> {
        if self.unknown.is_empty() {
            return Ok(());
        }
        let mut residuals = Vec::new();
        for place in &self.equations {
            let statement = &self.model.statements[*place];
            let left = match &statement.left {
                Left::Sum(left) => self.expression(graph, base, left)?,
                Left::Name(name, primes) => self.known[&(name.clone(), *primes)],
                Left::Next(_) => unreachable!("a next value is no equation"),
            };
            let right = self.expression(graph, base, &statement.right)?;
            residuals.push(graph.sub(left, right));
        }
        let unknowns: Vec<Symbol> = self.unknown.iter().map(|(_, symbol)| *symbol).collect();
        let parameters: HashSet<Symbol> = (0..self.model.declared.parameters.len())
            .filter_map(|place| {
                let id = base(graph, Base::Parameter(place));
                match graph.node(id) {
                    crate::graph::Node::Symbol(symbol) => Some(symbol),
                    _ => None,
                }
            })
            .collect();
        let varies = |symbol: Symbol| !parameters.contains(&symbol);
        let solution =
            graph.solved(&residuals, &unknowns, &varies).map_err(|error| self.unsolvable(error))?;
        let by: HashMap<Symbol, Id> = unknowns.into_iter().zip(solution).collect();
        let (keys, ids): (Vec<Key>, Vec<Id>) = self.known.iter().map(|(key, id)| (key.clone(), *id)).unzip();
        let ids = graph.substituted(&ids, &by);
        self.known.extend(keys.into_iter().zip(ids));
        // They may name what has been unknown until now.
        self.made.get_mut().clear();
        Ok(())
    }

    fn unsolvable(&self, error: Unsolvable) -> Misread {
        let at = |place: usize| self.equations.get(place).map_or(0, |place| self.model.statements[*place].at);
        match error {
            Unsolvable::NotLinear { equation, unknown } => {
                let ((name, order), _) = &self.unknown[unknown];
                let primes = "'".repeat(usize::from(*order));
                Misread::new(
                    at(equation),
                    format!("this equation is not linear in `{name}{primes}`"),
                    "give that derivative by a statement of its own",
                )
            }
            Unsolvable::Size => Misread::new(
                at(0),
                "these are too many equations to solve at once",
                "give some derivatives by statements of their own",
            ),
            Unsolvable::Count | Unsolvable::Singular => Misread::new(
                at(0),
                "these equations do not determine the unknown derivatives",
                "one of them may follow from the others, or say nothing of a derivative",
            ),
        }
    }

    fn finished(
        mut self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
    ) -> Result<Lowered, Misread> {
        let states = self.model.declared.states.len();
        let (mut rates, mut next) = (vec![None; states], vec![None; states]);
        for place in 0..states {
            let name = self.model.declared.states[place].quantity.name.clone();
            if let Some(statement) = self.next.get(&place) {
                next[place] = Some(self.expression(graph, base, &self.model.statements[*statement].right)?);
                continue;
            }
            if let Some(rate) = self.model.rates[place] {
                rates[place] = Some(base(graph, Base::State(rate)));
                rates[rate] = self.known.get(&(name, 2)).copied();
            } else if rates[place].is_none() {
                rates[place] = self.known.get(&(name, 1)).copied();
            }
        }
        for output in &self.model.declared.outputs {
            let key = (output.name.clone(), 0);
            if !self.known.contains_key(&key) {
                let Some(own) = self.base(&output.name) else {
                    return Err(Misread::new(
                        0,
                        format!("no statement gives the output `{}`", output.name),
                        format!("write {} = …", output.name),
                    ));
                };
                let id = base(graph, own);
                self.known.insert(key, id);
            }
        }
        self.reaching(graph, base)?;
        let values = self.known.into_iter().filter(|((_, primes), _)| *primes == 0);
        let values = values.map(|((name, _), id)| (name, id)).collect();
        Ok(Lowered { rates, next, values, told: self.regulators.into_inner().told })
    }
}
