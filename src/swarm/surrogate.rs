//! A surrogate: which of several moves looks best by what has been judged, without judging them.
//!
//! With x₁ … xₙ the last n judged positions, m and L Lᵀ the mean and the covariance of their better half, and z = L⁻¹ (x − m), a cubic spline goes
//! through their ranks:
//!
//! ```text
//! s(x) = Σ wₖ |z − zₖ|³ + a + b z,   s(xₖ) = min(rₖ, 0.4 n),   Σ wₖ = 0,   Σ wₖ zₖ = 0,   rₖ = 0 … n − 1, the best first
//! ```
//!
//! Several trial moves a particle, of which radial functions pick one, are of Regis 2014 (doi:10.1016/j.jocs.2013.07.004). Ranks in place of costs keep
//! the swarm blind to how costs are scaled, and give what failed or broke a constraint its place (Runarsson 2006, *Ordinal regression in evolutionary computation*, PPSN IX); that all of
//! the worse are alike keeps a cliff from ringing where it is good, as the median does for Gutmann 2001 (doi:10.1023/A:1011255519438). How many
//! positions, candidates and ranks count is measured in `docs/swarm.md`.
//!
//! Where a quadratic through the costs of the best is least is known beside it (`quadratic.rs`).

use super::Outcome;
use super::algebra::{add_square, dot, factorise, raise, solve};
use super::outcome::sort;
use super::quadratic::{self, Quadratic};
use crate::archive::{Archive, Damage, Persist};
use crate::{Error, memory};

/// Generations whose positions count, and the most positions: solving for the weights takes time with their cube.
const GENERATIONS: usize = 8;
const POSITIONS_MAX: usize = 200;
/// The share of the positions whose ranks differ.
const RANKED: f64 = 0.4;
/// What is added to each variance, as a share of their mean: positions that lie in a plane still have a shape.
const BALL: f64 = 1e-6;

/// The last judged positions in the unit cube, and the spline through their ranks.
pub(super) struct Surrogate {
    dimensions: usize,
    /// Moves that are tried a particle; 1 without a surrogate.
    candidates: usize,
    /// A ring: the place of the next position, and how many there are.
    positions: Box<[f64]>,
    outcomes: Box<[Outcome]>,
    next: usize,
    count: usize,
    /// Their places, the best first; m, L and z.
    order: Box<[usize]>,
    mean: Box<[f64]>,
    factor: Box<[f64]>,
    seen: Box<[f64]>,
    /// The equations, row-major, and w, a and b.
    system: Box<[f64]>,
    weights: Box<[f64]>,
    is_ready: bool,
    /// A quadratic, and where it is least, if it tells.
    quadratic: Quadratic,
    least: Box<[f64]>,
    has_least: bool,
    /// Room for a position as it is seen.
    point: Box<[f64]>,
}

/// How many positions a swarm of so many particles remembers.
fn remembered(particles: usize) -> usize {
    particles.saturating_mul(GENERATIONS).min(POSITIONS_MAX)
}

/// How many numbers a surrogate remembers, and how many it makes of them.
pub(super) fn numbers(dimensions: usize, particles: usize) -> [usize; 2] {
    let positions = remembered(particles);
    let unknowns = positions + dimensions + 1;
    let made = unknowns * (unknowns + 1) + positions * (dimensions + 1) + dimensions * (dimensions + 3);
    [positions * (dimensions + 2), made + quadratic::numbers(dimensions, positions)]
}

impl Surrogate {
    /// A surrogate for a swarm of so many particles, at its start.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(dimensions: usize, particles: usize, candidates: usize) -> Result<Self, Error> {
        let what = "the surrogate (positions × positions)";
        let positions = if candidates > 1 { remembered(particles) } else { 0 };
        let unknowns = if candidates > 1 { positions + dimensions + 1 } else { 0 };
        let numbers = |count: usize| memory::filled(what, count, 0.0);
        Ok(Self {
            dimensions,
            candidates,
            positions: numbers(positions * dimensions)?,
            outcomes: memory::filled(what, positions, Outcome::WORST)?,
            next: 0,
            count: 0,
            order: memory::filled(what, positions, 0)?,
            mean: numbers(dimensions)?,
            factor: numbers(dimensions * dimensions)?,
            seen: numbers(positions * dimensions)?,
            system: numbers(unknowns * unknowns)?,
            weights: numbers(unknowns)?,
            is_ready: false,
            quadratic: Quadratic::new(dimensions, positions)?,
            least: numbers(dimensions)?,
            has_least: false,
            point: numbers(dimensions)?,
        })
    }

    /// Whether it is ever asked.
    pub(super) fn is_used(&self) -> bool {
        self.candidates > 1
    }

    /// Forgets everything.
    pub(super) fn start(&mut self) {
        (self.next, self.count) = (0, 0);
        (self.is_ready, self.has_least) = (false, false);
    }

    /// How many moves a particle tries: one as long as too little is known to tell them apart.
    pub(super) fn candidates(&self) -> usize {
        if self.is_ready { self.candidates } else { 1 }
    }

    /// Learns from judged positions, one after the other.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn learn(&mut self, positions: &[f64], outcomes: &[Outcome]) {
        let room = self.outcomes.len();
        if room == 0 {
            return;
        }
        for (position, outcome) in positions.chunks_exact(self.dimensions).zip(outcomes) {
            let row = self.next * self.dimensions..(self.next + 1) * self.dimensions;
            self.positions[row].copy_from_slice(position);
            self.outcomes[self.next] = *outcome;
            self.next = (self.next + 1) % room;
            self.count = (self.count + 1).min(room);
        }
        self.make();
    }

    /// Makes the spline and the quadratic of what is remembered.
    fn make(&mut self) {
        self.is_ready = self.fit();
        self.has_least = self.is_ready && self.find_least();
    }

    /// Fits the spline; false when there are too few positions, or they determine none.
    fn fit(&mut self) -> bool {
        let (dimensions, count) = (self.dimensions, self.count);
        if count < 2 * (dimensions + 1) {
            return false;
        }
        sort(&mut self.order[..count], &self.outcomes);
        self.shape();
        for place in 0..count {
            let row = place * dimensions..(place + 1) * dimensions;
            let (position, seen) = (&self.positions[row.clone()], &mut self.seen[row]);
            see(&self.factor, &self.mean, position, seen);
        }
        self.equations();
        let unknowns = count + dimensions + 1;
        eliminate(&mut self.system[..unknowns * unknowns], &mut self.weights[..unknowns])
    }

    /// The mean and the shape of the better half.
    #[allow(clippy::cast_precision_loss, reason = "numbers of positions and dimensions")]
    fn shape(&mut self) {
        let dimensions = self.dimensions;
        let half = &self.order[..(self.count / 2).max(dimensions + 1)];
        let share = 1.0 / half.len() as f64;
        self.mean.fill(0.0);
        self.factor.fill(0.0);
        for place in half {
            for (mean, x) in self.mean.iter_mut().zip(&self.positions[place * dimensions..]) {
                *mean += share * x;
            }
        }
        for place in half {
            let position = &self.positions[place * dimensions..(place + 1) * dimensions];
            for ((point, x), mean) in self.point.iter_mut().zip(position).zip(&self.mean) {
                *point = x - mean;
            }
            add_square(&mut self.factor, &self.point, share);
        }
        raise(&mut self.factor, BALL, dimensions);
        factorise(&mut self.factor, dimensions);
    }

    /// Writes the equations of the weights.
    #[allow(clippy::cast_precision_loss, reason = "ranks")]
    fn equations(&mut self) {
        let (dimensions, count) = (self.dimensions, self.count);
        let unknowns = count + dimensions + 1;
        let (seen, system) = (&self.seen, &mut self.system);
        system[..unknowns * unknowns].fill(0.0);
        for k in 0..count {
            let row = &seen[k * dimensions..(k + 1) * dimensions];
            for other in 0..k {
                let entry = cube(row, &seen[other * dimensions..(other + 1) * dimensions]);
                system[k * unknowns + other] = entry;
                system[other * unknowns + k] = entry;
            }
            let linear = std::iter::once(&1.0).chain(row);
            for (i, entry) in linear.enumerate() {
                system[k * unknowns + count + i] = *entry;
                system[(count + i) * unknowns + k] = *entry;
            }
        }
        self.weights.fill(0.0);
        let last = RANKED * count as f64;
        for (rank, place) in self.order[..count].iter().enumerate() {
            self.weights[*place] = (rank as f64).min(last);
        }
    }

    /// Finds where the quadratic is least; false when it does not tell.
    fn find_least(&mut self) -> bool {
        let dimensions = self.dimensions;
        let Some(step) = self.quadratic.least(&self.order[..self.count], &self.seen, &self.outcomes) else {
            return false;
        };
        let best = &self.positions[self.order[0] * dimensions..];
        for (i, (least, x)) in self.least.iter_mut().zip(best).enumerate() {
            let line = &self.factor[i * dimensions..=i * dimensions + i];
            *least = (x + dot(line, step)).clamp(0.0, 1.0);
        }
        true
    }

    /// Where the quadratic is least, in the unit cube, if it tells.
    pub(super) fn least(&self) -> Option<&[f64]> {
        self.has_least.then_some(&*self.least)
    }

    /// What the spline says of a position: the less the better.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn value(&mut self, position: &[f64]) -> f64 {
        see(&self.factor, &self.mean, position, &mut self.point);
        let (cubes, linear) = self.weights.split_at(self.count);
        let far = self.seen.chunks_exact(self.dimensions).zip(cubes);
        let cubic: f64 = far.map(|(seen, weight)| weight * cube(&self.point, seen)).sum();
        cubic + linear[0] + dot(&self.point, &linear[1..])
    }
}

/// A position in lengths of the shape, seen from the mean.
fn see(factor: &[f64], mean: &[f64], position: &[f64], seen: &mut [f64]) {
    for ((seen, x), mean) in seen.iter_mut().zip(position).zip(mean) {
        *seen = x - mean;
    }
    solve(factor, seen);
}

/// The cube of a distance.
fn cube(a: &[f64], b: &[f64]) -> f64 {
    let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    square * square.sqrt()
}

/// Solves A x = b by elimination with pivots; b becomes x. False when there is no solution.
fn eliminate(system: &mut [f64], right: &mut [f64]) -> bool {
    let count = right.len();
    for k in 0..count {
        let size = |row: &usize| system[row * count + k].abs();
        let pivot = (k + 1..count).fold(k, |best, row| if size(&row) > size(&best) { row } else { best });
        if size(&pivot) == 0.0 {
            return false;
        }
        if pivot != k {
            let (above, below) = system.split_at_mut(pivot * count);
            above[k * count..(k + 1) * count].swap_with_slice(&mut below[..count]);
            right.swap(k, pivot);
        }
        let (above, below) = system.split_at_mut((k + 1) * count);
        let (row, known) = (&above[k * count + k..], right[k]);
        for (other, right) in below.chunks_exact_mut(count).zip(&mut right[k + 1..]) {
            let share = other[k] / row[0];
            for (entry, above) in other[k..].iter_mut().zip(row) {
                *entry -= share * above;
            }
            *right -= share * known;
        }
    }
    for k in (0..count).rev() {
        let row = &system[k * count..(k + 1) * count];
        right[k] = (right[k] - dot(&row[k + 1..], &right[k + 1..])) / row[k];
    }
    right.iter().all(|x| x.is_finite())
}

impl Persist for Surrogate {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let room = self.outcomes.len();
        if room == 0 {
            return Ok(());
        }
        archive.index(&mut self.next, room)?;
        archive.index(&mut self.count, room + 1)?;
        archive.f64s(&mut self.positions)?;
        self.outcomes.iter_mut().try_for_each(|outcome| outcome.pass(archive))?;
        // Made anew, not saved.
        self.make();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "small counts")]
mod tests {
    use super::*;

    /// Points of a Kronecker sequence, which lie in no plane.
    fn points(count: usize) -> Vec<f64> {
        let share = |k: usize, i: usize| (k as f64 * [0.618_033_988_7, 0.414_213_562_4][i] + 0.1).fract();
        (0..count).flat_map(|k| [share(k, 0), share(k, 1)]).collect()
    }

    #[test]
    fn the_spline_goes_through_the_ranks_of_the_better_and_what_failed_is_as_bad_as_the_worst() {
        let positions = points(30);
        let bowl = |x: &[f64]| (x[0] - 0.4).powi(2) + 3.0 * (x[1] - 0.6).powi(2);
        let mut outcomes: Vec<Outcome> =
            positions.chunks_exact(2).map(|x| Outcome::feasible(bowl(x))).collect();
        outcomes[7] = Outcome::WORST;
        let mut surrogate = Surrogate::new(2, 10, 8).unwrap();
        surrogate.learn(&positions, &outcomes);
        assert_eq!(surrogate.candidates(), 8);
        for (x, outcome) in positions.chunks_exact(2).zip(&outcomes) {
            let better = outcomes.iter().filter(|other| other.is_better_than(outcome)).count();
            let expected = (better as f64).min(0.4 * 30.0);
            assert!((surrogate.value(x) - expected).abs() < 1e-6, "{} of {expected}", surrogate.value(x));
        }
    }

    #[test]
    fn equations_are_solved_and_singular_ones_are_told() {
        // The first pivot is 0.
        let mut system = [0.0, 2.0, 1.0, 1.0, 1.0, 1.0, 4.0, 0.0, -1.0];
        let mut right = [7.0, 6.0, 1.0];
        assert!(eliminate(&mut system, &mut right));
        for (x, expected) in right.iter().zip([1.0, 2.0, 3.0]) {
            assert!((x - expected).abs() < 1e-14);
        }
        assert!(!eliminate(&mut [1.0, 2.0, 2.0, 4.0], &mut [1.0, 1.0]));
    }

    #[test]
    fn little_and_equal_knowledge_tells_no_moves_apart() {
        let positions = points(5);
        let mut surrogate = Surrogate::new(2, 10, 8).unwrap();
        surrogate.learn(&positions, &[Outcome::feasible(1.0); 5]);
        assert_eq!(surrogate.candidates(), 1, "six positions at least");
        let mut surrogate = Surrogate::new(2, 10, 8).unwrap();
        surrogate.learn(&[0.5; 20], &[Outcome::feasible(1.0); 10]);
        assert_eq!(surrogate.candidates(), 1, "all positions are one");
    }
}
