//! What published rules for PID come to on a study, as JSON.

use serde_json::{Value, json};

use crate::config::Config;
use crate::pid_rules::{Advice, Experiment, Judged, Step, given};
use crate::registry::Member;

/// All that `gainswarm rules` tells: the experiments, and a line a rule; null for what is not known.
#[must_use]
pub fn rules_json(config: &Config, found: &Experiment, lines: &[Judged]) -> Value {
    let step = found.known.step.map(|step| match step {
        Step::FirstOrder { gain, time_constant, dead_time } => {
            json!({ "gain": gain, "time_constant": time_constant, "dead_time": dead_time })
        }
        Step::Integrating { gain, dead_time } => json!({ "integrating_gain": gain, "dead_time": dead_time }),
    });
    let finite = |value: f64| value.is_finite().then_some(value);
    let line = |line: &Judged| {
        let parameters = config.controller.parameters();
        let values: serde_json::Map<String, Value> = given(config)
            .into_iter()
            .map(|place| (parameters[place].name.to_owned(), json!(line.values[place])))
            .collect();
        let ideal = line.advice.map(|Advice { ideal, .. }| {
            json!({ "K": ideal.gain, "Ti": finite(ideal.integral_time), "Td": ideal.derivative_time })
        });
        json!({
            "rule": line.advice.map(|advice| advice.rule.name),
            "shape": line.advice.map(|advice| advice.shape.name()),
            "source": line.advice.map(|advice| advice.rule.source),
            "is_made_for": line.advice.map(|advice| advice.is_made_for),
            "ideal": ideal,
            "gains": values,
            "cost": line.known_cost(),
            "feasible": line.outcome.is_feasible(),
            "certificate": line.certificate.verdict.name(),
            "max_sensitivity": line.certificate.margins.and_then(|margins| finite(margins.sensitivity)),
        })
    };
    json!({
        "study": config.study,
        "step": step,
        "no_step": found.no_step,
        "ultimate": found.known.ultimate.map(|ultimate| json!({
            "gain": ultimate.gain, "period": ultimate.period, "by_relay": found.is_relay,
        })),
        "no_ultimate": found.no_ultimate,
        "lines": lines.iter().map(line).collect::<Vec<_>>(),
    })
}
