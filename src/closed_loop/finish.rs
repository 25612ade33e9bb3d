//! From the nodes of a step to a program.

use foldhash::{HashMap, HashMapExt, HashSet};

use super::compose::{Composer, Made};
use super::{ClosedLoop, DELAY_MAX, DelayLine, Layout, Told, Unfit};
use crate::graph::{Delay, Fixed, Id, NODES_MAX, Node, Operation, Symbol};
use crate::program::{Carried, Program, Sections, Tape};

impl Composer<'_> {
    pub(super) fn finish(mut self, made: &Made) -> Result<ClosedLoop, Unfit> {
        let (sections, layout) = self.sections(made)?;
        let told = self.told(made);
        let program = Program::new(&mut self.graph, &sections).map_err(Unfit::TooLarge)?;
        self.is_whole()?;
        Ok(ClosedLoop { program, layout, told })
    }

    /// Refuses a graph that is full: what has been made from then on is no more than NaN.
    pub(super) fn is_whole(&self) -> Result<(), Unfit> {
        if !self.graph.is_full() {
            return Ok(());
        }
        let remedy = format!("allowed: {NODES_MAX} operations; use a smaller model or fewer terms");
        let problem = "makes a loop that is too large".into();
        Err(Unfit::Law { problem, remedy })
    }

    /// What a program is made of, and where the numbers of a job go.
    pub(super) fn sections(&mut self, made: &Made) -> Result<(Sections, Layout), Unfit> {
        let [stop, has_failed, cost] = self.judged(made)?;
        let missing = |name: &String| Unfit::Connection(name.clone());
        let of_judge = |name: &String| made.judge.values.get(name).copied().ok_or_else(|| missing(name));
        let mut results = vec![has_failed, cost];
        for (name, _) in &self.parts.terms {
            results.push(of_judge(name)?);
        }
        let mut shown = Vec::new();
        for name in &self.parts.shown {
            shown.push(*made.values.get(name).ok_or_else(|| missing(name))?);
        }
        let mut carried = self.carried_first(made);
        let signals_at = made.states.len();
        let noise_at = carried.len();
        for symbol in self.given.noise.clone() {
            let (first, next) = (self.graph.number(0.0), self.graph.symbol(symbol));
            carried.push(Carried { symbol, first, next });
        }
        let memories_at = carried.len();
        carried.append(&mut self.carried);
        let mut whole = Whole { carried, stop, shown, results };
        whole.replace(self, &made.late);
        let delays = self.delays(made, &mut whole)?;
        self.clock(made, &mut whole);
        self.fixed(&mut whole);
        let fixed = memories_at + made.memories;
        let (needed, delays) = self.sorted(&mut whole, fixed, delays);

        let Whole { carried, stop, shown, results } = whole;
        let layout = Layout {
            gains: self.parts.law.model.declared.parameters.len(),
            nominal: if self.parts.varies { self.parts.nominal.to_vec() } else { Vec::new() },
            states: made.states.len(),
            signals: made.signals.len(),
            world: self.parts.world.clone(),
            terms: self.parts.terms.iter().map(|(_, needed)| *needed).collect(),
            signals_at,
            noise_at,
            moving: (0..signals_at).chain(memories_at..memories_at + made.memories).collect(),
            delays,
        };
        let sections = Sections { inputs: self.inputs.clone(), carried, needed, stop, shown, results };
        Ok((sections, layout))
    }

    /// States and signals, which are carried before all else.
    pub(super) fn carried_first(&mut self, made: &Made) -> Vec<Carried> {
        let mut carried: Vec<Carried> = Vec::new();
        for ((symbol, first), next) in made.states.iter().zip(&made.first).zip(&made.next) {
            carried.push(Carried { symbol: *symbol, first: *first, next: *next });
        }
        for (symbol, first) in &made.signals {
            let next = self.graph.symbol(*symbol);
            carried.push(Carried { symbol: *symbol, first: *first, next });
        }
        carried
    }

    /// Whether to stop after the step, whether it has failed at the end, and the cost at the end.
    fn judged(&mut self, made: &Made) -> Result<[Id; 3], Unfit> {
        let of_judge = |name: &str| {
            let missing = || Unfit::Connection(format!("the judge's `{name}`"));
            made.judge.values.get(name).copied().ok_or_else(missing)
        };
        let [cost, partial, failed] = [of_judge("cost")?, of_judge("partial")?, of_judge("failed")?];
        let moved: HashMap<Symbol, Id> = made.states.iter().copied().zip(made.next.iter().copied()).collect();
        let failed_after = self.graph.substituted(&[failed], &moved)[0];
        // The partial cost of the sums as they are after the step.
        let sums: HashMap<Symbol, Id> = self.carried.iter().map(|sum| (sum.symbol, sum.next)).collect();
        let partial_after = self.graph.substituted(&[partial], &sums)[0];
        let over = self.graph.apply(Operation::Less, &[made.bound, partial_after]);
        let finite = self.finite(&made.next);
        let lost = self.graph.apply(Operation::Not, &[finite]);
        let stop = self.graph.apply(Operation::Or, &[failed_after, lost]);
        let stop = self.graph.apply(Operation::Or, &[stop, over]);

        let states: Vec<Id> = made.states.iter().map(|symbol| self.graph.symbol(*symbol)).collect();
        let finite = self.finite(&states);
        let lost = self.graph.apply(Operation::Not, &[finite]);
        let has_failed = self.graph.apply(Operation::Or, &[failed, lost]);
        Ok([stop, has_failed, cost])
    }

    /// Makes delayed values carried ones, which delay lines bring back.
    pub(super) fn delays(&mut self, made: &Made, whole: &mut Whole) -> Result<Vec<DelayLine>, Unfit> {
        let mut lines = Vec::new();
        let mut taken: HashMap<Symbol, Id> = HashMap::new();
        // What stands for those that may be of now.
        let mut now: HashMap<Symbol, Id> = HashMap::new();
        loop {
            let roots = whole.roots();
            let needed = self.graph.reachable(&roots);
            let is_needed = |delay: &&Delay| {
                !taken.contains_key(&delay.symbol)
                    && needed.iter().any(|id| self.graph.node(*id) == Node::Symbol(delay.symbol))
            };
            let Some(delay) = self.graph.delays().iter().find(is_needed).copied() else { break };
            let of = self.graph.substituted(&[delay.of], &made.late);
            let of = self.graph.substituted(&of, &now)[0];
            let (steps, most) = self.delay_steps(made, delay.seconds)?;
            let count = self.fresh();
            let at = whole.carried.len();
            let next = self.graph.symbol(count);
            let zero = self.graph.number(0.0);
            whole.carried.push(Carried { symbol: count, first: steps, next });
            whole.carried.push(Carried { symbol: delay.symbol, first: zero, next: of });
            taken.insert(delay.symbol, of);
            lines.push(DelayLine { slot: at + 1, steps: at, most });
            // What is less than half a step ago is now.
            if self.graph.value(steps).is_none_or(|steps| steps < 0.5) {
                let half = self.graph.number(0.5);
                let is_now = self.graph.apply(Operation::Less, &[next, half]);
                let past = self.graph.symbol(delay.symbol);
                let value = self.graph.select(is_now, of, past);
                let by = HashMap::from_iter([(delay.symbol, value)]);
                whole.replace(self, &by);
                for other in now.values_mut() {
                    *other = self.graph.substituted(&[*other], &by)[0];
                }
                now.extend(by);
            }
        }
        Ok(lines)
    }

    /// A time in steps, a whole number at least 0, and the largest that it can be.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "checked against DELAY_MAX, or bounded by the config"
    )]
    fn delay_steps(&mut self, made: &Made, seconds: Id) -> Result<(Id, usize), Unfit> {
        let known = |symbol: Symbol| made.nominal.get(&symbol).copied();
        let nominal = if self.given.dead_time == Some(seconds) {
            let most = self.parts.world.dead_time as f64;
            most * self.parts.dt
        } else {
            // A job may give twice as much, since a parameter is less than twice its nominal value.
            let nominal = self.graph.evaluated(&[seconds], &|symbol| known(symbol).unwrap_or(f64::NAN))[0];
            if self.graph.value(seconds).is_some() { nominal } else { 2.0 * nominal }
        };
        let most = match self.open {
            // The step may be another.
            Some(_) => DELAY_MAX as f64,
            None => (nominal / self.parts.dt).round(),
        };
        if !(0.0..=DELAY_MAX as f64).contains(&most) {
            return Err(Unfit::Delay(format!("of {most} control periods")));
        }
        let dt = self.dt();
        let steps = self.graph.div(seconds, dt);
        let whole = self.graph.apply(Operation::Round, &[steps]);
        let (zero, largest) = (self.graph.number(0.0), self.graph.number(most));
        Ok((self.graph.clamped(whole, zero, largest), (most as usize).max(1)))
    }

    /// Counts the steps, where anything needs the time.
    pub(super) fn clock(&mut self, made: &Made, whole: &mut Whole) {
        let needed = self.graph.reachable(&whole.roots());
        if needed.iter().any(|id| self.graph.node(*id) == Node::Symbol(made.clock)) {
            let [zero, one] = [0.0, 1.0].map(|number| self.graph.number(number));
            let now = self.graph.symbol(made.clock);
            let next = self.graph.add(now, one);
            whole.carried.push(Carried { symbol: made.clock, first: zero, next });
        }
    }

    /// Carries what is fixed during a simulation, where anything needs it: made at the start, and held.
    pub(super) fn fixed(&mut self, whole: &mut Whole) {
        let needed = self.graph.reachable(&whole.roots());
        let is_needed =
            |fixed: &&Fixed| needed.iter().any(|id| self.graph.node(*id) == Node::Symbol(fixed.symbol));
        let all: Vec<Fixed> = self.graph.fixed().iter().filter(is_needed).copied().collect();
        for Fixed { symbol, of } in all {
            whole.carried.push(Carried { symbol, first: of, next: self.graph.symbol(symbol) });
        }
    }

    /// What gives the numbers that the law comes to.
    pub(super) fn told(&mut self, made: &Made) -> Told {
        let by: HashMap<Symbol, Id> =
            self.graph.fixed().iter().map(|fixed| (fixed.symbol, fixed.of)).collect();
        let (names, nodes): (Vec<String>, Vec<Id>) = made.told.iter().cloned().unzip();
        let nodes = self.graph.substituted(&nodes, &by);
        Told { names, tape: Tape::new(&self.graph, &self.inputs, &nodes) }
    }

    /// Moves the carried values that only unused terms need behind all others, from the place `fixed` on. Returns how many come before
    /// them, and the delay lines with their new places.
    fn sorted(&self, whole: &mut Whole, fixed: usize, mut delays: Vec<DelayLine>) -> (usize, Vec<DelayLine>) {
        let asked = self.parts.terms.iter().map(|(_, needed)| *needed);
        let asked = [true, true].into_iter().chain(asked);
        let results = whole.results.iter().zip(asked).filter(|(_, asked)| *asked).map(|(id, _)| *id);
        let mut open: Vec<Id> = results.chain([whole.stop]).collect();
        let mut is_needed: Vec<bool> = (0..whole.carried.len()).map(|place| place < fixed).collect();
        for line in &delays {
            (is_needed[line.slot], is_needed[line.steps]) = (true, true);
        }
        open.extend(
            whole.carried.iter().zip(&is_needed).filter(|(_, is)| **is).map(|(carried, _)| carried.next),
        );
        while !open.is_empty() {
            let reached = self.graph.reachable(&open);
            open.clear();
            let symbols: HashSet<Symbol> = reached
                .iter()
                .filter_map(|id| match self.graph.node(*id) {
                    Node::Symbol(symbol) => Some(symbol),
                    _ => None,
                })
                .collect();
            for (carried, is) in whole.carried.iter().zip(&mut is_needed) {
                if !*is && symbols.contains(&carried.symbol) {
                    *is = true;
                    open.push(carried.next);
                }
            }
        }
        let mut order: Vec<usize> = (0..whole.carried.len()).collect();
        order.sort_by_key(|place| !is_needed[*place]);
        whole.carried = order.iter().map(|place| whole.carried[*place]).collect();
        let now = |before: usize| order.iter().position(|place| *place == before).unwrap_or(before);
        for line in &mut delays {
            (line.slot, line.steps) = (now(line.slot), now(line.steps));
        }
        (is_needed.iter().filter(|is| **is).count(), delays)
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

/// All that a program is made of.
pub(super) struct Whole {
    pub(super) carried: Vec<Carried>,
    pub(super) stop: Id,
    pub(super) shown: Vec<Id>,
    pub(super) results: Vec<Id>,
}

impl Whole {
    fn roots(&self) -> Vec<Id> {
        let next = self.carried.iter().map(|carried| carried.next);
        next.chain([self.stop])
            .chain(self.shown.iter().copied())
            .chain(self.results.iter().copied())
            .collect()
    }

    /// Puts nodes in the places of symbols, everywhere.
    pub(super) fn replace(&mut self, composer: &mut Composer<'_>, by: &HashMap<Symbol, Id>) {
        let new = composer.graph.substituted(&self.roots(), by);
        let mut new = new.into_iter();
        let mut take = |id: &mut Id| *id = new.next().unwrap_or(*id);
        self.carried.iter_mut().for_each(|carried| take(&mut carried.next));
        take(&mut self.stop);
        self.shown.iter_mut().for_each(&mut take);
        self.results.iter_mut().for_each(take);
    }
}
