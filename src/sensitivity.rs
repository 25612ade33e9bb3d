//! How flat the cost is about gains: how far each may move until the cost is a few per cent worse.
//!
//! *Fixed*: the other gains stay where they are; the place is found by simulations. *Tuned again*: the others follow, as far as the
//! curvature of the cost tells: with H the second derivatives of the cost J, gain i may move by √(2 p J (H⁻¹)ᵢᵢ) until J is worse by the
//! share p. H is measured by differences over the distances at which the cost is 1 % worse.
//!
//! Where the cost is a sum of squares over N independent measurements, as in an identification, the covariance of the n gains is
//! 2 J/(N − n) H⁻¹ (Seber & Wild, Nonlinear Regression (1989), doi:10.1002/0471725315, sections 2.1 and 2.3), and intervals follow by
//! Student's distribution.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::Error;
use crate::engine::Solo;
use crate::problem::Problem;
use crate::simulation::SimdLevel;
use crate::swarm::{Axis, Grid, Scale};

/// By how much the cost is worse, in shares of it.
pub const SHARES: [f64; 3] = [0.01, 0.05, 0.1];
/// Distances that are tried, each half of the one before.
const HALVINGS: i32 = 24;
/// Steps of bisection: a distance is known to a thousandth of itself.
const BISECTIONS: usize = 10;
/// A gain that is closer to its bound, as a share of where it is searched, is at it.
const AT_BOUND: f64 = 1e-6;

/// From where to where a gain may go; NaN where its range ends before, or where it is not known.
pub type Between = [f64; 2];

/// A tuned gain.
#[derive(Debug, Clone, PartialEq)]
pub struct Flatness {
    /// Its place among the parameters of the controller.
    pub index: usize,
    /// Its value.
    pub value: f64,
    /// Where the cost is worse by each of [`SHARES`] with the others fixed.
    pub fixed: [Between; 3],
    /// The same with the others tuned again; `None` where the cost has no curvature that tells it.
    pub retuned: Option<[Between; 3]>,
    /// Its 95 % interval, where the number of measurements is known.
    pub interval: Option<Between>,
}

/// How flat the cost is about gains.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// The cost of the gains.
    pub cost: f64,
    /// Of each tuned gain.
    pub gains: Vec<Flatness>,
}

/// The costs of gain vectors on a problem.
struct Costs<'p> {
    problem: &'p Problem,
    level: SimdLevel,
    values: Vec<f64>,
}

/// A tuned gain, whose distances are shares of where it is searched, on its scale.
#[derive(Clone, Copy)]
struct Coordinate {
    index: usize,
    axis: Axis,
    /// Its smallest and largest allowed value.
    range: [f64; 2],
}

impl Coordinate {
    /// The value at a distance from another; nothing where it is not allowed.
    fn moved(self, value: f64, by: f64) -> Option<f64> {
        let Axis { lower, upper, scale, .. } = self.axis;
        let moved = match scale {
            Scale::Linear => value + by * (upper - lower),
            Scale::Log10 => value * libm::exp10(by * libm::log10(upper / lower)),
        };
        (self.range[0]..=self.range[1]).contains(&moved).then_some(moved)
    }

    fn is_at_bound(self, value: f64) -> bool {
        let share = self.axis.share(value);
        share.abs() < AT_BOUND || (share - 1.0).abs() < AT_BOUND
    }
}

impl Costs<'_> {
    /// The cost where each of some gains has moved; infinite where that is not feasible.
    fn of(&self, moves: &[Vec<(Coordinate, f64)>]) -> Result<Vec<f64>, Error> {
        let mut costs = vec![f64::INFINITY; moves.len()];
        let (mut places, mut vectors) = (Vec::new(), Vec::new());
        for (place, moves) in moves.iter().enumerate() {
            let mut values = self.values.clone();
            let mut is_allowed = true;
            for (coordinate, by) in moves {
                match coordinate.moved(values[coordinate.index], *by) {
                    Some(moved) => values[coordinate.index] = moved,
                    None => is_allowed = false,
                }
            }
            self.problem.follow(&mut values);
            if is_allowed && self.problem.violation(&values) == 0.0 {
                places.push(place);
                vectors.push(values);
            }
        }
        if vectors.is_empty() {
            return Ok(costs);
        }
        let mut solo = Solo::new(self.problem, self.level, &vectors)?;
        solo.run();
        for (place, outcome) in places.into_iter().zip(solo.outcomes()) {
            if outcome.is_feasible() {
                costs[place] = outcome.cost;
            }
        }
        Ok(costs)
    }
}

/// How flat the cost of a problem is about parameter values of its controller; `measurements` are independent ones, of which the cost is a sum
/// of squares. `None` where the values are not feasible.
///
/// # Errors
///
/// When memory cannot be reserved.
pub fn sensitivity(
    problem: &Problem,
    level: SimdLevel,
    values: &[f64],
    measurements: Option<u64>,
) -> Result<Option<Sensitivity>, Error> {
    let costs = Costs { problem, level, values: values.to_vec() };
    let cost = costs.of(&[Vec::new()])?[0];
    if !cost.is_finite() {
        return Ok(None);
    }
    let coordinates: Vec<Coordinate> = problem
        .tuned
        .iter()
        // What has a few values does not move.
        .filter(|gain| gain.axis.grid == Grid::None)
        .map(|gain| {
            let parameter = &problem.parameters[gain.index];
            Coordinate { index: gain.index, axis: gain.axis, range: [parameter.min, parameter.max] }
        })
        .collect();
    let distances = distances(&costs, &coordinates, cost)?;
    let value = |coordinate: &Coordinate| values[coordinate.index];
    let between = |coordinate: &Coordinate, [down, up]: [f64; 2]| {
        [-down, up].map(|by| coordinate.moved(value(coordinate), by).unwrap_or(f64::NAN))
    };
    // What is at its bound stays there when the others are tuned again.
    let free: Vec<usize> = (0..coordinates.len())
        .filter(|place| !coordinates[*place].is_at_bound(value(&coordinates[*place])))
        .collect();
    let steps: Vec<f64> =
        free.iter().map(|place| distances[*place][0][0].min(distances[*place][0][1])).collect();
    let moving: Vec<Coordinate> = free.iter().map(|place| coordinates[*place]).collect();
    let inverse = curvature(&costs, &moving, &steps, cost)?.and_then(|h| inverse_diagonal(&h, free.len()));
    let student = measurements.and_then(|count| {
        #[allow(clippy::cast_precision_loss, reason = "a number of measurements")]
        let left = count as f64 - free.len() as f64;
        Some((left, StudentsT::new(0.0, 1.0, left).ok()?.inverse_cdf(0.975)))
    });
    let gains = coordinates.iter().enumerate().map(|(place, coordinate)| {
        let spread = inverse.as_ref().and_then(|inverse| {
            let among = free.iter().position(|free| *free == place)?;
            Some(steps[among] * inverse[among].sqrt())
        });
        let both = |by: f64| between(coordinate, [by, by]);
        Flatness {
            index: coordinate.index,
            value: value(coordinate),
            fixed: distances[place].map(|both| between(coordinate, both)),
            retuned: spread.map(|spread| SHARES.map(|share| both(spread * (2.0 * share * cost).sqrt()))),
            interval: spread
                .zip(student)
                .map(|(spread, (left, t))| both(spread * t * (2.0 * cost / left).sqrt())),
        }
    });
    Ok(Some(Sensitivity { cost, gains: gains.collect() }))
}

/// How far each gain goes down and up alone until the cost is worse by each share; NaN where nothing is worse as far as it may go.
fn distances(costs: &Costs<'_>, coordinates: &[Coordinate], cost: f64) -> Result<Vec<[[f64; 2]; 3]>, Error> {
    let sides: Vec<(Coordinate, f64)> =
        coordinates.iter().flat_map(|coordinate| [(*coordinate, -1.0), (*coordinate, 1.0)]).collect();
    let tried: Vec<f64> = (0..=HALVINGS).rev().map(|halving| libm::ldexp(1.0, -halving)).collect();
    let moved = |(coordinate, sign): &(Coordinate, f64), by: f64| vec![(*coordinate, sign * by)];
    let all: Vec<_> = sides.iter().flat_map(|side| tried.iter().map(|by| moved(side, *by))).collect();
    let found = costs.of(&all)?;
    // Between which distances the cost is first worse, a pair a side and share of the cost.
    let mut between: Vec<[f64; 2]> = Vec::new();
    for found in found.chunks(tried.len()) {
        for share in SHARES {
            let first = found.iter().position(|found| *found > (1.0 + share) * cost);
            between.push(first.map_or([f64::NAN; 2], |first| {
                [if first == 0 { 0.0 } else { tried[first - 1] }, tried[first]]
            }));
        }
    }
    for _ in 0..BISECTIONS {
        let middle = |[low, high]: &[f64; 2]| 0.5 * (low + high);
        let all: Vec<_> = between
            .iter()
            .enumerate()
            .map(|(place, pair)| moved(&sides[place / SHARES.len()], middle(pair)))
            .collect();
        let found = costs.of(&all)?;
        for ((place, pair), found) in between.iter_mut().enumerate().zip(found) {
            let is_worse = found > (1.0 + SHARES[place % SHARES.len()]) * cost;
            pair[usize::from(is_worse)] = middle(pair);
        }
    }
    let of = |place: usize, share: usize| {
        let by = |side: usize| between[(2 * place + side) * SHARES.len() + share][1];
        [by(0), by(1)]
    };
    Ok((0..coordinates.len()).map(|place| [0, 1, 2].map(|share| of(place, share))).collect())
}

/// The second derivatives of the cost, each coordinate in units of its step; nothing where one of them is not known.
fn curvature(
    costs: &Costs<'_>,
    moving: &[Coordinate],
    steps: &[f64],
    cost: f64,
) -> Result<Option<Vec<f64>>, Error> {
    let n = moving.len();
    if n == 0 || steps.iter().any(|step| step.is_nan()) {
        return Ok(None);
    }
    let moved = |place: usize, sign: f64| (moving[place], sign * steps[place]);
    let mut all = Vec::new();
    for i in 0..n {
        all.extend([1.0, -1.0].map(|sign| vec![moved(i, sign)]));
        for j in 0..i {
            all.extend(
                [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]
                    .map(|(a, b)| vec![moved(i, a), moved(j, b)]),
            );
        }
    }
    let found = costs.of(&all)?;
    if found.iter().any(|cost| !cost.is_finite()) {
        return Ok(None);
    }
    let mut h = vec![0.0; n * n];
    let mut next = found.into_iter();
    let mut some = || next.next().unwrap_or(f64::NAN);
    for i in 0..n {
        h[i * n + i] = some() + some() - 2.0 * cost;
        for j in 0..i {
            let mixed = (some() - some() - some() + some()) / 4.0;
            (h[i * n + j], h[j * n + i]) = (mixed, mixed);
        }
    }
    Ok(Some(h))
}

/// The diagonal of the inverse of a matrix of `n` rows by Cholesky's factors; nothing where it is not positive definite.
fn inverse_diagonal(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut lower = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
            let rest = matrix[i * n + j] - dot;
            // What is left of rounding is no curvature.
            if i == j && (rest.is_nan() || rest <= 1e-9 * matrix[i * n + i]) {
                return None;
            }
            lower[i * n + j] = if i == j { rest.sqrt() } else { rest / lower[j * n + j] };
        }
    }
    // Column by column of the inverse of the factor.
    let square = |column: usize| {
        let mut x = vec![0.0; n];
        for i in column..n {
            let unit = if i == column { 1.0 } else { 0.0 };
            let dot: f64 = (column..i).map(|k| lower[i * n + k] * x[k]).sum();
            x[i] = (unit - dot) / lower[i * n + i];
        }
        x.iter().map(|x| x * x).sum()
    };
    Some((0..n).map(square).collect())
}
