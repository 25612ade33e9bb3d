//! What a position costs in several objectives, and which costs are better.

use crate::archive::{Archive, Damage, Persist};
use crate::swarm::Outcome;

/// The most objectives that there may be.
pub const OBJECTIVES_MAX: usize = 4;

/// The outcome of evaluating a position in several objectives, all of them minimised.
///
/// As for one objective, feasible comes before infeasible, and a smaller violation before a larger one; feasible costs are compared by
/// Pareto dominance (the constrained dominance of Deb and others 2002, doi:10.1109/4235.996017). A violation, or a cost of a feasible
/// position, that is NaN or infinite is worse than all else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// How far the position is from feasible; 0 when it is.
    pub violation: f64,
    /// The costs; those beyond the number of objectives are 0.
    pub values: [f64; OBJECTIVES_MAX],
}

impl Costs {
    /// Worse than all that was measured.
    pub const WORST: Self = Self { violation: f64::NAN, values: [0.0; OBJECTIVES_MAX] };

    /// The costs of a feasible position.
    ///
    /// # Panics
    ///
    /// When there are more than [`OBJECTIVES_MAX`].
    #[must_use]
    pub fn feasible(costs: &[f64]) -> Self {
        let mut values = [0.0; OBJECTIVES_MAX];
        values[..costs.len()].copy_from_slice(costs);
        Self { violation: 0.0, values }
    }

    /// An infeasible position, whose costs do not matter.
    #[must_use]
    pub const fn infeasible(violation: f64) -> Self {
        Self { violation, values: [0.0; OBJECTIVES_MAX] }
    }

    /// The same as one outcome: its cost is the sum of the costs.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome { violation: self.violation, cost: self.values.iter().sum() }
    }

    /// The same in one objective alone.
    pub(super) fn alone(&self, objective: usize) -> Outcome {
        Outcome { violation: self.violation, cost: self.values[objective] }
    }

    /// Whether nothing is violated and all costs are finite.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.violation <= 0.0 && self.is_valid()
    }

    /// Whether the violation of an infeasible position, or the costs of a feasible one, are known.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.violation.is_finite()
            && (self.violation > 0.0 || self.values.iter().all(|value| value.is_finite()))
    }

    /// Whether nothing about `other` is better: weak dominance.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if !self.is_valid() || !other.is_valid() {
            return self.is_valid() || !other.is_valid();
        }
        let [mine, theirs] = [self.violation.max(0.0), other.violation.max(0.0)];
        if mine > 0.0 || theirs > 0.0 {
            return mine <= theirs;
        }
        self.values.iter().zip(&other.values).all(|(mine, theirs)| mine <= theirs)
    }

    /// Whether it is at least as good in everything and better in something.
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        self.covers(other) && !other.covers(self)
    }
}

impl Persist for Costs {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.f64(&mut self.violation)?;
        archive.f64s(&mut self.values)
    }
}
