//! Export formats: a tuned controller in the language of its user: its gains and everything else that its law depends on, so that it
//! can be rebuilt from the export alone.
//!
//! A new format is one file with an implementation of [`Format`] and one line in the registry below. Every format writes
//! numbers so that its readers get the same bits: the shortest decimal that does, `150.0` or `1e-7`.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::Error;
use crate::config::{Config, Equations};
use crate::parameter::Parameter;
use crate::registry::{Member, registry};
use crate::replay;
use crate::report::Results;
use crate::swarm::{Axis, StopReason};
use crate::text::kept;

pub mod c;
pub mod c_simulation;
pub mod controller;
pub mod csv;
pub mod fmu;
pub mod json;
mod loss;
pub mod matlab;
pub mod python;
pub mod toml;

pub use self::csv::Csv;
pub use self::fmu::Fmu;
pub use self::json::Json;
pub use self::toml::Toml;
pub use c::C;
pub use c_simulation::CSimulation;
pub use controller::{CController, MatlabFunction, PythonController, RustController, St};
pub use controller::{Code, Math, Precision};
pub use matlab::Matlab;
pub use python::Python;

/// A form in which gains can be read.
///
/// ```
/// use gainswarm::config::Config;
/// use gainswarm::report::export::{Export, Format, Python};
///
/// # let text = r#"
/// #     plant = { type = "dc_motor" }
/// #     controller = { type = "pi", u_max = 24.0 }
/// #     connect = { measurement = "omega", voltage = "u" }
/// #     scenarios = [{ signals = { reference = 100.0 } }]
/// #     cost.itae.signals = ["error"]
/// #     simulation.duration = 0.2
/// # "#;
/// let config = Config::parse("motor.toml".as_ref(), text)?;
/// println!("{}", Python::text(&Export::new(&config, &config.controller.values))?);
/// # Ok::<(), gainswarm::Error>(())
/// ```
pub trait Format {
    /// The key on the command line.
    const NAME: &'static str;
    /// What it is, in a line.
    const SUMMARY: &'static str;

    /// The whole file.
    ///
    /// # Errors
    ///
    /// When the controller cannot be written in this format.
    fn text(export: &Export) -> Result<String, Error>;

    /// Its bytes, where it is no text.
    ///
    /// # Errors
    ///
    /// As [`Format::text`].
    fn file(export: &Export) -> Result<Vec<u8>, Error> {
        Self::text(export).map(String::into_bytes)
    }
}

registry! {
    /// The export formats of this build.
    pub enum FormatKind in export, with_format {
        Csv,
        Json,
        Toml,
        C,
        CSimulation,
        Python,
        Matlab,
        CController,
        RustController,
        PythonController,
        MatlabFunction,
        St,
        Fmu,
    }
}

impl FormatKind {
    /// Gains in this format.
    ///
    /// # Errors
    ///
    /// As [`Format::text`].
    pub fn text(self, export: &Export) -> Result<String, Error> {
        with_format!(self, F => F::text(export))
    }

    /// The same as bytes; those of an FMU are an archive, whose source is the text.
    ///
    /// # Errors
    ///
    /// As [`Format::text`].
    pub fn file(self, export: &Export) -> Result<Vec<u8>, Error> {
        with_format!(self, F => F::file(export))
    }

    /// How a controller is written in this format.
    ///
    /// # Errors
    ///
    /// When its language does not have that, or it is no controller.
    pub fn code(self, math: Option<Math>, precision: Precision) -> Result<Code, Error> {
        if math == Some(Math::Own) && matches!(self, Self::MatlabFunction | Self::St) {
            return Err(Error::Option {
                option: "--math",
                found: format!("own is not to be had in {}", self.name()),
                remedy: "allowed: libm, the functions of the target, since that language has no product that is rounded once with its sum".into(),
            });
        }
        if (math.is_some() || precision != Precision::default()) && !self.is_controller() {
            let controllers = Self::ALL.iter().filter(|kind| kind.is_controller());
            let names: Vec<&str> = controllers.map(|kind| kind.name()).collect();
            return Err(Error::Option {
                option: if math.is_some() { "--math" } else { "--precision" },
                found: format!("is given, and {} is no controller", self.name()),
                remedy: format!("leave it out, or give --format {}", names.join(" or ")),
            });
        }
        Ok(Code { math: math.unwrap_or_default(), precision })
    }

    /// Whether it is a whole controller.
    #[must_use]
    pub fn is_controller(self) -> bool {
        matches!(
            self,
            Self::CController
                | Self::RustController
                | Self::PythonController
                | Self::MatlabFunction
                | Self::St
        )
    }
}

/// Tuned gains and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The version of gainswarm that tuned them.
    pub version: String,
    /// The study: letters and digits of any script, `-`, `_` and `.`.
    pub study: String,
    /// What controls.
    pub controller: &'static str,
    /// What is controlled.
    pub plant: &'static str,
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
    /// What the law is besides its gains.
    pub law: Vec<Setting>,
    /// The law in formulas, a line each.
    pub formulas: Vec<String>,
    /// Every parameter of the nominal plant, in its order: the law computes with them.
    pub plant_parameters: Vec<ExportedGain>,
    /// How the code of a controller is written.
    pub code: Code,
    /// What was tuned on.
    config: Config,
    /// Every parameter value of the controller.
    values: Vec<f64>,
    /// What a controller loses in `float`, once that has been found.
    lost: OnceLock<Vec<String>>,
}

/// A choice or a number that a law depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: SettingValue,
    /// The unit of a number; empty for what is none.
    pub unit: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Whether the search has found it.
    pub tuned: bool,
}

/// The value of a [`Setting`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingValue {
    /// One of several names.
    Name(&'static str),
    /// On or off.
    Switch(bool),
    /// A number.
    Number(f64),
}

/// A parameter of the controller or the plant and its value.
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
        let controller = &config.controller;
        let own = config.plant.own_gains(controller);
        let axis = |index| config.tune.iter().find(|gain| gain.index == index).map(|gain| gain.axis);
        let gain = |(index, (parameter, value)): (usize, (&Parameter, &f64))| ExportedGain {
            parameter: *parameter,
            value: *value,
            searched: axis(index),
        };
        let gains = controller.parameters().iter().zip(values).enumerate();
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            study: config.study.clone(),
            controller: controller.name(),
            plant: config.plant.name(),
            seed: config.seed,
            cost: None,
            feasible: None,
            changed: false,
            complete: true,
            gains: gains.take(own).filter(|(_, (of, _))| of.choices.is_empty()).map(gain).collect(),
            law: settings(config, values),
            formulas: formulas(config, values),
            plant_parameters: plant_parameters(config, values),
            code: Code::default(),
            config: config.clone(),
            values: values.to_vec(),
            lost: OnceLock::new(),
        }
    }

    /// What its controller loses in `float`, in the scenarios of the study, a line each.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub fn loss(&self) -> Result<Vec<String>, Error> {
        if let Some(lost) = self.lost.get() {
            return Ok(lost.clone());
        }
        let lost = loss::lines(self)?;
        Ok(self.lost.get_or_init(|| lost).clone())
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
            format!("Gains of {} on {}", self.controller, self.plant),
            format!("study {}, seed {}{cost}", self.study, self.seed),
            format!("tuned by {} {}", env!("CARGO_PKG_NAME"), self.version),
        ];
        lines.extend(self.remarks().map(Into::into));
        lines.push(String::new());
        lines.extend(self.formulas.iter().cloned());
        let marked: Vec<String> = lines.iter().map(|line| format!("{mark} {}", comment(line))).collect();
        marked.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// The study as an identifier of any language, which begins with a letter; letters beyond ASCII are their code points.
    fn identifier(&self) -> String {
        identifier(&self.study)
    }

    /// Identity, values and units as an object; what is not known is left out.
    fn object(&self) -> Value {
        let named = |gains: &[ExportedGain], value: fn(&ExportedGain) -> Value| -> Value {
            gains.iter().map(|gain| (gain.parameter.name.into(), value(gain))).collect::<Map<_, _>>().into()
        };
        let [value, unit]: [fn(&ExportedGain) -> Value; 2] =
            [|gain| gain.value.into(), |gain| gain.parameter.unit.into()];
        let tuned = self.gains.iter().filter(|gain| gain.searched.is_some()).map(|gain| gain.parameter.name);
        let chosen = self.law.iter().filter(|setting| setting.tuned).map(|setting| setting.name);
        let mut object = json!({
            "program": env!("CARGO_PKG_NAME"),
            "version": self.version,
            "study": self.study,
            "controller": self.controller,
            "plant": self.plant,
            "seed": self.seed,
            "tuned": tuned.chain(chosen).collect::<Vec<_>>(),
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
        object["formulas"] = self.formulas.clone().into();
        object["gains"] = named(&self.gains, value);
        object["units"] = named(&self.gains, unit);
        let law = self.law.iter().map(|setting| (setting.name.into(), setting.value.into()));
        object["law"] = law.collect::<Map<_, _>>().into();
        object["plant_parameters"] = named(&self.plant_parameters, value);
        object["plant_units"] = named(&self.plant_parameters, unit);
        object
    }
}

/// What the law of a study is besides its gains.
fn settings(config: &Config, gains: &[f64]) -> Vec<Setting> {
    let (controller, dt) = (&config.controller, config.simulation.dt);
    let control_period = config.control_period();
    let name =
        |name, value, doc| Setting { name, value: SettingValue::Name(value), unit: "", doc, tuned: false };
    let number = |name, value, unit, doc| Setting {
        name,
        value: SettingValue::Number(value),
        unit,
        doc,
        tuned: false,
    };
    let mut law = vec![name("type", controller.name(), "the controller")];
    for (key, chosen, _) in controller.texts(gains) {
        let value = match chosen {
            None => continue,
            Some("true") => SettingValue::Switch(true),
            Some("false") => SettingValue::Switch(false),
            Some(chosen) => SettingValue::Name(kept(chosen)),
        };
        let tuned = controller.parameters().iter().any(|parameter| parameter.name == key);
        law.push(Setting { name: kept(key), value, unit: "", doc: "as the formulas say", tuned });
    }
    let told = config.told(gains).into_iter().filter(|told| told.value.is_finite());
    law.extend(told.map(|told| number(kept(&told.name), told.value, kept(&told.unit), kept(&told.doc))));
    law.extend([
        number("control_period", control_period, "s", "the shortest in the scenarios of the tuning"),
        number("dt", dt, "s", "integration step of the tuning"),
        name("integrator", config.simulation.integrator.name(), "how the tuning integrated the plant"),
    ]);
    law
}

/// The law of a study in formulas.
fn formulas(config: &Config, gains: &[f64]) -> Vec<String> {
    let (law, plant) = (&config.controller.of, &config.plant.of);
    let lines = |equations: &Equations| {
        let text = equations.model.equations.trim_matches('\n').lines().map(str::to_owned);
        text.collect::<Vec<_>>()
    };
    let texts = config.controller.texts(gains).into_iter().map(|(name, _, text)| format!("{name} = {text}"));
    let of_law = std::iter::once(format!("the law, {}:", law.name)).chain(lines(law)).chain(texts);
    let of_plant = std::iter::once(format!("the plant, {}:", plant.name)).chain(lines(plant));
    of_law.chain(of_plant).collect()
}

/// The nominal plant of a study, where these are the gains: some of its parameters may be among them.
fn plant_parameters(config: &Config, gains: &[f64]) -> Vec<ExportedGain> {
    let plant = &config.plant;
    let own = plant.own_gains(&config.controller);
    let exported = |(parameter, value): (&Parameter, &f64)| ExportedGain {
        parameter: *parameter,
        value: *value,
        searched: None,
    };
    let mut all: Vec<ExportedGain> = plant.parameters().iter().zip(&plant.values).map(exported).collect();
    for (gain, place) in (own..).zip(&plant.tuned) {
        all[*place].value = gains[gain];
        all[*place].searched = config.tune.iter().find(|tuned| tuned.index == gain).map(|tuned| tuned.axis);
    }
    all
}

impl From<SettingValue> for Value {
    fn from(value: SettingValue) -> Self {
        match value {
            SettingValue::Name(name) => name.into(),
            SettingValue::Switch(on) => on.into(),
            SettingValue::Number(number) => number.into(),
        }
    }
}

impl Setting {
    /// Unit and meaning, for a comment.
    fn comment(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!("{}, ", self.unit) };
        comment(&format!("{unit}{}{}", self.doc, if self.tuned { "; tuned" } else { "" }))
    }
}

impl ExportedGain {
    /// Unit, meaning and whether it was tuned, for a comment.
    fn comment(&self) -> String {
        let Parameter { unit, doc, .. } = self.parameter;
        comment(&format!("{unit}, {doc}{}", if self.searched.is_some() { "; tuned" } else { "" }))
    }
}

/// A name as an identifier of any language, which begins with a letter; letters beyond ASCII are their code points.
fn identifier(name: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase().to_string(),
        c if c.is_ascii() => "_".into(),
        c => format!("u{:04x}", u32::from(c)),
    };
    format!("{}_{}", env!("CARGO_PKG_NAME"), name.chars().map(letter).collect::<String>())
}

/// A line that no language takes for anything but the inside of a comment.
fn comment(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() || c == '\\' { ' ' } else { c }).collect();
    line.replace("*/", "* /").replace("/*", "/ *")
}
