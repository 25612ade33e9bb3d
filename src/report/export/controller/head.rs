//! What a controller says of itself: its study, its certificate, and how it is called.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{Code, Plan, Precision};
use crate::Error;
use crate::figures::number;
use crate::problem;
use crate::registry::Member;
use crate::report::export::Export;

/// The lines of the comment.
pub(super) fn lines(export: &Export, plan: &Plan, code: Code) -> Result<Vec<String>, Error> {
    let mut lines = vec![
        format!("Controller {} on {}", export.controller, export.plant),
        format!("study {}, seed {}{}", export.study, export.seed, cost(export)),
        format!("config {}", hash(export)),
        format!("made by {} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        format!("tuned by {} {}", env!("CARGO_PKG_NAME"), export.version),
    ];
    lines.extend(export.remarks().map(Into::into));
    lines.push(String::new());
    lines.extend(certificate(export));
    lines.push(String::new());
    lines.push(format!("Call step once every {:?} s, the control period that it is made for.", plan.period));
    lines.push(format!("Numbers are {}; its functions are {}.", code.precision.name(), code.math.summary()));
    if !plan.used_up.is_empty() {
        lines.push(format!("In other numbers already, or without effect: {}.", plan.used_up.join(", ")));
    }
    lines.extend(limits(export));
    if code.precision == Precision::Float {
        lines.push(String::new());
        lines.extend(export.loss()?);
    }
    lines.push(String::new());
    lines.extend(export.formulas.iter().cloned());
    Ok(lines)
}

fn cost(export: &Export) -> String {
    export.cost.map_or(String::new(), |cost| format!(", cost {cost:?}"))
}

/// The SHA-256 of the resolved config, as compact JSON.
fn hash(export: &Export) -> String {
    let text = serde_json::to_vec(&export.config).unwrap_or_default();
    let digest = Sha256::digest(&text);
    digest.iter().fold("sha256 ".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is known of small disturbances.
fn certificate(export: &Export) -> Vec<String> {
    let certificate = problem::certifier(&export.config)(&export.values);
    let reason = certificate.reason_text().map_or(String::new(), |reason| format!(": {reason}"));
    let grows = match certificate.max_real_part {
        real if real.is_nan() => String::new(),
        real => format!(", largest real part {} 1/s", number(real)),
    };
    let mut lines = vec![
        format!("Certificate: {}{grows}{reason}", certificate.word()),
        format!("of {}", certificate.scope_text()),
    ];
    lines.extend(certificate.facts().into_iter().map(|(name, value)| format!("{name}: {value}")));
    lines
}

/// Limits that belong to the plant, and so not to the law.
fn limits(export: &Export) -> Vec<String> {
    let inputs = &export.config.plant.of.model.declared.inputs;
    let limited = inputs.iter().filter_map(|input| Some((&input.quantity, input.limit?)));
    let driven = limited.filter(|(input, _)| export.config.wiring.drive.contains_key(&input.name));
    let line = |(input, limit): (&crate::model::Quantity, f64)| {
        let name = &input.name;
        format!("The simulations limit {name} to ±{limit:?} {} behind this controller.", input.unit_shown())
    };
    driven.filter(|(_, limit)| limit.is_finite()).map(line).collect()
}
