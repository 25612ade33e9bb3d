//! Margins of the sampled loop: ten published loops against python-control, and loops whose margins are known in closed form.

use std::f64::consts::PI;
use std::path::Path;

use gainswarm::config::Config;
use gainswarm::problem::{certifier, loops};
use gainswarm::stability::{Certificate, Complex, LoopResponse, Margins, Verdict};

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
             [[scenarios]]\ncontrol_period = {period}\ndead_time = {dead_time}\nactuator_lag = {lag:?}\n[[response]]\noutput = \"y\"\n",
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

    fn over_frequency(&self) -> LoopResponse {
        let config = self.study();
        let mut loops = loops(&config, &config.controller.values);
        assert_eq!(loops.len(), 1, "one input");
        loops.remove(0)
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
        let over = of.over_frequency();
        let [ps, cs] = [&over.outputs[0].load, &over.outputs[0].noise];
        for (figure, found, expected) in [
            ("Ms over frequency", over.margins.sensitivity, number(13)),
            ("PS", ps.largest, number(19)),
            ("CS", cs.largest, number(21)),
        ] {
            assert_near(found, expected, 1e-6, &format!("{name}, {figure}"));
        }
        for (figure, found, expected) in [("PS", ps.at, number(20)), ("CS", cs.at, number(22))] {
            // A flat top.
            assert!(
                (found - expected).abs() <= 1e-3 * expected,
                "{name}: {figure} at {found}, not {expected}"
            );
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
    let found = loops(&config, &[5.0]);
    let names: Vec<&str> = found.iter().map(|of| of.input.as_str()).collect();
    assert_eq!(names, ["u", "v"]);
    for (of, gain) in found.iter().zip([5.0, 10.0]) {
        assert_near(of.margins.gain, 2.0 / (gain * 0.01), 1e-9, "gain margin of a loop");
        assert_near(of.at.gain, PI / 0.01, 1e-9, "where it is");
        assert!(of.outputs.is_empty(), "nothing responds");
    }
}

/// a/b.
fn over(a: Complex, b: Complex) -> Complex {
    let square = b.re * b.re + b.im * b.im;
    Complex { re: (a.re * b.re + a.im * b.im) / square, im: (a.im * b.re - a.re * b.im) / square }
}

#[test]
fn a_first_order_loop_has_the_gang_of_four_of_the_closed_form() {
    // y' = (u − y)/τ held over T: L = K (1 − a)/(z − a) with a = exp(−T/τ) (Åström & Wittenmark 1997, section 2.3).
    let (tau, gain, dt) = (0.5, 4.0, 0.02);
    for period in [1, 5] {
        let of = Loop { period, ..Loop::new(&[1.0], &[tau, 1.0], gain, dt) }.over_frequency();
        #[allow(clippy::cast_precision_loss)]
        let t = dt * period as f64;
        let (a, b) = ((-t / tau).exp(), 1.0 - (-t / tau).exp());
        let ms = (1.0 + a) / (1.0 + a - gain * b);
        assert_near(of.margins.sensitivity, ms, 1e-7, "Ms, at half the sampling frequency");
        assert_near(of.at.sensitivity, PI / t, 1e-9, "where Ms is");
        assert_near(of.margins.complementary, gain / (1.0 + gain), 1e-7, "Mt, at rest");
        let [output] = &of.outputs[..] else { panic!("one output") };
        assert_eq!((of.input.as_str(), output.output.as_str()), ("u", "y"));
        assert_near(output.load.largest, 1.0 / (1.0 + gain), 1e-7, "PS, at rest");
        assert_near(output.load.at, 0.0, 0.0, "where PS is");
        assert_near(output.noise.largest, gain * ms, 1e-7, "CS, at half the sampling frequency");
        assert_near(of.period, t, 1e-12, "the period");
        assert!((200..=400).contains(&of.omegas.len()) && of.omegas.is_sorted(), "{}", of.omegas.len());
        assert_near(of.omegas[of.omegas.len() - 1], PI / t, 1e-12, "the last frequency");
        let open = of.open();
        for (place, omega) in of.omegas.iter().enumerate() {
            let (sin, cos) = (omega * t).sin_cos();
            let (z, law) = (Complex { re: cos - a, im: sin }, Complex { re: gain * b, im: 0.0 });
            let closed = Complex { re: z.re + gain * b, im: z.im };
            let expected = [
                (open[place], over(law, z)),
                (of.sensitivity[place], over(z, closed)),
                (of.complementary()[place], over(law, closed)),
                (output.load.values[place], over(Complex { re: b, im: 0.0 }, closed)),
                // Noise is subtracted from the error.
                (output.noise.values[place], over(Complex { re: -gain * z.re, im: -gain * z.im }, closed)),
            ];
            for (which, (found, expected)) in expected.into_iter().enumerate() {
                let off = (found.re - expected.re).hypot(found.im - expected.im);
                assert!(
                    off < 1e-6 * (1.0 + expected.size()),
                    "{which} at {omega} rad/s: {found:?}, not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn noise_of_what_the_law_does_not_see_moves_nothing_and_an_unstable_loop_has_no_response() {
    let of = Loop::new(&[1.0], &[0.5, 1.0], 4.0, 0.02);
    let mut config = of.study();
    // The state is no output: the law is shown y, which is made of it.
    config.responses[0].output = "z1".into();
    let found = loops(&config, &config.controller.values);
    assert!(found[0].outputs[0].load.is_there() && found[0].outputs[0].noise.is_there(), "y is made of z1");
    config.responses[0].output = "i".into();
    assert!(!loops(&config, &config.controller.values)[0].outputs[0].noise.is_there());
    let unstable = Loop::new(&[1.0], &[0.5, 1.0], 200.0, 0.02).study();
    assert!(loops(&unstable, &unstable.controller.values).is_empty());
}
