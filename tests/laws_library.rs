//! The library of usual laws, held against closed forms, the literature and independent solutions (`data/make_laws.py`), and against the troubles that
//! laws of this kind are known for.

mod lqr;
mod pid;

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use gainswarm::config::{Config, ConfigError};
use gainswarm::engine::{self, Resources};
use gainswarm::problem::{Problem, certifier};
use gainswarm::simulation::{SimdLevel, Trajectory};
use gainswarm::stability::{Certificate, Verdict};

use crate::support::open_loop::{column, plant, run};

/// A law that ships, with a constant set point.
fn law(name: &str, set_point: f64) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/controllers/{name}.toml"));
    let text = std::fs::read_to_string(path).expect("a law");
    let is_reference = |line: &&str| line.starts_with("reference ");
    let line = text.lines().find(is_reference).unwrap_or_else(|| panic!("{name} has a reference"));
    text.replace(line, &format!("reference = {{ default = {set_point:?}, doc = \"set point\" }}"))
}

/// A law with another choice of a text.
fn choosing(law: &str, default: &str, other: &str) -> String {
    let said = |name: &str| format!("= \"{name}\"\n");
    assert_eq!(law.matches(&said(default)).count(), 1, "{default}");
    law.replace(&said(default), &said(other))
}

/// A plant of a few states and the input u, in a file that lasts as long as it is held.
fn own(equations: &str, states: &[&str]) -> (tempfile::NamedTempFile, PathBuf) {
    let file = tempfile::NamedTempFile::with_suffix(".toml").expect("a file");
    let states = states.iter().map(|state| format!("{state} = {{}}")).collect::<Vec<_>>().join("\n");
    let text = format!(
        "kind = \"plant\"\nequations = \"\"\"\n{equations}\n\"\"\"\n[states]\n{states}\n[inputs]\nu = {{ default = 0.0 }}\n"
    );
    std::fs::write(file.path(), text).expect("written");
    let path = file.path().to_owned();
    (file, path)
}

/// How far a column of a run is from a function of the time at most.
fn off(run: &Trajectory, place: usize, expected: impl Fn(f64) -> f64) -> f64 {
    run.rows().map(|row| (row[place] - expected(row[0])).abs()).fold(0.0, f64::max)
}

/// How far two runs are apart at most.
fn apart(one: &Trajectory, other: &Trajectory) -> f64 {
    let differences = one.rows().zip(other.rows());
    let differences = differences.flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()));
    differences.fold(0.0, f64::max)
}

/// Asserts that what a law of continuous time is off by falls with the first order of the period.
fn comes_near(near: f64, off: impl Fn(f64, u64) -> f64, (dt, steps): (f64, u64)) {
    let (rough, fine) = (off(2.0 * dt, steps / 2), off(dt, steps));
    assert!(fine < near, "{fine}");
    assert!((rough / fine - 2.0).abs() < 0.1, "{rough} and {fine}");
}

fn study(text: &str) -> Result<Config, ConfigError> {
    Config::parse(&Path::new(env!("CARGO_MANIFEST_DIR")).join("study.toml"), text)
}

fn certificate(text: &str) -> Certificate {
    let config = study(text).unwrap_or_else(|error| panic!("{error}"));
    certifier(&config)(&config.controller.values)
}

/// Eigenvalues sorted by real part, then imaginary part.
fn sorted(mut values: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    values.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    values
}

fn overshoot(values: &[f64]) -> f64 {
    100.0 * (values.iter().fold(f64::MIN, |top, value| top.max(*value)) - 1.0)
}

#[test]
fn proportional_control_leaves_the_error_that_theory_says_and_a_bias_takes_it_away() {
    // Of a plant with gain K at rest: 1/(1 + Kp K).
    let end = |bias: f64| {
        let parameters = [("Kp", 4.0), ("bias", bias), ("gain", 2.0), ("dead_time", 0.0)];
        let run = run(
            &plant("first_order_plus_dead_time"),
            &law("p", 1.0),
            &[("measurement", "x"), ("u", "u")],
            (0.01, 1000),
            &[0.0],
            &parameters,
        );
        1.0 - column(&run, 1).last().expect("a row")
    };
    assert!((end(0.0) - 1.0 / 9.0).abs() < 1e-9, "{}", end(0.0));
    assert!(end(0.5).abs() < 1e-9, "{}", end(0.5));
}

#[test]
fn the_study_of_a_servo_finds_the_gain_whose_damping_overshoots_by_five_per_cent() {
    let config = Config::load(Path::new("configs/servo_p.toml")).expect("a study");
    let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
    // Held over dt, the output comes dt/2 late and takes Kp dt/2 off the damping: (1 − Kp dt/2)² = 4 ζ² Kp.
    let logarithm = 0.05_f64.ln();
    let damping = -logarithm / (PI * PI + logarithm * logarithm).sqrt();
    let ideal = 1.0 / (4.0 * damping * damping);
    assert!((ideal - 0.524_937).abs() < 1e-6, "{ideal}");
    let expected = ideal * (1.0 - ideal * 0.005).powi(2);
    assert!((tuning.values[0] / expected - 1.0).abs() < 1e-3, "{} and {expected}", tuning.values[0]);
}

/// A loop of a plant as a study, without scenarios that move it.
fn loop_of(plant: &str, law: &str, rest: &str, dt: f64) -> String {
    format!(
        "[plant]\n{plant}\n[controller]\nfile = \"models/controllers/{law}.toml\"\n{rest}\n[simulation]\ndt = {dt:?}\nduration = 1.0\n[cost.control_effort]\n\
         [[scenarios]]\nsignals = {{ reference = 0.0 }}\n"
    )
}

#[test]
fn lead_and_lag_have_the_margins_of_the_textbooks_examples() {
    // Ogata, Modern Control Engineering (2010), chapter 7: 41.7 (s + 4.41)/(s + 18.4) on 4/(s (s + 2)), "50°", and 5 (10 s + 1)/(100 s + 1) on
    // 1/(s (s + 1)(0.5 s + 1)), "about 40°"; their digits from python-control. Held over dt, a loop lags by ω dt/2 more.
    let lead = "equations = \"y'' = 4*u - 2*y'\"\n[plant.states]\ny = {}\n[plant.inputs]\nu = {}\n";
    let lag = "equations = \"y'' = v - y'; v' = 2*(u - v)\"\n[plant.states]\ny = {}\nv = {}\n[plant.inputs]\nu = {}\n";
    let of_lead = "K = 41.7\na = 4.41\nb = 18.4\n[connect]\nmeasurement = \"y\"";
    let of_lag = "K = 0.5\na = 1.0\nb = 1.0\na_lag = 0.1\nb_lag = 0.01\n[connect]\nmeasurement = \"y\"";
    for (plant, gains, phase, at, gain) in
        [(lead, of_lead, 50.507_55, 8.889_54, f64::INFINITY), (lag, of_lag, 41.611_79, 0.454_41, 5.187_77)]
    {
        let dt = 2e-4;
        let margins = certificate(&loop_of(plant, "lead_lag", gains, dt)).margins.expect("margins");
        let expected = phase - (at * dt / 2.0).to_degrees();
        assert!((margins.phase - expected).abs() < 2e-4, "{} and {expected}", margins.phase);
        // Of a sampled loop of second order the gain is bounded, but far away.
        assert!(
            (margins.gain - gain).abs() < 2e-3 || (gain.is_infinite() && margins.gain > 100.0),
            "{margins:?}"
        );
    }
}

#[test]
fn a_lead_and_a_lag_at_rest_have_the_gain_of_their_zeros_by_their_poles() {
    // A step of the error that nothing answers: at once K, at rest K a/b a_lag/b_lag, and Tustin's rule between them is exact to dt².
    let (_file, path) = own("x' = 0*u", &["x"]);
    let connect = [("measurement", "x"), ("u", "u")];
    let gains = [("K", 3.0), ("a", 2.0), ("b", 8.0), ("a_lag", 1.0), ("b_lag", 1.0)];
    let off = |dt: f64, steps: u64| {
        let found = run(&path, &law("lead_lag", 1.0), &connect, (dt, steps), &[0.0], &gains);
        off(&found, 2, |t| 3.0 * (0.25 + 0.75 * (-8.0 * (t + dt / 2.0)).exp()))
    };
    let (rough, fine) = (off(0.002, 1000), off(0.001, 2000));
    assert!(fine < 5e-5 && (rough / fine - 4.0).abs() < 0.2, "{rough} and {fine}");
    let both = [("K", 3.0), ("a", 2.0), ("b", 8.0), ("a_lag", 5.0), ("b_lag", 0.5)];
    let end = column(&run(&path, &law("lead_lag", 1.0), &connect, (0.01, 5000), &[0.0], &both), 2);
    assert!((end.last().expect("a row") - 7.5).abs() < 1e-9);
}

#[test]
fn the_pendulum_of_the_tutorials_under_their_gains_has_their_poles() {
    // Control Tutorials for MATLAB and Simulink, Inverted Pendulum, state space: K = [−70.7107, −37.8345, 105.5298, 20.9238], with which A − B K has
    // −8.491 ± 7.929i and −4.759 ± 0.831i; held over 1 ms (make_laws.py):
    let expected = [[-8.578_042_94, 7.943_480_66], [-4.759_511_85, 0.836_314_05]];
    let gains = "K1 = -70.7107\nK2 = -37.8345\nK3 = 105.5298\nK4 = 20.9238\nKr = -70.7107\n\
        [connect]\nx1 = \"x\"\nx2 = \"x_dot\"\nx3 = \"theta\"\nx4 = \"theta_dot\"";
    let found = certificate(&loop_of("type = \"inverted_pendulum\"", "state_feedback", gains, 1e-3));
    assert_eq!(found.verdict, Verdict::Stable);
    for [real, imaginary] in expected {
        for sign in [-1.0, 1.0] {
            let is_it = |value: &[f64; 2]| {
                (value[0] - real).abs() < 1e-5 && (value[1] - sign * imaginary).abs() < 1e-5
            };
            assert!(
                found.eigenvalues.iter().any(|value| is_it(&[value.re, value.im])),
                "{:?}",
                found.eigenvalues
            );
        }
    }
}

#[test]
fn state_feedback_comes_to_the_reference_by_its_gain_or_by_its_integral() {
    // x'' + 0.4 x' + x = u + push with poles at −2 ± 2i: K = [7, 3.6], Kr = 8; three poles at −2 with an integral: K = [11, 5.6], Ki = 8.
    let (_file, path) = own("x'' = u - 0.4*x' - x + push\npush = 0.5", &["x"]);
    let connect = [("x1", "x"), ("x2", "x_dot"), ("u", "u")];
    let of = |gains: &[(&str, f64)]| {
        run(&path, &law("state_feedback", 1.0), &connect, (1e-3, 10_000), &[0.0, 0.0], gains)
    };
    let end = |run: &Trajectory| *column(run, 1).last().expect("a row");
    let without = end(&of(&[("K1", 7.0), ("K2", 3.6), ("Kr", 8.0)]));
    assert!((without - (1.0 + 0.5 / 8.0)).abs() < 1e-6, "{without}");
    let with = of(&[("K1", 11.0), ("K2", 5.6), ("Ki", 8.0)]);
    assert!((end(&with) - 1.0).abs() < 1e-6, "{}", end(&with));
    // 8/(s + 2)³ of the reference and s/(s + 2)³ of the push, which comes at once.
    let expected = |t: f64| {
        1.0 - (-2.0 * t).exp() * (1.0 + 2.0 * t + 2.0 * t * t) + 0.5 * t * t / 2.0 * (-2.0 * t).exp()
    };
    let off = off(&with, 1, expected);
    assert!(off < 3e-3, "{off}");
}

#[test]
fn poles_of_feedback_and_observer_are_those_of_each_alone() {
    // The separation principle: those of A − B K, and those that the observer's gains ask for, to which a sampled loop comes as dt falls.
    let plant = "type = \"mass_spring_damper\"\nmass = 2.0\ndamping = 0.8\nstiffness = 3.0";
    let gains = "K1 = 13.0\nK2 = 7.2\na0 = 1.5\na1 = 0.4\nb0 = 0.5\nobserver_frequency = 10.0\nobserver_damping = 0.8\n\
        [connect]\nmeasurement = \"x\"";
    // s² + (0.4 + 3.6) s + (1.5 + 6.5); the integral, which has no gain, stays at 0 by its Tt.
    let expected = sorted(vec![[-2.0, 2.0], [-2.0, -2.0], [-8.0, 6.0], [-8.0, -6.0]]);
    let off = |dt: f64| {
        let found = certificate(&loop_of(plant, "observer_feedback", gains, dt));
        let moving =
            found.eigenvalues.iter().map(|value| [value.re, value.im]).filter(|value| value[1].abs() > 1e-3);
        let found = sorted(moving.collect());
        assert_eq!(found.len(), 4, "{found:?}");
        let pairs = found.iter().zip(&expected);
        pairs
            .map(|(found, expected)| (found[0] - expected[0]).hypot(found[1] - expected[1]))
            .fold(0.0, f64::max)
    };
    let (rough, fine) = (off(1e-3), off(5e-4));
    assert!(fine < 0.05 && (rough / fine - 2.0).abs() < 0.1, "{rough} and {fine}");
}

#[test]
fn an_observer_comes_to_the_state_from_a_wrong_start_and_the_loop_to_the_reference() {
    let gains = [("K1", 13.0), ("K2", 7.2), ("a0", 1.5), ("a1", 0.4), ("b0", 0.5)];
    let parameters = [("mass", 2.0), ("damping", 0.8), ("stiffness", 3.0)];
    let connect = [("measurement", "x"), ("u", "u")];
    let law = law("observer_feedback", 1.0);
    let all = [&gains[..], &parameters[..]].concat();
    let found = run(&plant("mass_spring_damper"), &law, &connect, (1e-3, 8_000), &[-0.5, 2.0], &all);
    let last = found.rows().last().expect("a row");
    assert!((last[1] - 1.0).abs() < 1e-5 && last[2].abs() < 1e-5 && (last[3] - 3.0).abs() < 1e-4, "{last:?}");
}

#[test]
fn a_cascade_tuned_by_the_symmetrical_optimum_overshoots_as_published() {
    // The inner PI cancels its lag and leaves 1/(1 + T s); the outer PI, Kp = 1/(2 T), Ti = 4 T, controls the integrator behind it: 43.4 % of
    // overshoot (Kessler 1958; Leonhard, Control of Electrical Drives (2001)), 8.1 % without the zero of the PI (b = 0).
    let (_file, path) = own("i' = (u - i)/0.05\nx' = i", &["i", "x"]);
    let connect = [("measurement", "x"), ("inner_measurement", "i"), ("u", "u")];
    let time = 0.02;
    for (weight, expected) in [(1.0, 43.4104), (0.0, 8.1465)] {
        let of = |dt: f64, steps: u64| {
            let gains = [
                ("inner_Kp", 0.05 / time),
                ("inner_Ki", 1.0 / time),
                ("Kp", 1.0 / (2.0 * time)),
                ("Ki", 1.0 / (8.0 * time * time)),
                ("b", weight),
            ];
            overshoot(&column(
                &run(&path, &law("cascade", 1.0), &connect, (dt, steps), &[0.0, 0.0], &gains),
                2,
            ))
        };
        let (rough, fine) = (of(2e-5, 25_000), of(1e-5, 50_000));
        // Two orders of dt away.
        assert!((2.0 * fine - rough - expected).abs() < 0.01, "{rough}, {fine} and {expected}");
    }
}

#[test]
fn a_cascade_keeps_its_current_and_does_not_wind_up() {
    let motor = [("J", 1e-4), ("D", 1e-5), ("K", 0.05), ("Kb", 0.05), ("R", 0.5), ("L", 1e-3)];
    let gains = [
        ("Kp", 0.5),
        ("Ki", 10.0),
        ("inner_Kp", 1.0),
        ("inner_Ki", 500.0),
        ("inner_max", 10.0),
        ("u_max", 24.0),
        ("inner_Tt", 0.002),
    ];
    let connect = [("measurement", "omega"), ("inner_measurement", "current"), ("voltage", "u")];
    let of = |follow: f64| {
        let all = [&motor[..], &gains[..], &[("Tt", follow)]].concat();
        run(&plant("dc_motor"), &law("cascade", 200.0), &connect, (2e-4, 4000), &[0.0, 0.0], &all)
    };
    let highest =
        |run: &Trajectory| column(run, 1).iter().fold(0.0_f64, |highest, speed| highest.max(*speed));
    let found = of(0.02);
    let current = column(&found, 2);
    let most = current.iter().fold(0.0_f64, |most, i| most.max(*i));
    assert!(current.iter().filter(|i| **i > 9.5).count() > 100 && most < 11.0, "{most} A");
    // Where the set point of the current leaves its limit, the speed is within 10 A by Kp of its own.
    assert!(highest(&found) < 220.0, "{} rad/s", highest(&found));
    assert!((column(&found, 1).last().expect("a row") - 200.0).abs() < 0.1);
    assert!(highest(&of(1e9)) > 240.0, "{} rad/s without", highest(&of(1e9)));
}

#[test]
fn a_smith_predictor_whose_model_is_right_moves_the_dead_time_out_of_the_loop() {
    // Smith 1957: the answer to a set point is that of a PI without a dead time, later. A step that comes through a delay line, and a limit.
    let shared = [("Kp", 3.0), ("Ki", 2.5), ("u_max", 1.5)];
    let connect = [("measurement", "x"), ("u", "u")];
    let (_file, path) = own("x' = (2*u - x)/1.5", &["x"]);
    let at_once = column(&run(&path, &law("pi", 1.0), &connect, (0.01, 1000), &[0.0], &shared), 1);
    let smith = law("smith_predictor", 1.0).replace("model_dead_time = \"1.0\"", "model_dead_time = \"0.8\"");
    let plant_and_model = [
        ("gain", 2.0),
        ("time_constant", 1.5),
        ("dead_time", 0.8),
        ("model_gain", 2.0),
        ("model_time_constant", 1.5),
    ];
    let all = [&shared[..], &plant_and_model[..]].concat();
    let path = plant("first_order_plus_dead_time");
    let later = column(&run(&path, &smith, &connect, (0.01, 1000), &[0.0], &all), 1);
    assert!(later[..81].iter().all(|x| *x == 0.0) && later[81] > 0.0);
    for (step, x) in later[80..].iter().enumerate() {
        assert!((x - at_once[step]).abs() < 1e-9, "{x} and {} at step {step}", at_once[step]);
    }
}

/// Period and amplitude of an oscillation about 0, from its last crossings upward.
fn oscillation(values: &[f64], dt: f64) -> [f64; 2] {
    let mut rises = Vec::new();
    for (step, pair) in values.windows(2).enumerate() {
        if pair[0] < 0.0 && pair[1] >= 0.0 {
            #[allow(clippy::cast_precision_loss, reason = "few samples")]
            rises.push((step as f64 + pair[0] / (pair[0] - pair[1])) * dt);
        }
    }
    let [.., before, last] = rises[..] else { panic!("{} crossings", rises.len()) };
    let half = values.len() / 2;
    let most = values[half..].iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    [last - before, most]
}

#[test]
fn a_lag_with_dead_time_under_a_relay_oscillates_as_the_exact_solution_says() {
    // Half a period is θ + τ ln((K d + a)/(K d − ε)), the amplitude a = K d − (K d − ε) exp(−θ/τ).
    let (gain, time, dead, push) = (2.0, 1.5, 0.4, 0.7);
    for band in [0.0, 0.3] {
        let full = gain * push;
        let amplitude = full - (full - band) * f64::exp(-dead / time);
        let period = 2.0 * (dead + time * ((full + amplitude) / (full - band)).ln());
        let off = |dt: f64, steps: u64| {
            let parameters = [
                ("gain", gain),
                ("time_constant", time),
                ("dead_time", dead),
                ("amplitude", push),
                ("hysteresis", band),
            ];
            let connect = [("measurement", "x"), ("u", "u")];
            let path = plant("first_order_plus_dead_time");
            let x = column(&run(&path, &law("relay", 0.0), &connect, (dt, steps), &[0.5], &parameters), 1);
            let [found, most] = oscillation(&x, dt);
            [(found / period - 1.0).abs(), (most / amplitude - 1.0).abs()]
        };
        let found = off(5e-4, 40_000);
        assert!(found.iter().all(|share| *share < 2e-3), "{band}: {found:?}");
    }
}

#[test]
fn the_voltage_regulator_under_a_relay_oscillates_as_the_describing_function_says() {
    // Where the phase is −180°: 1.08948 s and 4 d/π · |G| = 0.748227 of the describing function, and the exact oscillation of make_laws.py.
    for (band, period, amplitude) in [(0.0, 1.115_646, 0.778_136), (0.3, 1.411_495, 1.248_679)] {
        let connect = [("measurement", "sensor"), ("u", "u")];
        let gains = [("hysteresis", band)];
        let found =
            run(&plant("avr"), &law("relay", 0.0), &connect, (1e-4, 200_000), &[0.0, 0.0, 0.0, -0.5], &gains);
        let [measured, most] = oscillation(&column(&found, 4), 1e-4);
        assert!((measured / period - 1.0).abs() < 1e-3, "{band}: {measured} s");
        assert!((most / amplitude - 1.0).abs() < 1e-3, "{band}: {most}");
        if band == 0.0 {
            assert!((measured / 1.089_48 - 1.0).abs() < 0.03 && (most / 0.748_227 - 1.0).abs() < 0.05);
        }
    }
}

#[test]
fn a_relay_with_a_dead_zone_rests_within_it() {
    let (_file, path) = own("x' = u", &["x"]);
    let connect = [("measurement", "x"), ("u", "u")];
    let gains = [("amplitude", 0.5), ("dead_zone", 0.1), ("hysteresis", 0.02)];
    let found = run(&path, &law("relay", 0.0), &connect, (1e-3, 3000), &[1.0], &gains);
    for row in found.rows() {
        // It pushes until the error is 0.08, then no more.
        let expected = if row[1] > 0.08 { -0.5 } else { 0.0 };
        assert!((row[2] - expected).abs() < 1e-15, "{row:?}");
    }
    let last = column(&found, 1);
    assert!((last.last().expect("a row") - 0.08).abs() < 1e-3);
    // It does not begin within what it takes to switch on.
    let found = run(&path, &law("relay", 0.0), &connect, (1e-3, 1000), &[0.11], &gains);
    assert!(off(&found, 1, |_| 0.11) < 1e-15);
}

/// A pendulum whose pivot is moved with the acceleration u, in units of that of gravity, and its natural frequency 1; it swings up by its energy.
fn swung_up(accelerations: f64, catch: f64) -> Trajectory {
    let (_file, path) = own("theta'' = sin(theta) - cos(theta)*u", &["theta"]);
    let text = std::fs::read_to_string("models/controllers/swing_up.toml").expect("a law");
    let gains = [
        ("swing_max", accelerations),
        ("K_energy", 100.0),
        ("natural_frequency", 1.0),
        ("catch_angle", catch),
        ("K_theta", -4.0),
        ("K_theta_dot", -3.0),
        ("u_max", 10.0),
    ];
    run(&path, &text, &[("u", "u")], (1e-3, 60_000), &[PI, 0.0], &gains)
}

#[test]
fn a_pendulum_swings_up_at_once_from_four_thirds_of_gravity_on() {
    // Åström & Furuta 2000: one swing is enough where the pivot's acceleration is above 4/3 g.
    let reversals = |accelerations: f64| {
        let found = swung_up(accelerations, 0.0);
        let mut before = 0.0_f64;
        let mut reversals = 0;
        for row in found.rows().take_while(|row| row[1].cos() < 0.99) {
            reversals += u32::from(row[2] * before < 0.0);
            before = row[2];
        }
        reversals
    };
    assert_eq!(reversals(1.34), 0);
    assert!(reversals(1.32) > 0 && reversals(0.3) > reversals(1.32));
}

#[test]
fn a_pendulum_gains_energy_until_it_is_caught_and_stays_upright() {
    let found = swung_up(0.4, 0.3);
    let rows: Vec<&[f64]> = found.rows().collect();
    let energy = |row: &[f64]| row[2] * row[2] / 2.0 + row[1].cos() - 1.0;
    let caught = rows.iter().position(|row| row[1].cos() > 0.3_f64.cos()).expect("it comes up");
    for pair in rows[..caught].windows(2) {
        // A held output may be wrong for one period after the sign changes.
        assert!(energy(pair[1]) > energy(pair[0]) - 1e-5, "{:?}", pair[1]);
    }
    assert!(energy(rows[0]) < -1.999);
    let last = rows.last().expect("a row");
    let turns = last[1] / (2.0 * PI);
    assert!((turns - turns.round()).abs() < 1e-6 && last[2].abs() < 1e-6, "{last:?}");
}

#[test]
fn the_gains_of_the_swing_up_study_catch_a_pole_that_hangs_and_so_does_another_law_near_upright() {
    let text = std::fs::read_to_string("configs/cart_pole_swing_up.toml").expect("the study");
    let sine = "balance = \"-(K_theta*sin(angle) + K_theta_dot*theta_dot + K_x*x + K_x_dot*x_dot)\"\nnatural_frequency";
    let other = text.replacen("natural_frequency", sine, 1);
    for text in [text, other] {
        let config = study(&text).unwrap_or_else(|error| panic!("{error}"));
        let problem = Problem::new(&config);
        for start in &problem.scenarios {
            let recorded =
                problem.simulator.record(SimdLevel::widest(), &config.controller.values, start, 10);
            let (_, run) = recorded.expect("memory");
            let (first, last) = (run.rows().next().expect("a row"), run.rows().last().expect("a row"));
            assert!(first[2].cos() < -0.85, "it hangs: {first:?}");
            // It may have come up on the other side.
            assert!(last[2].cos() > 0.999 && last[1].abs() < 0.3 && last[4].abs() < 0.1, "{last:?}");
        }
    }
}
