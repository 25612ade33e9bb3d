//! The certificate of a loop as it is sampled: the Jacobian of one control period at the equilibrium, by dual numbers.
//!
//! With x all that moves (states of the plant, what law and actuator remember, the contents of delay lines), a control period is x⁺ = F(x). At an
//! equilibrium x = F(x), found by Newton's method from where a scenario starts or, where that fails, from where it has come after a simulation,
//! the eigenvalues z of ∂F/∂x say whether small disturbances die out: they do where all are inside of the unit circle. They are shown as
//! those of continuous time, s = log(z)/T (Åström & Wittenmark 1997, *Computer-Controlled Systems*, section 2.4). A z of 0 is over after a
//! period and is left out.
//!
//! The certificate is the worst of those in the worlds of the study: what a group of scenarios says of control period, dead time, lag and signals.
//! Parameters are the nominal ones, sensors ideal; noise, steps of sensors and limits of a rate do not move a linearised loop.

use std::sync::{Mutex, PoisonError};

use super::equilibrium::{Moving, Pace, World};
use super::loops::LoopResponse;
use super::period::Period;
use super::response::Margins;
use super::sliding::Surface;
use super::{Certificate, Motion, Reason, Scope, Verdict};
use crate::closed_loop::Sampled;

/// The largest map of a period: what moves, and what delay lines hold.
pub const PERIOD_ORDER_MAX: usize = 400;
/// How often the interval that has the longest stable period is halved.
const FINE: u32 = 24;
/// The same where a verdict takes long, or an estimate will do.
const ROUGH: u32 = 7;
/// An order beyond which a verdict takes long.
const LARGE: usize = 60;
/// The longest and the shortest period that are looked at, in periods of the study.
const LONGEST: f64 = 256.0;
const SHORTEST: f64 = 1e-3;

/// A loop to be certified.
#[derive(Debug, Clone)]
pub struct SampledLoop {
    /// A step of it.
    pub step: Sampled,
    /// In each of these.
    pub worlds: Vec<World>,
    /// The study's step in s.
    pub dt: f64,
    /// Steps after which a loop may be at rest, where Newton's method finds no equilibrium from its start.
    pub settling: u64,
}

/// What is wanted of a certificate beyond its verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// The margins.
    pub margins: bool,
    /// The longest stable period, as far as so many periods of the study; nothing at 0.
    pub period: f64,
}

impl Wanted {
    /// All that there is.
    pub const ALL: Self = Self { margins: true, period: LONGEST };
    /// The verdict alone.
    pub const VERDICT: Self = Self { margins: false, period: 0.0 };

    /// Whether the longest stable period is to be sought: of an unstable loop only where nothing less will do.
    fn asks(self, is_stable: bool) -> bool {
        self.period > 0.0 && (is_stable || self.period >= LONGEST)
    }
}

struct Scratch {
    moving: Moving,
    period: Period,
    surface: Option<Surface>,
}

/// Certifies gain vectors of a loop.
pub struct Certifying {
    worlds: Vec<World>,
    dt: f64,
    settling: u64,
    /// The order of the largest map in a world.
    order: usize,
    scratch: Mutex<Scratch>,
}

/// What is found in a world, or why nothing is.
type Found<T> = Result<T, Reason>;

impl Certifying {
    /// Of a loop.
    #[must_use]
    pub fn new(of: SampledLoop) -> Self {
        let SampledLoop { step, worlds, dt, settling } = of;
        let gains = vec![0.0; step.gains];
        let mut moving = Moving::new(step, 0);
        let mut lines = 0;
        for world in &worlds {
            moving.begin(world, &gains, Pace { dt, steps: world.control_period });
            lines = lines.max((0..moving.of.delays.len()).map(|line| moving.held(line)).sum());
        }
        let order = moving.of.moving.len() + lines;
        // With a shorter step a delay line holds up to twice as many.
        let most = if order > PERIOD_ORDER_MAX {
            0
        } else {
            (order + lines + moving.of.delays.len()).min(PERIOD_ORDER_MAX)
        };
        let (ways, variables) = (moving.of.ways(), moving.order());
        let surface = moving.of.slides.clone().map(|slides| Surface::new(slides, moving.of.states));
        let scratch = Scratch {
            moving: Moving::new(moving.of, lines),
            period: Period::new(most, variables, ways),
            surface,
        };
        Self { worlds, dt, settling, order, scratch: scratch.into() }
    }

    /// The certificate of a gain vector.
    ///
    /// # Allocation
    ///
    /// None.
    #[must_use]
    pub fn certify(&self, gains: &[f64], wanted: Wanted) -> Certificate {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worst: Option<Certificate> = None;
        for world in &self.worlds {
            let one = self.in_world(&mut scratch, world, gains, wanted);
            worst = Some(worst.map_or(one, |worst| worst.worse(one)));
        }
        let mut certificate = worst.unwrap_or(Certificate::UNKNOWN);
        certificate.scope.worlds = self.worlds.len();
        certificate
    }

    /// The loops over frequency, in the world where the largest sensitivity is largest; none where a world's loop has no margins.
    #[must_use]
    pub fn loops(&self, gains: &[f64]) -> Vec<LoopResponse> {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = Wanted { margins: self.worlds.len() > 1, period: 0.0 };
        let mut worst: Option<(f64, &World)> = None;
        for world in &self.worlds {
            let certificate = self.in_world(&mut scratch, world, gains, wanted);
            let is_loop = certificate.verdict == Verdict::Stable && certificate.motion == Motion::ClosedLoop;
            if !is_loop {
                return Vec::new();
            }
            let largest = certificate.margins.map_or(0.0, |margins| margins.sensitivity);
            if worst.is_none_or(|(known, _)| largest > known) {
                worst = Some((largest, world));
            }
        }
        let Some((_, world)) = worst else { return Vec::new() };
        if self.worlds.len() > 1 {
            // Once more, so that the linearised loop is that of this world.
            self.in_world(&mut scratch, world, gains, Wanted::VERDICT);
        }
        let pace = Pace { dt: self.dt, steps: world.control_period };
        let Scratch { moving, period, .. } = &mut *scratch;
        (0..moving.of.probes).map(|input| period.loop_over_frequency(moving, pace, input)).collect()
    }

    fn in_world(&self, scratch: &mut Scratch, world: &World, gains: &[f64], wanted: Wanted) -> Certificate {
        let pace = Pace { dt: self.dt, steps: world.control_period };
        let advance = &scratch.moving.of.advance;
        let scope = Scope {
            period: pace.period(),
            steps: world.control_period,
            dead_time: world.dead_time,
            lag: world.lag,
            loops: scratch.moving.of.probes,
            worlds: 1,
            differences: advance.calls() && !advance.hides_state(),
        };
        let found = if advance.hides_state() {
            Err(Reason::Hidden)
        } else if scratch.surface.is_some() {
            Self::slides(scratch, world, gains, (pace, wanted))
        } else {
            self.samples(scratch, world, gains, (pace, wanted))
        };
        let certificate = found.unwrap_or_else(|reason| Certificate { reason, ..Certificate::UNKNOWN });
        Certificate { scope, ..certificate }
    }

    fn samples(
        &self,
        scratch: &mut Scratch,
        world: &World,
        gains: &[f64],
        (pace, wanted): (Pace, Wanted),
    ) -> Found<Certificate> {
        let Scratch { moving, period, .. } = scratch;
        if self.order > PERIOD_ORDER_MAX {
            return Err(Reason::TooLarge);
        }
        if moving.order() == 0 {
            return Err(Reason::Still);
        }
        self.come_to_rest(moving, world, gains, pace)?;
        if !moving.is_smooth() {
            return Err(Reason::Corner);
        }
        let radius = radius_at(moving, period, pace)?;
        let length = pace.period();
        let max_real_part = libm::log(radius) / length;
        let verdict = Verdict::of(max_real_part);
        let is_stable = verdict == Verdict::Stable;
        let mut certificate = Certificate {
            verdict,
            max_real_part,
            eigenvalues: period.spectrum(length),
            order: period.count,
            radius,
            ..Certificate::UNKNOWN
        };
        if wanted.margins && is_stable {
            certificate.margins = Some(period.margins(moving, pace));
        }
        if wanted.asks(is_stable) {
            certificate.period_factor = self.longest(moving, period, (pace, wanted), is_stable);
        }
        Ok(certificate)
    }

    /// Brings the loop to its equilibrium from its start, or from where it has come after a while.
    fn come_to_rest(&self, moving: &mut Moving, world: &World, gains: &[f64], pace: Pace) -> Found<()> {
        for (settling, care) in
            [(0, false), (pace.steps, true), (self.settling, false), (self.settling, true)]
        {
            moving.begin(world, gains, pace);
            moving.run(pace, settling, |_, _| {});
            if moving.come_to_rest(care) {
                return Ok(());
            }
        }
        Err(Reason::NoEquilibrium)
    }

    /// The longest period for which the loop is stable.
    fn longest(
        &self,
        moving: &mut Moving,
        period: &mut Period,
        (pace, wanted): (Pace, Wanted),
        is_stable: bool,
    ) -> f64 {
        let is_rough = self.order > LARGE || wanted.period < LONGEST;
        longest(wanted.period, if is_rough { ROUGH } else { FINE }, is_stable, |factor| {
            let pace = pace.times(factor);
            let radius = radius_at(moving, period, pace).ok()?;
            Some(Verdict::of(libm::log(radius) / pace.period()) == Verdict::Stable)
        })
    }

    fn slides(
        scratch: &mut Scratch,
        world: &World,
        gains: &[f64],
        (pace, wanted): (Pace, Wanted),
    ) -> Found<Certificate> {
        let Scratch { moving, surface, .. } = scratch;
        let Some(surface) = surface else { return Err(Reason::Still) };
        moving.begin(world, gains, pace);
        let mut certificate = surface.certify(moving, world, pace)?;
        let is_stable = certificate.verdict == Verdict::Stable;
        if wanted.asks(is_stable) && (is_stable || certificate.reason == Reason::NotHeld) {
            certificate.period_factor = longest(wanted.period, ROUGH, is_stable, |factor| {
                let pace = pace.times(factor);
                moving.begin(world, gains, pace);
                Some(surface.comes_near(moving, world, pace, certificate.max_real_part))
            });
        }
        Ok(certificate)
    }
}

impl Pace {
    /// A control period so many times as long, in steps that are no longer.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a number of steps, bounded by LONGEST periods of the study"
    )]
    fn times(self, factor: f64) -> Self {
        let steps = (factor * self.steps as f64 * (1.0 - 1e-12)).ceil().max(1.0);
        Self { dt: factor * self.period() / steps, steps: steps as u64 }
    }
}

/// The longest control period for which a loop is stable, in periods of the study; infinite where that is beyond [`LONGEST`], and no more than `most`. The
/// plant is integrated in steps that are no longer than the study's, and times in seconds stay. `is_stable_at` says nothing where it is not known.
fn longest(
    most: f64,
    halvings: u32,
    is_stable: bool,
    mut is_stable_at: impl FnMut(f64) -> Option<bool>,
) -> f64 {
    let (mut stable, mut unstable) = (1.0, 1.0);
    loop {
        if is_stable && stable >= most {
            return if most < LONGEST { stable } else { f64::INFINITY };
        }
        if unstable < SHORTEST {
            return 0.0;
        }
        let next = if is_stable {
            (stable * std::f64::consts::SQRT_2).min(most)
        } else {
            unstable / std::f64::consts::SQRT_2
        };
        let Some(found) = is_stable_at(next) else { return f64::NAN };
        if found {
            stable = next;
        } else {
            unstable = next;
        }
        if found != is_stable {
            break;
        }
    }
    for _ in 0..halvings {
        let middle = 0.5 * (stable + unstable);
        let Some(found) = is_stable_at(middle) else { return f64::NAN };
        if found { stable = middle } else { unstable = middle }
    }
    stable
}

/// The spectral radius with other steps, about the equilibrium near the one that the loop is at.
fn radius_at(moving: &mut Moving, period: &mut Period, pace: Pace) -> Found<f64> {
    moving.step_by(pace);
    if !moving.come_to_rest(false) {
        return Err(Reason::NoEquilibrium);
    }
    let is_finite = (pace.steps == 1 || moving.linearise(1)) && moving.linearise(0);
    if is_finite && period.map(moving, pace) { Ok(period.radius()) } else { Err(Reason::TooLarge) }
}

impl Certificate {
    /// The worse of two, with the lesser margins of both.
    fn worse(self, other: Self) -> Self {
        let rank = |certificate: &Self| match certificate.verdict {
            Verdict::Stable => 0,
            Verdict::Marginal => 1,
            Verdict::Unstable => 2,
            Verdict::Unknown => 3,
        };
        let by_rank = rank(&self).cmp(&rank(&other));
        let is_worse = by_rank.then(self.max_real_part.total_cmp(&other.max_real_part)).is_ge();
        let (worse, better) = if is_worse { (self, other) } else { (other, self) };
        let margins = match (worse.margins, better.margins) {
            (Some(one), Some(other)) => Some(Margins::least(one, other)),
            (margins, _) => margins,
        };
        // NaN where it is not known in one of them.
        let period_factor = if worse.period_factor.is_nan() || better.period_factor.is_nan() {
            f64::NAN
        } else {
            worse.period_factor.min(better.period_factor)
        };
        Self { margins, period_factor, ..worse }
    }
}
