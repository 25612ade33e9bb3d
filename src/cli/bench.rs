//! `gainswarm bench`: how fast every controller is on this machine.

use std::path::PathBuf;
use std::time::Duration;

use super::args::{duration, factor, whole};
use super::interrupt::Interrupt;
use super::table::table;
use super::{BackendArgs, ControllerArgs, Exit, ShowArgs, SimdArgs, load, note, print};
use crate::Error;
use crate::bench::{self, Machine, Measurement, TARGETS, Thresholds};
use crate::engine::Resources;
use crate::figures::{count, rate};
use crate::native::{Backend, Refusal};
use crate::registry::Member;
use crate::report;
use crate::simulation::SimdLevel;
use crate::study::no_machine_code;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gainswarm bench\n  gainswarm bench --controllers classical --duration 20s --check"
)]
pub(super) struct Args {
    /// A study, a TOML file, whose controller is measured on its plant [default: every controller that ships for the usual plant]
    #[arg(conflicts_with = "controllers")]
    config: Option<PathBuf>,
    #[command(flatten)]
    controllers: ControllerArgs,
    /// How long to measure each controller, such as 5s or 1m
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "5s", value_parser = duration)]
    duration: Duration,
    /// Exit with 1 if a threshold is missed, or if memory is allocated or grows during the simulations; a missed timing says whether the
    /// machine was noisy
    #[arg(long)]
    check: bool,
    /// Threshold: control steps per second on one thread in the best turn, at least
    #[arg(long, value_name = "RATE", default_value_t = TARGETS.steps_per_s, value_parser = factor)]
    min_steps_per_s: f64,
    /// Threshold: time of a simulation alone per simulated second in ms, at most (99 % are faster in the best of several windows)
    #[arg(long, value_name = "MS", default_value_t = TARGETS.latency_ms, value_parser = factor)]
    max_latency_ms: f64,
    /// Threshold: share of the time that the threads spend outside of the simulations in the best turn in percent, at most
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0 * TARGETS.overhead, value_parser = factor)]
    max_overhead: f64,
    /// Threshold: share of a simulation's time in percent that a full block saves it, against being asked for alone, at least
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0 * TARGETS.saved, value_parser = factor)]
    min_saved: f64,
    /// Directory for bench.json [default: none is written]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Numbers of threads to measure, besides one, separated by commas [default: all cores]
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true, value_delimiter = ',', value_parser = whole(1..=1024))]
    threads: Vec<u64>,
    #[command(flatten)]
    simd: SimdArgs,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    show: ShowArgs,
}

/// Measures, shows, and says with `--check` whether the thresholds hold.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let level = args.simd.level()?;
    let all = Resources::default().threads;
    let mut threads: Vec<usize> =
        args.threads.iter().filter_map(|count| usize::try_from(*count).ok()).collect();
    if threads.is_empty() {
        threads.push(all);
    }
    if let Some(directory) = &args.output {
        report::prepare_directory(directory)?;
    }
    let interrupt = Interrupt::listen();
    let base = args.config.as_deref().map(load).transpose()?;
    let backend = args.backend.given().or(base.as_ref().map(|base| base.simulation.backend));
    let machine = Machine { level, backend: backend.unwrap_or_default(), threads: &threads };
    let asked = machine.backend == Backend::Native;
    let on_the_program = |refusal: &Refusal| {
        if asked || *refusal != Refusal::NoCompiler {
            note(&no_machine_code(refusal));
        }
    };
    let controllers = match &base {
        Some(base) => vec![base.controller.name()],
        None => args.controllers.chosen()?,
    };
    let mut measurements = Vec::new();
    for controller in &controllers {
        if !args.show.quiet {
            note(&format!("measuring {controller}"));
        }
        let is_over = || interrupt.exit_code().is_some();
        let measured =
            bench::measure(base.as_ref(), controller, machine, args.duration, &is_over, &on_the_program)?;
        let Some(measurement) = measured else { break };
        measurements.push(measurement);
    }
    let shown = keep(args, &measurements, level)?;
    let (done, all) = (measurements.len(), controllers.len());
    if let Some(code) = interrupt.exit_code().filter(|_| done < all) {
        note(&format!("interrupted: {done} of {all} controllers are measured"));
        return Ok(Exit::Interrupted(code));
    }
    shown?;
    Ok(Exit::of(hold(args, &measurements) || !args.check))
}

/// Writes the measurements, if there are any, and shows them; the inner result is that of stdout.
fn keep(args: &Args, measurements: &[Measurement], level: SimdLevel) -> Result<Result<(), Error>, Error> {
    if measurements.is_empty() {
        return Ok(Ok(()));
    }
    let json = report::bench_json(measurements, level);
    let shown = if args.show.json {
        print(&format!("{json}\n"))
    } else if args.show.quiet {
        Ok(())
    } else {
        print(&show(measurements))
    };
    if let Some(directory) = &args.output {
        report::write_json(&directory.join("bench.json"), &json)?;
    }
    Ok(shown)
}

/// Whether all thresholds hold; says which do not.
fn hold(args: &Args, measurements: &[Measurement]) -> bool {
    let thresholds = Thresholds {
        steps_per_s: args.min_steps_per_s,
        latency_ms: args.max_latency_ms,
        overhead: args.max_overhead / 100.0,
        saved: args.min_saved / 100.0,
        ..TARGETS
    };
    let mut hold = true;
    for measurement in measurements {
        for miss in measurement.misses(&thresholds) {
            hold = false;
            note(&format!(
                "{}: {}: {miss}",
                if args.check { "error" } else { "note" },
                measurement.controller
            ));
        }
    }
    hold
}

/// Quantiles of one kind of latency.
type Quantiles = fn(&Measurement) -> [f64; 3];

fn show(measurements: &[Measurement]) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let overhead = |share: f64| format!("{:.2} %", 100.0 * share);
    let million = |rate: f64| format!("{:.1} M", rate / 1e6);
    let row = |name: &str, cell: &dyn Fn(&Measurement) -> String| -> Vec<String> {
        std::iter::once(name.into()).chain(measurements.iter().map(cell)).collect()
    };
    let mut rows = vec![
        row("backend", &|m| m.backend.name().into()),
        row("simulations/s", &|m| rate(m.simulations_per_s)),
    ];
    let counts = measurements.first().map_or(&[][..], |m| &m.steps_per_s);
    for (k, (threads, _)) in counts.iter().enumerate() {
        let unit = if *threads == 1 { "thread" } else { "threads" };
        rows.push(row(&format!("steps/s, {threads} {unit}"), &|m| million(m.steps_per_s[k].1)));
    }
    rows.extend([
        row("steps/s, 1 thread, best turn", &|m| million(m.best_steps_per_s)),
        row("parallel efficiency", &|m| percent(m.efficiency)),
        row("ns a step and thread", &|m| format!("{:.2}", m.ns_per_step)),
        row("kernel steps/s, 1 core", &|m| million(m.kernel_steps_per_s)),
        row("GFLOP/s, 1 core", &|m| format!("{:.1}", m.flops / 1e9)),
        row("FMA peak GFLOP/s", &|m| format!("{:.1}", m.peak_flops / 1e9)),
        row("share of the peak", &|m| percent(m.flops / m.peak_flops)),
    ]);
    let latencies: [(&str, Quantiles); 2] =
        [("alone", |m| m.latency_alone_ms), ("in a full block", |m| m.latency_block_ms)];
    for (kind, of) in latencies {
        for (k, name) in ["P50", "P99", "P99.9"].into_iter().enumerate() {
            let cell = |m: &Measurement| format!("{:.3}", of(m)[k]);
            rows.push(row(&format!("latency {kind} {name} ms/s"), &cell));
        }
    }
    rows.extend([
        row("simulations of a full block", &|m| m.lanes.to_string()),
        row("saved by a full block", &|m| percent(m.saved_by_a_block())),
        row("new arena, ns", &|m| format!("{:.1}", m.arena_ns[0])),
        row("kept arena, ns", &|m| format!("{:.1}", m.arena_ns[1])),
        row("noise (quiet: 1)", &|m| format!("{:.2}", m.noise)),
        row("bytes a simulation", &|m| count(m.bytes_per_simulation)),
        row("allocations", &|m| m.allocations.map_or("not measured".into(), count)),
        row("growth, bytes", &|m| m.growth_bytes.to_string()),
        row("scheduling overhead", &|m| overhead(m.overhead)),
        row("scheduling overhead, best turn", &|m| overhead(m.best_overhead)),
        row("turns", &|m| m.turns.to_string()),
        row("windows of latencies", &|m| m.windows.to_string()),
    ]);
    let heads: Vec<String> = measurements.iter().map(|m| m.controller.replace('_', "\n")).collect();
    let header: Vec<&str> = std::iter::once("").chain(heads.iter().map(String::as_str)).collect();
    let right: Vec<usize> = (1..header.len()).collect();
    table(&header, &right, rows)
}
