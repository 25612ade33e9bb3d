//! A search for the best position or for the best trade-offs, as its plan says.

use std::time::Duration;

use super::pareto::{Costs, TradeOffSearch};
use super::{Axis, Outcome, Plan, Question, ResampledSearch, Search, StopReason, Swarm};
use crate::Error;
use crate::archive::{Archive, Damage, Persist};

/// A search of any kind.
pub enum Seeker {
    /// For the best position.
    Best(Box<Search>),
    /// For the best trade-offs of several objectives.
    TradeOffs(Box<TradeOffSearch>),
    /// For the best position, where costs are others when they are asked again; no plan asks for it.
    Resampled(Box<ResampledSearch>),
}

impl Seeker {
    /// A search over the box of the given axes, at its beginning; everything is reserved here.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// As [`Search::new`] and [`TradeOffSearch::new`].
    pub fn new(axes: &[Axis], plan: &Plan, seed: u64) -> Result<Self, Error> {
        match plan.trade_offs {
            None => Search::new(axes, plan, seed).map(|search| Self::Best(Box::new(search))),
            Some(of) => {
                TradeOffSearch::new(axes, plan, of, seed).map(|search| Self::TradeOffs(Box::new(search)))
            }
        }
    }

    /// The positions to judge.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask(&mut self) -> Question<'_> {
        match self {
            Self::Best(search) => search.ask(),
            Self::TradeOffs(search) => search.ask(),
            Self::Resampled(search) => search.ask(),
        }
    }

    /// Takes what every position came to, in their order: outcomes where the best is sought, costs where trade-offs are; why the search
    /// ends, if it does.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn tell(&mut self, outcomes: &[Outcome], costs: &[Costs], elapsed: Duration) -> Option<StopReason> {
        match self {
            Self::Best(search) => search.tell(outcomes, elapsed),
            Self::TradeOffs(search) => search.tell(costs, elapsed),
            Self::Resampled(search) => search.tell(outcomes, elapsed),
        }
    }

    /// The best position so far, or the knee of the trade-offs, and its outcome.
    #[must_use]
    pub fn best(&self) -> (&[f64], Outcome) {
        match self {
            Self::Best(search) => search.best(),
            Self::TradeOffs(search) => search.best(),
            Self::Resampled(search) => search.best(),
        }
    }

    /// Generations done.
    #[must_use]
    pub fn generations(&self) -> u64 {
        match self {
            Self::Best(search) => search.generations(),
            Self::TradeOffs(search) => search.generations(),
            Self::Resampled(search) => search.generations(),
        }
    }

    /// Positions judged.
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        match self {
            Self::Best(search) => search.evaluations(),
            Self::TradeOffs(search) => search.evaluations(),
            Self::Resampled(search) => search.evaluations(),
        }
    }

    /// Whether the last generation was cut short because the budget ended within it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Best(search) => search.is_cut(),
            Self::TradeOffs(search) => search.is_cut(),
            Self::Resampled(search) => search.is_cut(),
        }
    }

    /// Swarms that followed the first.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        match self {
            Self::Best(search) => search.restarts(),
            Self::TradeOffs(_) | Self::Resampled(_) => 0,
        }
    }

    /// The swarm for one objective that is at work, if one is.
    #[must_use]
    pub fn swarm(&self) -> Option<&Swarm> {
        match self {
            Self::Best(search) => search.swarm(),
            Self::TradeOffs(_) => None,
            Self::Resampled(search) => Some(search.swarm()),
        }
    }

    /// The search for the best position, if it is one.
    #[must_use]
    pub fn for_one(&self) -> Option<&Search> {
        match self {
            Self::Best(search) => Some(search),
            Self::TradeOffs(_) | Self::Resampled(_) => None,
        }
    }

    /// The same, to be told.
    pub(crate) fn for_one_mut(&mut self) -> Option<&mut Search> {
        match self {
            Self::Best(search) => Some(search),
            Self::TradeOffs(_) | Self::Resampled(_) => None,
        }
    }

    /// The search for trade-offs, if it is one.
    #[must_use]
    pub fn trade_offs(&self) -> Option<&TradeOffSearch> {
        match self {
            Self::Best(_) | Self::Resampled(_) => None,
            Self::TradeOffs(search) => Some(search),
        }
    }

    /// As [`Search::resume`].
    ///
    /// # Errors
    ///
    /// As [`Search::resume`].
    pub fn resume(&mut self, elapsed: Duration) -> Result<Option<StopReason>, String> {
        match self {
            Self::Best(search) => search.resume(elapsed),
            Self::TradeOffs(search) => search.resume(elapsed),
            Self::Resampled(search) => search.resume(elapsed),
        }
    }
}

impl Persist for Seeker {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        match self {
            Self::Best(search) => search.pass(archive),
            Self::TradeOffs(search) => search.pass(archive),
            Self::Resampled(search) => search.pass(archive),
        }
    }
}
