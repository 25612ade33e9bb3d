//! Margins of the sampled loop: ten published loops against python-control, and loops whose margins are known in closed form.

use std::f64::consts::PI;
use std::path::Path;

use gainswarm::config::Config;
use gainswarm::problem::certifier;
use gainswarm::stability::{Certificate, Margins, Verdict};

/// A loop y = num/den·u under u = Kp e + Ki ∫e, e = −y.
struct Loop {
    num: Vec<f64>,
    den: Vec<f64>,
    kp: f64,
    ki: f64,
    dt: f64,
    period: u64,
    dead_time: u64,
    lag: f64,
}

impl Loop {
    /// A plant under a proportional law, each step.
    fn new(num: &[f64], den: &[f64], kp: f64, dt: f64) -> Self {
        Self { num: num.into(), den: den.into(), kp, ki: 0.0, dt, period: 1, dead_time: 0, lag: 0.0 }
    }

    /// As a study: the plant in controllable canonical form.
    fn study(&self) -> Config {
        let order = self.den.len() - 1;
        let state = |k: usize| format!("z{}", k + 1);
        let sum = |coefficients: &[f64]| {
            let terms =
                coefficients.iter().rev().enumerate().map(|(k, number)| format!("({number:?})*{}", state(k)));
            terms.collect::<Vec<_>>().join(" + ")
        };
        let lead = self.den[0];
        let scaled = |numbers: &[f64]| numbers.iter().map(|number| number / lead).collect::<Vec<_>>();
        let chain = (0..order - 1).map(|k| format!("{}' = {}", state(k), state(k + 1)));
        let ends = [
            format!("{}' = u - ({})", state(order - 1), sum(&scaled(&self.den[1..]))),
            format!("y = {}", sum(&scaled(&self.num))),
        ];
        let equations = chain.chain(ends).collect::<Vec<_>>().join("\n");
        let states = (0..order).map(|k| format!("{} = {{}}", state(k))).collect::<Vec<_>>().join("\n");
        let Self { kp, ki, dt, period, dead_time, lag, .. } = self;
        let text = format!(
            "[plant]\nequations = \"\"\"\n{equations}\n\"\"\"\n[plant.states]\n{states}\n[plant.inputs]\nu = {{}}\n[plant.outputs]\ny = {{}}\n\
             [controller]\nequations = \"u = Kp*(0 - y) + i; i' = Ki*(0 - y)\"\n[controller.inputs]\ny = {{}}\n\
             [controller.states]\ni = {{}}\n[controller.outputs]\nu = {{}}\n[controller.gains]\n\
             Kp = {{ default = {kp:?}, search = [0.0, 1.0] }}\nKi = {{ default = {ki:?} }}\n\
             [simulation]\ndt = {dt:?}\nduration = {:?}\n[cost.ise]\nsignals = [\"y\"]\n\
             [[scenarios]]\ncontrol_period = {period}\ndead_time = {dead_time}\nactuator_lag = {lag:?}\n",
            100.0 * dt
        );
        Config::parse("loop.toml".as_ref(), &text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn certificate(&self) -> Certificate {
        let config = self.study();
        certifier(&config)(&config.controller.values)
    }

    fn margins(&self) -> Margins {
        self.certificate().margins.expect("a stable loop")
    }
}

#[track_caller]
fn assert_near(found: f64, expected: f64, tolerance: f64, of: &str) {
    let is_near =
        found.total_cmp(&expected).is_eq() || (found - expected).abs() <= tolerance * expected.abs();
    assert!(is_near, "{of}: {found} instead of {expected}");
}

#[test]
fn margins_of_published_loops_are_those_of_python_control() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/margins.csv");
    let mut rows = csv::Reader::from_path(path).expect("tests/data/margins.csv");
    let mut count = 0;
    for row in rows.records() {
        let row = row.expect("a row");
        let name = &row[0];
        let numbers = |cell: usize| -> Vec<f64> {
            row[cell].split(' ').map(|x| x.parse().expect("a number")).collect()
        };
        let number = |cell: usize| numbers(cell)[0];
        let whole = |cell: usize| -> u64 { row[cell].parse().expect("a whole number") };
        let of = Loop {
            num: numbers(1),
            den: numbers(2),
            kp: number(3),
            ki: number(4),
            dt: number(5),
            period: whole(6),
            dead_time: whole(7),
            lag: number(8),
        };
        let certificate = of.certificate();
        assert_eq!(certificate.verdict, Verdict::Stable, "{name}: {certificate:?}");
        let margins = certificate.margins.expect("margins");
        for (figure, found, expected) in [
            ("gain margin", margins.gain, number(9)),
            ("gain margin, down", margins.gain_down, number(10)),
            ("phase margin", margins.phase, number(11)),
            ("delay margin", margins.delay, number(12)),
            ("Ms", margins.sensitivity, number(13)),
            ("Mt", margins.complementary, number(14)),
            ("spectral radius", certificate.radius, number(15)),
        ] {
            assert_near(found, expected, 1e-6, &format!("{name}, {figure}"));
        }
        // What the sources print of continuous time, as far as their digits and a short period let it.
        let printed = |cell: usize| row[cell].parse::<f64>().ok();
        for (figure, found, printed) in [
            ("gain margin", margins.gain, printed(16)),
            ("phase margin", margins.phase, printed(17)),
            ("Ms", margins.sensitivity, printed(18)),
        ] {
            if let Some(printed) = printed {
                assert_near(found, printed, 0.03, &format!("{name}, printed {figure}"));
            }
        }
        count += 1;
    }
    assert!(count >= 10);
}

#[test]
fn an_integrator_under_a_proportional_law_has_the_margins_of_the_closed_form() {
    // x' = u, u = −k x over T with a dead time of d periods: L = k T z^(−d)/(z − 1); the angle of 1/(z − 1) is −π/2 − ωT/2, its size 1/(2 sin ωT/2).
    let (k, dt) = (3.0, 0.01);
    for dead in [0_u32, 1, 7, 120] {
        let of = Loop { dead_time: u64::from(dead), ..Loop::new(&[1.0], &[1.0, 0.0], k, dt) };
        if dead == 120 {
            // The angle is −180° at ωT = π/(2d + 1), and the gain there above 1.
            assert_eq!(of.certificate().verdict, Verdict::Unstable);
            continue;
        }
        let turn = PI / f64::from(2 * dead + 1);
        let margins = of.margins();
        assert_near(margins.gain, 2.0 * (0.5 * turn).sin() / (k * dt), 1e-9, "gain margin");
        assert_near(margins.gain_down, 0.0, 0.0, "gain margin, down");
        let crossing = 2.0 * (0.5 * k * dt).asin();
        let phase = 0.5 * PI - 0.5 * crossing - f64::from(dead) * crossing;
        assert_near(margins.phase, phase.to_degrees(), 1e-9, "phase margin");
        assert_near(margins.delay, phase / crossing * dt, 1e-9, "delay margin");
    }
    // x⁺ = (1 − k T) x: stable up to T = 2/k.
    let certificate = Loop::new(&[1.0], &[1.0, 0.0], k, dt).certificate();
    assert_near(certificate.radius, 1.0 - k * dt, 1e-12, "spectral radius");
    assert_near(certificate.period_factor, 2.0 / (k * dt), 1e-4, "longest stable period");
}

#[test]
fn a_double_integrator_under_position_and_rate_has_the_longest_period_of_the_closed_form() {
    // x'' = −(x + d x'): z² + (d T + T²/2 − 2) z + 1 − d T + T²/2, stable by Jury up to T = 2/d for d ≥ 1 (Åström & Wittenmark, section 3.2).
    for d in [1.5, 3.0] {
        let certificate = Loop::new(&[d, 1.0], &[1.0, 0.0, 0.0], 1.0, 0.01).certificate();
        assert_near(certificate.period_factor, 2.0 / d / 0.01, 1e-4, "longest stable period");
        let (sum, product) = (2.0 - d * 0.01 - 5e-5, 1.0 - d * 0.01 + 5e-5);
        let root = (0.25 * sum * sum - product).abs().sqrt();
        let radius = if 0.25 * sum * sum > product { 0.5 * sum + root } else { f64::sqrt(product) };
        assert_near(certificate.radius, radius, 1e-12, "spectral radius");
    }
    // From above: unstable at its own period, stable at less.
    let certificate = Loop { period: 20, ..Loop::new(&[1.5, 1.0], &[1.0, 0.0, 0.0], 1.0, 0.1) }.certificate();
    assert_eq!(certificate.verdict, Verdict::Unstable);
    assert_near(certificate.period_factor, 2.0 / 1.5 / 2.0, 1e-4, "longest stable period");
}

#[test]
fn a_law_that_acts_once_several_steps_is_one_with_that_period() {
    let slow = Loop { period: 5, dead_time: 10, ..Loop::new(&[1.0], &[1.0, 0.0], 2.0, 0.02) };
    let long = Loop { dead_time: 2, ..Loop::new(&[1.0], &[1.0, 0.0], 2.0, 0.1) };
    let (slow, long) = (slow.certificate(), long.certificate());
    assert_near(slow.radius, long.radius, 1e-12, "spectral radius");
    let (found, expected) = (slow.margins.expect("margins"), long.margins.expect("margins"));
    assert_near(found.gain, expected.gain, 1e-9, "gain margin");
    assert_near(found.phase, expected.phase, 1e-9, "phase margin");
    assert_near(found.sensitivity, expected.sensitivity, 1e-9, "Ms");
}

#[test]
fn an_unstable_plant_has_a_gain_below_which_it_is_lost() {
    // x' = x + u, u = −k x: at rest L(1) = −k, so that the gain may fall to 1/k of it; z = e^T − k (e^T − 1) = −1 gives the other end.
    let (k, dt) = (4.0, 0.01_f64);
    let margins = Loop::new(&[1.0], &[1.0, -1.0], k, dt).margins();
    assert_near(margins.gain_down, 1.0 / k, 1e-9, "gain margin, down");
    let grows = dt.exp();
    assert_near(margins.gain, (grows + 1.0) / (grows - 1.0) / k, 1e-8, "gain margin");
}

#[test]
fn a_loop_of_several_inputs_has_the_margins_of_the_worst_with_the_others_closed() {
    let text = "[plant]\nequations = \"a' = u; b' = v + a\"\n[plant.states]\na = {}\nb = {}\n[plant.inputs]\nu = {}\nv = {}\n\
                [controller]\nequations = \"u = -k*a; v = -2*k*b\"\n[controller.inputs]\na = {}\nb = {}\n[controller.outputs]\nu = {}\nv = {}\n\
                [controller.gains]\nk = { default = 5.0, search = [0.0, 10.0] }\n[simulation]\ndt = 0.01\nduration = 1.0\n[cost.ise]\n[[scenarios]]\n";
    let config = Config::parse("loop.toml".as_ref(), text).unwrap_or_else(|error| panic!("{error}"));
    let certificate = certifier(&config)(&[5.0]);
    let margins = certificate.margins.expect("margins");
    // Each is an integrator of its own: the faster has the lesser margin, 2/(k T).
    assert_eq!(certificate.scope.loops, 2);
    assert_near(margins.gain, 2.0 / (10.0 * 0.01), 1e-9, "gain margin");
}
