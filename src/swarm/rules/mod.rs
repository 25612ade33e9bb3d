//! Update rules: how a particle moves.
//!
//! All positions are in the unit cube. A new rule is one file with an implementation of [`Rule`] and one line in the
//! registry below.

use super::Outcome;
use crate::Error;
use crate::archive::{Archive, Damage};
use crate::draw::Draw;
use crate::parameter::Parameter;
use crate::registry::registry;

pub mod clpso;
pub mod constriction;
pub mod fips;
pub mod inertia;
pub mod learning;
pub mod spso2011;

pub use clpso::Clpso;
pub use constriction::Constriction;
pub use fips::Fips;
pub use inertia::Inertia;
pub use learning::Learning;
pub use spso2011::Spso2011;

/// A particle that is about to move.
#[derive(Debug)]
pub struct Particle<'a> {
    /// Which one it is.
    pub index: usize,
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
    /// All that inform it, itself among them; empty unless the rule is [`Rule::FULLY_INFORMED`].
    pub informants: &'a [usize],
    /// What all particles know.
    pub swarm: Knowledge<'a>,
    /// As many numbers as there are dimensions, for the rule's use.
    pub scratch: &'a mut [f64],
}

/// What the particles have found.
#[derive(Debug, Clone, Copy)]
pub struct Knowledge<'a> {
    /// The personal bests, particle-major.
    pub bests: &'a [f64],
    /// What they are worth.
    pub outcomes: &'a [Outcome],
    /// How often the swarm has moved since it started.
    pub age: u64,
}

impl Knowledge<'_> {
    /// An inertia weight that goes evenly from one value to another within `horizon` moves; the first without a horizon.
    #[allow(clippy::cast_precision_loss, reason = "a number of generations")]
    fn weight(&self, [start, end]: [f64; 2], horizon: f64) -> f64 {
        let way = if horizon > 0.0 { (self.age as f64 / horizon).min(1.0) } else { 0.0 };
        start + (end - start) * way
    }
}

/// What a generation has shown.
#[derive(Debug, Clone, Copy)]
pub struct Lesson<'a> {
    /// Where the particles were, particle-major.
    pub positions: &'a [f64],
    /// What that is worth; of fewer particles when a budget ends within a generation.
    pub outcomes: &'a [Outcome],
    /// Whether it is better than what each particle had seen before.
    pub improved: &'a [bool],
}

impl Particle<'_> {
    /// In dimension i, the way from the position to the personal best of any particle.
    fn towards(&self, other: usize, i: usize) -> f64 {
        self.swarm.bests[other * self.position.len() + i] - self.position[i]
    }

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
///
/// A swarm is given the kind of its rule:
///
/// ```
/// use gainswarm::swarm::rules::RuleKind;
/// use gainswarm::swarm::{Axis, Outcome, Scale, Settings, Swarm};
///
/// let rule = RuleKind::Spso2011;
/// let coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
/// let axis = Axis::new(-5.0, 5.0, Scale::Linear);
/// let mut swarm = Swarm::new(&[axis; 2], &Settings { rule, coefficients, ..Settings::default() }, 1)?;
/// for _ in 0..100 {
///     let outcomes: Vec<_> = swarm.ask().chunks(2).map(|x| Outcome::feasible(x[0].hypot(x[1]))).collect();
///     swarm.tell(&outcomes);
/// }
/// assert!(swarm.best().1.cost < 1e-2);
/// # Ok::<(), gainswarm::Error>(())
/// ```
pub trait Rule: Send {
    /// The key in the config.
    const NAME: &'static str;
    /// The rule, in a line.
    const SUMMARY: &'static str;
    /// Its coefficients, in the order of the values given to [`Rule::new`].
    const PARAMETERS: &'static [Parameter];
    /// Whether it looks at all that inform a particle, not at the best of them alone.
    const FULLY_INFORMED: bool = false;
    /// Whether it learns from all outcomes, not only from those that are a particle's best; then none may be a lower bound.
    const ALL_OUTCOMES: bool = false;

    /// Whether its swarm may become smaller.
    const SHRINKS: bool = false;

    /// How many moves a particle tries where nothing is said; rules of the literature try one.
    const CANDIDATES: usize = 1;

    /// The rule with the given coefficients.
    fn new(values: &[f64]) -> Self
    where
        Self: Sized;

    /// Reserves what it needs to remember, for a swarm of so many particles.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    fn reserve(&mut self, _dimensions: usize, _particles: usize) -> Result<(), Error> {
        Ok(())
    }

    /// Forgets what it has learnt: a swarm starts.
    fn start(&mut self) {}

    /// The swarm has so many particles from now on, no more than was reserved for; asked of [`Rule::SHRINKS`] alone.
    ///
    /// # Allocation
    ///
    /// None.
    fn resize(&mut self, _particles: usize) {}

    /// Learns from a generation that was judged.
    fn learn(&mut self, _lesson: Lesson<'_>) {}

    /// Replaces the velocity of a particle.
    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw);

    /// Saves or restores what it has learnt.
    ///
    /// # Errors
    ///
    /// When restoring, bytes that are no such state.
    fn pass(&mut self, _tape: &mut Archive<'_>) -> Result<(), Damage> {
        Ok(())
    }
}

/// A rule without its constants, which makes it usable as a trait object.
pub(super) trait DynRule: Send {
    fn is_fully_informed(&self) -> bool;
    fn needs_all_outcomes(&self) -> bool;
    fn reserve(&mut self, dimensions: usize, particles: usize) -> Result<(), Error>;
    fn start(&mut self);
    fn resize(&mut self, particles: usize);
    fn learn(&mut self, lesson: Lesson<'_>);
    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw);
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage>;
}

impl<R: Rule> DynRule for R {
    fn is_fully_informed(&self) -> bool {
        R::FULLY_INFORMED
    }

    fn needs_all_outcomes(&self) -> bool {
        R::ALL_OUTCOMES
    }

    fn reserve(&mut self, dimensions: usize, particles: usize) -> Result<(), Error> {
        Rule::reserve(self, dimensions, particles)
    }

    fn start(&mut self) {
        Rule::start(self);
    }

    fn resize(&mut self, particles: usize) {
        Rule::resize(self, particles);
    }

    fn learn(&mut self, lesson: Lesson<'_>) {
        Rule::learn(self, lesson);
    }

    fn accelerate(&mut self, particle: &mut Particle<'_>, draw: &mut Draw) {
        Rule::accelerate(self, particle, draw);
    }

    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        Rule::pass(self, archive)
    }
}

registry! {
    /// The update rules of this build.
    pub enum RuleKind in rules, with_rule {
        Learning,
        Spso2011,
        Inertia,
        Constriction,
        Fips,
        Clpso,
    }
}

impl RuleKind {
    /// The coefficients of the rule.
    #[must_use]
    pub fn parameters(self) -> &'static [Parameter] {
        with_rule!(self, R => R::PARAMETERS)
    }

    /// Whether its swarm may become smaller.
    #[must_use]
    pub fn shrinks(self) -> bool {
        with_rule!(self, R => R::SHRINKS)
    }

    /// How many moves a particle tries where nothing is said.
    #[must_use]
    pub fn candidates(self) -> usize {
        with_rule!(self, R => R::CANDIDATES)
    }

    pub(super) fn build(
        self,
        values: &[f64],
        dimensions: usize,
        particles: usize,
    ) -> Result<Box<dyn DynRule>, Error> {
        let mut rule: Box<dyn DynRule> = with_rule!(self, R => Box::new(R::new(values)));
        rule.reserve(dimensions, particles)?;
        Ok(rule)
    }
}
