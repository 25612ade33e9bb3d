//! Integrators: how a state goes through one control period with the force held.
//!
//! A new integrator is one file with an implementation of [`Integrator`] and one line in the registry below.

use fearless_simd::Simd;

use crate::plants::Plant;
use crate::registry::registry;
use crate::simulation::state::State;

pub mod euler;
pub mod rk4;

pub use euler::Euler;
pub use rk4::Rk4;

/// A method with a fixed step for `q̈ = f(q, q̇, u)` with u held over the step.
pub trait Integrator: Send + Sync + 'static {
    /// The key in the config.
    const NAME: &'static str;
    /// The method, in a line.
    const SUMMARY: &'static str;

    /// The state after `dt`; `first` is the acceleration at the start of the step, which the control law has computed already.
    fn step<S: Simd, P: Plant<N>, const N: usize>(
        simd: S,
        plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N>;
}

registry! {
    /// The integrators of this build.
    pub enum IntegratorKind in integrators, with_integrator {
        Rk4,
        Euler,
    }
}

/// `base + factor·direction`, coordinate by coordinate.
#[inline(always)]
fn along<S: Simd, const N: usize>(
    base: &[S::f64s; N],
    factor: S::f64s,
    direction: &[S::f64s; N],
) -> [S::f64s; N] {
    use crate::simulation::lanes::LaneMath;
    std::array::from_fn(|i| factor.fma(direction[i], base[i]))
}
