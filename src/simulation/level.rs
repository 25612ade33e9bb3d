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
    /// 2 lanes a vector, fused multiply-add emulated.
    Sse42,
    /// 2 lanes a vector, fused multiply-add emulated; every x86-64 has it.
    Sse2,
    /// 2 lanes a vector (64-bit ARM).
    Neon,
    /// No SIMD instructions known for this processor.
    Scalar,
}

impl Member for SimdLevel {
    const ALL: &'static [Self] =
        &[Self::Avx512, Self::Avx2, Self::Sse42, Self::Sse2, Self::Neon, Self::Scalar];

    fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Sse42 => "sse4.2",
            Self::Sse2 => "sse2",
            Self::Neon => "neon",
            Self::Scalar => "scalar",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Avx512 => "8 lanes a vector",
            Self::Avx2 => "4 lanes a vector",
            Self::Sse42 | Self::Sse2 => "2 lanes a vector, slow fused multiply-add",
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
            Self::Sse42 => detected.as_sse4_2().map(Level::Sse4_2),
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => detected.as_sse2().map(Level::Sse2),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => detected.as_neon().map(Level::Neon),
            Self::Scalar => detected.is_fallback().then_some(detected),
            _ => None,
        }
    }
}
