//! How a search goes: its swarms, their polish, and when it ends.

use super::ma_es::MaEs;
use super::rules::RuleKind;
use super::{Settings, Stopping, surrogate};

/// How a search goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The swarm that it starts with.
    pub settings: Settings,
    /// What happens when the swarm has settled.
    pub restarts: Restarts,
    /// Whether the best of a swarm is polished.
    pub polish: Option<PolishPlan>,
    /// Whether trade-offs are sought, which [`Search`](super::Search) does not do.
    pub trade_offs: Option<super::pareto::TradeOffs>,
    /// Whether a swarm may be judged by a part of the simulations first; no matter to a search that is told outcomes.
    pub coarse_first: bool,
    /// Whether swarms become smaller once they have found where to look; for rules that [can](RuleKind::shrinks).
    pub shrinks: bool,
    /// When it ends.
    pub stopping: Stopping,
}

/// New swarms in place of those that have settled, as large as the one before, or twice as large
/// (as the populations of Auger & Hansen 2005, doi:10.1109/CEC.2005.1554902).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restarts {
    /// How many there may be; 0 for one swarm that goes on to the end.
    pub times: u64,
    /// How often the swarm is doubled; later swarms are as large as the last doubling made them.
    pub doublings: u32,
    /// Generations in which neither the swarm's best nor the median of a generation has gained what counts, after which it has settled.
    pub patience: u64,
    /// A gain of no more than this share of the cost is slow: a swarm that gains slowly in half of these generations is kept, and another begins beside it.
    /// 0 for one swarm at a time, as it is with doublings and with a polish.
    pub slow_gain: f64,
}

/// An evolution strategy that starts at the best of a swarm, within the same budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolishPlan {
    /// After how many generations of a swarm, if it has not settled before.
    pub after: u64,
    /// The standard deviation that it starts with, as a share of the spread of the personal bests.
    pub step: f64,
}

impl Plan {
    /// One swarm, after a number of generations at its end.
    #[must_use]
    pub fn new(settings: Settings, stopping: Stopping) -> Self {
        Self {
            settings,
            restarts: Restarts::NONE,
            polish: None,
            trade_offs: None,
            coarse_first: false,
            shrinks: false,
            stopping,
        }
    }

    pub(super) fn doublings(&self) -> u32 {
        self.restarts.doublings.min(u32::try_from(self.restarts.times).unwrap_or(u32::MAX))
    }

    /// The numbers of particles of the swarms.
    pub(super) fn sizes(&self) -> impl Iterator<Item = usize> {
        (0..=self.doublings()).map(|doubling| {
            let factor = 1_usize.checked_shl(doubling).unwrap_or(usize::MAX);
            self.settings.particles.saturating_mul(factor)
        })
    }

    /// Whether a swarm may be kept beside the one at work.
    pub(super) fn keeps(&self) -> bool {
        let Restarts { times, doublings, slow_gain, .. } = self.restarts;
        slow_gain > 0.0 && times > 0 && doublings == 0 && self.polish.is_none()
    }

    /// The numbers of particles of all swarms that are made, with that of the one that is kept.
    fn reserved(&self) -> impl Iterator<Item = usize> {
        self.sizes().chain(self.keeps().then_some(self.settings.particles))
    }

    /// How many swarms there are, all made before the first is used.
    #[must_use]
    pub fn swarms(&self) -> u64 {
        self.reserved().count() as u64
    }

    /// The numbers that the positions of all swarms take together.
    #[must_use]
    pub fn coordinates(&self, dimensions: usize) -> usize {
        self.reserved().fold(0, |sum: usize, size| sum.saturating_add(size.saturating_mul(dimensions)))
    }

    /// The numbers that the surrogates of all swarms take together: what they remember, and what they make of it.
    #[must_use]
    pub fn numbers_of_surrogates(&self, dimensions: usize) -> [usize; 2] {
        let of_size = |particles| surrogate::numbers(dimensions, particles);
        let all =
            if self.settings.candidates > 1 { self.reserved().map(of_size).collect() } else { Vec::new() };
        all.iter().fold([0; 2], |[kept, made], of| [kept + of[0], made + of[1]])
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
        let samples = if self.polish.is_some() { MaEs::samples(dimensions) } else { 0 };
        self.sizes().max().unwrap_or(0).max(samples)
    }
}

impl Restarts {
    /// One swarm that goes on to the end.
    pub const NONE: Self = Self { times: 0, doublings: 0, patience: u64::MAX, slow_gain: 0.0 };
    /// What the measurements in `docs/swarm.md` found best for the rule `learning`.
    pub const USUAL: Self = Self { times: 1000, doublings: 0, patience: 20, slow_gain: 1e-4 };

    /// What a search does where nothing is said: rules of the literature go on to the end.
    #[must_use]
    pub fn usual(rule: RuleKind) -> Self {
        if rule == RuleKind::Learning { Self::USUAL } else { Self::NONE }
    }
}
