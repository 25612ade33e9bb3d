//! Controllers: sliding-mode laws on one common surface.
//!
//! The [surface] turns the state into the sliding variable σ and the equivalent control; a law turns those into
//! the force. A new law is one file with an implementation of [`Controller`] and one line in the registry below.

use fearless_simd::Simd;

use crate::parameter::Parameter;
use crate::registry::registry;
use crate::simulation::lane_array::LaneArray;
use crate::stability::Reaching;

pub mod adaptive;
pub mod classical;
pub mod hybrid_adaptive_super_twisting;
pub mod saturation;
pub mod super_twisting;
pub mod surface;

pub use adaptive::Adaptive;
pub use classical::Classical;
pub use hybrid_adaptive_super_twisting::HybridAdaptiveSuperTwisting;
pub use saturation::Saturation;
pub use super_twisting::SuperTwisting;
pub use surface::{Sliding, SurfaceKind};

/// A sliding-mode law: σ and the equivalent control in, the force out.
pub trait Controller: Send + Sync + 'static {
    /// The key in the config.
    const NAME: &'static str;
    /// The law, in a line.
    const SUMMARY: &'static str;
    /// The numeric parameters in the order of `gains.csv`, with all of [`surface::SHARED`] among them.
    const PARAMETERS: &'static [Parameter];
    /// The switching function used when the config does not choose one.
    const SATURATION: Saturation;
    /// Whether the equivalent control is on when the config does not say.
    const EQUIVALENT_CONTROL: bool;

    /// What the law needs of a gain vector; an array of one value a gain.
    type Gains<V: Copy>: LaneArray<V>;
    /// What the law remembers from step to step; an empty array for a static law.
    type Memory<V: Copy>: LaneArray<V>;

    /// The law's gains for the given parameter values, in the order of [`Controller::PARAMETERS`].
    fn gains(values: &[f64]) -> Self::Gains<f64>;

    /// The memory at the start of a simulation.
    fn memory(values: &[f64]) -> Self::Memory<f64>;

    /// How the law acts near the surface: both saturations have the slope 1/ε at 0.
    fn reaching(values: &[f64]) -> Reaching;

    /// The force in N before it is clamped to ±`sliding.force_limit`, and the memory brought forward by one step.
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        gains: &Self::Gains<S::f64s>,
        memory: &mut Self::Memory<S::f64s>,
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s;
}

registry! {
    /// The controllers of this build.
    pub enum ControllerKind in controllers, with_controller {
        Classical,
        SuperTwisting,
        Adaptive,
        HybridAdaptiveSuperTwisting,
    }
}
