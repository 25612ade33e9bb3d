//! `gainswarm report`: the results of a tuning as a page to look at.

use std::path::{Path, PathBuf};

use super::note;
use crate::Error;
use crate::replay::Replay;
use crate::report::{self, Results};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gainswarm report outputs/classical\n  gainswarm report outputs/classical --plots"
)]
pub(super) struct Args {
    /// The directory of a tuning, as `tune` has written it
    directory: PathBuf,
    /// Also write each plot as SVG and PNG, into the folder `plots`
    #[arg(long)]
    plots: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    write(&args.directory, args.plots)?;
    note(&format!("written to {}", args.directory.join("report.html").display()));
    Ok(())
}

/// Writes the report of the results in a directory, which are given back.
pub(super) fn write(directory: &Path, plots: bool) -> Result<Results, Error> {
    let results = Results::read(directory)?;
    let replay = Replay::new(&results.config, &results.values)?;
    let worst = Replay::of_known(&results.config, &results.values, &results.worst_runs())?;
    report::write_report(directory, &results, [&replay, &worst], plots)?;
    Ok(results)
}
