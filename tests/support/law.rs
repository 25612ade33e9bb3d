//! Laws for tests: the parameters and gains of the classical law, with a force of the test's own.

use std::marker::PhantomData;

use fearless_simd::Simd;
use gainswarm::controllers::{Classical, Controller, Saturation, Sliding};
use gainswarm::parameter::Parameter;
use gainswarm::stability::Reaching;

/// What a test changes of the classical law.
pub(crate) trait Force: Send + Sync + 'static {
    /// Called when a simulation starts.
    fn start(_values: &[f64]) {}

    /// The force in N; `memory` starts at 0.
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        gains: &[S::f64s; 3],
        _memory: &mut S::f64s,
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        Classical::force(simd, saturation, gains, &mut [], sliding)
    }
}

/// The classical law with the force of `F`.
pub(crate) struct Law<F>(PhantomData<F>);

impl<F: Force> Controller for Law<F> {
    const NAME: &'static str = "test_law";
    const SUMMARY: &'static str = "a law of a test";
    const PARAMETERS: &'static [Parameter] = Classical::PARAMETERS;
    const SATURATION: Saturation = Classical::SATURATION;
    const EQUIVALENT_CONTROL: bool = Classical::EQUIVALENT_CONTROL;

    type Gains<V: Copy> = [V; 3];
    type Memory<V: Copy> = [V; 1];

    fn gains(values: &[f64]) -> [f64; 3] {
        F::start(values);
        Classical::gains(values)
    }

    fn memory(_values: &[f64]) -> [f64; 1] {
        [0.0]
    }

    fn reaching(values: &[f64]) -> Reaching {
        Classical::reaching(values)
    }

    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        saturation: Saturation,
        gains: &[S::f64s; 3],
        [memory]: &mut [S::f64s; 1],
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        F::force(simd, saturation, gains, memory, sliding)
    }
}
