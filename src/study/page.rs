//! The page of the results of a tuning.

use std::path::Path;

use crate::Error;
use crate::replay::Replay;
use crate::report::{self, Results};

/// Writes the page of the results in a directory, which are given back.
///
/// # Errors
///
/// When they cannot be read or the page cannot be written.
pub fn write_page(directory: &Path, plots: bool) -> Result<Results, Error> {
    let (results, replays) = replayed(directory)?;
    report::write_report(directory, &results, replays.each_ref(), plots)?;
    Ok(results)
}

/// The results in a directory, with what the gains do in the scenarios of the tuning and in the worst runs of the validation.
///
/// # Errors
///
/// When they cannot be read, or memory cannot be reserved.
pub fn replayed(directory: &Path) -> Result<(Results, [Replay; 2]), Error> {
    let results = Results::read(directory)?;
    let replay = Replay::new(&results.config, &results.values)?;
    let worst = Replay::of_known(&results.config, &results.values, &results.worst_runs())?;
    Ok((results, [replay, worst]))
}
