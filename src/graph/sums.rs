//! Sums of products as fused multiply-adds: the last of the rewrites in [`Graph::finished`].

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::{Graph, Id, Node, Operation};

/// A term of a sum.
#[derive(Debug, Clone, Copy)]
struct Term {
    is_negative: bool,
    part: Part,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Product([Id; 2]),
    Value(Id),
}

/// Which nodes are parts of sums alone, and need not be made for themselves.
struct Parts {
    products: HashSet<Id>,
    /// Sums of such products that one other sum needs.
    inner: HashSet<Id>,
}

impl Graph {
    /// Products that are needed in sums alone become parts of fused multiply-adds, and sums of such products parts of the sum that
    /// needs them: that saves the product which would have to be made first.
    pub(super) fn with_sums_fused(&mut self, roots: &[Id]) -> Vec<Id> {
        let order = self.reachable(roots);
        let parts = self.parts(&order, roots);
        let mut new: HashMap<Id, Id> = HashMap::new();
        for id in order {
            if parts.products.contains(&id) || parts.inner.contains(&id) {
                continue;
            }
            let made = match self.node(id) {
                Node::Number(_) | Node::Symbol(_) => id,
                Node::Apply(Operation::Add | Operation::Sub, _) => {
                    let terms = self.terms(id, &parts, &new);
                    self.summed(terms)
                }
                node @ (Node::Apply(..) | Node::Result(..)) => {
                    let operands: Vec<Id> = self.operands(id).iter().map(|operand| new[operand]).collect();
                    self.made_of(node, &operands)
                }
            };
            new.insert(id, made);
        }
        roots.iter().map(|root| new[root]).collect()
    }

    fn parts(&self, order: &[Id], roots: &[Id]) -> Parts {
        let uses = self.uses(order, roots);
        let mut in_sums: HashMap<Id, u32> = HashMap::new();
        for id in order {
            if let Node::Apply(Operation::Add | Operation::Sub, _) = self.node(*id) {
                self.operands(*id).iter().for_each(|term| *in_sums.entry(*term).or_default() += 1);
            }
        }
        let mut parts = Parts { products: HashSet::new(), inner: HashSet::new() };
        for id in order {
            let node = self.node(*id);
            let is_part = in_sums.get(id) == Some(&uses[id]);
            match node {
                Node::Apply(Operation::Mul, _) if is_part => {
                    parts.products.insert(*id);
                }
                Node::Apply(Operation::Add | Operation::Sub, _) if is_part && uses[id] == 1 => {
                    let is_inside = |id: &Id| parts.products.contains(id) || parts.inner.contains(id);
                    if self.operands(*id).iter().all(is_inside) {
                        parts.inner.insert(*id);
                    }
                }
                _ => {}
            }
        }
        parts
    }

    /// The terms of a sum from left to right, of new nodes.
    fn terms(&self, sum: Id, parts: &Parts, new: &HashMap<Id, Id>) -> Vec<Term> {
        let mut terms = Vec::new();
        let mut open = vec![(sum, false)];
        while let Some((id, is_negative)) = open.pop() {
            match self.node(id) {
                Node::Apply(operation @ (Operation::Add | Operation::Sub), [a, b, _])
                    if id == sum || parts.inner.contains(&id) =>
                {
                    open.extend([(b, is_negative ^ (operation == Operation::Sub)), (a, is_negative)]);
                }
                Node::Apply(Operation::Mul, [a, b, _]) if parts.products.contains(&id) => {
                    terms.push(Term { is_negative, part: Part::Product([new[&a], new[&b]]) });
                }
                _ => terms.push(Term { is_negative, part: Part::Value(new[&id]) }),
            }
        }
        terms
    }

    /// A sum from the first term that can stand at its start.
    fn summed(&mut self, mut terms: Vec<Term>) -> Id {
        let is_all_negative = terms.iter().all(|term| term.is_negative);
        if is_all_negative {
            for term in &mut terms {
                term.is_negative = false;
            }
        }
        let mut take = |is_it: &dyn Fn(&Term) -> bool| {
            terms.iter().position(is_it).map(|place| terms.remove(place).part)
        };
        let value = take(&|term| !term.is_negative && matches!(term.part, Part::Value(_)));
        let start = value.or_else(|| take(&|term| !term.is_negative)).expect("a term that is not negative");
        let mut sum = match start {
            Part::Value(value) => value,
            Part::Product([a, b]) => match take(&|term| matches!(term.part, Part::Value(_))) {
                Some(Part::Value(c)) => self.apply(Operation::MulSub, &[a, b, c]),
                _ => self.mul(a, b),
            },
        };
        for Term { is_negative, part } in terms {
            sum = match (part, is_negative) {
                (Part::Value(value), false) => self.add(sum, value),
                (Part::Value(value), true) => self.sub(sum, value),
                (Part::Product([a, b]), false) => self.apply(Operation::MulAdd, &[a, b, sum]),
                (Part::Product([a, b]), true) => self.apply(Operation::NegMulAdd, &[a, b, sum]),
            };
        }
        if is_all_negative { self.neg(sum) } else { sum }
    }
}
