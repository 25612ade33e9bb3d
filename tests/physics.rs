//! The plant and the integrators against independent runs, conservation of energy and the order of convergence.

use fearless_simd::{Level, Simd, dispatch};
use gainswarm::integrators::{DormandPrince, Euler, Integrator, Rk4, SemiImplicitEuler};
use gainswarm::lanes::splat;
use gainswarm::plants::{
    CartPole, DoubleInvertedPendulum, LinearDoubleInvertedPendulum, Plant, SimplifiedDoubleInvertedPendulum,
};
use gainswarm::simulation::lane_array::LaneArray;
use gainswarm::simulation::state::State;
use gainswarm::simulation::{Kernel, Scenario, SimdLevel, Simulator};
use gainswarm::stability::linearise;

use crate::support::{Coast, Sine, largest_difference, plant, record, reference, unlimited};

const FRICTIONLESS: [(&str, f64); 3] =
    [("cart_friction", 0.0), ("joint1_friction", 0.0), ("joint2_friction", 0.0)];

/// State columns of a trajectory's rows.
fn states(rows: &gainswarm::simulation::Trajectory) -> impl Iterator<Item = &[f64]> {
    rows.rows().map(|row| &row[..7])
}

#[test]
fn free_fall_agrees_with_an_eighth_order_integrator() {
    let start = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0];
    let (_, run) = record::<Coast, Rk4>(&plant(&[]), unlimited(1e-4, 50_000), &start, 100);
    assert!(largest_difference(states(&run), &reference("open_loop_free_fall.csv")) < 1e-6);
}

#[test]
fn frictionless_motion_agrees_with_an_eighth_order_integrator() {
    let start = [0.0, 2.0, 1.0, 0.3, -1.0, 2.0];
    let (_, run) = record::<Coast, Rk4>(&plant(&FRICTIONLESS), unlimited(1e-4, 50_000), &start, 100);
    assert!(largest_difference(states(&run), &reference("open_loop_frictionless.csv")) < 1e-6);
}

#[test]
fn motion_under_a_sine_force_agrees_with_an_eighth_order_integrator() {
    let (_, run) =
        record::<Sine, Rk4>(&plant(&[]), unlimited(1e-4, 50_000), &[0.0, 3.0, 3.1, 0.0, 0.0, 0.0], 100);
    assert!(largest_difference(states(&run), &reference("open_loop_sine_force.csv")) < 1e-6);
}

/// Kinetic and potential energy from the velocities of the centres of mass, not from the mass matrix.
fn energy(row: &[f64]) -> f64 {
    let (m0, m1, m2, length1, l1, l2) = (1.5, 0.2, 0.15, 0.4, 0.2, 0.15);
    let (i1, i2, g) = (0.0081, 0.0034, 9.81);
    let [_, _, angle1, angle2, x_dot, rate1, rate2] = *row else { panic!("seven columns") };
    let centre1 = (x_dot + l1 * rate1 * angle1.cos(), -l1 * rate1 * angle1.sin());
    let elbow = (x_dot + length1 * rate1 * angle1.cos(), -length1 * rate1 * angle1.sin());
    let centre2 = (elbow.0 + l2 * rate2 * angle2.cos(), elbow.1 - l2 * rate2 * angle2.sin());
    let square = |v: (f64, f64)| v.0 * v.0 + v.1 * v.1;
    let kinetic = 0.5
        * (m0 * x_dot * x_dot
            + m1 * square(centre1)
            + m2 * square(centre2)
            + i1 * rate1 * rate1
            + i2 * rate2 * rate2);
    kinetic + g * (m1 * l1 * angle1.cos() + m2 * (length1 * angle1.cos() + l2 * angle2.cos()))
}

#[test]
fn energy_is_constant_without_friction_and_force() {
    let start = [0.0, 2.0, 1.0, 0.3, -1.0, 2.0];
    let (_, run) = record::<Coast, Rk4>(&plant(&FRICTIONLESS), unlimited(1e-4, 100_000), &start, 100);
    let energies: Vec<f64> = states(&run).map(energy).collect();
    let drift = energies.iter().map(|e| (e - energies[0]).abs()).fold(0.0, f64::max);
    assert!(drift < 1e-9, "drift {drift} J of {} J", energies[0]);
}

#[test]
fn friction_takes_energy_at_every_sample() {
    let (_, run) =
        record::<Coast, Rk4>(&plant(&[]), unlimited(1e-3, 5000), &[0.0, 0.1, -0.05, 0.0, 0.0, 0.0], 10);
    let energies: Vec<f64> = states(&run).map(energy).collect();
    assert!(energies.windows(2).all(|pair| pair[1] < pair[0] + 1e-12));
}

/// Largest error of the state after 0.5 s against the reference run.
fn error_after_half_a_second<I: Integrator + Default>(steps: u64) -> f64 {
    let start = [0.0, 2.0, 1.0, 0.3, -1.0, 2.0];
    let stride = usize::try_from(steps).expect("small");
    #[allow(clippy::cast_precision_loss)]
    let dt = 0.5 / steps as f64;
    let (_, run) = record::<Coast, I>(&plant(&FRICTIONLESS), unlimited(dt, steps), &start, stride);
    let expected = &reference("open_loop_frictionless.csv")[50];
    let last = run.rows().last().expect("the final state");
    last[1..7].iter().zip(&expected[1..]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn rk4_converges_at_fourth_order() {
    let ratio = error_after_half_a_second::<Rk4>(50) / error_after_half_a_second::<Rk4>(100);
    assert!((ratio.log2() - 4.0).abs() < 0.3, "observed order {}", ratio.log2());
}

#[test]
fn euler_converges_at_first_order() {
    let ratio = error_after_half_a_second::<Euler>(20_000) / error_after_half_a_second::<Euler>(40_000);
    assert!((ratio.log2() - 1.0).abs() < 0.1, "observed order {}", ratio.log2());
}

#[test]
fn semi_implicit_euler_converges_at_first_order_and_its_energy_does_not_drift() {
    let ratio = error_after_half_a_second::<SemiImplicitEuler>(20_000)
        / error_after_half_a_second::<SemiImplicitEuler>(40_000);
    assert!((ratio.log2() - 1.0).abs() < 0.1, "observed order {}", ratio.log2());
    // Small swings about hanging down, for which the plant is nearly linear: explicit Euler gains energy steadily.
    let start = [0.0, std::f64::consts::PI - 0.05, std::f64::consts::PI, 0.0, 0.0, 0.0];
    let gained = |run: &gainswarm::simulation::Trajectory| {
        let energies: Vec<f64> = states(run).map(energy).collect();
        energies[energies.len() - 1] - energies[0]
    };
    let swing = energy(&[0.0, 0.0, start[1], start[2], 0.0, 0.0, 0.0])
        - energy(&[0.0, 0.0, std::f64::consts::PI, std::f64::consts::PI, 0.0, 0.0, 0.0]);
    let settings = || unlimited(1e-3, 20_000);
    let (_, implicit) = record::<Coast, SemiImplicitEuler>(&plant(&FRICTIONLESS), settings(), &start, 100);
    let (_, explicit) = record::<Coast, Euler>(&plant(&FRICTIONLESS), settings(), &start, 100);
    assert!(gained(&implicit).abs() < 0.05 * swing, "{} of {swing} J", gained(&implicit));
    assert!(gained(&explicit) > swing, "{} of {swing} J", gained(&explicit));
}

#[test]
fn dormand_prince_keeps_its_tolerance_at_steps_at_which_rk4_does_not() {
    // 0.5 s in 10 steps of 50 ms, each divided as its error asks for.
    let (adaptive, fixed) =
        (error_after_half_a_second::<DormandPrince>(10), error_after_half_a_second::<Rk4>(10));
    assert!(adaptive < 1e-9, "{adaptive}");
    assert!(fixed > 1e-4, "{fixed}");
    // Five seconds of free fall, in which errors grow by a factor of 1e5 and more.
    let start = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0];
    let (_, run) = record::<Coast, DormandPrince>(&plant(&[]), unlimited(1e-2, 500), &start, 1);
    let difference = largest_difference(states(&run), &reference("open_loop_free_fall.csv"));
    assert!(difference < 1e-6, "{difference}");
}

/// Accelerations at a state under a force, in one lane.
fn accelerations<P: Plant<N>, const N: usize>(values: &[f64], state: &[f64], force: f64) -> [f64; N] {
    fn of<S: Simd, P: Plant<N>, const N: usize>(
        simd: S,
        values: &[f64],
        state: &[f64],
        force: f64,
    ) -> [f64; N] {
        let constants = P::constants(values);
        let lanes = LaneArray::from_fn(|k: usize| splat(simd, constants.as_ref()[k]));
        let state = State {
            positions: std::array::from_fn(|i| splat(simd, state[i])),
            rates: std::array::from_fn(|i| splat(simd, state[N + i])),
        };
        P::acceleration(simd, &lanes, &state, splat(simd, force)).map(|a| a[0])
    }
    dispatch!(Level::new(), simd => of::<_, P, N>(simd, values, state, force))
}

#[test]
fn the_simplified_plant_is_the_exact_one_at_rest_and_the_linear_one_its_tangent() {
    let values = plant(&[]);
    let exact = accelerations::<DoubleInvertedPendulum, 3>;
    let simplified = accelerations::<SimplifiedDoubleInvertedPendulum, 3>;
    for angles in [[0.0, 0.0], [0.7, -0.4], [2.5, 3.0]] {
        let at_rest = [0.3, angles[0], angles[1], 0.0, 0.0, 0.0];
        let moving = [0.3, angles[0], angles[1], 0.5, -3.0, 4.0];
        let (a, b) = (exact(&values, &at_rest, 7.0), simplified(&values, &at_rest, 7.0));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
        let (a, b) = (exact(&values, &moving, 7.0), simplified(&values, &moving, 7.0));
        // At upright no product of rates acts on a link, but the centrifugal force has no component there either.
        assert!(angles == [0.0, 0.0] || a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 0.1), "{a:?} {b:?}");
    }
    let exact = linearise::<DoubleInvertedPendulum, 3>(&values);
    for other in [
        linearise::<SimplifiedDoubleInvertedPendulum, 3>(&values),
        linearise::<LinearDoubleInvertedPendulum, 3>(&values),
    ] {
        assert!((exact.on_positions - other.on_positions).amax() < 1e-8);
        assert!((exact.on_rates - other.on_rates).amax() < 1e-8);
        assert!((exact.input - other.input).amax() < 1e-12);
    }
    // The linear plant has no limit to its linearity.
    let linear = accelerations::<LinearDoubleInvertedPendulum, 3>;
    let (once, ten_times) = (
        linear(&values, &[0.0, 0.1, -0.2, 0.3, 0.4, 0.5], 1.0),
        linear(&values, &[0.0, 1.0, -2.0, 3.0, 4.0, 5.0], 10.0),
    );
    assert!(once.iter().zip(&ten_times).all(|(a, b)| (10.0 * a - b).abs() < 1e-10));
}

#[test]
fn the_cart_pole_is_the_double_pendulum_whose_upper_link_weighs_nothing() {
    // A link of 1e-3 kg that turns about the elbow with almost no inertia hangs on the lower link without moving it.
    let (mass, length, com, inertia) = (0.2, 0.4, 0.2, 0.0081);
    let cart_pole = [1.5, mass, length, com, inertia, 9.81, 0.2, 0.005];
    let double = plant(&[
        ("link2_mass", 1e-3),
        ("link2_com", 1e-2),
        ("link2_inertia", 1e-7),
        ("joint2_friction", 0.0),
    ]);
    let single = accelerations::<CartPole, 2>(&cart_pole, &[0.1, 0.4, -0.3, 1.2], 5.0);
    let both = accelerations::<DoubleInvertedPendulum, 3>(&double, &[0.1, 0.4, 0.0, -0.3, 1.2, 0.0], 5.0);
    assert!((single[0] - both[0]).abs() < 5e-2 && (single[1] - both[1]).abs() < 2e-1, "{single:?} {both:?}");
}

#[test]
fn the_cart_pole_keeps_its_energy_and_its_equations_are_those_of_euler_and_lagrange() {
    let values = [1.0, 0.1, 1.0, 0.5, 0.008_333, 9.81, 0.0, 0.0];
    let energy = |state: &[f64]| {
        let [_, angle, x_dot, rate] = *state else { panic!("four states") };
        let centre = (x_dot + 0.5 * rate * angle.cos(), -0.5 * rate * angle.sin());
        0.5 * (x_dot * x_dot + 0.1 * (centre.0 * centre.0 + centre.1 * centre.1) + 0.008_333 * rate * rate)
            + 0.1 * 9.81 * 0.5 * angle.cos()
    };
    let settings = unlimited(1e-4, 50_000);
    let kernel = Kernel::<CartPole, Coast, Rk4, 2>::new(Rk4, &values, settings);
    let scenario = Scenario::nominal(vec![0.0, 2.0, 0.5, -1.0]);
    let (_, run) = kernel
        .record(SimdLevel::widest(), &crate::support::reference_gains(), &scenario, 100)
        .expect("memory");
    let energies: Vec<f64> = run.rows().map(|row| energy(&row[1..5])).collect();
    let drift = energies.iter().map(|e| (e - energies[0]).abs()).fold(0.0, f64::max);
    assert!(drift < 1e-9, "drift {drift} J");
    // At upright with the mass matrix written out: M = [1.1, 0.05; 0.05, J], h = [0, A g θ].
    let (inertia, angle) = (0.008_333 + 0.1 * 0.25, 1e-6);
    let determinant = 1.1 * inertia - 0.05 * 0.05;
    let found = accelerations::<CartPole, 2>(&values, &[0.0, angle, 0.0, 0.0], 2.0);
    let fall = 0.05 * 9.81 * angle;
    let expected = [(inertia * 2.0 - 0.05 * fall) / determinant, (1.1 * fall - 0.05 * 2.0) / determinant];
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?} {expected:?}");
}
