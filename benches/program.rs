//! The double inverted pendulum as a text of equations against the compiled kernel, on one core: control steps a second of both at every
//! level, measured in turns, by their medians; and the time from text to program, which reading a study makes once, to check it.
//!
//! `cargo bench --bench program`.

use gainswarm::Member;
use gainswarm::bench::seconds;
use gainswarm::config::Config;
use gainswarm::engine::Solo;
use gainswarm::problem::{self, Problem};
use gainswarm::simulation::SimdLevel;
use gainswarm::statistics::median;

#[path = "../tests/support/pendulum.rs"]
mod pendulum;

use pendulum::pendulum;

/// Each with its own gains, as in a tuning.
const VECTORS: usize = 256;
const STEPS: u64 = 1000;
const STUDY: &str =
    "[simulation]\nduration = 1.0\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n";

#[allow(clippy::cast_precision_loss, reason = "a small number")]
fn vectors(problem: &Problem) -> Vec<Vec<f64>> {
    let scaled = |k: usize| {
        let mut values = problem.values.clone();
        values[0] *= 1.0 + 1e-4 * k as f64;
        values
    };
    (0..VECTORS).map(scaled).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a count")]
fn compare(level: SimdLevel, turns: usize) {
    let kernel = Problem::new(&Config::parse("bench.toml".as_ref(), STUDY).expect("a valid study"));
    let mut program = Problem::new(&Config::parse("bench.toml".as_ref(), STUDY).expect("a valid study"));
    program.simulator = Box::new(problem::runner(&pendulum(false, 0.1, STEPS)));
    let vectors = vectors(&kernel);
    let mut kernel = Solo::new(&kernel, level, &vectors).expect("memory");
    let mut program = Solo::new(&program, level, &vectors).expect("memory");
    let (mut slow, mut fast) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        fast.push(seconds(|| kernel.run()));
        slow.push(seconds(|| program.run()));
    }
    let steps = VECTORS as u64 * STEPS;
    assert_eq!((kernel.steps(), program.steps()), (steps, steps), "every simulation survives");
    let [kernel, program] = [fast, slow].map(|times| VECTORS as f64 * STEPS as f64 / median(times) / 1e6);
    println!(
        "{:8} kernel {kernel:6.1} million control steps/s   program {program:6.1}   ratio {:.2}",
        level.name(),
        program / kernel
    );
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let turns = if is_bench { 15 } else { 1 };
    for level in SimdLevel::available()
        .filter(|level| is_bench && !matches!(level, SimdLevel::Sse2 | SimdLevel::Scalar))
    {
        compare(level, turns);
    }
    let times = (0..turns).map(|_| seconds(|| drop(pendulum(false, 0.1, STEPS)))).collect();
    println!("from the texts of study, plant and law to a program, once: {:.2} ms", 1e3 * median(times));
}
