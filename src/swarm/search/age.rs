//! How long a swarm has been at work, when it last gained, and whether it has settled.

use crate::archive::{Archive, Damage, Persist};
use crate::swarm::{Outcome, Race, Swarm};

/// A swarm may have settled when its personal bests are closer together than this, in widths of the box.
pub(super) const SETTLED_SPREAD: f64 = 1e-11;
/// It has when their costs are no further apart than this, as a share of the best: they cannot tell the positions apart.
const SETTLED_COSTS: f64 = 1e-12;
/// A gain that is no larger than this share of the cost does not keep a swarm from having settled.
const SETTLED_GAIN: f64 = 1e-9;
/// It has as well when it is no wider than this share of the way to the nearest bound, along each axis: the numbers end there.
const SETTLED_NUMBERS: f64 = 1e-15;

/// The age of a swarm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    pub generations: u64,
    /// The last gain that keeps it from having settled, and the last one that is not slow.
    any: Gain,
    large: Gain,
}

/// The generation in which the best of a swarm or the median of a generation last gained, and to what.
#[derive(Debug, Clone, Copy)]
struct Gain {
    at: u64,
    to: [Outcome; 2],
}

impl Gain {
    const NONE: Self = Self { at: 0, to: [Outcome::WORST; 2] };
}

impl Age {
    /// A swarm that starts.
    pub(super) const NEW: Self = Self { generations: 0, any: Gain::NONE, large: Gain::NONE };

    /// Counts a generation; a gain of no more than a share of `slow` is slow.
    pub(super) fn note(&mut self, race: &Race, slow: f64) {
        self.generations += 1;
        // Where some particles have found a good place at once, the others may still be on their way to a better one.
        let leader = race.leader();
        let now = [leader.best().1, leader.median()];
        for (gain, share) in [(&mut self.any, SETTLED_GAIN), (&mut self.large, slow)] {
            for (now, before) in now.iter().zip(&mut gain.to) {
                if race.is_relaxed() || gains(now, before, share) {
                    (gain.at, *before) = (self.generations, *now);
                }
            }
        }
    }

    /// Its costs are others from now on: what it gains is counted anew.
    pub(super) fn forget(&mut self) {
        let gain = Gain { at: self.generations, ..Gain::NONE };
        (self.any, self.large) = (gain, gain);
    }

    /// Generations without a gain.
    pub(super) fn stall(&self) -> u64 {
        self.generations.saturating_sub(self.any.at)
    }

    /// Generations without a gain that is not slow.
    pub(super) fn slow_stall(&self) -> u64 {
        self.generations.saturating_sub(self.large.at)
    }
}

/// Whether a swarm has settled.
pub(super) fn settled(race: &Race, age: &Age, patience: u64) -> bool {
    let is_narrow = race.diversity().spread <= SETTLED_SPREAD;
    (is_narrow && !race.is_relaxed() && cannot_gain(race.leader())) || age.stall() >= patience
}

/// Whether a swarm whose personal bests are close together has nothing to gain there: in a wide box a small share of it may be a long way.
fn cannot_gain(swarm: &Swarm) -> bool {
    let (_, best) = swarm.best();
    let worst = swarm.personal_bests().iter().max_by(|a, b| a.rank(b)).copied().unwrap_or(best);
    if best.is_feasible() && worst.is_feasible() && worst.cost - best.cost <= SETTLED_COSTS * best.cost.abs()
    {
        return true;
    }
    let dimensions = swarm.best_cube().len();
    swarm.best_cube().iter().enumerate().all(|(i, u)| {
        let along = swarm.bests_cube().iter().skip(i).step_by(dimensions);
        let width = along.map(|other| (other - u).abs()).fold(0.0, f64::max);
        width <= SETTLED_NUMBERS * u.min(1.0 - u)
    })
}

/// Whether an outcome gains on another; of two costs, more than a share of the other's.
pub(super) fn gains(best: &Outcome, before: &Outcome, share: f64) -> bool {
    if best.is_feasible() && before.is_feasible() {
        before.cost - best.cost > share * before.cost.abs()
    } else {
        best.is_better_than(before)
    }
}

impl Persist for Age {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.u64(&mut self.generations)?;
        for gain in [&mut self.any, &mut self.large] {
            archive.u64(&mut gain.at)?;
            gain.to.iter_mut().try_for_each(|outcome| outcome.pass(archive))?;
        }
        Ok(())
    }
}
