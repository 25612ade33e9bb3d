//! What a tuning has come to.

use std::sync::Arc;

use gainswarm::config::Config;
use gainswarm::engine;
use gainswarm::report::Summary;
use gainswarm::stability::Certificate;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::object;

/// What a tuning has come to.
#[pyclass(frozen, module = "gainswarm._gainswarm")]
pub(crate) struct Tuning {
    pub(crate) config: Arc<Config>,
    pub(crate) tuning: engine::Tuning,
    pub(crate) certificate: Certificate,
}

#[pymethods]
impl Tuning {
    /// All parameters of the controller by name.
    #[getter]
    fn gains<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let gains = PyDict::new(py);
        let named = self.config.controller.parameters().iter().zip(&self.tuning.values);
        named.into_iter().try_for_each(|(parameter, value)| gains.set_item(parameter.name, value))?;
        Ok(gains)
    }

    #[getter]
    fn cost(&self) -> f64 {
        self.tuning.cost()
    }

    /// A row of `summary.csv`.
    #[getter]
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &Summary::new(&self.config, &self.tuning, &self.certificate).to_value())
    }
}
