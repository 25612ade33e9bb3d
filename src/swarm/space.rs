//! The search space: a box, seen by the swarm as the unit cube.

use crate::draw::Draw;
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

/// Which values a parameter may have between its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Grid {
    /// All.
    None,
    /// Those a whole number of steps above the lower bound; the upper bound is one of them.
    Steps(f64),
    /// These, in their order, of which the bounds are the first and the last.
    Values(&'static [f64]),
    /// The places of these names from 0, which have no order.
    Choices(&'static [&'static str]),
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
    /// Which of them may be taken.
    pub grid: Grid,
}

/// A value within this share of its range from a bound is near it.
const NEAR: f64 = 0.005;

impl Axis {
    /// All values between two bounds.
    #[must_use]
    pub const fn new(lower: f64, upper: f64, scale: Scale) -> Self {
        Self { lower, upper, scale, grid: Grid::None }
    }

    /// The places of some names, at least one.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a number of names")]
    pub const fn of_choices(names: &'static [&'static str]) -> Self {
        let last = (names.len() - 1) as f64;
        Self { lower: 0.0, upper: last, scale: Scale::Linear, grid: Grid::Choices(names) }
    }

    /// How many values it may have, where they can be counted.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a number of values")]
    pub fn levels(&self) -> Option<f64> {
        match self.grid {
            Grid::None => None,
            Grid::Steps(step) => Some(((self.upper - self.lower) / step).round() + 1.0),
            Grid::Values(values) => Some(values.len() as f64),
            Grid::Choices(names) => Some(names.len() as f64),
        }
    }

    /// The value of a place among those that can be counted.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among values")]
    fn of_level(&self, place: f64) -> f64 {
        match self.grid {
            Grid::None => f64::NAN,
            Grid::Steps(step) => (self.lower + place * step).min(self.upper),
            Grid::Values(values) => values[(place as usize).min(values.len() - 1)],
            Grid::Choices(_) => place,
        }
    }

    /// The place of the value that is nearest, on the axis' scale.
    #[allow(clippy::cast_precision_loss, reason = "a number of values")]
    fn level_of(&self, value: f64) -> f64 {
        match self.grid {
            Grid::None => f64::NAN,
            Grid::Steps(step) => ((value - self.lower) / step).round(),
            Grid::Choices(_) => value.round(),
            Grid::Values(values) => {
                let distance = |place: &usize| (values[*place] - value).abs();
                let nearest = (0..values.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
                nearest.unwrap_or_default() as f64
            }
        }
    }

    /// Whether each of its values is as likely as any other.
    fn is_evenly_counted(&self) -> bool {
        self.scale == Scale::Linear || matches!(self.grid, Grid::Values(_) | Grid::Choices(_))
    }

    /// The allowed value that is nearest.
    #[must_use]
    pub fn nearest(&self, value: f64) -> f64 {
        let value = value.clamp(self.lower, self.upper);
        if self.grid == Grid::None { value } else { self.of_level(self.level_of(value)) }
    }

    /// Where a value is between the bounds, on their scale: 0 at the lower, 1 at the upper.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        if self.lower >= self.upper {
            return 0.5;
        }
        let on = |x: f64| if self.scale == Scale::Log10 { libm::log10(x) } else { x };
        ((on(value) - on(self.lower)) / (on(self.upper) - on(self.lower))).clamp(0.0, 1.0)
    }

    /// A remark on a value that is at a bound or so near that its optimum may lie beyond; empty for others.
    #[must_use]
    pub fn remark(&self, value: f64) -> &'static str {
        if matches!(self.grid, Grid::Choices(_)) {
            return "";
        }
        if self.grid != Grid::None {
            return if value <= self.lower || value >= self.upper { "at its bound" } else { "" };
        }
        let place = self.place(value);
        if value <= self.lower || value >= self.upper {
            "at its bound"
        } else if !(NEAR..=1.0 - NEAR).contains(&place) {
            "near its bound"
        } else {
            ""
        }
    }

    /// Moves a coordinate to the next value below or above, each with a chance: a swarm whose moves have become shorter than the way from one value
    /// to the next must still try others (Hamano and others 2022, CMA-ES with margin, doi:10.1145/3512290.3528827).
    pub(super) fn leave(&self, u: &mut f64, best: f64, chance: f64, draw: &mut Draw) {
        if let Grid::Choices(_) = self.grid {
            return self.choose(u, best, 2.0 * chance, draw);
        }
        let Some(levels) = self.levels() else { return };
        let (lot, place) = (draw.uniform(), self.level_of(self.value(*u)));
        #[allow(clippy::float_cmp, reason = "the same value")]
        if lot < 2.0 * chance && self.value(*u) == self.value(best) {
            let next = if lot < chance { place - 1.0 } else { place + 1.0 };
            if (0.0..levels).contains(&next) {
                *u = self.share(self.of_level(next));
            }
        }
    }

    /// Moves a coordinate to a given choice or, with a chance, to any other: choices have no order that a way between them could follow.
    #[allow(clippy::cast_precision_loss, reason = "the place of a choice")]
    pub(super) fn choose(&self, u: &mut f64, given: f64, chance: f64, draw: &mut Draw) {
        let Grid::Choices(names) = self.grid else { return };
        let mut place = self.value(given);
        if names.len() > 1 && draw.uniform() < chance {
            place = (place + 1.0 + draw.below(names.len() - 1) as f64) % names.len() as f64;
        }
        *u = self.share(place);
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
        match self.levels() {
            None => self.between(u),
            Some(levels) if self.is_evenly_counted() => self.of_level((u * levels).floor().min(levels - 1.0)),
            Some(_) => self.nearest(self.between(u)),
        }
    }

    /// The value at `u` of the way where all values are allowed.
    fn between(&self, u: f64) -> f64 {
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
        if self.lower >= self.upper {
            return 0.5;
        }
        if let (Some(levels), true) = (self.levels(), self.is_evenly_counted()) {
            // The middle of what becomes that value.
            return (self.level_of(value.clamp(self.lower, self.upper)) + 0.5) / levels;
        }
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
