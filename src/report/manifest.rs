//! `manifest.json`: what is needed to do it again.

use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{date, pretty};
use crate::config::{Config, MANIFEST_SIZE_MAX, read_bounded};
use crate::engine::Tuning;
use crate::registry::Member;
use crate::stability::{Certificate, Eigenvalue};

pub(super) fn write(
    file: &mut dyn Write,
    config: &Config,
    tuning: &Tuning,
    certificate: &Certificate,
) -> io::Result<()> {
    let manifest = json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "study": config.study,
        "seed": config.seed,
        "simd": tuning.resources.level.name(),
        "threads": tuning.resources.threads,
        "stopped_by": tuning.reason.name(),
        "finished": date::rfc3339(SystemTime::now()),
        "config": config,
        "certificate": {
            "verdict": certificate.verdict.name(),
            "max_real_part": certificate.max_real_part,
            "sliding_dynamics": list(&certificate.sliding),
            "closed_loop": certificate.closed_loop.as_deref().map(list),
        },
    });
    pretty(file, &manifest)
}

/// The plant that the gains in a directory were tuned on; `None` where no manifest says so.
#[must_use]
pub fn tuned_plant(directory: &Path) -> Option<String> {
    let text = read_bounded(&directory.join("manifest.json"), MANIFEST_SIZE_MAX).ok()?;
    let manifest: Value = serde_json::from_slice(&text).ok()?;
    let plant = manifest.get("config")?.get("plant")?;
    // Its type stands in manifests of before.
    Some(plant.get("name").or_else(|| plant.get("type"))?.as_str()?.to_owned())
}

/// Eigenvalues as pairs of real and imaginary part, in 1/s.
fn list(eigenvalues: &[Eigenvalue]) -> Vec<[f64; 2]> {
    eigenvalues.iter().map(|value| [value.re, value.im]).collect()
}
