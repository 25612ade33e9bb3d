//! The certificate of loops as they are sampled: failures that one of continuous time did not see, random loops against simulations, laws that slide, and limits.

use std::path::Path;

use gainswarm::config::{Config, ConfigError, TemplateModel, controllers_as_they_stand, template};
use gainswarm::draw::{Draw, Purpose};
use gainswarm::engine::{self, Solo};
use gainswarm::model::{Kind, shipped};
use gainswarm::problem::{Problem, SIMULATED_VIOLATION_MAX, certifier};
use gainswarm::simulation::{Ending, SimdLevel};
use gainswarm::stability::{Certificate, PERIOD_FACTOR_WANTED, Reason, Verdict};

use crate::support::{gainswarm, shipped_studies, stderr, stdout, write_config};

/// A study of a text, whose files stand in the root of the project.
fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(&Path::new(env!("CARGO_MANIFEST_DIR")).join("study.toml"), text)
}

fn study(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn certificate(text: &str) -> Certificate {
    let config = study(text);
    certifier(&config)(&config.controller.values)
}

/// One link on a cart under the classical law.
fn cart_pole([mass, moment, inertia, gravity, friction, joint]: [f64; 6], rest: &str) -> String {
    format!(
        "[plant]\nequations = \"\"\"\n{mass:?}*x'' + {moment:?}*cos(theta)*theta'' = {moment:?}*sin(theta)*theta'^2 - {friction:?}*x' + u\n\
         {moment:?}*cos(theta)*x'' + {inertia:?}*theta'' = {moment:?}*{gravity:?}*sin(theta) - {joint:?}*theta'\n\"\"\"\n\
         [plant.states]\nx = {{}}\ntheta = {{}}\n[plant.inputs]\nu = {{}}\n\
         [controller]\nfile = \"models/controllers/classical.toml\"\n\
         surface = \"k1*(theta' + lambda1*theta) + kx*(x' + lambdax*x)\"\n{rest}[cost.ise]\n"
    )
}

#[test]
fn a_loop_that_is_sampled_too_slowly_is_unstable_whatever_continuous_time_says() {
    // Barto, Sutton & Anderson's, without dry friction: the fastest pole, −2173 1/s, is beyond −2/T.
    let barto = [1.1, 0.05, 0.008_333 + 0.025, 9.81, 0.1, 0.001];
    let of = |dt: f64| {
        certificate(&cart_pole(barto, &format!("kd = 60.0\n[simulation]\ndt = {dt:?}\n[[scenarios]]\n")))
    };
    let slow = of(0.001);
    assert!(slow.verdict == Verdict::Unstable && (slow.radius - 1.178).abs() < 0.002, "{slow:?}");
    assert!(slow.period_factor > 0.5 && slow.period_factor < 1.0, "{slow:?}");
    let fast = of(0.0005);
    assert!(fast.verdict == Verdict::Stable && (fast.radius - 0.9997).abs() < 1e-4, "{fast:?}");

    // The cart and pole of the University of Michigan's tutorials: it falls after 0.058 and 0.075 s.
    let of = |scenarios: &str| {
        let gains = "u_max = 1000.0\nk1 = 30.0\nlambda1 = 6.0\nK = 2.0\nkd = 60.0\n";
        let rest = format!("{gains}[simulation]\ndt = 0.001\n[[scenarios]]\n{scenarios}\n");
        certificate(&cart_pole([0.7, 0.06, 0.024, 9.8, 0.1, 0.0], &rest))
    };
    let held = of("control_period = 20");
    assert!(held.verdict == Verdict::Unstable && (held.radius / 163.5 - 1.0).abs() < 0.001, "{held:?}");
    let late = of("dead_time = 20");
    assert!(late.verdict == Verdict::Unstable && late.radius > 1.01, "{late:?}");
    // The worst of the worlds counts, and it says so.
    let both = cart_pole(
        barto,
        "kd = 60.0\n[simulation]\ndt = 0.0005\n[[scenarios]]\n[[scenarios]]\ncontrol_period = 20\n",
    );
    let both = certificate(&both);
    assert_eq!((both.verdict, both.scope.worlds, both.scope.steps), (Verdict::Unstable, 2, 20));
}

/// A plant and a law, and between what each gain is drawn, by its logarithm.
struct Family {
    models: &'static str,
    norm: &'static str,
    dt: [f64; 2],
    gains: &'static [(&'static str, [f64; 2])],
}

const STATE_FEEDBACK: &str = "[controller]\nequations = \"u = -(k1*a + k2*b + k3*c + k4*d)\"\n[controller.inputs]\na = {}\nb = {}\nc = {}\nd = {}\n\
    [controller.outputs]\nu = {}\n[controller.gains]\nk1 = { default = 1.0, search = [0.0, 1.0] }\nk2 = { default = 1.0 }\nk3 = { default = 1.0 }\nk4 = { default = 1.0 }\n";

const FAMILIES: [Family; 7] = [
    Family {
        models: "[plant]\ntype = \"mass_spring_damper\"\n[controller]\ntype = \"pid\"\n[connect]\nmeasurement = \"x\"\n",
        norm: "abs(x) + abs(x_dot) + abs(u)",
        dt: [0.01, 0.2],
        gains: &[("Kp", [0.1, 100.0]), ("Ki", [0.01, 10.0]), ("Kd", [0.1, 30.0])],
    },
    Family {
        models: "[plant]\ntype = \"dc_motor\"\n[controller]\ntype = \"pid\"\n[connect]\nvoltage = \"u\"\nmeasurement = \"omega\"\n",
        norm: "abs(omega) + abs(current) + abs(voltage)",
        dt: [0.005, 0.1],
        gains: &[("Kp", [0.1, 30.0]), ("Ki", [0.1, 100.0]), ("Kd", [0.01, 10.0])],
    },
    Family {
        models: "[plant]\ntype = \"first_order_plus_dead_time\"\ndead_time = 0.1\n[controller]\ntype = \"pid\"\n[connect]\nmeasurement = \"x\"\n",
        norm: "abs(x) + abs(u)",
        dt: [0.01, 0.05],
        gains: &[("Kp", [0.5, 20.0]), ("Ki", [0.2, 30.0]), ("Kd", [0.001, 0.5])],
    },
    Family {
        models: "[plant]\ntype = \"avr\"\n[controller]\ntype = \"pid\"\n[connect]\nmeasurement = \"sensor\"\n",
        norm: "abs(amplifier) + abs(exciter) + abs(voltage) + abs(u)",
        dt: [0.002, 0.01],
        gains: &[("Kp", [0.1, 3.0]), ("Ki", [0.1, 3.0]), ("Kd", [0.01, 1.0])],
    },
    Family {
        models: "[plant]\ntype = \"inverted_pendulum\"\n[connect]\na = \"theta\"\nb = \"theta_dot\"\nc = \"x\"\nd = \"x_dot\"\n",
        norm: "abs(x) + abs(theta) + abs(x_dot) + abs(theta_dot)",
        dt: [0.005, 0.05],
        gains: &[("k1", [-60.0, -5.0]), ("k2", [-10.0, -1.0]), ("k3", [0.3, 3.0]), ("k4", [0.3, 3.0])],
    },
    Family {
        models: "[plant]\ntype = \"ball_and_beam\"\n[connect]\ntorque = \"u\"\na = \"position\"\nb = \"position_dot\"\nc = \"angle\"\nd = \"angle_dot\"\n",
        norm: "abs(position) + abs(position_dot) + abs(angle) + abs(angle_dot)",
        dt: [0.005, 0.1],
        gains: &[("k1", [-3.0, -0.1]), ("k2", [-1.0, -0.05]), ("k3", [0.3, 10.0]), ("k4", [0.05, 1.0])],
    },
    Family {
        models: "[plant]\nfile = \"models/plants/double_inverted_pendulum.toml\"\n[controller]\nfile = \"models/controllers/classical.toml\"\n",
        norm: "abs(x) + abs(theta1) + abs(theta2) + abs(x_dot) + abs(theta1_dot) + abs(theta2_dot)",
        dt: [0.0005, 0.004],
        gains: &[
            ("k1", [1.0, 50.0]),
            ("k2", [1.0, 50.0]),
            ("lambda1", [0.5, 30.0]),
            ("lambda2", [0.5, 30.0]),
            ("K", [0.1, 30.0]),
            ("kd", [0.1, 100.0]),
        ],
    },
];

/// Loops with 64 random gain vectors each: how many were looked at, and how many of these were stable.
fn verdicts_of(family: &Family, number: u64) -> [usize; 2] {
    const STEPS: u32 = 24_000;
    let mut draw = Draw::new(15, Purpose::InitialPosition, number, 0);
    let mut between = |[low, high]: [f64; 2]| {
        let share = draw.between(0.0, 1.0);
        low.signum() * low.abs() * (high / low).powf(share)
    };
    let dt = between(family.dt);
    let (steps, dead) = (between([1.0, 4.0]).round(), between([0.4, 6.0]).round());
    let lag = if number.is_multiple_of(3) { 2.0 * dt } else { 0.0 };
    let law =
        if family.gains[0].0 == "k1" && !family.models.contains("classical") { STATE_FEEDBACK } else { "" };
    let signals = if family.models.contains("\"pid\"") { "signals = { reference = 0.0 }\n" } else { "" };
    let [half, three] = [0.5, 0.75].map(|share| share * f64::from(STEPS) * dt);
    let norm = family.norm;
    let config = study(&format!(
        "{}{law}[simulation]\ndt = {dt:?}\nduration = {:?}\nearly_abandonment = false\n\
         [cost.before]\nmaximum = \"if t >= {half:?} and t < {three:?} then {norm} else 0\"\n\
         [cost.behind]\nmaximum = \"if t >= {three:?} then {norm} else 0\"\n\
         [[scenarios]]\nranges = {{ {} = [1e-6, 1e-6] }}\ncontrol_period = {steps:.0}\ndead_time = {dead:.0}\nactuator_lag = {lag:?}\n{signals}",
        family.models,
        f64::from(STEPS) * dt,
        if norm.contains("theta1") { "theta1" } else { norm[4..].split(')').next().expect("a state") },
    ));
    let parameters = config.controller.parameters();
    let vectors: Vec<Vec<f64>> = (0..64)
        .map(|_| {
            let mut values = config.controller.values.clone();
            for (name, range) in family.gains {
                values[parameters.iter().position(|p| p.name == *name).expect(name)] = between(*range);
            }
            values
        })
        .collect();
    let problem = Problem::new(&config);
    let certify = certifier(&config);
    let mut solo = Solo::new(&problem, SimdLevel::widest(), &vectors).expect("memory");
    solo.run();
    let mut counts = [0, 0];
    for (values, record) in vectors.iter().zip(solo.records()) {
        let certificate = certify(values);
        assert_ne!(certificate.verdict, Verdict::Unknown, "{values:?} in {}", config.to_toml());
        if (1.0 - certificate.radius).abs() <= 1e-3 {
            continue;
        }
        let [before, behind] = [record.values[0], record.values[1]];
        // What has grown large does not grow on for ever, and what has died out does no more die out.
        let grows = record.ending != Ending::Survived || behind > 1e-3 || (behind > before && behind > 1e-30);
        let is_stable = certificate.verdict == Verdict::Stable;
        assert_ne!(is_stable, grows, "{certificate:?} and {record:?} of {values:?} in {}", config.to_toml());
        counts[0] += 1;
        counts[1] += usize::from(is_stable);
    }
    counts
}

#[test]
fn verdicts_of_a_thousand_random_loops_agree_with_simulations_from_close_to_the_equilibrium() {
    let mut all = [0, 0];
    for (number, family) in (0..).zip(FAMILIES.iter().cycle().take(3 * FAMILIES.len())) {
        let counts = verdicts_of(family, number);
        all = [all[0] + counts[0], all[1] + counts[1]];
    }
    let [looked_at, stable] = all;
    assert!(
        looked_at >= 1000 && stable > looked_at / 8 && stable < 7 * looked_at / 8,
        "{stable} of {looked_at}"
    );
}

/// x'' = u − x + push under super-twisting on σ = x' + λ x (Levant 1993, doi:10.1080/00207179308923053).
fn twisting(gains: &str, dt: f64, certificate: &str) -> String {
    format!(
        "[plant]\nequations = \"x'' = u - x + push\"\n[plant.states]\nx = {{}}\n[plant.inputs]\nu = {{}}\npush = {{ default = 0.0 }}\n\
         [controller]\nequations = \"sigma = x' + lambda*x; u = z - K1*sqrt(abs(sigma))*sign(sigma); z' = -K2*sign(sigma)\"\n\
         {gains}\n[controller.states]\nz = {{}}\n[controller.outputs]\nu = {{}}\nsigma = {{}}\n[controller.gains]\n\
         K1 = {{ default = 3.0, search = [0.1, 10.0] }}\nK2 = {{ default = 2.0 }}\nlambda = {{ default = 2.0 }}\n{certificate}\n\
         [simulation]\ndt = {dt:?}\nduration = 10.0\n[cost.ise]\nsignals = [\"x\"]\n[[scenarios]]\nranges = {{ x = [1.0, 1.0] }}\n"
    )
}

const SLIDES: &str = "[controller.certificate]\nsliding = \"sigma\"\nreaches = \"K1 > 0 and K2 > 0\"\n";

#[test]
fn a_law_that_is_not_differentiable_says_so_or_has_the_certificate_of_its_sliding_motion() {
    let silent = certificate(&twisting("", 0.001, ""));
    assert_eq!((silent.verdict, silent.reason), (Verdict::Unknown, Reason::Corner));
    assert!(silent.reason_text().expect("a reason").contains("not differentiable"));
    // On σ = 0, x' = −λ x.
    let slides = certificate(&twisting("", 0.001, SLIDES));
    assert_eq!(slides.verdict, Verdict::Stable, "{slides:?}");
    assert!(slides.eigenvalues.len() == 1 && (slides.max_real_part + 2.0).abs() < 1e-9, "{slides:?}");
    let away = certificate(&twisting("lambda = -2.0", 0.001, SLIDES));
    assert!(away.verdict == Verdict::Unstable && (away.max_real_part - 2.0).abs() < 1e-9, "{away:?}");
    let idle = certificate(&twisting("K2 = -1.0", 0.001, SLIDES));
    assert_eq!((idle.verdict, idle.reason), (Verdict::Unstable, Reason::DoesNotReach));
    // Sampled far too slowly it never comes near.
    let slow = certificate(&twisting("K1 = 100.0", 0.1, SLIDES));
    assert_eq!((slow.verdict, slow.reason), (Verdict::Unstable, Reason::NotHeld), "{slow:?}");
    // A resolved config tells it too.
    let config = study(&twisting("", 0.001, SLIDES));
    assert_eq!(study(&config.to_toml()), config);
}

#[test]
fn what_a_law_says_of_its_certificate_is_checked() {
    for (certificate, parts) in [
        ("[controller.certificate]\nsliding = \"sigam\"\n", ["sigam", "no value of it"]),
        ("[controller.certificate]\nsliding = \"u\"\n", ["\"u\"", "states of the plant and gains alone"]),
        ("[controller.certificate]\nreaches = \"K1 > 0\"\n", ["sliding", "is missing"]),
        ("[controller.certificate]\nsliding = \"sigma\"\nreaches = \"K1 >\"\n", ["reaches", "column"]),
        (
            "[controller.certificate]\nsliding = \"sigma\"\nreaches = \"K7 > 0\"\n",
            ["reaches", "`K7` is unknown"],
        ),
    ] {
        let error = parse(&twisting("", 0.001, certificate)).expect_err(certificate).to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let limited = format!("{}[limits]\nmax_sensitivity = 1.6\n", twisting("", 0.001, SLIDES));
    let error = parse(&limited).expect_err("a limit").to_string();
    assert!(error.contains("max_sensitivity") && error.contains("slides"), "{error}");
}

/// An integrator under a proportional law with a dead time: the faster, the lesser its margins.
fn limited(limits: &str) -> String {
    format!(
        "[plant]\nequations = \"x' = u\"\n[plant.states]\nx = {{}}\n[plant.inputs]\nu = {{}}\n[controller]\nequations = \"u = -k*x\"\n\
         [controller.inputs]\nx = {{}}\n[controller.outputs]\nu = {{}}\n[controller.gains]\nk = {{ default = 1.0, search = [0.1, 100.0] }}\n\
         [simulation]\ndt = 0.01\nduration = 2.0\n[cost.ise]\n[[scenarios]]\nranges = {{ x = [1.0, 1.0] }}\ndead_time = 10\n{limits}\n"
    )
}

#[test]
fn gains_beyond_a_margin_are_infeasible_by_how_much_and_before_those_that_are_unstable() {
    for (limit, loose) in [
        ("max_sensitivity = 1.6", "max_sensitivity = 1000.0"),
        ("min_gain_margin = 3.0", "min_gain_margin = 1.0001"),
        ("min_phase_margin = 60.0", "min_phase_margin = 0.001"),
        ("min_delay_margin = 0.2", "min_delay_margin = 1e-9"),
        ("min_period_factor = 30.0", "min_period_factor = 1.0"),
    ] {
        let violation = |limit: &str, gain: f64| {
            let config = study(&limited(&format!("[limits]\n{limit}\n")));
            assert_eq!(study(&config.to_toml()), config, "{limit}");
            Problem::new(&config).violation(&[gain])
        };
        let [slow, faster, fastest, lost] = [0.5, 10.0, 12.0, 40.0].map(|gain| violation(limit, gain));
        assert!(slow <= 0.0, "{limit}");
        assert!(
            SIMULATED_VIOLATION_MAX < faster && faster < fastest && fastest < lost,
            "{limit}: {faster}, {fastest}, {lost}"
        );
        assert!(lost <= SIMULATED_VIOLATION_MAX + 1.0);
        assert!(violation(loose, 10.0) <= 0.0, "{loose}");
    }
    for (limits, parts) in [
        ("max_sensitivity = 0.5", ["max_sensitivity", "from 1 to"]),
        ("min_phase_margin = 200.0", ["min_phase_margin", "from 0 to 180"]),
        ("max_sensitivty = 1.5", ["max_sensitivty", "max_sensitivity"]),
    ] {
        let error = parse(&limited(&format!("[limits]\n{limits}\n"))).expect_err(limits).to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn a_tuning_stays_within_its_margins() {
    let free = study(&limited("[swarm.stopping]\nevaluations = 300"));
    let bound = study(&limited("[swarm.stopping]\nevaluations = 300\n[limits]\nmax_sensitivity = 1.6"));
    let tuned = |config: &Config| {
        let tuning =
            engine::tune(&Problem::new(config), engine::Resources::default(), &mut |_| {}).expect("a tuning");
        certifier(config)(&tuning.values).margins.expect("margins").sensitivity
    };
    let (free, bound) = (tuned(&free), tuned(&bound));
    assert!(free > 1.61 && bound <= 1.6 && bound > 1.55, "{free} and {bound}");
}

#[test]
fn what_ships_is_stable_at_twice_its_period() {
    let mut studies: Vec<(String, Config)> = Vec::new();
    for path in shipped_studies() {
        studies.push((path.display().to_string(), Config::load(&path).unwrap_or_else(|e| panic!("{e}"))));
    }
    let find = |kind: Kind, name: &str| TemplateModel::find(kind, name).unwrap_or_else(|e| panic!("{e}"));
    let mut add = |plant: &TemplateModel, name: &str, law: &str| {
        let text = template(plant, &find(Kind::Controller, law), "study.toml".as_ref());
        studies.push((format!("{law} on {name}"), study(&text)));
    };
    for plant in shipped(Kind::Plant) {
        let found = find(Kind::Plant, plant.name);
        add(&found, plant.name, found.usual_controller());
    }
    for plant in ["double_inverted_pendulum", "cart_pole"] {
        for law in controllers_as_they_stand() {
            add(&find(Kind::Plant, plant), plant, law);
        }
    }
    let doubted = studies.iter().filter_map(|(name, config)| {
        let Certificate { verdict, period_factor, .. } = certifier(config)(&config.controller.values);
        let holds = verdict == Verdict::Stable && period_factor >= PERIOD_FACTOR_WANTED;
        (!holds).then(|| format!("{name}: {verdict:?}, {period_factor}"))
    });
    assert_eq!(doubted.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_delay_line_that_is_too_long_is_told_by_its_size_and_remedy() {
    let text = limited("").replace("dead_time = 10", "dead_time = 1000");
    let certificate = certificate(&text);
    assert_eq!((certificate.verdict, certificate.reason), (Verdict::Unknown, Reason::TooLarge));
    assert!(certificate.reason_text().expect("a reason").contains("400"));
}

#[test]
fn certify_tells_margins_and_what_they_are_of_and_json_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = write_config(directory.path(), "loop.toml", limited(""));
    let run = gainswarm(&["certify", &path]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let text = stdout(&run);
    for part in [
        "stable, largest real part -",
        "control period 0.0100000 s, dead time 0.100000 s, actuator lag 0 s",
        "spectral radius",
        "longest stable period",
        "times the period of the study",
        "gain margin, up",
        "phase margin",
        "delay margin",
        "Ms",
        "closed loop",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let run = gainswarm(&["certify", &path, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    assert_eq!(json["verdict"], "stable");
    // L = k T z^(−10)/(z − 1): the phase is 90° − 10.5 ωT where 2 sin(ωT/2) = k T.
    let turn = 2.0 * (0.5_f64 * 0.01).asin();
    let phase = json["phase_margin"].as_f64().expect("a phase margin");
    assert!((phase - (90.0 - (10.5 * turn).to_degrees())).abs() < 1e-6, "{phase}");
    assert_eq!(json["scope"]["dead_time"], 0.1);
}
