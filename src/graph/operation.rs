//! The operations of the language, in one table: name, number of operands, and what each does over lanes.
//!
//! Truth is a number: a comparison gives 1 or 0, and what is not 0 is true, but NaN is false. A new function is one variant, one line
//! of [`TABLE`], one arm of [`apply`] and one of [`derivative`](super::Graph::derivative); the tests loop over the table.

use fearless_simd::{Simd, prelude::*};

use crate::lanes::{self, LaneMath, SimdLevel, on_level, splat};

/// An operation on up to three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the table says what each does")]
pub enum Operation {
    Neg,
    Abs,
    Sign,
    Sqrt,
    Cbrt,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Exp,
    Log,
    Log10,
    Floor,
    Round,
    Not,
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Min,
    Max,
    Atan2,
    Hypot,
    Mod,
    Less,
    LessEqual,
    Equal,
    And,
    Or,
    MulAdd,
    MulSub,
    NegMulAdd,
    Select,
    SinTurned,
    CosTurned,
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which.
    pub operation: Operation,
    /// How a model calls it as a function; `None` for what has a sign or a word of its own, or is no part of the language.
    pub call: Option<&'static str>,
    /// How many numbers it takes.
    pub operands: usize,
    /// What it gives.
    pub meaning: &'static str,
}

const fn sign(operation: Operation, operands: usize, meaning: &'static str) -> Entry {
    Entry { operation, call: None, operands, meaning }
}

const fn call(operation: Operation, name: &'static str, operands: usize, meaning: &'static str) -> Entry {
    Entry { operation, call: Some(name), operands, meaning }
}

/// Every operation, in the order of the enum.
pub const TABLE: &[Entry] = &[
    sign(Operation::Neg, 1, "−a"),
    call(Operation::Abs, "abs", 1, "|a|"),
    call(Operation::Sign, "sign", 1, "−1, 0 or 1"),
    call(Operation::Sqrt, "sqrt", 1, "√a"),
    call(Operation::Cbrt, "cbrt", 1, "cube root"),
    call(Operation::Sin, "sin", 1, "sine of an angle in rad"),
    call(Operation::Cos, "cos", 1, "cosine of an angle in rad"),
    call(Operation::Tan, "tan", 1, "tangent of an angle in rad"),
    call(Operation::Asin, "asin", 1, "angle in rad whose sine is a"),
    call(Operation::Acos, "acos", 1, "angle in rad whose cosine is a"),
    call(Operation::Atan, "atan", 1, "angle in rad whose tangent is a"),
    call(Operation::Sinh, "sinh", 1, "hyperbolic sine"),
    call(Operation::Cosh, "cosh", 1, "hyperbolic cosine"),
    call(Operation::Tanh, "tanh", 1, "hyperbolic tangent"),
    call(Operation::Exp, "exp", 1, "e to the power a"),
    call(Operation::Log, "log", 1, "natural logarithm"),
    call(Operation::Log10, "log10", 1, "logarithm to the base 10"),
    call(Operation::Floor, "floor", 1, "largest whole number that is not above a"),
    call(Operation::Round, "round", 1, "nearest whole number, the even one of two"),
    sign(Operation::Not, 1, "1 where a is 0 or NaN, else 0"),
    sign(Operation::Add, 2, "a + b"),
    sign(Operation::Sub, 2, "a − b"),
    sign(Operation::Mul, 2, "a·b"),
    sign(Operation::Div, 2, "a/b"),
    sign(Operation::Pow, 2, "a to the power b"),
    call(Operation::Min, "min", 2, "the smaller; a where one is NaN"),
    call(Operation::Max, "max", 2, "the larger; a where one is NaN"),
    call(Operation::Atan2, "atan2", 2, "angle in rad of the point (b, a)"),
    call(Operation::Hypot, "hypot", 2, "√(a² + b²)"),
    call(Operation::Mod, "mod", 2, "a − b·floor(a/b)"),
    sign(Operation::Less, 2, "1 where a < b, else 0"),
    sign(Operation::LessEqual, 2, "1 where a ≤ b, else 0"),
    sign(Operation::Equal, 2, "1 where a = b, else 0"),
    sign(Operation::And, 2, "1 where both are true, else 0"),
    sign(Operation::Or, 2, "1 where one is true, else 0"),
    sign(Operation::MulAdd, 3, "a·b + c, rounded once"),
    sign(Operation::MulSub, 3, "a·b − c, rounded once"),
    sign(Operation::NegMulAdd, 3, "c − a·b, rounded once"),
    sign(Operation::Select, 3, "b where a is true, else c"),
    sign(
        Operation::SinTurned,
        3,
        "sine of an angle turned by c, from the sine a and the cosine b that it had",
    ),
    sign(Operation::CosTurned, 3, "cosine of the same"),
];

impl Operation {
    /// Its line of the table.
    #[must_use]
    pub fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// How many numbers it takes.
    #[must_use]
    pub fn operands(self) -> usize {
        self.entry().operands
    }

    /// Floating-point operations that it takes: two of a fused multiply-add, one of another operation of arithmetic or a root, none of
    /// what compares, chooses or turns a sign; of a function those of its polynomials and reductions. Sine and cosine of one angle share
    /// theirs.
    #[must_use]
    pub fn flops(self) -> u32 {
        use Operation::{
            Abs, And, Equal, Floor, Less, LessEqual, Max, Min, Neg, Not, Or, Round, Select, Sign,
        };
        use Operation::{Add, Cos, CosTurned, Div, Exp, Hypot, Mod, Mul, MulAdd, MulSub, NegMulAdd, Sin};
        use Operation::{SinTurned, Sqrt, Sub, Tanh};
        match self {
            Neg | Abs | Sign | Floor | Round | Not | Min | Max | Less | LessEqual | Equal | And | Or
            | Select => 0,
            Add | Sub | Mul | Div | Sqrt => 1,
            MulAdd | MulSub | NegMulAdd => 2,
            Mod => 3,
            Hypot => 4,
            SinTurned | CosTurned => 12,
            Sin | Cos => 19,
            Exp => 37,
            Tanh => 44,
            _ => 50,
        }
    }

    /// Whether `a` and `b` may change places.
    #[must_use]
    pub fn commutes(self) -> bool {
        use Operation::{Add, And, Equal, Hypot, Mul, MulAdd, MulSub, NegMulAdd, Or};
        matches!(self, Add | Mul | Hypot | Equal | And | Or | MulAdd | MulSub | NegMulAdd)
    }

    /// What it gives for numbers; the bits are those of every lane. Operands beyond its own are not looked at.
    #[must_use]
    pub fn of(self, [a, b, c]: [f64; 3]) -> f64 {
        let mut room = [a, b, c, 0.0];
        apply_all(&[(self, [0, 1, 2])], &mut room, 3);
        room[3]
    }
}

/// What operations on single numbers give, one after the other: each takes its operands from their places in `room`, and its result
/// stands in the next place from `first` on. The bits are those of every lane.
///
/// # Panics
///
/// When a place is not in `room`.
pub fn apply_all(steps: &[(Operation, [u32; 3])], room: &mut [f64], first: usize) {
    on_level!(SimdLevel::widest(), true, simd => {
        // Written out: `array::map` is not inlined here.
        for (step, (operation, [a, b, c])) in steps.iter().enumerate() {
            let [a, b, c] = [room[*a as usize], room[*b as usize], room[*c as usize]];
            let operands = [splat(simd, a), splat(simd, b), splat(simd, c)];
            room[first + step] = apply(simd, *operation, operands)[0];
        }
    });
}

/// What an operation gives in every lane.
#[inline(always)]
pub fn apply<S: Simd>(simd: S, operation: Operation, [a, b, c]: [S::f64s; 3]) -> S::f64s {
    match operation {
        Operation::Cbrt => lanes::cbrt(simd, a),
        Operation::Sin => lanes::sin_cos(simd, a).0,
        Operation::Cos => lanes::sin_cos(simd, a).1,
        Operation::Tan => lanes::tan(simd, a),
        Operation::Asin => lanes::asin(simd, a),
        Operation::Acos => lanes::acos(simd, a),
        Operation::Atan => lanes::atan(simd, a),
        Operation::Sinh => lanes::sinh(simd, a),
        Operation::Cosh => lanes::cosh(simd, a),
        Operation::Tanh => lanes::tanh(simd, a),
        Operation::Exp => lanes::exp(simd, a),
        Operation::Log => lanes::log(simd, a),
        Operation::Log10 => lanes::log10(simd, a),
        Operation::Pow => lanes::pow(simd, a, b),
        Operation::Atan2 => lanes::atan2(simd, a, b),
        Operation::SinTurned => lanes::turned(simd, (a, b), c).0,
        Operation::CosTurned => lanes::turned(simd, (a, b), c).1,
        _ => arithmetic(simd, operation, [a, b, c]),
    }
}

/// What an operation of a few machine instructions gives in every lane; by itself, so that what is compiled for each of them does not
/// carry the longer ones along.
///
/// # Panics
///
/// For other operations.
#[inline(always)]
pub(crate) fn arithmetic<S: Simd>(simd: S, operation: Operation, [a, b, c]: [S::f64s; 3]) -> S::f64s {
    let zero = splat(simd, 0.0);
    let one = splat(simd, 1.0);
    let is_true = |x: S::f64s| x.abs().simd_gt(zero);
    match operation {
        Operation::Neg => -a,
        Operation::Abs => a.abs(),
        Operation::Sign => {
            let positive = a.simd_gt(zero).select(one, a * zero);
            a.simd_lt(zero).select(-one, positive)
        }
        Operation::Sqrt => a.sqrt(),
        Operation::Floor => a.floor(),
        Operation::Round => a.round_ties_even(),
        Operation::Not => is_true(a).select(zero, one),
        Operation::Add => a + b,
        Operation::Sub => a - b,
        Operation::Mul => a * b,
        Operation::Div => a / b,
        Operation::Min => b.simd_lt(a).select(b, a),
        Operation::Max => b.simd_gt(a).select(b, a),
        Operation::Hypot => a.fma(a, b * b).sqrt(),
        Operation::Mod => b.fnma((a / b).floor(), a),
        Operation::Less => a.simd_lt(b).select(one, zero),
        Operation::LessEqual => a.simd_le(b).select(one, zero),
        Operation::Equal => a.simd_eq(b).select(one, zero),
        Operation::And => (is_true(a) & is_true(b)).select(one, zero),
        Operation::Or => (is_true(a) | is_true(b)).select(one, zero),
        Operation::MulAdd => a.fma(b, c),
        Operation::MulSub => a.fms(b, c),
        Operation::NegMulAdd => a.fnma(b, c),
        Operation::Select => is_true(a).select(b, c),
        other => unreachable!("{other:?} takes more than a few instructions"),
    }
}
