//! What a language calls the operations of the graph, and how it writes an expression: one walker for all languages, each of which is a table.
//!
//! In the text of an operation `{a}`, `{b}`, `{c}` are its operands, in parentheses where they are not a name, a number or a call, `[a]`, `[b]`, `[c]` the same
//! without, and `~` is the letter that a function for `float` ends with.

use super::expression::{Expr, Function, Place, is_truth, name_of};
use super::{Code, Math, Precision};
use crate::graph::Operation;

/// A language that a controller is written in.
pub(super) struct Language {
    /// The text of an operation, where it is not that of [`arithmetic`]; `None` of others where [`super::functions`] has it.
    pub(super) operation: fn(Operation, Math) -> Option<&'static str>,
    /// A quotient by a number that is not 0, where another one needs care.
    pub(super) by_number: Option<&'static str>,
    /// The number of a truth, and the truth of a number.
    pub(super) conversions: [&'static str; 2],
    /// The text of a function that the processor or the language has, by its name.
    pub(super) primitive: fn(&str) -> Option<&'static str>,
    /// Functions beside those, by name; `REAL` is the type of a number, `NAME_` what their names begin with.
    pub(super) helpers: &'static [(&'static str, &'static str)],
    /// What a gain, a prepared value, a state and an input stand behind.
    pub(super) places: [&'static str; 4],
    /// What the name of a function of ours begins with.
    pub(super) prefix: fn(&str) -> String,
    /// A number, and the letter behind one of `float`.
    pub(super) number: fn(f64, Precision) -> String,
    /// The letter behind the name of a function for `float`.
    pub(super) float_suffix: &'static str,
    /// The types of numbers of both precisions.
    pub(super) types: [&'static str; 2],
    /// A function of ours as a text.
    pub(super) function: fn(&Writer<'_>, &Function) -> String,
    /// Words that are no names, in lower case where it knows no other.
    pub(super) keywords: &'static [&'static str],
    /// Whether `Kp` and `KP` are the same name.
    pub(super) ignores_case: bool,
    /// What a line of a comment begins with.
    pub(super) comment: &'static str,
}

/// A text, and whether it can stand beside an operator as it is.
struct Text {
    written: String,
    is_atom: bool,
    is_truth: bool,
}

/// Writes expressions in a language.
pub(super) struct Writer<'a> {
    pub(super) language: &'a Language,
    pub(super) code: Code,
    /// The identifier of the study.
    pub(super) study: &'a str,
    /// Which names are true or false.
    pub(super) truths: Vec<String>,
}

impl Writer<'_> {
    /// The type of a number.
    pub(super) fn real(&self) -> &'static str {
        self.language.types[usize::from(self.code.precision == Precision::Float)]
    }

    /// A number.
    pub(super) fn literal(&self, number: f64) -> String {
        (self.language.number)(number, self.code.precision)
    }

    /// An expression as a number.
    pub(super) fn number(&self, of: &Expr) -> String {
        self.as_number(of).written
    }

    /// An expression as it is, a truth or a number.
    pub(super) fn value(&self, of: &Expr) -> String {
        self.text(of).written
    }

    /// Whether an expression is true or false.
    pub(super) fn is_truth(&self, of: &Expr) -> bool {
        of.is_truth(&|name| self.truths.iter().any(|truth| truth == name))
    }

    /// A member of the controller.
    pub(super) fn member(&self, place: Place, name: &str) -> String {
        let behind = match place {
            Place::Gain => 0,
            Place::Prepared => 1,
            Place::State => 2,
            Place::Input => 3,
        };
        format!("{}{name}", self.language.places[behind])
    }

    fn text(&self, of: &Expr) -> Text {
        match of {
            Expr::Number(number) => {
                let text = self.literal(*number);
                Text { is_atom: !text.starts_with('-'), written: text, is_truth: false }
            }
            Expr::Name(name) => Text { written: name.clone(), is_atom: true, is_truth: self.is_truth(of) },
            Expr::Member(place, name) => {
                Text { written: self.member(*place, name), is_atom: true, is_truth: false }
            }
            Expr::Apply(operation, operands) => self.apply(*operation, operands),
            Expr::Call(name, operands) => match (self.language.primitive)(name) {
                Some(template) => self.filled(template, operands, 0, false),
                None => self.call(name, operands),
            },
        }
    }

    fn apply(&self, operation: Operation, operands: &[Expr]) -> Text {
        use Operation::{And, Div, Not, Or, Select};
        let template = match (operation, operands.get(1), self.language.by_number) {
            (Div, Some(Expr::Number(by)), Some(template)) if *by != 0.0 => Some(template),
            _ => (self.language.operation)(operation, self.code.math).or_else(|| arithmetic(operation)),
        };
        let truths = match operation {
            Select | Not => 1,
            And | Or => 2,
            _ => 0,
        };
        match template {
            Some(template) => self.filled(template, operands, truths, is_truth(operation)),
            None => self.call(name_of(operation), operands),
        }
    }

    fn call(&self, name: &str, operands: &[Expr]) -> Text {
        let operands: Vec<String> = operands.iter().map(|operand| self.number(operand)).collect();
        let prefix = (self.language.prefix)(self.study);
        Text { written: format!("{prefix}{name}({})", operands.join(", ")), is_atom: true, is_truth: false }
    }

    /// A template with its operands, the first of which are truths.
    fn filled(&self, template: &str, operands: &[Expr], truths: usize, is_truth: bool) -> Text {
        let mut text = template.replace('~', self.suffix());
        for (place, operand) in operands.iter().enumerate() {
            let made = if place < truths { self.as_truth(operand) } else { self.as_number(operand) };
            let [open, bare] = [["{a}", "[a]"], ["{b}", "[b]"], ["{c}", "[c]"]][place];
            let closed = if made.is_atom { made.written.clone() } else { format!("({})", made.written) };
            // What is put in has no marks: names and numbers have neither brackets nor braces but where an expression of Rust chooses.
            text = replaced(&text, open, &closed);
            text = replaced(&text, bare, &made.written);
        }
        let is_call = template.ends_with(')')
            && template.split('(').next().is_some_and(|name| {
                name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '~' | ':'))
            });
        Text { written: text.replace('\u{1}', ""), is_atom: is_call, is_truth }
    }

    fn suffix(&self) -> &'static str {
        if self.code.precision == Precision::Float { self.language.float_suffix } else { "" }
    }

    fn as_number(&self, of: &Expr) -> Text {
        self.converted(of, 0)
    }

    fn as_truth(&self, of: &Expr) -> Text {
        self.converted(of, 1)
    }

    /// As a number, or as a truth.
    fn converted(&self, of: &Expr, to: usize) -> Text {
        let made = self.text(of);
        if usize::from(made.is_truth) == to {
            return made;
        }
        let closed = if made.is_atom { made.written.clone() } else { format!("({})", made.written) };
        let template = self.language.conversions[to].replace('~', self.suffix());
        let [zero, one] = [0.0, 1.0].map(|number| self.literal(number));
        let text = template.replace("{0}", &zero).replace("{1}", &one);
        let text = text.replace("{a}", &closed).replace("[a]", &made.written);
        Text { written: text, is_atom: false, is_truth: to == 1 }
    }

    /// A helper as a text.
    pub(super) fn helper(&self, text: &str) -> String {
        let text = text.replace("NAME_", &(self.language.prefix)(self.study)).replace("REAL", self.real());
        let [zero, one] = [0.0, 1.0].map(|number| self.literal(number));
        text.replace("{0}", &zero).replace("{1}", &one).replace('~', self.suffix())
    }
}

/// A text with a mark replaced by what holds marks of its own, which stay as they are.
fn replaced(text: &str, mark: &str, by: &str) -> String {
    // A mark that is put in is kept from being taken for one of the template's.
    let by = by.replace('{', "{\u{1}").replace('[', "[\u{1}");
    text.replace(mark, &by)
}

/// The text of an operation in nearly every language.
fn arithmetic(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::Neg => "-{a}",
        Operation::Add => "{a} + {b}",
        Operation::Sub => "{a} - {b}",
        Operation::Mul => "{a} * {b}",
        Operation::Div => "{a} / {b}",
        Operation::Less => "{a} < {b}",
        Operation::LessEqual => "{a} <= {b}",
        Operation::Equal => "{a} == {b}",
        Operation::MulAdd => "({a} * {b}) + {c}",
        Operation::MulSub => "({a} * {b}) - {c}",
        Operation::NegMulAdd => "{c} - ({a} * {b})",
        _ => return None,
    })
}
