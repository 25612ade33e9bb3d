//! A swarm's generation evaluated by one thread and by two.
//!
//! `cargo bench --bench evaluation`. The ratio at the end is the median over turns in which both run one after the other.

use criterion::{BenchmarkId, Criterion, Throughput};
use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::statistics::median;

/// A tuning whose simulations all survive and none is abandoned, so that every run does the same work.
const STUDY: &str = "
[simulation]
duration = 2.0
early_abandonment = false
[[scenarios]]
initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]
[[scenarios]]
initial_state = [0.0, 0.2, 0.25, 0.0, 0.0, 0.0]
[swarm]
particles = 256
coarse_first = false
shrinks = false
[swarm.stopping]
generations = 10
[[tune]]
parameter = \"kd\"
lower = 50.0
upper = 70.0
";

/// Control steps a second of wall time of a whole run.
fn rate(problem: &Problem, threads: usize) -> f64 {
    let resources = Resources { threads, ..Resources::default() };
    let tuning = engine::tune(problem, resources, &mut |_| {}).expect("a tuning");
    assert_eq!(tuning.tally.control_steps, 256 * 2 * 10 * 2000, "every simulation survives");
    tuning.control_steps_per_s()
}

fn main() {
    let problem = Problem::new(&Config::parse("bench.toml".as_ref(), STUDY).expect("a valid study"));
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group("evaluation");
    group.throughput(Throughput::Elements(256 * 2 * 10 * 2000));
    for threads in [1, 2] {
        let id = BenchmarkId::new("threads", threads);
        group.bench_function(id, |bencher| bencher.iter(|| rate(&problem, threads)));
    }
    group.finish();
    criterion.final_summary();
    // Not when criterion only lists or tests its rows.
    if std::env::args().any(|argument| argument == "--bench") {
        let turns: Vec<(f64, f64)> = (0..15).map(|_| (rate(&problem, 1), rate(&problem, 2))).collect();
        let million = |values: Vec<f64>| median(values) / 1e6;
        println!("\nmedians of 15 turns");
        println!(
            "1 thread   {:6.1} million control steps/s",
            million(turns.iter().map(|turn| turn.0).collect())
        );
        println!(
            "2 threads  {:6.1} million control steps/s",
            million(turns.iter().map(|turn| turn.1).collect())
        );
        println!("ratio      {:6.2}", median(turns.iter().map(|turn| turn.1 / turn.0).collect()));
    }
}
