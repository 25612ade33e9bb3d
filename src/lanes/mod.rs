//! Lane mathematics: elementary functions over SIMD lanes, on which everything else stands.
//!
//! Every function works on one native-width vector `S::f64s`, lane by lane, without branches, and gives
//! the same bits at every SIMD level: only operations that IEEE 754 defines exactly are used (`+ − × ÷ √`
//! and fused multiply-add), so that a lane's result depends on its input alone. On processors without
//! fused multiply-add the fused result is emulated exactly, which is slow but equal.
//!
//! The standard library's `sin`, `ln` and `powf` may differ between platforms and versions and have no place here.
//!
//! # Accuracy
//!
//! | function | range | error | method |
//! |---|---|---|---|
//! | [`sin_cos`] | \|x\| ≤ 1000 rad | ≤ 2 ulp | reduction by π/2 in three fused steps (Cody & Waite, *Software Manual for the Elementary Functions*, 1980), minimax polynomials of degree 13 and 14 |
//! | [`turned`] | every turn of which [`sin_cos`] is known | ≤ 2⁻⁵² and a half of the last place | sum of angles; short minimax polynomials for turns up to 1/16 rad |
//! | [`tan`] | \|x\| ≤ 1000 rad | ≤ 4 ulp | sine over cosine |
//! | [`atan2`], [`atan`] | everything | ≤ 2 ulp | one division after reduction to five intervals, polynomial of fdlibm (Sun Microsystems 1993) |
//! | [`asin`], [`acos`] | \|x\| ≤ 1 | ≤ 4 ulp | [`atan2`] with √((1 − x)(1 + x)) |
//! | [`exp`] | everything | ≤ 2 ulp | reduction by ln 2, minimax polynomial of degree 11 |
//! | [`tanh`] | every finite x | ≤ 2 ulp | `expm1(2\|x\|) / (expm1(2\|x\|) + 2)` |
//! | [`sinh`], [`cosh`] | everything | ≤ 4 ulp | from `expm1` |
//! | [`log`], [`log10`] | everything | ≤ 2 ulp | 2·artanh of s = f/(2 + f) in two parts, polynomial of fdlibm |
//! | [`cbrt`] | everything | ≤ 2 ulp | exp(log/3) in two parts |
//! | [`pow`] | \|y ln x\| ≤ 100 | ≤ 4 ulp | exp(y log x) in two parts; ≤ 16 ulp beyond |
//!
//! The polynomials of sine, cosine and `expm1` are relative-error minimax approximations with coefficients rounded to `f64`, computed with
//! Sollya's `fpminimax` (Brisebarre & Chevillard 2007, doi:10.1109/ARITH.2007.17); `tests/data/minimax.sollya`
//! reproduces them. The bounds are tested against values of 60 digits in `tests/lanes.rs`.

#[cfg(target_arch = "x86_64")]
use fearless_simd::Level;
use fearless_simd::{Simd, prelude::*};

mod exponentials;
pub mod level;
mod trigonometry;

pub use exponentials::{cbrt, cosh, exp, log, log10, pow, sinh, tanh};
pub use level::SimdLevel;
pub(crate) use level::on_level;
pub use trigonometry::{acos, asin, atan, atan2, sin_cos, tan, turned};

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

/// `x` where `of` is positive, `−x` where `of` is negative: the sign bit of `of` is applied to `x`.
#[inline(always)]
pub fn apply_sign<S: Simd>(x: S::f64s, of: S::f64s) -> S::f64s {
    let sign = of.bitcast::<S::u64s>() & (1 << 63);
    (x.bitcast::<S::u64s>() ^ sign).bitcast()
}

/// Adding 1.5·2⁵² rounds to the nearest integer, which then stands in the lowest bits of the sum.
pub(crate) const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// `x` limited to at most `limit`; NaN stays NaN.
#[inline(always)]
fn at_most<S: Simd>(x: S::f64s, limit: f64) -> S::f64s {
    // A comparison rather than a minimum, whose result for NaN differs between processors.
    let limit = splat(x.token(), limit);
    x.simd_gt(limit).select(limit, x)
}

/// Horner's scheme, lowest coefficient first.
#[inline(always)]
fn polynomial<S: Simd, const K: usize>(simd: S, x: S::f64s, coefficients: [f64; K]) -> S::f64s {
    let mut sum = splat(simd, coefficients[K - 1]);
    for k in (0..K - 1).rev() {
        sum = sum.fma(x, splat(simd, coefficients[k]));
    }
    sum
}
