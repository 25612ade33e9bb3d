//! The SIMD levels that a user can choose from.

use fearless_simd::Level;

use crate::registry::Member;

/// A SIMD instruction set, from the widest down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimdLevel {
    /// 8 lanes a vector (x86-64, Ice Lake and Zen 4 onwards).
    Avx512,
    /// 4 lanes a vector (x86-64 with AVX2 and FMA).
    Avx2,
    /// 2 lanes a vector, fused multiply-add emulated; every x86-64 has it.
    Sse2,
    /// 2 lanes a vector (64-bit ARM).
    Neon,
    /// No SIMD instructions known for this processor.
    Scalar,
}

impl Member for SimdLevel {
    const ALL: &'static [Self] = &[Self::Avx512, Self::Avx2, Self::Sse2, Self::Neon, Self::Scalar];

    fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Sse2 => "sse2",
            Self::Neon => "neon",
            Self::Scalar => "scalar",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Avx512 => "8 lanes a vector",
            Self::Avx2 => "4 lanes a vector",
            Self::Sse2 => "2 lanes a vector, slow fused multiply-add",
            Self::Neon => "2 lanes a vector",
            Self::Scalar => "no SIMD",
        }
    }
}

impl SimdLevel {
    /// The widest level of this processor.
    #[must_use]
    pub fn widest() -> Self {
        Self::available().next().unwrap_or(Self::Scalar)
    }

    /// The levels of this processor, widest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|level| level.token().is_some())
    }

    /// The proof that this processor has the level, if it has.
    #[must_use]
    pub(crate) fn token(self) -> Option<Level> {
        let detected = Level::new();
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => detected.as_avx512().map(Level::Avx512),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => detected.as_avx2().map(Level::Avx2),
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => detected.as_sse2().map(Level::Sse2),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => detected.as_neon().map(Level::Neon),
            Self::Scalar => detected.is_fallback().then_some(detected),
            _ => None,
        }
    }
}

/// Evaluates an expression with the token of a level, compiled with its instructions.
///
/// `$wide` is a constant: where it is false, the widest vectors are left to others, since compiling for every level takes time
/// and is worth it only for what is run much.
#[cfg(target_arch = "x86_64")]
macro_rules! on_level {
    ($level:expr, $wide:expr, $simd:ident => $body:expr) => {{
        use fearless_simd::Simd;
        let token = $level.token().expect("a SIMD level is checked when it is chosen");
        if $wide && let Some($simd) = token.as_avx512() {
            $simd.vectorize(
                #[inline(always)]
                || $body,
            )
        } else if let Some($simd) = token.as_avx2() {
            $simd.vectorize(
                #[inline(always)]
                || $body,
            )
        } else if let Some($simd) = token.as_sse2() {
            $simd.vectorize(
                #[inline(always)]
                || $body,
            )
        } else {
            unreachable!("every x86-64 processor has SSE2")
        }
    }};
}

/// Evaluates an expression with the token of a level, compiled with its instructions.
#[cfg(not(target_arch = "x86_64"))]
macro_rules! on_level {
    ($level:expr, $wide:expr, $simd:ident => $body:expr) => {{
        let token = $level.token().expect("a SIMD level is checked when it is chosen");
        fearless_simd::dispatch!(token, $simd => $body)
    }};
}

pub(crate) use on_level;
