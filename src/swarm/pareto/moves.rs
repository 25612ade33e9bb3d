//! How a particle of the swarm for several objectives moves: three ways, and how often each is taken.
//!
//! With x the position, v the velocity, p the personal best, r uniform in [0, 1), one draw a particle, and l, a, b kept points. A tenth
//! of these are ends of the front, best in an objective drawn at random; the others are each, of three kept points drawn at
//! random, the one that is worth most to the front:
//!
//! ```text
//! flight       v₊ = χ (0.1 v + c1 r1 (p − x) + c2 r2 (l − x)), at most half the box;   x₊ = x + v₊, at times mutated
//!              χ = 2/(2 − φ − √(φ² − 4φ)) where φ = c1 + c2 > 4, else 1;   c1, c2 uniform in [1.5, 2.5]
//! difference   x₊ = a + ½ (y − z),   y ≠ z among the kept points and the personal bests
//! crossing     x₊ = one of the two children of a and b by simulated binary crossover with η = 15, mutated
//! ```
//!
//! *Flight* is SMPSO's (Nebro and others 2009, doi:10.1109/MCDM.2009.4938830), with its constants: a sixth of the flights is mutated, and at a
//! bound a particle stops and its velocity turns round. Its χ is that of Clerc & Kennedy 2002 (doi:10.1109/4235.985692) without the
//! absolute value, so below 0: half of the flights lead away from p and l. With the absolute value SMPSO solves neither ZDT4 nor DTLZ1. Flights
//! soon find a front that lies on the bounds of the box.
//!
//! *Difference* is that of differential evolution (Storn & Price 1997, doi:10.1023/A:1008202821328) without its crossover: as long and
//! as wide as the front and the swarm are, whichever way they lie; apart from the box it does not depend on the axes.
//!
//! *Crossing* (Deb & Agrawal 1995, *Simulated binary crossover for continuous search space*, Complex Systems 9) changes some coordinates and
//! keeps the others, which pays where they matter one by one. The mutation is the polynomial one with η = 20, of one coordinate
//! on average, in the form that stays in the box.
//!
//! **How often.** A way is worth what the points that it found in a generation add to the hypervolume of the archive, a particle that took it;
//! smoothed over some ten generations. A fifth of the particles is divided evenly among the ways, the others as the ways are worth. The
//! first positions count as flown to, so that the swarm sets out flying. The idea of giving more to what has served the archive is
//! Borg's (Hadka & Reed 2013, `doi:10.1162/EVCO_a_00075`), which counts points.
//!
//! The constants are those of the sources, but for η = 15, the shares, the tenth and the three, which are chosen here; `docs/swarm.md` has what each part
//! is worth.

use super::front::{Front, Origin, WAYS};
use crate::archive::{Archive, Damage, Persist};
use crate::draw::Draw;

/// The numbers of the ways.
pub(super) const FLIGHT: usize = 0;
pub(super) const DIFFERENCE: usize = 1;

/// The longest flight along a dimension, in widths of the box.
const LONGEST: f64 = 0.5;
/// η of the crossover and of the mutation.
const CROSSOVER_INDEX: f64 = 15.0;
const MUTATION_INDEX: f64 = 20.0;
/// One in so many flights is mutated.
const MUTATED: usize = 6;
/// One in so many choices is an end of the front.
const ENDS: usize = 10;
/// How many kept points are drawn for the others, of which the best is taken.
const DRAWN: usize = 3;

/// A particle that is about to move.
pub(super) struct Mover<'a> {
    pub(super) position: &'a mut [f64],
    pub(super) velocity: &'a mut [f64],
    /// The personal bests of all particles, particle-major, and which one it is.
    pub(super) bests: &'a [f64],
    pub(super) index: usize,
    /// At least one point.
    pub(super) front: &'a Front,
}

impl Mover<'_> {
    /// Moves in one of the ways.
    pub(super) fn go(&mut self, way: usize, draw: &mut Draw) {
        match way {
            FLIGHT => self.fly(draw),
            DIFFERENCE => self.differ(draw),
            _ => self.cross(draw),
        }
        if way != FLIGHT {
            self.velocity.fill(0.0);
        }
    }

    fn fly(&mut self, draw: &mut Draw) {
        let leader = self.front.cube(choose(self.front, draw));
        let dimensions = self.position.len();
        let best = &self.bests[self.index * dimensions..(self.index + 1) * dimensions];
        let [r1, r2] = [draw.uniform(), draw.uniform()];
        let [c1, c2] = [draw.between(1.5, 2.5), draw.between(1.5, 2.5)];
        let phi = c1 + c2;
        let chi = if phi > 4.0 { 2.0 / (2.0 - phi - (phi * phi - 4.0 * phi).sqrt()) } else { 1.0 };
        for i in 0..dimensions {
            let (x, v) = (&mut self.position[i], &mut self.velocity[i]);
            let towards = c1 * r1 * (best[i] - *x) + c2 * r2 * (leader[i] - *x);
            *v = (chi * (0.1 * *v + towards)).clamp(-LONGEST, LONGEST);
            let to = *x + *v;
            *x = to.clamp(0.0, 1.0);
            if !(0.0..=1.0).contains(&to) {
                *v = -*v;
            }
        }
        if draw.below(MUTATED) == 0 {
            mutate(self.position, draw);
        }
    }

    fn differ(&mut self, draw: &mut Draw) {
        let base = self.front.cube(choose(self.front, draw));
        let dimensions = self.position.len();
        let kept = self.front.len();
        let pool = kept + self.bests.len() / dimensions;
        let first = draw.below(pool);
        let second = (first + 1 + draw.below(pool - 1)) % pool;
        let at = |place: usize| match place.checked_sub(kept) {
            None => self.front.cube(place),
            Some(particle) => &self.bests[particle * dimensions..(particle + 1) * dimensions],
        };
        for ((x, base), (y, z)) in self.position.iter_mut().zip(base).zip(at(first).iter().zip(at(second))) {
            *x = (base + 0.5 * (y - z)).clamp(0.0, 1.0);
        }
    }

    fn cross(&mut self, draw: &mut Draw) {
        let [a, b] = [choose(self.front, draw), choose(self.front, draw)];
        for ((x, a), b) in self.position.iter_mut().zip(self.front.cube(a)).zip(self.front.cube(b)) {
            *x = *a;
            if draw.uniform() < 0.5 {
                let u = draw.uniform();
                let ratio = if u < 0.5 { 2.0 * u } else { 1.0 / (2.0 * (1.0 - u)) };
                let spread = libm::pow(ratio, 1.0 / (CROSSOVER_INDEX + 1.0));
                let side = if draw.uniform() < 0.5 { spread } else { -spread };
                *x = (0.5 * ((1.0 + side) * a + (1.0 - side) * b)).clamp(0.0, 1.0);
            }
        }
        mutate(self.position, draw);
    }
}

/// At times an end of the front; else, of some kept points drawn at random, the one that is worth most.
fn choose(front: &Front, draw: &mut Draw) -> usize {
    if draw.below(ENDS) == 0 {
        return front.ends()[draw.below(front.ends().len())];
    }
    let mut best = draw.below(front.len());
    for _ in 1..DRAWN {
        let other = draw.below(front.len());
        if front.compare(other, best).is_gt() {
            best = other;
        }
    }
    best
}

/// Polynomial mutation within the box, of one coordinate on average.
#[allow(clippy::cast_precision_loss, reason = "a number of dimensions")]
fn mutate(position: &mut [f64], draw: &mut Draw) {
    let share = 1.0 / position.len() as f64;
    let power = MUTATION_INDEX + 1.0;
    for x in position {
        if draw.uniform() >= share {
            continue;
        }
        let u = draw.uniform();
        let step = if u < 0.5 {
            let rest = 2.0 * u + (1.0 - 2.0 * u) * libm::pow(1.0 - *x, power);
            libm::pow(rest, 1.0 / power) - 1.0
        } else {
            let rest = 2.0 * (1.0 - u) + (2.0 * u - 1.0) * libm::pow(*x, power);
            1.0 - libm::pow(rest, 1.0 / power)
        };
        *x = (*x + step).clamp(0.0, 1.0);
    }
}

/// What the ways of moving are worth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Credit {
    gains: [f64; WAYS],
}

/// The share of the particles that is divided evenly.
const EVEN: f64 = 0.2;
/// An even share.
#[allow(clippy::cast_precision_loss, reason = "three")]
const PART: f64 = 1.0 / WAYS as f64;
/// How much of what a way was worth is remembered a generation later.
const MEMORY: f64 = 0.9;

impl Credit {
    /// Learns from a generation in which so many particles took each way.
    #[allow(clippy::cast_precision_loss, reason = "a number of particles")]
    pub(super) fn learn(&mut self, front: &Front, generation: u64, taken: [usize; WAYS]) {
        for (way, (gain, taken)) in self.gains.iter_mut().zip(taken).enumerate() {
            if taken > 0 {
                let found = front.gain(Origin { generation, way }) / taken as f64;
                *gain = MEMORY * *gain + (1.0 - MEMORY) * found;
            }
        }
    }

    /// What a particle that moves in one of the ways is worth, on average.
    pub(super) fn worth(&self) -> f64 {
        let total: f64 = self.gains.iter().sum();
        let part = |gain: &f64| EVEN * PART + (1.0 - EVEN) * gain / total;
        if total > 0.0 { self.gains.iter().map(|gain| part(gain) * gain).sum() } else { 0.0 }
    }

    /// The way that a particle takes.
    pub(super) fn choose(&self, draw: &mut Draw) -> usize {
        let total: f64 = self.gains.iter().sum();
        let mut rest = draw.uniform();
        for (way, gain) in self.gains.iter().enumerate().take(WAYS - 1) {
            let worth = if total > 0.0 { gain / total } else { PART };
            rest -= EVEN * PART + (1.0 - EVEN) * worth;
            if rest < 0.0 {
                return way;
            }
        }
        WAYS - 1
    }
}

impl Persist for Credit {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.f64s(&mut self.gains)
    }
}
