//! Where a quadratic through the costs of the best positions is least.
//!
//! With z₀ the best position, as the surrogate sees positions (`surrogate.rs`), f₀ its cost, f₁ the greatest cost of the next 1.5 p positions, r the
//! greatest distance of one of them, and s = (z − z₀)/r:
//!
//! ```text
//! (f(z) − f₀)/(f₁ − f₀) ≈ g s + s H s/2,   p = d (d + 3)/2 numbers in g and H
//! (H + λ I) s = −g,   λ the first of 0, 10⁻⁶ h, 2 · 10⁻⁶ h, 4 · 10⁻⁶ h … for which |s| ≤ 1/2,   h the length of all numbers in g and H
//! ```
//!
//! g and H are of least squares, with weights that fall from 1 for the best to 0.1 for the last. A local quadratic in an evolution strategy is of
//! Kern, Hansen & Koumoutsakos 2006 (<https://doi.org/10.1007/11844297_95>), the bounded step of Moré & Sorensen 1983 (doi:10.1137/0904038). How many positions
//! count and how long a step may be is measured in `docs/swarm.md`.

use super::Outcome;
use super::algebra::{add_square, dot, factorise, raise, solve, solve_transposed};
use crate::{Error, memory};

/// Positions that are fitted, beside the best one, for each number of the quadratic.
const POSITIONS: f64 = 1.5;
/// The weight of the last of them.
const LAST: f64 = 0.1;
/// The longest step, in distances of the farthest of them.
const LONGEST: f64 = 0.5;
/// What is added to each diagonal of the equations, as a share of their mean: positions that lie in a plane still have a quadratic.
const RIDGE: f64 = 1e-12;
/// How often λ is raised at most, and its first value.
const TRIES: usize = 40;
const FIRST: f64 = 1e-6;

/// Room for a fit.
pub(super) struct Quadratic {
    dimensions: usize,
    /// The normal equations, row-major, and what is on their right, which becomes g and the lower triangle of H.
    system: Box<[f64]>,
    right: Box<[f64]>,
    /// What the numbers of the quadratic count at one position.
    terms: Box<[f64]>,
    /// H + λ I, and s.
    shifted: Box<[f64]>,
    step: Box<[f64]>,
}

/// How many numbers a quadratic has beside the cost at its centre.
fn unknowns(dimensions: usize) -> usize {
    dimensions * (dimensions + 3) / 2
}

/// Whether so many positions can tell a quadratic.
fn is_told_by(dimensions: usize, positions: usize) -> bool {
    positions > unknowns(dimensions) + 1
}

/// How many numbers a quadratic through so many positions takes.
pub(super) fn numbers(dimensions: usize, positions: usize) -> usize {
    let unknowns = if is_told_by(dimensions, positions) { unknowns(dimensions) } else { 0 };
    unknowns * (unknowns + 2) + if unknowns > 0 { dimensions * (dimensions + 1) } else { 0 }
}

impl Quadratic {
    /// Room for a quadratic through so many positions at most; none where they are too few.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(dimensions: usize, positions: usize) -> Result<Self, Error> {
        let unknowns = if is_told_by(dimensions, positions) { unknowns(dimensions) } else { 0 };
        let of_steps = if unknowns > 0 { dimensions } else { 0 };
        let numbers = |count: usize| memory::filled("the quadratic (dimensions⁴)", count, 0.0);
        Ok(Self {
            dimensions,
            system: numbers(unknowns * unknowns)?,
            right: numbers(unknowns)?,
            terms: numbers(unknowns)?,
            shifted: numbers(of_steps * of_steps)?,
            step: numbers(of_steps)?,
        })
    }

    /// Fits the positions, whose places are given, the best first. Gives z − z₀ where the quadratic is least; none where they do not tell.
    ///
    /// # Allocation
    ///
    /// None.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of positions"
    )]
    pub(super) fn least(&mut self, order: &[usize], seen: &[f64], outcomes: &[Outcome]) -> Option<&[f64]> {
        let unknowns = self.right.len();
        let feasible = order.iter().take_while(|place| outcomes[**place].is_feasible()).count();
        let count = feasible.min(1 + (POSITIONS * unknowns as f64) as usize);
        if unknowns == 0 || !is_told_by(self.dimensions, count) {
            return None;
        }
        let position = |place: usize| &seen[place * self.dimensions..(place + 1) * self.dimensions];
        let (center, others) = (position(order[0]), &order[1..count]);
        let squared =
            |place: &usize| position(*place).iter().zip(center).map(|(z, c)| (z - c) * (z - c)).sum();
        let radius = others.iter().map(squared).fold(0.0, f64::max).sqrt();
        let cost = |place: usize| outcomes[place].cost - outcomes[order[0]].cost;
        let range = cost(others[others.len() - 1]);
        if !(radius > 0.0 && range > 0.0 && range.is_finite()) {
            return None;
        }
        self.system.fill(0.0);
        self.right.fill(0.0);
        for (rank, place) in others.iter().enumerate() {
            let weight = 1.0 - (1.0 - LAST) * rank as f64 / (others.len() - 1) as f64;
            write_terms(&mut self.terms, position(*place), center, radius);
            let share = weight * cost(*place) / range;
            self.right.iter_mut().zip(&self.terms).for_each(|(right, term)| *right += share * term);
            add_square(&mut self.system, &self.terms, weight);
        }
        raise(&mut self.system, RIDGE, unknowns);
        factorise(&mut self.system, unknowns);
        solve(&self.system, &mut self.right);
        solve_transposed(&self.system, &mut self.right);
        self.descend()?;
        self.step.iter_mut().for_each(|step| *step *= radius);
        Some(&self.step)
    }

    /// Writes the step with which the quadratic falls furthest, if there is one.
    fn descend(&mut self) -> Option<()> {
        let size = dot(&self.right, &self.right).sqrt();
        let (gradient, curvature) = self.right.split_at(self.dimensions);
        let mut lambda = 0.0;
        for _ in 0..TRIES {
            let mut entries = curvature.iter();
            for (i, row) in self.shifted.chunks_exact_mut(self.dimensions).enumerate() {
                row[..=i].iter_mut().zip(&mut entries).for_each(|(entry, known)| *entry = *known);
                row[i] += lambda;
            }
            factorise(&mut self.shifted, self.dimensions);
            self.step.iter_mut().zip(gradient).for_each(|(step, slope)| *step = -slope);
            solve(&self.shifted, &mut self.step);
            solve_transposed(&self.shifted, &mut self.step);
            // Where the matrix is not positive, the step is far too long or no number.
            if dot(&self.step, &self.step).sqrt() <= LONGEST {
                return Some(());
            }
            lambda = if lambda == 0.0 { FIRST * size } else { 2.0 * lambda };
        }
        None
    }
}

/// What each number of the quadratic counts at a position.
fn write_terms(terms: &mut [f64], position: &[f64], center: &[f64], radius: f64) {
    let (linear, squares) = terms.split_at_mut(position.len());
    for ((term, z), c) in linear.iter_mut().zip(position).zip(center) {
        *term = (z - c) / radius;
    }
    let mut squares = squares.iter_mut();
    for (i, a) in linear.iter().enumerate() {
        for (j, b) in linear[..=i].iter().enumerate() {
            let share = if i == j { 0.5 } else { 1.0 };
            if let Some(term) = squares.next() {
                *term = share * a * b;
            }
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "small counts"
)]
mod tests {
    use super::*;
    use crate::swarm::outcome::sort;

    /// The least of a quadratic through positions about the centre of a square of so many dimensions, which cost what is said.
    fn least(
        dimensions: usize,
        count: usize,
        cost: impl Fn(&[f64]) -> Outcome,
    ) -> Option<(Vec<f64>, Vec<f64>)> {
        // The golden numbers of Roberts: their multiples lie in no plane.
        let golden = (0..60).fold(2.0_f64, |x, _| (1.0 + x).powf(1.0 / (dimensions as f64 + 1.0)));
        let share = |k: usize, i: usize| (k as f64 * golden.powi(-(i as i32 + 1))).fract() - 0.5;
        let positions: Vec<f64> =
            (0..count).flat_map(|k| (0..dimensions).map(move |i| share(k, i))).collect();
        let outcomes: Vec<Outcome> = positions.chunks_exact(dimensions).map(cost).collect();
        let mut order = vec![0; count];
        sort(&mut order, &outcomes);
        let mut quadratic = Quadratic::new(dimensions, count).unwrap();
        let step = quadratic.least(&order, &positions, &outcomes)?.to_vec();
        let best = &positions[order[0] * dimensions..(order[0] + 1) * dimensions];
        Some((best.to_vec(), best.iter().zip(step).map(|(x, s)| x + s).collect()))
    }

    fn bowl(x: &[f64], center: &[f64]) -> f64 {
        let away: Vec<f64> = x.iter().zip(center).map(|(x, c)| x - c).collect();
        7.0 + away.iter().map(|a| a * a).sum::<f64>() + 100.0 * away.iter().sum::<f64>().powi(2)
    }

    #[test]
    fn the_least_of_a_bowl_is_found() {
        for dimensions in [1, 2, 5, 10] {
            let center: Vec<f64> = (0..dimensions).map(|i| 0.03 * (i as f64 - 1.0)).collect();
            let (_, found) = least(dimensions, 200, |x| Outcome::feasible(bowl(x, &center))).unwrap();
            for (x, c) in found.iter().zip(&center) {
                assert!((x - c).abs() < 1e-6, "{found:?} of {center:?}");
            }
        }
    }

    #[test]
    fn where_there_is_no_least_it_goes_down_within_reach() {
        for cost in [|x: &[f64]| x[0] + 0.5 * x[1], |x: &[f64]| x[0] * x[0] - x[1] * x[1] + 0.1 * x[1]] {
            let (best, found) = least(2, 30, |x| Outcome::feasible(cost(x))).unwrap();
            assert!(cost(&found) < cost(&best) - 0.01, "{best:?}, {found:?}");
            assert!(best.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1.0), "{best:?}, {found:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not() {
        let center = [0.0, 0.1, 0.0];
        let cost = |x: &[f64]| Outcome::feasible(bowl(x, &center));
        assert!(least(3, 10, cost).is_none(), "nine numbers, and two positions more");
        assert!(least(3, 11, cost).is_some());
        assert!(least(3, 40, |_| Outcome::feasible(1.0)).is_none(), "all cost the same");
        let half = |x: &[f64]| if x[0] < 0.4 { Outcome::infeasible(1.0) } else { cost(x) };
        assert!(least(3, 40, half).is_none(), "most have no cost");
        assert!(least(2, 40, |_| Outcome::WORST).is_none());
        let huge = |x: &[f64]| Outcome::feasible(1e308 * (x[0] + x[1]) * 4.0);
        assert!(least(2, 40, huge).is_none_or(|(_, x)| x.iter().all(|x| x.is_finite())));
    }
}
