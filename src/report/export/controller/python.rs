//! Python: a module with a class, which needs nothing but the standard library.

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
pub struct PythonController;

impl Format for PythonController {
    const NAME: &'static str = "python-controller";
    const SUMMARY: &'static str = "the whole law as Python: a module with a class Controller";

    fn text(export: &Export) -> Result<String, Error> {
        if export.code.precision == Precision::Float {
            return Err(Error::Option {
                option: "--precision",
                found: "float is not to be had in Python".into(),
                remedy: "allowed: double, since Python has no other numbers".into(),
            });
        }
        let study = export.identifier();
        Ok(file(&Controller::new(export, &PYTHON, export.code, &study)?))
    }
}

const PYTHON: Language = Language {
    operation,
    by_number: Some("{a} / {b}"),
    conversions: ["{1} if [a] else {0}", "abs([a]) > {0}"],
    primitive: |name| (name == "copysign").then_some("math.copysign([a], [b])"),
    helpers: HELPERS,
    places: ["self.gains.", "self.", "self.", ""],
    prefix: |_| "_".into(),
    number,
    float_suffix: "",
    types: ["float", "float"],
    function,
    keywords: KEYWORDS,
    ignores_case: false,
    comment: "#",
};

fn operation(operation: Operation, math: Math) -> Option<&'static str> {
    let is_own = math == Math::Own;
    Some(match operation {
        Operation::Abs => "abs([a])",
        Operation::Sqrt => "_sqrt([a])",
        Operation::Floor => "_floor([a])",
        Operation::Round => "_round([a])",
        Operation::Not => "not {a}",
        Operation::Div => "_divide([a], [b])",
        Operation::And => "{a} and {b}",
        Operation::Or => "{a} or {b}",
        Operation::Select => "{b} if {a} else {c}",
        Operation::MulAdd if is_own => "_fma([a], [b], [c])",
        Operation::MulSub if is_own => "_fma([a], [b], -{c})",
        Operation::NegMulAdd if is_own => "_fma(-{a}, [b], [c])",
        _ if is_own => return None,
        Operation::Sin => "_call(math.sin, [a])",
        Operation::Cos => "_call(math.cos, [a])",
        Operation::Tan => "_call(math.tan, [a])",
        Operation::Asin => "_call(math.asin, [a])",
        Operation::Acos => "_call(math.acos, [a])",
        Operation::Atan => "math.atan([a])",
        Operation::Sinh => "_call(math.sinh, [a])",
        Operation::Cosh => "_call(math.cosh, [a])",
        Operation::Tanh => "math.tanh([a])",
        Operation::Exp => "_call(math.exp, [a])",
        Operation::Log => "_call(math.log, [a])",
        Operation::Log10 => "_call(math.log10, [a])",
        Operation::Pow => "_call(math.pow, [a], [b])",
        Operation::Atan2 => "math.atan2([a], [b])",
        Operation::Hypot => "math.hypot([a], [b])",
        _ => return None,
    })
}

const HELPERS: &[(&str, &str)] = &[
    (
        "divide",
        "def _divide(a, b):\n    \"\"\"a/b as IEEE 754 has it.\"\"\"\n    if b != 0.0 or b != b:\n        return a / b\n    \
        if a == 0.0 or a != a:\n        return math.nan\n    return math.copysign(math.inf, a) * math.copysign(1.0, b)\n\n",
    ),
    (
        "sqrt",
        "def _sqrt(a):\n    \"\"\"The root; NaN below 0.\"\"\"\n    return math.sqrt(a) if a >= 0.0 else math.nan\n\n",
    ),
    (
        "floor",
        "def _floor(a):\n    \"\"\"The largest whole number that is not above a.\"\"\"\n    return math.copysign(float(math.floor(a)), a) if math.isfinite(a) else a\n\n",
    ),
    (
        "round",
        "def _round(a):\n    \"\"\"The nearest whole number, the even one of two.\"\"\"\n    return math.copysign(float(round(a)), a) if math.isfinite(a) else a\n\n",
    ),
    (
        "call",
        "def _call(function, *numbers):\n    \"\"\"NaN where a function has no value, and infinity where it has too large a one.\"\"\"\n    try:\n        return function(*numbers)\n    \
        except ValueError:\n        return math.nan\n    except OverflowError:\n        return math.inf\n\n",
    ),
    (
        "power_of_two",
        "def _power_of_two(count):\n    \"\"\"2 to a whole power.\"\"\"\n    return math.ldexp(1.0, int(count)) if count == count else count\n\n",
    ),
    (
        "fraction",
        "def _fraction(x):\n    \"\"\"m of x = m 2^k with m from 1/2 to 1.\"\"\"\n    return math.frexp(x)[0]\n\n",
    ),
    (
        "exponent",
        "def _exponent(x):\n    \"\"\"k of x = m 2^k with m from 1/2 to 1.\"\"\"\n    return float(math.frexp(x)[1])\n\n",
    ),
    (
        "fma",
        "def _exact_fma(a, b, c):\n    \"\"\"a*b + c, rounded once: in whole numbers.\"\"\"\n    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):\n        return a * b + c\n    \
        (p, q), (r, s), (t, u) = a.as_integer_ratio(), b.as_integer_ratio(), c.as_integer_ratio()\n    below = q * s\n    top = p * r * u + t * below\n    \
        if top == 0:\n        return a * b + c if a * b == -c else 0.0\n    try:\n        return top / (below * u)\n    \
        except OverflowError:\n        return math.copysign(math.inf, top)\n\n\n\
        def _builtin_fma(a, b, c):\n    \"\"\"a*b + c, rounded once: Python's own from 3.13 on.\"\"\"\n    try:\n        return math.fma(a, b, c)\n    \
        except (OverflowError, ValueError):\n        return _exact_fma(a, b, c)\n\n\n_fma = _builtin_fma if hasattr(math, \"fma\") else _exact_fma\n\n",
    ),
];

const KEYWORDS: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "match",
    "case",
    "type",
    "self",
    "math",
    "abs",
    "int",
    "float",
    "round",
    "range",
    "len",
    "gains",
    "step",
    "set_gains",
    "namedtuple",
    "Gains",
    "Outputs",
    "Controller",
    "GAINS",
    "PERIOD",
    "count",
    "index",
];

fn number(number: f64, _: Precision) -> String {
    match format!("{number:?}").as_str() {
        "NaN" => "math.nan".into(),
        "inf" => "math.inf".into(),
        "-inf" => "-math.inf".into(),
        digits => digits.into(),
    }
}

fn statements(writer: &Writer<'_>, lets: &[Let]) -> String {
    let line = |Let { name, value }: &Let| format!("    {name} = {}\n", writer.value(value));
    lets.iter().map(line).collect()
}

fn function(writer: &Writer<'_>, function: &Function) -> String {
    let Function { name, doc, operands, lets, result } = function;
    let (body, result) = (statements(writer, lets), writer.number(result));
    format!("def _{name}({}):\n    \"\"\"{doc}\"\"\"\n{body}    return {result}\n\n", operands.join(", "))
}

fn indented(text: &str) -> String {
    let indented = |line: &str| if line.is_empty() { "\n".into() } else { format!("    {line}\n") };
    text.lines().map(indented).collect()
}

/// A named tuple with a comment a field.
fn fields(fields: &[Field]) -> String {
    let line = |Field { name, comment, .. }: &Field| format!("    \"{name}\",  # {comment}\n");
    fields.iter().map(line).collect()
}

fn file(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let value = |field: &Field| format!("    {}={},\n", field.name, writer.literal(field.value));
    let values: String = plan.gains.iter().map(value).collect();
    let code = format!("{}{}", set_gains(controller), step(controller));
    let functions = controller.functions().join("\n");
    let helpers = controller.helpers(&format!("{functions}{code}"));
    let between = if functions.is_empty() { "" } else { "\n" };
    format!(
        "{}\nimport math\nfrom collections import namedtuple\n\nPERIOD = {}  # the control period in s\n\nGains = namedtuple(\"Gains\", [\n{}])\n\nOutputs = namedtuple(\"Outputs\", [\n{}])\n\n\
         # The gains of the study.\nGAINS = Gains(\n{values})\n\n{helpers}{functions}{between}\nclass Controller:\n    \"\"\"The controller; step is called once a control period.\"\"\"\n\n{}",
        controller.head(),
        writer.literal(plan.period),
        fields(&plan.gains),
        fields(&plan.outputs),
        indented(&code),
    )
}

fn set_gains(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let mut takes = statements(writer, &plan.prepare.0);
    for Let { name, value } in &plan.prepare.1 {
        let _ = writeln!(takes, "    self.{name} = {}", writer.number(value));
    }
    let mut starts = String::new();
    for state in &plan.states {
        let _ = writeln!(
            starts,
            "    self.{} = {}  # {}",
            state.name,
            writer.number(&state.first),
            state.comment
        );
    }
    for Ring { names: [past, place], most, .. } in &plan.rings {
        let _ = write!(starts, "    self.{past} = [0.0] * {most}\n    self.{place} = 0\n");
    }
    format!(
        "def __init__(self, gains=GAINS):\n    self.set_gains(gains)\n{starts}\n\
         def set_gains(self, gains):\n    \"\"\"Takes gains, and leaves what is remembered.\"\"\"\n    self.gains = gains\n{takes}\n"
    )
}

fn step(controller: &Controller<'_>) -> String {
    let Controller { plan, writer, .. } = controller;
    let mut body = statements(writer, &plan.step);
    for state in &plan.states {
        if let Some(next) = &state.next {
            let _ = writeln!(body, "    self.{} = {}", state.name, writer.number(next));
        }
    }
    for ring in &plan.rings {
        body += &delay(writer, ring);
    }
    let input = |input: &Field| format!(", {}", input.name);
    let inputs: String = plan.inputs.iter().map(input).collect();
    let line = |input: &Field| format!("\n    {}: {}", input.name, input.comment);
    let about: String = plan.inputs.iter().map(line).collect();
    let value = |field: &Field| format!("{}, ", writer.number(&Expr::Name(field.name.clone())));
    let outputs: String = plan.outputs.iter().map(value).collect();
    format!(
        "def step(self{inputs}):\n    \"\"\"A control period: what the law says of what it is told.\n{about}\n    \"\"\"\n{body}    return Outputs({})\n",
        outputs.trim_end_matches(", ")
    )
}

/// A value goes into its delay line, and the one that is due comes out.
fn delay(writer: &Writer<'_>, Ring { names: [past, place], state, of, most, steps }: &Ring) -> String {
    let steps = match steps {
        Expr::Number(number) => format!("{number:?}").trim_end_matches(".0").to_owned(),
        other => format!("max(1, int({}))", writer.number(other)),
    };
    let state = writer.member(Place::State, state);
    format!(
        "    self.{past}[self.{place}] = {}\n    self.{place} = (self.{place} + 1) % {most}\n    \
         {state} = self.{past}[(self.{place} - {steps}) % {most}]\n",
        writer.number(of)
    )
}
