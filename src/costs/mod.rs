//! Cost terms: what a simulation is judged by.
//!
//! Every term is the time integral of a non-negative integrand, so that a partial cost is a lower bound of the whole:
//!
//! ```text
//! cost = Σ_terms weight/norm · dt · Σ_k integrand(x_k, u_k, σ_k)
//! ```
//!
//! A new term is one file with an implementation of [`CostTerm`] and one line in the registry below.

use fearless_simd::Simd;

use crate::registry::registry;
use crate::simulation::lanes::{LaneMath, splat};
use crate::simulation::state::State;

pub mod control_effort;
pub mod control_rate;
pub mod ise;
pub mod sliding_energy;

pub use control_effort::ControlEffort;
pub use control_rate::ControlRate;
pub use ise::Ise;
pub use sliding_energy::SlidingEnergy;

/// What a term may look at in a control step.
#[derive(Debug, Clone, Copy)]
pub struct Sample<V, const N: usize> {
    /// The state at the start of the step.
    pub state: State<V, N>,
    /// The force held over the step, in N.
    pub force: V,
    /// Its change since the step before, 0 in the first step, in N.
    pub force_change: V,
    /// The sliding variable.
    pub sigma: V,
}

/// A time integral of a non-negative integrand.
pub trait CostTerm {
    /// The key in the config and the column in `summary.csv`.
    const NAME: &'static str;
    /// The integral, in a line.
    const SUMMARY: &'static str;
    /// Weight when the config does not set one.
    const WEIGHT: f64;
    /// Norm when the config does not set one.
    const NORM: f64;

    /// `sum` and the integrand of this step.
    fn add<S: Simd, const N: usize>(sample: &Sample<S::f64s, N>, sum: S::f64s) -> S::f64s;
}

registry! {
    /// The cost terms of this build.
    pub enum CostKind in costs, with_cost {
        Ise,
        ControlEffort,
        ControlRate,
        SlidingEnergy,
    }
}

/// How many cost terms there are.
pub const TERMS: usize = CostKind::ALL.len();

impl CostKind {
    /// Weight and norm when the config sets none.
    #[must_use]
    pub fn defaults(self) -> (f64, f64) {
        with_cost!(self, T => (T::WEIGHT, T::NORM))
    }
}

/// What each term's sum of integrands is multiplied with: dt·weight/norm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors(pub [f64; TERMS]);

impl Factors {
    /// The cost terms from the sums of integrands.
    #[must_use]
    pub fn terms(&self, sums: &[f64; TERMS]) -> [f64; TERMS] {
        std::array::from_fn(|k| self.0[k] * sums[k])
    }

    /// The cost from the sums of integrands, in the order of the hot loop, so that a finished simulation
    /// and the hot loop's partial cost agree in every bit.
    #[must_use]
    pub fn total(&self, sums: &[f64; TERMS]) -> f64 {
        let mut cost = self.0[0] * sums[0];
        for (factor, sum) in self.0.iter().zip(sums).skip(1) {
            cost = factor.mul_add(*sum, cost);
        }
        cost
    }
}

/// Every term's sum brought forward by one step.
#[inline(always)]
pub(crate) fn accumulate<S: Simd, const N: usize>(sums: &mut [S::f64s; TERMS], sample: &Sample<S::f64s, N>) {
    for (sum, kind) in sums.iter_mut().zip(CostKind::ALL) {
        *sum = with_cost!(*kind, T => T::add::<S, N>(sample, *sum));
    }
}

/// The partial cost in each lane.
#[inline(always)]
pub(crate) fn total<S: Simd>(factors: &[S::f64s; TERMS], sums: &[S::f64s; TERMS]) -> S::f64s {
    let mut cost = factors[0] * sums[0];
    for k in 1..TERMS {
        cost = factors[k].fma(sums[k], cost);
    }
    cost
}

/// No cost yet.
#[inline(always)]
pub(crate) fn zero<S: Simd>(simd: S) -> [S::f64s; TERMS] {
    [splat(simd, 0.0); TERMS]
}
