//! A batch as two tables: `summary.csv`, a row a study with what its group has in common, and `gains.csv`, a row a gain of each study.

use std::io::{self, Write};
use std::path::Path;

use super::file::Staged;
use super::summary::Summary;
use super::{gains, io_error, text_cell};
use crate::Error;
use crate::config::Config;

/// A study of a batch that is done.
#[derive(Debug, Clone)]
pub struct Row {
    /// The study.
    pub config: Config,
    /// The studies that differ from it in nothing but the seed have the same.
    pub group: String,
    /// Its tuned parameter values.
    pub values: Vec<f64>,
    /// Its tuning in one row.
    pub summary: Summary,
}

/// How the costs of a group are spread over its seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// How many there are.
    pub seeds: usize,
    /// The lowest cost.
    pub best: f64,
    /// The median.
    pub median: f64,
    /// The highest.
    pub worst: f64,
    /// The difference between the quartiles.
    pub interquartile_range: f64,
}

impl Spread {
    /// The spread of costs, of which there is one at least; between two of them quantiles are interpolated.
    #[must_use]
    pub fn of(costs: &[f64]) -> Self {
        let mut sorted = costs.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            #[allow(clippy::cast_precision_loss, reason = "a number of seeds")]
            let at = share * sorted.len().saturating_sub(1) as f64;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
            let below = at as usize;
            let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
            low + (at - at.floor()) * (high - low)
        };
        Self {
            seeds: sorted.len(),
            best: quantile(0.0),
            median: quantile(0.5),
            worst: quantile(1.0),
            interquartile_range: quantile(0.75) - quantile(0.25),
        }
    }
}

/// The groups in the order in which they come, each with the spread of its costs.
#[must_use]
pub fn groups(rows: &[Row]) -> Vec<(String, Spread)> {
    let mut names: Vec<&String> = Vec::new();
    for row in rows {
        if !names.contains(&&row.group) {
            names.push(&row.group);
        }
    }
    let costs = |name: &String| {
        let of_group = rows.iter().filter(|row| row.group == *name);
        of_group.map(|row| row.summary.get("cost").as_f64().unwrap_or(f64::INFINITY)).collect::<Vec<_>>()
    };
    names.into_iter().map(|name| (name.clone(), Spread::of(&costs(name)))).collect()
}

/// Writes `summary.csv` and `gains.csv` of a batch into its directory.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write_batch(directory: &Path, rows: &[Row]) -> Result<(), Error> {
    let groups = groups(rows);
    let with_group = |row: &Row| {
        let spread = groups.iter().find(|(name, _)| *name == row.group).map(|(_, spread)| *spread);
        let Spread { seeds, best, median, worst, interquartile_range } =
            spread.unwrap_or(Spread::of(&[f64::NAN]));
        let mut summary = row.summary.clone();
        summary.add("group", row.group.as_str().into());
        summary.add("group_seeds", seeds.into());
        summary.add("group_best_cost", best.into());
        summary.add("group_median_cost", median.into());
        summary.add("group_worst_cost", worst.into());
        summary.add("group_interquartile_range", interquartile_range.into());
        summary
    };
    let summaries: Vec<Summary> = rows.iter().map(with_group).collect();
    let staged = [
        Staged::new(&directory.join("summary.csv"), |file| Summary::write_csv(file, &summaries))?,
        Staged::new(&directory.join("gains.csv"), |file| write_gains(file, rows))?,
    ];
    staged.into_iter().try_for_each(Staged::publish)
}

fn write_gains(file: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    // A row is a study, its seed and a gain, which the writer has no header for.
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(file);
    let header = ["study", "seed", "controller", "gain", "value", "unit", "lower", "upper", "tuned"];
    csv.write_record(header).map_err(io_error)?;
    for row in rows {
        for gain in gains::rows(&row.config, &row.values) {
            csv.serialize((text_cell(&row.config.study), row.config.seed, gain)).map_err(io_error)?;
        }
    }
    csv.flush()
}
