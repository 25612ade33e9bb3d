//! The search space: a box, seen by the swarm as the unit cube.

use crate::registry::Member;

/// How a parameter is spread over its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// Evenly in the logarithm, for parameters that vary over decades.
    Log10,
}

impl Member for Scale {
    const ALL: &'static [Self] = &[Self::Linear, Self::Log10];

    fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log10 => "log10",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Linear => "even between the bounds",
            Self::Log10 => "even in the logarithm between the bounds",
        }
    }
}

/// One dimension of the search space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Smallest value.
    pub lower: f64,
    /// Largest value.
    pub upper: f64,
    /// How the values between them are spread.
    pub scale: Scale,
}

/// A value within this share of its range from a bound is near it.
const NEAR: f64 = 0.005;

impl Axis {
    /// Where a value is between the bounds, on their scale: 0 at the lower, 1 at the upper.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        let on = |x: f64| if self.scale == Scale::Log10 { libm::log10(x) } else { x };
        ((on(value) - on(self.lower)) / (on(self.upper) - on(self.lower))).clamp(0.0, 1.0)
    }

    /// A remark on a value that is at a bound or so near that its optimum may lie beyond; empty for others.
    #[must_use]
    pub fn remark(&self, value: f64) -> &'static str {
        let place = self.place(value);
        if value <= self.lower || value >= self.upper {
            "at its bound"
        } else if !(NEAR..=1.0 - NEAR).contains(&place) {
            "near its bound"
        } else {
            ""
        }
    }

    /// The value at `u` of the way from lower (0) to upper (1); exactly the bounds at the ends, never beyond them.
    #[must_use]
    pub fn value(&self, u: f64) -> f64 {
        if u <= 0.0 {
            return self.lower;
        }
        if u >= 1.0 {
            return self.upper;
        }
        let value = match self.scale {
            Scale::Linear => self.lower * (1.0 - u) + self.upper * u,
            Scale::Log10 => {
                let (lower, upper) = (libm::log10(self.lower), libm::log10(self.upper));
                libm::exp10(lower * (1.0 - u) + upper * u)
            }
        };
        value.clamp(self.lower, self.upper)
    }

    /// How far a value is from lower (0) to upper (1).
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.lower) / (self.upper - self.lower),
            Scale::Log10 => {
                let lower = libm::log10(self.lower);
                (libm::log10(value) - lower) / (libm::log10(self.upper) - lower)
            }
        };
        share.clamp(0.0, 1.0)
    }
}
