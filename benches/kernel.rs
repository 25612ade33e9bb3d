//! Control steps a second of the shipped laws on the usual plant on one core, a row a controller and SIMD level, beside the FMA peak.
//!
//! `cargo bench --bench kernel`. Criterion's rows give the spread; the table at the end compares programs and peak, measured
//! in turns, by their medians.

use criterion::{BenchmarkId, Criterion, Throughput};
use gainswarm::Member;
use gainswarm::bench::seconds;
use gainswarm::config::{Config, controllers_as_they_stand};
use gainswarm::engine::Solo;
use gainswarm::problem::Problem;
use gainswarm::simulation::{SimdLevel, peak};
use gainswarm::statistics::median;

/// Gain vectors a batch: the defaults of the controller, all of which survive.
const VECTORS: usize = 32;
const STEPS: u64 = 2000;

/// The study of a controller, with two starts.
fn problem(controller: &str) -> Problem {
    let text = format!(
        "[controller]\ntype = \"{controller}\"\n[simulation]\nduration = 2.0\n\
         [[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
         [[scenarios]]\ninitial_state = [0.0, 0.2, 0.25, 0.0, 0.0, 0.0]\n"
    );
    Problem::new(&Config::parse("bench.toml".as_ref(), &text).expect("a valid study"))
}

/// A batch that one thread runs over and over.
fn solo(problem: &Problem, level: SimdLevel) -> Solo<'_> {
    Solo::new(problem, level, &vec![problem.values.clone(); VECTORS]).expect("memory")
}

fn steps(problem: &Problem) -> u64 {
    (VECTORS * problem.scenarios.len()) as u64 * STEPS
}

fn run(solo: &mut Solo<'_>, steps: u64) {
    solo.run();
    assert_eq!(solo.steps(), steps, "every simulation survives");
}

/// Levels with a fused multiply-add; the others emulate it and take a hundred times as long.
fn levels() -> impl Iterator<Item = SimdLevel> {
    SimdLevel::available().filter(|level| !matches!(level, SimdLevel::Sse2 | SimdLevel::Scalar))
}

fn criterion_rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernel");
    group.sample_size(20);
    for controller in controllers_as_they_stand() {
        for level in levels() {
            let problem = problem(controller);
            let (mut solo, steps) = (solo(&problem, level), steps(&problem));
            group.throughput(Throughput::Elements(steps));
            let id = BenchmarkId::new(controller, level.name());
            group.bench_function(id, |bencher| bencher.iter(|| run(&mut solo, steps)));
        }
    }
    group.throughput(Throughput::Elements(peak::operations(SimdLevel::widest())));
    group.bench_function("fma_peak", |bencher| bencher.iter(|| peak::run(SimdLevel::widest())));
    group.finish();
}

#[allow(clippy::cast_precision_loss)]
fn compare_with_peak() {
    println!("\nmedians of 21 turns at {}, one core", SimdLevel::widest().name());
    for controller in controllers_as_they_stand() {
        let problem = problem(controller);
        let (mut solo, steps) = (solo(&problem, SimdLevel::widest()), steps(&problem));
        let (mut kernels, mut peaks) = (Vec::new(), Vec::new());
        for _ in 0..21 {
            peaks.push(
                peak::operations(SimdLevel::widest()) as f64 / seconds(|| peak::run(SimdLevel::widest())),
            );
            kernels.push(steps as f64 / seconds(|| run(&mut solo, steps)));
        }
        let (kernel, peak) = (median(kernels), median(peaks));
        let share = 100.0 * kernel * problem.simulator.flops_a_step() / peak;
        println!(
            "{controller:32} {:6.1} million control steps/s   FMA peak {:6.1} GFLOP/s   {share:.0} % of it",
            kernel / 1e6,
            peak / 1e9
        );
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
