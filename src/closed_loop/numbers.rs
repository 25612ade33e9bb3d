//! The parameters of the plant as nodes: numbers, what a job gives, or gains.

use foldhash::{HashMap, HashMapExt};

use super::Parts;
use crate::graph::{Graph, Id, Symbol};

pub(super) struct PlantNumbers {
    /// As the law knows them.
    pub(super) nominal: Vec<Id>,
    /// As they are.
    pub(super) real: Vec<Id>,
    /// The nominal value of each symbol among them, the largest of one that is tuned.
    pub(super) by_symbol: HashMap<Symbol, f64>,
}

impl PlantNumbers {
    /// Of the law's gains, and of what a job gives, nothing where it gives none: nodes, and their symbols.
    pub(super) fn new(
        graph: &mut Graph,
        parts: &Parts<'_>,
        [gains, given]: [&[Id]; 2],
        [of_gains, of_plant]: [&[Symbol]; 2],
    ) -> Self {
        let mut nominal: Vec<Id> = parts.nominal.iter().map(|value| graph.number(*value)).collect();
        let mut real = if parts.varies { given.to_vec() } else { nominal.clone() };
        let mut by_symbol = HashMap::new();
        by_symbol.extend(of_plant.iter().copied().zip(parts.nominal.iter().copied()));
        let own = gains.len() - parts.tuned.len();
        for (gain, place) in (own..).zip(parts.tuned) {
            (nominal[*place], real[*place]) = (gains[gain], gains[gain]);
            by_symbol.insert(of_gains[gain], parts.law.model.declared.parameters[gain].range[1]);
        }
        Self { nominal, real, by_symbol }
    }
}
