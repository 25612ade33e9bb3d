//! Signals of scenarios: what a disturbance or a reference is over time.
//!
//! A signal is a sum of waves. It is held over each step at the value that it has at its start, so that a simulation needs no more than
//! the steps with which it changes.

use std::f64::consts::TAU;
use std::sync::Arc;

use crate::draw::Draw;
use crate::registry::Member;
use crate::simulation::scenario::{NOISE_TONES, Pieces};

/// The shape of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveShape {
    /// The same all the time.
    Constant,
    /// 0 before its start, constant from then on.
    Step,
    /// From 0 at its start in a straight line to its amplitude after its duration, and constant from then on.
    Ramp,
    /// Constant for its duration.
    Pulse,
    /// amplitude·sin(2π·frequency·(t − start)).
    Sine,
    /// A sine whose frequency goes evenly from the first to the second over its duration.
    Chirp,
    /// Random with components up to the frequency; the amplitude is its standard deviation.
    Noise,
    /// Points of time and value.
    Table,
}

impl Member for WaveShape {
    const ALL: &'static [Self] = &[
        Self::Constant,
        Self::Step,
        Self::Ramp,
        Self::Pulse,
        Self::Sine,
        Self::Chirp,
        Self::Noise,
        Self::Table,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Step => "step",
            Self::Ramp => "ramp",
            Self::Pulse => "pulse",
            Self::Sine => "sine",
            Self::Chirp => "chirp",
            Self::Noise => "noise",
            Self::Table => "table",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Constant => "the same all the time",
            Self::Step => "0 before its start, constant from then on",
            Self::Ramp => "from 0 at its start to its amplitude after its duration, then constant",
            Self::Pulse => "constant for its duration",
            Self::Sine => "harmonic with its frequency",
            Self::Chirp => "a sine whose frequency goes from frequency to end_frequency over its duration",
            Self::Noise => {
                "random with components up to its frequency; the amplitude is its standard deviation"
            }
            Self::Table => "points of time and value, linear between them or held",
        }
    }
}

/// A part of a signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Wave {
    /// Its shape.
    pub shape: WaveShape,
    /// In the unit of the signal; of a table, the factor of its values.
    pub amplitude: f64,
    /// In s.
    pub start: f64,
    /// In s, possibly infinite.
    pub duration: f64,
    /// In Hz.
    pub frequency: f64,
    /// In Hz, of a chirp.
    pub end_frequency: f64,
    /// Of a table: time in s and value, by time.
    pub points: Arc<[(f64, f64)]>,
    /// Whether a table holds its values from point to point.
    pub held: bool,
}

impl Wave {
    /// The same value all the time.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self {
            shape: WaveShape::Constant,
            amplitude: value,
            start: 0.0,
            duration: f64::INFINITY,
            frequency: 1.0,
            end_frequency: 1.0,
            points: Arc::default(),
            held: false,
        }
    }

    /// Whether it changes with nearly every step.
    #[must_use]
    pub fn is_lively(&self) -> bool {
        !matches!(self.shape, WaveShape::Constant | WaveShape::Step | WaveShape::Pulse)
    }
}

/// A wave with what is random in it.
struct Drawn<'a> {
    wave: &'a Wave,
    /// Frequency in Hz and phase in rad of each tone.
    tones: Vec<(f64, f64)>,
    /// In s, far below a step: what is so near to a time is there.
    near: f64,
}

impl<'a> Drawn<'a> {
    /// Noise is a sum of tones of equal power with random frequencies and phases (Shinozuka & Deodatis 1991, doi:10.1115/1.3119501), one
    /// in each of as many equal bands.
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    fn new(wave: &'a Wave, dt: f64, draw: &mut Draw) -> Self {
        let count = if wave.shape == WaveShape::Noise { NOISE_TONES } else { 0 };
        let tone = |k: usize| {
            let frequency = wave.frequency * (k as f64 + draw.uniform()) / count as f64;
            (frequency, draw.between(0.0, TAU))
        };
        Self { wave, tones: (0..count).map(tone).collect(), near: 1e-6 * dt }
    }

    /// The amplitude of each tone.
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    fn each(&self) -> f64 {
        self.wave.amplitude * (2.0 / self.tones.len() as f64).sqrt()
    }

    fn at(&self, time: f64) -> f64 {
        let Wave { shape, amplitude, start, duration, frequency, end_frequency, .. } = *self.wave;
        let since = time - start;
        let begun = since >= -self.near;
        let acts = begun && since < duration - self.near;
        match shape {
            WaveShape::Constant => amplitude,
            WaveShape::Step if begun => amplitude,
            WaveShape::Ramp if begun => amplitude * (since / duration).clamp(0.0, 1.0),
            WaveShape::Pulse if acts => amplitude,
            WaveShape::Sine if acts => amplitude * libm::sin(TAU * frequency * since),
            WaveShape::Chirp if acts => {
                let rise = 0.5 * (end_frequency - frequency) * since / duration;
                amplitude * libm::sin(TAU * (frequency + rise) * since)
            }
            WaveShape::Noise if acts => {
                let tones = self.tones.iter().map(|(hz, phase)| libm::sin(TAU * hz * since + phase));
                self.each() * tones.sum::<f64>()
            }
            WaveShape::Table => amplitude * self.wave.looked_up(since),
            _ => 0.0,
        }
    }
}

impl Wave {
    /// The value of a table at a time; before its first point the first value, after its last the last.
    fn looked_up(&self, time: f64) -> f64 {
        let points = &self.points;
        let behind = points.partition_point(|point| point.0 <= time);
        let Some(before) = behind.checked_sub(1) else { return points.first().map_or(0.0, |point| point.1) };
        let (a, b) = (points[before], points.get(behind));
        match b {
            Some(b) if !self.held => a.1 + (time - a.0) / (b.0 - a.0) * (b.1 - a.1),
            _ => a.1,
        }
    }
}

/// The sum of waves over `steps` steps of `dt` s.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
pub fn pieces(waves: &[Wave], dt: f64, steps: u64, draw: &mut Draw) -> Pieces {
    let drawn: Vec<Drawn<'_>> = waves.iter().map(|wave| Drawn::new(wave, dt, draw)).collect();
    let at = |step: u64| drawn.iter().map(|drawn| drawn.at(step as f64 * dt)).sum::<f64>();
    if waves.iter().any(Wave::is_lively) {
        let mut pieces = vec![(0, at(0))];
        // Also the end, which is looked at.
        for step in 1..=steps {
            let value = at(step);
            if pieces.last().is_some_and(|last| last.1.to_bits() != value.to_bits()) {
                pieces.push((step, value));
            }
        }
        return pieces.into();
    }
    // The steps at or behind which something begins or ends.
    let mut changes: Vec<u64> = vec![0];
    for Wave { start, duration, .. } in waves {
        for time in [*start, start + duration] {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far below 2⁵³")]
            let step = (time / dt).min(1e15).round() as u64;
            changes.push(step);
        }
    }
    changes.sort_unstable();
    changes.dedup();
    // Also those beyond the end: what a signal takes does not depend on how long a simulation is.
    let mut pieces: Vec<(u64, f64)> = changes.into_iter().map(|step| (step, at(step))).collect();
    pieces.dedup_by(|next, before| next.1.to_bits() == before.1.to_bits());
    pieces.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Purpose;

    #[test]
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    fn the_tones_of_noise_have_its_power_and_stay_within_its_band() {
        let noise = Wave { shape: WaveShape::Noise, frequency: 4.0, ..Wave::constant(3.0) };
        for index in 0..20 {
            let mut draw = Draw::new(1, Purpose::Scenario, 0, index);
            let drawn = Drawn::new(&noise, 1e-3, &mut draw);
            // A tone of amplitude a has the power a²/2.
            let power = drawn.tones.len() as f64 * drawn.each() * drawn.each() / 2.0;
            assert!((power.sqrt() - 3.0).abs() < 1e-12);
            assert!(drawn.tones.iter().all(|(hertz, _)| (0.0..=4.0).contains(hertz)));
            // What it is at a time is the sum of its tones, a sine each.
            let tones = drawn.tones.iter().map(|(hertz, phase)| (TAU * hertz * 0.7 + phase).sin());
            assert!((drawn.at(0.7) - drawn.each() * tones.sum::<f64>()).abs() < 1e-12);
        }
    }
}
