//! One step of the loop, put together.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};

use super::numbers::PlantNumbers;
use super::open::{Open, Outside};
use super::{ClosedLoop, Connected, Parts, Unfit};
use crate::graph::{Graph, Id, Symbol};
use crate::model::{Base, Input, Lowered, Misread, Model, PlantView};
use crate::program::Carried;

/// The plant at a moment: what its derivatives are functions of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) states: &'a [Id],
    pub(super) parameters: &'a [Id],
    pub(super) inputs: &'a [Id],
    pub(super) time: Id,
}

/// What a job gives beside gains, parameters, states and signals.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) deviations: Vec<Id>,
    pub(super) quanta: Vec<Id>,
    pub(super) period: Option<Id>,
    /// In s.
    pub(super) dead_time: Option<Id>,
    /// The share of the way to its command that the actuator goes in a step, and its largest change in a step.
    pub(super) actuator: Option<[Id; 2]>,
    /// Symbols of standard normal numbers, one for each noisy sensor.
    pub(super) noise: Vec<Symbol>,
}

/// The nodes of the blocks of a loop.
pub(super) struct Made {
    pub(super) states: Vec<Symbol>,
    pub(super) first: Vec<Id>,
    pub(super) next: Vec<Id>,
    pub(super) signals: Vec<(Symbol, Id)>,
    pub(super) clock: Symbol,
    pub(super) judge: Lowered,
    pub(super) bound: Id,
    /// How many carried values stand before those of the judge.
    pub(super) memories: usize,
    pub(super) values: HashMap<String, Id>,
    /// Numbers that the law comes to, by name.
    pub(super) told: Vec<(String, Id)>,
    /// From what stood for the plant's driven inputs before they were known.
    pub(super) late: HashMap<Symbol, Id>,
    /// The nominal value of each symbol that stands for a parameter of the plant.
    pub(super) nominal: HashMap<Symbol, f64>,
}

pub(super) struct Composer<'a> {
    pub(super) parts: &'a Parts<'a>,
    pub(super) graph: Graph,
    /// What a loop that is certified leaves open; nothing of one that is simulated.
    pub(super) open: Option<Open>,
    /// What goes out and comes back where the law is computed elsewhere.
    pub(super) outside: Option<Outside>,
    symbols: u32,
    pub(super) inputs: Vec<Symbol>,
    pub(super) carried: Vec<Carried>,
    pub(super) given: Given,
}

impl<'a> Composer<'a> {
    pub(super) fn new(parts: &'a Parts<'a>) -> Self {
        Self {
            parts,
            graph: Graph::new(),
            open: None,
            outside: None,
            symbols: 0,
            inputs: Vec::new(),
            carried: Vec::new(),
            given: Given::default(),
        }
    }

    pub(super) fn fresh(&mut self) -> Symbol {
        self.symbols += 1;
        Symbol(self.symbols)
    }

    pub(super) fn many(&mut self, count: usize) -> Vec<Symbol> {
        (0..count).map(|_| self.fresh()).collect()
    }

    pub(super) fn input(&mut self) -> Id {
        let symbol = self.fresh();
        self.inputs.push(symbol);
        self.graph.symbol(symbol)
    }

    pub(super) fn some_inputs(&mut self, count: usize) -> Vec<Id> {
        (0..count).map(|_| self.input()).collect()
    }

    pub(super) fn compose(mut self) -> Result<ClosedLoop, Unfit> {
        let made = self.step()?;
        self.finish(&made)
    }

    /// The nodes of a step.
    pub(super) fn step(&mut self) -> Result<Made, Unfit> {
        let Parts { plant, law, .. } = self.parts;
        let gains = self.some_inputs(law.model.declared.parameters.len());
        let from = self.inputs.len();
        let given = if self.parts.varies { self.some_inputs(self.parts.nominal.len()) } else { Vec::new() };
        let [of_gains, of_plant] = [&self.inputs[..from], &self.inputs[from..]];
        let numbers = PlantNumbers::new(&mut self.graph, self.parts, [&gains, &given], [of_gains, of_plant]);
        let PlantNumbers { nominal, real, by_symbol } = numbers;
        let first = self.some_inputs(plant.declared.states.len());
        let signals = self.signals();
        self.world_inputs();
        let bound = self.input();

        let x = self.many(first.len());
        let states: Vec<Id> = x.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let clock = self.fresh();
        let [steps, period] = [self.graph.symbol(clock), self.dt()];
        let time = self.graph.mul(steps, period);

        let named = self.parts.signals.iter().cloned();
        let mut known: HashMap<String, Id> =
            named.zip(signals.iter().map(|(symbol, _)| self.graph.symbol(*symbol))).collect();
        self.add_defaults(&mut known);
        // What the plant shows before it is known what drives it.
        let driven = self.many(plant.declared.inputs.len());
        let inputs = self.plant_inputs(&driven, &known)?;
        let before = Moment { states: &states, parameters: &real, inputs: &inputs, time };
        let shown = self.plant_values(&before)?;
        let mut measured = known.clone();
        measured.extend(shown.iter().map(|(name, id)| (name.clone(), *id)));
        let names = plant.declared.states.iter().map(|state| state.quantity.name.clone());
        measured.extend(names.zip(states.iter().copied()));
        self.noisy_outputs(&mut measured);
        // The law is made for the states, and then told what the sensors show of them.
        let seen: HashMap<Symbol, Id> = x.iter().copied().zip(self.seen(&states)).collect();
        let view = self.view(&x, &nominal)?;
        let due = self.due();
        let law_period = self.law_period();
        let acting = Acting { time, period: law_period, due, seen };
        let lowered = self.block("controller", law, Some(&gains), &measured, Some(&view), &acting)?;
        let lowered = self.said_outside(lowered, &measured, &acting);

        self.declared(&lowered, &x, &before, &driven)?;
        let (u, late) = self.drive(inputs, &driven, &lowered, due)?;
        let moment = Moment { states: &states, parameters: &real, inputs: &u, time };
        let k1 = if view.is_affine && self.can_share(plant) {
            self.under(&view, &u)
        } else {
            self.rates(&moment)?
        };
        let next = self.advanced(&moment, &k1)?;
        let next = self.remembered(&moment, next)?;

        let mut values = self.named(&lowered, &known, &shown, &states, &u, &late);
        for (state, first) in plant.declared.states.iter().zip(&first) {
            values.entry(start_of(&state.quantity.name)).or_insert(*first);
        }
        let memories = self.carried.len();
        let judge = self.judge(&values, time)?;
        Ok(Made {
            states: x,
            first,
            next,
            signals,
            clock,
            judge,
            bound,
            memories,
            values,
            told: lowered.told,
            late,
            nominal: by_symbol,
        })
    }

    /// The references that no scenario says anything of: the judge may name them.
    pub(super) fn add_defaults(&mut self, known: &mut HashMap<String, Id>) {
        let law = &self.parts.law;
        for input in &law.model.declared.inputs {
            let name = &input.quantity.name;
            let is_measured = law.connect.get(name).is_some_and(|source| source != name);
            if let Some(default) = input.default.filter(|_| !is_measured) {
                known.entry(name.clone()).or_insert_with(|| self.graph.number(default));
            }
        }
    }

    /// What judges the step; nothing judges a loop that is certified.
    fn judge(&mut self, values: &HashMap<String, Id>, time: Id) -> Result<Lowered, Unfit> {
        if self.open.is_some() {
            return Ok(Lowered::default());
        }
        let acting = Acting { time, period: self.dt(), due: None, seen: HashMap::new() };
        let parts = self.parts;
        self.block("judge", &parts.judge, None, values, None, &acting)
    }

    /// The plant's inputs once the law's output is known, and the node of each symbol that stood for one of them.
    fn drive(
        &mut self,
        mut inputs: Vec<Id>,
        driven: &[Symbol],
        law: &Lowered,
        due: Option<Id>,
    ) -> Result<(Vec<Id>, HashMap<Symbol, Id>), Unfit> {
        let mut late: HashMap<Symbol, Id> = HashMap::new();
        for (place, input) in self.parts.plant.declared.inputs.iter().enumerate() {
            let Some(source) = self.parts.drive.get(&input.quantity.name) else { continue };
            let wanted = *law.values.get(source).ok_or_else(|| Unfit::Connection(source.clone()))?;
            if self.graph.depends(wanted, |symbol| driven.contains(&symbol)) {
                return Err(Unfit::Circle(source.clone()));
            }
            let wanted = self.probed(wanted);
            let acts = self.actuated(wanted, due);
            inputs[place] = self.limited(acts, input.limit);
            late.insert(driven[place], inputs[place]);
        }
        Ok((inputs, late))
    }

    /// What stands for each signal, and its first value.
    fn signals(&mut self) -> Vec<(Symbol, Id)> {
        let first = self.some_inputs(self.parts.signals.len());
        let symbols = self.many(first.len());
        symbols.into_iter().zip(first).collect()
    }

    fn world_inputs(&mut self) {
        if self.open.is_some() {
            return self.open_world_inputs();
        }
        let world = &self.parts.world;
        self.given.deviations = self.some_inputs(world.noisy.len());
        self.given.noise = self.many(world.noisy.len());
        if world.coarse {
            self.given.quanta = self.some_inputs(self.parts.plant.declared.states.len());
        }
        if world.hold {
            self.given.period = Some(self.input());
        }
        if world.dead_time > 0 {
            let steps = self.input();
            let dt = self.graph.number(self.parts.dt);
            self.given.dead_time = Some(self.graph.mul(steps, dt));
        }
        if world.actuator {
            self.given.actuator = Some([self.input(), self.input()]);
        }
    }

    /// The plant's inputs, with symbols for those that are driven.
    pub(super) fn plant_inputs(
        &mut self,
        driven: &[Symbol],
        known: &HashMap<String, Id>,
    ) -> Result<Vec<Id>, Unfit> {
        let mut inputs = Vec::new();
        for (input, symbol) in self.parts.plant.declared.inputs.iter().zip(driven) {
            let name = &input.quantity.name;
            if self.parts.drive.contains_key(name) {
                inputs.push(self.graph.symbol(*symbol));
                continue;
            }
            let value = match (known.get(name), input.default) {
                (Some(id), _) => *id,
                (None, Some(default)) => self.graph.number(default),
                (None, None) => return Err(Unfit::Connection(name.clone())),
            };
            inputs.push(self.limited(value, input.limit));
        }
        Ok(inputs)
    }

    pub(super) fn limited(&mut self, value: Id, limit: Option<f64>) -> Id {
        let Some(limit) = limit else { return value };
        let (low, high) = (self.graph.number(-limit), self.graph.number(limit));
        self.graph.clamped(value, low, high)
    }

    /// Every value by name, as the judge sees them: those of the plant before those of the law.
    fn named(
        &mut self,
        law: &Lowered,
        known: &HashMap<String, Id>,
        shown: &BTreeMap<String, Id>,
        states: &[Id],
        u: &[Id],
        late: &HashMap<Symbol, Id>,
    ) -> HashMap<String, Id> {
        let mut values: HashMap<String, Id> =
            law.values.iter().map(|(name, id)| (name.clone(), *id)).collect();
        values.extend(known.iter().map(|(name, id)| (name.clone(), *id)));
        for (name, id) in shown {
            let id = self.graph.substituted(&[*id], late)[0];
            values.insert(name.clone(), id);
        }
        let declared = &self.parts.plant.declared;
        values.extend(declared.inputs.iter().map(|input| input.quantity.name.clone()).zip(u.iter().copied()));
        let names = declared.states.iter().map(|state| state.quantity.name.clone());
        values.extend(names.zip(states.iter().copied()));
        values
    }

    /// A block on the values that it is connected to; without `gains` it has none.
    pub(super) fn block(
        &mut self,
        called: &'static str,
        block: &Connected<'_>,
        gains: Option<&[Id]>,
        values: &HashMap<String, Id>,
        view: Option<&PlantView>,
        acting: &Acting,
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
        let states = self.many(block.model.declared.states.len());
        let base = |graph: &mut Graph, base: Base| match base {
            Base::State(place) => graph.symbol(states[place]),
            Base::Input(place) => inputs[place],
            Base::Parameter(place) => gains.map_or_else(|| graph.number(f64::NAN), |gains| gains[place]),
            Base::Time => acting.time,
            Base::Step => acting.period,
        };
        let mut lowered = self.lowered(called, block.model, base, view)?;
        let all = lowered.rates.iter_mut().chain(&mut lowered.next).flatten();
        for id in all.chain(lowered.values.values_mut()) {
            *id = self.graph.substituted(&[*id], &acting.seen)[0];
        }
        for (place, symbol) in states.iter().enumerate() {
            let now = self.graph.symbol(*symbol);
            let next = match (lowered.next[place], lowered.rates[place]) {
                (Some(next), _) => next,
                (None, Some(rate)) => {
                    let change = self.graph.mul(acting.period, rate);
                    self.graph.add(now, change)
                }
                (None, None) => now,
            };
            let next = match acting.due {
                Some(due) => self.graph.select(due, next, now),
                None => next,
            };
            let state = &block.model.declared.states[place];
            let at_start = |gain: &String| {
                let declared = &block.model.declared.parameters;
                declared.iter().position(|parameter| parameter.quantity.name == *gain)
            };
            let first = match (state.initial_gain.as_ref().and_then(at_start), gains) {
                (Some(gain), Some(gains)) => gains[gain],
                _ => self.graph.number(state.initial),
            };
            self.carried.push(Carried { symbol: *symbol, first, next });
        }
        Ok(lowered)
    }

    fn lowered(
        &mut self,
        called: &'static str,
        model: &Model,
        mut base: impl FnMut(&mut Graph, Base) -> Id,
        view: Option<&PlantView>,
    ) -> Result<Lowered, Unfit> {
        let mut count = self.symbols;
        let mut fresh = || {
            count += 1;
            Symbol(count)
        };
        let lowered = model.lowered(&mut self.graph, &mut base, view, &mut fresh);
        self.symbols = count;
        lowered.map_err(|error: Misread| Unfit::Model(called, error))
    }

    pub(super) fn plant(&mut self, moment: &Moment<'_>) -> Result<Lowered, Unfit> {
        let Moment { states, parameters, inputs, time } = *moment;
        let dt = self.dt();
        let base = |_: &mut Graph, base: Base| match base {
            Base::State(place) => states[place],
            Base::Input(place) => inputs[place],
            Base::Parameter(place) => parameters[place],
            Base::Time => time,
            Base::Step => dt,
        };
        self.lowered("plant", self.parts.plant, base, None)
    }

    /// The plant's own values by name.
    pub(super) fn plant_values(&mut self, moment: &Moment<'_>) -> Result<BTreeMap<String, Id>, Unfit> {
        Ok(self.plant(moment)?.values)
    }

    /// The derivatives of the plant's states.
    pub(super) fn rates(&mut self, moment: &Moment<'_>) -> Result<Vec<Id>, Unfit> {
        let lowered = self.plant(moment)?;
        let zero = self.graph.number(0.0);
        Ok(lowered.rates.into_iter().map(|rate| rate.unwrap_or(zero)).collect())
    }

    /// The place of the plant's first input that is driven.
    pub(super) fn first_driven(&self) -> Option<usize> {
        let inputs = &self.parts.plant.declared.inputs;
        inputs.iter().position(|input| self.parts.drive.contains_key(&input.quantity.name))
    }

    /// The plant as the law sees it; where the law asks, also how the nominal plant moves without control and with it.
    pub(super) fn view(&mut self, x: &[Symbol], nominal: &[Id]) -> Result<PlantView, Unfit> {
        let states: Vec<Id> = x.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let named = self.parts.plant.declared.states.iter().map(|state| state.quantity.name.clone());
        let named = named.zip(x).zip(&states).map(|((name, symbol), id)| (name, *symbol, *id)).collect();
        let mut view = PlantView {
            states: named,
            rates: self.parts.plant.rates().to_vec(),
            drift: Vec::new(),
            input: Vec::new(),
            controls: self.parts.drive.len(),
            is_affine: false,
        };
        if !self.parts.law.model.asks_of_the_plant() {
            return Ok(view);
        }
        self.refuse_library("asks for the equations of its plant")?;
        let inputs = self.many(self.parts.plant.declared.inputs.len());
        let u: Vec<Id> = inputs.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let zero = self.graph.number(0.0);
        let rates = self.rates(&Moment { states: &states, parameters: nominal, inputs: &u, time: zero })?;
        let mut none: HashMap<Symbol, Id> = HashMap::new();
        for (symbol, input) in inputs.iter().zip(&self.parts.plant.declared.inputs) {
            let is_driven = self.parts.drive.contains_key(&input.quantity.name);
            let value = input.default.filter(|_| !is_driven).unwrap_or(0.0);
            none.insert(*symbol, self.graph.number(value));
        }
        let drift = self.graph.substituted(&rates, &none);
        let input: Vec<Id> = match self.first_driven() {
            Some(place) => rates.iter().map(|rate| self.graph.derivative(*rate, inputs[place])).collect(),
            None => vec![zero; rates.len()],
        };
        let is_affine =
            !input.iter().any(|slope| self.graph.depends(*slope, |symbol| inputs.contains(&symbol)));
        let input = self.graph.substituted(&input, &none);
        (view.drift, view.input, view.is_affine) = (drift, input, is_affine);
        Ok(view)
    }

    /// Whether the first derivatives are those that the law reckons with: the plant is the nominal one as it is seen, with one input.
    fn can_share(&self, plant: &Model) -> bool {
        let world = &self.parts.world;
        let is_ideal = !self.parts.varies && world.noisy.is_empty() && !world.coarse;
        // An input that a signal drives moves the plant, and the law does not know of it.
        let is_unknown = |input: &Input| self.parts.signals.contains(&input.quantity.name);
        is_ideal && self.parts.drive.len() == 1 && !plant.declared.inputs.iter().any(is_unknown)
    }

    /// The derivatives as drift and input; what the law has made of them stands in the graph.
    fn under(&mut self, view: &PlantView, u: &[Id]) -> Vec<Id> {
        let force = self.first_driven().map_or_else(|| self.graph.number(0.0), |place| u[place]);
        let pairs: Vec<(Id, Id)> = view.drift.iter().copied().zip(view.input.iter().copied()).collect();
        let sum = |(drift, input): (Id, Id)| {
            let part = self.graph.mul(input, force);
            self.graph.add(drift, part)
        };
        pairs.into_iter().map(sum).collect()
    }
}

/// What a judge calls the value of a state at the start.
#[must_use]
pub fn start_of(state: &str) -> String {
    format!("{state}_start")
}

/// When a block acts.
#[derive(Debug)]
pub(super) struct Acting {
    pub(super) time: Id,
    pub(super) period: Id,
    /// Whether it acts in this step; nothing where it always does.
    pub(super) due: Option<Id>,
    /// What it sees instead of the plant's states.
    pub(super) seen: HashMap<Symbol, Id>,
}
