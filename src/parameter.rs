//! A numeric parameter: its name, unit, default, allowed range and meaning, in the one place where it is declared.
//!
//! Plants, controllers and the sections of a config declare their parameters as constants of this type. Reading a
//! config, its error messages, `gainswarm list` and the search bounds of a tuning all follow from them.

use std::fmt;

/// A named number with unit, default and allowed range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// The key in the config and the name in `gains.csv`.
    pub name: &'static str,
    /// SI unit, `1` for a pure number.
    pub unit: &'static str,
    /// The value when the config does not set one.
    pub default: f64,
    /// Smallest allowed value.
    pub min: f64,
    /// Largest allowed value.
    pub max: f64,
    /// Where a tuning searches when its `[[tune]]` entry names no bounds; `None` for what is rarely tuned.
    pub search: Option<[f64; 2]>,
    /// Meaning, in a sentence without a full stop.
    pub doc: &'static str,
    /// Of a choice among names: these, whose places from 0 are its values; empty for a number.
    pub choices: &'static [&'static str],
}

/// Name, unit and label of a state or another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    /// The name in `trajectory.csv`.
    pub name: &'static str,
    /// SI unit, `1` for a pure number.
    pub unit: &'static str,
    /// As people call it.
    pub label: &'static str,
}

impl Parameter {
    /// A parameter that is not tuned unless the config asks for it with bounds.
    #[must_use]
    pub const fn fixed(
        name: &'static str,
        unit: &'static str,
        default: f64,
        range: [f64; 2],
        doc: &'static str,
    ) -> Self {
        Self { name, unit, default, min: range[0], max: range[1], search: None, doc, choices: &[] }
    }

    /// The same with a range that values are usually in; a study is told of others.
    #[must_use]
    pub const fn usually(self, range: [f64; 2]) -> Self {
        Self { search: Some(range), ..self }
    }

    /// The name that a value stands for; nothing of a number.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the place of a choice")]
    pub fn chosen(&self, value: f64) -> Option<&'static str> {
        self.choices.get(value as usize).copied()
    }

    /// A value as it stands in files, a name or a number to the last bit.
    #[must_use]
    pub fn text(&self, value: f64) -> String {
        self.chosen(value).map_or_else(|| value.to_string(), String::from)
    }

    /// A value as JSON has it, a name or a number.
    #[must_use]
    pub fn json(&self, value: f64) -> serde_json::Value {
        self.chosen(value).map_or_else(|| value.into(), serde_json::Value::from)
    }

    /// The value that a text means, where that is allowed.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "the place of a choice")]
    pub fn read(&self, text: &str) -> Option<f64> {
        if self.choices.is_empty() {
            return text.parse().ok().filter(|value| self.allows(*value));
        }
        self.choices.iter().position(|name| *name == text).map(|place| place as f64)
    }

    /// Whether a value is beyond the usual range, where there is one.
    #[must_use]
    pub fn is_unusual(&self, value: f64) -> bool {
        self.search.is_some_and(|[low, high]| !(low..=high).contains(&value))
    }

    /// Whether `value` is finite and within the allowed range.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        value.is_finite() && self.min <= value && value <= self.max
    }

    /// What is allowed, for an error message: "a number from 0 to 10 m", or the names of choices.
    #[must_use]
    pub fn allowed(&self) -> String {
        if !self.choices.is_empty() {
            return self.choices.join(", ");
        }
        let unit = if self.unit == "1" { String::new() } else { format!(" {}", self.unit) };
        format!("a number from {} to {}{unit}", Short(self.min), Short(self.max))
    }
}

/// The names of parameters with their values.
#[must_use]
pub fn named(parameters: &[Parameter], values: &[f64]) -> Vec<(&'static str, f64)> {
    parameters.iter().map(|parameter| parameter.name).zip(values.iter().copied()).collect()
}

/// A number as a person writes it: `0.001`, `1e-6`, `1e9`.
#[derive(Debug, Clone, Copy)]
pub struct Short(pub f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        if magnitude != 0.0 && !(1e-4..1e7).contains(&magnitude) && magnitude.is_finite() {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}
