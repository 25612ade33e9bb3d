//! The rank that asks: it deals jobs and gathers records.

use std::ops::Range;

use super::posed::Posed;
use super::world::{Tag, World};
use crate::engine::Resources;
use crate::engine::jobs::Jobs;
use crate::engine::part::Part;
use crate::problem::Problem;
use crate::shard::Shard;
use crate::simulation::{PARTS, Records, Terms};
use crate::{Error, memory};

/// Words before the bounds and values of dealt jobs: the first job, one past the last, and the step.
pub(in crate::engine) const HEAD: usize = 3;

/// What rank 0 knows of a problem that all ranks judge; they forget it with it.
pub(in crate::engine) struct Lead {
    world: World,
    /// Jobs that fill the lanes of a thread.
    block: usize,
    /// How many jobs were dealt last.
    dealt: usize,
    /// Room for the jobs and for the records of a rank.
    jobs: Box<[u64]>,
    records: Box<[u64]>,
    /// Room for a part.
    part: Box<[u64]>,
    /// What the others have allocated while they judged.
    allocations: u64,
    is_native: bool,
}

impl Lead {
    /// Poses a problem to all other ranks.
    ///
    /// # Errors
    ///
    /// When one cannot take part, or memory cannot be reserved.
    pub(in crate::engine) fn new(
        world: World,
        problem: &Problem,
        resources: Resources,
        vectors: usize,
        terms: Terms,
    ) -> Result<Self, Error> {
        let block = problem.simulator.lanes(resources.level);
        let [jobs, records] = rooms(world, problem, block, vectors);
        let lead = Self {
            world,
            block,
            dealt: 0,
            jobs: memory::filled("the jobs of a rank", jobs, 0)?,
            records: memory::filled("the records of a rank", records, 0)?,
            part: memory::filled("the part of a rank", Part::words_max(problem), 0)?,
            allocations: 0,
            is_native: false,
        };
        world.tell_all(Tag::Begin, &Posed::of(problem, resources, vectors, terms).into_bytes());
        lead.hear()?;
        Ok(lead)
    }

    /// Bytes that it reserves, at most.
    pub(in crate::engine) fn bytes(
        world: World,
        problem: &Problem,
        resources: Resources,
        vectors: usize,
    ) -> u64 {
        let block = problem.simulator.lanes(resources.level);
        let rooms = rooms(world, problem, block, vectors);
        rooms.into_iter().chain([Part::words_max(problem)]).map(|words| words as u64 * 8).sum()
    }

    pub(in crate::engine) fn mark(&mut self) -> Result<(), Error> {
        self.world.tell_all(Tag::Mark, &[]);
        self.hear()
    }

    pub(in crate::engine) fn warm_up(&mut self) {
        self.world.tell_all(Tag::WarmUp, &[]);
    }

    pub(in crate::engine) fn take_part(&mut self, part: &Part) {
        let count = part.export(&mut self.part);
        for rank in self.world.others() {
            World::send(rank, Tag::Part, &self.part[..count]);
        }
    }

    pub(in crate::engine) fn go_native(&mut self) {
        if !self.is_native {
            self.world.tell_all(Tag::Native, &[]);
        }
        self.is_native = true;
    }

    pub(in crate::engine) fn deal(&mut self, jobs: Jobs<'_>) -> Range<usize> {
        self.dealt = jobs.count;
        for rank in self.world.others() {
            let share = self.share(rank);
            if share.is_empty() {
                continue;
            }
            let rows = share.start / jobs.scenarios..share.end.div_ceil(jobs.scenarios);
            let bounds = &jobs.bounds[rows.clone()];
            let values = &jobs.values[rows.start * jobs.width..rows.end * jobs.width];
            let head = [share.start as u64, share.end as u64, jobs.depth as u64];
            let words = head.into_iter().chain(bounds.iter().chain(values).map(|number| number.to_bits()));
            let length = HEAD + bounds.len() + values.len();
            for (place, word) in self.jobs.iter_mut().zip(words) {
                *place = word;
            }
            World::send(rank, Tag::Jobs, &self.jobs[..length]);
        }
        self.share(0)
    }

    pub(in crate::engine) fn gather(&mut self, records: &Records) {
        for rank in self.world.others() {
            let share = self.share(rank);
            if share.is_empty() {
                continue;
            }
            let words = World::words_from(rank, Tag::Records, &mut self.records);
            records.import(share, &self.records[1..words]);
            self.allocations += self.records[0];
        }
    }

    pub(in crate::engine) fn take_allocations(&mut self) -> u64 {
        std::mem::take(&mut self.allocations)
    }

    fn share(&self, rank: i32) -> Range<usize> {
        share(self.dealt, self.block, [usize::try_from(rank).unwrap_or(0), self.world.size()])
    }

    /// Hears from all others whether they do what they were told.
    fn hear(&self) -> Result<(), Error> {
        let mut result = Ok(());
        for rank in self.world.others() {
            let answer = World::bytes_from(rank, Tag::Answer);
            let answer = String::from_utf8_lossy(&answer);
            if let (Ok(()), Some((host, reason))) = (&result, answer.split_once('\n')) {
                result = Err(Error::Rank { rank, host: host.into(), reason: reason.into() });
            }
        }
        result
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.world.tell_all(Tag::Done, &[]);
    }
}

/// The jobs of a rank of so many: one piece of whole blocks, which fill the lanes of a thread. None has more of them than rank 0, whose records stay where
/// they are.
fn share(jobs: usize, block: usize, [rank, ranks]: [usize; 2]) -> Range<usize> {
    let piece =
        Shard::all(ranks).nth(ranks - 1 - rank).map_or(0..0, |shard| shard.runs(jobs.div_ceil(block)));
    (piece.start * block).min(jobs)..(piece.end * block).min(jobs)
}

/// Words of the jobs and of the records of a rank, at most.
fn rooms(world: World, problem: &Problem, block: usize, vectors: usize) -> [usize; 2] {
    let all = vectors.saturating_mul(problem.scenarios.len());
    let jobs = all.div_ceil(block).div_ceil(world.size()).saturating_mul(block).min(all);
    let marks = if problem.search.coarse_first { jobs.saturating_mul(PARTS - 1) } else { 0 };
    let records = usize::try_from(Records::bytes(jobs, problem.limits.len()) / 8).unwrap_or(usize::MAX);
    // Of a part of the scenarios a rank may have all rows.
    let rows = vectors.saturating_mul(problem.values.len() + 1);
    [HEAD.saturating_add(rows), records.saturating_add(marks).saturating_add(1)]
}
