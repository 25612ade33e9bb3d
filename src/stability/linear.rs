//! A plant linearised at upright.

use fearless_simd::{Level, Simd, dispatch};
use nalgebra::{SMatrix, SVector};

use super::spectrum::Square;
use crate::lanes::splat;
use crate::plants::Plant;
use crate::simulation::lane_array::splat_all;
use crate::simulation::state::State;

/// q̈ = Aq·q + Av·q̇ + b·u about upright at rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Linearisation<const N: usize> {
    /// Aq, N×N.
    pub on_positions: SMatrix<f64, N, N>,
    /// Av, N×N.
    pub on_rates: SMatrix<f64, N, N>,
    /// b, N.
    pub input: SVector<f64, N>,
}

impl<const N: usize> Linearisation<N> {
    /// The matrix of the loop closed with u = p·q + r·q̇, 2N×2N.
    pub(super) fn closed(&self, p: &SVector<f64, N>, r: &SVector<f64, N>) -> Square {
        let mut matrix = Square::zeros();
        matrix.view_mut((0, N), (N, N)).fill_with_identity();
        matrix.view_mut((N, 0), (N, N)).copy_from(&(self.on_positions + self.input * p.transpose()));
        matrix.view_mut((N, N), (N, N)).copy_from(&(self.on_rates + self.input * r.transpose()));
        matrix
    }
}

/// Central differences are exact to O(h⁴) after one extrapolation; this h balances that with rounding.
const H: f64 = 1e-3;

/// The linearisation of a plant with the given parameter values, from its equations of motion by extrapolated central
/// differences (Richardson 1911, doi:10.1098/rsta.1911.0009).
#[must_use]
pub fn linearise<P: Plant<N>, const N: usize>(values: &[f64]) -> Linearisation<N> {
    let constants = P::constants(values);
    let accelerations = |state: State<f64, N>| dispatch!(Level::new(), simd => drift_and_input::<_, P, N>(simd, &constants, &state));
    let derivative = |moved: &dyn Fn(f64) -> State<f64, N>| -> [f64; N] {
        let difference = |h: f64| -> [f64; N] {
            let ([ahead, _], [behind, _]) = (accelerations(moved(h)), accelerations(moved(-h)));
            std::array::from_fn(|i| (ahead[i] - behind[i]) / (2.0 * h))
        };
        let (coarse, fine) = (difference(H), difference(H / 2.0));
        std::array::from_fn(|i| (4.0 * fine[i] - coarse[i]) / 3.0)
    };
    let upright = State::uniform(0.0);
    let mut on_positions = SMatrix::<f64, N, N>::zeros();
    let mut on_rates = SMatrix::<f64, N, N>::zeros();
    for j in 0..N {
        let by_position = derivative(&|h| {
            let mut state = upright;
            state.positions[j] = h;
            state
        });
        let by_rate = derivative(&|h| {
            let mut state = upright;
            state.rates[j] = h;
            state
        });
        on_positions.set_column(j, &SVector::from(by_position));
        on_rates.set_column(j, &SVector::from(by_rate));
    }
    let [_, input] = accelerations(upright);
    Linearisation { on_positions, on_rates, input: SVector::from(input) }
}

#[inline(always)]
fn drift_and_input<S: Simd, P: Plant<N>, const N: usize>(
    simd: S,
    constants: &P::Constants<f64>,
    state: &State<f64, N>,
) -> [[f64; N]; 2] {
    let lanes = State {
        positions: state.positions.map(|q| splat(simd, q)),
        rates: state.rates.map(|rate| splat(simd, rate)),
    };
    let dynamics = P::dynamics(simd, &splat_all::<S, _>(simd, constants), &lanes);
    [dynamics.drift.map(|a| a[0]), dynamics.input.map(|a| a[0])]
}
