//! Tables of a report.

use maud::{Markup, html};

/// Heads of columns of text.
pub(super) fn heads(names: &[&str]) -> Markup {
    html! { @for name in names { th scope="col" { (name) } } }
}

/// Heads of columns of numbers.
pub(super) fn number_heads(names: &[&str]) -> Markup {
    html! { @for name in names { th.number scope="col" { (name) } } }
}
