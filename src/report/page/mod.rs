//! `report.html`: the report of a tuning as one self-contained page.

use std::io;
use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::file::Staged;
use super::results::Results;
use super::{frequency, prepare_directory, stage_plot};
use crate::Error;
use crate::config::Config;
use crate::problem;
use crate::replay::Replay;
use crate::stability::{Certificate, LoopResponse};

mod charts;
mod data;
mod flatness;
mod front;
mod law;
mod loops;
mod overview;
mod plane;
mod response;
mod sections;
mod spectra;
mod table;
mod validation;

use charts::{Chart, Stack};
pub use overview::write_overview;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");
/// Shows the trade-off that somebody chooses.
const SCRIPT_OF_FRONT: &str = include_str!("front.js");

/// All plots of a report, by section.
struct Charts {
    front: Vec<Chart>,
    trajectories: Vec<Stack>,
    phases: Vec<Chart>,
    cost: Chart,
    eigenvalues: Chart,
    /// Of each loop.
    loops: Vec<Vec<Stack>>,
    convergence: Vec<Chart>,
    validation: Vec<Chart>,
    worst: Vec<Stack>,
}

impl Charts {
    fn new(results: &Results, replays: [&Replay; 2], found: &Stability) -> Self {
        let [replay, _] = replays;
        Self {
            front: front::charts(results),
            trajectories: charts::trajectories(results, replay),
            phases: charts::phases(results, replay),
            cost: charts::cost(results),
            eigenvalues: spectra::eigenvalues(&found.certificate),
            loops: loops::charts(&found.loops),
            convergence: charts::convergence(results),
            validation: validation::charts(results),
            worst: validation::worst(results, replays),
        }
    }

    fn all(&self) -> Vec<&Chart> {
        let Self { front, trajectories, phases, cost, eigenvalues, loops, convergence, validation, worst } =
            self;
        let of_loops = loops.iter().flatten().flatten();
        let alone = [cost, eigenvalues].into_iter().chain(of_loops);
        let groups = front.iter().chain(convergence).chain(validation).chain(worst.iter().flatten());
        trajectories.iter().flatten().chain(phases).chain(alone).chain(groups).collect()
    }
}

/// The certificate of the gains, and their loops over frequency.
struct Stability {
    certificate: Certificate,
    loops: Vec<LoopResponse>,
}

/// Writes `report.html` into a directory and the loops over frequency into `frequency_response.csv`, and with `plots` every plot as SVG and PNG into its folder `plots`. The replays are of the
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
    let found = Stability {
        certificate: problem::certifier(&results.config)(&results.values),
        loops: problem::loops(&results.config, &results.values),
    };
    let charts = Charts::new(results, replays, &found);
    let trade_offs = front::sketches(results, replays[0])?;
    let mut staged = Vec::new();
    if !found.loops.is_empty() {
        let path = directory.join("frequency_response.csv");
        staged.push(Staged::new(&path, |file| frequency::write(file, &found.loops))?);
    }
    if plots {
        let folder = directory.join("plots");
        prepare_directory(&folder)?;
        for chart in charts.all() {
            staged.extend(stage_plot(&folder, &results.config.study, &chart.plot)?);
        }
    }
    staged.push(Staged::new(&directory.join("report.html"), |file| {
        let page = page(results, replays, &found, &charts, &trade_offs)?;
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
    names
        .chain(others)
        .chain(loops::names(config))
        .chain(front::names(config))
        .chain(validation::names(config))
        .collect()
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
    found: &Stability,
    charts: &Charts,
    trade_offs: &Value,
) -> io::Result<Markup> {
    let [replay, worst] = replays;
    let Stability { certificate, loops } = found;
    let of_loops = charts.loops.iter().map(|of| stacks(of)).collect::<io::Result<Vec<_>>>()?;
    let body = html! {
        (sections::header(results, replay, certificate))
        main {
            (sections::gains(results))
            (front::section(results, &figures(&charts.front)?))
            (law::law(results))
            @if results.config.plant.drawing().is_some() { (sections::motion(results, replay, worst)) }
            (response::section(results, replay))
            (sections::trajectories(results, replay, &stacks(&charts.trajectories)?))
            @if !charts.phases.is_empty() { (sections::phases(replay, &figures(&charts.phases)?)) }
            (sections::cost(results, &figure(&charts.cost)?))
            (flatness::section(results))
            (sections::certificate(certificate, &figure(&charts.eigenvalues)?))
            (loops::section(&results.config, certificate, loops, &of_loops))
            (sections::convergence(results, &figures(&charts.convergence)?))
            (validation::section(results, worst, [&figures(&charts.validation)?, &stacks(&charts.worst)?]))
            (sections::machine(results))
            (sections::config(results))
        }
    };
    let title = format!("{}: tuning report", results.config.study);
    Ok(document(
        &title,
        &body,
        &data::json(results, replays, (certificate, loops), &charts.all(), trade_offs),
    ))
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
                @if body.0.contains("id=\"chosen\"") { script { (PreEscaped(SCRIPT_OF_FRONT)) } }
            }
        }
    }
}

fn figures(charts: &[Chart]) -> io::Result<Vec<Markup>> {
    charts.iter().map(figure).collect()
}

/// A figure for each plot alone; plots over one axis stand below one another.
fn stacks(stacks: &[Stack]) -> io::Result<Vec<Markup>> {
    let one = |stack: &Stack| {
        let figures = figures(stack)?;
        Ok(match &figures[..] {
            [alone] => alone.clone(),
            _ => {
                html! { div.stack style=(format!("--rows:{}", figures.len())) { @for figure in &figures { (figure) } } }
            }
        })
    };
    stacks.iter().map(one).collect()
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
