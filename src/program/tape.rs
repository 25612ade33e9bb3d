//! A graph over single numbers, without allocating: what is done once a job.

use foldhash::{HashMap, HashMapExt};

use crate::graph::{Call, Graph, Id, Node, Operation, Symbol, apply_all};
use crate::plugin::Function;

/// Straight-line code over single numbers: inputs, then numbers, then what is made of them, each in a place of its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tape {
    pub(super) inputs: usize,
    pub(super) numbers: Vec<f64>,
    pub(super) steps: Vec<(Operation, [u32; 3])>,
    pub(super) calls: Vec<TapeCall>,
    pub(super) results: Vec<u32>,
}

/// A call of a library's function between two steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TapeCall {
    pub(super) function: Function,
    /// How many steps stand before it.
    pub(super) after: usize,
    pub(super) of: Box<[u32]>,
    /// Where its results stand, one after the other.
    pub(super) out: usize,
}

/// A stretch of a tape.
pub(super) enum Stretch<'a> {
    /// Operations, and the place of the first result.
    Steps(&'a [(Operation, [u32; 3])], usize),
    Call(&'a TapeCall),
}

impl Tape {
    /// What gives `roots` from the values of `inputs`. A symbol that is no input is NaN.
    #[must_use]
    pub fn new(graph: &Graph, inputs: &[Symbol], roots: &[Id]) -> Self {
        let order = graph.reachable(roots);
        let mut tape = Self { inputs: inputs.len(), ..Self::default() };
        let mut place: HashMap<Id, u32> = HashMap::new();
        // Sizes are bounded by those of a graph.
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        for id in &order {
            let value = match graph.node(*id) {
                Node::Number(bits) => f64::from_bits(bits),
                Node::Symbol(symbol) => match inputs.iter().position(|input| *input == symbol) {
                    Some(input) => {
                        place.insert(*id, number(input));
                        continue;
                    }
                    None => f64::NAN,
                },
                Node::Apply(..) | Node::Result(..) => continue,
            };
            place.insert(*id, number(tape.inputs + tape.numbers.len()));
            tape.numbers.push(value);
        }
        let mut next = tape.inputs + tape.numbers.len();
        for id in &order {
            match graph.node(*id) {
                Node::Apply(operation, operands) => {
                    let of = operands.map(|operand| place[&operand]);
                    place.insert(*id, number(next));
                    tape.steps.push((operation, of));
                    next += 1;
                }
                Node::Result(call, _) if !place.contains_key(id) => {
                    let Call { function, operands, results } = graph.call(call);
                    let of = operands.iter().map(|operand| place[operand]).collect();
                    let after = tape.steps.len();
                    tape.calls.push(TapeCall { function: function.clone(), after, of, out: next });
                    place.extend(results.iter().copied().zip((next..).map(number)));
                    next += results.len();
                }
                _ => {}
            }
        }
        tape.results = roots.iter().map(|root| place[root]).collect();
        tape
    }

    /// How many numbers a run needs to work with.
    #[must_use]
    pub fn room(&self) -> usize {
        let called: usize = self.calls.iter().map(|call| call.function.results()).sum();
        self.inputs + self.numbers.len() + self.steps.len() + called
    }

    /// Whether a library's function is called.
    #[must_use]
    pub fn calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Whether a function is called that remembers what no place holds.
    #[must_use]
    pub fn hides_state(&self) -> bool {
        self.calls.iter().any(|call| call.function.hides_state())
    }

    /// Steps and calls in their order.
    pub(super) fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        (0..=self.calls.len()).flat_map(|k| {
            let (from, first) = match k.checked_sub(1).map(|before| &self.calls[before]) {
                Some(call) => (call.after, call.out + call.function.results()),
                None => (0, self.inputs + self.numbers.len()),
            };
            let call = self.calls.get(k);
            let to = call.map_or(self.steps.len(), |call| call.after);
            std::iter::once(Stretch::Steps(&self.steps[from..to], first)).chain(call.map(Stretch::Call))
        })
    }

    /// How many inputs a run takes.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The same as [`Tape::run`], with every number rounded to 32 bits: inputs, constants, and what each operation gives. The bits are those of operations on
    /// numbers of 32 bits, but of a product and sum that are rounded once, where a last place may differ, and of functions, which are the nearest number here.
    pub fn run_in_single<'a>(
        &'a self,
        inputs: impl IntoIterator<Item = f64>,
        room: &'a mut [f64],
    ) -> impl Iterator<Item = f64> + 'a {
        #[allow(clippy::cast_possible_truncation, reason = "that is what is wanted")]
        let single = |number: f64| f64::from(number as f32);
        room.iter_mut().zip(inputs).take(self.inputs).for_each(|(place, input)| *place = single(input));
        let mut at = self.inputs;
        for number in &self.numbers {
            room[at] = single(*number);
            at += 1;
        }
        for (operation, of) in &self.steps {
            room[at] = single(operation.of(of.map(|place| room[place as usize])));
            at += 1;
        }
        self.results.iter().map(|place| room[*place as usize])
    }

    /// The results for `inputs`, one after the other; `room` has at least [`Tape::room`] numbers.
    ///
    /// # Panics
    ///
    /// When `room` or `inputs` are too short.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn run<'a>(
        &'a self,
        inputs: impl IntoIterator<Item = f64>,
        room: &'a mut [f64],
    ) -> impl Iterator<Item = f64> + 'a {
        let mut count = 0;
        for (place, input) in room.iter_mut().zip(inputs).take(self.inputs) {
            *place = input;
            count += 1;
        }
        assert_eq!(count, self.inputs, "a number an input");
        room[self.inputs..][..self.numbers.len()].copy_from_slice(&self.numbers);
        for stretch in self.stretches() {
            match stretch {
                Stretch::Steps(steps, first) => apply_all(steps, room, first),
                Stretch::Call(TapeCall { function, of, out, .. }) => {
                    let (before, results) = room.split_at_mut(*out);
                    let operands = of.iter().map(|place| before[*place as usize]);
                    function.of(operands, &mut results[..function.results()]);
                }
            }
        }
        self.results.iter().map(|place| room[*place as usize])
    }
}
