//! The order of a step's instructions, and which operations one instruction does together.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::Code;
use super::code::{self, OPERANDS};
use super::special::Specials;
use super::wanted::{Line, Wanted};
use crate::graph::{Id, Node, Operation, Symbol};

impl Wanted<'_> {
    /// The instructions of the step, in order.
    pub(super) fn lines(&self) -> Vec<Line> {
        let known: HashSet<Id> = self.prepared.iter().copied().collect();
        let before = self.readers_before_next(&known);
        let order = self.depth_first(&known, &before);
        let order = self.brought_forward(&order, &before);
        let reads = self.reads(&order);
        let specials = Specials::new(self, &order, &reads);
        let joined = self.joined(&order, &reads, &specials);
        let firsts: HashSet<Id> = joined.values().map(|(first, _)| *first).collect();
        let mut done: HashSet<Id> = HashSet::new();
        let mut lines = Vec::new();
        for id in order {
            if firsts.contains(&id) || specials.within.contains(&id) || done.contains(&id) {
                continue;
            }
            let line = match specials.lines.get(&id) {
                Some(line) => *line,
                None => self.line(id, joined.get(&id)),
            };
            done.extend(self.made(&line));
            lines.push(line);
        }
        lines
    }

    /// What has to be made before each operation, beyond its operands: who reads the old value of a carried symbol, before its
    /// next value is made, so that this can go to its place at once.
    fn readers_before_next(&self, known: &HashSet<Id>) -> HashMap<Id, Vec<Id>> {
        // Who stands behind each value: those that read it, and those that wait for it.
        let mut behind: HashMap<Id, Vec<Id>> = HashMap::new();
        let order = self.depth_first(known, &HashMap::new());
        for id in &order {
            for operand in self.graph.operands(*id) {
                behind.entry(*operand).or_default().push(*id);
            }
        }
        let made: HashSet<Id> = order.into_iter().collect();
        let mut before: HashMap<Id, Vec<Id>> = HashMap::new();
        for (now, next) in self.now_and_next().into_iter().filter(|(_, next)| made.contains(next)) {
            let mut later: HashSet<Id> = HashSet::new();
            let mut open = vec![next];
            while let Some(id) = open.pop() {
                if later.insert(id) {
                    open.extend(behind.get(&id).into_iter().flatten());
                }
            }
            let readers = behind.get(&now).cloned().unwrap_or_default();
            for reader in readers.into_iter().filter(|reader| !later.contains(reader)) {
                before.entry(next).or_default().push(reader);
                behind.entry(reader).or_default().push(next);
            }
        }
        before
    }

    /// The operations that the roots need beyond what is known, each behind those that it needs and as near to them as it can be.
    fn depth_first(&self, known: &HashSet<Id>, before: &HashMap<Id, Vec<Id>>) -> Vec<Id> {
        let mut done: HashMap<Id, bool> = HashMap::new();
        let mut order = Vec::new();
        let heights = self.heights(known);
        // What can be done early needs not be kept in mind.
        let mut roots = self.roots.to_vec();
        roots.sort_by_key(|root| heights[root]);
        for root in roots {
            let mut path = vec![root];
            while let Some(id) = path.last().copied() {
                match done.get(&id) {
                    Some(true) => {
                        path.pop();
                    }
                    Some(false) => {
                        done.insert(id, true);
                        if self.graph.node(id).is_made() {
                            order.push(id);
                        }
                        path.pop();
                    }
                    None if known.contains(&id) => {
                        done.insert(id, true);
                    }
                    None => {
                        done.insert(id, false);
                        // The highest operand ends on top, and is made first: what it needs on the way is gone when the others come.
                        let mut operands: Vec<Id> = self.graph.operands(id).iter().rev().copied().collect();
                        operands.sort_by_key(|operand| heights[operand]);
                        let behind = before.get(&id).into_iter().flatten().copied().chain(operands);
                        path.extend(behind.filter(|operand| !done.contains_key(operand)));
                    }
                }
            }
        }
        order
    }

    /// How many operations have to follow each other to make each value.
    fn heights(&self, known: &HashSet<Id>) -> HashMap<Id, u32> {
        let mut heights = HashMap::new();
        for id in self.graph.reachable(self.roots) {
            let highest = self.graph.operands(id).iter().map(|operand| heights[operand] + 1).max();
            heights.insert(id, highest.filter(|_| !known.contains(&id)).unwrap_or(0));
        }
        heights
    }

    /// The order with operations done as soon as they can be, where they are the last to need a value: so that fewer are kept.
    fn brought_forward(&self, order: &[Id], before: &HashMap<Id, Vec<Id>>) -> Vec<Id> {
        let mut reads = self.reads(order);
        let mut waiting: HashMap<Id, HashSet<Id>> = HashMap::new();
        let mut waited_for: HashMap<Id, Vec<Id>> = HashMap::new();
        let made: HashSet<Id> = order.iter().copied().collect();
        for id in order {
            let needed = self.graph.operands(*id).iter().chain(before.get(id).into_iter().flatten());
            let needed: HashSet<Id> = needed.copied().filter(|needed| made.contains(needed)).collect();
            for other in &needed {
                waited_for.entry(*other).or_default().push(*id);
            }
            waiting.insert(*id, needed);
        }
        let mut done: HashSet<Id> = HashSet::new();
        let mut forward = Vec::new();
        for id in order {
            let mut open = vec![*id];
            while let Some(id) = open.pop() {
                if !done.insert(id) {
                    continue;
                }
                forward.push(id);
                for operand in self.graph.operands(id) {
                    *reads.entry(*operand).or_default() -= 1;
                }
                for user in waited_for.get(&id).into_iter().flatten() {
                    let Some(needed) = waiting.get_mut(user) else { continue };
                    needed.remove(&id);
                    let operands = self.graph.operands(*user);
                    let ends = |operand: &Id| {
                        let times = operands.iter().filter(|other| *other == operand).count();
                        made.contains(operand) && reads[operand] == times
                    };
                    if needed.is_empty() && operands.iter().any(ends) {
                        open.push(*user);
                    }
                }
            }
        }
        forward
    }

    /// How often each value is read; what must last to the end of the step is read once more.
    pub(super) fn reads(&self, order: &[Id]) -> HashMap<Id, usize> {
        let mut reads: HashMap<Id, usize> = HashMap::new();
        for id in order {
            for operand in self.graph.operands(*id) {
                *reads.entry(*operand).or_default() += 1;
            }
        }
        for root in self.roots {
            *reads.entry(*root).or_default() += 1;
        }
        reads
    }

    /// For operations that take up another one: which, and at which place they take its result.
    fn joined(
        &self,
        order: &[Id],
        reads: &HashMap<Id, usize>,
        specials: &Specials,
    ) -> HashMap<Id, (Id, usize)> {
        let is_special = |id: &Id| specials.lines.contains_key(id) || specials.within.contains(id);
        let made: HashSet<Id> = order.iter().copied().filter(|id| !is_special(id)).collect();
        let mut joined: HashMap<Id, (Id, usize)> = HashMap::new();
        let mut taken: HashSet<Id> = HashSet::new();
        let place_of: HashMap<Id, usize> = order.iter().copied().zip(0..).collect();
        // An operation that is taken up is done later: not behind the next value of what it reads, which would have to wait for it.
        let overwritten: HashMap<Symbol, usize> = self
            .carried
            .iter()
            .zip(self.next())
            .filter_map(|(symbol, next)| place_of.get(next).map(|place| (*symbol, *place)))
            .collect();
        let waits = |first: &Id, then: &Id| {
            self.graph.operands(*first).iter().any(|operand| match self.graph.node(*operand) {
                Node::Symbol(symbol) => overwritten
                    .get(&symbol)
                    .is_some_and(|next| place_of[first] < *next && *next < place_of[then]),
                _ => false,
            })
        };
        // From the first on: of a chain, the second takes up the first, the fourth the third.
        for id in order.iter().filter(|id| made.contains(id)) {
            let Node::Apply(operation, _) = self.graph.node(*id) else { continue };
            let mut best: Option<(u32, Id, usize)> = None;
            for (place, first) in self.graph.operands(*id).iter().enumerate() {
                let is_free = reads[first] == 1 && made.contains(first) && !joined.contains_key(first);
                if !is_free || taken.contains(first) || waits(first, id) {
                    continue;
                }
                let Node::Apply(inner, _) = self.graph.node(*first) else { continue };
                let constant = self.constant(self.operands(*first, Some((*id, place))));
                if let Some((_, _, uniform)) = code::code(inner, Some((operation, place)), constant)
                    && best.is_none_or(|(most, ..)| uniform.count_ones() > most)
                {
                    best = Some((uniform.count_ones(), *first, place));
                }
            }
            if let Some((_, first, place)) = best {
                joined.insert(*id, (first, place));
                taken.insert(first);
            }
        }
        joined
    }

    /// The operands of an operation, then the others of the one that takes it up.
    fn operands(&self, first: Id, then: Option<(Id, usize)>) -> [Option<Id>; OPERANDS] {
        let mut of = [None; OPERANDS];
        let mut all: Vec<Id> = self.graph.operands(first).to_vec();
        if let Some((then, place)) = then {
            let others = self.graph.operands(then).iter().enumerate().filter(|(other, _)| *other != place);
            all.extend(others.map(|(_, operand)| *operand));
        }
        for (place, operand) in of.iter_mut().zip(all) {
            *place = Some(operand);
        }
        of
    }

    fn constant(&self, of: [Option<Id>; OPERANDS]) -> [bool; OPERANDS] {
        of.map(|operand| operand.is_some_and(|operand| self.uniform.contains(&operand)))
    }

    fn line(&self, id: Id, joined: Option<&(Id, usize)>) -> Line {
        if let Node::Result(..) = self.graph.node(id) {
            let (makes, of) = ([Some(id), None], [None; OPERANDS]);
            return Line { code: Code::Call, operation: Operation::Add, makes, of, uniform: 0 };
        }
        let (first, then) = match joined {
            Some((first, place)) => (*first, Some((id, *place))),
            None => (id, None),
        };
        let operation = self.operation(first);
        let of = self.operands(first, then);
        let makes = [Some(id), None];
        let seconds = then.map(|(then, place)| (self.operation(then), place));
        match code::code(operation, seconds, self.constant(of)) {
            Some((code, order, uniform)) => {
                Line { code, operation, makes, of: order.map(|place| of[place]), uniform }
            }
            None => Line { code: Code::Elsewhere, operation, makes, of, uniform: 0 },
        }
    }

    fn operation(&self, id: Id) -> Operation {
        match self.graph.node(id) {
            Node::Apply(operation, _) => operation,
            _ => unreachable!("only operations are ordered"),
        }
    }
}
