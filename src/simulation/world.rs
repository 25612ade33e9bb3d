//! What the world does to a closed loop, over one vector of lanes: another plant than the controller's, disturbances, sensors,
//! actuator, dead time and control period. It is there only when a scenario of the study asks for any of it.
//!
//! ```text
//! measured = quantise(x + noise)              what the control law sees, every control_period steps
//! command  → dead time → lag → rate limit     the force that acts and that is judged
//! total    = force + Σ pulses + Σ tones       held over a step, as the force
//! ```
//!
//! The noise of the sensors is read from a table of standard normal numbers, every scenario and channel from a place of its own, so
//! that no random number is made here. Tones are rotated by a constant angle a step instead of calling a sine.

use fearless_simd::{Simd, prelude::*};

use super::kernel::Settings;
use super::lane_array::{LaneArray, set_lane, splat_all};
use super::scenario::{Conditions, Features, PULSES_MAX, TONES_MAX};
use super::state::State;
use crate::lanes::{LaneMath, ROUNDER, clamp_symmetric, splat};
use crate::plants::{Dynamics, Plant};

/// One vector of lanes.
pub(super) struct World<S: Simd, P: Plant<N>, const N: usize> {
    plant: P::Constants<S::f64s>,
    /// Steps done.
    clock: S::f64s,
    /// Amplitude in N, start and end in steps.
    pulses: [[S::f64s; 3]; PULSES_MAX],
    /// Sine and cosine times the amplitude, sine and cosine of the angle a step, start and end in steps.
    tones: [[S::f64s; 6]; TONES_MAX],
    noise: State<S::f64s, N>,
    quantum: State<S::f64s, N>,
    offsets: State<S::f64s, N>,
    /// The share of the way to the command that the actuator goes in a step.
    approach: S::f64s,
    /// The most that the force changes in a step, in N.
    change_max: S::f64s,
    /// The force that acts, in N.
    applied: S::f64s,
    dead_time: S::f64s,
    control_period: S::f64s,
    /// Steps until the control law is evaluated.
    until: S::f64s,
    /// What it said last, in N.
    held: S::f64s,
}

impl<S: Simd, P: Plant<N>, const N: usize> Clone for World<S, P, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd, P: Plant<N>, const N: usize> Copy for World<S, P, N> {}

/// A vector's world with the commands on their way to the actuator, and what all lanes share.
pub(super) struct Surroundings<'a, S: Simd, P: Plant<N>, const N: usize> {
    pub(super) world: &'a mut World<S, P, N>,
    /// The last commands, a place a step in turn; empty without dead time.
    pub(super) commands: &'a mut [S::f64s],
    pub(super) features: &'a Features,
    pub(super) noise: &'a [f64],
}

impl<S: Simd, P: Plant<N>, const N: usize> World<S, P, N> {
    /// The nominal plant without disturbance.
    #[inline(always)]
    pub(super) fn idle(simd: S, plant: &P::Constants<f64>) -> Self {
        let zero = splat(simd, 0.0);
        let nothing = State::uniform(zero);
        Self {
            plant: splat_all::<S, _>(simd, plant),
            clock: zero,
            pulses: [[zero; 3]; PULSES_MAX],
            tones: [[zero; 6]; TONES_MAX],
            noise: nothing,
            quantum: nothing,
            offsets: nothing,
            approach: splat(simd, 1.0),
            change_max: splat(simd, f64::INFINITY),
            applied: zero,
            dead_time: zero,
            control_period: splat(simd, 1.0),
            until: zero,
            held: zero,
        }
    }

    /// The conditions of a scenario in a lane; those of [`Conditions::default`] let it rest.
    pub(super) fn load(
        &mut self,
        slot: usize,
        settings: &Settings,
        nominal: &P::Constants<f64>,
        conditions: &Conditions,
    ) {
        let dt = settings.dt;
        let own = conditions.plant.as_ref().map(|values| P::constants(values));
        set_lane::<S>(self.plant.as_mut(), slot, own.as_ref().unwrap_or(nominal).as_ref());

        let steps = |time: f64| (time / dt).round();
        for (k, pulse) in self.pulses.iter_mut().enumerate() {
            let numbers = conditions
                .pulses
                .get(k)
                .map_or([0.0; 3], |pulse| [pulse.amplitude, steps(pulse.start), steps(pulse.end)]);
            set_lane::<S>(pulse, slot, &numbers);
        }
        for (k, tone) in self.tones.iter_mut().enumerate() {
            let numbers = conditions.tones.get(k).map_or([0.0; 6], |tone| {
                let (sin, cos) = libm::sincos(tone.phase);
                let (turn_sin, turn_cos) = libm::sincos(std::f64::consts::TAU * tone.frequency * dt);
                let a = tone.amplitude;
                [a * sin, a * cos, turn_sin, turn_cos, steps(tone.start), steps(tone.end)]
            });
            set_lane::<S>(tone, slot, &numbers);
        }

        for (k, state) in [&mut self.noise, &mut self.quantum, &mut self.offsets].into_iter().enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "a place in a table")]
            let number = |i: usize| {
                let sensors = conditions.sensors.as_ref();
                sensors.map_or(0.0, |s| [s.noise[i], s.quantum[i], s.offsets[i] as f64][k])
            };
            set_lane::<S>(&mut state.positions, slot, &std::array::from_fn::<f64, N, _>(number));
            set_lane::<S>(&mut state.rates, slot, &std::array::from_fn::<f64, N, _>(|i| number(N + i)));
        }

        // The exact answer of a first-order lag to a command that is held over a step.
        let approach = match conditions.actuator_lag {
            0.0 => 1.0,
            lag => -libm::expm1(-dt / lag),
        };
        #[allow(clippy::cast_precision_loss, reason = "bounded by the config")]
        let (dead_time, control_period) = (conditions.dead_time as f64, conditions.control_period as f64);
        for (vector, number) in [
            (&mut self.clock, 0.0),
            (&mut self.approach, approach),
            (&mut self.change_max, conditions.rate_limit * dt),
            (&mut self.applied, 0.0),
            (&mut self.dead_time, dead_time),
            (&mut self.control_period, control_period),
            (&mut self.until, 0.0),
            (&mut self.held, 0.0),
        ] {
            vector.as_mut_slice()[slot] = number;
        }
    }
}

impl<S: Simd, P: Plant<N>, const N: usize> Surroundings<'_, S, P, N> {
    /// What the sensors show of a state.
    #[inline(always)]
    pub(super) fn measure(&self, state: &State<S::f64s, N>) -> State<S::f64s, N> {
        if !self.features.sensors {
            return *state;
        }
        let World { noise, quantum, offsets, clock, .. } = &*self.world;
        let channel = |state: usize, x: S::f64s, deviation: S::f64s, quantum: S::f64s, offset: S::f64s| {
            let is_noisy = self.features.noisy >> state & 1 == 1;
            let noisy = if is_noisy { deviation.fma(self.normals(offset + *clock), x) } else { x };
            let zero = splat(x.token(), 0.0);
            let coarse = quantum.simd_gt(zero);
            let rounder = splat(x.token(), ROUNDER);
            let steps = noisy / coarse.select(quantum, splat(x.token(), 1.0));
            coarse.select(((steps + rounder) - rounder) * quantum, noisy)
        };
        let over = |first: usize,
                    x: &[S::f64s; N],
                    noise: &[S::f64s; N],
                    quantum: &[S::f64s; N],
                    offsets: &[S::f64s; N]| {
            let mut seen = *x;
            for i in 0..N {
                seen[i] = channel(first + i, x[i], noise[i], quantum[i], offsets[i]);
            }
            seen
        };
        State {
            positions: over(0, &state.positions, &noise.positions, &quantum.positions, &offsets.positions),
            rates: over(N, &state.rates, &noise.rates, &quantum.rates, &offsets.rates),
        }
    }

    /// The numbers of the table at the given places; the table's length is a power of two.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and not negative")]
    fn normals(&self, places: S::f64s) -> S::f64s {
        let mut numbers = places;
        for number in numbers.as_mut_slice() {
            *number = self.noise[*number as usize & (self.noise.len() - 1)];
        }
        numbers
    }

    /// Seconds from one evaluation of the control law to the next.
    #[inline(always)]
    pub(super) fn control_period(&self, dt: S::f64s) -> S::f64s {
        if self.features.hold { dt * self.world.control_period } else { dt }
    }

    /// The force that acts when the control law says `wanted` and remembers `memory`; between its evaluations the memory is what
    /// it was `before`.
    #[inline(always)]
    pub(super) fn actuate<M: LaneArray<S::f64s>>(
        &mut self,
        wanted: S::f64s,
        memory: &mut M,
        before: &M,
    ) -> S::f64s {
        let simd = wanted.token();
        let (zero, one) = (splat(simd, 0.0), splat(simd, 1.0));
        let world = &mut *self.world;
        let mut force = wanted;
        if self.features.hold {
            let due = world.until.simd_le(zero);
            for (now, before) in memory.as_mut().iter_mut().zip(before.as_ref()) {
                *now = due.select(*now, *before);
            }
            world.held = due.select(force, world.held);
            world.until = due.select(world.control_period, world.until) - one;
            force = world.held;
        }
        if !self.commands.is_empty() {
            force = delayed::<S>(force, self.commands, world.clock, world.dead_time);
        }
        if self.features.actuator {
            let change = force - world.applied;
            let near = world.approach.simd_ge(one).select(force, world.approach.fma(change, world.applied));
            let step = near - world.applied;
            let limited = world.applied + clamp_symmetric::<S>(step, world.change_max);
            force = step.abs().simd_le(world.change_max).select(near, limited);
            world.applied = force;
        }
        force
    }

    /// The force with the disturbances, and the time brought forward by one step.
    #[inline(always)]
    pub(super) fn disturb(&mut self, force: S::f64s) -> S::f64s {
        let simd = force.token();
        let zero = splat(simd, 0.0);
        let world = &mut *self.world;
        let clock = world.clock;
        let mut total = force;
        for [amplitude, start, end] in &world.pulses[..self.features.pulses] {
            let acts = clock.simd_ge(*start) & clock.simd_lt(*end);
            total += acts.select(*amplitude, zero);
        }
        for [sin, cos, turn_sin, turn_cos, start, end] in &mut world.tones[..self.features.tones] {
            let acts = clock.simd_ge(*start) & clock.simd_lt(*end);
            total += acts.select(*sin, zero);
            (*sin, *cos) = (sin.fma(*turn_cos, *cos * *turn_sin), cos.fms(*turn_cos, *sin * *turn_sin));
        }
        world.clock = clock + splat(simd, 1.0);
        total
    }

    /// The acceleration at the start of the step; `seen` are the dynamics with which the control law reckons.
    #[inline(always)]
    pub(super) fn acceleration(
        &self,
        simd: S,
        state: &State<S::f64s, N>,
        seen: &Dynamics<S::f64s, N>,
        total: S::f64s,
    ) -> [S::f64s; N] {
        if self.features.mismatch || self.features.sensors {
            P::acceleration(simd, &self.world.plant, state, total)
        } else {
            seen.under::<S>(total)
        }
    }

    /// The constants of the plant that moves.
    #[inline(always)]
    pub(super) fn plant(&self) -> &P::Constants<S::f64s> {
        &self.world.plant
    }
}

/// The command of `dead_time` steps ago, 0 before there was one; this step's takes its place among the others.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and not negative")]
fn delayed<S: Simd>(
    command: S::f64s,
    commands: &mut [S::f64s],
    clock: S::f64s,
    dead_time: S::f64s,
) -> S::f64s {
    let places = commands.len();
    let mut past = command;
    for lane in 0..S::f64s::LEN {
        let (step, delay) = (clock[lane] as usize, dead_time[lane] as usize);
        commands[step % places].as_mut_slice()[lane] = command[lane];
        let then = if step < delay { 0.0 } else { commands[(step - delay) % places][lane] };
        past.as_mut_slice()[lane] = then;
    }
    past
}
