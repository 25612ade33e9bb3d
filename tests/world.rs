//! What the world does to a closed loop: each part against what it should do, and all of it together against thread counts.

use gainswarm::draw::Purpose;
use gainswarm::problem::Problem;
use gainswarm::simulation::{Scenario, SimdLevel, Trajectory};

use crate::support::{Study, UNLIMITED, force, gainswarm, keys, stderr, study, write_config};

const DT: f64 = 1e-3;
/// Columns of a trajectory; σ where no disturbance is among the scenarios.
const U: usize = 7;
const SIGMA: usize = 8;

/// The surface of the classical law, for laws that give another force.
const SURFACE: &str = "sigma = 29.41*(theta1' + 3.49*k*theta1) + 31.33*(theta2' - theta1' + 9.32*k*(theta2 - theta1)) + 11.53*k*(x' + 1.19*k*x)";

/// A law of a test that knows σ.
fn law(equations: &str) -> String {
    format!("{}sigma = {{}}\n", force(&format!("{SURFACE}\n{equations}")))
}

/// One simulation with every step kept, on a plant with some parameters changed, in a world; `change` may change its scenario.
fn run_on(
    changes: &[(&str, f64)],
    controller: &str,
    (steps, start): (u64, &[f64]),
    world: &str,
    change: impl FnOnce(&mut Scenario),
) -> Trajectory {
    let plant = keys(changes);
    let config =
        Study { plant: &plant, controller, steps: (DT, steps), simulation: UNLIMITED, start, rest: world }
            .config();
    let mut problem = Problem::new(&config);
    change(&mut problem.scenarios[0]);
    let recorded = problem.simulator.record(SimdLevel::widest(), &problem.values, &problem.scenarios[0], 1);
    recorded.expect("memory").1
}

const START: [f64; 6] = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0];

/// A simulation under a force.
fn run(force: &str, steps: u64, world: &str) -> Vec<Vec<f64>> {
    run_on(&[], &law(force), (steps, &START), world, |_| {}).rows().map(<[f64]>::to_vec).collect()
}

const PUSH: &str = "u = if k*t > 0.0995 and k*t < 0.2995 then 2 else 0";

#[test]
fn a_pulse_moves_the_plant_as_the_same_control_force_does() {
    let pulse = "disturbances = [{ type = \"pulse\", amplitude = 2.0, start = 0.1, duration = 0.2 }]";
    let disturbed = run("u = 0", 500, pulse);
    let pushed = run(PUSH, 500, "");
    for (disturbed, pushed) in disturbed.iter().zip(&pushed) {
        assert_eq!(disturbed[..U], pushed[..U]);
        assert!(disturbed[U] == 0.0, "a disturbance is not the controller's force");
    }
    assert!(pushed.iter().any(|row| row[U] > 1.0));
}

#[test]
fn tones_are_sines_from_their_start_to_their_end() {
    // The disturbed cart's momentum is the integral of the force: with frictionless joints and no friction of the cart, and
    // the links hanging free of gravity at rest, p' = total force.
    let changes = [
        ("gravity", 0.0),
        ("cart_friction", 0.0),
        ("joint1_friction", 0.0),
        ("joint2_friction", 0.0),
        ("link1_mass", 1e-3),
        ("link2_mass", 1e-3),
    ];
    let (amplitude, frequency, start) = (3.0, 2.0, 0.2);
    let sine = "disturbances = [{ type = \"sine\", amplitude = 3.0, frequency = 2.0, start = 0.2, duration = 0.55 }]";
    let run = run_on(&changes, &law("u = 0"), (1000, &[0.0; 6]), sine, |_| {});
    let last = run.rows().last().expect("a row").to_vec();
    // Momentum of cart and both links about upright, to first order in the small masses' motion.
    let momentum = 1.5 * last[4]
        + 1e-3 * (last[4] + 0.2 * last[2].cos() * last[5])
        + 1e-3 * (last[4] + 0.4 * last[2].cos() * last[5] + 0.15 * last[3].cos() * last[6]);
    // The force is held over a step: the rectangle rule of the sine from 0.2 s to 0.75 s.
    let tau = std::f64::consts::TAU;
    let held: f64 =
        (200..750_i32).map(|k| DT * amplitude * (tau * frequency * (f64::from(k) * DT - start)).sin()).sum();
    assert!((momentum - held).abs() < 1e-9, "{momentum} and {held}");
}

#[test]
#[allow(clippy::cast_precision_loss, reason = "a count")]
fn noise_has_the_power_and_the_band_that_are_asked_for() {
    let text = "[simulation]\ndt = 0.01\nduration = 200.0\n[[scenarios]]\ninitial_state = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\n\
                disturbances = [{ type = \"noise\", amplitude = 3.0, frequency = 4.0 }]\n";
    let config = study(text);
    let (mut powers, mut above) = (Vec::new(), 0.0_f64);
    for index in 0..20 {
        let scenario = config.scenarios[0].scenario(&config.nominal(), Purpose::Scenario, 1, index);
        let values: Vec<f64> = scenario.conditions.signals[0].iter().map(|piece| piece.1).collect();
        assert_eq!(values.len(), 20_001);
        let count = values.len() as f64;
        powers.push(values.iter().map(|value| value * value).sum::<f64>() / count);
        // What a window of Hann lets through of 5, 6, … 40 Hz, a hundred of its widths from the band and more.
        for hertz in 5..40_i32 {
            let turn = std::f64::consts::TAU / count;
            let part = |of: fn(f64) -> f64| {
                let windowed = values.iter().enumerate().map(|(k, value)| {
                    let k = k as f64;
                    (1.0 - (turn * k).cos()) * value * of(std::f64::consts::TAU * f64::from(hertz) * 0.01 * k)
                });
                windowed.sum::<f64>() / count
            };
            above = above.max(part(f64::sin).hypot(part(f64::cos)));
        }
    }
    // Tones beat with each other for as long as they are near: 1 % in the mean of 4,000 s.
    let power = powers.iter().sum::<f64>() / 20.0;
    assert!((power / 9.0 - 1.0).abs() < 0.01, "{power}");
    assert!(above < 1e-5, "{above} above 5 Hz");
}

#[test]
fn the_controller_sees_a_quantised_state() {
    let rows = run("u = 0", 5, "quantisation = { theta1 = 0.04, theta2 = 0.03 }");
    // θ1 = 0.1 is 2.5 steps of 0.04, rounded to even: 0.08; θ2 = −0.05 is −1.67 steps of 0.03: −0.06.
    let sigma = 29.41 * 3.49 * 0.08 + 31.33 * 9.32 * (-0.06 - 0.08);
    assert!((rows[0][SIGMA] - sigma).abs() < 1e-12, "{} and {sigma}", rows[0][SIGMA]);
    assert!((rows[0][2] - 0.1).abs() < 1e-15, "the plant itself is where it was");
}

#[test]
#[allow(clippy::cast_precision_loss, reason = "a count")]
fn sensor_noise_is_white_with_its_standard_deviation() {
    // It reads on from the beginning of the table where that ends.
    let at_the_end = |scenario: &mut Scenario| {
        scenario.conditions.sensors.as_mut().expect("sensors").offsets[0] = 65_000;
    };
    // At rest upright without force, σ is that of the noise of x alone: kx λx n.
    let run = run_on(&[], &law("u = 0"), (20_000, &[0.0; 6]), "noise = { x = 0.01 }", at_the_end);
    let noise: Vec<f64> = run.rows().map(|row| row[SIGMA] / (11.53 * 1.19)).collect();
    let count = noise.len() as f64;
    let moment = |of: &dyn Fn(usize) -> f64| (1..noise.len()).map(of).sum::<f64>() / count;
    let (mean, variance) = (moment(&|k| noise[k]), moment(&|k| noise[k] * noise[k]));
    let neighbours = moment(&|k| noise[k] * noise[k - 1]);
    // Standard errors of mean, variance and covariance of 20,000 independent normal numbers.
    let error = 1.0 / count.sqrt();
    assert!(mean.abs() < 4.0 * 0.01 * error);
    assert!((variance / 1e-4 - 1.0).abs() < 4.0 * std::f64::consts::SQRT_2 * error);
    assert!((neighbours / 1e-4).abs() < 4.0 * error);
}

#[test]
fn an_actuator_lags_is_limited_in_rate_and_waits() {
    let u = |world: &str| run("u = 10", 50, world).iter().map(|row| row[U]).collect::<Vec<_>>();
    let lag = u("actuator_lag = 0.02");
    let rate = u("rate_limit = 400.0");
    let dead = u("dead_time = 7");
    for k in 0..=50_u8 {
        let t = f64::from(k) * DT;
        // The answer of a first-order lag to a step, at the end of the step in which the force is held.
        let lagging = 10.0 * (1.0 - (-(t + DT) / 0.02).exp());
        assert!((lag[usize::from(k)] - lagging).abs() < 1e-12);
        assert!((rate[usize::from(k)] - (400.0 * (t + DT)).min(10.0)).abs() < 1e-12);
        assert!((dead[usize::from(k)] - if k < 7 { 0.0 } else { 10.0 }).abs() < 1e-15);
    }
}

#[test]
fn between_its_evaluations_the_control_law_rests() {
    // A ramp that knows the time from the periods that it is told of.
    let ramp = format!("{}[controller.states]\nclock = {{}}\n", force("u = clock\nclock' = k"));
    let run = run_on(&[], &ramp, (40, &START), "control_period = 8", |_| {});
    for (k, row) in (0..=40_u8).zip(run.rows()) {
        let expected = f64::from(k / 8 * 8) * DT;
        assert!((row[U] - expected).abs() < 1e-15, "{} and {expected}", row[U]);
    }
}

#[test]
fn an_uncertain_plant_moves_as_that_plant_while_the_controller_reckons_with_the_other() {
    let other = [("cart_mass", 1.9), ("link2_mass", 0.11), ("joint1_friction", 0.02)];
    let values = Study { plant: &keys(&other), ..Study::default() }.config().plant.values;
    let uncertain = |scenario: &mut Scenario| scenario.conditions.plant = Some(values.clone());
    let varies = "uncertainty = { cart_mass = 1.0 }";
    let moved = run_on(&[], &law(PUSH), (400, &START), varies, uncertain);
    let own = run_on(&other, &law(PUSH), (400, &START), "", |_| {});
    for (a, b) in moved.rows().zip(own.rows()) {
        assert!(a[..U].iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-11));
    }
    // The equivalent control of the first step is that of the nominal plant; so near to upright nothing is clamped.
    let near = [0.0, 1e-3, -5e-4, 0.0, 0.0, 0.0];
    let nominal = run_on(&[], "", (1, &near), "", |_| {}).values[U];
    let of_other = run_on(&other, "", (1, &near), "", |_| {}).values[U];
    assert!((run_on(&[], "", (1, &near), varies, uncertain).values[U] - nominal).abs() < 1e-15);
    assert!((of_other - nominal).abs() > 1e-6);
}

/// Everything on at once.
const ROUGH: &str = "
seed = 3
[simulation]
duration = 0.3
[aggregate]
type = \"cvar\"
alpha = 0.4
[limits]
max_cart_travel = 5.0
[[scenarios]]
name = \"rough\"
count = 5
ranges = { theta1 = 0.2, theta2 = [-0.1, 0.2], x_dot = 0.1 }
uncertainty = { cart_mass = 20.0, link1_com = 60.0, gravity = 1.0 }
disturbances = [
    { type = \"step\", amplitude = 5.0, start = 0.05 },
    { type = \"pulse\", amplitude = -9.0, start = 0.1, duration = 0.05 },
    { type = \"sine\", amplitude = 2.0, frequency = 9.0 },
    { type = \"noise\", amplitude = 1.0, frequency = 20.0 },
]
noise = { theta1 = 1e-3, theta2_dot = 1e-2 }
quantisation = { x = 1e-3 }
actuator_lag = 2e-3
rate_limit = 2e4
dead_time = 3
control_period = 2
[[scenarios]]
initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]
[[scenarios]]
count = 3
sampling = \"uniform\"
ranges = { theta1 = 0.1 }
dead_time = 5
[swarm]
particles = 12
[swarm.stopping]
generations = 6
";

#[test]
fn with_everything_on_a_simulation_does_not_depend_on_its_company() {
    let problem = Problem::new(&study(ROUGH));
    let mut vectors = vec![problem.values.clone(); 7];
    for (k, vector) in (0..7_u8).zip(&mut vectors) {
        vector[5] = 5.0 * f64::from(k);
    }
    let expected = crate::support::batch(&problem, SimdLevel::widest(), &vectors);
    for level in SimdLevel::available() {
        assert_eq!(crate::support::batch(&problem, level, &vectors), expected, "{level:?}");
    }
    for (k, vector) in vectors.iter().enumerate() {
        for (s, scenario) in problem.scenarios.iter().enumerate() {
            let alone = problem.simulator.record(SimdLevel::widest(), vector, scenario, 1).expect("memory").0;
            assert_eq!(alone, expected[k * problem.scenarios.len() + s]);
        }
    }
}

#[test]
fn with_everything_on_every_csv_is_the_same_bytes_for_any_thread_count() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "rough.toml", ROUGH);
    let results = |threads: &str| {
        let output = directory.path().join(threads);
        let out = output.to_str().expect("UTF-8");
        let run = gainswarm(&["tune", &config, "--quiet", "--threads", threads, "--output", out]);
        assert!(run.status.code().is_some_and(|code| code < 2), "{}", stderr(&run));
        // The files name the gains: the same path for the same bytes.
        let gains = directory.path().join("1").join("gains.csv");
        let gains = gains.to_str().expect("UTF-8");
        let options = ["--samples", "300", "--quiet", "--threads", threads, "--output", out];
        let run = gainswarm(&[&["validate", &config, "--gains", gains], &options[..]].concat());
        assert!(run.status.success(), "{}", stderr(&run));
        ["gains.csv", "convergence.csv", "validation.csv", "validation.json"]
            .map(|name| std::fs::read(output.join(name)).expect("a result"))
    };
    let expected = results("1");
    assert_eq!(results("2"), expected);
    assert_eq!(results("5"), expected);
}
