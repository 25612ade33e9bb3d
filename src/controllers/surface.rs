//! The sliding surface and the equivalent control, common to all laws.
//!
//! With λ the slopes, k the weights, e1 = θ1 and e2 = θ2 − θ1 (`relative`) or θ2 (`absolute`):
//!
//! ```text
//! σ    = k1 (θ1' + λ1 e1) + k2 (e2' + λ2 e2) + kx (x' + λx x)  =  d·q + c·q̇
//! β    = c·input          (force to σ')
//! u_eq = −(c·drift + d·q̇)/β,  0 where |β| < 1e-6,  |u_eq| ≤ eq_limit·u_max
//! ```
//!
//! σ is in rad/s: k1 and k2 are pure numbers, kx is in rad/m. It is linear in the state,
//! so the surface of a gain vector is two coefficients a coordinate, c and d; relative and
//! absolute angles differ only there. The equivalent control holds σ' = 0 on the nominal plant (Utkin 1977,
//! doi:10.1109/TAC.1977.1101446). On absolute angles no positive gains give this plant stable sliding dynamics, which
//! is why `relative` is the default. On a plant of one link, k2 and λ2 have nothing to act on.

use fearless_simd::{Simd, prelude::*};

use crate::lanes::{LaneMath, apply_sign, clamp_symmetric, splat};
use crate::parameter::{Parameter, index_of};
use crate::plants::Dynamics;
use crate::registry::Member;
use crate::simulation::state::State;

/// Weight of the lower link.
pub const K1: Parameter =
    Parameter::gain("k1", "1", 29.41, [0.0, 1e4], [1.0, 50.0], "surface weight of the lower link");
/// Weight of the upper link.
pub const K2: Parameter =
    Parameter::gain("k2", "1", 31.33, [0.0, 1e4], [1.0, 50.0], "surface weight of the upper link");
/// Slope of the lower link.
pub const LAMBDA1: Parameter =
    Parameter::gain("lambda1", "1/s", 3.49, [0.0, 1e3], [0.5, 30.0], "surface slope of the lower link");
/// Slope of the upper link.
pub const LAMBDA2: Parameter =
    Parameter::gain("lambda2", "1/s", 9.32, [0.0, 1e3], [0.5, 30.0], "surface slope of the upper link");
/// Weight of the cart.
pub const KX: Parameter = Parameter::fixed("kx", "rad/m", 11.53, [0.0, 1e4], "surface weight of the cart");
/// Slope of the cart.
pub const LAMBDAX: Parameter =
    Parameter::fixed("lambdax", "1/s", 1.19, [0.0, 1e3], "surface slope of the cart");
/// Limit of the force.
pub const U_MAX: Parameter =
    Parameter::fixed("u_max", "N", 150.0, [1e-3, 1e6], "limit of the force on the cart");
/// Limit of the equivalent control.
pub const EQ_LIMIT: Parameter = Parameter::fixed(
    "eq_limit",
    "1",
    5.0,
    [0.0, 1e3],
    "limit of the equivalent control in multiples of u_max",
);

/// What every controller has among its parameters.
pub const SHARED: [Parameter; 8] = [K1, K2, LAMBDA1, LAMBDA2, KX, LAMBDAX, U_MAX, EQ_LIMIT];

/// The parameters that do nothing on a plant of so many coordinates.
#[must_use]
pub fn without_effect(coordinates: usize) -> &'static [&'static str] {
    if coordinates < 3 { &["k2", "lambda2"] } else { &[] }
}

/// Below this magnitude of β the force does not move σ, and the equivalent control is 0.
pub(crate) const BETA_MIN: f64 = 1e-6;

/// The angle on which the surface of the upper link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SurfaceKind {
    /// Relative to the link below.
    Relative,
    /// From the vertical.
    Absolute,
}

impl Member for SurfaceKind {
    const ALL: &'static [Self] = &[Self::Relative, Self::Absolute];

    fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Absolute => "absolute",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Relative => "each link relative to the link below",
            Self::Absolute => "each link from the vertical (unstable for every positive gain vector)",
        }
    }
}

/// Where the surface finds its parameters among those of a controller; made when the program is compiled.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    weights: [usize; 3],
    slopes: [usize; 3],
    u_max: usize,
    eq_limit: usize,
}

impl Layout {
    /// The positions of the [`SHARED`] parameters.
    ///
    /// # Panics
    ///
    /// When one is missing: in a constant, an error of the compiler.
    #[must_use]
    pub const fn of(parameters: &[Parameter]) -> Self {
        Self {
            weights: [index_of(parameters, "kx"), index_of(parameters, "k1"), index_of(parameters, "k2")],
            slopes: [
                index_of(parameters, "lambdax"),
                index_of(parameters, "lambda1"),
                index_of(parameters, "lambda2"),
            ],
            u_max: index_of(parameters, "u_max"),
            eq_limit: index_of(parameters, "eq_limit"),
        }
    }
}

/// The surface of a gain vector; `V` is a number or a vector of lanes.
#[derive(Debug, Clone, Copy)]
pub struct Surface<V, const N: usize> {
    /// d: σ a unit of coordinate.
    pub on_positions: [V; N],
    /// c: σ a unit of rate.
    pub on_rates: [V; N],
    /// `[u_max, largest |u_eq|]` in N.
    pub limits: [V; 2],
}

impl<const N: usize> Surface<f64, N> {
    /// The surface for a controller's parameter values.
    ///
    /// Coordinate 0 is the cart, coordinate i the i-th link. The coefficient of a link's angle gathers its own weight and,
    /// on relative angles, minus the weight of the link above it.
    ///
    /// # Panics
    ///
    /// When the plant has more than two links.
    #[must_use]
    pub fn new(kind: SurfaceKind, equivalent_control: bool, layout: Layout, values: &[f64]) -> Self {
        let weight = layout.weights.map(|index| values[index]);
        let slope = layout.slopes.map(|index| values[index]);
        let above = |link: usize| usize::from(kind == SurfaceKind::Relative && link >= 1 && link + 1 < N);
        let on_rate = |i: usize| match above(i) {
            0 => weight[i],
            _ => weight[i] - weight[i + 1],
        };
        let on_position = |i: usize| match above(i) {
            0 => weight[i] * slope[i],
            _ => weight[i] * slope[i] - weight[i + 1] * slope[i + 1],
        };
        let u_max = values[layout.u_max];
        let eq_max = if equivalent_control { values[layout.eq_limit] * u_max } else { 0.0 };
        Self {
            on_positions: std::array::from_fn(on_position),
            on_rates: std::array::from_fn(on_rate),
            limits: [u_max, eq_max],
        }
    }
}

/// The state as a sliding-mode law sees it.
#[derive(Debug, Clone, Copy)]
pub struct Sliding<V> {
    /// The sliding variable σ in rad/s.
    pub sigma: V,
    /// β, the change of σ' a newton of force; a law pushes σ down with the sign of β.
    pub beta: V,
    /// The equivalent control in N, 0 where it is switched off.
    pub equivalent: V,
    /// The force is clamped to ± this, in N.
    pub force_limit: V,
    /// The control period in s.
    pub dt: V,
}

impl<V: Copy, const N: usize> Surface<V, N> {
    /// σ, β and the equivalent control at a state.
    #[inline(always)]
    pub fn sliding<S: Simd<f64s = V>>(
        &self,
        simd: S,
        state: &State<V, N>,
        dynamics: &Dynamics<V, N>,
        dt: V,
    ) -> Sliding<V>
    where
        V: LaneMath<S> + SimdFloat<S, Mask = S::mask64s>,
        S::mask64s: Select<V>,
    {
        let sigma =
            dot::<S, N>(&self.on_rates, &state.rates) + dot::<S, N>(&self.on_positions, &state.positions);
        let slope = dot::<S, N>(&self.on_positions, &state.rates);
        let beta = dot::<S, N>(&self.on_rates, &dynamics.input);
        let drift = dot::<S, N>(&self.on_rates, &dynamics.drift);
        let [force_limit, eq_max] = self.limits;

        let powerless = beta.abs().simd_lt(splat(simd, BETA_MIN));
        let nonzero = powerless.select(splat(simd, 1.0), beta);
        let exact = -(drift + slope) / nonzero;
        let equivalent = powerless.select(splat(simd, 0.0), clamp_symmetric::<S>(exact, eq_max));
        Sliding { sigma, beta, equivalent, force_limit, dt }
    }
}

impl<V: Copy> Sliding<V> {
    /// `x` with the sign of β: the direction in which a force raises σ.
    #[inline(always)]
    pub fn signed<S: Simd<f64s = V>>(&self, x: V) -> V {
        apply_sign::<S>(x, self.beta)
    }
}

#[inline(always)]
fn dot<S: Simd, const N: usize>(a: &[S::f64s; N], b: &[S::f64s; N]) -> S::f64s {
    let mut sum = a[0] * b[0];
    for i in 1..N {
        sum = a[i].fma(b[i], sum);
    }
    sum
}
