//! Runs the instructions of a step over a block of lanes.
//!
//! A block is `K` native vectors a slot, so that decoding an instruction costs little beside its work. Slot numbers are bytes into an array of
//! `N` slots, a power of two: a mask keeps them inside, so that no bound is checked and none can be exceeded.

use fearless_simd::{Simd, prelude::*};

use super::{Code, Instruction};
use crate::graph::{Operation, apply};
use crate::lanes::{sin_cos, splat};

/// Most slots of a program.
pub const SLOTS_MAX: usize = 256;

/// The slots of a block of lanes.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Block<V, const K: usize, const N: usize>([[V; K]; N]);

impl<V: Copy, const K: usize, const N: usize> Block<V, K, N> {
    /// All lanes of all slots 0.
    #[inline(always)]
    pub fn empty<S: Simd<f64s = V>>(simd: S) -> Self
    where
        V: SimdFloat<S, Element = f64>,
    {
        Self([[splat::<S>(simd, 0.0); K]; N])
    }

    /// Puts constants into all lanes of their slots.
    #[inline(always)]
    pub fn fill<S: Simd<f64s = V>>(&mut self, simd: S, constants: &[(u8, f64)])
    where
        V: SimdFloat<S, Element = f64>,
    {
        for (slot, value) in constants {
            self.0[usize::from(*slot)] = [splat::<S>(simd, *value); K];
        }
    }

    /// The number of a slot in a lane.
    pub fn get<S: Simd<f64s = V>>(&self, slot: usize, lane: usize) -> f64
    where
        V: SimdFloat<S, Element = f64>,
    {
        self.0[slot][lane / V::LEN].as_slice()[lane % V::LEN]
    }

    /// Sets the number of a slot in a lane.
    pub fn set<S: Simd<f64s = V>>(&mut self, slot: usize, lane: usize, value: f64)
    where
        V: SimdFloat<S, Element = f64>,
    {
        self.0[slot][lane / V::LEN].as_mut_slice()[lane % V::LEN] = value;
    }

    #[inline(always)]
    fn at(&self, slot: u8) -> &[V; K] {
        &self.0[usize::from(slot) & (N - 1)]
    }

    #[inline(always)]
    fn at_mut(&mut self, slot: u8) -> &mut [V; K] {
        &mut self.0[usize::from(slot) & (N - 1)]
    }

    /// The lanes in which a slot is true, a bit a lane.
    #[inline(always)]
    pub fn mask<S: Simd<f64s = V>>(&self, simd: S, slot: u8) -> u64
    where
        V: SimdFloat<S, Element = f64, Mask = S::mask64s>,
    {
        let zero = splat::<S>(simd, 0.0);
        let mut mask = 0;
        for (k, vector) in self.at(slot).iter().enumerate() {
            mask |= vector.abs().simd_gt(zero).to_bitmask() << (k * V::LEN);
        }
        mask
    }
}

/// One step of all lanes.
#[inline(always)]
pub(crate) fn step<S: Simd, const K: usize, const N: usize>(
    simd: S,
    instructions: &[Instruction],
    block: &mut Block<S::f64s, K, N>,
) {
    for instruction in instructions {
        match instruction.code {
            Code::SinCos => {
                let angles = *block.at(instruction.of[0]);
                let [mut sines, mut cosines] = [angles; 2];
                turn(simd, &angles, &mut sines, &mut cosines);
                *block.at_mut(instruction.out[0]) = sines;
                *block.at_mut(instruction.out[1]) = cosines;
            }
            Code::Move => *block.at_mut(instruction.out[0]) = *block.at(instruction.of[0]),
            Code::Apply(operation) => operate(simd, operation, *instruction, block),
        }
    }
}

/// Writes out the arms of the operations that are done in place, so that each is compiled for itself.
macro_rules! arms {
    ($simd:ident, $operation:ident, $instruction:ident, $block:ident; $($name:ident)+) => {
        match $operation {
            $(Operation::$name => each($simd, $instruction, $block, #[inline(always)] |operands| {
                apply($simd, Operation::$name, operands)
            }),)+
            other => {
                let operands = $instruction.of.map(|slot| *$block.at(slot));
                let mut results = operands[0];
                elsewhere($simd, other, [&operands[0], &operands[1], &operands[2]], &mut results);
                *$block.at_mut($instruction.out[0]) = results;
            }
        }
    };
}

#[inline(always)]
fn operate<S: Simd, const K: usize, const N: usize>(
    simd: S,
    operation: Operation,
    instruction: Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    arms!(simd, operation, instruction, block;
        Neg Abs Sqrt Add Sub Mul Div Min Max Less LessEqual Equal And Or Not MulAdd MulSub NegMulAdd Select);
}

/// What `of` gives for each vector of the operands.
#[inline(always)]
fn each<S: Simd, const K: usize, const N: usize>(
    _simd: S,
    Instruction { out, of, .. }: Instruction,
    block: &mut Block<S::f64s, K, N>,
    make: impl Fn([S::f64s; 3]) -> S::f64s,
) {
    for k in 0..K {
        let value = make([block.at(of[0])[k], block.at(of[1])[k], block.at(of[2])[k]]);
        block.at_mut(out[0])[k] = value;
    }
}

/// The longer operations, compiled once a level and not in every loop: a call costs nothing beside them.
#[inline(never)]
fn elsewhere<S: Simd>(simd: S, operation: Operation, [a, b, c]: [&[S::f64s]; 3], results: &mut [S::f64s]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (k, result) in results.iter_mut().enumerate() {
                *result = apply(simd, operation, [a[k], b[k], c[k]]);
            }
        },
    );
}

/// Sines and cosines of angles.
#[inline(never)]
fn turn<S: Simd>(simd: S, angles: &[S::f64s], sines: &mut [S::f64s], cosines: &mut [S::f64s]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for ((angle, sin), cos) in angles.iter().zip(sines).zip(cosines) {
                (*sin, *cos) = sin_cos(simd, *angle);
            }
        },
    );
}
