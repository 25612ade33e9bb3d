//! The control law of a study, its options, and the words that a report uses.

use maud::{Markup, html};

use super::super::results::Results;
use super::charts::u_max;
use crate::config::{Config, Equations};
use crate::controllers::surface::SurfaceKind;
use crate::figures::label;
use crate::parameter::Short;
use crate::registry::Member;

/// The law with its equation, its sliding surface and its options.
pub(super) fn law(results: &Results) -> Markup {
    let config = &results.config;
    let controller = &config.controller;
    if let (Some(law), Some(plant)) = (controller.of.equations(), config.plant.of.equations()) {
        return of_models(config, law, plant);
    }
    let [control_step, integration] = timing(config);
    let options = [
        ("sliding surface", format!("{}: {}", controller.surface.name(), controller.surface.summary())),
        (
            "saturation",
            format!("{}: sat(σ/ε) = {}", controller.saturation.name(), controller.saturation.summary()),
        ),
        ("equivalent control", equivalent_control(results)),
        ("force", format!("at most {} N either way", Short(u_max(results)))),
        control_step,
        integration,
    ];
    html! {
        section #law {
            h2 { "Control law" }
            p.equations {
                code { (controller.summary()) } br;
                code { (surface(config)) }
            }
            p {
                "u is the force, u_eq the equivalent control that would hold σ still on the nominal plant, and s the sign with which the \
                 force moves σ. ε is the parameter epsilon; the other letters stand in the tables of gains and parameters."
            }
            dl.options {
                @for (name, text) in options { div { dt { (name) } dd { (text) } } }
            }
        }
    }
}

/// The equations of law and plant, how they are joined, and how the loop is simulated.
fn of_models(config: &Config, law: &Equations, plant: &Equations) -> Markup {
    let [control_step, integration] = timing(config);
    let joined = config.wiring.iter().flat_map(|wiring| {
        let drives = wiring.drive.iter().map(|(input, value)| format!("{input} = {value}"));
        let sees = wiring.measured.iter().map(|(input, value)| format!("{input} = {value}"));
        drives.chain(sees).collect::<Vec<_>>()
    });
    let options = [("joined", joined.collect::<Vec<_>>().join(", ")), control_step, integration];
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
fn timing(config: &Config) -> [(&'static str, String); 2] {
    let (period, dt) = (1e3 * slowest_period(config), config.simulation.dt);
    [
        ("control step", format!("{} ms", Short((1e3 * period).round() / 1e3))),
        (
            "integration",
            format!(
                "{}, steps of {} ms",
                config.simulation.integrator.name(),
                Short((1e6 * dt).round() / 1e3)
            ),
        ),
    ]
}

/// The longest time from one evaluation of the control law to the next, in s.
pub(super) fn slowest_period(config: &Config) -> f64 {
    let steps = config.scenarios.iter().map(|group| group.control_period).max().unwrap_or(1);
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    let steps = steps as f64;
    steps * config.simulation.dt
}

/// The sliding variable of the study, in the names of its parameters.
fn surface(config: &Config) -> String {
    let states = config.plant.states();
    let links = states.len() / 2 - 1;
    let angle = |link: usize| label(states[link].name);
    let error = |link: usize| match config.controller.surface {
        SurfaceKind::Relative if link > 1 => format!("({} − {})", angle(link), angle(link - 1)),
        _ => angle(link),
    };
    let of_links = (1..=links).map(|link| format!("k{link} ({0}′ + lambda{link} {0})", error(link)));
    let terms: Vec<String> = of_links.chain(["kx (x′ + lambdax x)".into()]).collect();
    // A line may break before a term, and nowhere else.
    let whole = terms.iter().map(|term| term.replace(' ', "\u{a0}"));
    format!("σ\u{a0}=\u{a0}{}", whole.collect::<Vec<_>>().join(" +\u{a0}"))
}

fn equivalent_control(results: &Results) -> String {
    let most = results.parameter("eq_limit") * u_max(results);
    if results.config.controller.equivalent_control && most > 0.0 {
        format!("on, at most {} N", Short(most))
    } else {
        "off".into()
    }
}

/// What the words of a report mean, with the numbers of the study.
pub(super) fn words(config: &Config) -> Markup {
    let simulation = &config.simulation;
    let (cart, link) = (Short(simulation.settled_position), Short(simulation.settled_angle));
    let fallen = Short((1e4 * simulation.angle_limit).round() / 1e4);
    let is_limited = config.limits.iter().any(|limit| limit.is_finite());
    if config.wiring.is_some() {
        return words_of_models(config, is_limited);
    }
    html! {
        dl.words {
            dt { "Settled" }
            dd {
                "from then on until the end the cart stays within ±" (cart) " m of the middle and every link within ±" (link)
                " rad of upright; the time is that of the slowest scenario."
            }
            dt { "Survived" }
            dd {
                "up to the end no link is more than " (fallen) " rad from upright and the cart not more than "
                (Short(simulation.track_limit)) " m from the middle. What does not survive has failed."
            }
            dt { "Succeeds" }
            dd {
                "survives, and at its end is within ±" (cart) " m and ±" (link) " rad"
                @if is_limited { ", and keeps the limits of the study" }
                "."
            }
        }
    }
}

fn words_of_models(config: &Config, is_limited: bool) -> Markup {
    html! {
        dl.words {
            @for response in &config.responses {
                dt { "Settled" }
                dd {
                    "from then on until the end " code { (response.output) } " stays within " (Short(100.0 * response.band))
                    " % of its way to " code { (response.reference) } "; the time is that of the slowest scenario."
                }
            }
            dt { "Survived" }
            dd {
                "up to the end all states are finite"
                @if let Some(fail) = &config.simulation.fail { ", and never " code { (fail) } }
                ". What does not survive has failed."
            }
            dt { "Succeeds" }
            dd {
                "survives"
                @if !config.responses.is_empty() { ", is settled at its end" }
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
    fn the_surface_is_that_of_the_study() {
        let study = |plant: &str, surface: &str| {
            let text = format!(
                "[plant]\ntype = \"{plant}\"\n[controller]\ntype = \"classical\"\nsurface = \"{surface}\"\n\
                 [[scenarios]]\ncount = 2\nranges = {{ x = 0.1 }}\n"
            );
            let config = Config::parse("study.toml".as_ref(), &text).expect("a study");
            super::surface(&config).replace('\u{a0}', " ")
        };
        assert_eq!(
            study("double_inverted_pendulum", "relative"),
            "σ = k1 (θ₁′ + lambda1 θ₁) + k2 ((θ₂ − θ₁)′ + lambda2 (θ₂ − θ₁)) + kx (x′ + lambdax x)"
        );
        assert!(study("double_inverted_pendulum", "absolute").contains("k2 (θ₂′ + lambda2 θ₂)"));
        assert_eq!(study("cart_pole", "relative"), "σ = k1 (θ′ + lambda1 θ) + kx (x′ + lambdax x)");
    }

    #[test]
    fn a_date_is_told_to_the_minute_and_left_out_where_there_is_none() {
        assert_eq!(
            made("2026-11-26T13:50:02Z", "0.1.0"),
            "Tuned on 2026-11-26 at 13:50 UTC with gainswarm 0.1.0"
        );
        assert_eq!(made("", "0.1.0"), "gainswarm 0.1.0");
    }
}
