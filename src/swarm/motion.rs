//! How the particles of a swarm move: each tries some moves, of which a surrogate picks one; one of them goes where a quadratic is least; and where the swarm gains slowly, some
//! look along an axis, each generation along another one: they go from the best position some way along it, 10⁻²ᵘ of the box to either side, with u at random between 0 and 1. So a weak gain, along whose
//! axis the swarm became narrow before it had told anything, is found again.

use std::ops::Range;

use super::Swarm;
use super::rules::{Knowledge, Particle};
use crate::draw::{Draw, Purpose};

/// One of so many particles tries one move alone: where the surrogate is wrong, as beside a bound, the swarm still sees something else. It is these that look along an axis.
const SIMPLE: usize = 4;
/// The particle that goes where the quadratic is least, where there is one.
const QUADRATIC: usize = 1;
/// The shortest way along an axis, as a power of ten of the width of the box.
const SHORTEST: f64 = -2.0;

/// How the particles of a generation move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// How many moves a particle tries at most.
    pub moves: usize,
    /// Whether one of [`SIMPLE`] particles looks along an axis instead.
    pub looks_along: bool,
}

impl Manner {
    /// All moves, and no look.
    pub(super) const USUAL: Self = Self { moves: usize::MAX, looks_along: false };
}

impl Swarm {
    /// Moves every particle.
    pub(super) fn fly(&mut self, manner: Manner) {
        for particle in 0..self.bests.len() {
            self.fly_one(particle, manner);
        }
    }

    /// Moves a particle.
    pub(super) fn fly_one(&mut self, particle: usize, manner: Manner) {
        let row = self.row(particle);
        let mut draw = Draw::new(self.seed, Purpose::Motion, self.generation, particle);
        match self.surrogate.least() {
            Some(least) if particle == QUADRATIC => {
                for ((u, velocity), to) in
                    self.cube[row.clone()].iter_mut().zip(&mut self.velocities[row.clone()]).zip(least)
                {
                    *velocity = to - *u;
                    *u = *to;
                }
            }
            // The only axis is what its usual moves go along.
            _ if manner.looks_along && particle.is_multiple_of(SIMPLE) && self.axes.len() > 1 => {
                self.look_along(particle, &mut draw);
            }
            _ => self.pick_move(particle, manner.moves, &mut draw),
        }
        if self.tried.is_empty() {
            return;
        }
        // On either side of a value two particles leave it in as many generations as there are axes.
        #[allow(clippy::cast_precision_loss, reason = "numbers of particles and axes")]
        let chance = 2.0 / (self.bests.len() * self.axes.len()) as f64;
        self.tried[row.clone()].copy_from_slice(&self.cube[row.clone()]);
        for ((axis, u), best) in self.axes.iter().zip(&mut self.tried[row.clone()]).zip(&self.best_cube[row])
        {
            axis.leave(u, *best, chance, &mut draw);
        }
    }

    /// Moves a particle to some way along an axis from the best position, each generation along another one.
    fn look_along(&mut self, particle: usize, draw: &mut Draw) {
        let turn = self.generation - self.born + (particle / SIMPLE) as u64;
        let along = turn % self.axes.len() as u64;
        let (row, best) = (self.row(particle), self.row(self.leader));
        for (axis, (i, best)) in row.zip(best).enumerate() {
            let mut to = self.best_cube[best];
            if axis as u64 == along {
                let way = libm::exp10(SHORTEST * draw.uniform());
                to += if draw.uniform() < 0.5 { -way } else { way };
                if !(0.0..=1.0).contains(&to) {
                    to = draw.uniform();
                }
            }
            self.velocities[i] = to - self.cube[i];
            self.cube[i] = to;
        }
    }

    /// Moves a particle: of several moves, so many at most, the one that looks best.
    fn pick_move(&mut self, particle: usize, most: usize, draw: &mut Draw) {
        let row = self.row(particle);
        let is_simple = particle.is_multiple_of(SIMPLE);
        let candidates = if is_simple { 1 } else { self.surrogate.candidates().min(most) };
        if candidates > 1 {
            self.keep(&row, false);
        }
        let mut least = f64::INFINITY;
        for candidate in 0..candidates {
            if candidate > 0 {
                self.put_back(&row, false);
            }
            self.accelerate(particle, draw);
            for (u, velocity) in self.cube[row.clone()].iter_mut().zip(&mut self.velocities[row.clone()]) {
                self.bounds.fly(u, velocity, draw);
            }
            if candidates > 1 {
                let value = self.surrogate.value(&self.cube[row.clone()]);
                if candidate == 0 || value < least {
                    least = value;
                    self.keep(&row, true);
                }
            }
        }
        if candidates > 1 {
            self.put_back(&row, true);
        }
    }

    /// Keeps where a particle is and how it moves: before its move, or as the best of its moves.
    fn keep(&mut self, row: &Range<usize>, picked: bool) {
        let room = if picked { &mut self.picked } else { &mut self.before };
        let (position, velocity) = room.split_at_mut(self.axes.len());
        position.copy_from_slice(&self.cube[row.clone()]);
        velocity.copy_from_slice(&self.velocities[row.clone()]);
    }

    /// Puts a particle where it was kept.
    fn put_back(&mut self, row: &Range<usize>, picked: bool) {
        let room = if picked { &self.picked } else { &self.before };
        let (position, velocity) = room.split_at(self.axes.len());
        self.cube[row.clone()].copy_from_slice(position);
        self.velocities[row.clone()].copy_from_slice(velocity);
    }

    /// Gives a particle a new velocity.
    fn accelerate(&mut self, particle: usize, draw: &mut Draw) {
        let row = self.row(particle);
        self.informed_by.clear();
        if self.rule.is_fully_informed() {
            let informed_by = &mut self.informed_by;
            self.topology.each_informant(particle, self.bests.len(), &mut |other| informed_by.push(other));
        }
        let informant = self.informants[particle];
        let informant_row = self.row(informant);
        self.rule.accelerate(
            &mut Particle {
                index: particle,
                position: &self.cube[row.clone()],
                velocity: &mut self.velocities[row.clone()],
                personal_best: &self.best_cube[row],
                informant_best: &self.best_cube[informant_row],
                self_informed: informant == particle,
                informants: &self.informed_by,
                swarm: Knowledge {
                    bests: &self.best_cube,
                    outcomes: &self.bests,
                    age: self.generation - self.born,
                },
                scratch: &mut self.scratch,
            },
            draw,
        );
    }
}
