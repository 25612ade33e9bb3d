//! What is done once to the whole of a program before it is ordered: the second half of the rewrites that are part of the language's
//! meaning.
//!
//! With p and q for what is fixed during a simulation and z for what varies:
//!
//! | made | means |
//! |---|---|
//! | `z/p` | `z·(1/p)`, the reciprocal made once a simulation |
//! | `p·(q·z)`, `(p·y)·(q·z)` | `(p·q)·z`, `(p·q)·(y·z)`; factors that are fixed are put in one order |
//! | `sin(a ± b)`, `cos(a ± b)` where the sines or cosines of a and b are there too | the sums of products |
//! | `a·b + c`, `a·b − c`, `c − a·b`, where the product is needed nowhere else | one operation, rounded once |

use std::collections::{HashMap, HashSet};

use super::{Graph, Id, Node, Operation, Symbol};

/// Most factors of a fixed product that are put in order.
const FACTORS_MAX: usize = 32;

impl Graph {
    /// The roots in their final form; `varies` says which symbols change during a simulation.
    pub fn finished(&mut self, roots: &[Id], varies: &dyn Fn(Symbol) -> bool) -> Vec<Id> {
        let roots = self.with_angles_expanded(roots);
        let roots = self.with_factors_gathered(&roots, varies);
        self.with_products_fused(&roots)
    }

    /// Which of the nodes that the roots need depend on what varies.
    #[must_use]
    pub fn varying(&self, roots: &[Id], varies: &dyn Fn(Symbol) -> bool) -> HashSet<Id> {
        let mut varying = HashSet::new();
        for id in self.reachable(roots) {
            let is_varying = match self.node(id) {
                Node::Number(_) => false,
                Node::Symbol(symbol) => varies(symbol),
                node @ Node::Apply(..) => node.operands().iter().any(|operand| varying.contains(operand)),
            };
            if is_varying {
                varying.insert(id);
            }
        }
        varying
    }

    fn with_angles_expanded(&mut self, roots: &[Id]) -> Vec<Id> {
        let mut turned: HashSet<Id> = HashSet::new();
        for id in self.reachable(roots) {
            if let Node::Apply(Operation::Sin | Operation::Cos, [angle, ..]) = self.node(id) {
                turned.insert(angle);
            }
        }
        let is_expandable = |graph: &Self, angle: Id| match graph.node(angle) {
            Node::Apply(Operation::Add | Operation::Sub, [a, b, _]) => {
                turned.contains(&a) && turned.contains(&b)
            }
            _ => false,
        };
        if !turned.iter().any(|angle| is_expandable(self, *angle)) {
            return roots.to_vec();
        }
        self.rebuilt(roots, &mut |graph, node, operands| match node {
            Node::Number(bits) => graph.number(f64::from_bits(bits)),
            Node::Symbol(symbol) => graph.symbol(symbol),
            Node::Apply(function @ (Operation::Sin | Operation::Cos), [angle, ..])
                if is_expandable(graph, angle) =>
            {
                // The parts as they are made anew, not as they were.
                match graph.node(operands[0]) {
                    Node::Apply(sum @ (Operation::Add | Operation::Sub), [a, b, _]) => {
                        graph.expanded(function, (sum, a, b))
                    }
                    _ => graph.apply(function, operands),
                }
            }
            Node::Apply(operation, _) => graph.apply(operation, operands),
        })
    }

    fn expanded(&mut self, function: Operation, (sum, a, b): (Operation, Id, Id)) -> Id {
        let [sin_a, sin_b] = [a, b].map(|angle| self.apply(Operation::Sin, &[angle]));
        let [cos_a, cos_b] = [a, b].map(|angle| self.apply(Operation::Cos, &[angle]));
        let is_sine = function == Operation::Sin;
        let [first, second] = if is_sine {
            [self.mul(sin_a, cos_b), self.mul(cos_a, sin_b)]
        } else {
            [self.mul(cos_a, cos_b), self.mul(sin_a, sin_b)]
        };
        if is_sine == (sum == Operation::Add) { self.add(first, second) } else { self.sub(first, second) }
    }

    fn with_factors_gathered(&mut self, roots: &[Id], varies: &dyn Fn(Symbol) -> bool) -> Vec<Id> {
        // Of new nodes; what they are made of stands before them.
        let mut varying: HashSet<Id> = HashSet::new();
        self.rebuilt(roots, &mut |graph, node, operands| {
            let made = match node {
                Node::Number(bits) => graph.number(f64::from_bits(bits)),
                Node::Symbol(symbol) => graph.symbol(symbol),
                Node::Apply(Operation::Div, _) => {
                    let [z, p] = [operands[0], operands[1]];
                    if varying.contains(&z) && !varying.contains(&p) {
                        let one = graph.number(1.0);
                        let inverse = graph.div(one, p);
                        graph.gathered(z, inverse, &mut varying)
                    } else {
                        graph.div(z, p)
                    }
                }
                Node::Apply(Operation::Mul, _) => graph.gathered(operands[0], operands[1], &mut varying),
                Node::Apply(operation, _) => graph.apply(operation, operands),
            };
            let is_varying = match node {
                Node::Symbol(symbol) => varies(symbol),
                _ => operands.iter().any(|operand| varying.contains(operand)),
            };
            if is_varying && graph.value(made).is_none() {
                varying.insert(made);
                // A product that was gathered inside of a negation or the like varies as well.
                if let Some(inner) = graph.negated(made) {
                    varying.insert(inner);
                }
            }
            made
        })
    }

    /// a·b with what is fixed in both gathered before what varies.
    fn gathered(&mut self, a: Id, b: Id, varying: &mut HashSet<Id>) -> Id {
        let mut fixed = Vec::new();
        let mut rest = Vec::new();
        for factor in [a, b] {
            if !varying.contains(&factor) {
                fixed.push(factor);
                continue;
            }
            match self.node(factor) {
                Node::Apply(Operation::Mul, [p, z, _]) if !varying.contains(&p) => {
                    fixed.push(p);
                    rest.push(z);
                }
                Node::Apply(Operation::Mul, [z, p, _]) if !varying.contains(&p) => {
                    fixed.push(p);
                    rest.push(z);
                }
                _ => rest.push(factor),
            }
        }
        if fixed.is_empty() || rest.is_empty() {
            return self.mul(a, b);
        }
        let varies = rest[1..].iter().fold(rest[0], |product, factor| self.mul(product, *factor));
        varying.insert(varies);
        // In one order, so that products of the same factors are the same node.
        let mut factors: Vec<Id> = Vec::new();
        while let Some(factor) = fixed.pop() {
            match self.node(factor) {
                Node::Apply(Operation::Mul, [p, q, _]) if factors.len() + fixed.len() < FACTORS_MAX => {
                    fixed.extend([p, q]);
                }
                _ => factors.push(factor),
            }
        }
        factors.sort_unstable();
        let factor = factors[1..].iter().fold(factors[0], |product, factor| self.mul(product, *factor));
        self.mul(factor, varies)
    }

    fn with_products_fused(&mut self, roots: &[Id]) -> Vec<Id> {
        let order = self.reachable(roots);
        let mut uses: HashMap<Id, u32> = HashMap::new();
        for id in &order {
            for operand in self.node(*id).operands() {
                *uses.entry(*operand).or_default() += 1;
            }
        }
        for root in roots {
            *uses.entry(*root).or_default() += 1;
        }
        // The factors, as new nodes, of the products that nothing else needs.
        let mut factors: HashMap<Id, [Id; 2]> = HashMap::new();
        let mut new: HashMap<Id, Id> = HashMap::new();
        for id in order {
            let node = self.node(id);
            let operands: Vec<Id> = node.operands().iter().map(|operand| new[operand]).collect();
            let old = node.operands().to_vec();
            let free = |place: usize| factors.get(&old[place]).copied();
            let made = match node {
                Node::Number(_) | Node::Symbol(_) => id,
                Node::Apply(Operation::Mul, _) => {
                    if uses[&id] == 1 {
                        factors.insert(id, [operands[0], operands[1]]);
                    }
                    self.mul(operands[0], operands[1])
                }
                Node::Apply(Operation::Add, _) => match (free(0), free(1)) {
                    (Some([a, b]), _) => self.apply(Operation::MulAdd, &[a, b, operands[1]]),
                    (None, Some([a, b])) => self.apply(Operation::MulAdd, &[a, b, operands[0]]),
                    (None, None) => self.add(operands[0], operands[1]),
                },
                Node::Apply(Operation::Sub, _) => match (free(0), free(1)) {
                    (_, Some([a, b])) => self.apply(Operation::NegMulAdd, &[a, b, operands[0]]),
                    (Some([a, b]), None) => self.apply(Operation::MulSub, &[a, b, operands[1]]),
                    (None, None) => self.sub(operands[0], operands[1]),
                },
                Node::Apply(operation, _) => self.apply(operation, &operands),
            };
            new.insert(id, made);
        }
        roots.iter().map(|root| new[root]).collect()
    }
}
