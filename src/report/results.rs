//! What a directory holds of a tuning, read back.

use std::path::Path;

use serde_json::{Map, Value};

use super::validation::validated_on;
use crate::Error;
use crate::config::{Config, MANIFEST_SIZE_MAX, read_bounded, read_gains};

/// The results of a tuning as its files tell them.
#[derive(Debug, Clone)]
pub struct Results {
    /// The study, from `manifest.json`.
    pub config: Config,
    /// The version of the program that made them.
    pub version: String,
    /// All parameter values of the tuned gain vector, from `gains.csv`.
    pub values: Vec<f64>,
    /// The columns of `summary.csv`, each as its one text; none without that file.
    pub summary: Vec<(String, String)>,
    /// The columns of `convergence.csv`, NaN where a cell is empty; none without that file.
    pub convergence: Vec<(String, Vec<f64>)>,
    /// `validation.json`, where the gains have been validated.
    pub validation: Option<Map<String, Value>>,
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
        let [manifest, gains] = ["manifest.json", "gains.csv"].map(|name| directory.join(name));
        let missing =
            [directory, manifest.as_path(), gains.as_path()].into_iter().find(|path| !path.exists());
        if missing == Some(manifest.as_path()) && directory.join("summary.csv").exists() {
            return Err(Error::Refused {
                path: directory.into(),
                problem: "holds a batch of tunings, or a part of one".into(),
                remedy: "give the directory of one of its studies; `gainswarm batch --report` makes the pages of all".into(),
            });
        }
        if let Some(path) = missing {
            return Err(Error::Refused {
                path: path.into(),
                problem: "is not there: no finished tuning".into(),
                remedy: "run `gainswarm tune CONFIG` first, and give the directory that it has written"
                    .into(),
            });
        }
        let read = |name: &str| {
            read_bounded(&directory.join(name), MANIFEST_SIZE_MAX).map_err(|problem| refuse(name, problem))
        };
        let manifest = read("manifest.json")?;
        let config = Config::from_manifest(&directory.join("manifest.json"), &manifest)?;
        let version = serde_json::from_slice::<Value>(&manifest)
            .ok()
            .and_then(|manifest| Some(manifest.get("version")?.as_str()?.to_owned()));
        let controller = &config.controller;
        let values = read_gains(&directory.join("gains.csv"), controller.kind, &controller.values)?;
        // Gains can be used without the story of their tuning.
        let table = |name: &str| {
            if !directory.join(name).exists() {
                return Ok(Vec::new());
            }
            columns(&read(name)?)
                .map_err(|error| refuse(name, format!("is not a table of gainswarm: {error}")))
        };
        let summary = table("summary.csv")?.into_iter().map(|(name, mut cells)| (name, cells.swap_remove(0)));
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
        Ok(Self {
            version: version.unwrap_or_default(),
            values,
            summary: summary.collect(),
            convergence: table("convergence.csv")?.into_iter().map(numbers).collect(),
            validation,
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

    /// A column of `convergence.csv`; empty where there is none.
    #[must_use]
    pub fn convergence(&self, column: &str) -> &[f64] {
        self.convergence.iter().find(|(name, _)| name == column).map_or(&[], |(_, numbers)| numbers)
    }
}

/// Whether a validation is of this study and these gains.
fn is_of(validation: &Map<String, Value>, config: &Config, values: &[f64]) -> bool {
    if validation.get("validated_on") != Some(&validated_on(config)) {
        return false;
    }
    let gains = config.controller.kind.parameters().iter().zip(values);
    let mut same = gains.map(|(parameter, value)| {
        validation.get("gains")?.get(parameter.name)?.as_f64().map(|v| v.to_bits() == value.to_bits())
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
