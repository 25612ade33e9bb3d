//! A control law by itself: the block of a closed loop that acts, with what it measures as its inputs.
//!
//! ```text
//! outputs = law(measured values, its states)     once a control period
//! states  = law(measured values, its states)     what it remembers for the next one
//! ```
//!
//! It is lowered as it is in a closed loop, with the same discretisation and the same rewrites, so that a law has one meaning. What it measures is what its
//! inputs are connected to. A law that asks of its plant how it moves takes the plant's states, and makes the plant's outputs of them. The actuator's limit,
//! lag and dead time belong to the plant and the world.

use foldhash::{HashMap, HashMapExt};

use super::compose::{Acting, Composer, Made, Moment};
use super::numbers::PlantNumbers;
use super::{ClosedLoop, Layout, Parts, Unfit};
use crate::graph::{Graph, Id, Node, Symbol};
use crate::model::Lowered;
use crate::program::{Program, Sections};

/// A law by itself.
#[derive(Debug, Clone)]
pub struct Law {
    /// Its nodes.
    pub graph: Graph,
    /// A control period: gains are the first of its inputs, what is measured are its first carried values, and the outputs are shown.
    pub sections: Sections,
    /// Where the numbers go: what is measured stands for signals.
    pub layout: Layout,
    /// What it measures, in the order of the carried values that stand for it.
    pub measured: Vec<Measured>,
    /// Every value with a name, before the last rewrites.
    pub values: Vec<(String, Id)>,
    /// The nodes of numbers that it comes to by gains and plant, by name.
    pub told: Vec<(String, Id)>,
}

/// A value that a law takes from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// As the law calls it, or as the plant does where it names a state of the plant.
    pub name: String,
    /// The value of the plant, or the signal, that it is connected to.
    pub of: String,
}

impl Law {
    /// The law of a closed loop whose `dt` is the control period.
    ///
    /// # Errors
    ///
    /// As [`ClosedLoop::new`].
    pub fn new(parts: &Parts<'_>) -> Result<Self, Unfit> {
        Composer::new(parts).law()
    }

    /// Puts a number in the place of a gain.
    pub fn fix(&mut self, gain: usize, value: f64) {
        let number = self.graph.number(value);
        let by = HashMap::from_iter([(self.sections.inputs[gain], number)]);
        for carried in &mut self.sections.carried {
            let nodes = self.graph.substituted(&[carried.first, carried.next], &by);
            (carried.first, carried.next) = (nodes[0], nodes[1]);
        }
        self.sections.shown = self.graph.substituted(&self.sections.shown, &by);
    }

    /// The same as what the engine runs, its inputs as signals; each step is a control period.
    ///
    /// # Errors
    ///
    /// When it needs more slots than there are.
    pub fn closed_loop(mut self) -> Result<ClosedLoop, Unfit> {
        let program = Program::new(&mut self.graph, &self.sections).map_err(Unfit::TooLarge)?;
        Ok(ClosedLoop { program, layout: self.layout, told: super::Told::default() })
    }
}

/// What the values that a law may take are before it is known which it takes.
struct Taken {
    /// The name, what it is connected to, and what stands for it.
    all: Vec<(Measured, Symbol)>,
}

impl Taken {
    fn add(&mut self, name: &str, of: &str, symbol: Symbol) {
        if !self.all.iter().any(|(_, known)| *known == symbol) {
            self.all.push((Measured { name: name.into(), of: of.into() }, symbol));
        }
    }
}

impl Composer<'_> {
    fn law(mut self) -> Result<Law, Unfit> {
        let Parts { plant, law, .. } = self.parts;
        let gains = self.some_inputs(law.model.declared.parameters.len());
        let of_gains = self.inputs.clone();
        let PlantNumbers { nominal, by_symbol, .. } =
            PlantNumbers::new(&mut self.graph, self.parts, [&gains, &[]], [&of_gains, &[]]);
        let x = self.many(plant.declared.states.len());
        let clock = self.fresh();
        let [periods, period] = [self.graph.symbol(clock), self.dt()];
        let time = self.graph.mul(periods, period);
        let driven = self.many(plant.declared.inputs.len());
        let (measured, mut taken) = self.surroundings(&x, &nominal, &driven, time)?;
        // A state that has no name among the law's inputs has the plant's.
        for (state, symbol) in plant.declared.states.iter().zip(&x) {
            taken.add(&state.quantity.name, &state.quantity.name, *symbol);
        }
        let view = self.view(&x, &nominal)?;
        let acting = Acting { time, period, due: None, seen: HashMap::new() };
        let lowered = self.block("controller", law, Some(&gains), &measured, Some(&view), &acting)?;
        let late = self.late(&lowered, &driven)?;

        let needed = self.needed(&lowered, &late);
        taken.all.retain(|(_, symbol)| needed.contains(symbol));
        let signals: Vec<(Symbol, Id)> =
            taken.all.iter().map(|(_, symbol)| (*symbol, self.input())).collect();
        // Nothing is beyond it.
        let bound = self.graph.number(f64::INFINITY);
        let made = Made {
            states: Vec::new(),
            first: Vec::new(),
            next: Vec::new(),
            signals,
            clock,
            judge: self.no_judge(),
            bound,
            memories: self.carried.len(),
            values: lowered.values.iter().map(|(name, id)| (name.clone(), *id)).collect(),
            told: lowered.told,
            late,
            nominal: by_symbol,
        };
        let (sections, layout) = self.sections(&made)?;
        self.is_whole()?;
        let measured = taken.all.into_iter().map(|(measured, _)| measured).collect();
        let values = lowered.values.into_iter().collect();
        let law = Law { graph: self.graph, sections, layout, measured, values, told: made.told };
        law.closed()
    }

    /// What a law may be connected to by name, and what of it comes from outside.
    fn surroundings(
        &mut self,
        x: &[Symbol],
        nominal: &[Id],
        driven: &[Symbol],
        time: Id,
    ) -> Result<(HashMap<String, Id>, Taken), Unfit> {
        let Parts { plant, law, signals, .. } = self.parts;
        let states: Vec<Id> = x.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let mut taken = Taken { all: Vec::new() };
        let of_signals = self.many(signals.len());
        let mut values: HashMap<String, Id> = HashMap::new();
        for (name, symbol) in signals.iter().zip(&of_signals) {
            values.insert(name.clone(), self.graph.symbol(*symbol));
        }
        self.add_defaults(&mut values);
        if law.model.asks_of_the_plant() {
            let inputs = self.plant_inputs(driven, &values)?;
            let moment = Moment { states: &states, parameters: nominal, inputs: &inputs, time };
            values.extend(self.plant_values(&moment)?);
        }
        let names = plant.declared.states.iter().map(|state| state.quantity.name.clone());
        values.extend(names.zip(states));
        for input in &law.model.declared.inputs {
            let name = &input.quantity.name;
            let of = law.connect.get(name).unwrap_or(name);
            if !values.contains_key(of) && plant.values().contains(of.as_str()) {
                let symbol = self.fresh();
                values.insert(of.clone(), self.graph.symbol(symbol));
            }
            if let Some(Node::Symbol(symbol)) = values.get(of).map(|id| self.graph.node(*id)) {
                taken.add(name, of, symbol);
            }
        }
        // What the outputs of a plant are made of.
        for (name, symbol) in signals.iter().zip(of_signals) {
            taken.add(name, name, symbol);
        }
        Ok((values, taken))
    }

    /// What drives the plant, for what stood for it before it was known.
    fn late(&mut self, law: &Lowered, driven: &[Symbol]) -> Result<HashMap<Symbol, Id>, Unfit> {
        let mut late = HashMap::new();
        for (input, symbol) in self.parts.plant.declared.inputs.iter().zip(driven) {
            let Some(source) = self.parts.drive.get(&input.quantity.name) else { continue };
            let wanted = *law.values.get(source).ok_or_else(|| Unfit::Connection(source.clone()))?;
            if self.graph.depends(wanted, |symbol| driven.contains(&symbol)) {
                return Err(Unfit::Circle(source.clone()));
            }
            late.insert(*symbol, self.limited(wanted, input.limit));
        }
        Ok(late)
    }

    /// The symbols that outputs, next values and what is delayed of them need.
    fn needed(&self, law: &Lowered, late: &HashMap<Symbol, Id>) -> Vec<Symbol> {
        let mut roots: Vec<Id> = self.carried.iter().map(|carried| carried.next).collect();
        roots.extend(self.parts.shown.iter().filter_map(|name| law.values.get(name)));
        let mut found: Vec<Symbol> = Vec::new();
        while !roots.is_empty() {
            let reached = self.graph.reachable(&roots);
            roots.clear();
            for id in reached {
                let Node::Symbol(symbol) = self.graph.node(id) else { continue };
                if found.contains(&symbol) {
                    continue;
                }
                found.push(symbol);
                let past = self.graph.delays().iter().find(|delay| delay.symbol == symbol);
                roots.extend(past.map(|delay| delay.of).into_iter().chain(late.get(&symbol).copied()));
            }
        }
        found
    }

    /// A judge that nothing fails before, and that costs nothing.
    fn no_judge(&mut self) -> Lowered {
        let zero = self.graph.number(0.0);
        let values = ["cost", "partial", "failed"].map(|name| (name.to_owned(), zero));
        Lowered { values: values.into(), ..Lowered::default() }
    }
}

impl Law {
    /// Refuses a law that needs what nothing gives it, or compiled code.
    fn closed(self) -> Result<Self, Unfit> {
        let Sections { inputs, carried, shown, .. } = &self.sections;
        let roots: Vec<Id> =
            carried.iter().map(|carried| carried.next).chain(shown.iter().copied()).collect();
        let is_known =
            |symbol: &Symbol| inputs.contains(symbol) || carried.iter().any(|one| one.symbol == *symbol);
        let needed = self.graph.reachable(&roots);
        let mut nodes = needed.into_iter().map(|id| self.graph.node(id));
        if nodes.clone().any(|node| matches!(node, Node::Result(..))) {
            let problem = "is compiled code, or needs a plant that is, and that cannot be written out".into();
            let remedy =
                "take a law that is written as equations; of compiled code you have the source".into();
            return Err(Unfit::Law { problem, remedy });
        }
        let is_open = nodes.any(|node| matches!(node, Node::Symbol(symbol) if !is_known(&symbol)));
        if is_open { Err(Unfit::Connection("the law".into())) } else { Ok(self) }
    }
}
