//! What can be asked of a model, or of an expression, without making nodes of it.

use std::collections::BTreeSet;

use super::parse::{Expression, Item, Left, What, expression};
use super::{Base, Misread, Model};
use crate::graph::{Graph, Id, Operation, Symbol, TABLE};

/// The functions with which a controller asks about its plant.
const OF_THE_PLANT: [&str; 3] = ["lie_drift", "lie_input", "equivalent"];
/// Those with which it has a regulator made for it.
const REGULATORS: [&str; 2] = ["lqr", "lqr_reference"];

/// The names in an expression, and where each stands in its text.
///
/// # Errors
///
/// When it is no expression.
pub fn names(text: &str) -> Result<Vec<(usize, String)>, Misread> {
    let name = |item: &Item| match &item.what {
        What::Name(name, _) => Some((item.at, name.clone())),
        _ => None,
    };
    Ok(expression(text)?.0.iter().filter_map(name).collect())
}

/// The first of some relations between numbers that is not true.
#[must_use]
pub fn broken<'a>(relations: &'a [String], known: &[(&str, f64)]) -> Option<&'a String> {
    relations.iter().find(|relation| !holds(relation, known))
}

/// Whether a relation between numbers is true; one that cannot be worked out is not.
#[must_use]
pub fn holds(text: &str, known: &[(&str, f64)]) -> bool {
    value(text, known).is_some_and(|value| value != 0.0 && !value.is_nan())
}

/// What an expression of numbers is; nothing where it cannot be worked out.
#[must_use]
pub fn value(text: &str, known: &[(&str, f64)]) -> Option<f64> {
    let mut graph = Graph::new();
    let sides = assembled(&mut graph, &expression(text).ok()?.0, &mut |graph, _, name| {
        let found = known.iter().find(|(known, _)| *known == name);
        Some(graph.number(found.map_or(f64::NAN, |(_, value)| *value)))
    });
    graph.value(*sides.ok()?.first()?)
}

/// The nodes that items leave, where `named` gives those of names; an error is the place of what has no node without a model.
pub(super) fn assembled(
    graph: &mut Graph,
    items: &[Item],
    named: &mut dyn FnMut(&mut Graph, &Item, &str) -> Option<Id>,
) -> Result<Vec<Id>, usize> {
    let mut values: Vec<Id> = Vec::new();
    for item in items {
        let operands: Vec<Id> = values.drain(values.len() - item.what.operands()..).collect();
        let call = |name: &str| TABLE.iter().find(|entry| entry.call == Some(name));
        let value = match &item.what {
            What::Number(value) => graph.number(*value),
            What::Name(name, _) => named(graph, item, name).ok_or(item.at)?,
            What::Apply(operation) => graph.apply(*operation, &operands),
            What::Call(name, _) if call(name).is_some_and(|entry| entry.operands == operands.len()) => {
                graph.apply(call(name).map_or(Operation::Abs, |entry| entry.operation), &operands)
            }
            What::Call(..) | What::Table(_) => return Err(item.at),
        };
        values.push(value);
    }
    Ok(values)
}

impl Model {
    /// Whether a plant with these parameters stays where it starts while its inputs are what they are by default.
    #[must_use]
    pub fn rests(&self, parameters: &[f64]) -> bool {
        let moves_at = |time: f64| {
            let mut graph = Graph::new();
            let mut symbols = 0;
            let mut fresh = || {
                symbols += 1;
                Symbol(symbols)
            };
            let number = |base: Base| match base {
                Base::State(place) => self.declared.states[place].initial,
                Base::Input(place) => self.declared.inputs[place].default.unwrap_or(0.0),
                Base::Parameter(place) => parameters[place],
                Base::Time => time,
                Base::Step => 1e-3,
            };
            let mut base = |graph: &mut Graph, base: Base| graph.number(number(base));
            let Ok(lowered) = self.lowered(&mut graph, &mut base, None, &mut fresh) else { return true };
            lowered.rates.iter().flatten().any(|rate| graph.value(*rate) != Some(0.0))
        };
        // Two times: what time drives may pass through 0 at one of them.
        ![0.0, 0.123].into_iter().any(moves_at)
    }

    /// The names of all values that its statements or its outputs give, in the order of the alphabet.
    #[must_use]
    pub fn values(&self) -> BTreeSet<&str> {
        let given = self.statements.iter().filter_map(|statement| match &statement.left {
            Left::Name(name, 0) => Some(name.as_str()),
            _ => None,
        });
        given.chain(self.declared.outputs.iter().map(|output| output.name.as_str())).collect()
    }

    /// Whether its equations ask how the plant moves.
    #[must_use]
    pub fn asks_of_the_plant(&self) -> bool {
        self.calls(&OF_THE_PLANT) || self.regulates()
    }

    /// Whether a regulator stands in its equations.
    #[must_use]
    pub fn regulates(&self) -> bool {
        self.calls(&REGULATORS)
    }

    fn calls(&self, functions: &[&str]) -> bool {
        let asks = |expression: &Expression| {
            let is_one =
                |item: &Item| matches!(&item.what, What::Call(name, _) if functions.contains(&name.as_str()));
            expression.0.iter().any(is_one)
        };
        let of_statement = self.statements.iter().any(|statement| asks(&statement.right));
        let texts = self.declared.expressions.values();
        of_statement || texts.filter_map(|text| expression(text).ok()).any(|read| asks(&read))
    }
}

/// Whether the form of an expression shows that it is never below 0: squares, magnitudes, times, and sums and products of such.
#[must_use]
pub fn is_never_below_zero(text: &str) -> bool {
    let Ok(expression) = expression(text) else { return false };
    let mut values: Vec<(bool, Option<f64>)> = Vec::new();
    for item in &expression.0 {
        let operands: Vec<(bool, Option<f64>)> =
            values.drain(values.len() - item.what.operands()..).collect();
        let is = |place: usize| operands.get(place).is_some_and(|operand| operand.0);
        let all = operands.iter().all(|operand| operand.0);
        let value = match &item.what {
            What::Number(value) => (*value >= 0.0, Some(*value)),
            What::Name(name, 0) => (["t", "dt", "pi"].contains(&name.as_str()), None),
            What::Name(..) | What::Table(_) => (false, None),
            What::Apply(operation) => match operation {
                Operation::Neg => (false, operands[0].1.map(|number| -number)),
                Operation::Add | Operation::Mul | Operation::Div => (all, None),
                Operation::Select => (is(1) && is(2), None),
                Operation::Pow => {
                    let power = operands.get(1).and_then(|power| power.1);
                    let is_even = power.is_some_and(|power| (0.5 * power).fract() == 0.0);
                    (is_even || is(0), None)
                }
                Operation::Less
                | Operation::LessEqual
                | Operation::Equal
                | Operation::And
                | Operation::Or
                | Operation::Not => (true, None),
                _ => (false, None),
            },
            What::Call(name, _) => match name.as_str() {
                "abs" | "sqrt" | "exp" | "hypot" | "cosh" => (true, None),
                "max" => (operands.iter().any(|operand| operand.0), None),
                "min" | "tanh" | "sinh" | "atan" | "cbrt" | "floor" | "round" | "sat" => (all, None),
                _ => (false, None),
            },
        };
        values.push(value);
    }
    values.first().is_some_and(|value| value.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_seen_of_squares_and_magnitudes_that_they_are_never_below_zero() {
        for text in
            ["x^2 + 0.1*u^2", "t*abs(e)", "sqrt(x)", "if x > 0 then 1 else abs(x)", "max(x, 0)", "x^-2"]
        {
            assert!(is_never_below_zero(text), "{text}");
        }
        for text in ["x", "x*u", "x^3", "1 - x^2", "-abs(x)", "min(x, 1)", "x^2 +"] {
            assert!(!is_never_below_zero(text), "{text}");
        }
    }
}
