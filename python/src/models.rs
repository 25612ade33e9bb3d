//! Models: what ships, and what a study of two of them starts from.

use std::path::{Path, PathBuf};

use gainswarm::config::{BatchConfig, TemplateModel, names_of, template};
use gainswarm::memory::Reading;
use gainswarm::model::{Kind, Model, shipped};
use gainswarm::report::{self, StudyRow};
use gainswarm::study::write_page;
use pyo3::prelude::*;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::conduct::detached;
use crate::convert::object;
use crate::errors::{raised, refused};
use crate::study::Study;
use crate::tuning::Tuning;

fn kind_of(py: Python<'_>, name: &str) -> PyResult<Kind> {
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| refused(py, format!("kind=\"{name}\""), "allowed: plant, controller".into()))
}

/// Names and summaries of the models that ship.
#[pyfunction]
pub(crate) fn models(py: Python<'_>, kind: &str) -> PyResult<Vec<(String, String)>> {
    let kind = kind_of(py, kind)?;
    let summary = |name: &str| {
        let of = shipped(kind).iter().find(|shipped| shipped.name == name);
        let model = of.and_then(|of| Model::parse(Path::new(of.path), of.text).ok());
        model.map_or(String::new(), |model| model.declared.summary)
    };
    Ok(names_of(kind).into_iter().map(|name| (name.to_owned(), summary(name))).collect())
}

/// What `gainswarm init` writes for a controller on a plant, as a dictionary, and the names of the values that the law makes. A model is the
/// name of one that ships, the path of one, or a text behind its name.
#[pyfunction]
pub(crate) fn starting_point(
    py: Python<'_>,
    plant: (String, Option<String>),
    controller: Option<(String, Option<String>)>,
) -> PyResult<(Bound<'_, PyAny>, Vec<String>)> {
    let made = detached(py, || {
        let plant = model(Kind::Plant, &plant)?;
        let controller = controller.unwrap_or_else(|| (plant.usual_controller().to_owned(), None));
        let law = model(Kind::Controller, &controller)?;
        Ok((template(&plant, &law, Path::new("study.toml")), law.values()))
    })?;
    let (text, values) = made.map_err(|error: gainswarm::config::ConfigError| raised(py, error.into()))?;
    Ok((tables(py, &text)?, values))
}

fn model(
    kind: Kind,
    (name, text): &(String, Option<String>),
) -> Result<TemplateModel, gainswarm::config::ConfigError> {
    match text {
        Some(text) => TemplateModel::parse(kind, name, text),
        None => TemplateModel::find(kind, name),
    }
}

/// A text of TOML as a dictionary, in the order of the text.
#[pyfunction]
pub(crate) fn parse_toml<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    tables(py, text)
}

fn tables<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let refuse = |error: toml::de::Error| {
        refused(py, format!("a text that is not TOML: {error}"), "see https://toml.io for the format".into())
    };
    let document = DeTable::parse(text).map_err(refuse)?;
    // Numbers are read as anywhere; only their order is that of the text.
    let mut values: Value = toml::from_str(text).map_err(refuse)?;
    as_written(&mut values, document.get_ref());
    object(py, &values)
}

/// Puts the entries of tables into the order in which they are written.
fn as_written(values: &mut Value, written: &DeTable<'_>) {
    let Value::Object(entries) = values else { return };
    let mut keys: Vec<_> = written.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in keys {
        let Some(mut entry) = entries.shift_remove(key.get_ref().as_ref()) else { continue };
        match value.get_ref() {
            DeValue::Table(table) => as_written(&mut entry, table),
            DeValue::Array(written) => {
                let rows = entry.as_array_mut().into_iter().flatten().zip(written.iter());
                rows.for_each(|(row, written)| {
                    if let DeValue::Table(table) = written.get_ref() {
                        as_written(row, table);
                    }
                });
            }
            _ => {}
        }
        entries.insert(key.get_ref().clone().into_owned(), entry);
    }
}

/// Name, studies and groups of a batch.
#[pyfunction]
pub(crate) fn load_batch(py: Python<'_>, path: PathBuf) -> PyResult<(String, Vec<(Study, String)>)> {
    let batch = detached(py, || BatchConfig::load(&path))?.map_err(|error| raised(py, error.into()))?;
    let entries = batch.entries.into_iter();
    let studies = entries.map(|entry| (Study { config: entry.config.into() }, entry.group));
    Ok((batch.name, studies.collect()))
}

/// Writes the tables of a batch.
#[pyfunction]
pub(crate) fn write_batch(
    py: Python<'_>,
    directory: PathBuf,
    tunings: Vec<(Py<Tuning>, String)>,
) -> PyResult<()> {
    let rows: Vec<StudyRow> = tunings.iter().map(|(tuning, group)| tuning.get().row(group)).collect();
    let rows: Vec<&StudyRow> = rows.iter().collect();
    report::write_batch(&directory, &rows).map_err(|error| raised(py, error))
}

/// Writes the page of the results in a directory.
#[pyfunction]
pub(crate) fn write_report(py: Python<'_>, directory: PathBuf, plots: bool) -> PyResult<()> {
    detached(py, || write_page(&directory, plots))?.map(|_| ()).map_err(|error| raised(py, error))
}

/// Bytes that the native half has allocated and not freed; of all threads of the process.
#[pyfunction]
pub(crate) fn live_bytes() -> Option<u64> {
    Reading::now().map(|reading| reading.live_bytes)
}
