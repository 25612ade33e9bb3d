//! `sensitivity.csv`: how flat the cost is about tuned gains, a row a gain and share by which the cost is worse; and back. The same as JSON.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::io_error;
use crate::Error;
use crate::config::Config;
use crate::sensitivity::{Between, Flatness, SHARES, Sensitivity};
use crate::swarm::Grid;

/// What is not known is empty.
#[derive(Serialize)]
struct Row<'a> {
    gain: &'a str,
    value: f64,
    unit: &'a str,
    cost: f64,
    percent_worse: f64,
    fixed_lower: Option<f64>,
    fixed_upper: Option<f64>,
    retuned_lower: Option<f64>,
    retuned_upper: Option<f64>,
    interval_lower: Option<f64>,
    interval_upper: Option<f64>,
}

/// Writes `sensitivity.csv` into the directory of a tuning.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_sensitivity(directory: &Path, config: &Config, found: &Sensitivity) -> Result<(), Error> {
    super::replace(&directory.join("sensitivity.csv"), |file| write(file, config, found))
}

fn write(file: &mut dyn Write, config: &Config, found: &Sensitivity) -> io::Result<()> {
    let ends = |between: Option<Between>| {
        let known = |value: f64| value.is_finite().then_some(value);
        between.map_or([None, None], |between| between.map(known))
    };
    let mut csv = csv::Writer::from_writer(file);
    for flat in &found.gains {
        let parameter = &config.controller.parameters()[flat.index];
        for (place, share) in SHARES.iter().enumerate() {
            let [fixed_lower, fixed_upper] = ends(Some(flat.fixed[place]));
            let [retuned_lower, retuned_upper] = ends(flat.retuned.map(|retuned| retuned[place]));
            let [interval_lower, interval_upper] = ends(flat.interval);
            csv.serialize(Row {
                gain: parameter.name,
                value: flat.value,
                unit: parameter.unit,
                cost: found.cost,
                percent_worse: (100.0 * share).round(),
                fixed_lower,
                fixed_upper,
                retuned_lower,
                retuned_upper,
                interval_lower,
                interval_upper,
            })
            .map_err(io_error)?;
        }
    }
    csv.flush()
}

/// All of it; null for what is not known.
#[must_use]
pub fn sensitivity_json(config: &Config, found: &Sensitivity) -> Value {
    let pair = |between: &Between| json!(between.map(|value| value.is_finite().then_some(value)));
    let gain = |flat: &Flatness| {
        let parameter = config.controller.parameters()[flat.index];
        let worse = |(place, share): (usize, &f64)| {
            json!({
                "percent": (100.0 * share).round(),
                "fixed": pair(&flat.fixed[place]),
                "retuned": flat.retuned.as_ref().map(|retuned| pair(&retuned[place])),
            })
        };
        json!({
            "gain": parameter.name,
            "value": flat.value,
            "unit": parameter.unit,
            "worse": SHARES.iter().enumerate().map(worse).collect::<Vec<_>>(),
            "interval_95": flat.interval.as_ref().map(pair),
        })
    };
    json!({ "study": config.study, "cost": found.cost, "gains": found.gains.iter().map(gain).collect::<Vec<_>>() })
}

/// What the columns of `sensitivity.csv` say; `None` where it is of other gains than `values`, or of another cost.
pub(super) fn read(
    columns: &[(String, Vec<String>)],
    config: &Config,
    values: &[f64],
    cost: f64,
) -> Option<Sensitivity> {
    let cells = |name: &str| columns.iter().find(|(known, _)| known == name).map(|(_, cells)| cells);
    let number = |name: &str, row: usize| cells(name)?.get(row)?.parse::<f64>().ok();
    let pair = |name: &str, row: usize| {
        ["lower", "upper"].map(|end| number(&format!("{name}_{end}"), row).unwrap_or(f64::NAN))
    };
    let is_known = |pair: &Between| pair.iter().any(|end| end.is_finite());
    let gains = cells("gain")?;
    let mut found = Sensitivity { cost, gains: Vec::new() };
    for (block, names) in gains.chunks(SHARES.len()).enumerate() {
        let row = |place: usize| SHARES.len() * block + place;
        let rows = [row(0), row(1), row(2)];
        let index = config.controller.parameters().iter().position(|known| known.name == names[0])?;
        let is_it = |row: usize, name: &str, value: f64| {
            number(name, row).is_some_and(|v| v.to_bits() == value.to_bits())
        };
        if !rows.iter().all(|row| is_it(*row, "value", values[index]) && is_it(*row, "cost", cost)) {
            return None;
        }
        let retuned = rows.map(|row| pair("retuned", row));
        found.gains.push(Flatness {
            index,
            value: values[index],
            fixed: rows.map(|row| pair("fixed", row)),
            retuned: retuned.iter().any(is_known).then_some(retuned),
            interval: Some(pair("interval", row(0))).filter(is_known),
        });
    }
    let numbers = config.tune.iter().filter(|gain| gain.axis.grid == Grid::None).count();
    (found.gains.len() == numbers).then_some(found)
}
