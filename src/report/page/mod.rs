//! `report.html`: the report of a tuning as one self-contained page.

use std::io;
use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::file::Staged;
use super::results::Results;
use super::{prepare_directory, stage_plot};
use crate::Error;
use crate::config::Config;
use crate::problem;
use crate::replay::Replay;
use crate::stability::Certificate;

mod charts;
mod data;
mod law;
mod overview;
mod sections;
mod spectra;
mod table;
mod validation;

use charts::Chart;
pub use overview::write_overview;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// All plots of a report, by section.
struct Charts {
    trajectories: Vec<Chart>,
    phases: Vec<Chart>,
    cost: Chart,
    eigenvalues: Chart,
    convergence: Vec<Chart>,
    validation: Vec<Chart>,
    worst: Vec<Chart>,
}

impl Charts {
    fn new(results: &Results, replays: [&Replay; 2], certificate: &Certificate) -> Self {
        let [replay, _] = replays;
        Self {
            trajectories: charts::trajectories(results, replay),
            phases: charts::phases(results, replay),
            cost: charts::cost(results),
            eigenvalues: spectra::eigenvalues(certificate),
            convergence: charts::convergence(results),
            validation: validation::charts(results),
            worst: validation::worst(results, replays),
        }
    }

    fn all(&self) -> Vec<&Chart> {
        let Self { trajectories, phases, cost, eigenvalues, convergence, validation, worst } = self;
        let alone = [cost, eigenvalues];
        let groups = [convergence, validation, worst].into_iter().flatten();
        trajectories.iter().chain(phases).chain(alone).chain(groups).collect()
    }
}

/// Writes `report.html` into a directory, and with `plots` every plot as SVG and PNG into its folder `plots`. The replays are of the
/// scenarios of the tuning, and of the worst runs of the validation ([`Results::worst_runs`]).
///
/// # Errors
///
/// When a file cannot be written, or the gains do not do in the scenarios what `summary.csv` says.
pub fn write_report(
    directory: &Path,
    results: &Results,
    replays: [&Replay; 2],
    plots: bool,
) -> Result<(), Error> {
    prepare_directory(directory)?;
    agree(directory, results, replays[0])?;
    let certificate = problem::certifier(&results.config)(&results.values);
    let charts = Charts::new(results, replays, &certificate);
    let mut staged = Vec::new();
    if plots {
        let folder = directory.join("plots");
        prepare_directory(&folder)?;
        for chart in charts.all() {
            staged.extend(stage_plot(&folder, &results.config.study, &chart.plot)?);
        }
    }
    staged.push(Staged::new(&directory.join("report.html"), |file| {
        let page = page(results, replays, &certificate, &charts)?;
        file.write_all(page.into_string().as_bytes())
    })?);
    staged.into_iter().try_for_each(Staged::publish)
}

/// The names of all plots of a study's report.
pub(super) fn plot_names(config: &Config) -> Vec<String> {
    let phases = config.plant.states().iter().map(|state| format!("phase_{}", state.name));
    let columns = config.columns();
    let starts = columns.iter().filter(|column| charts::is_quick(column));
    let starts = starts.map(|column| format!("{}{}", column.quantity.name, charts::START));
    let others = ["cost", "eigenvalues", "convergence", "spread"].map(String::from);
    let names = columns.iter().map(|column| column.quantity.name.into()).chain(phases).chain(starts);
    names.chain(others).chain(validation::names(config)).collect()
}

/// Refuses gains whose simulation does not give what `summary.csv` says.
fn agree(directory: &Path, results: &Results, replay: &Replay) -> Result<(), Error> {
    if results.summary.is_empty() {
        return Err(Error::Refused {
            path: directory.join("summary.csv"),
            problem: "is not there, so that the cost of the gains is unknown".into(),
            remedy: "tune again: `gainswarm tune` writes all files of a directory together".into(),
        });
    }
    let Some(column) = results.contradiction(&replay.records) else { return Ok(()) };
    Err(Error::Refused {
        path: directory.join("gains.csv"),
        problem: format!(
            "does not do what summary.csv says (column {column}): they are not of the same tuning, or of another version"
        ),
        remedy: "tune again: `gainswarm tune` writes all files of a directory together".into(),
    })
}

fn page(
    results: &Results,
    replays: [&Replay; 2],
    certificate: &Certificate,
    charts: &Charts,
) -> io::Result<Markup> {
    let [replay, worst] = replays;
    let body = html! {
        (sections::header(results, replay, certificate))
        main {
            (sections::gains(results))
            (law::law(results))
            @if results.config.plant.drawing().is_some() { (sections::motion(results, replay, worst)) }
            (sections::trajectories(replay, &figures(&charts.trajectories)?))
            @if !charts.phases.is_empty() { (sections::phases(replay, &figures(&charts.phases)?)) }
            (sections::cost(results, &figure(&charts.cost)?))
            (sections::certificate(certificate, &figure(&charts.eigenvalues)?))
            (sections::convergence(results, &figures(&charts.convergence)?))
            (validation::section(results, worst, [&figures(&charts.validation)?, &figures(&charts.worst)?]))
            (sections::machine(results))
            (sections::config(results))
        }
    };
    let title = format!("{}: tuning report", results.config.study);
    Ok(document(&title, &body, &data::json(results, replays, certificate, &charts.all())))
}

/// A self-contained page, with the data that its script reads.
fn document(title: &str, body: &Markup, data: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { (title) " · gainswarm" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script type="application/json" id="data" { (PreEscaped(data)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn figures(charts: &[Chart]) -> io::Result<Vec<Markup>> {
    charts.iter().map(figure).collect()
}

fn figure(chart: &Chart) -> io::Result<Markup> {
    let svg = chart.plot.svg_of_a_page()?;
    // The first tag is the picture's own.
    let label = html! { (chart.plot.caption) }.into_string();
    let svg = svg.replacen('>', &format!(" aria-label=\"{label}\">"), 1);
    Ok(html! {
        figure.plot data-plot=(chart.plot.name) {
            (PreEscaped(svg))
            figcaption { (chart.plot.caption) }
        }
    })
}
