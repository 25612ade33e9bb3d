//! The control law of a study, its options, and the words that a report uses.

use maud::{Markup, html};

use super::super::results::Results;
use crate::config::Config;
use crate::figures::{label, plain};
use crate::parameter::Short;
use crate::registry::Member;

/// The equations of law and plant, what was chosen for the law, how the two are joined, and how the loop is simulated.
pub(super) fn law(results: &Results) -> Markup {
    let config = &results.config;
    let (law, plant, wiring) = (&config.controller.of, &config.plant.of, &config.wiring);
    let [control_step, integration] = timing(config);
    let joined = |(input, value): (&String, &String)| format!("{input} = {value}");
    let joined: Vec<String> = wiring.drive.iter().chain(&wiring.measured).map(joined).collect();
    let mut options: Vec<(String, String)> = Vec::new();
    for (key, chosen, text) in config.controller.texts(&results.values) {
        let chosen = chosen.map_or(String::new(), |chosen| format!("{chosen}: "));
        options.push((plain(key), format!("{chosen}{text}")));
    }
    options.extend([("joined".into(), joined.join(", ")), control_step, integration]);
    html! {
        section #law {
            h2 { "Control law and plant" }
            @for (equations, what) in [(law, "The law"), (plant, "The plant")] {
                @let declared = &equations.model.declared;
                p {
                    (what) ", " (label(equations.name))
                    @if !declared.summary.is_empty() { ": " (declared.summary) }
                    @if !declared.source.is_empty() { " (" (declared.source) ")" }
                    "."
                }
                pre.equations { code { (equations.model.equations.trim_matches('\n')) } }
            }
            dl.options {
                @for (name, text) in options { div { dt { (name) } dd { (text) } } }
            }
        }
    }
}

/// How often the law acts, and how the plant is integrated.
fn timing(config: &Config) -> [(String, String); 2] {
    let (period, dt) = (1e3 * slowest_period(config), config.simulation.dt);
    [
        ("control step".into(), format!("{} ms", Short((1e3 * period).round() / 1e3))),
        (
            "integration".into(),
            format!(
                "{}, steps of {} ms",
                config.simulation.integrator.name(),
                Short((1e6 * dt).round() / 1e3)
            ),
        ),
    ]
}

/// The longest time from one evaluation of the control law to the next, in s.
fn slowest_period(config: &Config) -> f64 {
    let steps = config.scenarios.iter().map(|group| group.control_period).max().unwrap_or(1);
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    let steps = steps as f64;
    steps * config.simulation.dt
}

/// What the words of a report mean, with the numbers of the study.
pub(super) fn words(config: &Config) -> Markup {
    let is_limited = config.limits.iter().any(|limit| limit.is_finite());
    let settling = config.cost.iter().find(|term| term.is_settling_time());
    html! {
        dl.words {
            @for response in &config.responses {
                dt { "Settled" }
                dd {
                    "from then on until the end " code { (response.output) } " stays within " (Short(100.0 * response.band))
                    " % of its way to " code { (response.reference) } "; the time is that of the slowest scenario."
                }
            }
            @if let Some(term) = settling.filter(|_| config.responses.is_empty()) {
                dt { "Settled" }
                dd { (term.summary) "; the time is that of the slowest scenario." }
            }
            dt { "Survived" }
            dd {
                "up to the end all states are finite"
                @if let Some(fail) = &config.simulation.fail { ", and never " code { (fail) } }
                ". What does not survive has failed."
            }
            @let settings = config.settings();
            @if !settings.is_empty() {
                dt { "Numbers in it" }
                dd {
                    @for (k, (name, value)) in settings.iter().enumerate() {
                        @if k > 0 { ", " }
                        code { (name) } " = " (Short(*value))
                    }
                    "."
                }
            }
            dt { "Succeeds" }
            dd {
                "survives"
                @if config.judges_settling() { ", is settled at its end" }
                @if is_limited { ", and keeps the limits of the study" }
                "."
            }
        }
    }
}

/// When the tuning ended, and with which version of the program: `2026-11-26T13:50:02Z` to the minute.
pub(super) fn made(finished: &str, version: &str) -> String {
    let date = finished.get(..16).map(|minute| format!("Tuned on {} UTC", minute.replace('T', " at ")));
    let version = (!version.is_empty()).then(|| format!("gainswarm {version}"));
    let said: Vec<String> = date.into_iter().chain(version).collect();
    said.join(" with ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_told_to_the_minute_and_left_out_where_there_is_none() {
        assert_eq!(
            made("2026-11-26T13:50:02Z", "0.1.0"),
            "Tuned on 2026-11-26 at 13:50 UTC with gainswarm 0.1.0"
        );
        assert_eq!(made("", "0.1.0"), "gainswarm 0.1.0");
    }
}
