//! A graph over single numbers, without allocating: what is done once a job.

use foldhash::{HashMap, HashMapExt};

use crate::graph::{Graph, Id, Node, Operation, Symbol, apply_all};

/// Straight-line code over single numbers: inputs, then numbers, then what is made of them, each in a place of its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tape {
    pub(super) inputs: usize,
    pub(super) numbers: Vec<f64>,
    pub(super) steps: Vec<(Operation, [u32; 3])>,
    pub(super) results: Vec<u32>,
}

impl Tape {
    /// What gives `roots` from the values of `inputs`. A symbol that is no input is NaN.
    #[must_use]
    pub fn new(graph: &Graph, inputs: &[Symbol], roots: &[Id]) -> Self {
        let order = graph.reachable(roots);
        let mut tape =
            Self { inputs: inputs.len(), numbers: Vec::new(), steps: Vec::new(), results: Vec::new() };
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
                Node::Apply(..) => continue,
            };
            place.insert(*id, number(tape.inputs + tape.numbers.len()));
            tape.numbers.push(value);
        }
        for id in &order {
            if let Node::Apply(operation, operands) = graph.node(*id) {
                let of = operands.map(|operand| place[&operand]);
                place.insert(*id, number(tape.inputs + tape.numbers.len() + tape.steps.len()));
                tape.steps.push((operation, of));
            }
        }
        tape.results = roots.iter().map(|root| place[root]).collect();
        tape
    }

    /// How many numbers a run needs to work with.
    #[must_use]
    pub fn room(&self) -> usize {
        self.inputs + self.numbers.len() + self.steps.len()
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
        let first = self.inputs + self.numbers.len();
        apply_all(&self.steps, room, first);
        self.results.iter().map(|place| room[*place as usize])
    }
}
