//! What stands behind functions: a library with the interface of this program, or an FMU.

#[cfg(feature = "fmi")]
use super::fmi::Unit;
use super::load::Loaded;
use super::places::Places;
use super::{Description, Which};

/// Code that has been loaded.
pub(super) enum Code {
    Library(Box<Loaded>),
    #[cfg(feature = "fmi")]
    Unit(Unit),
}

impl Code {
    pub(super) fn description(&self) -> &Description {
        match self {
            Self::Library(loaded) => loaded.description(),
            #[cfg(feature = "fmi")]
            Self::Unit(unit) => unit.description(),
        }
    }

    /// Whether it remembers what no column holds.
    pub(super) fn hides_state(&self) -> bool {
        match self {
            Self::Library(_) => false,
            #[cfg(feature = "fmi")]
            Self::Unit(_) => true,
        }
    }

    /// What it has failed with first, where it tells.
    pub(super) fn failure(&self) -> Option<&str> {
        match self {
            Self::Library(_) => None,
            #[cfg(feature = "fmi")]
            Self::Unit(unit) => unit.failure(),
        }
    }

    /// Calls a function on columns of a block, each `vectors` of its vectors.
    #[inline]
    pub(super) fn call<V: Copy>(&self, which: Which, block: &mut [V], vectors: usize, places: &Places) {
        match self {
            Self::Library(loaded) => loaded.call(which, block, vectors, places),
            #[cfg(feature = "fmi")]
            Self::Unit(unit) => unit.call(which, block, vectors, places),
        }
    }
}
