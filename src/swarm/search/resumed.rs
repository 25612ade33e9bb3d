//! A restored search goes on under other stopping rules as if it had had them from the start, or says why it cannot.

use std::time::Duration;

use super::{Asked, Search, SearchState};
use crate::swarm::{Outcome, StopReason, Stopping};

impl Search {
    /// Continues a restored search under the stopping rules of its plan, which may differ from those under which it was saved, as if it
    /// had had them from the start. Returns why it has ended, if it has.
    ///
    /// `elapsed` is the time that it has taken.
    ///
    /// # Errors
    ///
    /// When a search with these rules would have ended before, or could have gone differently: which rule, and why.
    pub fn resume(&mut self, elapsed: Duration) -> Result<Option<StopReason>, String> {
        let (before, now) = (self.ran_under, self.plan.stopping);
        if now.stall_generations.is_none() {
            // Without this rule gains are not limited; they are counted as before.
            self.plan.stopping.stall_gain = before.stall_gain;
        }
        match self.overrun(&before, elapsed) {
            Some((rule, why)) => return Err(format!("config.swarm.stopping.{rule} {why}")),
            None => self.ran_under = self.plan.stopping,
        }
        if self.state.cut > 0 && self.would_not_have_been_cut() {
            self.state.generations = self.state.generations.saturating_sub(1);
            self.state.evaluations = self.state.evaluations.saturating_sub(self.state.cut);
            self.state.cut = 0;
            self.state.best = std::mem::replace(&mut self.state.held, Outcome::WORST);
            self.best_position.copy_from_slice(&self.held_position);
            self.held_position.fill(0.0);
            return Ok(None);
        }
        Ok(self.end(elapsed))
    }

    /// Whether the budget that holds now would not have cut the last generation short as it was.
    fn would_not_have_been_cut(&self) -> bool {
        let SearchState { generations, evaluations, cut, .. } = self.state;
        if self.asked != Asked::Bests {
            return self.plan.stopping.evaluations > evaluations;
        }
        let count = self.last_question(generations.saturating_sub(1), evaluations.saturating_sub(cut));
        count != Some(cut)
    }

    /// A rule that would have ended the search before, and how that is known.
    fn overrun(&self, before: &Stopping, elapsed: Duration) -> Option<(&'static str, String)> {
        let SearchState { generations, evaluations, best, longest_stall, .. } = self.state;
        let now = &self.plan.stopping;
        let spent = elapsed.as_secs_f64();
        if generations > now.generations {
            return Some(("generations", format!("is {} here, and {generations} are done", now.generations)));
        }
        if evaluations > now.evaluations {
            return Some(("evaluations", format!("is {} here, and {evaluations} are done", now.evaluations)));
        }
        // A harder target than before cannot have been reached before.
        let reached = |target: &f64| best.is_feasible() && best.cost <= *target;
        let is_easier = |target: &f64| before.target.is_none_or(|before| *target > before);
        if let Some(target) = now.target.filter(is_easier).filter(reached) {
            return Some(("target", format!("is {target} here, and the best cost is {} already", best.cost)));
        }
        if now.stall_gain.to_bits() != before.stall_gain.to_bits() {
            let [there, here] = [before.stall_gain, now.stall_gain];
            return Some((
                "stall_gain",
                format!("is {there} there and {here} here: gains are counted by one"),
            ));
        }
        // A stall that lasts may be as long as is allowed: then the search ends here, unless another generation had begun.
        let longest = longest_stall.max(self.stall().saturating_sub(u64::from(!self.is_cut())));
        if let Some(limit) = now.stall_generations.filter(|limit| longest >= *limit) {
            return Some((
                "stall_generations",
                format!("is {limit} here, and there were {longest} without a gain"),
            ));
        }
        let is_shorter = |limit: &f64| before.wall_time.is_none_or(|before| *limit < before);
        let limit = now.wall_time.filter(is_shorter).filter(|limit| spent >= *limit)?;
        Some(("wall_time", format!("is {limit} here, and it has taken {spent:.3} s")))
    }
}
