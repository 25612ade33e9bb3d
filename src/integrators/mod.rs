//! Integrators: how a state goes through one control period with the force held.
//!
//! A new integrator is one file with an implementation of [`Integrator`] and one line in the registry below.

use fearless_simd::Simd;

use crate::plants::Plant;
use crate::registry::registry;
use crate::simulation::state::State;

pub mod dormand_prince;
pub mod euler;
pub mod rk4;
pub mod semi_implicit_euler;

pub use dormand_prince::DormandPrince;
pub use euler::Euler;
pub use rk4::Rk4;
pub use semi_implicit_euler::SemiImplicitEuler;

/// A method for `q̈ = f(q, q̇, u)` with u held over the step.
pub trait Integrator: Copy + Send + Sync + 'static {
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

/// An integrator as the kernel uses it: one that is compiled into the loop, or any, called by its kind in every step.
pub trait Method: Copy + Send + Sync + 'static {
    /// Whether it is compiled into the loop, and so worth a loop of its own.
    const FAST: bool;

    /// See [`Integrator::step`].
    fn advance<S: Simd, P: Plant<N>, const N: usize>(
        self,
        simd: S,
        plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N>;
}

impl<I: Integrator> Method for I {
    const FAST: bool = true;

    #[inline(always)]
    fn advance<S: Simd, P: Plant<N>, const N: usize>(
        self,
        simd: S,
        plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N> {
        I::step::<S, P, N>(simd, plant, state, first, force, dt)
    }
}

impl Method for IntegratorKind {
    const FAST: bool = false;

    #[inline(always)]
    fn advance<S: Simd, P: Plant<N>, const N: usize>(
        self,
        simd: S,
        plant: &P::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        first: &[S::f64s; N],
        force: S::f64s,
        dt: S::f64s,
    ) -> State<S::f64s, N> {
        with_integrator!(self, I => out_of_line::<I, S, P, N>(simd, plant, state, first, force, dt))
    }
}

/// One step by a call: compiled once a plant and SIMD level instead of once more for every controller.
#[inline(never)]
fn out_of_line<I: Integrator, S: Simd, P: Plant<N>, const N: usize>(
    simd: S,
    plant: &P::Constants<S::f64s>,
    state: &State<S::f64s, N>,
    first: &[S::f64s; N],
    force: S::f64s,
    dt: S::f64s,
) -> State<S::f64s, N> {
    simd.vectorize(
        #[inline(always)]
        || I::step::<S, P, N>(simd, plant, state, first, force, dt),
    )
}

registry! {
    /// The integrators of this build.
    pub enum IntegratorKind in integrators, with_integrator {
        Rk4,
        Euler,
        SemiImplicitEuler,
        DormandPrince,
    }
}

/// `base + factor·direction`, coordinate by coordinate.
#[inline(always)]
fn along<S: Simd, const N: usize>(
    base: &[S::f64s; N],
    factor: S::f64s,
    direction: &[S::f64s; N],
) -> [S::f64s; N] {
    use crate::lanes::LaneMath;
    std::array::from_fn(|i| factor.fma(direction[i], base[i]))
}
