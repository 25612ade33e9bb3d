//! What a controller in `float` loses.

use super::Export;
use crate::Error;

pub(super) fn lines(_: &Export) -> Result<Vec<String>, Error> {
    Ok(Vec::new())
}
