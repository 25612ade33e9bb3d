//! Published rules for PID: what they give for a plant that an experiment has told apart, and what that costs on a study.
//!
//! - `published.rs`: the rules, each with its source.
//! - `experiment.rs`: a step of the plant's input and, where it oscillates, its ultimate gain and period, from simulations and the certificate.
//! - `judged.rs`: a rule's gains on the study; where a swarm may start.

mod experiment;
mod judged;
mod published;

pub use experiment::{Experiment, Unsuited, experiment};
pub use judged::{Advice, Judged, given, judged, started};
pub use published::{RULES, Rule};

/// The parts of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Proportional.
    P,
    /// With an integral.
    Pi,
    /// With a derivative too.
    Pid,
}

impl Shape {
    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P => "P",
            Self::Pi => "PI",
            Self::Pid => "PID",
        }
    }
}

/// A PID in ideal form, K (1 + 1/(Ti s) + Td s).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ideal {
    /// K, in units of the plant's input a unit of its output.
    pub gain: f64,
    /// Ti in s; infinite without an integral.
    pub integral_time: f64,
    /// Td in s; 0 without a derivative.
    pub derivative_time: f64,
}

/// What a step of its input tells of a plant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// It comes to rest: K e^(−θs)/(τs + 1).
    FirstOrder {
        /// K, the change of the output a change of the input.
        gain: f64,
        /// τ in s.
        time_constant: f64,
        /// θ in s.
        dead_time: f64,
    },
    /// It goes on evenly: k e^(−θs)/s.
    Integrating {
        /// k, the rate of the output a change of the input, in 1/s.
        gain: f64,
        /// θ in s.
        dead_time: f64,
    },
}

/// The gain of proportional control with which a loop goes on oscillating, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ultimate {
    /// Ku, in units of the plant's input a unit of its output.
    pub gain: f64,
    /// Pu in s.
    pub period: f64,
}

/// What rules need to know of a plant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Known {
    /// Of a step.
    pub step: Option<Step>,
    /// Of oscillations.
    pub ultimate: Option<Ultimate>,
}
