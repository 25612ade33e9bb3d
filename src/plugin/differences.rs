//! How the results of a function change in a direction, of which nobody knows the derivative: by central differences of fourth order.
//!
//! ```text
//! f'(0) ≈ (8 (f(h) − f(−h)) − (f(2h) − f(−2h)))/(12 h)
//! ```
//!
//! (Abramowitz & Stegun 1964, 25.3.6.) Its error is h⁴ f⁗'/30, and that of rounding some ε f/h, so that h is about ε^(1/5) of the size of what
//! is moved: the usual size of a quantity, or what it is where that is more. The four points are lanes of one call.

use super::load::Column;
use super::{COLUMNS_MAX, Function, LANES};

/// ε^(1/5)
const SHARE: f64 = 7.4e-4;

/// How far the points lie from the middle, in steps.
const POINTS: [f64; 4] = [1.0, -1.0, 2.0, -2.0];

impl Function {
    /// How each result changes where the operands are `values` and change by `slopes`; 0 where nothing changes.
    ///
    /// # Panics
    ///
    /// When there are more or fewer numbers than columns.
    ///
    /// # Allocation
    ///
    /// None of ours.
    pub fn differences(&self, operands: impl Iterator<Item = [f64; 2]> + Clone, results: &mut [f64]) {
        let mut step = f64::INFINITY;
        for (place, [value, slope]) in operands.clone().enumerate() {
            if slope != 0.0 {
                let scale = self.scales[place].max(value.abs());
                step = step.min(SHARE * scale / slope.abs());
            }
        }
        if !step.is_finite() {
            return results.fill(if step.is_nan() { f64::NAN } else { 0.0 });
        }
        let mut columns = [Column::default(); COLUMNS_MAX];
        for (column, [value, slope]) in columns.iter_mut().zip(operands) {
            *column = Column([value; LANES]);
            for (lane, point) in column.0.iter_mut().zip(POINTS) {
                *lane = value + point * step * slope;
            }
        }
        self.columns(&mut columns);
        for (result, column) in results.iter_mut().zip(&columns[self.operands()..]) {
            let [near, before, far, long_before] = [column.0[0], column.0[1], column.0[2], column.0[3]];
            *result = (8.0 * (near - before) - (far - long_before)) / (12.0 * step);
        }
    }
}
