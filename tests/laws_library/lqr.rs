//! The linear-quadratic regulator: gains against closed forms, published ones and `data/lqr.csv`, where there are none, and what it does in a loop.

use gainswarm::config::Config;
use gainswarm::stability::Verdict;

use super::{certificate, study};

/// A study of a plant under the law, whose first state is x1 and so on.
fn regulated(plant: &str, controller: &str) -> String {
    format!(
        "{plant}\n[controller]\nfile = \"models/controllers/lqr.toml\"\n{controller}\n[simulation]\ndt = 0.001\nduration = 1.0\n\
         [cost.control_effort]\n[[scenarios]]\n"
    )
}

/// A linear plant.
fn linear<const N: usize>(a: [[f64; N]; N], b: [f64; N]) -> String {
    let columns = "C = [".to_owned() + &"1.0, ".repeat(N) + "]";
    format!("[plant]\nA = {:?}\nB = {b:?}\n{columns}\n", a.map(|row| row.to_vec()))
}

/// What the law tells of itself.
fn told(config: &Config) -> Vec<(String, f64)> {
    let told = config.told(&config.controller.values);
    told.into_iter().map(|told| (told.name, told.value)).collect()
}

/// The gains of the states.
fn gains(text: &str) -> Vec<f64> {
    let config = study(text).unwrap_or_else(|error| panic!("{error}"));
    let count = config.plant.states().len();
    told(&config).into_iter().take(count).map(|(_, gain)| gain).collect()
}

fn weights(q: &[f64], r: f64) -> String {
    let q = q.iter().enumerate().map(|(place, q)| format!("q{} = {q:?}\n", place + 1));
    q.collect::<String>() + &format!("r = {r:?}\n")
}

/// How far gains are off at most, as shares of what they should be.
fn off(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(found, expected)| (found / expected - 1.0).abs()).fold(0.0, f64::max)
}

fn assert_gains(text: &str, expected: &[f64], tolerance: f64) {
    let found = gains(text);
    let off = off(&found, expected);
    assert!(off < tolerance, "{off}: {found:?} and {expected:?}");
}

#[test]
fn gains_are_those_of_closed_forms() {
    // x'' = u: K = [√q1, √(q2 + 2 √q1)] for R = 1.
    let double = linear([[0.0, 1.0], [0.0, 0.0]], [0.0, 1.0]);
    for [q1, q2] in [[1.0_f64, 1.0], [1.0, 0.0], [1e-6, 0.0], [1e8, 1e-3], [1e-3, 1e6]] {
        let expected = [q1.sqrt(), (q2 + 2.0 * q1.sqrt()).sqrt()];
        assert_gains(&regulated(&double, &weights(&[q1, q2], 1.0)), &expected, 1e-12);
    }
    // x' = a x + b u: K = (a + √(a² + b² q/r))/b. Where a is above 0 and q is small, γ is an eigenvalue of A.
    for [a, b, q, r] in [[1.0_f64, 1.0, 1e-9, 1.0], [-3.0, 0.5, 1e4, 0.1], [2.0, -4.0, 3.0, 1e-6]] {
        let expected = (a + (a * a + b * b * q / r).sqrt()) / b;
        assert_gains(&regulated(&linear([[a]], [b]), &weights(&[q], r)), &[expected], 1e-9);
    }
    // Laub 1979, doi:10.1109/TAC.1979.1102178: weights of products, X = (1 + √2) [9 6; 6 4], and a motion that they do not see but that dies out.
    let plant = linear([[4.0, 3.0], [-4.5, -3.5]], [1.0, -1.0]);
    let text = regulated(&plant, "cost = \"q1*(3*x1 + 2*x2)^2\"");
    let root = 1.0 + 2.0_f64.sqrt();
    assert_gains(&text, &[3.0 * root, 2.0 * root], 1e-12);
}

#[test]
fn gains_of_the_tutorials_pendulum_are_the_published_ones() {
    // Control Tutorials for MATLAB and Simulink, Inverted Pendulum, state space: lqr with Q = diag(5000, 0, 100, 0), and with diag(1, 0, 1, 0).
    let published = [
        ([5000.0, 100.0], [-70.7107, -37.8345, 105.5298, 20.9238]),
        ([1.0, 1.0], [-1.0, -1.6567, 18.6854, 3.4594]),
    ];
    for ([x, theta], expected) in published {
        let text = regulated(
            "[plant]\ntype = \"inverted_pendulum\"\n",
            &(weights(&[x, 0.0, theta, 0.0], 1.0)
                + "[connect]\nx1 = \"x\"\nx2 = \"x_dot\"\nx3 = \"theta\"\nx4 = \"theta_dot\"\n"),
        );
        // In the order of the plant's states.
        let found = gains(&text);
        let found = [found[0], found[2], found[1], found[3]];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 5.1e-5, "{found} and {expected}");
        }
        // A cart that stands anywhere: the gain of the reference is that of its place.
        let config = study(&text).expect("a study");
        let all = told(&config);
        let of = |name: &str| all.iter().find(|(known, _)| known == name).expect(name).1;
        assert!((of("K_reference") / of("K_x") - 1.0).abs() < 1e-9, "{all:?}");
        assert_eq!(certificate(&text).verdict, Verdict::Stable);
    }
}

#[test]
fn gains_of_six_states_with_weights_over_nine_decades_are_those_of_fifty_digits() {
    let table = include_str!("../data/lqr.csv");
    let mut cases = 0;
    for line in table.lines().skip(1) {
        let numbers: Vec<f64> = line.split(',').map(|number| number.parse().expect(number)).collect();
        let a: [[f64; 6]; 6] = std::array::from_fn(|i| std::array::from_fn(|j| numbers[6 * i + j]));
        let b: [f64; 6] = std::array::from_fn(|i| numbers[36 + i]);
        let (q, expected, r) = (&numbers[42..48], &numbers[48..54], numbers[54]);
        assert_gains(&regulated(&linear(a, b), &weights(q, r)), expected, 1e-9);
        cases += 1;
    }
    assert_eq!(cases, 12);
}

#[test]
fn gains_that_rounding_leaves_little_of_are_right_or_none() {
    // Arnold & Laub 1984, doi:10.1109/PROC.1984.13083: A = diag(1, −2), B = [ε; 0], Q all 1; with ε → 0 nothing stabilises the first state.
    let (mut right, mut none) = (0, 0);
    for power in 0..12 {
        let epsilon = 10_f64.powi(-power);
        let root = (1.0 + epsilon * epsilon).sqrt();
        let expected = [(1.0 + root) / epsilon, epsilon / (2.0 + root)];
        let text = regulated(&linear([[1.0, 0.0], [0.0, -2.0]], [epsilon, 0.0]), "cost = \"q1*(x1 + x2)^2\"");
        let found = gains(&text);
        if found.iter().all(|gain| gain.is_nan()) {
            none += 1;
        } else {
            assert!(off(&found, &expected) < 1e-6, "{epsilon}: {found:?} and {expected:?}");
            right += 1;
        }
    }
    assert!(right >= 4, "{right} right, {none} none");
}

#[test]
fn what_cannot_be_regulated_has_no_gains_and_every_simulation_of_it_fails() {
    let stands = linear([[1.0, 0.0], [0.0, -1.0]], [0.0, 1.0]);
    let turned = linear([[-1.0, 2.0], [0.0, 3.0]], [1.0, 0.0]);
    let double = linear([[0.0, 1.0], [0.0, 0.0]], [0.0, 1.0]);
    for (plant, weights, what) in [
        (&stands, weights(&[1.0, 1.0], 1.0), "an unstable state that nothing moves"),
        (&turned, weights(&[1.0, 1.0], 1.0), "another that moves the one that is moved"),
        (&double, weights(&[0.0, 1.0], 1.0), "a place that no weight sees"),
        (&double, weights(&[0.0, 0.0], 1.0), "no weights"),
    ] {
        let text = regulated(plant, &weights) + "ranges = { x1 = [0.1, 0.1] }\n";
        assert!(gains(&text).iter().all(|gain| gain.is_nan()), "{what}: {:?}", gains(&text));
        assert_ne!(certificate(&text).verdict, Verdict::Stable, "{what}");
    }
}
