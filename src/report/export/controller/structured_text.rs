//! Structured text of IEC 61131-3: a function block, and the functions that it calls.

use std::fmt::Write;

use super::expression::{Expr, Function, Let, Place};
use super::language::{Language, Writer};
use super::plan::{Field, Ring};
use super::{Code, Controller, Math, Precision};
use crate::Error;
use crate::graph::Operation;
use crate::report::export::{Export, Format};

/// A function block.
#[derive(Debug, Clone, Copy)]
pub struct St;

impl Format for St {
    const NAME: &'static str = "st";
    const SUMMARY: &'static str =
        "the whole law as structured text of IEC 61131-3: a function block; with the controller's functions";

    fn text(export: &Export) -> Result<String, Error> {
        let study = super::names::plain(&export.identifier());
        let code = Code { math: Math::Libm, ..export.code };
        Ok(file(&Controller::new(export, &ST, code, &study)?))
    }
}

const ST: Language = Language {
    operation,
    by_number: None,
    conversions: ["SEL([a], {0}, {1})", "ABS([a]) > {0}"],
    primitive: |_| None,
    helpers: &[],
    places: [""; 4],
    prefix: |study| format!("{study}_"),
    number,
    float_suffix: "",
    types: ["LREAL", "REAL"],
    function,
    keywords: KEYWORDS,
    ignores_case: true,
    comment: "",
};

fn operation(operation: Operation, _: Math) -> Option<&'static str> {
    Some(match operation {
        Operation::Abs => "ABS([a])",
        Operation::Sqrt => "SQRT([a])",
        Operation::Sin => "SIN([a])",
        Operation::Cos => "COS([a])",
        Operation::Tan => "TAN([a])",
        Operation::Asin => "ASIN([a])",
        Operation::Acos => "ACOS([a])",
        Operation::Atan => "ATAN([a])",
        Operation::Exp => "EXP([a])",
        Operation::Log => "LN([a])",
        Operation::Log10 => "LOG([a])",
        // Of a number at a half the even one, as the standard wants it.
        Operation::Round => "LINT_TO_LREAL(LREAL_TO_LINT([a]))",
        Operation::Not => "NOT {a}",
        Operation::Pow => "EXPT([a], [b])",
        Operation::Equal => "{a} = {b}",
        Operation::And => "{a} AND {b}",
        Operation::Or => "{a} OR {b}",
        Operation::Select => "SEL([a], [c], [b])",
        _ => return None,
    })
}

const KEYWORDS: &[&str] = &[
    "abs",
    "acos",
    "action",
    "add",
    "and",
    "any",
    "array",
    "asin",
    "at",
    "atan",
    "bool",
    "by",
    "byte",
    "case",
    "concat",
    "configuration",
    "constant",
    "cos",
    "ctd",
    "ctu",
    "ctud",
    "date",
    "delete",
    "dint",
    "div",
    "do",
    "dt",
    "dword",
    "else",
    "elsif",
    "en",
    "end",
    "eno",
    "eq",
    "exit",
    "exp",
    "expt",
    "false",
    "find",
    "for",
    "from",
    "function",
    "ge",
    "gt",
    "if",
    "initial_step",
    "insert",
    "int",
    "interval",
    "le",
    "left",
    "len",
    "limit",
    "lint",
    "ln",
    "log",
    "lreal",
    "lt",
    "lword",
    "max",
    "mid",
    "min",
    "mod",
    "move",
    "mul",
    "mux",
    "ne",
    "not",
    "of",
    "on",
    "or",
    "priority",
    "program",
    "real",
    "reset",
    "repeat",
    "replace",
    "resource",
    "retain",
    "return",
    "right",
    "rol",
    "ror",
    "rs",
    "r_edge",
    "f_edge",
    "sel",
    "shl",
    "shr",
    "sin",
    "single",
    "sint",
    "sqrt",
    "sr",
    "step",
    "string",
    "struct",
    "sub",
    "tan",
    "task",
    "then",
    "time",
    "to",
    "tod",
    "tof",
    "ton",
    "tp",
    "transition",
    "true",
    "trunc",
    "type",
    "udint",
    "uint",
    "ulint",
    "until",
    "usint",
    "var",
    "while",
    "with",
    "word",
    "wstring",
    "xor",
    "r",
    "s",
    "n",
    "p",
    "l",
    "d",
    "is_started",
    "k",
    "continue",
    "this",
    "super",
    "ref",
    "class",
    "method",
    "interface",
    "property",
    "namespace",
    "using",
    "null",
    "abstract",
    "final",
    "extends",
    "implements",
    "override",
    "private",
    "protected",
    "public",
    "internal",
    "char",
    "wchar",
    "floor",
    "ceil",
];

fn number(number: f64, precision: Precision) -> String {
    let largest = if precision == Precision::Float { 3.4e38 } else { 1.7e308 };
    // It has no infinity.
    let bounded = if number.is_nan() { 0.0 } else { number.clamp(-largest, largest) };
    #[allow(clippy::cast_possible_truncation, reason = "what float holds of it")]
    let digits = match precision {
        Precision::Double => format!("{bounded:?}"),
        Precision::Float => format!("{:?}", bounded as f32),
    };
    match digits.split_once('e') {
        Some((mantissa, power)) if mantissa.contains('.') => format!("{mantissa}E{power}"),
        Some((mantissa, power)) => format!("{mantissa}.0E{power}"),
        None => digits,
    }
}

/// A comment, which nothing in it ends.
fn remark(text: &str) -> String {
    format!("(* {} *)", crate::report::export::comment(text).replace("(*", "( *").replace("*)", "* )"))
}

fn statements(writer: &Writer<'_>, lets: &[Let]) -> String {
    let line = |Let { name, value }: &Let| format!("{name} := {};\n", writer.value(value));
    lets.iter().map(line).collect()
}

/// The declarations of what statements make.
fn variables(writer: &Writer<'_>, lets: &[Let], but: &[Field]) -> String {
    let own = lets.iter().filter(|one| !but.iter().any(|field| field.name == one.name));
    let line = |Let { name, value }: &Let| {
        let of = if writer.is_truth(value) { "BOOL" } else { writer.real() };
        format!("    {name} : {of};\n")
    };
    own.map(line).collect()
}

/// Names of a function that are words of the language have another one.
fn function(writer: &Writer<'_>, function: &Function) -> String {
    let Function { name, doc, operands, lets, result } = function;
    let real = writer.real();
    let called = format!("{}{name}", (writer.language.prefix)(writer.study));
    let declaration = |operand: &String| format!("    {operand} : {real};\n");
    let given: String = operands.iter().map(declaration).collect();
    let own = variables(writer, lets, &[]);
    let own = if own.is_empty() { own } else { format!("VAR\n{own}END_VAR\n") };
    let (body, result) = (statements(writer, lets), writer.number(result));
    format!(
        "{}\nFUNCTION {called} : {real}\nVAR_INPUT\n{given}END_VAR\n{own}{body}{called} := {result};\nEND_FUNCTION\n",
        remark(doc)
    )
}

fn file(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let (real, study) = (writer.real(), writer.study);
    let head: String = controller.head.iter().map(|line| remark(line) + "\n").collect();
    let field = |Field { name, comment, .. }: &Field| format!("    {name} : {real}; {}\n", remark(comment));
    let inputs: String = plan.inputs.iter().map(field).collect();
    let outputs: String = plan.outputs.iter().map(field).collect();
    let gain = |Field { name, comment, value }: &Field| {
        format!("    {name} : {real} := {}; {}\n", writer.literal(*value), remark(comment))
    };
    let mut own: String = plan.gains.iter().map(gain).collect();
    let (mut starts, mut before) = (String::new(), statements(writer, &plan.prepare.0));
    for Let { name, value } in &plan.prepare.1 {
        let _ = writeln!(before, "{name} := {};", writer.number(value));
    }
    for state in &plan.states {
        let _ = writeln!(own, "    {} : {real}; {}", state.name, remark(&state.comment));
        let _ = writeln!(starts, "    {} := {};", state.name, writer.number(&state.first));
    }
    for Ring { names: [past, place], most, .. } in &plan.rings {
        let _ = write!(own, "    {past} : ARRAY[0..{}] OF {real};\n    {place} : DINT;\n", most - 1);
        let _ = write!(
            starts,
            "    FOR k := 0 TO {} DO\n        {past}[k] := 0.0;\n    END_FOR;\n    {place} := 0;\n",
            most - 1
        );
    }
    if !plan.rings.is_empty() {
        own += "    k : DINT;\n";
    }
    own += "    is_started : BOOL := FALSE;\n";
    for prepared in &plan.prepare.1 {
        let _ = writeln!(own, "    {} : {real};", prepared.name);
    }
    let all: Vec<Let> = plan.prepare.0.iter().chain(&plan.step).cloned().collect();
    own += &variables(writer, &all, &plan.outputs);
    let mut body = String::new();
    for one in &plan.step {
        let is_output = plan.outputs.iter().any(|output| output.name == one.name);
        let value = if is_output { writer.number(&one.value) } else { writer.value(&one.value) };
        let _ = writeln!(body, "{} := {value};", one.name);
    }
    for state in &plan.states {
        if let Some(next) = &state.next {
            let _ = writeln!(body, "{} := {};", state.name, writer.number(next));
        }
    }
    for ring in &plan.rings {
        body += &delay(writer, ring);
    }
    let functions = controller.functions().join("\n");
    let between = if functions.is_empty() { "" } else { "\n" };
    format!(
        "{head}\n{functions}{between}FUNCTION_BLOCK {study}\nVAR_INPUT\n{inputs}    reset : BOOL := FALSE; {}\nEND_VAR\nVAR_OUTPUT\n{outputs}END_VAR\nVAR\n{own}END_VAR\n\
         {before}IF reset OR NOT is_started THEN\n{starts}    is_started := TRUE;\nEND_IF;\n{body}END_FUNCTION_BLOCK\n",
        remark("true starts it anew")
    )
}

/// A value goes into its delay line, and the one that is due comes out.
fn delay(writer: &Writer<'_>, Ring { names: [past, place], state, of, most, steps }: &Ring) -> String {
    let steps = match steps {
        Expr::Number(number) => format!("{number:?}").trim_end_matches(".0").to_owned(),
        other => format!("MAX(1, {}_TO_DINT({}))", writer.real(), writer.number(other)),
    };
    let state = writer.member(Place::State, state);
    format!(
        "{past}[{place}] := {};\n{place} := ({place} + 1) MOD {most};\n{state} := {past}[({place} + {most} - {steps}) MOD {most}];\n",
        writer.number(of)
    )
}
