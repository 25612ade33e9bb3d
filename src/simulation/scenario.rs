//! What a simulation starts from, and what the world does to it.

use std::sync::Arc;

/// Tones of a band-limited noise.
pub const NOISE_TONES: usize = 8;
/// Longest dead time in steps.
pub const DEAD_TIME_MAX: usize = 1000;

/// One case that a gain vector is judged on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// The plant's states, in their order.
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
    /// What disturbances and references are, in the order of the study's signals.
    pub signals: Vec<Pieces>,
    /// The parameter values of the real plant; `None` for those that the controller knows.
    pub plant: Option<Vec<f64>>,
    /// What the controller sees of the state; `None` for all of it.
    pub sensors: Option<Sensors>,
    /// Time constant of the actuator in s, 0 for none.
    pub actuator_lag: f64,
    /// Largest change of what drives the plant, a second, infinite for none.
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
            sensors: None,
            actuator_lag: 0.0,
            rate_limit: f64::INFINITY,
            dead_time: 0,
            control_period: 1,
        }
    }
}

/// Noise and quantisation, a number a state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sensors {
    /// Standard deviation of the noise in the state's unit.
    pub noise: Vec<f64>,
    /// Step of the quantisation in the state's unit, 0 for none.
    pub quantum: Vec<f64>,
    /// Where each channel starts to read in the table of noise.
    pub offsets: Vec<usize>,
}
