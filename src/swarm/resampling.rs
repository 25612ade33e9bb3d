//! A search among costs that are others when they are asked again, as those of measurements are.
//!
//! Each question has the positions of a generation and, from the second on, some that are judged again, about a seventh of the evaluations. They are
//! the centre of the generation before, m = Σ aₖ xₖ, with xₖ the k-th best position and the weights aₖ of the rule `learning`, and the personal bests that
//! look best, one for ten particles. A personal best is worth the mean of all that it came to (Pugh, Zhang & Martinoli 2005, *Particle swarm optimization
//! for unsupervised robotic learning*, IEEE Swarm Intelligence Symposium), so that one that was only lucky falls back and is forgotten. Few positions are
//! judged again, as in the uncertainty handling of Hansen, Niederberger, Guzzella & Koumoutsakos 2009, doi:10.1109/TEVC.2008.924423.
//!
//! The best is the last centre that was judged: luck averages out over the half of a generation. What it costs is the mean over the last ten centres. Where that is
//! not feasible, or the best personal best costs less than each of them, as without noise, it is that one, with its mean.

use std::time::Duration;

use super::outcome::sort;
use super::{Axis, Outcome, Plan, Question, Settings, StopReason, Stopping, Swarm, decode};
use crate::archive::{Archive, Damage, Persist};
use crate::{Error, memory};

/// Of so many particles the best personal best is judged again.
const PARTICLES: usize = 10;
/// Centres over which the cost of the best is a mean.
const CENTRES: usize = 10;

/// A search: [`ResampledSearch::ask`], judge, [`ResampledSearch::tell`], until it says why it ends. It is a single swarm without a surrogate, and ends after its generations or
/// evaluations, or at the end of its time.
pub struct ResampledSearch {
    stopping: Stopping,
    axes: Box<[Axis]>,
    swarm: Swarm,
    /// How often the personal best of each particle was judged.
    counts: Box<[u64]>,
    /// The particles in the order of their personal bests, or of their last outcomes.
    order: Box<[usize]>,
    /// The positions of a question: those of the swarm, the centre, the personal bests.
    positions: Box<[f64]>,
    nothing: Box<[Outcome]>,
    centre: Box<[f64]>,
    /// What the last centres came to, in a ring, and how many there were.
    centres: [Outcome; CENTRES],
    judged: u64,
    generations: u64,
    evaluations: u64,
    /// Positions of the last generation that were judged, where the budget ended within it; otherwise 0. The search does not learn from such a one.
    cut: u64,
    best: Outcome,
    best_position: Box<[f64]>,
    ran_under: Stopping,
}

impl ResampledSearch {
    /// A search over the box of the given axes, at its beginning; everything is reserved here.
    ///
    /// # Errors
    ///
    /// When memory cannot be reserved.
    ///
    /// # Panics
    ///
    /// As [`Swarm::new`], and when the plan has restarts, a polish or trade-offs.
    pub fn new(axes: &[Axis], plan: &Plan, seed: u64) -> Result<Self, Error> {
        let is_single = plan.restarts.times == 0 && plan.polish.is_none() && plan.trade_offs.is_none();
        assert!(is_single, "a single swarm for one objective");
        let particles = plan.settings.particles;
        let most = particles + 1 + particles.div_ceil(PARTICLES);
        let what = "the swarm (particles)";
        // A surrogate would follow luck.
        let swarm = Swarm::new(axes, &Settings { candidates: 1, ..plan.settings.clone() }, seed)?;
        Ok(Self {
            stopping: plan.stopping,
            axes: axes.into(),
            best_position: swarm.positions()[..axes.len()].into(),
            swarm,
            counts: memory::filled(what, particles, 0)?,
            order: memory::filled(what, particles, 0)?,
            positions: memory::filled(what, most.saturating_mul(axes.len()), 0.0)?,
            nothing: memory::filled(what, most, Outcome::WORST)?,
            centre: memory::filled(what, axes.len(), 0.0)?,
            centres: [Outcome::WORST; CENTRES],
            judged: 0,
            generations: 0,
            evaluations: 0,
            cut: 0,
            best: Outcome::WORST,
            ran_under: plan.stopping,
        })
    }

    /// The positions to judge, no more than the budget allows; none has anything to beat.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn ask(&mut self) -> Question<'_> {
        let (particles, dimensions) = (self.counts.len(), self.axes.len());
        let (moved, again) = self.positions.split_at_mut(particles * dimensions);
        moved.copy_from_slice(self.swarm.ask());
        let (centre, bests) = again.split_at_mut(dimensions);
        decode(&self.axes, &self.centre, centre);
        sort(&mut self.order, &self.swarm.bests);
        for (position, particle) in bests.chunks_exact_mut(dimensions).zip(&self.order) {
            decode(&self.axes, &self.swarm.best_cube[self.swarm.row(*particle)], position);
        }
        let left = self.stopping.evaluations.saturating_sub(self.evaluations);
        let count = self.positions_a_question().min(usize::try_from(left).unwrap_or(usize::MAX));
        Question { positions: &self.positions[..count * dimensions], to_beat: &self.nothing[..count] }
    }

    /// In the first generation there is nothing to judge again.
    fn positions_a_question(&self) -> usize {
        if self.generations == 0 { self.counts.len() } else { self.nothing.len() }
    }

    /// Takes an outcome a position, in their order; why the search ends, if it does.
    ///
    /// `elapsed` is the time since the beginning.
    ///
    /// # Allocation
    ///
    /// None.
    pub fn tell(&mut self, outcomes: &[Outcome], elapsed: Duration) -> Option<StopReason> {
        let asked = self.positions_a_question();
        self.generations += 1;
        self.evaluations += outcomes.len() as u64;
        if outcomes.len() < asked {
            self.cut = outcomes.len() as u64;
            return self.end(elapsed);
        }
        let (new, again) = outcomes.split_at(self.counts.len());
        if let Some((centre, bests)) = again.split_first() {
            self.centres[place(self.judged)] = *centre;
            self.judged += 1;
            for (particle, outcome) in self.order.iter().zip(bests) {
                self.counts[*particle] += 1;
                average(&mut self.swarm.bests[*particle], outcome, self.counts[*particle]);
            }
            self.choose();
        }
        self.swarm.tell(new);
        for (count, improved) in self.counts.iter_mut().zip(&self.swarm.improved) {
            if *improved {
                *count = 1;
            }
        }
        if self.judged == 0 {
            let (position, best) = self.swarm.best();
            self.best = best;
            self.best_position.copy_from_slice(position);
        }
        self.find_centre(new);
        self.end(elapsed)
    }

    /// The centre of the better half of a generation.
    #[allow(clippy::cast_precision_loss, reason = "numbers of particles")]
    fn find_centre(&mut self, outcomes: &[Outcome]) {
        sort(&mut self.order, outcomes);
        let half = (outcomes.len() / 2).max(1);
        let weight = |k: usize| libm::log((half as f64 + 0.5) / (k as f64 + 1.0));
        let total: f64 = (0..half).map(weight).sum();
        self.centre.fill(0.0);
        for (k, particle) in self.order[..half].iter().enumerate() {
            let position = &self.swarm.cube[self.swarm.row(*particle)];
            for (centre, x) in self.centre.iter_mut().zip(position) {
                *centre += weight(k) / total * x;
            }
        }
    }

    /// Chooses the best of what has been judged again; the centre in `positions` is the last that was.
    fn choose(&mut self) {
        let known = usize::try_from(self.judged).map_or(CENTRES, |judged| judged.min(CENTRES));
        let centres = &self.centres[..known];
        let mut mean = Outcome::feasible(0.0);
        for (outcome, count) in centres.iter().zip(1..) {
            average(&mut mean, outcome, count);
        }
        let Some(leader) = self.order.iter().copied().find(|particle| self.counts[*particle] > 1) else {
            return;
        };
        let (personal, row) = (self.swarm.bests[leader], self.swarm.row(leader));
        let is_centre = if mean.is_feasible() {
            !centres.iter().all(|centre| personal.is_better_than(centre))
        } else {
            mean.is_better_than(&personal)
        };
        if is_centre {
            let start = self.counts.len() * self.axes.len();
            self.best = mean;
            self.best_position.copy_from_slice(&self.positions[start..start + self.axes.len()]);
        } else {
            self.best = personal;
            decode(&self.axes, &self.swarm.best_cube[row], &mut self.best_position);
        }
    }

    /// Why the search ends as it stands, if it does.
    fn end(&self, elapsed: Duration) -> Option<StopReason> {
        self.stopping.end([self.generations, self.evaluations], elapsed)
    }

    /// As [`Search::resume`](super::Search::resume).
    ///
    /// # Errors
    ///
    /// When a search with these rules would have ended before: which rule, and why.
    pub fn resume(&mut self, elapsed: Duration) -> Result<Option<StopReason>, String> {
        let now = self.stopping;
        if let Some(why) = now.overrun(&self.ran_under, [self.generations, self.evaluations], elapsed) {
            return Err(why);
        }
        self.ran_under = now;
        if self.cut > 0 && now.evaluations > self.evaluations {
            self.generations = self.generations.saturating_sub(1);
            self.evaluations = self.evaluations.saturating_sub(self.cut);
            self.cut = 0;
            return Ok(None);
        }
        Ok(self.end(elapsed))
    }

    /// The best so far and its mean cost; [`Outcome::WORST`] before anything was told.
    #[must_use]
    pub fn best(&self) -> (&[f64], Outcome) {
        (&self.best_position, self.best)
    }

    /// Generations done.
    #[must_use]
    pub fn generations(&self) -> u64 {
        self.generations
    }

    /// Whether the last generation was cut short because the budget ended within it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut > 0
    }

    /// Positions judged, those again among them.
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// The swarm.
    #[must_use]
    pub fn swarm(&self) -> &Swarm {
        &self.swarm
    }
}

/// The place of a centre in the ring.
#[allow(clippy::cast_possible_truncation, reason = "a place in the ring")]
fn place(judged: u64) -> usize {
    (judged % CENTRES as u64) as usize
}

/// Takes another outcome into a mean, of which it is the `count`-th.
#[allow(clippy::cast_precision_loss, reason = "a count")]
fn average(mean: &mut Outcome, outcome: &Outcome, count: u64) {
    let share = 1.0 / count.max(1) as f64;
    mean.violation += (outcome.violation - mean.violation) * share;
    mean.cost += (outcome.cost - mean.cost) * share;
}

impl Persist for ResampledSearch {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        for count in [&mut self.generations, &mut self.evaluations, &mut self.cut, &mut self.judged] {
            archive.u64(count)?;
        }
        self.swarm.pass(archive)?;
        self.counts.iter_mut().try_for_each(|count| archive.u64(count))?;
        archive.f64s(&mut self.centre)?;
        self.centres.iter_mut().try_for_each(|outcome| outcome.pass(archive))?;
        self.best.pass(archive)?;
        archive.f64s(&mut self.best_position)?;
        self.ran_under.pass(archive)
    }
}
