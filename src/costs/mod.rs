//! Cost terms: what a simulation is judged by.
//!
//! Every term is a value that never falls while a simulation goes on: a time integral of something that is not negative, or the
//! largest of something so far. So a partial cost is a lower bound of the whole:
//!
//! ```text
//! cost = Σ_terms weight/norm · value,   value = scale · (what `add` made of x_k, u_k, σ_k for k = 0 … n−1)
//! ```
//!
//! For an integral the scale is dt: the rectangle rule. A new term is one file with an implementation of [`CostTerm`] and one
//! line in the registry below. The core terms are summed up in every simulation; the others only where they are asked for.

use fearless_simd::{Simd, prelude::*};

use crate::lanes::{LaneMath, splat};
use crate::registry::registry;
use crate::simulation::state::State;

pub mod aggregate;
pub mod cart_travel;
pub mod chattering;
pub mod control_effort;
pub mod control_rate;
pub mod iae;
pub mod ise;
pub mod itae;
pub mod judge;
pub mod judgement;
pub mod overshoot;
pub mod peak_force;
pub mod ripple;
pub mod settling_time;
pub mod sliding_energy;
pub mod steady_state_error;
pub mod term;

pub use aggregate::{Aggregate, AggregateKind};
pub use cart_travel::CartTravel;
pub use chattering::Chattering;
pub use control_effort::ControlEffort;
pub use control_rate::ControlRate;
pub use iae::Iae;
pub use ise::Ise;
pub use itae::Itae;
pub use judge::{Criteria, Judge};
pub use judgement::{Factors, Judgement, TermSet, Timing};
pub use overshoot::Overshoot;
pub use peak_force::PeakForce;
pub use ripple::Ripple;
pub use settling_time::SettlingTime;
pub use sliding_energy::SlidingEnergy;
pub use steady_state_error::SteadyStateError;
pub use term::{Aspect, How, Measure, Response, Term, Usual};

/// What a term may look at in a step; what follows `weights` is 0 unless a term beyond the core is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a, V, const N: usize> {
    /// The state at the start of the step.
    pub state: State<V, N>,
    /// The force held over the step, in N.
    pub force: V,
    /// Its change since the step before, 0 in the first step, in N.
    pub force_change: V,
    /// The sliding variable.
    pub sigma: V,
    /// 1 for each state that the term chooses, 0 for the others; `None` for all states.
    pub weights: Option<&'a State<V, N>>,
    /// The time at the start of the step in s.
    pub time: V,
    /// The step in s.
    pub dt: V,
    /// 1 in the last tenth of the simulation, 0 before.
    pub in_tail: V,
    /// The sign of each coordinate at the start of the simulation, or 0.
    pub start_sides: [V; N],
    /// Within ± this, in m and rad, a coordinate counts as settled.
    pub settled: [V; N],
    /// The part of the force above [`judgement::RIPPLE_HZ`], in N.
    pub ripple: V,
}

impl<V: Copy, const N: usize> Sample<'_, V, N> {
    /// What the core terms look at.
    #[inline(always)]
    pub(crate) fn core<S: Simd<f64s = V>>(
        state: &State<V, N>,
        force: V,
        force_change: V,
        sigma: V,
        dt: V,
    ) -> Self
    where
        V: LaneMath<S>,
    {
        let zero = splat(force.token(), 0.0);
        Self {
            state: *state,
            force,
            force_change,
            sigma,
            weights: None,
            time: zero,
            dt,
            in_tail: zero,
            start_sides: [zero; N],
            settled: [zero; N],
            ripple: zero,
        }
    }

    /// Σ weight·a·b over the states x, with `[a, b] = factors(x)`.
    #[inline(always)]
    fn sum_of_states<S: Simd<f64s = V>>(&self, factors: impl Fn(V) -> [V; 2]) -> V
    where
        V: LaneMath<S>,
    {
        let State { positions, rates } = self.state;
        let states = positions.into_iter().chain(rates);
        let mut sum = splat(positions[0].token(), 0.0);
        match self.weights {
            None => states.for_each(|x| {
                let [a, b] = factors(x);
                sum = a.fma(b, sum);
            }),
            Some(State { positions, rates }) => {
                let weights = positions.iter().chain(rates);
                states.zip(weights).for_each(|(x, weight)| {
                    let [a, b] = factors(x);
                    sum = (*weight * a).fma(b, sum);
                });
            }
        }
        sum
    }
}

/// A value that never falls while a simulation goes on.
pub trait CostTerm {
    /// The key in the config and the column in `summary.csv`.
    const NAME: &'static str;
    /// The key that limits it: `max_` and its name.
    const LIMIT_NAME: &'static str;
    /// The value, in a line.
    const SUMMARY: &'static str;
    /// The unit of the value; states are summed up as numbers.
    const UNIT: &'static str;
    /// Weight when the config does not set one.
    const WEIGHT: f64 = 0.0;
    /// Norm when the config does not set one.
    const NORM: f64 = 1.0;
    /// Whether it is summed up even where nobody asks.
    const CORE: bool = false;
    /// Whether a config may choose the states that it looks at.
    const CHOOSES_STATES: bool = false;

    /// What `add` makes is multiplied with this to give the value.
    #[must_use]
    fn scale(timing: &Timing) -> f64 {
        timing.dt
    }

    /// What was made so far, brought forward by one step; 0 at the start.
    fn add<S: Simd, const N: usize>(sample: &Sample<'_, S::f64s, N>, value: S::f64s) -> S::f64s;
}

registry! {
    /// The cost terms of this build.
    pub enum CostKind in costs, with_cost {
        Ise,
        ControlEffort,
        ControlRate,
        SlidingEnergy,
        Iae,
        Itae,
        Overshoot,
        SettlingTime,
        SteadyStateError,
        PeakForce,
        CartTravel,
        Chattering,
        Ripple,
    }
}

/// How many cost terms there are.
pub const TERMS: usize = CostKind::ALL.len();

/// Most cost terms of a study.
pub const TERMS_MAX: usize = 32;

/// How many of them are core: the first of the registry.
pub const CORE: usize = {
    let (mut core, mut k) = (0, 0);
    while k < TERMS {
        assert!(!CostKind::ALL[k].is_core() || core == k, "the core terms stand first in the registry");
        core += CostKind::ALL[k].is_core() as usize;
        k += 1;
    }
    core
};

/// How many are not.
pub const OPTIONAL: usize = TERMS - CORE;

impl CostKind {
    /// Weight and norm when the config sets none.
    #[must_use]
    pub fn defaults(self) -> (f64, f64) {
        with_cost!(self, T => (T::WEIGHT, T::NORM))
    }

    /// The unit of the value.
    #[must_use]
    pub fn unit(self) -> &'static str {
        with_cost!(self, T => T::UNIT)
    }

    /// The key that limits it, `max_` and its name.
    #[must_use]
    pub fn limit_name(self) -> &'static str {
        with_cost!(self, T => T::LIMIT_NAME)
    }

    /// Whether it is summed up even where nobody asks.
    #[must_use]
    pub const fn is_core(self) -> bool {
        with_cost!(self, T => T::CORE)
    }

    /// Whether a config may choose the states that it looks at.
    #[must_use]
    pub const fn chooses_states(self) -> bool {
        with_cost!(self, T => T::CHOOSES_STATES)
    }
}

/// The core terms brought forward by one step.
#[inline(always)]
pub(crate) fn accumulate_core<S: Simd, const N: usize>(
    sums: &mut [S::f64s; CORE],
    sample: &Sample<'_, S::f64s, N>,
) {
    for (sum, kind) in sums.iter_mut().zip(CostKind::ALL) {
        *sum = with_cost!(*kind, T => T::add::<S, N>(sample, *sum));
    }
}

/// The core terms and the others of the set brought forward by one step.
#[inline(always)]
pub(crate) fn accumulate<'a, S: Simd, const N: usize>(
    set: TermSet,
    core: &mut [S::f64s; CORE],
    beyond: &mut [S::f64s; OPTIONAL],
    sample: &mut Sample<'a, S::f64s, N>,
    weights: &'a [State<S::f64s, N>; TERMS],
) {
    for ((sum, kind), weights) in core.iter_mut().chain(beyond).zip(CostKind::ALL).zip(weights) {
        if set.contains(*kind) {
            sample.weights = Some(weights);
            *sum = with_cost!(*kind, T => T::add::<S, N>(sample, *sum));
        }
    }
}

/// The partial cost in each lane as far as it comes from the core terms.
#[inline(always)]
pub(crate) fn total_core<S: Simd>(factors: &[S::f64s; CORE], sums: &[S::f64s; CORE]) -> S::f64s {
    let mut cost = factors[0] * sums[0];
    for k in 1..CORE {
        cost = factors[k].fma(sums[k], cost);
    }
    cost
}

/// The partial cost in each lane.
#[inline(always)]
pub(crate) fn total<S: Simd>(
    factors: &[S::f64s; TERMS],
    core: &[S::f64s; CORE],
    beyond: &[S::f64s; OPTIONAL],
) -> S::f64s {
    let mut cost = factors[0] * core[0];
    for (factor, sum) in factors.iter().zip(core.iter().chain(beyond)).skip(1) {
        cost = factor.fma(*sum, cost);
    }
    cost
}

/// The larger of two, lane by lane; a first that is NaN is passed over.
#[inline(always)]
fn larger<S: Simd>(a: S::f64s, b: S::f64s) -> S::f64s {
    a.simd_gt(b).select(a, b)
}
