//! The command line: the only module that prints.
//!
//! Results go to stdout, everything else to stderr; [`EXIT_CODES`] says how a command ends.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::Error;
use crate::config::{Config, Gains, read_gains};
use crate::engine;
use crate::report::tuned_plant;
use crate::study::questionable;

mod args;
mod ask_tell;
mod audit;
mod batch;
mod batch_deal;
mod bench;
mod certify;
mod check;
mod compare;
mod completions;
mod exit;
mod export;
mod foresee;
mod front;
mod init;
mod interrupt;
mod json_progress;
mod list;
mod man;
mod merge;
mod models;
mod pick;
mod place;
mod progress;
mod report;
mod rules;
mod sensitivity;
mod shard;
mod simulate;
mod studies;
mod study;
mod table;
mod tune;
mod validate;
mod validate_front;
mod validate_shard;

pub use exit::EXIT_CODES;

use args::{BackendArgs, ControllerArgs, FollowArgs, MachineArgs, SearchArgs, ShowArgs, SimdArgs};
use exit::Exit;
use interrupt::Interrupt;

#[derive(Debug, Parser)]
#[command(name = "gainswarm", version, about, max_term_width = 100)]
#[command(after_help = "Examples:
  gainswarm init --controller super_twisting
  gainswarm check configs/classical.toml
  gainswarm tune configs/classical.toml --report
  gainswarm batch configs/batch.toml
  gainswarm simulate configs/classical.toml --gains outputs/classical/gains.csv --output run.csv
  gainswarm validate configs/classical.toml --gains outputs/classical/gains.csv
  gainswarm sensitivity configs/classical.toml --gains outputs/classical/gains.csv
  gainswarm report outputs/classical --plots
  gainswarm export outputs/classical --format c --output gains.h
  gainswarm compare configs/classical.toml configs/super_twisting.toml
  gainswarm list controllers")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a study to start from: a config with a comment on every key
    Init(init::Args),
    /// Show what a study would do, with all defaults filled in, without running it
    Check(check::Args),
    /// Tune the gains of a controller with a particle swarm and write them as CSV
    Tune(tune::Args),
    /// Tune several studies of the same problem and compare their results
    Compare(compare::Args),
    /// Tune many studies, such as a grid over controllers, seeds or any other key
    Batch(batch::Args),
    /// Put the shards of a batch or of a validation together
    Merge(merge::Args),
    /// Test gains on thousands of new scenarios, which the tuning did not use
    Validate(validate::Args),
    /// Show how far each gain may move until the cost is 1 %, 5 % and 10 % worse
    Sensitivity(sensitivity::Args),
    /// Show what published rules for PID give for the plant of a study, and what that costs
    Rules(rules::Args),
    /// Write a page that shows the results of a tuning: report.html
    Report(report::Args),
    /// Simulate one closed loop and write its trajectory as CSV; exit code 1 if it fails
    Simulate(simulate::Args),
    /// Check whether the closed loop is stable about its equilibrium; exit code 1 if not
    Certify(certify::Args),
    /// Choose one of the trade-offs that a tuning has found, as a gains.csv
    Pick(pick::Args),
    /// Print a tuned controller as C, Python, MATLAB, JSON, TOML or CSV
    Export(export::Args),
    /// Check that no controller leaks memory or grows over long runs
    Audit(audit::Args),
    /// Measure how fast the controllers run on this machine
    Bench(bench::Args),
    /// Run the swarm for another program, which evaluates the positions: JSON lines on stdin and stdout
    AskTell(ask_tell::Args),
    /// List the plants, controllers, integrators, cost terms, swarm rules, topologies and export formats
    #[command(after_help = "Examples:\n  gainswarm list controllers --verbose\n  gainswarm list formats")]
    List {
        /// List only this kind
        #[arg(value_parser = PossibleValuesParser::new(list::FAMILIES))]
        family: Option<String>,
        /// Also list the parameters of plants, controllers and rules: unit, default, range, meaning
        #[arg(long)]
        verbose: bool,
        /// Print the parameters of the controllers, or the cost terms, as Markdown tables
        #[arg(long, conflicts_with = "verbose")]
        markdown: bool,
    },
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Write manual pages, one for each command
    Man(man::Args),
}

/// The command line as clap knows it. Negative numbers are values of options, which say what is allowed.
#[must_use]
pub fn command() -> clap::Command {
    let with_value = |arg: clap::Arg| {
        let takes_value = arg.get_action().takes_values() && !arg.is_positional();
        arg.allow_negative_numbers(takes_value)
    };
    let command = Cli::command();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let codes = EXIT_CODES.map(|(code, meaning)| format!("\n  {code:<4} {meaning}")).concat();
    command
        .after_help(format!("{examples}\n\nExit codes:{codes}"))
        .mut_subcommands(|command| command.mut_args(with_value))
}

/// Runs the program on the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let command = || run(std::env::args_os());
    let task = |task: &[u8]| parse(std::env::args_os()).is_ok_and(|cli| batch_deal::assist(&cli, task));
    ExitCode::from(engine::conduct(command, || drop(Interrupt::listen()), task))
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let read = |matches: clap::ArgMatches| Cli::from_arg_matches(&matches);
    command().try_get_matches_from(arguments).and_then(read)
}

/// Runs the program on arguments, of which the first is its name, and returns its exit code.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A request for help is one, too.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let is_shared = matches!(
        arguments.command,
        Command::Tune(_) | Command::Compare(_) | Command::Batch(_) | Command::Validate(_)
    );
    if is_shared {
        engine::share_out();
    }
    let result = match arguments.command {
        Command::Init(args) => init::run(&args).map(|()| Exit::Success),
        Command::Check(args) => check::run(&args).map(|()| Exit::Success),
        Command::Tune(args) => tune::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Batch(args) => batch::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Sensitivity(args) => sensitivity::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Certify(args) => certify::run(&args).map(Exit::of),
        Command::Pick(args) => pick::run(&args).map(|()| Exit::Success),
        Command::Export(args) => export::run(&args).map(|()| Exit::Success),
        Command::Audit(args) => audit::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::AskTell(args) => ask_tell::run(&args),
        Command::List { family, verbose, markdown } => {
            list::run(family.as_deref(), verbose, markdown).map(|()| Exit::Success)
        }
        Command::Completions(args) => completions::run(&args).map(|()| Exit::Success),
        Command::Man(args) => man::run(&args).map(|()| Exit::Success),
    };
    match result {
        Ok(Exit::Success) => 0,
        Ok(Exit::Failure) => 1,
        Ok(Exit::Interrupted(code)) => code,
        Err(error) => {
            // When stderr is closed as well, the exit code has to do.
            let _ = writeln!(io::stderr(), "error: {error}");
            error.exit_code()
        }
    }
}

/// Writes a result to stdout; a closed pipe is no error.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout_result(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

fn stdout_result(result: io::Result<()>) -> Result<(), Error> {
    match result {
        Err(reason) if reason.kind() != io::ErrorKind::BrokenPipe => Err(Error::Write {
            path: "standard output".into(),
            reason,
            remedy: "redirect it to a place that can be written to and has room",
        }),
        _ => Ok(()),
    }
}

/// Writes a message to stderr; a closed stderr is ignored, so that no results are lost.
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
        problem: "is read by this command and would be replaced".into(),
        remedy: "give another --output".into(),
    })
}

/// The values of a `gains.csv` for the controller of a config; says where they are the config's, or of another plant.
fn gains(path: &Path, config: &Config) -> Result<Vec<f64>, Error> {
    let Gains { values, unnamed } = read_gains(path, &config.controller)?;
    if !unnamed.is_empty() {
        let (path, unnamed) = (path.display(), unnamed.join(", "));
        note(&format!("warning: {path} does not name {unnamed}: the config's values are used"));
    }
    let (tuned_on, plant) = (path.parent().and_then(tuned_plant), config.plant.name());
    if let Some(other) = tuned_on.filter(|other| other != plant) {
        note(&format!("warning: {} was tuned on {other}, and this study is on {plant}", path.display()));
    }
    Ok(values)
}

fn load(path: &Path) -> Result<Config, Error> {
    let config = Config::load(path)?;
    for found in questionable(&config) {
        note(&format!("warning: {}: {found}", path.display()));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_has_an_option_that_its_help_does_not_show() {
        for command in command().get_subcommands() {
            let hidden = command.get_arguments().find(|argument| argument.is_hide_set());
            assert!(hidden.is_none() && !command.is_hide_set(), "{}: {hidden:?}", command.get_name());
        }
    }
}
