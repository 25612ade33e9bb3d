//! The trade-offs of a study with several objectives: each objective over each other, and the gains of some.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::charts::{Chart, Series, rounded, table_series};
use super::table::{heads, number_heads};
use crate::Error;
use crate::config::{Config, Role};
use crate::engine::TradeOff;
use crate::figures::{label, number, value_of};
use crate::problem::Problem;
use crate::replay::{self, Replay};
use crate::report::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use crate::report::results::Results;

/// Most trade-offs whose trajectories are shown, and most columns of each.
const SHOWN_MAX: usize = 100;
const COLUMNS_MAX: usize = 4;

/// The table of the page's data.
const FRONT: &str = "front";

/// The pairs of objectives, each with the name of its plot.
fn pairs(config: &Config) -> Vec<(usize, usize, String)> {
    let objectives = &config.objectives;
    let pairs = (0..objectives.len()).flat_map(|up| (0..up).map(move |along| (along, up)));
    pairs
        .map(|(along, up)| (along, up, format!("{FRONT}_{}_{}", objectives[along].name, objectives[up].name)))
        .collect()
}

/// The names of the plots.
pub(super) fn names(config: &Config) -> Vec<String> {
    pairs(config).into_iter().map(|(.., name)| name).collect()
}

/// A plot a pair of objectives; none where there are no trade-offs.
pub(super) fn charts(results: &Results) -> Vec<Chart> {
    let front = &results.front;
    if front.is_empty() {
        return Vec::new();
    }
    pairs(&results.config)
        .into_iter()
        .map(|(along, up, name)| {
            let point = |point: &TradeOff| (point.objectives[along], point.objectives[up]);
            let dots = |ink, is_knee: bool| Mark {
                shape: Shape::Dots,
                ink,
                points: front.iter().filter(|of| of.is_knee == is_knee).map(point).collect(),
            };
            let axis = |k: usize| {
                PlotAxis::over(axis_label(&results.config, k), front.iter().map(|of| of.objectives[k]))
            };
            let [x, y] = [along, up].map(|k| results.config.objectives[k].name.as_str());
            let series = table_series(FRONT, x, y, "trade-off");
            let caption = format!("{} against {}: the best trade-offs that were found.", label(x), label(y));
            Chart {
                plot: Plot {
                    name,
                    caption,
                    x: axis(along),
                    y: axis(up),
                    marks: vec![dots(Ink::First, false), dots(Ink::Accent, true)],
                    legend: vec![
                        (Ink::First, "trade-off".into()),
                        (Ink::Accent, "the knee: the gains of this page".into()),
                    ],
                },
                series: vec![Series { tells: gains(&results.config), ..series }],
            }
        })
        .collect()
}

/// The name of an objective, with the unit of its term where it is one.
fn axis_label(config: &Config, objective: usize) -> String {
    let of = &config.objectives[objective];
    let unit = match of.parts[..] {
        [(place, _)] if of.name == config.cost[place].name => config.cost[place].unit,
        _ => "1",
    };
    if unit == "1" { label(&of.name) } else { format!("{}, {unit}", label(&of.name)) }
}

/// The names of the searched gains.
fn gains(config: &Config) -> Vec<String> {
    config.tune.iter().map(|gain| config.controller.parameters()[gain.index].name.to_owned()).collect()
}

/// Objectives and gains of all trade-offs, for the script; `None` where there are none.
pub(super) fn table(results: &Results) -> Option<(String, Value)> {
    let Results { config, front, .. } = results;
    let column = |of: &dyn Fn(&TradeOff) -> f64| front.iter().map(|point| rounded(of(point))).collect();
    let mut columns = Map::new();
    for (k, objective) in config.objectives.iter().enumerate() {
        columns.insert(objective.name.clone(), column(&|point| point.objectives[k]));
    }
    for (gain, name) in config.tune.iter().zip(gains(config)) {
        let of = &config.controller.parameters()[gain.index];
        let named = || front.iter().map(|point| of.json(point.values[gain.index])).collect();
        let is_number = of.choices.is_empty();
        columns.insert(name, if is_number { column(&|point| point.values[gain.index]) } else { named() });
    }
    (!front.is_empty()).then(|| (FRONT.into(), columns.into()))
}

/// Trajectories of the trade-offs in the scenario that is worst for the gains of the page, thinned for small plots: of all, or of some that are
/// spread over the front, with those that are marked. JSON for the script; null where there are none.
///
/// # Errors
///
/// When memory cannot be reserved.
pub(super) fn sketches(results: &Results, replay: &Replay) -> Result<Value, Error> {
    let Results { config, front, .. } = results;
    let Some(worst) = replay.runs.iter().find(|run| run.index == replay.worst) else {
        return Ok(Value::Null);
    };
    if front.is_empty() {
        return Ok(Value::Null);
    }
    let problem = Problem::new(config);
    let (columns, places) = (config.columns(), sketched(config));
    let every = front.len().div_ceil(SHOWN_MAX);
    let is_shown = |place: usize, point: &TradeOff| {
        place.is_multiple_of(every) || point.is_knee || !point.ends.is_empty()
    };
    let mut points = Vec::new();
    for (at, point) in front.iter().enumerate().filter(|(at, point)| is_shown(*at, point)) {
        let seen = replay::sketch(config, &problem, &point.values, replay.worst, &places)?;
        let column = |k: usize| seen.rows().map(|row| rounded(row[k])).collect::<Vec<_>>();
        let columns: Vec<Vec<Value>> = (0..=places.len()).map(column).collect();
        points.push(json!({ "at": at, "columns": columns }));
    }
    let labels = places.iter().map(|place| {
        let quantity = &columns[*place].quantity;
        config.quantity(quantity.name, quantity.unit)
    });
    Ok(json!({
        "points": points,
        "labels": labels.collect::<Vec<_>>(),
        "knee": front.iter().position(|point| point.is_knee).unwrap_or(0),
        "scenario": worst.name,
        "objectives": config.objectives.iter().map(|of| of.name.as_str()).collect::<Vec<_>>(),
        "gains": gains(config),
    }))
}

/// The columns of the small plots: what drives the plant, and its outputs and states, but no rate of another.
fn sketched(config: &Config) -> Vec<usize> {
    let columns = config.columns();
    let states = config.plant.states();
    let is_rate = |name: &str| {
        config.plant.of.model.rates().iter().any(|rate| rate.is_some_and(|rate| states[rate].name == name))
    };
    let of = |place: &usize| (columns[*place].role, columns[*place].quantity.name);
    let drives = (0..columns.len()).filter(|place| of(place).0 == Role::Drive);
    let others = (0..columns.len())
        .filter(|place| matches!(of(place).0, Role::State | Role::Output) && !is_rate(of(place).1));
    let mut places: Vec<usize> = others.take(COLUMNS_MAX - 1).chain(drives).take(COLUMNS_MAX).collect();
    places.sort_unstable();
    places
}

/// The plots, and a table of the knee and of the best of each objective.
pub(super) fn section(results: &Results, figures: &[Markup]) -> Markup {
    let Results { config, front, .. } = results;
    if front.is_empty() {
        return html! {};
    }
    let marked: Vec<&TradeOff> =
        front.iter().filter(|point| point.is_knee || !point.ends.is_empty()).collect();
    let objectives: Vec<&str> = config.objectives.iter().map(|objective| objective.name.as_str()).collect();
    let gains = gains(config);
    let gains: Vec<&str> = gains.iter().map(String::as_str).collect();
    html! {
        section #trade-offs {
            h2 { "Trade-offs" }
            p {
                "Click a point, or move the slider, to see its gains and what they do. "
                (front.len()) " trade-offs were kept, all of them in pareto.csv: none of them is better than another in every objective. "
                "The gains of this page are those of the knee, the point farthest from the line or plane through the best of each objective; "
                code { "gainswarm pick" } " makes a gains.csv of another."
            }
            div.plots { @for figure in figures { (figure) } }
            div #chosen hidden {
                div.controls {
                    label { "trade-off " input #trade-off type="range" min="0" step="1"; }
                    button #knee.quiet type="button" { "The knee" }
                }
                p.legend {
                    span.swatch style="--swatch: var(--series1)" { "the chosen trade-off" }
                    span.swatch style="--swatch: var(--muted)" { "the knee" }
                    span.which {}
                }
                p.told role="status" {}
                div.sketches {}
            }
            table {
                thead { tr { (heads(&[""])) (number_heads(&objectives)) (number_heads(&gains)) } }
                tbody {
                    @for point in marked {
                        tr {
                            th scope="row" { (mark(config, point)) }
                            @for cost in &point.objectives { td.number { (number(*cost)) } }
                            @for gain in &config.tune { td.number { (value_of(&config.controller.parameters()[gain.index], point.values[gain.index])) } }
                        }
                    }
                }
            }
        }
    }
}

fn mark(config: &Config, point: &TradeOff) -> String {
    let ends = point.ends.iter().map(|end| format!("best {}", label(&config.objectives[*end].name)));
    point.is_knee.then(|| "knee".to_owned()).into_iter().chain(ends).collect::<Vec<_>>().join(", ")
}
