//! The smooth replacement of sign σ within the boundary layer.

use fearless_simd::Simd;

use crate::lanes::{clamp_symmetric, splat, tanh};
use crate::registry::Member;

/// How `sat(σ/ε)` goes from −1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saturation {
    /// Hyperbolic tangent.
    Tanh,
    /// The identity, clamped to ±1.
    Linear,
}

impl Saturation {
    /// `sat(x)`, within ±1.
    #[inline(always)]
    pub fn apply<S: Simd>(self, simd: S, x: S::f64s) -> S::f64s {
        match self {
            Self::Tanh => tanh(simd, x),
            Self::Linear => clamp_symmetric::<S>(x, splat(simd, 1.0)),
        }
    }
}

impl Member for Saturation {
    const ALL: &'static [Self] = &[Self::Tanh, Self::Linear];

    fn name(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::Linear => "linear",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Tanh => "tanh(σ/ε)",
            Self::Linear => "σ/ε clamped to ±1",
        }
    }
}
