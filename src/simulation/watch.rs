//! The cost terms beyond the core, over one vector of lanes: what they need, kept only where they are asked for.

use fearless_simd::{Simd, prelude::*};

use super::kernel::Settings;
use super::lane_array::set_lane;
use super::state::State;
use crate::costs::judgement::ripple_filter;
use crate::costs::{self, CORE, OPTIONAL, Sample, TERMS, TermSet};
use crate::lanes::{LaneMath, splat};

/// What all lanes share.
pub(super) struct Shared<V, const N: usize> {
    terms: TermSet,
    factors: [V; TERMS],
    weights: [State<V, N>; TERMS],
    settled: [V; N],
    tail_start: V,
    ripple_filter: [V; 5],
}

impl<V: Copy, const N: usize> Shared<V, N> {
    #[inline(always)]
    pub(super) fn new<S: Simd<f64s = V>>(simd: S, settings: &Settings, terms: TermSet) -> Self
    where
        V: LaneMath<S>,
    {
        let judgement = &settings.judgement;
        let weight =
            |states: u32, state: usize| splat(simd, if states >> state & 1 == 1 { 1.0 } else { 0.0 });
        let settled = |i: usize| if i == 0 { judgement.settled_position } else { judgement.settled_angle };
        #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
        let tail_start = settings.timing().tail_start() as f64;
        Self {
            terms,
            factors: judgement.factors.0.map(|factor| splat(simd, factor)),
            weights: judgement.states.map(|states| State {
                positions: std::array::from_fn(|i| weight(states, i)),
                rates: std::array::from_fn(|i| weight(states, N + i)),
            }),
            settled: std::array::from_fn(|i| splat(simd, settled(i))),
            tail_start: splat(simd, tail_start),
            ripple_filter: ripple_filter(settings.dt).map(|b| splat(simd, b)),
        }
    }
}

/// What a step needs to find the terms beyond the core.
pub(super) type Watched<'a, V, const N: usize> = (&'a mut Watch<V, N>, &'a Shared<V, N>);

/// One vector of lanes.
#[derive(Clone, Copy)]
pub(super) struct Watch<V, const N: usize> {
    /// Steps done.
    clock: V,
    /// The sign of each coordinate at the start, or 0.
    start_sides: [V; N],
    /// The state of the ripple filter.
    filter: [V; 2],
    /// What the terms beyond the core have made so far.
    sums: [V; OPTIONAL],
}

impl<V: Copy, const N: usize> Watch<V, N> {
    #[inline(always)]
    pub(super) fn idle<S: Simd<f64s = V>>(simd: S) -> Self
    where
        V: LaneMath<S>,
    {
        let zero = splat(simd, 0.0);
        Self { clock: zero, start_sides: [zero; N], filter: [zero; 2], sums: [zero; OPTIONAL] }
    }

    /// Starts a simulation in a lane.
    pub(super) fn load<S: Simd<f64s = V>>(&mut self, slot: usize, start: &State<f64, N>)
    where
        V: LaneMath<S>,
    {
        let side = |q: f64| if q == 0.0 { 0.0 } else { q.signum() };
        set_lane::<S>(std::slice::from_mut(&mut self.clock), slot, &[0.0]);
        set_lane::<S>(&mut self.start_sides, slot, &start.positions.map(side));
        set_lane::<S>(&mut self.filter, slot, &[0.0; 2]);
        set_lane::<S>(&mut self.sums, slot, &[0.0; OPTIONAL]);
    }

    /// Brings all terms forward by one step, the core terms in `core`; returns the partial cost.
    #[inline(always)]
    pub(super) fn judge<S: Simd<f64s = V>>(
        &mut self,
        shared: &Shared<V, N>,
        core: &mut [V; CORE],
        sample: &Sample<'_, V, N>,
    ) -> V
    where
        V: LaneMath<S> + SimdFloat<S, Mask = S::mask64s>,
        S::mask64s: Select<V>,
    {
        let (zero, one) = (splat(sample.force.token(), 0.0), splat(sample.force.token(), 1.0));
        let mut sample = Sample {
            time: self.clock * sample.dt,
            in_tail: self.clock.simd_ge(shared.tail_start).select(one, zero),
            start_sides: self.start_sides,
            settled: shared.settled,
            ripple: ripple::<S>(&shared.ripple_filter, &mut self.filter, sample.force),
            ..*sample
        };
        self.clock += one;
        costs::accumulate::<S, N>(shared.terms, core, &mut self.sums, &mut sample, &shared.weights);
        costs::total::<S>(&shared.factors, core, &self.sums)
    }

    /// The sums of one lane.
    pub(super) fn sums<S: Simd<f64s = V>>(&self, slot: usize) -> [f64; OPTIONAL]
    where
        V: LaneMath<S>,
    {
        self.sums.map(|sum| sum.as_slice()[slot])
    }
}

/// The filtered force, by the transposed direct form II.
#[inline(always)]
fn ripple<S: Simd>(
    [b0, b1, b2, a1, a2]: &[S::f64s; 5],
    memory: &mut [S::f64s; 2],
    force: S::f64s,
) -> S::f64s {
    let filtered = b0.fma(force, memory[0]);
    memory[0] = b1.fma(force, a1.fnma(filtered, memory[1]));
    memory[1] = b2.fms(force, *a2 * filtered);
    filtered
}
