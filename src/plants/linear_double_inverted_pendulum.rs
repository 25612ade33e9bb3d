//! The double inverted pendulum on a cart, linearised about upright: q̈ = M⁻¹(G q − F q̇ + [u, 0, 0]) with M and G at upright.
//!
//! ```text
//! M = [m0+m1+m2 A B; A J1 C; B C J2],  G = diag(0, A g, B g),  F = [b0 0 0; 0 b1+b2 −b2; 0 −b2 b2]
//! ```
//!
//! The symbols are those of the exact plant, `double_inverted_pendulum`.

use fearless_simd::Simd;
use nalgebra::{Matrix3, Vector3};

use super::double_inverted_pendulum::DoubleInvertedPendulum;
use super::{Dynamics, Plant, Quantity, Unphysical};
use crate::lanes::{LaneMath, splat};
use crate::parameter::Parameter;
use crate::simulation::state::State;

/// The double inverted pendulum on a cart, linear about upright.
#[derive(Debug, Clone, Copy)]
pub struct LinearDoubleInvertedPendulum;

type Exact = DoubleInvertedPendulum;

impl Plant<3> for LinearDoubleInvertedPendulum {
    const NAME: &'static str = "linear_double_inverted_pendulum";
    const SUMMARY: &'static str = "the same, linear about upright";
    const STATES: &'static [Quantity] = Exact::STATES;
    const PARAMETERS: &'static [Parameter] = Exact::PARAMETERS;
    const FAST: bool = false;

    /// M⁻¹G, M⁻¹F, row by row, and the first column of M⁻¹.
    type Constants<V: Copy> = [V; 21];

    fn constants(values: &[f64]) -> [f64; 21] {
        // Those of the exact plant are divided by the root of the mass where the cart is eliminated.
        let [per_root_mass, a, b, c, j1, j2, a_gravity, b_gravity, b0, b1, b2] = Exact::constants(values);
        let (a, b, b0) = (a / per_root_mass, b / per_root_mass, b0 / per_root_mass);
        let mass = Matrix3::new(1.0 / (per_root_mass * per_root_mass), a, b, a, j1, c, b, c, j2);
        // A body that passes the check has a positive definite mass matrix.
        let inverse = mass.try_inverse().unwrap_or_else(|| Matrix3::from_element(f64::NAN));
        let gravity = inverse * Matrix3::from_diagonal(&Vector3::new(0.0, a_gravity, b_gravity));
        let friction = inverse * Matrix3::new(b0, 0.0, 0.0, 0.0, b1 + b2, -b2, 0.0, -b2, b2);
        std::array::from_fn(|k| match k {
            0..9 => gravity[(k / 3, k % 3)],
            9..18 => friction[((k - 9) / 3, k % 3)],
            _ => inverse[(k - 18, 0)],
        })
    }

    fn check(values: &[f64]) -> Result<(), Unphysical> {
        Exact::check(values)
    }

    #[inline(always)]
    fn dynamics<S: Simd>(
        simd: S,
        constants: &[S::f64s; 21],
        state: &State<S::f64s, 3>,
    ) -> Dynamics<S::f64s, 3> {
        let mut drift = [splat(simd, 0.0); 3];
        for (i, drift) in drift.iter_mut().enumerate() {
            for j in 0..3 {
                *drift = constants[3 * i + j].fma(state.positions[j], *drift);
                *drift = constants[9 + 3 * i + j].fnma(state.rates[j], *drift);
            }
        }
        Dynamics { drift, input: [constants[18], constants[19], constants[20]] }
    }

    #[inline(always)]
    fn acceleration<S: Simd>(
        simd: S,
        constants: &[S::f64s; 21],
        state: &State<S::f64s, 3>,
        force: S::f64s,
    ) -> [S::f64s; 3] {
        Self::dynamics(simd, constants, state).under::<S>(force)
    }
}
