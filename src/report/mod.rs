//! Results as files: the only module that writes any.

use std::io;
use std::path::Path;

use crate::Error;
use crate::config::Config;
use crate::engine::{Resources, Tuning};

mod convergence;
mod file;
mod gains;
mod manifest;
mod summary;
mod trajectory;

pub use file::{prepare_directory, replace};
pub use gains::{Gain, read_gains};
pub use summary::Summary;
pub use trajectory::write_trajectory;

/// What the system said, without what the CSV writer wraps around it.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes the results of a tuning into a directory: `gains.csv`, `summary.csv`, `convergence.csv` and `manifest.json`.
///
/// Each file is replaced as a whole or not at all.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write_tuning(
    directory: &Path,
    config: &Config,
    resources: Resources,
    tuning: &Tuning,
) -> Result<(), Error> {
    prepare_directory(directory)?;
    replace(&directory.join("gains.csv"), |file| gains::write(file, config, &tuning.values))?;
    replace(&directory.join("convergence.csv"), |file| convergence::write(file, &tuning.convergence))?;
    let summary = Summary::new(config, resources, tuning);
    replace(&directory.join("summary.csv"), |file| summary.write_csv(file))?;
    replace(&directory.join("manifest.json"), |file| manifest::write(file, config, resources))
}
