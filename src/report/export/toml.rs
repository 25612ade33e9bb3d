//! TOML: the identity of the gains, `[gains]`, `[units]`, `[law]`, `[plant_parameters]` and `[plant_units]`.

use super::{Export, Format};
use crate::Error;

/// A document.
#[derive(Debug, Clone, Copy)]
pub struct Toml;

impl Format for Toml {
    const NAME: &'static str = "toml";
    const SUMMARY: &'static str = "identity, [gains], [law] and [plant_parameters]";

    fn text(export: &Export) -> Result<String, Error> {
        Ok(::toml::to_string(&export.object()).expect("numbers, texts and tables have a form in TOML"))
    }
}
