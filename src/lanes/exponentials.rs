//! Exponentials, logarithms, powers and hyperbolic functions over lanes.

use fearless_simd::{Simd, prelude::*};

use super::{LaneMath, ROUNDER, apply_sign, at_most, polynomial, splat};

/// ln 2 as the sum of two `f64`.
const LN_2: [f64; 2] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17];

/// e^x − 1 = x + x²·P(x) on |x| ≤ ln 2 / 2, relative error 1.8e-17.
const EXPM1: [f64; 10] = [
    0.500_000_000_000_000_6,
    0.166_666_666_666_665_9,
    4.166_666_666_657_352e-2,
    8.333_333_333_388_08e-3,
    1.388_888_893_244_116e-3,
    1.984_126_972_318_724_7e-4,
    2.480_150_434_228_126e-5,
    2.755_740_298_821_622e-6,
    2.762_637_792_363_446e-7,
    2.505_545_978_591_256_4e-8,
];

/// log((1 + s)/(1 − s)) = 2 s + s·z·P(z), z = s², on |s| ≤ 0.1716: fdlibm's `e_log.c` (Sun Microsystems 1993).
const LOG: [f64; 7] = [
    6.666_666_666_666_735e-1,
    3.999_999_999_940_942e-1,
    2.857_142_874_366_239e-1,
    2.222_219_843_214_978_4e-1,
    1.818_357_216_161_805e-1,
    1.531_383_769_920_937_3e-1,
    1.479_819_860_511_658_6e-1,
];

/// ln 2 as the sum of two `f64`, the first short enough that its products with exponents are exact.
const LN_2_SHORT: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// 1/ln 10 as the sum of two `f64`.
const PER_LN_10: [f64; 2] = [std::f64::consts::LOG10_E, 1.098_319_650_216_765e-17];

/// 2ᵏ for whole |k| ≤ 1022, given as k + [`ROUNDER`].
#[inline(always)]
fn power_of_two<S: Simd>(simd: S, shifted: S::f64s) -> S::f64s {
    let bias = S::u64s::simd_from(simd, 1023 << 52);
    ((shifted.bitcast::<S::u64s>() << 52) + bias).bitcast()
}

/// k + [`ROUNDER`] and r with x = k ln 2 + r, |r| ≤ ln 2 / 2.
#[inline(always)]
fn reduced<S: Simd>(simd: S, x: S::f64s) -> (S::f64s, S::f64s) {
    let shifted = x.fma(splat(simd, std::f64::consts::LOG2_E), splat(simd, ROUNDER));
    let exponent = shifted - splat(simd, ROUNDER);
    let r = exponent.fnma(splat(simd, LN_2[0]), x);
    (shifted, exponent.fnma(splat(simd, LN_2[1]), r))
}

/// e^x − 1 for |x| ≤ 709.
#[inline(always)]
fn expm1<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let (shifted, r) = reduced(simd, x);
    let power = power_of_two(simd, shifted);
    // 2ᵏ·r + (2ᵏ − 1) first: it is exact where the two nearly cancel.
    let linear = power.fma(r, power - splat(simd, 1.0));
    (power * (r * r)).fma(polynomial(simd, r, EXPM1), linear)
}

/// e^(x + rest), where rest is small beside x.
#[inline(always)]
fn exp_of_two<S: Simd>(simd: S, x: S::f64s, rest: S::f64s) -> S::f64s {
    let (low, high) = (splat(simd, -746.0), 710.0);
    let x = at_most::<S>(x, high);
    let x = x.simd_lt(low).select(low, x);
    let (shifted, r) = reduced(simd, x);
    let r = r + rest;
    let fraction = (r * r).fma(polynomial(simd, r, EXPM1), r) + splat(simd, 1.0);
    // In two steps, so that neither power leaves its range.
    let rounder = splat(simd, ROUNDER);
    let half = (shifted - rounder).fma(splat(simd, 0.5), rounder);
    let other = (shifted - half) + rounder;
    fraction * power_of_two(simd, half) * power_of_two(simd, other)
}

/// e^x: infinite above 709.79, 0 below −745.2.
#[inline(always)]
pub fn exp<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    exp_of_two(simd, x, splat(simd, 0.0))
}

/// Hyperbolic tangent.
///
/// Within 2 ulp for every finite x, exactly odd, ±1 for |x| ≥ 20; infinite input gives ±1, NaN gives NaN.
#[inline(always)]
pub fn tanh<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let magnitude = x.abs();
    let expm1 = expm1(simd, at_most::<S>(magnitude, 20.0) * splat(simd, 2.0));

    // One correction of the quotient, with the rounding of the denominator, keeps the last bit.
    let two = splat(simd, 2.0);
    let denominator = expm1 + two;
    let lost = expm1 - (denominator - two);
    let inverse = splat(simd, 1.0) / denominator;
    let quotient = expm1 * inverse;
    let rest = quotient.fnma(lost, quotient.fnma(denominator, expm1));
    rest.fma(inverse, quotient).copysign(x)
}

/// Hyperbolic sine; infinite beyond ±710.4.
#[inline(always)]
pub fn sinh<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let (magnitude, one, half) = (x.abs(), splat(simd, 1.0), splat(simd, 0.5));
    let e = expm1(simd, at_most::<S>(magnitude, 22.0));
    let near = half * (e + e / (e + one));
    let far = half_exp(simd, magnitude);
    apply_sign::<S>(magnitude.simd_gt(splat(simd, 22.0)).select(far, near), x)
}

/// Hyperbolic cosine; infinite beyond ±710.4.
#[inline(always)]
pub fn cosh<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let magnitude = x.abs();
    let e = exp(simd, at_most::<S>(magnitude, 22.0));
    let near = splat(simd, 0.5) * (e + splat(simd, 1.0) / e);
    magnitude.simd_gt(splat(simd, 22.0)).select(half_exp(simd, magnitude), near)
}

/// e^x / 2, also where e^x is beyond what a number can hold.
#[inline(always)]
fn half_exp<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let root = exp(simd, splat(simd, 0.5) * x);
    (splat(simd, 0.5) * root) * root
}

/// The logarithm of |x| as the sum of two numbers, for x that is neither 0 nor infinite nor NaN.
#[inline(always)]
fn log_of_two<S: Simd>(simd: S, x: S::f64s) -> (S::f64s, S::f64s) {
    const MANTISSA: u64 = (1 << 52) - 1;
    /// The bits of √½, so that what is left is between √½ and √2.
    const ROOT: u64 = 0x3fe6_a09e_0000_0000;
    let number = |value: f64| splat(simd, value);
    let bits = |value: u64| S::u64s::simd_from(simd, value);
    let magnitude = x.abs();
    let is_tiny = magnitude.simd_lt(number(f64::MIN_POSITIVE));
    let scaled = is_tiny.select(magnitude * number(18_014_398_509_481_984.0), magnitude);
    let moved = scaled.bitcast::<S::u64s>() + bits(0x3ff0_0000_0000_0000 - ROOT);
    // An exponent in the lowest bits of 2⁵² is that number as a float.
    let exponent = ((moved >> 52) | bits(0x4330_0000_0000_0000)).bitcast::<S::f64s>();
    let k = exponent - number(4_503_599_627_370_496.0) - is_tiny.select(number(1077.0), number(1023.0));
    let f = ((moved & bits(MANTISSA)) + bits(ROOT)).bitcast::<S::f64s>() - number(1.0);

    let two = number(2.0);
    let denominator = two + f;
    let lost = f - (denominator - two);
    let s = f / denominator;
    let s_rest = s.fnma(lost, s.fnma(denominator, f)) / denominator;
    let z = s * s;
    let curved = s * (z * polynomial(simd, z, LOG));
    let (large, main) = (k * number(LN_2_SHORT[0]), two * s);
    let sum = large + main;
    let sum_rest = is_larger::<S>(large, main).select((large - sum) + main, (main - sum) + large);
    let rest = k.fma(number(LN_2_SHORT[1]), two.fma(s_rest, curved)) + sum_rest;
    let high = sum + rest;
    (high, (sum - high) + rest)
}

#[inline(always)]
fn is_larger<S: Simd>(a: S::f64s, b: S::f64s) -> S::mask64s {
    a.abs().simd_gt(b.abs())
}

/// `value` but for the edges of a logarithm: −∞ at 0, NaN below, ∞ at ∞.
#[inline(always)]
fn log_edges<S: Simd>(simd: S, x: S::f64s, value: S::f64s) -> S::f64s {
    let zero = splat(simd, 0.0);
    let infinity = splat(simd, f64::INFINITY);
    let value = x.simd_eq(zero).select(-infinity, value);
    let value = x.simd_eq(infinity).select(infinity, value);
    x.simd_ge(zero).select(value, splat(simd, f64::NAN))
}

/// The natural logarithm: −∞ at 0, NaN below.
#[inline(always)]
pub fn log<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let (high, _) = log_of_two(simd, x);
    log_edges(simd, x, high)
}

/// The logarithm to the base 10: −∞ at 0, NaN below.
#[inline(always)]
pub fn log10<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let (high, low) = log_of_two(simd, x);
    let (per, per_rest) = (splat(simd, PER_LN_10[0]), splat(simd, PER_LN_10[1]));
    let product = high * per;
    let rest = high.fms(per, product) + low.fma(per, high * per_rest);
    log_edges(simd, x, product + rest)
}

/// The cube root.
#[inline(always)]
pub fn cbrt<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let (high, low) = log_of_two(simd, x);
    let three = splat(simd, 3.0);
    let third = high / three;
    let root = exp_of_two(simd, third, (third.fnma(three, high) + low) / three);
    // 0, ±∞ and NaN are their own cube roots.
    let is_own = (x * splat(simd, 0.5)).simd_eq(x) | x.simd_ne(x);
    is_own.select(x, apply_sign::<S>(root, x))
}

/// x to the power y, as IEEE 754-2019 defines `pow`: 1 for y = 0 and for x = 1, NaN for negative x and y that is not whole.
#[inline(always)]
pub fn pow<S: Simd>(simd: S, x: S::f64s, y: S::f64s) -> S::f64s {
    let (zero, one) = (splat(simd, 0.0), splat(simd, 1.0));
    let infinity = splat(simd, f64::INFINITY);
    let (high, low) = log_of_two(simd, x);
    let product = y * high;
    let rest = y.fms(high, product) + y * low;
    let rest = (rest * zero).simd_eq(zero).select(rest, zero);
    let mut value = exp_of_two(simd, product, rest);

    let magnitude = x.abs();
    let grows = y.simd_gt(zero);
    value = magnitude.simd_eq(zero).select(grows.select(zero, infinity), value);
    value = magnitude.simd_eq(infinity).select(grows.select(infinity, zero), value);
    value = magnitude.simd_eq(one).select(one, value);

    let is_negative = x.bitcast::<S::u64s>().simd_ge(S::u64s::simd_from(simd, 1 << 63));
    let is_whole = y.floor().simd_eq(y);
    let half = y * splat(simd, 0.5);
    let is_odd = is_whole & half.floor().simd_ne(half);
    value = (is_negative & is_odd).select(-value, value);
    let is_undefined = x.simd_lt(zero) & !is_whole & magnitude.simd_lt(infinity);
    value = is_undefined.select(splat(simd, f64::NAN), value);
    value = (x.simd_ne(x) | y.simd_ne(y)).select(x + y, value);
    (y.simd_eq(zero) | x.simd_eq(one)).select(one, value)
}
