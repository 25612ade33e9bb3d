//! The page of a batch or a comparison: all studies in one table, each with a link to its own page.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use maud::{Markup, html};
use serde_json::Value;

use super::charts::Chart;
use super::table::{heads, number_heads};
use super::{document, figure};
use crate::Error;
use crate::config::Config;
use crate::costs::Aspect;
use crate::figures::{counted, distinct, label, number, number_or_dash};
use crate::registry::Member;
use crate::report::batch::{Spread, StudyRow, groups};
use crate::report::file::replace;
use crate::report::plot::{Ink, Mark, Plot, PlotAxis, Shape};
use crate::stability::Verdict;
use crate::verdict::is_settled;

/// Characters of a name that fit beside a plot.
const NAME: usize = 24;

/// Writes `report.html` beside the directories of the studies.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_overview(
    directory: &Path,
    name: &str,
    rows: &[&StudyRow],
    failed: &[String],
    studies: usize,
) -> Result<(), Error> {
    replace(&directory.join("report.html"), |file| {
        file.write_all(page(name, rows, failed, studies)?.into_string().as_bytes())
    })
}

fn page(name: &str, rows: &[&StudyRow], failed: &[String], studies: usize) -> io::Result<Markup> {
    let groups = groups(rows);
    let has_seeds = groups.iter().any(|(_, spread)| spread.seeds > 1);
    let chart = costs(rows, &groups);
    let body = html! {
        header {
            p.kicker { "Tuning of several studies" }
            h1 { (name) }
            p.lead {
                @if rows.len() < studies { (rows.len()) " of " } (counted(studies as u64, "study").replace("studys", "studies"))
                @if has_seeds { " in " (counted(groups.len() as u64, "group")) ". The studies of a group differ in the seed alone" }
                "."
                @if groups.len() > 1 { " " (difference(rows, has_seeds)) }
            }
            @if !failed.is_empty() {
                p.warning role="alert" { (failed.len()) " more failed: " (failed.join(", ")) "." }
            }
        }
        main {
            @if chart.is_some() || has_seeds {
                section #cost { h2 { "Cost" } @if let Some(chart) = &chart { div.plots { (figure(chart)?) } } @if has_seeds { (spreads(&groups)) } }
            }
            section #studies { h2 { "Studies" } (table_of(rows)) }
        }
    };
    Ok(document(&format!("{name}: {studies} tuned studies"), &body, "{}"))
}

/// Keys that are named at most.
const NAMED: usize = 6;

/// In what the groups differ, or the studies where none has a seed of its own.
fn difference(rows: &[&StudyRow], has_seeds: bool) -> String {
    let what = if has_seeds { "The groups" } else { "They" };
    let keys = differing(&rows.iter().map(|row| &row.config).collect::<Vec<_>>());
    match keys.len() {
        0 => format!("{what} differ in their names alone."),
        1..=NAMED => format!("{what} differ in {}.", keys.join(", ")),
        more => format!("{what} differ in {} and {} more keys.", keys[..NAMED].join(", "), more - NAMED),
    }
}

/// The keys in which studies differ but for name and seed; where the controller or the plant itself is another, what belongs to it is not named.
fn differing(configs: &[&Config]) -> Vec<String> {
    let values: Vec<BTreeMap<String, Value>> =
        configs.iter().map(|config| leaves(&serde_json::to_value(config).unwrap_or_default())).collect();
    let all: BTreeSet<&String> = values.iter().flat_map(BTreeMap::keys).collect();
    let differs = |key: &str| values.iter().any(|value| value.get(key) != values[0].get(key));
    let belongs = |key: &str, sections: &[&str]| sections.iter().any(|section| key.starts_with(section));
    let of_kinds = [
        ("controller.type", "the controller", &["controller", "tune", "constraints", "swarm.particles"][..]),
        ("plant.type", "the plant", &["plant", "scenarios", "validation"][..]),
    ];
    let (kinds, others): (Vec<_>, Vec<_>) = of_kinds.into_iter().partition(|(key, ..)| differs(key));
    drop(others);
    let hidden = |key: &str| {
        belongs(key, &["study", "seed"]) || kinds.iter().any(|(_, _, sections)| belongs(key, sections))
    };
    let named = all.into_iter().filter(|key| differs(key) && !hidden(key)).cloned();
    kinds.iter().map(|(_, name, _)| (*name).to_owned()).chain(named).collect()
}

/// The values of a JSON document by the keys that lead to them, with dots between; a list is a value.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        let Value::Object(object) = value else {
            leaves.insert(path, value.clone());
            continue;
        };
        let below = |(key, value)| {
            (if path.is_empty() { String::clone(key) } else { format!("{path}.{key}") }, value)
        };
        open.extend(object.iter().map(below));
    }
    leaves
}

/// The cost of every study that found gains that hold, a line a group.
fn costs(rows: &[&StudyRow], groups: &[(String, Spread)]) -> Option<Chart> {
    let place = |row: &StudyRow| groups.iter().rev().position(|(name, _)| *name == row.group).unwrap_or(0);
    let cost = |row: &StudyRow| row.summary.get("cost").as_f64().unwrap_or(f64::NAN);
    #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
    let points: Vec<(f64, f64)> =
        rows.iter().filter(|row| row.is_feasible()).map(|row| (cost(row), place(row) as f64)).collect();
    // A plot has room for only so many names.
    if points.is_empty() || groups.len() > 16 {
        return None;
    }
    let names: Vec<&str> = groups.iter().rev().map(|(name, _)| name.as_str()).collect();
    let plot = Plot {
        name: "costs".into(),
        caption: "Each dot is a study that found feasible gains.".into(),
        x: PlotAxis::by_decades("cost", points.iter().map(|point| point.0)),
        y: PlotAxis::named(distinct(&names, NAME)),
        marks: vec![Mark { shape: Shape::Dots, ink: Ink::First, points }],
        legend: Vec::new(),
    };
    Some(Chart { plot, series: Vec::new() })
}

fn spreads(groups: &[(String, Spread)]) -> Markup {
    html! {
        table {
            thead { tr { (heads(&["group"])) (number_heads(&["seeds", "feasible", "lowest cost", "median", "highest", "interquartile range"])) } }
            tbody {
                @for (name, spread) in groups {
                    tr {
                        th scope="row" { (name) }
                        td.number { (spread.seeds) }
                        td.number { (spread.feasible) }
                        @for cost in [spread.best, spread.median, spread.worst, spread.interquartile_range] {
                            td.number { (number_or_dash(cost)) }
                        }
                    }
                }
            }
        }
    }
}

fn table_of(rows: &[&StudyRow]) -> Markup {
    let figure = |row: &StudyRow, column: &str| match row.summary.get(column) {
        Value::Number(value) => number_or_dash(value.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        _ => "–".into(),
    };
    // A loop that fails or moves until the end has not settled.
    let settled = |row: &StudyRow| {
        let time =
            row.summary.get(&format!("{}_worst", Aspect::SettlingTime.name())).as_f64().unwrap_or(f64::NAN);
        let all = row.summary.get("failed").as_u64() == Some(0) && is_settled(&row.config, time);
        if all { (number(time), false) } else { ("not all".into(), true) }
    };
    let is_stable = |row: &StudyRow| row.summary.get("certificate").as_str() == Some(Verdict::Stable.name());
    let falls = |row: &StudyRow| row.summary.get("failed").as_u64().is_some_and(|failed| failed > 0);
    let whole = |row: &StudyRow, column: &str| {
        row.summary.get(column).as_u64().map_or(String::new(), |n| n.to_string())
    };
    html! {
        table {
            thead {
                tr {
                    (heads(&["study", "controller"])) (number_heads(&["cost", "failed scenarios", "settled, s"]))
                    (heads(&["certificate"]))
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { a href={ (row.config.study) "/report.html" } { (row.config.study) } }
                        td { (label(row.config.controller.name())) }
                        td.number { (figure(row, "cost")) @if !row.is_feasible() { span.mark { " not feasible" } } }
                        td.number.bad[falls(row)] { (whole(row, "failed")) }
                        @let (time, is_bad) = settled(row);
                        td.number.bad[is_bad] { (time) }
                        td.bad[!is_stable(row)] { (figure(row, "certificate")) }
                    }
                }
            }
        }
    }
}
