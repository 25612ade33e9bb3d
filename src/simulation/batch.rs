//! A batch of jobs and the records that come back.

use std::cmp;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Scenario;
use crate::costs::TERMS_MAX;
use crate::{Error, memory};

/// The cost of a run that fails at the last moment; one that fails at once costs twice as much.
pub const FAILURE_COST: f64 = 1e6;

/// The equal parts of a simulation.
pub const PARTS: usize = 8;

/// How much of a simulation is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// All of it, and its cost up to the end of each part is noted.
    Marked,
    /// So many of its [`PARTS`] parts.
    Parts(usize),
}

/// The cost terms to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Those that cost something or have a limit; the others have the value 0.
    Needed,
    /// All of the study.
    All,
}

/// Simulations to run: every gain vector in every scenario.
///
/// Of n scenarios that are run, job `j` is gain vector `j / n` in the one at `j % n`. Threads take jobs from `queue` in
/// order and write to the job's own record, so that no result depends on who ran it.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Parameter values of the controller, one row a gain vector.
    pub values: &'a [f64],
    /// Numbers a row of `values`.
    pub width: usize,
    /// The scenarios, common to all gain vectors.
    pub scenarios: &'a [Scenario],
    /// The places of those that are run; all, where there is no such list.
    pub chosen: Option<&'a [usize]>,
    /// A simulation of gain vector `p` in scenario `s` stops as soon as its cost alone exceeds `bounds[p]·reaches[s]`.
    pub bounds: &'a [f64],
    /// See `bounds`; one a scenario.
    pub reaches: &'a [f64],
    /// The cost terms to find.
    pub terms: Terms,
    /// How much of each simulation is run.
    pub extent: Extent,
    /// The next job to take.
    pub queue: &'a AtomicUsize,
    /// One past the last job to take.
    pub end: usize,
    /// One record a job.
    pub records: &'a Records,
}

impl Batch<'_> {
    /// The next job, if any is left.
    pub(crate) fn take(&self) -> Option<usize> {
        // The load keeps idle lanes from counting the queue up without end.
        if self.queue.load(Ordering::Relaxed) >= self.end {
            return None;
        }
        let job = self.queue.fetch_add(1, Ordering::Relaxed);
        (job < self.end).then_some(job)
    }

    /// Parameter values, scenario and bound of a job.
    pub(crate) fn job(&self, job: usize) -> (&[f64], &Scenario, f64) {
        let count = self.chosen.map_or(self.scenarios.len(), <[usize]>::len);
        let (vector, place) = (job / count, job % count);
        let values = &self.values[vector * self.width..][..self.width];
        let scenario = self.chosen.map_or(place, |chosen| chosen[place]);
        (values, &self.scenarios[scenario], self.bounds[vector] * self.reaches[scenario])
    }
}

/// How a simulation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Not run (yet).
    Pending,
    /// All steps done, the plant within its limits.
    Survived,
    /// The state left its limits or was not finite.
    Failed,
    /// Stopped because its partial cost had exceeded the bound.
    Abandoned,
    /// The code of a member panicked.
    Panicked,
}

impl Ending {
    pub(crate) const ALL: [Self; 5] =
        [Self::Pending, Self::Survived, Self::Failed, Self::Abandoned, Self::Panicked];
}

/// The result of one simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// How it ended.
    pub ending: Ending,
    /// Control steps that were simulated.
    pub steps: u64,
    /// The cost; of an abandoned simulation, a lower bound of it.
    pub cost: f64,
    /// The values of the cost terms, each in its unit, as far as the simulation went; 0 behind those of the study.
    pub values: [f64; TERMS_MAX],
}

impl Record {
    /// Words beside the values.
    const HEAD: usize = 3;

    /// What stands where no simulation has been run.
    pub const PENDING: Self =
        Self { ending: Ending::Pending, steps: 0, cost: f64::NAN, values: [f64::NAN; TERMS_MAX] };

    /// Whether all steps were done within the limits of the plant.
    #[must_use]
    pub fn survived(&self) -> bool {
        self.ending == Ending::Survived
    }

    /// The order of runs: `Less` is better.
    ///
    /// Those that survived come first, by their cost; then those that failed, a later failure before an earlier one; last those whose
    /// cost is not known. A failure is thus worse than any run that survived, whatever the weights of the cost terms: its penalty
    /// ([`FAILURE_COST`]) is on no scale with their costs, so that the two are never averaged either.
    #[must_use]
    pub fn rank(&self, other: &Self) -> cmp::Ordering {
        let (class, within) = self.place();
        let (other_class, other_within) = other.place();
        class.cmp(&other_class).then(within.total_cmp(&other_within))
    }

    /// A class and the place within it, both the better the smaller.
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
    fn place(&self) -> (u8, f64) {
        match self.ending {
            Ending::Survived if !self.cost.is_nan() => (0, self.cost),
            Ending::Failed => (1, -(self.steps as f64)),
            _ => (2, 0.0),
        }
    }
}

/// One record a job, written by many threads without locks.
///
/// A record is a row of atomic words; the batch's join makes the writes of all threads visible to the reader.
#[derive(Debug)]
pub struct Records {
    words: Box<[AtomicU64]>,
    /// Words of a record.
    width: usize,
    /// The costs up to the ends of the parts but the last, [`PARTS`] − 1 a job; none where they are never noted.
    marks: Box<[AtomicU64]>,
}

impl Records {
    /// Room for `jobs` records of so many terms, all [`Ending::Pending`].
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub fn new(jobs: usize, terms: usize) -> Result<Self, Error> {
        let width = Record::HEAD + terms.min(TERMS_MAX);
        Ok(Self { words: words(jobs.saturating_mul(width))?, width, marks: Box::default() })
    }

    /// The same, with the costs up to the end of each part.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub fn marked(jobs: usize, terms: usize) -> Result<Self, Error> {
        let records = Self { marks: words(jobs.saturating_mul(PARTS - 1))?, ..Self::new(jobs, terms)? };
        records.clear();
        Ok(records)
    }

    /// The cost of a job up to the end of so many parts; not a number where it has not come so far.
    ///
    /// # Panics
    ///
    /// When there is no such job, or no such mark before the end.
    #[must_use]
    pub fn mark(&self, job: usize, parts: usize) -> f64 {
        f64::from_bits(self.marks[job * (PARTS - 1) + parts - 1].load(Ordering::Relaxed))
    }

    /// Notes the cost of a job up to the end of so many parts.
    pub(crate) fn set_mark(&self, job: usize, parts: usize, cost: f64) {
        self.marks[job * (PARTS - 1) + parts - 1].store(cost.to_bits(), Ordering::Relaxed);
    }

    /// Bytes of so many records of so many terms.
    #[must_use]
    pub fn bytes(jobs: usize, terms: usize) -> u64 {
        (jobs as u64).saturating_mul(((Record::HEAD + terms) * size_of::<AtomicU64>()) as u64)
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len() / self.width
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Makes every record pending again.
    pub fn clear(&self) {
        for ending in self.words.iter().step_by(self.width) {
            ending.store(Ending::Pending as u64, Ordering::Relaxed);
        }
        self.marks.iter().for_each(|mark| mark.store(f64::NAN.to_bits(), Ordering::Relaxed));
    }

    /// The record of a job.
    ///
    /// # Panics
    ///
    /// When there is no such job.
    #[must_use]
    pub fn get(&self, job: usize) -> Record {
        let (head, numbers) = self.row(job).split_at(Record::HEAD);
        let word = |k: usize| head[k].load(Ordering::Relaxed);
        let ending = usize::try_from(word(0)).ok().and_then(|k| Ending::ALL.get(k).copied());
        let Some(ending) = ending.filter(|ending| *ending != Ending::Pending) else { return Record::PENDING };
        let mut values = [0.0; TERMS_MAX];
        for (value, number) in values.iter_mut().zip(numbers) {
            *value = f64::from_bits(number.load(Ordering::Relaxed));
        }
        Record { ending, steps: word(1), cost: f64::from_bits(word(2)), values }
    }

    /// Writes the record of a job.
    ///
    /// # Panics
    ///
    /// When there is no such job.
    pub fn set(&self, job: usize, record: &Record) {
        let (head, numbers) = self.row(job).split_at(Record::HEAD);
        let words = [record.ending as u64, record.steps, record.cost.to_bits()];
        for (cell, word) in head.iter().zip(words) {
            cell.store(word, Ordering::Relaxed);
        }
        for (cell, value) in numbers.iter().zip(&record.values) {
            cell.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Words of some jobs, for [`Records::export`].
    #[cfg(feature = "mpi")]
    #[must_use]
    pub(crate) fn words_of(&self, jobs: usize) -> usize {
        let marks = if self.marks.is_empty() { 0 } else { PARTS - 1 };
        jobs * (self.width + marks)
    }

    /// The words of some jobs, in an order of their own.
    #[cfg(feature = "mpi")]
    fn cells(&self, jobs: std::ops::Range<usize>) -> impl Iterator<Item = &AtomicU64> {
        let marks = if self.marks.is_empty() { 0 } else { PARTS - 1 };
        let words = &self.words[jobs.start * self.width..jobs.end * self.width];
        words.iter().chain(&self.marks[jobs.start * marks..jobs.end * marks])
    }

    /// Copies the records of some jobs, with their marks, into so many words.
    #[cfg(feature = "mpi")]
    pub(crate) fn export(&self, jobs: std::ops::Range<usize>, words: &mut [u64]) {
        for (word, cell) in words.iter_mut().zip(self.cells(jobs)) {
            *word = cell.load(Ordering::Relaxed);
        }
    }

    /// Takes over what [`Records::export`] has given for the same jobs.
    #[cfg(feature = "mpi")]
    pub(crate) fn import(&self, jobs: std::ops::Range<usize>, words: &[u64]) {
        for (word, cell) in words.iter().zip(self.cells(jobs)) {
            cell.store(*word, Ordering::Relaxed);
        }
    }

    fn row(&self, job: usize) -> &[AtomicU64] {
        &self.words[job * self.width..][..self.width]
    }
}

/// So many words, all 0.
fn words(count: usize) -> Result<Box<[AtomicU64]>, Error> {
    let mut words = memory::empty("the records of a generation (particles × scenarios)", count)?;
    words.resize_with(count, || AtomicU64::new(0));
    Ok(words.into_boxed_slice())
}
