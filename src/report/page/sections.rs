//! The sections of a report, in their order.

use maud::{Markup, html};

use super::super::results::Results;
use crate::config::Config;
use crate::costs::{AggregateKind, CostKind};
use crate::figures::{counted, number, number_or_dash, rate};
use crate::parameter::Short;
use crate::registry::Member;
use crate::replay::Replay;
use crate::sampling::Group;
use crate::simulation::Ending;
use crate::stability::{Certificate, Verdict};
use crate::swarm::Scale;
use crate::verdict;

/// The study in a sentence, the figures that everybody asks for, and what is wrong if anything is.
pub(super) fn header(results: &Results, replay: &Replay, certificate: &Certificate) -> Markup {
    let config = &results.config;
    let survived = replay.records.iter().filter(|record| record.ending == Ending::Survived).count();
    let scenarios = replay.records.len();
    // Gains that break a constraint are not simulated in a tuning; what they would do is below nevertheless.
    let broken = results.summary("failed").is_empty();
    let objection = if broken {
        Some(
            "NOT SIMULATED in the tuning, since they break a constraint or have no stable certificate".into(),
        )
    } else if results.number("violation") > 0.0 {
        verdict::objection(config, &replay.records)
    } else {
        None
    };
    let settled = verdict::settling(config, &replay.records).replace("<=", "≤");
    let figures = [
        ("cost", number_or_dash(results.number("cost")), false),
        ("scenarios survived", format!("{survived} of {scenarios}"), survived < scenarios),
        ("certificate", certificate.verdict.name().into(), certificate.verdict != Verdict::Stable),
        ("settled", settled.clone(), settled.starts_with("not")),
        ("wall time", format!("{:.2} s", results.number("wall_s")), false),
        ("seed", config.seed.to_string(), false),
    ];
    html! {
        header {
            h1 { (config.study) }
            p.lead {
                "The controller " (config.controller.kind.name()) " on " (config.plant.kind.name()) ": "
                (counted(config.tune.len() as u64, "gain")) " tuned on " (counted(scenarios as u64, "scenario")) " of "
                (Short(config.simulation.duration)) " s by a particle swarm that judged "
                (counted(whole(results, "evaluations"), "gain vector")) "."
            }
            @if let Some(objection) = objection {
                p.warning role="alert" { "These gains are not feasible. Best found: " (objection) "." }
            }
            @if let Some(reason) = results.stop_reason().filter(|reason| reason.is_early()) {
                p.warning { "The search has not come to its end: " (reason.summary()) "." }
            }
            (facts(&figures))
        }
    }
}

/// The tuned gains with their bounds, and the others.
pub(super) fn gains(results: &Results) -> Markup {
    let config = &results.config;
    let parameters = config.controller.kind.parameters();
    let is_tuned = |index: usize| config.tune.iter().any(|gain| gain.index == index);
    let fixed: Vec<usize> = (0..parameters.len()).filter(|index| !is_tuned(*index)).collect();
    let cells = |index: usize| {
        let value = results.values[index];
        html! {
            th scope="row" { (parameters[index].name) }
            td.number data-value=(value) { (number(value)) }
            td.figure { (parameters[index].unit) }
        }
    };
    let row = |gain: &crate::problem::TunedGain| {
        let (axis, value) = (gain.axis, results.values[gain.index]);
        let remark = axis.remark(value);
        html! {
            tr data-gain=(parameters[gain.index].name) {
                (cells(gain.index))
                td {
                    span.range style=(format!("--at:{:.1}%", 100.0 * axis.place(value))) {}
                    " " (Short(axis.lower)) " … " (Short(axis.upper)) @if axis.scale == Scale::Log10 { " (log)" }
                }
                td { @if !remark.is_empty() { span.mark { (remark) } } }
            }
        }
    };
    html! {
        section #gains {
            h2 { "Gains" }
            table #gains-table {
                thead { tr { (heads(&["gain"])) (number_heads(&["value"])) (heads(&["unit", "searched", ""])) } }
                tbody { @for gain in &config.tune { (row(gain)) } }
            }
            @if !fixed.is_empty() {
                details {
                    summary { (counted(fixed.len() as u64, "parameter")) " not tuned" }
                    table {
                        thead { tr { (heads(&["parameter"])) (number_heads(&["value"])) (heads(&["unit"])) } }
                        tbody { @for index in fixed { tr data-gain=(parameters[index].name) { (cells(index)) } } }
                    }
                }
            }
        }
    }
}

/// The pendulum, which the script draws; behind the scenarios, the worst runs of the validation.
pub(super) fn motion(replay: &Replay, worst: &Replay) -> Markup {
    let speeds = [("0.25", "¼×"), ("0.5", "½×"), ("1", "1×"), ("2", "2×")];
    html! {
        section #motion {
            h2 { "Motion" }
            div.stage {}
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

/// Every column over time.
pub(super) fn trajectories(replay: &Replay, figures: &[Markup]) -> Markup {
    let (shown, all) = (replay.runs.len(), replay.records.len());
    let worst = replay.runs.iter().find(|run| run.index == replay.worst).map_or("", |run| &run.name);
    html! {
        section #trajectories {
            h2 { "Trajectories" }
            p {
                @if shown < all { (shown) " of " (all) " scenarios, spread over them" } @else { "All scenarios" }
                "; the worst of all (" (worst) ") stands out."
            }
            (plots(figures))
        }
    }
}

/// Rates over angles.
pub(super) fn phases(figures: &[Markup]) -> Markup {
    html! { section #phase { h2 { "Phase portrait" } (plots(figures)) } }
}

/// What the cost is made of, and what each term came to.
pub(super) fn cost(results: &Results, figure: &Markup) -> Markup {
    let config = &results.config;
    let sum: f64 = CostKind::ALL.iter().map(|kind| results.number(&format!("{}_cost", kind.name()))).sum();
    let whole = results.number("cost");
    let adds_up = (sum - whole).abs() <= 1e-9 * whole.abs();
    html! {
        section #cost {
            h2 { "Cost" }
            @if results.number("failed") > 0.0 {
                p { "What follows is of the scenarios that survive. Gains that fall in a scenario have no cost as a whole." }
            }
            @if whole.is_finite() && !adds_up {
                p {
                    "In the mean over all scenarios the terms add up to " (number_or_dash(sum)) "; the cost is " (number_or_dash(whole))
                    @if config.aggregate.kind != AggregateKind::Mean { ", since the study judges by " code { (config.aggregate.kind.name()) } }
                    @if config.scenarios.iter().any(Group::is_weighted) { ", with the weights of the scenarios" }
                    "."
                }
            }
            div.plots { (figure) }
            table {
                thead { tr { (heads(&["term"])) (number_heads(&["cost", "mean", "worst"])) (heads(&["unit"])) } }
                tbody { @for kind in CostKind::ALL { (cost_row(results, *kind)) } }
            }
        }
    }
}

/// A term: what it adds, its mean and its worst, where these mean anything.
fn cost_row(results: &Results, kind: CostKind) -> Markup {
    let value = |what: &str| results.number(&format!("{}_{what}", kind.name()));
    let worst = value("worst");
    let moves_on =
        kind == CostKind::SettlingTime && worst.is_finite() && !verdict::is_settled(&results.config, worst);
    let [mean, worst] = if moves_on {
        ["–", "not all settle"].map(String::from)
    } else {
        ["mean", "worst"].map(|what| number_or_dash(value(what)))
    };
    let cells = [("cost", number_or_dash(value("cost"))), ("mean", mean), ("worst", worst)];
    html! {
        tr {
            th scope="row" { (kind.name()) }
            @for (what, text) in cells { td.number data-value=(value(what)) { (text) } }
            td.figure { (kind.unit()) }
        }
    }
}

/// Whether the gains are stable about upright, and by what.
pub(super) fn certificate(config: &Config, certificate: &Certificate, figure: &Markup) -> Markup {
    let period = slowest_period(config);
    let spectra = super::charts::spectra(certificate);
    let fastest = spectra.iter().flat_map(|(_, values)| values).map(|value| value.re.hypot(value.im));
    let is_too_fast = fastest.fold(0.0, f64::max) * period > 2.0;
    html! {
        section #certificate {
            h2 { "Certificate" }
            p {
                "About upright the closed loop is " strong { (certificate.verdict.name()) } ": "
                (certificate.verdict.summary()) ". The largest real part is " (number_or_dash(certificate.max_real_part))
                " 1/s. This is said of continuous time and of the nominal plant, without dead time, lag or noise."
            }
            @if is_too_fast {
                p.warning { "The loop is too fast for control steps of " (Short((1e6 * period).round() / 1e3)) " ms: the force chatters." }
            }
            div.plots {
                (figure)
                table {
                    thead { tr { (heads(&["eigenvalue of"])) (number_heads(&["real 1/s", "imaginary 1/s"])) } }
                    tbody {
                        @for (of, values) in spectra {
                            @for value in values {
                                tr {
                                    th scope="row" { (of.replace('_', " ")) }
                                    td.number data-value=(value.re) { (number(value.re)) }
                                    td.number data-value=(value.im) { (number(value.im)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The longest time from one evaluation of the control law to the next, in s.
fn slowest_period(config: &Config) -> f64 {
    let steps = config.scenarios.iter().map(|group| group.control_period).max().unwrap_or(1);
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    let steps = steps as f64;
    steps * config.simulation.dt
}

/// How the search went and why it ended.
pub(super) fn convergence(results: &Results, figures: &[Markup]) -> Markup {
    html! {
        section #convergence {
            h2 { "Convergence" }
            p {
                (counted(whole(results, "generations"), "generation")) ", " (counted(whole(results, "restarts"), "restart"))
                @if let Some(reason) = results.stop_reason() { "; the search ended: " (reason.summary()) }
                "."
            }
            (plots(figures))
        }
    }
}

/// Memory and speed of the tuning.
pub(super) fn machine(results: &Results) -> Markup {
    let text = |column: &str| match results.summary(column) {
        "" => "not measured".to_string(),
        text => text.to_string(),
    };
    let figures = [
        ("bytes a simulation", text("bytes_per_simulation"), false),
        ("allocations on the hot path", text("hot_path_allocations"), false),
        ("growth in bytes", text("growth_bytes"), false),
        ("simulations/s", rate(results.number("simulations_per_s")), false),
        ("ns a control step and core", number(results.number("ns_per_control_step")), false),
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
                summary { "The study with all defaults, for gainswarm " (results.version) }
                pre { code { (results.config.to_toml()) } }
            }
        }
    }
}

/// Names, figures, and whether these are bad news.
fn facts(figures: &[(&str, String, bool)]) -> Markup {
    html! {
        dl.facts {
            @for (name, figure, is_bad) in figures { div { dt { (name) } dd.bad[*is_bad] { (figure) } } }
        }
    }
}

fn plots(figures: &[Markup]) -> Markup {
    html! { div.plots { @for figure in figures { (figure) } } }
}

pub(super) fn heads(names: &[&str]) -> Markup {
    html! { @for name in names { th scope="col" { (name) } } }
}

pub(super) fn number_heads(names: &[&str]) -> Markup {
    html! { @for name in names { th.number scope="col" { (name) } } }
}

/// A whole number of `summary.csv`.
fn whole(results: &Results, column: &str) -> u64 {
    results.summary(column).parse().unwrap_or(0)
}
