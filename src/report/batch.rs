//! A batch as two tables: `summary.csv`, a row a study with what its group has in common, and `gains.csv`, a row a gain of each study.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use super::file::Staged;
use super::summary::Summary;
use super::{gains, io_error, text_cell};
use crate::Error;
use crate::config::Config;
use crate::statistics::quantile;

/// A study of a batch that is done.
#[derive(Debug, Clone)]
pub struct StudyRow {
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
    /// How many of them found gains that hold; what follows is of these alone, and NaN without any.
    pub feasible: usize,
    /// The lowest cost.
    pub best: f64,
    /// The median.
    pub median: f64,
    /// The highest.
    pub worst: f64,
    /// The difference between the quartiles.
    pub interquartile_range: f64,
}

impl StudyRow {
    /// The summary, and the values of all parameters by name as `gains`: a JSON object on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// The same as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut object = self.summary.columns.clone();
        object.insert("gains".into(), gains::by_name(&self.config, &self.values).into());
        object.into()
    }

    /// Whether its gains hold.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.summary.get("violation").as_f64().is_some_and(|violation| violation <= 0.0)
    }
}

impl Spread {
    /// The spread of costs, `None` for a seed that found nothing that holds.
    #[must_use]
    pub fn of(costs: &[Option<f64>]) -> Self {
        let mut sorted: Vec<f64> = costs.iter().copied().flatten().collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| quantile(&sorted, share);
        Self {
            seeds: costs.len(),
            feasible: sorted.len(),
            best: quantile(0.0),
            median: quantile(0.5),
            worst: quantile(1.0),
            interquartile_range: quantile(0.75) - quantile(0.25),
        }
    }
}

/// The groups in the order in which they come, each with the spread of its costs.
#[must_use]
pub fn groups(rows: &[&StudyRow]) -> Vec<(String, Spread)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(&str, Vec<Option<f64>>)> = Vec::new();
    for row in rows {
        let place = *places.entry(&row.group).or_insert(groups.len());
        if place == groups.len() {
            groups.push((&row.group, Vec::new()));
        }
        groups[place].1.push(row.summary.get("cost").as_f64().filter(|_| row.is_feasible()));
    }
    groups.into_iter().map(|(name, costs)| (name.to_owned(), Spread::of(&costs))).collect()
}

/// Writes `summary.csv` and `gains.csv` of a batch into its directory.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write_batch(directory: &Path, rows: &[&StudyRow]) -> Result<(), Error> {
    let groups: HashMap<String, Spread> = groups(rows).into_iter().collect();
    let with_group = |row: &&StudyRow| {
        let Spread { seeds, feasible, best, median, worst, interquartile_range } = groups[&row.group];
        let mut summary = row.summary.clone();
        summary.add("group", row.group.as_str().into());
        summary.add("group_seeds", seeds.into());
        summary.add("group_feasible", feasible.into());
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

fn write_gains(file: &mut dyn Write, rows: &[&StudyRow]) -> io::Result<()> {
    // A row is a study, its seed and a gain, which the writer has no header for.
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(file);
    csv.write_record(gains::OF_STUDIES).map_err(io_error)?;
    for row in rows {
        for gain in gains::rows(&row.config, &row.values) {
            csv.serialize((text_cell(&row.config.study), row.config.seed, gain)).map_err(io_error)?;
        }
    }
    csv.flush()
}
