//! The order of a step's instructions, and the slots of its values.

use std::collections::HashMap;

use super::{Code, Instruction, SLOTS_MAX, Step, TooLarge};
use crate::graph::{Graph, Id, Node, Operation, Symbol};

/// Instructions and slots for `roots`: first those that are shown, then a next value a carried symbol, then what says whether to stop.
pub(super) fn allocate(
    graph: &Graph,
    roots: &[Id],
    carried: &[Symbol],
    prepared: &[Id],
    shown: usize,
) -> Result<Step, TooLarge> {
    let mut allocation = Allocation::new(graph, roots, carried, prepared, shown);
    let order = depth_first(graph, roots, &allocation.slot);
    for id in order {
        allocation.make(id);
    }
    allocation.finish(roots, shown)
}

/// The operations that the roots need beyond what has a slot, each behind those that it needs and as near to them as it can be.
fn depth_first(graph: &Graph, roots: &[Id], known: &HashMap<Id, usize>) -> Vec<Id> {
    let mut done: HashMap<Id, bool> = HashMap::new();
    let mut order = Vec::new();
    for root in roots {
        let mut path = vec![*root];
        while let Some(id) = path.last().copied() {
            let node = graph.node(id);
            match done.get(&id) {
                Some(true) => {
                    path.pop();
                }
                Some(false) => {
                    done.insert(id, true);
                    if matches!(node, Node::Apply(..)) {
                        order.push(id);
                    }
                    path.pop();
                }
                None if known.contains_key(&id) => {
                    done.insert(id, true);
                }
                None => {
                    done.insert(id, false);
                    // The first operand ends on top, and is made first.
                    path.extend(node.operands().iter().rev().filter(|operand| !done.contains_key(operand)));
                }
            }
        }
    }
    order
}

struct Allocation<'a> {
    graph: &'a Graph,
    /// How often each value is still read; roots that must last to the end count once more.
    reads: HashMap<Id, usize>,
    /// Where each value is.
    slot: HashMap<Id, usize>,
    /// The carried places whose next value an operation is.
    next_of: HashMap<Id, Vec<usize>>,
    /// The node of each carried symbol.
    carried: Vec<Option<Id>>,
    free: Vec<usize>,
    used: usize,
    /// Slots below this are not given back.
    fixed: usize,
    constants: Vec<(usize, f64)>,
    instructions: Vec<(Code, [usize; 2], [usize; 3])>,
    /// Carried places whose next value is in place already.
    settled: Vec<bool>,
}

impl<'a> Allocation<'a> {
    fn new(graph: &'a Graph, roots: &[Id], carried: &[Symbol], prepared: &[Id], shown: usize) -> Self {
        let order = graph.reachable(roots);
        let mut allocation = Self {
            graph,
            reads: HashMap::new(),
            slot: HashMap::new(),
            next_of: HashMap::new(),
            carried: vec![None; carried.len()],
            free: Vec::new(),
            used: carried.len(),
            fixed: 0,
            constants: Vec::new(),
            instructions: Vec::new(),
            settled: vec![false; carried.len()],
        };
        for id in prepared {
            allocation.slot.insert(*id, allocation.used);
            allocation.used += 1;
        }
        for id in &order {
            match graph.node(*id) {
                Node::Number(bits) => {
                    allocation.slot.insert(*id, allocation.used);
                    allocation.constants.push((allocation.used, f64::from_bits(bits)));
                    allocation.used += 1;
                }
                Node::Symbol(symbol) => {
                    if let Some(place) = carried.iter().position(|known| *known == symbol) {
                        allocation.slot.insert(*id, place);
                        allocation.carried[place] = Some(*id);
                    }
                }
                Node::Apply(..) => {}
            }
        }
        allocation.fixed = allocation.used;
        // What is prepared is not made in a step, nor is what it is made of.
        for id in depth_first(graph, roots, &allocation.slot) {
            for operand in graph.node(id).operands() {
                *allocation.reads.entry(*operand).or_default() += 1;
            }
        }
        for (place, root) in roots.iter().enumerate() {
            *allocation.reads.entry(*root).or_default() += 1;
            if let Some(carried) = place.checked_sub(shown).filter(|place| *place < carried.len()) {
                allocation.next_of.entry(*root).or_default().push(carried);
            }
        }
        allocation
    }

    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        })
    }

    /// Whether nobody reads the old value of a carried place any more.
    fn is_open(&self, place: usize) -> bool {
        let old = self.carried[place];
        !self.settled[place] && old.is_none_or(|old| self.reads.get(&old).copied().unwrap_or(0) == 0)
    }

    fn read(&mut self, id: Id) -> usize {
        let slot = self.slot[&id];
        if let Some(left) = self.reads.get_mut(&id) {
            *left -= 1;
            if *left == 0 && slot >= self.fixed {
                self.free.push(slot);
            }
        }
        slot
    }

    /// The slot of a new value: that of a carried place where it may go at once.
    fn place(&mut self, id: Id) -> usize {
        let places = self.next_of.get(&id).cloned().unwrap_or_default();
        if let Some(place) = places.into_iter().find(|place| self.is_open(*place)) {
            self.settled[place] = true;
            self.slot.insert(id, place);
            return place;
        }
        let slot = self.take();
        self.slot.insert(id, slot);
        slot
    }

    fn make(&mut self, id: Id) {
        if self.slot.contains_key(&id) {
            return;
        }
        let node = self.graph.node(id);
        let Node::Apply(operation, all) = node else { return };
        // Sine and cosine of an angle are made together, where both are needed.
        if let Operation::Sin | Operation::Cos = operation {
            let twin = self.twin(operation, all[0]);
            if let Some(twin) =
                twin.filter(|twin| !self.slot.contains_key(twin) && self.reads.contains_key(twin))
            {
                let (sin, cos) = if operation == Operation::Sin { (id, twin) } else { (twin, id) };
                // The angle is read twice, and must last until both are written.
                let angle = self.slot[&all[0]];
                let out = [self.place(sin), self.place(cos)];
                self.read(all[0]);
                self.read(all[0]);
                self.instructions.push((Code::SinCos, out, [angle; 3]));
                return;
            }
        }
        let mut of = [0; 3];
        for (slot, operand) in of.iter_mut().zip(node.operands()) {
            *slot = self.read(*operand);
        }
        for place in operation.operands()..3 {
            of[place] = of[0];
        }
        let out = self.place(id);
        self.instructions.push((Code::Apply(operation), [out, out], of));
    }

    fn twin(&self, operation: Operation, angle: Id) -> Option<Id> {
        let other = if operation == Operation::Sin { Operation::Cos } else { Operation::Sin };
        self.graph.find(other, angle)
    }

    fn finish(mut self, roots: &[Id], shown: usize) -> Result<Step, TooLarge> {
        let count = self.carried.len();
        let moves: Vec<(usize, usize)> = (0..count)
            .filter(|place| !self.settled[*place])
            .map(|place| (place, self.slot[&roots[shown + place]]))
            .filter(|(place, from)| place != from)
            .collect();
        // What is read after the step must not be overwritten by it.
        let last = [&roots[..shown], &roots[roots.len() - 1..]].concat();
        let mut lasting: Vec<usize> = last.iter().map(|root| self.slot[root]).collect();
        for slot in lasting.iter_mut().filter(|slot| moves.iter().any(|(place, _)| place == *slot)) {
            let kept = self.used;
            self.used += 1;
            self.instructions.push((Code::Move, [kept; 2], [*slot; 3]));
            *slot = kept;
        }
        // A source that is a destination of another move is kept first.
        let mut copies = Vec::new();
        for (place, from) in &moves {
            let mut from = *from;
            if moves.iter().any(|(other, _)| *other == from) {
                let kept = self.used;
                self.used += 1;
                self.instructions.push((Code::Move, [kept; 2], [from; 3]));
                from = kept;
            }
            copies.push((Code::Move, [*place; 2], [from; 3]));
        }
        self.instructions.extend(copies);
        if self.used > SLOTS_MAX {
            return Err(TooLarge::Slots(self.used));
        }
        #[allow(clippy::cast_possible_truncation, reason = "at most SLOTS_MAX")]
        let slot = |slot: usize| slot as u8;
        let instruction = |(code, out, of): &(Code, [usize; 2], [usize; 3])| Instruction {
            code: *code,
            out: out.map(slot),
            of: of.map(slot),
        };
        Ok(Step {
            constants: self.constants.iter().map(|(place, value)| (slot(*place), *value)).collect(),
            instructions: self.instructions.iter().map(instruction).collect(),
            stop: slot(lasting[shown]),
            shown: lasting[..shown].iter().copied().map(slot).collect(),
            slots: self.used,
        })
    }
}
