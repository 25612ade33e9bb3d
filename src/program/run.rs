//! Runs the instructions of a step over a block of lanes.
//!
//! A block is `K` native vectors a slot, so that decoding an instruction costs little beside its work. Slot numbers are bytes into an array of
//! `N` slots, a power of two: a mask keeps them inside, so that no bound is checked and none can be exceeded. What is the same in all
//! lanes is held once, beside the slots.

use fearless_simd::{Simd, prelude::*};

use super::code::{Shape, codes, shape};
use super::{CallSite, Code, Instruction, Place, Step};
use crate::graph::{Operation, apply, arithmetic};
use crate::lanes::{LaneMath, sin_cos, splat, turned};

/// Most slots of a program.
pub const SLOTS_MAX: usize = 256;

/// Most numbers that are held once for all lanes.
pub const UNIFORMS_MAX: usize = 64;

/// The slots of a block of lanes.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Block<V, const K: usize, const N: usize> {
    slots: [[V; K]; N],
    uniforms: [f64; UNIFORMS_MAX],
}

impl<V: Copy, const K: usize, const N: usize> Block<V, K, N> {
    /// All lanes of all slots 0.
    #[inline(always)]
    pub fn empty<S: Simd<f64s = V>>(simd: S) -> Self
    where
        V: SimdFloat<S, Element = f64>,
    {
        Self { slots: [[splat::<S>(simd, 0.0); K]; N], uniforms: [0.0; UNIFORMS_MAX] }
    }

    /// Puts constants into their places.
    #[inline(always)]
    pub fn fill<S: Simd<f64s = V>>(&mut self, simd: S, constants: &[(Place, f64)])
    where
        V: SimdFloat<S, Element = f64>,
    {
        for (place, value) in constants {
            match place {
                Place::Slot(slot) => *self.at_mut(usize::from(*slot)) = [splat::<S>(simd, *value); K],
                Place::Uniform(place) => self.uniforms[usize::from(*place) % UNIFORMS_MAX] = *value,
            }
        }
    }

    /// The number of a slot in a lane.
    pub fn get<S: Simd<f64s = V>>(&self, slot: usize, lane: usize) -> f64
    where
        V: SimdFloat<S, Element = f64>,
    {
        self.slots[slot][lane / V::LEN].as_slice()[lane % V::LEN]
    }

    /// Sets the number of a slot in a lane.
    pub fn set<S: Simd<f64s = V>>(&mut self, slot: usize, lane: usize, value: f64)
    where
        V: SimdFloat<S, Element = f64>,
    {
        self.slots[slot][lane / V::LEN].as_mut_slice()[lane % V::LEN] = value;
    }

    /// All vectors, slot after slot.
    #[inline(always)]
    pub(crate) fn vectors_mut(&mut self) -> &mut [V] {
        self.slots.as_flattened_mut()
    }

    #[inline(always)]
    fn at(&self, slot: usize) -> &[V; K] {
        &self.slots[slot & (N - 1)]
    }

    #[inline(always)]
    fn at_mut(&mut self, slot: usize) -> &mut [V; K] {
        &mut self.slots[slot & (N - 1)]
    }

    #[inline(always)]
    fn uniform(&self, place: usize) -> f64 {
        self.uniforms[place % UNIFORMS_MAX]
    }

    /// The lanes in which a slot is true, a bit a lane.
    #[inline(always)]
    pub fn mask<S: Simd<f64s = V>>(&self, simd: S, slot: u8) -> u64
    where
        V: SimdFloat<S, Element = f64, Mask = S::mask64s>,
    {
        let zero = splat::<S>(simd, 0.0);
        let mut mask = 0;
        for (k, vector) in self.at(usize::from(slot)).iter().enumerate() {
            mask |= vector.abs().simd_gt(zero).to_bitmask() << (k * V::LEN);
        }
        mask
    }
}

/// Writes out an arm for each line of the table, so that each is compiled for itself.
macro_rules! arms {
    ($simd:ident, $instruction:ident, $block:ident, $calls:ident;
     $($name:ident = $first:ident $(, $then:ident $place:literal)? , $uniform:literal;)+) => {
        match $instruction.code {
            $(Code::$name => if S::f64s::LEN > NARROW {
                each($simd, const { shape!($first $(, $then $place)?, $uniform) }, $instruction, $block);
            } else {
                anyhow($simd, const { shape!($first $(, $then $place)?, $uniform) }, $instruction, $block);
            },)+
            Code::SinCos => sines($simd, $instruction, $block),
            Code::Turn => turn::<S, false, K, N>($simd, $instruction, $block),
            Code::TurnBy => turn::<S, true, K, N>($simd, $instruction, $block),
            Code::Solve => solve::<S, false, K, N>($simd, $instruction, $block),
            Code::SolveNegated => solve::<S, true, K, N>($simd, $instruction, $block),
            Code::Cross => cross::<S, false, K, N>($simd, $instruction, $block),
            Code::CrossBy => cross::<S, true, K, N>($simd, $instruction, $block),
            Code::Scale => scale($simd, $instruction, $block),
            Code::Square => square($simd, $instruction, $block),
            Code::Move => *$block.at_mut($instruction.out(0)) = *$block.at($instruction.of(0)),
            Code::Spread => {
                let value = splat::<S>($simd, $block.uniform($instruction.of(0)));
                *$block.at_mut($instruction.out(0)) = [value; K];
            }
            Code::Elsewhere => elsewhere($simd, $instruction, $block),
            Code::Call => call(&$calls[$instruction.of(0)], $block),
        }
    };
}

/// One step of all lanes.
#[inline(always)]
pub(crate) fn step<S: Simd, const K: usize, const N: usize>(
    simd: S,
    Step { instructions, calls, .. }: &Step,
    block: &mut Block<S::f64s, K, N>,
) {
    for instruction in instructions {
        codes!(arms!(simd, instruction, block, calls));
    }
}

/// Vectors of so many lanes are those of processors without fused multiply-add, which is emulated there: no code of their own for each line
/// of the table, which would take longer to compile than all others together.
const NARROW: usize = 2;

/// [`each`], compiled once for all shapes.
#[inline(never)]
fn anyhow<S: Simd, const K: usize, const N: usize>(
    simd: S,
    shape: Shape,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    simd.vectorize(
        #[inline(always)]
        || each(simd, shape, instruction, block),
    );
}

/// What the operations of a shape give for each vector of the operands.
#[inline(always)]
fn each<S: Simd, const K: usize, const N: usize>(
    simd: S,
    Shape { first, then, uniform }: Shape,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    let (of, out) = instruction.places();
    let zero = splat(simd, 0.0);
    let count = first.operands();
    let all = count + then.map_or(0, |(then, _)| then.operands() - 1);
    let is_uniform = |place: usize| uniform >> place & 1 == 1;
    let spread = |place: usize| {
        if is_uniform(place) { splat(simd, block.uniform(of[place])) } else { zero }
    };
    let spread = [spread(0), spread(1), spread(2), spread(3), spread(4)];
    for k in 0..K {
        let read = |place: usize| {
            if is_uniform(place) {
                spread[place]
            } else if place < all {
                block.at(of[place])[k]
            } else {
                zero
            }
        };
        let value = arithmetic(simd, first, [read(0), read(1 % count), read(2 % count)]);
        let value = match then {
            None => value,
            Some((then, place)) => {
                let others = [read(count % 5), read((count + 1) % 5)];
                let operands = match place {
                    0 => [value, others[0], others[1]],
                    1 => [others[0], value, others[1]],
                    _ => [others[0], others[1], value],
                };
                arithmetic(simd, then, operands)
            }
        };
        block.at_mut(out[0])[k] = value;
    }
}

/// A library's function on whole slots.
#[inline(never)]
fn call<V: Copy, const K: usize, const N: usize>(
    CallSite { function, slots }: &CallSite,
    block: &mut Block<V, K, N>,
) {
    function.call(block.slots.as_flattened_mut(), K, slots);
}

/// The longer operations, compiled once and not in every loop: a call costs nothing beside them.
#[inline(never)]
fn elsewhere<S: Simd, const K: usize, const N: usize>(
    simd: S,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (of, out) = instruction.places();
            let operation = instruction.operation;
            for k in 0..K {
                let operands = [block.at(of[0])[k], block.at(of[1])[k], block.at(of[2])[k]];
                block.at_mut(out[0])[k] = apply(simd, operation, operands);
            }
        },
    );
}

/// Sines and cosines of angles.
#[inline(never)]
fn sines<S: Simd, const K: usize, const N: usize>(
    simd: S,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (of, out) = instruction.places();
            for k in 0..K {
                let (sin, cos) = sin_cos(simd, block.at(of[0])[k]);
                block.at_mut(out[0])[k] = sin;
                block.at_mut(out[1])[k] = cos;
            }
        },
    );
}

/// Sines and cosines of angles that are turned.
#[inline(never)]
fn turn<S: Simd, const BY: bool, const K: usize, const N: usize>(
    simd: S,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (of, out) = instruction.places();
            let factor = splat(simd, if BY { block.uniform(of[3]) } else { 1.0 });
            for k in 0..K {
                let by = block.at(of[2])[k];
                let by = if BY { factor * by } else { by };
                let (sin, cos) = turned(simd, (block.at(of[0])[k], block.at(of[1])[k]), by);
                block.at_mut(out[0])[k] = sin;
                block.at_mut(out[1])[k] = cos;
            }
        },
    );
}

/// x and y of a·x + b·y = e, c·x + d·y = f, or of −e and −f.
#[inline(always)]
fn solve<S: Simd, const NEGATED: bool, const K: usize, const N: usize>(
    simd: S,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    let (of, out) = instruction.places();
    let one = splat(simd, 1.0);
    for k in 0..K {
        let [a, b, c] = [block.at(of[0])[k], block.at(of[1])[k], block.at(of[2])[k]];
        let [d, e, f] = [block.at(of[3])[k], block.at(of[4])[k], block.at(of[5])[k]];
        let inverse = one / b.fnma(c, a * d);
        let (x, y) =
            if NEGATED { (e.fnma(d, b * f), a.fnma(f, e * c)) } else { (b.fnma(f, e * d), e.fnma(c, a * f)) };
        block.at_mut(out[0])[k] = x * inverse;
        block.at_mut(out[1])[k] = y * inverse;
    }
}

/// a·b + c·d and a·d − c·b.
#[inline(always)]
fn cross<S: Simd, const BY: bool, const K: usize, const N: usize>(
    simd: S,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    let (of, out) = instruction.places();
    let factor = splat(simd, if BY { block.uniform(of[4]) } else { 1.0 });
    for k in 0..K {
        let [a, b] = [block.at(of[0])[k], block.at(of[1])[k]];
        let [c, d] = [block.at(of[2])[k], block.at(of[3])[k]];
        let (sum, difference) = (c.fma(d, a * b), c.fnma(b, a * d));
        block.at_mut(out[0])[k] = if BY { factor * sum } else { sum };
        block.at_mut(out[1])[k] = if BY { factor * difference } else { difference };
    }
}

/// p·a and q·(p·a) for uniform p and q.
#[inline(always)]
fn scale<S: Simd, const K: usize, const N: usize>(
    simd: S,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    let (of, out) = instruction.places();
    let (p, q) = (splat(simd, block.uniform(of[1])), splat(simd, block.uniform(of[2])));
    for k in 0..K {
        let product = p * block.at(of[0])[k];
        block.at_mut(out[0])[k] = product;
        block.at_mut(out[1])[k] = q * product;
    }
}

/// p·a + b and (p·a + b)² for uniform p.
#[inline(always)]
fn square<S: Simd, const K: usize, const N: usize>(
    simd: S,
    instruction: &Instruction,
    block: &mut Block<S::f64s, K, N>,
) {
    let (of, out) = instruction.places();
    let p = splat(simd, block.uniform(of[2]));
    for k in 0..K {
        let sum = p.fma(block.at(of[0])[k], block.at(of[1])[k]);
        block.at_mut(out[0])[k] = sum;
        block.at_mut(out[1])[k] = sum * sum;
    }
}
