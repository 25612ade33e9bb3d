//! Gains as they are read: a `gains.csv`, every parameter of the controller, a row each.

use std::path::Path;

use serde::Serialize;

use super::{Config, ConfigError, ControllerConfig, Refusal, one_of};
use crate::figures::shortened;
use crate::parameter::Short;
use crate::text::{FILE_SIZE_MAX, read_bounded};

/// A row of `gains.csv` as it is written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gain {
    /// The controller that the gain belongs to.
    pub controller: String,
    /// Name of the parameter.
    pub gain: String,
    /// Its value.
    pub value: GainValue,
    /// Its unit.
    pub unit: String,
    /// Where it was searched from, if it is a number that was tuned.
    pub lower: Option<f64>,
    /// Where it was searched to, if it is a number that was tuned.
    pub upper: Option<f64>,
    /// Whether the value is the swarm's; otherwise it is the config's.
    pub tuned: bool,
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum GainValue {
    /// A number.
    Number(f64),
    /// The name of a choice.
    Choice(&'static str),
}

/// The parameter values of a controller as a `gains.csv` has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Gains {
    /// A value for each parameter, in the order of the controller.
    pub values: Vec<f64>,
    /// The parameters that the file does not name, whose values are the defaults that were given.
    pub unnamed: Vec<&'static str>,
}

/// The columns that a row must have, and those that it may have beside them, as in the tables of several studies.
const NEEDED: [&str; 3] = ["controller", "gain", "value"];
const KNOWN: [&str; 6] = ["study", "seed", "unit", "lower", "upper", "tuned"];
/// The columns of an export that describe the law beside its gains; reading the gains ignores them.
pub(crate) const LAW_COLUMNS: [&str; 5] =
    ["plant", "surface", "saturation", "equivalent_control", "integrator"];

fn form() -> String {
    let known: Vec<&str> = KNOWN.into_iter().chain(LAW_COLUMNS).collect();
    format!("expected the columns {}; optional: {}", NEEDED.join(", "), known.join(", "))
}

/// Whether a row of an export is about the law or the plant, and so no gain.
fn is_beside(gain: &str) -> bool {
    gain.starts_with("law.") || gain.starts_with("plant.")
}

/// Where the columns are that matter.
struct Columns {
    needed: [usize; 3],
    /// Study and seed.
    of: [Option<usize>; 2],
    /// Which columns have a name.
    named: Vec<bool>,
}

impl Columns {
    fn find(header: &csv::StringRecord) -> Result<Self, Refusal> {
        for (separator, name) in [(';', "semicolons"), ('\t', "tabs")] {
            if header.iter().any(|cell| cell.contains(separator)) {
                let remedy = "save it with commas between the cells and decimal points in the numbers".into();
                return Err(Refusal { problem: format!("has {name} between the cells"), remedy });
            }
        }
        let refuse = |problem| Err(Refusal { problem, remedy: form() });
        let known = [&NEEDED[..], &KNOWN, &LAW_COLUMNS].concat();
        let stray = |name: &&str| !name.is_empty() && !known.contains(name);
        if let Some(name) = header.iter().find(stray) {
            return refuse(format!("has the unknown column {}", shortened(name, 40)));
        }
        let twice =
            |(at, name): &(usize, &str)| !name.is_empty() && header.iter().take(*at).any(|n| n == *name);
        if let Some((_, name)) = header.iter().enumerate().find(twice) {
            return refuse(format!("has the column {name} twice"));
        }
        let find = |name: &str| header.iter().position(|found| found == name);
        let [Some(controller), Some(gain), Some(value)] = NEEDED.map(find) else {
            let lacks: Vec<&str> = NEEDED.into_iter().filter(|name| find(name).is_none()).collect();
            return refuse(format!("holds no gains: it lacks {}", lacks.join(", ")));
        };
        let named = header.iter().map(|name| !name.is_empty()).collect();
        Ok(Self { needed: [controller, gain, value], of: ["study", "seed"].map(find), named })
    }
}

/// Gains while they are read.
struct Reading<'a> {
    controller: &'a ControllerConfig,
    values: &'a mut [f64],
    seen: &'a mut [bool],
    /// The study and the seed of the first row.
    of: Option<[String; 2]>,
}

impl Reading<'_> {
    /// Whether a row is about a choice that the config does not tune but has.
    fn is_chosen(&self, gain: &str, text: &str) -> Result<bool, Refusal> {
        let Some(choices) = self.controller.of.model.declared.choices.get(gain) else { return Ok(false) };
        if choices.default == text {
            return Ok(true);
        }
        let problem = format!("{gain} = {}, but the config has {}", shortened(text, 40), choices.default);
        let remedy =
            format!("set {gain} in the config's [controller], or tune it: a [[tune]] table with choices");
        Err(Refusal { problem, remedy })
    }

    /// Takes the gain of a row.
    fn row(&mut self, columns: &Columns, record: &csv::StringRecord) -> Result<(), Refusal> {
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let [controller, gain, text] = columns.needed.map(cell);
        let refuse = |problem, remedy| Err(Refusal { problem, remedy });
        let is_named = |column: usize| columns.named.get(column).copied().unwrap_or(false);
        if let Some((_, stray)) =
            record.iter().enumerate().find(|(k, cell)| !cell.is_empty() && !is_named(*k))
        {
            let remedy = "use decimal points in the numbers, and give every cell a column".into();
            return refuse(format!("has the cell {} beyond its columns", shortened(stray, 40)), remedy);
        }
        let of = columns.of.map(|column| column.map_or("", cell));
        let first = self.of.get_or_insert_with(|| of.map(String::from));
        if first.each_ref().map(String::as_str) != of {
            let shown = |[study, seed]: [&str; 2]| format!("{study} {seed}").trim().to_owned();
            let (first, found) = (shown(first.each_ref().map(String::as_str)), shown(of));
            return refuse(
                format!("holds gains of {first} and of {found}"),
                "keep only the rows of one tuning".into(),
            );
        }
        let name = self.controller.name();
        if controller != name {
            let remedy = format!("allowed: gains of {name}, the controller of the config");
            return refuse(format!("controller = {}", shortened(controller, 40)), remedy);
        }
        let parameters = self.controller.parameters();
        let index = parameters.iter().position(|parameter| parameter.name == gain);
        if index.is_none() && (is_beside(gain) || self.is_chosen(gain, text)?) {
            return Ok(());
        }
        let Some(index) = index else {
            let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
            return refuse(
                format!("unknown gain {}", shortened(gain, 40)),
                format!("allowed: {}", one_of(gain, &names)),
            );
        };
        if self.seen[index] {
            return refuse(format!("{gain} appears twice"), "keep one of the two rows".into());
        }
        let Some(value) = parameters[index].read(text) else {
            return refuse(
                format!("{gain} = {}", shortened(text, 40)),
                format!("allowed: {}", parameters[index].allowed()),
            );
        };
        (self.seen[index], self.values[index]) = (true, value);
        Ok(())
    }
}

/// Reads a `gains.csv`: as `tune` writes it, as `export` does, or by hand with the columns `controller`, `gain` and `value` alone.
/// Parameters that it does not name are those of the config.
///
/// # Errors
///
/// When the file cannot be read, is not of this form, holds gains of several studies, or names another controller, an unknown gain, a
/// gain twice, or a value out of range.
pub fn read_gains(path: &Path, controller: &ControllerConfig) -> Result<Gains, ConfigError> {
    let refuse = |line: Option<u64>, Refusal { problem, remedy }: Refusal| ConfigError {
        path: path.into(),
        line: line.and_then(|line| usize::try_from(line).ok()),
        problem,
        remedy,
    };
    let text = read_bounded(path, FILE_SIZE_MAX).map_err(|problem| {
        refuse(
            None,
            Refusal { problem, remedy: "give the path of a gains.csv as written by `gainswarm tune`".into() },
        )
    })?;
    let malformed = |error: csv::Error| {
        let line = error.position().map(csv::Position::line);
        refuse(line, Refusal { problem: format!("is not a table of gains: {error}"), remedy: form() })
    };
    // Spreadsheets fill rows up with empty cells.
    let mut csv = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_slice());
    let columns = Columns::find(csv.headers().map_err(malformed)?).map_err(|found| refuse(Some(1), found))?;
    let mut values = controller.values.clone();
    let mut seen = vec![false; values.len()];
    let mut reading = Reading { controller, values: &mut values, seen: &mut seen, of: None };
    for record in csv.records() {
        let record = record.map_err(malformed)?;
        if record.iter().any(|cell| !cell.is_empty()) {
            let line = record.position().map(csv::Position::line);
            reading.row(&columns, &record).map_err(|found| refuse(line, found))?;
        }
    }
    if !seen.contains(&true) {
        return Err(refuse(None, Refusal { problem: "holds no gains".into(), remedy: form() }));
    }
    let unnamed = controller.parameters().iter().zip(&seen).filter(|(_, seen)| !**seen);
    Ok(Gains { unnamed: unnamed.map(|(parameter, _)| parameter.name).collect(), values })
}

impl Config {
    /// The position in the search space of the tuned gains in a `gains.csv`; what it says of the others does not matter.
    ///
    /// # Errors
    ///
    /// As [`read_gains`], and when a tuned gain is missing or lies outside of where it is searched.
    pub fn warm_start(&self, path: &Path) -> Result<Vec<f64>, ConfigError> {
        let Gains { values, unnamed } = read_gains(path, &self.controller)?;
        let parameters = self.controller.parameters();
        let position = self.tune.iter().map(|gain| {
            let (value, axis, name) = (values[gain.index], gain.axis, parameters[gain.index].name);
            if unnamed.contains(&name) {
                return Err(ConfigError {
                    path: path.into(),
                    line: None,
                    problem: format!("does not name {name}, which is tuned"),
                    remedy: "add a row for it: a warm start needs all tuned gains".into(),
                });
            }
            if (axis.lower..=axis.upper).contains(&value) {
                return Ok(value);
            }
            Err(ConfigError {
                path: path.into(),
                line: None,
                problem: format!("{name} = {} cannot be a starting value", Short(value)),
                remedy: format!(
                    "allowed: from {} to {}, where [[tune]] searches; or widen its bounds",
                    Short(axis.lower),
                    Short(axis.upper)
                ),
            })
        });
        position.collect()
    }
}
