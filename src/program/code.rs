//! The table of codes: which operations an instruction can do at once.
//!
//! An instruction does an operation, and another one with its result, where nothing else needs that: it saves a store, a load and the
//! decoding. Operands that are the same number in all lanes are held once, and taken from there by codes that say so.
//!
//! `MulThenNegMulAdd2U0` multiplies, takes the product as the operand 2 of a `NegMulAdd`, and its operand 0 is uniform. The table is what
//! the shipped plants and laws use; every line is compiled once a SIMD level and number of slots, which is what takes the compiler
//! longest in this crate, and what has no line is done by two.

use crate::graph::Operation;

/// Hands the table to the macro `$make`. A line is the name of a code, its first operation, the second one with the place at which it
/// takes the result of the first, and which operands are uniform, a bit each: those of the first operation, then the others of the second.
macro_rules! codes {
    ($make:ident!($($argument:tt)*)) => { $make! { $($argument)*;
        Neg = Neg, 0b0;
        Abs = Abs, 0b0;
        Sqrt = Sqrt, 0b0;
        Add = Add, 0b00;
        AddU0 = Add, 0b01;
        Sub = Sub, 0b00;
        SubU0 = Sub, 0b01;
        SubU1 = Sub, 0b10;
        Mul = Mul, 0b00;
        MulU0 = Mul, 0b01;
        Div = Div, 0b00;
        DivU0 = Div, 0b01;
        Min = Min, 0b00;
        MinU1 = Min, 0b10;
        Max = Max, 0b00;
        MaxU1 = Max, 0b10;
        Less = Less, 0b00;
        LessU0 = Less, 0b01;
        LessU1 = Less, 0b10;
        LessEqual = LessEqual, 0b00;
        LessEqualU0 = LessEqual, 0b01;
        LessEqualU1 = LessEqual, 0b10;
        Equal = Equal, 0b00;
        And = And, 0b00;
        Or = Or, 0b00;
        Not = Not, 0b0;
        MulAdd = MulAdd, 0b000;
        MulAddU0 = MulAdd, 0b001;
        MulAddU2 = MulAdd, 0b100;
        MulSub = MulSub, 0b000;
        NegMulAdd = NegMulAdd, 0b000;
        NegMulAddU0 = NegMulAdd, 0b001;
        NegMulAddU2 = NegMulAdd, 0b100;
        Select = Select, 0b000;
        SelectU1 = Select, 0b010;
        SelectU2 = Select, 0b100;
        MulThenMul0 = Mul, Mul 0, 0b000;
        MulThenMulAdd0 = Mul, MulAdd 0, 0b0000;
        MulThenMulAdd0U2 = Mul, MulAdd 0, 0b0100;
        MulThenMulAdd2 = Mul, MulAdd 2, 0b0000;
        MulThenNegMulAdd0 = Mul, NegMulAdd 0, 0b0000;
        MulThenNegMulAdd2 = Mul, NegMulAdd 2, 0b0000;
        MulThenMulAdd0U0 = Mul, MulAdd 0, 0b0001;
        MulThenMulAdd2U0 = Mul, MulAdd 2, 0b0001;
        MulThenMulAdd2U02 = Mul, MulAdd 2, 0b0101;
        MulThenNegMulAdd2U0 = Mul, NegMulAdd 2, 0b0001;
        MulThenNegMulAdd2U02 = Mul, NegMulAdd 2, 0b0101;
        AddThenMul0 = Add, Mul 0, 0b000;
        AddThenAdd0 = Add, Add 0, 0b000;
        AddThenMulAdd0U2 = Add, MulAdd 0, 0b0100;
        SubThenMul0 = Sub, Mul 0, 0b000;
        SubThenMul0U2 = Sub, Mul 0, 0b100;
        SubThenMulAdd0 = Sub, MulAdd 0, 0b0000;
        MulAddThenMul0 = MulAdd, Mul 0, 0b0000;
        MulAddThenAdd0 = MulAdd, Add 0, 0b0000;
        MulAddThenSub1 = MulAdd, Sub 1, 0b0000;
        MulAddThenMulAdd0 = MulAdd, MulAdd 0, 0b00000;
        MulAddThenMulAdd0U3 = MulAdd, MulAdd 0, 0b01000;
        MulAddThenMulAdd2 = MulAdd, MulAdd 2, 0b00000;
        MulAddThenNegMulAdd2 = MulAdd, NegMulAdd 2, 0b00000;
        MulAddThenAdd0U0 = MulAdd, Add 0, 0b0001;
        MulAddThenMulAdd0U03 = MulAdd, MulAdd 0, 0b01001;
        MulAddThenMulAdd2U0 = MulAdd, MulAdd 2, 0b00001;
        MulAddThenMulAdd2U03 = MulAdd, MulAdd 2, 0b01001;
        NegMulAddThenMul0 = NegMulAdd, Mul 0, 0b0000;
        NegMulAddThenAdd0 = NegMulAdd, Add 0, 0b0000;
        NegMulAddThenSub0 = NegMulAdd, Sub 0, 0b0000;
        NegMulAddThenMulAdd0 = NegMulAdd, MulAdd 0, 0b00000;
        NegMulAddThenNegMulAdd2 = NegMulAdd, NegMulAdd 2, 0b00000;
        NegMulAddThenNegMulAdd2U3 = NegMulAdd, NegMulAdd 2, 0b01000;
        NegMulAddThenMul0U03 = NegMulAdd, Mul 0, 0b1001;
        NegMulAddThenNegMulAdd2U03 = NegMulAdd, NegMulAdd 2, 0b01001;
        AbsThenAdd0 = Abs, Add 0, 0b00;
        LessThenSelect0 = Less, Select 0, 0b0000;
        LessThenSelect0U03 = Less, Select 0, 0b1001;
        LessThenOr0 = Less, Or 0, 0b000;
        LessThenOr0U0 = Less, Or 0, 0b001;
        LessThenOr0U1 = Less, Or 0, 0b010;
        LessEqualThenNot0U1 = LessEqual, Not 0, 0b10;
        MinThenMax0 = Min, Max 0, 0b000;
        MinThenMax0U12 = Min, Max 0, 0b110;
    } };
}
pub(super) use codes;

/// What a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) first: Operation,
    pub(crate) then: Option<(Operation, usize)>,
    pub(crate) uniform: u8,
}

macro_rules! define {
    (; $($name:ident = $first:ident $(, $then:ident $place:literal)? , $uniform:literal;)+) => {
        /// What an instruction does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the table says what each does")]
        pub enum Code {
            /// Sine and cosine of the same angle.
            SinCos,
            /// Sine and cosine of an angle that is turned, from what they were.
            Turn,
            /// The same, turned by the product of a slot and a uniform number.
            TurnBy,
            /// Two unknowns of two linear equations.
            Solve,
            /// The same with the right sides negated.
            SolveNegated,
            /// The sums and differences of products of two pairs, as those of an angle between two others.
            Cross,
            /// The same, both multiplied by a uniform number.
            CrossBy,
            /// A product with a uniform number, and that with another one.
            Scale,
            /// A product with a uniform number added to a slot, and the square of the sum.
            Square,
            /// A copy.
            Move,
            /// A copy of what is the same in all lanes.
            Spread,
            /// An operation that has no code of its own.
            Elsewhere,
            /// A call of a library's function: the place of the first operand is that of the call in the step.
            Call,
            $($name,)+
        }

        const TABLE: &[(Code, Shape)] = &[
            $((Code::$name, shape!($first $(, $then $place)?, $uniform)),)+
        ];

        impl Code {
            /// What it stands for, if it has a line of the table.
            pub(crate) fn shape(self) -> Option<Shape> {
                TABLE.iter().find(|(code, _)| *code == self).map(|(_, shape)| *shape)
            }
        }
    };
}

/// A line of the table as a value.
macro_rules! shape {
    ($first:ident, $uniform:literal) => {
        Shape { first: Operation::$first, then: None, uniform: $uniform }
    };
    ($first:ident, $then:ident $place:literal, $uniform:literal) => {
        Shape { first: Operation::$first, then: Some((Operation::$then, $place)), uniform: $uniform }
    };
}
pub(super) use shape;

codes!(define!());

/// Most operands of an instruction.
pub(super) const OPERANDS: usize = 6;

/// The code that does these operations and takes as many as can be of the operands that are `constant` from the uniform ones; with the
/// order in which it takes the operands, and which of them are uniform.
pub(super) fn code(
    first: Operation,
    then: Option<(Operation, usize)>,
    constant: [bool; OPERANDS],
) -> Option<(Code, [usize; OPERANDS], u8)> {
    let count = first.operands();
    let then = then.map(|(then, place)| (then, if then.commutes() && place == 1 { 0 } else { place }));
    let all = count + then.map_or(0, |(then, _)| then.operands() - 1);
    // The others of a second operation that commute are its factors, when it takes the result as its last operand.
    let swaps_first = first.commutes();
    let swaps_second =
        then.is_some_and(|(then, place)| then.commutes() && then.operands() == 3 && place == 2);
    let mut best: Option<(Code, [usize; OPERANDS], u8)> = None;
    for (code, shape) in TABLE.iter().filter(|(_, shape)| shape.first == first && shape.then == then) {
        for swap in 0..4 {
            if (swap & 1 == 1 && !swaps_first) || (swap & 2 == 2 && !swaps_second) {
                continue;
            }
            let mut order = [0, 1, 2, 3, 4, 5];
            if swap & 1 == 1 {
                order.swap(0, 1);
            }
            if swap & 2 == 2 {
                order.swap(count, count + 1);
            }
            let fits = (0..all).all(|place| shape.uniform >> place & 1 == 0 || constant[order[place]]);
            let is_better = |(.., uniform): &(Code, [usize; OPERANDS], u8)| {
                shape.uniform.count_ones() > uniform.count_ones()
            };
            if fits && best.as_ref().is_none_or(is_better) {
                best = Some((*code, order, shape.uniform));
            }
        }
    }
    best
}
