//! Nodes of a graph as C that stands by itself: statements in functions of one's own, and the functions that these call.

use foldhash::HashMap;

use super::c::{C, statements};
use super::expression::{Expr, Let, Walk};
use super::language::Writer;
use super::names::Names;
use super::{Code, functions, helpers, truths, written};
use crate::graph::{Graph, Id};

/// A value that a function is given.
pub(in crate::report::export) struct Known<'a> {
    pub(in crate::report::export) id: Id,
    /// What it is called.
    pub(in crate::report::export) name: &'a str,
    /// Where it is found, in C.
    pub(in crate::report::export) from: String,
}

/// The body of a function.
pub(in crate::report::export) struct Body {
    /// Its statements, a line each.
    pub(in crate::report::export) statements: String,
    /// The expression of each node that was wanted.
    pub(in crate::report::export) results: Vec<String>,
}

/// What makes nodes of what is known, in numbers of 64 bits.
pub(in crate::report::export) struct Nodes<'a> {
    pub(in crate::report::export) graph: &'a Graph,
    pub(in crate::report::export) known: Vec<Known<'a>>,
    /// The names of nodes that have one.
    pub(in crate::report::export) named: HashMap<Id, String>,
    /// Names that are taken where the statements are put.
    pub(in crate::report::export) taken: &'a [&'a str],
    /// What the names of functions begin with.
    pub(in crate::report::export) prefix: &'a str,
    pub(in crate::report::export) code: Code,
}

impl Nodes<'_> {
    /// A body for each group of nodes, and the functions that they call.
    pub(in crate::report::export) fn bodies<const N: usize>(
        &self,
        groups: [&[Id]; N],
    ) -> ([Body; N], String) {
        let made = groups.map(|roots| self.made(roots));
        let every: Vec<&Expr> = made
            .iter()
            .flat_map(|(lets, results)| lets.iter().map(|one| &one.value).chain(results))
            .collect();
        let writer = self.writer(&[]);
        let called = written(&writer, &functions::needed(&writer, &every)).join("\n");
        let bodies = made.map(|(lets, results)| {
            let writer = self.writer(&lets);
            Body {
                statements: statements(&writer, &lets),
                results: results.iter().map(|result| writer.number(result)).collect(),
            }
        });
        let of_bodies: String = bodies
            .iter()
            .flat_map(|body| [&body.statements].into_iter().chain(&body.results))
            .cloned()
            .collect();
        let helpers = helpers(&writer, &format!("{called}{of_bodies}"));
        (bodies, format!("{helpers}{called}"))
    }

    fn writer(&self, lets: &[Let]) -> Writer<'_> {
        Writer { language: &C, code: self.code, study: self.prefix, truths: truths(lets.iter()) }
    }

    /// The statements of some nodes, behind those that find what they read, and their expressions.
    fn made(&self, roots: &[Id]) -> (Vec<Let>, Vec<Expr>) {
        let mut names = Names::new(&C);
        for name in self.taken {
            names.give(name);
        }
        let given: Vec<String> = self.known.iter().map(|known| names.give(known.name)).collect();
        let known = self.known.iter().zip(&given);
        let known = known.map(|(known, name)| (known.id, Expr::Name(name.clone()))).collect();
        let mut name = |id: Id| names.give(self.named.get(&id).map_or("part", String::as_str));
        let walk = Walk { graph: self.graph, known, name: &mut name, named: Vec::new() };
        let (mut lets, results) = walk.statements(roots);
        let mut read = Vec::new();
        for expr in lets.iter().map(|one| &one.value).chain(&results) {
            expr.each(&mut |part| {
                if let Expr::Name(name) = part {
                    read.push(name.clone());
                }
            });
        }
        let found = self.known.iter().zip(given).filter(|(_, name)| read.contains(name));
        let found: Vec<Let> =
            found.map(|(known, name)| Let { name, value: Expr::Name(known.from.clone()) }).collect();
        lets.splice(0..0, found);
        (lets, results)
    }
}
