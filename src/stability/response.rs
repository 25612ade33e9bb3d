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

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Complex {
    pub(super) re: f64,
    pub(super) im: f64,
}

impl Complex {
    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn less(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }

    fn over(self, other: Self) -> Self {
        // Scaled, so that no square is beyond what a number can be (Smith 1962, doi:10.1145/368637.368661).
        let size = other.re.abs().max(other.im.abs());
        let (re, im) = (other.re / size, other.im / size);
        let square = (re * re + im * im) * size;
        Self { re: (self.re * re + self.im * im) / square, im: (self.im * re - self.re * im) / square }
    }

    fn size(self) -> f64 {
        self.re.hypot(self.im)
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

/// The frequency response of the map of a control period, whose A is in Hessenberg form.
pub(super) struct PeriodResponse<'a> {
    pub(super) n: usize,
    pub(super) a: &'a [f64],
    pub(super) b: &'a [f64],
    pub(super) c: &'a [f64],
    /// Room for n·(n + 1) numbers.
    pub(super) room: &'a mut [Complex],
    /// T in s.
    pub(super) period: f64,
}

impl PeriodResponse<'_> {
    /// S at the frequency ω in rad/s.
    pub(super) fn at(&mut self, omega: f64) -> Complex {
        let n = self.n;
        let z = on_circle(omega, self.period, 1);
        let (rows, right) = self.room.split_at_mut(n * n);
        for (place, (to, from)) in rows.iter_mut().zip(self.a).enumerate() {
            let diagonal = if place % (n + 1) == 0 { z } else { Complex::default() };
            *to = Complex { re: diagonal.re - from, im: diagonal.im };
        }
        for (to, from) in right.iter_mut().zip(self.b) {
            *to = Complex { re: *from, im: 0.0 };
        }
        one_and(rows, &mut right[..n], self.c, 1)
    }
}

/// The frequency response of a loop whose law acts in each step: a delay line of d steps is z⁻ᵈ.
pub(super) struct DelayResponse<'a> {
    pub(super) moving: &'a Moving,
    pub(super) probe: usize,
    /// Room for k·(k + 1) numbers, with the k variables of a step.
    pub(super) room: &'a mut [Complex],
    /// T in s.
    pub(super) period: f64,
}

impl DelayResponse<'_> {
    /// S at the frequency ω in rad/s.
    pub(super) fn at(&mut self, omega: f64) -> Complex {
        let (k, own) = (self.moving.order(), self.moving.of.moving.len());
        let (rows, right) = self.room.split_at_mut(k * k);
        let [slopes, _] = &self.moving.steps;
        let probe = &self.moving.probes[self.probe * k..][..k];
        for (row, (to, from)) in rows.chunks_exact_mut(k).zip(slopes.chunks_exact(k)).enumerate() {
            let turns = row.checked_sub(own).map_or(1, |line| self.moving.held(line));
            #[allow(clippy::float_cmp, reason = "what stays as it is has a slope of exactly 1")]
            let stands = from[row] == 1.0
                && from.iter().filter(|slope| **slope != 0.0).count() == 1
                && probe[row] == 0.0;
            // What stands, and what is brought back from a line that holds nothing, is no part of the motion.
            let is_still = stands || turns == 0;
            for (to, from) in to.iter_mut().zip(from) {
                *to = Complex { re: if is_still { 0.0 } else { -from }, im: 0.0 };
            }
            let z =
                if is_still { Complex { re: 1.0, im: 0.0 } } else { on_circle(omega, self.period, turns) };
            to[row] = Complex { re: to[row].re + z.re, im: z.im };
            right[row] = Complex { re: if is_still { 0.0 } else { probe[row] }, im: 0.0 };
        }
        one_and(rows, &mut right[..k], &self.moving.said[self.probe * k..][..k], k)
    }
}

/// 1 + c·y with M y = b, by elimination with partial pivoting; M has zeros beyond its first `below` subdiagonals. Both are overwritten.
fn one_and(rows: &mut [Complex], right: &mut [Complex], c: &[f64], below: usize) -> Complex {
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
    let mut sum = Complex { re: 1.0, im: 0.0 };
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
type Point = (f64, Complex);

/// What is looked for: 0 where |L| is 1, and where L is real.
const CROSSINGS: [fn(Complex) -> f64; 2] = [|s| s.re - 0.5, |s| s.im];

/// The margins of a loop; `omegas` are frequencies in rad/s from 0 to π/T in their order, close enough for S to be smooth between them.
pub(super) fn margins(response: &mut dyn FnMut(f64) -> Complex, omegas: &[f64]) -> Margins {
    let mut margins = Margins::NONE;
    let mut behind: [Option<Point>; 2] = [None; 2];
    let end = omegas.len().saturating_sub(1);
    for (place, omega) in omegas.iter().enumerate() {
        let here = (*omega, response(*omega));
        note_sizes(&mut margins, here.1);
        if place == 0 || place == end {
            // S is real there.
            note_gain(&mut margins, here.1.re);
        }
        if let Some(last) = behind[1] {
            for (of, crossing) in CROSSINGS.iter().enumerate() {
                let [from, to] = [crossing(last.1), crossing(here.1)];
                // A loop whose gain is 1 at rest begins on the border, and does not cross it there.
                let begins = place == 1 && from.abs() < LEVEL;
                if from * to < 0.0 && !begins && from.abs().max(to.abs()) > LEVEL {
                    let found = root(response, *crossing, last, here);
                    note(&mut margins, of, found);
                }
            }
        }
        if let [Some(first), Some(middle)] = behind {
            peaks(response, &mut margins, [first, middle, here]);
        }
        behind = [behind[1], Some(here)];
    }
    margins
}

/// What stands out between three frequencies: a largest size, or two crossings that are closer than these.
fn peaks(response: &mut dyn FnMut(f64) -> Complex, margins: &mut Margins, points: [Point; 3]) {
    let sizes: [fn(Complex) -> f64; 2] = [|s| -s.size(), |s| -s.less(Complex { re: 1.0, im: 0.0 }).size()];
    for size in sizes {
        let [a, b, c] = points.map(|point| size(point.1));
        if b <= a && b <= c {
            let found = lowest(response, size, points);
            note_sizes(margins, found.1);
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
                    note(margins, of, at);
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

fn note_sizes(margins: &mut Margins, s: Complex) {
    let rest = s.less(Complex { re: 1.0, im: 0.0 });
    margins.sensitivity = margins.sensitivity.max(s.size());
    margins.complementary = margins.complementary.max(rest.size());
}

fn note(margins: &mut Margins, of: usize, (omega, s): Point) {
    if of == 1 {
        note_gain(margins, s.re);
        return;
    }
    // L = (1 − S)/S, and −L = L turned by 180°.
    let turned = s.less(Complex { re: 1.0, im: 0.0 }).over(s);
    let lag = libm::atan2(turned.im, turned.re);
    margins.phase = margins.phase.min(lag.abs().to_degrees());
    if omega > 0.0 {
        margins.delay = margins.delay.min(lag.rem_euclid(TAU) / omega);
    }
}

/// What is smaller or larger than this is the rounding of an integrator's infinite gain, or of no gain at all.
const RANGE: std::ops::Range<f64> = 1e-7..1e7;

/// A gain at which the loop would be on the border, where S is real.
fn note_gain(margins: &mut Margins, s: f64) {
    let factor = s / (s - 1.0);
    if RANGE.contains(&factor) {
        if factor > 1.0 {
            margins.gain = margins.gain.min(factor);
        } else {
            margins.gain_down = margins.gain_down.max(factor);
        }
    }
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
