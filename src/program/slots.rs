//! The slots of a step's values: a linear scan over its instructions.

use foldhash::{HashMap, HashMapExt};

use super::apart;
use super::wanted::{Line, Wanted};
use super::{CallSite, Code, Instruction, Place, SLOTS_MAX, Step, TooLarge, UNIFORMS_MAX};
use crate::graph::{Call, Graph, Id, Node, Operation, Symbol};
use crate::plugin::{Function, Places};

/// Instructions and slots for `roots`: first those that are shown, then a next value a carried symbol, then what says whether to stop.
pub(super) fn allocate(
    graph: &Graph,
    roots: &[Id],
    carried: &[Symbol],
    prepared: &[Id],
    shown: usize,
) -> Result<Step, TooLarge> {
    let numbers = graph.reachable(roots).into_iter().filter(|id| graph.value(*id).is_some());
    let uniform = numbers.take(UNIFORMS_MAX).collect();
    let wanted = Wanted { graph, roots, carried, prepared, shown, uniform };
    let lines = apart::apart(&wanted, &wanted.lines());
    let mut allocation = Allocation::new(&wanted, &lines);
    for line in &lines {
        allocation.make(line);
    }
    allocation.finish()
}

/// A copy or an operation with its places.
type Draft = (Code, Operation, [usize; 2], [usize; 6]);

struct Allocation<'a> {
    wanted: &'a Wanted<'a>,
    /// How often each value is still read; roots that must last to the end count once more.
    reads: HashMap<Id, usize>,
    /// Where each value is.
    slot: HashMap<Id, usize>,
    /// Where numbers are that are held once.
    uniform: HashMap<Id, usize>,
    /// The carried places whose next value an operation is.
    next_of: HashMap<Id, Vec<usize>>,
    /// The node of each carried symbol.
    carried: Vec<Option<Id>>,
    free: Vec<usize>,
    used: usize,
    /// Slots below this are not given back.
    fixed: usize,
    constants: Vec<(Place, f64)>,
    drafts: Vec<Draft>,
    /// Functions with the slots that they read and write.
    calls: Vec<(Function, Vec<usize>, Vec<usize>)>,
    /// Carried places whose next value is in place already.
    settled: Vec<bool>,
}

/// At most [`SLOTS_MAX`].
#[allow(clippy::cast_possible_truncation, reason = "at most SLOTS_MAX")]
fn byte(slot: usize) -> u8 {
    slot as u8
}

impl<'a> Allocation<'a> {
    fn new(wanted: &'a Wanted<'a>, lines: &[Line]) -> Self {
        let mut allocation = Self {
            wanted,
            reads: HashMap::new(),
            slot: HashMap::new(),
            uniform: HashMap::new(),
            next_of: HashMap::new(),
            carried: vec![None; wanted.carried.len()],
            free: Vec::new(),
            used: wanted.carried.len(),
            fixed: 0,
            constants: Vec::new(),
            drafts: Vec::new(),
            calls: Vec::new(),
            settled: vec![false; wanted.carried.len()],
        };
        for id in wanted.prepared {
            allocation.slot.insert(*id, allocation.used);
            allocation.used += 1;
        }
        for line in lines {
            for operand in wanted.call(line).iter().flat_map(|call| &call.operands) {
                *allocation.reads.entry(*operand).or_default() += 1;
                allocation.hold(*operand);
            }
            for (place, operand) in line.of.iter().enumerate() {
                let Some(operand) = operand else { continue };
                if line.uniform >> place & 1 == 1 {
                    allocation.hold_once(*operand);
                } else {
                    *allocation.reads.entry(*operand).or_default() += 1;
                    allocation.hold(*operand);
                }
            }
        }
        for (place, next) in wanted.next().iter().enumerate() {
            allocation.next_of.entry(*next).or_default().push(place);
        }
        let (shown, stop) = (&wanted.roots[..wanted.shown], &wanted.roots[wanted.roots.len() - 1..]);
        for root in shown.iter().chain(stop) {
            allocation.hold(*root);
        }
        for next in wanted.next() {
            if wanted.uniform.contains(next) {
                allocation.hold_once(*next);
            } else {
                allocation.hold(*next);
            }
        }
        for root in wanted.roots {
            *allocation.reads.entry(*root).or_default() += 1;
        }
        allocation.fixed = allocation.used;
        allocation
    }

    /// A slot for what is there before the step, if it has none.
    fn hold(&mut self, id: Id) {
        if self.slot.contains_key(&id) {
            return;
        }
        match self.wanted.graph.node(id) {
            Node::Number(bits) => {
                self.slot.insert(id, self.used);
                self.constants.push((Place::Slot(byte(self.used)), f64::from_bits(bits)));
                self.used += 1;
            }
            Node::Symbol(symbol) => {
                if let Some(place) = self.wanted.carried.iter().position(|known| *known == symbol) {
                    self.slot.insert(id, place);
                    self.carried[place] = Some(id);
                }
            }
            Node::Apply(..) | Node::Result(..) => {}
        }
    }

    /// A place for a number that is held once, if it has none.
    fn hold_once(&mut self, id: Id) {
        let place = self.uniform.len();
        if let (Some(value), false) = (self.wanted.graph.value(id), self.uniform.contains_key(&id)) {
            self.uniform.insert(id, place);
            self.constants.push((Place::Uniform(byte(place)), value));
        }
    }

    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        })
    }

    /// Whether nothing reads the old value of a carried place any more.
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

    /// A call, whose results go into slots that it does not read.
    fn call(&mut self, call: &Call) {
        let out: Vec<usize> = call.results.iter().map(|id| self.place(*id)).collect();
        let of: Vec<usize> = call.operands.iter().map(|id| self.read(*id)).collect();
        for (id, slot) in call.results.iter().zip(&out) {
            if self.reads.get(id).is_none_or(|reads| *reads == 0) && *slot >= self.fixed {
                self.free.push(*slot);
            }
        }
        self.drafts.push((Code::Call, Operation::Add, [0; 2], [self.calls.len(), 0, 0, 0, 0, 0]));
        self.calls.push((call.function.clone(), of, out));
    }

    fn make(&mut self, line: &Line) {
        if let Some(call) = self.wanted.call(line) {
            return self.call(call);
        }
        let mut of = [0; 6];
        for (place, operand) in line.of.iter().enumerate() {
            let Some(operand) = operand else { continue };
            let is_uniform = line.uniform >> place & 1 == 1;
            of[place] = if is_uniform { self.uniform[operand] } else { self.read(*operand) };
        }
        let mut out = [0; 2];
        for (slot, id) in out.iter_mut().zip(line.makes.iter().flatten()) {
            *slot = self.place(*id);
        }
        self.drafts.push((line.code, line.operation, out, of));
    }

    fn copy(&mut self, to: usize, from: usize) {
        self.drafts.push((Code::Move, Operation::Add, [to, 0], [from, 0, 0, 0, 0, 0]));
    }

    fn finish(mut self) -> Result<Step, TooLarge> {
        let Wanted { roots, shown, uniform, .. } = self.wanted;
        let shown = *shown;
        let next = self.wanted.next();
        let is_open = |place: &usize| !self.settled[*place] && !uniform.contains(&next[*place]);
        let moves: Vec<(usize, usize)> = (0..next.len())
            .filter(is_open)
            .map(|place| (place, self.slot[&next[place]]))
            .filter(|(place, from)| place != from)
            .collect();
        let spreads: Vec<(usize, usize)> = (0..next.len())
            .filter(|place| uniform.contains(&next[*place]))
            .map(|place| (place, self.uniform[&next[place]]))
            .collect();
        let is_overwritten = |slot: usize| moves.iter().chain(&spreads).any(|(place, _)| *place == slot);
        // What is read after the step must not be overwritten by it.
        let last = [&roots[..shown], &roots[roots.len() - 1..]].concat();
        let mut lasting: Vec<usize> = last.iter().map(|root| self.slot[root]).collect();
        for slot in &mut lasting {
            if is_overwritten(*slot) {
                let kept = self.used;
                self.used += 1;
                self.copy(kept, *slot);
                *slot = kept;
            }
        }
        // A source that is a destination of another move is kept first.
        let mut copies = Vec::new();
        for (place, mut from) in moves.iter().copied() {
            if is_overwritten(from) {
                let kept = self.used;
                self.used += 1;
                self.copy(kept, from);
                from = kept;
            }
            copies.push((place, from));
        }
        for (place, from) in copies {
            self.copy(place, from);
        }
        for (place, from) in spreads {
            self.drafts.push((Code::Spread, Operation::Add, [place, 0], [from, 0, 0, 0, 0, 0]));
        }
        if self.used.max(self.calls.len()) > SLOTS_MAX {
            return Err(TooLarge::Slots(self.used));
        }
        let bytes = |slots: Vec<usize>| slots.into_iter().map(byte).collect::<Vec<u8>>();
        let call = |(function, of, out)| CallSite { function, slots: Places::new(&bytes(of), &bytes(out)) };
        let instruction = |(code, operation, out, of): &Draft| {
            Instruction::new(*code, *operation, of.map(byte), out.map(byte))
        };
        Ok(Step {
            instructions: self.drafts.iter().map(instruction).collect(),
            calls: self.calls.into_iter().map(call).collect(),
            constants: self.constants,
            stop: byte(lasting[shown]),
            shown: lasting[..shown].iter().copied().map(byte).collect(),
            slots: self.used,
            carried: self.wanted.carried.len(),
            prepared: Vec::new(),
        })
    }
}
