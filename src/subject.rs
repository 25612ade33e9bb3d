//! What audit and bench look at: a compiled controller on a study of their own, or a study as it is.

use crate::config::Config;
use crate::controllers::ControllerKind;

/// A controller that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A compiled controller.
    Compiled(ControllerKind),
    /// The controller of the study that is given, on its plant; by its name.
    Study(&'static str),
}

impl Subject {
    /// The controller of a study.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        config.controller.of.compiled().map_or(Self::Study(config.controller.name()), Self::Compiled)
    }

    /// The name of the controller.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Compiled(kind) => kind.name(),
            Self::Study(name) => name,
        }
    }
}
