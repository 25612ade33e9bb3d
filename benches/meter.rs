//! What counting memory costs: this binary does not count, `gainswarm bench` does; both measure the same in turns.
//!
//! `cargo bench --bench meter`

use std::process::Command;
use std::time::Duration;

use gainswarm::bench::{Machine, measure};
use gainswarm::engine::Resources;
use gainswarm::native::Backend;
use gainswarm::statistics::median;

const TURNS: usize = 5;

/// Control steps a second on all threads, of this binary.
fn without() -> f64 {
    let Resources { threads, level } = Resources::default();
    let machine = Machine { level, backend: Backend::Auto, threads: &[threads] };
    let measured = measure(None, "classical", machine, Duration::from_secs(1), &|| false, &|_| {});
    measured.expect("memory").expect("nothing interrupts it").most().1
}

/// The same of the program.
fn with() -> f64 {
    let run = Command::new(env!("CARGO_BIN_EXE_gainswarm"))
        .args(["bench", "--controllers", "classical", "--duration", "1s", "--json", "--quiet"])
        .output()
        .expect("the binary starts");
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    json["controllers"][0]["control_steps_per_s"].as_f64().expect("a rate")
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let ratios: Vec<f64> = (0..TURNS).map(|_| with() / without()).collect();
    println!("control steps/s with the meter over those without it, {TURNS} turns: {ratios:.3?}");
    println!("median {:.3}", median(ratios));
}
