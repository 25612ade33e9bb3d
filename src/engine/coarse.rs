//! Coarse first: as long as a swarm is wide, its gain vectors are judged by a part of their simulations.
//!
//! The first generation of a swarm is simulated as a whole, and so are its personal bests after every [`EVERY`] generations. Their order is then compared with
//! the order that fewer scenarios and less time would have given them: the least work with a rank correlation (Spearman) of [`ALIKE`] or more judges
//! the generations that follow. When no part of at most [`WORK_MAX`] is so much alike, when [`BARREN`] looks in a row have shown no better best, or when the swarm has settled, it
//! goes on with whole simulations to its end. To watch how well a cheaper judge orders the individuals, and to use it only as far as that goes, is evolution control (Jin 2005, doi:10.1007/s00500-003-0328-5);
//! the numbers are chosen here and measured in `docs/swarm.md`.
//!
//! Whatever is reported, and whatever ends a search, is the cost of whole simulations.

use super::outcomes::outcome;
use crate::archive::{Archive, Damage, Persist};
use crate::costs::aggregate::Weighed;
use crate::problem::Problem;
use crate::simulation::{Ending, PARTS, Record, Records};
use crate::swarm::{Outcome, Seeker, entrants, sort};
use crate::{Error, memory};

/// Generations between two looks at the whole.
const EVERY: u64 = 8;
/// So many looks in a row that show no better best end it.
const BARREN: u64 = 2;
/// The rank correlation from which on a part is as good as the whole.
const ALIKE: f64 = 0.98;
/// The largest part of a simulation that is worth it.
const WORK_MAX: f64 = 0.6;
/// The fewest gain vectors whose order says something.
const LEAST: usize = 4;
/// Scenarios among which the part is chosen.
const SCENARIOS_MAX: usize = 32;

/// What the next generation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Positions, by whole simulations.
    Whole,
    /// Positions, by whole simulations of which the costs on the way are noted.
    Noted,
    /// Positions, by a part.
    Part,
    /// The personal bests, by whole simulations.
    Again,
}

impl Step {
    /// All, in the order of their numbers.
    #[cfg(feature = "mpi")]
    pub(super) const ALL: [Self; 4] = [Self::Whole, Self::Noted, Self::Part, Self::Again];
}

/// A part of the simulations of a gain vector.
#[derive(Debug)]
pub(super) struct Part {
    /// Its scenarios, in their order.
    pub scenarios: Vec<usize>,
    /// How many of the parts of their time.
    pub parts: usize,
}

/// By what a swarm is judged.
pub(super) struct Coarse {
    is_on: bool,
    phase: Phase,
    /// The swarm, by the restarts before it; generations since the whole was looked at.
    swarm: u64,
    since: u64,
    /// The best by the whole, and how many looks in a row have shown no better one.
    best: Outcome,
    barren: u64,
    part: Part,
    /// Room: places in order, ranks, outcomes of a part, what was tried, costs of a vector.
    order: Box<[usize]>,
    ranks: Box<[usize]>,
    seen: Box<[Outcome]>,
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

/// What a generation came to, by whole simulations.
#[derive(Clone, Copy)]
pub(super) struct Judged<'a> {
    pub problem: &'a Problem,
    /// The gain vectors that were simulated.
    pub vectors: &'a [usize],
    pub outcomes: &'a [Outcome],
    /// With the costs on the way; in the order of `vectors`.
    pub records: &'a Records,
}

impl Coarse {
    /// At the beginning of a search, which may be coarse first, of up to so many positions at a time.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn new(problem: &Problem, positions: usize) -> Result<Self, Error> {
        let is_on =
            problem.search.coarse_first && problem.objectives.is_empty() && entrants(&problem.axes()) == 1;
        let (positions, scenarios) = if is_on { (positions, problem.scenarios.len()) } else { (0, 0) };
        let what = "the outcomes of a generation";
        Ok(Self {
            is_on,
            phase: Phase::Fresh,
            swarm: 0,
            since: 0,
            best: Outcome::WORST,
            barren: 0,
            part: Part { scenarios: memory::empty(what, scenarios)?, parts: PARTS },
            order: memory::filled(what, positions, 0)?,
            ranks: memory::filled(what, positions, 0)?,
            seen: memory::filled(what, positions, Outcome::WORST)?,
            tried: memory::empty(what, scenarios)?,
            costs: memory::filled(what, scenarios, (0.0, 0.0))?,
        })
    }

    /// Whether a swarm is ever judged by a part.
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// The part that judges, if one does.
    pub(super) fn part(&self) -> Option<&Part> {
        (self.phase == Phase::Open).then_some(&self.part)
    }

    /// What the next generation is.
    pub(super) fn next(&mut self, search: &Seeker) -> Step {
        let Some(search) = search.for_one().filter(|search| self.is_on && search.swarm().is_some()) else {
            return Step::Whole;
        };
        if search.restarts() != self.swarm {
            (self.swarm, self.phase) = (search.restarts(), Phase::Fresh);
        }
        match self.phase {
            Phase::Fresh => Step::Noted,
            Phase::Closed => Step::Whole,
            Phase::Open if self.since >= EVERY || search.wants_the_whole() || search.is_last() => Step::Again,
            Phase::Open => Step::Part,
        }
    }

    /// Learns of a generation that was judged by a part.
    pub(super) fn went_on(&mut self) {
        self.since += 1;
    }

    /// Chooses by what the swarm is judged from now on, and gives what its personal bests come to by that.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn choose(&mut self, judged: Judged<'_>, has_settled: bool) -> Option<&[Outcome]> {
        let was_fresh = self.phase == Phase::Fresh;
        let best = judged.outcomes.iter().copied().min_by(Outcome::rank).unwrap_or(Outcome::WORST);
        let has_gained = was_fresh || best.is_better_than(&self.best) || !best.is_feasible();
        self.barren = if has_gained { 0 } else { self.barren + 1 };
        self.best = best;
        let is_found = !has_settled && self.barren < BARREN && self.find(judged);
        self.phase = if is_found { Phase::Open } else { Phase::Closed };
        self.since = 0;
        let count = judged.outcomes.len();
        self.seen[..count].copy_from_slice(judged.outcomes);
        if is_found {
            self.look(judged);
        } else if was_fresh {
            return None;
        }
        Some(&self.seen[..count])
    }

    /// Finds the least part that is enough like the whole.
    #[allow(clippy::cast_precision_loss, reason = "numbers of scenarios and parts")]
    fn find(&mut self, judged: Judged<'_>) -> bool {
        let (scenarios, count) = (judged.problem.scenarios.len(), judged.vectors.len());
        if count < LEAST {
            return false;
        }
        for (seen, vector) in self.seen.iter_mut().zip(judged.vectors) {
            *seen = judged.outcomes[*vector];
        }
        sort(&mut self.order[..count], &self.seen);
        for (rank, place) in self.order[..count].iter().enumerate() {
            self.ranks[*place] = rank;
        }
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

    /// The rank correlation between a part, of the tried scenarios, and the whole (Spearman).
    #[allow(clippy::cast_precision_loss, reason = "numbers of gain vectors")]
    fn alike(&mut self, judged: Judged<'_>, parts: usize) -> f64 {
        let count = judged.vectors.len();
        for row in 0..count {
            self.seen[row] = of_part(judged, row, &self.tried, parts, &mut self.costs);
        }
        // Of two that the part cannot tell apart, the wrong one comes first.
        let Self { order, ranks, seen, .. } = self;
        let order = &mut order[..count];
        order.sort_unstable_by(|a, b| seen[*a].rank(&seen[*b]).then(ranks[*b].cmp(&ranks[*a])));
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

/// The weights of some scenarios, which sum up to 1.
pub(super) fn weights(problem: &Problem, scenarios: &[usize]) -> impl Iterator<Item = f64> {
    let all: f64 = scenarios.iter().map(|scenario| problem.weights[*scenario]).sum();
    scenarios.iter().map(move |scenario| problem.weights[*scenario] / all)
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
        let scenarios = self.costs.len();
        let mut count = self.part.scenarios.len();
        archive.index(&mut count, scenarios + 1)?;
        self.part.scenarios.resize(count, 0);
        self.part.scenarios.iter_mut().try_for_each(|scenario| archive.index(scenario, scenarios))
    }
}
