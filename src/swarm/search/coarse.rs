//! A search of which some generations are judged by a part of the truth, so that its swarm gets near; what is best is known by the whole alone.
//!
//! Such a generation is told by [`Search::tell_part`]. The personal bests are judged again as a whole from time to time ([`Search::ask_again`],
//! [`Search::tell_again`]), and at the end of the budget; the swarm then sees them as [`Search::see_bests`] says.

use std::time::Duration;

use super::{Asked, Search, size};
use crate::swarm::outcome::sort;
use crate::swarm::{Outcome, Question, StopReason, Swarm, decode};

impl Search {
    /// Whether a part of the truth has done what it can: the swarm has settled by it, or no time is left.
    #[must_use]
    pub fn wants_the_whole(&self) -> bool {
        self.state.wants_the_whole
    }

    /// Whether the budget ends with the next generation.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.last_question(self.state.generations, self.state.evaluations).is_some()
    }

    /// After so many generations and evaluations: how many personal bests are judged as a whole at the end, if this is it.
    pub(super) fn last_question(&self, generations: u64, evaluations: u64) -> Option<u64> {
        let stopping = &self.plan.stopping;
        let particles = self.single().personal_bests().len() as u64;
        let left = stopping.evaluations.saturating_sub(evaluations);
        (left <= particles || generations + 1 >= stopping.generations).then_some(left.min(particles))
    }

    /// The one swarm that is at work.
    fn single(&self) -> &Swarm {
        self.swarms[size(&self.plan, self.state.restarts)].leader()
    }

    /// The personal bests, to be judged as a whole; where the budget ends within them, the best of them.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask_again(&mut self) -> Question<'_> {
        self.asked = Asked::Bests;
        let dimensions = self.axes.len();
        let is_last = self.is_last();
        let left = self.plan.stopping.evaluations.saturating_sub(self.state.evaluations);
        let swarm = self.swarms[size(&self.plan, self.state.restarts)].leader();
        let particles = swarm.personal_bests().len();
        let order = &mut self.again[..particles];
        if is_last {
            sort(order, swarm.personal_bests());
        } else {
            order.iter_mut().enumerate().for_each(|(k, place)| *place = k);
        }
        for (position, particle) in self.bests.chunks_exact_mut(dimensions).zip(order) {
            let row = &swarm.bests_cube()[*particle * dimensions..(*particle + 1) * dimensions];
            decode(&self.axes, row, position);
        }
        let count = particles.min(usize::try_from(left).unwrap_or(usize::MAX));
        Question { positions: &self.bests[..count * dimensions], to_beat: &self.nothing[..count] }
    }

    /// The best of the personal bests, to be judged as a whole.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask_best(&mut self) -> Question<'_> {
        self.asked = Asked::Bests;
        let swarm = self.swarms[size(&self.plan, self.state.restarts)].leader();
        let position = &mut self.bests[..self.axes.len()];
        position.copy_from_slice(swarm.best().0);
        Question { positions: position, to_beat: &self.nothing[..1] }
    }

    /// Takes the outcomes of a generation by a part of the truth, which count as so many evaluations; why the search ends, if it does.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn tell_part(&mut self, outcomes: &[Outcome], worth: u64, elapsed: Duration) -> Option<StopReason> {
        self.count(worth);
        self.spend(worth);
        self.swarms[size(&self.plan, self.state.restarts)].tell(outcomes);
        self.note_age();
        let is_polished =
            self.plan.polish.as_ref().is_some_and(|polish| self.state.age.generations >= polish.after);
        self.state.wants_the_whole = self.has_settled() || is_polished;
        self.end_of_part(elapsed)
    }

    /// Counts a generation in which the personal bests were judged by another part, as so many evaluations; why the search ends, if it does.
    pub fn tell_shorter(&mut self, worth: u64, elapsed: Duration) -> Option<StopReason> {
        self.count(worth);
        self.spend(worth);
        self.end_of_part(elapsed)
    }

    /// Why the search ends after a generation by a part of the truth, if it does.
    fn end_of_part(&mut self, elapsed: Duration) -> Option<StopReason> {
        // Gains are seen by the whole.
        self.state.reference.1 = self.state.generations;
        let ended = self.end(elapsed);
        // What is best so far has yet to be seen.
        self.state.wants_the_whole |= ended == Some(StopReason::WallTime);
        ended.filter(|reason| *reason != StopReason::WallTime)
    }

    /// Takes the outcomes of the personal bests, or of the best of them, by the whole; why the search ends, if it does.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn tell_again(&mut self, outcomes: &[Outcome], elapsed: Duration) -> Option<StopReason> {
        let is_last = self.is_last();
        self.count(outcomes.len() as u64);
        if is_last {
            // With a larger budget the swarm would have gone on.
            self.cut(outcomes);
        } else {
            self.spend(outcomes.len() as u64);
        }
        self.note_best(outcomes);
        if !is_last {
            self.note_gain();
        }
        self.end(elapsed)
    }

    /// Lets the swarm see its personal bests as they are judged from now on.
    pub fn see_bests(&mut self, outcomes: &[Outcome]) {
        self.swarms[size(&self.plan, self.state.restarts)].first().see_bests(outcomes);
        self.state.wants_the_whole = false;
        self.state.age.forget();
    }
}
