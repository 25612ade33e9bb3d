//! The loops of a study over frequency: one for each driven input, broken there with the others closed.
//!
//! With P from the law's output to what is measured, C from there back to the law's output, and L = P C,
//!
//! ```text
//! S  = 1/(1 + L)    T  = L/(1 + L)    from a probe at the law's output to the plant's input, and back to the law's output
//! PS = P/(1 + L)    from a disturbance at the law's output, held over a control period, to an output
//! CS = C/(1 + L)    from the noise of that output's sensor to the law's output
//! ```
//!
//! the gang of four (Åström & Murray 2008, *Feedback Systems*, section 11.1), here of the sampled loop: z = e^(iωT). What stands between law and plant, dead time
//! and the actuator's lag, is a part of P.

use std::f64::consts::PI;

use super::complex::Complex;
use super::equilibrium::{Moving, Pace};
use super::period::Period;
use super::response::{self, Critical, Margins, Point};

/// Frequencies of a response before it is refined, and after.
const FIRST: usize = 240;
const MOST: usize = 400;
/// How far L may go between two frequencies, as a share of itself, until there is one between them.
const COARSE: f64 = 0.05;
/// What is much smaller is as good as 0 in a Nyquist plot.
const SMALL: f64 = 0.3;

/// A loop over frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopResponse {
    /// The driven input.
    pub input: String,
    /// The control period T in s.
    pub period: f64,
    /// Its margins alone.
    pub margins: Margins,
    /// Where it has them.
    pub at: Critical,
    /// Frequencies in rad/s, rising to π/T.
    pub omegas: Vec<f64>,
    /// S at each of them.
    pub sensitivity: Vec<Complex>,
    /// From a disturbance to each output that is observed, and from the noise of its sensor.
    pub outputs: Vec<OutputResponse>,
}

/// What a loop makes of disturbances of its input and of the noise of an output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputResponse {
    /// Its name.
    pub output: String,
    /// PS.
    pub load: Gang,
    /// CS.
    pub noise: Gang,
}

/// One of the gang of four.
#[derive(Debug, Clone, PartialEq)]
pub struct Gang {
    /// Its largest magnitude.
    pub largest: f64,
    /// Where that is, in rad/s.
    pub at: f64,
    /// Its values at the frequencies of the loop.
    pub values: Vec<Complex>,
}

impl Gang {
    /// Whether the one has anything to do with the other.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.largest > 0.0
    }
}

impl LoopResponse {
    /// L = (1 − S)/S at each frequency.
    #[must_use]
    pub fn open(&self) -> Vec<Complex> {
        self.sensitivity.iter().map(|s| open(*s)).collect()
    }

    /// T = 1 − S at each frequency.
    #[must_use]
    pub fn complementary(&self) -> Vec<Complex> {
        self.sensitivity.iter().map(|s| Complex::ONE.less(*s)).collect()
    }
}

fn open(s: Complex) -> Complex {
    Complex::ONE.less(s).over(s)
}

impl Period {
    /// The loop that is broken at a driven input, once the map of a period has been made.
    pub(super) fn loop_over_frequency(&mut self, moving: &Moving, pace: Pace, input: usize) -> LoopResponse {
        let (probes, observed) = (moving.of.probes, moving.of.observed);
        let looked_at = self.frequencies(pace);
        let slowest = self.slowest(pace);
        let resonances = self.resonances(pace);
        let mut of = self.loop_response(moving, pace, input);
        let found = response::margins(&mut |omega| of.at(omega), &looked_at);
        let special = [found.at.gain, found.at.gain_down, found.at.phase, found.at.sensitivity];
        let special: Vec<f64> = special.into_iter().chain(resonances).collect();
        let (omegas, sensitivity) = sampled(&mut |omega| of.at(omega), &special, slowest, pace.period());
        let outputs = (probes..probes + observed).map(|way| {
            let [load, noise] = [[input, way], [way, input]].map(|ways| {
                let mut of = self.response(moving, pace, ways);
                // At rest too, which no logarithmic axis shows.
                let all = std::iter::once(&0.0).chain(&omegas);
                let points: Vec<Point> = all.map(|omega| (*omega, of.at(*omega))).collect();
                let [largest, at] = response::largest(&mut |omega| of.at(omega), &points);
                Gang { largest, at, values: points[1..].iter().map(|point| point.1).collect() }
            });
            OutputResponse { output: moving.of.names[way].clone(), load, noise }
        });
        let outputs = outputs.collect();
        LoopResponse {
            input: moving.of.names[input].clone(),
            period: pace.period(),
            margins: found.margins,
            at: found.at,
            omegas,
            sensitivity,
            outputs,
        }
    }
}

/// S from a tenth of the lowest frequency that matters to π/T: evenly over the decades, then where L changes most, and at what is special.
fn sampled(
    s: &mut dyn FnMut(f64) -> Complex,
    special: &[f64],
    slowest: f64,
    period: f64,
) -> (Vec<f64>, Vec<Complex>) {
    let end = PI / period;
    let within = |omega: &f64| *omega > 0.0 && *omega < end;
    let low = special.iter().copied().filter(within).fold(slowest, f64::min);
    let low = (0.1 * low).clamp(1e-6 * end, 0.1 * end);
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let share = |k: usize| k as f64 / (FIRST - 1) as f64;
    let decades = libm::log10(end / low);
    let even = (0..FIRST - 1).map(|k| low * libm::exp10(share(k) * decades)).chain([end]);
    let mut omegas: Vec<f64> = even.chain(special.iter().copied().filter(within)).collect();
    omegas.sort_unstable_by(f64::total_cmp);
    omegas.dedup();
    let mut points: Vec<(f64, Complex)> = omegas.into_iter().map(|omega| (omega, s(omega))).collect();
    while points.len() < MOST {
        let changes = points.windows(2).map(|pair| change(pair[0].1, pair[1].1));
        let coarsest = changes.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((place, _)) = coarsest.filter(|(_, change)| *change > COARSE) else { break };
        let omega = (points[place].0 * points[place + 1].0).sqrt();
        points.insert(place + 1, (omega, s(omega)));
    }
    points.into_iter().unzip()
}

/// How far it is from one L to another, beside what they are: what is small is near 0, and what is large is far away in any case.
fn change(a: Complex, b: Complex) -> f64 {
    let (a, b) = (open(a), open(b));
    let change = b.less(a).size() / (SMALL + a.size().max(b.size()));
    if change.is_finite() { change } else { 0.0 }
}
