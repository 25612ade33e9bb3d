//! TOML files as they were read: tables read key by key, each by its name and range, with no key left over, and errors that point into the
//! file. Configs and models are read by the same means.

mod asked;
mod names;
mod numbers;
mod section;
mod source;
mod words;

pub use asked::Asked;
pub(crate) use names::{kept, kept_names, kept_values};
pub(crate) use section::{NAME_MAX, Section, name_of, nearest, one_of};
pub use source::{ConfigError, FILE_SIZE_MAX, Marked};
pub(crate) use source::{MANIFEST_SIZE_MAX, Source, read_bounded};

/// What is wrong and what is allowed, before it is known where it stands.
pub(crate) struct Refusal {
    pub(crate) problem: String,
    pub(crate) remedy: String,
}
