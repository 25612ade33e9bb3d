//! The outcome of a particle and the total order of outcomes.

use std::cmp::Ordering;

/// What a position is worth.
///
/// Outcomes are totally ordered, best first: feasible before infeasible, a smaller violation before a larger one, then
/// a smaller cost before a larger one. NaN and infinity, wherever they stand, are worse than every finite outcome and no better
/// than each other, so that they can never become a best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// How far the position is from feasible; 0 when it is.
    pub violation: f64,
    /// The cost to minimise.
    pub cost: f64,
}

impl Outcome {
    /// Worse than every outcome that was measured.
    pub const WORST: Self = Self { violation: f64::NAN, cost: f64::NAN };

    /// A feasible outcome.
    #[must_use]
    pub const fn feasible(cost: f64) -> Self {
        Self { violation: 0.0, cost }
    }

    /// Whether nothing is violated and the cost is finite.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.violation <= 0.0 && self.violation.is_finite() && self.cost.is_finite()
    }

    /// The order: `Less` is better.
    #[must_use]
    pub fn rank(&self, other: &Self) -> Ordering {
        let invalid = |outcome: &Self| !(outcome.violation.is_finite() && outcome.cost.is_finite());
        let violation = |outcome: &Self| outcome.violation.max(0.0);
        match (invalid(self), invalid(other)) {
            (false, false) => violation(self)
                .total_cmp(&violation(other))
                // Adding 0 makes −0 equal to 0.
                .then((self.cost + 0.0).total_cmp(&(other.cost + 0.0))),
            (invalid, other_invalid) => invalid.cmp(&other_invalid),
        }
    }

    /// Whether this outcome is strictly better.
    #[must_use]
    pub fn is_better_than(&self, other: &Self) -> bool {
        self.rank(other).is_lt()
    }
}
