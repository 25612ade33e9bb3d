//! Results as files: the only module that writes any.

use std::io::{self, Write};
use std::path::Path;

use crate::Error;
use crate::config::Config;
use crate::engine::Tuning;
use crate::stability::Certificate;
use crate::validation::Finding;

mod audit;
mod batch;
mod bench;
mod case;
mod cell;
pub mod checkpoint;
mod convergence;
mod date;
mod directory;
pub mod export;
mod file;
mod frequency;
mod gains;
mod manifest;
mod over_time;
mod page;
mod pareto;
mod plot;
mod results;
mod rules;
mod sensitivity;
pub mod shard;
mod summary;
mod trajectory;
mod validation;

pub use audit::{audit_json, write_audit};
pub use batch::{Spread, StudyRow, groups, write_batch};
pub use bench::bench_json;
pub use cell::text_cell;
pub use convergence::convergence_rows;
pub use directory::{
    Held, Owner, file_of_tuning, hold, hold_if_free, hold_shared, owner, prepare_directory, refuse_foreign,
    refuse_tuning, sign, tuning_of,
};
pub use export::{Export, FormatKind};
use file::Staged;
pub use file::replace;
pub use manifest::tuned_plant;
pub use over_time::plot_over_time;
pub use page::{write_overview, write_report};
pub use pareto::{Chosen, Front, FrontFinding};
use plot::Plot;
pub use results::Results;
pub use rules::rules_json;
pub use sensitivity::{sensitivity_json, write_sensitivity};
pub use summary::Summary;
pub use trajectory::write_trajectory;
pub use validation::Validation;

/// The system's error inside an error of the CSV writer.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes the results of a tuning into a directory: `gains.csv`, `summary.csv`, `convergence.csv` and `manifest.json`,
/// and of several objectives `pareto.csv`.
///
/// All are written and synced before the first replaces an old file, so that a full disk leaves the old results complete.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write_tuning(
    directory: &Path,
    config: &Config,
    tuning: &Tuning,
    certificate: &Certificate,
) -> Result<(), Error> {
    prepare_directory(directory)?;
    let stage = |name: &str, write: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        Staged::new(&directory.join(name), |file| write(file))
    };
    let summary = Summary::new(config, tuning, certificate);
    let mut staged = vec![
        stage("manifest.json", &|file| manifest::write(file, config, tuning, certificate))?,
        stage("convergence.csv", &|file| convergence::write(file, config, tuning))?,
        stage("summary.csv", &|file| Summary::write_csv(file, std::slice::from_ref(&summary)))?,
        stage("gains.csv", &|file| gains::write(file, config, &tuning.values))?,
    ];
    if config.objectives.is_empty() {
        // Of a tuning before.
        let _ = std::fs::remove_file(directory.join(pareto::NAME));
    } else {
        staged.push(stage(pareto::NAME, &|file| pareto::write(file, config, &tuning.front))?);
    }
    forget_page(directory);
    forget_plots(directory, config);
    staged.into_iter().try_for_each(Staged::publish)
}

/// Removes the page of results that are about to be replaced, and what belongs to it.
pub fn forget_page(directory: &Path) {
    for name in ["report.html", "frequency_response.csv", "sensitivity.csv"] {
        // If it cannot be removed, it stays: the page says when it was made.
        let _ = std::fs::remove_file(directory.join(name));
    }
}

/// Removes the plots of results that are about to be replaced.
fn forget_plots(directory: &Path, config: &Config) {
    for name in page::plot_names(config) {
        for extension in ["svg", "png"] {
            // As above.
            let _ = std::fs::remove_file(directory.join("plots").join(format!("{name}.{extension}")));
        }
    }
}

/// A plot of a study as SVG and PNG.
fn stage_plot(directory: &Path, study: &str, plot: &Plot) -> Result<[Staged; 2], Error> {
    let path = |extension: &str| directory.join(format!("{}.{extension}", plot.name));
    let svg = Staged::new(&path("svg"), |file| file.write_all(plot.svg(study)?.as_bytes()))?;
    Ok([svg, Staged::new(&path("png"), |file| file.write_all(&plot.png(study)?))?])
}

/// Whether all files of a tuning are there.
#[must_use]
pub fn has_tuning(directory: &Path) -> bool {
    TUNING.iter().all(|name| directory.join(name).is_file())
}

/// The files of a tuning.
const TUNING: [&str; 4] = ["manifest.json", "convergence.csv", "summary.csv", "gains.csv"];

/// Writes the summaries of studies into one table, a row each.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_summaries(path: &Path, rows: &[&StudyRow]) -> Result<(), Error> {
    let summaries: Vec<Summary> = rows.iter().map(|row| row.summary.clone()).collect();
    replace(path, |file| Summary::write_csv(file, &summaries))
}

/// Writes gains into a `gains.csv`.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_gains(path: &Path, config: &Config, values: &[f64]) -> Result<(), Error> {
    replace(path, |file| gains::write(file, config, values))
}

/// The same as text.
#[must_use]
pub fn gains_text(config: &Config, values: &[f64]) -> String {
    let mut text = Vec::new();
    // A vector takes all that is written.
    let _ = gains::write(&mut text, config, values);
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes JSON into a file.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_json(path: &Path, json: &serde_json::Value) -> Result<(), Error> {
    replace(path, |file| pretty(file, json))
}

fn pretty(file: &mut dyn Write, json: &serde_json::Value) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *file, json)?;
    file.write_all(b"\n")
}

/// Writes `validation.csv` and `validation.json` into a directory.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write_validation(
    directory: &Path,
    config: &Config,
    findings: &[Finding],
    json: &serde_json::Value,
) -> Result<(), Error> {
    prepare_directory(directory)?;
    let staged = [
        Staged::new(&directory.join("validation.csv"), |file| validation::write_csv(file, config, findings))?,
        Staged::new(&directory.join("validation.json"), |file| pretty(file, json))?,
    ];
    staged.into_iter().try_for_each(Staged::publish)
}

/// Writes `pareto_validation.csv` into a directory: what several trade-offs of a tuning come to in the validation of a study.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_front_validation(
    directory: &Path,
    tuned: &Config,
    config: &Config,
    found: &[FrontFinding<'_>],
) -> Result<(), Error> {
    prepare_directory(directory)?;
    let path = directory.join("pareto_validation.csv");
    Staged::new(&path, |file| pareto::write_validation(file, tuned, config, found))?.publish()
}
