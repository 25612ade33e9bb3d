//! Controllers as code: the whole law of a study, with its states and its discretisation, in the language of a target.
//!
//! The law is lowered by itself ([`crate::closed_loop::Law`]) and finished as the engine finishes it; `plan.rs` gives its values names, `expression.rs` walks its
//! nodes into statements, `language.rs` writes these by the table of a language, `functions.rs` has the mathematics. What a file looks like around that is the
//! file of its language.

mod c;
mod expression;
mod functions;
mod head;
mod language;
mod matlab;
mod names;
pub(super) mod nodes;
mod plan;
mod python;
mod rust;
mod structured_text;

use expression::{Expr, Function};
use language::{Language, Writer};
use plan::Plan;

use super::Export;
use crate::Error;
use crate::registry::Member;

pub use c::CController;
pub use matlab::MatlabFunction;
pub use python::PythonController;
pub use rust::RustController;
pub use structured_text::St;

/// Whose functions a controller uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Math {
    /// Its own, with the bits of the engine.
    #[default]
    Own,
    /// Those of the target's library, and products that are rounded before they are added.
    Libm,
}

/// The numbers of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 64 bits.
    #[default]
    Double,
    /// 32 bits.
    Float,
}

impl Member for Math {
    const ALL: &'static [Self] = &[Self::Own, Self::Libm];

    fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Libm => "libm",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Own => "functions of its own, with the bits of the simulation",
            Self::Libm => "those of the target's library",
        }
    }
}

impl Member for Precision {
    const ALL: &'static [Self] = &[Self::Double, Self::Float];

    fn name(self) -> &'static str {
        match self {
            Self::Double => "double",
            Self::Float => "float",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Double => "numbers of 64 bits",
            Self::Float => "numbers of 32 bits",
        }
    }
}

/// How the code of a controller is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Code {
    /// Whose functions it uses.
    pub math: Math,
    /// Its numbers.
    pub precision: Precision,
}

/// A controller that is ready to be written.
struct Controller<'a> {
    plan: Plan,
    writer: Writer<'a>,
    functions: Vec<Function>,
    /// What it is and how it is used, a line each.
    head: Vec<String>,
}

impl<'a> Controller<'a> {
    fn new(export: &Export, language: &'a Language, code: Code, study: &'a str) -> Result<Self, Error> {
        let law = export.config.law_alone(&export.values).map_err(|_| Error::Option {
            option: "--format",
            found: "is for a law that stands by itself".into(),
            remedy:
                "this one needs what the plant answers to its own output, or is too large: export its gains"
                    .into(),
        })?;
        let plan = Plan::new(&export.config, &export.values, law, language);
        let head = head::lines(export, &plan, code)?;
        let mut writer = Writer { language, code, study, truths: Vec::new() };
        writer.truths = truths(plan.step.iter().chain(&plan.prepare.0));
        let functions = functions::needed(&writer, &plan.expressions());
        Ok(Self { plan, writer, functions, head })
    }

    /// The functions that the code calls, as texts.
    fn functions(&self) -> Vec<String> {
        written(&self.writer, &self.functions)
    }

    /// The helpers of the language that a text calls.
    fn helpers(&self, text: &str) -> String {
        helpers(&self.writer, text)
    }

    /// The lines of the head, each behind what a comment begins with.
    fn head(&self) -> String {
        let mark = self.writer.language.comment;
        let line = |line: &String| format!("{mark} {}", super::comment(line)).trim_end().to_owned() + "\n";
        self.head.iter().map(line).collect()
    }
}

impl Plan {
    /// All expressions.
    fn expressions(&self) -> Vec<&Expr> {
        let lets = self.prepare.0.iter().chain(&self.prepare.1).chain(&self.step).map(|one| &one.value);
        lets.chain(self.states.iter().map(|state| &state.first)).collect()
    }
}

/// Functions as texts.
fn written(writer: &Writer<'_>, functions: &[Function]) -> Vec<String> {
    let write = |function: &Function| {
        let Writer { language, code, study, .. } = *writer;
        let writer = Writer { language, code, study, truths: truths(function.lets.iter()) };
        (language.function)(&writer, function)
    };
    functions.iter().map(write).collect()
}

/// The helpers of a language that a text calls.
fn helpers(writer: &Writer<'_>, text: &str) -> String {
    let prefix = (writer.language.prefix)(writer.study);
    let mut helpers = String::new();
    // A helper may call one that stands before it.
    for (name, helper) in writer.language.helpers.iter().rev() {
        let call = format!("{prefix}{name}(");
        if text.contains(&call) || helpers.contains(&call) {
            helpers = format!("{}\n{helpers}", writer.helper(helper));
        }
    }
    helpers
}

/// The names of those statements that are true or false.
fn truths<'a>(lets: impl Iterator<Item = &'a expression::Let>) -> Vec<String> {
    let mut truths: Vec<String> = Vec::new();
    for one in lets {
        if one.value.is_truth(&|name| truths.iter().any(|truth| truth == name)) {
            truths.push(one.name.clone());
        }
    }
    truths
}
