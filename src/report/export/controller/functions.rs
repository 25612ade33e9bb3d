//! Mathematics of a controller: the functions of [`crate::lanes`] in the language of models (`functions.txt`), from which every language has them, and those
//! that a language lacks (`plain.txt`).

use std::collections::BTreeSet;

use super::expression::{Expr, Function, Let, name_of};
use super::language::{Language, Writer};
use super::{Math, Precision};
use crate::graph::{Operation, TABLE};
use crate::model::{Part, parts};

const OWN: &str = include_str!("functions.txt");
const PLAIN: &str = include_str!("plain.txt");

/// A number in capitals, for double and for float: the parts of constants are each the rest of those before it, rounded. Those of ln 2 that are short have
/// few enough bits that their products with exponents are exact (W. J. Cody & W. Waite, Software Manual for the Elementary Functions, 1980).
fn constant(name: &str, precision: Precision) -> Option<f64> {
    use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4, LN_2, LOG2_E, LOG10_E, PI};
    let [double, float] = match name {
        "ROUNDER" => [6_755_399_441_055_744.0, 12_582_912.0],
        "TWO_BY_PI" => [FRAC_2_PI, FRAC_2_PI],
        "HALF_PI_1" | "ARC_4_1" => [FRAC_PI_2, 1.570_796_370_506_286_6],
        "HALF_PI_2" | "ARC_4_2" => [6.123_233_995_736_766e-17, -4.371_138_828_673_793e-8],
        "HALF_PI_3" => [-1.497_384_904_859_169_8e-33, -1.715_124_510_005_881_9e-15],
        "ARC_1_1" => [4.636_476_090_008_061e-1, 4.636_476_039_886_474_6e-1],
        "ARC_1_2" => [2.269_877_745_296_168_7e-17, 5.012_158_688_089_13e-9],
        "ARC_2_1" => [FRAC_PI_4, 7.853_981_852_531_433e-1],
        "ARC_2_2" => [3.061_616_997_868_383e-17, -2.185_569_414_336_896_4e-8],
        "ARC_3_1" => [9.827_937_232_473_29e-1, 9.827_937_483_787_537e-1],
        "ARC_3_2" => [1.390_331_103_123_099_8e-17, -2.513_142_405_291_546_3e-8],
        "PI_1" => [PI, 3.141_592_741_012_573_2],
        "PI_2" => [1.224_646_799_147_353_2e-16, -8.742_277_657_347_586e-8],
        "LOG2_E" => [LOG2_E, LOG2_E],
        "LN_2_1" => [LN_2, 6.931_471_824_645_996e-1],
        "LN_2_2" => [2.319_046_813_846_299_6e-17, -1.904_654_212_125_933_6e-9],
        "LN_2_SHORT_1" => [6.931_471_803_691_238e-1, 6.933_593_75e-1],
        "LN_2_SHORT_2" => [1.908_214_929_270_587_7e-10, -2.121_944_4e-4],
        "PER_LN_10_1" => [LOG10_E, 4.342_944_920_063_019e-1],
        "PER_LN_10_2" => [1.098_319_650_216_765e-17, -1.010_304_995_219_257_8e-8],
        "EXP_MAX" => [710.0, 89.0],
        "EXP_MIN" => [-746.0, -104.0],
        "ROOT_HALF" => [7.071_065_902_709_961e-1; 2],
        "INFINITE" => [f64::INFINITY; 2],
        "NO_NUMBER" => [f64::NAN; 2],
        _ => return None,
    };
    Some(if precision == Precision::Float { float } else { double })
}

/// An expression of the library.
fn expression(text: &str, precision: Precision) -> Expr {
    let parts = parts(text).expect("the library of functions is read by the tests");
    let mut values: Vec<Expr> = Vec::new();
    for part in parts {
        let count = match &part {
            Part::Number(_) | Part::Name(_) => 0,
            Part::Apply(operation) => operation.operands(),
            Part::Call(_, count) => *count,
        };
        let operands = values.split_off(values.len() - count);
        values.push(match part {
            Part::Number(number) => Expr::Number(number),
            Part::Name(name) => constant(&name, precision).map_or(Expr::Name(name), Expr::Number),
            Part::Apply(Operation::Neg) if matches!(operands[0], Expr::Number(_)) => negated(&operands[0]),
            Part::Apply(operation) => Expr::Apply(operation, operands),
            Part::Call(name, _) => called(name, operands),
        });
    }
    values.swap_remove(0)
}

fn negated(of: &Expr) -> Expr {
    match of {
        Expr::Number(number) => Expr::Number(-number),
        other => Expr::Apply(Operation::Neg, vec![other.clone()]),
    }
}

fn called(name: String, mut operands: Vec<Expr>) -> Expr {
    let fused = match name.as_str() {
        "fma" => Some(Operation::MulAdd),
        "fms" => Some(Operation::MulSub),
        "fnma" => Some(Operation::NegMulAdd),
        _ => TABLE.iter().find(|entry| entry.call == Some(&name)).map(|entry| entry.operation),
    };
    match fused {
        Some(operation) => Expr::Apply(operation, operands),
        None if name == "horner" => {
            let x = operands.remove(0);
            let mut coefficients = operands.into_iter().rev();
            let last = coefficients.next().expect("a coefficient");
            coefficients.fold(last, |sum, next| Expr::Apply(Operation::MulAdd, vec![sum, x.clone(), next]))
        }
        None => Expr::Call(name, operands),
    }
}

/// All functions of a text.
fn library(text: &str, precision: Precision) -> Vec<Function> {
    let mut all: Vec<Function> = Vec::new();
    for block in text.split("\n\n").skip(1) {
        let mut lines = block.lines().filter(|line| !line.starts_with('#'));
        let Some((head, doc)) = lines.next().and_then(|line| line.split_once(" # ")) else { continue };
        let (name, operands) = head.split_once('(').unwrap_or((head, ")"));
        let operands = operands.trim_end_matches(')').split(", ").map(str::to_owned).collect();
        let body: Vec<&str> = lines.map(str::trim).collect();
        let (result, values) = body.split_last().expect("a function has a result");
        let value = |line: &&str| {
            let (name, value) = line.split_once(" = ").expect("a value has a name");
            Let { name: name.trim().into(), value: expression(value, precision) }
        };
        all.push(Function {
            name: name.into(),
            doc: doc.into(),
            operands,
            lets: values.iter().map(value).collect(),
            result: expression(result, precision),
        });
    }
    all
}

/// The functions that some expressions need, each behind those that it needs.
pub(super) fn needed(writer: &Writer<'_>, of: &[&Expr]) -> Vec<Function> {
    let text = if writer.code.math == Math::Own { OWN } else { PLAIN };
    let library = library(text, writer.code.precision);
    let mut chosen = BTreeSet::new();
    let mut open: Vec<usize> = places(writer, of, &library);
    while let Some(place) = open.pop() {
        if chosen.insert(place) {
            let Function { lets, result, .. } = &library[place];
            let within: Vec<&Expr> = lets.iter().map(|one| &one.value).chain([result]).collect();
            open.extend(places(writer, &within, &library));
        }
    }
    // The library has them in this order.
    chosen.into_iter().map(|place| library[place].clone()).collect()
}

/// The places of the functions that stand in expressions.
fn places(writer: &Writer<'_>, of: &[&Expr], library: &[Function]) -> Vec<usize> {
    let mut places = Vec::new();
    let Language { operation, primitive, .. } = writer.language;
    for expr in of {
        expr.each(&mut |part| {
            let name = match part {
                Expr::Apply(one, _) if operation(*one, writer.code.math).is_none() => name_of(*one),
                Expr::Call(name, _) if primitive(name).is_none() => name,
                _ => return,
            };
            places.extend(library.iter().position(|function| function.name == name));
        });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_of_the_library_is_read_and_stands_behind_those_that_it_needs() {
        for (text, least) in [(OWN, 40), (PLAIN, 14)] {
            let library = library(text, Precision::Double);
            assert!(library.len() >= least, "{}", library.len());
            for (place, function) in library.iter().enumerate() {
                let mut see = |part: &Expr| {
                    if let Expr::Call(name, _) = part {
                        let known = library.iter().position(|other| other.name == *name);
                        assert!(known.is_none_or(|known| known < place), "{} needs {name}", function.name);
                    }
                    if let Expr::Name(name) = part {
                        let is_known = function.operands.contains(name)
                            || function.lets.iter().any(|value| value.name == *name);
                        assert!(is_known, "{name} in {}", function.name);
                    }
                };
                function.lets.iter().for_each(|value| value.value.each(&mut see));
                function.result.each(&mut see);
            }
        }
    }
}
