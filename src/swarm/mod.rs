//! The particle swarm: an ask/tell core without I/O, which knows nothing of simulations.
//!
//! ```
//! use gainswarm::swarm::{Axis, Outcome, Scale, Settings, Swarm};
//!
//! let axis = Axis { lower: -5.0, upper: 5.0, scale: Scale::Linear };
//! let mut swarm = Swarm::new(&[axis; 2], &Settings::default(), 1)?;
//! for _ in 0..200 {
//!     let sphere = |x: &[f64]| Outcome::feasible(x.iter().map(|x| x * x).sum());
//!     let outcomes: Vec<Outcome> = swarm.ask().chunks_exact(2).map(sphere).collect();
//!     swarm.tell(&outcomes);
//! }
//! let (position, outcome) = swarm.best();
//! assert!(outcome.cost < 1e-6, "{position:?}");
//! # Ok::<(), gainswarm::Error>(())
//! ```
//!
//! Inside, positions lie in the unit cube; outside, they have the units of the axes.

use crate::topologies::{DynTopology, TopologyKind};
use crate::{Error, memory};
use rules::{DynRule, Particle, RuleKind};

mod bounds;
mod draw;
mod initial;
mod outcome;
pub mod rules;
mod space;
mod stopping;

pub use bounds::Bounds;
pub use draw::{Draw, Purpose};
pub use initial::Initial;
pub use outcome::Outcome;
pub use space::{Axis, Scale};
pub use stopping::{Search, StopReason, Stopping};

/// How a swarm is made up.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Number of particles.
    pub particles: usize,
    /// How they move.
    pub rule: RuleKind,
    /// The rule's coefficients.
    pub coefficients: Vec<f64>,
    /// Who informs whom.
    pub topology: TopologyKind,
    /// How many others a particle informs, where the topology leaves that open.
    pub informed: usize,
    /// What happens at the bounds.
    pub bounds: Bounds,
    /// How the first positions are spread.
    pub initial: Initial,
}

impl Default for Settings {
    fn default() -> Self {
        let rule = RuleKind::Spso2011;
        Self {
            particles: 40,
            rule,
            coefficients: rule.parameters().iter().map(|parameter| parameter.default).collect(),
            topology: TopologyKind::AdaptiveRandom,
            informed: 3,
            bounds: Bounds::Absorb,
            initial: Initial::Uniform,
        }
    }
}

/// A particle swarm; see the [module](self) for an example.
pub struct Swarm {
    seed: u64,
    bounds: Bounds,
    axes: Box<[Axis]>,
    rule: Box<dyn DynRule>,
    topology: Box<dyn DynTopology>,
    generation: u64,
    /// Whether the positions of this generation have been judged, so that `ask` moves on.
    told: bool,
    cube: Box<[f64]>,
    velocities: Box<[f64]>,
    best_cube: Box<[f64]>,
    bests: Box<[Outcome]>,
    informants: Box<[usize]>,
    leader: usize,
    positions: Box<[f64]>,
    best_position: Box<[f64]>,
    scratch: Box<[f64]>,
    weights: Box<[f64]>,
}

impl Swarm {
    /// A swarm over the box of the given axes, spread over it.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// When there is no axis, no particle or nobody to inform, or the number of coefficients is not the rule's.
    pub fn new(axes: &[Axis], settings: &Settings, seed: u64) -> Result<Self, Error> {
        let Settings { particles, rule, ref coefficients, topology, informed, bounds, initial } = *settings;
        assert!(!axes.is_empty() && particles > 0 && informed > 0, "an axis, a particle and a link at least");
        assert_eq!(coefficients.len(), rule.parameters().len(), "the coefficients of {}", rule.name());
        let dimensions = axes.len();
        let what = "the swarm (particles)";
        let numbers = || memory::filled(what, particles.saturating_mul(dimensions), 0.0);
        let mut swarm = Self {
            seed,
            bounds,
            axes: axes.into(),
            rule: rule.build(coefficients),
            topology: topology.build(particles, informed)?,
            generation: 0,
            told: false,
            cube: numbers()?,
            velocities: numbers()?,
            best_cube: numbers()?,
            bests: memory::filled(what, particles, Outcome::WORST)?,
            informants: memory::filled(what, particles, 0)?,
            leader: 0,
            positions: numbers()?,
            best_position: vec![0.0; dimensions].into_boxed_slice(),
            scratch: vec![0.0; dimensions].into_boxed_slice(),
            weights: memory::filled(what, particles, 0.0)?,
        };
        swarm.spread(initial);
        Ok(swarm)
    }

    /// The positions of this generation, particle-major; those of the next one once they have been told.
    pub fn ask(&mut self) -> &[f64] {
        if self.told {
            self.told = false;
            self.generation += 1;
            self.fly();
            self.decode();
        }
        &self.positions
    }

    /// Takes the outcome of every position of this generation, in their order; fewer when a budget ends within a generation.
    ///
    /// # Panics
    ///
    /// When there are more outcomes than particles.
    pub fn tell(&mut self, outcomes: &[Outcome]) {
        assert!(outcomes.len() <= self.bests.len(), "at most one outcome a particle");
        self.told = true;
        let before = self.bests[self.leader];
        for (particle, outcome) in outcomes.iter().enumerate() {
            if outcome.is_better_than(&self.bests[particle]) {
                self.bests[particle] = *outcome;
                let row = self.row(particle);
                self.best_cube[row.clone()].copy_from_slice(&self.cube[row]);
            }
            if self.bests[particle].rank(&self.bests[self.leader]).then(particle.cmp(&self.leader)).is_lt() {
                self.leader = particle;
            }
        }
        if !self.bests[self.leader].is_better_than(&before) {
            self.rewire(self.generation + 1);
        }
        self.topology.best_informants(&self.bests, &mut self.informants);
        let row = self.row(self.leader);
        for (value, (axis, u)) in
            self.best_position.iter_mut().zip(self.axes.iter().zip(&self.best_cube[row]))
        {
            *value = axis.value(*u);
        }
    }

    /// The best position so far and its outcome; [`Outcome::WORST`] before anything was told.
    #[must_use]
    pub fn best(&self) -> (&[f64], Outcome) {
        (&self.best_position, self.bests[self.leader])
    }

    /// The best outcome that each particle has seen.
    #[must_use]
    pub fn personal_bests(&self) -> &[Outcome] {
        &self.bests
    }

    /// Draws positions, velocities and links (Clerc 2012: velocities such that the first move stays in the box).
    fn spread(&mut self, initial: Initial) {
        initial.spread(self.seed, self.axes.len(), &mut self.cube);
        for particle in 0..self.bests.len() {
            let mut velocity = Draw::new(self.seed, Purpose::InitialVelocity, 0, particle);
            for i in self.row(particle) {
                self.velocities[i] = velocity.between(-self.cube[i], 1.0 - self.cube[i]);
            }
        }
        self.best_cube.copy_from_slice(&self.cube);
        self.rewire(0);
        self.decode();
    }

    /// Moves every particle.
    fn fly(&mut self) {
        for particle in 0..self.bests.len() {
            let row = self.row(particle);
            let informant = self.informants[particle];
            let informant_row = self.row(informant);
            let mut draw = Draw::new(self.seed, Purpose::Motion, self.generation, particle);
            self.rule.accelerate(
                &mut Particle {
                    position: &self.cube[row.clone()],
                    velocity: &mut self.velocities[row.clone()],
                    personal_best: &self.best_cube[row.clone()],
                    informant_best: &self.best_cube[informant_row],
                    self_informed: informant == particle,
                    bests: &self.best_cube,
                    scratch: &mut self.scratch,
                    weights: &mut self.weights,
                },
                &mut draw,
            );
            for (u, velocity) in self.cube[row.clone()].iter_mut().zip(&mut self.velocities[row]) {
                self.bounds.fly(u, velocity, &mut draw);
            }
        }
    }

    fn rewire(&mut self, generation: u64) {
        self.topology.rewire(&mut Draw::new(self.seed, Purpose::Topology, generation, 0));
    }

    fn decode(&mut self) {
        let dimensions = self.axes.len();
        for (index, (position, u)) in self.positions.iter_mut().zip(&self.cube).enumerate() {
            *position = self.axes[index % dimensions].value(*u);
        }
    }

    fn row(&self, particle: usize) -> std::ops::Range<usize> {
        let dimensions = self.axes.len();
        particle * dimensions..(particle + 1) * dimensions
    }
}
