//! The linear-quadratic regulators of a law as nodes, and what they may be made of.

use foldhash::HashSet;

use super::Misread;
use super::parse::Item;
use super::plant_view::Linear;
use crate::graph::{Graph, Id, Symbol};

/// What a law tells of a regulator beside the gains `K_x` of the states: the gain of a reference, and the control that holds the plant at rest.
pub(super) const REFERENCE: &str = "reference";
pub(super) const HOLDS: &str = "rest";

/// The regulators of a law.
#[derive(Debug, Default)]
pub(super) struct Regulators {
    /// In the order in which they are made.
    pub(super) all: Vec<Regulator>,
    /// Their gains by name.
    pub(super) told: Vec<(String, Id)>,
}

/// A regulator as nodes.
#[derive(Debug, Clone)]
pub(super) struct Regulator {
    /// The expressions that it is made of: e, R, and what is least where the plant rests.
    pub(super) of: Vec<Id>,
    /// About where it rests.
    pub(super) plant: Linear,
    /// K
    pub(super) gains: Vec<Id>,
    /// u₀ − K (x − x₀)
    pub(super) control: Id,
}

/// The symbols of what is fixed during a simulation.
pub(super) struct FixedSymbols(pub(super) HashSet<Symbol>);

impl FixedSymbols {
    /// Refuses what changes during a simulation.
    pub(super) fn check(&self, graph: &Graph, item: &Item, nodes: &[Id], what: &str) -> Result<(), Misread> {
        if nodes.iter().all(|node| !graph.depends(*node, |symbol| !self.0.contains(&symbol))) {
            return Ok(());
        }
        Err(Misread::new(
            item.at,
            format!(
                "{what} changes during a simulation or with a scenario, and a regulator's gains are fixed"
            ),
            "make it of numbers, gains and nominal parameters of the plant",
        ))
    }
}

/// `K_x`, of a second regulator `K2_x`.
pub(super) fn numbered(letter: char, before: usize, of: &str) -> String {
    if before == 0 { format!("{letter}_{of}") } else { format!("{letter}{}_{of}", before + 1) }
}
