//! The cart-pole: one link on a cart.
//!
//! State `[x, theta, x_dot, theta_dot]` in m, rad, m/s, rad/s; the angle from the upward vertical, positive toward +x; the force
//! `u` in N acts on the cart. By Euler–Lagrange, with A = m1·l1 and J = I1 + m1·l1²:
//!
//! ```text
//! ⎡ m0+m1    A cos θ ⎤ ⎡ẍ⎤   ⎡ A sin θ θ'² − b0 x' + u ⎤
//! ⎣ A cos θ  J       ⎦ ⎣θ̈⎦ = ⎣ A g sin θ − b1 θ'       ⎦
//! ```
//!
//! Barto, Sutton & Anderson 1983, doi:10.1109/TSMC.1983.6313077, have the same plant with dry friction. The default numbers are
//! theirs: a cart of 1 kg and a uniform pole of 0.1 kg and 1 m.

use fearless_simd::Simd;

use super::{Dynamics, Plant, Quantity, Unphysical};
use crate::lanes::{LaneMath, sin_cos, splat};
use crate::parameter::{Parameter, Short, index_of};
use crate::simulation::state::State;

/// One link on a cart.
#[derive(Debug, Clone, Copy)]
pub struct CartPole;

const PARAMETERS: &[Parameter] = &[
    Parameter::fixed("cart_mass", "kg", 1.0, [1e-3, 1e3], "mass of the cart, m0"),
    Parameter::fixed("link_mass", "kg", 0.1, [1e-3, 1e3], "mass of the link, m1"),
    Parameter::fixed("link_length", "m", 1.0, [1e-2, 1e2], "length of the link, L1"),
    Parameter::fixed("link_com", "m", 0.5, [1e-2, 1e2], "joint to centre of mass of the link, l1"),
    Parameter::fixed("link_inertia", "kg m²", 0.008_333, [1e-7, 1e4], "inertia about its centre of mass, I1"),
    Parameter::fixed("gravity", "m/s²", 9.81, [0.0, 100.0], "acceleration of gravity, g"),
    Parameter::fixed("cart_friction", "N s/m", 0.1, [0.0, 1e3], "viscous friction of the cart, b0"),
    Parameter::fixed("joint_friction", "N m s/rad", 0.001, [0.0, 1e3], "viscous friction of the joint, b1"),
];

const fn at(name: &str) -> usize {
    index_of(PARAMETERS, name)
}

impl Plant<2> for CartPole {
    const NAME: &'static str = "cart_pole";
    const SUMMARY: &'static str = "one link on a cart";

    const STATES: &'static [Quantity] = &[
        Quantity { name: "x", unit: "m" },
        Quantity { name: "theta", unit: "rad" },
        Quantity { name: "x_dot", unit: "m/s" },
        Quantity { name: "theta_dot", unit: "rad/s" },
    ];
    const PARAMETERS: &'static [Parameter] = PARAMETERS;

    /// m0 + m1, A, J, A g, b0, b1.
    type Constants<V: Copy> = [V; 6];

    fn constants(values: &[f64]) -> [f64; 6] {
        let (mass, com) = (values[at("link_mass")], values[at("link_com")]);
        let a = mass * com;
        [
            values[at("cart_mass")] + mass,
            a,
            values[at("link_inertia")] + mass * com * com,
            a * values[at("gravity")],
            values[at("cart_friction")],
            values[at("joint_friction")],
        ]
    }

    fn check(values: &[f64]) -> Result<(), Unphysical> {
        // The mass matrix is positive definite for all positive masses and inertias.
        let longest = values[at("link_length")];
        if values[at("link_com")] > longest {
            let allowed = format!("at most link_length = {} m", Short(longest));
            return Err(Unphysical { parameter: "link_com", allowed });
        }
        Ok(())
    }

    #[inline(always)]
    fn dynamics<S: Simd>(
        simd: S,
        &[mass, a, inertia, a_gravity, b0, b1]: &[S::f64s; 6],
        state: &State<S::f64s, 2>,
    ) -> Dynamics<S::f64s, 2> {
        let [x_dot, rate] = state.rates;
        let (sin, cos) = sin_cos(simd, state.positions[1]);
        let coupling = a * cos;
        let push = (a * sin).fms(rate * rate, b0 * x_dot);
        let fall = a_gravity.fms(sin, b1 * rate);
        let inverse = splat(simd, 1.0) / mass.fms(inertia, coupling * coupling);
        Dynamics {
            drift: [inertia.fms(push, coupling * fall) * inverse, mass.fms(fall, coupling * push) * inverse],
            input: [inertia * inverse, -(coupling * inverse)],
        }
    }

    #[inline(always)]
    fn acceleration<S: Simd>(
        simd: S,
        constants: &[S::f64s; 6],
        state: &State<S::f64s, 2>,
        force: S::f64s,
    ) -> [S::f64s; 2] {
        Self::dynamics(simd, constants, state).under::<S>(force)
    }
}
