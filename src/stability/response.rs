//! Margins of a sampled loop, from its frequency response.
//!
//! The loop is broken at the law's output, once a control period T: with a probe p there, u = p + y, y the answer of the closed loop,
//!
//! ```text
//! x⁺ = A x + B p,  y = C x        S(z) = 1 + C (z I − A)⁻¹ B = 1/(1 + L(z)),   z = e^(iωT), 0 ≤ ω ≤ π/T
//! ```
//!
//! | margin | where | value |
//! |---|---|---|
//! | gain | S is real, and below 0 or above 1, so that L is real and below 0 | −1/L = S/(S − 1) |
//! | phase | Re S = 1/2, so that ∣L∣ = 1 | how far the angle of L is from ±180° |
//! | delay | the same | the angle that L can lose until −180°, by ω |
//! | Ms, Mt | everywhere | the largest ∣S∣ and ∣1 − S∣ |
//!
//! Source: Åström & Murray 2008, *Feedback Systems*, sections 9.3 and 11.1; Skogestad & Postlethwaite 2005, *Multivariable Feedback Control*, section 2.4.
//! S is as smooth as its poles are far from the circle, so the frequencies that are looked at stand close where these are near.

use std::f64::consts::{PI, TAU};

use super::complex::Complex;
use super::equilibrium::Moving;

/// The margins of a loop that is stable; of several loops the least, each broken with the others closed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margins {
    /// The factor up to which the loop's gain may grow; infinite where it may grow without limit.
    pub gain: f64,
    /// The factor down to which it may fall; 0 where it may fall to nothing.
    pub gain_down: f64,
    /// In degrees; infinite where the loop's gain is 1 at no frequency.
    pub phase: f64,
    /// The time in s by which the loop may lag more; infinite where the loop's gain is 1 at no frequency.
    pub delay: f64,
    /// Ms, the largest magnitude of the sensitivity 1/(1 + L).
    pub sensitivity: f64,
    /// Mt, the largest magnitude of the complementary sensitivity L/(1 + L).
    pub complementary: f64,
}

impl Margins {
    /// Of no loop: nothing limits it.
    pub(super) const NONE: Self = Self {
        gain: f64::INFINITY,
        gain_down: 0.0,
        phase: f64::INFINITY,
        delay: f64::INFINITY,
        sensitivity: 0.0,
        complementary: 0.0,
    };

    /// Where none are known.
    pub(super) const UNKNOWN: Self = Self {
        gain: f64::NAN,
        gain_down: f64::NAN,
        phase: f64::NAN,
        delay: f64::NAN,
        sensitivity: f64::NAN,
        complementary: f64::NAN,
    };

    /// The lesser of both.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self {
            gain: self.gain.min(other.gain),
            gain_down: self.gain_down.max(other.gain_down),
            phase: self.phase.min(other.phase),
            delay: self.delay.min(other.delay),
            sensitivity: self.sensitivity.max(other.sensitivity),
            complementary: self.complementary.max(other.complementary),
        }
    }
}

/// e^(iωT) to the power `turns`: real where it is at half the sampling frequency.
fn on_circle(omega: f64, period: f64, turns: usize) -> Complex {
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    let angle = omega * period * turns as f64;
    if (omega * period - PI).abs() < 1e-12 {
        return Complex { re: if turns.is_multiple_of(2) { 1.0 } else { -1.0 }, im: 0.0 };
    }
    Complex { re: libm::cos(angle), im: libm::sin(angle) }
}

/// What moves between a way into the loop and one out of it.
pub(super) enum Motion<'a> {
    /// The map of a control period, whose A is in Hessenberg form.
    Period { n: usize, a: &'a [f64], b: &'a [f64], c: &'a [f64] },
    /// A loop whose law acts in each step: a delay line of d steps is z⁻ᵈ.
    Step { moving: &'a Moving, way_in: usize, out: usize },
}

/// The frequency response from a way into the loop to one out of it.
pub(super) struct Response<'a> {
    pub(super) of: Motion<'a>,
    /// What goes through at once.
    pub(super) direct: f64,
    /// Room for n·(n + 1) numbers, with the n rows of the map or the variables of a step.
    pub(super) room: &'a mut [Complex],
    /// T in s.
    pub(super) period: f64,
}

impl Response<'_> {
    /// D + C (z I − A)⁻¹ B at the frequency ω in rad/s.
    pub(super) fn at(&mut self, omega: f64) -> Complex {
        match self.of {
            Motion::Period { n, a, b, c } => self.of_period(omega, n, [a, b, c]),
            Motion::Step { moving, way_in, out } => self.of_step(omega, moving, [way_in, out]),
        }
    }

    fn of_period(&mut self, omega: f64, n: usize, [a, b, c]: [&[f64]; 3]) -> Complex {
        let z = on_circle(omega, self.period, 1);
        let (rows, right) = self.room.split_at_mut(n * n);
        for (place, (to, from)) in rows.iter_mut().zip(a).enumerate() {
            let diagonal = if place % (n + 1) == 0 { z } else { Complex::default() };
            *to = Complex { re: diagonal.re - from, im: diagonal.im };
        }
        for (to, from) in right.iter_mut().zip(b) {
            *to = Complex { re: *from, im: 0.0 };
        }
        direct_and(self.direct, rows, &mut right[..n], c, 1)
    }

    fn of_step(&mut self, omega: f64, moving: &Moving, [way_in, out]: [usize; 2]) -> Complex {
        let (k, own) = (moving.order(), moving.of.moving.len());
        let (rows, right) = self.room.split_at_mut(k * k);
        let [slopes, _] = &moving.steps;
        let input = &moving.ins[way_in * k..][..k];
        for (row, (to, from)) in rows.chunks_exact_mut(k).zip(slopes.chunks_exact(k)).enumerate() {
            let turns = row.checked_sub(own).map_or(1, |line| moving.held(line));
            #[allow(clippy::float_cmp, reason = "what stays as it is has a slope of exactly 1")]
            let stands = from[row] == 1.0
                && from.iter().filter(|slope| **slope != 0.0).count() == 1
                && input[row] == 0.0;
            // What stands, and what is brought back from a line that holds nothing, is no part of the motion.
            let is_still = stands || turns == 0;
            for (to, from) in to.iter_mut().zip(from) {
                *to = Complex { re: if is_still { 0.0 } else { -from }, im: 0.0 };
            }
            let z =
                if is_still { Complex { re: 1.0, im: 0.0 } } else { on_circle(omega, self.period, turns) };
            to[row] = Complex { re: to[row].re + z.re, im: z.im };
            right[row] = Complex { re: if is_still { 0.0 } else { input[row] }, im: 0.0 };
        }
        direct_and(self.direct, rows, &mut right[..k], &moving.outs[out * k..][..k], k)
    }
}

/// d + c·y with M y = b, by elimination with partial pivoting; M has zeros beyond its first `below` subdiagonals. Both are overwritten.
fn direct_and(direct: f64, rows: &mut [Complex], right: &mut [Complex], c: &[f64], below: usize) -> Complex {
    let n = right.len();
    for k in 0..n {
        let last = (k + below).min(n - 1);
        let largest =
            (k..=last).max_by(|i, j| rows[i * n + k].size().total_cmp(&rows[j * n + k].size())).unwrap_or(k);
        if largest != k {
            for j in k..n {
                rows.swap(k * n + j, largest * n + j);
            }
            right.swap(k, largest);
        }
        for i in k + 1..=last {
            let factor = rows[i * n + k];
            if factor == Complex::default() {
                continue;
            }
            let factor = factor.over(rows[k * n + k]);
            let (upper, lower) = rows.split_at_mut(i * n);
            for (to, from) in lower[k..n].iter_mut().zip(&upper[k * n + k..]) {
                *to = to.less(factor.times(*from));
            }
            right[i] = right[i].less(factor.times(right[k]));
        }
    }
    let mut sum = Complex { re: direct, im: 0.0 };
    for k in (0..n).rev() {
        let mut rest = right[k];
        for j in k + 1..n {
            rest = rest.less(rows[k * n + j].times(right[j]));
        }
        right[k] = rest.over(rows[k * n + k]);
        sum.re += c[k] * right[k].re;
        sum.im += c[k] * right[k].im;
    }
    sum
}

/// What stays nearer to 0 than this between two frequencies does not cross it.
const LEVEL: f64 = 1e-9;

/// A frequency and S there.
pub(super) type Point = (f64, Complex);

/// What is looked for: 0 where |L| is 1, and where L is real.
const CROSSINGS: [fn(Complex) -> f64; 2] = [|s| s.re - 0.5, |s| s.im];

/// The frequencies in rad/s at which a loop has its margins; NaN where nothing limits it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Critical {
    /// Of the gain margin upwards.
    pub gain: f64,
    /// Of the gain margin downwards.
    pub gain_down: f64,
    /// Of the phase margin.
    pub phase: f64,
    /// Of Ms.
    pub sensitivity: f64,
    /// Of Mt.
    pub complementary: f64,
}

/// Margins, and where they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) margins: Margins,
    pub(super) at: Critical,
}

/// The margins of a loop; `omegas` are frequencies in rad/s from 0 to π/T in their order, close enough for S to be smooth between them.
pub(super) fn margins(response: &mut dyn FnMut(f64) -> Complex, omegas: &[f64]) -> Found {
    let nowhere = Critical {
        gain: f64::NAN,
        gain_down: f64::NAN,
        phase: f64::NAN,
        sensitivity: f64::NAN,
        complementary: f64::NAN,
    };
    let mut found = Found { margins: Margins::NONE, at: nowhere };
    let mut behind: [Option<Point>; 2] = [None; 2];
    let end = omegas.len().saturating_sub(1);
    for (place, omega) in omegas.iter().enumerate() {
        let here = (*omega, response(*omega));
        found.note_sizes(here);
        if place == 0 || place == end {
            // S is real there.
            found.note_gain(here);
        }
        if let Some(last) = behind[1] {
            for (of, crossing) in CROSSINGS.iter().enumerate() {
                let [from, to] = [crossing(last.1), crossing(here.1)];
                // A loop whose gain is 1 at rest begins on the border, and does not cross it there.
                let begins = place == 1 && from.abs() < LEVEL;
                if from * to < 0.0 && !begins && from.abs().max(to.abs()) > LEVEL {
                    found.note(of, root(response, *crossing, last, here));
                }
            }
        }
        if let [Some(first), Some(middle)] = behind {
            peaks(response, &mut found, [first, middle, here]);
        }
        behind = [behind[1], Some(here)];
    }
    found
}

/// What stands out between three frequencies: a largest size, or two crossings that are closer than these.
fn peaks(response: &mut dyn FnMut(f64) -> Complex, noted: &mut Found, points: [Point; 3]) {
    let sizes: [fn(Complex) -> f64; 2] = [|s| -s.size(), |s| -s.less(Complex::ONE).size()];
    for size in sizes {
        let [a, b, c] = points.map(|point| size(point.1));
        if b <= a && b <= c {
            let found = lowest(response, size, points);
            noted.note_sizes(found);
        }
    }
    for (of, crossing) in CROSSINGS.iter().enumerate() {
        let [a, b, c] = points.map(|point| crossing(point.1));
        let is_near = b.abs() < a.abs() && b.abs() < c.abs() && a * b > 0.0 && b * c > 0.0;
        if is_near {
            let side = b.signum();
            let found = lowest(response, |s| side * crossing(s), points);
            if side * crossing(found.1) < 0.0 {
                for end in [points[0], points[2]] {
                    let (low, high) = if end.0 < found.0 { (end, found) } else { (found, end) };
                    let at = root(response, *crossing, low, high);
                    noted.note(of, at);
                }
            }
        }
    }
}

/// Where a function of S crosses 0 between two frequencies (bisection, so that any pair with two signs will do).
fn root(
    response: &mut dyn FnMut(f64) -> Complex,
    of: impl Fn(Complex) -> f64,
    low: Point,
    high: Point,
) -> Point {
    let (mut low, mut high) = (low, high);
    for _ in 0..60 {
        let omega = 0.5 * (low.0 + high.0);
        if omega <= low.0 || omega >= high.0 {
            break;
        }
        let middle = (omega, response(omega));
        if of(middle.1) * of(low.1) > 0.0 { low = middle } else { high = middle }
    }
    low
}

/// Where a function of S is lowest between three frequencies (golden section).
fn lowest(
    response: &mut dyn FnMut(f64) -> Complex,
    of: impl Fn(Complex) -> f64,
    [low, middle, high]: [Point; 3],
) -> Point {
    let share = 0.5 * (3.0 - 5_f64.sqrt());
    let (mut low, mut high, mut best) = (low.0, high.0, middle);
    for _ in 0..40 {
        let is_right = high - best.0 > best.0 - low;
        let omega = if is_right { best.0 + share * (high - best.0) } else { best.0 - share * (best.0 - low) };
        let point = (omega, response(omega));
        if of(point.1) < of(best.1) {
            if is_right {
                low = best.0;
            } else {
                high = best.0;
            }
            best = point;
        } else if is_right {
            high = omega;
        } else {
            low = omega;
        }
    }
    best
}

/// What is smaller or larger than this is the rounding of an integrator's infinite gain, or of no gain at all.
const RANGE: std::ops::Range<f64> = 1e-7..1e7;

impl Found {
    fn note_sizes(&mut self, (omega, s): Point) {
        let Self { margins, at } = self;
        for (size, most, at) in [
            (s.size(), &mut margins.sensitivity, &mut at.sensitivity),
            (s.less(Complex::ONE).size(), &mut margins.complementary, &mut at.complementary),
        ] {
            if size > *most {
                (*most, *at) = (size, omega);
            }
        }
    }

    fn note(&mut self, of: usize, point: Point) {
        if of == 1 {
            self.note_gain(point);
            return;
        }
        let (omega, s) = point;
        // L = (1 − S)/S, and −L = L turned by 180°.
        let lag = s.less(Complex::ONE).over(s).angle();
        let phase = lag.abs().to_degrees();
        if phase < self.margins.phase {
            (self.margins.phase, self.at.phase) = (phase, omega);
        }
        if omega > 0.0 {
            self.margins.delay = self.margins.delay.min(lag.rem_euclid(TAU) / omega);
        }
    }

    /// A gain at which the loop would be on the border, where S is real.
    fn note_gain(&mut self, (omega, s): Point) {
        let factor = s.re / (s.re - 1.0);
        let Self { margins, at } = self;
        if RANGE.contains(&factor) && factor > 1.0 && factor < margins.gain {
            (margins.gain, at.gain) = (factor, omega);
        } else if RANGE.contains(&factor) && factor <= 1.0 && factor > margins.gain_down {
            (margins.gain_down, at.gain_down) = (factor, omega);
        }
    }
}

/// The largest size of a response, and the frequency in rad/s where it is; between neighbours of `points`, which are some of it, it is smooth.
pub(super) fn largest(response: &mut dyn FnMut(f64) -> Complex, points: &[Point]) -> [f64; 2] {
    let by_size = |a: &usize, b: &usize| points[*a].1.size().total_cmp(&points[*b].1.size());
    let Some(place) = (0..points.len()).max_by(by_size) else { return [f64::NAN; 2] };
    let (omega, found) = match points.get(place.wrapping_sub(1)..place + 2) {
        Some(&[before, here, behind]) => lowest(response, |found| -found.size(), [before, here, behind]),
        _ => points[place],
    };
    [found.size(), omega]
}

/// Frequencies from 0 to π/T at which a loop of order n with these eigenvalues z is looked at, in their order; as many as `omegas` has room for.
pub(super) fn frequencies(
    omegas: &mut Vec<f64>,
    eigenvalues: impl Iterator<Item = (f64, f64)>,
    n: usize,
    period: f64,
) {
    const PER_OCTAVE: f64 = 24.0;
    const SPREAD: [f64; 13] = [-8.0, -4.0, -2.0, -1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0];
    let end = PI / period;
    omegas.clear();
    omegas.extend([0.0, end]);
    let push = |omegas: &mut Vec<f64>, omega: f64| {
        if omegas.len() < omegas.capacity() {
            omegas.push(omega);
        }
    };
    let mut slowest = end;
    for (re, im) in eigenvalues {
        let size = re.hypot(im);
        let (decay, omega) = (-libm::log(size.max(1e-300)), libm::atan2(im, re).abs());
        slowest = slowest.min(decay.abs().max(omega).max(1e-9) / period);
        // What is well damped is smooth on its own scale.
        if decay < 0.3 * omega {
            for spread in SPREAD {
                let near = (omega + spread * decay) / period;
                if near > 0.0 && near < end {
                    push(omegas, near);
                }
            }
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let widest = 0.5 / (period * (1 + n) as f64);
    let mut omega = 1e-3 * slowest;
    while omega < end {
        push(omegas, omega);
        omega += (omega * (libm::exp2(1.0 / PER_OCTAVE) - 1.0)).min(widest.max(1e-4 * end));
    }
    omegas.sort_unstable_by(f64::total_cmp);
    omegas.dedup();
}
