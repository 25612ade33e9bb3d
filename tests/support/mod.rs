//! What several tests need: studies with test laws, reference files, the binary.

pub(crate) mod libraries;
pub(crate) mod open_loop;
pub(crate) mod partner;
pub(crate) mod pendulum;
pub(crate) mod planted;
pub(crate) mod restored;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicUsize;

use gainswarm::config::Config;
use gainswarm::costs::TERMS_MAX;
use gainswarm::problem::Problem;
use gainswarm::simulation::{Batch, Extent, Record, Records, SimdLevel, Terms, Trajectory, Workspace};

/// The links of the double pendulum in the reference runs.
pub(crate) const REFERENCE_LINKS: &str = "link1_inertia = 0.0081\nlink2_inertia = 0.0034\n";

/// What a simulation costs in the reference runs.
pub(crate) const REFERENCE_COST: &str = "
[cost]
ise = { weight = 1.0, norm = 10.0 }
control_effort = { weight = 0.1, norm = 100.0 }
control_rate = { weight = 0.01, norm = 1000.0 }
sliding_energy = { weight = 0.1, norm = 1.0 }
";

/// The study of the first reference run.
pub(crate) const REFERENCE_STUDY: &str = "
[plant]
link1_inertia = 0.0081
link2_inertia = 0.0034
[cost]
sliding_energy = { weight = 0.1 }
[controller]
kd = 60.0
[simulation]
duration = 8.0
[[scenarios]]
initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]
";

/// A study of the double pendulum of the reference runs from one start, part by part; each part is a text of the config.
#[derive(Clone, Copy)]
pub(crate) struct Study<'a> {
    /// What else stands in `[plant]`.
    pub(crate) plant: &'a str,
    /// What stands in `[controller]`.
    pub(crate) controller: &'a str,
    /// The step in s, and how many of them.
    pub(crate) steps: (f64, u64),
    /// What else stands in `[simulation]`.
    pub(crate) simulation: &'a str,
    /// Where it starts.
    pub(crate) start: &'a [f64],
    /// What else stands in the group of the start, and behind it.
    pub(crate) rest: &'a str,
}

/// No limits on angles and track worth the name, for motion without control.
pub(crate) const UNLIMITED: &str = "angle_limit = 100.0\ntrack_limit = 1e4\n";

impl Default for Study<'_> {
    fn default() -> Self {
        Self {
            plant: "",
            controller: "",
            steps: (1e-3, 1000),
            simulation: "",
            start: &[0.0, 0.1, -0.05, 0.0, 0.0, 0.0],
            rest: "",
        }
    }
}

impl Study<'_> {
    pub(crate) fn config(&self) -> Config {
        let Self { plant, controller, steps: (dt, steps), simulation, start, rest } = *self;
        #[allow(clippy::cast_precision_loss, reason = "few steps")]
        let duration = dt * steps as f64;
        // A plant of another type has no such links.
        let links = if plant.contains("type") { "" } else { REFERENCE_LINKS };
        study(&format!(
            "[plant]\n{links}{plant}\n[simulation]\ndt = {dt:?}\nduration = {duration:?}\n{simulation}\n\
             [controller]\n{controller}\n[[scenarios]]\ninitial_state = {start:?}\n{rest}\n"
        ))
    }

    /// Its simulation with every `stride`-th step kept.
    pub(crate) fn record(&self, stride: usize) -> (Record, Trajectory) {
        record(&self.config(), stride)
    }
}

/// A checked config.
pub(crate) fn study(text: &str) -> Config {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("study.toml");
    Config::parse(&path, text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The first simulation of a study at the widest level.
pub(crate) fn record(config: &Config, stride: usize) -> (Record, Trajectory) {
    let problem = Problem::new(config);
    let recorded =
        problem.simulator.record(SimdLevel::widest(), &problem.values, &problem.scenarios[0], stride);
    recorded.expect("memory for a trajectory")
}

/// A term's value.
pub(crate) fn value(config: &Config, record: &Record, term: &str) -> f64 {
    record.values[config.term(term).expect(term)]
}

/// The keys of a table, each with its number.
pub(crate) fn keys(changes: &[(&str, f64)]) -> String {
    changes.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name} = {value:?}");
        text
    })
}

/// A law that is no more than equations, as it stands in `[controller]`: it gives the force u. It has the gain k, which is 1 and has any unit
/// that an equation needs.
pub(crate) fn force(equations: &str) -> String {
    format!(
        "equations = \"\"\"\nunused = 0*k\n{equations}\n\"\"\"\n[controller.gains]\nk = {{ default = 1.0, search = [0.0, 2.0] }}\n\
         [controller.outputs]\nu = {{}}\n"
    )
}

/// The rows of a reference file.
pub(crate) fn reference(name: &str) -> Vec<Vec<f64>> {
    let mut csv = csv::Reader::from_path(data(name)).expect("reference data");
    csv.records()
        .map(|row| row.expect("a row").iter().map(|value| value.parse().expect("a number")).collect())
        .collect()
}

pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The largest difference between rows of the same time, over all columns of `expected`.
pub(crate) fn largest_difference<'a>(rows: impl Iterator<Item = &'a [f64]>, expected: &[Vec<f64>]) -> f64 {
    let mut compared = 0;
    let mut largest = 0.0_f64;
    for (row, expected) in rows.zip(expected) {
        assert!((row[0] - expected[0]).abs() < 1e-9, "times {} and {}", row[0], expected[0]);
        for (value, expected) in row.iter().zip(expected) {
            largest = largest.max((value - expected).abs());
        }
        compared += 1;
    }
    assert_eq!(compared, expected.len(), "every row of the reference is compared");
    largest
}

/// The program as a user runs it, in the root of the project.
pub(crate) fn gainswarm(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gainswarm"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the binary starts")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// A small study that is quick at every SIMD level: 2 scenarios of 0.2 s.
pub(crate) const SMALL_STUDY: &str = "
seed = 3
[simulation]
duration = 0.2
[[scenarios]]
initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]
[[scenarios]]
initial_state = [0.0, -0.2, -0.15, 0.0, 0.0, 0.0]
[swarm]
particles = 24
[swarm.stopping]
generations = 12
";

/// Writes a config into a directory and returns its path.
pub(crate) fn write_config(directory: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).expect("a temporary file");
    path.to_str().expect("a UTF-8 path").into()
}

/// The records of gain vectors in all scenarios of a problem, in one batch of one worker.
pub(crate) fn batch(problem: &Problem, level: SimdLevel, vectors: &[Vec<f64>]) -> Vec<Record> {
    let records = batch_of(problem, level, vectors, Extent::Whole);
    (0..records.len()).map(|job| records.get(job)).collect()
}

/// The same of so much of each simulation, with the costs on the way where they are noted.
pub(crate) fn batch_of(problem: &Problem, level: SimdLevel, vectors: &[Vec<f64>], extent: Extent) -> Records {
    let simulator = &problem.simulator;
    let bytes = simulator.workspace_bytes(level, Terms::All);
    let mut workspace = Workspace::reserve(bytes, simulator.lanes(level)).expect("memory");
    let jobs = vectors.len() * problem.scenarios.len();
    let (queue, records) = (AtomicUsize::new(0), Records::marked(jobs, TERMS_MAX).expect("memory"));
    let batch = Batch {
        values: &vectors.concat(),
        width: problem.values.len(),
        scenarios: &problem.scenarios,
        chosen: None,
        bounds: &vec![f64::INFINITY; vectors.len()],
        reaches: &vec![1.0; problem.scenarios.len()],
        terms: Terms::All,
        extent,
        queue: &queue,
        end: jobs,
        records: &records,
    };
    simulator.run(level, &batch, &mut workspace);
    assert_eq!(workspace.used_bytes(), bytes, "what is declared is used");
    records
}

/// The result files of a tuning without what depends on time and machine.
pub(crate) fn results(directory: &Path) -> (String, String, Vec<String>) {
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).expect("a result");
    let mut csv = csv::Reader::from_path(directory.join("summary.csv")).expect("a summary");
    let header = csv.headers().expect("a header").clone();
    let row = csv.records().next().expect("a row").expect("a row");
    // What the lanes of a bundle share is a smaller part of each where they are more.
    let lasting = |name: &&str| {
        !["bytes_per_simulation", "wall_s", "simulations_per_s", "threads", "simd", "ns_per_control_step"]
            .contains(name)
    };
    let summary = header.iter().zip(row.iter()).filter(|(name, _)| lasting(name));
    let summary = summary.map(|(name, value)| format!("{name}={value}")).collect();
    (read("gains.csv"), read("convergence.csv"), summary)
}

/// The studies in `configs/`; what is beside them is batches.
pub(crate) fn shipped_studies() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let entries = std::fs::read_dir(directory).expect("configs").map(|entry| entry.expect("an entry").path());
    let is_study = |path: &PathBuf| {
        if path.is_dir() {
            return false;
        }
        let text = std::fs::read_to_string(path).expect("a config");
        path.extension().is_some_and(|extension| extension == "toml") && !text.contains("studies = [")
    };
    entries.filter(is_study).collect()
}

/// Distance between a result and the exact value `high + low`, in units of the last place of `high`.
pub(crate) fn ulps(result: f64, high: f64, low: f64) -> f64 {
    if result.to_bits() == high.to_bits() {
        return 0.0;
    }
    let unit = high.abs().next_up() - high.abs();
    ((result - high) - low).abs() / unit
}
