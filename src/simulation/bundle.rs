//! A bundle: the vectors of lanes that a worker advances together, with what the study asks for.

use bumpalo::Bump;
use fearless_simd::{Simd, SimdBase};

use super::batch::{Batch, Record};
use super::kernel::{Kernel, Settings, VECTORS};
use super::pack::{Common, Pack, View};
use super::scenario::{Conditions, Features};
use super::state::State;
use super::watch::{Shared, Watch};
use super::world::{Surroundings, World};
use crate::controllers::Controller;
use crate::costs::{OPTIONAL, TermSet};
use crate::integrators::Method;
use crate::lanes::splat;
use crate::plants::Plant;

/// What a run takes from the arena.
pub(super) struct Bundle<'a, S: Simd, P: Plant<N>, C: Controller, const N: usize> {
    /// The lanes.
    packs: &'a mut [Pack<S, P, C, N>],
    /// What the terms beyond the core need; empty where they are not asked for.
    pub(super) watches: &'a mut [Watch<S::f64s, N>],
    /// What the world does; empty where it does nothing.
    worlds: &'a mut [World<S, P, N>],
    /// The commands on their way to the actuators, those of one vector after the other.
    commands: &'a mut [S::f64s],
}

/// How many watches and worlds there are, and how many places for commands a world has. With `all`, or where there is a world, there
/// is but one loop, and it watches.
fn counts(terms: TermSet, features: &Features, all: bool) -> (usize, usize, usize) {
    let worlds = if features.any() { VECTORS } else { 0 };
    let watches = if all || terms.has_optional() { VECTORS } else { worlds };
    (watches, worlds, places(features))
}

fn places(features: &Features) -> usize {
    if features.dead_time > 0 { features.dead_time + 1 } else { 0 }
}

impl<'a, S: Simd, P: Plant<N>, C: Controller, const N: usize> Bundle<'a, S, P, C, N> {
    /// Bytes that it takes from the arena.
    pub(super) fn bytes(terms: TermSet, features: &Features, all: bool) -> usize {
        let (watches, worlds, places) = counts(terms, features, all);
        VECTORS * size_of::<Pack<S, P, C, N>>()
            + watches * size_of::<Watch<S::f64s, N>>()
            + worlds * (size_of::<World<S, P, N>>() + places * size_of::<S::f64s>())
    }

    /// Lanes at rest.
    #[inline(always)]
    pub(super) fn new(
        simd: S,
        arena: &'a Bump,
        plant: &P::Constants<f64>,
        terms: TermSet,
        features: &Features,
        all: bool,
    ) -> Self {
        const DECLARED: &str = "the arena holds what the workspace declares";
        let (watches, worlds, places) = counts(terms, features, all);
        Self {
            packs: arena.try_alloc_slice_fill_with(VECTORS, |_| Pack::idle(simd, plant)).expect(DECLARED),
            watches: arena.try_alloc_slice_fill_with(watches, |_| Watch::idle(simd)).expect(DECLARED),
            worlds: arena.try_alloc_slice_fill_with(worlds, |_| World::idle(simd, plant)).expect(DECLARED),
            commands: arena
                .try_alloc_slice_fill_copy(worlds * places, splat::<S>(simd, 0.0))
                .expect(DECLARED),
        }
    }

    /// One step of a vector of lanes; with `FULL`, with all that the study asks for, without it with the core cost terms alone.
    #[inline(always)]
    pub(super) fn step<M: Method, const FULL: bool>(
        &mut self,
        simd: S,
        method: M,
        vector: usize,
        common: &Common<S::f64s, N>,
        shared: &Shared<S::f64s, N>,
        settings: &Settings,
    ) -> View<S, N> {
        if !FULL {
            return self.packs[vector].step(simd, method, common, None, None);
        }
        let mut surroundings = None;
        if let Some(world) = self.worlds.get_mut(vector) {
            let places = places(&settings.features);
            let commands = &mut self.commands[vector * places..][..places];
            let (features, noise) = (&settings.features, &*settings.noise);
            surroundings = Some(Surroundings { world, commands, features, noise });
        }
        let watched = Some((&mut self.watches[vector], shared));
        self.packs[vector].step(simd, method, common, watched, surroundings)
    }

    /// The record of a lane after `steps` steps.
    pub(super) fn record(&self, lane: usize, settings: &Settings, steps: u64) -> Record {
        let (vector, slot) = (lane / S::f64s::LEN, lane % S::f64s::LEN);
        let beyond = self.watches.get(vector).map_or([0.0; OPTIONAL], |watch| watch.sums(slot));
        self.packs[vector].record(slot, settings, steps, &beyond)
    }

    /// Gives a lane the next job, or lets it rest at the origin.
    pub(super) fn assign<M: Method>(
        &mut self,
        lane: usize,
        kernel: &Kernel<P, C, M, N>,
        batch: &Batch<'_>,
        jobs: &mut [Option<usize>],
        done: &mut [u64],
    ) {
        let (vector, slot) = (lane / S::f64s::LEN, lane % S::f64s::LEN);
        let pack = &mut self.packs[vector];
        jobs[lane] = batch.take();
        done[lane] = 0;
        let rest = Conditions::default();
        let mut conditions = &rest;
        if let Some(job) = jobs[lane] {
            let (values, scenario, bound) = batch.job(job);
            let start = State::from_slice(&scenario.initial_state);
            pack.load(slot, &kernel.settings, values, &start, bound);
            if let Some(watch) = self.watches.get_mut(vector) {
                watch.load::<S>(slot, &start);
            }
            conditions = &scenario.conditions;
        } else {
            pack.rest(slot);
        }
        if let Some(world) = self.worlds.get_mut(vector) {
            world.load(slot, &kernel.settings, &kernel.plant, conditions);
        }
    }
}
