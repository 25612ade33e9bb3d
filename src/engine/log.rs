//! The log of a search: bounded, whatever the length of the run.

use super::{FrontSize, Generation, Tally};
use crate::archive::{Archive, Damage, Persist};
use crate::swarm::Outcome;
use crate::{Error, memory};

/// Most rows of a log.
pub const ROWS_MAX: usize = 4096;

/// Rows of equal numbers of generations: one each, until the log is full and every two rows become one.
#[derive(Debug)]
pub(super) struct Log {
    rows: Vec<Generation>,
    /// Generations a row.
    stride: u64,
    /// The row that is not complete.
    open: Option<Generation>,
}

impl Log {
    /// A log of up to so many generations.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(generations: u64) -> Result<Self, Error> {
        let rows = usize::try_from(generations).unwrap_or(ROWS_MAX).min(ROWS_MAX);
        Ok(Self { rows: memory::empty("the rows of convergence.csv", rows)?, stride: 1, open: None })
    }

    /// Adds a generation.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn push(&mut self, generation: Generation) {
        let row = self.open.take().map_or(generation, |open| open.followed_by(&generation));
        if !row.generation.is_multiple_of(self.stride) {
            self.open = Some(row);
            return;
        }
        self.rows.push(row);
        if self.rows.len() == ROWS_MAX {
            for pair in 0..ROWS_MAX / 2 {
                self.rows[pair] = self.rows[2 * pair].followed_by(&self.rows[2 * pair + 1]);
            }
            self.rows.truncate(ROWS_MAX / 2);
            self.stride *= 2;
        }
    }

    /// All rows and then `last`, a generation that was not pushed; the last row may be of fewer generations.
    pub(super) fn rows(&self, last: Option<Generation>) -> Vec<Generation> {
        let end = match (&self.open, last) {
            (Some(open), Some(last)) => Some(open.followed_by(&last)),
            (open, last) => last.or(*open),
        };
        self.rows.iter().copied().chain(end).collect()
    }
}

impl Generation {
    /// One row for this and the generations that followed it: the state at the end, and the counts of all simulations.
    fn followed_by(&self, next: &Self) -> Self {
        let mut tally = self.tally;
        tally.add(&next.tally);
        Self {
            judged: self.judged + next.judged,
            infeasible: self.infeasible + next.infeasible,
            tally,
            ..*next
        }
    }

    /// Before the first generation.
    pub(super) const NONE: Self = Self {
        generation: 0,
        evaluations: 0,
        restarts: 0,
        best: Outcome::WORST,
        swarm: None,
        front: None,
        judged: 0,
        infeasible: 0,
        tally: Tally::NONE,
        growth_bytes: 0,
    };
}

impl Persist for Log {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let mut count = self.rows.len();
        archive.index(&mut count, ROWS_MAX)?;
        archive.u64(&mut self.stride)?;
        if self.stride == 0 {
            return Err(Damage::Range);
        }
        self.rows.resize(count, Generation::NONE);
        self.rows.iter_mut().try_for_each(|row| row.pass(archive))?;
        archive.optional(&mut self.open, Generation::NONE, |archive, row| row.pass(archive))
    }
}

impl Persist for Generation {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        for count in [
            &mut self.generation,
            &mut self.evaluations,
            &mut self.restarts,
            &mut self.judged,
            &mut self.infeasible,
        ] {
            archive.u64(count)?;
        }
        self.best.pass(archive)?;
        let mut has_swarm = self.swarm.is_some();
        archive.flag(&mut has_swarm)?;
        let mut swarm = self.swarm.unwrap_or_default();
        for number in [
            &mut swarm.median,
            &mut swarm.range,
            &mut swarm.diversity.spread,
            &mut swarm.diversity.mean_velocity,
        ] {
            archive.f64(number)?;
        }
        self.swarm = has_swarm.then_some(swarm);
        archive.optional(&mut self.front, FrontSize::default(), |archive, front| {
            archive.f64(&mut front.hypervolume)?;
            archive.u64(&mut front.kept)
        })?;
        archive.i64(&mut self.growth_bytes)?;
        self.tally.pass(archive)
    }
}
