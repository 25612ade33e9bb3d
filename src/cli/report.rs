//! `gainswarm report`: the results of a tuning as a page to look at.

use std::path::PathBuf;

use super::interrupt::Interrupt;
use super::{Exit, note};
use crate::Error;
use crate::report;
use crate::study::replayed;

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
    let (results, replays) = replayed(&args.directory)?;
    if let Some(code) = interrupt.exit_code() {
        note(&format!("interrupted: nothing was written to {}", args.directory.display()));
        return Ok(Exit::Interrupted(code));
    }
    report::write_report(&args.directory, &results, replays.each_ref(), args.plots)?;
    note(&format!("written to {}", args.directory.join("report.html").display()));
    Ok(Exit::Success)
}
