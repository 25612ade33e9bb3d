//! What a gain vector comes to, from the records of its simulations.

use crate::costs::aggregate::Weighed;
use crate::problem::{FAILING_VIOLATION, Problem};
use crate::simulation::{Ending, FAILURE_COST, Record};
use crate::swarm::Outcome;
use crate::swarm::pareto::{Costs, OBJECTIVES_MAX};

/// The outcome of a gain vector, from its records and their weights; `costs` is room for one a record.
///
/// It is infeasible as long as it fails in any scenario, by 1 and the weighted share of the penalty, which grows as the fall comes
/// earlier. One that fails nowhere but exceeds limits is infeasible by less than 1, by how much it exceeds them.
pub(super) fn outcome(
    problem: &Problem,
    records: impl Iterator<Item = (Record, f64)>,
    costs: &mut [Weighed],
) -> Outcome {
    let (mut failing, mut excess, mut count) = (0.0, 0.0, 0);
    for (place, (record, weight)) in costs.iter_mut().zip(records) {
        count += 1;
        *place = (record.cost, weight);
        if matches!(record.ending, Ending::Failed | Ending::Panicked) {
            failing += weight * record.cost / FAILURE_COST;
        }
        let beyond =
            record.values.iter().zip(&problem.limits).map(|(value, limit)| (value / limit - 1.0).max(0.0));
        excess += weight * beyond.sum::<f64>();
    }
    let violation = if failing > 0.0 { FAILING_VIOLATION + failing } else { excess / (1.0 + excess) };
    // The penalty of a failure is on no scale with costs.
    let cost = if failing > 0.0 { f64::NAN } else { problem.aggregate.of(&mut costs[..count]) };
    Outcome { violation, cost }
}

/// The costs in several objectives of a gain vector with this violation, each aggregated over the scenarios; `room` is one a scenario.
pub(super) fn several(
    problem: &Problem,
    records: &(impl Iterator<Item = Record> + Clone),
    violation: f64,
    room: &mut [Weighed],
) -> Costs {
    let mut values = [0.0; OBJECTIVES_MAX];
    for (value, parts) in values.iter_mut().zip(&problem.objectives) {
        for ((place, weight), record) in room.iter_mut().zip(&problem.weights).zip(records.clone()) {
            *place = (parts.iter().map(|(term, factor)| factor * record.values[*term]).sum(), *weight);
        }
        *value = problem.aggregate.of(room);
    }
    Costs { violation, values }
}

/// The cost of a single simulation beyond which its gain vector cannot be better than `best`, but for [`reach`].
pub(super) fn abandonment_bound(problem: &Problem, best: &Outcome) -> f64 {
    if problem.early_abandonment && best.is_feasible() { best.cost } else { f64::INFINITY }
}

/// How many times the best cost a single scenario must cost so that the aggregate is worse.
///
/// The other scenarios cost at least 0. The margin is far more than the rounding of the aggregate, so that no gain
/// vector is abandoned that could have been better by as little as its last bit.
pub(super) fn reach(problem: &Problem, weight: f64) -> f64 {
    const MARGIN: f64 = 1.0 + 1e-9;
    MARGIN / problem.aggregate.leverage(weight)
}
