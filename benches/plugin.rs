//! What a plant costs as compiled code: a call beyond the work itself, a block at a time against 8 lanes at a time, and the double pendulum as a
//! library against its equations, as a program and as machine code, in turns, by their medians.
//!
//! `cargo bench --bench plugin`; needs a C compiler. With `-- --check` calls are held against their targets ([`Calls::misses`]), the pendulum
//! against half of the rate of its equations, and it exits with 1 where one is missed. What counts there is the best window of turns, which a machine that is busy now and then leaves alone.
//! `gainswarm bench --check` has no such row, since a machine that tunes need not have a compiler.

use std::path::Path;
use std::process::ExitCode;

use gainswarm::Member;
use gainswarm::bench::seconds;
use gainswarm::config::Config;
use gainswarm::engine::{Solo, prepare};
use gainswarm::plugin::{Column, Function, Places, Plugin, Which};
use gainswarm::problem::Problem;
use gainswarm::simulation::SimdLevel;
use gainswarm::statistics::median;

#[path = "../tests/support/libraries.rs"]
mod libraries;

use libraries::{Bench, pendulum};

/// Each vector of gains in 8 scenarios: four blocks at the widest level.
const VECTORS: usize = 32;
const STEPS: u32 = 200;
const TURNS: usize = 200;
const CALLS: usize = 2000;
/// Turns of a window.
const WINDOW: usize = 20;
/// What a call may take beyond its work, in ns: a call of a block, and a lane of it.
const CALL_NS: f64 = 50.0;
const LANE_NS: f64 = 2.0;
/// Share of a lane's overhead that a block saves against a call for 8 lanes, at least.
const SAVED: f64 = 0.3;
/// The rate of the pendulum as a library over that of its equations, at least.
const RATE: f64 = 0.5;
/// The usual window over the best one, where a machine is not quiet.
const NOISY: f64 = 1.25;

/// A plant of the pendulum's size, whose `rates` come back at once where a state says so.
const IDLE: &str = r#"
#include "gainswarm_plugin.h"
static const gainswarm_quantity of[] = {
    {"a0", 0, 0, 0, 0, 0, 0}, {"a1", 0, 0, 0, 0, 0, 0}, {"a2", 0, 0, 0, 0, 0, 0}, {"a3", 0, 0, 0, 0, 0, 0}, {"a4", 0, 0, 0, 0, 0, 0},
    {"a5", 0, 0, 0, 0, 0, 0}, {"a6", 0, 0, 0, 0, 0, 0}, {"a7", 0, 0, 0, 0, 0, 0}, {"a8", 0, 0, 0, 0, 0, 0}, {"a9", 0, 0, 0, 0, 0, 0},
    {"b0", 0, 0, 0, 0, 0, 0}, {"b1", 0, 0, 0, 0, 0, 0}, {"b2", 0, 0, 0, 0, 0, 0},
};
static void rates(const void *instance, const gainswarm_block *block, double *const *results)
{
    (void)instance;
    if (block->states[0][0] == 1e300) return;
    for (int k = 0; k < 6; k++) for (size_t i = 0; i < block->lanes; i++) results[k][i] = block->states[k][i];
}
static const gainswarm_plugin plugin = {
    .version = GAINSWARM_PLUGIN_VERSION, .size = sizeof(gainswarm_plugin), .kind = GAINSWARM_PLANT, .name = "idle",
    .states = {of, 6}, .inputs = {of, 2}, .parameters = {of, 13}, .rates = rates,
};
GAINSWARM_EXPORT const gainswarm_plugin *gainswarm_plugin_entry(void) { return &plugin; }
"#;

/// Nanoseconds of a call of so many columns of 8 lanes, by the median of turns: over all, and of the best window.
#[allow(clippy::cast_precision_loss, reason = "a count")]
fn call(function: &Function, columns: usize, turns: usize) -> [f64; 2] {
    let (reads, writes) = (function.operands(), function.results());
    let mut block = vec![Column([1e300; 8]); (reads + writes) * columns];
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let places = Places::new(&all[..reads], &all[reads..reads + writes]);
    let mut turn = || {
        for _ in 0..CALLS {
            std::hint::black_box(function).call(&mut block, columns, &places);
        }
    };
    let times: Vec<f64> = (0..turns).map(|_| 1e9 / CALLS as f64 * seconds(&mut turn)).collect();
    let best = times.chunks(WINDOW).map(|window| median(window.to_vec())).fold(f64::INFINITY, f64::min);
    [median(times), best]
}

/// Nanoseconds of a call for 64 lanes and of one for 8: over all turns and of the best window.
struct Calls {
    block: [f64; 2],
    few: [f64; 2],
}

impl Calls {
    /// What is missed, a line each, and whether the machine was noisy.
    fn misses(&self) -> Vec<String> {
        let ([usual, block], few) = (self.block, self.few[1]);
        let saved = 1.0 - block / 8.0 / few;
        let figures = [
            (
                block < CALL_NS,
                format!("a call of a block takes {block:.1} ns beyond its work, allowed: {CALL_NS}"),
            ),
            (block / 64.0 < LANE_NS, format!("a lane takes {:.2} ns, allowed: {LANE_NS}", block / 64.0)),
            (saved >= SAVED, format!("a block saves {:.0} %, wanted: {:.0} %", 100.0 * saved, 100.0 * SAVED)),
        ];
        let noise = usual / block;
        let machine = if noise < NOISY { "quiet" } else { "noisy: measure again on a quiet machine" };
        let missed = figures.into_iter().filter(|(holds, _)| !holds);
        missed
            .map(|(_, text)| format!("error: {text}; the machine was {machine} (noise {noise:.2})"))
            .collect()
    }
}

fn calls(bench: &Bench, turns: usize) -> Calls {
    let idle = Plugin::load(&bench.text("idle", IDLE)).unwrap_or_else(|refused| panic!("{refused}"));
    let function = idle.function(Which::Rates);
    let [of_block, of_few] = [8, 1].map(|columns| call(&function, columns, turns));
    let ([block, best], [few, _]) = (of_block, of_few);
    println!(
        "a call beyond its work, 21 columns in and 6 out: {block:.1} ns for 64 lanes, {:.2} ns a lane; {few:.1} ns for 8 lanes, {:.2} ns a lane: {:.0} % less a \
         lane by the block, {:.0} % less than a call for each lane; best window {best:.1} ns for 64 lanes",
        block / 64.0,
        few / 8.0,
        100.0 * (1.0 - block / 8.0 / few),
        100.0 * (1.0 - block / 64.0 / few),
    );
    Calls { block: of_block, few: of_few }
}

/// The pendulum as a library over its equations as a program, and as machine code.
fn compare(level: SimdLevel, library: &Path, turns: usize) -> [(&'static str, f64); 2] {
    let library = format!("library = {:?}", library.display().to_string());
    let study = |plant: &str| {
        let text = pendulum(plant, 1e-3, f64::from(STEPS) * 1e-3);
        Config::parse(Path::new("pendulum.toml"), &text).unwrap_or_else(|error| panic!("{error}"))
    };
    let equations = study("type = \"double_inverted_pendulum\"");
    let problems = [Problem::new(&study(&library)), Problem::new(&equations), Problem::new(&equations)];
    prepare(&problems[2], level).unwrap_or_else(|refusal| panic!("{refusal}"));
    let vectors = vec![problems[0].values.clone(); VECTORS];
    let mut workers = problems.each_ref().map(|problem| Solo::new(problem, level, &vectors).expect("memory"));
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..turns {
        for (worker, times) in workers.iter_mut().zip(&mut times) {
            times.push(seconds(|| worker.run()));
        }
    }
    let costs = workers.each_ref().map(|worker| worker.records().map(|record| record.cost).sum::<f64>());
    let apart = (costs[0] / costs[1] - 1.0).abs();
    assert!(apart < 1e-12, "the same results: {costs:?}");
    #[allow(clippy::cast_precision_loss, reason = "a count")]
    let rates = times.map(|times| workers[0].steps() as f64 / median(times) / 1e6);
    let [library, program, native] = rates;
    println!(
        "{:8} library {library:5.1} million control steps/s   program {program:5.1}   machine code {native:5.1}   ratios {:.2} and {:.2}   costs {apart:.0e} apart",
        level.name(),
        library / program,
        library / native
    );
    [("a program", library / program), ("machine code", library / native)]
}

fn main() -> ExitCode {
    let [is_bench, is_check] =
        ["--bench", "--check"].map(|option| std::env::args().any(|argument| argument == option));
    let turns = if is_bench { TURNS } else { 1 };
    let Some(bench) = Bench::new() else {
        println!("skipped: there is no C compiler");
        return ExitCode::SUCCESS;
    };
    let mut misses = calls(&bench, turns).misses();
    let source = Path::new("plugins/examples/double_pendulum.c");
    let mut flags = vec!["-O3", "-march=native", "-fno-trapping-math"];
    if cfg!(target_arch = "x86_64") {
        // gcc takes half of the width of AVX-512 for some processors.
        flags.push("-mprefer-vector-width=512");
    }
    let library = bench.library(source, &flags);
    let levels = SimdLevel::available();
    for level in levels.filter(|level| is_bench && !matches!(level, SimdLevel::Sse2 | SimdLevel::Scalar)) {
        let slow = compare(level, &library, turns).into_iter().filter(|(_, ratio)| *ratio < RATE);
        misses.extend(slow.map(|(what, ratio)| {
            format!(
                "error: at {} the pendulum has {ratio:.2} times the rate of its equations as {what}, wanted: {RATE}",
                level.name()
            )
        }));
    }
    if !is_check {
        return ExitCode::SUCCESS;
    }
    for line in &misses {
        eprintln!("{line}");
    }
    ExitCode::from(u8::from(!misses.is_empty()))
}
