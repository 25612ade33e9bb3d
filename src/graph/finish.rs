//! What is done once to the whole of a program before it is ordered: the second half of the rewrites that are part of the language's
//! meaning.
//!
//! With p and q for what is fixed during a simulation and z for what varies:
//!
//! | made | means |
//! |---|---|
//! | `z/p` | `z·(1/p)`, the reciprocal made once a simulation |
//! | `p·(q·z)`, `(p·y)·(q·z)`, where nothing else needs the products | `(p·q)·z`, `y·((p·q)·z)`; factors that are fixed are put in one order |
//! | `sin(a ± b)`, `cos(a ± b)` where the sines or cosines of a and b are there too | the sums of products |
//! | `sin(a + p·z)`, `cos(a + p·z)` where p is a number of at most 1/64 and the sine or cosine of a is there too | those of a, turned by p·z |
//! | `a·b + c`, `a·b − c`, `c − a·b`, where the product is needed in sums alone | one operation, rounded once |
//! | `(a·b ± c·d) ± z`, where nothing else needs what is in the brackets | the products added to `z` one by one |

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::{Graph, Id, Node, Operation, Symbol};

/// What multiplies a rate to make a little turn of it: integration steps in s are no longer.
const LITTLE: f64 = 1.0 / 64.0;

/// Most factors of a fixed product that are put in order.
const FACTORS_MAX: usize = 32;

impl Graph {
    /// The roots in their final form; `varies` says which symbols change during a simulation.
    pub fn finished(&mut self, roots: &[Id], varies: &dyn Fn(Symbol) -> bool) -> Vec<Id> {
        let roots = self.with_angles_expanded(roots);
        let roots = self.with_factors_gathered(&roots, varies);
        self.with_sums_fused(&roots)
    }

    /// Which of the nodes that the roots need depend on what varies.
    #[must_use]
    pub fn varying(&self, roots: &[Id], varies: &dyn Fn(Symbol) -> bool) -> HashSet<Id> {
        let mut varying = HashSet::new();
        for id in self.reachable(roots) {
            let is_varying = match self.node(id) {
                Node::Number(_) => false,
                Node::Symbol(symbol) => varies(symbol),
                Node::Apply(..) | Node::Result(..) => {
                    self.operands(id).iter().any(|operand| varying.contains(operand))
                }
            };
            if is_varying {
                varying.insert(id);
            }
        }
        varying
    }

    fn with_angles_expanded(&mut self, roots: &[Id]) -> Vec<Id> {
        let mut known: HashSet<Id> = HashSet::new();
        for id in self.reachable(roots) {
            if let Node::Apply(Operation::Sin | Operation::Cos, [angle, ..]) = self.node(id) {
                known.insert(angle);
            }
        }
        let is_expandable = |graph: &Self, angle: Id| match graph.node(angle) {
            Node::Apply(Operation::Add | Operation::Sub, [a, b, _]) => {
                known.contains(&a) && known.contains(&b)
            }
            _ => false,
        };
        self.rebuilt(roots, &mut |graph, node, operands| match node {
            Node::Number(bits) => graph.number(f64::from_bits(bits)),
            Node::Symbol(symbol) => graph.symbol(symbol),
            Node::Apply(function @ (Operation::Sin | Operation::Cos), [angle, ..]) => {
                // The parts as they are made anew, not as they were.
                match graph.node(operands[0]) {
                    Node::Apply(sum @ (Operation::Add | Operation::Sub), [a, b, _])
                        if is_expandable(graph, angle) =>
                    {
                        graph.expanded(function, (sum, a, b), &known)
                    }
                    _ => graph.turned(function, operands[0], &known),
                }
            }
            Node::Apply(..) | Node::Result(..) => graph.made_of(node, operands),
        })
    }

    fn expanded(&mut self, function: Operation, (sum, a, b): (Operation, Id, Id), known: &HashSet<Id>) -> Id {
        let [sin_a, sin_b] = [a, b].map(|angle| self.turned(Operation::Sin, angle, known));
        let [cos_a, cos_b] = [a, b].map(|angle| self.turned(Operation::Cos, angle, known));
        let is_sine = function == Operation::Sin;
        let [first, second] = if is_sine {
            [self.mul(sin_a, cos_b), self.mul(cos_a, sin_b)]
        } else {
            [self.mul(cos_a, cos_b), self.mul(sin_a, sin_b)]
        };
        if is_sine == (sum == Operation::Add) { self.add(first, second) } else { self.sub(first, second) }
    }

    /// The sine or cosine of an angle: where it is a known one and a little more, that one's turned.
    fn turned(&mut self, function: Operation, angle: Id, known: &HashSet<Id>) -> Id {
        if let Node::Apply(Operation::Add, [a, b, _]) = self.node(angle) {
            let is_little = |by: Id| match self.node(by) {
                Node::Apply(Operation::Mul, [p, q, _]) => {
                    [p, q].iter().any(|p| self.value(*p).is_some_and(|p| p.abs() <= LITTLE))
                }
                _ => false,
            };
            let parts = [(a, b), (b, a)];
            if let Some((start, by)) =
                parts.into_iter().find(|(start, by)| known.contains(start) && is_little(*by))
            {
                let [sin, cos] =
                    [Operation::Sin, Operation::Cos].map(|function| self.apply(function, &[start]));
                let is_sine = function == Operation::Sin;
                let function = if is_sine { Operation::SinTurned } else { Operation::CosTurned };
                return self.apply(function, &[sin, cos, by]);
            }
        }
        self.apply(function, &[angle])
    }

    fn with_factors_gathered(&mut self, roots: &[Id], varies: &dyn Fn(Symbol) -> bool) -> Vec<Id> {
        let order = self.reachable(roots);
        let varying = self.varying(roots, varies);
        let uses = self.uses(&order, roots);
        let mut gathering = Gathering { alone: HashSet::new(), varying: HashSet::new() };
        let mut new: HashMap<Id, Id> = HashMap::new();
        for id in order {
            let node = self.node(id);
            let operands: Vec<Id> = self.operands(id).iter().map(|operand| new[operand]).collect();
            let made = match node {
                Node::Number(_) | Node::Symbol(_) => id,
                Node::Apply(Operation::Div, [z, p, _]) if varying.contains(&z) && !varying.contains(&p) => {
                    let one = self.number(1.0);
                    let inverse = self.div(one, operands[1]);
                    self.gathered(operands[0], inverse, &mut gathering)
                }
                Node::Apply(Operation::Mul, _) if varying.contains(&id) => {
                    self.gathered(operands[0], operands[1], &mut gathering)
                }
                Node::Apply(..) | Node::Result(..) => self.made_of(node, &operands),
            };
            if varying.contains(&id) && self.value(made).is_none() {
                // A product that was gathered inside of a negation varies as well.
                for made in [Some(made), self.negated(made)].into_iter().flatten() {
                    gathering.varying.insert(made);
                    if uses[&id] == 1 {
                        gathering.alone.insert(made);
                    } else {
                        gathering.alone.remove(&made);
                    }
                }
            }
            new.insert(id, made);
        }
        roots.iter().map(|root| new[root]).collect()
    }

    /// How often each of the nodes in `order` is needed.
    pub(super) fn uses(&self, order: &[Id], roots: &[Id]) -> HashMap<Id, u32> {
        let mut uses: HashMap<Id, u32> = HashMap::new();
        let needed = order.iter().flat_map(|id| self.operands(*id));
        for id in needed.chain(roots).copied() {
            *uses.entry(id).or_default() += 1;
        }
        uses
    }

    /// a·b, where what is fixed in one is multiplied into what is fixed in the other if that saves an operation.
    fn gathered(&mut self, a: Id, b: Id, gathering: &mut Gathering) -> Id {
        for (one, other) in [(a, b), (b, a)] {
            let (fixed, rest) = if gathering.varying.contains(&one) {
                match self.split(one, gathering).filter(|_| gathering.alone.contains(&one)) {
                    Some((fixed, rest)) => (fixed, Some(rest)),
                    None => continue,
                }
            } else {
                (one, None)
            };
            if let Some(scaled) = self.scaled(other, fixed, gathering) {
                return rest.map_or(scaled, |rest| self.mul(rest, scaled));
            }
        }
        self.mul(a, b)
    }

    /// The fixed factor and the other one of a product that has just one.
    fn split(&self, product: Id, gathering: &Gathering) -> Option<(Id, Id)> {
        let Node::Apply(Operation::Mul, [a, b, _]) = self.node(product) else { return None };
        match (gathering.varying.contains(&a), gathering.varying.contains(&b)) {
            (false, true) => Some((a, b)),
            (true, false) => Some((b, a)),
            _ => None,
        }
    }

    /// A product that nothing else needs with its fixed factor, if it has one, multiplied by `by`.
    fn scaled(&mut self, product: Id, by: Id, gathering: &mut Gathering) -> Option<Id> {
        if !gathering.alone.contains(&product) {
            return None;
        }
        let made = if let Some((fixed, rest)) = self.split(product, gathering) {
            let factor = self.fixed_product([fixed, by]);
            self.mul(factor, rest)
        } else {
            let Node::Apply(Operation::Mul, [a, b, _]) = self.node(product) else { return None };
            let (scaled, other) = match self.scaled(a, by, gathering) {
                Some(scaled) => (scaled, b),
                None => (self.scaled(b, by, gathering)?, a),
            };
            self.mul(scaled, other)
        };
        gathering.varying.insert(made);
        gathering.alone.insert(made);
        Some(made)
    }

    /// A product of fixed factors in one order, so that products of the same factors are the same node.
    fn fixed_product(&mut self, factors: [Id; 2]) -> Id {
        let mut open = factors.to_vec();
        let mut factors: Vec<Id> = Vec::new();
        while let Some(factor) = open.pop() {
            match self.node(factor) {
                Node::Apply(Operation::Mul, [p, q, _]) if factors.len() + open.len() < FACTORS_MAX => {
                    open.extend([p, q]);
                }
                _ => factors.push(factor),
            }
        }
        factors.sort_unstable();
        factors[1..].iter().fold(factors[0], |product, factor| self.mul(product, *factor))
    }
}

/// What is known of new nodes while factors are gathered.
struct Gathering {
    /// Those that one other node needs.
    alone: HashSet<Id>,
    /// Those that change during a simulation.
    varying: HashSet<Id>,
}
