//! Rust: a module with the controller, which needs nothing but the standard library.

use std::fmt::Write;

use super::expression::{Expr, Function, Let, Place};
use super::language::{Language, Writer};
use super::plan::{Field, Ring};
use super::{Controller, Math, Precision};
use crate::Error;
use crate::graph::Operation;
use crate::report::export::{Export, Format};

/// A module.
#[derive(Debug, Clone, Copy)]
pub struct RustController;

impl Format for RustController {
    const NAME: &'static str = "rust-controller";
    const SUMMARY: &'static str = "the whole law as Rust: a module with structs, new and step";

    fn text(export: &Export) -> Result<String, Error> {
        let study = export.identifier();
        Ok(file(&Controller::new(export, &RUST, export.code, &study)?))
    }
}

const RUST: Language = Language {
    operation,
    by_number: None,
    conversions: ["if [a] { {1} } else { {0} }", "{a}.abs() > {0}"],
    primitive: |name| (name == "copysign").then_some("{a}.copysign([b])"),
    helpers: HELPERS,
    places: ["self.gains.", "self.", "self.", "given."],
    prefix: |_| "own_".into(),
    number,
    float_suffix: "",
    types: ["f64", "f32"],
    function,
    keywords: KEYWORDS,
    ignores_case: false,
    comment: "//!",
};

fn operation(operation: Operation, math: Math) -> Option<&'static str> {
    let is_own = math == Math::Own;
    Some(match operation {
        Operation::Abs => "{a}.abs()",
        Operation::Sqrt => "{a}.sqrt()",
        Operation::Floor => "{a}.floor()",
        Operation::Round => "{a}.round_ties_even()",
        Operation::Not => "!{a}",
        Operation::And => "{a} && {b}",
        Operation::Or => "{a} || {b}",
        Operation::Select => "if [a] { [b] } else { [c] }",
        Operation::MulAdd if is_own => "{a}.mul_add([b], [c])",
        Operation::MulSub if is_own => "{a}.mul_add([b], -{c})",
        Operation::NegMulAdd if is_own => "(-{a}).mul_add([b], [c])",
        _ if is_own => return None,
        Operation::Cbrt => "{a}.cbrt()",
        Operation::Sin => "{a}.sin()",
        Operation::Cos => "{a}.cos()",
        Operation::Tan => "{a}.tan()",
        Operation::Asin => "{a}.asin()",
        Operation::Acos => "{a}.acos()",
        Operation::Atan => "{a}.atan()",
        Operation::Sinh => "{a}.sinh()",
        Operation::Cosh => "{a}.cosh()",
        Operation::Tanh => "{a}.tanh()",
        Operation::Exp => "{a}.exp()",
        Operation::Log => "{a}.ln()",
        Operation::Log10 => "{a}.log10()",
        Operation::Pow => "{a}.powf([b])",
        Operation::Atan2 => "{a}.atan2([b])",
        Operation::Hypot => "{a}.hypot([b])",
        _ => return None,
    })
}

const HELPERS: &[(&str, &str)] = &[
    (
        "scale",
        "/// 2 to a whole power that a normal number can have.\nfn own_scale(count: i64) -> REAL {\n    \
         const DIGITS: u32 = REAL::MANTISSA_DIGITS - 1;\n    \
         REAL::from_bits(((count + REAL::MAX_EXP as i64 - 1) << DIGITS) as _)\n}\n",
    ),
    (
        "power_of_two",
        "/// 2 to a whole power.\nfn own_power_of_two(count: REAL) -> REAL {\n    \
         if count == count { own_scale(count as i64) } else { count }\n}\n",
    ),
    (
        "split",
        "/// m and k of x = m 2^k with m from 1/2 to 1, for x above 0.\nfn own_split(x: REAL) -> (REAL, REAL) {\n    \
         const DIGITS: u32 = REAL::MANTISSA_DIGITS - 1;\n    \
         if x == {0} || !x.is_finite() {\n        return (x, {0});\n    }\n    \
         let (scaled, less) = if x < REAL::MIN_POSITIVE { (x * (1_u64 << (DIGITS + 1)) as REAL, DIGITS as i64 + 1) } else { (x, 0) };\n    \
         let biased = (scaled.to_bits() >> DIGITS) as i64;\n    let bias = REAL::MAX_EXP as i64 - 2;\n    \
         let rest = scaled.to_bits() & ((1 << DIGITS) - 1);\n    \
         (REAL::from_bits(rest | ((bias as i64) << DIGITS) as BITS), (biased - bias - less) as REAL)\n}\n",
    ),
    (
        "fraction",
        "/// m of x = m 2^k with m from 1/2 to 1.\nfn own_fraction(x: REAL) -> REAL {\n    own_split(x).0\n}\n",
    ),
    (
        "exponent",
        "/// k of x = m 2^k with m from 1/2 to 1.\nfn own_exponent(x: REAL) -> REAL {\n    own_split(x).1\n}\n",
    ),
];

const KEYWORDS: &[&str] = &[
    "as",
    "async",
    "await",
    "break",
    "const",
    "continue",
    "crate",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "for",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "pub",
    "ref",
    "return",
    "self",
    "Self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "abstract",
    "become",
    "box",
    "do",
    "final",
    "macro",
    "override",
    "priv",
    "typeof",
    "unsized",
    "virtual",
    "yield",
    "try",
    "gen",
    "given",
    "gains",
    "PERIOD",
    "GAINS",
    "f32",
    "f64",
    "bool",
    "usize",
    "i64",
    "u64",
    "Gains",
    "Inputs",
    "Outputs",
    "Controller",
];

fn number(number: f64, precision: Precision) -> String {
    let (of, digits) = match precision {
        Precision::Double => ("f64", format!("{number:?}")),
        #[allow(clippy::cast_possible_truncation, reason = "what float holds of it")]
        Precision::Float => ("f32", format!("{:?}", number as f32)),
    };
    match digits.as_str() {
        "NaN" => format!("{of}::NAN"),
        "inf" => format!("{of}::INFINITY"),
        "-inf" => format!("-{of}::INFINITY"),
        // A method of a number wants to know whose it is.
        digits => format!("{digits}_{of}"),
    }
}

fn statements(writer: &Writer<'_>, lets: &[Let]) -> String {
    let line = |Let { name, value }: &Let| format!("    let {name} = {};\n", writer.value(value));
    lets.iter().map(line).collect()
}

fn function(writer: &Writer<'_>, function: &Function) -> String {
    let Function { name, doc, operands, lets, result } = function;
    let real = writer.real();
    let operands: Vec<String> = operands.iter().map(|operand| format!("{operand}: {real}")).collect();
    let (body, result) = (statements(writer, lets), writer.number(result));
    format!("/// {doc}\nfn own_{name}({}) -> {real} {{\n{body}    {result}\n}}\n", operands.join(", "))
}

fn structure(name: &str, doc: &str, members: &str) -> String {
    format!("/// {doc}\n#[derive(Debug, Clone, Copy, PartialEq)]\npub struct {name} {{\n{members}}}\n\n")
}

fn indented(text: &str) -> String {
    let indented = |line: &str| format!("    {line}\n");
    text.lines().map(indented).collect()
}

fn file(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let real = writer.real();
    let members = |fields: &[Field]| -> String {
        let line =
            |Field { name, comment, .. }: &Field| format!("    /// {comment}\n    pub {name}: {real},\n");
        fields.iter().map(line).collect()
    };
    let value = |field: &Field| format!("    {}: {},\n", field.name, writer.literal(field.value));
    let values: String = plan.gains.iter().map(value).collect();
    let mut own = "    gains: Gains,\n".to_owned();
    for prepared in &plan.prepare.1 {
        let _ = writeln!(own, "    {}: {real},", prepared.name);
    }
    for state in &plan.states {
        let _ = write!(own, "    /// {}\n    pub {}: {real},\n", state.comment, state.name);
    }
    for Ring { names: [past, place], most, .. } in &plan.rings {
        let _ = write!(own, "    {past}: [{real}; {most}],\n    {place}: usize,\n");
    }
    let code = format!("{}{}{}", set_gains(controller), start(controller), step(controller));
    let functions = controller.functions().join("\n");
    let bits = if writer.code.precision == Precision::Float { "u32" } else { "u64" };
    let helpers = controller.helpers(&format!("{functions}{code}")).replace("BITS", bits);
    let between = if functions.is_empty() { "" } else { "\n" };
    format!(
        "{}\n#![allow(non_snake_case, clippy::all, clippy::pedantic)]\n\n/// The control period in s.\npub const PERIOD: {real} = {};\n\n{}{}{}{}\
         /// The gains of the study.\npub const GAINS: Gains = Gains {{\n{values}}};\n\n{helpers}{functions}{between}impl Controller {{\n{}}}\n",
        controller.head(),
        writer.literal(plan.period),
        structure("Gains", "What is tuned, and what else the law is given.", &members(&plan.gains)),
        structure("Inputs", "What the law is told each control period.", &members(&plan.inputs)),
        structure("Outputs", "What it says.", &members(&plan.outputs)),
        structure("Controller", "The controller.", &own),
        indented(&code),
    )
}

fn set_gains(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let mut takes = statements(writer, &plan.prepare.0);
    for Let { name, value } in &plan.prepare.1 {
        let _ = writeln!(takes, "    self.{name} = {};", writer.number(value));
    }
    format!(
        "/// Takes gains, and leaves what is remembered.\npub fn set_gains(&mut self, gains: &Gains) {{\n    self.gains = *gains;\n{takes}}}\n\n"
    )
}

/// A controller at its start.
fn start(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let zero = writer.literal(0.0);
    let mut members = String::new();
    let names = plan.prepare.1.iter().map(|prepared| &prepared.name);
    for name in names.chain(plan.states.iter().map(|state| &state.name)) {
        let _ = writeln!(members, "        {name}: {zero},");
    }
    for Ring { names: [past, place], most, .. } in &plan.rings {
        let _ = write!(members, "        {past}: [{zero}; {most}],\n        {place}: 0,\n");
    }
    let mut starts = String::new();
    for state in &plan.states {
        let first = writer.number(&state.first).replace("self.", "new.");
        let _ = writeln!(starts, "    new.{} = {first};", state.name);
    }
    format!(
        "/// A controller at its start.\npub fn new(gains: &Gains) -> Self {{\n    let mut new = Self {{\n        gains: *gains,\n{members}    }};\n    \
         new.set_gains(gains);\n{starts}    new\n}}\n\n"
    )
}

fn step(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let mut body = statements(writer, &plan.step);
    for state in &plan.states {
        if let Some(next) = &state.next {
            let _ = writeln!(body, "    self.{} = {};", state.name, writer.number(next));
        }
    }
    for ring in &plan.rings {
        body += &delay(writer, ring);
    }
    let output = |field: &Field| {
        let value = writer.number(&Expr::Name(field.name.clone()));
        if value == field.name { format!("{value}, ") } else { format!("{}: {value}, ", field.name) }
    };
    let outputs: String = plan.outputs.iter().map(output).collect();
    let given = if body.contains("given.") { "given" } else { "_given" };
    format!(
        "/// A control period: what the law says of what it is told.\npub fn step(&mut self, {given}: &Inputs) -> Outputs {{\n{body}    Outputs {{ {} }}\n}}\n",
        outputs.trim_end_matches(", ")
    )
}

/// A value goes into its delay line, and the one that is due comes out.
fn delay(writer: &Writer<'_>, Ring { names: [past, place], state, of, most, steps }: &Ring) -> String {
    let steps = match steps {
        Expr::Number(number) => format!("{number:?}").trim_end_matches(".0").to_owned(),
        other => format!("({} as usize).max(1)", writer.number(other)),
    };
    let state = writer.member(Place::State, state);
    format!(
        "    self.{past}[self.{place}] = {};\n    self.{place} = (self.{place} + 1) % {most};\n    \
         {state} = self.{past}[(self.{place} + {most} - {steps}) % {most}];\n",
        writer.number(of)
    )
}
