//! Whether the units of the statements fit: checked where units are declared.

use std::collections::BTreeMap;

use super::parse::{Expression, Item, Left, What};
use super::{Misread, Model, Unit};
use crate::graph::Operation;

/// What is known of the unit of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    /// Nothing: something in it has no unit declared.
    Nothing,
    /// A number as written: a pure number in a product, anything in a sum.
    Number(f64),
    /// This.
    Unit(Unit),
}

/// Looks at every statement of a model that declares any unit.
pub(super) fn check(model: &Model) -> Result<(), Misread> {
    let mut named: BTreeMap<(String, u8), Known> = BTreeMap::new();
    let of = |unit: Option<Unit>| unit.map_or(Known::Nothing, Known::Unit);
    let per_second = |known: Known| match known {
        Known::Unit(unit) => Known::Unit(unit.per(Unit::SECOND)),
        other => other,
    };
    let declared = &model.declared;
    let states = declared.states.iter().map(|state| &state.quantity);
    let inputs = declared.inputs.iter().map(|input| &input.quantity);
    let parameters = declared.parameters.iter().map(|parameter| &parameter.quantity);
    let others = inputs.chain(parameters).chain(&declared.outputs);
    if states.chain(others.clone()).all(|quantity| quantity.unit.is_none()) {
        return Ok(());
    }
    for state in &declared.states {
        let unit = of(state.quantity.unit);
        named.insert((state.quantity.name.clone(), 0), unit);
        named.insert((state.quantity.name.clone(), 1), per_second(unit));
        named.insert((state.quantity.name.clone(), 2), per_second(per_second(unit)));
    }
    for quantity in others {
        named.insert((quantity.name.clone(), 0), of(quantity.unit));
    }
    for name in ["t", "dt"] {
        named.insert((name.into(), 0), Known::Unit(Unit::SECOND));
    }
    named.insert(("pi".into(), 0), Known::Unit(Unit::NONE));
    infer(model, &mut named);
    for statement in &model.statements {
        let right = unit_of(&statement.right, &named)?;
        let left = match &statement.left {
            Left::Name(name, primes) => {
                named.get(&(name.clone(), *primes)).copied().unwrap_or(Known::Nothing)
            }
            Left::Next(name) => named.get(&(name.clone(), 0)).copied().unwrap_or(Known::Nothing),
            Left::Sum(left) => unit_of(left, &named)?,
        };
        let at = &Item { at: statement.at, what: What::Number(0.0) };
        joined(at, left, right)?;
    }
    Ok(())
}

/// The units of values without a declaration, from the statements that give them.
fn infer(model: &Model, named: &mut BTreeMap<(String, u8), Known>) {
    for place in model.giving_order() {
        let statement = &model.statements[place];
        let Left::Name(name, 0) = &statement.left else { continue };
        let key = (name.clone(), 0);
        let has_all = statement.right.0.iter().all(|item| match &item.what {
            What::Name(name, primes) => named.contains_key(&(name.clone(), *primes)),
            _ => true,
        });
        if named.contains_key(&key) || !has_all {
            continue;
        }
        // What does not fit is told when the statement itself is looked at.
        let unit = match unit_of(&statement.right, named) {
            Ok(Known::Number(_)) | Err(_) => Known::Nothing,
            Ok(known) => known,
        };
        named.insert(key, unit);
    }
}

fn unit_of(expression: &Expression, named: &BTreeMap<(String, u8), Known>) -> Result<Known, Misread> {
    let mut values: Vec<Known> = Vec::new();
    for item in &expression.0 {
        let from = values.len() - item.what.operands();
        let operands: Vec<Known> = values.drain(from..).collect();
        let value = match &item.what {
            What::Number(value) => Known::Number(*value),
            What::Name(name, primes) => {
                named.get(&(name.clone(), *primes)).copied().unwrap_or(Known::Nothing)
            }
            What::Apply(operation) => of_operation(item, *operation, &operands)?,
            What::Call(name, _) => of_call(item, name, &operands)?,
            What::Table(_) => Known::Nothing,
        };
        values.push(value);
    }
    Ok(values[0])
}

fn of_operation(item: &Item, operation: Operation, operands: &[Known]) -> Result<Known, Misread> {
    let pure = |known: Known| match known {
        Known::Number(_) => Known::Unit(Unit::NONE),
        other => other,
    };
    Ok(match (operation, operands) {
        (Operation::Neg, [Known::Number(value)]) => Known::Number(-value),
        (Operation::Neg, [a]) => *a,
        (Operation::Add | Operation::Sub, [a, b]) | (Operation::Select, [_, a, b]) => joined(item, *a, *b)?,
        (Operation::Less | Operation::LessEqual | Operation::Equal, [a, b]) => {
            joined(item, *a, *b)?;
            Known::Unit(Unit::NONE)
        }
        (Operation::Mul | Operation::Div, [Known::Number(a), Known::Number(b)]) => {
            Known::Number(if operation == Operation::Mul { a * b } else { a / b })
        }
        (Operation::Mul | Operation::Div, [a, b]) => match (pure(*a), pure(*b)) {
            (Known::Unit(a), Known::Unit(b)) if operation == Operation::Mul => Known::Unit(a.times(b)),
            (Known::Unit(a), Known::Unit(b)) => Known::Unit(a.per(b)),
            _ => Known::Nothing,
        },
        (Operation::Pow, [a, Known::Number(power)]) => match pure(*a) {
            Known::Unit(unit) => unit.power(*power).map_or(Known::Nothing, Known::Unit),
            other => other,
        },
        (Operation::And | Operation::Or | Operation::Not, _) => Known::Unit(Unit::NONE),
        _ => Known::Nothing,
    })
}

fn of_call(item: &Item, name: &str, operands: &[Known]) -> Result<Known, Misread> {
    let pure = |known: Known| -> Result<Known, Misread> {
        joined(item, known, Known::Unit(Unit::NONE))?;
        Ok(Known::Unit(Unit::NONE))
    };
    match (name, operands) {
        (
            "sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "tanh" | "exp" | "log"
            | "log10" | "sat",
            [a],
        ) => pure(*a),
        ("sign", [_]) => Ok(Known::Unit(Unit::NONE)),
        ("abs" | "floor" | "round", [a]) => Ok(*a),
        ("delay", [a, seconds]) => {
            joined(item, *seconds, Known::Unit(Unit::SECOND))?;
            Ok(*a)
        }
        ("sqrt" | "cbrt", [Known::Unit(unit)]) => {
            let power = if name == "sqrt" { 0.5 } else { 1.0 / 3.0 };
            Ok(unit.power(power).map_or(Known::Nothing, Known::Unit))
        }
        ("atan2", [a, b]) => {
            joined(item, *a, *b)?;
            Ok(Known::Unit(Unit::NONE))
        }
        ("min" | "max" | "hypot" | "clamp" | "deadzone" | "mod", [first, rest @ ..]) => {
            rest.iter().try_fold(*first, |all, next| joined(item, all, *next))
        }
        _ => Ok(Known::Nothing),
    }
}

/// The unit of two values that must have the same.
fn joined(item: &Item, a: Known, b: Known) -> Result<Known, Misread> {
    match (a, b) {
        (Known::Unit(a), Known::Unit(b)) if a != b => Err(Misread::new(
            item.at,
            format!("the units do not fit: {a} ≠ {b}"),
            "correct the equation or the declared units; a constant with a unit is a parameter",
        )),
        (Known::Unit(unit), Known::Number(_) | Known::Unit(_)) | (Known::Number(_), Known::Unit(unit)) => {
            Ok(Known::Unit(unit))
        }
        (Known::Number(a), Known::Number(_)) => Ok(Known::Number(a)),
        _ => Ok(Known::Nothing),
    }
}
