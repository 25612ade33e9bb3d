//! The double inverted pendulum under the classical law on one core: control steps a second at every level by the median of several turns,
//! with what a block holds; and the time from text to program, which reading a study makes once, to check it.
//!
//! `cargo bench --bench program`.

use gainswarm::Member;
use gainswarm::bench::{median, seconds};
use gainswarm::engine::Solo;
use gainswarm::problem::{self, Problem};
use gainswarm::simulation::SimdLevel;

#[path = "../tests/support/pendulum.rs"]
mod pendulum;

use pendulum::pendulum;

/// Each with its own gains, as in a tuning.
const VECTORS: usize = 256;
const STEPS: u64 = 1000;

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
fn measure(level: SimdLevel, turns: usize) {
    let problem = Problem::new(&pendulum(false, 0.1, STEPS));
    let mut solo = Solo::new(&problem, level, &vectors(&problem)).expect("memory");
    let times = (0..turns).map(|_| seconds(|| solo.run())).collect();
    assert_eq!(solo.steps(), VECTORS as u64 * STEPS, "every simulation survives");
    println!(
        "{:8} {:6.1} million control steps/s   {} lanes a block",
        level.name(),
        VECTORS as f64 * STEPS as f64 / median(times) / 1e6,
        problem.simulator.lanes(level)
    );
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let turns = if is_bench { 15 } else { 1 };
    for level in SimdLevel::available()
        .filter(|level| is_bench && !matches!(level, SimdLevel::Sse2 | SimdLevel::Scalar))
    {
        measure(level, turns);
    }
    let runner = problem::runner(&pendulum(false, 0.1, STEPS));
    let step = &runner.closed_loop().program.plain;
    println!("a step: {} instructions on {} values", step.instructions.len(), step.slots);
    let times = (0..turns).map(|_| seconds(|| drop(pendulum(false, 0.1, STEPS)))).collect();
    println!("from the texts of study, plant and law to a program, once: {:.2} ms", 1e3 * median(times));
}
