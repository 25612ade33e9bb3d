//! The sections of a report, in their order.

use maud::{Markup, html};

use super::super::results::Results;
use super::charts::SET_POINT;
use super::law;
use super::table::{heads, number_heads};
use crate::config::TunedGain;
use crate::costs::{AggregateKind, Measure, Term};
use crate::figures::{counted, label, number, number_or_dash, rate, searched, value_of};
use crate::parameter::Short;
use crate::registry::Member;
use crate::replay::Replay;
use crate::sampling::Group;
use crate::simulation::Ending;
use crate::stability::{Certificate, Verdict};
use crate::step_response::set_points;
use crate::swarm::StopReason;
use crate::verdict;

/// The study in a sentence, the key figures, and warnings.
pub(super) fn header(results: &Results, replay: &Replay, certificate: &Certificate) -> Markup {
    let config = &results.config;
    let survived = replay.records.iter().filter(|record| record.ending == Ending::Survived).count();
    let scenarios = replay.records.len();
    // Gains that break a constraint are not simulated in a tuning; the report simulates them all the same.
    let broken = results.summary("failed").is_empty();
    let objection = if broken {
        Some(
            "NOT SIMULATED in the tuning, since they break a constraint, have no stable certificate, or a margin beyond its limit".into(),
        )
    } else if results.number("violation") > 0.0 {
        verdict::objection(config, &replay.records)
    } else {
        None
    };
    let settled = verdict::settling(config, &replay.records).map(|settled| settled.replace("<=", "≤"));
    let is_moving = settled.as_ref().is_some_and(|settled| settled.starts_with("not"));
    let figures = [
        ("cost", number_or_dash(results.number("cost")), false),
        ("scenarios survived", format!("{survived} of {scenarios}"), survived < scenarios),
        ("certificate", certificate.verdict.name().into(), certificate.verdict != Verdict::Stable),
        ("settled", settled.unwrap_or_default(), is_moving),
        ("time to tune", format!("{:.2} s", results.number("wall_s")), false),
        ("seed", config.seed.to_string(), false),
    ];
    let figures: Vec<_> = figures.into_iter().filter(|(_, figure, _)| !figure.is_empty()).collect();
    html! {
        header {
            p.kicker { "Tuning report" }
            h1 { (config.study) }
            p.lead {
                "A particle swarm tuned " (counted(config.tune.len() as u64, "gain")) " of the " (label(config.controller.name()))
                " controller for the " (label(config.plant.name())) ". It judged "
                (counted(whole(results, "evaluations"), "gain vector")) " on " (counted(scenarios as u64, "scenario")) " of "
                (Short(config.simulation.duration)) " s."
            }
            p.made { (law::made(&results.finished, &results.version)) }
            @if let Some(objection) = objection {
                p.warning role="alert" { "These gains are not feasible. Best found: " (objection) "." }
            }
            @if let Some(reason) = results.stop_reason().filter(|reason| reason.is_early()) {
                p.warning { "The search was stopped early (" (reason.summary()) ")." }
            } @else if results.summary("converged") == "false" {
                p.warning { "The search had not converged when it stopped. A longer one may find better gains." }
            }
            (facts(&figures))
            (law::words(config))
        }
    }
}

/// The tuned gains with their bounds, and the others.
pub(super) fn gains(results: &Results) -> Markup {
    let config = &results.config;
    let parameters = config.controller.parameters();
    let is_tuned = |index: usize| config.tune.iter().any(|gain| gain.index == index);
    let told = config.told(&results.values);
    let fixed: Vec<usize> = (0..parameters.len()).filter(|index| !is_tuned(*index)).collect();
    let cells = |index: usize| {
        let value = results.values[index];
        let unit = parameters[index].unit;
        html! {
            th scope="row" { (parameters[index].name) }
            td.number data-value=(parameters[index].text(value)) { (value_of(&parameters[index], value)) }
            td.figure { @if unit != "1" { (unit) } }
            td.meaning { (parameters[index].doc) }
        }
    };
    let row = |gain: &TunedGain| {
        let (axis, value) = (gain.axis, results.values[gain.index]);
        let remark = axis.remark(value);
        html! {
            tr data-gain=(parameters[gain.index].name) {
                (cells(gain.index))
                td.searched {
                    span.range style=(format!("--at:{:.1}%", 100.0 * axis.place(value))) {}
                    span.bounds { (searched(&axis)) }
                    @if !remark.is_empty() { " " span.mark { (remark) } }
                }
            }
        }
    };
    html! {
        section #gains {
            h2 { "Gains" }
            (at_bounds(results))
            table #gains-table {
                thead { tr { (heads(&["gain"])) (number_heads(&["value"])) (heads(&["unit", "meaning", "searched from … to"])) } }
                tbody { @for gain in &config.tune { (row(gain)) } }
            }
            @if !told.is_empty() {
                table #told-table {
                    thead { tr { (heads(&["what the law comes to"])) (number_heads(&["value"])) (heads(&["unit", "meaning"])) } }
                    tbody {
                        @for told in &told {
                            tr {
                                th scope="row" { (told.name) }
                                td.number data-value=(told.value) { (number(told.value)) }
                                td.figure { @if told.unit != "1" { (told.unit) } }
                                td.meaning { (told.doc) }
                            }
                        }
                    }
                }
            }
            @if !fixed.is_empty() {
                details {
                    summary { (counted(fixed.len() as u64, "parameter")) " not tuned" }
                    table {
                        thead { tr { (heads(&["parameter"])) (number_heads(&["value"])) (heads(&["unit", "meaning"])) } }
                        tbody { @for index in fixed { tr data-gain=(parameters[index].name) { (cells(index)) } } }
                    }
                }
            }
        }
    }
}

/// What gains at or near a bound mean; nothing where there are none.
fn at_bounds(results: &Results) -> Markup {
    let config = &results.config;
    let is_there = |gain: &&TunedGain| !gain.axis.remark(results.values[gain.index]).is_empty();
    let name = |gain: &TunedGain| config.controller.parameters()[gain.index].name;
    let names: Vec<&str> = config.tune.iter().filter(is_there).map(name).collect();
    html! {
        @if !names.is_empty() {
            p {
                "At or near a bound of the search: " strong { (names.join(", ")) }
                ". The cost may fall further where the search goes beyond."
            }
        }
    }
}

/// The pendulum, which the script draws; behind the scenarios, the worst runs of the validation.
pub(super) fn motion(results: &Results, replay: &Replay, worst: &Replay) -> Markup {
    let links = results.config.plant.drawing().map_or(0, |drawing| drawing.links.len());
    let colours = ["series1", "series3"].into_iter().zip(1..=links);
    let parts = colours.map(|(ink, link)| (ink, format!("link {link}")));
    let others = [("series2", "force"), ("accent", "path of the tip in the last 1.2 s")];
    let legend = parts.chain(others.map(|(ink, name)| (ink, name.to_owned())));
    let speeds = [("0.25", "¼×"), ("0.5", "½×"), ("1", "1×"), ("2", "2×")];
    html! {
        section #motion {
            h2 { "Motion" }
            div.stage {}
            p.legend {
                @for (ink, name) in legend { (swatch(ink, &name)) }
            }
            div.controls {
                button #play type="button" { "Play" }
                input #seek type="range" min="0" max="1000" value="0" aria-label="time";
                output #clock { "0.00 s" }
                label {
                    "speed "
                    select #speed {
                        @for (value, name) in speeds { option value=(value) selected[value == "1"] { (name) } }
                    }
                }
                label {
                    "scenario "
                    select #scenario {
                        @for (place, run) in replay.runs.iter().enumerate() {
                            option value=(place) selected[run.index == replay.worst] {
                                @if run.index == replay.worst { "worst: " } (run.name)
                            }
                        }
                        @for (place, run) in worst.runs.iter().enumerate() {
                            option value=(replay.runs.len() + place) { "validation: " (run.name) }
                        }
                    }
                }
            }
        }
    }
}

/// Every column over time, with the controls of the part of the time that is shown.
pub(super) fn trajectories(results: &Results, replay: &Replay, figures: &[Markup]) -> Markup {
    let (shown, all) = (replay.runs.len(), replay.records.len());
    html! {
        section #trajectories {
            h2 { "Trajectories" }
            @if shown < all { p { "Shown are " (shown) " of " (all) " scenarios, spread over them." } }
            (legend_of_runs(replay, !set_points(&results.config).is_empty()))
            div.controls.zoom hidden {
                label { "time from " input #zoom-from type="number" min="0" step="any"; }
                label { "to " input #zoom-to type="number" min="0" step="any"; " s" }
                button #zoom-reset.quiet type="button" disabled { "Whole run" }
                span.hint { "Or drag over a plot; double-click for the whole run." }
            }
            (plots(figures))
        }
    }
}

/// Rates over angles.
pub(super) fn phases(replay: &Replay, figures: &[Markup]) -> Markup {
    html! { section #phase { h2 { "Phase portrait" } (legend_of_runs(replay, false)) (plots(figures)) } }
}

/// What the colours of curves mean.
fn legend_of_runs(replay: &Replay, has_set_points: bool) -> Markup {
    let worst = replay.runs.iter().find(|run| run.index == replay.worst).map_or("", |run| &run.name);
    html! {
        p.legend {
            (swatch("accent", &format!("the scenario with the highest cost ({worst})")))
            @if replay.runs.len() > 1 { (swatch("muted", "the others")) }
            @if has_set_points { (swatch(SET_POINT.name(), "set point")) }
        }
    }
}

/// A dash in a colour of the plots, and what it means.
pub(super) fn swatch(ink: &str, text: &str) -> Markup {
    html! { span.swatch style=(format!("--swatch:var(--{ink})")) { (text) } }
}

/// What the cost is made of, and what each term came to.
pub(super) fn cost(results: &Results, figure: &Markup) -> Markup {
    let config = &results.config;
    let sum: f64 = config.cost.iter().map(|term| results.number(&format!("{}_cost", term.name))).sum();
    let whole = results.number("cost");
    let adds_up = (sum - whole).abs() <= 1e-9 * whole.abs();
    let is_other = config.aggregate.kind != AggregateKind::Mean;
    let reasons = [
        is_other.then(|| format!("the aggregate {} in place of the mean", config.aggregate.kind.name())),
        config.scenarios.iter().any(Group::is_weighted).then(|| "the weights of the scenarios".to_owned()),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    html! {
        section #cost {
            h2 { "Cost" }
            @if results.number("failed") > 0.0 {
                p { "What follows is of the scenarios that survive. Gains that fall in a scenario have no cost as a whole." }
            }
            @if whole.is_finite() && !adds_up {
                p {
                    "The means of the terms add up to " (number_or_dash(sum)) ". The cost is " (number_or_dash(whole))
                    @if !reasons.is_empty() { ", since it counts " (reasons.join(" and ")) }
                    "."
                }
            }
            div.plots { (figure) }
            table {
                thead { tr { (heads(&["term"])) (number_heads(&["cost", "mean", "worst"])) (heads(&["unit"])) } }
                tbody { @for term in &config.cost { (cost_row(results, term)) } }
            }
        }
    }
}

/// A term: what it adds, its mean and its worst, where these mean anything.
fn cost_row(results: &Results, term: &Term) -> Markup {
    let value = |what: &str| results.number(&format!("{}_{what}", term.name));
    let worst = value("worst");
    let is_of_response = matches!(term.measure, Measure::Response { .. });
    let moves_on = !is_of_response
        && term.is_settling_time()
        && worst.is_finite()
        && !verdict::is_settled(&results.config, worst);
    let [mean, worst] = if moves_on {
        ["–", "not all settle"].map(String::from)
    } else {
        ["mean", "worst"].map(|what| number_or_dash(value(what)))
    };
    let cells = [("cost", number_or_dash(value("cost"))), ("mean", mean), ("worst", worst)];
    html! {
        tr {
            th scope="row" title=(term.summary) { (label(term.name)) }
            @for (what, text) in cells { td.number data-value=(value(what)) { (text) } }
            td.figure { @if term.unit != "1" { (term.unit) } }
        }
    }
}

/// Whether the loop is stable about its equilibrium, and by which margins.
pub(super) fn certificate(certificate: &Certificate, figure: &Markup) -> Markup {
    html! {
        section #certificate {
            h2 { "Certificate" }
            p {
                "About its equilibrium the closed loop is " strong { (certificate.verdict.name()) } ": "
                (certificate.verdict.summary()) "."
                @if let Some(reason) = certificate.reason_text() { " The reason: " (reason) "." }
                @if certificate.max_real_part.is_finite() {
                    " The largest real part is " (number(certificate.max_real_part)) " 1/s."
                }
                " This is of " (certificate.scope_text()) "."
            }
            @let facts = certificate.facts();
            @if !facts.is_empty() {
                table.margins {
                    tbody { @for (name, value) in &facts { tr { th scope="row" { (name) } td.number { (value) } } } }
                }
            }
            @if let Some(loops) = certificate.loops_text() { p { (loops) } }
            p { (super::spectra::explanation(certificate)) }
            @if certificate.verdict != Verdict::Unknown { div.plots { (figure) (super::spectra::table(certificate)) } }
        }
    }
}

/// How the search went and why it ended.
pub(super) fn convergence(results: &Results, figures: &[Markup]) -> Markup {
    html! {
        section #convergence {
            h2 { "Convergence" }
            p {
                (counted(whole(results, "generations"), "generation")) ", " (counted(whole(results, "restarts"), "restart")) "."
                @if let Some(reason) = results.stop_reason() { " The search ended because " (ending(reason)) "." }
                @match results.summary("converged") {
                    "true" => " It had converged by then.",
                    "false" => " It had not converged by then.",
                    _ => "",
                }
            }
            (plots(figures))
        }
    }
}

/// Why a search ended, as the end of a sentence.
fn ending(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Interrupted => "it was interrupted",
        StopReason::Memory => "the memory limit was reached",
        other => other.summary(),
    }
}

/// Memory and speed of the tuning.
pub(super) fn machine(results: &Results) -> Markup {
    let text = |column: &str| match results.summary(column) {
        "" => "not measured".to_string(),
        text => text.to_string(),
    };
    let figures = [
        ("bytes per simulation", text("bytes_per_simulation"), false),
        ("allocations on the hot path", text("hot_path_allocations"), false),
        ("memory growth, bytes", text("growth_bytes"), false),
        ("simulations per second", rate(results.number("simulations_per_s")), false),
        ("ns per control step and core", number(results.number("ns_per_control_step")), false),
        ("threads, SIMD", format!("{}, {}", text("threads"), text("simd")), false),
    ];
    html! { section #machine { h2 { "Memory and speed" } (facts(&figures)) } }
}

/// The study with every default.
pub(super) fn config(results: &Results) -> Markup {
    html! {
        section #config {
            h2 { "Configuration" }
            details {
                summary { "The study with every default filled in, as a config for gainswarm " (results.version) }
                pre { code { (results.config.to_toml()) } }
            }
        }
    }
}

/// Names, figures, and whether each is bad.
pub(super) fn facts(figures: &[(&str, String, bool)]) -> Markup {
    html! {
        dl.facts {
            @for (name, figure, is_bad) in figures { div { dt { (name) } dd.bad[*is_bad] { (figure) } } }
        }
    }
}

fn plots(figures: &[Markup]) -> Markup {
    html! { div.plots { @for figure in figures { (figure) } } }
}

/// A whole number of `summary.csv`.
fn whole(results: &Results, column: &str) -> u64 {
    results.summary(column).parse().unwrap_or(0)
}
