//! When a search ends.

use std::time::Duration;

use super::Outcome;
use crate::registry::Member;

/// The rules that end a search; the first that applies does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stopping {
    /// Generations.
    pub generations: u64,
    /// Positions judged; the last generation is judged only as far as they last.
    pub evaluations: u64,
    /// A feasible cost that is good enough.
    pub target: Option<f64>,
    /// Generations in a row in which the best cost fell by no more than the share `stall_gain`.
    pub stall_generations: Option<u64>,
    /// See `stall_generations`.
    pub stall_gain: f64,
    /// Time in s; a search that it ends is not the same again.
    pub wall_time: Option<f64>,
}

impl Stopping {
    /// After a number of generations.
    #[must_use]
    pub const fn after_generations(generations: u64) -> Self {
        Self {
            generations,
            evaluations: u64::MAX,
            target: None,
            stall_generations: None,
            stall_gain: 0.0,
            wall_time: None,
        }
    }

    /// The most generations that a swarm of so many particles can take.
    #[must_use]
    pub fn generations_max(&self, particles: usize) -> u64 {
        self.generations.min(self.evaluations.div_ceil(particles as u64))
    }
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// All generations are done.
    Generations,
    /// All evaluations are used.
    Evaluations,
    /// The best cost is good enough.
    Target,
    /// The best cost did not fall any more.
    Stall,
    /// The time is over.
    WallTime,
}

impl Member for StopReason {
    const ALL: &'static [Self] =
        &[Self::Generations, Self::Evaluations, Self::Target, Self::Stall, Self::WallTime];

    fn name(self) -> &'static str {
        match self {
            Self::Generations => "generations",
            Self::Evaluations => "evaluations",
            Self::Target => "target",
            Self::Stall => "stall",
            Self::WallTime => "wall_time",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Generations => "all generations are done",
            Self::Evaluations => "all evaluations are used",
            Self::Target => "the best cost is good enough",
            Self::Stall => "the best cost did not fall any more",
            Self::WallTime => "the time is over",
        }
    }
}

/// How far a search is.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    stopping: Stopping,
    /// Generations done.
    pub generations: u64,
    /// Positions judged.
    pub evaluations: u64,
    /// The outcome from which a gain is counted, and the generation in which it was reached.
    reference: (Outcome, u64),
}

impl Search {
    /// At its beginning.
    #[must_use]
    pub const fn new(stopping: Stopping) -> Self {
        Self { stopping, generations: 0, evaluations: 0, reference: (Outcome::WORST, 0) }
    }

    /// How many positions of a generation of `particles` may be judged.
    #[must_use]
    pub fn allowance(&self, particles: usize) -> usize {
        let left = self.stopping.evaluations - self.evaluations;
        usize::try_from(left).map_or(particles, |left| left.min(particles))
    }

    /// Counts a generation in which `judged` positions were judged, after which `best` is the best; why the search ends, if it does.
    pub fn advance(&mut self, judged: usize, best: Outcome, elapsed: Duration) -> Option<StopReason> {
        self.generations += 1;
        self.evaluations += judged as u64;
        let Stopping { generations, evaluations, target, stall_generations, stall_gain, wall_time } =
            self.stopping;
        let (reference, since) = self.reference;
        let gained = if best.is_feasible() && reference.is_feasible() {
            reference.cost - best.cost > stall_gain * reference.cost.abs()
        } else {
            best.is_better_than(&reference)
        };
        if gained {
            self.reference = (best, self.generations);
        }
        let stalled = !gained && stall_generations.is_some_and(|limit| self.generations - since >= limit);
        if best.is_feasible() && target.is_some_and(|target| best.cost <= target) {
            Some(StopReason::Target)
        } else if self.evaluations >= evaluations {
            Some(StopReason::Evaluations)
        } else if self.generations >= generations {
            Some(StopReason::Generations)
        } else if stalled {
            Some(StopReason::Stall)
        } else if wall_time.is_some_and(|limit| elapsed.as_secs_f64() >= limit) {
            Some(StopReason::WallTime)
        } else {
            None
        }
    }
}
