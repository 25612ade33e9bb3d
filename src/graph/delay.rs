//! Values as they were a while ago: to a graph a symbol, which the closed loop fills.

use super::{Graph, Id, Symbol};

/// A value as it was some seconds ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// What stands for it.
    pub symbol: Symbol,
    /// The value whose past it is.
    pub of: Id,
    /// How long ago, in s.
    pub seconds: Id,
}

impl Graph {
    /// The value of a node some seconds ago; the same delay of the same node is one.
    pub fn delayed(&mut self, of: Id, seconds: Id) -> Id {
        let known = self.delays.iter().find(|delay| (delay.of, delay.seconds) == (of, seconds));
        if let Some(symbol) = known.map(|delay| delay.symbol) {
            return self.symbol(symbol);
        }
        // From the other end than those that a closed loop gives out.
        #[allow(clippy::cast_possible_truncation, reason = "bounded by the size of a graph")]
        let symbol = Symbol(u32::MAX - self.delays.len() as u32);
        self.delays.push(Delay { symbol, of, seconds });
        self.symbol(symbol)
    }

    /// All that has been asked for of the past.
    #[must_use]
    pub fn delays(&self) -> &[Delay] {
        &self.delays
    }
}
