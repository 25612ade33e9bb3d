//! TOML: the identity of the gains, `[gains]` and `[units]`.

use super::{Export, Format};

/// A document.
#[derive(Debug, Clone, Copy)]
pub struct Toml;

impl Format for Toml {
    const NAME: &'static str = "toml";
    const SUMMARY: &'static str = "identity, [gains] and [units]";

    fn text(export: &Export) -> String {
        ::toml::to_string(&export.object()).expect("numbers, texts and tables have a form in TOML")
    }
}
