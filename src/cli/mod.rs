//! The command line: the only module that prints.
//!
//! Results go to stdout, everything else to stderr. Exit codes: 0 for success, 1 for gains that do not hold and for what the
//! machine refuses, 2 for input that can be mended, 130 and 143 for a run that SIGINT or SIGTERM interrupted.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};

use crate::Error;
use crate::config::{Config, Gains, read_gains};
use crate::report::tuned_plant;

mod args;
mod ask_tell;
mod audit;
mod batch;
mod bench;
mod certify;
mod check;
mod compare;
mod completions;
mod export;
mod foresee;
mod init;
mod interrupt;
mod keeper;
mod list;
mod man;
mod place;
mod progress;
mod report;
mod simulate;
mod study;
mod table;
mod tune;
mod validate;

use args::{ControllerArgs, MachineArgs, SearchArgs, ShowArgs, SimdArgs};

const EXAMPLES: &str = "Examples:
  gainswarm init --controller super_twisting
  gainswarm check configs/classical.toml
  gainswarm tune configs/classical.toml --report
  gainswarm batch configs/batch.toml
  gainswarm simulate configs/classical.toml --gains outputs/classical/gains.csv --output run.csv
  gainswarm validate configs/classical.toml --gains outputs/classical/gains.csv
  gainswarm report outputs/classical --plots
  gainswarm export outputs/classical --format c --output gains.h
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
    /// Write a commented config to start from
    Init(init::Args),
    /// Say what a study asks for, with every default, before it runs
    Check(check::Args),
    /// Tune a controller's gains with a particle swarm and write them as CSV
    Tune(tune::Args),
    /// Tune several studies and compare what comes out
    Compare(compare::Args),
    /// Tune many studies, overnight if need be: a grid of controllers, plants, seeds and any other key
    Batch(batch::Args),
    /// Try gains on thousands of scenarios that tuning never saw
    Validate(validate::Args),
    /// Make a page of a tuning's results: report.html
    Report(report::Args),
    /// Simulate one closed loop and write its trajectory as CSV
    Simulate(simulate::Args),
    /// Say whether gains are stable about upright; exit code 1 when not
    Certify(certify::Args),
    /// Print tuned gains to paste into a controller: C, Python, MATLAB, JSON, TOML or CSV
    Export(export::Args),
    /// Measure the memory of every controller, and say whether it is fit for long runs
    Audit(audit::Args),
    /// Measure how fast every controller is on this machine
    Bench(bench::Args),
    /// The swarm as a process, for objectives in another program: JSON lines on stdin and stdout
    AskTell(ask_tell::Args),
    /// List plants, controllers, integrators, cost terms, the swarm's rules and topologies, export formats
    #[command(after_help = "Examples:\n  gainswarm list controllers --verbose\n  gainswarm list formats")]
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
    /// Print what a shell needs to complete commands and options
    Completions(completions::Args),
    /// Write the manual, a page a command
    Man(man::Args),
}

/// Runs the program on the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Init(args) => init::run(&args).map(|()| Exit::Success),
        Command::Check(args) => check::run(&args).map(|()| Exit::Success),
        Command::Tune(args) => tune::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Batch(args) => batch::run(&args),
        Command::Validate(args) => validate::run(&args).map(Exit::of),
        Command::Report(args) => report::run(&args).map(|()| Exit::Success),
        Command::Simulate(args) => simulate::run(&args).map(|()| Exit::Success),
        Command::Certify(args) => certify::run(&args).map(Exit::of),
        Command::Export(args) => export::run(&args).map(|()| Exit::Success),
        Command::Audit(args) => audit::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::AskTell(args) => ask_tell::run(&args).map(|()| Exit::Success),
        Command::List { family, verbose, markdown } => {
            list::run(family.as_deref(), verbose, markdown).map(|()| Exit::Success)
        }
        Command::Completions(args) => completions::run(&args).map(|()| Exit::Success),
        Command::Man(args) => man::run(&args).map(|()| Exit::Success),
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

/// Refuses to replace a file that is read.
fn keep_inputs(output: Option<&Path>, inputs: &[&Path]) -> Result<(), Error> {
    let place = |path: &Path| path.canonicalize().ok();
    let Some((path, place_of)) = output.and_then(|path| Some((path, place(path)?))) else { return Ok(()) };
    if inputs.iter().all(|input| place(input).as_ref() != Some(&place_of)) {
        return Ok(());
    }
    Err(Error::Refused {
        path: path.into(),
        problem: "is read here, and would be replaced".into(),
        remedy: "give another --output".into(),
    })
}

/// The values of a `gains.csv` for the controller of a config; says where they are the config's, or of another plant.
fn gains(path: &Path, config: &Config) -> Result<Vec<f64>, Error> {
    let Gains { values, unnamed } = read_gains(path, config.controller.kind, &config.controller.values)?;
    if !unnamed.is_empty() {
        let (path, unnamed) = (path.display(), unnamed.join(", "));
        note(&format!("warning: {path} does not name {unnamed}: the values of the config are used"));
    }
    let (tuned_on, plant) = (path.parent().and_then(tuned_plant), config.plant.kind.name());
    if let Some(other) = tuned_on.filter(|other| other != plant) {
        note(&format!("warning: {} was tuned on {other}, and this study is on {plant}", path.display()));
    }
    Ok(values)
}

fn load(path: &Path) -> Result<Config, Error> {
    Ok(Config::load(path)?)
}
