//! What the readers of files ask for: the reference in the documents is made of it.

use std::path::Path;

use super::ask_tell::{self, Added};
use super::{Asked, BatchConfig, ConfigError, read};
use crate::model;
use crate::text::Source;

/// Who reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Of a study: [`Config`](super::Config).
    Study,
    /// Of a search without a study: [`AskTell`](super::AskTell).
    Search,
    /// Of a batch: [`BatchConfig`].
    Batch,
    /// Of a plant or a law: [`Model`](crate::model::Model).
    Model,
}

impl Reader {
    /// The keys for which it asks the text of a file, in their order, whether they are there or not; `path` stands in errors, and files that the
    /// text names are looked for beside it. Some keys are asked for only where others say so.
    ///
    /// # Errors
    ///
    /// Where the text is refused.
    pub fn asked(self, path: &Path, text: &str) -> Result<Vec<Asked>, ConfigError> {
        let source = Source::noting(path, text.into());
        match self {
            Self::Study => read::config(&source).map(drop),
            Self::Search => ask_tell::read(&source, &Added::default()).map(drop),
            Self::Batch => BatchConfig::read(&source).map(drop),
            Self::Model => model::read(&source).map(drop),
        }?;
        Ok(source.asked())
    }
}
