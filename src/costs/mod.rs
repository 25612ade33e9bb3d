//! What a simulation is judged by: the [terms](term) of a study, the [judge] that finds them as one more text of equations, and
//! how the costs of the scenarios become one ([aggregate]).
//!
//! ```text
//! cost = Σ_terms weight/norm · value
//! ```

pub mod aggregate;
pub mod judge;
pub mod ripple;
pub mod term;

pub use aggregate::{Aggregate, AggregateKind};
pub use judge::{Criteria, Judge, Timing};
pub use term::{Aspect, How, Measure, Objective, Response, Term, Usual};

/// Most cost terms of a study.
pub const TERMS_MAX: usize = 32;
