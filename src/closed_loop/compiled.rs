//! What is special about a plant that is compiled code: what it remembers, and what nobody knows of it.

use super::Unfit;
use super::compose::{Composer, Moment};
use crate::graph::Id;

impl Composer<'_> {
    /// The states after a step, with what a plant remembers beside what moves: held over the step, and changed at its end.
    pub(super) fn remembered(&mut self, moment: &Moment<'_>, mut next: Vec<Id>) -> Result<Vec<Id>, Unfit> {
        if self.parts.plant.library().is_some() {
            let kept = self.plant(moment)?.next;
            next.iter_mut().zip(kept).for_each(|(next, kept)| *next = kept.unwrap_or(*next));
        }
        Ok(next)
    }

    /// Refuses what a law asks of a plant whose equations nobody knows.
    pub(super) fn refuse_library(&self, asks: &str) -> Result<(), Unfit> {
        let Some(library) = self.parts.plant.library() else { return Ok(()) };
        let problem = format!("{asks}, and {} is compiled code", library.description().name);
        let remedy = "take a law that needs only what is measured, or write the plant as equations".into();
        Err(Unfit::Law { problem, remedy })
    }
}
