//! What a simulation starts from, and what the world does to it.

use std::sync::Arc;

/// Rectangular disturbances that a scenario can have.
pub const PULSES_MAX: usize = 4;
/// Harmonic disturbances that a scenario can have; a band-limited noise is made of [`NOISE_TONES`].
pub const TONES_MAX: usize = 10;
/// Tones of a band-limited noise.
pub const NOISE_TONES: usize = 8;
/// Longest dead time in steps.
pub const DEAD_TIME_MAX: usize = 1000;

/// One case that a gain vector is judged on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// Coordinates in m and rad, then rates in m/s and rad/s.
    pub initial_state: Vec<f64>,
    /// What is not as the controller assumes.
    pub conditions: Conditions,
}

impl Scenario {
    /// A start without disturbance on the plant that the controller knows, with ideal sensors and actuator.
    #[must_use]
    pub fn nominal(initial_state: Vec<f64>) -> Self {
        Self { initial_state, conditions: Conditions::default() }
    }
}

/// A signal that is held over each step: the steps with which it changes, in order, and its value from then on; the first is 0.
pub type Pieces = Arc<[(u64, f64)]>;

/// What is not as the controller assumes.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// What inputs that nobody drives and references are, in the order of the study's signals.
    pub signals: Vec<Pieces>,
    /// The parameter values of the real plant; `None` for those that the controller knows.
    pub plant: Option<Vec<f64>>,
    /// Rectangular forces on the cart.
    pub pulses: Vec<Pulse>,
    /// Harmonic forces on the cart.
    pub tones: Vec<Tone>,
    /// What the controller sees of the state; `None` for all of it.
    pub sensors: Option<Sensors>,
    /// Time constant of the actuator in s, 0 for none.
    pub actuator_lag: f64,
    /// Largest change of the force in N/s, infinite for none.
    pub rate_limit: f64,
    /// Steps from the control law to the actuator.
    pub dead_time: usize,
    /// Steps from one evaluation of the control law to the next.
    pub control_period: u64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            signals: Vec::new(),
            plant: None,
            pulses: Vec::new(),
            tones: Vec::new(),
            sensors: None,
            actuator_lag: 0.0,
            rate_limit: f64::INFINITY,
            dead_time: 0,
            control_period: 1,
        }
    }
}

/// A constant force from one time to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pulse {
    /// In N.
    pub amplitude: f64,
    /// In s.
    pub start: f64,
    /// In s, possibly infinite.
    pub end: f64,
}

/// A force amplitude·sin(2π·frequency·t + phase) from one time to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// In N.
    pub amplitude: f64,
    /// In Hz.
    pub frequency: f64,
    /// In rad.
    pub phase: f64,
    /// In s.
    pub start: f64,
    /// In s, possibly infinite.
    pub end: f64,
}

/// Noise and quantisation, a number a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensors {
    /// Standard deviation of the noise in the state's unit.
    pub noise: Vec<f64>,
    /// Step of the quantisation in the state's unit, 0 for none.
    pub quantum: Vec<f64>,
    /// Where each channel starts to read in the table of noise.
    pub offsets: Vec<usize>,
}

impl Sensors {
    /// The noisy ones, a bit a state.
    fn noisy(&self) -> u32 {
        let bit = |(state, deviation): (usize, &f64)| u32::from(*deviation > 0.0) << state;
        self.noise.iter().enumerate().map(bit).fold(0, |all, bit| all | bit)
    }
}

/// What any scenario of a study needs; what none needs costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each switches something of its own")]
pub struct Features {
    /// A plant that is not the controller's.
    pub mismatch: bool,
    /// Rectangular disturbances.
    pub pulses: usize,
    /// Harmonic disturbances.
    pub tones: usize,
    /// Noise or quantisation.
    pub sensors: bool,
    /// The states whose sensors are noisy, a bit a state.
    pub noisy: u32,
    /// A lag or a rate limit.
    pub actuator: bool,
    /// The longest dead time in steps.
    pub dead_time: usize,
    /// A control period of several steps.
    pub hold: bool,
}

impl Features {
    /// What any of the scenarios needs.
    pub fn of<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> Self {
        let needed = |found: Self, scenario: &Scenario| {
            let conditions = &scenario.conditions;
            Self {
                mismatch: found.mismatch || conditions.plant.is_some(),
                pulses: found.pulses.max(conditions.pulses.len()),
                tones: found.tones.max(conditions.tones.len()),
                sensors: found.sensors || conditions.sensors.is_some(),
                noisy: found.noisy | conditions.sensors.as_ref().map_or(0, Sensors::noisy),
                actuator: found.actuator
                    || conditions.actuator_lag > 0.0
                    || conditions.rate_limit.is_finite(),
                dead_time: found.dead_time.max(conditions.dead_time),
                hold: found.hold || conditions.control_period > 1,
            }
        };
        scenarios.into_iter().fold(Self::default(), needed)
    }

    /// Whether any scenario is not nominal.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}
