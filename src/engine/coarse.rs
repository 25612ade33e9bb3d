//! Coarse first: as long as a swarm is wide, its gain vectors are judged by a part of their simulations, or in longer steps.
//!
//! The first generation of a swarm is simulated as a whole. Its order is compared with the order that fewer scenarios and less time would have given it: the least
//! work, of at most [`WORK_MAX`], with a rank correlation (Spearman) of [`ALIKE`] or more is the part that judges the generations that follow. They are also simulated
//! once more in longer steps (`problem.rs`), the longest two: those whose order has a correlation of [`ALIKE_IN_STEPS`], and in which the same gain vectors are feasible, judge instead,
//! of that part or, where there is none, of the whole. The swarm is looked at after every 1 + d generations, for d gains:
//!
//! - In longer steps the best of its personal bests is simulated as a whole. Where it is no better than the last one by more than a share of [`GAIN_IN_STEPS`], the personal bests are
//!   judged anew in the next shorter steps, and after the shortest of these as a whole.
//! - By a part in its own steps all personal bests are simulated as a whole, and the part is chosen anew.
//!
//! When there is no such part, when [`BARREN`] looks in a row have gained no more than a share of [`GAIN`], after the shortest of the longer steps, or when the swarm has settled, it goes on with
//! whole simulations to its end. To watch how well a cheaper judge does, and to use it only as far as that goes, is evolution control (Jin 2005, doi:10.1007/s00500-003-0328-5); the
//! numbers are chosen here and measured in `docs/swarm.md`.
//!
//! Whatever is reported, and whatever ends a search, is the cost of whole simulations.

use std::mem;

use super::evaluator::Evaluator;
use super::outcomes::outcome;
use super::part::{Judged, Part, Step, weights};
use crate::archive::{Archive, Damage, Persist};
use crate::costs::aggregate::Weighed;
use crate::problem::{Coarser, Problem};
use crate::simulation::{Ending, PARTS, Record};
use crate::swarm::{Outcome, Seeker, entrants, sort};
use crate::{Error, memory};

/// Generations between two looks at the whole, beside one for each gain.
const EVERY: u64 = 1;
/// So many looks in a row that gain nothing end it.
const BARREN: u64 = 2;
/// What a look has to gain, as a share of the cost.
const GAIN: f64 = 1e-3;
/// The same in longer steps: shorter ones may gain more.
const GAIN_IN_STEPS: f64 = 1e-2;
/// The rank correlation from which on a part is as good as the whole.
const ALIKE: f64 = 0.98;
/// The same for longer steps: they show all of a simulation, where a part may lack what the rest would show.
const ALIKE_IN_STEPS: f64 = 0.9;
/// So many of the longer steps are tried, the longest first: what the shortest alone would save is soon lost again.
const TRIED_STEPS: usize = 2;
/// The largest part of a simulation that is worth it.
const WORK_MAX: f64 = 0.6;
/// The fewest gain vectors whose order says something.
const LEAST: usize = 4;
/// Scenarios among which the part is chosen.
const SCENARIOS_MAX: usize = 32;

/// By what a swarm is judged.
pub(super) struct Coarse {
    is_on: bool,
    phase: Phase,
    /// The swarm, by the restarts before it; generations since the whole was looked at.
    swarm: u64,
    since: u64,
    every: u64,
    /// Longer steps that there are.
    coarser: usize,
    /// The best by the whole, and how many looks in a row have gained nothing.
    best: Outcome,
    barren: u64,
    part: Part,
    /// Room: the part before, places in order, ranks, outcomes of a part and in that order, what was tried, costs of a vector.
    before: Part,
    order: Box<[usize]>,
    ranks: Box<[usize]>,
    seen: Box<[Outcome]>,
    compared: Box<[Outcome]>,
    tried: Vec<usize>,
    costs: Box<[Weighed]>,
}

/// How far a swarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its first generation is to come.
    Fresh,
    /// A part judges it.
    Open,
    /// The whole judges it to its end.
    Closed,
}

impl Phase {
    const ALL: [Self; 3] = [Self::Fresh, Self::Open, Self::Closed];
}

impl Coarse {
    /// At the beginning of a search, which may be coarse first, of up to so many positions at a time.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(problem: &Problem, positions: usize) -> Result<Self, Error> {
        let is_on = Self::is_of(problem);
        let (positions, scenarios) = if is_on { (positions, problem.scenarios.len()) } else { (0, 0) };
        // Another set of scenarios may have been put in place of the study's.
        let has_all = |coarser: &&Coarser| coarser.scenarios.len() == scenarios;
        let what = "the outcomes of a generation";
        Ok(Self {
            is_on,
            phase: Phase::Fresh,
            swarm: 0,
            since: 0,
            every: EVERY + problem.tuned.len() as u64,
            coarser: if is_on { problem.coarser.iter().take_while(has_all).count() } else { 0 },
            best: Outcome::WORST,
            barren: 0,
            part: Part::with_room(scenarios)?,
            before: Part::with_room(scenarios)?,
            order: memory::filled(what, positions, 0)?,
            ranks: memory::filled(what, positions, 0)?,
            seen: memory::filled(what, positions, Outcome::WORST)?,
            compared: memory::filled(what, positions, Outcome::WORST)?,
            tried: memory::empty(what, scenarios)?,
            costs: memory::filled(what, scenarios, (0.0, 0.0))?,
        })
    }

    /// Whether the search of a problem is coarse first.
    pub(super) fn is_of(problem: &Problem) -> bool {
        problem.search.coarse_first && problem.objectives.is_empty() && entrants(&problem.axes()) == 1
    }

    /// Whether a swarm is ever judged by a part.
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Whether a part judges.
    pub(super) fn judges_by_a_part(&self) -> bool {
        self.phase == Phase::Open
    }

    /// The part that judges, where one does.
    pub(super) fn part(&self) -> &Part {
        &self.part
    }

    /// What the next generation is; where it is judged in shorter steps, the part has them already.
    pub(super) fn next(&mut self, search: &Seeker) -> Step {
        let Some(search) = search.for_one().filter(|search| self.is_on && search.swarm().is_some()) else {
            return Step::Whole;
        };
        if search.restarts() != self.swarm {
            (self.swarm, self.phase) = (search.restarts(), Phase::Fresh);
        }
        match self.phase {
            // The end has to see what has been judged by a part.
            Phase::Open if search.is_last() => Step::Again,
            _ if search.is_turn_of_kept() => Step::Whole,
            Phase::Fresh => Step::Noted,
            Phase::Closed => Step::Whole,
            Phase::Open if search.wants_the_whole() => Step::Again,
            Phase::Open if self.since < self.every => Step::Part,
            Phase::Open if self.part.longer == 0 => Step::Again,
            Phase::Open if self.barren == 0 => Step::Best,
            Phase::Open if self.part.longer == self.coarser => Step::Again,
            Phase::Open => {
                (self.since, self.barren) = (0, 0);
                self.part.longer += 1;
                Step::Shorter
            }
        }
    }

    /// Learns what the best of the personal bests in longer steps comes to as a whole.
    pub(super) fn note_best(&mut self, best: &Outcome) {
        self.note_gain(*best, GAIN_IN_STEPS);
        if self.barren == 0 {
            self.since = 0;
        }
    }

    /// Learns of a generation of so many gain vectors that was judged by a part; gives what they count.
    pub(super) fn went_on(&mut self, vectors: usize, problem: &Problem) -> u64 {
        self.since += 1;
        self.part.worth(vectors, problem)
    }

    /// Chooses by what the swarm is judged from now on, after a generation by whole simulations, and gives what its personal bests come to by that; nothing
    /// where they are judged as before.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn choose(&mut self, evaluator: &mut Evaluator<'_>, has_settled: bool) -> Option<&[Outcome]> {
        let judged = evaluator.judged();
        let was_fresh = self.phase == Phase::Fresh;
        if was_fresh {
            (self.best, self.barren) = (Outcome::WORST, 0);
        }
        let best = judged.outcomes.iter().copied().min_by(Outcome::rank);
        self.note_gain(best.unwrap_or(Outcome::WORST), GAIN);
        let count = judged.outcomes.len();
        self.seen[..count].copy_from_slice(judged.outcomes);
        mem::swap(&mut self.part, &mut self.before);
        // What longer steps can do they have done.
        let is_worth_it =
            !has_settled && self.barren < BARREN && self.before.longer == 0 && judged.vectors.len() >= LEAST;
        let has_part = is_worth_it && self.find(judged);
        self.part.longer = 0;
        if has_part {
            self.look(judged);
        } else {
            self.part.parts = PARTS;
            self.part.choose(0..judged.problem.scenarios.len());
        }
        let has_steps = is_worth_it && was_fresh && self.lengthen(evaluator);
        self.phase = if has_part || has_steps { Phase::Open } else { Phase::Closed };
        self.since = 0;
        let is_as_before = if was_fresh { self.phase == Phase::Closed } else { self.part == self.before };
        (!is_as_before).then_some(&self.seen[..count])
    }

    /// Counts the looks whose best gains no more than a share of the cost.
    fn note_gain(&mut self, best: Outcome, gain: f64) {
        let has_gained = if self.best.is_feasible() && best.is_feasible() {
            best.cost < self.best.cost - gain * self.best.cost.abs()
        } else {
            best.is_better_than(&self.best)
        };
        self.barren = if has_gained { 0 } else { self.barren + 1 };
        if best.is_better_than(&self.best) {
            self.best = best;
        }
    }

    /// Finds the longest steps that are enough like the whole.
    fn lengthen(&mut self, evaluator: &mut Evaluator<'_>) -> bool {
        for longer in 1..=self.coarser.min(TRIED_STEPS) {
            self.part.longer = longer;
            evaluator.judge_again(&self.part);
            let Judged { vectors, outcomes, again, .. } = evaluator.judged();
            let is_as_feasible =
                |vector: &usize| outcomes[*vector].is_feasible() == again[*vector].is_feasible();
            self.rank(vectors, outcomes);
            for (compared, vector) in self.compared.iter_mut().zip(vectors) {
                *compared = again[*vector];
            }
            if vectors.iter().all(is_as_feasible) && self.correlation(vectors.len()) >= ALIKE_IN_STEPS {
                self.seen[..again.len()].copy_from_slice(again);
                return true;
            }
        }
        self.part.longer = 0;
        false
    }

    /// Finds the least part that is enough like the whole.
    #[allow(clippy::cast_precision_loss, reason = "numbers of scenarios and parts")]
    fn find(&mut self, judged: Judged<'_>) -> bool {
        let scenarios = judged.problem.scenarios.len();
        self.rank(judged.vectors, judged.outcomes);
        let mut work = WORK_MAX * (scenarios * PARTS) as f64;
        // What a limit holds is known at the end alone.
        let is_limited = judged.problem.limits.iter().any(|limit| limit.is_finite());
        let mut is_found = false;
        for parts in if is_limited { PARTS } else { 1 }..=PARTS {
            self.tried.clear();
            while ((self.tried.len() + 1) * parts) as f64 <= work {
                let Some((alike, scenario)) = self.next_scenario(judged, parts) else { break };
                self.tried.push(scenario);
                if alike >= ALIKE {
                    // Another one has to do with less.
                    work = (self.tried.len() * parts) as f64 - 1.0;
                    is_found = true;
                    self.part.parts = parts;
                    self.part.scenarios.clear();
                    self.part.scenarios.extend_from_slice(&self.tried);
                    break;
                }
            }
        }
        self.part.scenarios.sort_unstable();
        is_found
    }

    /// The scenario that, with those tried, is most like the whole, and how much so.
    fn next_scenario(&mut self, judged: Judged<'_>, parts: usize) -> Option<(f64, usize)> {
        let scenarios = judged.problem.scenarios.len();
        let mut best: Option<(f64, usize)> = None;
        for scenario in (0..scenarios).step_by(scenarios.div_ceil(SCENARIOS_MAX)) {
            if self.tried.contains(&scenario) {
                continue;
            }
            self.tried.push(scenario);
            let alike = self.alike(judged, parts);
            self.tried.pop();
            if best.is_none_or(|best| alike > best.0) {
                best = Some((alike, scenario));
            }
        }
        best
    }

    /// The rank correlation between a part, of the tried scenarios, and the whole.
    fn alike(&mut self, judged: Judged<'_>, parts: usize) -> f64 {
        let count = judged.vectors.len();
        for row in 0..count {
            self.compared[row] = of_part(judged, row, &self.tried, parts, &mut self.costs);
        }
        self.correlation(count)
    }

    /// Ranks gain vectors by what they came to as a whole.
    fn rank(&mut self, vectors: &[usize], outcomes: &[Outcome]) {
        for (compared, vector) in self.compared.iter_mut().zip(vectors) {
            *compared = outcomes[*vector];
        }
        let order = &mut self.order[..vectors.len()];
        sort(order, &self.compared);
        for (rank, place) in order.iter().enumerate() {
            self.ranks[*place] = rank;
        }
    }

    /// The rank correlation between the outcomes to be compared and those that were ranked (Spearman).
    #[allow(clippy::cast_precision_loss, reason = "numbers of gain vectors")]
    fn correlation(&mut self, count: usize) -> f64 {
        // Of two that cannot be told apart, the wrong one comes first.
        let Self { order, ranks, compared, .. } = self;
        let order = &mut order[..count];
        order.sort_unstable_by(|a, b| compared[*a].rank(&compared[*b]).then(ranks[*b].cmp(&ranks[*a])));
        let squares = order.iter().enumerate().map(|(rank, place)| {
            let apart = rank.abs_diff(ranks[*place]) as f64;
            apart * apart
        });
        let n = count as f64;
        1.0 - 6.0 * squares.sum::<f64>() / (n * (n * n - 1.0))
    }

    /// What the gain vectors come to by the part; one that fails as a whole has failed.
    fn look(&mut self, judged: Judged<'_>) {
        let Self { part, seen, costs, .. } = self;
        for (row, vector) in judged.vectors.iter().enumerate() {
            if judged.outcomes[*vector].is_feasible() {
                seen[*vector] = of_part(judged, row, &part.scenarios, part.parts, costs);
            }
        }
    }
}

/// What a gain vector comes to by a part of its simulations, from the records of the whole.
fn of_part(
    judged: Judged<'_>,
    row: usize,
    scenarios: &[usize],
    parts: usize,
    costs: &mut [Weighed],
) -> Outcome {
    let Judged { problem, records, .. } = judged;
    let of_scenario = |(scenario, weight): (&usize, f64)| {
        let job = row * problem.scenarios.len() + scenario;
        let record = records.get(job);
        let mark = if parts < PARTS { records.mark(job, parts) } else { f64::NAN };
        let record =
            if mark.is_nan() { record } else { Record { ending: Ending::Survived, cost: mark, ..record } };
        (record, weight)
    };
    let weighed = scenarios.iter().zip(weights(problem, scenarios));
    outcome(problem, weighed.map(of_scenario), costs)
}

impl Persist for Coarse {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        if !self.is_on {
            return Ok(());
        }
        archive.one_of(&mut self.phase, &Phase::ALL)?;
        archive.u64(&mut self.swarm)?;
        archive.u64(&mut self.since)?;
        self.best.pass(archive)?;
        archive.u64(&mut self.barren)?;
        archive.index(&mut self.part.parts, PARTS + 1)?;
        archive.index(&mut self.part.longer, self.coarser + 1)?;
        let scenarios = self.costs.len();
        let mut count = self.part.scenarios.len();
        archive.index(&mut count, scenarios + 1)?;
        self.part.scenarios.resize(count, 0);
        self.part.scenarios.iter_mut().try_for_each(|scenario| archive.index(scenario, scenarios))
    }
}
