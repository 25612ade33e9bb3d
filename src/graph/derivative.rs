//! Derivatives, symbolically, on the same graph.

use foldhash::{HashMap, HashMapExt};

use super::{Graph, Id, Node, Operation, Symbol};

impl Graph {
    /// The derivative of a node by a symbol. Where a function has a corner or a jump (`abs`, `min`, `if`, `floor`, …) it is that of the
    /// branch that the function takes.
    pub fn derivative(&mut self, of: Id, by: Symbol) -> Id {
        let (zero, one) = (self.number(0.0), self.number(1.0));
        let mut slopes: HashMap<Id, Id> = HashMap::new();
        for id in self.reachable(&[of]) {
            let slope = match self.node(id) {
                Node::Symbol(symbol) if symbol == by => one,
                Node::Number(_) | Node::Symbol(_) => zero,
                // Nobody knows it.
                Node::Result(..) => {
                    let moves = self.operands(id).iter().any(|operand| slopes[operand] != zero);
                    if moves { self.number(f64::NAN) } else { zero }
                }
                Node::Apply(operation, operands) => {
                    let inner = operands.map(|operand| slopes[&operand]);
                    let own = &inner[..operation.operands()];
                    if own.iter().all(|slope| *slope == zero) {
                        zero
                    } else {
                        self.slope(operation, operands, inner, id)
                    }
                }
            };
            slopes.insert(id, slope);
        }
        slopes[&of]
    }

    /// The derivative of an operation whose operands a, b, c have the derivatives da, db, dc; `whole` is its value.
    fn slope(&mut self, operation: Operation, [a, b, c]: [Id; 3], [da, db, dc]: [Id; 3], whole: Id) -> Id {
        let (zero, one) = (self.number(0.0), self.number(1.0));
        match operation {
            Operation::Sign
            | Operation::Floor
            | Operation::Round
            | Operation::Not
            | Operation::Less
            | Operation::LessEqual
            | Operation::Equal
            | Operation::And
            | Operation::Or => zero,
            Operation::Add => self.add(da, db),
            Operation::Sub => self.sub(da, db),
            Operation::Neg => self.neg(da),
            Operation::Mul => self.product_slope(a, b, da, db),
            Operation::MulAdd => {
                let product = self.product_slope(a, b, da, db);
                self.add(product, dc)
            }
            Operation::MulSub => {
                let product = self.product_slope(a, b, da, db);
                self.sub(product, dc)
            }
            Operation::NegMulAdd => {
                let product = self.product_slope(a, b, da, db);
                self.sub(dc, product)
            }
            Operation::Div => {
                let carried = self.mul(whole, db);
                let top = self.sub(da, carried);
                self.div(top, b)
            }
            Operation::Select => self.select(a, db, dc),
            Operation::Min | Operation::Max => {
                let pair = if operation == Operation::Min { [b, a] } else { [a, b] };
                let takes_b = self.apply(Operation::Less, &pair);
                self.select(takes_b, db, da)
            }
            Operation::Mod => {
                let quotient = self.div(a, b);
                let turns = self.apply(Operation::Floor, &[quotient]);
                let carried = self.mul(turns, db);
                self.sub(da, carried)
            }
            Operation::Hypot => {
                let (up, along) = (self.mul(a, da), self.mul(b, db));
                let top = self.add(up, along);
                self.div(top, whole)
            }
            Operation::Atan2 => {
                let (up, along) = (self.mul(b, da), self.mul(a, db));
                let top = self.sub(up, along);
                let (aa, bb) = (self.mul(a, a), self.mul(b, b));
                let bottom = self.add(aa, bb);
                self.div(top, bottom)
            }
            Operation::Pow => self.power_slope([a, b], [da, db], whole),
            Operation::SinTurned | Operation::CosTurned => {
                let is_sine = operation == Operation::SinTurned;
                let other = if is_sine { Operation::CosTurned } else { Operation::SinTurned };
                let other = self.apply(other, &[a, b, c]);
                let by_turn = self.mul(other, dc);
                let by_start = self.apply(operation, &[da, db, c]);
                if is_sine { self.add(by_start, by_turn) } else { self.sub(by_start, by_turn) }
            }
            _ => {
                let slope = self.slope_of_one(operation, a, whole, one);
                self.mul(slope, da)
            }
        }
    }

    fn product_slope(&mut self, a: Id, b: Id, da: Id, db: Id) -> Id {
        let (first, second) = (self.mul(da, b), self.mul(a, db));
        self.add(first, second)
    }

    /// b·a^(b−1)·a' + a^b·log(a)·b'
    fn power_slope(&mut self, [a, b]: [Id; 2], [da, db]: [Id; 2], whole: Id) -> Id {
        let one = self.number(1.0);
        let less = self.sub(b, one);
        let lower = self.apply(Operation::Pow, &[a, less]);
        let slope = self.mul(b, lower);
        let by_base = self.mul(slope, da);
        if self.is(db, 0.0) {
            return by_base;
        }
        let log = self.apply(Operation::Log, &[a]);
        let slope = self.mul(whole, log);
        let by_power = self.mul(slope, db);
        self.add(by_base, by_power)
    }

    /// The derivative of a smooth function of one number by that number.
    fn slope_of_one(&mut self, operation: Operation, a: Id, whole: Id, one: Id) -> Id {
        match operation {
            Operation::Abs => self.apply(Operation::Sign, &[a]),
            Operation::Sqrt => {
                let half = self.number(0.5);
                self.div(half, whole)
            }
            Operation::Cbrt => {
                let (three, square) = (self.number(3.0), self.mul(whole, whole));
                let bottom = self.mul(three, square);
                self.div(one, bottom)
            }
            Operation::Sin => self.apply(Operation::Cos, &[a]),
            Operation::Cos => {
                let sin = self.apply(Operation::Sin, &[a]);
                self.neg(sin)
            }
            Operation::Tan => {
                let square = self.mul(whole, whole);
                self.add(one, square)
            }
            Operation::Asin | Operation::Acos => {
                let square = self.mul(a, a);
                let rest = self.sub(one, square);
                let root = self.apply(Operation::Sqrt, &[rest]);
                let slope = self.div(one, root);
                if operation == Operation::Asin { slope } else { self.neg(slope) }
            }
            Operation::Atan => {
                let square = self.mul(a, a);
                let bottom = self.add(one, square);
                self.div(one, bottom)
            }
            Operation::Sinh => self.apply(Operation::Cosh, &[a]),
            Operation::Cosh => self.apply(Operation::Sinh, &[a]),
            Operation::Tanh => {
                let square = self.mul(whole, whole);
                self.sub(one, square)
            }
            Operation::Exp => whole,
            Operation::Log => self.div(one, a),
            Operation::Log10 => {
                let per = self.number(std::f64::consts::LOG10_E);
                self.div(per, a)
            }
            other => unreachable!("{other:?} has a derivative of its own"),
        }
    }
}
