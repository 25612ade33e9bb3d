//! Update rules: how a particle moves.
//!
//! All positions are in the unit cube. A new rule is one file with an implementation of [`Rule`] and one line in the
//! registry below.

use super::draw::Draw;
use crate::parameter::Parameter;
use crate::registry::registry;

pub mod constriction;
pub mod covariance;
pub mod inertia;
pub mod spso2011;

pub use constriction::Constriction;
pub use covariance::Covariance;
pub use inertia::Inertia;
pub use spso2011::Spso2011;

/// A particle that is about to move.
#[derive(Debug)]
pub struct Particle<'a> {
    /// Where it is.
    pub position: &'a [f64],
    /// How it moves; the rule replaces it.
    pub velocity: &'a mut [f64],
    /// The best position that it has seen.
    pub personal_best: &'a [f64],
    /// The best position that it has been told of.
    pub informant_best: &'a [f64],
    /// Whether that is its own.
    pub self_informed: bool,
    /// The personal bests of all particles, particle-major.
    pub bests: &'a [f64],
    /// As many numbers as there are dimensions, for the rule's use.
    pub scratch: &'a mut [f64],
    /// As many numbers as there are particles, for the rule's use.
    pub weights: &'a mut [f64],
}

impl Particle<'_> {
    /// In dimension i, the way from the position to SPSO's centre of gravity: of the position, and of what lies `c` times as far
    /// as the personal best and, where another informs it, the informant's.
    fn towards_centre(&self, c: f64, i: usize) -> f64 {
        let personal = self.personal_best[i] - self.position[i];
        if self.self_informed {
            c * personal / 2.0
        } else {
            c * (personal + (self.informant_best[i] - self.position[i])) / 3.0
        }
    }
}

/// How a particle moves.
pub trait Rule: Send {
    /// The key in the config.
    const NAME: &'static str;
    /// The rule, in a line.
    const SUMMARY: &'static str;
    /// Its coefficients, in the order of the values given to [`Rule::new`].
    const PARAMETERS: &'static [Parameter];

    /// The rule with the given coefficients.
    fn new(values: &[f64]) -> Self
    where
        Self: Sized;

    /// Replaces the velocity of a particle.
    fn accelerate(&self, particle: &mut Particle<'_>, draw: &mut Draw);
}

/// A rule without its constants, so that it can be kept in a box.
pub(super) trait DynRule: Send {
    fn accelerate(&self, particle: &mut Particle<'_>, draw: &mut Draw);
}

impl<R: Rule> DynRule for R {
    fn accelerate(&self, particle: &mut Particle<'_>, draw: &mut Draw) {
        Rule::accelerate(self, particle, draw);
    }
}

registry! {
    /// The update rules of this build.
    pub enum RuleKind in rules, with_rule {
        Spso2011,
        Inertia,
        Constriction,
        Covariance,
    }
}

impl RuleKind {
    /// The coefficients of the rule.
    #[must_use]
    pub fn parameters(self) -> &'static [Parameter] {
        with_rule!(self, R => R::PARAMETERS)
    }

    pub(super) fn build(self, values: &[f64]) -> Box<dyn DynRule> {
        with_rule!(self, R => Box::new(R::new(values)))
    }
}
