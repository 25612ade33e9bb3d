//! Termination: the rules that end a search, and why it ended.

use std::time::Duration;

use crate::archive::{Archive, Damage, Persist};
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
    /// Generations in a row in which the best cost fell, or the hypervolume grew, by no more than the share `stall_gain`.
    pub stall_generations: Option<u64>,
    /// See `stall_generations`.
    pub stall_gain: f64,
    /// Wall time in s; a search that it ends is not reproducible.
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

    /// Why a search ends after so many generations and evaluations in this time, where nothing is known of its best.
    pub(super) fn end(&self, [generations, evaluations]: [u64; 2], elapsed: Duration) -> Option<StopReason> {
        if evaluations >= self.evaluations {
            Some(StopReason::Evaluations)
        } else if generations >= self.generations {
            Some(StopReason::Generations)
        } else if self.wall_time.is_some_and(|limit| elapsed.as_secs_f64() >= limit) {
            Some(StopReason::WallTime)
        } else {
            None
        }
    }

    /// The rule by which such a search would have ended before, and how that is known; it ran under the rules `before`.
    pub(super) fn overrun(
        &self,
        before: &Self,
        [generations, evaluations]: [u64; 2],
        elapsed: Duration,
    ) -> Option<String> {
        let counts =
            [("generations", generations, self.generations), ("evaluations", evaluations, self.evaluations)];
        if let Some((rule, done, limit)) = counts.iter().find(|(_, done, limit)| done > limit) {
            return Some(format!("config.swarm.stopping.{rule} is {limit} here, and {done} are done"));
        }
        let spent = elapsed.as_secs_f64();
        let is_shorter = |limit: &f64| before.wall_time.is_none_or(|before| *limit < before);
        let limit = self.wall_time.filter(is_shorter).filter(|limit| spent >= *limit)?;
        Some(format!("config.swarm.stopping.wall_time is {limit} here, and it has taken {spent:.3} s"))
    }

    /// The most generations that a search can take: one has two positions at least.
    #[must_use]
    pub fn generations_max(&self) -> u64 {
        self.generations.min(self.evaluations.div_ceil(2))
    }
}

impl Persist for Stopping {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.u64(&mut self.generations)?;
        archive.u64(&mut self.evaluations)?;
        archive.f64(&mut self.stall_gain)?;
        archive.optional(&mut self.stall_generations, 0, Archive::u64)?;
        archive.optional(&mut self.target, 0.0, Archive::f64)?;
        archive.optional(&mut self.wall_time, 0.0, Archive::f64)
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
    /// The best cost did not fall, or the hypervolume did not grow, any more.
    Stall,
    /// The time is over.
    WallTime,
    /// The search has settled and has no restart left.
    Settled,
    /// It was interrupted, and can be resumed.
    Interrupted,
    /// It used more memory than it may, and can be resumed.
    Memory,
}

impl StopReason {
    /// Whether the search had not come to its end, and can be resumed.
    #[must_use]
    pub fn is_early(self) -> bool {
        matches!(self, Self::Interrupted | Self::Memory)
    }
}

impl Member for StopReason {
    const ALL: &'static [Self] = &[
        Self::Generations,
        Self::Evaluations,
        Self::Target,
        Self::Stall,
        Self::WallTime,
        Self::Settled,
        Self::Interrupted,
        Self::Memory,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Generations => "generations",
            Self::Evaluations => "evaluations",
            Self::Target => "target",
            Self::Stall => "stall",
            Self::WallTime => "wall_time",
            Self::Settled => "settled",
            Self::Interrupted => "interrupted",
            Self::Memory => "memory_limit",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Generations => "all generations are done",
            Self::Evaluations => "all evaluations are used",
            Self::Target => "the best cost is good enough",
            Self::Stall => "the search gained nothing any more",
            Self::WallTime => "the time is over",
            Self::Settled => "the search has settled and has no restart left",
            Self::Interrupted => "interrupted: --resume goes on",
            Self::Memory => "the memory limit is reached: --resume goes on with another --memory-limit",
        }
    }
}
