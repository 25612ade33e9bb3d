//! A relation between numbers that have names, as nodes.

use super::Misread;
use super::about::assembled;
use super::parse::{What, expression};
use crate::graph::{Graph, Id, Operation, Symbol};
use crate::text::one_of;

/// How two sides relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Their difference is above 0.
    Above,
    /// It is at least 0.
    AtLeast,
    /// It is 0.
    Equal,
}

/// Two expressions that relate.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Where the nodes are.
    pub graph: Graph,
    /// A symbol a name.
    pub symbols: Vec<Symbol>,
    /// What the difference of the sides has to be.
    pub comparison: Comparison,
    /// That difference, the larger side first.
    pub difference: Id,
    /// The place of the comparison in the text.
    pub at: usize,
}

/// Reads `expression < expression`, with `<`, `<=`, `>`, `>=` or `==`, over numbers of these names.
///
/// # Errors
///
/// What is wrong, and where in the text.
pub fn relation(text: &str, names: &[&str]) -> Result<Relation, Misread> {
    let read = expression(text)?;
    let remedy = "allowed: two expressions with one of >, >=, <, <= or == between them";
    let at = read.0.last().map_or(0, |item| item.at);
    let comparison = match read.0.last().map(|item| &item.what) {
        Some(What::Apply(Operation::Less)) => Comparison::Above,
        Some(What::Apply(Operation::LessEqual)) => Comparison::AtLeast,
        Some(What::Apply(Operation::Equal)) => Comparison::Equal,
        Some(What::Apply(Operation::And)) => {
            return Err(Misread::new(0, "two relations stand in one text", "write a text for each"));
        }
        _ => return Err(Misread::new(text.len(), "`>`, `>=`, `<`, `<=` or `==` is expected", remedy)),
    };
    let mut graph = Graph::new();
    // Names are few.
    let symbols: Vec<Symbol> =
        (0..names.len()).map(|place| Symbol(u32::try_from(place).unwrap_or(u32::MAX))).collect();
    let mut unknown = None;
    let sides_of = assembled(&mut graph, &read.0[..read.0.len() - 1], &mut |graph, item, name| {
        if name == "pi" {
            return Some(graph.number(std::f64::consts::PI));
        }
        let place = names.iter().position(|known| *known == name);
        if place.is_none() {
            unknown.get_or_insert((item.at, name.to_owned()));
        }
        Some(graph.symbol(symbols[place?]))
    });
    if let Some((at, name)) = unknown {
        let remedy = format!("allowed: {}", one_of(&name, names));
        return Err(Misread::new(at, format!("unknown gain `{name}`"), remedy));
    }
    let strange = |at: usize| {
        let remedy = "allowed: functions of numbers, such as sqrt or min";
        Misread::new(at, "this cannot stand in a relation of gains", remedy)
    };
    let sides = sides_of.map_err(strange)?;
    let [first, second] = sides[..] else { return Err(strange(0)) };
    let difference = graph.sub(second, first);
    Ok(Relation { graph, symbols, comparison, difference, at })
}
