//! What a rule's gains cost on a study, and where a swarm may start from rules.

use super::{Experiment, Ideal, RULES, Rule, Shape, Unsuited, experiment};
use crate::Error;
use crate::config::Config;
use crate::engine::Solo;
use crate::model;
use crate::problem::{self, Problem, known_cost};
use crate::simulation::{Record, SimdLevel, Terms};
use crate::stability::{Certificate, Wanted};
use crate::swarm::Outcome;

/// What a rule gives for a study.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// The rule.
    pub rule: &'static Rule,
    /// The parts that it gives.
    pub shape: Shape,
    /// What it gives.
    pub ideal: Ideal,
    /// Whether the plant is one for which it is made.
    pub is_made_for: bool,
}

/// Gains on a study.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The rule that gives them; `None` of tuned ones.
    pub advice: Option<Advice>,
    /// All parameter values of the study's controller.
    pub values: Vec<f64>,
    /// What they come to; of what breaks a constraint or misses a required certificate, how far.
    pub outcome: Outcome,
    /// Their cost in any case; NaN where it is not known.
    pub cost: f64,
    /// The records of the study's scenarios.
    pub records: Vec<Record>,
    /// Their certificate.
    pub certificate: Certificate,
}

impl Judged {
    /// The cost; nothing where it is not known.
    #[must_use]
    pub fn known_cost(&self) -> Option<f64> {
        Some(self.cost).filter(|cost| cost.is_finite())
    }
}

/// The gains of a study's law that rules give, by place.
#[must_use]
pub fn given(config: &Config) -> Vec<usize> {
    let rules = config.controller.of.model.declared.rules.as_ref();
    let names = rules.map_or(Vec::new(), |rules| rules.gains.iter().map(|(name, _)| name.as_str()).collect());
    let parameters = config.controller.parameters();
    (0..parameters.len()).filter(|place| names.contains(&parameters[*place].name)).collect()
}

/// The shapes of which a study's law can be.
fn shapes(config: &Config) -> Vec<Shape> {
    let Some(rules) = &config.controller.of.model.declared.rules else { return Vec::new() };
    match (rules.asks_for("Ti"), rules.asks_for("Td")) {
        (_, true) => vec![Shape::Pi, Shape::Pid],
        (true, false) => vec![Shape::Pi],
        (false, false) => vec![Shape::P],
    }
}

/// What settings come to in the parameters of a study's law; nothing where one of them is out of its range.
fn in_the_law(config: &Config, ideal: &Ideal) -> Option<Vec<f64>> {
    let rules = config.controller.of.model.declared.rules.as_ref()?;
    let known = [("K", ideal.gain), ("Ti", ideal.integral_time), ("Td", ideal.derivative_time)];
    let mut values = config.controller.values.clone();
    for (gain, text) in &rules.gains {
        let place = config.controller.parameters().iter().position(|parameter| parameter.name == gain)?;
        let value = model::value(text, &known)?;
        values[place] = config.controller.parameters()[place].allows(value).then_some(value)?;
    }
    Some(values)
}

/// What each rule comes to on a study whose plant an experiment has told apart, and tuned parameter values beside them, best first.
///
/// # Errors
///
/// When memory cannot be reserved.
pub fn judged(
    config: &Config,
    found: &Experiment,
    tuned: Option<Vec<f64>>,
    level: SimdLevel,
) -> Result<Vec<Judged>, Error> {
    let mut all: Vec<(Option<Advice>, Vec<f64>)> = tuned.map(|values| (None, values)).into_iter().collect();
    for rule in RULES {
        for shape in shapes(config) {
            let Some(ideal) = rule.settings(&found.known, shape) else { continue };
            if let Some(values) = in_the_law(config, &ideal) {
                let is_made_for = rule.is_made_for(&found.known);
                all.push((Some(Advice { rule, shape, ideal, is_made_for }), values));
            }
        }
    }
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let problem = Problem { terms: Terms::All, ..Problem::new(config) };
    let certify = problem::certifier_of(config, Wanted { margins: true, period: 0.0 });
    let vectors: Vec<Vec<f64>> = all.iter().map(|(_, values)| values.clone()).collect();
    let mut solo = Solo::new(&problem, level, &vectors)?;
    solo.run();
    let records: Vec<Record> = solo.records().collect();
    let of_each = records.chunks(problem.scenarios.len());
    let mut judged: Vec<Judged> = all
        .into_iter()
        .zip(solo.outcomes().into_iter().zip(of_each))
        .map(|((advice, values), (mut outcome, records))| {
            let cost = known_cost(&outcome);
            outcome.violation = outcome.violation.max(problem.violation(&values));
            let certificate = certify(&values);
            Judged { advice, values, outcome, cost, records: records.to_vec(), certificate }
        })
        .collect();
    judged.sort_by(|a, b| a.outcome.rank(&b.outcome));
    Ok(judged)
}

/// The study with the places from which its swarm starts, where they are asked for: those of the best rules, each within where the study
/// searches, up to half of the particles; the others start elsewhere.
///
/// # Errors
///
/// When no rule fits the study.
pub fn started(mut config: Config) -> Result<Config, Unsuited> {
    if !config.starts_from_rules {
        return Ok(config);
    }
    let level = SimdLevel::widest();
    let found = experiment(&config, None, level)?;
    let settings = &config.swarm.settings;
    let most = settings.particles.div_ceil(2).max(settings.start.len());
    let mut starts = settings.start.clone();
    for Judged { values, .. } in judged(&config, &found, None, level)? {
        let gains = config.tune.iter().map(|gain| gain.axis.nearest(values[gain.index]));
        let start: Vec<f64> = gains.collect();
        if starts.len() < most && !starts.contains(&start) {
            starts.push(start);
        }
    }
    if starts.is_empty() {
        let why = found.no_step.or(found.no_ultimate).unwrap_or_else(|| "none gives gains for it".into());
        return Err(Unsuited {
            problem: format!("no published rule fits the plant: {why}"),
            remedy: "leave it out".into(),
        });
    }
    config.swarm.settings.start = starts;
    config.starts_from_rules = false;
    Ok(config)
}
