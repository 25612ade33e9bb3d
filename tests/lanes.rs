//! Lane mathematics against values of 60 digits, and the same bits at every SIMD level.

use fearless_simd::{Level, Simd, dispatch, prelude::*};
use gainswarm::lanes::{apply_sign, sin_cos, tanh};
use proptest::prelude::*;

use crate::support::{data, ulps};

const FUNCTIONS: [&str; 3] = ["sin", "cos", "tanh"];

#[inline(always)]
fn evaluate<S: Simd>(simd: S, function: &str, x: f64) -> f64 {
    let x = S::f64s::simd_from(simd, x);
    let y = match function {
        "sin" => sin_cos(simd, x).0,
        "cos" => sin_cos(simd, x).1,
        _ => tanh(simd, x),
    };
    assert!(y.as_slice().iter().all(|lane| lane.to_bits() == y[0].to_bits()), "equal lanes");
    y[0]
}

fn at(level: Level, function: &str, x: f64) -> f64 {
    dispatch!(level, simd => evaluate(simd, function, x))
}

fn levels() -> Vec<Level> {
    let widest = Level::new();
    #[cfg(target_arch = "x86_64")]
    let narrower = [
        widest.as_avx2().map(Level::Avx2),
        widest.as_sse4_2().map(Level::Sse4_2),
        widest.as_sse2().map(Level::Sse2),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let narrower: [Option<Level>; 0] = [];
    std::iter::once(widest).chain(narrower.into_iter().flatten()).collect()
}

#[test]
fn sin_cos_and_tanh_are_within_2_ulp_of_exact_values() {
    let mut worst = [0.0_f64; 3];
    let mut rows = 0;
    for row in csv::Reader::from_path(data("lanes.csv")).expect("reference data").records() {
        let row = row.expect("a row");
        let number = |k: usize| f64::from_bits(u64::from_str_radix(&row[k], 16).expect("bits"));
        let (x, high, low) = (number(1), number(2), number(3));
        let index = FUNCTIONS.iter().position(|name| *name == &row[0]).expect("a function");
        let error = ulps(at(Level::new(), &row[0], x), high, low);
        assert!(error <= 2.0, "{}({x:e}) is off by {error} ulp", &row[0]);
        worst[index] = worst[index].max(error);
        rows += 1;
    }
    assert!(rows > 5000, "the table has been read");
    assert!(worst.iter().all(|error| *error > 0.4), "a rounded result is off somewhere: {worst:?}");
}

#[test]
#[allow(clippy::float_cmp, reason = "exact values are promised")]
fn special_values_behave_as_documented() {
    for level in levels() {
        for x in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert!(at(level, "sin", x).is_nan() && at(level, "cos", x).is_nan());
        }
        assert!(at(level, "tanh", f64::NAN).is_nan());
        assert_eq!(at(level, "tanh", f64::INFINITY), 1.0);
        assert_eq!(at(level, "tanh", f64::NEG_INFINITY), -1.0);
        assert_eq!(at(level, "tanh", -0.0).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(at(level, "sin", -0.0), 0.0);
        assert_eq!(at(level, "cos", 0.0), 1.0);
    }
}

#[inline(always)]
fn signed<S: Simd>(simd: S, x: f64, y: f64) -> f64 {
    let vector = |value| S::f64s::simd_from(simd, value);
    apply_sign::<S>(vector(x), vector(y))[0]
}

proptest! {
    #[test]
    fn every_level_gives_the_same_bits(x in proptest::num::f64::ANY) {
        for function in FUNCTIONS {
            let expected = at(Level::new(), function, x);
            for level in levels() {
                let found = at(level, function, x);
                prop_assert!(found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()));
            }
        }
    }

    #[test]
    fn sine_and_cosine_stay_on_the_unit_circle(x in -1e9..1e9_f64) {
        let (sin, cos) = (at(Level::new(), "sin", x), at(Level::new(), "cos", x));
        prop_assert!((sin * sin + cos * cos - 1.0).abs() < 1e-15);
    }

    #[test]
    fn signs_follow_their_definition(x in proptest::num::f64::ANY, y in proptest::num::f64::NORMAL) {
        let signed = dispatch!(Level::new(), simd => signed(simd, x, y));
        if x.is_nan() {
            prop_assert!(signed.is_nan());
        } else {
            prop_assert_eq!(signed.to_bits(), if y.is_sign_negative() { -x } else { x }.to_bits());
        }
    }
}
