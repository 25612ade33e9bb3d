//! Swarms in a race: one for each combination of choices, which have no order that a swarm could follow.
//!
//! Where axes are choices among names, each combination of them has a swarm of its own over the other axes, and a generation is that of one
//! swarm. First each has [`FIRST_TURNS`] generations. Then the swarm with the best outcome has every second generation, the next best
//! every fourth, and so on; the last of them has what is left. A swarm is given up once it lacks more to the best than [`HOPE`] times the
//! difference between its own best and the worst of its personal bests: it has settled too low. So the best soon has all generations, and
//! which one it is never depends on how long the search will be.
//!
//! To race alternatives and to drop those that fall behind is Maron & Moore's idea (1994, *Hoeffding races*, NIPS 6); the turns and what gives a swarm
//! up are chosen here, and measured in `docs/swarm.md`. More than [`COMBINATIONS_MAX`] combinations are searched by one swarm, whose particles keep their
//! own choices and at times try others ([`Axis`]).

use super::motion::Manner;
use super::space::Grid;
use super::{Axis, Diversity, Outcome, Settings, Swarm};
use crate::archive::{Archive, Damage, Persist};
use crate::{Error, memory};

/// Most combinations of choices that have a swarm each.
pub(super) const COMBINATIONS_MAX: usize = 16;
/// Generations that each swarm has at first.
const FIRST_TURNS: u64 = 4;
/// How many times what its personal bests differ by a swarm may lack to the best.
const HOPE: f64 = 10.0;

/// How many swarms search a box: one for each combination of choices, or a single one.
#[must_use]
pub(crate) fn entrants(axes: &[Axis]) -> usize {
    let is_choice = |axis: &&Axis| matches!(axis.grid, Grid::Choices(_));
    let names = axes.iter().filter(is_choice).map(|axis| match axis.grid {
        Grid::Choices(names) => names.len(),
        _ => 1,
    });
    let combinations = names.fold(1, usize::saturating_mul);
    let has_others = axes.iter().any(|axis| !is_choice(&axis));
    if has_others && combinations <= COMBINATIONS_MAX { combinations } else { 1 }
}

/// One swarm, or several that race.
pub(super) struct Race {
    axes: Box<[Axis]>,
    /// In the order of the combinations, of which the first choice counts least.
    swarms: Box<[Swarm]>,
    /// Generations since the start, and the swarm that has this one.
    turn: u64,
    at: usize,
    /// Whether this generation has been judged.
    told: bool,
    /// The swarm that has the first turn.
    first: usize,
    leader: usize,
    /// What the swarm at work asks and what the leader knows, with the choices; empty of a single swarm.
    positions: Box<[f64]>,
    bests: Box<[f64]>,
}

impl Race {
    /// The swarms over the box of the given axes.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// As [`Swarm::new`].
    pub(super) fn new(axes: &[Axis], settings: &Settings, seed: u64) -> Result<Self, Error> {
        Self::of(entrants(axes), axes, settings, seed)
    }

    /// A single swarm, whatever there is to choose among.
    ///
    /// # Errors
    ///
    /// As [`Race::new`].
    pub(super) fn of_one(axes: &[Axis], settings: &Settings, seed: u64) -> Result<Self, Error> {
        Self::of(1, axes, settings, seed)
    }

    fn of(count: usize, axes: &[Axis], settings: &Settings, seed: u64) -> Result<Self, Error> {
        let is_searched = |axis: &Axis| count == 1 || !matches!(axis.grid, Grid::Choices(_));
        let searched: Vec<Axis> = axes.iter().copied().filter(is_searched).collect();
        let of_searched = |row: &Vec<f64>| {
            let kept = row.iter().zip(axes).filter(|(_, axis)| is_searched(axis));
            kept.map(|(value, _)| *value).collect::<Vec<f64>>()
        };
        // Gains that are known to be good may be so with other choices too.
        let start = settings.start.iter().map(of_searched).collect();
        let settings_of_each = Settings { start, ..settings.clone() };
        let swarms = (0..count).map(|_| Swarm::new(&searched, &settings_of_each, seed));
        let numbers = if count == 1 { 0 } else { settings.particles.saturating_mul(axes.len()) };
        let mut race = Self {
            axes: axes.into(),
            swarms: swarms.collect::<Result<_, _>>()?,
            turn: 0,
            at: 0,
            told: false,
            first: 0,
            leader: 0,
            positions: memory::filled("the swarm (particles)", numbers, 0.0)?,
            bests: memory::filled("the swarm (particles)", numbers, 0.0)?,
        };
        race.first = settings.start.first().filter(|_| count > 1).map_or(0, |row| race.combination(row));
        (race.at, race.leader) = (race.first, race.first);
        race.show();
        Ok(race)
    }

    /// The combination of choices in a position.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places of choices")]
    fn combination(&self, position: &[f64]) -> usize {
        let choices = self.axes.iter().zip(position).rev();
        choices.fold(0, |combination, (axis, value)| match axis.grid {
            Grid::Choices(names) => combination * names.len() + axis.nearest(*value) as usize,
            _ => combination,
        })
    }

    /// The positions of this generation, particle-major; those of the next one, which moves as is said, once they have been told.
    pub(super) fn ask(&mut self, manner: Manner) {
        if self.told {
            self.told = false;
            self.turn += 1;
            self.at = self.next();
        }
        self.swarms[self.at].ask_by(manner);
        self.show();
    }

    /// As [`Swarm::shrink`], before the next generation; swarms in a race keep their particles.
    pub(super) fn shrink(&mut self) {
        if let [swarm] = &mut *self.swarms
            && swarm.told
        {
            swarm.shrink((swarm.generation - swarm.born).saturating_add(1), &mut |_| ());
        }
    }

    /// The positions of this generation, as [`Race::ask`] last gave them.
    pub(super) fn positions(&self) -> &[f64] {
        if self.swarms.len() == 1 { self.swarms[0].positions() } else { &self.positions }
    }

    /// As [`Swarm::to_beat`].
    pub(super) fn to_beat(&self) -> &[Outcome] {
        self.swarms[self.at].to_beat()
    }

    /// As [`Swarm::tell`].
    pub(super) fn tell(&mut self, outcomes: &[Outcome]) -> bool {
        self.told = true;
        let has_improved = self.swarms[self.at].tell(outcomes);
        let best = |swarm: usize| self.swarms[swarm].best().1;
        if best(self.at).is_better_than(&best(self.leader)) {
            self.leader = self.at;
        }
        self.show();
        has_improved
    }

    /// The first swarm, which is the only one after [`Race::of_one`].
    pub(super) fn first(&mut self) -> &mut Swarm {
        &mut self.swarms[0]
    }

    /// Whether a violation does not count yet in the swarm that has this turn or in the one that leads.
    pub(super) fn is_relaxed(&self) -> bool {
        self.swarms[self.at].is_relaxed() || self.leader().is_relaxed()
    }

    /// The swarm with the best outcome.
    pub(super) fn leader(&self) -> &Swarm {
        &self.swarms[self.leader]
    }

    /// Its diversity.
    pub(super) fn diversity(&self) -> Diversity {
        self.leader().diversity()
    }

    /// Its personal bests in the unit cube, particle-major.
    pub(super) fn bests_cube(&self) -> &[f64] {
        if self.swarms.len() == 1 { self.swarms[0].bests_cube() } else { &self.bests }
    }

    /// The best position so far in the unit cube.
    pub(super) fn best_cube(&self) -> &[f64] {
        if self.swarms.len() == 1 {
            return self.swarms[0].best_cube();
        }
        let dimensions = self.axes.len();
        let best = self.leader().best_particle();
        &self.bests[best * dimensions..(best + 1) * dimensions]
    }

    /// As [`Swarm::start`], all of them.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn start(&mut self, generation: u64) {
        self.swarms.iter_mut().for_each(|swarm| swarm.start(generation));
        (self.turn, self.told) = (0, false);
        (self.at, self.leader) = (self.first, self.first);
        self.show();
    }

    /// The swarm whose turn it is.
    #[allow(clippy::cast_possible_truncation, reason = "a rank, or a place among swarms")]
    fn next(&self) -> usize {
        let count = self.swarms.len();
        let first_turns = FIRST_TURNS * count as u64;
        if self.turn < first_turns {
            return (self.first + self.turn as usize) % count;
        }
        let best = |swarm: &usize| self.swarms[*swarm].best().1;
        let mut order = [0; COMBINATIONS_MAX];
        let mut left = 0;
        for swarm in (0..count).filter(|swarm| self.is_in(*swarm)) {
            order[left] = swarm;
            left += 1;
        }
        order[..left].sort_unstable_by(|a, b| best(a).rank(&best(b)).then(a.cmp(b)));
        let rank = (self.turn - first_turns + 1).trailing_zeros() as usize;
        order[rank.min(left - 1)]
    }

    /// Whether a swarm may still come to lead.
    fn is_in(&self, swarm: usize) -> bool {
        let (best, lead) = (self.swarms[swarm].best().1, self.leader().best().1);
        if swarm == self.leader || !lead.is_feasible() || !best.is_feasible() {
            return true;
        }
        let personal = self.swarms[swarm].personal_bests().iter();
        let worst = personal.max_by(|a, b| a.rank(b)).copied().unwrap_or(best);
        !worst.is_feasible() || best.cost - lead.cost <= HOPE * (worst.cost - best.cost)
    }

    /// Puts what the swarms know together with their choices.
    fn show(&mut self) {
        if self.swarms.len() == 1 {
            return;
        }
        let of_swarm = self.swarms[self.at].positions();
        join(&self.axes, self.at, of_swarm, &mut self.positions, |_, place| place);
        let of_swarm = self.swarms[self.leader].bests_cube();
        join(&self.axes, self.leader, of_swarm, &mut self.bests, Axis::share);
    }
}

/// Writes rows of the searched axes, with what `shown` makes of the choices of a combination between them.
#[allow(clippy::cast_precision_loss, reason = "the place of a choice")]
fn join(
    axes: &[Axis],
    combination: usize,
    searched: &[f64],
    rows: &mut [f64],
    shown: impl Fn(&Axis, f64) -> f64,
) {
    let mut searched = searched.iter();
    for row in rows.chunks_exact_mut(axes.len()) {
        let mut rest = combination;
        for (number, axis) in row.iter_mut().zip(axes) {
            *number = if let Grid::Choices(names) = axis.grid {
                let place = rest % names.len();
                rest /= names.len();
                shown(axis, place as f64)
            } else {
                searched.next().copied().unwrap_or(f64::NAN)
            };
        }
    }
}

impl Persist for Race {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        let count = self.swarms.len();
        if count > 1 {
            archive.u64(&mut self.turn)?;
            archive.flag(&mut self.told)?;
            archive.index(&mut self.at, count)?;
            archive.index(&mut self.leader, count)?;
        }
        self.swarms.iter_mut().try_for_each(|swarm| swarm.pass(archive))?;
        self.show();
        Ok(())
    }
}
