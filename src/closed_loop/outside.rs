//! A closed loop whose law is computed somewhere else: what drives the plant is given from outside, step by step.
//!
//! The law stands in it still, for what the judge asks of its other values; its outputs go nowhere.

use foldhash::HashMap;

use super::compose::{Acting, Composer};
use super::open::Outside;
use super::{Layout, Measured, Parts, Unfit};
use crate::graph::{Id, Symbol};
use crate::model::Lowered;
use crate::program::Tape;

/// A step of a closed loop with the law outside. The inputs of its tapes are those of a [`super::ClosedLoop`], carried values follow.
#[derive(Debug, Clone)]
pub struct OutsideLoop {
    /// Inputs → carried values.
    pub start: Tape,
    /// Inputs, carried values → whether the law acts (1 or 0), then what it measures.
    pub measure: Tape,
    /// Inputs, carried values, what drives each input → the next carried values, then whether to stop.
    pub advance: Tape,
    /// Inputs, carried values → whether it has failed, its cost, its terms.
    pub end: Tape,
    /// Where the numbers go.
    pub layout: Layout,
    /// How many values are carried.
    pub carried: usize,
}

impl OutsideLoop {
    /// A loop with a law that measures these values.
    ///
    /// # Errors
    ///
    /// As [`super::ClosedLoop::new`].
    pub fn new(parts: &Parts<'_>, wanted: Vec<Measured>) -> Result<Self, Unfit> {
        let mut composer = Composer::new(parts);
        let outside = Outside { wanted, measured: Vec::new(), due: None, said: Vec::new() };
        composer.outside = Some(outside);
        let made = composer.step()?;
        let (sections, layout) = composer.sections(&made)?;
        composer.is_whole()?;
        let one = composer.graph.number(1.0);
        let Some(Outside { measured, due, said, .. }) = composer.outside.take() else {
            return Err(Unfit::Connection("the law".into()));
        };
        let graph = &composer.graph;
        let mut known = sections.inputs.clone();
        let firsts: Vec<Id> = sections.carried.iter().map(|carried| carried.first).collect();
        let start = Tape::new(graph, &known, &firsts);
        known.extend(sections.carried.iter().map(|carried| carried.symbol));
        let seen: Vec<Id> = [due.unwrap_or(one)].into_iter().chain(measured).collect();
        let (measure, end) = (Tape::new(graph, &known, &seen), Tape::new(graph, &known, &sections.results));
        known.extend(said);
        let next: Vec<Id> =
            sections.carried.iter().map(|carried| carried.next).chain([sections.stop]).collect();
        let advance = Tape::new(graph, &known, &next);
        Ok(Self { start, measure, advance, end, layout, carried: sections.carried.len() })
    }
}

impl Composer<'_> {
    /// Where the law is outside, what it says in the places of what the law here says.
    pub(super) fn said_outside(
        &mut self,
        mut law: Lowered,
        values: &HashMap<String, Id>,
        acting: &Acting,
    ) -> Lowered {
        let Some(mut outside) = self.outside.take() else { return law };
        let zero = self.graph.number(0.0);
        let nodes: Vec<Id> =
            outside.wanted.iter().map(|one| values.get(&one.of).copied().unwrap_or(zero)).collect();
        outside.measured = self.graph.substituted(&nodes, &acting.seen);
        outside.due = acting.due;
        let mut known: Vec<(&String, Symbol)> = Vec::new();
        let parts = self.parts;
        for input in &parts.plant.declared.inputs {
            let Some(source) = parts.drive.get(&input.quantity.name) else { continue };
            let symbol = known.iter().find(|(name, _)| *name == source).map(|(_, symbol)| *symbol);
            let symbol = symbol.unwrap_or_else(|| self.fresh());
            if !known.iter().any(|(name, _)| *name == source) {
                known.push((source, symbol));
                outside.said.push(symbol);
            }
            law.values.insert(source.clone(), self.graph.symbol(symbol));
        }
        self.outside = Some(outside);
        law
    }
}
