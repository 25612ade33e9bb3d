//! How outputs respond to their references, scenario by scenario.

use maud::{Markup, html};

use super::super::results::Results;
use super::sections::facts;
use super::table::number_heads;
use crate::parameter::Short;
use crate::replay::{Replay, ReplayedRun};
use crate::step_response::{Measured, StepResponse, step_responses};

/// A table of each response, a row a scenario that is shown; nothing without responses.
pub(super) fn section(results: &Results, replay: &Replay) -> Markup {
    let config = &results.config;
    let told =
        replay.runs.iter().map(|run| (run, step_responses(config, &replay.records[run.index], &run.seen)));
    let told: Vec<_> = told.collect();
    html! {
        @if !told.is_empty() && !config.responses.is_empty() {
            section #response {
                h2 { "Step response" }
                @for (place, response) in config.responses.iter().enumerate() {
                    p {
                        "Of " code { (response.output) } " to " code { (response.reference) }
                        ", from the last step of that: rise from 10 to 90 % of the way, settling within ± " (Short(100.0 * response.band))
                        " % of it; what goes beyond it or to the other side is in per cent of it."
                    }
                    @match &told[..] {
                        [(_, responses)] => (alone(&responses[place])),
                        _ => (by_scenario(replay, &told, place)),
                    }
                }
            }
        }
    }
}

/// The measures of the only scenario.
fn alone(of: &StepResponse) -> Markup {
    let heads: Vec<String> = of.measures.iter().map(head).collect();
    let figures = heads.iter().zip(&of.measures).map(|(head, one)| (head.as_str(), one.text.clone(), false));
    facts(&figures.collect::<Vec<_>>())
}

/// A row a scenario.
fn by_scenario(replay: &Replay, told: &[(&ReplayedRun, Vec<StepResponse>)], place: usize) -> Markup {
    let heads: Vec<String> = told[0].1[place].measures.iter().map(head).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    html! {
        table {
            thead { tr { (super::table::heads(&["scenario"])) (number_heads(&heads)) } }
            tbody {
                @for (run, responses) in told {
                    tr {
                        th scope="row" { (run.name) @if run.index == replay.worst { " " span.mark { "worst" } } }
                        @for one in &responses[place].measures { td.number data-value=(one.value) { (one.text) } }
                    }
                }
            }
        }
    }
}

fn head(of: &Measured) -> String {
    if of.unit == "1" { of.name.clone() } else { format!("{}, {}", of.name, of.unit) }
}
