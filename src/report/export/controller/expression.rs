//! Expressions of a controller, and the statements that nodes of a graph become.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::graph::{Graph, Id, Node, Operation};

/// Operations of an expression that is written in one line.
const LINE_MAX: usize = 7;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Number(f64),
    /// A value of the same function.
    Name(String),
    /// Something that a controller holds or is given.
    Member(Place, String),
    Apply(Operation, Vec<Expr>),
    /// A function by its name.
    Call(String, Vec<Expr>),
}

/// Where a value of a controller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Gain,
    /// What is made of gains once.
    Prepared,
    State,
    Input,
}

/// A value with a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Let {
    pub(super) name: String,
    pub(super) value: Expr,
}

impl Expr {
    /// Whether it is true or false, and not a number.
    pub(super) fn is_truth(&self, names: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Apply(operation, _) => is_truth(*operation),
            Self::Name(name) => names(name),
            _ => false,
        }
    }

    /// Calls `see` for it and all that is in it.
    pub(super) fn each(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        if let Self::Apply(_, operands) | Self::Call(_, operands) = self {
            for operand in operands {
                operand.each(see);
            }
        }
    }

    /// Operations in it.
    fn size(&self) -> usize {
        let mut size = 0;
        self.each(&mut |part| size += usize::from(matches!(part, Self::Apply(..) | Self::Call(..))));
        size
    }
}

/// Whether an operation says true or false.
pub(super) fn is_truth(operation: Operation) -> bool {
    use Operation::{And, Equal, Less, LessEqual, Not, Or};
    matches!(operation, And | Equal | Less | LessEqual | Not | Or)
}

/// A function of one result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) operands: Vec<String>,
    pub(super) lets: Vec<Let>,
    pub(super) result: Expr,
}

/// The name of the function that does an operation.
pub(super) fn name_of(operation: Operation) -> &'static str {
    match operation {
        Operation::Sign => "sign",
        Operation::Cbrt => "cube_root",
        Operation::Sin => "sine",
        Operation::Cos => "cosine",
        Operation::Tan => "tangent",
        Operation::Asin => "arcsine",
        Operation::Acos => "arccosine",
        Operation::Atan => "arctangent",
        Operation::Sinh => "hyperbolic_sine",
        Operation::Cosh => "hyperbolic_cosine",
        Operation::Tanh => "hyperbolic_tangent",
        Operation::Exp => "exponential",
        Operation::Log => "logarithm",
        Operation::Log10 => "logarithm_of_ten",
        Operation::Floor => "floored",
        Operation::Round => "rounded",
        Operation::Pow => "power",
        Operation::Min => "smaller",
        Operation::Max => "larger",
        Operation::Atan2 => "arctangent_of_two",
        Operation::Hypot => "hypotenuse",
        Operation::Mod => "modulo",
        Operation::SinTurned => "turned_sine",
        Operation::CosTurned => "turned_cosine",
        _ => "unknown",
    }
}

/// Statements that make some nodes of a graph.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a Graph,
    /// What stands for nodes that are known.
    pub(super) known: HashMap<Id, Expr>,
    /// The name of a value, where it has one.
    pub(super) name: &'a mut dyn FnMut(Id) -> String,
    /// Nodes that stand under their names, however short they are.
    pub(super) named: Vec<Id>,
}

impl Walk<'_> {
    /// The statements, and the expression of each root.
    pub(super) fn statements(mut self, roots: &[Id]) -> (Vec<Let>, Vec<Expr>) {
        let order = self.reachable(roots);
        let mut uses: HashMap<Id, usize> = HashMap::new();
        for id in &order {
            if !self.known.contains_key(id) {
                let operands = self.graph.operands(*id).iter();
                operands.for_each(|operand| *uses.entry(*operand).or_default() += 1);
            }
        }
        for root in roots {
            *uses.entry(*root).or_default() += 1;
        }
        let mut lets = Vec::new();
        for id in order {
            if self.known.contains_key(&id) {
                continue;
            }
            let made = match self.graph.node(id) {
                Node::Number(bits) => Expr::Number(f64::from_bits(bits)),
                // What nothing gives, and compiled code; a law that needs them is refused before.
                Node::Symbol(_) | Node::Result(..) => Expr::Number(f64::NAN),
                Node::Apply(operation, _) => {
                    let operands = self.graph.operands(id).iter().map(|operand| self.known[operand].clone());
                    let made = Expr::Apply(operation, operands.collect());
                    if uses[&id] > 1 || made.size() > LINE_MAX || self.named.contains(&id) {
                        let name = (self.name)(id);
                        lets.push(Let { name: name.clone(), value: made });
                        Expr::Name(name)
                    } else {
                        made
                    }
                }
            };
            self.known.insert(id, made);
        }
        let made = roots.iter().map(|root| self.known[root].clone()).collect();
        (lets, made)
    }

    /// The nodes that the roots need, up to those that are known.
    fn reachable(&self, roots: &[Id]) -> Vec<Id> {
        let mut open = roots.to_vec();
        let mut found: Vec<Id> = Vec::new();
        let mut seen: HashSet<Id> = HashSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                found.push(id);
                if !self.known.contains_key(&id) {
                    open.extend(self.graph.operands(id));
                }
            }
        }
        // Nodes stand behind those that they need.
        found.sort_unstable();
        found
    }
}
