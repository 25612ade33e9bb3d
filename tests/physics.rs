//! The plant and the integrators against independent runs, conservation of energy and the order of convergence.

use gainswarm::integrators::{Euler, Integrator, Rk4};

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
fn error_after_half_a_second<I: Integrator>(steps: u64) -> f64 {
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
