//! How a search stands, as the process says it.

use serde_json::{Value, json};

use crate::archive::Persist;
use crate::config::AskTell;
use crate::registry::Member;
use crate::swarm::pareto::{Costs, TradeOffSearch};
use crate::swarm::{AsynchronousSearch, Outcome, Search, Seeker, StopReason};

/// A search that can say how it stands.
pub(super) trait Searching: Persist {
    /// Where it is searched best so far, or the knee, and what that came to.
    fn best(&self) -> (&[f64], Outcome);
    /// Positions judged, generations and restarts.
    fn counts(&self) -> [u64; 3];
    /// Itself where it seeks trade-offs.
    fn trade_offs(&self) -> Option<&TradeOffSearch>;
}

impl Searching for Seeker {
    fn best(&self) -> (&[f64], Outcome) {
        Seeker::best(self)
    }

    fn counts(&self) -> [u64; 3] {
        [self.evaluations(), self.generations(), self.restarts()]
    }

    fn trade_offs(&self) -> Option<&TradeOffSearch> {
        Seeker::trade_offs(self)
    }
}

impl Searching for AsynchronousSearch {
    fn best(&self) -> (&[f64], Outcome) {
        self.search().best()
    }

    fn counts(&self) -> [u64; 3] {
        let search: &Search = self.search();
        [search.evaluations(), search.generations(), search.restarts()]
    }

    fn trade_offs(&self) -> Option<&TradeOffSearch> {
        None
    }
}

/// How a search ended; `rejected` positions were not asked for.
pub(super) fn done(search: &dyn Searching, config: &AskTell, reason: StopReason, rejected: u64) -> Value {
    let [evaluations, generations, restarts] = search.counts();
    let mut done = json!({
        "reason": reason.name(),
        "evaluations": evaluations,
        "generations": generations,
        "restarts": restarts,
        "best": best(search, config),
    });
    if !config.constraints.is_empty() {
        done["rejected"] = rejected.into();
    }
    if let Some(trade_offs) = search.trade_offs() {
        let points = trade_offs.in_order().into_iter();
        done["front"] = points.map(|point| kept(trade_offs, config, point)).collect();
        done["hypervolume"] = trade_offs.hypervolume().into();
    }
    done
}

/// The best so far, of trade-offs the knee; `null` where every evaluation has failed.
pub(super) fn best(search: &dyn Searching, config: &AskTell) -> Value {
    let (position, best) = search.best();
    if !is_known(&best) {
        return Value::Null;
    }
    match search.trade_offs() {
        None => {
            let (position, violation) = (config.values(position), AskTell::shown(best.violation));
            json!({ "position": position, "cost": best.cost, "violation": violation })
        }
        Some(of) => of.front().knee().map_or(Value::Null, |knee| kept(of, config, knee)),
    }
}

/// A kept trade-off.
fn kept(of: &TradeOffSearch, config: &AskTell, point: usize) -> Value {
    let mut position = vec![0.0; of.best().0.len()];
    of.locate(point, &mut position);
    let Costs { violation, values } = of.front().costs()[point];
    let (objectives, violation) = (&values[..of.objectives()], AskTell::shown(violation));
    json!({ "position": config.values(&position), "objectives": objectives, "violation": violation })
}

/// Whether an outcome is of an evaluation that did not fail.
pub(super) fn is_known(best: &Outcome) -> bool {
    best.is_better_than(&Outcome::WORST)
}
