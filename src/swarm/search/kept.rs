//! A swarm that gains slowly is kept: it goes on, but another looks elsewhere meanwhile.
//!
//! A swarm gains slowly when neither its best nor the median of a generation has gained more than `slow_gain` of the cost in half of the generations after which it
//! has settled (`patience`). It has a third of the evaluations from then on, and a new swarm the others. Once that gains slowly as well, the better of the two is kept, and the next swarm
//! takes the place of the other. A kept swarm that has settled goes. Before a swarm is kept, after [`LOOKING`] such generations, some of its particles look along the axes (`motion.rs`).
//!
//! So a place that is not the best costs little, and the best place is still searched to its bottom. Swarms of two regimes that share a budget are those of BIPOP-CMA-ES (Hansen 2009,
//! doi:10.1145/1570256.1570333); when the second begins, and what each has, is chosen here and measured in `docs/swarm.md`.

use std::mem;

use super::age::{Age, settled};
use super::{Asked, Search};
use crate::archive::{Archive, Damage, Persist};
use crate::swarm::{Outcome, Race};

/// How many evaluations of the others allow one of the kept swarm.
const OTHERS: u64 = 2;
/// After so many generations with slow gains alone a swarm looks along its axes.
const LOOKING: u64 = 3;

/// Room for a kept swarm.
pub(super) struct Kept {
    pub race: Race,
    /// Whether there is one.
    is_there: bool,
    age: Age,
    /// Evaluations since there are two: its own and the other's.
    spent: [u64; 2],
}

impl Kept {
    /// No swarm is kept yet.
    pub(super) fn new(race: Race) -> Self {
        Self { race, is_there: false, age: Age::NEW, spent: [0; 2] }
    }

    fn has_turn(&self) -> bool {
        let [own, others] = self.spent;
        self.is_there && own.saturating_mul(OTHERS) < others
    }
}

impl Search {
    /// Whether the next generation is one of the kept swarm, unless a part judges that of the other.
    #[must_use]
    pub fn is_turn_of_kept(&self) -> bool {
        self.kept.as_ref().is_some_and(Kept::has_turn)
    }

    /// Whether the last generation was one of the kept swarm.
    #[must_use]
    pub fn was_turn_of_kept(&self) -> bool {
        self.asked == Asked::Kept
    }

    /// Whether some particles of the swarm at work look along an axis: the swarm gains slowly, but is not yet kept for that, and it is a surrogate that picks its moves and makes it narrow.
    pub(super) fn looks_along(&self) -> bool {
        self.plan.keeps() && self.plan.settings.candidates > 1 && self.state.age.slow_stall() >= LOOKING
    }

    /// Counts evaluations for the swarm that was asked.
    pub(super) fn spend(&mut self, evaluations: u64) {
        if let Some(kept) = &mut self.kept {
            let spent = &mut kept.spent[usize::from(self.asked != Asked::Kept)];
            *spent = spent.saturating_add(evaluations);
        }
    }

    /// Tells the kept swarm, which goes when it has settled.
    pub(super) fn tell_kept(&mut self, outcomes: &[Outcome]) {
        self.note_best(outcomes);
        let restarts = &self.plan.restarts;
        if let Some(Kept { race, is_there, age, .. }) = &mut self.kept {
            race.tell(outcomes);
            age.note(race, restarts.slow_gain);
            *is_there = !settled(race, age, restarts.patience);
        }
    }

    /// Where the swarm at work gains slowly and another may follow it: keeps the better of it and of the kept one. True when the next swarm is to begin.
    pub(super) fn keep_the_better(&mut self) -> bool {
        let is_slow = self.state.age.slow_stall() >= self.plan.restarts.patience / 2;
        let may_follow = self.state.restarts < self.plan.restarts.times;
        let Some(kept) = self.kept.as_mut().filter(|_| is_slow && may_follow) else { return false };
        let race = &mut self.swarms[0];
        let best = race.leader().best().1;
        // What has settled elsewhere may be better than both.
        let to_beat = if kept.is_there { kept.race.leader().best().1 } else { self.state.best };
        if !to_beat.is_better_than(&best) {
            mem::swap(race, &mut kept.race);
            (kept.is_there, kept.age) = (true, self.state.age);
        }
        kept.spent = [0; 2];
        true
    }

    /// No swarm follows any more: the kept one, if there is one, goes on alone.
    pub(super) fn go_on_with_kept(&mut self) -> bool {
        let Some(kept) = self.kept.as_mut().filter(|kept| kept.is_there) else { return false };
        mem::swap(&mut self.swarms[0], &mut kept.race);
        kept.is_there = false;
        self.state.age = kept.age;
        true
    }
}

impl Persist for Kept {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.flag(&mut self.is_there)?;
        if !self.is_there {
            return Ok(());
        }
        self.age.pass(archive)?;
        self.spent.iter_mut().try_for_each(|spent| archive.u64(spent))?;
        self.race.pass(archive)
    }
}
