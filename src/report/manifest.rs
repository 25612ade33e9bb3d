//! `manifest.json`: everything that is needed to reproduce a tuning.

use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{date, pretty};
use crate::config::{Config, MANIFEST_SIZE_MAX, read_bounded};
use crate::engine::Tuning;
use crate::registry::Member;
use crate::stability::Certificate;

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
        "certificate": certificate.to_json(),
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
