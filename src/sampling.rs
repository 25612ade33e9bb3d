//! Groups of scenarios: distributions of starts, plants and disturbances, and how scenarios are drawn from them.
//!
//! A scenario depends on the group, a seed and its index alone. Initial states come from a scrambled Sobol sequence (Burley 2020,
//! *Practical hash-based Owen scrambling*, JCGT 9(4)) or uniform draws; everything else from draws of their own.

use crate::draw::{Draw, Purpose};
use crate::model;
use crate::parameter::{Parameter, named};
use crate::registry::Member;
use crate::signals::{Wave, WaveShape, pieces};
use crate::simulation::scenario::Pieces;
use crate::simulation::{Conditions, Scenario, Sensors};

/// How many standard normal numbers noisy sensors read from: a power of two.
pub const NOISE_TABLE: usize = 1 << 16;

/// Points of a Sobol sequence; what comes after them is uniform.
const SOBOL_MAX: usize = 1 << 16;

/// Most per cent that a plant parameter may be off.
pub const UNCERTAINTY_MAX: f64 = 95.0;

/// Draws of an uncertain plant before the nominal one is taken.
const TRIES_MAX: usize = 1000;

/// How initial states are spread over their ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// A low-discrepancy sequence: even also for small counts.
    Sobol,
    /// Independent uniform numbers.
    Uniform,
}

impl Member for Sampling {
    const ALL: &'static [Self] = &[Self::Sobol, Self::Uniform];

    fn name(self) -> &'static str {
        match self {
            Self::Sobol => "sobol",
            Self::Uniform => "uniform",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Sobol => "scrambled Sobol sequence, even also for small counts",
            Self::Uniform => "independent uniform numbers",
        }
    }
}

/// A distribution of scenarios.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What it is called in reports.
    pub name: String,
    /// How many scenarios a study draws from it.
    pub count: usize,
    /// The weight of the whole group.
    pub weight: f64,
    /// How initial states are spread.
    pub sampling: Sampling,
    /// The seed of all that is random in it.
    pub seed: u64,
    /// Lowest and highest value of each initial state.
    pub initial_state: Vec<[f64; 2]>,
    /// How far each plant parameter may be off, in per cent of its value.
    pub uncertainty: Vec<f64>,
    /// The waves of each signal of a study; the default of a signal without any.
    pub signals: Vec<Vec<Wave>>,
    /// Standard deviation of the noise of each sensor.
    pub noise: Vec<f64>,
    /// Step of the quantisation of each sensor.
    pub quantisation: Vec<f64>,
    /// Time constant of the actuator in s, 0 for none.
    pub actuator_lag: f64,
    /// Largest change of the force in N/s, infinite for none.
    pub rate_limit: f64,
    /// Steps from the control law to the actuator.
    pub dead_time: usize,
    /// Steps from one evaluation of the control law to the next.
    pub control_period: u64,
}

/// What a group needs to know of the study.
#[derive(Debug, Clone)]
pub struct Nominal<'a> {
    /// The plant's parameters.
    pub parameters: &'a [Parameter],
    /// Their values.
    pub values: &'a [f64],
    /// What must hold between them.
    pub require: &'a [String],
    /// The places of the signals that are in the loop.
    pub asked: Vec<usize>,
    /// The value of each signal where a group says nothing of it.
    pub defaults: Vec<f64>,
    /// The step in s.
    pub dt: f64,
    /// Steps of a simulation.
    pub steps: u64,
}

impl Group {
    /// Whether its scenarios count for more or less than one each.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "a number of scenarios")]
        let each = self.weight / self.count as f64;
        (each - 1.0).abs() > 1e-12
    }

    /// The scenario of an index; the purpose tells tuning from validation.
    #[must_use]
    pub fn scenario(&self, nominal: &Nominal<'_>, purpose: Purpose, seed: u64, index: usize) -> Scenario {
        let mut draw = Draw::new(seed, purpose, 0, index);
        let initial_state = self.start(purpose, seed, index, &mut draw);
        let conditions = Conditions {
            signals: self.waves(nominal, &mut draw),
            plant: self.uncertain_plant(nominal, &mut draw),
            sensors: self.sensors(&mut draw),
            actuator_lag: self.actuator_lag,
            rate_limit: self.rate_limit,
            dead_time: self.dead_time,
            control_period: self.control_period,
        };
        Scenario { initial_state, conditions }
    }

    /// The same conditions in steps so many times as long, a dead time to the nearest of them; `None` where a control period is no whole number of them.
    pub fn lengthen(&mut self, factor: u16) -> Option<()> {
        if self.control_period > 1 {
            let is_whole = self.control_period.is_multiple_of(factor.into());
            self.control_period = is_whole.then_some(self.control_period / u64::from(factor))?;
        }
        self.dead_time = (self.dead_time + usize::from(factor) / 2) / usize::from(factor);
        Some(())
    }

    /// Whether two of its scenarios differ.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.initial_state.iter().any(|[lower, upper]| lower < upper)
            || self.uncertainty.iter().chain(&self.noise).any(|width| *width > 0.0)
            || self.signals.iter().flatten().any(|wave| wave.shape == WaveShape::Noise)
    }

    /// The same distribution with wider starts, more uncertain plants, and stronger disturbances and noise, by a factor; `acts` says of
    /// each signal whether it is a disturbance.
    #[must_use]
    pub fn harder(&self, factor: f64, acts: &[bool]) -> Self {
        let wider = |[lower, upper]: [f64; 2]| {
            let (middle, half) = (0.5 * (lower + upper), 0.5 * (upper - lower) * factor);
            [middle - half, middle + half]
        };
        let mut harder = self.clone();
        harder.initial_state.iter_mut().for_each(|range| *range = wider(*range));
        harder.uncertainty.iter_mut().for_each(|percent| *percent = (*percent * factor).min(UNCERTAINTY_MAX));
        harder.noise.iter_mut().for_each(|deviation| *deviation *= factor);
        for (waves, _) in harder.signals.iter_mut().zip(acts).filter(|(_, acts)| **acts) {
            for wave in waves {
                wave.amplitude *= factor;
            }
        }
        harder
    }

    #[allow(clippy::cast_possible_truncation, reason = "a seed, and counts below SOBOL_MAX")]
    fn start(&self, purpose: Purpose, seed: u64, index: usize, draw: &mut Draw) -> Vec<f64> {
        // Validation has a sequence of its own, so that it does not meet the starts of the tuning.
        let own = if purpose == Purpose::Validation { 0x9e37_79b9 } else { 0 };
        let scramble = (seed ^ seed >> 32) as u32 ^ own;
        let place = |(dimension, [lower, upper]): (usize, &[f64; 2])| {
            if lower >= upper {
                return *lower;
            }
            let u = match self.sampling {
                Sampling::Sobol if index < SOBOL_MAX => {
                    f64::from(sobol_burley::sample(index as u32, dimension as u32, scramble))
                }
                Sampling::Sobol | Sampling::Uniform => draw.uniform(),
            };
            lower * (1.0 - u) + upper * u
        };
        self.initial_state.iter().enumerate().map(place).collect()
    }

    /// The plant with every uncertain parameter drawn; drawn again while it is no physical body.
    fn uncertain_plant(&self, nominal: &Nominal<'_>, draw: &mut Draw) -> Option<Vec<f64>> {
        if self.uncertainty.iter().all(|percent| *percent == 0.0) {
            return None;
        }
        let Nominal { parameters, values, require, .. } = *nominal;
        let drawn = (0..TRIES_MAX).map(|_| {
            let values = values.iter().zip(&self.uncertainty).zip(parameters);
            let off = |((value, percent), parameter): ((&f64, &f64), &Parameter)| {
                let share = percent / 100.0;
                (value * (1.0 + draw.between(-share, share))).clamp(parameter.min, parameter.max)
            };
            values.map(off).collect::<Vec<f64>>()
        });
        Some(
            drawn
                .into_iter()
                .find(|values| model::broken(require, &named(parameters, values)).is_none())
                .unwrap_or_else(|| nominal.values.to_vec()),
        )
    }

    /// What each signal of the loop is over time.
    fn waves(&self, nominal: &Nominal<'_>, draw: &mut Draw) -> Vec<Pieces> {
        let Nominal { asked, defaults, dt, steps, .. } = nominal;
        let of = |place: &usize| match self.signals.get(*place) {
            Some(waves) if !waves.is_empty() => pieces(waves, *dt, *steps, draw),
            _ => [(0, defaults[*place])].into(),
        };
        asked.iter().map(of).collect()
    }

    fn sensors(&self, draw: &mut Draw) -> Option<Sensors> {
        let ideal = self.noise.iter().chain(&self.quantisation).all(|value| *value == 0.0);
        (!ideal).then(|| Sensors {
            noise: self.noise.clone(),
            quantum: self.quantisation.clone(),
            offsets: self.noise.iter().map(|_| draw.below(NOISE_TABLE)).collect(),
        })
    }
}

/// The scenarios of groups, and the weight of each, which sum up to 1.
#[must_use]
pub fn scenarios(groups: &[Group], nominal: &Nominal<'_>) -> (Vec<Scenario>, Vec<f64>) {
    let total: f64 = groups.iter().map(|group| group.weight).sum();
    let (mut scenarios, mut weights) = (Vec::new(), Vec::new());
    for group in groups {
        for index in 0..group.count {
            scenarios.push(group.scenario(nominal, Purpose::Scenario, group.seed, index));
            #[allow(clippy::cast_precision_loss, reason = "bounded by the config")]
            weights.push(group.weight / (total * group.count as f64));
        }
    }
    (scenarios, weights)
}

/// Standard normal numbers for noisy sensors.
#[must_use]
pub fn noise_table() -> Vec<f64> {
    let mut draw = Draw::new(0, Purpose::SensorNoise, 0, 0);
    (0..NOISE_TABLE / 2).flat_map(|_| draw.normals()).collect()
}
