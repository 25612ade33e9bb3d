//! The functions of the language over lanes, against values of 60 digits (`tests/data/make_functions.py`).

use gainswarm::graph::{Operation, TABLE};

use crate::support::{data, ulps};

/// The largest error that each promises, in units of the last place.
fn bound(function: &str) -> f64 {
    match function {
        "tan" | "asin" | "acos" | "sinh" | "cosh" | "pow" => 4.0,
        _ => 2.0,
    }
}

fn operation(function: &str) -> Operation {
    if function == "pow" {
        return Operation::Pow;
    }
    TABLE.iter().find(|entry| entry.call == Some(function)).expect("a function").operation
}

#[test]
fn functions_are_within_their_bounds_of_exact_values() {
    let mut worst: std::collections::BTreeMap<String, (f64, f64, f64)> = std::collections::BTreeMap::new();
    for row in csv::Reader::from_path(data("functions.csv")).expect("reference data").records() {
        let row = row.expect("a row");
        let number = |k: usize| f64::from_bits(u64::from_str_radix(&row[k], 16).expect("bits"));
        let (a, b, high, low) = (number(1), number(2), number(3), number(4));
        let error = ulps(operation(&row[0]).of([a, b, 0.0]), high, low);
        let entry = worst.entry(row[0].into()).or_insert((0.0, a, b));
        if error > entry.0 {
            *entry = (error, a, b);
        }
    }
    println!("{worst:#?}");
    assert_eq!(worst.len(), 12, "the table has been read");
    for (function, (error, a, b)) in worst {
        assert!(error <= bound(&function), "{function}({a:e}, {b:e}) is off by {error} ulp");
    }
}

#[test]
fn powers_have_the_edges_of_ieee_754() {
    let of = |operation: Operation, a: f64, b: f64| operation.of([a, b, 0.0]);
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (x, y) in [
        (0.0, 2.0),
        (0.0, -2.0),
        (-0.0, 3.0),
        (-0.0, -3.0),
        (inf, 2.0),
        (inf, -2.0),
        (-inf, 3.0),
        (-inf, 2.0),
        (2.0, inf),
        (2.0, -inf),
        (0.5, inf),
        (0.5, -inf),
        (1.0, nan),
        (nan, 0.0),
        (1.0, inf),
        (-1.0, inf),
        (-8.0, 1.0 / 3.0),
        (2.0, nan),
        (nan, 2.0),
        (2.0, 2000.0),
        (2.0, -2000.0),
        (-2.0, 3.0),
    ] {
        let (found, expected) = (of(Operation::Pow, x, y), x.powf(y));
        assert!(
            found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
            "pow({x}, {y}) = {found}, not {expected}"
        );
    }
}

#[test]
#[allow(clippy::float_cmp, reason = "exact values are promised")]
fn functions_behave_at_their_edges_as_ieee_754_says() {
    let of = |operation: Operation, a: f64, b: f64| operation.of([a, b, 0.0]);
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (x, y) in [
        (0.0, 0.0),
        (0.0, -0.0),
        (-0.0, 0.0),
        (-0.0, -0.0),
        (1.0, inf),
        (1.0, -inf),
        (inf, 1.0),
        (-inf, inf),
        (inf, -inf),
        (-1.0, 0.0),
        (3.0, -0.0),
    ] {
        let (found, expected) = (of(Operation::Atan2, x, y), f64::atan2(x, y));
        assert!(
            (found - expected).abs() <= 1e-15 && found.is_sign_negative() == expected.is_sign_negative(),
            "atan2({x}, {y}) = {found}"
        );
    }
    assert_eq!(of(Operation::Exp, 1000.0, 0.0), inf);
    assert_eq!(of(Operation::Exp, -1000.0, 0.0), 0.0);
    assert_eq!(of(Operation::Exp, 0.0, 0.0), 1.0);
    assert_eq!(of(Operation::Log, 0.0, 0.0), -inf);
    assert!(of(Operation::Log, -1.0, 0.0).is_nan());
    assert_eq!(of(Operation::Log, inf, 0.0), inf);
    assert_eq!(of(Operation::Log, 1.0, 0.0), 0.0);
    assert_eq!(of(Operation::Sinh, -1000.0, 0.0), -inf);
    assert_eq!(of(Operation::Cosh, -1000.0, 0.0), inf);
    assert_eq!(of(Operation::Cbrt, -27.0, 0.0), -3.0);
    assert_eq!(of(Operation::Cbrt, 0.0, 0.0), 0.0);
    assert!(of(Operation::Asin, 1.5, 0.0).is_nan());
    for operation in [
        Operation::Exp,
        Operation::Log,
        Operation::Sinh,
        Operation::Cosh,
        Operation::Tanh,
        Operation::Cbrt,
        Operation::Atan,
        Operation::Floor,
        Operation::Min,
        Operation::Max,
    ] {
        assert!(of(operation, nan, 1.0).is_nan(), "{operation:?}");
    }
}
