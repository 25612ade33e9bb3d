//! The most that a core can do: fused multiply-adds that depend on nothing but themselves, without memory access.

use std::hint::black_box;

use fearless_simd::{Simd, prelude::*};

use super::SimdLevel;
use crate::lanes::on_level;

/// Independent chains: two pipelines of four steps need 8, and AVX2 has 16 registers for them and two constants.
const CHAINS: usize = 12;
const ROUNDS: u64 = 100_000;

#[inline(always)]
fn multiply_add<S: Simd>(simd: S) {
    let vector = |value: f64| S::f64s::simd_from(simd, black_box(value));
    let (factor, summand) = (vector(0.9999), vector(0.001));
    let mut chains: [S::f64s; CHAINS] = std::array::from_fn(|_| vector(1.0));
    for _ in 0..ROUNDS {
        for chain in &mut chains {
            *chain = chain.mul_add_precise(factor, summand);
        }
    }
    black_box(chains);
}

#[inline(always)]
fn lanes<S: Simd>(_simd: S) -> u64 {
    S::f64s::LEN as u64
}

/// Floating-point operations of one call of [`run`].
#[must_use]
pub fn operations(level: SimdLevel) -> u64 {
    2 * CHAINS as u64 * ROUNDS * on_level!(level, true, simd => lanes(simd))
}

/// Multiplies and adds.
pub fn run(level: SimdLevel) {
    on_level!(level, true, simd => multiply_add(simd));
}
