//! The double inverted pendulum on a cart without the products of rates: the mass matrix, gravity and friction of the exact plant.
//!
//! It is the exact plant at small rates, for teaching and comparison.

use fearless_simd::Simd;

use super::double_inverted_pendulum::{DoubleInvertedPendulum, Motion};
use super::{Dynamics, Plant, Quantity, Unphysical};
use crate::parameter::Parameter;
use crate::simulation::state::State;

/// The double inverted pendulum on a cart without the products of rates.
#[derive(Debug, Clone, Copy)]
pub struct SimplifiedDoubleInvertedPendulum;

type Exact = DoubleInvertedPendulum;

impl Plant<3> for SimplifiedDoubleInvertedPendulum {
    const NAME: &'static str = "simplified_double_inverted_pendulum";
    const SUMMARY: &'static str = "the same without the products of rates";
    const STATES: &'static [Quantity] = Exact::STATES;
    const PARAMETERS: &'static [Parameter] = Exact::PARAMETERS;
    const FAST: bool = false;

    type Constants<V: Copy> = [V; 11];

    fn constants(values: &[f64]) -> [f64; 11] {
        Exact::constants(values)
    }

    fn check(values: &[f64]) -> Result<(), Unphysical> {
        Exact::check(values)
    }

    #[inline(always)]
    fn dynamics<S: Simd>(
        simd: S,
        constants: &[S::f64s; 11],
        state: &State<S::f64s, 3>,
    ) -> Dynamics<S::f64s, 3> {
        Motion::at::<S, false>(simd, constants, state).dynamics(simd)
    }

    #[inline(always)]
    fn acceleration<S: Simd>(
        simd: S,
        constants: &[S::f64s; 11],
        state: &State<S::f64s, 3>,
        force: S::f64s,
    ) -> [S::f64s; 3] {
        Motion::at::<S, false>(simd, constants, state).acceleration(simd, force)
    }
}
