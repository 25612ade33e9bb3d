//! A rank that judges what it is told.

use std::time::Duration;

use super::backend::Switch;
use super::evaluator::Evaluator;
use super::part::{Depth, Part};
use super::ranks::{HEAD, Posed, Tag, World};
use super::{Resources, workers};
use crate::Error;
use crate::memory::{self, Reading};
use crate::problem::Problem;
use crate::simulation::SimdLevel;

/// A problem that this rank knows.
struct Known {
    posed: Posed,
    problem: Problem,
}

/// Judges problem after problem and does tasks by `task`, which says whether it could; whether the command is to be run by this rank itself then.
pub(super) fn follow(mut task: impl FnMut(&[u8]) -> bool) -> bool {
    let mut known = None;
    loop {
        match World::next() {
            Tag::Begin => known = begin(known, None),
            Tag::Task => {
                known = None;
                let is_done = task(&World::bytes(Tag::Task));
                World::reply(&[u64::from(is_done)]);
            }
            // It came too late.
            Tag::Stop => drop(World::bytes(Tag::Stop)),
            end @ (Tag::Apart | Tag::End) => {
                World::bytes(end);
                return end == Tag::Apart;
            }
            tag => unreachable!("{tag:?} without a problem"),
        }
    }
}

/// Judges a problem until it is done, and answers first whether it can; gives it back, since the next one may be of the same study. Within another problem it may
/// be the same, as where its best is simulated once more.
fn begin(before: Option<Known>, around: Option<&Known>) -> Option<Known> {
    let posed = match Posed::from_bytes(&World::bytes(Tag::Begin)) {
        Ok(posed) => posed,
        Err(error) => return refuse(&error.to_string()),
    };
    if let Some(around) = around.filter(|around| around.posed.is_of_the_problem_of(&posed)) {
        judge(&posed, around);
        return None;
    }
    let problem = match before.filter(|before| before.posed.has_the_study_of(&posed)) {
        Some(Known { problem, .. }) => {
            let (scenarios, weights) = posed.cases();
            Ok(Problem { scenarios, weights, ..problem })
        }
        None => posed.problem(),
    };
    match problem {
        Ok(problem) => {
            let known = Known { posed, problem };
            judge(&known.posed, &known);
            Some(known)
        }
        Err(reason) => refuse(&reason),
    }
}

/// Says why this rank cannot judge the problem; the rank that asks is then done with it.
fn refuse(reason: &str) -> Option<Known> {
    World::answer(format!("{}\n{reason}", World::host()).as_bytes());
    while World::next() != Tag::Done {}
    World::bytes(Tag::Done);
    None
}

/// Judges a problem on threads of its own.
fn judge(posed: &Posed, known: &Known) {
    let judged = workers::with(posed.resources.threads, || serve(posed, known));
    if let Err(error) = judged {
        refuse(&error.to_string());
    }
}

/// Does what it is told about a problem until it is done. What has been answered is not an error any more.
fn serve(posed: &Posed, known: &Known) -> Result<(), Error> {
    let problem = &known.problem;
    let wanted = posed.resources;
    let level = SimdLevel::available().find(|level| *level == wanted.level).unwrap_or(SimdLevel::widest());
    let resources = Resources { level, ..wanted };
    let mut evaluator = Evaluator::new(problem, resources, posed.vectors, posed.terms)?;
    let mut room = Room::of(problem, &evaluator)?;
    let mut switch = Switch::Closed;
    World::answer(&[]);
    loop {
        match World::next() {
            Tag::Begin => drop(begin(None, Some(known))),
            Tag::Mark => {
                World::bytes(Tag::Mark);
                let marked = evaluator.marked().and_then(|marked| Ok((Room::of(problem, &marked)?, marked)));
                (room, evaluator) = marked?;
                World::answer(&[]);
            }
            Tag::WarmUp => {
                World::bytes(Tag::WarmUp);
                evaluator.warm_up();
            }
            Tag::Part => {
                let words = World::words(Tag::Part, &mut room.words);
                room.part.import(&room.words[..words]);
                evaluator.take_part(&room.part);
            }
            Tag::Native => {
                World::bytes(Tag::Native);
                // Where there is none here, the program does the same.
                switch = Switch::new(problem, level).0;
            }
            Tag::Jobs => {
                run(&mut evaluator, problem, &mut room);
                let _ = switch.advance(problem, level, Duration::MAX);
            }
            Tag::Done => {
                World::bytes(Tag::Done);
                return Ok(());
            }
            tag => unreachable!("{tag:?} while a problem is judged"),
        }
    }
}

/// Room for jobs, for records and for a part.
struct Room {
    jobs: Box<[u64]>,
    records: Box<[u64]>,
    words: Box<[u64]>,
    part: Part,
}

impl Room {
    fn of(problem: &Problem, evaluator: &Evaluator<'_>) -> Result<Self, Error> {
        let vectors = evaluator.vectors();
        let jobs = HEAD + vectors * (problem.values.len() + 1);
        let records = evaluator.records().words_of(vectors * problem.scenarios.len());
        Ok(Self {
            jobs: memory::filled("the jobs of a rank", jobs, 0)?,
            records: memory::filled("the records of a rank", 1 + records, 0)?,
            words: memory::filled("the part of a rank", Part::words_max(problem), 0)?,
            part: Part::with_room(problem.scenarios.len())?,
        })
    }
}

/// Runs the jobs that have come and sends their records, with what has been allocated meanwhile.
fn run(evaluator: &mut Evaluator<'_>, problem: &Problem, room: &mut Room) {
    let Room { jobs, records, .. } = room;
    let words = World::words(Tag::Jobs, jobs);
    let before = Reading::now();
    let (head, numbers) = jobs[..words].split_at(HEAD);
    let place = |word: u64| usize::try_from(word).expect("a job of ours");
    let share = place(head[0])..place(head[1]);
    let depth = Depth::ALL[place(head[2])];
    let rows = numbers.len() / (problem.values.len() + 1);
    let (bounds, values) = numbers.split_at(rows);
    evaluator.run_dealt(depth, share.clone(), [bounds, values]);
    let length = 1 + evaluator.records().words_of(share.len());
    evaluator.records().export(share, &mut records[1..length]);
    let after = Reading::now();
    records[0] = before.zip(after).map_or(0, |(before, after)| after.allocations - before.allocations);
    World::reply(&records[..length]);
}
