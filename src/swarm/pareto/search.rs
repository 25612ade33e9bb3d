//! A whole search for trade-offs: one swarm, when it ends, and the hypervolume on the way.

use std::time::Duration;

use super::{Costs, Front, OBJECTIVES_MAX, ParetoSettings, ParetoSwarm, Point};
use crate::Error;
use crate::archive::{Archive, Damage, Persist};
use crate::memory;
use crate::swarm::{Axis, Outcome, Plan, Question, StopReason, Stopping};

/// What a search for trade-offs asks for, in place of one best position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeOffs {
    /// How many objectives there are.
    pub objectives: usize,
    /// The most trade-offs that are kept.
    pub kept: usize,
}

/// A search for trade-offs: [`TradeOffSearch::ask`], judge, [`TradeOffSearch::tell`], until it says why it ends.
///
/// It ends after its generations or evaluations, when the hypervolume has not grown for some generations, or at the end of its time.
pub struct TradeOffSearch {
    stopping: Stopping,
    objectives: usize,
    swarm: ParetoSwarm,
    /// What positions have to beat: nothing.
    nothing: Box<[Outcome]>,
    generations: u64,
    evaluations: u64,
    /// Positions of the last generation that were judged, where the budget ended within it; otherwise 0. Such a generation counts for the
    /// trade-offs, but the swarm does not learn from it, so that a larger budget can evaluate it again as a whole.
    cut: u64,
    /// The trade-offs with those of such a generation.
    cut_front: Front,
    /// Up to where the hypervolume is measured: the worst feasible costs of the first generation that had some.
    reference: Option<Point>,
    hypervolume: f64,
    /// The hypervolume from which a gain is counted, and the generation in which it was reached.
    counted: (f64, u64),
    /// The most generations in a row without a gain that were followed by one.
    longest_stall: u64,
    /// The knee.
    best: Outcome,
    best_position: Box<[f64]>,
    /// The rules under which it ran when it was saved.
    ran_under: Stopping,
}

impl TradeOffSearch {
    /// A search over the box of the given axes, at its beginning; everything is reserved here.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// As [`ParetoSwarm::new`].
    pub fn new(axes: &[Axis], plan: &Plan, trade_offs: TradeOffs, seed: u64) -> Result<Self, Error> {
        let TradeOffs { objectives, kept } = trade_offs;
        let settings = ParetoSettings {
            particles: plan.settings.particles,
            kept,
            initial: plan.settings.initial,
            start: plan.settings.start.clone(),
        };
        let mut swarm = ParetoSwarm::new(axes, objectives, &settings, seed)?;
        // The result if nothing is ever told.
        let best_position = swarm.ask()[..axes.len()].into();
        Ok(Self {
            stopping: plan.stopping,
            objectives,
            swarm,
            nothing: memory::filled("the swarm (particles)", settings.particles, Outcome::WORST)?,
            generations: 0,
            evaluations: 0,
            cut: 0,
            cut_front: Front::new(axes.len(), objectives, kept)?,
            reference: None,
            hypervolume: 0.0,
            counted: (0.0, 0),
            longest_stall: 0,
            best: Outcome::WORST,
            best_position,
            ran_under: plan.stopping,
        })
    }

    /// The positions to judge, no more than the budget allows; none has anything to beat.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask(&mut self) -> Question<'_> {
        let left = self.stopping.evaluations.saturating_sub(self.evaluations);
        let count = self.nothing.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let dimensions = self.best_position.len();
        Question { positions: &self.swarm.ask()[..count * dimensions], to_beat: &self.nothing[..count] }
    }

    /// Takes the costs of every position, in their order; why the search ends, if it does.
    ///
    /// `elapsed` is the time since the beginning.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn tell(&mut self, costs: &[Costs], elapsed: Duration) -> Option<StopReason> {
        self.generations += 1;
        self.evaluations += costs.len() as u64;
        let worst = worst_feasible(costs);
        let reference = self.reference.or(worst);
        self.cut = if costs.len() < self.nothing.len() { costs.len() as u64 } else { 0 };
        let objectives = self.objectives;
        self.hypervolume = if self.cut > 0 {
            self.swarm.would_keep(costs, &mut self.cut_front);
            reference.map_or(0.0, |point| self.cut_front.hypervolume(&point[..objectives]))
        } else {
            self.swarm.tell(costs);
            self.reference = reference;
            let hypervolume = reference.map_or(0.0, |point| self.swarm.hypervolume(&point[..objectives]));
            self.note_gain(hypervolume);
            hypervolume
        };
        self.note_knee();
        self.end(elapsed)
    }

    /// The knee so far and its outcome, whose cost is the sum of the objectives; of infeasible positions the one that violates
    /// least, and [`Outcome::WORST`] before anything was told.
    #[must_use]
    pub fn best(&self) -> (&[f64], Outcome) {
        (&self.best_position, self.best)
    }

    /// The best trade-offs so far.
    #[must_use]
    pub fn front(&self) -> &Front {
        if self.cut > 0 { &self.cut_front } else { self.swarm.front() }
    }

    /// The places of the kept points, by the first objective, then by the others.
    #[must_use]
    pub fn in_order(&self) -> Vec<usize> {
        let costs = self.front().costs();
        let mut order: Vec<usize> = (0..costs.len()).collect();
        let compare = |a: &usize, b: &usize| {
            let mut pairs = costs[*a].values.iter().zip(&costs[*b].values);
            pairs.find_map(|(a, b)| Some(a.total_cmp(b)).filter(|order| order.is_ne())).unwrap_or(a.cmp(b))
        };
        order.sort_by(compare);
        order
    }

    /// A kept point in the units of the axes.
    ///
    /// # Panics
    ///
    /// When there is no such point, or `position` has not a coordinate an axis.
    pub fn locate(&self, point: usize, position: &mut [f64]) {
        self.swarm.decode(self.front().cube(point), position);
    }

    /// How many objectives there are.
    #[must_use]
    pub fn objectives(&self) -> usize {
        self.objectives
    }

    /// The measure of what the trade-offs dominate, up to the worst feasible costs of the first generation that had some, in each
    /// objective; 0 before.
    #[must_use]
    pub fn hypervolume(&self) -> f64 {
        self.hypervolume
    }

    /// Generations done.
    #[must_use]
    pub fn generations(&self) -> u64 {
        self.generations
    }

    /// Whether the last generation was cut short because the budget ended within it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut > 0
    }

    /// Positions judged.
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// As [`Search::resume`](crate::swarm::Search::resume).
    ///
    /// # Errors
    ///
    /// When a search with these rules would have ended before: which rule, and why.
    pub fn resume(&mut self, elapsed: Duration) -> Result<Option<StopReason>, String> {
        let before = self.ran_under;
        if self.stopping.stall_generations.is_none() {
            // Without this rule gains are not limited; they are counted as before.
            self.stopping.stall_gain = before.stall_gain;
        }
        let now = self.stopping;
        if now.stall_gain.to_bits() != before.stall_gain.to_bits() {
            let [there, here] = [before.stall_gain, now.stall_gain];
            return Err(format!(
                "config.swarm.stopping.stall_gain is {there} there and {here} here: gains are counted by one"
            ));
        }
        // A stall that lasts may be as long as is allowed: then the search ends here.
        let longest = self.longest_stall.max(self.stall().saturating_sub(1));
        if let Some(limit) = now.stall_generations.filter(|limit| longest >= *limit) {
            return Err(format!(
                "config.swarm.stopping.stall_generations is {limit} here, and there were {longest} without a gain"
            ));
        }
        if let Some(why) = now.overrun(&before, [self.generations, self.evaluations], elapsed) {
            return Err(why);
        }
        self.ran_under = now;
        if self.cut > 0 && now.evaluations > self.evaluations {
            self.generations = self.generations.saturating_sub(1);
            self.evaluations = self.evaluations.saturating_sub(self.cut);
            self.cut = 0;
            return Ok(None);
        }
        Ok(self.end(elapsed))
    }

    /// Counts the generations since the last gain in hypervolume.
    fn note_gain(&mut self, hypervolume: f64) {
        let (counted, since) = self.counted;
        let is_first = since == 0 && self.reference.is_some();
        if is_first || hypervolume - counted > self.stopping.stall_gain * counted {
            let stall = if is_first { 0 } else { self.generations.saturating_sub(since + 1) };
            self.longest_stall = self.longest_stall.max(stall);
            self.counted = (hypervolume, self.generations);
        }
    }

    /// Whole generations since the last gain in hypervolume; none before anything feasible was found, when nothing can grow.
    fn stall(&self) -> u64 {
        let since = self.generations.saturating_sub(self.counted.1);
        if self.reference.is_none() { 0 } else { since.saturating_sub(self.is_cut().into()) }
    }

    /// Why the search ends as it stands, if it does.
    fn end(&self, elapsed: Duration) -> Option<StopReason> {
        let is_stalled = self.stopping.stall_generations.is_some_and(|limit| self.stall() >= limit.max(1));
        match self.stopping.end([self.generations, self.evaluations], elapsed) {
            None | Some(StopReason::WallTime) if is_stalled => Some(StopReason::Stall),
            ended => ended,
        }
    }

    fn note_knee(&mut self) {
        let front = if self.cut > 0 { &self.cut_front } else { self.swarm.front() };
        if let Some(knee) = front.knee() {
            self.best = front.costs()[knee].outcome();
            self.swarm.decode(front.cube(knee), &mut self.best_position);
        }
    }
}

/// The worst cost of feasible positions in each objective; `None` where none is feasible.
fn worst_feasible(costs: &[Costs]) -> Option<Point> {
    let mut feasible = costs.iter().filter(|costs| costs.is_feasible()).map(|costs| costs.values);
    let first = feasible.next()?;
    Some(feasible.fold(first, |worst, values| std::array::from_fn(|k| worst[k].max(values[k]))))
}

impl Persist for TradeOffSearch {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        for count in [&mut self.generations, &mut self.evaluations, &mut self.cut] {
            archive.u64(count)?;
        }
        self.swarm.pass(archive)?;
        self.cut_front.pass(archive)?;
        let nothing = [0.0; OBJECTIVES_MAX];
        archive.optional(&mut self.reference, nothing, |archive, point| archive.f64s(point))?;
        archive.f64(&mut self.hypervolume)?;
        archive.f64(&mut self.counted.0)?;
        archive.u64(&mut self.counted.1)?;
        archive.u64(&mut self.longest_stall)?;
        self.best.pass(archive)?;
        archive.f64s(&mut self.best_position)?;
        self.ran_under.pass(archive)
    }
}
