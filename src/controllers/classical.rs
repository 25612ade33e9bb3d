//! Classical sliding-mode control with a boundary layer.
//!
//! ```text
//! u = u_eq − s (K sat(σ/ε) + kd σ),   s = sign β
//! ```
//!
//! Source: Slotine & Sastry 1983, doi:10.1080/00207178308933088 (boundary layer); the term kd σ is the proportional
//! reaching law of Gao & Hung 1993, doi:10.1109/41.184817.

use fearless_simd::Simd;

use super::{Controller, Saturation, Sliding, surface};
use crate::lanes::LaneMath;
use crate::parameter::{Parameter, index_of};
use crate::stability::Reaching;

/// Classical sliding-mode control with a boundary layer.
#[derive(Debug, Clone, Copy)]
pub struct Classical;

const PARAMETERS: &[Parameter] = &[
    surface::K1,
    surface::K2,
    surface::LAMBDA1,
    surface::LAMBDA2,
    Parameter::gain("K", "N", 2.51, [0.0, 1e5], [0.1, 100.0], "switching gain"),
    Parameter::gain("kd", "N s/rad", 60.0, [0.0, 1e5], [0.0, 100.0], "proportional reaching gain"),
    surface::KX,
    surface::LAMBDAX,
    Parameter::fixed("epsilon", "rad/s", 0.3, [1e-6, 1e3], "thickness of the boundary layer"),
    surface::U_MAX,
    surface::EQ_LIMIT,
];

impl Controller for Classical {
    const NAME: &'static str = "classical";
    const SUMMARY: &'static str = "u = u_eq − s (K sat(σ/ε) + kd σ)";
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const SATURATION: Saturation = Saturation::Tanh;
    const EQUIVALENT_CONTROL: bool = true;

    type Gains<V: Copy> = [V; 3];
    type Memory<V: Copy> = [V; 0];

    fn gains(values: &[f64]) -> [f64; 3] {
        const SWITCHING: usize = index_of(PARAMETERS, "K");
        const REACHING: usize = index_of(PARAMETERS, "kd");
        const EPSILON: usize = index_of(PARAMETERS, "epsilon");
        [values[SWITCHING], values[REACHING], 1.0 / values[EPSILON]]
    }

    fn memory(_values: &[f64]) -> [f64; 0] {
        []
    }

    fn reaching(values: &[f64]) -> Reaching {
        let [switching, reaching, per_epsilon] = Self::gains(values);
        let slope = switching * per_epsilon + reaching;
        Reaching { slope: Some(slope), pushes: slope > 0.0 }
    }

    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        &[switching, reaching, per_epsilon]: &[S::f64s; 3],
        _memory: &mut [S::f64s; 0],
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        let w = saturation.apply(simd, sliding.sigma * per_epsilon);
        sliding.equivalent - sliding.signed::<S>(switching.fma(w, reaching * sliding.sigma))
    }
}
