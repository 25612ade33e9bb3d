//! `manifest.json`: what is needed to do it again.

use std::io::{self, Write};

use serde_json::json;

use crate::config::Config;
use crate::engine::Resources;
use crate::registry::Member;

pub(super) fn write(file: &mut dyn Write, config: &Config, resources: Resources) -> io::Result<()> {
    let manifest = json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "study": config.study,
        "seed": config.seed,
        "simd": resources.level.name(),
        "threads": resources.threads,
        "config": config,
    });
    serde_json::to_writer_pretty(&mut *file, &manifest)?;
    file.write_all(b"\n")
}
