//! What a step is to make, and its instructions before their values have slots.

use foldhash::{HashMap, HashSet};

use super::Code;
use super::code::OPERANDS;
use crate::graph::{Call, Graph, Id, Node, Operation, Symbol};

/// An instruction before its values have slots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) code: Code,
    pub(super) operation: Operation,
    /// What it makes; of a call one of its results.
    pub(super) makes: [Option<Id>; 2],
    /// Of what; of a call nothing: it has more than that.
    pub(super) of: [Option<Id>; OPERANDS],
    /// Which of these are held once for all lanes, a bit each.
    pub(super) uniform: u8,
}

/// What a step is to make.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    pub(super) graph: &'a Graph,
    /// First those that are shown, then a next value a carried symbol, then what says whether to stop.
    pub(super) roots: &'a [Id],
    pub(super) carried: &'a [Symbol],
    /// What has been made before the step.
    pub(super) prepared: &'a [Id],
    /// How many are shown.
    pub(super) shown: usize,
    /// The numbers that can be held once for all lanes.
    pub(super) uniform: HashSet<Id>,
}

impl Wanted<'_> {
    /// The call that a line does.
    pub(super) fn call(&self, line: &Line) -> Option<&Call> {
        match line.makes[0].map(|id| self.graph.node(id)) {
            Some(Node::Result(call, _)) => Some(self.graph.call(call)),
            _ => None,
        }
    }

    /// All that a line makes.
    pub(super) fn made(&self, line: &Line) -> Vec<Id> {
        self.call(line)
            .map_or_else(|| line.makes.iter().flatten().copied().collect(), |call| call.results.clone())
    }

    /// All that a line reads.
    pub(super) fn read(&self, line: &Line) -> Vec<Id> {
        self.call(line)
            .map_or_else(|| line.of.iter().flatten().copied().collect(), |call| call.operands.clone())
    }

    /// The roots that are the next values of carried symbols.
    pub(super) fn next(&self) -> &[Id] {
        &self.roots[self.shown..][..self.carried.len()]
    }

    /// The carried symbols as nodes, each with its next value.
    pub(super) fn now_and_next(&self) -> Vec<(Id, Id)> {
        let symbols: HashMap<Symbol, Id> = self
            .graph
            .reachable(self.roots)
            .into_iter()
            .filter_map(|id| match self.graph.node(id) {
                Node::Symbol(symbol) => Some((symbol, id)),
                _ => None,
            })
            .collect();
        let pairs = self.carried.iter().zip(self.next());
        pairs.filter_map(|(symbol, next)| symbols.get(symbol).map(|now| (*now, *next))).collect()
    }
}
