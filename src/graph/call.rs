//! Calls of functions that a library brings: to a graph, values of which nothing is known but what they are made of.

use super::{Graph, Id, Node};
use crate::plugin::Function;

/// A call of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(u32);

/// A function on nodes.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called.
    pub function: Function,
    /// What it reads.
    pub operands: Vec<Id>,
    /// The nodes of its results, in their order.
    pub results: Vec<Id>,
}

impl Graph {
    /// The results of a function on nodes; the same call is made once, and one on numbers alone at once.
    ///
    /// # Panics
    ///
    /// When the function reads another number of operands.
    pub fn called(&mut self, function: &Function, operands: &[Id]) -> Vec<Id> {
        assert_eq!(operands.len(), function.operands(), "operands of {function:?}");
        let is_known = |call: &&Call| call.operands == operands && call.function == *function;
        if let Some(known) = self.calls.iter().find(is_known) {
            return known.results.clone();
        }
        let numbers: Option<Vec<f64>> = operands.iter().map(|operand| self.value(*operand)).collect();
        if let Some(numbers) = numbers {
            let mut results = vec![0.0; function.results()];
            function.of(numbers, &mut results);
            return results.into_iter().map(|result| self.number(result)).collect();
        }
        // At most as many as there are nodes.
        let id = CallId(u32::try_from(self.calls.len()).unwrap_or(u32::MAX));
        #[allow(clippy::cast_possible_truncation, reason = "a function has few results")]
        let results: Vec<Id> =
            (0..function.results()).map(|place| self.intern(Node::Result(id, place as u32))).collect();
        self.calls.push(Call {
            function: function.clone(),
            operands: operands.to_vec(),
            results: results.clone(),
        });
        results
    }

    /// A call.
    #[must_use]
    pub fn call(&self, id: CallId) -> &Call {
        &self.calls[id.0 as usize]
    }

    /// An operation or a call on other operands.
    ///
    /// # Panics
    ///
    /// Of a number or symbol, which is made of nothing.
    pub(super) fn made_of(&mut self, node: Node, operands: &[Id]) -> Id {
        match node {
            Node::Apply(operation, _) => self.apply(operation, operands),
            Node::Result(call, place) => {
                let function = self.call(call).function.clone();
                self.called(&function, operands)[place as usize]
            }
            Node::Number(_) | Node::Symbol(_) => unreachable!("made of nothing"),
        }
    }
}
