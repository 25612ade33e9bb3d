//! What `validate` found, where it was run on these gains: shares and costs, how the costs are spread, where failures start, the worst run.

use maud::{Markup, html};
use serde_json::Value;

use super::charts::{self, Chart, DataSource, SET_POINT, Stack};
use super::sections::swatch;
use super::table::{heads, number_heads};
use crate::config::Config;
use crate::figures::{count, number, number_or_dash};
use crate::parameter::Short;
use crate::replay::Replay;
use crate::report::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use crate::report::results::Results;
use crate::step_response::set_points;
use crate::verdict;

/// Sets whose plots are shown at most; the table has all.
const SHOWN_MAX: usize = 8;

fn sets(results: &Results) -> &[Value] {
    let sets = results.validation.as_ref().and_then(|found| found.get("sets")?.as_array());
    sets.map_or(&[], Vec::as_slice)
}

fn name(set: &Value) -> &str {
    set.get("set").and_then(Value::as_str).unwrap_or_default()
}

fn whole(set: &Value, key: &str) -> u64 {
    set.get(key).and_then(Value::as_u64).unwrap_or(0)
}

fn numbers(value: Option<&Value>) -> Vec<f64> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// The names of all plots that a page of a study may have here.
pub(super) fn names(config: &Config) -> Vec<String> {
    let columns = config.columns();
    let worst = columns.iter().flat_map(|column| {
        let name = column.quantity.name;
        [format!("worst_{name}"), format!("worst_{name}{}", charts::START)]
    });
    let of_sets =
        (1..=SHOWN_MAX).flat_map(|k| [format!("validation_costs_{k}"), format!("validation_starts_{k}")]);
    worst.chain(of_sets).collect()
}

/// What there is to draw of each set.
pub(super) fn charts(results: &Results) -> Vec<Chart> {
    let shown = sets(results).iter().take(SHOWN_MAX).enumerate();
    shown.flat_map(|(k, set)| [costs(k + 1, set), starts(results, k + 1, set)]).flatten().collect()
}

/// The worst run of all sets over time.
pub(super) fn worst(results: &Results, [replay, worst]: [&Replay; 2]) -> Vec<Stack> {
    let Some(place) = worst.runs.iter().position(|run| run.index == worst.worst) else { return Vec::new() };
    let alone = Replay { runs: vec![worst.runs[place].clone()], ..worst.clone() };
    let mut charts = charts::trajectories(results, &alone);
    for chart in charts.iter_mut().flatten() {
        chart.plot.name = format!("worst_{}", chart.plot.name);
        for series in &mut chart.series {
            series.source = DataSource::Run(replay.runs.len() + place);
        }
    }
    charts
}

/// How the costs of the runs that survive are spread, with the failures in a bar apart.
fn costs(k: usize, set: &Value) -> Option<Chart> {
    let edges = numbers(set.pointer("/histogram/edges"));
    let counts = numbers(set.pointer("/histogram/counts"));
    if counts.is_empty() || edges.len() != counts.len() + 1 {
        return None;
    }
    let failed = whole(set, "failed");
    // From the bottom: the failures, an empty line, the bins with the lowest costs on top.
    let ends = distinct(&edges);
    let bins = ends.windows(2).map(|ends| format!("{} … {}", ends[0], ends[1]));
    let names = ["fell".into(), String::new()].into_iter().chain(bins.rev()).collect();
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    let (bars, fell) = {
        let places = (2..counts.len() + 2).map(|place| place as f64);
        (counts.iter().rev().copied().zip(places).collect::<Vec<_>>(), (failed as f64, 0.0))
    };
    let most = bars.iter().chain([&fell]).map(|bar| bar.0).fold(1.0, f64::max);
    let mark = |ink, bars: Vec<(f64, f64)>| {
        let points = bars.into_iter().filter(|bar| bar.0 > 0.0).collect();
        Mark { shape: Shape::Bars, ink, points }
    };
    let survived = count(whole(set, "runs").saturating_sub(failed));
    let fallen =
        if failed > 0 { format!(", and in red the {} that fell", count(failed)) } else { String::new() };
    Some(Chart {
        plot: Plot {
            name: format!("validation_costs_{k}"),
            caption: format!("{}: the cost of the {survived} runs that survive{fallen}.", name(set)),
            x: PlotAxis::new("runs", [0.0, 1.06 * most]),
            y: PlotAxis::named(names),
            marks: vec![mark(Ink::First, bars), mark(Ink::Accent, vec![fell])],
            legend: if failed > 0 { legend(Ink::First) } else { Vec::new() },
        },
        series: Vec::new(),
    })
}

/// What the colours of runs mean.
fn legend(survived: Ink) -> Vec<(Ink, String)> {
    vec![(survived, "survived".into()), (Ink::Accent, "fell".into())]
}

/// Increasing numbers with three significant digits, or as many as it takes to tell each from the next.
fn distinct(edges: &[f64]) -> Vec<String> {
    let written = |digits: usize| edges.iter().map(|edge| rounded(*edge, digits)).collect::<Vec<_>>();
    let differ = |texts: &Vec<String>| texts.windows(2).all(|pair| pair[0] != pair[1]);
    (2..8).map(written).find(differ).unwrap_or_else(|| written(2))
}

/// A number with so many digits behind the first.
fn rounded(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) {
        text.parse().map_or(text, |round: f64| round.to_string())
    } else {
        text
    }
}

/// Where runs start that fall and that do not, over the two states that tell most; none of less than two.
fn starts(results: &Results, k: usize, set: &Value) -> Option<Chart> {
    let found = set.get("starts")?;
    let states = results.config.plant.states();
    let axis = |place: usize| {
        let name = found.get("states")?.get(place)?.as_str()?;
        let state = states.iter().find(|state| state.name == name)?;
        let range = numbers(found.get("ranges")?.get(place));
        Some(PlotAxis::over(results.config.quantity(name, state.unit), range.into_iter()))
    };
    let (x, y) = (axis(0)?, axis(1)?);
    let points = |key: &str| -> Vec<(f64, f64)> {
        let rows = found.get(key).and_then(Value::as_array).into_iter().flatten();
        rows.filter_map(|row| Some((row.get(0)?.as_f64()?, row.get(1)?.as_f64()?))).collect()
    };
    let (failed, survived) = (points("failed"), points("survived"));
    let fell = whole(set, "failed");
    let survivors = whole(set, "runs").saturating_sub(fell);
    let drawn = |points: &[(f64, f64)], all: u64| match points.len() as u64 {
        some if some < all => format!("{} of the {}", count(some), count(all)),
        _ => format!("the {}", count(all)),
    };
    let mut said: Vec<String> = Vec::new();
    if fell > 0 {
        said.push(format!("in red {} that fell", drawn(&failed, fell)));
    }
    if survivors > 0 {
        said.push(format!("in grey {} that survive", drawn(&survived, survivors)));
    }
    let dots = |ink, points| Mark { shape: Shape::Dots, ink, points };
    Some(Chart {
        plot: Plot {
            name: format!("validation_starts_{k}"),
            caption: format!("{}: where the runs start, {}.", name(set), said.join(", ")),
            x,
            y,
            marks: vec![dots(Ink::Muted, survived), dots(Ink::Accent, failed)],
            legend: legend(Ink::Muted),
        },
        series: Vec::new(),
    })
}

/// The section; `figures` are those of the sets and of the worst run.
pub(super) fn section(results: &Results, worst: &Replay, figures: [&[Markup]; 2]) -> Markup {
    let sets = sets(results);
    if sets.is_empty() {
        return html! {};
    }
    let missing = results.validation.as_ref().and_then(|found| found.get("missing")?.as_array());
    let missing: Vec<&str> = missing.into_iter().flatten().filter_map(Value::as_str).collect();
    let is_limited = results.config.limits.iter().any(|limit| limit.is_finite());
    html! {
        section #validation {
            h2 { "Validation" }
            p {
                "Scenarios that the tuning never saw: the share of the runs that succeed, with its 95 % interval, and what those cost that survive. A run succeeds"
                (verdict::at_the_end(&results.config).replace("<=", "≤").replace(" rad, |x|", " rad and |x|"))
                @if is_limited { ", and within [limits]" }
                "."
            }
            @if !missing.is_empty() {
                p.warning { "The validation was interrupted before these sets were complete: " (missing.join(", ")) "." }
            }
            table {
                thead {
                    tr {
                        (heads(&["set"])) (number_heads(&["runs", "success %"])) (heads(&["interval %"]))
                        (number_heads(&["fell", "median cost", "95 % cost", "worst cost"]))
                    }
                }
                tbody { @for set in sets { (row(set)) } }
            }
            div.plots { @for figure in figures[0] { (figure) } }
            (worst_run(results, worst, figures[1]))
        }
    }
}

fn row(set: &Value) -> Markup {
    let at = |path: &str| set.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let percent = |share: f64| format!("{:.2}", 100.0 * share);
    let share = at("/success/value");
    let interval = ["/success/interval/0", "/success/interval/1"].map(|path| percent(at(path)));
    let costs = ["/cost/median/value", "/cost/p95/value", "/cost/worst"].map(at);
    let failed = whole(set, "failed");
    html! {
        tr {
            th scope="row" { (name(set)) }
            td.number { (whole(set, "runs")) }
            td.number data-value=(share) { (percent(share)) }
            td.figure { (interval[0]) " … " (interval[1]) }
            td.number.bad[failed > 0] { (failed) }
            @for value in costs { td.number data-value=(value) { (number_or_dash(value)) } }
        }
    }
}

/// The worst run of all sets, and the command that shows it.
fn worst_run(results: &Results, worst: &Replay, figures: &[Markup]) -> Markup {
    let Some(run) = worst.runs.iter().find(|run| run.index == worst.worst) else { return html! {} };
    let record = &worst.records[run.index];
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
    let time = record.steps.saturating_sub(1) as f64 * results.config.simulation.dt;
    let of_run = |set: &&Value| set.pointer("/worst/0/id").and_then(Value::as_str) == Some(&run.name);
    let set = sets(results).iter().find(of_run);
    let command = set.and_then(|set| set.get("replay")?.as_str());
    html! {
        h3 { "The worst run: " (run.name) }
        p {
            @if record.survived() { "It survives at a cost of " (number(record.cost)) "." }
            @else { "It falls after " (Short((1e3 * time).round() / 1e3)) " s." }
            @if let Some(command) = command { " To see all of it: " code { (command) } }
        }
        @if !set_points(&results.config).is_empty() {
            p.legend { (swatch("accent", &run.name)) (swatch(SET_POINT.name(), "set point")) }
        }
        div.plots { @for figure in figures { (figure) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_bins_have_the_digits_that_tell_them_apart() {
        assert_eq!(distinct(&[0.0, 0.123_456, 12.0, 9.876_54e9]), ["0", "0.123", "12", "9.88e9"]);
        assert_eq!(distinct(&[4.290_12, 4.290_34, 4.290_56]), ["4.2901", "4.2903", "4.2906"]);
    }
}
