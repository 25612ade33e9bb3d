//! How flat the cost is about the gains, where `gainswarm sensitivity` has found it.

use maud::{Markup, html};

use super::super::results::Results;
use super::table::{heads, number_heads};
use crate::figures::number;
use crate::sensitivity::{Between, Flatness, SHARES};

/// How far each gain may move until the cost is worse; nothing where that has not been found.
pub(super) fn section(results: &Results) -> Markup {
    let Some(found) = &results.sensitivity else { return html! {} };
    let measured = found.gains.iter().any(|flat| flat.interval.is_some());
    html! {
        section #sensitivity {
            h2 { "Sensitivity of the optimum" }
            p { "From where to where each gain may go until the cost of " (number(found.cost)) " is worse by so much." }
            h3 { "The other gains as they are" }
            (ranges(results, &found.gains, |flat| Some(flat.fixed)))
            h3 { "The other gains tuned again, by the curvature of the cost" }
            @if found.gains.iter().any(|flat| flat.retuned.is_some()) { (ranges(results, &found.gains, |flat| flat.retuned)) }
            @if found.gains.iter().any(|flat| flat.retuned.is_none()) {
                p {
                    "Not known of "
                    @if found.gains.iter().any(|flat| flat.retuned.is_some()) { "gains with a dash" } @else { "these gains" }
                    ": they are at a bound of the search or beside a limit of the study, or the cost has no curvature there that tells it."
                }
            }
            @if measured {
                h3 { "Intervals of an identification" }
                table {
                    thead { tr { (heads(&["gain"])) (number_heads(&["value", "95 % interval"])) (heads(&["unit"])) } }
                    tbody {
                        @for flat in &found.gains {
                            tr {
                                (gain(results, flat))
                                td.number { (flat.interval.map_or("–".into(), between)) }
                                td.figure { (results.config.controller.parameters()[flat.index].unit) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ranges(results: &Results, gains: &[Flatness], of: fn(&Flatness) -> Option<[Between; 3]>) -> Markup {
    let worse: Vec<String> = SHARES.iter().map(|share| format!("{:.0} % worse", 100.0 * share)).collect();
    let worse: Vec<&str> = worse.iter().map(String::as_str).collect();
    html! {
        table {
            thead { tr { (heads(&["gain"])) (number_heads(&["value"])) (number_heads(&worse)) } }
            tbody {
                @for flat in gains {
                    tr {
                        (gain(results, flat))
                        @for place in 0..SHARES.len() { td.number { (of(flat).map_or("–".into(), |all| between(all[place]))) } }
                    }
                }
            }
        }
    }
}

fn gain(results: &Results, flat: &Flatness) -> Markup {
    html! {
        th scope="row" { (results.config.controller.parameters()[flat.index].name) }
        td.number { (number(flat.value)) }
    }
}

/// A dash where its range ends before.
fn between([low, high]: Between) -> String {
    let shown = |value: f64| if value.is_finite() { number(value) } else { "–".into() };
    format!("{} … {}", shown(low), shown(high))
}
