//! The explicit Euler method: first order, for teaching and comparison.

use fearless_simd::Simd;

use super::{Integrator, along};
use crate::plants::Plant;
use crate::simulation::state::State;

/// Explicit Euler, first order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Euler;

impl Integrator for Euler {
    const NAME: &'static str = "euler";
    const SUMMARY: &'static str = "explicit Euler, first order";

    #[inline(always)]
    fn step<S: Simd, P: Plant<N>, const N: usize>(
        _simd: S,
        _plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        _force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N> {
        State {
            positions: along::<S, N>(&state.positions, dt, &state.rates),
            rates: along::<S, N>(&state.rates, dt, first),
        }
    }
}
