//! The outcome of a particle and the total order of outcomes.

use std::cmp::Ordering;

use crate::archive::{Archive, Damage, Persist};

/// The outcome of evaluating a position.
///
/// Outcomes are totally ordered, best first: feasible before infeasible, a smaller violation before a larger one, then
/// a smaller cost before a larger one. A violation, or the cost of a feasible position, that is NaN or infinite is worse
/// than every other outcome and no better than its like, so that it can never become a best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// How far the position is from feasible; 0 when it is.
    pub violation: f64,
    /// The cost to minimise; NaN when it is not known because the position is infeasible.
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

    /// An infeasible outcome without a cost.
    #[must_use]
    pub const fn infeasible(violation: f64) -> Self {
        Self { violation, cost: f64::NAN }
    }

    /// Whether nothing is violated and the cost is finite.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.violation <= 0.0 && self.violation.is_finite() && self.cost.is_finite()
    }

    /// The order: `Less` is better.
    #[must_use]
    pub fn rank(&self, other: &Self) -> Ordering {
        let violation = |outcome: &Self| outcome.violation.max(0.0);
        // Adding 0 makes −0 equal to 0; the cost that matters is that of a feasible position.
        let cost = |outcome: &Self| if outcome.cost.is_finite() { outcome.cost + 0.0 } else { f64::INFINITY };
        match (self.is_valid(), other.is_valid()) {
            (true, true) => {
                violation(self).total_cmp(&violation(other)).then_with(|| cost(self).total_cmp(&cost(other)))
            }
            (valid, other_valid) => other_valid.cmp(&valid),
        }
    }

    /// Whether its violation or its cost is known.
    fn is_valid(&self) -> bool {
        self.violation.is_finite() && (self.violation > 0.0 || self.cost.is_finite())
    }

    /// Whether this outcome is strictly better.
    #[must_use]
    pub fn is_better_than(&self, other: &Self) -> bool {
        self.rank(other).is_lt()
    }
}

/// Puts the places of the first outcomes, as many as there is room for, in the order of these: the best first, and of equals the first.
pub(crate) fn sort(order: &mut [usize], outcomes: &[Outcome]) {
    for (k, place) in order.iter_mut().enumerate() {
        *place = k;
    }
    order.sort_unstable_by(|a, b| outcomes[*a].rank(&outcomes[*b]).then(a.cmp(b)));
}

impl Persist for Outcome {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.f64(&mut self.violation)?;
        archive.f64(&mut self.cost)
    }
}
