//! Control steps a second of the lane kernel on one core, a row a controller and SIMD level, beside the FMA peak.
//!
//! `cargo bench --bench kernel`. Criterion's rows give the spread; the table at the end compares kernel and peak, measured
//! in turns, by their medians.

use std::hint::black_box;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use fearless_simd::{Level, Simd, dispatch, prelude::*};
use gainswarm::Member;
use gainswarm::config::Config;
use gainswarm::controllers::ControllerKind;
use gainswarm::problem::Problem;
use gainswarm::simulation::{Batch, Records, SimdLevel, Workspace};

/// Gain vectors a batch: the defaults of the controller, all of which survive.
const VECTORS: usize = 32;
const STEPS: u64 = 2000;

/// A batch that one thread runs over and over.
struct Bench {
    problem: Problem,
    level: SimdLevel,
    values: Vec<f64>,
    records: Records,
    workspace: Workspace,
}

impl Bench {
    fn new(controller: ControllerKind, level: SimdLevel) -> Self {
        let text = format!(
            "[controller]\ntype = \"{}\"\n[simulation]\nduration = 2.0\n\
             [[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
             [[scenarios]]\ninitial_state = [0.0, 0.2, 0.25, 0.0, 0.0, 0.0]\n",
            controller.name()
        );
        let problem = Problem::new(&Config::parse("bench.toml".as_ref(), &text).expect("a valid study"));
        let simulator = &problem.simulator;
        let workspace =
            Workspace::reserve(simulator.workspace_bytes(level, problem.terms), simulator.lanes(level));
        let values = problem.values.repeat(VECTORS);
        let records = Records::new(VECTORS * problem.scenarios.len()).expect("memory");
        Self { values, records, workspace: workspace.expect("memory"), level, problem }
    }

    fn steps(&self) -> u64 {
        self.records.len() as u64 * STEPS
    }

    fn run(&mut self) {
        let queue = AtomicUsize::new(0);
        let batch = Batch {
            values: &self.values,
            width: self.problem.values.len(),
            scenarios: &self.problem.scenarios,
            bounds: &[f64::INFINITY; VECTORS],
            reaches: &[1.0; 8],
            terms: self.problem.terms,
            queue: &queue,
            end: self.records.len(),
            records: &self.records,
        };
        self.problem.simulator.run(self.level, &batch, &mut self.workspace);
        let all = (0..self.records.len()).map(|job| self.records.get(job).steps).sum::<u64>();
        assert_eq!(all, self.steps(), "every simulation survives");
    }
}

/// Independent fused multiply-adds without memory access: the most that a core can do.
const CHAINS: usize = 16;
const ROUNDS: u64 = 100_000;

#[inline(always)]
fn multiply_add<S: Simd>(simd: S) {
    let vector = |value: f64| S::f64s::simd_from(simd, black_box(value));
    let (factor, summand) = (vector(0.9999), vector(0.001));
    let mut chains: [S::f64s; CHAINS] = std::array::from_fn(|_| vector(1.0));
    for _ in 0..ROUNDS {
        for chain in &mut chains {
            *chain = chain.mul_add_precise(factor, summand);
        }
    }
    black_box(chains);
}

#[inline(always)]
fn lanes<S: Simd>(_simd: S) -> u64 {
    S::f64s::LEN as u64
}

/// Floating-point operations of one round of [`multiply_add`] at the widest level.
fn peak_operations() -> u64 {
    2 * CHAINS as u64 * ROUNDS * dispatch!(Level::new(), simd => lanes(simd))
}

fn peak() {
    dispatch!(Level::new(), simd => multiply_add(simd));
}

/// Levels with a fused multiply-add; the others emulate it and take a hundred times as long.
fn levels() -> impl Iterator<Item = SimdLevel> {
    SimdLevel::available().filter(|level| !matches!(level, SimdLevel::Sse2 | SimdLevel::Scalar))
}

fn criterion_rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernel");
    group.sample_size(20);
    for controller in ControllerKind::ALL {
        for level in levels() {
            let mut bench = Bench::new(*controller, level);
            group.throughput(Throughput::Elements(bench.steps()));
            let id = BenchmarkId::new(controller.name(), level.name());
            group.bench_function(id, |bencher| bencher.iter(|| bench.run()));
        }
    }
    group.throughput(Throughput::Elements(peak_operations()));
    group.bench_function("fma_peak", |bencher| bencher.iter(peak));
    group.finish();
}

fn seconds(task: impl FnOnce()) -> f64 {
    let start = Instant::now();
    task();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Floating-point operations a control step of `classical` with RK4 on the double inverted pendulum, counted in the loop of
/// the AVX-512 machine code: 289 fused multiply-adds (two each), 117 multiplications, 35 additions, 6 divisions.
const CLASSICAL_FLOPS_A_STEP: f64 = 736.0;

#[allow(clippy::cast_precision_loss)]
fn compare_with_peak() {
    println!("\nmedians of 21 turns at {}, one core", SimdLevel::widest().name());
    for controller in ControllerKind::ALL {
        let mut bench = Bench::new(*controller, SimdLevel::widest());
        let (mut kernels, mut peaks) = (Vec::new(), Vec::new());
        for _ in 0..21 {
            peaks.push(peak_operations() as f64 / seconds(peak));
            kernels.push(bench.steps() as f64 / seconds(|| bench.run()));
        }
        let (kernel, peak) = (median(kernels), median(peaks));
        print!("{:32} {:6.1} million control steps/s", controller.name(), kernel / 1e6);
        print!("   FMA peak {:6.1} GFLOP/s", peak / 1e9);
        if *controller == ControllerKind::Classical {
            println!("   {:.0} % of it", 100.0 * kernel * CLASSICAL_FLOPS_A_STEP / peak);
        } else {
            println!();
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    criterion_rows(&mut criterion);
    criterion.final_summary();
    // Not when criterion only lists or tests its rows.
    if std::env::args().any(|argument| argument == "--bench") {
        compare_with_peak();
    }
}
