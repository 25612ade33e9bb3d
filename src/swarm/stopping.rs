//! Termination: the rules that end a search, and why it ended.

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
