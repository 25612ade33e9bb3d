//! How the swarm of a run stands.

use crate::problem::known_cost;
use crate::statistics::quantile_by;
use crate::swarm::{Diversity, Outcome, Swarm};

/// The state of a swarm.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Standing {
    /// The median cost of the personal bests; not finite when that one has none.
    pub median: f64,
    /// The difference between the quartiles of their costs; not finite when one of them has none.
    pub range: f64,
    /// The spread of the personal bests and the speed of the particles.
    pub diversity: Diversity,
}

/// The state of a swarm; `ordered` is room to sort in.
pub(super) fn standing(swarm: &Swarm, ordered: &mut Vec<Outcome>) -> Standing {
    ordered.clear();
    ordered.extend_from_slice(swarm.personal_bests());
    ordered.sort_unstable_by(Outcome::rank);
    let quantile = |share: f64| quantile_by(ordered.len(), share, |place| known_cost(&ordered[place]));
    Standing { median: quantile(0.5), range: quantile(0.75) - quantile(0.25), diversity: swarm.diversity() }
}
