//! Linear inequalities between gains, such as `K1 > K2`: a vector that breaks one is infeasible and is not simulated.

use std::ops::Range;

/// Σ weight·value + constant > 0, or ≥ 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// As it stands in the config.
    pub text: String,
    /// One weight a parameter of the controller.
    pub weights: Vec<f64>,
    /// The constant.
    pub constant: f64,
    /// Whether equality breaks it.
    pub strict: bool,
}

impl Constraint {
    /// How far a vector is outside, as a share of the way that the left side can go when every parameter runs over its range;
    /// 0 when the constraint holds.
    #[must_use]
    pub fn violation(&self, values: &[f64], ranges: &[Range<f64>]) -> f64 {
        let weighed = self.weights.iter().zip(values).map(|(weight, value)| weight * value);
        let left = weighed.sum::<f64>() + self.constant;
        if self.holds(left) {
            return 0.0;
        }
        let ways =
            self.weights.iter().zip(ranges).map(|(weight, range)| weight.abs() * (range.end - range.start));
        // On the bound of a strict constraint the distance is 0, but the vector is outside.
        (-left / ways.sum::<f64>()).max(f64::MIN_POSITIVE)
    }

    /// Whether any vector within the ranges can meet it.
    #[must_use]
    pub fn can_hold(&self, ranges: &[Range<f64>]) -> bool {
        let most = self
            .weights
            .iter()
            .zip(ranges)
            .map(|(weight, range)| (weight * range.start).max(weight * range.end));
        self.holds(most.sum::<f64>() + self.constant)
    }

    fn holds(&self, left: f64) -> bool {
        left > 0.0 || (left == 0.0 && !self.strict)
    }
}
