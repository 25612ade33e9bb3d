//! A whole search: swarms, one that is kept beside them, the polish of their best (MA-ES), restarts and termination.

use std::time::Duration;

use super::ma_es::MaEs;
use super::motion::Manner;
use super::{Axis, Outcome, Plan, Race, Settings, StopReason, Stopping, Swarm, decode};
use crate::archive::{Archive, Damage, Persist};
use crate::{Error, memory};
use age::{Age, SETTLED_SPREAD, gains, settled};
use kept::Kept;

mod age;
mod asynchronous;
mod coarse;
mod kept;
mod resumed;

pub use asynchronous::AsynchronousSearch;

/// A swarm draws random numbers of so many generations, as a power of 2, before it would draw those of the next.
const DRAWS: u32 = 32;
/// Moves that a particle tries at most while a part of the truth judges: generations cost little then, and a swarm that is in less of a hurry misses the best place less often.
const MOVES_BY_A_PART: usize = 4;

/// What a search asks: positions, and what is worth knowing about each.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Positions in the units of the axes, one after the other.
    pub positions: &'a [f64],
    /// For each position an outcome: whatever is no better than it need not be known exactly.
    pub to_beat: &'a [Outcome],
}

/// A search: [`Search::ask`], judge, [`Search::tell`], until it says why it ends.
///
/// ```
/// use std::time::Duration;
///
/// use gainswarm::swarm::{Axis, Outcome, Plan, Scale, Search, Settings, Stopping};
///
/// let axes = [Axis::new(0.0, 4.0, Scale::Linear), Axis::new(1e-3, 1e3, Scale::Log10)];
/// let stopping = Stopping { evaluations: 2000, ..Stopping::after_generations(u64::MAX) };
/// let mut search = Search::new(&axes, &Plan::new(Settings::default(), stopping), 1)?;
/// let reason = loop {
///     let cost = |x: &[f64]| (x[0] - 1.0).powi(2) + x[1].log10().powi(2);
///     let positions = search.ask().positions.chunks_exact(2);
///     let outcomes: Vec<Outcome> = positions.map(|x| Outcome::feasible(cost(x))).collect();
///     if let Some(reason) = search.tell(&outcomes, Duration::ZERO) {
///         break reason;
///     }
/// };
/// let (position, outcome) = search.best();
/// assert!(outcome.cost < 1e-6, "{reason:?} at {position:?}");
/// # Ok::<(), gainswarm::Error>(())
/// ```
pub struct Search {
    plan: Plan,
    seed: u64,
    axes: Box<[Axis]>,
    /// One of each size, or a race of several, made before the first is used.
    swarms: Box<[Race]>,
    /// A swarm that goes on beside the others.
    kept: Option<Kept>,
    polish: Option<MaEs>,
    /// Positions of the polish in the units of the axes, and what they have to beat: nothing.
    samples: Box<[f64]>,
    nothing: Box<[Outcome]>,
    /// Personal bests that are judged again, and their order.
    bests: Box<[f64]>,
    again: Box<[usize]>,
    asked: Asked,
    state: SearchState,
    best_position: Box<[f64]>,
    /// The best before a generation that was cut short.
    held_position: Box<[f64]>,
    /// The rules under which it ran when it was saved.
    ran_under: Stopping,
}

/// What was asked for last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Positions of the swarm at work, or of its polish.
    Swarm,
    /// Those of the kept swarm.
    Kept,
    /// Personal bests, to be judged again.
    Bests,
}

impl Asked {
    const ALL: [Self; 3] = [Self::Swarm, Self::Kept, Self::Bests];
}

/// The progress of a search.
#[derive(Debug, Clone, Copy)]
struct SearchState {
    generations: u64,
    evaluations: u64,
    restarts: u64,
    polishing: bool,
    /// The swarm, judged by a part of the truth, has settled.
    wants_the_whole: bool,
    /// The swarm has settled and there is no other.
    exhausted: bool,
    /// Of the present swarm.
    age: Age,
    best: Outcome,
    held: Outcome,
    /// The outcome from which a gain is counted, and the generation in which it was reached.
    reference: (Outcome, u64),
    /// The most generations in a row without a gain that were followed by one.
    longest_stall: u64,
    /// Positions of the last generation that were judged, where the budget ended within it; otherwise 0. Such a generation counts
    /// for the best, but the swarm does not learn from it, so that a larger budget can evaluate it again as a whole.
    cut: u64,
}

impl Search {
    /// A search over the box of the given axes, at its beginning; everything is reserved here.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// As [`Swarm::new`].
    pub fn new(axes: &[Axis], plan: &Plan, seed: u64) -> Result<Self, Error> {
        Self::of(Race::new, axes, plan, seed)
    }

    /// A search by the swarms that `race` makes.
    fn of(
        race: fn(&[Axis], &Settings, u64) -> Result<Race, Error>,
        axes: &[Axis],
        plan: &Plan,
        seed: u64,
    ) -> Result<Self, Error> {
        let dimensions = axes.len();
        let swarms = plan.sizes().map(|particles| {
            // Only the first swarm uses the given starts.
            let first = particles == plan.settings.particles;
            let start = if first { plan.settings.start.clone() } else { Vec::new() };
            race(axes, &Settings { particles, start, ..plan.settings.clone() }, seed)
        });
        let swarms: Box<[Race]> = swarms.collect::<Result<_, _>>()?;
        let without_start = || Settings { start: Vec::new(), ..plan.settings.clone() };
        let kept = plan.keeps().then(|| race(axes, &without_start(), seed)).transpose()?;
        // The result if no outcome is ever told.
        let first = swarms[0].positions()[..dimensions].to_vec();
        let samples = if plan.polish.is_some() { MaEs::samples(dimensions) } else { 0 };
        let largest = if plan.coarse_first { plan.sizes().max().unwrap_or(0) } else { 0 };
        let what = "the samples of the polish";
        Ok(Self {
            plan: plan.clone(),
            seed,
            axes: axes.into(),
            swarms,
            kept: kept.map(Kept::new),
            polish: plan.polish.map(|_| MaEs::new(dimensions, samples)).transpose()?,
            samples: memory::filled(what, samples * dimensions, 0.0)?,
            nothing: memory::filled(what, samples.max(largest), Outcome::WORST)?,
            bests: memory::filled(what, largest.saturating_mul(dimensions), 0.0)?,
            again: memory::filled(what, largest, 0)?,
            asked: Asked::Swarm,
            state: SearchState {
                generations: 0,
                evaluations: 0,
                restarts: 0,
                polishing: false,
                wants_the_whole: false,
                exhausted: false,
                age: Age::NEW,
                best: Outcome::WORST,
                held: Outcome::WORST,
                reference: (Outcome::WORST, 0),
                longest_stall: 0,
                cut: 0,
            },
            held_position: memory::filled(what, dimensions, 0.0)?,
            best_position: first.into(),
            ran_under: plan.stopping,
        })
    }

    /// The positions to judge: of a swarm or of its polish, and no more than the budget allows.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask(&mut self) -> Question<'_> {
        self.ask_swarm(self.is_turn_of_kept(), self.plan.shrinks, Manner::USUAL.moves)
    }

    /// The same for a swarm that is judged by a part of the truth: not of the one that is kept, of all its particles, and with four moves each at most.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask_part(&mut self) -> Question<'_> {
        self.ask_swarm(false, false, MOVES_BY_A_PART)
    }

    fn ask_swarm(&mut self, kept: bool, shrinks: bool, moves: usize) -> Question<'_> {
        self.asked = if kept { Asked::Kept } else { Asked::Swarm };
        let manner = Manner { moves, looks_along: !kept && self.looks_along() };
        let left = self.plan.stopping.evaluations.saturating_sub(self.state.evaluations);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let (positions, to_beat): (&[f64], &[Outcome]) = match &mut self.polish {
            Some(polish) if self.state.polishing => {
                polish.sample(self.seed, self.state.generations);
                decode(&self.axes, polish.cube(), &mut self.samples);
                let count = self.samples.len() / self.axes.len();
                (&self.samples, &self.nothing[..count])
            }
            _ => {
                let swarm = match &mut self.kept {
                    Some(of) if kept => &mut of.race,
                    _ => &mut self.swarms[size(&self.plan, self.state.restarts)],
                };
                if shrinks {
                    swarm.shrink();
                }
                swarm.ask(manner);
                (swarm.positions(), swarm.to_beat())
            }
        };
        let count = to_beat.len().min(left);
        Question { positions: &positions[..count * self.axes.len()], to_beat: &to_beat[..count] }
    }

    /// Takes an outcome a position, in their order; why the search ends, if it does.
    ///
    /// `elapsed` is the time since the beginning.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn tell(&mut self, outcomes: &[Outcome], elapsed: Duration) -> Option<StopReason> {
        self.count(outcomes.len() as u64);
        let asked = match &self.kept {
            Some(kept) if self.asked == Asked::Kept => kept.race.to_beat().len(),
            _ => self.swarm().map_or(self.samples.len() / self.axes.len(), |swarm| swarm.to_beat().len()),
        };
        if outcomes.len() < asked {
            self.cut(outcomes);
            self.note_best(outcomes);
            return self.end(elapsed);
        }
        self.spend(outcomes.len() as u64);
        if self.asked == Asked::Kept {
            self.tell_kept(outcomes);
        } else {
            let has_ended =
                if self.state.polishing { self.tell_polish(outcomes) } else { self.tell_swarm(outcomes) };
            self.state.exhausted = has_ended && !self.restart() && !self.go_on_with_kept();
        }
        self.note_gain();
        self.end(elapsed)
    }

    /// Counts a generation.
    fn count(&mut self, evaluations: u64) {
        self.state.generations += 1;
        self.state.evaluations += evaluations;
        self.state.cut = 0;
    }

    /// The budget ended within a generation: with a larger one it will not have been.
    fn cut(&mut self, outcomes: &[Outcome]) {
        self.state.cut = outcomes.len() as u64;
        self.state.held = self.state.best;
        self.held_position.copy_from_slice(&self.best_position);
    }

    /// Keeps the best of the positions that were asked for.
    fn note_best(&mut self, outcomes: &[Outcome]) {
        let positions: &[f64] = if self.asked == Asked::Bests {
            &self.bests
        } else if let (Some(kept), Asked::Kept) = (&self.kept, self.asked) {
            kept.race.positions()
        } else if self.state.polishing {
            &self.samples
        } else {
            self.swarms[size(&self.plan, self.state.restarts)].positions()
        };
        for (outcome, position) in outcomes.iter().zip(positions.chunks_exact(self.axes.len())) {
            if outcome.is_better_than(&self.state.best) {
                self.state.best = *outcome;
                self.best_position.copy_from_slice(position);
            }
        }
    }

    /// True when the swarm is not to be asked again.
    fn tell_swarm(&mut self, outcomes: &[Outcome]) -> bool {
        self.swarms[size(&self.plan, self.state.restarts)].tell(outcomes);
        self.note_best(outcomes);
        self.is_over()
    }

    /// After a generation of the swarm: true when it is not to be asked again.
    fn is_over(&mut self) -> bool {
        self.note_age();
        if self.plan.polish.is_none() && self.plan.restarts.times == 0 {
            return false;
        }
        let settled = self.has_settled() || self.keep_the_better();
        let swarm = &self.swarms[size(&self.plan, self.state.restarts)];
        let spread = swarm.diversity().spread;
        let (Some(polish), Some(plan)) = (&mut self.polish, &self.plan.polish) else {
            return settled;
        };
        if settled || (self.state.age.generations >= plan.after && !swarm.is_relaxed()) {
            let sigma = (plan.step * spread).max(SETTLED_SPREAD);
            polish.start(swarm.best_cube(), swarm.bests_cube(), spread, sigma);
            self.state.polishing = true;
        }
        false
    }

    /// Counts a generation of the swarm, and whether it has gained.
    fn note_age(&mut self) {
        let race = &self.swarms[size(&self.plan, self.state.restarts)];
        self.state.age.note(race, self.plan.restarts.slow_gain);
    }

    fn has_settled(&self) -> bool {
        let race = &self.swarms[size(&self.plan, self.state.restarts)];
        settled(race, &self.state.age, self.plan.restarts.patience)
    }

    /// True when the polish has nothing left to gain.
    fn tell_polish(&mut self, outcomes: &[Outcome]) -> bool {
        self.note_best(outcomes);
        self.polish.as_mut().is_some_and(|polish| !polish.learn(outcomes))
    }

    /// Starts the next swarm, if there may be one.
    fn restart(&mut self) -> bool {
        if self.state.restarts == self.plan.restarts.times {
            return false;
        }
        self.state.restarts += 1;
        self.state.polishing = false;
        self.state.age = Age::NEW;
        // Two swarms may be at work: each draws numbers of its own.
        self.swarms[size(&self.plan, self.state.restarts)].start(self.state.restarts << DRAWS);
        true
    }

    /// Counts the generations since the last gain.
    fn note_gain(&mut self) {
        let SearchState { generations, best, reference: (reference, since), .. } = self.state;
        if gains(&best, &reference, self.plan.stopping.stall_gain) {
            self.state.longest_stall = self.state.longest_stall.max(generations.saturating_sub(since + 1));
            self.state.reference = (best, generations);
        }
    }

    /// Why the search ends as it stands, if it does.
    fn end(&self, elapsed: Duration) -> Option<StopReason> {
        let SearchState { generations, evaluations, best, .. } = self.state;
        let stopping = &self.plan.stopping;
        if best.is_feasible() && stopping.target.is_some_and(|target| best.cost <= target) {
            Some(StopReason::Target)
        } else if evaluations >= stopping.evaluations {
            Some(StopReason::Evaluations)
        } else if generations >= stopping.generations {
            Some(StopReason::Generations)
        } else if self.state.exhausted {
            Some(StopReason::Settled)
        } else if stopping.stall_generations.is_some_and(|limit| self.stall() >= limit.max(1)) {
            Some(StopReason::Stall)
        } else if stopping.wall_time.is_some_and(|limit| elapsed.as_secs_f64() >= limit) {
            Some(StopReason::WallTime)
        } else {
            None
        }
    }

    /// Whole generations since the last gain.
    fn stall(&self) -> u64 {
        let SearchState { generations, reference: (_, since), .. } = self.state;
        generations.saturating_sub(since).saturating_sub(self.is_cut().into())
    }

    /// The best position so far and its outcome; [`Outcome::WORST`] before anything was told.
    #[must_use]
    pub fn best(&self) -> (&[f64], Outcome) {
        (&self.best_position, self.state.best)
    }

    /// Generations done.
    #[must_use]
    pub fn generations(&self) -> u64 {
        self.state.generations
    }

    /// Whether the last generation was cut short because the budget ended within it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.state.cut > 0
    }

    /// Positions judged.
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        self.state.evaluations
    }

    /// Swarms that followed the first.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.state.restarts
    }

    /// The swarm that is at work, of several that race the one that leads; `None` while its best is being polished. That which is kept beside it is not told of.
    #[must_use]
    pub fn swarm(&self) -> Option<&Swarm> {
        (!self.state.polishing).then(|| self.swarms[size(&self.plan, self.state.restarts)].leader())
    }
}

/// Which of the swarms is at work.
fn size(plan: &Plan, restarts: u64) -> usize {
    let doublings = plan.doublings() as usize;
    usize::try_from(restarts).map_or(doublings, |restarts| restarts.min(doublings))
}

impl Persist for Search {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let SearchState {
            generations,
            evaluations,
            restarts,
            polishing,
            wants_the_whole,
            exhausted,
            age,
            best,
            held,
            reference,
            longest_stall,
            cut,
        } = &mut self.state;
        for count in [generations, evaluations, restarts, &mut reference.1, longest_stall, cut] {
            archive.u64(count)?;
        }
        archive.flag(polishing)?;
        archive.flag(wants_the_whole)?;
        archive.one_of(&mut self.asked, &Asked::ALL)?;
        archive.flag(exhausted)?;
        age.pass(archive)?;
        best.pass(archive)?;
        held.pass(archive)?;
        reference.0.pass(archive)?;
        self.ran_under.pass(archive)?;
        archive.f64s(&mut self.best_position)?;
        archive.f64s(&mut self.held_position)?;
        // The other swarms have ended or not begun.
        self.swarms[size(&self.plan, self.state.restarts)].pass(archive)?;
        self.kept.as_mut().map_or(Ok(()), |kept| kept.pass(archive))?;
        self.polish.as_mut().map_or(Ok(()), |polish| polish.pass(archive))
    }
}
