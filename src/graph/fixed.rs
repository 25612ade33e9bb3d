//! What is fixed during a simulation and takes long to make: to a graph a symbol, which the closed loop fills once a job.

use foldhash::HashMap;

use super::{Graph, Id, Node, Symbol};

/// The first of the symbols that stand for fixed values: above those that a closed loop gives out, below those of delays.
const FIRST: u32 = 1 << 31;

/// A value that is fixed during a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed {
    /// What stands for it.
    pub symbol: Symbol,
    /// What it is, made of what a job gives.
    pub of: Id,
}

impl Graph {
    /// What stands for nodes that are fixed during a simulation, so that nothing that is made of them walks through all that they are made of. A number is
    /// itself, and the same node is one value.
    pub fn fix(&mut self, of: &[Id]) -> Vec<Id> {
        // Fixed values that they are made of are no inputs of a job.
        let by: HashMap<Symbol, Id> = self.fixed.iter().map(|fixed| (fixed.symbol, fixed.of)).collect();
        let is_fixed = |id: &Id| matches!(self.node(*id), Node::Symbol(symbol) if by.contains_key(&symbol));
        let of =
            if self.reachable(of).iter().any(is_fixed) { self.substituted(of, &by) } else { of.to_vec() };
        of.into_iter().map(|of| self.fix_one(of)).collect()
    }

    fn fix_one(&mut self, of: Id) -> Id {
        if self.value(of).is_some() {
            return of;
        }
        if let Some(known) = self.fixed.iter().find(|fixed| fixed.of == of) {
            return self.symbol(known.symbol);
        }
        #[allow(clippy::cast_possible_truncation, reason = "bounded by the size of a graph")]
        let symbol = Symbol(FIRST + self.fixed.len() as u32);
        self.fixed.push(Fixed { symbol, of });
        self.symbol(symbol)
    }

    /// All that has been fixed.
    #[must_use]
    pub fn fixed(&self) -> &[Fixed] {
        &self.fixed
    }
}
