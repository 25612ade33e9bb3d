//! The classical Runge–Kutta method of fourth order.
//!
//! W. Kutta, *Beitrag zur näherungsweisen Integration totaler Differentialgleichungen*, Z. Math. Phys. 46 (1901);
//! Hairer, Nørsett & Wanner, *Solving Ordinary Differential Equations I*, doi:10.1007/978-3-540-78862-1, table II.1.2.
//! Because the system is of second order, the stages of the positions follow from those of the rates:
//! with a1…a4 the accelerations at the stages,
//!
//! ```text
//! q₊ = q + h q̇ + h²/6 (a1 + a2 + a3)
//! q̇₊ = q̇ + h/6 (a1 + 2 a2 + 2 a3 + a4)
//! ```

use fearless_simd::Simd;

use super::{Integrator, along};
use crate::lanes::splat;
use crate::plants::Plant;
use crate::simulation::state::State;

/// The classical Runge–Kutta method, fourth order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rk4;

impl Integrator for Rk4 {
    const NAME: &'static str = "rk4";
    const SUMMARY: &'static str = "classical Runge–Kutta, fourth order";

    #[inline(always)]
    fn step<S: Simd, P: Plant<N>, const N: usize>(
        simd: S,
        plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N> {
        let half = dt * splat(simd, 0.5);
        let sixth = dt * splat(simd, 1.0 / 6.0);
        let third = dt * splat(simd, 1.0 / 3.0);
        let State { positions, rates } = state;

        let rates2 = along::<S, N>(rates, half, first);
        let stage2 = State { positions: along::<S, N>(positions, half, rates), rates: rates2 };
        let second = P::acceleration(simd, plant, &stage2, force);

        let rates3 = along::<S, N>(rates, half, &second);
        let stage3 = State { positions: along::<S, N>(positions, half, &rates2), rates: rates3 };
        let third_stage = P::acceleration(simd, plant, &stage3, force);

        let rates4 = along::<S, N>(rates, dt, &third_stage);
        let stage4 = State { positions: along::<S, N>(positions, dt, &rates3), rates: rates4 };
        let fourth = P::acceleration(simd, plant, &stage4, force);

        let inner: [S::f64s; N] = std::array::from_fn(|i| second[i] + third_stage[i]);
        let for_positions: [S::f64s; N] = std::array::from_fn(|i| first[i] + inner[i]);
        let for_rates: [S::f64s; N] = std::array::from_fn(|i| first[i] + fourth[i]);
        State {
            positions: along::<S, N>(&along::<S, N>(positions, dt, rates), dt * sixth, &for_positions),
            rates: along::<S, N>(&along::<S, N>(rates, sixth, &for_rates), third, &inner),
        }
    }
}
