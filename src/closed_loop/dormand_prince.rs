//! The embedded method of Dormand and Prince, 5(4), with error control: the accuracy reference.
//!
//! Within a control step it takes as many steps as the estimated error asks for: a step is halved while the error is above
//! [`TOLERANCE`], and doubled after one far below it. Every lane has its own step: what one lane does not take, it computes all the same
//! and passes over. What does not get through in [`STEPS_MAX`] tries is not finite, and so a failure.
//!
//! Dormand & Prince 1980, doi:10.1016/0771-050X(80)90013-3; Hairer, Nørsett & Wanner, *Solving Ordinary Differential
//! Equations I*, doi:10.1007/978-3-540-78862-1, table II.5.2.

use super::Unfit;
use super::compose::{Composer, Moment};
use crate::graph::{Graph, Id, Operation};

/// The largest estimated error of a step, relative to 1 + |x|, in every state.
pub(super) const TOLERANCE: f64 = 1e-12;

/// Most tries within a control step.
pub(super) const STEPS_MAX: usize = 24;

/// An error below this share of the tolerance doubles the step: the fifth power of 2, and a margin of 2.
const SMALL: f64 = 1.0 / 64.0;

const A: [&[f64]; 5] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
];
const B: [f64; 6] = [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0];
/// When each stage is, in steps.
const C: [f64; 6] = [1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];
/// The difference of the two solutions, with the slope at the new state as the seventh stage.
const E: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339_200.0, 22.0 / 525.0, -1.0 / 40.0];

/// A step that has been tried.
struct Tried {
    states: Vec<Id>,
    slope: Vec<Id>,
    /// In multiples of what is tolerated.
    error: Id,
}

impl Composer<'_> {
    /// The states after a control step with the inputs held; `first` are the derivatives at its start.
    pub(super) fn dormand_prince(&mut self, moment: &Moment<'_>, first: &[Id]) -> Result<Vec<Id>, Unfit> {
        let [zero, one, half, small] = [0.0, 1.0, 0.5, SMALL].map(|number| self.graph.number(number));
        let (mut now, mut slope) = (moment.states.to_vec(), first.to_vec());
        let mut time = moment.time;
        let mut left = self.dt();
        let mut h = left;
        for _ in 0..STEPS_MAX {
            let from = Moment { states: &now, time, ..*moment };
            let Tried { states, slope: after, error } = self.tried(&from, &slope, h)?;
            let graph = &mut self.graph;
            let is_open = graph.apply(Operation::Less, &[zero, left]);
            let is_good = graph.apply(Operation::LessEqual, &[error, one]);
            let accepted = graph.apply(Operation::And, &[is_open, is_good]);
            let chosen = |graph: &mut Graph, new: &[Id], old: &[Id]| -> Vec<Id> {
                new.iter().zip(old).map(|(new, old)| graph.select(accepted, *new, *old)).collect()
            };
            now = chosen(graph, &states, &now);
            slope = chosen(graph, &after, &slope);
            let later = graph.add(time, h);
            time = graph.select(accepted, later, time);
            let rest = graph.sub(left, h);
            left = graph.select(accepted, rest, left);
            let is_small = graph.apply(Operation::Less, &[error, small]);
            let twice = graph.add(h, h);
            let after_good = graph.select(is_small, twice, h);
            let after_bad = graph.mul(h, half);
            let wanted = graph.select(accepted, after_good, after_bad);
            h = graph.apply(Operation::Min, &[wanted, left]);
        }
        let graph = &mut self.graph;
        let is_stuck = graph.apply(Operation::Less, &[zero, left]);
        let lost = graph.number(f64::NAN);
        Ok(now.into_iter().map(|state| graph.select(is_stuck, lost, state)).collect())
    }

    /// One step of length `h`.
    fn tried(&mut self, from: &Moment<'_>, first: &[Id], h: Id) -> Result<Tried, Unfit> {
        let mut slopes = vec![first.to_vec()];
        let mut states = Vec::new();
        for (stage, weights) in A.into_iter().chain([&B[..]]).enumerate() {
            states = self.along(from.states, h, weights, &slopes);
            let part = self.graph.number(C[stage]);
            let since = self.graph.mul(part, h);
            let time = self.graph.add(from.time, since);
            slopes.push(self.rates(&Moment { states: &states, time, ..*from })?);
        }
        let (one, tolerance) = (self.graph.number(1.0), self.graph.number(TOLERANCE));
        let mut error = self.graph.number(0.0);
        for (place, state) in states.iter().enumerate() {
            let sum = self.weighed(&E, &slopes, place);
            let graph = &mut self.graph;
            let off = graph.mul(h, sum);
            let off = graph.apply(Operation::Abs, &[off]);
            let size = graph.apply(Operation::Abs, &[*state]);
            let tolerated = graph.add(one, size);
            let tolerated = graph.mul(tolerance, tolerated);
            let share = graph.div(off, tolerated);
            // NaN counts as too large.
            let is_less = graph.apply(Operation::LessEqual, &[share, error]);
            error = graph.select(is_less, error, share);
        }
        let slope = slopes.pop().unwrap_or_default();
        Ok(Tried { states, slope, error })
    }

    /// The states moved by `h` times the weighed slopes.
    fn along(&mut self, states: &[Id], h: Id, weights: &[f64], slopes: &[Vec<Id>]) -> Vec<Id> {
        let mut moved = Vec::new();
        for (place, state) in states.iter().enumerate() {
            let sum = self.weighed(weights, slopes, place);
            let change = self.graph.mul(h, sum);
            moved.push(self.graph.add(*state, change));
        }
        moved
    }

    /// The weighed sum of the slopes of a state.
    fn weighed(&mut self, weights: &[f64], slopes: &[Vec<Id>], place: usize) -> Id {
        let mut sum = self.graph.number(0.0);
        for (weight, slope) in weights.iter().zip(slopes).filter(|(weight, _)| **weight != 0.0) {
            let weight = self.graph.number(*weight);
            let part = self.graph.mul(weight, slope[place]);
            sum = self.graph.add(sum, part);
        }
        sum
    }
}
