//! The certificate of a gain vector: is the loop, as it is sampled, stable about its equilibrium?
//!
//! - **closed loop**: of a law that is differentiable at the equilibrium, the eigenvalues of one control period (`sampled.rs`).
//! - **sliding dynamics**: of a law that is not, and declares a value σ that it holds at 0, those of the motion on σ = 0 (`sliding.rs`).
//!
//! It is a local statement: what happens far from the equilibrium is what the scenarios show.

use crate::registry::Member;

mod complex;
mod dense;
mod equilibrium;
mod facts;
mod limits;
mod loops;
mod period;
mod response;
mod sampled;
mod sliding;
mod spectrum;

pub use complex::Complex;
pub use equilibrium::World;
pub use facts::Peak;
pub use limits::{LIMITS, Limit, Limited, wanted};
pub use loops::{Gang, LoopResponse, OutputResponse};
pub use response::{Critical, Margins};
pub use sampled::{Certifying, PERIOD_ORDER_MAX, SampledLoop, Wanted};
pub use spectrum::{EIGENVALUES_MAX, Eigenvalue, Spectrum};

/// Real parts within this of 0, in 1/s, are neither stable nor unstable.
pub const MARGIN: f64 = 1e-6;

/// The longest stable period of a loop that is sampled closely enough, in periods of the study.
pub const PERIOD_FACTOR_WANTED: f64 = 2.0;

/// What the eigenvalues say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every real part is below −[`MARGIN`], and the reaching gains are positive.
    Stable,
    /// The largest real part is within [`MARGIN`] of 0.
    Marginal,
    /// A real part is above [`MARGIN`], or the law does not push toward the surface.
    Unstable,
    /// Nothing is known, for a [`Reason`].
    Unknown,
}

impl Verdict {
    /// What the largest real part says, in 1/s.
    fn of(max_real_part: f64) -> Self {
        match max_real_part {
            re if re < -MARGIN => Self::Stable,
            re if re <= MARGIN => Self::Marginal,
            _ => Self::Unstable,
        }
    }
}

impl Member for Verdict {
    const ALL: &'static [Self] = &[Self::Stable, Self::Marginal, Self::Unstable, Self::Unknown];

    fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Marginal => "marginal",
            Self::Unstable => "unstable",
            Self::Unknown => "unknown",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Stable => "every small disturbance dies out",
            Self::Marginal => "some small disturbance neither grows nor dies out",
            Self::Unstable => "some small disturbance grows",
            Self::Unknown => "nothing is known of small disturbances",
        }
    }
}

/// The certificate of a gain vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// What the eigenvalues say.
    pub verdict: Verdict,
    /// The largest real part of the eigenvalues, in 1/s; NaN where there are none.
    pub max_real_part: f64,
    /// What the eigenvalues are of.
    pub motion: Motion,
    /// Its eigenvalues, largest real part first; of many, only the first.
    pub eigenvalues: Spectrum,
    /// How many there are.
    pub order: usize,
    /// The largest magnitude of an eigenvalue of a control period; NaN where there is none.
    pub radius: f64,
    /// Of a loop that is stable, where they are asked for and the law has a linearisation.
    pub margins: Option<Margins>,
    /// The longest control period for which the loop is stable, in those of the study; NaN where it is not known or not asked for.
    pub period_factor: f64,
    /// Why it is not known, or what beside the eigenvalues makes it unstable.
    pub reason: Reason,
    /// What it is of.
    pub scope: Scope,
}

/// A motion near the equilibrium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// That of the loop, from one control period to the next.
    ClosedLoop,
    /// That on the sliding surface, in continuous time.
    Sliding,
}

impl Motion {
    /// The key of its eigenvalues in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClosedLoop => "closed_loop",
            Self::Sliding => "sliding_dynamics",
        }
    }
}

/// The loop that a certificate is of.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scope {
    /// The control period in s.
    pub period: f64,
    /// The same in steps.
    pub steps: u64,
    /// From the law to the actuator, in s.
    pub dead_time: f64,
    /// The actuator's time constant in s.
    pub lag: f64,
    /// Inputs that are driven: loops.
    pub loops: usize,
    /// How many worlds the study has, of which this is the worst.
    pub worlds: usize,
    /// Whether plant or law is compiled code, whose derivatives are differences.
    pub differences: bool,
}

/// Why a certificate says what the eigenvalues do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// They say all.
    None,
    /// No equilibrium was found.
    NoEquilibrium,
    /// The law or the plant has a corner or a jump at the equilibrium.
    Corner,
    /// More moves than [`PERIOD_ORDER_MAX`].
    TooLarge,
    /// Nothing moves.
    Still,
    /// The plant keeps its state to itself.
    Hidden,
    /// The control does not move what the law slides on.
    NoInput,
    /// The gains do not bring it to the surface.
    DoesNotReach,
    /// The loop as it is sampled does not stay near its equilibrium.
    NotHeld,
}

impl Member for Reason {
    const ALL: &'static [Self] = &[
        Self::None,
        Self::NoEquilibrium,
        Self::Corner,
        Self::TooLarge,
        Self::Still,
        Self::Hidden,
        Self::NoInput,
        Self::DoesNotReach,
        Self::NotHeld,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::None => "eigenvalues",
            Self::NoEquilibrium => "no_equilibrium",
            Self::Corner => "not_differentiable",
            Self::TooLarge => "too_large",
            Self::Still => "nothing_moves",
            Self::Hidden => "hidden_state",
            Self::NoInput => "control_moves_no_sigma",
            Self::DoesNotReach => "does_not_reach",
            Self::NotHeld => "sampled_too_slowly",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::None => "the eigenvalues say it",
            Self::NoEquilibrium => "no equilibrium was found near where the scenarios start or end",
            Self::Corner => {
                "the loop is not differentiable at its equilibrium (a switching term, a root, a limit or friction), and the controller's model does \
                 not say on what it slides: [certificate] sliding = \"…\""
            }
            Self::TooLarge => {
                "more than 400 values move in a control period, most of them in delay lines: use a longer step, or less dead time"
            }
            Self::Still => "nothing moves",
            Self::Hidden => {
                "the plant is an FMU, which keeps its state to itself: nobody can move that a little and see what becomes of it"
            }
            Self::NoInput => "the control does not move the sliding variable",
            Self::DoesNotReach => "these gains do not bring the state to the sliding surface",
            Self::NotHeld => {
                "the motion on the sliding surface dies out, but the loop as it is sampled does not come nearer to its equilibrium from a small \
                 deviation: use a shorter period or smaller gains"
            }
        }
    }
}

impl Certificate {
    /// Where nothing is known.
    pub const UNKNOWN: Self = Self {
        verdict: Verdict::Unknown,
        max_real_part: f64::NAN,
        motion: Motion::ClosedLoop,
        eigenvalues: Spectrum::EMPTY,
        order: 0,
        radius: f64::NAN,
        margins: None,
        period_factor: f64::NAN,
        reason: Reason::None,
        scope: Scope {
            period: 0.0,
            steps: 0,
            dead_time: 0.0,
            lag: 0.0,
            loops: 0,
            worlds: 0,
            differences: false,
        },
    };
}
