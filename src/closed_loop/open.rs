//! What stays open in a loop that is certified, or whose law is outside, as nodes.

use super::Measured;
use crate::graph::{Id, Symbol};

/// What a loop that is certified leaves open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) dt: Id,
    /// From one evaluation of the law to the next, in s.
    pub(super) period: Id,
    /// Whether the law acts in this step.
    pub(super) due: Id,
    /// One for each driven input, added to what the law says.
    pub(super) probes: Vec<Id>,
    /// The names of what is observed, each with the noise of its sensor.
    pub(super) observed: Vec<(String, Id)>,
    /// What the law says, one for each driven input.
    pub(super) said: Vec<Id>,
    pub(super) slides: Option<Sliding>,
}

/// What slides, as nodes.
#[derive(Debug)]
pub(super) struct Sliding {
    pub(super) sigma: Id,
    pub(super) reaches: Option<Id>,
    pub(super) inputs: Vec<Id>,
    pub(super) parameters: Vec<Id>,
    /// What stands for the driven input.
    pub(super) control: Symbol,
}

/// The nodes of what goes out and of what comes back.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) wanted: Vec<Measured>,
    /// What the law measures, as its sensors show it.
    pub(super) measured: Vec<Id>,
    /// Whether the law acts in this step.
    pub(super) due: Option<Id>,
    /// What it says, one for each driven input.
    pub(super) said: Vec<Symbol>,
}
