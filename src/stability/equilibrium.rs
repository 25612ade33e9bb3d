//! The equilibrium of a sampled loop, and its linearisation there.

use super::dense;
use crate::closed_loop::{PROBES_AT, Sampled};

/// Steps of Newton's method at most, and the step that ends it, relative to the state.
const STEPS_MAX: usize = 100;
const NEAR: f64 = 1e-10;
/// The factor by which an implicit step is longer than the one before.
const GROWTH: f64 = 1.5;
/// The largest rate of a state that is at rest, in 1/s and relative to the terms of its step, and the rounding of these.
const REST: f64 = 1e-9;
const ROUNDING: f64 = 1e-14;
/// How far from its equilibrium a loop is looked at for corners and jumps, and by how much it may then be off its tangent, relatively.
const ASIDE: f64 = 1e-8;
const OFF: f64 = 1e-3;

/// The conditions under which a loop is certified.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// Steps of the study from one evaluation of the law to the next.
    pub control_period: u64,
    /// From the law to the actuator, in s.
    pub dead_time: f64,
    /// The actuator's time constant in s.
    pub lag: f64,
    /// What the signals come to.
    pub signals: Vec<f64>,
    /// The plant's states where the model starts, from which the equilibrium is sought.
    pub start: Vec<f64>,
    /// The plant's states where a scenario starts, which says how large deviations are.
    pub aside: Vec<f64>,
}

impl World {
    /// Whether a loop has the same certificate in both.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        *self == Self { aside: self.aside.clone(), ..other.clone() }
    }
}

/// How long steps are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// Integration step in s.
    pub(super) dt: f64,
    /// Steps from one evaluation of the law to the next.
    pub(super) steps: u64,
}

impl Pace {
    /// The control period in s.
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    pub(super) fn period(self) -> f64 {
        self.dt * self.steps as f64
    }
}

/// A loop with its present values, and the memory to linearise it.
pub(super) struct Moving {
    pub(super) of: Sampled,
    /// The places of what moves, then of what comes back later, among the carried values.
    variables: Vec<usize>,
    /// Inputs, then carried values.
    numbers: Vec<f64>,
    plain: Vec<f64>,
    slopes: Vec<f64>,
    /// The Jacobian of a step in which the law acts, and of one in which it does not: k·k numbers each.
    pub(super) steps: [Vec<f64>; 2],
    /// The derivatives of the variables by each way in, and of each way out by the variables: k numbers each.
    pub(super) ins: Vec<f64>,
    pub(super) outs: Vec<f64>,
    /// The derivatives of each way out by each way in.
    pub(super) direct: Vec<f64>,
    residual: Vec<f64>,
    /// A step of Newton's method.
    change: Vec<f64>,
    matrix: Vec<f64>,
    places: Vec<usize>,
    /// What the delay lines hold in a simulation.
    past: Vec<f64>,
}

impl Moving {
    /// With room for delay lines of `past` steps in all.
    pub(super) fn new(of: Sampled, past: usize) -> Self {
        let variables: Vec<usize> =
            of.moving.iter().copied().chain(of.delays.iter().map(|[place, _]| *place)).collect();
        let (k, room) = (variables.len(), of.advance.room().max(of.start.room()));
        let zeros = |count: usize| vec![0.0; count];
        Self {
            numbers: zeros(of.inputs + of.carried),
            plain: zeros(room),
            slopes: zeros(room),
            steps: [zeros(k * k), zeros(k * k)],
            ins: zeros(k * of.ways()),
            outs: zeros(k * of.ways()),
            direct: zeros(of.ways() * of.ways()),
            residual: zeros(k),
            change: zeros(k),
            matrix: zeros(k * k),
            places: vec![0; k],
            past: zeros(past),
            variables,
            of,
        }
    }

    /// How many variables there are.
    pub(super) fn order(&self) -> usize {
        self.variables.len()
    }

    /// How many steps a delay line holds at the moment.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of steps, at least 0 and bounded"
    )]
    pub(super) fn held(&self, line: usize) -> usize {
        self.numbers[self.of.inputs + self.of.delays[line][1]] as usize
    }

    /// The states of the plant.
    pub(super) fn states(&self) -> &[f64] {
        &self.numbers[self.of.inputs..][..self.of.states]
    }

    /// Moves the states of the plant.
    pub(super) fn displace(&mut self, by: &[f64]) {
        for (number, by) in self.numbers[self.of.inputs..].iter_mut().zip(by) {
            *number += by;
        }
    }

    /// Puts the states of the plant where `to` says.
    pub(super) fn displace_to(&mut self, to: impl Fn(usize) -> f64) {
        let states = self.numbers[self.of.inputs..][..self.of.states].iter_mut();
        states.enumerate().for_each(|(place, number)| *number = to(place));
    }

    /// Inputs and carried values, for programs that look at them.
    pub(super) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// The start of a job in a world.
    pub(super) fn begin(&mut self, world: &World, gains: &[f64], pace: Pace) {
        let of = &self.of;
        let mut at = PROBES_AT;
        let mut write = |numbers: &[f64]| {
            self.numbers[at..][..numbers.len()].copy_from_slice(numbers);
            at += numbers.len();
        };
        for _ in 0..of.ways() {
            write(&[0.0]);
        }
        write(&gains[..of.gains]);
        write(&world.start[..of.states]);
        write(&world.signals[..of.signals]);
        for (_, number) in of.world.iter().zip([world.dead_time, world.lag]).filter(|(has, _)| **has) {
            write(&[number]);
        }
        write(&[f64::INFINITY]);
        self.step_by(pace);
        let first = self.of.start.run(self.numbers[..self.of.inputs].iter().copied(), &mut self.plain);
        for (place, value) in first.enumerate() {
            self.numbers[self.of.inputs + place] = value;
        }
    }

    /// Sets the step and the control period; delay lines keep their time, and so hold another number of steps.
    pub(super) fn step_by(&mut self, pace: Pace) {
        self.numbers[..2].copy_from_slice(&[pace.dt, pace.period()]);
        self.act(true);
        let Self { of, numbers, plain, .. } = self;
        let (inputs, carried) = numbers.split_at_mut(of.inputs);
        for (place, value) in of.start.run(inputs.iter().copied(), plain).enumerate() {
            if of.delays.iter().any(|[_, steps]| *steps == place) {
                carried[place] = value;
            }
        }
    }

    fn act(&mut self, is_due: bool) {
        self.numbers[2] = f64::from(u8::from(is_due));
    }

    /// Goes on for some steps, and lets `see` look at the states of the plant after each.
    pub(super) fn run(&mut self, pace: Pace, steps: u64, mut see: impl FnMut(u64, &[f64])) {
        let past: usize = (0..self.of.delays.len()).map(|line| self.held(line)).sum();
        if past > self.past.len() {
            return;
        }
        let mut at = 0;
        for line in 0..self.of.delays.len() {
            let held = self.held(line);
            let now = self.numbers[self.of.inputs + self.of.delays[line][0]];
            self.past[at..at + held].fill(now);
            at += held;
        }
        for step in 0..steps {
            self.act(step % pace.steps == 0);
            let Self { of, numbers, plain, past, .. } = self;
            let after = of.advance.run(numbers.iter().copied(), plain);
            for (place, value) in after.take(of.carried).enumerate() {
                numbers[of.inputs + place] = value;
            }
            let mut at = 0;
            for [place, steps] in &of.delays {
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number of steps"
                )]
                let held = numbers[of.inputs + steps] as usize;
                if held > 0 {
                    // A ring: what was made so long ago stands where the next value goes.
                    #[allow(clippy::cast_possible_truncation, reason = "the rest of a division")]
                    let turn = |step: u64| at + (step % held as u64) as usize;
                    past[turn(step)] = numbers[of.inputs + place];
                    numbers[of.inputs + place] = past[turn(step + 1)];
                }
                at += held;
            }
            see(step, self.states());
            if !self.states().iter().all(|state| state.is_finite()) {
                break;
            }
        }
        self.act(true);
    }

    /// Moves to where a step changes nothing, by Newton's method; with `care`, first by implicit steps that grow from a few periods on, so that it
    /// follows the loop's own way at first (pseudo-transient continuation, Kelley & Keyes 1998, doi:10.1137/S0036142996304796). False where there
    /// is no such place near.
    pub(super) fn come_to_rest(&mut self, care: bool) -> bool {
        let mut share = if care { 0.1 } else { 0.0 };
        for _ in 0..STEPS_MAX {
            if !self.linearise(0) {
                return false;
            }
            self.aim(share);
            let is_near = self.go();
            if is_near && share < NEAR {
                return self.linearise(0) && self.rests();
            }
            share /= GROWTH;
        }
        false
    }

    /// The step of Newton's method from a loop that has been linearised; with a `share` above 0 an implicit one of 1/share steps of the loop.
    fn aim(&mut self, share: f64) {
        let k = self.order();
        for i in 0..k {
            for j in 0..k {
                let one = if i == j { 1.0 + share } else { 0.0 };
                self.matrix[i * k + j] = one - self.steps[0][i * k + j];
            }
            // What a step leaves as it is stays as it is.
            if self.matrix[i * k..][..k].iter().all(|slope| *slope == 0.0) {
                self.matrix[i * k + i] = 1.0;
            }
        }
        self.change.copy_from_slice(&self.residual);
        // Where the loop leaves something free to stand anywhere, it stands where it is.
        dense::solve(&mut self.matrix, k, &mut self.change, &mut self.places);
    }

    /// Takes that step; true when it is short enough to end the iteration.
    fn go(&mut self) -> bool {
        let mut is_near = true;
        for (change, place) in self.change.iter().zip(&self.variables) {
            let number = &mut self.numbers[self.of.inputs + place];
            is_near &= change.abs() <= NEAR * (1.0 + number.abs());
            *number += change;
        }
        is_near
    }

    /// Whether a step changes nothing beyond rounding.
    fn rests(&self) -> bool {
        let k = self.order();
        let most = REST * self.numbers[0] + ROUNDING;
        self.residual.iter().zip(self.steps[0].chunks_exact(k)).all(|(left, slopes)| {
            let now = self.variables.iter().map(|place| self.numbers[self.of.inputs + place]);
            let size: f64 = now.zip(slopes).map(|(number, slope)| (number * slope).abs()).sum();
            left.abs() <= most * (1.0 + size)
        })
    }

    /// Finds the Jacobian of a step: of one in which the law acts (`which` = 0), by the ways in too. False where it is not finite.
    pub(super) fn linearise(&mut self, which: usize) -> bool {
        self.act(which == 0);
        let (k, ways) = (self.order(), self.of.ways());
        let columns = if which == 0 { k + ways } else { k };
        let mut is_finite = true;
        drop(self.of.advance.run(self.numbers.iter().copied(), &mut self.plain));
        for column in 0..columns {
            let by = match column.checked_sub(k) {
                None => self.of.inputs + self.variables[column],
                Some(way) => PROBES_AT + way,
            };
            let Self { of, numbers, plain, slopes, variables, .. } = self;
            for (place, result) in of.advance.along(by, plain, slopes).enumerate() {
                if let Some(out) = place.checked_sub(of.carried) {
                    if which == 0 {
                        match column.checked_sub(k) {
                            None => self.outs[out * k + column] = result.slope,
                            Some(way) => self.direct[out * ways + way] = result.slope,
                        }
                        is_finite &= result.slope.is_finite();
                    }
                } else if let Some(row) = variables.iter().position(|variable| *variable == place) {
                    is_finite &= result.slope.is_finite() && result.value.is_finite();
                    match column.checked_sub(k) {
                        None => self.steps[which][row * k + column] = result.slope,
                        Some(way) => self.ins[way * k + row] = result.slope,
                    }
                    self.residual[row] = result.value - numbers[of.inputs + place];
                }
            }
        }
        self.act(true);
        is_finite
    }

    /// Whether the loop moves along its tangent near the equilibrium; what nothing depends on may have a corner.
    pub(super) fn is_smooth(&mut self) -> bool {
        (0..self.of.moving.len()).all(|column| [-1.0, 1.0].into_iter().all(|side| self.follows(column, side)))
    }

    /// Whether a step from close beside the equilibrium follows its tangent.
    fn follows(&mut self, column: usize, side: f64) -> bool {
        let k = self.order();
        let size = (0..k).map(|row| self.steps[0][row * k + column].abs()).fold(0.0, f64::max);
        let place = self.of.inputs + self.variables[column];
        let now = self.numbers[place];
        let aside = side * ASIDE * (1.0 + now.abs());
        self.numbers[place] = now + aside;
        let Self { of, numbers, plain, variables, .. } = self;
        let probes = of.probes;
        let after = of.advance.run(numbers.iter().copied(), plain);
        let mut follows = true;
        for (result, value) in after.take(of.carried).enumerate() {
            let Some(row) = variables.iter().position(|variable| *variable == result) else { continue };
            let rests = if row == column { now } else { numbers[of.inputs + result] };
            let along = rests + self.residual[row] + self.steps[0][row * k + column] * aside;
            let most = OFF * size * aside.abs() + 1e-13 * (1.0 + rests.abs());
            let is_along = (value - along).abs() <= most;
            let is_felt = || {
                let others = (0..k).filter(|other| *other != row);
                others.map(|other| self.steps[0][other * k + row]).any(|slope| slope != 0.0)
                    || self.outs.chunks_exact(k).take(probes).any(|said| said[row] != 0.0)
            };
            follows &= is_along || (row != column && !is_felt());
        }
        self.numbers[place] = now;
        follows
    }
}
