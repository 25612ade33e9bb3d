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
    /// The best position at the end of each, one after the other, of so many numbers; and that of the row that is not complete.
    bests: Vec<f64>,
    open_best: Box<[f64]>,
    /// Generations a row.
    stride: u64,
    /// The row that is not complete.
    open: Option<Generation>,
}

impl Log {
    /// A log of up to so many generations, whose best positions are so many numbers.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(generations: u64, dimensions: usize) -> Result<Self, Error> {
        let rows = usize::try_from(generations).unwrap_or(ROWS_MAX).min(ROWS_MAX);
        let what = "the rows of convergence.csv";
        Ok(Self {
            rows: memory::empty(what, rows)?,
            bests: memory::empty(what, rows.saturating_mul(dimensions))?,
            open_best: memory::filled(what, dimensions, 0.0)?,
            stride: 1,
            open: None,
        })
    }

    /// Adds a generation, and the best position at its end.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn push(&mut self, generation: Generation, best: &[f64]) {
        let width = self.open_best.len();
        let row = self.open.take().map_or(generation, |open| open.followed_by(&generation));
        if !row.generation.is_multiple_of(self.stride) {
            self.open = Some(row);
            self.open_best.copy_from_slice(&best[..width]);
            return;
        }
        self.rows.push(row);
        self.bests.extend_from_slice(&best[..width]);
        if self.rows.len() == ROWS_MAX {
            for pair in 0..ROWS_MAX / 2 {
                self.rows[pair] = self.rows[2 * pair].followed_by(&self.rows[2 * pair + 1]);
                let later = (2 * pair + 1) * width;
                self.bests.copy_within(later..later + width, pair * width);
            }
            self.rows.truncate(ROWS_MAX / 2);
            self.bests.truncate(ROWS_MAX / 2 * width);
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

    /// The best position at the end of each of those rows; `last` is that of the generation that was not pushed, where there is one.
    pub(super) fn bests<'a>(&'a self, last: Option<&'a [f64]>) -> impl Iterator<Item = &'a [f64]> {
        let width = self.open_best.len();
        let open = self.open.map(|_| &self.open_best[..]);
        let end = last.map(|last| &last[..width]).or(open);
        self.bests.chunks_exact(width.max(1)).chain(end.filter(|_| width > 0))
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
        self.bests.resize(count * self.open_best.len(), 0.0);
        archive.f64s(&mut self.bests)?;
        archive.f64s(&mut self.open_best)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::cast_precision_loss, reason = "few generations")]
    fn a_row_has_the_best_position_at_its_end_however_many_generations_it_is_of() {
        let mut log = Log::new(u64::MAX, 2).expect("memory");
        for generation in 1..=10_001 {
            let best = [generation as f64, -(generation as f64)];
            log.push(Generation { generation, ..Generation::NONE }, &best);
        }
        let last = Generation { generation: 10_002, ..Generation::NONE };
        for (end, best) in [(None, None), (Some(last), Some(&[10_002.0, -10_002.0][..]))] {
            let (rows, bests) = (log.rows(end), log.bests(best));
            let expected = rows.iter().map(|row| row.generation as f64);
            assert!(bests.map(|best| (best[0], best[1])).eq(expected.map(|end| (end, -end))));
            assert_eq!((rows[0].generation, rows.len()), (4, 2501));
        }
        assert_eq!(Log::new(9, 0).expect("memory").bests(Some(&[])).count(), 0);
    }
}
