//! The trade-offs of a tuning on the terminal: the knee, the best of each objective, and some between them.

use serde_json::{Map, Value, json};

use super::table::table;
use crate::config::{Config, TunedGain};
use crate::engine::{TradeOff, Tuning};
use crate::figures::{number, value_of};

/// Most rows that are not marked.
const BETWEEN: usize = 8;

/// Objectives and gains of some trade-offs; nothing where the cost is one.
pub(super) fn shown(config: &Config, tuning: &Tuning) -> String {
    let front = &tuning.front;
    if front.is_empty() {
        return String::new();
    }
    let objectives = config.objectives.iter().map(|objective| objective.name.as_str());
    let gains = config.tune.iter().map(|gain| config.controller.parameters()[gain.index].name);
    let header: Vec<&str> = objectives.chain(gains).chain([""]).collect();
    let is_marked = |point: &TradeOff| point.is_knee || !point.ends.is_empty();
    let every = front.len().div_ceil(BETWEEN);
    let rows = front.iter().enumerate().filter(|(place, point)| is_marked(point) || place % every == 0);
    let rows = rows.map(|(_, point)| {
        let parameters = config.controller.parameters();
        let gain = |gain: &TunedGain| value_of(&parameters[gain.index], point.values[gain.index]);
        let costs = point.objectives.iter().copied().map(number);
        costs.chain(config.tune.iter().map(gain)).chain([mark(config, point)]).collect()
    });
    let right: Vec<usize> = (0..header.len() - 1).collect();
    let shown = table(&header, &right, rows);
    format!("{shown}\n{} trade-offs in pareto.csv; `gainswarm pick` chooses one\n", front.len())
}

/// All trade-offs: objectives and searched gains by name, and marks.
pub(super) fn json(config: &Config, tuning: &Tuning) -> Value {
    let point = |point: &TradeOff| {
        let objectives = config.objectives.iter().map(|of| of.name.clone()).zip(&point.objectives);
        let objectives: Map<String, Value> = objectives.map(|(name, cost)| (name, (*cost).into())).collect();
        let parameters = config.controller.parameters();
        let gains = config.tune.iter().map(|gain| gain.index);
        let gains: Map<String, Value> = gains
            .map(|index| (parameters[index].name.into(), parameters[index].json(point.values[index])))
            .collect();
        let extreme: Vec<&str> = point.ends.iter().map(|end| config.objectives[*end].name.as_str()).collect();
        json!({ "objectives": objectives, "gains": gains, "knee": point.is_knee, "extreme": extreme })
    };
    tuning.front.iter().map(point).collect()
}

/// What is special about a trade-off.
pub(super) fn mark(config: &Config, point: &TradeOff) -> String {
    let ends = point.ends.iter().map(|end| format!("best {}", config.objectives[*end].name));
    let knee = point.is_knee.then(|| "knee: gains.csv".to_owned());
    knee.into_iter().chain(ends).collect::<Vec<_>>().join(", ")
}
