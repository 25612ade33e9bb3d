//! One vector of lanes: the gains, state and cost of as many simulations, and the control step that advances them.

use fearless_simd::{Simd, prelude::*};

use super::batch::{Ending, Record};
use super::kernel::{FAILURE_COST, Settings};
use super::lane_array::{LaneArray, set_lane, splat_all};
use super::state::State;
use super::watch::Watched;
use super::world::Surroundings;
use crate::controllers::surface::{Layout, Surface};
use crate::controllers::{Controller, Saturation};
use crate::costs::{self, CORE, OPTIONAL, Sample, TERMS};
use crate::integrators::Method;
use crate::lanes::{LaneMath, clamp_symmetric, splat};
use crate::plants::Plant;

/// What all lanes share.
pub(super) struct Common<V, const N: usize> {
    dt: V,
    factors: [V; CORE],
    limits: [V; N],
    saturation: Saturation,
}

impl<V: Copy, const N: usize> Common<V, N> {
    #[inline(always)]
    pub(super) fn new<S: Simd<f64s = V>>(simd: S, settings: &Settings) -> Self
    where
        V: LaneMath<S>,
    {
        let limits = limits::<N>(settings);
        let factors = &settings.judgement.factors.0;
        Self {
            dt: splat(simd, settings.dt),
            factors: std::array::from_fn(|k| splat(simd, factors[k])),
            limits: limits.map(|limit| splat(simd, limit)),
            saturation: settings.saturation,
        }
    }
}

/// The largest |q| of each coordinate that has not failed.
fn limits<const N: usize>(settings: &Settings) -> [f64; N] {
    std::array::from_fn(|i| if i == 0 { settings.track_limit } else { settings.angle_limit })
}

/// One vector of lanes.
pub(super) struct Pack<S: Simd, P: Plant<N>, C: Controller, const N: usize> {
    plant: P::Constants<S::f64s>,
    surface: Surface<S::f64s, N>,
    gains: C::Gains<S::f64s>,
    bound: S::f64s,
    state: State<S::f64s, N>,
    memory: C::Memory<S::f64s>,
    sums: [S::f64s; CORE],
    previous_force: S::f64s,
    /// 0 in the first step of a simulation, 1 afterwards: the force has no change in the first step.
    moving: S::f64s,
}

impl<S: Simd, P: Plant<N>, C: Controller, const N: usize> Clone for Pack<S, P, C, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd, P: Plant<N>, C: Controller, const N: usize> Copy for Pack<S, P, C, N> {}

/// What a step shows: the state at its start, the force and σ there, and the lanes that stop after it, a bit a lane.
pub(super) struct View<S: Simd, const N: usize> {
    pub(super) state: State<S::f64s, N>,
    pub(super) force: S::f64s,
    pub(super) sigma: S::f64s,
    pub(super) stopped: u64,
}

impl<S: Simd, P: Plant<N>, C: Controller, const N: usize> Pack<S, P, C, N> {
    /// Lanes at rest at the origin, without force.
    #[inline(always)]
    pub(super) fn idle(simd: S, plant: &P::Constants<f64>) -> Self {
        let zero = splat(simd, 0.0);
        Self {
            plant: splat_all::<S, _>(simd, plant),
            surface: Surface { on_positions: [zero; N], on_rates: [zero; N], limits: [zero; 2] },
            gains: LaneArray::from_fn(|_| zero),
            bound: splat(simd, f64::INFINITY),
            state: State::uniform(zero),
            memory: LaneArray::from_fn(|_| zero),
            sums: [zero; CORE],
            previous_force: zero,
            moving: zero,
        }
    }

    /// Starts a simulation in a lane.
    pub(super) fn load(
        &mut self,
        slot: usize,
        settings: &Settings,
        values: &[f64],
        start: &State<f64, N>,
        bound: f64,
    ) {
        let layout = const { Layout::of(C::PARAMETERS) };
        let surface = Surface::<f64, N>::new(settings.surface, settings.equivalent_control, layout, values);
        self.rest(slot);
        set_lane::<S>(&mut self.surface.on_positions, slot, &surface.on_positions);
        set_lane::<S>(&mut self.surface.on_rates, slot, &surface.on_rates);
        set_lane::<S>(&mut self.surface.limits, slot, &surface.limits);
        set_lane::<S>(self.gains.as_mut(), slot, C::gains(values).as_ref());
        set_lane::<S>(self.memory.as_mut(), slot, C::memory(values).as_ref());
        set_lane::<S>(&mut self.state.positions, slot, &start.positions);
        set_lane::<S>(&mut self.state.rates, slot, &start.rates);
        self.bound.as_mut_slice()[slot] = bound;
    }

    /// Lets a lane rest at the origin, where no force moves it, without cost.
    pub(super) fn rest(&mut self, slot: usize) {
        let vectors = [&mut self.previous_force, &mut self.moving]
            .into_iter()
            .chain(&mut self.surface.on_positions)
            .chain(&mut self.surface.on_rates)
            .chain(&mut self.surface.limits)
            .chain(self.gains.as_mut())
            .chain(self.memory.as_mut())
            .chain(&mut self.state.positions)
            .chain(&mut self.state.rates)
            .chain(&mut self.sums);
        for vector in vectors {
            vector.as_mut_slice()[slot] = 0.0;
        }
        self.bound.as_mut_slice()[slot] = f64::INFINITY;
    }

    /// One control step of all lanes, with the terms beyond the core where they are `watched`, and with all that the world does
    /// where there are `surroundings`.
    #[inline(always)]
    pub(super) fn step<M: Method>(
        &mut self,
        simd: S,
        method: M,
        common: &Common<S::f64s, N>,
        watched: Option<Watched<'_, S::f64s, N>>,
        mut surroundings: Option<Surroundings<'_, S, P, N>>,
    ) -> View<S, N> {
        let state = self.state;
        let (mut seen, mut period) = (state, common.dt);
        if let Some(around) = &surroundings {
            seen = around.measure(&state);
            period = around.control_period(common.dt);
        }
        let dynamics = P::dynamics(simd, &self.plant, &seen);
        let sliding = self.surface.sliding(simd, &seen, &dynamics, period);
        let before = self.memory;
        let wanted = C::force(simd, common.saturation, &self.gains, &mut self.memory, &sliding);
        let mut force = clamp_symmetric::<S>(wanted, sliding.force_limit);
        if let Some(around) = &mut surroundings {
            force = around.actuate(force, &mut self.memory, &before);
        }

        let force_change = (force - self.previous_force) * self.moving;
        self.previous_force = force;
        self.moving = splat(simd, 1.0);
        let sample = Sample::core(&state, force, force_change, sliding.sigma, common.dt);
        let cost = match watched {
            None => {
                costs::accumulate_core::<S, N>(&mut self.sums, &sample);
                costs::total_core::<S>(&common.factors, &self.sums)
            }
            Some((watch, shared)) => watch.judge::<S>(shared, &mut self.sums, &sample),
        };
        let over = cost.simd_gt(self.bound);

        self.state = if let Some(around) = &mut surroundings {
            let total = around.disturb(force);
            let first = around.acceleration(simd, &state, &dynamics, total);
            method.advance::<S, P, N>(simd, around.plant(), &state, &first, total, common.dt)
        } else {
            method.advance::<S, P, N>(
                simd,
                &self.plant,
                &state,
                &dynamics.under::<S>(force),
                force,
                common.dt,
            )
        };
        let stopped = (over | !within::<S, N>(simd, &self.state, &common.limits)).to_bitmask();
        View { state, force, sigma: sliding.sigma, stopped }
    }

    /// The record of a lane after `steps` steps; `beyond` are the sums of the terms beyond the core.
    pub(super) fn record(
        &self,
        slot: usize,
        settings: &Settings,
        steps: u64,
        beyond: &[f64; OPTIONAL],
    ) -> Record {
        let sums: [f64; TERMS] =
            std::array::from_fn(|k| if k < CORE { self.sums[k][slot] } else { beyond[k - CORE] });
        let positions = self.state.positions.map(|q| q[slot]);
        let rates = self.state.rates.map(|rate| rate[slot]);
        let inside = positions.iter().zip(limits::<N>(settings)).all(|(q, limit)| q.abs() <= limit)
            && rates.iter().all(|rate| rate.is_finite());
        let (ending, cost) = if !inside {
            #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2⁵³ steps")]
            let survived = (steps - 1) as f64 / settings.steps as f64;
            (Ending::Failed, FAILURE_COST * (2.0 - survived))
        } else if steps < settings.steps {
            (Ending::Abandoned, settings.judgement.factors.total(&sums))
        } else {
            (Ending::Survived, settings.judgement.factors.total(&sums))
        };
        let links = positions[1..].iter().fold(0.0_f64, |largest, angle| largest.max(angle.abs()));
        Record {
            ending,
            steps,
            cost,
            values: std::array::from_fn(
                |k| if k < TERMS { settings.judgement.scales[k] * sums[k] } else { 0.0 },
            ),
            final_positions: [positions[0].abs(), links],
        }
    }
}

/// The lanes whose coordinates are within the limits and whose rates are finite; NaN is not within.
#[inline(always)]
fn within<S: Simd, const N: usize>(simd: S, state: &State<S::f64s, N>, limits: &[S::f64s; N]) -> S::mask64s {
    let zero = splat(simd, 0.0);
    let mut not_finite = state.rates[0] * zero;
    for rate in &state.rates[1..] {
        not_finite = rate.fma(zero, not_finite);
    }
    let mut inside = not_finite.simd_eq(zero);
    for (q, limit) in state.positions.iter().zip(limits) {
        inside &= q.abs().simd_le(*limit);
    }
    inside
}
