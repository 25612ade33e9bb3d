//! A tape over dual numbers: values with their derivatives in one direction (Griewank & Walther 2008, doi:10.1137/1.9780898717761, chapter 3).

use super::Tape;
use super::tape::{Stretch, TapeCall};
use crate::graph::Operation;

/// A number and its derivative.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Dual {
    /// The number.
    pub value: f64,
    /// How it changes.
    pub slope: f64,
}

impl Tape {
    /// The results with their derivatives by an input. `values` is the room that [`Tape::run`] has worked with, `slopes` has as much.
    /// Where a function has a corner or a jump the derivative is that of the branch that it takes; of a call it is made of differences.
    ///
    /// # Panics
    ///
    /// When either is too short.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn along<'a>(
        &'a self,
        input: usize,
        values: &'a [f64],
        slopes: &'a mut [f64],
    ) -> impl Iterator<Item = Dual> + 'a {
        let first = self.inputs + self.numbers.len();
        for (place, slope) in slopes[..first].iter_mut().enumerate() {
            *slope = if place == input { 1.0 } else { 0.0 };
        }
        for stretch in self.stretches() {
            match stretch {
                Stretch::Steps(steps, first) => along_steps(steps, first, values, slopes),
                Stretch::Call(TapeCall { function, of, out, .. }) => {
                    let (before, results) = slopes.split_at_mut(*out);
                    let operands = of.iter().map(|place| [values[*place as usize], before[*place as usize]]);
                    function.differences(operands, &mut results[..function.results()]);
                }
            }
        }
        let slopes: &'a [f64] = slopes;
        self.results.iter().map(move |place| dual(*place, values, slopes))
    }
}

fn along_steps(steps: &[(Operation, [u32; 3])], first: usize, values: &[f64], slopes: &mut [f64]) {
    for (step, (operation, of)) in steps.iter().enumerate() {
        let operands =
            [dual(of[0], values, slopes), dual(of[1], values, slopes), dual(of[2], values, slopes)];
        let moves = operands[..operation.operands()].iter().any(|operand| operand.slope != 0.0);
        slopes[first + step] = if moves { slope(*operation, operands, values[first + step]) } else { 0.0 };
    }
}

fn dual(place: u32, values: &[f64], slopes: &[f64]) -> Dual {
    Dual { value: values[place as usize], slope: slopes[place as usize] }
}

/// The derivative of an operation on a, b, c; `whole` is its value.
fn slope(operation: Operation, [a, b, c]: [Dual; 3], whole: f64) -> f64 {
    let product = || a.slope * b.value + a.value * b.slope;
    match operation {
        Operation::Sign
        | Operation::Floor
        | Operation::Round
        | Operation::Not
        | Operation::Less
        | Operation::LessEqual
        | Operation::Equal
        | Operation::And
        | Operation::Or => 0.0,
        Operation::Neg => -a.slope,
        Operation::Add => a.slope + b.slope,
        Operation::Sub => a.slope - b.slope,
        Operation::Mul => product(),
        Operation::MulAdd => product() + c.slope,
        Operation::MulSub => product() - c.slope,
        Operation::NegMulAdd => c.slope - product(),
        Operation::Div => (a.slope - whole * b.slope) / b.value,
        Operation::Select => {
            if a.value != 0.0 && !a.value.is_nan() {
                b.slope
            } else {
                c.slope
            }
        }
        Operation::Min => {
            if b.value < a.value {
                b.slope
            } else {
                a.slope
            }
        }
        Operation::Max => {
            if a.value < b.value {
                b.slope
            } else {
                a.slope
            }
        }
        Operation::Mod => a.slope - (a.value / b.value).floor() * b.slope,
        Operation::Hypot => (a.value * a.slope + b.value * b.slope) / whole,
        Operation::Atan2 => (b.value * a.slope - a.value * b.slope) / (a.value * a.value + b.value * b.value),
        Operation::Pow => {
            let by_base = b.value * Operation::Pow.of([a.value, b.value - 1.0, 0.0]) * a.slope;
            let by_power = if b.slope == 0.0 { 0.0 } else { whole * libm::log(a.value) * b.slope };
            by_base + by_power
        }
        Operation::SinTurned | Operation::CosTurned => {
            let is_sine = operation == Operation::SinTurned;
            let other = if is_sine { Operation::CosTurned } else { Operation::SinTurned };
            let by_turn = other.of([a.value, b.value, c.value]) * c.slope;
            let by_start = operation.of([a.slope, b.slope, c.value]);
            if is_sine { by_start + by_turn } else { by_start - by_turn }
        }
        _ => a.slope * slope_of_one(operation, a.value, whole),
    }
}

/// The derivative of a smooth function of one number; `whole` is its value.
fn slope_of_one(operation: Operation, a: f64, whole: f64) -> f64 {
    let of = |operation: Operation| operation.of([a, 0.0, 0.0]);
    match operation {
        Operation::Abs => of(Operation::Sign),
        Operation::Sqrt => 0.5 / whole,
        Operation::Cbrt => 1.0 / (3.0 * whole * whole),
        Operation::Sin => of(Operation::Cos),
        Operation::Cos => -of(Operation::Sin),
        Operation::Tan => 1.0 + whole * whole,
        Operation::Asin => 1.0 / (1.0 - a * a).sqrt(),
        Operation::Acos => -1.0 / (1.0 - a * a).sqrt(),
        Operation::Atan => 1.0 / (1.0 + a * a),
        Operation::Sinh => of(Operation::Cosh),
        Operation::Cosh => of(Operation::Sinh),
        Operation::Tanh => 1.0 - whole * whole,
        Operation::Exp => whole,
        Operation::Log => 1.0 / a,
        Operation::Log10 => std::f64::consts::LOG10_E / a,
        // Those of more numbers have derivatives of their own.
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, Symbol, TABLE};

    #[test]
    fn dual_numbers_and_the_graph_give_the_same_derivatives() {
        let symbols = [Symbol(1), Symbol(2), Symbol(3)];
        for entry in TABLE {
            let mut graph = Graph::new();
            let ids = symbols.map(|symbol| graph.symbol(symbol));
            let value = graph.apply(entry.operation, &ids[..entry.operands]);
            for (k, by) in symbols.iter().enumerate().take(entry.operands) {
                let slope = graph.derivative(value, *by);
                let tape = Tape::new(&graph, &symbols, &[value]);
                for numbers in [[0.3, 0.7, -1.2], [0.9, -0.4, 2.0], [0.5, 2.0, 0.1]] {
                    let at = |symbol: Symbol| numbers[symbol.0 as usize - 1];
                    let expected = graph.evaluated(&[slope], &at)[0];
                    let [mut values, mut slopes] = [(); 2].map(|()| vec![0.0; tape.room()]);
                    drop(tape.run(numbers, &mut values));
                    let found = tape.along(k, &values, &mut slopes).next().expect("a result").slope;
                    let is_same = (found - expected).abs() <= 1e-12 * expected.abs().max(1.0);
                    assert!(
                        is_same || (found.is_nan() && expected.is_nan()),
                        "{:?} by {k} at {numbers:?}: {found} and {expected}",
                        entry.operation
                    );
                }
            }
        }
    }
}
