//! A step of the loop for its certificate: dt, the control period and whether the law acts are inputs, and a probe is added to each output of the law. What
//! is observed of the plant is told too, and noise is added to what the law is shown of it.
//!
//! ```text
//! u = law(x_k, signals, its states) + probe     where it is due, else held
//! u → dead time → lag → limit
//! x_k+1 = method(plant, x_k, u, signals)        over dt
//! ```
//!
//! Sensors are ideal and nothing limits a rate: neither noise nor a limit that is not reached moves a linearised loop, and steps of sensors
//! have no linearisation.

use foldhash::HashMap;

use super::compose::{Composer, Made, Moment};
use super::finish::Whole;
use super::open::{Open, Sliding};
use super::{Parts, Unfit};
use crate::graph::{Graph, Id, Operation, Symbol};
use crate::model::Lowered;
use crate::program::Tape;

/// A step of a loop as it is differentiated.
///
/// The inputs are, in this order: dt, the control period, whether the law is due (1 or 0), the probes, the noises of what is observed, gains, first states,
/// first values of the signals, dead time and actuator lag in s where the world has them, and a number that nothing reads.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// Inputs → carried values: states, signals, and what is remembered.
    pub start: Tape,
    /// Inputs, carried values → carried values after a step, then the law's outputs, one for each probe, then what is observed.
    pub advance: Tape,
    /// How many inputs there are.
    pub inputs: usize,
    /// How many probes: driven inputs of the plant.
    pub probes: usize,
    /// How many values of the loop are observed, each with a noise.
    pub observed: usize,
    /// The names of the driven inputs, then of what is observed.
    pub names: Vec<String>,
    /// How many gains.
    pub gains: usize,
    /// How many states of the plant, which are the first carried values.
    pub states: usize,
    /// How many signals, which are the next.
    pub signals: usize,
    /// How many values are carried.
    pub carried: usize,
    /// The places of what moves by itself among the carried values.
    pub moving: Vec<usize>,
    /// Delay lines: the place of the delayed value, and that of its number of steps.
    pub delays: Vec<[usize; 2]>,
    /// Whether the inputs have a dead time, and a lag.
    pub world: [bool; 2],
    /// How it slides, where the law says that it does.
    pub slides: Option<Slides>,
}

/// The motion of a plant on σ = 0 under the equivalent control.
#[derive(Debug, Clone)]
pub struct Slides {
    /// Inputs, carried values → the derivatives of the states, σ, how σ' grows with the control, and whether the law reaches σ = 0.
    pub motion: Tape,
}

/// Where the inputs of a [`Sampled`] begin that are not the step's: the first probe.
pub(crate) const PROBES_AT: usize = 3;

impl Sampled {
    /// How many ways into the loop there are, probes and noises, and as many ways out, what the law says and what is observed.
    #[must_use]
    pub fn ways(&self) -> usize {
        self.probes + self.observed
    }

    /// Composes a step of the loop for its certificate; values named in `observed` are told too.
    ///
    /// # Errors
    ///
    /// As [`super::ClosedLoop::new`]; also where what the law declares to slide on is no value of the plant's states, or the plant is not
    /// affine in the only input that it drives.
    pub fn new(parts: &Parts<'_>, observed: &[&str]) -> Result<Self, Unfit> {
        let mut composer = Composer::new(parts);
        let [dt, period, due] = [composer.input(), composer.input(), composer.input()];
        let probes = composer.some_inputs(parts.drive.len());
        let noises = composer.some_inputs(observed.len());
        let observed = observed.iter().map(|name| (*name).to_owned()).zip(noises).collect();
        composer.open = Some(Open { dt, period, due, probes, observed, said: Vec::new(), slides: None });
        let made = composer.step()?;
        composer.sampled(&made)
    }
}

impl Composer<'_> {
    /// The step in s: a number, but where a certificate leaves it open.
    pub(super) fn dt(&mut self) -> Id {
        match &self.open {
            Some(open) => open.dt,
            None => self.graph.number(self.parts.dt),
        }
    }

    /// The time from one evaluation of the law to the next, in s.
    pub(super) fn law_period(&mut self) -> Id {
        match (&self.open, self.given.period) {
            (Some(open), _) => open.period,
            (None, Some(steps)) => {
                let dt = self.dt();
                self.graph.mul(steps, dt)
            }
            (None, None) => self.dt(),
        }
    }

    /// Dead time and lag in s, where the world has them.
    pub(super) fn open_world_inputs(&mut self) {
        let (has_dead_time, has_lag) = (self.parts.world.dead_time > 0, self.parts.world.actuator);
        if has_dead_time {
            self.given.dead_time = Some(self.input());
        }
        if has_lag {
            let lag = self.input();
            let dt = self.dt();
            let share = self.graph.div(dt, lag);
            let share = self.graph.neg(share);
            let left = self.graph.apply(Operation::Exp, &[share]);
            let one = self.graph.number(1.0);
            let approach = self.graph.sub(one, left);
            self.given.actuator = Some([approach, self.graph.number(f64::INFINITY)]);
        }
    }

    /// What the law says, moved by the next probe; as it is where nothing is certified.
    pub(super) fn probed(&mut self, said: Id) -> Id {
        let Some(open) = &mut self.open else { return said };
        let probe = open.probes[open.said.len()];
        open.said.push(said);
        self.graph.add(said, probe)
    }

    /// What sensors show of the states where they are observed.
    pub(super) fn noisy_states(&mut self, seen: &mut [Id]) {
        let observed = self.open.as_ref().map_or(Vec::new(), |open| open.observed.clone());
        let states = &self.parts.plant.declared.states;
        for (name, noise) in observed {
            if let Some(place) = states.iter().position(|state| state.quantity.name == name) {
                seen[place] = self.graph.add(seen[place], noise);
            }
        }
    }

    /// What sensors show of the plant's outputs where they are observed.
    pub(super) fn noisy_outputs(&mut self, measured: &mut HashMap<String, Id>) {
        let observed = self.open.as_ref().map_or(Vec::new(), |open| open.observed.clone());
        let outputs = &self.parts.plant.declared.outputs;
        for (name, noise) in observed {
            let is_output = outputs.iter().any(|output| output.name == name);
            if let Some(value) = measured.get_mut(&name).filter(|_| is_output) {
                *value = self.graph.add(*value, noise);
            }
        }
    }

    /// Keeps what the law says of itself for its certificate.
    pub(super) fn declared(
        &mut self,
        law: &Lowered,
        states: &[Symbol],
        moment: &Moment<'_>,
        driven: &[Symbol],
    ) -> Result<(), Unfit> {
        if self.open.is_none() {
            return Ok(());
        }
        let Some(name) = &self.parts.law.model.declared.sliding else { return Ok(()) };
        let refuse = |problem: String, remedy: &str| Err(Unfit::Law { problem, remedy: remedy.into() });
        let Some(sigma) = law.values.get(name).copied() else {
            return refuse(
                format!("sliding = \"{name}\" is no value of it"),
                "name one that a statement gives",
            );
        };
        let given = |symbol: &Symbol| states.contains(symbol) || self.inputs.contains(symbol);
        let control = self.first_driven().map(|place| driven[place]).filter(|_| self.parts.drive.len() == 1);
        let is_given = !self.graph.depends(sigma, |symbol| !given(&symbol));
        let Some(control) = control.filter(|_| is_given) else {
            return refuse(
                format!("sliding = \"{name}\" is not made of states of the plant and gains alone"),
                "name a value of these, of a law that drives one input",
            );
        };
        let reaches = law.values.get(crate::model::REACHES).copied();
        if let Some(open) = &mut self.open {
            let (inputs, parameters) = (moment.inputs.to_vec(), moment.parameters.to_vec());
            open.slides = Some(Sliding { sigma, reaches, inputs, parameters, control });
        }
        Ok(())
    }

    fn sampled(mut self, made: &Made) -> Result<Sampled, Unfit> {
        let (mut shown, observed) = match &self.open {
            Some(open) => (open.said.clone(), open.observed.clone()),
            None => (Vec::new(), Vec::new()),
        };
        let probes = shown.len();
        let inputs = self.parts.plant.declared.inputs.iter().map(|input| &input.quantity.name);
        let driven = inputs.filter(|name| self.parts.drive.contains_key(*name)).cloned();
        let names = driven.chain(observed.iter().map(|(name, _)| name.clone())).collect();
        let zero = self.graph.number(0.0);
        shown.extend(observed.iter().map(|(name, _)| made.values.get(name).copied().unwrap_or(zero)));
        let mut carried = self.carried_first(made);
        let memories_at = carried.len();
        carried.append(&mut self.carried);
        let stop = self.graph.number(0.0);
        let mut whole = Whole { carried, stop, shown, results: Vec::new() };
        whole.replace(&mut self, &made.late);
        let lines = self.delays(made, &mut whole)?;
        self.clock(made, &mut whole);
        self.fixed(&mut whole);
        let slides = self.slides(made, &whole)?;
        if self.graph.is_full() {
            let remedy = format!("allowed: {} operations; use a smaller model", crate::graph::NODES_MAX);
            let problem = "makes a loop that is too large".into();
            return Err(Unfit::Law { problem, remedy });
        }
        let first: Vec<Id> = whole.carried.iter().map(|carried| carried.first).collect();
        let next: Vec<Id> =
            whole.carried.iter().map(|carried| carried.next).chain(whole.shown.clone()).collect();
        let states = made.states.len();
        Ok(Sampled {
            start: Tape::new(&self.graph, &self.inputs, &first),
            advance: Tape::new(&self.graph, &self.known(&whole), &next),
            inputs: self.inputs.len(),
            probes,
            observed: observed.len(),
            names,
            gains: self.parts.law.model.declared.parameters.len(),
            states,
            signals: made.signals.len(),
            carried: whole.carried.len(),
            moving: (0..states).chain(memories_at..memories_at + made.memories).collect(),
            delays: lines.iter().map(|line| [line.slot, line.steps]).collect(),
            world: [self.given.dead_time.is_some(), self.given.actuator.is_some()],
            slides,
        })
    }

    fn known(&self, whole: &Whole) -> Vec<Symbol> {
        let carried = whole.carried.iter().map(|carried| carried.symbol);
        self.inputs.iter().copied().chain(carried).collect()
    }

    /// The motion on σ = 0: x' = f(x) + g(x)·u with u = −(∇σ·f)/(∇σ·g).
    fn slides(&mut self, made: &Made, whole: &Whole) -> Result<Option<Slides>, Unfit> {
        let Some(sliding) = self.open.as_mut().and_then(|open| open.slides.take()) else { return Ok(None) };
        self.refuse_library("says of its certificate that it slides")?;
        let Sliding { sigma, reaches, inputs, parameters, control } = sliding;
        let time = self.graph.number(0.0);
        let states: Vec<Id> = made.states.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let rates =
            self.rates(&Moment { states: &states, parameters: &parameters, inputs: &inputs, time })?;
        let grows: Vec<Id> = rates.iter().map(|rate| self.graph.derivative(*rate, control)).collect();
        if grows.iter().any(|slope| self.graph.depends(*slope, |symbol| symbol == control)) {
            let problem = "slides, but the plant does not move evenly with its input".into();
            let remedy = "leave `sliding` out of the controller's [certificate]".into();
            return Err(Unfit::Law { problem, remedy });
        }
        let none = HashMap::from_iter([(control, self.graph.number(0.0))]);
        let drift = self.graph.substituted(&rates, &none);
        let normal: Vec<Id> = made.states.iter().map(|state| self.graph.derivative(sigma, *state)).collect();
        let [along, across] = [&drift, &grows].map(|motion| dot(&mut self.graph, &normal, motion));
        let quotient = self.graph.div(along, across);
        let mut roots = Vec::new();
        for (drift, grows) in drift.iter().zip(&grows) {
            let part = self.graph.mul(*grows, quotient);
            roots.push(self.graph.sub(*drift, part));
        }
        let yes = self.graph.number(1.0);
        roots.extend([sigma, across, reaches.unwrap_or(yes)]);
        Ok(Some(Slides { motion: Tape::new(&self.graph, &self.known(whole), &roots) }))
    }
}

fn dot(graph: &mut Graph, a: &[Id], b: &[Id]) -> Id {
    let mut sum = graph.number(0.0);
    for (a, b) in a.iter().zip(b) {
        let part = graph.mul(*a, *b);
        sum = graph.add(sum, part);
    }
    sum
}
