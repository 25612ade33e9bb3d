//! The command line: the only module that prints.
//!
//! Results go to stdout, everything else to stderr. Exit codes: 0 for success, 1 for gains that do not hold and for what the
//! machine refuses, 2 for input that can be mended, 130 and 143 for a run that SIGINT or SIGTERM interrupted.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::controllers::ControllerKind;
use crate::engine::Resources;
use crate::registry::Member;
use crate::simulation::SimdLevel;
use crate::{Error, config};

mod ask_tell;
mod audit;
mod bench;
mod certify;
mod compare;
mod interrupt;
mod keeper;
mod list;
mod progress;
mod simulate;
mod study;
mod table;
mod tune;
mod validate;

const EXAMPLES: &str = "Examples:
  gainswarm tune configs/classical.toml
  gainswarm simulate configs/classical.toml --gains outputs/classical/gains.csv --output run.csv
  gainswarm validate configs/classical.toml --gains outputs/classical/gains.csv
  gainswarm compare configs/classical.toml configs/super_twisting.toml
  gainswarm list controllers";

#[derive(Debug, Parser)]
#[command(name = "gainswarm", version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tune a controller's gains with a particle swarm and write them as CSV
    Tune(TuneArgs),
    /// Tune several studies and compare what comes out
    Compare(CompareArgs),
    /// Try gains on thousands of scenarios that tuning never saw
    Validate(ValidateArgs),
    /// Simulate one closed loop and write its trajectory as CSV
    Simulate(SimulateArgs),
    /// Say whether gains are stable about upright; exit code 1 when not
    Certify(CertifyArgs),
    /// Measure the memory of every controller, and say whether it is fit for long runs
    Audit(AuditArgs),
    /// Measure how fast every controller is on this machine
    Bench(BenchArgs),
    /// The swarm as a process, for objectives in another program: JSON lines on stdin and stdout
    AskTell(AskTellArgs),
    /// List plants, controllers, integrators, cost terms, the swarm's rules and topologies
    List {
        /// Only this family
        #[arg(value_parser = PossibleValuesParser::new(list::FAMILIES))]
        family: Option<String>,
        /// Also the parameters of plants, controllers and rules: unit, default, range, meaning
        #[arg(long)]
        verbose: bool,
        /// The parameters of all controllers, or the cost terms, as Markdown tables
        #[arg(long, conflicts_with = "verbose")]
        markdown: bool,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gainswarm tune configs/classical.toml --seed 7 --threads 2")]
struct TuneArgs {
    /// The study, a TOML file
    config: PathBuf,
    /// Where the results go [default: outputs/<study>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Start a particle from these gains, a gains.csv; may be given more than once
    #[arg(long, value_name = "FILE")]
    warm_start: Vec<PathBuf>,
    #[command(flatten)]
    search: SearchArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gainswarm compare configs/classical.toml configs/super_twisting.toml")]
struct CompareArgs {
    /// The studies, TOML files with the same plant, simulation, cost and scenarios
    #[arg(required = true)]
    configs: Vec<PathBuf>,
    /// Where compare.csv and a directory a study go
    #[arg(long, value_name = "DIR", default_value = "outputs/compare")]
    output: PathBuf,
    #[command(flatten)]
    search: SearchArgs,
}

/// How a search runs, whatever it is for.
#[derive(Debug, Args)]
struct SearchArgs {
    /// Seed of the search [default: the config's]; sampled scenarios have seeds of their own
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Particles of the swarm [default: the config's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=config::PARTICLES_MAX))]
    particles: Option<u64>,
    /// Generations to run [default: the config's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=config::GENERATIONS_MAX))]
    generations: Option<u64>,
    /// Bytes that the run may use, such as 500M or 2G [default: the config's]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory_limit: Option<u64>,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    safety: SafetyArgs,
    /// No progress and no table
    #[arg(long)]
    quiet: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// How a command uses the machine.
#[derive(Debug, Args)]
struct MachineArgs {
    /// Worker threads; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
    /// SIMD instructions to use; the result does not depend on it
    #[arg(long, value_name = "LEVEL", default_value = "auto", value_parser = PossibleValuesParser::new(SIMD))]
    simd: String,
}

/// What becomes of a run that is interrupted, and of one that is there already.
#[derive(Debug, Args)]
struct SafetyArgs {
    /// Save the run every N generations, so that it can be resumed
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=config::GENERATIONS_MAX))]
    checkpoint_every: u64,
    /// Go on with an interrupted run; the result is that of a run that was never interrupted
    #[arg(long)]
    resume: bool,
    /// Start anew and replace what is there
    #[arg(long, conflicts_with = "resume")]
    force: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gainswarm simulate configs/classical.toml --initial-state 0,0.2,-0.1,0,0,0 \
                        --every 10 --output run.csv"
)]
struct SimulateArgs {
    /// The study, a TOML file
    config: PathBuf,
    /// Gains to use, a gains.csv [default: the config's]
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
    /// Where it starts, x,th1,th2,xd,th1d,th2d in m, rad, m/s, rad/s [default: the first scenario's; its disturbances stay]
    #[arg(long, value_name = "x,th1,th2,xd,th1d,th2d", allow_hyphen_values = true)]
    initial_state: Option<String>,
    /// Run a case of `validate` again, such as starts/1/42: set/seed/index
    #[arg(long, value_name = "ID", conflicts_with_all = ["initial_state", "duration", "dt"])]
    replay: Option<String>,
    /// Length in s [default: the config's]
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    duration: Option<f64>,
    /// Control period and integration step in s [default: the config's]
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    dt: Option<f64>,
    /// Write every N-th step
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=config::STEPS_MAX))]
    every: u64,
    /// Where the trajectory goes [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gainswarm validate configs/classical.toml --gains outputs/classical/gains.csv --samples 10000"
)]
struct ValidateArgs {
    /// The study, a TOML file; its [[validation]] tables say on what
    config: PathBuf,
    /// Gains to try, a gains.csv
    #[arg(long, value_name = "FILE")]
    gains: PathBuf,
    /// Other gains to compare with, a gains.csv
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Runs a set
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    samples: u64,
    /// Seed of every random number
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: u64,
    /// Exit with 1 when a smaller share of a set succeeds
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    require: f64,
    /// Where validation.csv and validation.json go [default: outputs/<study>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArgs,
    /// No table
    #[arg(long)]
    quiet: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Each line that it writes asks, {\"ask\":{\"generation\":0,\"positions\":[[…],…]}}, and each line that it \
    reads tells,\n{\"tell\":{\"costs\":[…]}}, with a cost or null a position and, if wanted, \"violations\":[…]. The last line is\n\
    {\"done\":{\"reason\":…,\"evaluations\":…,\"best\":{\"position\":[…],\"cost\":…}}}.\n\nExample:\n  gainswarm ask-tell search.toml"
)]
struct AskTellArgs {
    /// The search, a TOML file: seed, [swarm], [swarm.stopping], [[parameters]] with name, lower, upper, scale
    config: PathBuf,
    /// Seed of every random number [default: the config's]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit code 1 when a phase is not green. Examples:\n  gainswarm audit --quick\n  \
    gainswarm audit configs/classical.toml --controllers classical --soak 1h")]
struct AuditArgs {
    /// A study whose plant and scenarios are used, a TOML file [default: one start of the double inverted pendulum]
    config: Option<PathBuf>,
    /// Only these controllers, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(ControllerKind::ALL.iter().map(|kind| kind.name())))]
    controllers: Vec<String>,
    /// How often everything is made and dropped [default: 1000, 100 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    cycles: Option<u64>,
    /// Control steps of the longest simulation [default: 101000, 21000 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2000..=config::STEPS_MAX))]
    steps: Option<u64>,
    /// Also tune for so long and watch, such as 90s, 10m, 1h; a controller
    #[arg(long, value_name = "DURATION", value_parser = audit::duration)]
    soak: Option<Duration>,
    /// Growth beyond so many times the bytes of a simulation fails a phase, whatever else it says
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0)]
    alert_factor: f64,
    /// Fewer cycles and steps
    #[arg(long)]
    quick: bool,
    /// A fault to find, to see that the audit fails
    #[arg(long, hide = true, value_parser = PossibleValuesParser::new(["allocation", "leak"]))]
    plant: Option<String>,
    /// Where audit.json, audit.csv and the plots go [default: outputs/audit]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArgs,
    /// No progress and no table
    #[arg(long)]
    quiet: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gainswarm bench\n  gainswarm bench --controllers classical --duration 20s --check"
)]
struct BenchArgs {
    /// Only these controllers, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(ControllerKind::ALL.iter().map(|kind| kind.name())))]
    controllers: Vec<String>,
    /// How long to measure a controller, such as 5s or 1m
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = audit::duration)]
    duration: Duration,
    /// Exit with 1 when a threshold is missed, or anything allocates or grows
    #[arg(long)]
    check: bool,
    /// Control steps a second on one thread that must be reached
    #[arg(long, value_name = "RATE", default_value_t = 200_000.0)]
    min_steps_per_s: f64,
    /// Largest latency (P99) of a simulation, in ms a simulated second
    #[arg(long, value_name = "MS", default_value_t = 0.5)]
    max_latency_ms: f64,
    /// Largest share of the workers' time outside of the kernel, in per cent
    #[arg(long, value_name = "PERCENT", default_value_t = 0.5)]
    max_overhead: f64,
    /// Where bench.json goes [default: nowhere]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArgs,
    /// No progress and no table
    #[arg(long)]
    quiet: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Bytes, with K, M or G for 2¹⁰, 2²⁰ or 2³⁰ of them.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((end, 'K')) => (&text[..end], 1 << 10),
        Some((end, 'M')) => (&text[..end], 1 << 20),
        Some((end, 'G')) => (&text[..end], 1 << 30),
        _ => (text, 1),
    };
    let product = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    product.filter(|bytes| *bytes > 0).ok_or_else(|| "allowed: bytes, such as 800000, 500M or 2G".into())
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| "allowed: a number from 0 to 1".into())
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gainswarm certify configs/classical.toml --gains outputs/classical/gains.csv"
)]
struct CertifyArgs {
    /// The study, a TOML file
    config: PathBuf,
    /// Gains to use, a gains.csv [default: the config's]
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
}

const SIMD: [&str; 6] = ["auto", "avx512", "avx2", "sse2", "neon", "scalar"];

/// Runs the program on the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Tune(args) => tune::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Validate(args) => validate::run(&args).map(Exit::of),
        Command::Simulate(args) => simulate::run(&args).map(|()| Exit::Success),
        Command::Certify(args) => certify::run(&args).map(Exit::of),
        Command::Audit(args) => audit::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::AskTell(args) => ask_tell::run(&args).map(|()| Exit::Success),
        Command::List { family, verbose, markdown } => {
            list::run(family.as_deref(), verbose, markdown).map(|()| Exit::Success)
        }
    };
    match result {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::Failure) => ExitCode::FAILURE,
        Ok(Exit::Interrupted(code)) => ExitCode::from(code),
        Err(error) => {
            // Nothing is left to do when even stderr is gone.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// How a command ends that has done what it could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Success,
    /// The gains do not hold.
    Failure,
    /// With the exit code for the signal.
    Interrupted(u8),
}

impl Exit {
    fn of(success: bool) -> Self {
        if success { Self::Success } else { Self::Failure }
    }
}

/// Writes a result to stdout; whoever closed the pipe has read enough.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout_result(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

fn stdout_result(result: io::Result<()>) -> Result<(), Error> {
    match result {
        Err(reason) if reason.kind() != io::ErrorKind::BrokenPipe => Err(Error::Write {
            path: "standard output".into(),
            reason,
            remedy: "redirect it to a place with room",
        }),
        _ => Ok(()),
    }
}

/// Writes a message to stderr; a closed stderr is no reason to lose results.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The controllers of these names, in the order of the registry; all without any.
fn controllers(names: &[String]) -> Vec<ControllerKind> {
    let chosen = |kind: &&ControllerKind| names.is_empty() || names.iter().any(|name| name == kind.name());
    ControllerKind::ALL.iter().filter(chosen).copied().collect()
}

fn resources(machine: &MachineArgs) -> Result<Resources, Error> {
    let MachineArgs { threads, simd } = machine;
    let all = Resources::default();
    let level = SimdLevel::ALL.iter().copied().find(|level| level.name() == simd).unwrap_or(all.level);
    if !SimdLevel::available().any(|available| available == level) {
        let names: Vec<&str> = SimdLevel::available().map(Member::name).collect();
        return Err(Error::Option {
            option: "--simd",
            found: format!("{simd} is not available on this processor"),
            remedy: format!("allowed here: auto, {}", names.join(", ")),
        });
    }
    let threads = threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or(all.threads);
    Ok(Resources { threads, level })
}

fn load(path: &Path) -> Result<Config, Error> {
    Ok(Config::load(path)?)
}
