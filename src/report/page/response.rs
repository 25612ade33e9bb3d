//! How outputs respond to their references, scenario by scenario.

use maud::{Markup, html};

use super::super::results::Results;
use super::table::{heads, number_heads};
use crate::parameter::Short;
use crate::replay::Replay;
use crate::step_response::{Measured, step_responses};

/// A table of each response, a row a scenario that is shown; nothing without responses.
pub(super) fn section(results: &Results, replay: &Replay) -> Markup {
    let config = &results.config;
    let told = replay
        .runs
        .iter()
        .map(|run| (run, step_responses(config, &replay.records[run.index], &run.peak_times)));
    let told: Vec<_> = told.collect();
    html! {
        @if !told.is_empty() && !config.responses.is_empty() {
            section #response {
                h2 { "Step response" }
                @for (place, response) in config.responses.iter().enumerate() {
                    p {
                        "Of " code { (response.output) } " to " code { (response.reference) }
                        ", from the last step of that: rise from 10 to 90 % of the way, settling within ± " (Short(100.0 * response.band))
                        " % of it, overshoot and undershoot in per cent of it."
                    }
                    table {
                        thead { tr { (heads(&["scenario"])) @for one in told[0].1.iter().skip(place).take(1).flat_map(|of| &of.measures) { (number_heads(&[&head(one)])) } } }
                        tbody {
                            @for (run, responses) in &told {
                                tr {
                                    th scope="row" { (run.name) @if run.index == replay.worst && told.len() > 1 { " " span.mark { "worst" } } }
                                    @for one in &responses[place].measures { td.number data-value=(one.value) { (one.text) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn head(of: &Measured) -> String {
    if of.unit == "1" { of.name.clone() } else { format!("{}, {}", of.name, of.unit) }
}
