//! MATLAB and Octave: a function that remembers, as a MATLAB Function block of Simulink takes it.

use std::fmt::Write;

use super::expression::{Expr, Function, Let, Place};
use super::language::{Language, Writer};
use super::plan::{Field, Ring};
use super::{Code, Controller, Math, Precision};
use crate::Error;
use crate::graph::Operation;
use crate::report::export::{Export, Format};

/// A function.
#[derive(Debug, Clone, Copy)]
pub struct MatlabFunction;

impl Format for MatlabFunction {
    const NAME: &'static str = "matlab-function";
    const SUMMARY: &'static str = "the whole law as a function with persistent states, for MATLAB, Simulink and Octave; with their functions";

    fn text(export: &Export) -> Result<String, Error> {
        let study = export.identifier();
        let code = Code { math: Math::Libm, ..export.code };
        Ok(file(&Controller::new(export, &MATLAB, code, &study)?))
    }
}

const MATLAB: Language = Language {
    operation,
    by_number: None,
    conversions: ["own_pick([a], {1}, {0})", "abs([a]) > 0"],
    primitive: |_| None,
    helpers: &[(
        "pick",
        "% a where something is true, else b\nfunction value = own_pick(condition, a, b)\nif condition\n    value = a;\nelse\n    value = b;\nend\nend\n",
    )],
    places: [""; 4],
    prefix: |_| "own_".into(),
    number,
    float_suffix: "",
    types: ["double", "single"],
    function,
    keywords: KEYWORDS,
    ignores_case: false,
    comment: "%",
};

fn operation(operation: Operation, _: Math) -> Option<&'static str> {
    Some(match operation {
        Operation::Abs => "abs([a])",
        Operation::Sqrt => "sqrt([a])",
        Operation::Cbrt => "nthroot([a], 3)",
        Operation::Sin => "sin([a])",
        Operation::Cos => "cos([a])",
        Operation::Tan => "tan([a])",
        Operation::Asin => "asin([a])",
        Operation::Acos => "acos([a])",
        Operation::Atan => "atan([a])",
        Operation::Sinh => "sinh([a])",
        Operation::Cosh => "cosh([a])",
        Operation::Tanh => "tanh([a])",
        Operation::Exp => "exp([a])",
        Operation::Log => "log([a])",
        Operation::Log10 => "log10([a])",
        Operation::Floor => "floor([a])",
        Operation::Not => "~{a}",
        Operation::Pow => "{a} ^ {b}",
        Operation::Atan2 => "atan2([a], [b])",
        Operation::Hypot => "hypot([a], [b])",
        Operation::And => "{a} && {b}",
        Operation::Or => "{a} || {b}",
        Operation::Select => "own_pick([a], [b], [c])",
        _ => return None,
    })
}

const KEYWORDS: &[&str] = &[
    "break",
    "case",
    "catch",
    "classdef",
    "continue",
    "else",
    "elseif",
    "end",
    "for",
    "function",
    "global",
    "if",
    "otherwise",
    "parfor",
    "persistent",
    "return",
    "spmd",
    "switch",
    "try",
    "while",
    "do",
    "until",
    "abs",
    "sqrt",
    "nthroot",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "exp",
    "log",
    "log10",
    "floor",
    "atan2",
    "hypot",
    "double",
    "single",
    "zeros",
    "isempty",
    "max",
    "min",
    "mod",
    "round",
    "pi",
    "eps",
    "i",
    "j",
    "Inf",
    "NaN",
    "ans",
    "end_try_catch",
];

fn number(number: f64, precision: Precision) -> String {
    let digits = match format!("{number:?}").as_str() {
        "NaN" => "NaN".to_owned(),
        "inf" => "Inf".into(),
        "-inf" => "-Inf".into(),
        digits => digits.into(),
    };
    match precision {
        Precision::Double => digits,
        Precision::Float => format!("single({digits})"),
    }
}

fn statements(writer: &Writer<'_>, lets: &[Let]) -> String {
    let line = |Let { name, value }: &Let| format!("{name} = {};\n", writer.value(value));
    lets.iter().map(line).collect()
}

fn function(writer: &Writer<'_>, function: &Function) -> String {
    let Function { name, doc, operands, lets, result } = function;
    let (body, result) = (statements(writer, lets), writer.number(result));
    format!("% {doc}\nfunction value = own_{name}({})\n{body}value = {result};\nend\n", operands.join(", "))
}

fn file(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let study = writer.study;
    let names =
        |fields: &[Field]| fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ");
    let gain =
        |field: &Field| format!("{} = {}; % {}\n", field.name, writer.literal(field.value), field.comment);
    let mut before: String = plan.gains.iter().map(gain).collect();
    before += &statements(writer, &plan.prepare.0);
    for Let { name, value } in &plan.prepare.1 {
        let _ = writeln!(before, "{name} = {};", writer.number(value));
    }
    let mut remembered: Vec<&str> = plan.states.iter().map(|state| state.name.as_str()).collect();
    let mut starts = String::new();
    for state in &plan.states {
        let (first, comment) = (writer.number(&state.first), &state.comment);
        let _ = writeln!(starts, "    {} = {first}; % {comment}", state.name);
    }
    for Ring { names: [past, place], most, .. } in &plan.rings {
        remembered.extend([past.as_str(), place]);
        let _ = write!(starts, "    {past} = zeros(1, {most}, '{}');\n    {place} = 1;\n", writer.real());
    }
    if let Some(first) = remembered.first() {
        before = format!("persistent {}\n{before}if isempty({first})\n{starts}end\n", remembered.join(" "));
    }
    // The value of an output that is true or false is a number.
    let mut body = String::new();
    for one in &plan.step {
        let is_output = plan.outputs.iter().any(|output| output.name == one.name);
        let value = if is_output { writer.number(&one.value) } else { writer.value(&one.value) };
        let _ = writeln!(body, "{} = {value};", one.name);
    }
    for state in &plan.states {
        if let Some(next) = &state.next {
            let _ = writeln!(body, "{} = {};", state.name, writer.number(next));
        }
    }
    for ring in &plan.rings {
        body += &delay(writer, ring);
    }
    let about: String = [("takes", &plan.inputs), ("gives", &plan.outputs)]
        .iter()
        .flat_map(|(word, fields)| {
            fields.iter().map(move |field| format!("% {word} {}: {}\n", field.name, field.comment))
        })
        .collect();
    let functions = controller.functions().join("\n");
    let helpers = controller.helpers(&format!("{functions}{before}{body}"));
    format!(
        "function [{}] = {study}({})\n{}%\n{about}% `clear {study}` starts it anew.\n%#codegen\n{before}{body}end\n\n{helpers}{functions}",
        names(&plan.outputs),
        names(&plan.inputs),
        controller.head(),
    )
}

/// A value goes into its delay line, and the one that is due comes out.
fn delay(writer: &Writer<'_>, Ring { names: [past, place], state, of, most, steps }: &Ring) -> String {
    let steps = match steps {
        Expr::Number(number) => format!("{number:?}").trim_end_matches(".0").to_owned(),
        other => format!("max(1, double({}))", writer.number(other)),
    };
    let state = writer.member(Place::State, state);
    format!(
        "{past}({place}) = {};\n{place} = mod({place}, {most}) + 1;\n{state} = {past}(mod({place} - 1 - {steps}, {most}) + 1);\n",
        writer.number(of)
    )
}
