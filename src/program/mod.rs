//! Programs: a graph as straight-line code, and what runs it over blocks of lanes and over single numbers, with the same bits.
//!
//! A program advances simulations step by step. What persists from one step to the next is [`Carried`]; a job gives the numbers of its
//! `inputs`; what these fix is prepared once a job. Each value that is needed at a time has a slot:
//!
//! ```text
//! start   inputs → first carried values, prepared values     once a job, over single numbers
//! step    carried, prepared, constants → carried, stop       over a block of lanes
//! end     inputs, carried → results                          once a job, over single numbers
//! ```
//!
//! What a step costs is memory traffic above all: an operand is a load a vector, a result a store, and an instruction is decoded once a
//! block. So an instruction does more than one operation where it can:
//!
//! - `special.rs` finds what has two results: sine and cosine of an angle, two unknowns of two equations, and the like;
//! - `order.rs` orders the other operations so that few values are kept, and joins two of them where nothing else needs the first;
//! - `apart.rs` keeps an instruction away from those whose results it needs, so that a processor need not wait;
//! - `slots.rs` gives slots by a linear scan over that order (Poletto & Sarkar 1999, doi:10.1145/330249.330250); a carried value is
//!   written in place where nothing needs the old one any more, and numbers that all lanes share are held once;
//! - `code.rs` is the table of what an instruction can do, `run.rs` does it.
//!
//! None of this changes a bit: each operation is rounded as its node in the graph says, whoever it is done with.

use foldhash::{HashSet, HashSetExt};

use crate::graph::{Graph, Id, Node, Operation, Symbol};
use crate::plugin::{Function, Places};

mod apart;
mod code;
mod dual;
mod order;
mod run;
mod slots;
mod special;
mod tape;
mod wanted;

pub use code::Code;
pub(crate) use code::Shape;
pub use dual::Dual;
pub(crate) use run::step;
pub use run::{Block, SLOTS_MAX, UNIFORMS_MAX};
pub use tape::Tape;

/// A value that persists from step to step.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// What stands for it.
    pub symbol: Symbol,
    /// Its value at the start of a job, made of inputs.
    pub first: Id,
    /// Its value after a step, made of inputs and carried values.
    pub next: Id,
}

/// What a program is made of.
#[derive(Debug, Clone)]
pub struct Sections {
    /// What a job gives, in the order of its numbers.
    pub inputs: Vec<Symbol>,
    /// The carried values.
    pub carried: Vec<Carried>,
    /// How many of them the plain step carries; the others stand behind these, and nothing but what is shown needs them.
    pub needed: usize,
    /// True where a simulation ends after a step; made of inputs and carried values as they were before the step, but see `after`.
    pub stop: Id,
    /// Values of a step to look at.
    pub shown: Vec<Id>,
    /// What a job comes to: made of inputs, and of carried values as they are at its end.
    pub results: Vec<Id>,
}

/// An instruction: what is done with which slots, and where the results go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// What is done.
    pub code: Code,
    /// Its first operation; a code that leaves open which is done takes it from here.
    pub operation: Operation,
    /// A byte a place: operands from the lowest on, then the results. In one word, so that reading it takes one load.
    places: u64,
}

impl Instruction {
    /// An instruction on slots, or where the code says so, uniform numbers; the second result is that of a cosine or an unknown.
    #[must_use]
    pub fn new(code: Code, operation: Operation, of: [u8; 6], out: [u8; 2]) -> Self {
        let [a, b, c, d, e, f] = of;
        Self { code, operation, places: u64::from_le_bytes([a, b, c, d, e, f, out[0], out[1]]) }
    }

    /// The place of an operand, from 0 on.
    #[inline(always)]
    #[must_use]
    pub fn of(&self, operand: usize) -> usize {
        (self.places >> (8 * operand) & 0xff) as usize
    }

    /// The places of the operands and of the results.
    #[inline(always)]
    #[must_use]
    pub fn places(&self) -> ([usize; 6], [usize; 2]) {
        let of = [self.of(0), self.of(1), self.of(2), self.of(3), self.of(4), self.of(5)];
        (of, [self.out(0), self.out(1)])
    }

    /// The slot of a result, from 0 on.
    #[inline(always)]
    #[must_use]
    pub fn out(&self, result: usize) -> usize {
        self.of(6 + result)
    }
}

/// Where a constant is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In all lanes of a slot.
    Slot(u8),
    /// Once for all lanes.
    Uniform(u8),
}

/// Why there is no program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLarge {
    /// More values are needed at a time than there are slots.
    Slots(usize),
}

/// A call of a step: which slots a library's function reads, and which it writes.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSite {
    /// What is called.
    pub function: Function,
    /// The slots that it reads, and those that it writes, none of which it reads.
    pub slots: Places,
}

/// The code of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Numbers that are the same in all lanes and for ever.
    pub constants: Vec<(Place, f64)>,
    /// What is done, in this order.
    pub instructions: Vec<Instruction>,
    /// The calls that instructions name by their places.
    pub calls: Vec<CallSite>,
    /// Where it is said whether a lane stops.
    pub stop: u8,
    /// Where the shown values are.
    pub shown: Vec<u8>,
    /// How many slots it takes.
    pub slots: usize,
    /// How many carried values it keeps, the first of the program's; they have the first slots.
    pub carried: usize,
    /// The slot of each prepared value of the program; `None` of one that it does not need.
    pub prepared: Vec<Option<u8>>,
}

/// A program.
#[derive(Debug, Clone)]
pub struct Program {
    /// How many values are carried.
    pub carried: usize,
    /// A step that keeps nothing to show.
    pub plain: Step,
    /// The same step, with the same bits, that keeps what is shown.
    pub watched: Step,
    /// Floating-point operations of a plain step, see [`Operation::flops`].
    pub flops: u32,
    /// inputs → carried values, then prepared ones.
    pub start: Tape,
    /// inputs, carried values → results.
    pub end: Tape,
    /// inputs, carried values → what is shown.
    pub look: Tape,
}

/// A step in its final form, before it is ordered.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What is shown, then the next value of each carried one, then what says whether to stop.
    pub roots: Vec<Id>,
    /// The nodes that change from step to step.
    pub varying: HashSet<Id>,
    /// What does not, and is needed by what does or is a root itself: it is made once a job.
    pub prepared: Vec<Id>,
}

impl Finished {
    /// The rewrites of [`Graph::finished`], done to all that a step makes.
    #[must_use]
    pub fn new(graph: &mut Graph, sections: &Sections) -> Self {
        let carried: HashSet<Symbol> = sections.carried.iter().map(|carried| carried.symbol).collect();
        let varies = |symbol: Symbol| carried.contains(&symbol);
        let mut roots: Vec<Id> = sections.shown.clone();
        roots.extend(sections.carried.iter().map(|carried| carried.next));
        roots.push(sections.stop);
        let roots = graph.finished(&roots, &varies);
        let varying = graph.varying(&roots, &varies);
        let prepared = prepared(graph, &roots, &varying);
        Self { roots, varying, prepared }
    }
}

impl Program {
    /// The program of a graph.
    ///
    /// # Errors
    ///
    /// When it needs more slots than there are.
    pub fn new(graph: &mut Graph, sections: &Sections) -> Result<Self, TooLarge> {
        let Finished { roots, varying, prepared } = Finished::new(graph, sections);

        let firsts: Vec<Id> =
            sections.carried.iter().map(|carried| carried.first).chain(prepared.iter().copied()).collect();
        let start = Tape::new(graph, &sections.inputs, &firsts);
        let mut known = sections.inputs.clone();
        known.extend(sections.carried.iter().map(|carried| carried.symbol));
        let end = Tape::new(graph, &known, &sections.results);
        let look = Tape::new(graph, &known, &sections.shown);

        let symbols: Vec<Symbol> = sections.carried.iter().map(|carried| carried.symbol).collect();
        let (shown, needed) = (sections.shown.len(), sections.needed);
        let step = |roots: &[Id], symbols: &[Symbol], shown: usize| -> Result<Step, TooLarge> {
            let own = self::prepared(graph, roots, &varying);
            let mut step = slots::allocate(graph, roots, symbols, &own, shown)?;
            #[allow(clippy::cast_possible_truncation, reason = "at most SLOTS_MAX")]
            let slot = |id: &Id| own.iter().position(|known| known == id).map(|k| (step.carried + k) as u8);
            step.prepared = prepared.iter().map(slot).collect();
            Ok(step)
        };
        let watched = step(&roots, &symbols, shown)?;
        let mut roots_of_plain = roots[shown..][..needed].to_vec();
        roots_of_plain.extend(roots.last());
        let plain = step(&roots_of_plain, &symbols[..needed], 0)?;
        let operation = |id: Id| match graph.node(id) {
            Node::Apply(operation, _) if varying.contains(&id) => operation.flops(),
            _ => 0,
        };
        let flops = graph.reachable(&roots_of_plain).into_iter().map(operation).sum();
        Ok(Self { carried: symbols.len(), flops, plain, watched, start, end, look })
    }
}

/// What does not vary and is needed by what does, or is a root itself.
fn prepared(graph: &Graph, roots: &[Id], varying: &HashSet<Id>) -> Vec<Id> {
    let mut prepared = Vec::new();
    let mut seen: HashSet<Id> = HashSet::new();
    let mut want = |id: Id| {
        if !varying.contains(&id) && graph.value(id).is_none() && seen.insert(id) {
            prepared.push(id);
        }
    };
    for id in graph.reachable(roots) {
        if varying.contains(&id) {
            graph.operands(id).iter().for_each(|operand| want(*operand));
        }
    }
    for root in roots {
        want(*root);
    }
    prepared
}
