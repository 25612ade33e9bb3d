//! What published rules give for a study, and how flat the cost is about gains.

use std::path::PathBuf;

use gainswarm::pid_rules::{experiment, judged};
use gainswarm::problem::Problem;
use gainswarm::sensitivity::sensitivity as flatness;
use gainswarm::{Error, report};
use pyo3::prelude::*;

use crate::conduct::conduct;
use crate::convert::object;
use crate::errors::{raised, refused};
use crate::machine::level;
use crate::study::Study;

/// As `gainswarm rules --json`: a step of the plant's input of this size, or of a usual one; gains to show beside the rules.
#[pyfunction]
#[pyo3(signature = (study, values, step, simd))]
pub(crate) fn rules<'py>(
    py: Python<'py>,
    study: &Study,
    values: Option<Vec<f64>>,
    step: Option<f64>,
    simd: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let (config, level) = (&*study.config, level(py, simd)?);
    let done = conduct(py, None, |_| {
        let found = experiment(config, step, level).map_err(|unsuited| Error::Refused {
            path: PathBuf::from(&config.study),
            problem: format!("cannot be tuned by published rules: {}", unsuited.problem),
            remedy: unsuited.remedy,
        })?;
        let lines = judged(config, &found, values, level)?;
        Ok(report::rules_json(config, &found, &lines))
    })?;
    let told = done.result.map_err(|error: Error| raised(py, error))?;
    done.stopped.map_or_else(|| object(py, &told), Err)
}

/// As `gainswarm sensitivity --json`.
#[pyfunction]
#[pyo3(signature = (study, values, measurements, simd))]
pub(crate) fn sensitivity<'py>(
    py: Python<'py>,
    study: &Study,
    values: Vec<f64>,
    measurements: Option<u64>,
    simd: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let (config, level) = (&*study.config, level(py, simd)?);
    let done = conduct(py, None, |_| {
        let problem = Problem::new(config);
        flatness(&problem, level, &values, measurements)
    })?;
    let found = done.result.map_err(|error| raised(py, error))?;
    if let Some(stopped) = done.stopped {
        return Err(stopped);
    }
    let Some(found) = found else {
        let problem = format!("the gains are not feasible in {}", config.study);
        return Err(refused(py, problem, "give gains that a tuning of the study has found".into()));
    };
    object(py, &report::sensitivity_json(config, &found))
}
