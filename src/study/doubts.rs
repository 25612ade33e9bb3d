//! What to say of a study and of its tuning that a user should know.

use crate::config::{Config, EVALUATIONS_MAX, GENERATIONS_MAX, Unphysical};
use crate::engine::Tuning;
use crate::figures::number;
use crate::parameter::Short;
use crate::stability::{Certificate, Motion, PERIOD_FACTOR_WANTED, Verdict};
use crate::swarm::{Convergence, StopReason};
use crate::verdict;

/// What is allowed in a study and yet hardly meant.
#[must_use]
pub fn questionable(config: &Config) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for Unphysical { relation, found: value } in config.plant.doubtful() {
        found.push(format!("[plant] {value}, where {relation} holds of every real body"));
    }
    let told = config.told(&config.controller.values);
    let missing: Vec<&str> =
        told.iter().filter(|told| told.is_missing()).map(|told| told.name.as_str()).collect();
    if !missing.is_empty() {
        found.push(format!(
            "[controller] comes to no {} with the values of the config: the control must reach every motion of the plant that does \
             not die out, the weights must see it, and that of the control be above 0",
            missing.join(", ")
        ));
    }
    let settings = &config.swarm.settings;
    for (parameter, value) in settings.rule.parameters().iter().zip(&settings.coefficients) {
        if let (true, Some([low, high])) = (parameter.is_unusual(*value), parameter.search) {
            let (rule, name) = (settings.rule.name(), parameter.name);
            found.push(format!(
                "[swarm.{rule}] {name} = {value} is beyond the usual {low} to {high}: the swarm may not settle"
            ));
        }
    }
    found
}

/// Why gains are not what was asked for: what they break, a loop that is not stable, responses that never settle; empty where all is well.
#[must_use]
pub fn objections(config: &Config, tuning: &Tuning, certificate: &Certificate) -> Vec<String> {
    let Tuning { best, records, .. } = tuning;
    let mut found = Vec::new();
    if !best.is_feasible() {
        let why = verdict::objection(config, records);
        let why =
            why.unwrap_or_else(|| "they break a constraint, or miss the certificate that is required".into());
        found.push(format!("the gains do not hold: {why}"));
    }
    if certificate.verdict == Verdict::Unstable {
        let why = certificate.reason_text().map_or(String::new(), |why| format!(": {why}"));
        found.push(format!("the loop is UNSTABLE about its equilibrium{why}"));
    }
    let unsettled = verdict::unsettled(config, records);
    if unsettled > 0 {
        found.push(format!("the response does not settle in {unsettled} of {} scenarios", records.len()));
    }
    found
}

/// What to say of gains that may not be the best, or that hold by little.
#[must_use]
pub fn doubts(tuning: &Tuning, certificate: &Certificate) -> Vec<String> {
    if !tuning.best.is_feasible() {
        return Vec::new();
    }
    unconverged(tuning).into_iter().chain(near_its_period(certificate)).collect()
}

/// Of a loop that is stable, but not with a control period of twice the length.
fn near_its_period(certificate: &Certificate) -> Option<String> {
    let Certificate { verdict, period_factor, motion, .. } = *certificate;
    let is_near = verdict == Verdict::Stable && period_factor < PERIOD_FACTOR_WANTED;
    let margin = if motion == Motion::ClosedLoop {
        format!(", or ask for min_period_factor = {PERIOD_FACTOR_WANTED:?} in [limits]")
    } else {
        String::new()
    };
    let factor = number(period_factor);
    is_near.then(|| {
        format!("the loop is no longer stable with a control period {factor} times as long\n  take a shorter one (dt){margin}")
    })
}

/// Of a search that has ended before it had converged.
fn unconverged(tuning: &Tuning) -> Option<String> {
    let longer = longer(tuning)?;
    let how_far = tuning.how_far();
    let found = format!("the search had not converged: {}\n  {longer} goes on", convergence(&how_far));
    (!how_far.has_converged()).then_some(found)
}

/// How a search can go on for longer, after what ended it; `None` where it cannot, or need not.
#[must_use]
pub fn longer(tuning: &Tuning) -> Option<String> {
    let Tuning { generations, evaluations, reason, .. } = *tuning;
    match reason {
        StopReason::Generations => {
            Some(format!("--resume --generations {}", (2 * generations).min(GENERATIONS_MAX)))
        }
        StopReason::Evaluations => {
            Some(format!("--resume --evaluations {}", (2 * evaluations).min(EVALUATIONS_MAX)))
        }
        StopReason::Stall => Some("--resume and a larger stall_generations in [swarm.stopping]".into()),
        StopReason::WallTime => Some("--resume and a larger wall_time in [swarm.stopping]".into()),
        StopReason::Target | StopReason::Settled | StopReason::Interrupted | StopReason::Memory => None,
    }
}

/// How far a search had come.
#[must_use]
pub fn convergence(how_far: &Convergence) -> String {
    let Convergence { gain, diversity, is_settled } = *how_far;
    if is_settled {
        return "nothing was left to do".into();
    }
    let percent = |share: f64| Short((1e4 * share).round() / 100.0).to_string();
    let gain = if gain.is_finite() {
        format!("the last third of the search gained {} %", percent(gain))
    } else {
        "gains that hold came only in the last third of the search".into()
    };
    let swarm = diversity.map_or(String::new(), |diversity| {
        format!(
            ", the particles' best positions are spread over {} % of the ranges and each moves by {} %",
            percent(diversity.spread),
            percent(diversity.mean_velocity)
        )
    });
    format!("{gain}{swarm}")
}
