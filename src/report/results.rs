//! The results of a tuning, read back from its directory.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::validation::validated_on;
use super::{case, date, pareto, sensitivity};
use crate::Error;
use crate::config::{Config, Gains, MANIFEST_SIZE_MAX, read_bounded, read_gains};
use crate::engine::TradeOff;
use crate::figures::pasted;
use crate::problem;
use crate::registry::Member;
use crate::replay::KnownRun;
use crate::sensitivity::Sensitivity;
use crate::simulation::{Ending, Record};
use crate::stability::Wanted;
use crate::swarm::StopReason;

/// The results of a tuning as its files tell them.
#[derive(Debug, Clone)]
pub struct Results {
    /// The study, from `manifest.json`.
    pub config: Config,
    /// The version of the program that made them.
    pub version: String,
    /// When they were written, as in RFC 3339: as `manifest.json` says, or the time of that file where it does not; empty where
    /// neither is known.
    pub finished: String,
    /// All parameter values of the tuned gain vector, from `gains.csv`.
    pub values: Vec<f64>,
    /// The columns of `summary.csv`, each as its one text; none without that file.
    pub summary: Vec<(String, String)>,
    /// The columns of `convergence.csv`, NaN where a cell is empty; none without that file.
    pub convergence: Vec<(String, Vec<f64>)>,
    /// The trade-offs of several objectives, from `pareto.csv`; none without that file.
    pub front: Vec<TradeOff>,
    /// `validation.json`, where the gains have been validated.
    pub validation: Option<Map<String, Value>>,
    /// How flat the cost is about the gains, from `sensitivity.csv` where that is there and of these gains.
    pub sensitivity: Option<Sensitivity>,
}

impl Results {
    /// Reads the results in a directory.
    ///
    /// # Errors
    ///
    /// When there are none, or they cannot be read, or are not of this program.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let refuse = |name: &str, problem: String| Error::Refused {
            path: directory.join(name),
            problem,
            remedy: "give a directory that `gainswarm tune` has written, or tune first".into(),
        };
        is_tuning(directory)?;
        let read = |name: &str| {
            read_bounded(&directory.join(name), MANIFEST_SIZE_MAX).map_err(|problem| refuse(name, problem))
        };
        let manifest = read("manifest.json")?;
        let config = Config::from_manifest(&directory.join("manifest.json"), &manifest)?;
        let written: Option<Value> = serde_json::from_slice(&manifest).ok();
        let said = |key: &str| Some(written.as_ref()?.get(key)?.as_str()?.to_owned());
        let of_the_file =
            || std::fs::metadata(directory.join("manifest.json")).and_then(|file| file.modified()).ok();
        let finished = said("finished").or_else(|| of_the_file().map(date::rfc3339));
        let controller = &config.controller;
        let Gains { values, unnamed } = read_gains(&directory.join("gains.csv"), controller)?;
        if !unnamed.is_empty() {
            return Err(refuse("gains.csv", format!("lacks {}", unnamed.join(", "))));
        }
        // Gains can be used without the tables of their tuning.
        let table = |name: &str| {
            if !directory.join(name).exists() {
                return Ok(Vec::new());
            }
            columns(&read(name)?)
                .map_err(|error| refuse(name, format!("is not a table of gainswarm: {error}")))
        };
        let summary = table("summary.csv")?.into_iter().map(|(name, mut cells)| (name, cells.swap_remove(0)));
        let summary: Vec<(String, String)> = summary.collect();
        let cost = summary.iter().find(|(name, _)| name == "cost").and_then(|(_, text)| text.parse().ok());
        let sensitivity =
            sensitivity::read(&table("sensitivity.csv")?, &config, &values, cost.unwrap_or(f64::NAN));
        let numbers = |(name, cells): (String, Vec<String>)| {
            (name, cells.iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect())
        };
        let validation = directory.join("validation.json");
        let validation = if validation.exists() {
            let found: Option<Value> = serde_json::from_slice(&read("validation.json")?).ok();
            Some(
                found
                    .and_then(|found| found.as_object().cloned())
                    .ok_or_else(|| refuse("validation.json", "is not a validation of gainswarm".into()))?,
            )
        } else {
            None
        };
        // A validation of gains that were tuned before says nothing about these.
        let validation = validation.filter(|validation| is_of(validation, &config, &values));
        let front = if config.objectives.is_empty() { None } else { read(pareto::NAME).ok() };
        let front = front.and_then(|text| pareto::points(&config, &text)).unwrap_or_default();
        Ok(Self {
            version: said("version").unwrap_or_default(),
            finished: finished.unwrap_or_default(),
            values,
            summary,
            convergence: table("convergence.csv")?.into_iter().map(numbers).collect(),
            front,
            validation,
            sensitivity,
            config,
        })
    }

    /// A column of `summary.csv`; empty where there is none.
    #[must_use]
    pub fn summary(&self, column: &str) -> &str {
        self.summary.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text)
    }

    /// A number of `summary.csv`; NaN where there is none.
    #[must_use]
    pub fn number(&self, column: &str) -> f64 {
        self.summary(column).parse().unwrap_or(f64::NAN)
    }

    /// What a parameter of the controller is in the tuned gain vector; NaN where it has none of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> f64 {
        let mut parameters = self.config.controller.parameters().iter().zip(&self.values);
        parameters.find(|(parameter, _)| parameter.name == name).map_or(f64::NAN, |(_, value)| *value)
    }

    /// Why the search stopped, where `summary.csv` says so.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        StopReason::ALL.iter().copied().find(|reason| reason.name() == self.summary("stopped_by"))
    }

    /// A column of `summary.csv` that a new simulation of the gains contradicts: they are of another tuning, or of a version of the program
    /// that computed differently. `records` are their records in the scenarios; for gains that break a constraint, which were not
    /// simulated, only the certificate is compared.
    #[must_use]
    pub fn contradiction(&self, records: &[Record]) -> Option<String> {
        let real_part = problem::certifier_of(&self.config, Wanted::VERDICT)(&self.values).max_real_part;
        let told = self.number("max_real_part");
        if (told - real_part).abs() > 1e-6 * real_part.abs() {
            return Some("max_real_part".into());
        }
        if self.summary("failed").is_empty() {
            return None;
        }
        let failed = records.iter().filter(|record| record.ending != Ending::Survived).count();
        if self.summary("failed") != failed.to_string() {
            return Some("failed".into());
        }
        let columns =
            self.config.cost.iter().enumerate().map(|(k, term)| (k, format!("{}_worst", term.name)));
        columns.into_iter().find_map(|(k, column)| {
            let survivors = records.iter().filter(|record| record.survived());
            let worst = survivors.map(|record| record.values[k]).fold(f64::NAN, f64::max);
            let told = self.number(&column);
            let differs = told.to_bits() != worst.to_bits() && (told.is_finite() || worst.is_finite());
            differs.then_some(column)
        })
    }

    /// The worst run of each set of the validation; none of files that older versions wrote.
    #[must_use]
    pub fn worst_runs(&self) -> Vec<KnownRun> {
        let sets = self.validation.as_ref().and_then(|found| found.get("sets")?.as_array());
        let known = |set: &Value| {
            let worst = set.pointer("/worst/0")?;
            let steps = worst.get("survived_steps")?.as_u64()?;
            let name = worst.get("id")?.as_str()?.to_owned();
            Some(KnownRun { name, scenario: case::scenario(&self.config, worst)?, steps })
        };
        sets.into_iter().flatten().filter_map(known).collect()
    }

    /// A column of `convergence.csv`; empty where there is none.
    #[must_use]
    pub fn convergence(&self, column: &str) -> &[f64] {
        self.convergence.iter().find(|(name, _)| name == column).map_or(&[], |(_, numbers)| numbers)
    }
}

/// Refuses a directory without the results of a tuning.
fn is_tuning(directory: &Path) -> Result<(), Error> {
    let [manifest, gains] = ["manifest.json", "gains.csv"].map(|name| directory.join(name));
    let missing = [directory, manifest.as_path(), gains.as_path()].into_iter().find(|path| !path.exists());
    let below = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut tunings: Vec<_> = below.filter(|path| path.join("manifest.json").exists()).collect();
    if missing.is_some() && !tunings.is_empty() {
        tunings.sort();
        return Err(Error::Refused {
            path: directory.into(),
            problem: "is not a tuning itself, but there are tunings in it".into(),
            remedy: format!(
                "give one of them: {}\n  `gainswarm batch --report` makes the pages of all studies of a batch",
                some(&tunings)
            ),
        });
    }
    if let Some(path) = missing {
        return Err(Error::Refused {
            path: path.into(),
            problem: "is not there: no finished tuning".into(),
            remedy: "run `gainswarm tune CONFIG` first, and give the directory that it has written".into(),
        });
    }
    Ok(())
}

/// The first of some paths, and how many more there are.
fn some(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = paths.iter().take(SHOWN).map(|path| pasted(path)).collect();
    let more = paths.len().saturating_sub(SHOWN);
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// Whether a validation is of this study and these gains.
fn is_of(validation: &Map<String, Value>, config: &Config, values: &[f64]) -> bool {
    if validation.get("validated_on") != Some(&validated_on(config)) {
        return false;
    }
    let gains = config.controller.parameters().iter().zip(values);
    let mut same = gains.map(|(parameter, value)| {
        let told = validation.get("gains")?.get(parameter.name)?;
        let same = || told.as_f64().map(|v| v.to_bits() == value.to_bits());
        if parameter.choices.is_empty() { same() } else { Some(*told == parameter.json(*value)) }
    });
    same.all(|same| same == Some(true))
}

/// The columns of a table with one row at least.
fn columns(text: &[u8]) -> Result<Vec<(String, Vec<String>)>, csv::Error> {
    let mut csv = csv::Reader::from_reader(text);
    let names = csv.headers()?.iter().map(|name| (name.to_owned(), Vec::new()));
    let mut columns: Vec<(String, Vec<String>)> = names.collect();
    for record in csv.records() {
        for ((_, cells), cell) in columns.iter_mut().zip(&record?) {
            cells.push(cell.to_owned());
        }
    }
    if columns.iter().any(|(_, cells)| cells.is_empty()) {
        return Err(csv::Error::from(std::io::Error::other("it has no rows")));
    }
    Ok(columns)
}
