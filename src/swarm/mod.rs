//! The particle swarm: an ask/tell core without I/O, which knows nothing of simulations.
//!
//! ```
//! use gainswarm::swarm::{Axis, Outcome, Scale, Settings, Swarm};
//!
//! let axis = Axis::new(-5.0, 5.0, Scale::Linear);
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

use crate::archive::{Archive, Damage, Persist};
use crate::draw::{Draw, Purpose};
use crate::{Error, memory};
use level::Level;
use motion::Manner;
use race::Race;
use rules::{DynRule, Lesson, RuleKind};
use surrogate::Surrogate;
use topologies::{DynTopology, TopologyKind};

mod algebra;
mod bounds;
mod convergence;
mod diversity;
mod initial;
mod level;
mod ma_es;
mod motion;
mod outcome;
pub mod pareto;
mod plan;
mod quadratic;
mod race;
mod resampling;
pub mod rules;
mod search;
mod seeker;
mod shrinking;
mod space;
mod stopping;
mod surrogate;
pub mod topologies;

pub use bounds::Bounds;
pub use convergence::Convergence;
pub use diversity::Diversity;
pub use initial::Initial;
pub use outcome::Outcome;
pub(crate) use outcome::sort;
pub use plan::{Plan, PolishPlan, Restarts};
pub(crate) use race::entrants;
pub use resampling::ResampledSearch;
pub use search::{AsynchronousSearch, Question, Search};
pub use seeker::Seeker;
pub use space::{Axis, Grid, Scale};
pub use stopping::{StopReason, Stopping};

/// The settings of a swarm.
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
    /// How many moves a particle tries, of which a surrogate picks one; 1 for none.
    pub candidates: usize,
    /// What happens at the bounds.
    pub bounds: Bounds,
    /// How the first positions are spread.
    pub initial: Initial,
    /// Positions in the units of the axes from which the first particles start instead, up to rounding.
    pub start: Vec<Vec<f64>>,
}

impl Default for Settings {
    fn default() -> Self {
        let rule = RuleKind::Learning;
        Self {
            particles: 24,
            rule,
            coefficients: rule.parameters().iter().map(|parameter| parameter.default).collect(),
            topology: TopologyKind::AdaptiveRandom,
            informed: 3,
            candidates: rule.candidates(),
            bounds: Bounds::Absorb,
            initial: Initial::Sobol,
            start: Vec::new(),
        }
    }
}

/// A particle swarm; see the [module](self) for an example.
pub struct Swarm {
    seed: u64,
    bounds: Bounds,
    initial: Initial,
    axes: Box<[Axis]>,
    rule: Box<dyn DynRule>,
    topology: Box<dyn DynTopology>,
    /// The number of the present generation, by which random numbers are keyed, and that in which the swarm started.
    generation: u64,
    born: u64,
    /// Whether the positions of this generation have been judged, so that `ask` moves on.
    told: bool,
    /// Particles at the start. What follows has the length of the swarm as it is now, and room for all of them.
    largest: usize,
    cube: Vec<f64>,
    velocities: Vec<f64>,
    best_cube: Vec<f64>,
    bests: Vec<Outcome>,
    informants: Vec<usize>,
    leader: usize,
    positions: Vec<f64>,
    best_position: Box<[f64]>,
    scratch: Box<[f64]>,
    /// The informants of the particle that moves, for rules that use them all.
    informed_by: Vec<usize>,
    /// Which particles have just found something better.
    improved: Vec<bool>,
    /// The positions as they are judged, where that is not where the particles are: where some axes have values that can be counted.
    tried: Vec<f64>,
    /// What tells moves apart, and the particle before it moves and after the move that looks best: positions and velocities.
    surrogate: Surrogate,
    before: Box<[f64]>,
    picked: Box<[f64]>,
    /// Up to where violations do not count yet, and outcomes as they are seen then.
    level: Level,
    seen: Vec<Outcome>,
    /// The median outcome of the last generation, and room to find it in.
    median: Outcome,
    sorted: Vec<Outcome>,
    /// The outcomes to beat where every outcome is learnt from: none.
    nothing: Vec<Outcome>,
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
    /// When there is no axis, no particle, no informant or no candidate, or the number of coefficients is not the rule's, or that of a start's
    /// coordinates not the axes'.
    pub fn new(axes: &[Axis], settings: &Settings, seed: u64) -> Result<Self, Error> {
        let &Settings {
            particles,
            rule,
            ref coefficients,
            topology,
            informed,
            candidates,
            bounds,
            initial,
            ref start,
        } = settings;
        assert!(!axes.is_empty() && particles > 0 && informed > 0, "an axis, a particle and a link at least");
        assert!(candidates > 0, "a move at least");
        assert_eq!(coefficients.len(), rule.parameters().len(), "the coefficients of {}", rule.name());
        let dimensions = axes.len();
        let what = "the swarm (particles)";
        let numbers = || memory::filled(what, particles.saturating_mul(dimensions), 0.0).map(Vec::from);
        let outcomes = || memory::filled(what, particles, Outcome::WORST).map(Vec::from);
        let mut swarm = Self {
            seed,
            bounds,
            initial,
            axes: axes.into(),
            rule: rule.build(coefficients, dimensions, particles)?,
            topology: topology.build(particles, informed)?,
            generation: 0,
            born: 0,
            told: false,
            largest: particles,
            cube: numbers()?,
            velocities: numbers()?,
            best_cube: numbers()?,
            bests: outcomes()?,
            informants: memory::filled(what, particles, 0)?.into(),
            leader: 0,
            positions: numbers()?,
            best_position: vec![0.0; dimensions].into_boxed_slice(),
            scratch: vec![0.0; dimensions].into_boxed_slice(),
            tried: if axes.iter().all(|axis| axis.grid == Grid::None) { Vec::new() } else { numbers()? },
            informed_by: memory::empty(what, particles)?,
            improved: memory::filled(what, particles, false)?.into(),
            surrogate: Surrogate::new(dimensions, particles, candidates)?,
            before: vec![0.0; 2 * dimensions].into_boxed_slice(),
            picked: vec![0.0; 2 * dimensions].into_boxed_slice(),
            level: Level::new(particles)?,
            seen: outcomes()?,
            median: Outcome::WORST,
            sorted: outcomes()?,
            nothing: outcomes()?,
        };
        swarm.start(0);
        for (particle, position) in start.iter().enumerate().take(particles) {
            swarm.place(particle, position);
        }
        swarm.decode();
        Ok(swarm)
    }

    /// The positions of this generation, particle-major; those of the next one once they have been told.
    pub fn ask(&mut self) -> &[f64] {
        self.ask_by(Manner::USUAL)
    }

    /// The same, where a next generation moves as is said.
    fn ask_by(&mut self, manner: Manner) -> &[f64] {
        if self.told {
            self.told = false;
            self.generation += 1;
            self.fly(manner);
            self.decode();
        }
        &self.positions
    }

    /// Takes the outcome of every position of this generation, in their order; fewer when a budget ends within a generation. True
    /// when any particle has found something better than before.
    ///
    /// # Panics
    ///
    /// When there are more outcomes than particles.
    pub fn tell(&mut self, outcomes: &[Outcome]) -> bool {
        assert!(outcomes.len() <= self.bests.len(), "at most one outcome a particle");
        self.told = true;
        self.improved.fill(false);
        self.level.follow(outcomes);
        let before = self.bests[self.leader];
        for (particle, outcome) in outcomes.iter().enumerate() {
            if self.level.seen(outcome).is_better_than(&self.level.seen(&self.bests[particle])) {
                self.improved[particle] = true;
                self.bests[particle] = *outcome;
                let row = self.row(particle);
                let judged = if self.tried.is_empty() { &self.cube } else { &self.tried };
                self.best_cube[row.clone()].copy_from_slice(&judged[row]);
            }
        }
        let seen = self.lead(before, self.generation + 1, outcomes);
        self.surrogate.learn(&self.cube, &self.seen[..seen]);
        self.rule.learn(Lesson {
            positions: &self.cube,
            outcomes: &self.seen[..seen],
            improved: &self.improved,
        });
        self.inform()
    }

    /// Finds the best particle, and rewires who informs whom where that has seen nothing better than `before`; then sees outcomes as they are to be
    /// learnt from, and says how many.
    fn lead(&mut self, before: Outcome, generation: u64, outcomes: &[Outcome]) -> usize {
        for (seen, best) in self.seen.iter_mut().zip(&self.bests) {
            *seen = self.level.seen(best);
        }
        self.leader = 0;
        for (particle, best) in self.seen.iter().enumerate() {
            if best.is_better_than(&self.seen[self.leader]) {
                self.leader = particle;
            }
        }
        if !self.seen[self.leader].is_better_than(&self.level.seen(&before)) {
            self.rewire(generation);
        }
        for (seen, outcome) in self.seen.iter_mut().zip(outcomes) {
            *seen = self.level.seen(outcome);
        }
        let sorted = &mut self.sorted[..outcomes.len()];
        sorted.copy_from_slice(&self.seen[..outcomes.len()]);
        if !sorted.is_empty() {
            self.median = *sorted.select_nth_unstable_by(outcomes.len() / 2, Outcome::rank).1;
        }
        outcomes.len()
    }

    /// Tells every particle of its best informant; true when any has found something better than before.
    fn inform(&mut self) -> bool {
        for (seen, best) in self.seen.iter_mut().zip(&self.bests) {
            *seen = self.level.seen(best);
        }
        self.topology.best_informants(&self.seen, &mut self.informants);
        let row = self.row(self.leader);
        decode(&self.axes, &self.best_cube[row], &mut self.best_position);
        self.improved.contains(&true)
    }

    /// Sees its personal bests as others: they are judged in another way from now on.
    pub(super) fn see_bests(&mut self, outcomes: &[Outcome]) {
        self.bests.copy_from_slice(outcomes);
        // What it remembers was judged in the other way.
        self.surrogate.start();
        self.surrogate.learn(&self.best_cube, &self.bests);
        self.improved.fill(false);
        self.leader = 0;
        for (particle, best) in self.bests.iter().enumerate() {
            if self.level.seen(best).is_better_than(&self.level.seen(&self.bests[self.leader])) {
                self.leader = particle;
            }
        }
        self.inform();
    }

    /// The median outcome of the last generation.
    pub(super) fn median(&self) -> Outcome {
        self.median
    }

    /// Whether a violation does not count yet as long as it is small: the swarm has not settled.
    pub(super) fn is_relaxed(&self) -> bool {
        self.level.is_above_zero()
    }

    /// The best position so far and its outcome; [`Outcome::WORST`] before anything was told. As long as small violations do not count
    /// (`level.rs`), another may be feasible.
    #[must_use]
    pub fn best(&self) -> (&[f64], Outcome) {
        (&self.best_position, self.bests[self.leader])
    }

    /// The positions of this generation, as [`Swarm::ask`] last gave them.
    #[must_use]
    pub fn positions(&self) -> &[f64] {
        &self.positions
    }

    /// For each position of this generation an outcome: whatever is no better than it need not be known exactly.
    #[must_use]
    pub fn to_beat(&self) -> &[Outcome] {
        if self.rule.needs_all_outcomes() || self.surrogate.is_used() { &self.nothing } else { &self.bests }
    }

    /// The best outcome that each particle has seen.
    #[must_use]
    pub fn personal_bests(&self) -> &[Outcome] {
        &self.bests
    }

    /// Moves a particle to another start; its velocity is limited so that its first move stays in the box.
    fn place(&mut self, particle: usize, position: &[f64]) {
        assert_eq!(position.len(), self.axes.len(), "a coordinate an axis");
        let row = self.row(particle);
        for ((i, axis), value) in row.clone().zip(self.axes.iter()).zip(position) {
            self.cube[i] = axis.share(*value);
            self.velocities[i] = self.velocities[i].clamp(-self.cube[i], 1.0 - self.cube[i]);
        }
        self.best_cube[row.clone()].copy_from_slice(&self.cube[row]);
        self.try_where_they_are();
    }

    fn try_where_they_are(&mut self) {
        if !self.tried.is_empty() {
            self.tried.copy_from_slice(&self.cube);
        }
    }

    /// Forgets everything and spreads the particles anew; `generation` is the number of the next one, by which random numbers are keyed.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn start(&mut self, generation: u64) {
        (self.generation, self.born) = (generation, generation);
        self.told = false;
        self.resize(self.largest);
        self.bests.fill(Outcome::WORST);
        self.leader = 0;
        self.rule.start();
        self.level.start();
        self.surrogate.start();
        // The informants are not needed before the first outcomes, so their array serves as room here.
        let order = &mut self.informants;
        self.initial.spread(self.seed, generation, self.axes.len(), &mut self.cube, order);
        for particle in 0..self.bests.len() {
            // Clerc 2012: the first move stays in the box.
            let mut velocity = Draw::new(self.seed, Purpose::InitialVelocity, generation, particle);
            for i in self.row(particle) {
                self.velocities[i] = velocity.between(-self.cube[i], 1.0 - self.cube[i]);
            }
        }
        self.best_cube.copy_from_slice(&self.cube);
        self.try_where_they_are();
        self.rewire(generation);
        self.decode();
    }

    /// The personal bests in the unit cube, particle-major.
    pub(super) fn bests_cube(&self) -> &[f64] {
        &self.best_cube
    }

    /// The particle with the best personal best.
    pub(super) fn best_particle(&self) -> usize {
        self.leader
    }

    /// The positions of this generation in the unit cube, as they are judged, particle-major.
    pub(super) fn judged(&self) -> &[f64] {
        if self.tried.is_empty() { &self.cube } else { &self.tried }
    }

    /// Puts the particles of the first generation at the first of these positions in the unit cube.
    pub(super) fn stand_at(&mut self, cube: &[f64]) {
        let room = self.cube.len();
        self.cube.copy_from_slice(&cube[..room]);
        for (velocity, u) in self.velocities.iter_mut().zip(&self.cube) {
            *velocity = velocity.clamp(-u, 1.0 - u);
        }
        self.best_cube.copy_from_slice(&self.cube);
        self.try_where_they_are();
    }

    /// The best position so far in the unit cube.
    pub(super) fn best_cube(&self) -> &[f64] {
        &self.best_cube[self.row(self.leader)]
    }

    fn rewire(&mut self, generation: u64) {
        self.topology.rewire(&mut Draw::new(self.seed, Purpose::Topology, generation, 0));
    }

    fn decode(&mut self) {
        let judged = if self.tried.is_empty() { &self.cube } else { &self.tried };
        decode(&self.axes, judged, &mut self.positions);
    }

    fn row(&self, particle: usize) -> std::ops::Range<usize> {
        let dimensions = self.axes.len();
        particle * dimensions..(particle + 1) * dimensions
    }
}

impl Persist for Swarm {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let mut particles = self.bests.len();
        archive.index(&mut particles, self.largest + 1)?;
        self.resize(particles.max(1));
        archive.u64(&mut self.generation)?;
        archive.u64(&mut self.born)?;
        self.generation = self.generation.max(self.born);
        archive.flag(&mut self.told)?;
        archive.f64s(&mut self.cube)?;
        archive.f64s(&mut self.tried)?;
        archive.f64s(&mut self.velocities)?;
        archive.f64s(&mut self.best_cube)?;
        self.bests.iter_mut().try_for_each(|best| best.pass(archive))?;
        self.informants.iter_mut().try_for_each(|informant| archive.index(informant, particles))?;
        archive.index(&mut self.leader, particles)?;
        self.topology.pass(archive)?;
        self.level.pass(archive)?;
        self.surrogate.pass(archive)?;
        self.rule.pass(archive)?;
        // Recomputed, not saved.
        self.decode();
        let row = self.row(self.leader);
        decode(&self.axes, &self.best_cube[row], &mut self.best_position);
        Ok(())
    }
}

/// Positions, one after the other, in the units of the axes.
fn decode(axes: &[Axis], cube: &[f64], positions: &mut [f64]) {
    for (index, (position, u)) in positions.iter_mut().zip(cube).enumerate() {
        *position = axes[index % axes.len()].value(*u);
    }
}
