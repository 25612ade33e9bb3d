//! Steps of a program as machine code: the same instructions as C for this processor's vectors, compiled by the system's compiler and loaded.
//!
//! ```text
//! emit.rs     a step → C                              the same operations, the same bits
//! compile.rs  C → a library, by CC or cc              in a process of its own, with a time limit
//! cache.rs    where libraries stay                    one file each, named by what it is made of and what it holds
//! load.rs     a library → a function                  the one place with `unsafe`
//! ```
//!
//! Nothing depends on it: where there is no compiler, or anything goes wrong, the program runs as it is.

mod cache;
mod compile;
mod emit;
mod load;

pub use compile::{Job, Refusal, Settings, Source};
pub use emit::Form;
pub use load::Native;
