//! What a run needs, known before anything of it is reserved.

use super::coarse::Coarse;
use super::crew::Crew;
use super::evaluator::{arena_bytes, longer_arena_bytes};
use super::{Generation, Resources};
use crate::Error;
use crate::problem::Problem;
use crate::simulation::{PARTS, Records, Terms};
use crate::swarm::pareto::Costs;
use crate::swarm::{Outcome, Plan, entrants};

/// Bytes of the heap that a run reserves, by what for: an upper bound, without what libraries take for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// The arenas of the workers, and what threads and their queues take.
    pub arenas: u64,
    /// Gain vectors, records and outcomes of a generation, and the signals of its scenarios.
    pub generation: u64,
    /// The swarms and what they learn.
    pub swarms: u64,
    /// What their surrogates make of it.
    pub surrogates: u64,
    /// The rows of convergence.csv.
    pub log: u64,
    /// Copies of the state of the run, where it is saved.
    pub checkpoints: u64,
}

/// What a swarm keeps a particle and dimension, in numbers: position, velocity, best, position in units.
const NUMBERS_A_COORDINATE: u64 = 4;
/// What a swarm keeps a particle, in bytes, at most: outcomes, links, order and flags.
const BYTES_A_PARTICLE: u64 = 256;
/// What an archive keeps a trade-off, in bytes, at most: costs, origin, worth, and room to measure it in.
const BYTES_A_TRADE_OFF: u64 = 160;
/// What rules and the polish keep a pair of dimensions, in numbers, at most.
const NUMBERS_A_PAIR: u64 = 3;

/// What a thread and its queues take, in bytes, at most.
const BYTES_A_THREAD: u64 = 16 << 10;

impl Declared {
    /// What a problem needs with these resources.
    #[must_use]
    pub fn of(problem: &Problem, resources: Resources) -> Self {
        let (dimensions, scenarios) = (problem.tuned.len() as u64, problem.scenarios.len());
        let positions = problem.search.positions_max(problem.tuned.len());
        let level = resources.level;
        let judged = |vectors: usize| {
            let numbers = (problem.values.len() + 3) as u64 * 8 + size_of::<Outcome>() as u64;
            Records::bytes(vectors.saturating_mul(scenarios), problem.limits.len())
                + vectors as u64 * numbers
                + scenarios as u64 * 32
        };
        let pieces = problem.scenarios.iter().flat_map(|scenario| &scenario.conditions.signals);
        let signals = pieces.map(|pieces| size_of_val(&pieces[..]) as u64).sum::<u64>();
        let races = entrants(&problem.axes()) as u64;
        let coordinates = races * problem.search.coordinates(problem.tuned.len()) as u64;
        let particles = coordinates / dimensions.max(1);
        let swarms = races * Plan::swarms(&problem.search) * NUMBERS_A_PAIR * dimensions * dimensions * 8;
        let [kept, made] =
            problem.search.numbers_of_surrogates(problem.tuned.len()).map(|of| 8 * races * of as u64);
        // Costs on the way, outcomes, ranks and the scenarios of parts.
        let coarse = if problem.search.coarse_first {
            let jobs = positions.saturating_mul(scenarios) as u64;
            let marks = jobs.saturating_mul((PARTS as u64 - 1) * 8);
            marks + positions as u64 * (dimensions * 8 + 128) + scenarios as u64 * 64
        } else {
            0
        };
        let arenas_of_search = if Coarse::is_of(problem) { longer_arena_bytes } else { arena_bytes };
        let search = arenas_of_search(problem, level, problem.terms);
        let best = arena_bytes(problem, level, Terms::All);
        // Of the trade-offs as they are, and as a generation that is cut short leaves them.
        let trade_off = dimensions * 8 + BYTES_A_TRADE_OFF;
        let generations = problem.search.stopping.generations_max().min(super::ROWS_MAX as u64);
        Self {
            // The best is simulated once more, with all terms, in arenas of its own.
            arenas: resources.threads as u64 * ((search + best) as u64 + 2 * 1024 + BYTES_A_THREAD),
            generation: judged(positions)
                + judged(1)
                + coarse
                + Crew::bytes(problem, resources, positions)
                + Crew::bytes(problem, resources, 1)
                + positions as u64 * size_of::<Outcome>() as u64
                + if problem.objectives.is_empty() {
                    0
                } else {
                    (positions as u64 + 1) * size_of::<Costs>() as u64
                }
                + signals,
            swarms: coordinates * NUMBERS_A_COORDINATE * 8
                + particles * BYTES_A_PARTICLE
                + swarms
                + problem.search.trade_offs.map_or(0, |of| 2 * (of.kept as u64 + 1) * trade_off)
                + kept
                + 4096,
            surrogates: made,
            log: generations * (size_of::<Generation>() as u64 + 8 * dimensions),
            checkpoints: 0,
        }
    }

    /// With what a run takes that is saved on the way: the last state, the next, and the file.
    #[must_use]
    pub fn with_checkpoints(self) -> Self {
        Self { checkpoints: 3 * self.state() + (1 << 16), ..self }
    }

    /// The state of the run as bytes.
    #[must_use]
    pub fn state(&self) -> u64 {
        self.swarms + self.log
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.arenas + self.generation + self.swarms + self.surrogates + self.log + self.checkpoints
    }

    /// Refuses what does not fit.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryLimit`].
    pub fn fit(&self, limit: Option<u64>) -> Result<(), Error> {
        let Some(limit) = limit else { return Ok(()) };
        let needed = self.total();
        if needed <= limit {
            return Ok(());
        }
        let Self { arenas, generation, swarms, surrogates, log, checkpoints } = self;
        let swarms = swarms + surrogates;
        let parts = format!(
            "{arenas} for the arenas of the workers, {generation} for a generation, {swarms} for the swarms, {log} for the log, {checkpoints} for checkpoints"
        );
        Err(Error::MemoryLimit { needed, limit, parts })
    }
}
