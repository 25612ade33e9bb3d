//! C99: a header with the controller as static functions.

use std::fmt::Write;

use super::expression::{Function, Let, Place};
use super::language::{Language, Writer};
use super::plan::{Field, Ring};
use super::{Controller, Math, Precision};
use crate::Error;
use crate::graph::Operation;
use crate::report::export::{Export, Format};

/// A header.
#[derive(Debug, Clone, Copy)]
pub struct CController;

impl Format for CController {
    const NAME: &'static str = "c-controller";
    const SUMMARY: &'static str = "the whole law as C99: a header with structs, init and step";

    fn text(export: &Export) -> Result<String, Error> {
        let study = export.identifier();
        Ok(file(&Controller::new(export, &C, export.code, &study)?))
    }
}

pub(super) const C: Language = Language {
    operation,
    by_number: None,
    conversions: ["{a} ? {1} : {0}", "fabs~([a]) > {0}"],
    primitive: |name| (name == "copysign").then_some("copysign~([a], [b])"),
    helpers: HELPERS,
    places: ["self->gains.", "self->", "self->", "in->"],
    prefix: |study| format!("{study}_"),
    number,
    float_suffix: "f",
    types: ["double", "float"],
    function,
    keywords: KEYWORDS,
    ignores_case: false,
    comment: " *",
};

fn operation(operation: Operation, math: Math) -> Option<&'static str> {
    let is_own = math == Math::Own;
    Some(match operation {
        Operation::Abs => "fabs~([a])",
        Operation::Sqrt => "sqrt~([a])",
        Operation::Floor => "floor~([a])",
        Operation::Round => "rint~([a])",
        Operation::Not => "!{a}",
        Operation::And => "{a} && {b}",
        Operation::Or => "{a} || {b}",
        Operation::Select => "{a} ? {b} : {c}",
        Operation::MulAdd if is_own => "fma~([a], [b], [c])",
        Operation::MulSub if is_own => "fma~([a], [b], -{c})",
        Operation::NegMulAdd if is_own => "fma~(-{a}, [b], [c])",
        _ if is_own => return None,
        Operation::Cbrt => "cbrt~([a])",
        Operation::Sin => "sin~([a])",
        Operation::Cos => "cos~([a])",
        Operation::Tan => "tan~([a])",
        Operation::Asin => "asin~([a])",
        Operation::Acos => "acos~([a])",
        Operation::Atan => "atan~([a])",
        Operation::Sinh => "sinh~([a])",
        Operation::Cosh => "cosh~([a])",
        Operation::Tanh => "tanh~([a])",
        Operation::Exp => "exp~([a])",
        Operation::Log => "log~([a])",
        Operation::Log10 => "log10~([a])",
        Operation::Pow => "pow~([a], [b])",
        Operation::Atan2 => "atan2~([a], [b])",
        Operation::Hypot => "hypot~([a], [b])",
        _ => return None,
    })
}

const HELPERS: &[(&str, &str)] = &[
    (
        "power_of_two",
        "/* 2 to a whole power. */\nstatic inline REAL NAME_power_of_two(REAL count) {\n    \
         return (count == count) ? ldexp~({1}, (int)count) : count;\n}\n",
    ),
    (
        "fraction",
        "/* m of x = m 2^k with m from 1/2 to 1. */\nstatic inline REAL NAME_fraction(REAL x) {\n    \
         int power = 0;\n    return frexp~(x, &power);\n}\n",
    ),
    (
        "exponent",
        "/* k of x = m 2^k with m from 1/2 to 1. */\nstatic inline REAL NAME_exponent(REAL x) {\n    \
         int power = 0;\n    (void)frexp~(x, &power);\n    return (REAL)power;\n}\n",
    ),
];

const KEYWORDS: &[&str] = &[
    "auto",
    "break",
    "case",
    "char",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extern",
    "float",
    "for",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "typedef",
    "union",
    "unsigned",
    "void",
    "volatile",
    "while",
    "bool",
    "true",
    "false",
    "asm",
    "class",
    "delete",
    "explicit",
    "export",
    "friend",
    "mutable",
    "namespace",
    "new",
    "operator",
    "private",
    "protected",
    "public",
    "template",
    "this",
    "throw",
    "try",
    "catch",
    "typename",
    "using",
    "virtual",
    "and",
    "or",
    "not",
    "xor",
    "self",
    "in",
    "out",
    "gains",
    "count",
    "main",
    "errno",
    "fabs",
    "fabsf",
    "sqrt",
    "sqrtf",
    "floor",
    "floorf",
    "rint",
    "rintf",
    "fma",
    "fmaf",
    "ldexp",
    "ldexpf",
    "frexp",
    "frexpf",
    "copysign",
    "copysignf",
    "sin",
    "sinf",
    "cos",
    "cosf",
    "tan",
    "tanf",
    "asin",
    "asinf",
    "acos",
    "acosf",
    "atan",
    "atanf",
    "atan2",
    "atan2f",
    "sinh",
    "sinhf",
    "cosh",
    "coshf",
    "tanh",
    "tanhf",
    "exp",
    "expf",
    "log",
    "logf",
    "log10",
    "log10f",
    "pow",
    "powf",
    "cbrt",
    "cbrtf",
    "hypot",
    "hypotf",
    "gamma",
    "signgam",
    "j0",
    "j1",
    "jn",
    "y0",
    "y1",
    "yn",
    "index",
    "linux",
    "unix",
    "I",
    "INFINITY",
    "NAN",
    "NULL",
];

fn number(number: f64, precision: Precision) -> String {
    let [suffix, digits] = match precision {
        Precision::Double => [String::new(), format!("{number:?}")],
        #[allow(clippy::cast_possible_truncation, reason = "what float holds of it")]
        Precision::Float => ["F".to_owned(), format!("{:?}", number as f32)],
    };
    match digits.as_str() {
        "NaN" => "NAN".into(),
        "inf" => "INFINITY".into(),
        "-inf" => "-INFINITY".into(),
        digits => format!("{digits}{suffix}"),
    }
}

/// Statements, indented.
pub(super) fn statements(writer: &Writer<'_>, lets: &[Let]) -> String {
    let line = |Let { name, value }: &Let| {
        let of = if writer.is_truth(value) { "bool" } else { writer.real() };
        format!("    const {of} {name} = {};\n", writer.value(value))
    };
    lets.iter().map(line).collect()
}

fn function(writer: &Writer<'_>, function: &Function) -> String {
    let Function { name, doc, operands, lets, result } = function;
    let (real, prefix) = (writer.real(), (writer.language.prefix)(writer.study));
    let operands: Vec<String> = operands.iter().map(|operand| format!("{real} {operand}")).collect();
    let (body, result) = (statements(writer, lets), writer.number(result));
    format!(
        "/* {doc} */\nstatic inline {real} {prefix}{name}({}) {{\n{body}    return {result};\n}}\n",
        operands.join(", ")
    )
}

/// The members of a struct.
fn members(real: &str, fields: &[Field]) -> String {
    let line = |Field { name, comment, .. }: &Field| format!("    {real} {name}; /* {comment} */\n");
    fields.iter().map(line).collect()
}

fn structure(name: &str, doc: &str, members: &str) -> String {
    // A struct of C has a member.
    let members = if members.is_empty() { "    char none;\n" } else { members };
    format!("/* {doc} */\ntypedef struct {{\n{members}}} {name};\n\n")
}

/// The head of the file: what it is, and what it refuses.
fn preamble(controller: &Controller<'_>, guard: &str) -> String {
    let head = controller.head();
    format!(
        "/*\n{head} *\n * No memory is allocated. Build it without contraction of products and sums: gcc and clang take -ffp-contract=off, and with \
         -std=c99 gcc does\n * so by itself.\n */\n#ifndef {guard}\n#define {guard}\n\n#include <float.h>\n#include <math.h>\n#include <stdbool.h>\n\n\
         #if defined(__FAST_MATH__)\n#error \"built with -ffast-math: this controller has to be computed as it is written\"\n#endif\n\
         #if defined(FLT_EVAL_METHOD) && (FLT_EVAL_METHOD != 0)\n#error \"numbers are kept with more bits than they have: gcc takes -msse2 -mfpmath=sse\"\n\
         #endif\n#if defined(__clang__) || !defined(__GNUC__)\n#pragma STDC FP_CONTRACT OFF\n#endif\n\n"
    )
}

fn file(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let (real, study) = (writer.real(), writer.study);
    let guard = format!("{}_CONTROLLER_H", study.to_ascii_uppercase());
    let value = |field: &Field| format!("    {}, /* {} */\n", writer.literal(field.value), field.name);
    let values: String = plan.gains.iter().map(value).collect();
    let values = if values.is_empty() { "    0\n".into() } else { values };
    let mut own = String::new();
    if !plan.gains.is_empty() {
        let _ = writeln!(own, "    {study}_gains gains;");
    }
    for prepared in &plan.prepare.1 {
        let _ = writeln!(own, "    {real} {}; /* made of gains */", prepared.name);
    }
    for state in &plan.states {
        let _ = writeln!(own, "    {real} {}; /* {} */", state.name, state.comment);
    }
    for Ring { names: [past, place], most, .. } in &plan.rings {
        let _ = write!(
            own,
            "    {real} {past}[{most}]; /* a delay line */\n    int {place}; /* where it is written next */\n"
        );
    }
    let types = [
        structure(
            &format!("{study}_gains"),
            "What is tuned, and what else the law is given.",
            &members(real, &plan.gains),
        ),
        structure(
            &format!("{study}_inputs"),
            "What the law is told each control period.",
            &members(real, &plan.inputs),
        ),
        structure(&format!("{study}_outputs"), "What it says.", &members(real, &plan.outputs)),
        structure(study, "The controller.", &own),
    ];
    let period = writer.literal(plan.period);
    let constant = study.to_ascii_uppercase();
    let code = format!("{}{}", set_gains(controller), step(controller));
    let functions = controller.functions().join("\n");
    let helpers = controller.helpers(&format!("{functions}{code}"));
    let between = if functions.is_empty() { "" } else { "\n" };
    format!(
        "{}/* The control period in s. */\n#define {constant}_PERIOD {period}\n\n{}/* The gains of the study. */\n\
         static const {study}_gains {constant}_GAINS = {{\n{values}}};\n\n{helpers}{functions}{between}{code}\n#endif\n",
        preamble(controller, &guard),
        types.concat(),
    )
}

/// The functions that take gains and start.
fn set_gains(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let study = writer.study;
    let mut takes = statements(writer, &plan.prepare.0);
    for Let { name, value } in &plan.prepare.1 {
        let _ = writeln!(takes, "    self->{name} = {};", writer.number(value));
    }
    let keeps = if plan.gains.is_empty() {
        "    (void)self;\n    (void)gains;\n"
    } else {
        "    self->gains = *gains;\n"
    };
    let mut starts = String::new();
    for state in &plan.states {
        let _ = writeln!(starts, "    self->{} = {};", state.name, writer.number(&state.first));
    }
    for Ring { names: [past, place], most, .. } in &plan.rings {
        let _ = write!(
            starts,
            "    for (int k = 0; k < {most}; k++) {{\n        self->{past}[k] = {};\n    }}\n    self->{place} = 0;\n",
            writer.literal(0.0)
        );
    }
    format!(
        "/* Takes gains, and leaves what is remembered. */\nstatic inline void {study}_set_gains({study} *self, const {study}_gains *gains) {{\n{keeps}{takes}}}\n\n\
         /* Takes gains and starts anew. */\nstatic inline void {study}_init({study} *self, const {study}_gains *gains) {{\n    {study}_set_gains(self, gains);\n{starts}}}\n\n"
    )
}

/// A control period.
fn step(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let study = writer.study;
    let mut body = statements(writer, &plan.step);
    for output in &plan.outputs {
        let value = writer.number(&super::Expr::Name(output.name.clone()));
        let _ = writeln!(body, "    out->{} = {value};", output.name);
    }
    for state in &plan.states {
        if let Some(next) = &state.next {
            let _ = writeln!(body, "    self->{} = {};", state.name, writer.number(next));
        }
    }
    for ring in &plan.rings {
        body += &delay(writer, ring);
    }
    let text = |name: &str| body.contains(name);
    let unused: String = [("self->", "    (void)self;\n"), ("in->", "    (void)in;\n")]
        .iter()
        .filter(|(name, _)| !text(name))
        .map(|(_, line)| *line)
        .collect();
    format!(
        "/* A control period: what the law says of what it is told. */\nstatic inline void {study}_step({study} *self, const {study}_inputs *in, {study}_outputs *out) {{\n\
         {unused}{body}}}\n"
    )
}

/// A value goes into its delay line, and the one that is due comes out.
fn delay(writer: &Writer<'_>, Ring { names: [past, place], state, of, most, steps }: &Ring) -> String {
    let steps = match steps {
        super::Expr::Number(number) => format!("{number:?}").trim_end_matches(".0").to_owned(),
        other => format!("(({0} < {1}) ? 1 : (int){0})", writer.number(other), writer.literal(1.0)),
    };
    let state = writer.member(Place::State, state);
    format!(
        "    self->{past}[self->{place}] = {};\n    self->{place} = (self->{place} + 1) % {most};\n    \
         {state} = self->{past}[((self->{place} + {most}) - {steps}) % {most}];\n",
        writer.number(of)
    )
}
