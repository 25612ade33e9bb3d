//! Instructions with two results: what is made together, where both are needed.

use foldhash::{HashMap, HashMapExt, HashSet};

use super::Code;
use super::code::OPERANDS;
use super::wanted::{Line, Wanted};
use crate::graph::{Graph, Id, Node, Operation};

/// The instructions with two results that a step has.
#[derive(Debug, Default)]
pub(super) struct Specials {
    /// By each of their results.
    pub(super) lines: HashMap<Id, Line>,
    /// Operations that they do on the way.
    pub(super) within: HashSet<Id>,
}

impl Specials {
    /// Those of the operations in `order`, which are needed as often as `reads` says.
    pub(super) fn new(wanted: &Wanted<'_>, order: &[Id], reads: &HashMap<Id, usize>) -> Self {
        let mut specials = Self::default();
        let finder = Finder { graph: wanted.graph, reads };
        for id in order {
            if !specials.lines.contains_key(id)
                && let Some(twin) = wanted.graph.twin(*id).filter(|twin| reads.contains_key(twin))
            {
                specials.turn(wanted, [*id, twin], reads);
            }
        }
        let mut users: HashMap<Id, Vec<Id>> = HashMap::new();
        for id in order {
            for operand in wanted.graph.operands(*id) {
                users.entry(*operand).or_default().push(*id);
            }
        }
        for id in order {
            for (line, within) in finder.solutions(*id, &users).into_iter().flatten() {
                specials.insert(line, &within);
            }
        }
        for id in order {
            if let Some((line, within)) = finder.cross(*id, &users) {
                let (line, within) = finder.scaled_cross(wanted, line, within, &users);
                specials.insert(line, &within);
            }
        }
        for id in order {
            let line = finder.square(wanted, *id).or_else(|| finder.scale(wanted, *id));
            if let Some(line) = line {
                specials.insert(line, &[]);
            }
        }
        specials
    }

    fn insert(&mut self, line: Line, within: &[Id]) {
        let results: Vec<Id> = line.makes.iter().flatten().copied().collect();
        let is_free = |id: &Id| !self.lines.contains_key(id) && !self.within.contains(id);
        if results.iter().chain(within).all(is_free) {
            self.lines.extend(results.into_iter().map(|id| (id, line)));
            self.within.extend(within);
        }
    }

    /// Sine and cosine of the same angle.
    fn turn(&mut self, wanted: &Wanted<'_>, pair: [Id; 2], reads: &HashMap<Id, usize>) {
        let Node::Apply(operation, operands) = wanted.graph.node(pair[0]) else { return };
        let is_cosine = matches!(operation, Operation::Cos | Operation::CosTurned);
        let [sin, cos] = if is_cosine { [pair[1], pair[0]] } else { pair };
        let mut line = Line {
            code: Code::SinCos,
            operation,
            makes: [Some(sin), Some(cos)],
            of: [Some(operands[0]), None, None, None, None, None],
            uniform: 0,
        };
        if operation.operands() == 1 {
            return self.insert(line, &[]);
        }
        let [before_sin, before_cos, by] = operands;
        line.code = Code::Turn;
        line.of = [Some(before_sin), Some(before_cos), Some(by), None, None, None];
        let mut within = Vec::new();
        if let Node::Apply(Operation::Mul, [a, b, _]) = wanted.graph.node(by)
            && let Some((factor, rate)) =
                [(a, b), (b, a)].into_iter().find(|(factor, _)| wanted.uniform.contains(factor))
            && reads[&by] == 2
        {
            line.code = Code::TurnBy;
            line.of = [Some(before_sin), Some(before_cos), Some(rate), Some(factor), None, None];
            line.uniform = 0b1000;
            within.push(by);
        }
        self.insert(line, &within);
    }
}

/// A product and one that is added to it or taken from it, where nothing else needs the first.
struct Products {
    first: Id,
    of_first: [Id; 2],
    of_second: [Id; 2],
}

struct Finder<'a> {
    graph: &'a Graph,
    reads: &'a HashMap<Id, usize>,
}

impl Finder<'_> {
    fn products(&self, id: Id, by: Operation) -> Option<Products> {
        let Node::Apply(operation, [c, d, first]) = self.graph.node(id) else { return None };
        let Node::Apply(Operation::Mul, [a, b, _]) = self.graph.node(first) else { return None };
        (operation == by && self.reads[&first] == 1).then_some(Products {
            first,
            of_first: [a, b],
            of_second: [c, d],
        })
    }

    /// x = (e·d − b·f)/(a·d − b·c) and y = (a·f − e·c)/(a·d − b·c) from the reciprocal of the determinant, for every right side.
    fn solutions(&self, inverse: Id, users: &HashMap<Id, Vec<Id>>) -> Option<Vec<(Line, Vec<Id>)>> {
        let Node::Apply(Operation::Div, [one, determinant, _]) = self.graph.node(inverse) else {
            return None;
        };
        let mut open = users.get(&inverse)?.clone();
        if self.graph.value(one) != Some(1.0)
            || self.reads[&determinant] != 1
            || self.reads[&inverse] != open.len()
        {
            return None;
        }
        let main = self.products(determinant, Operation::NegMulAdd)?;
        let mut solutions = Vec::new();
        while let Some(x) = open.pop() {
            let solution = |y: &Id| {
                self.solution(&main, inverse, [x, *y]).or_else(|| self.solution(&main, inverse, [*y, x]))
            };
            let place = open.iter().position(|y| solution(y).is_some())?;
            solutions.extend(solution(&open.remove(place)));
        }
        let (_, within) = solutions.first_mut()?;
        within.extend([inverse, determinant, main.first]);
        Some(solutions)
    }

    fn solution(&self, main: &Products, inverse: Id, [x, y]: [Id; 2]) -> Option<(Line, Vec<Id>)> {
        let top = |id: Id| {
            let Node::Apply(Operation::Mul, [a, b, _]) = self.graph.node(id) else { return None };
            let top = other([a, b], inverse)?;
            let products = self.products(top, Operation::NegMulAdd)?;
            (self.reads[&top] == 1).then_some((top, products))
        };
        let ((top_x, of_x), (top_y, of_y)) = (top(x)?, top(y)?);
        for code in [Code::Solve, Code::SolveNegated] {
            let by_sign = |of: &Products| match code {
                Code::Solve => [of.of_first, of.of_second],
                _ => [of.of_second, of.of_first],
            };
            let ([ed, bf], [af, ec]) = (by_sign(&of_x), by_sign(&of_y));
            for [a, d] in orders(main.of_first) {
                for [b, c] in orders(main.of_second) {
                    let (Some(e), Some(f)) = (other(ed, d), other(bf, b)) else { continue };
                    if is_same(af, [a, f]) && is_same(ec, [e, c]) {
                        let line = Line {
                            code,
                            operation: Operation::Div,
                            makes: [Some(x), Some(y)],
                            of: [a, b, c, d, e, f].map(Some),
                            uniform: 0,
                        };
                        return Some((line, vec![top_x, of_x.first, top_y, of_y.first]));
                    }
                }
            }
        }
        None
    }

    /// a·b + c·d, and a·d − c·b.
    fn cross(&self, sum: Id, users: &HashMap<Id, Vec<Id>>) -> Option<(Line, Vec<Id>)> {
        let plus = self.products(sum, Operation::MulAdd)?;
        for factor in plus.of_second {
            for difference in users.get(&factor)? {
                let Some(minus) = self.products(*difference, Operation::NegMulAdd) else { continue };
                for [a, b] in orders(plus.of_first) {
                    for [c, d] in orders(plus.of_second) {
                        if is_same(minus.of_first, [a, d]) && is_same(minus.of_second, [c, b]) {
                            let line = Line {
                                code: Code::Cross,
                                operation: Operation::MulAdd,
                                makes: [Some(sum), Some(*difference)],
                                of: few([a, b, c, d]),
                                uniform: 0,
                            };
                            return Some((line, vec![plus.first, minus.first]));
                        }
                    }
                }
            }
        }
        None
    }

    /// A cross whose results are needed for their products with a number alone makes these.
    fn scaled_cross(
        &self,
        wanted: &Wanted<'_>,
        mut line: Line,
        mut within: Vec<Id>,
        users: &HashMap<Id, Vec<Id>>,
    ) -> (Line, Vec<Id>) {
        let product = |of: Option<Id>| {
            let of = of?;
            let [user] = users.get(&of)?[..] else { return None };
            let Node::Apply(Operation::Mul, [a, b, _]) = self.graph.node(user) else { return None };
            let factor = other([a, b], of).filter(|factor| wanted.uniform.contains(factor))?;
            (self.reads[&of] == 1).then_some((user, factor))
        };
        if let [Some((sum, p)), Some((difference, q))] = line.makes.map(product)
            && p == q
        {
            within.extend(line.makes.iter().flatten());
            line.code = Code::CrossBy;
            line.makes = [Some(sum), Some(difference)];
            line.of[4] = Some(p);
            line.uniform = 0b1_0000;
        }
        (line, within)
    }

    /// p·a and q·(p·a) for numbers p and q, where the first is needed elsewhere too.
    fn scale(&self, wanted: &Wanted<'_>, id: Id) -> Option<Line> {
        let factors = |id: Id| {
            let Node::Apply(Operation::Mul, [a, b, _]) = self.graph.node(id) else { return None };
            let is_uniform = |(factor, _): &(Id, Id)| wanted.uniform.contains(factor);
            [(a, b), (b, a)].into_iter().find(is_uniform)
        };
        let (q, product) = factors(id)?;
        let (p, a) = factors(product)?;
        (self.reads[&product] > 1).then_some(Line {
            code: Code::Scale,
            operation: Operation::Mul,
            makes: [Some(product), Some(id)],
            of: few([a, p, q]),
            uniform: 0b110,
        })
    }

    /// p·a + b and its square for a number p.
    fn square(&self, wanted: &Wanted<'_>, id: Id) -> Option<Line> {
        let Node::Apply(Operation::Mul, [sum, same, _]) = self.graph.node(id) else { return None };
        let Node::Apply(Operation::MulAdd, [p, a, b]) = self.graph.node(sum) else { return None };
        let (p, a) = if wanted.uniform.contains(&p) { (p, a) } else { (a, p) };
        (sum == same && self.reads[&sum] > 2 && wanted.uniform.contains(&p)).then_some(Line {
            code: Code::Square,
            operation: Operation::MulAdd,
            makes: [Some(sum), Some(id)],
            of: few([a, b, p]),
            uniform: 0b100,
        })
    }
}

/// The operands of a line that takes fewer than it could.
fn few<const COUNT: usize>(operands: [Id; COUNT]) -> [Option<Id>; OPERANDS] {
    let mut of = [None; OPERANDS];
    of.iter_mut().zip(operands).for_each(|(place, operand)| *place = Some(operand));
    of
}

fn orders([a, b]: [Id; 2]) -> [[Id; 2]; 2] {
    [[a, b], [b, a]]
}

fn other([a, b]: [Id; 2], one: Id) -> Option<Id> {
    if a == one { Some(b) } else { (b == one).then_some(a) }
}

fn is_same(pair: [Id; 2], [a, b]: [Id; 2]) -> bool {
    pair == [a, b] || pair == [b, a]
}
