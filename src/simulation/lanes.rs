//! Lane mathematics: what the plant and the control laws need, once, over SIMD lanes.
//!
//! Every function works on one native-width vector `S::f64s`, lane by lane, without branches, and gives
//! the same bits at every SIMD level: only operations that IEEE 754 defines exactly are used (`+ − × ÷ √`
//! and fused multiply-add), so that a lane's result depends on its input alone. On processors without
//! fused multiply-add the fused result is emulated exactly, which is slow but equal.
//!
//! The standard library's `sin` and `tanh` may differ between platforms and versions and have no place here.
//!
//! # Accuracy
//!
//! | function | range | error | method |
//! |---|---|---|---|
//! | [`sin_cos`] | \|x\| ≤ 1000 rad | ≤ 2 ulp | reduction by π/2 in three fused steps (Cody & Waite, *Software Manual for the Elementary Functions*, 1980), minimax polynomials of degree 13 and 14 |
//! | [`tanh`] | every finite x | ≤ 2 ulp | `expm1(2\|x\|) / (expm1(2\|x\|) + 2)`, reduction by ln 2, minimax polynomial of degree 11 |
//!
//! The polynomials are relative-error minimax approximations with coefficients rounded to `f64`, computed with
//! Sollya's `fpminimax` (Brisebarre & Chevillard 2007, doi:10.1109/ARITH.2007.17); `tests/data/minimax.sollya`
//! reproduces them. The bounds are tested against values of 60 digits in `tests/lanes.rs`.

#[cfg(target_arch = "x86_64")]
use fearless_simd::Level;
use fearless_simd::{Simd, prelude::*};

/// Arithmetic in the order in which formulas are written.
///
/// `a.fma(b, c)` is `a·b + c`, `a.fms(b, c)` is `a·b − c` and `a.fnma(b, c)` is `c − a·b`, each rounded once.
pub trait LaneMath<S: Simd>: SimdFloat<S, Element = f64> {
    /// `self·b + c`, rounded once.
    #[inline(always)]
    #[must_use]
    fn fma(self, b: Self, c: Self) -> Self {
        fused(self, b, c)
    }

    /// `self·b − c`, rounded once.
    #[inline(always)]
    #[must_use]
    fn fms(self, b: Self, c: Self) -> Self {
        fused(self, b, -c)
    }

    /// `c − self·b`, rounded once.
    #[inline(always)]
    #[must_use]
    fn fnma(self, b: Self, c: Self) -> Self {
        fused(-self, b, c)
    }
}

/// `a·b + c`, rounded once.
#[inline(always)]
fn fused<S: Simd, V: SimdFloat<S, Element = f64>>(a: V, b: V, c: V) -> V {
    #[cfg(target_arch = "x86_64")]
    if matches!(a.token().level(), Level::Sse2(_) | Level::Sse4_2(_)) {
        return emulated(a, b, c);
    }
    a.mul_add_precise(b, c)
}

/// The exact emulation for processors without a fused multiply-add. Some sixty operations, hundreds of times in a kernel:
/// inlined, they would take the compiler minutes and gain nothing.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn emulated<S: Simd, V: SimdFloat<S, Element = f64>>(a: V, b: V, c: V) -> V {
    a.token().vectorize(
        #[inline(always)]
        || a.mul_add_precise(b, c),
    )
}

impl<S: Simd, V: SimdFloat<S, Element = f64>> LaneMath<S> for V {}

/// All lanes of one native-width vector set to `value`.
#[inline(always)]
pub fn splat<S: Simd>(simd: S, value: f64) -> S::f64s {
    S::f64s::simd_from(simd, value)
}

/// `x` limited to `±limit`; NaN stays NaN.
#[inline(always)]
pub fn clamp_symmetric<S: Simd>(x: S::f64s, limit: S::f64s) -> S::f64s {
    // Comparisons rather than minimum and maximum, whose result for NaN differs between processors.
    let below = x.simd_gt(limit).select(limit, x);
    below.simd_lt(-limit).select(-limit, below)
}

/// `x` where `of` is positive, `−x` where `of` is negative: the sign bit of `of` is applied to `x`.
#[inline(always)]
pub fn apply_sign<S: Simd>(x: S::f64s, of: S::f64s) -> S::f64s {
    let sign = of.bitcast::<S::u64s>() & (1 << 63);
    (x.bitcast::<S::u64s>() ^ sign).bitcast()
}

/// Adding 1.5·2⁵² rounds to the nearest integer, which then stands in the lowest bits of the sum.
pub(super) const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// π/2 as the sum of three `f64`, each the rest of those before it, rounded.
const FRAC_PI_2: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

/// ln 2 as the sum of two `f64`.
const LN_2: [f64; 2] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17];

/// sin x = x + x³·P(x²) on |x| ≤ π/4, relative error 3.8e-18.
const SIN: [f64; 6] = [
    -0.166_666_666_666_666_3,
    8.333_333_333_321_89e-3,
    -1.984_126_982_942_080_2e-4,
    2.755_731_356_577_59e-6,
    -2.505_073_933_193_601_6e-8,
    1.589_575_128_645_439e-10,
];

/// cos x = 1 − x²/2 + x⁴·P(x²) on |x| ≤ π/4, relative error 5.8e-20.
const COS: [f64; 6] = [
    4.166_666_666_666_659_5e-2,
    -1.388_888_888_887_331_6e-3,
    2.480_158_728_897_323e-5,
    -2.755_731_420_575_629e-7,
    2.087_570_352_694_206e-9,
    -1.135_863_754_965_012_7e-11,
];

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

/// Horner's scheme, lowest coefficient first.
#[inline(always)]
fn polynomial<S: Simd, const K: usize>(simd: S, x: S::f64s, coefficients: [f64; K]) -> S::f64s {
    let mut sum = splat(simd, coefficients[K - 1]);
    for k in (0..K - 1).rev() {
        sum = sum.fma(x, splat(simd, coefficients[k]));
    }
    sum
}

/// Sine and cosine of the same angle in rad.
///
/// Within 2 ulp for |x| ≤ 1000 rad. Beyond that the absolute error stays below 1e-15 up to |x| = 2⁵⁰; larger finite
/// input gives a value without meaning that may not be finite, infinite and NaN input gives NaN. Nothing panics.
#[inline(always)]
pub fn sin_cos<S: Simd>(simd: S, x: S::f64s) -> (S::f64s, S::f64s) {
    let shifted = x.fma(splat(simd, std::f64::consts::FRAC_2_PI), splat(simd, ROUNDER));
    let quarter_turns = shifted - splat(simd, ROUNDER);
    let mut r = x;
    for part in FRAC_PI_2 {
        r = quarter_turns.fnma(splat(simd, part), r);
    }

    let r2 = r * r;
    let sin_r = (r * r2).fma(polynomial(simd, r2, SIN), r);
    let cos_r = (r2 * r2).fma(polynomial(simd, r2, COS), r2.fnma(splat(simd, 0.5), splat(simd, 1.0)));

    // The quadrant stands in the two lowest bits: odd quadrants swap sine and cosine, the second bit is the sign.
    let quadrant = shifted.bitcast::<S::u64s>();
    let one = S::u64s::simd_from(simd, 1);
    let odd = (quadrant & one).simd_eq(one);
    let sin_sign = (quadrant & 2) << 62;
    let cos_sign = ((quadrant + one) & 2) << 62;
    let sin = odd.select(cos_r, sin_r).bitcast::<S::u64s>() ^ sin_sign;
    let cos = odd.select(sin_r, cos_r).bitcast::<S::u64s>() ^ cos_sign;
    (sin.bitcast(), cos.bitcast())
}

/// Hyperbolic tangent.
///
/// Within 2 ulp for every finite x, exactly odd, ±1 for |x| ≥ 20; infinite input gives ±1, NaN gives NaN.
#[inline(always)]
pub fn tanh<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let magnitude = x.abs();
    let limit = splat(simd, 20.0);
    let twice = magnitude.simd_gt(limit).select(limit, magnitude) * splat(simd, 2.0);
    let shifted = twice.fma(splat(simd, std::f64::consts::LOG2_E), splat(simd, ROUNDER));
    let exponent = shifted - splat(simd, ROUNDER);
    let r = exponent.fnma(splat(simd, LN_2[0]), twice);
    let r = exponent.fnma(splat(simd, LN_2[1]), r);

    let bias = S::u64s::simd_from(simd, 1023 << 52);
    let power = ((shifted.bitcast::<S::u64s>() << 52) + bias).bitcast::<S::f64s>();
    // 2ᵏ·r + (2ᵏ − 1) first: it is exact where the two nearly cancel.
    let linear = power.fma(r, power - splat(simd, 1.0));
    let expm1 = (power * (r * r)).fma(polynomial(simd, r, EXPM1), linear);

    // One correction of the quotient, with the rounding of the denominator, keeps the last bit.
    let two = splat(simd, 2.0);
    let denominator = expm1 + two;
    let lost = expm1 - (denominator - two);
    let inverse = splat(simd, 1.0) / denominator;
    let quotient = expm1 * inverse;
    let rest = quotient.fnma(lost, quotient.fnma(denominator, expm1));
    rest.fma(inverse, quotient).copysign(x)
}
