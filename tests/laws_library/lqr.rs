//! The linear-quadratic regulator: gains against closed forms, published ones and `data/lqr.csv`, where there are none, and what it does in a loop.

use gainswarm::config::Config;
use gainswarm::problem::Problem;
use gainswarm::report::FormatKind;
use gainswarm::report::export::Export;
use gainswarm::simulation::SimdLevel;
use gainswarm::stability::Verdict;

use super::{certificate, law, study};
use crate::support::open_loop::{column, plant, run};
use crate::support::{batch, gainswarm, stderr, stdout, write_config};

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
fn gains_are_right_where_the_loop_has_slow_and_fast_motions_six_decades_apart_or_there_are_none() {
    // x'' = −p x' + u: K = [√q, √(p² + 2 √q) − p], and for large p eigenvalues at −p and −√q/p.
    let mut right = 0.0;
    for power in 0..8 {
        let p = 10_f64.powi(power);
        let expected = [1.0, 2.0 / (p + (p * p + 2.0).sqrt())];
        let found =
            gains(&regulated(&linear([[0.0, 1.0], [0.0, -p]], [0.0, 1.0]), &weights(&[1.0, 0.0], 1.0)));
        if found.iter().all(|gain| gain.is_finite()) {
            assert!(off(&found, &expected) < 1e-6, "{p}: {found:?} and {expected:?}");
            right = p;
        }
    }
    assert!(right >= 1000.0, "up to {right}");
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

#[test]
fn a_regulator_has_the_margins_that_kalman_proved() {
    // Kalman 1964, doi:10.1115/1.3653115: |1 + L| is never below 1, so that Ms is 1, the phase margin at least 60°, and the gain may fall to a half; held
    // over dt, the loop lags by ω dt/2 more.
    let levitation = "rest1 = \"0.05\"\nrest2 = \"6.26418390534633\"\n";
    for (plant, states, control, others) in [
        ("cart_pole", &["x", "theta", "x_dot", "theta_dot"][..], "u", ""),
        ("furuta_pendulum", &["arm", "alpha", "arm_dot", "alpha_dot"], "torque", ""),
        ("ball_and_beam", &["position", "angle", "position_dot", "angle_dot"], "torque", ""),
        ("magnetic_levitation", &["position", "current", "position_dot"], "voltage", levitation),
        ("stirred_tank", &["concentration", "temperature"], "coolant", "rest1 = \"0.5\"\nrest2 = \"350\"\n"),
        (
            "double_inverted_pendulum",
            &["x", "theta1", "theta2", "x_dot", "theta1_dot", "theta2_dot"],
            "u",
            "",
        ),
        ("dc_motor", &["omega", "current"], "voltage", ""),
    ] {
        let joined =
            states.iter().enumerate().map(|(place, state)| format!("x{} = \"{state}\"\n", place + 1));
        let joined = joined.collect::<String>() + &format!("{control} = \"u\"\n");
        let text = regulated(
            &format!("[plant]\ntype = \"{plant}\"\n"),
            &(weights(&[2.0, 3.0, 0.1][..states.len().min(3)], 0.5) + others + "[connect]\n" + &joined),
        );
        // What holds the controlled value where it rests; it is the reference too.
        let rest = if plant == "magnetic_levitation" {
            0.05
        } else if plant == "stirred_tank" {
            0.5
        } else {
            0.0
        };
        let text =
            (text + &format!("signals = {{ reference = {rest:?} }}\n")).replace("dt = 0.001", "dt = 0.0001");
        let found = certificate(&text);
        assert_eq!(found.verdict, Verdict::Stable, "{plant}: {found:?}");
        let margins = found.margins.expect("margins");
        assert!(
            margins.sensitivity < 1.01 && margins.phase > 59.0 && margins.gain_down < 0.51,
            "{plant}: {margins:?}"
        );
    }
}

#[test]
fn a_plant_is_regulated_about_its_rest_by_the_control_that_holds_it_there() {
    let of = |plant: &str, controller: &str, name: &str| {
        let config = study(&regulated(plant, controller)).unwrap_or_else(|error| panic!("{error}"));
        let all = told(&config);
        all.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{all:?}")).1
    };
    // The voltage over the coil's resistance of 1 ohm.
    let levitation = "rest1 = \"0.05\"\nrest2 = \"6.26418390534633\"\n[connect]\nvoltage = \"u\"\nx1 = \"position\"\nx2 = \"current\"\n";
    let holds = of("[plant]\ntype = \"magnetic_levitation\"\n", levitation, "u_rest");
    assert!((holds - 6.264_183_905_346_33).abs() < 1e-9, "{holds}");
    // x' = x³ + u at 2: x' = 12 x about it, held by −8; K = 12 + √(144 + q).
    let cube = "[plant]\nequations = \"x' = x^3 + u\"\n[plant.states]\nx = {}\n[plant.inputs]\nu = {}\n";
    let controller = "q1 = 25.0\nrest1 = \"2\"\n[connect]\nx1 = \"x\"\n";
    assert!((of(cube, controller, "K_x") - 25.0).abs() < 1e-12);
    assert!((of(cube, controller, "u_rest") + 8.0).abs() < 1e-12);
    // x' = x u at 1 and at rest without control: K = √q, since nothing grows.
    let product = "[plant]\nequations = \"x' = x*u\"\n[plant.states]\nx = {}\n[plant.inputs]\nu = {}\n";
    assert!((of(product, "q1 = 9.0\nrest1 = \"1\"\n[connect]\nx1 = \"x\"\n", "K_x") - 3.0).abs() < 1e-12);
    // x' = u (x − 3) − 4 at 1: held by −2, which is also what it grows by, −2 x; K = 1 − √(1 + q).
    let both =
        "[plant]\nequations = \"x' = u*(x - 3) - 4\"\n[plant.states]\nx = {}\n[plant.inputs]\nu = {}\n";
    let found = of(both, "q1 = 3.0\nrest1 = \"1\"\n[connect]\nx1 = \"x\"\n", "K_x");
    assert!((found + 1.0).abs() < 1e-12, "{found}");
}

#[test]
fn a_reference_is_reached_with_and_without_an_integrator_in_the_plant() {
    let connect = [("x1", "x"), ("x2", "x_dot"), ("u", "u")];
    for stiffness in [0.0, 3.0] {
        let parameters =
            [("mass", 2.0), ("damping", 0.8), ("stiffness", stiffness), ("q1", 40.0), ("q2", 5.0)];
        let found = run(
            &plant("mass_spring_damper"),
            &law("lqr", 0.7),
            &connect,
            (0.01, 2000),
            &[0.0, 0.0],
            &parameters,
        );
        let end = column(&found, 1).last().copied().expect("a row");
        assert!((end - 0.7).abs() < 1e-9, "{end}");
    }
}

#[test]
fn a_regulator_is_state_feedback_with_the_gains_that_it_tells() {
    // On plants that differ from the nominal one, which the gains are of, seen by sensors.
    let rough = |controller: &str| {
        format!(
            "[plant]\ntype = \"cart_pole\"\n[controller]\nu_max = 30.0\n{controller}\n[connect]\nx1 = \"x\"\nx2 = \"theta\"\nx3 = \"x_dot\"\nx4 = \"theta_dot\"\n\
             [simulation]\ndt = 0.002\nduration = 2.0\n[cost.control_effort]\nweight = 1.0\n[cost.ise]\n\
             [[scenarios]]\ncount = 8\nranges = {{ theta = 0.2, x = 0.2 }}\nuncertainty = {{ link_mass = 30.0, cart_mass = 20.0 }}\n\
             noise = {{ theta = 0.002 }}\ncontrol_period = 3\n"
        )
    };
    let regulator =
        study(&rough("type = \"lqr\"\nq1 = 3.0\nq2 = 7.0\nq4 = 0.2\nr = 0.02\n")).expect("a study");
    let gains: Vec<String> = told(&regulator)
        .into_iter()
        .take(4)
        .enumerate()
        .map(|(place, (_, gain))| format!("K{} = {gain:?}\n", place + 1))
        .collect();
    let feedback =
        study(&rough(&("type = \"state_feedback\"\n".to_owned() + &gains.concat()))).expect("a study");
    let costs = |config: &Config| -> Vec<f64> {
        let problem = Problem::new(config);
        let records = batch(&problem, SimdLevel::widest(), std::slice::from_ref(&problem.values));
        records.iter().map(|record| record.cost).collect()
    };
    let (ours, theirs) = (costs(&regulator), costs(&feedback));
    assert!(ours.len() == 8 && off(&ours, &theirs) < 1e-9, "{ours:?} and {theirs:?}");
}

#[test]
fn gains_follow_a_parameter_of_the_plant_that_is_tuned() {
    // m x'' = u: K = [√q, √(2 m √q)].
    let text = regulated(
        "[plant]\nequations = \"m*x'' = u\"\n[plant.states]\nx = {}\n[plant.inputs]\nu = {}\n[plant.parameters]\nm = { default = 1.0 }\n",
        "q1 = 16.0\n[connect]\nx1 = \"x\"\nx2 = \"x_dot\"\n",
    ) + "[[tune]]\nparameter = \"plant.m\"\nlower = 0.1\nupper = 9.0\n";
    let config = study(&text).unwrap_or_else(|error| panic!("{error}"));
    let mut values = config.controller.values.clone();
    *values.last_mut().expect("a mass") = 2.0;
    let found: Vec<f64> = config.told(&values).into_iter().take(2).map(|told| told.value).collect();
    assert!(off(&found, &[4.0, 4.0]) < 1e-12, "{found:?}");
}

#[test]
fn what_a_regulator_cannot_be_made_of_is_told_with_its_remedy() {
    let double = linear([[0.0, 1.0], [0.0, 0.0]], [0.0, 1.0]);
    let late = "[plant]\ntype = \"first_order_plus_dead_time\"\n";
    let heaters = "[plant]\ntype = \"two_heaters\"\n";
    for (plant, controller, words) in [
        (double.as_str(), "cost = \"q1*x1^4\"\n", ["not quadratic", "squares"]),
        (&double, "cost = \"q1*x1^2*t\"\n", ["a weight of the states changes", "gains"]),
        (&double, "rest = \"x1 + q1\"\n", ["does not say where the plant rests", "sum of squares"]),
        (&double, "rest = \"(x1 - t)^2 + 0*q1\"\n", ["where the plant rests changes", "gains"]),
        (&double, "controlled = \"q1\"\n", ["does not depend on the plant's states", "reference"]),
        (late, "[connect]\nx1 = \"x\"\n", ["dead time", "without one"]),
        (
            heaters,
            "[connect]\nx1 = \"rise1\"\nheater1 = \"u\"\nheater2 = \"Kr\"\n",
            ["drives 2 inputs", "allowed: one"],
        ),
    ] {
        let error = study(&regulated(plant, controller)).expect_err(controller).to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{controller}: {error}");
    }
    let seven = linear([[0.0; 7]; 7], [1.0; 7]);
    let error = study(&regulated(&seven, "")).expect_err("seven states").to_string();
    assert!(error.contains("7 states") && error.contains("at most 6"), "{error}");
}

#[test]
fn what_the_weights_come_to_is_told_and_exported() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = regulated(&linear([[0.0, 1.0], [0.0, 0.0]], [0.0, 1.0]), "q1 = 1.0\nq2 = 1.0\n")
        .replace("models/", &format!("{}/models/", env!("CARGO_MANIFEST_DIR")));
    let path = write_config(directory.path(), "regulator.toml", &text);
    let run = gainswarm(&["certify", &path]);
    assert!(run.status.success() && stdout(&run).contains("K_x2         1.73205"), "{}", stdout(&run));
    let run = gainswarm(&["certify", &path, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    assert!((json["law"]["K_x2"].as_f64().expect("a gain") - 3.0_f64.sqrt()).abs() < 1e-12, "{json}");
    let run = gainswarm(&["simulate", &path, "--every", "1000"]);
    assert!(
        stderr(&run).contains("K_x1 = 1.00000, K_x2 = 1.73205, K_reference = 1.00000"),
        "{}",
        stderr(&run)
    );
    let config = study(&text).expect("a study");
    let export = Export::new(&config, &config.controller.values);
    for (format, form) in [
        (FormatKind::C, "LAW_K_X2 1.73205080756887"),
        (FormatKind::Python, "\"K_x2\": 1.73205080756887"),
        (FormatKind::Matlab, "law.K_x2 = 1.73205080756887"),
        (FormatKind::Json, "\"K_x2\": 1.73205080756887"),
        (FormatKind::Csv, "law.K_x2,1.73205080756887"),
        (FormatKind::Toml, "K_x2 = 1.73205080756887"),
    ] {
        let text = format.text(&export).expect("a text");
        assert!(text.contains(form) && text.contains("q1"), "{}: {text}", format.name());
    }
    // Where there are none, that is said as soon as the study is read, and none are exported.
    let none = text.replace("q1 = 1.0", "q1 = 0.0");
    let path = write_config(directory.path(), "none.toml", &none);
    let run = gainswarm(&["check", &path]);
    assert!(run.status.success() && stderr(&run).contains("comes to no K_x1, K_x2"), "{}", stderr(&run));
    let config = study(&none).expect("a study");
    let text = FormatKind::C.text(&Export::new(&config, &config.controller.values)).expect("a text");
    assert!(!text.contains("NaN") && !text.contains("K_X1"), "{text}");
}
