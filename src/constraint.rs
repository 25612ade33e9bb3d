//! Relations between gains, such as `K1 > 2*K2`, `K*kd >= 4` or `k1 == 2*lambda1`: a vector that breaks one is infeasible and is not simulated.
//!
//! An equality that is linear is no matter of chance: one of its gains follows from the others and is not searched ([`followers`]). Any other
//! holds within [`TOLERANCE`].

use std::ops::Range;

use crate::model::{Comparison, Relation};
use crate::program::Tape;
use crate::swarm::Axis;

/// Most operations of a relation.
pub const OPERATIONS_MAX: usize = 200;
/// How far the sides of an equality that is not linear may differ, as a share of the way that their difference can go.
pub const TOLERANCE: f64 = 1e-4;
/// The same of a linear one, whose gains follow from each other: rounding alone.
const ROUNDING: f64 = 1e-9;
/// Two inequalities whose band is narrower than this share of the way are an equality.
const NARROW: f64 = 1e-6;
/// Points of the box at which the way of an expression is looked for.
const POINTS: u32 = 256;

/// A relation between gains.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// As it stands in the config.
    pub text: String,
    /// Whether the config says it, and not a bound of a gain that follows from others.
    pub is_said: bool,
    comparison: Comparison,
    difference: Difference,
}

/// The difference of the sides.
#[derive(Debug, Clone, PartialEq)]
enum Difference {
    Linear(Linear),
    /// Any other expression, and the way that it can go.
    General(Box<Tape>, f64),
}

/// Σ weight·value + constant, with a weight a parameter of the controller.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// The weights.
    pub weights: Vec<f64>,
    /// The constant.
    pub constant: f64,
}

/// A gain that follows from others: its value is that of a linear expression, in which no other follower stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Follower {
    /// Its place among the controller's parameters.
    pub index: usize,
    /// Where it is allowed.
    pub axis: Axis,
    /// What it is.
    pub of: Linear,
    /// The relation from which it follows.
    pub text: String,
}

impl Linear {
    /// Its value.
    #[must_use]
    pub fn at(&self, values: &[f64]) -> f64 {
        self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>() + self.constant
    }

    /// How far it goes when every parameter runs over its range.
    fn way(&self, ranges: &[Range<f64>]) -> f64 {
        self.weights.iter().zip(ranges).map(|(weight, range)| weight.abs() * (range.end - range.start)).sum()
    }

    /// The least and the largest that it can be.
    fn between(&self, ranges: &[Range<f64>]) -> [f64; 2] {
        let ends = |pick: fn(f64, f64) -> f64| {
            let ends = self.weights.iter().zip(ranges);
            ends.map(|(weight, range)| pick(weight * range.start, weight * range.end)).sum::<f64>()
                + self.constant
        };
        [ends(f64::min), ends(f64::max)]
    }

    /// Puts what a gain is in its place.
    fn put(&mut self, follower: &Follower) {
        let factor = std::mem::take(&mut self.weights[follower.index]);
        if factor != 0.0 {
            self.constant += factor * follower.of.constant;
            for (weight, other) in self.weights.iter_mut().zip(&follower.of.weights) {
                *weight += factor * other;
            }
        }
    }
}

impl Constraint {
    /// A relation of parameters that run over ranges; nothing when it has more than [`OPERATIONS_MAX`] operations.
    #[must_use]
    pub fn new(text: &str, relation: Relation, ranges: &[Range<f64>]) -> Option<Self> {
        let comparison = relation.comparison;
        let tape = Tape::new(&relation.graph, &relation.symbols, &[relation.difference]);
        if tape.room() > OPERATIONS_MAX {
            return None;
        }
        let difference = if let Some(linear) = linear(relation, &tape, ranges) {
            Difference::Linear(linear)
        } else {
            let way = way(&tape, ranges);
            Difference::General(Box::new(tape), way)
        };
        Some(Self { text: text.into(), is_said: true, comparison, difference })
    }

    /// That a gain which follows from others is within its bounds.
    fn bounds(follower: &Follower, name: &str) -> [Self; 2] {
        let Follower { axis, of, text, .. } = follower;
        let opposite = |weights: &[f64]| weights.iter().map(|weight| -weight).collect();
        let above = Linear { weights: of.weights.clone(), constant: of.constant - axis.lower };
        let below = Linear { weights: opposite(&of.weights), constant: axis.upper - of.constant };
        let bound = |sign: &str, bound: f64, difference: Linear| Self {
            text: format!("{name} {sign} {} with {text}", crate::parameter::Short(bound)),
            is_said: false,
            comparison: Comparison::AtLeast,
            difference: Difference::Linear(difference),
        };
        [bound(">=", axis.lower, above), bound("<=", axis.upper, below)]
    }

    /// How far a vector is outside, as a share of the way that the difference of the sides can go when every parameter runs over its
    /// range; 0 when the relation holds.
    ///
    /// # Allocation
    ///
    /// None.
    #[must_use]
    pub fn violation(&self, values: &[f64], ranges: &[Range<f64>]) -> f64 {
        let (difference, way, tolerance) = match &self.difference {
            Difference::Linear(linear) => (linear.at(values), linear.way(ranges), ROUNDING),
            Difference::General(tape, way) => (of_tape(tape, values), *way, TOLERANCE),
        };
        let outside = match self.comparison {
            Comparison::Above if difference > 0.0 => return 0.0,
            Comparison::AtLeast if difference >= 0.0 => return 0.0,
            Comparison::Equal if difference.abs() <= tolerance * way => return 0.0,
            Comparison::Equal => difference.abs(),
            _ => -difference,
        };
        // On the bound of a strict relation the distance is 0, but the vector is outside. What is no number is far outside.
        if outside.is_nan() { 1.0 } else { (outside / way).max(f64::MIN_POSITIVE) }
    }

    /// Whether any vector within the ranges may meet it; of what is not linear that is not known.
    #[must_use]
    pub fn can_hold(&self, ranges: &[Range<f64>]) -> bool {
        let Difference::Linear(linear) = &self.difference else { return true };
        let [least, most] = linear.between(ranges);
        match self.comparison {
            Comparison::Above => most > 0.0,
            Comparison::AtLeast => most >= 0.0,
            Comparison::Equal => {
                let rounding = ROUNDING * linear.way(ranges).max(linear.constant.abs());
                least <= rounding && most >= -rounding
            }
        }
    }
}

impl Linear {
    /// The difference of the sides of a relation where it is linear; `ranges` are those of its names.
    #[must_use]
    pub fn of(relation: &Relation, ranges: &[Range<f64>]) -> Option<Self> {
        let tape = Tape::new(&relation.graph, &relation.symbols, &[relation.difference]);
        (tape.room() <= OPERATIONS_MAX).then(|| linear(relation.clone(), &tape, ranges)).flatten()
    }
}

/// The difference of the sides where it is linear; seen from its slopes, and tried, since a step has slopes of 0.
fn linear(relation: Relation, tape: &Tape, ranges: &[Range<f64>]) -> Option<Linear> {
    let Relation { mut graph, symbols, difference, .. } = relation;
    let slopes = symbols.iter().map(|symbol| {
        let slope = graph.derivative(difference, *symbol);
        graph.value(slope)
    });
    let weights: Vec<f64> = slopes.collect::<Option<_>>()?;
    let linear = Linear { constant: graph.evaluated(&[difference], &|_| 0.0)[0], weights };
    let is_so = points(ranges).take(8).all(|point| {
        let (is, should) = (of_tape(tape, &point), linear.at(&point));
        (is - should).abs() <= 1e-9 * (linear.way(ranges) + linear.constant.abs())
    });
    is_so.then_some(linear)
}

fn of_tape(tape: &Tape, values: &[f64]) -> f64 {
    let mut room = [0.0; OPERATIONS_MAX];
    tape.run(values.iter().copied(), &mut room).next().unwrap_or(f64::NAN)
}

/// Points of the box, evenly spread.
fn points(ranges: &[Range<f64>]) -> impl Iterator<Item = Vec<f64>> {
    (0..POINTS).map(move |index| {
        let place = |(dimension, range): (u32, &Range<f64>)| {
            let u = f64::from(sobol_burley::sample(index, dimension % 256, 1));
            range.start * (1.0 - u) + range.end * u
        };
        (0..).zip(ranges).map(place).collect()
    })
}

/// How far an expression goes over a box, as far as points of it tell; 1 where it does not.
fn way(tape: &Tape, ranges: &[Range<f64>]) -> f64 {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in points(ranges).map(|point| of_tape(tape, &point)).filter(|value| value.is_finite()) {
        (least, most) = (least.min(value), most.max(value));
    }
    if most > least { most - least } else { 1.0 }
}

/// Takes out of the searched gains those that follow from others by linear equalities, and adds that they are within their bounds. The
/// searched gains are pairs of a place among the parameters and an axis.
///
/// # Errors
///
/// The text of an equality that holds for no searched gains, or leaves none to search.
pub fn followers(
    constraints: &mut Vec<Constraint>,
    searched: &mut Vec<(usize, Axis)>,
    names: &[&str],
    values: &[f64],
) -> Result<Vec<Follower>, String> {
    let bands = bands(constraints, searched);
    constraints.extend(bands);
    let mut followers: Vec<Follower> = Vec::new();
    for constraint in constraints.iter().filter(|constraint| constraint.comparison == Comparison::Equal) {
        let Difference::Linear(linear) = &constraint.difference else { continue };
        let mut rest = linear.clone();
        for follower in &followers {
            rest.put(follower);
        }
        let reach = |(index, axis): &(usize, Axis)| rest.weights[*index].abs() * (axis.upper - axis.lower);
        let pivot = (0..searched.len()).max_by(|a, b| reach(&searched[*a]).total_cmp(&reach(&searched[*b])));
        let Some(pivot) = pivot.filter(|pivot| reach(&searched[*pivot]) > 0.0) else {
            if rest.at(values).abs() <= ROUNDING * rest.constant.abs().max(1.0) {
                continue;
            }
            return Err(constraint.text.clone());
        };
        if searched.len() == 1 {
            return Err(constraint.text.clone());
        }
        let (index, axis) = searched.remove(pivot);
        let factor = -1.0 / std::mem::take(&mut rest.weights[index]);
        rest.weights.iter_mut().chain([&mut rest.constant]).for_each(|weight| *weight *= factor);
        let follower = Follower { index, axis, of: rest, text: constraint.text.clone() };
        for other in &mut followers {
            other.of.put(&follower);
        }
        followers.push(follower);
    }
    for constraint in constraints.iter_mut().filter(|constraint| constraint.comparison != Comparison::Equal) {
        if let Difference::Linear(linear) = &mut constraint.difference {
            for follower in &followers {
                linear.put(follower);
            }
        }
    }
    for follower in &followers {
        constraints.extend(Constraint::bounds(follower, names[follower.index]));
    }
    Ok(followers)
}

/// Equalities that are written as a pair of inequalities: those whose band is narrower than [`NARROW`], as its middle.
fn bands(constraints: &[Constraint], searched: &[(usize, Axis)]) -> Vec<Constraint> {
    let linear = |constraint: &Constraint| match &constraint.difference {
        Difference::Linear(linear) if constraint.comparison != Comparison::Equal => Some(linear.clone()),
        _ => None,
    };
    let all: Vec<(&str, Linear)> =
        constraints.iter().filter_map(|one| Some((one.text.as_str(), linear(one)?))).collect();
    let mut found = Vec::new();
    for (place, (text, low)) in all.iter().enumerate() {
        let reach = |(index, axis): &(usize, Axis)| low.weights[*index].abs() * (axis.upper - axis.lower);
        let way: f64 = searched.iter().map(reach).sum();
        for (other, high) in &all[place + 1..] {
            let is_mirror = |(low, high): (&f64, &f64)| (low + high).abs() <= 1e-12 * low.abs();
            let width = low.constant + high.constant;
            let is_narrow = way > 0.0 && (0.0..=NARROW * way).contains(&width);
            if is_narrow && low.weights.iter().zip(&high.weights).all(is_mirror) {
                let constant = 0.5 * (low.constant - high.constant);
                found.push(Constraint {
                    text: format!("{text} and {other}"),
                    is_said: false,
                    comparison: Comparison::Equal,
                    difference: Difference::Linear(Linear { weights: low.weights.clone(), constant }),
                });
            }
        }
    }
    found
}
