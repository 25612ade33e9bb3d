//! The semi-implicit (symplectic) Euler method: first order, with an energy that does not drift.
//!
//! ```text
//! q̇₊ = q̇ + h a,   q₊ = q + h q̇₊
//! ```
//!
//! Hairer, Lubich & Wanner, *Geometric Numerical Integration*, doi:10.1007/3-540-30666-8, section I.1.2.

use fearless_simd::Simd;

use super::{Integrator, along};
use crate::plants::Plant;
use crate::simulation::state::State;

/// Semi-implicit Euler, first order.
#[derive(Debug, Clone, Copy, Default)]
pub struct SemiImplicitEuler;

impl Integrator for SemiImplicitEuler {
    const NAME: &'static str = "semi_implicit_euler";
    const SUMMARY: &'static str = "semi-implicit Euler, first order, symplectic";

    #[inline(always)]
    fn step<S: Simd, P: Plant<N>, const N: usize>(
        _simd: S,
        _plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        _force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N> {
        let rates = along::<S, N>(&state.rates, dt, first);
        State { positions: along::<S, N>(&state.positions, dt, &rates), rates }
    }
}
