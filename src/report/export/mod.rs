//! Export formats: the gains of a finished tuning, in the language of whoever runs the controller.
//!
//! A new format is one file with an implementation of [`Format`] and one line in the registry below. Every format writes
//! numbers so that its readers get the same bits: the shortest decimal that does, `150.0` or `1e-7`.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::Error;
use crate::config::Config;
use crate::controllers::ControllerKind;
use crate::parameter::Parameter;
use crate::plants::PlantKind;
use crate::registry::registry;
use crate::replay;
use crate::report::Results;
use crate::swarm::{Axis, StopReason};

pub mod c;
pub mod csv;
pub mod json;
pub mod matlab;
pub mod python;
pub mod toml;

pub use self::csv::Csv;
pub use self::json::Json;
pub use self::toml::Toml;
pub use c::C;
pub use matlab::Matlab;
pub use python::Python;

/// A form in which gains can be read.
pub trait Format {
    /// The key on the command line.
    const NAME: &'static str;
    /// What it is, in a line.
    const SUMMARY: &'static str;

    /// The whole file.
    fn text(export: &Export) -> String;
}

registry! {
    /// The export formats of this build.
    pub enum FormatKind in export, with_format {
        Csv,
        Json,
        Toml,
        C,
        Python,
        Matlab,
    }
}

impl FormatKind {
    /// Gains in this format.
    #[must_use]
    pub fn text(self, export: &Export) -> String {
        with_format!(self, F => F::text(export))
    }
}

/// Tuned gains and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The version of gainswarm that tuned them.
    pub version: String,
    /// The study: letters, digits, `-`, `_` and `.`.
    pub study: String,
    /// What controls.
    pub controller: ControllerKind,
    /// What is controlled.
    pub plant: PlantKind,
    /// The seed of the tuning.
    pub seed: u64,
    /// The cost of the gains in the study, where it is known.
    pub cost: Option<f64>,
    /// Whether they hold in every scenario of the study and within its limits, where it is known.
    pub feasible: Option<bool>,
    /// Whether they do something else than `summary.csv` says of them.
    pub changed: bool,
    /// Whether the search had come to its end.
    pub complete: bool,
    /// Every parameter of the controller, in its order.
    pub gains: Vec<ExportedGain>,
}

/// A parameter of the controller and its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExportedGain {
    /// Name, unit and meaning.
    pub parameter: Parameter,
    /// Its value.
    pub value: f64,
    /// Where it was searched; `None` where the value is the config's.
    pub searched: Option<Axis>,
}

impl Export {
    /// The gains of the tuning whose results are in a directory.
    ///
    /// # Errors
    ///
    /// When there are none, or they are not those of this program.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let results = Results::read(directory)?;
        let records = replay::records(&results.config, &results.values)?;
        let changed = results.contradiction(&records).is_some();
        let known = |column| Some(results.number(column)).filter(|number| number.is_finite() && !changed);
        Ok(Self {
            cost: known("cost"),
            feasible: known("violation").map(|violation| violation <= 0.0),
            changed,
            complete: !results.stop_reason().is_some_and(StopReason::is_early),
            version: results.version.clone(),
            ..Self::new(&results.config, &results.values)
        })
    }

    /// Values of the parameters of a config's controller, one for each of them.
    #[must_use]
    pub fn new(config: &Config, values: &[f64]) -> Self {
        let controller = config.controller.kind;
        let axis = |index| config.tune.iter().find(|gain| gain.index == index).map(|gain| gain.axis);
        let gain = |(index, (parameter, value)): (usize, (&Parameter, &f64))| ExportedGain {
            parameter: *parameter,
            value: *value,
            searched: axis(index),
        };
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            study: config.study.clone(),
            controller,
            plant: config.plant.kind,
            seed: config.seed,
            cost: None,
            feasible: None,
            changed: false,
            complete: true,
            gains: controller.parameters().iter().zip(values).enumerate().map(gain).collect(),
        }
    }

    /// What must be known of the gains before they are used.
    pub fn remarks(&self) -> impl Iterator<Item = &'static str> {
        let remarks = [
            (
                self.feasible == Some(false),
                "NOT FEASIBLE: they do not hold in the study that they were tuned on",
            ),
            (
                self.changed,
                "CHANGED: they do not do what summary.csv says; edited since, or of another version",
            ),
            (!self.complete, "INTERRUPTED: the search had not come to its end"),
        ];
        remarks.into_iter().filter(|(applies, _)| *applies).map(|(_, remark)| remark)
    }

    /// What the gains are and where they come from: lines of a comment that begin with `mark`, do not end it and do not go on in the
    /// next line.
    fn identity(&self, mark: &str) -> String {
        let cost = self.cost.map_or(String::new(), |cost| format!(", cost {cost:?}"));
        let mut lines = vec![
            format!("Gains of {} on {}", self.controller.name(), self.plant.name()),
            format!("study {}, seed {}{cost}", self.study, self.seed),
            format!("tuned by {} {}", env!("CARGO_PKG_NAME"), self.version),
        ];
        lines.extend(self.remarks().map(Into::into));
        let marked: Vec<String> = lines.iter().map(|line| format!("{mark} {}\n", comment(line))).collect();
        marked.concat()
    }

    /// The study as an identifier of any language, which begins with a letter.
    fn identifier(&self) -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        format!("{}_{}", env!("CARGO_PKG_NAME"), self.study.chars().map(letter).collect::<String>())
    }

    /// Identity, values and units as an object; what is not known is left out.
    fn object(&self) -> Value {
        let named = |value: fn(&ExportedGain) -> Value| -> Map<String, Value> {
            self.gains.iter().map(|gain| (gain.parameter.name.into(), value(gain))).collect()
        };
        let tuned = self.gains.iter().filter(|gain| gain.searched.is_some());
        let mut object = json!({
            "program": env!("CARGO_PKG_NAME"),
            "version": self.version,
            "study": self.study,
            "controller": self.controller.name(),
            "plant": self.plant.name(),
            "seed": self.seed,
            "tuned": tuned.map(|gain| gain.parameter.name).collect::<Vec<_>>(),
        });
        if let Some(cost) = self.cost {
            object["cost"] = cost.into();
        }
        if let Some(feasible) = self.feasible {
            object["feasible"] = feasible.into();
        }
        let remarks: Vec<&str> = self.remarks().collect();
        if !remarks.is_empty() {
            object["remarks"] = remarks.into();
        }
        object["gains"] = named(|gain| gain.value.into()).into();
        object["units"] = named(|gain| gain.parameter.unit.into()).into();
        object
    }
}

impl ExportedGain {
    /// Unit, meaning and whether it was tuned, for a comment.
    fn comment(&self) -> String {
        let Parameter { unit, doc, .. } = self.parameter;
        comment(&format!("{unit}, {doc}{}", if self.searched.is_some() { "; tuned" } else { "" }))
    }
}

/// A line that no language takes for anything but the inside of a comment.
fn comment(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() || c == '\\' { ' ' } else { c }).collect();
    line.replace("*/", "* /").replace("/*", "/ *")
}
