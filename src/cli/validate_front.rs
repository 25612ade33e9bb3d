//! `gainswarm validate --front`: several trade-offs on scenarios that tuning never saw, a row each.

use std::ops::ControlFlow;
use std::path::Path;

use super::table::table;
use super::validate_shard::Meter;
use super::{Exit, note, print};
use crate::Error;
use crate::config::Config;
use crate::engine::TradeOff;
use crate::figures::{count, number};
use crate::report::{self, Chosen, Front, FrontFinding};
use crate::validation::{self, Set, Trial};

/// Which trade-offs are validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Points {
    /// The knee and the best of each objective
    Marked,
    /// Every trade-off
    All,
}

/// The trade-offs of a tuning of this study, with their rows in pareto.csv.
pub(super) fn read(directory: &Path, points: Points, trial: &Trial<'_>) -> Result<Chosen, Error> {
    let front = Front::read(directory)?;
    let names = |config: &Config| {
        config.controller.parameters().iter().map(|parameter| parameter.name).collect::<Vec<_>>()
    };
    if names(&front.config) != names(trial.config) {
        return Err(Error::Refused {
            path: directory.join("pareto.csv"),
            problem: format!("is of {}, whose gains this study has not", front.config.study),
            remedy: "give the directory of a tuning of this study, or its config".into(),
        });
    }
    let is_meant = |point: &TradeOff| points == Points::All || point.is_knee || !point.ends.is_empty();
    let rows = front.points.into_iter().enumerate().filter(|(_, point)| is_meant(point));
    let rows = rows.map(|(place, point)| (place + 1, point)).collect();
    Ok(Chosen { config: front.config, rows })
}

/// Validates and writes `pareto_validation.csv`; nothing when it is interrupted.
pub(super) fn run(
    chosen: &Chosen,
    (trial, sets): (&Trial<'_>, &[Set]),
    output: &Path,
    (quiet, require): (bool, f64),
    meter: &mut Meter,
) -> Result<Option<Exit>, Error> {
    let mut found = Vec::new();
    for (row, point) in &chosen.rows {
        let cost = validation::tuned_cost(trial.config, trial.resources, &point.values)?;
        for set in sets {
            let told = &mut meter.of(set, trial.samples, &format!("row {row}"));
            let ControlFlow::Continue(finding) = trial.run_told(set, &point.values, cost, told)? else {
                note("interrupted: nothing is written");
                return Ok(None);
            };
            found.push(FrontFinding { row: *row, point, finding });
        }
    }
    finish(&chosen.config, trial.config, &found, output, (quiet, require)).map(Some)
}

/// Writes and shows what was found of trade-offs of the study of a tuning; fails when a smaller share than `require` of a set succeeds.
pub(super) fn finish(
    tuned: &Config,
    config: &Config,
    found: &[FrontFinding<'_>],
    output: &Path,
    (quiet, require): (bool, f64),
) -> Result<Exit, Error> {
    report::write_front_validation(output, tuned, config, found)?;
    if !quiet {
        print(&shown(tuned, found))?;
        note(&format!("written to {}", output.join("pareto_validation.csv").display()));
    }
    Ok(Exit::of(found.iter().all(|found| found.finding.success.value >= require)))
}

fn shown(config: &Config, found: &[FrontFinding<'_>]) -> String {
    let objectives = config.objectives.iter().map(|objective| objective.name.as_str());
    let header: Vec<&str> = ["row", ""]
        .into_iter()
        .chain(objectives)
        .chain(["set", "runs", "succeed %", "95 %", "fell"])
        .collect();
    let rows = found.iter().map(|FrontFinding { row, point, finding }| {
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let success = &finding.success;
        let mut cells = vec![row.to_string(), super::front::mark(config, point)];
        cells.extend(point.objectives.iter().map(|cost| number(*cost)));
        cells.extend([
            finding.set.clone(),
            count(finding.runs as u64),
            percent(success.value),
            format!("{} … {}", percent(success.low), percent(success.high)),
            count(finding.failed as u64),
        ]);
        cells
    });
    let numbers: Vec<usize> = (0..header.len()).filter(|k| *k != 1 && header[*k] != "set").collect();
    table(&header, &numbers, rows)
}
