//! What a tuning has come to.

use std::path::PathBuf;
use std::sync::Arc;

use gainswarm::Member;
use gainswarm::config::Config;
use gainswarm::engine::{self, Generation};
use gainswarm::problem;
use gainswarm::report::export::{Math, Precision};
use gainswarm::report::{self, Export, FormatKind, StudyRow, Summary};
use gainswarm::simulation::{Ending, Record};
use gainswarm::stability::{Certificate, Complex, LoopResponse, Margins};
use gainswarm::study;
use numpy::{Complex64, IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use serde_json::{Map, Value, json};

use crate::conduct::detached;
use crate::convert::object;
use crate::errors::{raised, refused, spoken};
use crate::study::Study;

/// What a tuning has come to.
#[pyclass(frozen, module = "gainswarm._gainswarm")]
pub(crate) struct Tuning {
    pub(crate) config: Arc<Config>,
    pub(crate) result: engine::Tuning,
    pub(crate) certificate: Certificate,
    /// The run as it was last saved.
    pub(crate) state: Vec<u8>,
}

#[pymethods]
impl Tuning {
    /// The study, as it was tuned.
    #[getter]
    fn study(&self) -> Study {
        Study { config: Arc::clone(&self.config) }
    }

    /// The values of all parameters of the controller, in its order.
    #[getter]
    fn values(&self) -> Vec<f64> {
        self.result.values.clone()
    }

    #[getter]
    fn cost(&self) -> f64 {
        self.result.cost()
    }

    #[getter]
    fn is_feasible(&self) -> bool {
        self.result.best.is_feasible()
    }

    /// Why the search ended.
    #[getter]
    fn reason(&self) -> &'static str {
        self.result.reason.name()
    }

    /// A row of `summary.csv`.
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &Summary::new(&self.config, &self.result, &self.certificate).to_value())
    }

    /// As `gainswarm certify --json`.
    fn certificate<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let loops = detached(py, || problem::loops(&self.config, &self.result.values))?;
        certified(py, &self.certificate, &loops)
    }

    /// The columns of `convergence.csv` as arrays, NaN where they are empty.
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let rows = report::convergence_rows(&self.config, &self.result);
        let columns = PyDict::new(py);
        let names = rows.first().and_then(Value::as_object).map(Map::keys);
        for name in names.into_iter().flatten() {
            let column = rows.iter().map(|row| row[name.as_str()].as_f64().unwrap_or(f64::NAN));
            columns.set_item(name, column.collect::<Vec<f64>>().into_pyarray(py))?;
        }
        Ok(columns)
    }

    /// What the tuned gains do in each scenario.
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let records = self.result.records.iter().map(|record| recorded(&self.config, record));
        object(py, &records.collect())
    }

    /// The trade-offs of several objectives.
    fn front<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let points = self.result.front.iter().map(|point| {
            let ends: Vec<&str> =
                point.ends.iter().map(|end| self.config.objectives[*end].name.as_str()).collect();
            json!({
                "values": point.values, "objectives": point.objectives, "is_knee": point.is_knee, "ends": ends,
            })
        });
        object(py, &points.collect())
    }

    /// Why the gains are not what was asked for.
    fn objections(&self) -> Vec<String> {
        study::objections(&self.config, &self.result, &self.certificate)
    }

    /// What else the user should know of the gains.
    fn doubts(&self) -> Vec<String> {
        study::doubts(&self.result, &self.certificate).iter().map(|doubt| spoken(doubt)).collect()
    }

    /// The state of the run, with which it goes on.
    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.state)
    }

    /// Writes the files that `gainswarm tune` writes.
    fn write(&self, py: Python<'_>, directory: PathBuf) -> PyResult<()> {
        detached(py, || report::write_tuning(&directory, &self.config, &self.result, &self.certificate))?
            .map_err(|error| raised(py, error))
    }

    /// The gains in a format of `gainswarm export`; a controller with these functions and numbers.
    #[pyo3(signature = (format, math, precision))]
    fn export(&self, py: Python<'_>, format: &str, math: Option<&str>, precision: &str) -> PyResult<String> {
        let kind: FormatKind = named(py, "format", format)?;
        let math: Option<Math> = math.map(|math| named(py, "math", math)).transpose()?;
        let precision: Precision = named(py, "precision", precision)?;
        let mut export = Export::new(&self.config, &self.result.values);
        export.code = kind.code(math, precision).map_err(|error| raised(py, error))?;
        export.cost = Some(self.result.cost()).filter(|cost| cost.is_finite());
        export.feasible = Some(self.result.best.is_feasible());
        export.complete = !self.result.reason.is_early();
        kind.text(&export).map_err(|error| raised(py, error))
    }
}

/// The member of a registry that an argument names.
fn named<M: Member>(py: Python<'_>, argument: &str, name: &str) -> PyResult<M> {
    M::ALL.iter().copied().find(|member| member.name() == name).ok_or_else(|| {
        let names: Vec<&str> = M::ALL.iter().map(|member| member.name()).collect();
        let found = format!("{argument}=\"{}\" is unknown", name.escape_debug());
        refused(py, found, format!("allowed: {}", names.join(", ")))
    })
}

impl Tuning {
    /// A row of the tables of a batch.
    pub(crate) fn row(&self, group: &str) -> StudyRow {
        let summary = Summary::new(&self.config, &self.result, &self.certificate);
        let (config, values) = (Config::clone(&self.config), self.result.values.clone());
        StudyRow { config, group: group.into(), values, summary }
    }
}

/// The certificate of gains with the loops over frequency.
pub(crate) fn certified<'py>(
    py: Python<'py>,
    certificate: &Certificate,
    loops: &[LoopResponse],
) -> PyResult<Bound<'py, PyAny>> {
    let mut json = certificate.to_json();
    let margins = certificate.margins;
    json["loops"] = loops.iter().map(LoopResponse::to_json).collect();
    json["summary"] = certificate.reason_text().into();
    let told = object(py, &json)?;
    told.set_item("responses", responses(py, loops)?)?;
    // As numbers, since JSON has none that are infinite.
    let numbers = PyDict::new(py);
    numbers.set_item("max_real_part", certificate.max_real_part)?;
    numbers.set_item("spectral_radius", certificate.radius)?;
    numbers.set_item("period_factor", certificate.period_factor)?;
    if let Some(of) = &margins {
        numbers.set_item("margins", numbers_of(of))?;
    }
    told.set_item("numbers", numbers)?;
    Ok(told)
}

fn numbers_of(of: &Margins) -> [f64; 6] {
    [of.gain, of.gain_down, of.phase, of.delay, of.sensitivity, of.complementary]
}

/// The loops over frequency, a dictionary each: frequencies, L, S and T as arrays, and PS and CS of each output.
fn responses<'py>(py: Python<'py>, loops: &[LoopResponse]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for of in loops {
        let told = PyDict::new(py);
        told.set_item("input", &of.input)?;
        told.set_item("margins", numbers_of(&of.margins))?;
        told.set_item("omega", array(py, of.omegas.clone()))?;
        told.set_item("L", complex(py, &of.open()))?;
        told.set_item("S", complex(py, &of.sensitivity))?;
        told.set_item("T", complex(py, &of.complementary()))?;
        let (loads, noises) = (PyDict::new(py), PyDict::new(py));
        for output in &of.outputs {
            for (gang, dictionary) in [(&output.load, &loads), (&output.noise, &noises)] {
                if gang.is_there() {
                    dictionary.set_item(&output.output, complex(py, &gang.values))?;
                }
            }
        }
        told.set_item("PS", loads)?;
        told.set_item("CS", noises)?;
        list.append(told)?;
    }
    Ok(list)
}

fn complex<'py>(py: Python<'py>, values: &[Complex]) -> Bound<'py, PyArray1<Complex64>> {
    values.iter().map(|value| Complex64::new(value.re, value.im)).collect::<Vec<_>>().into_pyarray(py)
}

/// The outcome of a simulation.
pub(crate) fn recorded(config: &Config, record: &Record) -> Value {
    let ending = match record.ending {
        Ending::Pending => "not run",
        Ending::Survived => "survived",
        Ending::Failed => "failed",
        Ending::Abandoned => "abandoned",
        Ending::Panicked => "panicked",
    };
    let terms = config.cost.iter().zip(record.values);
    let terms: Map<String, Value> = terms.map(|(term, value)| (term.name.into(), value.into())).collect();
    json!({
        "survived": record.survived(), "ending": ending, "steps": record.steps, "cost": record.cost, "terms": terms,
    })
}

/// What a callback is shown of a generation: its numbers, in the order of `gainswarm.Progress`.
pub(crate) type Shown = (u64, u64, f64, f64, u64, f64, u64, u64, Option<(u64, f64)>);

/// The numbers of a generation.
pub(crate) fn shown(progress: &engine::Progress) -> Shown {
    let Generation { generation, evaluations, best, front, .. } = progress.row;
    let stopping = progress.stopping;
    (
        generation,
        evaluations,
        problem::known_cost(&best),
        best.violation,
        progress.simulations,
        progress.elapsed.as_secs_f64(),
        stopping.generations,
        stopping.evaluations,
        front.map(|front| (front.kept, front.hypervolume)),
    )
}

/// Numbers as an array.
pub(crate) fn array(py: Python<'_>, numbers: Vec<f64>) -> Bound<'_, PyArray1<f64>> {
    numbers.into_pyarray(py)
}
