//! The certificate of a gain vector: is the closed loop stable about upright?
//!
//! With the plant linearised at upright, q̈ = Aq·q + Av·q̇ + b·u, and the surface σ = d·q + c·q̇:
//!
//! - **sliding dynamics**: the motion on σ = 0 under the equivalent control u = −(c·(Aq q + Av q̇) + d·q̇)/β, β = c·b. Its
//!   2N − 1 eigenvalues are the zeros of σ/u (Utkin 1992, doi:10.1007/978-3-642-84379-2, chapter 5); they depend on the surface
//!   alone and decide whether any switching law can work.
//! - **closed loop**: for a law whose force has a finite slope at σ = 0, all 2N eigenvalues of the loop with the equivalent
//!   control as configured.
//!
//! It is a local statement: what happens far from upright is what the scenarios show.

use crate::registry::Member;

mod sampled;
mod spectrum;

pub use sampled::{Certifying, SampledLoop};
pub use spectrum::{Eigenvalue, ORDER_MAX, SAMPLED_MAX, Spectrum, Square, eigenvalues};

/// Real parts within this of 0, in 1/s, are neither stable nor unstable.
pub const MARGIN: f64 = 1e-6;

/// What the eigenvalues say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every real part is below −[`MARGIN`], and the reaching gains are positive.
    Stable,
    /// The largest real part is within [`MARGIN`] of 0.
    Marginal,
    /// A real part is above [`MARGIN`], or the law does not push toward the surface.
    Unstable,
    /// Nothing is known: no equilibrium was found, or the loop has delays or more than [`SAMPLED_MAX`] states.
    Unknown,
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
            Self::Unknown => "no equilibrium was found, or the loop has delays or too many states",
        }
    }
}

/// The certificate of a gain vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// What the eigenvalues say.
    pub verdict: Verdict,
    /// The largest real part of those that apply, in 1/s; NaN where there are none, because the force does not move σ or
    /// the gains are so extreme that the eigenvalues cannot be had.
    pub max_real_part: f64,
    /// Of the sliding dynamics, largest real part first.
    pub sliding: Spectrum,
    /// Of the closed loop, for a law with a finite slope at σ = 0.
    pub closed_loop: Option<Spectrum>,
    /// Whether the eigenvalues are those of the sampled loop.
    pub is_sampled: bool,
}

impl Certificate {
    /// Where there are no eigenvalues.
    pub const NONE: Self = Self {
        verdict: Verdict::Unstable,
        max_real_part: f64::NAN,
        sliding: Spectrum::EMPTY,
        closed_loop: None,
        is_sampled: false,
    };
    /// Where nothing is known.
    pub const UNKNOWN: Self = Self { verdict: Verdict::Unknown, is_sampled: true, ..Self::NONE };
}
