//! A particle swarm for two to four objectives: an ask/tell core without I/O, which finds the best trade-offs in one run.
//!
//! ```
//! use gainswarm::swarm::pareto::{Costs, ParetoSettings, ParetoSwarm};
//! use gainswarm::swarm::{Axis, Scale};
//!
//! let axis = Axis::new(-5.0, 5.0, Scale::Linear);
//! let mut swarm = ParetoSwarm::new(&[axis; 2], 2, &ParetoSettings::default(), 1)?;
//! for _ in 0..100 {
//!     let squares = |x: &[f64], to: f64| (x[0] - to) * (x[0] - to) + x[1] * x[1];
//!     let judge = |x: &[f64]| Costs::feasible(&[squares(x, -1.0), squares(x, 1.0)]);
//!     let outcomes: Vec<Costs> = swarm.ask().chunks_exact(2).map(judge).collect();
//!     swarm.tell(&outcomes);
//! }
//! // The best trade-offs lie between the two best points, where √f₁ + √f₂ = 2.
//! for costs in swarm.front().costs() {
//!     let [first, second, ..] = costs.values;
//!     assert!((first.sqrt() + second.sqrt() - 2.0).abs() < 0.01);
//! }
//! # Ok::<(), gainswarm::Error>(())
//! ```
//!
//! Each generation every particle moves in one of three ways (`moves.rs`) or goes where a scout for one objective asks (`scouts.rs`), is judged,
//! and offered to the [archive](Front), which keeps what adds most to the hypervolume. Inside, positions lie in the unit cube; outside, they have the units of the axes.

use std::ops::Range;

use super::{Axis, Grid, Initial, decode};
use crate::archive::{Archive, Damage, Persist};
use crate::draw::{Draw, Purpose};
use crate::{Error, memory};
use front::{Origin, WAYS};
use moves::{Credit, Mover};
use scouts::Scout;

mod costs;
mod front;
mod hypervolume;
mod moves;
mod scouts;
mod search;

pub use costs::{Costs, OBJECTIVES_MAX};
pub use front::Front;
pub use hypervolume::{Hypervolume, Point};
pub use search::{TradeOffSearch, TradeOffs};

/// The settings of a swarm for several objectives.
#[derive(Debug, Clone, PartialEq)]
pub struct ParetoSettings {
    /// Number of particles.
    pub particles: usize,
    /// The most trade-offs that are kept.
    pub kept: usize,
    /// How the first positions are spread.
    pub initial: Initial,
    /// Positions in the units of the axes from which the first particles start instead, up to rounding.
    pub start: Vec<Vec<f64>>,
}

impl Default for ParetoSettings {
    fn default() -> Self {
        Self { particles: 30, kept: 100, initial: Initial::Sobol, start: Vec::new() }
    }
}

/// A particle swarm for several objectives; see the [module](self) for an example.
pub struct ParetoSwarm {
    seed: u64,
    axes: Box<[Axis]>,
    /// The number of the present generation, by which random numbers are keyed.
    generation: u64,
    /// Whether the positions of this generation have been judged, so that `ask` moves on.
    told: bool,
    cube: Box<[f64]>,
    velocities: Box<[f64]>,
    /// The way that each particle has moved, or, from [`WAYS`] on, the objective of the scout for which it went; the first positions count as flown to.
    ways: Box<[usize]>,
    best_cube: Box<[f64]>,
    bests: Box<[Costs]>,
    front: Front,
    credit: Credit,
    /// One an objective.
    scouts: Box<[Scout]>,
    positions: Box<[f64]>,
}

impl ParetoSwarm {
    /// A swarm over the box of the given axes, spread over it and at rest.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// When there is no axis or no particle, fewer than two objectives or more than four, fewer kept points than objectives, or the number of
    /// a start's coordinates is not the axes'.
    pub fn new(
        axes: &[Axis],
        objectives: usize,
        settings: &ParetoSettings,
        seed: u64,
    ) -> Result<Self, Error> {
        let ParetoSettings { particles, kept, initial, ref start } = *settings;
        assert!(!axes.is_empty() && particles > 0, "an axis and a particle at least");
        let what = "the swarm (particles)";
        let numbers = || memory::filled(what, particles.saturating_mul(axes.len()), 0.0);
        let mut swarm = Self {
            seed,
            axes: axes.into(),
            generation: 0,
            told: false,
            cube: numbers()?,
            velocities: numbers()?,
            ways: memory::filled(what, particles, moves::FLIGHT)?,
            best_cube: numbers()?,
            bests: memory::filled(what, particles, Costs::WORST)?,
            front: Front::new(axes.len(), objectives, kept)?,
            credit: Credit::default(),
            scouts: (0..objectives)
                .map(|objective| Scout::new(axes, objective, settings, seed))
                .collect::<Result<_, _>>()?,
            positions: numbers()?,
        };
        initial.spread(seed, 0, axes.len(), &mut swarm.cube, &mut swarm.ways);
        swarm.ways.fill(moves::FLIGHT);
        for (particle, position) in start.iter().enumerate().take(particles) {
            assert_eq!(position.len(), axes.len(), "a coordinate an axis");
            let row = swarm.row(particle);
            for ((u, axis), value) in swarm.cube[row].iter_mut().zip(axes).zip(position) {
                *u = axis.share(*value);
            }
        }
        swarm.best_cube.copy_from_slice(&swarm.cube);
        decode(&swarm.axes, &swarm.cube, &mut swarm.positions);
        Ok(swarm)
    }

    /// The positions of this generation, particle-major; those of the next one once they have been told.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask(&mut self) -> &[f64] {
        if self.told {
            self.told = false;
            self.generation += 1;
            let movers = if self.front.is_empty() { self.bests.len() } else { self.scout() };
            for particle in 0..movers {
                self.go(particle);
            }
            decode(&self.axes, &self.cube, &mut self.positions);
        }
        &self.positions
    }

    /// Takes the costs of every position of this generation, in their order; fewer when a budget ends within a generation.
    ///
    /// # Allocation
    ///
    /// None.
    ///
    /// # Panics
    ///
    /// When there are more costs than particles.
    pub fn tell(&mut self, outcomes: &[Costs]) {
        assert!(outcomes.len() <= self.bests.len(), "at most the costs of every particle");
        self.told = true;
        let mut taken = [0; WAYS];
        for (particle, outcome) in outcomes.iter().enumerate() {
            let (row, way) = (self.row(particle), self.ways[particle]);
            if let Some(taken) = taken.get_mut(way) {
                *taken += 1;
            }
            self.front.offer(&self.cube[row.clone()], outcome, Origin { generation: self.generation, way });
            // As in SMPSO: a trade-off that is no worse replaces the one before.
            if !self.bests[particle].dominates(outcome) {
                self.bests[particle] = *outcome;
                self.best_cube[row.clone()].copy_from_slice(&self.cube[row]);
            }
        }
        if self.generation == 0 {
            self.scouts.iter_mut().for_each(|scout| scout.begin(&self.cube, outcomes));
        }
        for (outcome, way) in outcomes.iter().zip(&self.ways) {
            if let Some(objective) = way.checked_sub(WAYS) {
                self.scouts[objective].tell(outcome, &self.front);
            }
        }
        self.front.weigh();
        self.credit.learn(&self.front, self.generation, taken);
    }

    /// The best trade-offs so far.
    #[must_use]
    pub fn front(&self) -> &Front {
        &self.front
    }

    /// The measure of what the best trade-offs dominate within a reference point, in the units of the objectives.
    ///
    /// # Panics
    ///
    /// When the reference has not a coordinate an objective.
    pub fn hypervolume(&mut self, reference: &[f64]) -> f64 {
        self.front.hypervolume(reference)
    }

    /// A kept point in the units of the axes.
    ///
    /// # Panics
    ///
    /// When there is no such point, or `position` has not a coordinate an axis.
    pub fn locate(&self, point: usize, position: &mut [f64]) {
        self.decode(self.front.cube(point), position);
    }

    /// A place in the unit cube in the units of the axes.
    fn decode(&self, cube: &[f64], position: &mut [f64]) {
        assert_eq!(position.len(), self.axes.len(), "a coordinate an axis");
        decode(&self.axes, cube, position);
    }

    /// Makes `front` what would be kept with these costs of the first positions of this generation, which the swarm does not learn.
    fn would_keep(&self, outcomes: &[Costs], front: &mut Front) {
        front.copy(&self.front);
        for (particle, outcome) in outcomes.iter().enumerate() {
            let origin = Origin { generation: self.generation, way: self.ways[particle] };
            front.offer(&self.cube[self.row(particle)], outcome, origin);
        }
        front.weigh();
    }

    /// Sends the last particles where the scouts ask; how many are left to move otherwise.
    fn scout(&mut self) -> usize {
        let (particles, scouts, others) = (self.bests.len(), self.scouts.len(), self.credit.worth());
        let mut left = particles;
        for (objective, scout) in self.scouts.iter().enumerate() {
            let asked = scout.positions(particles, scouts, others);
            // Half of the particles are the front's.
            let count = (asked.len() / self.axes.len()).min(left - particles / 2);
            let first = left - count;
            let rows = first * self.axes.len()..left * self.axes.len();
            self.velocities[rows.clone()].fill(0.0);
            self.cube[rows.clone()].copy_from_slice(&asked[..rows.len()]);
            self.ways[first..left].fill(WAYS + objective);
            left = first;
        }
        left
    }

    /// Moves a particle; while all has failed, to anywhere in the box.
    fn go(&mut self, particle: usize) {
        let mut draw = Draw::new(self.seed, Purpose::Motion, self.generation, particle);
        let row = self.row(particle);
        if self.front.is_empty() {
            self.cube[row].fill_with(|| draw.uniform());
            return;
        }
        let way = self.credit.choose(&mut draw);
        self.ways[particle] = way;
        let mut mover = Mover {
            position: &mut self.cube[row.clone()],
            velocity: &mut self.velocities[row],
            bests: &self.best_cube,
            index: particle,
            front: &self.front,
        };
        mover.go(way, &mut draw);
        self.choose(particle, &mut draw);
    }

    /// Takes the choices of a particle from its own best or from a kept point; at times another.
    #[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
    fn choose(&mut self, particle: usize, draw: &mut Draw) {
        if !self.axes.iter().any(|axis| matches!(axis.grid, Grid::Choices(_))) {
            return;
        }
        let (row, chance) = (self.row(particle), 1.0 / self.axes.len() as f64);
        let kept = draw.below(2 * self.front.len());
        let given =
            if kept < self.front.len() { self.front.cube(kept) } else { &self.best_cube[row.clone()] };
        for ((axis, u), given) in self.axes.iter().zip(&mut self.cube[row]).zip(given) {
            axis.choose(u, *given, chance, draw);
        }
    }

    fn row(&self, particle: usize) -> Range<usize> {
        let dimensions = self.axes.len();
        particle * dimensions..(particle + 1) * dimensions
    }
}

impl Persist for ParetoSwarm {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.u64(&mut self.generation)?;
        archive.flag(&mut self.told)?;
        archive.f64s(&mut self.cube)?;
        archive.f64s(&mut self.velocities)?;
        let ends = WAYS + self.scouts.len();
        self.ways.iter_mut().try_for_each(|way| archive.index(way, ends))?;
        archive.f64s(&mut self.best_cube)?;
        self.bests.iter_mut().try_for_each(|best| best.pass(archive))?;
        self.front.pass(archive)?;
        self.credit.pass(archive)?;
        self.scouts.iter_mut().try_for_each(|scout| scout.pass(archive))?;
        // Made anew, not saved.
        decode(&self.axes, &self.cube, &mut self.positions);
        Ok(())
    }
}
