//! Any text as a config: a config or an error, never a panic.

#![no_main]

use std::path::Path;

use gainswarm::config::Config;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    // In a directory that does not exist, so that `file = "…"` finds nothing.
    if let Err(error) = Config::parse(Path::new("/nowhere/study.toml"), text) {
        drop(error.to_string());
    }
    Corpus::Keep
});
