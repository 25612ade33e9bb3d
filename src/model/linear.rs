//! Linear plants as they stand in books: a transfer function, or the matrices of a state-space model. Both become equations.
//!
//! ```toml
//! numerator   = [0.015]                      # highest power of s first
//! denominator = [0.00108, 0.0061, 0.00163]
//! dead_time   = 0.1                          # s, of the input; 0 unless given
//! ```
//!
//! The states are those of the observable canonical form (Åström & Murray, Feedback Systems (2008), section 7.3), so that the output of a
//! strictly proper function is its first state, and has a sensor. The coefficients are the plant's parameters: `a0` is that of s⁰ in the
//! denominator, `b0` in the numerator.
//!
//! ```toml
//! A = [[0, 1], [-2, -3]]                     # x' = A x + B u
//! B = [0, 1]                                 # or a row a state, [[0], [1]]
//! C = [1, 0]                                 # y = C x + D u; without C the states alone are measured
//! D = 0
//! ```

use super::{Declarations, Input, Kind, Model, Parameter, Quantity, State};
use crate::text::{ConfigError, Section, Source};

/// Most states.
const ORDER_MAX: usize = 20;
/// Most inputs, and most outputs.
const CHANNELS_MAX: usize = 8;
/// Longest dead time in s.
const DEAD_TIME_MAX: f64 = 1e6;

/// Whether a section states a linear plant in place of equations, of which `A` may be a parameter.
pub(crate) fn is_linear(section: &Section<'_>, kind: Kind) -> bool {
    let is_function = || ["numerator", "denominator"].iter().any(|key| section.has(key));
    let is_matrices = || section.has("A") && !section.has("equations");
    kind == Kind::Plant && (is_function() || is_matrices())
}

/// The plant that a section states; `declared` is what it says besides.
pub(super) fn model(
    source: &Source,
    section: &Section<'_>,
    mut declared: Declarations,
) -> Result<Model, ConfigError> {
    for (key, is_there) in [
        ("equations", section.has("equations")),
        ("states", !declared.states.is_empty()),
        ("inputs", !declared.inputs.is_empty()),
        ("outputs", !declared.outputs.is_empty()),
        ("parameters", !declared.parameters.is_empty()),
    ] {
        if is_there {
            let remedy = "keep one: a linear plant has states, inputs, outputs and parameters of its own";
            return Err(section.error(key, "cannot be combined with numerator or A", remedy.into()));
        }
    }
    let mut text = String::new();
    let by = Written { section, declared: &mut declared, text: &mut text };
    if section.has("A") {
        by.matrices()?;
    } else {
        by.transfer_function()?;
    }
    Model::new(Kind::Plant, declared, &text).map_err(|error| {
        source.error(None, format!("the linear plant cannot be made: {}", error.marked(&text)), error.remedy)
    })
}

/// Equations that are being written.
struct Written<'a> {
    section: &'a Section<'a>,
    declared: &'a mut Declarations,
    text: &'a mut String,
}

impl Written<'_> {
    /// Numerator and denominator by the power of s.
    fn coefficients(&self) -> Result<[Vec<f64>; 2], ConfigError> {
        let allowed = || {
            format!(
                "allowed: coefficients from the highest power of s down, at most {} of them",
                ORDER_MAX + 1
            )
        };
        let coefficients = |key: &str| -> Result<Vec<f64>, ConfigError> {
            let list = self.section.list(key)?;
            let list = list.ok_or_else(|| self.section.error(key, "is missing", allowed()))?;
            if list.is_empty() || list.len() > ORDER_MAX + 1 {
                return Err(self.section.error(key, &format!("has {} numbers", list.len()), allowed()));
            }
            Ok(list)
        };
        let (numerator, mut denominator) = (coefficients("numerator")?, coefficients("denominator")?);
        if denominator[0] == 0.0 {
            let remedy = "leave out powers of s that it does not have".into();
            return Err(self.section.error("denominator", "begins with 0", remedy));
        }
        let mut numerator: Vec<f64> = numerator.into_iter().skip_while(|b| *b == 0.0).collect();
        numerator.reverse();
        denominator.reverse();
        let n = denominator.len() - 1;
        if n == 0 {
            let remedy =
                "allowed: a denominator of the first order at least; put a mere gain into the controller";
            return Err(self.section.error("denominator", "has no s", remedy.into()));
        }
        if numerator.is_empty() {
            return Err(self.section.error("numerator", "is 0", "allowed: a number that is not 0".into()));
        }
        if numerator.len() > n + 1 {
            let problem = format!("has a higher order, {}, than the denominator, {n}", numerator.len() - 1);
            let remedy = "allowed: as many powers of s as the denominator has; add a fast pole".into();
            return Err(self.section.error("numerator", &problem, remedy));
        }
        Ok([numerator, denominator])
    }

    fn transfer_function(mut self) -> Result<(), ConfigError> {
        let [numerator, denominator] = self.coefficients()?;
        let n = denominator.len() - 1;
        for (letter, of, all) in [("b", "numerator", &numerator), ("a", "denominator", &denominator)] {
            for (power, value) in all.iter().enumerate() {
                self.parameter(
                    format!("{letter}{power}"),
                    *value,
                    format!("coefficient of s^{power} in the {of}"),
                );
            }
        }
        self.declared.require.push(format!("a{n} != 0"));
        if self.declared.summary.is_empty() {
            let [above, below] = [&numerator, &denominator].map(|all| polynomial(all));
            self.declared.summary = format!("transfer function ({above})/({below})");
        }
        let u = &self.inputs(1)?[0];
        // What goes straight through: y = first state + through·u.
        let is_straight = numerator.len() == n + 1;
        let first = if is_straight { "x1" } else { "y" };
        let state = |place: usize| if place == 0 { first.to_owned() } else { format!("x{}", place + 1) };
        if is_straight {
            self.line("y", &format!("x1 + b{n}/a{n}*{u}"));
            self.output("y", "output");
        }
        for place in 0..n {
            let power = n - 1 - place;
            let doc = if place == 0 {
                "output, but for what goes straight through"
            } else {
                "state of the canonical form"
            };
            let doc = if place == 0 && !is_straight { "output" } else { doc };
            self.state(state(place), doc);
            let next = if place + 1 < n { format!("{} + ", state(place + 1)) } else { String::new() };
            let driven = match (numerator.get(power), is_straight) {
                (Some(_), true) => format!("(b{power} - a{power}*b{n}/a{n})*{u}"),
                (Some(_), false) => format!("b{power}*{u}"),
                (None, _) => "0".into(),
            };
            self.line(&format!("{}'", state(place)), &format!("{next}({driven} - a{power}*{first})/a{n}"));
        }
        Ok(())
    }

    fn matrices(mut self) -> Result<(), ConfigError> {
        let a = self.matrix("A")?.unwrap_or_default();
        let n = a.len();
        if n > ORDER_MAX || a[0].len() != n {
            let problem = format!("has {n} rows of {}", a[0].len());
            return Err(self.section.error(
                "A",
                &problem,
                format!("allowed: a square matrix of at most {ORDER_MAX} rows"),
            ));
        }
        let sized = |what: &str| format!("allowed: {what}, as A has {n} rows");
        let b =
            self.matrix("B")?.ok_or_else(|| self.section.error("B", "is missing", sized("a row a state")))?;
        // A list stands for a column.
        let b = if b.len() == 1 && n > 1 { b[0].iter().map(|number| vec![*number]).collect() } else { b };
        if b.len() != n || b[0].len() > CHANNELS_MAX {
            let problem = format!("has {} rows of {}", b.len(), b[0].len());
            return Err(self.section.error(
                "B",
                &problem,
                sized(&format!("{n} rows of at most {CHANNELS_MAX}")),
            ));
        }
        let c = self.matrix("C")?.unwrap_or_default();
        if c.len() > CHANNELS_MAX || c.first().is_some_and(|row| row.len() != n) {
            let problem = format!("has {} rows of {}", c.len(), c[0].len());
            return Err(self.section.error(
                "C",
                &problem,
                sized(&format!("at most {CHANNELS_MAX} rows of {n}")),
            ));
        }
        let (m, c_count) = (b[0].len(), c.len());
        let d = self.matrix("D")?.unwrap_or_else(|| vec![vec![0.0; m]; c.len()]);
        if d.len() != c.len() || d.first().is_some_and(|row| row.len() != m) {
            let problem = format!("has {} rows of {}", d.len(), d[0].len());
            let remedy = format!("allowed: {} rows of {m}, as C and B say", c.len());
            return Err(self.section.error("D", &problem, remedy));
        }
        if self.declared.summary.is_empty() {
            self.declared.summary = format!("linear plant of {n} states");
        }
        let inputs = self.inputs(m)?;
        let states: Vec<String> = (1..=n).map(|place| format!("x{place}")).collect();
        for (state, (a, b)) in states.iter().zip(a.iter().zip(&b)) {
            self.state(state.clone(), "state of the model");
            let right = sum(a.iter().zip(&states).chain(b.iter().zip(&inputs)));
            self.line(&format!("{state}'"), &right);
        }
        for (place, (c, d)) in c.iter().zip(&d).enumerate() {
            let name = numbered("y", place, c_count);
            self.output(&name, "output");
            let right = sum(c.iter().zip(&states).chain(d.iter().zip(&inputs)));
            self.line(&name, &right);
        }
        Ok(())
    }

    /// A matrix with as many numbers in each row; a list is one row, a number one row of one.
    fn matrix(&self, key: &str) -> Result<Option<Vec<Vec<f64>>>, ConfigError> {
        let Some(rows) = self.section.matrix(key)? else { return Ok(None) };
        let length = rows.first().map_or(0, Vec::len);
        if length > 0 && rows.iter().all(|row| row.len() == length) {
            return Ok(Some(rows));
        }
        let remedy = "allowed: rows with as many numbers each, such as [[0, 1], [-2, -3]]".into();
        Err(self.section.error(key, "is no matrix", remedy))
    }

    /// Declares the inputs and their loads; gives what acts on the plant.
    fn inputs(&mut self, count: usize) -> Result<Vec<String>, ConfigError> {
        let dead_time = self.section.any_number("dead_time")?;
        if let Some(seconds) = dead_time {
            if !(0.0..=DEAD_TIME_MAX).contains(&seconds) {
                let remedy = format!("allowed: seconds, from 0 to {DEAD_TIME_MAX}");
                return Err(self.section.error("dead_time", &format!("= {seconds}"), remedy));
            }
            self.parameter("dead_time".into(), seconds, "dead time of the input in s".into());
        }
        let one = |declared: &mut Declarations, name: String, doc: &str| {
            let quantity = Quantity { name, doc: doc.into(), ..Quantity::default() };
            declared.inputs.push(Input { quantity, default: Some(0.0), limit: None });
        };
        let mut acting = Vec::with_capacity(count);
        for place in 0..count {
            let [input, load, drive] = ["u", "load", "drive"].map(|name| numbered(name, place, count));
            let delayed =
                if dead_time.is_some() { format!("delay({input}, dead_time)") } else { input.clone() };
            self.line(&drive, &format!("{delayed} + {load}"));
            one(self.declared, input, "what the controller gives");
            one(self.declared, load, "disturbance of the input, behind the dead time");
            acting.push(drive);
        }
        Ok(acting)
    }

    fn parameter(&mut self, name: String, default: f64, doc: String) {
        let range = if name == "dead_time" { [0.0, DEAD_TIME_MAX] } else { [f64::MIN, f64::MAX] };
        let quantity = Quantity { name, doc, ..Quantity::default() };
        let parameter = Parameter { quantity, default, range, search: None, logarithmic: false };
        self.declared.parameters.push(parameter);
    }

    fn state(&mut self, name: String, doc: &str) {
        let quantity = Quantity { name, doc: doc.into(), ..Quantity::default() };
        self.declared.states.push(State { quantity, is_declared: true, ..State::default() });
    }

    fn output(&mut self, name: &str, doc: &str) {
        let quantity = Quantity { name: name.into(), doc: doc.into(), ..Quantity::default() };
        self.declared.outputs.push(quantity);
    }

    fn line(&mut self, left: &str, right: &str) {
        self.text.extend([left, " = ", right, "\n"]);
    }
}

/// `u` where there is one, else `u1`, `u2`, …
fn numbered(name: &str, place: usize, count: usize) -> String {
    if count == 1 { name.into() } else { format!("{name}{}", place + 1) }
}

/// What stands before a term of a sum; `minus` as the first and between others.
fn sign(number: f64, is_first: bool, minus: [&'static str; 2]) -> &'static str {
    match (number < 0.0, is_first) {
        (true, _) => minus[usize::from(!is_first)],
        (false, true) => "",
        (false, false) => " + ",
    }
}

/// The sum of numbers times values, without what is 0.
fn sum<'a>(terms: impl Iterator<Item = (&'a f64, &'a String)>) -> String {
    let mut text = String::new();
    for (number, value) in terms.filter(|(number, _)| **number != 0.0) {
        let sign = sign(*number, text.is_empty(), ["-", " - "]);
        text.extend([sign, &format!("{:?}", number.abs()), "*", value]);
    }
    if text.is_empty() { "0".into() } else { text }
}

/// A polynomial in s for people, from its coefficients by power.
fn polynomial(coefficients: &[f64]) -> String {
    let mut text = String::new();
    for (power, number) in coefficients.iter().enumerate().rev().filter(|(_, number)| **number != 0.0) {
        let sign = sign(*number, text.is_empty(), ["−", " − "]);
        let size = number.abs();
        let is_left_out = size.to_bits() == 1.0_f64.to_bits() && power > 0;
        let shown = if is_left_out { String::new() } else { format!("{size}") };
        let space = if shown.is_empty() || power == 0 { "" } else { " " };
        let of = match power {
            0 => String::new(),
            1 => "s".into(),
            _ => format!("s^{power}"),
        };
        text.extend([sign, &shown, space, &of]);
    }
    text
}
