//! Any text as a model: a model or an error, never a panic.

#![no_main]

use std::path::Path;

use gainswarm::model::Model;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    match Model::parse(Path::new("/nowhere/model.toml"), text) {
        Ok(model) => drop(model.sorted()),
        Err(error) => drop(error.to_string()),
    }
    Corpus::Keep
});
