//! A checked study, and what can be done with it.

use std::path::PathBuf;
use std::sync::Arc;

use gainswarm::config::{self, Config, Gains, Role};
use gainswarm::engine::{self, Declared, Flow, Observer, Progress, Resources, Run};
use gainswarm::native::{Backend, Refusal};
use gainswarm::problem::{self, Problem};
use gainswarm::replay;
use gainswarm::report;
use gainswarm::simulation::SimdLevel;
use gainswarm::stability::Certificate;
use gainswarm::step_response::{seen, step_responses};
use gainswarm::study::{
    Changes, Claim, Place, Safety, Study as Kept, Watch, lasting, no_machine_code, of_validation,
    questionable, starting,
};
use gainswarm::swarm::Scale;
use gainswarm::{Error, Member, archive};
use numpy::PyArrayMethods;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use serde_json::{Value, json};

use crate::alone::Going;
use crate::conduct::{Conducted, Link, Show, conduct, detached};
use crate::convert::object;
use crate::errors::{raised, refused};
use crate::machine::resources;
use crate::trying::Trying;
use crate::tuning::{Tuning, array, certified, recorded, shown};

/// A checked study.
#[pyclass(frozen, module = "gainswarm._gainswarm")]
pub(crate) struct Study {
    pub(crate) config: Arc<Config>,
}

/// What is taken out of a run: the result, the certificate, the saved state.
type Done = (engine::Tuning, Certificate, Vec<u8>);

#[pymethods]
impl Study {
    /// Reads and checks a config.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let _going = Going::begin();
        Self::checked(py, detached(py, || Config::load(&path))?)
    }

    /// Checks the text of a config.
    #[staticmethod]
    fn parse(py: Python<'_>, path: PathBuf, text: &str) -> PyResult<Self> {
        let _going = Going::begin();
        Self::checked(py, detached(py, || Config::parse(&path, text))?)
    }

    /// The study with every default, as TOML that makes the same study.
    fn to_toml(&self) -> String {
        self.config.to_toml()
    }

    /// What is allowed in it and yet hardly meant.
    fn questionable(&self) -> Vec<String> {
        questionable(&self.config)
    }

    /// Names, units and numbers.
    fn facts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &facts(&self.config))
    }

    /// The study with what the caller says otherwise.
    #[pyo3(signature = (seed, particles, generations, evaluations, memory_limit, backend, warm_start, from_rules))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn changed(
        &self,
        py: Python<'_>,
        seed: Option<u64>,
        particles: Option<usize>,
        generations: Option<u64>,
        evaluations: Option<u64>,
        memory_limit: Option<u64>,
        backend: Option<&str>,
        warm_start: Vec<PathBuf>,
        from_rules: bool,
    ) -> PyResult<Self> {
        let backend = backend.map(|name| backend_of(py, name)).transpose()?;
        let changes = Changes { seed, particles, generations, evaluations, memory_limit, backend };
        let mut config = Config::clone(&self.config);
        config.starts_from_rules |= from_rules;
        let changed = detached(py, || {
            for path in &warm_start {
                let start = config.warm_start(path)?;
                config.swarm.settings.start.push(start);
            }
            changes.applied(config)
        })?;
        changed.map(|config| Self { config: Arc::new(config) }).map_err(|error| raised(py, error))
    }

    /// Tunes: the result, what stopped it early if anything did, and what the user should know. With a directory it is `gainswarm tune
    /// --output`; without, nothing is written. `state` is of a run that goes on.
    #[pyo3(signature = (threads, simd, progress, state, output, resume, force, checkpoint_every))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn tune<'py>(
        &self,
        py: Python<'py>,
        threads: Option<usize>,
        simd: Option<&str>,
        progress: Option<Bound<'py, PyAny>>,
        state: Option<Vec<u8>>,
        output: Option<PathBuf>,
        resume: bool,
        force: bool,
        checkpoint_every: u64,
    ) -> PyResult<(Tuning, Option<PyErr>, Option<String>)> {
        let resources = resources(py, threads, simd)?;
        let config = Arc::clone(&self.config);
        let safety = Safety { checkpoint_every, resume, force };
        let show = progress.map(|progress| {
            move |now: &Progress| progress.call1(PyTuple::new(py, [shown(now)])?).map(|_| ())
        });
        let show = show.as_ref().map(|show| show as Show<'_>);
        let conducted = conduct(py, show, |link| match output {
            Some(directory) => tune_in(&config, link, resources, directory, safety),
            None => tune_in_memory(&config, link, resources, state.as_deref()),
        })?;
        let Conducted { result, stopped, note } = conducted;
        match result {
            Ok((result, certificate, state)) => {
                let config = Arc::clone(&self.config);
                Ok((Tuning { config, result, certificate, state }, stopped, note))
            }
            Err(error) => Err(stopped.unwrap_or_else(|| raised(py, error))),
        }
    }

    /// Simulates gains once: the columns, a row a step, how it ended, step responses.
    #[pyo3(signature = (values, scenario, initial_state, replay, duration, dt, every))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn simulate<'py>(
        &self,
        py: Python<'py>,
        values: Vec<f64>,
        scenario: usize,
        initial_state: Option<Vec<f64>>,
        replay: Option<String>,
        duration: Option<f64>,
        dt: Option<f64>,
        every: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let once = Once { scenario, initial_state, replay, duration, dt, every };
        let config = Config::clone(&self.config);
        let done = conduct(py, None, |_| once.run(config, &values))?;
        let (width, trajectory, rest) = done.result.map_err(|error| raised(py, error))?;
        if let Some(stopped) = done.stopped {
            return Err(stopped);
        }
        let rows = trajectory.len() / width;
        let run = PyDict::new(py);
        run.set_item("rows", array(py, trajectory).reshape([rows, width])?)?;
        run.set_item("rest", object(py, &rest)?)?;
        Ok(run)
    }

    /// The certificate of gains, and their loops over frequency.
    fn certify<'py>(&self, py: Python<'py>, values: Vec<f64>) -> PyResult<Bound<'py, PyAny>> {
        let _going = Going::begin();
        let config = &self.config;
        let found = detached(py, || (problem::certifier(config)(&values), problem::loops(config, &values)))?;
        certified(py, &found.0, &found.1)
    }

    /// Gains on the sets of the validation, and others on the same scenarios: everything as JSON, and the cost of every run of each set of both.
    #[pyo3(signature = (values, against, samples, seed, threads, simd, files))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn validate<'py>(
        &self,
        py: Python<'py>,
        values: Vec<f64>,
        against: Option<Vec<f64>>,
        samples: usize,
        seed: u64,
        threads: Option<usize>,
        simd: Option<&str>,
        files: [PathBuf; 2],
    ) -> PyResult<(Bound<'py, PyAny>, [Bound<'py, PyDict>; 2])> {
        let resources = resources(py, threads, simd)?;
        let files = files.each_ref().map(PathBuf::as_path);
        Trying {
            config: &self.config,
            values: &values,
            against: against.as_deref(),
            samples,
            seed,
            resources,
        }
        .told(py, files)
    }

    /// The values of a `gains.csv`, and the parameters that it does not name.
    fn read_gains(&self, py: Python<'_>, path: PathBuf) -> PyResult<(Vec<f64>, Vec<&'static str>)> {
        let read = detached(py, || config::read_gains(&path, &self.config.controller))?;
        read.map(|Gains { values, unnamed }| (values, unnamed)).map_err(|error| raised(py, error.into()))
    }

    /// A `gains.csv` as text.
    fn gains_csv(&self, values: Vec<f64>) -> String {
        report::gains_text(&self.config, &values)
    }
}

impl Study {
    fn checked(py: Python<'_>, read: Result<Config, config::ConfigError>) -> PyResult<Self> {
        read.map(|config| Self { config: Arc::new(config) }).map_err(|error| raised(py, error.into()))
    }
}

fn backend_of(py: Python<'_>, name: &str) -> PyResult<Backend> {
    Backend::ALL.iter().copied().find(|backend| backend.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Backend::ALL.iter().map(|backend| backend.name()).collect();
        let found = format!("backend=\"{}\" is unknown", name.escape_debug());
        refused(py, found, format!("allowed: {}", names.join(", ")))
    })
}

/// Tunes in a directory, as the command line does.
fn tune_in(
    config: &Config,
    link: &Link,
    resources: Resources,
    directory: PathBuf,
    safety: Safety,
) -> Result<Done, Error> {
    let claim = Claim::new(config.clone(), Place::at(directory)?, safety)?;
    let mut kept = Kept::tune(claim, resources, safety, &mut Looking { link })?;
    if !link.is_alone() {
        kept.tuning = uncounted(kept.tuning);
    }
    kept.write()?;
    let state = kept.state().to_vec();
    Ok((kept.tuning, kept.certificate, state))
}

fn tune_in_memory(
    config: &Config,
    link: &Link,
    resources: Resources,
    state: Option<&[u8]>,
) -> Result<Done, Error> {
    let problem = Problem::new(config);
    let run = match state {
        Some(state) => Run::restore(&problem, state)?,
        None => Run::new(&problem)?,
    };
    let is_open = run.ended().is_none();
    if is_open {
        Declared::of(&problem, resources).fit(problem.memory_limit)?;
    }
    let mut watch = InMemory { link, state: state.unwrap_or_default().to_vec() };
    let tuning = run.search(resources, &mut watch)?;
    let tuning = if link.is_alone() || !is_open { tuning } else { uncounted(tuning) };
    let certificate = problem::certifier(config)(&tuning.values);
    Ok((tuning, certificate, watch.state))
}

/// A result without what the allocator counted, since that is not of this run alone.
fn uncounted(tuning: engine::Tuning) -> engine::Tuning {
    engine::Tuning { hot_path_allocations: None, growth_bytes: 0, ..tuning }
}

/// Looks at a run that is kept in a directory.
struct Looking<'a> {
    link: &'a Link,
}

impl Watch for Looking<'_> {
    fn show(&mut self, progress: &Progress) {
        self.link.show(progress);
    }

    fn note(&mut self, text: &str) {
        // What other runs take is no growth of this one.
        if self.link.is_alone() || !text.starts_with("warning: memory grows") {
            self.link.note(text);
        }
    }

    fn interrupted(&self) -> Option<u8> {
        self.link.stops().then_some(130)
    }
}

/// Looks at a run in memory, and keeps its last state.
struct InMemory<'a> {
    link: &'a Link,
    state: Vec<u8>,
}

impl Observer for InMemory<'_> {
    fn generation(&mut self, progress: &Progress, run: &mut Run<'_>) -> Flow {
        let stops = self.link.show(progress);
        if stops || progress.ended || progress.exceeds {
            self.state.clear();
            archive::save(run, &mut self.state);
        }
        if stops && !progress.ended { Flow::Interrupt } else { Flow::Continue }
    }

    fn on_the_program(&mut self, refusal: &Refusal) {
        self.link.note(&no_machine_code(refusal));
    }
}

/// One simulation.
struct Once {
    scenario: usize,
    initial_state: Option<Vec<f64>>,
    replay: Option<String>,
    duration: Option<f64>,
    dt: Option<f64>,
    every: usize,
}

impl Once {
    /// Numbers a row, the rows, and what there is beside them.
    fn run(self, config: Config, values: &[f64]) -> Result<(usize, Vec<f64>, Value), Error> {
        let config = lasting(config, self.duration, self.dt)?;
        let (problem, scenario) = if let Some(id) = &self.replay {
            of_validation(&config, id)?
        } else {
            let problem = Problem::new(&config);
            let scenario = self.scenario_of(&config, &problem)?;
            (problem, scenario)
        };
        let (record, trajectory) =
            problem.simulator.record(SimdLevel::widest(), values, &scenario, self.every)?;
        let mut rest = recorded(&config, &record);
        rest["dt"] = config.simulation.dt.into();
        rest["columns"] = config
            .columns()
            .iter()
            .map(|column| json!([column.quantity.name, column.quantity.unit, role(column.role)]))
            .collect();
        if !config.responses.is_empty() {
            let (_, samples) = replay::trajectory(&config, &problem, values, &scenario)?;
            let told = step_responses(&config, &record, &seen(&config, &samples));
            rest["responses"] = told
                .iter()
                .map(|one| {
                    let measures = one.measures.iter();
                    let measures = measures.map(|measure| (measure.name.clone(), measure.value.into()));
                    json!({ "of": one.of, "measures": measures.collect::<serde_json::Map<_, _>>() })
                })
                .collect();
        }
        Ok((trajectory.width, trajectory.values, rest))
    }

    fn scenario_of(
        &self,
        config: &Config,
        problem: &Problem,
    ) -> Result<gainswarm::simulation::Scenario, Error> {
        let count = problem.scenarios.len();
        let Some(scenario) = problem.scenarios.get(self.scenario) else {
            return Err(Error::Option {
                option: "scenario",
                found: format!("= {}", self.scenario),
                remedy: format!("allowed: 0 to {}, the scenarios of the study", count - 1),
            });
        };
        let Some(start) = &self.initial_state else { return Ok(scenario.clone()) };
        let said = start.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        starting(config, scenario, start, &said)
    }
}

/// What a column is, in a word.
fn role(role: Role) -> &'static str {
    match role {
        Role::State => "state",
        Role::Output => "output",
        Role::Drive => "drive",
        Role::Signal => "signal",
        Role::Law => "law",
    }
}

fn facts(config: &Config) -> Value {
    let parameters = config.controller.parameters();
    let tuned = config.tune.iter().map(|gain| {
        let is_logarithmic = gain.axis.scale == Scale::Log10;
        json!({
            "name": parameters[gain.index].name, "lower": gain.axis.lower, "upper": gain.axis.upper, "logarithmic": is_logarithmic,
        })
    });
    let named = parameters.iter().zip(&config.controller.values).map(|(parameter, value)| {
        json!({
            "name": parameter.name, "unit": parameter.unit, "doc": parameter.doc, "value": value, "choices": parameter.choices,
        })
    });
    let states = config.plant.states();
    json!({
        "study": config.study,
        "plant": config.plant.name(),
        "controller": config.controller.name(),
        "seed": config.seed,
        "dt": config.simulation.dt,
        "duration": config.simulation.duration,
        "scenarios": config.scenario_count(),
        "parameters": named.collect::<Vec<_>>(),
        "followers": config.followers.iter().map(|of| parameters[of.index].name).collect::<Vec<_>>(),
        "tuned": tuned.collect::<Vec<_>>(),
        "states": states.iter().map(|state| json!([state.name, state.unit])).collect::<Vec<_>>(),
        "objectives": config.objectives.iter().map(|of| of.name.clone()).collect::<Vec<_>>(),
        "terms": config.cost.iter().map(|term| json!([term.name, term.unit])).collect::<Vec<_>>(),
    })
}
