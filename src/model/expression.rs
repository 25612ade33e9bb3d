//! Expressions → nodes: names are looked up, functions applied, and a controller's questions about its plant answered.

use super::{Misread, PlantView};
use std::collections::HashSet;

use super::lower::{Base, Lowering};
use super::parse::{Expression, Item, What};
use crate::graph::{Graph, Id, TABLE};

/// The functions beyond the operations of a graph: how each is called, and what it gives.
pub const FUNCTIONS: [(&str, &str); 10] = [
    ("clamp(a, low, high)", "a within low and high"),
    ("sat(a)", "a within −1 and 1"),
    ("deadzone(a, w)", "0 where |a| ≤ w, else what is beyond"),
    ("table(name, a)", "the value of a table of [tables] at a, linear between its points, held outside"),
    ("delay(a, seconds)", "a so long ago, in whole steps; 0 before the start"),
    ("lie_drift(e)", "in a controller: how e, made of the plant's states, moves without control"),
    ("lie_input(e)", "in a controller: how its motion grows with the control"),
    ("equivalent(e)", "in a controller: −lie_drift(e)/lie_input(e), the control that holds e still"),
    (
        "lqr(e, R)",
        "in a controller: u = −K x that keeps ∫ e + R u² dt least for the plant, linear about rest; e is quadratic in its states; lqr(e, R, z): about where z, a sum of squares, is least",
    ),
    (
        "lqr_reference(y, e, R)",
        "in a controller: the gain of a reference to add to lqr(e, R), with which y comes to rest at it; lqr_reference(y, e, R, z) as above",
    ),
];

/// Most delays of a closed loop.
const DELAYS_MAX: usize = 64;

impl Lowering<'_> {
    /// The node of an expression; its items stand behind those that they need.
    pub(super) fn expression(
        &self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
        expression: &Expression,
    ) -> Result<Id, Misread> {
        let mut values: Vec<Id> = Vec::new();
        for item in &expression.0 {
            let from = values.len() - item.what.operands();
            let operands: Vec<Id> = values.drain(from..).collect();
            let value = match &item.what {
                What::Number(value) => graph.number(*value),
                What::Name(name, primes) => self.name(graph, base, item, name, *primes)?,
                What::Apply(operation) => graph.apply(*operation, &operands),
                What::Call(name, _) => self.call(graph, base, item, name, &operands)?,
                What::Table(name) => self.table(graph, item, name, operands[0])?,
            };
            if graph.is_full() {
                return Err(Misread::new(
                    item.at,
                    "the model has become too large here",
                    format!("allowed: {} operations", crate::graph::NODES_MAX),
                ));
            }
            values.push(value);
        }
        // The parser leaves exactly one value.
        Ok(values[0])
    }

    fn name(
        &self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
        item: &Item,
        name: &str,
        primes: u8,
    ) -> Result<Id, Misread> {
        if let Some(id) = self.known.get(&(name.to_owned(), primes)) {
            return Ok(*id);
        }
        if let Some(state) = self.state(name).filter(|_| primes > 0) {
            return match self.model.rates[state] {
                Some(rate) if primes == 1 => Ok(base(graph, Base::State(rate))),
                _ => Err(self.unknown_name(item, name, primes)),
            };
        }
        if primes == 0 {
            if name == "pi" {
                return Ok(graph.number(std::f64::consts::PI));
            }
            if let Some(own) = self.base(name) {
                return Ok(base(graph, own));
            }
            if let Some(inner) = self.expressions.get(name) {
                return self.replaceable(graph, base, name, inner).map_err(|error| {
                    Misread::new(item.at, format!("{name}: {}", error.problem), error.remedy)
                });
            }
        }
        self.seen_of_plant(name, primes).ok_or_else(|| self.unknown_name(item, name, primes))
    }

    /// The node of a text that a study may replace, made once however often it is named.
    fn replaceable(
        &self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
        name: &str,
        text: &Expression,
    ) -> Result<Id, Misread> {
        match self.made.borrow().get(name) {
            Some(Some(id)) => return Ok(*id),
            Some(None) => return Err(Misread::new(0, "needs itself", "break the circle of these texts")),
            None => {}
        }
        self.made.borrow_mut().insert(name.into(), None);
        let id = self.expression(graph, base, text)?;
        self.made.borrow_mut().insert(name.into(), Some(id));
        Ok(id)
    }

    fn unknown_name(&self, item: &Item, name: &str, primes: u8) -> Misread {
        let declared = &self.model.declared;
        let mut names: Vec<&str> = declared.states.iter().map(|state| state.quantity.name.as_str()).collect();
        names.extend(declared.inputs.iter().map(|input| input.quantity.name.as_str()));
        names.extend(declared.parameters.iter().map(|parameter| parameter.quantity.name.as_str()));
        names.extend(self.given.keys().map(|(name, _)| name.as_str()));
        names.extend(self.plant.iter().flat_map(|plant| plant.states.iter().map(|(name, ..)| name.as_str())));
        names.extend(["t", "dt", "pi"]);
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(*name));
        let primes = "'".repeat(usize::from(primes));
        let known = crate::text::one_of(name, &names);
        Misread::new(item.at, format!("`{name}{primes}` is unknown"), format!("known: {known}"))
    }

    fn call(
        &self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
        item: &Item,
        name: &str,
        operands: &[Id],
    ) -> Result<Id, Misread> {
        let count = |wanted: usize| {
            if operands.len() == wanted {
                return Ok(());
            }
            let numbers = if wanted == 1 {
                "one value"
            } else if wanted == 2 {
                "two values"
            } else {
                "three values"
            };
            Err(Misread::new(
                item.at,
                format!("`{name}` is given {} values", operands.len()),
                format!("allowed: {numbers}"),
            ))
        };
        let entry = TABLE.iter().find(|entry| entry.call == Some(name));
        match (name, entry) {
            ("min" | "max", Some(entry)) if operands.len() > 2 => Ok(operands[1..]
                .iter()
                .fold(operands[0], |all, next| graph.apply(entry.operation, &[all, *next]))),
            (_, Some(entry)) => {
                count(entry.operands)?;
                Ok(graph.apply(entry.operation, operands))
            }
            ("clamp", _) => {
                count(3)?;
                Ok(graph.clamped(operands[0], operands[1], operands[2]))
            }
            ("sat", _) => {
                count(1)?;
                let (low, high) = (graph.number(-1.0), graph.number(1.0));
                Ok(graph.clamped(operands[0], low, high))
            }
            ("deadzone", _) => {
                count(2)?;
                let low = graph.neg(operands[1]);
                let inside = graph.clamped(operands[0], low, operands[1]);
                Ok(graph.sub(operands[0], inside))
            }
            ("delay", _) => {
                count(2)?;
                if graph.delays().len() == DELAYS_MAX {
                    let remedy = format!("allowed: {DELAYS_MAX}");
                    return Err(Misread::new(item.at, "this is one delay too many", remedy));
                }
                Ok(graph.delayed(operands[0], operands[1]))
            }
            ("lie_drift" | "lie_input" | "equivalent", _) => {
                count(1)?;
                self.along_the_plant(graph, item, name, operands[0])
            }
            ("lqr" | "lqr_reference", _) => self.regulated(graph, base, item, name, operands),
            _ => {
                let mut names: Vec<&str> = TABLE.iter().filter_map(|entry| entry.call).collect();
                names.extend(FUNCTIONS.iter().filter_map(|(form, _)| form.split('(').next()));
                let known = crate::text::one_of(name, &names);
                Err(Misread::new(
                    item.at,
                    format!("the function `{name}` is unknown"),
                    format!("known: {known}"),
                ))
            }
        }
    }

    /// Whether the law reaches what it slides on, where it says when.
    pub(super) fn reaching(
        &mut self,
        graph: &mut Graph,
        base: &mut dyn FnMut(&mut Graph, Base) -> Id,
    ) -> Result<(), Misread> {
        let Some(text) = &self.model.declared.reaches else { return Ok(()) };
        let of_text = |error: Misread| Misread::new(0, format!("reaches: {}", error.problem), error.remedy);
        let read = super::parse::expression(text).map_err(of_text)?;
        let id = self.expression(graph, base, &read).map_err(of_text)?;
        self.known.insert((super::REACHES.into(), 0), id);
        Ok(())
    }

    /// The value of a table: linear between its points, held outside.
    fn table(&self, graph: &mut Graph, item: &Item, name: &str, x: Id) -> Result<Id, Misread> {
        let Some(points) = self.model.declared.tables.get(name) else {
            let names: Vec<&str> = self.model.declared.tables.keys().map(String::as_str).collect();
            let known = if names.is_empty() {
                "declare it in [tables]".into()
            } else {
                format!("known: {}", crate::text::one_of(name, &names))
            };
            return Err(Misread::new(item.at, format!("`{name}` is no table"), known));
        };
        let mut sum = graph.number(points[0].1);
        for pair in points.windows(2) {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            let (low, high) = (graph.number(x0), graph.number(x1));
            let slope = graph.number((y1 - y0) / (x1 - x0));
            let inside = graph.clamped(x, low, high);
            let way = graph.sub(inside, low);
            let rise = graph.mul(slope, way);
            sum = graph.add(sum, rise);
        }
        Ok(sum)
    }

    /// What a controller sees of a state of its plant, or of the rate of one.
    pub(super) fn seen_of_plant(&self, name: &str, primes: u8) -> Option<Id> {
        let plant = self.plant?;
        let place = plant.states.iter().position(|(state, ..)| state == name)?;
        let place = if primes == 1 { plant.rates[place]? } else { place };
        (primes < 2).then(|| plant.states[place].2)
    }

    /// The plant that a function asks about.
    pub(super) fn plant_of(&self, item: &Item, name: &str) -> Result<&PlantView, Misread> {
        self.plant.ok_or_else(|| {
            let problem = format!("`{name}` stands where there is no plant");
            Misread::new(item.at, problem, "use it in a controller")
        })
    }

    /// How a value that depends on the plant's states moves along the nominal plant.
    pub(super) fn along_the_plant(
        &self,
        graph: &mut Graph,
        item: &Item,
        name: &str,
        value: Id,
    ) -> Result<Id, Misread> {
        let plant = self.plant_of(item, name)?;
        let along = |graph: &mut Graph, motion: &[Id]| {
            let mut sum = graph.number(0.0);
            for ((_, symbol, _), rate) in plant.states.iter().zip(motion) {
                if graph.is_full() {
                    break;
                }
                let slope = graph.derivative(value, *symbol);
                let part = graph.mul(slope, *rate);
                sum = graph.add(sum, part);
            }
            sum
        };
        Ok(match name {
            "lie_drift" => along(graph, &plant.drift),
            "lie_input" => along(graph, &plant.input),
            _ => {
                let (drift, input) = (along(graph, &plant.drift), along(graph, &plant.input));
                let quotient = graph.div(drift, input);
                graph.neg(quotient)
            }
        })
    }
}
