//! Everything that can go wrong, with what to do about it.

use std::path::PathBuf;

use crate::archive::Damage;
use crate::text::ConfigError;

/// An error of this crate. Its text names what was read, what is allowed and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A config or a file of gains is refused.
    #[error("{0}")]
    Config(#[from] ConfigError),

    /// An option of the command line is refused.
    #[error("{option} {found}\n  {remedy}")]
    Option {
        /// The option.
        option: &'static str,
        /// What was given.
        found: String,
        /// What is allowed, or what to do about it.
        remedy: String,
    },

    /// An answer to `ask` is refused.
    #[error("the answer to generation {generation} {found}\n  {remedy}")]
    Answer {
        /// To which generation.
        generation: u64,
        /// What was read.
        found: String,
        /// What is allowed, or what to do about it.
        remedy: String,
    },

    /// The bytes of a state are not one of this problem.
    #[error("the state of the run is refused: {0}\n  give the state of a run of the same problem")]
    State(#[from] Damage),

    /// The rules under which a run should go on would have ended it before, or led it another way.
    #[error(
        "{0}: the run cannot go on as if it had been so from the start\n  give larger limits, or start anew"
    )]
    Overrun(String),

    /// What stands where a run wants to write or to go on is refused.
    #[error("{} {problem}\n  {remedy}", path.display())]
    Refused {
        /// The file or directory.
        path: PathBuf,
        /// Why it is refused.
        problem: String,
        /// What to do about it.
        remedy: String,
    },

    /// A result cannot be written.
    #[error("cannot write {}: {reason}\n  {remedy}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
        /// What to do about it.
        remedy: &'static str,
    },

    /// Memory is not counted: the program does not use [`Meter`](crate::memory::Meter) as its allocator.
    #[error(
        "memory is not counted in this program\n  install gainswarm::memory::Meter as its global allocator"
    )]
    NoMeter,

    /// A run would need more memory than it may use.
    #[error(
        "the run needs {needed} bytes and may use {limit} (memory_limit): {parts}\n  \
         allow more, or reduce particles, restarts, scenarios, the history or --threads"
    )]
    MemoryLimit {
        /// What it needs.
        needed: u64,
        /// What it may use.
        limit: u64,
        /// What takes how much.
        parts: String,
    },

    /// Memory cannot be reserved.
    #[error("cannot reserve {bytes} bytes for {what}\n  make it smaller, or use a machine with more memory")]
    Memory {
        /// For what.
        what: &'static str,
        /// How much.
        bytes: usize,
    },

    /// Worker threads cannot be started.
    #[error("cannot start {threads} threads: {reason}\n  use --threads with a smaller number")]
    Threads {
        /// How many.
        threads: usize,
        /// What the system says.
        reason: String,
    },

    /// A rank of MPI cannot judge its part.
    #[error("rank {rank} of MPI, on {host}, cannot take part: {reason}")]
    Rank {
        /// Which one.
        rank: i32,
        /// The machine that it runs on.
        host: String,
        /// What it says.
        reason: String,
    },

    /// The best gain vector, simulated once more, does not give the cost for which it was chosen.
    #[error(
        "the best gain vector was chosen for a cost of {chosen} but costs {found} when simulated again\n  \
         this is a bug of gainswarm: please report it with the config and the seed"
    )]
    NotReproduced {
        /// The cost in the search.
        chosen: f64,
        /// The cost now.
        found: f64,
    },
}

impl Error {
    /// The exit code: 2 for input that can be mended, 1 for what the machine refuses.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Option { .. }
            | Self::Answer { .. }
            | Self::State(_)
            | Self::Overrun(_)
            | Self::MemoryLimit { .. }
            | Self::Refused { .. } => 2,
            Self::NoMeter
            | Self::Write { .. }
            | Self::Memory { .. }
            | Self::Threads { .. }
            | Self::Rank { .. }
            | Self::NotReproduced { .. } => 1,
        }
    }
}
