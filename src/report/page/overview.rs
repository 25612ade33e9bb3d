//! The page of a batch or a comparison: all studies in one table, each with the way to its own page.

use std::io;
use std::path::Path;

use maud::{Markup, html};
use serde_json::Value;

use super::charts::Chart;
use super::sections::{heads, number_heads};
use super::{document, figure};
use crate::Error;
use crate::figures::{number, number_or_dash, shortened};
use crate::registry::Member;
use crate::report::batch::{Spread, StudyRow, groups};
use crate::report::file::replace;
use crate::report::plot::{Axis, Ink, Mark, Plot, Shape};
use crate::stability::Verdict;
use crate::verdict::is_settled;

/// Characters of a name that fit beside a plot.
const NAME: usize = 18;

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
            h1 { (name) }
            p.lead { @if rows.len() < studies { (rows.len()) " of " (studies) } @else { (studies) } " studies" @if has_seeds { ", in " (groups.len()) " groups that differ in nothing but the seed" } "." }
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
    Ok(document(name, &body, "{}"))
}

/// The cost of every study that found gains that hold, a line a group.
fn costs(rows: &[&StudyRow], groups: &[(String, Spread)]) -> Option<Chart> {
    let place = |row: &StudyRow| groups.iter().rev().position(|(name, _)| *name == row.group).unwrap_or(0);
    let cost = |row: &StudyRow| row.summary.get("cost").as_f64().unwrap_or(f64::NAN);
    #[allow(clippy::cast_precision_loss, reason = "a number of groups")]
    let points: Vec<(f64, f64)> =
        rows.iter().filter(|row| row.is_feasible()).map(|row| (cost(row), place(row) as f64)).collect();
    // More names than lines of text would fit nowhere.
    if points.is_empty() || groups.len() > 16 {
        return None;
    }
    let names = groups.iter().rev().map(|(name, _)| shortened(name, NAME)).collect();
    let plot = Plot {
        name: "costs".into(),
        caption: "A dot a study whose gains are feasible.".into(),
        x: Axis::over("cost", points.iter().map(|point| point.0)),
        y: Axis::named(names),
        marks: vec![Mark { shape: Shape::Dots, ink: Ink::First, points }],
    };
    Some(Chart { plot, series: Vec::new() })
}

fn spreads(groups: &[(String, Spread)]) -> Markup {
    html! {
        table {
            thead { tr { (heads(&["study"])) (number_heads(&["seeds", "feasible", "best", "median", "worst", "IQR"])) } }
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
    // What falls, or moves to the end, has not settled.
    let settled = |row: &StudyRow| {
        let time = row.summary.get("settling_time_worst").as_f64().unwrap_or(f64::NAN);
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
                    (heads(&["study", "controller"])) (number_heads(&["cost", "failed", "settled, s"]))
                    (heads(&["certificate"]))
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { a href={ (row.config.study) "/report.html" } { (row.config.study) } }
                        td { (row.config.controller.kind.name()) }
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
