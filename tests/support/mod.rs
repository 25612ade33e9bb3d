//! What several tests need: kernels with test laws, reference files, the binary.

pub(crate) mod law;
pub(crate) mod open_loop;
pub(crate) mod pendulum;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use fearless_simd::Simd;
use gainswarm::controllers::{Classical, Controller, Saturation, Sliding, SurfaceKind};
use gainswarm::costs::{CostKind, Judgement, TERMS, Term, TermSet, Timing};
use gainswarm::integrators::{Integrator, Rk4};
use gainswarm::lanes::{LaneMath, sin_cos, splat};
use gainswarm::parameter::Parameter;
use gainswarm::plants::{DoubleInvertedPendulum, Plant};
use gainswarm::problem::Problem;
use gainswarm::simulation::{
    Batch, Features, Keep, Kernel, Record, Records, Scenario, Settings, SimdLevel, Simulator, Trajectory,
    Workspace,
};

use law::{Force, Law};

/// The gains of the reference runs: the defaults of the classical law.
pub(crate) fn reference_gains() -> Vec<f64> {
    Classical::PARAMETERS.iter().map(|parameter| parameter.default).collect()
}

/// The default plant, with some parameters changed.
pub(crate) fn plant(changes: &[(&str, f64)]) -> Vec<f64> {
    let value = |parameter: &Parameter| {
        changes
            .iter()
            .find(|(name, _)| *name == parameter.name)
            .map_or(parameter.default, |(_, value)| *value)
    };
    <DoubleInvertedPendulum as Plant<3>>::PARAMETERS.iter().map(value).collect()
}

/// Default costs and limits.
pub(crate) fn settings(dt: f64, steps: u64) -> Settings {
    Settings {
        dt,
        steps,
        angle_limit: std::f64::consts::FRAC_PI_2,
        track_limit: 10.0,
        judgement: judgement(dt, steps),
        surface: SurfaceKind::Relative,
        saturation: Saturation::Tanh,
        equivalent_control: true,
        features: Features::default(),
        keep: Keep::NOTHING,
        noise: Arc::default(),
    }
}

/// Default terms.
pub(crate) fn judgement(dt: f64, steps: u64) -> Judgement {
    let terms: Vec<Term> = CostKind::ALL.iter().map(|kind| Term::default_of(*kind)).collect();
    Judgement::new(&terms, &Timing { dt, steps }, 0.05, 0.01)
}

/// No limits on angles and track, for motion without control.
pub(crate) fn unlimited(dt: f64, steps: u64) -> Settings {
    Settings { angle_limit: 1e3, track_limit: 1e6, ..settings(dt, steps) }
}

/// One recorded simulation at the widest level.
pub(crate) fn record<C: Controller, I: Integrator + Default>(
    plant: &[f64],
    settings: Settings,
    start: &[f64],
    stride: usize,
) -> (Record, Trajectory) {
    let values: Vec<f64> = C::PARAMETERS.iter().map(|parameter| parameter.default).collect();
    let kernel = Kernel::<DoubleInvertedPendulum, C, I, 3>::new(I::default(), plant, settings);
    let scenario = Scenario::nominal(start.to_vec());
    kernel.record(SimdLevel::widest(), &values, &scenario, stride).expect("memory for a trajectory")
}

/// Without force.
pub(crate) struct Zero;
pub(crate) type Coast = Law<Zero>;

impl Force for Zero {
    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        _: Saturation,
        _: &[S::f64s; 3],
        _: &mut S::f64s,
        _: &Sliding<S::f64s>,
    ) -> S::f64s {
        splat(simd, 0.0)
    }
}

/// 5 sin 3t, as it is in the middle of the step: second order in the step.
pub(crate) struct FiveSine;
pub(crate) type Sine = Law<FiveSine>;

impl Force for FiveSine {
    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        _: Saturation,
        _: &[S::f64s; 3],
        time: &mut S::f64s,
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        let middle = sliding.dt.fma(splat(simd, 0.5), *time);
        *time += sliding.dt;
        splat(simd, 5.0) * sin_cos(simd, splat(simd, 3.0) * middle).0
    }
}

/// sin 2πft on a plant that nothing else moves much; f is the gain K.
pub(crate) struct Shake;

impl Shake {
    /// A simulation under a force of the given frequency.
    pub(crate) fn record(hertz: f64, settings: Settings) -> (Record, Trajectory) {
        let mut values = reference_gains();
        let at = Classical::PARAMETERS.iter().position(|parameter| parameter.name == "K").expect("K");
        values[at] = hertz;
        let kernel = Kernel::<DoubleInvertedPendulum, Law<Self>, Rk4, 3>::new(Rk4, &plant(&[]), settings);
        let scenario = Scenario::nominal(vec![0.0; 6]);
        kernel.record(SimdLevel::widest(), &values, &scenario, 1).expect("memory for a trajectory")
    }
}

impl Force for Shake {
    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        _: Saturation,
        gains: &[S::f64s; 3],
        time: &mut S::f64s,
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        let phase = splat(simd, std::f64::consts::TAU) * gains[0] * *time;
        *time += sliding.dt;
        sin_cos(simd, phase).0
    }
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
    let simulator = &problem.simulator;
    let bytes = simulator.workspace_bytes(level, TermSet::ALL);
    let mut workspace = Workspace::reserve(bytes, simulator.lanes(level)).expect("memory");
    let jobs = vectors.len() * problem.scenarios.len();
    let (queue, records) = (AtomicUsize::new(0), Records::new(jobs, TERMS).expect("memory"));
    let batch = Batch {
        values: &vectors.concat(),
        width: problem.values.len(),
        scenarios: &problem.scenarios,
        bounds: &vec![f64::INFINITY; vectors.len()],
        reaches: &vec![1.0; problem.scenarios.len()],
        terms: TermSet::ALL,
        queue: &queue,
        end: jobs,
        records: &records,
    };
    simulator.run(level, &batch, &mut workspace);
    assert_eq!(workspace.used_bytes(), bytes, "what is declared is used");
    (0..jobs).map(|job| records.get(job)).collect()
}

/// The result files of a tuning without what depends on time and machine.
pub(crate) fn results(directory: &Path) -> (String, String, Vec<String>) {
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).expect("a result");
    let mut csv = csv::Reader::from_path(directory.join("summary.csv")).expect("a summary");
    let header = csv.headers().expect("a header").clone();
    let row = csv.records().next().expect("a row").expect("a row");
    let lasting = |name: &&str| {
        !["wall_s", "simulations_per_s", "threads", "simd", "ns_per_control_step"].contains(name)
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
