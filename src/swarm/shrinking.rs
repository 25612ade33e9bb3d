//! A swarm that becomes smaller: many particles find where to look, fewer find the best of it sooner.
//!
//! After [`WIDE`] generations the particle with the worst personal best leaves a swarm each generation, until n/2 + 2 of n are left. Smaller populations towards the
//! end are Tanabe & Fukunaga's (2014, doi:10.1109/CEC.2014.6900380), theirs over the whole budget; ours knows of no budget. The numbers are measured in
//! `docs/swarm.md`.

use super::{Outcome, Swarm};

/// Generations of all particles.
const WIDE: u64 = 4;
/// Particles beside the half that stays.
const MORE: usize = 2;

impl Swarm {
    /// After so many generations: lets particles go, as many as should have gone by then. Says which, one after the other: those behind it stand one further to the front.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn shrink(&mut self, age: u64, gone: &mut dyn FnMut(usize)) {
        let leaving = usize::try_from(age.saturating_sub(WIDE - 1)).unwrap_or(usize::MAX);
        let least = (self.largest / 2 + MORE).min(self.largest);
        let left = self.largest.saturating_sub(leaving).max(least);
        if self.bests.len() <= left {
            return;
        }
        while self.bests.len() > left {
            gone(self.let_go());
        }
        self.resize(left);
        self.rewire(self.generation.saturating_add(1));
        self.inform();
    }

    /// Lets the particle with the worst personal best go, of several the last; says which.
    fn let_go(&mut self) -> usize {
        let worst = self.bests.iter().enumerate().filter(|(particle, _)| *particle != self.leader);
        let worst = worst.map(|(particle, best)| (particle, self.level.seen(best)));
        let worst = worst.max_by(|a, b| a.1.rank(&b.1)).map_or(self.leader, |(particle, _)| particle);
        let row = self.row(worst);
        for numbers in [&mut self.cube, &mut self.velocities, &mut self.best_cube] {
            numbers.drain(row.clone());
        }
        self.bests.remove(worst);
        if self.leader > worst {
            self.leader -= 1;
        }
        worst
    }

    /// Gives everything the length of a swarm of so many particles, no more than it began with.
    pub(super) fn resize(&mut self, particles: usize) {
        let dimensions = self.axes.len();
        for numbers in [&mut self.cube, &mut self.velocities, &mut self.best_cube, &mut self.positions] {
            numbers.resize(particles * dimensions, 0.0);
        }
        if !self.tried.is_empty() {
            self.tried.resize(particles * dimensions, 0.0);
        }
        for outcomes in [&mut self.bests, &mut self.seen, &mut self.sorted, &mut self.nothing] {
            outcomes.resize(particles, Outcome::WORST);
        }
        self.informants.resize(particles, 0);
        self.improved.resize(particles, false);
        self.rule.resize(particles);
        self.topology.resize(particles);
    }
}
