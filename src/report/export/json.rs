//! JSON: an object with the identity of the gains, `gains` by name and `units`, the `law`, and `plant_parameters` and `plant_units`.

use super::{Export, Format};
use crate::Error;

/// An object.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Format for Json {
    const NAME: &'static str = "json";
    const SUMMARY: &'static str = "an object: identity, gains, law and plant by name";

    fn text(export: &Export) -> Result<String, Error> {
        Ok(format!("{:#}\n", export.object()))
    }
}
