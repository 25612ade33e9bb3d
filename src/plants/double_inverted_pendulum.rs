//! The exact double inverted pendulum on a cart.
//!
//! State `[x, theta1, theta2, x_dot, theta1_dot, theta2_dot]` in m, rad, m/s, rad/s; both angles are absolute, from
//! the upward vertical, positive toward +x; the force `u` in N acts on the cart. By Euler–Lagrange, with
//! A = m1·l1 + m2·L1, B = m2·l2, C = m2·L1·l2, J1 = I1 + m1·l1² + m2·L1², J2 = I2 + m2·l2², d = θ1 − θ2:
//!
//! ```text
//! ⎡ m0+m1+m2  A cos θ1  B cos θ2 ⎤ ⎡ẍ ⎤   ⎡ A sin θ1 θ1'² + B sin θ2 θ2'² − b0 x' + u               ⎤
//! ⎢ A cos θ1  J1        C cos d  ⎥ ⎢θ̈1⎥ = ⎢ A g sin θ1 − C sin d θ2'² − b1 θ1' − b2 (θ1' − θ2')     ⎥
//! ⎣ B cos θ2  C cos d   J2       ⎦ ⎣θ̈2⎦   ⎣ B g sin θ2 + C sin d θ1'² + b2 (θ1' − θ2')              ⎦
//! ```
//!
//! The derivation is the textbook one (for example Bogdanov, *Optimal control of a double inverted pendulum on a
//! cart*, OHSU tech. report CSE-04-006, 2004, with point joints and viscous friction added); the implementation is
//! held against an independent rigid-body integration in `tests/physics.rs`.
//!
//! The cart is eliminated first: with every term of the first row divided by √(m0+m1+m2), what is left is a symmetric
//! 2×2 system with one division. [`Plant::check`] refuses bodies whose J1·J2 − C² is lost in rounding.

use fearless_simd::Simd;

use super::{Dynamics, Plant, Quantity, Unphysical};
use crate::lanes::{LaneMath, sin_cos, splat};
use crate::parameter::{Parameter, Short, index_of};
use crate::simulation::state::State;

/// The exact double inverted pendulum on a cart.
#[derive(Debug, Clone, Copy)]
pub struct DoubleInvertedPendulum;

const MASS: [f64; 2] = [1e-3, 1e3];
const LENGTH: [f64; 2] = [1e-2, 1e2];
const INERTIA: [f64; 2] = [1e-7, 1e4];
const FRICTION: [f64; 2] = [0.0, 1e3];

/// Smallest (J1·J2 − C²)/(J1·J2): below it, rounding decides how the links move.
const REGULAR_MIN: f64 = 1e-6;

const fn at(name: &str) -> usize {
    index_of(DoubleInvertedPendulum::PARAMETERS, name)
}

impl Plant<3> for DoubleInvertedPendulum {
    const NAME: &'static str = "double_inverted_pendulum";
    const SUMMARY: &'static str = "double inverted pendulum on a cart, exact equations of motion";

    const STATES: &'static [Quantity] = &[
        Quantity { name: "x", unit: "m" },
        Quantity { name: "theta1", unit: "rad" },
        Quantity { name: "theta2", unit: "rad" },
        Quantity { name: "x_dot", unit: "m/s" },
        Quantity { name: "theta1_dot", unit: "rad/s" },
        Quantity { name: "theta2_dot", unit: "rad/s" },
    ];

    const PARAMETERS: &'static [Parameter] = &[
        Parameter::fixed("cart_mass", "kg", 1.5, MASS, "mass of the cart, m0"),
        Parameter::fixed("link1_mass", "kg", 0.2, MASS, "mass of the lower link, m1"),
        Parameter::fixed("link2_mass", "kg", 0.15, MASS, "mass of the upper link, m2"),
        Parameter::fixed("link1_length", "m", 0.4, LENGTH, "joint to joint length of the lower link, L1"),
        Parameter::fixed("link2_length", "m", 0.3, LENGTH, "length of the upper link, L2"),
        Parameter::fixed("link1_com", "m", 0.2, LENGTH, "joint to centre of mass of the lower link, l1"),
        Parameter::fixed("link2_com", "m", 0.15, LENGTH, "joint to centre of mass of the upper link, l2"),
        Parameter::fixed("link1_inertia", "kg m²", 0.0081, INERTIA, "inertia about its centre of mass, I1"),
        Parameter::fixed("link2_inertia", "kg m²", 0.0034, INERTIA, "inertia about its centre of mass, I2"),
        Parameter::fixed("gravity", "m/s²", 9.81, [0.0, 100.0], "acceleration of gravity, g"),
        Parameter::fixed("cart_friction", "N s/m", 0.2, FRICTION, "viscous friction of the cart, b0"),
        Parameter::fixed("joint1_friction", "N m s/rad", 0.005, FRICTION, "viscous friction at the cart, b1"),
        Parameter::fixed(
            "joint2_friction",
            "N m s/rad",
            0.004,
            FRICTION,
            "viscous friction of the elbow, b2",
        ),
    ];

    type Constants<V: Copy> = [V; 11];

    fn constants(values: &[f64]) -> [f64; 11] {
        let (m1, m2) = (values[at("link1_mass")], values[at("link2_mass")]);
        let (l1, l2, length1) =
            (values[at("link1_com")], values[at("link2_com")], values[at("link1_length")]);
        let gravity = values[at("gravity")];
        let a = m1 * l1 + m2 * length1;
        let b = m2 * l2;
        let j1 = values[at("link1_inertia")] + m1 * l1 * l1 + m2 * length1 * length1;
        let j2 = values[at("link2_inertia")] + m2 * l2 * l2;
        let per_root_mass = 1.0 / (values[at("cart_mass")] + m1 + m2).sqrt();
        [
            per_root_mass,
            a * per_root_mass,
            b * per_root_mass,
            m2 * length1 * l2,
            j1,
            j2,
            a * gravity,
            b * gravity,
            values[at("cart_friction")] * per_root_mass,
            values[at("joint1_friction")],
            values[at("joint2_friction")],
        ]
    }

    fn check(values: &[f64]) -> Result<(), Unphysical> {
        for (com, length) in [("link1_com", "link1_length"), ("link2_com", "link2_length")] {
            let longest = values[at(length)];
            if values[at(com)] > longest {
                let allowed = format!("at most {length} = {} m", Short(longest));
                return Err(Unphysical { parameter: PARAMETERS[at(com)].name, allowed });
            }
        }
        // J1·J2 − C² without the subtraction: it must not vanish beside J1·J2.
        let [_, _, _, _, j1, j2, ..] = Self::constants(values);
        let (m1, m2) = (values[at("link1_mass")], values[at("link2_mass")]);
        let (i1, i2) = (values[at("link1_inertia")], values[at("link2_inertia")]);
        let (l1, length1) = (values[at("link1_com")], values[at("link1_length")]);
        let regular = (i1 + m1 * l1 * l1) * j2 + m2 * length1 * length1 * i2;
        if regular < REGULAR_MIN * j1 * j2 {
            let allowed = format!("more, so that J1 J2 − C² is at least {} J1 J2", Short(REGULAR_MIN));
            return Err(Unphysical { parameter: PARAMETERS[at("link1_inertia")].name, allowed });
        }
        Ok(())
    }

    #[inline(always)]
    fn dynamics<S: Simd>(
        simd: S,
        constants: &[S::f64s; 11],
        state: &State<S::f64s, 3>,
    ) -> Dynamics<S::f64s, 3> {
        Motion::at::<S, true>(simd, constants, state).dynamics(simd)
    }

    #[inline(always)]
    fn acceleration<S: Simd>(
        simd: S,
        constants: &[S::f64s; 11],
        state: &State<S::f64s, 3>,
        force: S::f64s,
    ) -> [S::f64s; 3] {
        Motion::at::<S, true>(simd, constants, state).acceleration(simd, force)
    }
}

const PARAMETERS: &[Parameter] = DoubleInvertedPendulum::PARAMETERS;

/// The equations of motion after elimination of the cart.
///
/// With y = √m·x, a = A cos θ1/√m and b = B cos θ2/√m they read `ÿ = r0 − a θ̈1 − b θ̈2` and
/// `[m11 m12; m12 m22]·[θ̈1, θ̈2] = [r1, r2]`.
#[derive(Clone, Copy)]
pub(super) struct Motion<V> {
    per_root_mass: V,
    a: V,
    b: V,
    m11: V,
    m12: V,
    m22: V,
    r: [V; 3],
}

impl<V: Copy> Motion<V> {
    /// The equations at a state, without force; without `PRODUCTS`, without the products of rates.
    #[inline(always)]
    pub(super) fn at<S: Simd<f64s = V>, const PRODUCTS: bool>(
        simd: S,
        constants: &[V; 11],
        state: &State<V, 3>,
    ) -> Self
    where
        V: LaneMath<S>,
    {
        let &[per_root_mass, a_scaled, b_scaled, c, j1, j2, a_gravity, b_gravity, b0_scaled, b1, b2] =
            constants;
        let [x_dot, rate1, rate2] = state.rates;
        let (sin1, cos1) = sin_cos(simd, state.positions[1]);
        let (sin2, cos2) = sin_cos(simd, state.positions[2]);
        let cos_d = cos1.fma(cos2, sin1 * sin2);
        let c_sin_d = c * sin1.fms(cos2, cos1 * sin2);

        let a = a_scaled * cos1;
        let b = b_scaled * cos2;
        let (square1, square2) = (rate1 * rate1, rate2 * rate2);
        let elbow = b2 * (rate1 - rate2);
        let friction = b0_scaled * x_dot;
        let fall1 = a_gravity.fms(sin1, b1.fma(rate1, elbow));
        let fall2 = b_gravity.fma(sin2, elbow);
        let (r0, h1, h2) = if PRODUCTS {
            let centrifugal = (b_scaled * sin2).fms(square2, friction);
            let r0 = (a_scaled * sin1).fma(square1, centrifugal);
            (r0, c_sin_d.fnma(square2, fall1), c_sin_d.fma(square1, fall2))
        } else {
            (-friction, fall1, fall2)
        };
        Self {
            per_root_mass,
            a,
            b,
            m11: a.fnma(a, j1),
            m12: c.fms(cos_d, a * b),
            m22: b.fnma(b, j2),
            r: [r0, a.fnma(r0, h1), b.fnma(r0, h2)],
        }
    }

    /// Drift and input of the accelerations.
    #[inline(always)]
    pub(super) fn dynamics<S: Simd<f64s = V>>(self, simd: S) -> Dynamics<V, 3>
    where
        V: LaneMath<S>,
    {
        let Self { per_root_mass, a, b, m11, m12, m22, r } = self;
        let inverse = splat(simd, 1.0) / m11.fms(m22, m12 * m12);

        let drift1 = m22.fms(r[1], m12 * r[2]) * inverse;
        let drift2 = m11.fms(r[2], m12 * r[1]) * inverse;
        let drift0 = b.fnma(drift2, a.fnma(drift1, r[0])) * per_root_mass;

        let unit = per_root_mass * inverse;
        let input1 = m12.fms(b, m22 * a) * unit;
        let input2 = m12.fms(a, m11 * b) * unit;
        let input0 = b.fnma(input2, a.fnma(input1, per_root_mass)) * per_root_mass;

        Dynamics { drift: [drift0, drift1, drift2], input: [input0, input1, input2] }
    }

    /// The accelerations under a force.
    #[inline(always)]
    pub(super) fn acceleration<S: Simd<f64s = V>>(self, simd: S, force: V) -> [V; 3]
    where
        V: LaneMath<S>,
    {
        let Self { per_root_mass, a, b, m11, m12, m22, r } = self.with_force(self.per_root_mass * force);
        let inverse = splat(simd, 1.0) / m11.fms(m22, m12 * m12);
        let theta1 = m22.fms(r[1], m12 * r[2]) * inverse;
        let theta2 = m11.fms(r[2], m12 * r[1]) * inverse;
        [b.fnma(theta2, a.fnma(theta1, r[0])) * per_root_mass, theta1, theta2]
    }

    /// The same equations with the scaled force `u/√m` added.
    #[inline(always)]
    fn with_force<S: Simd<f64s = V>>(mut self, force: V) -> Self
    where
        V: LaneMath<S>,
    {
        self.r[0] += force;
        self.r[1] = self.a.fnma(force, self.r[1]);
        self.r[2] = self.b.fnma(force, self.r[2]);
        self
    }
}
