//! A whole search: swarms, the polish of what they find, restarts, and when to stop.

use std::time::Duration;

use super::polish::Polish;
use super::{Axis, Outcome, Settings, StopReason, Stopping, Swarm, decode};
use crate::tape::{Damage, Persist, Tape};
use crate::{Error, memory};

/// How a search goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The swarm that it starts with.
    pub settings: Settings,
    /// What happens when the swarm has settled.
    pub restarts: Restarts,
    /// Whether the best of a swarm is polished.
    pub polish: Option<PolishPlan>,
    /// When it ends.
    pub stopping: Stopping,
}

/// New swarms in place of those that have settled, each with twice as many particles as the one before
/// (as the populations of Auger & Hansen 2005, doi:10.1109/CEC.2005.1554902).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restarts {
    /// How many there may be; 0 for one swarm that goes on to the end.
    pub times: u64,
    /// How often the swarm is doubled; later swarms are as large as the last doubling made them.
    pub doublings: u32,
    /// Generations without a better position, anywhere in the swarm, after which it has settled.
    pub patience: u64,
}

/// A swarm has settled when its personal bests are closer together than this, in widths of the box.
const SETTLED_SPREAD: f64 = 1e-11;

/// An evolution strategy that starts at the best of a swarm, within the same budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolishPlan {
    /// After how many generations of a swarm, if it has not settled before.
    pub after: u64,
    /// The standard deviation that it starts with, as a share of the spread of the personal bests.
    pub step: f64,
}

/// What a search asks: positions, and what is worth knowing about each.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Positions in the units of the axes, one after the other.
    pub positions: &'a [f64],
    /// For each position an outcome: whatever is no better than it need not be known exactly.
    pub to_beat: &'a [Outcome],
}

/// A search: [`Search::ask`], judge, [`Search::tell`], until it says why it ends.
pub struct Search {
    plan: Plan,
    seed: u64,
    axes: Box<[Axis]>,
    /// One of each size, made before the first is used.
    swarms: Box<[Swarm]>,
    polish: Option<Polish>,
    /// Positions of the polish in the units of the axes, and what they have to beat: nothing.
    samples: Box<[f64]>,
    nothing: Box<[Outcome]>,
    state: State,
    best_position: Box<[f64]>,
}

/// How far a search is.
#[derive(Debug, Clone, Copy)]
struct State {
    generations: u64,
    evaluations: u64,
    restarts: u64,
    polishing: bool,
    /// Generations of the present swarm, and the one of them in which a particle last found something better.
    age: u64,
    improved: u64,
    best: Outcome,
    /// The outcome from which a gain is counted, and the generation in which it was reached.
    reference: (Outcome, u64),
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
        let dimensions = axes.len();
        let swarms = plan.sizes().map(|particles| {
            // Restarts start elsewhere.
            let first = particles == plan.settings.particles;
            let start = if first { plan.settings.start.clone() } else { Vec::new() };
            Swarm::new(axes, &Settings { particles, start, ..plan.settings.clone() }, seed)
        });
        let swarms: Box<[Swarm]> = swarms.collect::<Result<_, _>>()?;
        // Where nothing is ever known of any position, this one is as good as others.
        let first = swarms[0].positions()[..dimensions].to_vec();
        let samples = if plan.polish.is_some() { Polish::samples(dimensions) } else { 0 };
        let what = "the samples of the polish";
        Ok(Self {
            plan: plan.clone(),
            seed,
            axes: axes.into(),
            swarms,
            polish: plan.polish.map(|_| Polish::new(dimensions, samples)).transpose()?,
            samples: memory::filled(what, samples * dimensions, 0.0)?,
            nothing: memory::filled(what, samples, Outcome::WORST)?,
            state: State {
                generations: 0,
                evaluations: 0,
                restarts: 0,
                polishing: false,
                age: 0,
                improved: 0,
                best: Outcome::WORST,
                reference: (Outcome::WORST, 0),
            },
            best_position: first.into(),
        })
    }

    /// The positions to judge: of a swarm or of its polish, and no more than the budget allows.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask(&mut self) -> Question<'_> {
        let left = self.plan.stopping.evaluations.saturating_sub(self.state.evaluations);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let (positions, to_beat): (&[f64], &[Outcome]) = match &mut self.polish {
            Some(polish) if self.state.polishing => {
                polish.sample(self.seed, self.state.generations);
                decode(&self.axes, polish.cube(), &mut self.samples);
                (&self.samples, &self.nothing)
            }
            _ => {
                let swarm = &mut self.swarms[size(&self.plan, self.state.restarts)];
                swarm.ask();
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
        self.state.generations += 1;
        self.state.evaluations += outcomes.len() as u64;
        let has_ended =
            if self.state.polishing { self.tell_polish(outcomes) } else { self.tell_swarm(outcomes) };
        let exhausted = has_ended && !self.restart();
        self.stop(exhausted, elapsed)
    }

    /// True when the swarm is not to be asked again.
    fn tell_swarm(&mut self, outcomes: &[Outcome]) -> bool {
        let swarm = &mut self.swarms[size(&self.plan, self.state.restarts)];
        self.state.age += 1;
        if swarm.tell(outcomes) {
            self.state.improved = self.state.age;
        }
        let (position, best) = swarm.best();
        if best.is_better_than(&self.state.best) {
            self.state.best = best;
            self.best_position.copy_from_slice(position);
        }
        if self.plan.polish.is_none() && self.plan.restarts.times == 0 {
            return false;
        }
        let spread = swarm.posture().spread;
        let settled =
            spread <= SETTLED_SPREAD || self.state.age - self.state.improved >= self.plan.restarts.patience;
        let (Some(polish), Some(plan)) = (&mut self.polish, &self.plan.polish) else {
            return settled;
        };
        if settled || self.state.age >= plan.after {
            let sigma = (plan.step * spread).max(SETTLED_SPREAD);
            polish.start(swarm.best_cube(), swarm.bests_cube(), spread, sigma);
            self.state.polishing = true;
        }
        false
    }

    /// True when the polish has nothing left to gain.
    fn tell_polish(&mut self, outcomes: &[Outcome]) -> bool {
        let dimensions = self.axes.len();
        for (outcome, position) in outcomes.iter().zip(self.samples.chunks_exact(dimensions)) {
            if outcome.is_better_than(&self.state.best) {
                self.state.best = *outcome;
                self.best_position.copy_from_slice(position);
            }
        }
        self.polish.as_mut().is_some_and(|polish| !polish.learn(outcomes))
    }

    /// Starts the next swarm, if there may be one.
    fn restart(&mut self) -> bool {
        if self.state.restarts == self.plan.restarts.times {
            return false;
        }
        self.state.restarts += 1;
        self.state.polishing = false;
        (self.state.age, self.state.improved) = (0, 0);
        self.swarms[size(&self.plan, self.state.restarts)].start(self.state.generations);
        true
    }

    /// Why the search ends, if it does.
    fn stop(&mut self, exhausted: bool, elapsed: Duration) -> Option<StopReason> {
        let State { generations, evaluations, best, reference: (reference, since), .. } = self.state;
        let stopping = self.plan.stopping;
        let gained = if best.is_feasible() && reference.is_feasible() {
            reference.cost - best.cost > stopping.stall_gain * reference.cost.abs()
        } else {
            best.is_better_than(&reference)
        };
        if gained {
            self.state.reference = (best, generations);
        }
        let stalled = !gained && stopping.stall_generations.is_some_and(|limit| generations - since >= limit);
        if best.is_feasible() && stopping.target.is_some_and(|target| best.cost <= target) {
            Some(StopReason::Target)
        } else if evaluations >= stopping.evaluations {
            Some(StopReason::Evaluations)
        } else if generations >= stopping.generations {
            Some(StopReason::Generations)
        } else if exhausted {
            Some(StopReason::Settled)
        } else if stalled {
            Some(StopReason::Stall)
        } else if stopping.wall_time.is_some_and(|limit| elapsed.as_secs_f64() >= limit) {
            Some(StopReason::WallTime)
        } else {
            None
        }
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

    /// The swarm that is at work; `None` while its best is being polished.
    #[must_use]
    pub fn swarm(&self) -> Option<&Swarm> {
        (!self.state.polishing).then(|| &self.swarms[size(&self.plan, self.state.restarts)])
    }
}

/// Which of the swarms is at work.
fn size(plan: &Plan, restarts: u64) -> usize {
    let doublings = plan.doublings() as usize;
    usize::try_from(restarts).map_or(doublings, |restarts| restarts.min(doublings))
}

impl Plan {
    /// One swarm, after a number of generations at its end.
    #[must_use]
    pub fn new(settings: Settings, stopping: Stopping) -> Self {
        Self { settings, restarts: Restarts::NONE, polish: None, stopping }
    }

    fn doublings(&self) -> u32 {
        self.restarts.doublings.min(u32::try_from(self.restarts.times).unwrap_or(u32::MAX))
    }

    /// The numbers of particles of the swarms.
    fn sizes(&self) -> impl Iterator<Item = usize> {
        (0..=self.doublings()).map(|doubling| {
            let factor = 1_usize.checked_shl(doubling).unwrap_or(usize::MAX);
            self.settings.particles.saturating_mul(factor)
        })
    }

    /// How many swarms there are, all made before the first is used.
    #[must_use]
    pub fn swarms(&self) -> u64 {
        u64::from(self.doublings()) + 1
    }

    /// The numbers that the positions of all swarms take together.
    #[must_use]
    pub fn coordinates(&self, dimensions: usize) -> usize {
        self.sizes().fold(0, |sum: usize, size| sum.saturating_add(size.saturating_mul(dimensions)))
    }

    /// How many positions are judged at most.
    #[must_use]
    pub fn evaluations_max(&self, dimensions: usize) -> u64 {
        let Stopping { generations, evaluations, .. } = self.stopping;
        evaluations.min(generations.saturating_mul(self.positions_max(dimensions) as u64))
    }

    /// The most positions that are asked for at a time.
    #[must_use]
    pub fn positions_max(&self, dimensions: usize) -> usize {
        let samples = if self.polish.is_some() { Polish::samples(dimensions) } else { 0 };
        self.sizes().max().unwrap_or(0).max(samples)
    }
}

impl Restarts {
    /// One swarm that goes on to the end.
    pub const NONE: Self = Self { times: 0, doublings: 0, patience: u64::MAX };
}

impl Persist for Search {
    fn pass(&mut self, tape: &mut Tape<'_>) -> Result<(), Damage> {
        let State { generations, evaluations, restarts, polishing, age, improved, best, reference } =
            &mut self.state;
        for count in [generations, evaluations, restarts, age, improved, &mut reference.1] {
            tape.u64(count)?;
        }
        tape.flag(polishing)?;
        best.pass(tape)?;
        reference.0.pass(tape)?;
        tape.f64s(&mut self.best_position)?;
        // The other swarms have ended or not begun.
        self.swarms[size(&self.plan, self.state.restarts)].pass(tape)?;
        self.polish.as_mut().map_or(Ok(()), |polish| polish.pass(tape))
    }
}
