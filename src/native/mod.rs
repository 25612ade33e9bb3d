//! Steps of a program as machine code: the same instructions as C for this processor's vectors, compiled by the system's compiler and loaded.
//!
//! ```text
//! emit.rs     a step → C                              the same operations, the same bits
//! compile.rs  C → a library, by CC or cc              in a process of its own, with a time limit
//! cache.rs    where libraries stay                    one file each, named by what it is made of and what it holds
//! load.rs     a library → a function                  the one place of it with `unsafe`
//! ```
//!
//! Nothing depends on it: where there is no compiler, or anything goes wrong, the program runs as it is.

use crate::registry::Member;

mod cache;
mod compile;
mod emit;
mod load;

pub use compile::{Compiler, Job, Refusal, Source};
pub use emit::Form;
pub use load::Native;

/// What runs the simulations of a tuning; the bits are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// The program, and machine code as soon as it is compiled, where that pays.
    #[default]
    Auto,
    /// The program.
    Program,
    /// Machine code from the first simulation on, where there is a compiler.
    Native,
}

impl Member for Backend {
    const ALL: &'static [Self] = &[Self::Auto, Self::Program, Self::Native];

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Program => "program",
            Self::Native => "native",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Auto => {
                "the program, and machine code once the system's C compiler has made some, where a run is long enough"
            }
            Self::Program => "the program, which needs no compiler",
            Self::Native => "machine code from the start, by the system's C compiler",
        }
    }
}
