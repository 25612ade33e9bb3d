//! A search with a number of positions out at a time: when one has been judged, another goes out, so that no worker waits for the slowest.
//!
//! The particles take turns, in one round after the other, and move by what has been learnt when they go out. Whenever n more positions have been judged, whichever they are, the swarm learns from them as from a generation: personal
//! bests, informants and what the rule learns change then and at no other time. A particle may so move before its last position has been
//! judged (an asynchronous swarm, Koh, George, Haftka & Fregly 2006, doi:10.1002/nme.1646, but for the learning, which takes whole generations). What
//! goes out after the first n positions and before anything has been learnt is uniform in the box. After a restart, what is still out counts for the
//! best alone, and so does what is out of a particle that has left a swarm which becomes smaller. Choices are axes of one swarm here, and the next swarm begins when it has settled, no earlier.
//!
//! A position depends on nothing but the seed and what had been told when it went out. With one position out at a time the search is bit for bit
//! the one by generations, if that keeps no swarm beside another; with n that are told together too, as long as there are n particles.

use std::ops::Range;
use std::time::Duration;

use super::{Search, size};
use crate::archive::{Archive, Damage, Persist};
use crate::draw::{Draw, Purpose};
use crate::swarm::motion::Manner;
use crate::swarm::rules::Lesson;
use crate::swarm::{Axis, Outcome, Plan, Race, Restarts, StopReason, Swarm, decode};
use crate::{Error, memory};

/// A search with positions out: [`AsynchronousSearch::ask`], judge any, [`AsynchronousSearch::tell`], until [`AsynchronousSearch::ended`] says why it
/// ends.
pub struct AsynchronousSearch {
    search: Search,
    /// Those that are out, in the order in which they went, and room for others.
    flights: Box<[Flight]>,
    out: usize,
    /// Positions that have gone out.
    asked: u64,
    /// Rounds of the present swarm, and the particle that is next in this one.
    round: u64,
    next: usize,
    lessons: Lessons,
}

/// A position that is out.
struct Flight {
    id: u64,
    /// The swarm that it belongs to, by the restarts before it; [`NO_SWARM`] when its particle has left.
    swarm: u64,
    particle: usize,
    /// Where the particle is, and where that is judged.
    place: Box<[f64]>,
    tried: Box<[f64]>,
    /// The same in the units of the axes.
    position: Box<[f64]>,
}

/// Of a particle that has left its swarm.
const NO_SWARM: u64 = u64::MAX;

/// Positions of the present swarm that have been judged since it last learnt, in the order of their ids.
struct Lessons {
    count: usize,
    ids: Box<[u64]>,
    particles: Box<[usize]>,
    places: Box<[f64]>,
    tried: Box<[f64]>,
    outcomes: Box<[Outcome]>,
}

impl AsynchronousSearch {
    /// A search over the box of the given axes, at its beginning, with up to `outstanding` positions out; everything is reserved here.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// As [`Search::new`], when `outstanding` is 0 or more than there are particles, and when the plan has a polish or seeks trade-offs.
    pub fn new(axes: &[Axis], plan: &Plan, seed: u64, outstanding: usize) -> Result<Self, Error> {
        assert!((1..=plan.settings.particles).contains(&outstanding), "from one position to one a particle");
        assert!(plan.polish.is_none() && plan.trade_offs.is_none(), "a swarm for one objective alone");
        let restarts = Restarts { slow_gain: 0.0, ..plan.restarts };
        let one_swarm = Plan { restarts, ..plan.clone() };
        let what = "the positions that are out";
        let row = || memory::filled(what, axes.len(), 0.0);
        let flights = (0..outstanding).map(|_| {
            Ok(Flight { id: 0, swarm: 0, particle: 0, place: row()?, tried: row()?, position: row()? })
        });
        let particles = plan.sizes().max().unwrap_or(0);
        let numbers = || memory::filled(what, particles.saturating_mul(axes.len()), 0.0);
        Ok(Self {
            search: Search::of(Race::of_one, axes, &one_swarm, seed)?,
            flights: flights.collect::<Result<_, Error>>()?,
            out: 0,
            asked: 0,
            round: 0,
            next: 0,
            lessons: Lessons {
                count: 0,
                ids: memory::filled(what, particles, 0)?,
                particles: memory::filled(what, particles, 0)?,
                places: numbers()?,
                tried: numbers()?,
                outcomes: memory::filled(what, particles, Outcome::WORST)?,
            },
        })
    }

    /// Sends out one more position, if one may go: its id, which counts from 0, and where it is.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask(&mut self) -> Option<(u64, &[f64])> {
        if !self.may_ask() {
            return None;
        }
        let (restarts, has_learnt) = (self.search.state.restarts, self.search.state.age.generations > 0);
        let swarm = self.search.swarms[size(&self.search.plan, restarts)].first();
        if self.next == swarm.bests.len() {
            (self.round, self.next) = (self.round + 1, 0);
        }
        let particle = self.next;
        swarm.take_turn(self.round, particle, has_learnt);
        let flight = &mut self.flights[self.out];
        (flight.id, flight.swarm, flight.particle) = (self.asked, restarts, particle);
        let row = swarm.row(particle);
        flight.place.copy_from_slice(&swarm.cube[row.clone()]);
        flight.tried.copy_from_slice(if swarm.tried.is_empty() {
            &swarm.cube[row]
        } else {
            &swarm.tried[row]
        });
        decode(&self.search.axes, &flight.tried, &mut flight.position);
        self.out += 1;
        self.asked += 1;
        self.next += 1;
        Some((flight.id, &flight.position))
    }

    /// Whether there is room, and a need within generations and evaluations.
    fn may_ask(&self) -> bool {
        let (stopping, state) = (&self.search.plan.stopping, &self.search.state);
        let out = &self.flights[..self.out];
        let of_swarm =
            out.iter().filter(|flight| flight.swarm == state.restarts).count() + self.lessons.count;
        let generations = stopping.generations.saturating_sub(state.generations);
        let needed = generations.saturating_mul(self.particles() as u64);
        let left = stopping.evaluations.saturating_sub(state.evaluations);
        self.out < self.flights.len() && (self.out as u64) < left && (of_swarm as u64) < needed
    }

    /// The positions that are out, in the order in which they went.
    pub fn outstanding(&self) -> impl Iterator<Item = (u64, &[f64])> {
        self.flights[..self.out].iter().map(|flight| (flight.id, &*flight.position))
    }

    /// Takes the outcome of a position; false when no such position is out.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn tell(&mut self, id: u64, outcome: Outcome) -> bool {
        let Some(place) = self.flights[..self.out].iter().position(|flight| flight.id == id) else {
            return false;
        };
        self.flights[place..self.out].rotate_left(1);
        self.out -= 1;
        let (flight, state) = (&self.flights[self.out], &mut self.search.state);
        state.evaluations += 1;
        if outcome.is_better_than(&state.best) {
            state.best = outcome;
            self.search.best_position.copy_from_slice(&flight.position);
        }
        if flight.swarm == state.restarts {
            self.lessons.add(flight, outcome);
            if self.lessons.count == self.particles() {
                self.learn();
            }
        }
        true
    }

    /// Learns from as many positions as there are particles.
    fn learn(&mut self) {
        let restarts = self.search.state.restarts;
        self.search.state.generations += 1;
        let swarm = self.search.swarms[size(&self.search.plan, restarts)].first();
        swarm.learn_from(&self.lessons, self.search.state.age.generations);
        self.lessons.count = 0;
        let is_over = self.search.is_over();
        self.search.state.exhausted = is_over && !self.search.restart();
        if self.search.state.restarts != restarts {
            (self.round, self.next) = (0, 0);
        } else if self.search.plan.shrinks {
            self.shrink();
        }
        self.search.note_gain();
    }

    /// Lets particles go, as many as should have gone by now; what they have out is of no swarm.
    fn shrink(&mut self) {
        let state = &self.search.state;
        let swarm = self.search.swarms[size(&self.search.plan, state.restarts)].first();
        swarm.shrink(state.age.generations, &mut |gone| {
            for flight in &mut self.flights {
                if flight.particle == gone {
                    (flight.swarm, flight.particle) = (NO_SWARM, 0);
                } else if flight.particle > gone {
                    flight.particle -= 1;
                }
            }
            if self.next > gone {
                self.next -= 1;
            }
        });
        // Nothing has been judged since it learnt.
        self.lessons.particles.fill(0);
    }

    fn particles(&self) -> usize {
        self.search.swarms[size(&self.search.plan, self.search.state.restarts)].to_beat().len()
    }

    /// Why the search ends as it stands, if it does; what is out then does not matter any more.
    ///
    /// `elapsed` is the time since the beginning.
    #[must_use]
    pub fn ended(&self, elapsed: Duration) -> Option<StopReason> {
        self.search.end(elapsed)
    }

    /// As [`Search::resume`]. What was out when the search was saved is out again.
    ///
    /// # Errors
    ///
    /// As [`Search::resume`].
    pub fn resume(&mut self, elapsed: Duration) -> Result<Option<StopReason>, String> {
        self.search.resume(elapsed)
    }

    /// The search, of which a generation has as many positions as there are particles.
    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }
}

impl Lessons {
    fn add(&mut self, flight: &Flight, outcome: Outcome) {
        let (dimensions, last) = (flight.place.len(), self.count);
        let at = self.ids[..last].partition_point(|id| *id < flight.id);
        self.ids[last] = flight.id;
        self.particles[last] = flight.particle;
        self.outcomes[last] = outcome;
        let row = last * dimensions..(last + 1) * dimensions;
        self.places[row.clone()].copy_from_slice(&flight.place);
        self.tried[row].copy_from_slice(&flight.tried);
        self.count += 1;
        self.ids[at..self.count].rotate_right(1);
        self.particles[at..self.count].rotate_right(1);
        self.outcomes[at..self.count].rotate_right(1);
        let rows: Range<usize> = at * dimensions..self.count * dimensions;
        self.places[rows.clone()].rotate_right(dimensions);
        self.tried[rows].rotate_right(dimensions);
    }
}

impl Swarm {
    /// Moves the particle whose turn it is, to a random place where nothing has been learnt yet; in the first round they stand where they start.
    fn take_turn(&mut self, round: u64, particle: usize, has_learnt: bool) {
        if round == 0 {
            return;
        }
        self.generation = self.born.saturating_add(round);
        if has_learnt {
            self.fly_one(particle, Manner::USUAL);
        } else {
            let mut draw = Draw::new(self.seed, Purpose::Motion, self.generation, particle);
            let row = self.row(particle);
            self.cube[row.clone()].fill_with(|| draw.uniform());
            if !self.tried.is_empty() {
                self.tried[row.clone()].copy_from_slice(&self.cube[row]);
            }
        }
    }

    /// Learns from positions, as many as there are particles, as from generation `age` since the start; true when any particle has found
    /// something better than before.
    fn learn_from(&mut self, lessons: &Lessons, age: u64) -> bool {
        let (count, dimensions) = (self.bests.len(), self.axes.len());
        let outcomes = &lessons.outcomes[..count];
        self.improved.fill(false);
        self.level.follow(outcomes);
        let before = self.bests[self.leader];
        let rows = lessons.tried.chunks_exact(dimensions);
        for ((particle, outcome), tried) in lessons.particles.iter().zip(outcomes).zip(rows) {
            if self.level.seen(outcome).is_better_than(&self.level.seen(&self.bests[*particle])) {
                self.improved[*particle] = true;
                self.bests[*particle] = *outcome;
                let row = self.row(*particle);
                self.best_cube[row].copy_from_slice(tried);
            }
        }
        let seen = self.lead(before, self.born.saturating_add(age).saturating_add(1), outcomes);
        let positions = &lessons.places[..count * dimensions];
        self.surrogate.learn(positions, &self.seen[..seen]);
        self.rule.learn(Lesson { positions, outcomes: &self.seen[..seen], improved: &self.improved });
        self.inform()
    }
}

impl Persist for AsynchronousSearch {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        self.search.pass(archive)?;
        let particles = self.particles();
        archive.u64(&mut self.asked)?;
        archive.u64(&mut self.round)?;
        archive.index(&mut self.next, particles + 1)?;
        archive.index(&mut self.out, self.flights.len() + 1)?;
        for flight in &mut self.flights {
            archive.u64(&mut flight.id)?;
            archive.u64(&mut flight.swarm)?;
            archive.index(&mut flight.particle, particles)?;
            archive.f64s(&mut flight.place)?;
            archive.f64s(&mut flight.tried)?;
            decode(&self.search.axes, &flight.tried, &mut flight.position);
        }
        let lessons = &mut self.lessons;
        archive.index(&mut lessons.count, particles)?;
        lessons.ids.iter_mut().try_for_each(|id| archive.u64(id))?;
        let owners = lessons.particles.iter_mut();
        owners.take(particles).try_for_each(|particle| archive.index(particle, particles))?;
        archive.f64s(&mut lessons.places)?;
        archive.f64s(&mut lessons.tried)?;
        lessons.outcomes.iter_mut().try_for_each(|outcome| outcome.pass(archive))
    }
}
