//! Studies on models: what they are judged by, what acts on them, and what is wrong with them, by name and place.

use std::path::Path;

use gainswarm::config::{Config, ConfigError, TemplateModel, template};
use gainswarm::engine;
use gainswarm::model::{Kind, shipped};
use gainswarm::problem::{Problem, certifier, runner};
use gainswarm::sampling::noise_table;
use gainswarm::simulation::{Conditions, Ending, Record, Scenario, SimdLevel, Terms, Trajectory};
use gainswarm::stability::Verdict;
use gainswarm::validation;

use crate::support::pendulum::pendulum;
use crate::support::{gainswarm, stderr, write_config};

/// The study of a text, which stands in the root of the project.
fn study(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(&Path::new(env!("CARGO_MANIFEST_DIR")).join("study.toml"), text)
}

/// What the config's own gains do in its first scenario.
fn simulated(config: &Config) -> (Record, Trajectory) {
    let problem = Problem::new(config);
    let scenario = &problem.scenarios[0];
    problem.simulator.record(SimdLevel::widest(), &config.controller.values, scenario, 1).expect("memory")
}

/// A plant that does nothing but integrate what it is given, under a law that gives it nothing.
fn idle(rest: &str) -> String {
    format!(
        "[plant]\nequations = \"x' = push + wind\"\n[plant.states]\nx = {{ unit = \"m\" }}\n\
         [plant.inputs]\npush = {{ unit = \"m/s\" }}\nwind = {{ unit = \"m/s\", default = 0.0 }}\n\
         [controller]\nequations = \"push = k*level\"\n[controller.inputs]\nlevel = {{ default = 0.0 }}\n\
         [controller.gains]\nk = {{ default = 0.0, search = [0.0, 1.0] }}\n[controller.outputs]\npush = {{}}\n\
         [simulation]\ndt = 0.01\nduration = 2.0\n{rest}"
    )
}

fn column(config: &Config, trajectory: &Trajectory, name: &str) -> Vec<f64> {
    let place = config.columns().iter().position(|column| column.quantity.name == name).expect(name);
    trajectory.rows().map(|row| row[place + 1]).collect()
}

fn term(config: &Config, record: &Record, name: &str) -> f64 {
    record.values[config.term(name).expect(name)]
}

/// What it is called, how a scenario says it, and what it is over time.
type Wave = (&'static str, String, fn(f64) -> f64);

#[test]
fn signals_are_what_a_scenario_says() {
    use std::f64::consts::TAU;
    let table = tempfile::NamedTempFile::with_suffix(".csv").expect("a file");
    std::fs::write(table.path(), "time,value\n0.5,1.0\n1.0,3.0\n1.5,-1.0\n").expect("written");
    let file = table.path().display();
    let waves: [Wave; 9] = [
        ("a constant", "0.7".into(), |_| 0.7),
        ("a step", "{ amplitude = 2.0, start = 0.3 }".into(), |t| if t > 0.295 { 2.0 } else { 0.0 }),
        ("a ramp", "{ type = \"ramp\", amplitude = 3.0, start = 0.5, duration = 1.0 }".into(), |t| {
            3.0 * (t - 0.5).clamp(0.0, 1.0)
        }),
        ("a pulse", "{ type = \"pulse\", amplitude = -1.0, start = 0.5, duration = 0.25 }".into(), |t| {
            if (0.495..0.745).contains(&t) { -1.0 } else { 0.0 }
        }),
        ("a sine", "{ type = \"sine\", amplitude = 2.0, frequency = 1.5, start = 0.2 }".into(), |t| {
            if t > 0.195 { 2.0 * (TAU * 1.5 * (t - 0.2)).sin() } else { 0.0 }
        }),
        // The phase of a chirp is the integral of its frequency: 2π (f t + (g − f) t²/(2 T)).
        (
            "a chirp",
            "{ type = \"chirp\", amplitude = 1.0, frequency = 0.5, end_frequency = 4.0, duration = 2.0 }"
                .into(),
            |t| (TAU * (0.5 * t + 3.5 * t * t / 4.0)).sin(),
        ),
        ("a table", format!("{{ type = \"table\", file = \"{file}\" }}"), |t| match t {
            t if t < 0.5 => 1.0,
            t if t < 1.0 => 1.0 + 4.0 * (t - 0.5),
            t if t < 1.5 => 3.0 - 8.0 * (t - 1.0),
            _ => -1.0,
        }),
        (
            "a held table",
            format!("{{ type = \"table\", file = \"{file}\", held = true, amplitude = 2.0 }}"),
            |t| match t {
                t if t < 0.995 => 2.0,
                t if t < 1.495 => 6.0,
                _ => -2.0,
            },
        ),
        (
            "several",
            "[{ type = \"constant\", amplitude = 1.0 }, { amplitude = 2.0, start = 1.0 }]".into(),
            |t| if t > 0.995 { 3.0 } else { 1.0 },
        ),
    ];
    for (name, wave, expected) in waves {
        let config = study(&idle(&format!("[[scenarios]]\nsignals = {{ wind = {wave} }}\n[cost.ise]\n")));
        let (_, trajectory) = simulated(&config);
        let mut sum = 0.0;
        for (row, (wind, x)) in trajectory
            .rows()
            .zip(column(&config, &trajectory, "wind").into_iter().zip(column(&config, &trajectory, "x")))
        {
            assert!((wind - expected(row[0])).abs() < 1e-9, "{name} at {} s: {wind}", row[0]);
            // The signal is held over each step, and the plant adds it up.
            assert!((x - sum).abs() < 1e-9, "{name} at {} s: {x} instead of {sum}", row[0]);
            sum += 0.01 * wind;
        }
        assert_eq!(study(&config.to_toml()), config, "{name} is told by the resolved config");
    }
}

#[test]
fn noise_has_its_deviation_and_no_frequency_above_its_own() {
    let wave = "{ type = \"noise\", amplitude = 2.0, frequency = 5.0 }";
    let config = study(&idle(&format!(
        "[[scenarios]]\ncount = 200\nsignals = {{ wind = {wave} }}\n[cost.square]\nmean = \"wind^2\"\n[cost.jump]\nmaximum = \"abs(wind)\"\n"
    )));
    let problem = Problem::new(&config);
    let squares: Vec<f64> = problem
        .scenarios
        .iter()
        .map(|scenario| {
            let values = &config.controller.values;
            let (record, _) =
                problem.simulator.record(SimdLevel::widest(), values, scenario, 1).expect("memory");
            term(&config, &record, "square")
        })
        .collect();
    #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    // Each is a mean over 2 s; their mean over 200 scenarios is within a few per cent of the variance, 4.
    assert!((mean / 4.0 - 1.0).abs() < 0.1, "{mean}");
    assert!(squares.windows(2).any(|pair| pair[0].to_bits() != pair[1].to_bits()), "each has its own");
}

#[test]
fn terms_are_the_integrals_and_extremes_that_they_say() {
    let config = study(&idle(
        "[[scenarios]]\nranges = { x = [1.0, 1.0] }\nsignals = { wind = -1.0 }\n\
         [cost.ise]\n[cost.iae]\n[cost.itae]\n[cost.itse]\n\
         [cost.own]\nintegrate = \"x + 2*t\"\nweight = 0.0\n[cost.most]\nmaximum = \"-x\"\nweight = 0.0\n\
         [cost.last]\nfinal = \"3*x + t\"\nweight = 0.0\n[cost.middle]\nmean = \"x\"\nweight = 0.0\n\
         [cost.ratio]\nfinal = \"ise/iae\"\nweight = 0.0\n[cost.control_effort]\nweight = 0.0\n",
    ));
    let (record, _) = simulated(&config);
    assert_eq!((record.ending, record.steps), (Ending::Survived, 200));
    // x = 1 − t at t = 0, 0.01 … 1.99; at the end x = −1, t = 2.
    let at = |k: i32| (f64::from(k) * 0.01, 1.0 - f64::from(k) * 0.01);
    let sum = |of: &dyn Fn(f64, f64) -> f64| (0..200).map(at).map(|(t, x)| 0.01 * of(t, x)).sum::<f64>();
    let (ise, iae) = (sum(&|_, x| x * x), sum(&|_, x| x.abs()));
    for (name, expected) in [
        ("ise", ise),
        ("iae", iae),
        ("itae", sum(&|t, x| t * x.abs())),
        ("itse", sum(&|t, x| t * x * x)),
        ("own", sum(&|t, x| x + 2.0 * t)),
        ("most", 0.99),
        ("last", -1.0),
        ("middle", sum(&|_, x| x) / 2.0),
        ("ratio", ise / iae),
        ("control_effort", 0.0),
    ] {
        let found = term(&config, &record, name);
        assert!((found - expected).abs() < 1e-9, "{name}: {found} instead of {expected}");
    }
    assert!(
        (record.cost
            - term(&config, &record, "ise")
            - iae
            - term(&config, &record, "itae")
            - term(&config, &record, "itse"))
        .abs()
            < 1e-9
    );
}

/// x'' + 2ζ x' + x = r as a plant of its own, from rest.
fn second_order(damping: f64, rest: &str) -> String {
    format!(
        "[plant]\nequations = \"x'' = r + nothing - 2*zeta*x' - x\"\n[plant.states]\nx = {{}}\n\
         [plant.inputs]\nnothing = {{}}\nr = {{ default = 0.0 }}\n[plant.parameters]\nzeta = {{ default = {damping:?} }}\n\
         [controller]\nequations = \"nothing = 0*k\"\n[controller.gains]\nk = {{ default = 0.0, search = [0.0, 1.0] }}\n\
         [controller.outputs]\nnothing = {{}}\n[simulation]\ndt = 0.001\nduration = 30.0\n{rest}"
    )
}

#[test]
fn a_step_response_of_second_order_has_the_figures_of_the_closed_form() {
    let start = 2.0;
    let config = study(&second_order(
        0.5,
        &format!(
            "[[response]]\noutput = \"x\"\nreference = \"r\"\n[cost.overshoot]\n[[scenarios]]\nsignals = {{ r = {{ amplitude = 4.0, start = {start:?} }} }}\n"
        ),
    ));
    let (record, _) = simulated(&config);
    // ζ = 1/2: x/4 = 1 − e^(−t/2) (cos ωt + sin ωt/√3), ω = √3/2 (Åström & Murray 2008, section 6.3).
    let omega = 0.75_f64.sqrt();
    let way = |t: f64| 1.0 - (-0.5 * t).exp() * ((omega * t).cos() + (omega * t).sin() / 3_f64.sqrt());
    let crossing = |level: f64, from: f64, to: f64| {
        let (mut low, mut high) = (from, to);
        let rises = way(high) > way(low);
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if (way(middle) < level) == rises { low = middle } else { high = middle }
        }
        low
    };
    let peak = std::f64::consts::PI / omega;
    let rise = crossing(0.9, 0.0, peak) - crossing(0.1, 0.0, peak);
    // Its last way into the band of ±2 % is from below, after the first trough.
    let settling =
        (0..30_000).map(|k| f64::from(k) * 1e-3).filter(|t| (way(*t) - 1.0).abs() > 0.02).fold(0.0, f64::max);
    for (name, expected, tolerance) in [
        ("overshoot", 100.0 * (-std::f64::consts::PI / 3_f64.sqrt()).exp(), 1e-4),
        ("undershoot", 0.0, 1e-9),
        ("rise_time", rise, 1e-5),
        ("settling_time", settling, 1.1e-3),
        ("peak", 4.0 * way(peak), 1e-5),
        ("steady_state_error", 0.0, 1e-4),
        ("unsettled", 0.0, 1e-12),
    ] {
        let found = term(&config, &record, name);
        assert!((found - expected).abs() < tolerance, "{name}: {found} instead of {expected}");
    }
}

#[test]
fn a_response_that_never_settles_is_infeasible_where_its_times_cost() {
    for (cost, is_feasible) in [
        ("[cost.rise_time]\n", false),
        ("[cost.gaing]\nfinal = \"settling_time - rise_time\"\n", false),
        ("[cost.overshoot]\n", true),
    ] {
        let config = study(&second_order(
            0.0,
            &format!(
                "[[response]]\noutput = \"x\"\nreference = \"r\"\n{cost}[[scenarios]]\nsignals = {{ r = 1.0 }}\n[swarm.stopping]\nevaluations = 20\n"
            ),
        ));
        let tuning = engine::tune(&Problem::new(&config), engine::Resources::default(), &mut |_| {})
            .expect("a tuning");
        assert_eq!(tuning.best.is_feasible(), is_feasible, "{cost}");
        assert!(!validation::succeeds(&config, &tuning.records[0]));
    }
}

/// What a mass under u = −30 x − 8 x' does in a scenario, step by step; a held force moves it exactly.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small numbers")]
fn by_hand(scenario: &Scenario, dt: f64, steps: usize) -> Vec<[f64; 3]> {
    let table = noise_table();
    let Conditions { sensors, actuator_lag, rate_limit, dead_time, control_period, .. } =
        &scenario.conditions;
    let [mut x, mut v] = [scenario.initial_state[0], scenario.initial_state[1]];
    let (mut held, mut force) = (0.0, 0.0);
    let (mut said, mut rows) = (Vec::new(), Vec::new());
    for step in 0..=steps {
        let seen = |place: usize, value: f64| {
            let Some(sensors) = sensors else { return value };
            let noisy = value + sensors.noise[place] * table[(sensors.offsets[place] + step) % table.len()];
            let quantum = sensors.quantum[place];
            if quantum > 0.0 { (noisy / quantum).round_ties_even() * quantum } else { noisy }
        };
        if step % *control_period as usize == 0 {
            held = -30.0 * seen(0, x) - 8.0 * seen(1, v);
        }
        said.push(held);
        let command = if step < *dead_time { 0.0 } else { said[step - dead_time] };
        let share = if *actuator_lag > 0.0 { 1.0 - (-dt / actuator_lag).exp() } else { 1.0 };
        let change: f64 = share * (command - force);
        force += change.clamp(-rate_limit * dt, rate_limit * dt);
        rows.push([x, v, force]);
        x += dt * v + 0.5 * dt * dt * force;
        v += dt * force;
    }
    rows
}

#[test]
fn the_world_acts_on_a_program_as_it_does_step_by_step() {
    for world in [
        "noise = { x = 0.001, x_dot = 0.01 }",
        "quantisation = { x = 0.01, x_dot = 0.001 }",
        "actuator_lag = 0.01",
        "rate_limit = 20.0",
        "dead_time = 3",
        "control_period = 4",
        "dead_time = 2\ncontrol_period = 3\nactuator_lag = 0.005\nrate_limit = 400.0\nnoise = { x = 0.001 }\nquantisation = { x_dot = 0.005 }",
    ] {
        let config = study(&format!(
            "[plant]\nequations = \"x'' = u\"\n[plant.states]\nx = {{}}\n[plant.inputs]\nu = {{}}\n\
             [controller]\nequations = \"u = -k*x - 8*x'\"\n[controller.gains]\nk = {{ default = 30.0, search = [0.0, 100.0] }}\n\
             [controller.outputs]\nu = {{}}\n[simulation]\nduration = 1.5\n[cost.ise]\n\
             [[scenarios]]\ncount = 3\nranges = {{ x = [0.5, 1.0], x_dot = 1.0 }}\n{world}\n"
        ));
        let problem = Problem::new(&config);
        for scenario in &problem.scenarios {
            let recorded = problem.simulator.record(SimdLevel::widest(), &problem.values, scenario, 1);
            let (record, run) = recorded.expect("memory");
            let expected = by_hand(scenario, 1e-3, 1500);
            assert_eq!((record.ending, run.rows().count()), (Ending::Survived, 1501), "{world}");
            for (row, expected) in run.rows().zip(&expected) {
                let near = row[1..4].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
                assert!(near, "{world}: {row:?} and {expected:?}");
            }
            let ise: f64 = expected[..1500].iter().map(|[x, v, _]| 1e-3 * (x * x + v * v)).sum();
            assert!((record.cost - ise).abs() < 1e-9, "{world}: {} and {ise}", record.cost);
        }
    }
}

#[test]
fn the_certificate_is_that_of_the_sampled_loop() {
    // x' = u, u = −k x held over T: x⁺ = (1 − k T) x.
    let text = "[plant]\nequations = \"x' = u\"\n[plant.states]\nx = {}\n[plant.inputs]\nu = {}\n\
                [controller]\nequations = \"u = k*(r - x)\"\n[controller.inputs]\nr = { default = 0.0 }\nx = {}\n\
                [controller.gains]\nk = { default = 1.0, search = [0.0, 100.0] }\n[controller.outputs]\nu = {}\n\
                [simulation]\ndt = 0.1\nduration = 1.0\n[[scenarios]]\nsignals = { r = 3.0 }\n[cost.ise]\n";
    let certify = certifier(&study(text));
    for (gain, verdict) in
        [(5.0, Verdict::Stable), (0.0, Verdict::Marginal), (19.0, Verdict::Stable), (21.0, Verdict::Unstable)]
    {
        let certificate = certify(&[gain]);
        let expected = (1.0 - 0.1 * gain).abs().ln() / 0.1;
        assert_eq!(certificate.verdict, verdict, "k = {gain}");
        assert!(
            (certificate.max_real_part - expected).abs() < 1e-9,
            "k = {gain}: {}",
            certificate.max_real_part
        );
    }
}

#[test]
fn programs_with_signals_noise_and_delays_give_the_same_bits_alone_and_in_any_company() {
    let text = "[plant]\ntype = \"first_order_plus_dead_time\"\ndead_time = 0.05\n[controller]\ntype = \"pid\"\nKp = 1.5\nKi = 1.0\n\
                [connect]\nmeasurement = \"x\"\n[simulation]\nduration = 1.0\n[cost.itae]\n[cost.chattering]\n[[response]]\noutput = \"x\"\n\
                [[scenarios]]\ncount = 40\nsignals = { reference = { type = \"noise\", amplitude = 1.0, frequency = 3.0 } }\n\
                noise = { x = 0.01 }\nuncertainty = { dead_time = 50.0 }\ndead_time = 7\n\
                [[scenarios]]\ncount = 30\nsignals = { reference = { amplitude = 1.0, start = 0.4 } }\ncontrol_period = 3\n";
    let config = match parse(text) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    let problem = Problem { terms: Terms::All, ..Problem::new(&config) };
    let values = config.controller.values.clone();
    for level in SimdLevel::available() {
        let mut solo = engine::Solo::new(&problem, level, std::slice::from_ref(&values)).expect("memory");
        solo.run();
        for (place, record) in
            solo.records().enumerate().step_by(if level == SimdLevel::widest() { 1 } else { 23 })
        {
            let scenario: &Scenario = &problem.scenarios[place];
            let (alone, _) =
                problem.simulator.record(SimdLevel::widest(), &values, scenario, 7).expect("memory");
            assert_eq!(alone, record, "{level:?}, scenario {place}");
        }
    }
}

#[test]
fn a_resolved_study_on_models_reads_as_the_same_study() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["dc_motor_pid", "known/dc_motor_pid"] {
        let config = Config::load(&root.join(format!("configs/{name}.toml")))
            .unwrap_or_else(|error| panic!("{error}"));
        let again = Config::parse(Path::new("again.toml"), &config.to_toml())
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again, config, "{name}");
    }
    let program = pendulum(true, 0.1, 100);
    let again =
        Config::parse(Path::new("again.toml"), &program.to_toml()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, program);
    assert_eq!(runner(&again).closed_loop().layout, runner(&program).closed_loop().layout);
}

#[test]
fn what_is_wrong_with_a_study_on_models_is_told_by_place_and_remedy() {
    let good = std::fs::read_to_string("configs/dc_motor_pid.toml").expect("the study");
    parse(&good).expect("a valid study");
    for (from, to, words) in [
        ("- D*omega", "- D*omga", "study.toml, line 6: column 27: `omga` is unknown"),
        (
            "measurement = \"omega\"",
            "measurement = \"omgea\"",
            "connect.measurement = \"omgea\" is unknown\n  allowed: current, omega, load, reference (did you mean `omega`?)",
        ),
        ("voltage     = \"u\"", "voltage     = \"v\"", "connect.voltage = \"v\" is unknown"),
        ("voltage     = \"u\"", "", "connect joins no value of pid to an input of motor"),
        ("measurement = \"omega\"", "measure = \"omega\"", "unknown key `measure` in [connect]"),
        (
            "measurement = \"omega\"",
            "",
            "scenarios[1].signals.measurement is missing: nothing is connected to it",
        ),
        ("signals = [\"error\"]", "signals = [\"eror\"]", "cost.itae.signals[1]: \"eror\" is unknown"),
        (
            "integrate = \"0.4*current^2\"",
            "integrate = \"0.4*curent^2\"",
            "column 5: `curent` is unknown\n    0.4*curent^2\n        ^",
        ),
        ("integrate = \"0.4*current^2\"", "integrate = \"0.4*current^\"", "column 13"),
        ("integrate = \"0.4*current^2\"", "integrate = \"sin(current, 2)\"", "`sin` is given 2 values"),
        (
            "integrate = \"0.4*current^2\"",
            "integral = \"current\"",
            "cost.heat does not say what is measured",
        ),
        ("[cost.heat]", "[cost.omega]", "cost.omega cannot be the name of a term"),
        ("output = \"omega\"", "output = \"omgea\"", "response[1].output = \"omgea\" is unknown"),
        ("max_overshoot = 5.0", "max_overshot = 5.0", "did you mean `max_overshoot`?"),
        (
            "reference = 100.0, load = { type = \"step\"",
            "reference = 100.0, laod = { type = \"step\"",
            "unknown key `laod` in [scenarios[1].signals]",
        ),
        ("type = \"step\", amplitude = 0.05", "type = \"stp\", amplitude = 0.05", "did you mean `step`?"),
        ("type = \"step\", amplitude = 0.05", "type = \"step\"", "amplitude is missing"),
        ("duration = 6.0", "duration = 6.0\nangle_limit = 1.0", "unknown key `angle_limit`"),
        ("duration = 6.0", "duration = 6.0\nfail = \"abs(omega > 3\"", "column"),
        ("[plant]\n", "[plant]\ntype = \"dc_motor\"\n", "plant.equations cannot be combined with type"),
        ("integral' = Ki*error", "integral' = Ki*eror", "unknown"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = parse(&good.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.contains(words), "{to}\n{error}");
    }
    for (text, words) in [
        ("[plant]\ntype = \"dc_motr\"\n", "(did you mean `dc_motor`?)"),
        ("[plant]\nfile = \"nowhere.toml\"\n", "nowhere.toml: cannot be read"),
        ("[plant]\nfile = \"models/controllers/pid.toml\"\n", "is a controller"),
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains(words), "{text}\n{error}");
    }
    let table = tempfile::NamedTempFile::with_suffix(".csv").expect("a file");
    for (text, words) in [
        ("0,1\n2,1\n1,1\n", "line 3: time 1 stands behind 2"),
        ("0,1\n1;2\n", "line 2"),
        ("t,v\n", "holds no times and values"),
    ] {
        std::fs::write(table.path(), text).expect("written");
        let wave = format!("{{ type = \"table\", file = \"{}\" }}", table.path().display());
        let error = parse(&idle(&format!("[[scenarios]]\nsignals = {{ wind = {wave} }}\n[cost.ise]\n")));
        let error = error.expect_err(text).to_string();
        assert!(error.contains(words), "{text}\n{error}");
    }
}

#[test]
fn a_tuning_of_models_that_goes_on_comes_to_the_same_gains() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = std::fs::read_to_string("configs/dc_motor_pid.toml").expect("the study");
    let short = text.replace("duration = 6.0", "duration = 1.0").replace("max_overshoot = 5.0", "");
    let config = write_config(directory.path(), "motor.toml", short);
    let tune = |name: &str, rest: &[&str]| {
        let output = directory.path().join(name);
        let output = output.to_str().expect("UTF-8");
        let run = gainswarm(&[&["tune", &config, "--quiet", "--output", output], rest].concat());
        assert!(run.status.success(), "{}", stderr(&run));
        std::fs::read_to_string(format!("{output}/gains.csv")).expect("gains")
    };
    tune("parts", &["--evaluations", "60", "--threads", "1"]);
    let parts = tune("parts", &["--evaluations", "200", "--resume"]);
    assert_eq!(parts, tune("whole", &["--evaluations", "200"]));
}

#[test]
fn every_shipped_plant_has_a_template_that_is_a_study() {
    let pid = TemplateModel::find(Kind::Controller, "pid").expect("it ships");
    for plant in shipped(Kind::Plant) {
        let chosen = TemplateModel::find(Kind::Plant, plant.name).expect("it ships");
        let text = template(&chosen, &pid, Path::new("study.toml"));
        let config = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!((config.plant.name(), config.controller.name()), (plant.name, "pid"));
        let (record, _) = simulated(&config);
        assert!(record.steps > 0, "{}", plant.name);
    }
}
