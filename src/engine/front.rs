//! The trade-offs that a run for several objectives comes to.

use super::evaluator::Evaluator;
use super::part::Depth;
use crate::Error;
use crate::problem::Problem;
use crate::swarm::pareto::TradeOffSearch;
use crate::swarm::{Outcome, Question};

/// A trade-off that a run has kept.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeOff {
    /// All parameter values.
    pub values: Vec<f64>,
    /// Its cost in each objective, simulated anew after the search and found to be the same.
    pub objectives: Vec<f64>,
    /// Whether it is the knee.
    pub is_knee: bool,
    /// The objectives in which none is better.
    pub ends: Vec<usize>,
}

/// How far a search for trade-offs is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FrontSize {
    /// The hypervolume, up to the worst feasible costs of the first generation that had some.
    pub hypervolume: f64,
    /// How many feasible trade-offs are kept.
    pub kept: u64,
}

impl FrontSize {
    pub(super) fn of(search: &TradeOffSearch) -> Self {
        let kept = search.front().costs().iter().filter(|costs| costs.is_feasible()).count();
        Self { hypervolume: search.hypervolume(), kept: kept as u64 }
    }
}

/// The trade-offs of a search, by the first objective, each simulated once more; none while none is feasible.
pub(super) fn confirmed(
    problem: &Problem,
    search: &TradeOffSearch,
    evaluator: &mut Evaluator<'_>,
) -> Result<Vec<TradeOff>, Error> {
    let (front, dimensions) = (search.front(), problem.tuned.len());
    let mut order = search.in_order();
    order.retain(|point| front.costs()[*point].is_feasible());
    let mut trade_offs = Vec::with_capacity(order.len());
    for some in order.chunks(evaluator.vectors()) {
        let mut positions = vec![0.0; some.len() * dimensions];
        for (position, point) in positions.chunks_exact_mut(dimensions).zip(some) {
            search.locate(*point, position);
        }
        let to_beat = vec![Outcome::WORST; some.len()];
        evaluator.evaluate(Question { positions: &positions, to_beat: &to_beat }, Depth::Whole);
        let found = positions.chunks_exact(dimensions).zip(evaluator.costs());
        for (point, (position, found)) in some.iter().zip(found) {
            let chosen = front.costs()[*point];
            let mut pairs = chosen.values.into_iter().zip(found.values);
            if let Some((chosen, found)) = pairs.find(|(chosen, found)| chosen.to_bits() != found.to_bits()) {
                return Err(Error::NotReproduced { chosen, found });
            }
            let mut values = vec![0.0; problem.values.len()];
            problem.decode(position, &mut values);
            let ends = front.ends().iter().enumerate().filter(|(_, end)| **end == *point);
            trade_offs.push(TradeOff {
                values,
                objectives: chosen.values[..search.objectives()].to_vec(),
                is_knee: front.knee() == Some(*point),
                ends: ends.map(|(objective, _)| objective).collect(),
            });
        }
    }
    Ok(trade_offs)
}
