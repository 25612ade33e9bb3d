//! draft
/// e
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Memory could not be reserved.
    #[error("cannot reserve {bytes} bytes for {what}")]
    Memory {
        /// For what.
        what: &'static str,
        /// How much.
        bytes: usize,
    },
}
