//! The signs and words of the language of models, with what they mean; [`TABLE`](crate::graph::TABLE) and [`FUNCTIONS`](super::FUNCTIONS) are
//! its functions.

/// What joins values, or makes one of others.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    /// As it is written.
    pub written: &'static str,
    /// What it gives.
    pub meaning: &'static str,
    /// An expression with it.
    pub example: &'static str,
    /// What that is.
    pub value: f64,
}

const fn operator(
    written: &'static str,
    meaning: &'static str,
    example: &'static str,
    value: f64,
) -> Operator {
    Operator { written, meaning, example, value }
}

/// From what binds least to what binds most; what truth is, is a number: 0 and NaN are false, all else is true.
pub const OPERATORS: &[Operator] = &[
    operator(
        "if a then b else c",
        "b where a is true, else c; behind another operator in parentheses",
        "if 2 > 1 then 3 else 4",
        3.0,
    ),
    operator("a or b", "1 where one of them is true, else 0", "0 or 2", 1.0),
    operator("a and b", "1 where both are true, else 0", "1 and 0", 0.0),
    operator("not a", "1 where a is false, else 0", "not 0", 1.0),
    operator("a < b", "1 where a is below b, else 0; of NaN 0, here and below", "1 < 2", 1.0),
    operator("a <= b", "1 where a is not above b, else 0; also `≤`", "2 <= 2", 1.0),
    operator("a > b", "1 where a is above b, else 0", "1 > 2", 0.0),
    operator("a >= b", "1 where a is not below b, else 0; also `≥`", "1 >= 2", 0.0),
    operator("a == b", "1 where they are equal, else 0", "1 == 1", 1.0),
    operator("a != b", "1 where they are not equal, else 0", "1 != 1", 0.0),
    operator("a + b", "sum", "1 + 2", 3.0),
    operator("a - b", "difference, from the left; also `−`", "5 - 2 - 1", 2.0),
    operator("a*b", "product; also `·` and `×`", "2*3", 6.0),
    operator("a/b", "quotient, from the left", "8/4/2", 1.0),
    operator("-a", "the number with the other sign", "-2^2", -4.0),
    operator("a^b", "power, from the right", "2^3^2", 512.0),
];

/// Names that every expression has.
pub const CONSTANTS: [(&str, &str); 3] = [
    ("t", "time in s"),
    ("dt", "control period in s: a controller acts, and values with `+` change, once in each"),
    ("pi", "π"),
];

/// What a model says in its equations, in any order.
pub const STATEMENTS: [(&str, &str); 5] = [
    ("name = expression", "a value with a name"),
    (
        "state' = expression",
        "the derivative of a state by time; of a controller's state, state + dt·expression is its next value",
    ),
    ("state'' = expression", "the second derivative; state' is then a state too, called `state_dot`"),
    ("state+ = expression", "the value of a state at the next control period"),
    (
        "expression = expression",
        "an equation; all of them together are solved for the highest derivatives, in which they are linear",
    ),
];

/// Words that no name may be.
pub const WORDS: [&str; 10] = ["if", "then", "else", "and", "or", "not", "t", "dt", "pi", "table"];

/// Signs, of which the longer stand before what they begin with.
pub const SIGNS: [&str; 15] = ["==", "!=", "<=", ">=", "+", "-", "*", "/", "^", "(", ")", ",", "=", "<", ">"];
