//! The most that a core can do: fused multiply-adds that depend on nothing but themselves, without memory access.

use std::hint::black_box;

use fearless_simd::{Level, Simd, dispatch, prelude::*};

/// Independent chains, enough to fill the pipelines.
const CHAINS: usize = 16;
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

/// Floating-point operations of one call of [`run`] at the widest level of this processor.
#[must_use]
pub fn operations() -> u64 {
    2 * CHAINS as u64 * ROUNDS * dispatch!(Level::new(), simd => lanes(simd))
}

/// Multiplies and adds.
pub fn run() {
    dispatch!(Level::new(), simd => multiply_add(simd));
}
