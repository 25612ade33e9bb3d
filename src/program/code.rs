//! The table of codes: which operations an instruction can do at once.
//!
//! An instruction does an operation, and another one with its result, where nothing else needs that: it saves a store, a load and the
//! decoding. Operands that are the same number in all lanes are held once, and taken from there by codes that say so.

use crate::graph::Operation;

/// Hands the table to the macro `$make`: the name of a code, its first operation, the second one with the place at which it takes the
/// result of the first, and which operands are uniform, a bit each: those of the first operation, then the others of the second.
macro_rules! codes {
    ($make:ident!($($argument:tt)*)) => { $make! { $($argument)*;
    Neg = Neg, 0b00000;
    Abs = Abs, 0b00000;
    Sqrt = Sqrt, 0b00000;
    Add = Add, 0b00000;
    Sub = Sub, 0b00000;
    Mul = Mul, 0b00000;
    Div = Div, 0b00000;
    Min = Min, 0b00000;
    Max = Max, 0b00000;
    Less = Less, 0b00000;
    LessEqual = LessEqual, 0b00000;
    Equal = Equal, 0b00000;
    And = And, 0b00000;
    Or = Or, 0b00000;
    Not = Not, 0b00000;
    MulAdd = MulAdd, 0b00000;
    MulSub = MulSub, 0b00000;
    NegMulAdd = NegMulAdd, 0b00000;
    Select = Select, 0b00000;
    MulU0 = Mul, 0b00001;
    AddU0 = Add, 0b00001;
    SubU0 = Sub, 0b00001;
    SubU1 = Sub, 0b00010;
    MulAddU0 = MulAdd, 0b00001;
    MulAddU2 = MulAdd, 0b00100;
    NegMulAddU0 = NegMulAdd, 0b00001;
    NegMulAddU2 = NegMulAdd, 0b00100;
    LessU0 = Less, 0b00001;
    LessU1 = Less, 0b00010;
    DivU0 = Div, 0b00001;
    MinU1 = Min, 0b00010;
    MaxU1 = Max, 0b00010;
    LessEqualU1 = LessEqual, 0b00010;
    SelectU1 = Select, 0b00010;
    SelectU2 = Select, 0b00100;
    MulThenMul0 = Mul, Mul 0, 0b00000;
    MulThenMul0U2 = Mul, Mul 0, 0b00100;
    MulThenMul0U0 = Mul, Mul 0, 0b00001;
    MulThenMul0U02 = Mul, Mul 0, 0b00101;
    MulThenAdd0 = Mul, Add 0, 0b00000;
    MulThenAdd0U0 = Mul, Add 0, 0b00001;
    MulThenSub0 = Mul, Sub 0, 0b00000;
    MulThenSub0U0 = Mul, Sub 0, 0b00001;
    MulThenSub1 = Mul, Sub 1, 0b00000;
    MulThenSub1U0 = Mul, Sub 1, 0b00001;
    MulThenMulAdd0 = Mul, MulAdd 0, 0b00000;
    MulThenMulAdd0U2 = Mul, MulAdd 0, 0b00100;
    MulThenMulAdd0U0 = Mul, MulAdd 0, 0b00001;
    MulThenMulAdd0U02 = Mul, MulAdd 0, 0b00101;
    MulThenMulAdd2 = Mul, MulAdd 2, 0b00000;
    MulThenMulAdd2U2 = Mul, MulAdd 2, 0b00100;
    MulThenMulAdd2U0 = Mul, MulAdd 2, 0b00001;
    MulThenMulAdd2U02 = Mul, MulAdd 2, 0b00101;
    MulThenNegMulAdd0 = Mul, NegMulAdd 0, 0b00000;
    MulThenNegMulAdd0U2 = Mul, NegMulAdd 0, 0b00100;
    MulThenNegMulAdd0U0 = Mul, NegMulAdd 0, 0b00001;
    MulThenNegMulAdd0U02 = Mul, NegMulAdd 0, 0b00101;
    MulThenNegMulAdd2 = Mul, NegMulAdd 2, 0b00000;
    MulThenNegMulAdd2U2 = Mul, NegMulAdd 2, 0b00100;
    MulThenNegMulAdd2U0 = Mul, NegMulAdd 2, 0b00001;
    MulThenNegMulAdd2U02 = Mul, NegMulAdd 2, 0b00101;
    AddThenMul0 = Add, Mul 0, 0b00000;
    AddThenMul0U2 = Add, Mul 0, 0b00100;
    AddThenAdd0 = Add, Add 0, 0b00000;
    AddThenSub0 = Add, Sub 0, 0b00000;
    AddThenSub1 = Add, Sub 1, 0b00000;
    AddThenMulAdd0 = Add, MulAdd 0, 0b00000;
    AddThenMulAdd0U2 = Add, MulAdd 0, 0b00100;
    AddThenMulAdd2 = Add, MulAdd 2, 0b00000;
    AddThenMulAdd2U2 = Add, MulAdd 2, 0b00100;
    AddThenNegMulAdd0 = Add, NegMulAdd 0, 0b00000;
    AddThenNegMulAdd0U2 = Add, NegMulAdd 0, 0b00100;
    AddThenNegMulAdd2 = Add, NegMulAdd 2, 0b00000;
    AddThenNegMulAdd2U2 = Add, NegMulAdd 2, 0b00100;
    SubThenMul0 = Sub, Mul 0, 0b00000;
    SubThenMul0U2 = Sub, Mul 0, 0b00100;
    SubThenAdd0 = Sub, Add 0, 0b00000;
    SubThenSub0 = Sub, Sub 0, 0b00000;
    SubThenSub1 = Sub, Sub 1, 0b00000;
    SubThenMulAdd0 = Sub, MulAdd 0, 0b00000;
    SubThenMulAdd0U2 = Sub, MulAdd 0, 0b00100;
    SubThenMulAdd2 = Sub, MulAdd 2, 0b00000;
    SubThenMulAdd2U2 = Sub, MulAdd 2, 0b00100;
    SubThenNegMulAdd0 = Sub, NegMulAdd 0, 0b00000;
    SubThenNegMulAdd0U2 = Sub, NegMulAdd 0, 0b00100;
    SubThenNegMulAdd2 = Sub, NegMulAdd 2, 0b00000;
    SubThenNegMulAdd2U2 = Sub, NegMulAdd 2, 0b00100;
    MulAddThenMul0 = MulAdd, Mul 0, 0b00000;
    MulAddThenMul0U3 = MulAdd, Mul 0, 0b01000;
    MulAddThenMul0U0 = MulAdd, Mul 0, 0b00001;
    MulAddThenMul0U03 = MulAdd, Mul 0, 0b01001;
    MulAddThenAdd0 = MulAdd, Add 0, 0b00000;
    MulAddThenAdd0U0 = MulAdd, Add 0, 0b00001;
    MulAddThenSub0 = MulAdd, Sub 0, 0b00000;
    MulAddThenSub0U0 = MulAdd, Sub 0, 0b00001;
    MulAddThenSub1 = MulAdd, Sub 1, 0b00000;
    MulAddThenSub1U0 = MulAdd, Sub 1, 0b00001;
    MulAddThenMulAdd0 = MulAdd, MulAdd 0, 0b00000;
    MulAddThenMulAdd0U3 = MulAdd, MulAdd 0, 0b01000;
    MulAddThenMulAdd0U0 = MulAdd, MulAdd 0, 0b00001;
    MulAddThenMulAdd0U03 = MulAdd, MulAdd 0, 0b01001;
    MulAddThenMulAdd2 = MulAdd, MulAdd 2, 0b00000;
    MulAddThenMulAdd2U3 = MulAdd, MulAdd 2, 0b01000;
    MulAddThenMulAdd2U0 = MulAdd, MulAdd 2, 0b00001;
    MulAddThenMulAdd2U03 = MulAdd, MulAdd 2, 0b01001;
    MulAddThenNegMulAdd0 = MulAdd, NegMulAdd 0, 0b00000;
    MulAddThenNegMulAdd0U3 = MulAdd, NegMulAdd 0, 0b01000;
    MulAddThenNegMulAdd0U0 = MulAdd, NegMulAdd 0, 0b00001;
    MulAddThenNegMulAdd0U03 = MulAdd, NegMulAdd 0, 0b01001;
    MulAddThenNegMulAdd2 = MulAdd, NegMulAdd 2, 0b00000;
    MulAddThenNegMulAdd2U3 = MulAdd, NegMulAdd 2, 0b01000;
    MulAddThenNegMulAdd2U0 = MulAdd, NegMulAdd 2, 0b00001;
    MulAddThenNegMulAdd2U03 = MulAdd, NegMulAdd 2, 0b01001;
    NegMulAddThenMul0 = NegMulAdd, Mul 0, 0b00000;
    NegMulAddThenMul0U3 = NegMulAdd, Mul 0, 0b01000;
    NegMulAddThenMul0U0 = NegMulAdd, Mul 0, 0b00001;
    NegMulAddThenMul0U03 = NegMulAdd, Mul 0, 0b01001;
    NegMulAddThenMul0U2 = NegMulAdd, Mul 0, 0b00100;
    NegMulAddThenMul0U23 = NegMulAdd, Mul 0, 0b01100;
    NegMulAddThenAdd0 = NegMulAdd, Add 0, 0b00000;
    NegMulAddThenAdd0U0 = NegMulAdd, Add 0, 0b00001;
    NegMulAddThenAdd0U2 = NegMulAdd, Add 0, 0b00100;
    NegMulAddThenSub0 = NegMulAdd, Sub 0, 0b00000;
    NegMulAddThenSub0U0 = NegMulAdd, Sub 0, 0b00001;
    NegMulAddThenSub0U2 = NegMulAdd, Sub 0, 0b00100;
    NegMulAddThenSub1 = NegMulAdd, Sub 1, 0b00000;
    NegMulAddThenSub1U0 = NegMulAdd, Sub 1, 0b00001;
    NegMulAddThenSub1U2 = NegMulAdd, Sub 1, 0b00100;
    NegMulAddThenMulAdd0 = NegMulAdd, MulAdd 0, 0b00000;
    NegMulAddThenMulAdd0U3 = NegMulAdd, MulAdd 0, 0b01000;
    NegMulAddThenMulAdd0U0 = NegMulAdd, MulAdd 0, 0b00001;
    NegMulAddThenMulAdd0U03 = NegMulAdd, MulAdd 0, 0b01001;
    NegMulAddThenMulAdd0U2 = NegMulAdd, MulAdd 0, 0b00100;
    NegMulAddThenMulAdd0U23 = NegMulAdd, MulAdd 0, 0b01100;
    NegMulAddThenMulAdd2 = NegMulAdd, MulAdd 2, 0b00000;
    NegMulAddThenMulAdd2U3 = NegMulAdd, MulAdd 2, 0b01000;
    NegMulAddThenMulAdd2U0 = NegMulAdd, MulAdd 2, 0b00001;
    NegMulAddThenMulAdd2U03 = NegMulAdd, MulAdd 2, 0b01001;
    NegMulAddThenMulAdd2U2 = NegMulAdd, MulAdd 2, 0b00100;
    NegMulAddThenMulAdd2U23 = NegMulAdd, MulAdd 2, 0b01100;
    NegMulAddThenNegMulAdd0 = NegMulAdd, NegMulAdd 0, 0b00000;
    NegMulAddThenNegMulAdd0U3 = NegMulAdd, NegMulAdd 0, 0b01000;
    NegMulAddThenNegMulAdd0U0 = NegMulAdd, NegMulAdd 0, 0b00001;
    NegMulAddThenNegMulAdd0U03 = NegMulAdd, NegMulAdd 0, 0b01001;
    NegMulAddThenNegMulAdd0U2 = NegMulAdd, NegMulAdd 0, 0b00100;
    NegMulAddThenNegMulAdd0U23 = NegMulAdd, NegMulAdd 0, 0b01100;
    NegMulAddThenNegMulAdd2 = NegMulAdd, NegMulAdd 2, 0b00000;
    NegMulAddThenNegMulAdd2U3 = NegMulAdd, NegMulAdd 2, 0b01000;
    NegMulAddThenNegMulAdd2U0 = NegMulAdd, NegMulAdd 2, 0b00001;
    NegMulAddThenNegMulAdd2U03 = NegMulAdd, NegMulAdd 2, 0b01001;
    NegMulAddThenNegMulAdd2U2 = NegMulAdd, NegMulAdd 2, 0b00100;
    NegMulAddThenNegMulAdd2U23 = NegMulAdd, NegMulAdd 2, 0b01100;
    MinThenMax0 = Min, Max 0, 0b00000;
    LessThenSelect0 = Less, Select 0, 0b00000;
    AbsThenLess0 = Abs, Less 0, 0b00000;
    AbsThenLess0U1 = Abs, Less 0, 0b00010;
    AbsThenLess1 = Abs, Less 1, 0b00000;
    AbsThenLess1U1 = Abs, Less 1, 0b00010;
    AbsThenAdd0 = Abs, Add 0, 0b00000;
    LessEqualThenNot0 = LessEqual, Not 0, 0b00000;
    NotThenOr0 = Not, Or 0, 0b00000;
    OrThenOr0 = Or, Or 0, 0b00000;
    LessThenOr0 = Less, Or 0, 0b00000;
    SubThenSelect1 = Sub, Select 1, 0b00000;
    LessThenOr0U0 = Less, Or 0, 0b00001;
    LessThenSelect0U123 = Less, Select 0, 0b01110;
    LessThenSelect0U03 = Less, Select 0, 0b01001;
    LessEqualThenNot0U1 = LessEqual, Not 0, 0b00010;
    } };
}
pub(super) use codes;

/// What a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) first: Operation,
    pub(super) then: Option<(Operation, usize)>,
    pub(super) uniform: u8,
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
            $($name,)+
        }

        const TABLE: &[(Code, Shape)] = &[
            $((Code::$name, shape!($first $(, $then $place)?, $uniform)),)+
        ];
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
