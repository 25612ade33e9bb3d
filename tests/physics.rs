//! The plant and the integrators against independent runs, conservation of energy and the order of convergence.

use gainswarm::model::Base;
use gainswarm::simulation::Trajectory;
use nalgebra::{Matrix3, Vector3};

use crate::support::open_loop::{rates, slopes};
use crate::support::{Study, UNLIMITED, force, keys, largest_difference, reference};

const FRICTIONLESS: [(&str, f64); 3] =
    [("cart_friction", 0.0), ("joint1_friction", 0.0), ("joint2_friction", 0.0)];
/// The links of the reference runs.
const LINKS: [(&str, f64); 2] = [("link1_inertia", 0.0081), ("link2_inertia", 0.0034)];

/// A motion under a force, every `stride`-th step.
fn motion(
    plant: &[(&str, f64)],
    law: &str,
    method: &str,
    steps: (f64, u64),
    start: &[f64],
    stride: usize,
) -> Trajectory {
    let simulation = format!("integrator = \"{method}\"\n{UNLIMITED}");
    let (plant, controller) = (keys(plant), force(law));
    let study =
        Study { plant: &plant, controller: &controller, steps, simulation: &simulation, start, rest: "" };
    study.record(stride).1
}

/// The same without force.
fn coasting(
    plant: &[(&str, f64)],
    method: &str,
    steps: (f64, u64),
    start: &[f64],
    stride: usize,
) -> Trajectory {
    motion(plant, "u = 0", method, steps, start, stride)
}

/// State columns of a trajectory's rows.
fn states(rows: &Trajectory) -> impl Iterator<Item = &[f64]> {
    rows.rows().map(|row| &row[..7])
}

#[test]
fn free_fall_agrees_with_an_eighth_order_integrator() {
    let start = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0];
    let run = coasting(&[], "rk4", (1e-4, 50_000), &start, 100);
    assert!(largest_difference(states(&run), &reference("open_loop_free_fall.csv")) < 1e-6);
}

#[test]
fn frictionless_motion_agrees_with_an_eighth_order_integrator() {
    let start = [0.0, 2.0, 1.0, 0.3, -1.0, 2.0];
    let run = coasting(&FRICTIONLESS, "rk4", (1e-4, 50_000), &start, 100);
    assert!(largest_difference(states(&run), &reference("open_loop_frictionless.csv")) < 1e-6);
}

#[test]
fn motion_under_a_sine_force_agrees_with_an_eighth_order_integrator() {
    // As it is in the middle of the step: second order in the step.
    let law = "u = 5*sin(3*k*(t + dt/2))";
    let run = motion(&[], law, "rk4", (1e-4, 50_000), &[0.0, 3.0, 3.1, 0.0, 0.0, 0.0], 100);
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
    let run = coasting(&FRICTIONLESS, "rk4", (1e-4, 100_000), &start, 100);
    let energies: Vec<f64> = states(&run).map(energy).collect();
    let drift = energies.iter().map(|e| (e - energies[0]).abs()).fold(0.0, f64::max);
    assert!(drift < 1e-9, "drift {drift} J of {} J", energies[0]);
}

#[test]
fn friction_takes_energy_at_every_sample() {
    let run = coasting(&[], "rk4", (1e-3, 5000), &[0.0, 0.1, -0.05, 0.0, 0.0, 0.0], 10);
    let energies: Vec<f64> = states(&run).map(energy).collect();
    assert!(energies.windows(2).all(|pair| pair[1] < pair[0] + 1e-12));
}

/// Largest error of the state after 0.5 s against the reference run.
fn error_after_half_a_second(method: &str, steps: u64) -> f64 {
    let start = [0.0, 2.0, 1.0, 0.3, -1.0, 2.0];
    let stride = usize::try_from(steps).expect("small");
    #[allow(clippy::cast_precision_loss)]
    let dt = 0.5 / steps as f64;
    let run = coasting(&FRICTIONLESS, method, (dt, steps), &start, stride);
    let expected = &reference("open_loop_frictionless.csv")[50];
    let last = run.rows().last().expect("the final state");
    last[1..7].iter().zip(&expected[1..]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn rk4_converges_at_fourth_order() {
    let ratio = error_after_half_a_second("rk4", 50) / error_after_half_a_second("rk4", 100);
    assert!((ratio.log2() - 4.0).abs() < 0.3, "observed order {}", ratio.log2());
}

#[test]
fn euler_converges_at_first_order() {
    let ratio = error_after_half_a_second("euler", 20_000) / error_after_half_a_second("euler", 40_000);
    assert!((ratio.log2() - 1.0).abs() < 0.1, "observed order {}", ratio.log2());
}

#[test]
fn semi_implicit_euler_converges_at_first_order_and_its_energy_does_not_drift() {
    let ratio = error_after_half_a_second("semi_implicit_euler", 20_000)
        / error_after_half_a_second("semi_implicit_euler", 40_000);
    assert!((ratio.log2() - 1.0).abs() < 0.1, "observed order {}", ratio.log2());
    // Small swings about hanging down, for which the plant is nearly linear: explicit Euler gains energy steadily.
    let start = [0.0, std::f64::consts::PI - 0.05, std::f64::consts::PI, 0.0, 0.0, 0.0];
    let gained = |run: &Trajectory| {
        let energies: Vec<f64> = states(run).map(energy).collect();
        energies[energies.len() - 1] - energies[0]
    };
    let swing = energy(&[0.0, 0.0, start[1], start[2], 0.0, 0.0, 0.0])
        - energy(&[0.0, 0.0, std::f64::consts::PI, std::f64::consts::PI, 0.0, 0.0, 0.0]);
    let [implicit, explicit] = ["semi_implicit_euler", "euler"]
        .map(|method| coasting(&FRICTIONLESS, method, (1e-3, 20_000), &start, 100));
    assert!(gained(&implicit).abs() < 0.05 * swing, "{} of {swing} J", gained(&implicit));
    assert!(gained(&explicit) > swing, "{} of {swing} J", gained(&explicit));
}

#[test]
fn dormand_prince_keeps_its_tolerance_at_steps_at_which_rk4_does_not() {
    // 0.5 s in steps of 10 ms, each divided as its error asks for, and in steps of 50 ms.
    let (adaptive, fixed) =
        (error_after_half_a_second("dormand_prince", 50), error_after_half_a_second("rk4", 10));
    assert!(adaptive < 1e-9, "{adaptive}");
    assert!(fixed > 1e-4, "{fixed}");
    // Five seconds of free fall, in which errors grow by a factor of 1e5 and more.
    let start = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0];
    let run = coasting(&[], "dormand_prince", (5e-3, 1000), &start, 2);
    let difference = largest_difference(states(&run), &reference("open_loop_free_fall.csv"));
    assert!(difference < 1e-6, "{difference}");
}

/// Accelerations at a state under a force.
fn accelerations(plant: &str, parameters: &[(&str, f64)], state: &[f64], force: f64) -> Vec<f64> {
    rates(plant, parameters, state, &[force, 0.0]).split_off(state.len() / 2)
}

const EXACT: &str = "double_inverted_pendulum";
const SIMPLIFIED: &str = "simplified_double_inverted_pendulum";
const LINEAR: &str = "linear_double_inverted_pendulum";

#[test]
fn the_simplified_plant_is_the_exact_one_at_rest_and_the_linear_one_its_tangent() {
    let [exact, simplified] =
        [EXACT, SIMPLIFIED].map(|plant| move |state: &[f64]| accelerations(plant, &LINKS, state, 7.0));
    for angles in [[0.0, 0.0], [0.7, -0.4], [2.5, 3.0]] {
        let at_rest = [0.3, angles[0], angles[1], 0.0, 0.0, 0.0];
        let moving = [0.3, angles[0], angles[1], 0.5, -3.0, 4.0];
        let (a, b) = (exact(&at_rest), simplified(&at_rest));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
        let (a, b) = (exact(&moving), simplified(&moving));
        // At upright no product of rates acts on a link, but the centrifugal force has no component there either.
        assert!(angles == [0.0, 0.0] || a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 0.1), "{a:?} {b:?}");
    }
    for by in (0..6).map(Base::State).chain([Base::Input(0), Base::Input(1)]) {
        let [exact, simplified, linear] =
            [EXACT, SIMPLIFIED, LINEAR].map(|plant| slopes(plant, &LINKS, &[0.0; 6], &[0.0; 2], by));
        let tolerance = if matches!(by, Base::State(_)) { 1e-8 } else { 1e-12 };
        for other in [simplified, linear] {
            assert!(exact.iter().zip(&other).all(|(a, b)| (a - b).abs() < tolerance), "by {by:?}");
        }
    }
    // The linear plant has no limit to its linearity.
    let linear = |state: &[f64], force: f64| accelerations(LINEAR, &LINKS, state, force);
    let (once, ten_times) =
        (linear(&[0.0, 0.1, -0.2, 0.3, 0.4, 0.5], 1.0), linear(&[0.0, 1.0, -2.0, 3.0, 4.0, 5.0], 10.0));
    assert!(once.iter().zip(&ten_times).all(|(a, b)| (10.0 * a - b).abs() < 1e-10));
}

#[test]
fn the_slopes_at_upright_are_the_analytic_jacobian() {
    let (m0, m1, m2, l1, l2, length1) = (1.5, 0.2, 0.15, 0.2, 0.15, 0.4);
    let (i1, i2, g, b0, b1, b2) = (0.0081, 0.0034, 9.81, 0.2, 0.005, 0.004);
    let (a, b, c) = (m1 * l1 + m2 * length1, m2 * l2, m2 * length1 * l2);
    let (j1, j2) = (i1 + m1 * l1 * l1 + m2 * length1 * length1, i2 + m2 * l2 * l2);
    let inverse = Matrix3::new(m0 + m1 + m2, a, b, a, j1, c, b, c, j2).try_inverse().expect("regular");
    let gravity = Matrix3::from_diagonal(&Vector3::new(0.0, a * g, b * g));
    let friction = Matrix3::new(b0, 0.0, 0.0, 0.0, b1 + b2, -b2, 0.0, -b2, b2);
    let slopes =
        |by: Base| Vector3::from_column_slice(&slopes(EXACT, &LINKS, &[0.0; 6], &[0.0; 2], by).split_off(3));
    for k in 0..3 {
        assert!((slopes(Base::State(k)) - (inverse * gravity).column(k)).amax() < 1e-8);
        assert!((slopes(Base::State(3 + k)) + (inverse * friction).column(k)).amax() < 1e-8);
    }
    for input in [Base::Input(0), Base::Input(1)] {
        assert!((slopes(input) - inverse.column(0)).amax() < 1e-12);
    }
}

#[test]
fn the_cart_pole_is_the_double_pendulum_whose_upper_link_weighs_nothing() {
    // A link of 1e-3 kg that turns about the elbow with almost no inertia hangs on the lower link without moving it.
    let cart_pole = [
        ("cart_mass", 1.5),
        ("link_mass", 0.2),
        ("link_length", 0.4),
        ("link_com", 0.2),
        ("link_inertia", 0.0081),
        ("cart_friction", 0.2),
        ("joint_friction", 0.005),
    ];
    let double = [
        ("link1_inertia", 0.0081),
        ("link2_mass", 1e-3),
        ("link2_com", 1e-2),
        ("link2_inertia", 1e-7),
        ("joint2_friction", 0.0),
    ];
    let single = accelerations("cart_pole", &cart_pole, &[0.1, 0.4, -0.3, 1.2], 5.0);
    let both = accelerations(EXACT, &double, &[0.1, 0.4, 0.0, -0.3, 1.2, 0.0], 5.0);
    assert!((single[0] - both[0]).abs() < 5e-2 && (single[1] - both[1]).abs() < 2e-1, "{single:?} {both:?}");
}

#[test]
fn the_cart_pole_keeps_its_energy_and_its_equations_are_those_of_euler_and_lagrange() {
    let frictionless = [("cart_friction", 0.0), ("joint_friction", 0.0)];
    let energy = |state: &[f64]| {
        let [_, angle, x_dot, rate] = *state else { panic!("four states") };
        let centre = (x_dot + 0.5 * rate * angle.cos(), -0.5 * rate * angle.sin());
        0.5 * (x_dot * x_dot + 0.1 * (centre.0 * centre.0 + centre.1 * centre.1) + 0.008_333 * rate * rate)
            + 0.1 * 9.81 * 0.5 * angle.cos()
    };
    let (plant, law) = (format!("type = \"cart_pole\"\n{}", keys(&frictionless)), force("u = 0"));
    let study = Study {
        plant: &plant,
        controller: &law,
        steps: (1e-4, 50_000),
        simulation: UNLIMITED,
        start: &[0.0, 2.0, 0.5, -1.0],
        rest: "",
    };
    let energies: Vec<f64> = study.record(100).1.rows().map(|row| energy(&row[1..5])).collect();
    let drift = energies.iter().map(|e| (e - energies[0]).abs()).fold(0.0, f64::max);
    assert!(drift < 1e-9, "drift {drift} J");
    // At upright with the mass matrix written out: M = [1.1, 0.05; 0.05, J], h = [0, A g θ].
    let (inertia, angle) = (0.008_333 + 0.1 * 0.25, 1e-6);
    let determinant = 1.1 * inertia - 0.05 * 0.05;
    let found = accelerations("cart_pole", &frictionless, &[0.0, angle, 0.0, 0.0], 2.0);
    let fall = 0.05 * 9.81 * angle;
    let expected = [(inertia * 2.0 - 0.05 * fall) / determinant, (1.1 * fall - 0.05 * 2.0) / determinant];
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?} {expected:?}");
}
