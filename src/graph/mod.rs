//! Expressions as a hash-consed graph: what is written twice stands once.
//!
//! A node is a number, a symbol or an operation on nodes that stand before it, so that the order of the nodes is one in which they can
//! be computed, and no walk needs recursion. Nodes are simplified as they are made; these rewrites are part of the language's meaning,
//! done once, the same for every backend:
//!
//! | written | means |
//! |---|---|
//! | an operation on numbers | its value |
//! | `a + 0`, `a − 0`, `a·1`, `a/1`, `a^1`, `−(−a)` | `a` |
//! | `0·a`, `0/a`, `a − a` | 0, also where `a` is not finite |
//! | `a^0` | 1 |
//! | `a^2`, `a^3`, … `a^16`, and their reciprocals | products by squaring |
//! | `a^0.5` | `√a` |
//! | `a + (−b)`, `a − (−b)`, `(−a)·b`, `a·(−b)`, `(−1)·a` | `a − b`, `a + b`, `−(a·b)`, `−(a·b)`, `−a` |
//!
//! More that needs the whole of a program stands in [`Graph::finished`].

use foldhash::{HashMap, HashMapExt};

mod call;
mod delay;
mod derivative;
mod finish;
mod fixed;
mod matrix;
mod operation;
mod riccati;
mod solve;
mod sums;

pub use call::{Call, CallId};
pub use delay::Delay;
pub use fixed::Fixed;
pub(crate) use matrix::Matrix;
pub(crate) use operation::arithmetic;
pub use operation::{Entry, Operation, TABLE, apply, apply_all};
pub use solve::Unsolvable;

/// A node of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u32);

/// Something whose value the graph does not know: a state, a parameter, a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// A number, by its bits.
    Number(u64),
    /// A symbol.
    Symbol(Symbol),
    /// An operation; of the three operands those beyond its own repeat the first.
    Apply(Operation, [Id; 3]),
    /// One of the results of a call, by its place.
    Result(CallId, u32),
}

impl Node {
    /// Whether it is made of other nodes.
    #[must_use]
    pub fn is_made(&self) -> bool {
        matches!(self, Self::Apply(..) | Self::Result(..))
    }
}

/// Most nodes of a graph; what would need more is refused by those who build it (see [`Graph::is_full`]).
pub const NODES_MAX: usize = 1 << 17;

/// Of so many nodes one is enough that looking at all is no slower than sorting those that are needed.
const MANY: usize = 16;

/// The largest whole power that is made of products.
const POWER_MAX: f64 = 16.0;

/// A hash-consed graph of expressions.
///
/// ```
/// use gainswarm::graph::{Graph, Operation, Symbol};
///
/// let mut graph = Graph::new();
/// let x = graph.symbol(Symbol(0));
/// let sine = graph.apply(Operation::Sin, &[x]);
/// let product = graph.mul(x, sine);
/// assert_eq!(graph.mul(x, sine), product, "what is written twice stands once");
///
/// let slope = graph.derivative(product, Symbol(0));
/// let [value] = graph.evaluated(&[slope], &|_| 2.0)[..] else { unreachable!() };
/// assert!((value - (2_f64.sin() + 2.0 * 2_f64.cos())).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, Id>,
    calls: Vec<Call>,
    delays: Vec<Delay>,
    fixed: Vec<Fixed>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it has as many nodes as it may have; what is made from then on is no more than NaN.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.nodes.len() >= NODES_MAX
    }

    /// What a node is.
    #[must_use]
    pub fn node(&self, id: Id) -> Node {
        self.nodes[id.0 as usize]
    }

    /// The nodes that a node needs.
    #[must_use]
    pub fn operands(&self, id: Id) -> &[Id] {
        match &self.nodes[id.0 as usize] {
            Node::Number(_) | Node::Symbol(_) => &[],
            Node::Apply(operation, operands) => &operands[..operation.operands()],
            Node::Result(call, _) => &self.call(*call).operands,
        }
    }

    /// The node of a number.
    pub fn number(&mut self, value: f64) -> Id {
        // One zero and one NaN: the sign of either is an accident of the arithmetic.
        let value = if value == 0.0 { 0.0 } else { value };
        let value = if value.is_nan() { f64::NAN } else { value };
        self.intern(Node::Number(value.to_bits()))
    }

    /// The node of a symbol.
    pub fn symbol(&mut self, symbol: Symbol) -> Id {
        self.intern(Node::Symbol(symbol))
    }

    /// The number that a node is, if it is one.
    #[must_use]
    pub fn value(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn is(&self, id: Id, number: f64) -> bool {
        // One zero and one NaN, so that bits tell.
        self.value(id).is_some_and(|value| value.to_bits() == number.to_bits())
    }

    fn negated(&self, id: Id) -> Option<Id> {
        match self.node(id) {
            Node::Apply(Operation::Neg, [inner, ..]) => Some(inner),
            _ => None,
        }
    }

    /// An operation on nodes, simplified.
    ///
    /// # Panics
    ///
    /// When the operation takes another number of operands.
    pub fn apply(&mut self, operation: Operation, operands: &[Id]) -> Id {
        assert_eq!(operands.len(), operation.operands(), "operands of {operation:?}");
        let mut all = [operands[0]; 3];
        all[..operands.len()].copy_from_slice(operands);
        let values = all.map(|operand| self.value(operand));
        if let [Some(a), Some(b), Some(c)] = values {
            return self.number(operation.of([a, b, c]));
        }
        if let Some(simple) = self.simplified(operation, all) {
            return simple;
        }
        if operation.commutes() && all[1] < all[0] {
            all.swap(0, 1);
        }
        if operation.operands() == 1 {
            all = [all[0]; 3];
        } else if operation.operands() == 2 {
            all[2] = all[0];
        }
        self.intern(Node::Apply(operation, all))
    }

    /// a + b
    pub fn add(&mut self, a: Id, b: Id) -> Id {
        self.apply(Operation::Add, &[a, b])
    }

    /// a − b
    pub fn sub(&mut self, a: Id, b: Id) -> Id {
        self.apply(Operation::Sub, &[a, b])
    }

    /// a·b
    pub fn mul(&mut self, a: Id, b: Id) -> Id {
        self.apply(Operation::Mul, &[a, b])
    }

    /// a/b
    pub fn div(&mut self, a: Id, b: Id) -> Id {
        self.apply(Operation::Div, &[a, b])
    }

    /// −a
    pub fn neg(&mut self, a: Id) -> Id {
        self.apply(Operation::Neg, &[a])
    }

    /// a where `condition` is true, else b.
    pub fn select(&mut self, condition: Id, a: Id, b: Id) -> Id {
        self.apply(Operation::Select, &[condition, a, b])
    }

    /// a within low and high; NaN stays NaN.
    pub fn clamped(&mut self, a: Id, low: Id, high: Id) -> Id {
        let below = self.apply(Operation::Min, &[a, high]);
        self.apply(Operation::Max, &[below, low])
    }

    fn intern(&mut self, node: Node) -> Id {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let node = if self.is_full() { Node::Number(f64::NAN.to_bits()) } else { node };
        // At most NODES_MAX, but for the one NaN that stands for all that is beyond.
        let id = Id(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        if let Some(id) = self.known.get(&node) {
            *id
        } else {
            self.nodes.push(node);
            self.known.insert(node, id);
            id
        }
    }

    fn simplified(&mut self, operation: Operation, [a, b, c]: [Id; 3]) -> Option<Id> {
        match operation {
            Operation::Neg => self.negated(a),
            Operation::Add => self.simplified_sum(a, b),
            Operation::Sub => self.simplified_difference(a, b),
            Operation::Mul => self.simplified_product(a, b),
            Operation::Div if self.is(b, 1.0) || self.is(a, 0.0) => Some(a),
            Operation::Div => {
                let a = self.negated(a)?;
                let quotient = self.div(a, b);
                Some(self.neg(quotient))
            }
            Operation::Pow => self.simplified_power(a, self.value(b)?),
            Operation::Min | Operation::Max if a == b => Some(a),
            Operation::Select if b == c => Some(b),
            // NaN is false as 0 is.
            Operation::Select => self.value(a).map(|truth| if truth.abs() > 0.0 { b } else { c }),
            _ => None,
        }
    }

    fn simplified_sum(&mut self, a: Id, b: Id) -> Option<Id> {
        if self.is(a, 0.0) {
            return Some(b);
        }
        if self.is(b, 0.0) {
            return Some(a);
        }
        if let Some(b) = self.negated(b) {
            return Some(self.sub(a, b));
        }
        let a = self.negated(a)?;
        Some(self.sub(b, a))
    }

    fn simplified_difference(&mut self, a: Id, b: Id) -> Option<Id> {
        if self.is(b, 0.0) {
            return Some(a);
        }
        if a == b {
            return Some(self.number(0.0));
        }
        if self.is(a, 0.0) {
            return Some(self.neg(b));
        }
        let b = self.negated(b)?;
        Some(self.add(a, b))
    }

    fn simplified_product(&mut self, a: Id, b: Id) -> Option<Id> {
        for (number, other) in [(a, b), (b, a)] {
            match self.value(number) {
                Some(0.0) => return Some(self.number(0.0)),
                Some(1.0) => return Some(other),
                Some(-1.0) => return Some(self.neg(other)),
                _ => {}
            }
        }
        for (negative, other) in [(a, b), (b, a)] {
            if let Some(inner) = self.negated(negative) {
                let product = self.mul(inner, other);
                return Some(self.neg(product));
            }
        }
        None
    }

    fn simplified_power(&mut self, base: Id, power: f64) -> Option<Id> {
        if power.to_bits() == 0.5_f64.to_bits() {
            return Some(self.apply(Operation::Sqrt, &[base]));
        }
        if power.abs() > POWER_MAX || power.fract() != 0.0 {
            return None;
        }
        let one = self.number(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 16")]
        let mut left = power.abs() as u32;
        let (mut square, mut product) = (base, one);
        while left > 0 {
            if left & 1 == 1 {
                product = self.mul(product, square);
            }
            left >>= 1;
            if left > 0 {
                square = self.mul(square, square);
            }
        }
        Some(if power < 0.0 { self.div(one, product) } else { product })
    }

    /// The node that is made along with one: the cosine of a sine, the sine of a cosine, if it stands in the graph.
    #[must_use]
    pub fn twin(&self, id: Id) -> Option<Id> {
        let Node::Apply(operation, operands) = self.node(id) else { return None };
        let other = match operation {
            Operation::Sin => Operation::Cos,
            Operation::Cos => Operation::Sin,
            Operation::SinTurned => Operation::CosTurned,
            Operation::CosTurned => Operation::SinTurned,
            _ => return None,
        };
        self.known.get(&Node::Apply(other, operands)).copied()
    }

    /// The nodes that `roots` need, themselves among them, each behind those that it needs.
    #[must_use]
    pub fn reachable(&self, roots: &[Id]) -> Vec<Id> {
        let mut is_found = vec![false; self.nodes.len()];
        let (mut found, mut open) = (Vec::new(), roots.to_vec());
        while let Some(id) = open.pop() {
            if !std::mem::replace(&mut is_found[id.0 as usize], true) {
                found.push(id);
                open.extend(self.operands(id));
            }
        }
        // Nodes stand behind those that they need.
        if found.len() < is_found.len() / MANY {
            found.sort_unstable();
            return found;
        }
        let ids = (0_u32..).map(Id).zip(is_found);
        ids.filter(|(_, is_found)| *is_found).map(|(id, _)| id).collect()
    }

    /// Whether a node depends on any of the symbols that `varies` accepts.
    #[must_use]
    pub fn depends(&self, root: Id, varies: impl Fn(Symbol) -> bool) -> bool {
        let is_it = |id: &Id| matches!(self.node(*id), Node::Symbol(symbol) if varies(symbol));
        self.reachable(&[root]).iter().any(is_it)
    }

    /// The roots with symbols replaced by nodes, all at once.
    pub fn substituted(&mut self, roots: &[Id], by: &HashMap<Symbol, Id>) -> Vec<Id> {
        self.rebuilt(roots, &mut |graph, node, operands| match node {
            Node::Symbol(symbol) => by.get(&symbol).copied().unwrap_or_else(|| graph.symbol(symbol)),
            Node::Number(bits) => graph.number(f64::from_bits(bits)),
            Node::Apply(..) | Node::Result(..) => graph.made_of(node, operands),
        })
    }

    /// The roots made anew from below: `make` gives the new node of an old one from its new operands.
    fn rebuilt(&mut self, roots: &[Id], make: &mut dyn FnMut(&mut Self, Node, &[Id]) -> Id) -> Vec<Id> {
        let mut new: HashMap<Id, Id> = HashMap::new();
        for id in self.reachable(roots) {
            let node = self.node(id);
            let operands: Vec<Id> = self.operands(id).iter().map(|operand| new[operand]).collect();
            let made = make(self, node, &operands);
            new.insert(id, made);
        }
        roots.iter().map(|root| new[root]).collect()
    }

    /// The values of roots where the symbols have those that `symbols` gives; the bits are those of every lane.
    #[must_use]
    pub fn evaluated(&self, roots: &[Id], symbols: &dyn Fn(Symbol) -> f64) -> Vec<f64> {
        let mut values: HashMap<Id, f64> = HashMap::new();
        for id in self.reachable(roots) {
            let value = match self.node(id) {
                Node::Number(bits) => f64::from_bits(bits),
                Node::Symbol(symbol) => symbols(symbol),
                Node::Apply(operation, operands) => operation.of(operands.map(|operand| values[&operand])),
                Node::Result(call, place) => {
                    let Call { function, operands, .. } = self.call(call);
                    let mut results = vec![0.0; function.results()];
                    function.of(operands.iter().map(|operand| values[operand]), &mut results);
                    results[place as usize]
                }
            };
            values.insert(id, value);
        }
        roots.iter().map(|root| values[root]).collect()
    }
}
