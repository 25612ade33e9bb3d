//! The steps of a search that may be coarse first, and a part of the simulations of a gain vector.

use crate::problem::Problem;
use crate::simulation::{PARTS, Records, Scenario, Simulator};
use crate::swarm::Outcome;
use crate::{Error, memory};

/// What the next generation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Positions, by whole simulations.
    Whole,
    /// Positions, by whole simulations of which the costs on the way are noted.
    Noted,
    /// Positions, by a part.
    Part,
    /// The personal bests, by whole simulations of which the costs on the way are noted.
    Again,
    /// The best of the personal bests, by whole simulations.
    Best,
    /// The personal bests, by a part in shorter steps.
    Shorter,
}

impl Step {
    /// How its gain vectors are simulated.
    pub(super) fn depth(self) -> Depth {
        match self {
            Self::Whole | Self::Best => Depth::Whole,
            Self::Noted | Self::Again => Depth::Noted,
            Self::Part | Self::Shorter => Depth::Part,
        }
    }
}

/// How gain vectors are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// As a whole, unless they are abandoned.
    Whole,
    /// As a whole, with the costs on the way noted.
    Noted,
    /// A part of it.
    Part,
}

impl Depth {
    /// All, in the order of their numbers.
    #[cfg(feature = "mpi")]
    pub(super) const ALL: [Self; 3] = [Self::Whole, Self::Noted, Self::Part];
}

/// A part of the simulations of a gain vector.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Its scenarios, in their order.
    pub scenarios: Vec<usize>,
    /// How many of the parts of their time.
    pub parts: usize,
    /// Which of the longer steps, from 1 on; 0 for the usual ones.
    pub longer: usize,
}

impl Part {
    /// Room for a part of so many scenarios.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    pub(super) fn with_room(scenarios: usize) -> Result<Self, Error> {
        Ok(Self { scenarios: memory::empty("the scenarios of a part", scenarios)?, parts: PARTS, longer: 0 })
    }

    /// Becomes the same as another.
    pub(super) fn copy(&mut self, other: &Self) {
        (self.parts, self.longer) = (other.parts, other.longer);
        self.choose(other.scenarios.iter().copied());
    }

    /// Takes these scenarios.
    pub(super) fn choose(&mut self, scenarios: impl Iterator<Item = usize>) {
        self.scenarios.clear();
        self.scenarios.extend(scenarios);
    }

    /// The scenarios of which it chooses, and what simulates them.
    pub(super) fn run<'p>(&self, problem: &'p Problem) -> (&'p [Scenario], &'p dyn Simulator) {
        match self.longer.checked_sub(1) {
            None => (&problem.scenarios, &*problem.simulator),
            Some(place) => (&problem.coarser[place].scenarios, &*problem.coarser[place].simulator),
        }
    }

    /// Words of a part, at most.
    #[cfg(feature = "mpi")]
    pub(super) fn words_max(problem: &Problem) -> usize {
        2 + problem.scenarios.len()
    }

    /// Writes it as words; how many there are.
    #[cfg(feature = "mpi")]
    pub(super) fn export(&self, words: &mut [u64]) -> usize {
        let scenarios = self.scenarios.iter().copied();
        let numbers = [self.parts, self.longer].into_iter().chain(scenarios);
        words.iter_mut().zip(numbers).map(|(word, number)| *word = number as u64).count()
    }

    /// Becomes what [`Part::export`] has written.
    #[cfg(feature = "mpi")]
    pub(super) fn import(&mut self, words: &[u64]) {
        let mut numbers = words.iter().map(|word| usize::try_from(*word).expect("a place of ours"));
        (self.parts, self.longer) = (numbers.next().unwrap_or(PARTS), numbers.next().unwrap_or(0));
        self.choose(numbers);
    }

    /// What so many gain vectors count when they are judged by it, in whole ones: their share of the work, rounded up.
    pub(super) fn worth(&self, vectors: usize, problem: &Problem) -> u64 {
        let factor = self.longer.checked_sub(1).map_or(1, |place| problem.coarser[place].factor);
        let whole = problem.scenarios.len() * PARTS * usize::from(factor);
        (vectors * self.scenarios.len() * self.parts).div_ceil(whole) as u64
    }
}

/// What a generation came to, by whole simulations.
#[derive(Clone, Copy)]
pub(super) struct Judged<'a> {
    pub problem: &'a Problem,
    /// The gain vectors that were simulated.
    pub vectors: &'a [usize],
    pub outcomes: &'a [Outcome],
    /// What they came to when they were last judged once more, by a part.
    pub again: &'a [Outcome],
    /// With the costs on the way; in the order of `vectors`.
    pub records: &'a Records,
}

/// The weights of some scenarios, which sum up to 1.
pub(super) fn weights(problem: &Problem, scenarios: &[usize]) -> impl Iterator<Item = f64> {
    let all: f64 = scenarios.iter().map(|scenario| problem.weights[*scenario]).sum();
    scenarios.iter().map(move |scenario| problem.weights[*scenario] / all)
}
