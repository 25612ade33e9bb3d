//! Text in CSV that no spreadsheet takes for a formula.

use std::borrow::Cow;

/// What a spreadsheet reads as the beginning of a formula, or skips before one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell of free text, such as the name of a study: behind a single quote where a spreadsheet would compute it.
///
/// For texts alone: a number keeps its sign.
#[must_use]
pub fn text_cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { format!("'{text}").into() } else { text.into() }
}
