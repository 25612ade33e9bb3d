//! The jobs of a generation, as they are dealt.

use super::part::Depth;

/// The jobs of a generation: every row of `values` in every scenario.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "mpi"), allow(dead_code, reason = "one process needs no more than their number"))]
pub(super) struct Jobs<'a> {
    pub values: &'a [f64],
    /// Numbers a row.
    pub width: usize,
    /// One a row.
    pub bounds: &'a [f64],
    pub scenarios: usize,
    pub depth: Depth,
    /// How many jobs.
    pub count: usize,
}
