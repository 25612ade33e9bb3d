//! `gainswarm report`: the results of a tuning as a page to look at.

use std::path::{Path, PathBuf};

use super::interrupt::Interrupt;
use super::{Exit, note};
use crate::Error;
use crate::replay::Replay;
use crate::report::{self, Results};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gainswarm report outputs/classical\n  gainswarm report outputs/classical --plots"
)]
pub(super) struct Args {
    /// A directory with the results of `gainswarm tune`
    directory: PathBuf,
    /// Also write each plot as SVG and PNG into the folder `plots` there
    #[arg(long)]
    plots: bool,
}

/// Simulates the tuned gains and writes the page; an interruption before that leaves everything as it was.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let interrupt = Interrupt::listen();
    let (results, replays) = simulated(&args.directory)?;
    if let Some(code) = interrupt.exit_code() {
        note(&format!("interrupted: nothing was written to {}", args.directory.display()));
        return Ok(Exit::Interrupted(code));
    }
    report::write_report(&args.directory, &results, replays.each_ref(), args.plots)?;
    note(&format!("written to {}", args.directory.join("report.html").display()));
    Ok(Exit::Success)
}

/// Writes the report of the results in a directory, which are given back.
pub(super) fn write(directory: &Path, plots: bool) -> Result<Results, Error> {
    let (results, replays) = simulated(directory)?;
    report::write_report(directory, &results, replays.each_ref(), plots)?;
    Ok(results)
}

/// The results in a directory, with what the gains do in the scenarios of the tuning and in the worst runs of the validation.
fn simulated(directory: &Path) -> Result<(Results, [Replay; 2]), Error> {
    let results = Results::read(directory)?;
    let replay = Replay::new(&results.config, &results.values)?;
    let worst = Replay::of_known(&results.config, &results.values, &results.worst_runs())?;
    Ok((results, [replay, worst]))
}
