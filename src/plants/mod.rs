//! Plants: what is controlled.
//!
//! A plant is a mechanical system with `N` coordinates that is driven by one force and is affine in it:
//!
//! ```text
//! q̈ = drift(q, q̇) + input(q)·u
//! ```
//!
//! The first coordinate is the position of the cart in m; the others are the absolute angles of the links in rad,
//! from the upward vertical, the first link at the cart. A new plant is one file with an implementation of [`Plant`]
//! and one line in the registry below.

use fearless_simd::Simd;

use crate::lanes::LaneMath;
use crate::parameter::Parameter;
use crate::registry::registry;
use crate::simulation::lane_array::LaneArray;
use crate::simulation::state::State;

pub mod cart_pole;
pub mod double_inverted_pendulum;
pub mod linear_double_inverted_pendulum;
pub mod simplified_double_inverted_pendulum;

pub use cart_pole::CartPole;
pub use double_inverted_pendulum::DoubleInvertedPendulum;
pub use linear_double_inverted_pendulum::LinearDoubleInvertedPendulum;
pub use simplified_double_inverted_pendulum::SimplifiedDoubleInvertedPendulum;

/// A mechanical system with `N` coordinates, driven by one force on the first of them.
pub trait Plant<const N: usize>: Send + Sync + 'static {
    /// The key in the config.
    const NAME: &'static str;
    /// What it is, in a line.
    const SUMMARY: &'static str;
    /// Names and units of the `2·N` states: the coordinates, then their rates.
    const STATES: &'static [Quantity];
    /// The physical parameters, in the order of the values given to [`Plant::constants`]. Those whose names end with `_length` are the
    /// lengths of the links in their order, which reports draw.
    const PARAMETERS: &'static [Parameter];

    /// Whether it is run so much that it is worth a loop of its own and the widest vectors.
    const FAST: bool = true;

    /// What the equations of motion need, computed once a simulation; an array of one value a constant.
    type Constants<V: Copy>: LaneArray<V>;

    /// The constants for the given parameter values.
    fn constants(values: &[f64]) -> Self::Constants<f64>;

    /// Refuses parameter values that are allowed one by one but are no physical body together.
    ///
    /// # Errors
    ///
    /// The name of the parameter to change and what is wrong with it.
    fn check(values: &[f64]) -> Result<(), Unphysical>;

    /// Drift and input of the accelerations at a state.
    fn dynamics<S: Simd>(
        simd: S,
        constants: &Self::Constants<S::f64s>,
        state: &State<S::f64s, N>,
    ) -> Dynamics<S::f64s, N>;

    /// The accelerations `q̈` at a state under the force `u`; cheaper than [`Plant::dynamics`] where only they are needed.
    fn acceleration<S: Simd>(
        simd: S,
        constants: &Self::Constants<S::f64s>,
        state: &State<S::f64s, N>,
        force: S::f64s,
    ) -> [S::f64s; N];
}

/// The accelerations as a function of the force: `q̈ = drift + input·u`.
#[derive(Debug, Clone, Copy)]
pub struct Dynamics<V, const N: usize> {
    /// Accelerations without force, in m/s² and rad/s².
    pub drift: [V; N],
    /// Accelerations per newton of force.
    pub input: [V; N],
}

impl<V: Copy, const N: usize> Dynamics<V, N> {
    /// The accelerations under a force.
    #[inline(always)]
    pub fn under<S: Simd<f64s = V>>(&self, force: V) -> [V; N]
    where
        V: LaneMath<S>,
    {
        std::array::from_fn(|i| self.input[i].fma(force, self.drift[i]))
    }
}

/// Name and unit of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    /// The name in `trajectory.csv`.
    pub name: &'static str,
    /// SI unit.
    pub unit: &'static str,
}

/// Parameter values that are no physical body together.
#[derive(Debug, Clone, PartialEq)]
pub struct Unphysical {
    /// The parameter to change.
    pub parameter: &'static str,
    /// What is allowed, given the others.
    pub allowed: String,
}

registry! {
    /// The plants of this build.
    pub enum PlantKind in plants, with_plant {
        DoubleInvertedPendulum,
        SimplifiedDoubleInvertedPendulum,
        LinearDoubleInvertedPendulum,
        CartPole,
    }
}
