//! What the world does to a closed loop: each part against what it should do, and all of it together against thread counts.

use std::sync::Arc;

use fearless_simd::{Simd, prelude::*};
use gainswarm::config::Config;
use gainswarm::controllers::{Saturation, Sliding};
use gainswarm::draw::Purpose;
use gainswarm::integrators::Rk4;
use gainswarm::lanes::splat;
use gainswarm::plants::DoubleInvertedPendulum;
use gainswarm::problem::Problem;
use gainswarm::sampling::noise_table;
use gainswarm::simulation::{
    Conditions, Features, Kernel, Pulse, Record, Scenario, Sensors, Settings, SimdLevel, Simulator, Tone,
    Trajectory,
};

use crate::support::law::{Force, Law};
use crate::support::{Zero, gainswarm, plant, reference_gains, stderr, unlimited, write_config};

const DT: f64 = 1e-3;
/// Columns of a trajectory.
const U: usize = 7;
const SIGMA: usize = 8;

/// One simulation with every step kept, on a plant with some parameters changed.
fn run_on<F: Force>(changes: &[(&str, f64)], steps: u64, scenario: &Scenario) -> (Record, Trajectory) {
    let features = Features::of([scenario]);
    let noise: Arc<[f64]> = if features.sensors { noise_table().into() } else { Arc::default() };
    let settings = Settings { features, noise, ..unlimited(DT, steps) };
    let kernel = Kernel::<DoubleInvertedPendulum, Law<F>, Rk4, 3>::new(Rk4, &plant(changes), settings);
    kernel.record(SimdLevel::widest(), &reference_gains(), scenario, 1).expect("memory")
}

fn run<F: Force>(steps: u64, scenario: &Scenario) -> Vec<Vec<f64>> {
    run_on::<F>(&[], steps, scenario).1.rows().map(<[f64]>::to_vec).collect()
}

fn scenario(conditions: Conditions) -> Scenario {
    Scenario { initial_state: vec![0.0, 0.1, -0.05, 0.0, 0.0, 0.0], conditions }
}

/// The classical law.
struct Plain;

impl Force for Plain {}

/// 10 N, always.
struct Ten;

impl Force for Ten {
    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        _: Saturation,
        _: &[S::f64s; 3],
        _: &mut S::f64s,
        _: &Sliding<S::f64s>,
    ) -> S::f64s {
        splat(simd, 10.0)
    }
}

/// The time in N: a ramp of 1 N/s, by the steps that the law is told of.
struct Ramp;

impl Force for Ramp {
    #[inline(always)]
    fn force<S: Simd>(
        _: S,
        _: Saturation,
        _: &[S::f64s; 3],
        time: &mut S::f64s,
        sliding: &Sliding<S::f64s>,
    ) -> S::f64s {
        let now = *time;
        *time += sliding.dt;
        now
    }
}

/// 2 N from 0.1 s to 0.3 s.
struct Push;

impl Force for Push {
    #[inline(always)]
    fn force<S: Simd>(
        simd: S,
        _: Saturation,
        _: &[S::f64s; 3],
        step: &mut S::f64s,
        _: &Sliding<S::f64s>,
    ) -> S::f64s {
        let acts = step.simd_ge(splat(simd, 100.0)) & step.simd_lt(splat(simd, 300.0));
        *step += splat(simd, 1.0);
        acts.select(splat(simd, 2.0), splat(simd, 0.0))
    }
}

#[test]
fn a_pulse_moves_the_plant_as_the_same_control_force_does() {
    let pulses = vec![Pulse { amplitude: 2.0, start: 0.1, end: 0.3 }];
    let disturbed = run::<Zero>(500, &scenario(Conditions { pulses, ..Conditions::default() }));
    let pushed = run::<Push>(500, &scenario(Conditions::default()));
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
    let tau = std::f64::consts::TAU;
    let (amplitude, frequency, start, end) = (3.0, 2.0, 0.2, 0.75);
    let tones = vec![Tone { amplitude, frequency, phase: -tau * frequency * start, start, end }];
    let at_rest =
        Scenario { initial_state: vec![0.0; 6], conditions: Conditions { tones, ..Conditions::default() } };
    let (_, run) = run_on::<Zero>(&changes, 1000, &at_rest);
    let last = run.rows().last().expect("a row").to_vec();
    // Momentum of cart and both links about upright, to first order in the small masses' motion.
    let momentum = 1.5 * last[4]
        + 1e-3 * (last[4] + 0.2 * last[2].cos() * last[5])
        + 1e-3 * (last[4] + 0.4 * last[2].cos() * last[5] + 0.15 * last[3].cos() * last[6]);
    // The force is held over a step: the rectangle rule of the sine from 0.2 s to 0.75 s.
    let held: f64 =
        (200..750_i32).map(|k| DT * amplitude * (tau * frequency * (f64::from(k) * DT - start)).sin()).sum();
    assert!((momentum - held).abs() < 1e-9, "{momentum} and {held}");
}

#[test]
fn noise_has_the_power_and_the_band_that_are_asked_for() {
    let text = "[[scenarios]]\ninitial_state = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\n\
                disturbances = [{ type = \"noise\", amplitude = 3.0, frequency = 4.0 }]\n";
    let config = Config::parse("study.toml".as_ref(), text).expect("a valid study");
    for index in 0..20 {
        let scenario = config.scenarios[0].scenario(&config.nominal(), Purpose::Scenario, 1, index);
        let tones = &scenario.conditions.tones;
        let power: f64 = tones.iter().map(|tone| tone.amplitude * tone.amplitude / 2.0).sum();
        assert!((power.sqrt() - 3.0).abs() < 1e-12);
        assert!(tones.iter().all(|tone| (0.0..=4.0).contains(&tone.frequency)));
    }
}

#[test]
fn the_controller_sees_a_quantised_state() {
    let quantum = vec![0.0, 0.04, 0.03, 0.0, 0.0, 0.0];
    let sensors = Some(Sensors { noise: vec![0.0; 6], quantum, offsets: vec![0; 6] });
    let rows = run::<Zero>(5, &scenario(Conditions { sensors, ..Conditions::default() }));
    // θ1 = 0.1 is 2.5 steps of 0.04, rounded to even: 0.08; θ2 = −0.05 is −1.67 steps of 0.03: −0.06.
    let sigma = 29.41 * 3.49 * 0.08 + 31.33 * 9.32 * (-0.06 - 0.08);
    assert!((rows[0][SIGMA] - sigma).abs() < 1e-12, "{} and {sigma}", rows[0][SIGMA]);
    assert!((rows[0][2] - 0.1).abs() < 1e-15, "the plant itself is where it was");
}

#[test]
#[allow(clippy::cast_precision_loss, reason = "a count")]
fn sensor_noise_is_white_with_its_standard_deviation() {
    let sensors = Some(Sensors {
        noise: vec![0.01, 0.0, 0.0, 0.0, 0.0, 0.0],
        quantum: vec![0.0; 6],
        offsets: vec![65_000, 0, 0, 0, 0, 0],
    });
    // At rest upright without force, σ is that of the noise of x alone: kx λx n.
    let conditions = Conditions { sensors, ..Conditions::default() };
    let rows = run::<Zero>(20_000, &Scenario { initial_state: vec![0.0; 6], conditions });
    let noise: Vec<f64> = rows.iter().map(|row| row[SIGMA] / (11.53 * 1.19)).collect();
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
    let u = |conditions: Conditions| {
        run::<Ten>(50, &scenario(conditions)).iter().map(|row| row[U]).collect::<Vec<_>>()
    };
    let lag = u(Conditions { actuator_lag: 0.02, ..Conditions::default() });
    let rate = u(Conditions { rate_limit: 400.0, ..Conditions::default() });
    let dead = u(Conditions { dead_time: 7, ..Conditions::default() });
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
    let rows = run::<Ramp>(40, &scenario(Conditions { control_period: 8, ..Conditions::default() }));
    for (k, row) in (0..=40_u8).zip(&rows) {
        // The ramp knows the time from the periods that it is told of.
        let expected = f64::from(k / 8 * 8) * DT;
        assert!((row[U] - expected).abs() < 1e-15, "{} and {expected}", row[U]);
    }
}

#[test]
fn an_uncertain_plant_moves_as_that_plant_while_the_controller_reckons_with_the_other() {
    let other = [("cart_mass", 1.9), ("link2_mass", 0.11), ("joint1_friction", 0.02)];
    let values = plant(&other);
    let uncertain = Conditions { plant: Some(values), ..Conditions::default() };
    let moved = run::<Push>(400, &scenario(uncertain.clone()));
    let (_, own) = run_on::<Push>(&other, 400, &scenario(Conditions::default()));
    for (a, b) in moved.iter().zip(own.rows()) {
        assert!(a[..U].iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-11));
    }
    // The equivalent control of the first step is that of the nominal plant; so near to upright nothing is clamped.
    let first = |changes: &[(&str, f64)], conditions| {
        let initial_state = vec![0.0, 1e-3, -5e-4, 0.0, 0.0, 0.0];
        run_on::<Plain>(changes, 1, &Scenario { initial_state, conditions }).1.rows().next().expect("a row")
            [U]
    };
    let nominal = first(&[], Conditions::default());
    assert!((first(&[], uncertain) - nominal).abs() < 1e-15);
    assert!((first(&other, Conditions::default()) - nominal).abs() > 1e-6);
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
    let problem = Problem::new(&Config::parse("rough.toml".as_ref(), ROUGH).expect("a valid study"));
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
