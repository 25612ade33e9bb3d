//! Scouts: small swarms with learnt moves, each after one objective alone, so that the ends of the front are those of tuning for it.
//!
//! The ends of a front are optima of one objective, which the moves of `moves.rs` come close to but, in a narrow valley, do not reach; and
//! what they lack adds little to the hypervolume, so that nothing drives the swarm there. A scout is the swarm for one objective with its usual rule,
//! `learning`. It starts from the first generation, and in each later one some particles go where it asks. A generation of the scout is
//! spread over as many of the swarm's as that takes.
//!
//! How many particles a scout has: at least one; more, up to a third of the swarm for all scouts together, as what a particle gains for it (a tenth of
//! the share of the front's width by which its best fell, smoothed over some five of its generations) compares with what
//! other particles add to the hypervolume. So a scout that has arrived leaves the particles to the front. A third and five are chosen here.
//!
//! Searches for single objectives are also how HMO-CMA-ES begins (Loshchilov & Glasmachers 2016, *Anytime bi-objective optimization
//! with a hybrid multi-objective CMA-ES*, GECCO companion).

use super::{Costs, Front};
use crate::Error;
use crate::archive::{Archive, Damage, Persist};
use crate::memory;
use crate::swarm::{Axis, Outcome, Settings, Swarm};

/// The share of the particles that all scouts together may have.
const MOST: f64 = 1.0 / 3.0;
/// What an end adds to the hypervolume as it moves on by the width of the front: it lies at 1 in another objective, of the reference's 1.1.
const STRIP: f64 = 0.1;
/// How much of what a scout gained is remembered a generation of it later.
const MEMORY: f64 = 0.8;

/// A swarm after one objective.
pub(super) struct Scout {
    objective: usize,
    swarm: Swarm,
    /// The outcomes of its present generation, and how many of them are known.
    outcomes: Box<[Outcome]>,
    known: usize,
    /// What a particle gained, as it would count in the hypervolume.
    worth: f64,
}

impl Scout {
    /// A scout of at most so many particles. With the seed and the start of the whole swarm its first positions are the first of that.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(
        axes: &[Axis],
        objective: usize,
        settings: &super::ParetoSettings,
        seed: u64,
    ) -> Result<Self, Error> {
        // As many as a search for one objective has; with a surrogate one of three ends was further off (docs/swarm.md).
        let particles = (4 + 2 * axes.len()).min(24).min(settings.particles);
        let settings = Settings { particles, candidates: 1, ..Settings::default() };
        Ok(Self {
            objective,
            swarm: Swarm::new(axes, &settings, seed)?,
            outcomes: memory::filled("the swarm (particles)", particles, Outcome::WORST)?,
            known: 0,
            worth: 0.0,
        })
    }

    /// Learns from the first generation of the whole swarm, at the positions of its particles in the unit cube.
    pub(super) fn begin(&mut self, cube: &[f64], costs: &[Costs]) {
        if costs.len() < self.outcomes.len() {
            return;
        }
        self.swarm.stand_at(cube);
        for (outcome, costs) in self.outcomes.iter_mut().zip(costs) {
            *outcome = costs.alone(self.objective);
        }
        self.swarm.tell(&self.outcomes);
        self.swarm.ask();
    }

    /// The positions in the unit cube of so many of its particles as may go in this generation, of a swarm of `particles` of which the others are
    /// worth `others` each, with `scouts` in all.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of particles"
    )]
    pub(super) fn positions(&self, particles: usize, scouts: usize, others: f64) -> &[f64] {
        let all = self.worth + others;
        let share = if all > 0.0 { self.worth / all } else { 0.0 };
        let most = MOST * particles as f64 / scouts as f64;
        let left = self.outcomes.len() - self.known;
        let count = ((share * most) as usize).clamp(1, left);
        let judged = self.swarm.judged();
        let dimensions = judged.len() / self.outcomes.len();
        &judged[self.known * dimensions..(self.known + count) * dimensions]
    }

    /// Takes the costs of the next position.
    #[allow(clippy::cast_precision_loss, reason = "a number of particles")]
    pub(super) fn tell(&mut self, costs: &Costs, front: &Front) {
        self.outcomes[self.known] = costs.alone(self.objective);
        self.known += 1;
        if self.known < self.outcomes.len() {
            return;
        }
        self.known = 0;
        let (_, before) = self.swarm.best();
        self.swarm.tell(&self.outcomes);
        let (_, best) = self.swarm.best();
        let width = front.width(self.objective);
        let gain = if before.is_feasible() && width > 0.0 {
            ((before.cost - best.cost) / width).min(1.0)
        } else {
            0.0
        };
        self.worth = MEMORY * self.worth + (1.0 - MEMORY) * STRIP * gain / self.outcomes.len() as f64;
        self.swarm.ask();
    }
}

impl Persist for Scout {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        self.swarm.pass(archive)?;
        self.outcomes.iter_mut().try_for_each(|outcome| outcome.pass(archive))?;
        archive.index(&mut self.known, self.outcomes.len())?;
        archive.f64(&mut self.worth)
    }
}
