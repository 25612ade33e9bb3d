//! The closed loop of a study as one graph: plant, control law, judge.
//!
//! A law and a judge are blocks that act once a control period: `state' = e` means state + dt·e there. In a step
//!
//! ```text
//! u      = law(x_k, its states)                  once a control period
//! sums   = judge(x_k, u, the law's values)       integrals by the rectangle rule, maxima
//! x_k+1  = RK4(plant, x_k, u)                    u held over the step
//! stop   = x_k+1 is not finite, or it has failed
//! ```
//!
//! What the law and the first stage of the integrator both need stands in the graph once.

use std::collections::{BTreeMap, HashMap};

use crate::graph::{Graph, Id, Operation, Symbol};
use crate::model::{Base, Lowered, Misread, Model, PlantView};
use crate::program::{Carried, Program, Sections, TooLarge};

/// A block that acts once a control period, and what its inputs are connected to, by name.
#[derive(Debug, Clone)]
pub struct Block<'a> {
    /// Its equations.
    pub model: &'a Model,
    /// From the name of an input to that of a value; what has the same name is connected by itself.
    pub connect: BTreeMap<String, String>,
}

/// What a closed loop is made of.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// What is controlled.
    pub plant: &'a Model,
    /// Its parameters as the law knows them, which are those of the plant unless a job says otherwise.
    pub nominal: &'a [f64],
    /// Whether a job gives the plant's parameters.
    pub varies: bool,
    /// What controls it.
    pub law: Block<'a>,
    /// From the name of a plant's input to that of the value that drives it.
    pub drive: BTreeMap<String, String>,
    /// What judges it: its values `cost` and `failed` are looked at, `failed` of the states after the step.
    pub judge: Block<'a>,
    /// Integration step and control period in s.
    pub dt: f64,
    /// Values to look at beside the states.
    pub shown: Vec<String>,
}

/// Where the numbers of a job go, and what comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// How many parameters the law has; they come first among the inputs.
    pub gains: usize,
    /// How many parameters the plant has, where jobs give them; they follow.
    pub parameters: usize,
    /// How many states the plant has; their first values follow, and then the bound of the cost.
    pub states: usize,
    /// Results: whether it has failed, its cost, the states of the plant, the states of the judge.
    pub sums: usize,
}

/// Why there is no closed loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// The equations of a model, called so, say something that cannot be.
    Model(&'static str, Misread),
    /// An input is connected to nothing that is known.
    Connection(String),
    /// Too large for a program.
    TooLarge(TooLarge),
}

/// A closed loop.
#[derive(Debug, Clone)]
pub struct ClosedLoop {
    /// What runs it.
    pub program: Program,
    /// What its numbers mean.
    pub layout: Layout,
}

impl ClosedLoop {
    /// Composes the closed loop.
    ///
    /// # Errors
    ///
    /// When a model says what cannot be, an input is connected to nothing, or the whole is too large.
    pub fn new(parts: &Parts<'_>) -> Result<Self, Unfit> {
        Composer::default().compose(parts)
    }
}

/// The nodes of a model's own symbols.
struct Own {
    states: Vec<Symbol>,
    parameters: Vec<Id>,
}

#[derive(Default)]
struct Composer {
    graph: Graph,
    symbols: u32,
    inputs: Vec<Symbol>,
}

impl Composer {
    fn fresh(&mut self) -> Symbol {
        self.symbols += 1;
        Symbol(self.symbols)
    }

    fn many(&mut self, count: usize) -> Vec<Symbol> {
        (0..count).map(|_| self.fresh()).collect()
    }

    fn inputs(&mut self, count: usize) -> Vec<Id> {
        let symbols = self.many(count);
        self.inputs.extend(&symbols);
        symbols.into_iter().map(|symbol| self.graph.symbol(symbol)).collect()
    }

    fn compose(mut self, parts: &Parts<'_>) -> Result<ClosedLoop, Unfit> {
        let Parts { plant, law, judge, dt, .. } = parts;
        let gains = self.inputs(law.model.declared.parameters.len());
        let nominal: Vec<Id> = parts.nominal.iter().map(|value| self.graph.number(*value)).collect();
        let real = if parts.varies { self.inputs(nominal.len()) } else { nominal.clone() };
        let first = self.inputs(plant.declared.states.len());
        let bound = self.inputs(1)[0];

        let x = self.many(first.len());
        let mut values: HashMap<String, Id> = HashMap::new();
        for (state, symbol) in plant.declared.states.iter().zip(&x) {
            values.insert(state.quantity.name.clone(), self.graph.symbol(*symbol));
        }
        let view = self.view(parts, &x, &nominal)?;
        let law_own = Own { states: self.many(law.model.declared.states.len()), parameters: gains };
        let lowered = self.block("controller", law, &law_own, &values, Some(&view), *dt)?;
        for (name, id) in &lowered.values {
            values.insert(name.clone(), *id);
        }
        let u: Vec<Id> = plant
            .declared
            .inputs
            .iter()
            .map(|input| self.driven(parts, input, &values))
            .collect::<Result<_, _>>()?;
        for (input, id) in plant.declared.inputs.iter().zip(&u) {
            values.insert(input.quantity.name.clone(), *id);
        }
        let next_x = self.rk4(parts, &x, &real, &u, &view)?;

        let judge_own = Own { states: self.many(judge.model.declared.states.len()), parameters: Vec::new() };
        let judged = self.block("judge", judge, &judge_own, &values, None, *dt)?;
        let mut after = values.clone();
        for (state, id) in plant.declared.states.iter().zip(&next_x) {
            after.insert(state.quantity.name.clone(), *id);
        }
        let judged_after = self.block("judge", judge, &judge_own, &after, None, *dt)?;
        let shown = parts.shown.iter().map(|name| values[name]).collect();
        self.finish(
            parts,
            (&x, &first, &next_x),
            (&law_own, &lowered),
            (&judge_own, &judged, &judged_after),
            bound,
            shown,
        )
    }

    /// A block on the values that it is connected to.
    fn block(
        &mut self,
        called: &'static str,
        block: &Block<'_>,
        own: &Own,
        values: &HashMap<String, Id>,
        view: Option<&PlantView>,
        dt: f64,
    ) -> Result<Lowered, Unfit> {
        let mut inputs = Vec::new();
        for input in &block.model.declared.inputs {
            let name = &input.quantity.name;
            let source = block.connect.get(name).unwrap_or(name);
            inputs.push(match (values.get(source), input.default) {
                (Some(id), _) => *id,
                (None, Some(default)) => self.graph.number(default),
                (None, None) => return Err(Unfit::Connection(name.clone())),
            });
        }
        let mut count = self.symbols;
        let mut base = |graph: &mut Graph, base: Base| match base {
            Base::State(place) => graph.symbol(own.states[place]),
            Base::Input(place) => inputs[place],
            Base::Parameter(place) => own.parameters[place],
            Base::Time => graph.number(f64::NAN),
            Base::Step => graph.number(dt),
        };
        let mut fresh = || {
            count += 1;
            Symbol(count)
        };
        let lowered = block.model.lowered(&mut self.graph, &mut base, view, &mut fresh);
        self.symbols = count;
        lowered.map_err(|error| Unfit::Model(called, error))
    }

    /// The derivatives of the plant's states.
    fn rates(&mut self, plant: &Model, x: &[Id], parameters: &[Id], u: &[Id]) -> Result<Vec<Id>, Unfit> {
        let mut count = self.symbols;
        let mut base = |graph: &mut Graph, base: Base| match base {
            Base::State(place) => x[place],
            Base::Input(place) => u[place],
            Base::Parameter(place) => parameters[place],
            Base::Time | Base::Step => graph.number(f64::NAN),
        };
        let mut fresh = || {
            count += 1;
            Symbol(count)
        };
        let lowered = plant.lowered(&mut self.graph, &mut base, None, &mut fresh);
        self.symbols = count;
        let lowered = lowered.map_err(|error| Unfit::Model("plant", error))?;
        let zero = self.graph.number(0.0);
        Ok(lowered.rates.into_iter().map(|rate| rate.unwrap_or(zero)).collect())
    }

    /// How the nominal plant moves without control and with it.
    fn view(&mut self, parts: &Parts<'_>, x: &[Symbol], nominal: &[Id]) -> Result<PlantView, Unfit> {
        let states: Vec<Id> = x.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let inputs = self.many(parts.plant.declared.inputs.len());
        let u: Vec<Id> = inputs.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let rates = self.rates(parts.plant, &states, nominal, &u)?;
        let zero = self.graph.number(0.0);
        let none: HashMap<Symbol, Id> = inputs.iter().map(|symbol| (*symbol, zero)).collect();
        let drift = self.graph.substituted(&rates, &none);
        let driven = parts
            .plant
            .declared
            .inputs
            .iter()
            .position(|input| parts.drive.contains_key(&input.quantity.name));
        let input: Vec<Id> = match driven {
            Some(place) => rates.iter().map(|rate| self.graph.derivative(*rate, inputs[place])).collect(),
            None => vec![zero; rates.len()],
        };
        let input = self.graph.substituted(&input, &none);
        let named = parts.plant.declared.states.iter().map(|state| state.quantity.name.clone());
        let seen = named.zip(x).zip(&states).map(|((name, symbol), id)| (name, *symbol, *id)).collect();
        Ok(PlantView { states: seen, rates: parts.plant.rates().to_vec(), drift, input })
    }

    fn driven(
        &mut self,
        parts: &Parts<'_>,
        input: &crate::model::Input,
        values: &HashMap<String, Id>,
    ) -> Result<Id, Unfit> {
        let name = &input.quantity.name;
        let id = match (parts.drive.get(name), input.default) {
            (Some(source), _) => *values.get(source).ok_or_else(|| Unfit::Connection(source.clone()))?,
            (None, Some(default)) => self.graph.number(default),
            (None, None) => return Err(Unfit::Connection(name.clone())),
        };
        Ok(match input.limit {
            Some(limit) => {
                let (low, high) = (self.graph.number(-limit), self.graph.number(limit));
                let below = self.graph.apply(Operation::Min, &[id, high]);
                self.graph.apply(Operation::Max, &[below, low])
            }
            None => id,
        })
    }

    /// One step of the classical Runge–Kutta method with the inputs held (Kutta 1901).
    fn rk4(
        &mut self,
        parts: &Parts<'_>,
        x: &[Symbol],
        real: &[Id],
        u: &[Id],
        view: &PlantView,
    ) -> Result<Vec<Id>, Unfit> {
        let start: Vec<Id> = x.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let [half, whole, sixth, two] =
            [0.5 * parts.dt, parts.dt, parts.dt / 6.0, 2.0].map(|number| self.graph.number(number));
        let k1 =
            if parts.varies { self.rates(parts.plant, &start, real, u)? } else { self.under(parts, view, u) };
        let x2 = self.moved(&start, half, &k1);
        let k2 = self.rates(parts.plant, &x2, real, u)?;
        let x3 = self.moved(&start, half, &k2);
        let k3 = self.rates(parts.plant, &x3, real, u)?;
        let x4 = self.moved(&start, whole, &k3);
        let k4 = self.rates(parts.plant, &x4, real, u)?;
        let graph = &mut self.graph;
        let next = (0..start.len()).map(|i| {
            // From left to right, so that each slope can go as soon as it is there.
            let [second, third] = [k2[i], k3[i]].map(|slope| graph.mul(two, slope));
            let slope = graph.add(k1[i], second);
            let slope = graph.add(slope, third);
            let slope = graph.add(slope, k4[i]);
            let change = graph.mul(sixth, slope);
            graph.add(start[i], change)
        });
        Ok(next.collect())
    }

    /// The derivatives as drift and input, where the plant is driven by one input; what the law has made of them stands in the graph.
    fn under(&mut self, parts: &Parts<'_>, view: &PlantView, u: &[Id]) -> Vec<Id> {
        let driven = parts
            .plant
            .declared
            .inputs
            .iter()
            .position(|input| parts.drive.contains_key(&input.quantity.name));
        let force = driven.map_or_else(|| self.graph.number(0.0), |place| u[place]);
        let pairs: Vec<(Id, Id)> = view.drift.iter().copied().zip(view.input.iter().copied()).collect();
        let sum = |(drift, input): (Id, Id)| {
            let part = self.graph.mul(input, force);
            self.graph.add(drift, part)
        };
        pairs.into_iter().map(sum).collect()
    }

    fn moved(&mut self, x: &[Id], by: Id, rates: &[Id]) -> Vec<Id> {
        let graph = &mut self.graph;
        let pairs = x.iter().zip(rates);
        pairs
            .map(|(x, rate)| {
                let change = graph.mul(by, *rate);
                graph.add(*x, change)
            })
            .collect()
    }

    fn finish(
        mut self,
        parts: &Parts<'_>,
        (x, first, next_x): (&[Symbol], &[Id], &[Id]),
        (law_own, law): (&Own, &Lowered),
        (judge_own, judged, after): (&Own, &Lowered, &Lowered),
        bound: Id,
        shown: Vec<Id>,
    ) -> Result<ClosedLoop, Unfit> {
        let mut carried: Vec<Carried> = Vec::new();
        for ((symbol, first), next) in x.iter().zip(first).zip(next_x) {
            carried.push(Carried { symbol: *symbol, first: *first, next: *next });
        }
        for (model, own, lowered) in [(parts.law.model, law_own, law), (parts.judge.model, judge_own, judged)]
        {
            for (place, symbol) in own.states.iter().enumerate() {
                let now = self.graph.symbol(*symbol);
                let next = match (lowered.next[place], lowered.rates[place]) {
                    (Some(next), _) => next,
                    (None, Some(rate)) => {
                        let dt = self.graph.number(parts.dt);
                        let change = self.graph.mul(dt, rate);
                        self.graph.add(now, change)
                    }
                    (None, None) => now,
                };
                let first = self.graph.number(model.declared.states[place].initial);
                carried.push(Carried { symbol: *symbol, first, next });
            }
        }
        let layout = Layout {
            gains: parts.law.model.declared.parameters.len(),
            parameters: if parts.varies { parts.nominal.len() } else { 0 },
            states: x.len(),
            sums: judge_own.states.len(),
        };
        // The partial cost of the sums as they are after the step.
        let sums: HashMap<Symbol, Id> =
            carried.iter().skip(x.len() + law_own.states.len()).map(|sum| (sum.symbol, sum.next)).collect();
        let missing = |name: &str| Unfit::Connection(format!("the judge's `{name}`"));
        let cost = *judged.values.get("cost").ok_or_else(|| missing("cost"))?;
        let failed = *after.values.get("failed").ok_or_else(|| missing("failed"))?;
        let cost_after = self.graph.substituted(&[cost], &sums)[0];
        let over = self.graph.apply(Operation::Less, &[bound, cost_after]);
        let finite = self.finite(next_x);
        let lost = self.graph.apply(Operation::Not, &[finite]);
        let failed_or_lost = self.graph.apply(Operation::Or, &[failed, lost]);
        let stop = self.graph.apply(Operation::Or, &[failed_or_lost, over]);

        let states: Vec<Id> = x.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let at_end = *judged.values.get("failed").ok_or_else(|| missing("failed"))?;
        let finite = self.finite(&states);
        let lost = self.graph.apply(Operation::Not, &[finite]);
        let has_failed = self.graph.apply(Operation::Or, &[at_end, lost]);
        let mut results = vec![has_failed, cost];
        results.extend(&states);
        results.extend(judge_own.states.iter().map(|symbol| self.graph.symbol(*symbol)));
        let sections = Sections { inputs: self.inputs.clone(), carried, stop, shown, results };
        let program = Program::new(&mut self.graph, &sections).map_err(Unfit::TooLarge)?;
        Ok(ClosedLoop { program, layout })
    }

    /// Whether all of some numbers are finite.
    fn finite(&mut self, numbers: &[Id]) -> Id {
        let zero = self.graph.number(0.0);
        let largest = self.graph.number(f64::MAX);
        let mut sum = zero;
        for number in numbers {
            let size = self.graph.apply(Operation::Abs, &[*number]);
            sum = self.graph.add(sum, size);
        }
        self.graph.apply(Operation::LessEqual, &[sum, largest])
    }
}
