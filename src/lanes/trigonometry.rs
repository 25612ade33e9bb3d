//! Sine, cosine, tangent and their inverses over lanes.

use fearless_simd::{Simd, prelude::*};

use super::{LaneMath, ROUNDER, apply_sign, polynomial, splat};

/// π/2 as the sum of three `f64`, each the rest of those before it, rounded.
const FRAC_PI_2: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

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

/// Turns up to this angle in rad are small.
const SMALL_TURN: f64 = 0.0625;

/// sin x = x + x³·P(x²) on |x| ≤ 1/16, relative error 5.9e-18.
const SMALL_SIN: [f64; 3] = [-0.166_666_666_666_636_54, 8.333_333_286_515_82e-3, -1.983_920_221_113_792e-4];

/// cos x = 1 − x²/2 + x⁴·P(x²) on |x| ≤ 1/16, error 1e-21.
const SMALL_COS: [f64; 3] =
    [4.166_666_666_666_158_5e-2, -1.388_888_882_730_000_9e-3, 2.479_927_152_393_280_4e-5];

/// atan x = x − x³·P(x²) on |x| ≤ 7/16, with the signs turned: fdlibm's `s_atan.c` (Sun Microsystems 1993).
const ATAN: [f64; 11] = [
    3.333_333_333_333_293e-1,
    -1.999_999_999_987_648_3e-1,
    1.428_571_427_250_346_6e-1,
    -1.111_111_040_546_235_6e-1,
    9.090_887_133_436_507e-2,
    -7.691_876_205_044_83e-2,
    6.661_073_137_387_531e-2,
    -5.833_570_133_790_573_5e-2,
    4.976_877_994_615_932_4e-2,
    -3.653_157_274_421_691_6e-2,
    1.628_582_011_536_578_2e-2,
];

/// Arcs of 0, ½, 1, 3⁄2 and ∞ as the sum of two `f64`.
const ARCS: [[f64; 2]; 5] = [
    [0.0, 0.0],
    [4.636_476_090_008_061e-1, 2.269_877_745_296_168_7e-17],
    [std::f64::consts::FRAC_PI_4, 3.061_616_997_868_383e-17],
    [9.827_937_232_473_29e-1, 1.390_331_103_123_099_8e-17],
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17],
];

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

/// Sine and cosine of an angle that has been turned by `by` rad, from those that it had: an integrator's stages turn angles by little,
/// and half of the operations do then.
#[inline(always)]
pub fn turned<S: Simd>(simd: S, (sin, cos): (S::f64s, S::f64s), by: S::f64s) -> (S::f64s, S::f64s) {
    let number = |value: f64| splat(simd, value);
    let is_small = by.abs().simd_le(number(SMALL_TURN));
    let by2 = by * by;
    let sin_by = (by * by2).fma(polynomial(simd, by2, SMALL_SIN), by);
    let cos_by_less_1 = by2 * by2.fma(polynomial(simd, by2, SMALL_COS), number(-0.5));
    let near_sin = sin + sin.fma(cos_by_less_1, cos * sin_by);
    let near_cos = cos + sin.fnma(sin_by, cos * cos_by_less_1);
    if is_small.all_true() {
        return (near_sin, near_cos);
    }
    let (sin_by, cos_by) = sin_cos(simd, by);
    let far_sin = sin.fma(cos_by, cos * sin_by);
    let far_cos = sin.fnma(sin_by, cos * cos_by);
    (is_small.select(near_sin, far_sin), is_small.select(near_cos, far_cos))
}

/// Tangent of an angle in rad; within 4 ulp for |x| ≤ 1000 rad, beyond as [`sin_cos`].
#[inline(always)]
pub fn tan<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let (sin, cos) = sin_cos(simd, x);
    sin / cos
}

/// The angle of the point (x, y) from the positive x axis in rad, −π … π, with the signs of zero as IEEE 754 has them.
#[inline(always)]
pub fn atan2<S: Simd>(simd: S, y: S::f64s, x: S::f64s) -> S::f64s {
    let (zero, one) = (splat(simd, 0.0), splat(simd, 1.0));
    let infinity = splat(simd, f64::INFINITY);
    let (mut up, mut along) = (y.abs(), x.abs());
    // Of what is infinite only the direction counts; so it does where both vanish.
    let far = up.simd_eq(infinity) | along.simd_eq(infinity);
    up = far.select(up.simd_eq(infinity).select(one, zero), up);
    along = far.select(along.simd_eq(infinity).select(one, zero), along);
    let at_origin = up.simd_eq(zero) & along.simd_eq(zero);
    along = at_origin.select(one, along);

    let first = arc(simd, up, along);
    let is_left = x.bitcast::<S::u64s>().simd_ge(S::u64s::simd_from(simd, 1 << 63));
    let pi = splat(simd, std::f64::consts::PI);
    let pi_rest = splat(simd, 2.0 * ARCS[4][1]);
    let angle = is_left.select(pi - (first - pi_rest), first);
    let known = apply_sign::<S>(angle, y);
    (x.simd_eq(x) & y.simd_eq(y)).select(known, x + y)
}

/// The arc of y/x for y, x ≥ 0, not both 0: one division, whatever the interval.
#[inline(always)]
fn arc<S: Simd>(simd: S, y: S::f64s, x: S::f64s) -> S::f64s {
    let number = |value: f64| splat(simd, value);
    let is_beyond = |bound: f64| y.simd_ge(x * number(bound));
    let (a, b, c, d) = (is_beyond(0.4375), is_beyond(0.6875), is_beyond(1.1875), is_beyond(2.4375));
    let mut top = a.select(y.fms(number(2.0), x), y);
    let mut bottom = a.select(x.fma(number(2.0), y), x);
    top = b.select(y - x, top);
    bottom = b.select(x + y, bottom);
    top = c.select(x.fnma(number(1.5), y), top);
    bottom = c.select(y.fma(number(1.5), x), bottom);
    top = d.select(-x, top);
    bottom = d.select(y, bottom);
    let part = |k: usize| {
        let first = a.select(number(ARCS[1][k]), number(ARCS[0][k]));
        let second = b.select(number(ARCS[2][k]), first);
        let third = c.select(number(ARCS[3][k]), second);
        d.select(number(ARCS[4][k]), third)
    };
    let r = top / bottom;
    let r2 = r * r;
    let cubic = r * (r2 * polynomial(simd, r2, ATAN));
    part(0) - ((cubic - part(1)) - r)
}

/// The angle in rad whose tangent is x.
#[inline(always)]
pub fn atan<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    atan2(simd, x, splat(simd, 1.0))
}

/// √((1 − x)(1 + x)); NaN for |x| > 1.
#[inline(always)]
fn other_leg<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let one = splat(simd, 1.0);
    ((one - x) * (one + x)).sqrt()
}

/// The angle in rad, −π/2 … π/2, whose sine is x; NaN for |x| > 1.
#[inline(always)]
pub fn asin<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    atan2(simd, x, other_leg(simd, x))
}

/// The angle in rad, 0 … π, whose cosine is x; NaN for |x| > 1.
#[inline(always)]
pub fn acos<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    atan2(simd, other_leg(simd, x), x)
}
