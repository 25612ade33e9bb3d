//! The level up to which a violation does not count yet.
//!
//! The ε level comparison (Takahama & Sakai 2006, doi:10.1109/CEC.2006.1688283): of two outcomes whose violations are at most ε the one that costs less is
//! better; otherwise the one that violates less. So a swarm sees what is cheap before it stands on the thin set where an equality holds. Theirs is a
//! schedule over the whole budget; ours knows of no budget, and follows the swarm (measured in docs/swarm.md):
//!
//! ```text
//! ε₁ = m₁,   εₜ = min(0.95 εₜ₋₁, mₜ),   and 0 below 1e-9 ε₁
//! ```
//!
//! with mₜ the median violation in generation t, of the outcomes whose cost is known. Where half of them are feasible it is 0 from then on, and
//! feasible comes first; without constraints it is never above 0.

use super::Outcome;
use crate::archive::{Archive, Damage, Persist};
use crate::{Error, memory};

/// What is left of the level after a generation.
const FALL: f64 = 0.95;
/// The share of the first level below which there is none.
const SMALLEST: f64 = 1e-9;

/// The level of a swarm.
pub(super) struct Level {
    /// The first one, infinite before a cost is known, and the present one.
    first: f64,
    now: f64,
    /// Room for the violations of a generation.
    violations: Vec<f64>,
}

impl Level {
    /// The level of a swarm of so many particles, at its start.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(particles: usize) -> Result<Self, Error> {
        let violations = memory::empty("the swarm (particles)", particles)?;
        Ok(Self { first: f64::INFINITY, now: f64::INFINITY, violations })
    }

    /// A swarm starts.
    pub(super) fn start(&mut self) {
        (self.first, self.now) = (f64::INFINITY, f64::INFINITY);
    }

    /// Follows a generation.
    pub(super) fn follow(&mut self, outcomes: &[Outcome]) {
        if self.now == 0.0 {
            return;
        }
        self.violations.clear();
        let known = outcomes.iter().filter(|of| of.violation.is_finite() && of.cost.is_finite());
        self.violations.extend(known.map(|outcome| outcome.violation.max(0.0)));
        self.violations.sort_unstable_by(f64::total_cmp);
        let Some(median) = self.violations.get(self.violations.len() / 2) else { return };
        self.now = (FALL * self.now).min(*median);
        if self.first.is_infinite() {
            self.first = self.now;
        }
        if self.now < SMALLEST * self.first {
            self.now = 0.0;
        }
    }

    /// Whether some violations do not count yet.
    pub(super) fn is_above_zero(&self) -> bool {
        self.now > 0.0 && self.now.is_finite()
    }

    /// An outcome as the swarm sees it.
    pub(super) fn seen(&self, outcome: &Outcome) -> Outcome {
        if outcome.violation <= self.now && outcome.cost.is_finite() {
            Outcome::feasible(outcome.cost)
        } else {
            *outcome
        }
    }
}

impl Persist for Level {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.f64(&mut self.first)?;
        archive.f64(&mut self.now)
    }
}
