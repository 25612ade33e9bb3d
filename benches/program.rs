//! The double inverted pendulum under the classical law as a program and as machine code, on one core: control steps a second of both at
//! every level, measured in turns, by their medians; each level against two lanes, the fewest that there is machine code for; and how long it takes to make either, once a study.
//!
//! `cargo bench --bench program`.

use gainswarm::Member;
use gainswarm::bench::seconds;
use gainswarm::engine::Solo;
use gainswarm::native::{Compiler, Job};
use gainswarm::problem::Problem;
use gainswarm::simulation::SimdLevel;
use gainswarm::statistics::median;

#[path = "../tests/support/pendulum.rs"]
mod pendulum;

use pendulum::pendulum;

/// Each with its own gains, as in a tuning: a block at the widest level. A turn takes a few ms, so that neighbours disturb few of them.
const VECTORS: usize = 64;
const STEPS: u64 = 1000;
const TURNS: usize = 300;

#[allow(clippy::cast_precision_loss, reason = "a small number")]
fn vectors(problem: &Problem) -> Vec<Vec<f64>> {
    let scaled = |k: usize| {
        let mut values = problem.values.clone();
        values[0] *= 1.0 + 1e-4 * k as f64;
        values
    };
    (0..VECTORS).map(scaled).collect()
}

/// Gives a problem its machine code; how long that takes, in s.
fn compile(native: &Problem, level: SimdLevel) -> f64 {
    let source = native.simulator.source(level).expect("a text");
    // A cache of its own, so that it is compiled.
    let cache = std::env::temp_dir().join(format!("gainswarm-bench-{}", std::process::id()));
    let compiler = Compiler { cache: cache.clone(), ..Compiler::usual().expect("a compiler") };
    let mut made = None;
    let compiling = seconds(|| made = Some(Job::start(&source, &compiler).expect("a compiler").wait()));
    let _ = std::fs::remove_dir_all(cache);
    for code in made.expect("a result").expect("machine code") {
        native
            .simulator
            .adopt(level, code, &native.values, &native.scenarios)
            .expect("the bits of the program");
    }
    compiling
}

/// The rate of a level as machine code over that of vectors of two lanes, which a processor of that level computes with its own fused
/// multiply-add one number after the other.
fn against_two_lanes(level: SimdLevel, turns: usize) {
    let config = pendulum(false, 0.1, STEPS);
    let levels = [level, SimdLevel::Sse2];
    let problems = levels.map(|level| {
        let problem = Problem::new(&config);
        compile(&problem, level);
        problem
    });
    let vectors = vectors(&problems[0]);
    let solo = |k: usize| Solo::new(&problems[k], levels[k], &vectors).expect("memory");
    let (mut wide, mut narrow) = (solo(0), solo(1));
    let ratios = (0..turns).map(|_| {
        let [wide, narrow] = [&mut wide, &mut narrow].map(|solo| seconds(|| solo.run()));
        narrow / wide
    });
    let ratio = median(ratios.collect());
    assert!(wide.records().eq(narrow.records()), "the same bits");
    println!("{:8} machine code against that of two lanes: {ratio:.2} times", level.name());
}

#[allow(clippy::cast_precision_loss, reason = "a count")]
fn compare(level: SimdLevel, turns: usize) {
    let config = pendulum(false, 0.1, STEPS);
    let [program, native] = [Problem::new(&config), Problem::new(&config)];
    let compiling = compile(&native, level);
    let vectors = vectors(&program);
    let [mut program, mut native] =
        [&program, &native].map(|problem| Solo::new(problem, level, &vectors).expect("memory"));
    let (mut slow, mut fast) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        fast.push(seconds(|| native.run()));
        slow.push(seconds(|| program.run()));
    }
    let steps = VECTORS as u64 * STEPS;
    assert_eq!((native.steps(), program.steps()), (steps, steps), "every simulation survives");
    assert!(native.records().eq(program.records()), "the same bits");
    let [native, program] = [fast, slow].map(|times| steps as f64 / median(times) / 1e6);
    println!(
        "{:8} program {program:6.1} million control steps/s   native {native:6.1}   ratio {:.2}   compiled in {compiling:.2} s",
        level.name(),
        native / program
    );
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let turns = if is_bench { TURNS } else { 1 };
    for level in SimdLevel::available()
        .filter(|level| is_bench && !matches!(level, SimdLevel::Sse2 | SimdLevel::Scalar))
    {
        compare(level, turns);
        if cfg!(target_arch = "x86_64") {
            against_two_lanes(level, turns);
        }
    }
    let times = (0..turns.min(15)).map(|_| seconds(|| drop(pendulum(false, 0.1, STEPS)))).collect();
    println!("from the texts of study, plant and law to a program, once: {:.2} ms", 1e3 * median(times));
}
