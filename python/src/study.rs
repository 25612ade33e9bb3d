//! A checked study, and what can be done with it.

use std::path::PathBuf;
use std::sync::Arc;

use gainswarm::config::Config;
use gainswarm::engine::{Flow, Observer, Progress, Resources, Run};
use gainswarm::problem::{self, Problem};
use pyo3::prelude::*;

use crate::alone::Going;
use crate::conduct::{Link, conduct};
use crate::errors::raised;
use crate::tuning::Tuning;

/// A checked study.
#[pyclass(frozen, module = "gainswarm._gainswarm")]
pub(crate) struct Study {
    pub(crate) config: Arc<Config>,
}

#[pymethods]
impl Study {
    /// Reads and checks a config.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let config = py.detach(|| Config::load(&path)).map_err(|error| raised(py, error.into()))?;
        Ok(Self { config: Arc::new(config) })
    }

    /// Tunes.
    fn tune(&self, py: Python<'_>) -> PyResult<Tuning> {
        let config = Arc::clone(&self.config);
        let conducted = conduct(py, None, |link| {
            let going = Going::begin();
            let problem = Problem::new(&config);
            let tuning = Run::new(&problem)?.search(Resources::default(), &mut Watch { link })?;
            let certificate = problem::certifier(&config)(&tuning.values);
            Ok((tuning, certificate, going.is_alone()))
        })?;
        let (tuning, certificate, _) = conducted.result.map_err(|error| raised(py, error))?;
        Ok(Tuning { config: Arc::clone(&self.config), tuning, certificate })
    }
}

/// Watches a run in memory.
struct Watch<'a> {
    link: &'a Link,
}

impl Observer for Watch<'_> {
    fn generation(&mut self, progress: &Progress, _run: &mut Run<'_>) -> Flow {
        if self.link.show(progress) { Flow::Interrupt } else { Flow::Continue }
    }
}
