//! Published rules for PID: their numbers against books and theory, the experiments that they need, and how they begin a search.

use std::path::Path;

use gainswarm::config::Config;
use gainswarm::pid_rules::{Experiment, Judged, Known, RULES, Shape, Step, Ultimate, experiment, judged};
use gainswarm::simulation::SimdLevel;

use crate::support::{data, gainswarm, stderr, stdout, write_config};

/// K e^(−θs)/(τs + 1) under a law, with a cost.
fn first_order(theta: f64, law: &str, dt: f64, scenario: &str, cost: &str) -> Config {
    // Rules know no filter of the derivative.
    let filter = if law == "pi" { "" } else { "N = 1e5\n" };
    let text = format!(
        "[plant]\ntype = \"first_order_plus_dead_time\"\ndead_time = {theta:?}\n[controller]\ntype = \"{law}\"\n{filter}\
         [connect]\nmeasurement = \"x\"\n[simulation]\ndt = {dt:?}\nduration = 20.0\n[[scenarios]]\nsignals = {{ {scenario} }}\n\
         [cost.J]\n{cost}\n[[tune]]\nparameter = \"Kp\"\nlower = 0.01\nupper = 20.0\n"
    );
    study(&text)
}

fn study(text: &str) -> Config {
    Config::parse(Path::new("study.toml"), text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn told(config: &Config) -> Experiment {
    experiment(config, None, SimdLevel::widest()).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The settings of a rule by the beginning of its name.
fn settings(name: &str, known: &Known, shape: Shape) -> [f64; 3] {
    let rule = RULES.iter().find(|rule| rule.name == name).unwrap_or_else(|| panic!("{name}"));
    let ideal = rule.settings(known, shape).unwrap_or_else(|| panic!("{name} has no settings"));
    [ideal.gain, ideal.integral_time, ideal.derivative_time]
}

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < tolerance, "{found} instead of {expected}");
    }
}

#[test]
fn rules_give_the_numbers_of_books() {
    let known = |gain, time_constant, dead_time| Known {
        step: Some(Step::FirstOrder { gain, time_constant, dead_time }),
        ultimate: None,
    };
    // Seborg, Edgar & Mellichamp, Process Dynamics and Control (2004), example 12.5: K = 1.54, τ = 5.93, θ = 1.07.
    let process = known(1.54, 5.93, 1.07);
    close(&settings("Lopez, ITAE", &process, Shape::Pi)[..2], &[2.97, 2.75], 2e-3);
    close(&settings("Rovira, ITAE", &process, Shape::Pi)[..2], &[1.83, 5.93], 3e-3);
    // K = 1.25, τ = 4, θ = 0.9: 1.2 τ/(K θ), 2 θ, θ/2, and the quotients of Cohen & Coon with r = 0.225.
    let process = known(1.25, 4.0, 0.9);
    close(&settings("Ziegler–Nichols, step", &process, Shape::Pid), &[4.266_667, 1.8, 0.45], 1e-6);
    close(&settings("Cohen–Coon", &process, Shape::Pid), &[4.940_741, 2.028_041, 0.314_410_5], 1e-6);
    // Skogestad 2003, table 2, case E1 is second order; with θ = τ: Kc = 1/2, τI = τ; with θ ≪ τ: τI = 8 θ.
    close(&settings("SIMC", &known(1.0, 1.0, 1.0), Shape::Pi)[..2], &[0.5, 1.0], 1e-12);
    close(&settings("SIMC", &known(1.0, 10.0, 0.1), Shape::Pi)[..2], &[50.0, 0.8], 1e-12);
    // AMIGO by hand for K = T = L = 1: PID 0.65, 1.2/1.1, 0.5/1.3; PI 0.25, 0.35 + 13/20.
    let process = known(1.0, 1.0, 1.0);
    close(&settings("AMIGO", &process, Shape::Pid), &[0.65, 1.2 / 1.1, 0.5 / 1.3], 1e-12);
    close(&settings("AMIGO", &process, Shape::Pi)[..2], &[0.25, 1.0], 1e-12);
    // Ziegler & Nichols 1942 for Ku = 8, Pu = 2π/√3 of 1/(s + 1)³.
    let ultimate = Some(Ultimate { gain: 8.0, period: 3.6276 });
    let process = Known { step: None, ultimate };
    close(&settings("Ziegler–Nichols, ultimate", &process, Shape::Pid), &[4.8, 1.8138, 0.453_45], 1e-12);
    close(&settings("Ziegler–Nichols, ultimate", &process, Shape::Pi)[..2], &[3.6, 3.023], 1e-12);
    close(&settings("Ziegler–Nichols, ultimate", &process, Shape::P)[..1], &[4.0], 1e-12);
}

/// The rows of `known_dead_time.csv`: gains by coefficients from stored public code, in units of the dead time.
#[test]
fn rules_give_what_others_made_of_the_same_papers() {
    let mut table = csv::Reader::from_path(data("known_dead_time.csv")).expect("a table");
    let mut met = std::collections::BTreeSet::new();
    for row in table.records() {
        let row = row.expect("a row");
        let criterion = match &row[2] {
            "ist2e" => "IST²E".to_owned(),
            other => other.to_uppercase(),
        };
        let number = |place: usize| -> f64 { row[place].parse().expect("a number") };
        let name = match &row[4] {
            "Ziegler & Nichols 1942" => "Ziegler–Nichols, step".into(),
            "Cohen & Coon 1953" => "Cohen–Coon".into(),
            "Åström & Hägglund 2004" => "AMIGO".into(),
            "Skogestad 2003" => "SIMC".into(),
            "Lopez et al. 1967" => format!("Lopez, {criterion}"),
            "Rovira et al. 1969" => format!("Rovira, {criterion}"),
            "Zhuang & Atherton 1993" if &row[0] != "pi_d" && &row[1] == "set_point" => {
                format!("Zhuang–Atherton, {criterion}")
            }
            // The least, and those for loads or for derivatives of the measurement, which the program does not have.
            _ => continue,
        };
        // SIMC has no derivative.
        let shape = if number(7) == 0.0 { Shape::Pi } else { Shape::Pid };
        let step = Step::FirstOrder { gain: 1.0, time_constant: 1.0 / number(3), dead_time: 1.0 };
        let [gain, integral, derivative] =
            settings(&name, &Known { step: Some(step), ultimate: None }, shape);
        // Ziegler and Nichols' 3.33 is 1/0.3; some digits of the table are rounded.
        close(&[gain, integral], &[number(5), number(6)], 5e-3);
        assert!((derivative - number(7)).abs() <= 5e-3 * number(7), "{name}: {derivative}");
        met.insert((name, shape.name()));
    }
    assert_eq!(met.len(), 23, "{met:?}");
}

#[test]
fn a_step_tells_gain_dead_time_and_time_constant() {
    let found = told(&first_order(0.4, "pid_ideal", 0.002, "reference = 1.0", "integrate = \"abs(error)\""));
    let Some(Step::FirstOrder { gain, time_constant, dead_time }) = found.known.step else {
        panic!("{found:?}")
    };
    close(&[gain, time_constant, dead_time], &[1.0, 1.0, 0.4], 2e-3);
    // −π = −atan(ω) − 0.4 ω with half a step more for the hold: ω, and Ku = √(1 + ω²).
    let phase = |omega: f64| libm::atan(omega) + 0.401 * omega - std::f64::consts::PI;
    let (mut low, mut high) = (0.1, 20.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if phase(middle) > 0.0 { high = middle } else { low = middle }
    }
    let ultimate = found.known.ultimate.expect("an ultimate gain");
    close(&[ultimate.gain, ultimate.period], &[low.hypot(1.0), std::f64::consts::TAU / low], 1e-3);
}

/// A plant of own equations under `pid`.
fn own_plant(equations: &str, states: &str, more: &str) -> Config {
    study(&format!(
        "[plant]\nequations = \"\"\"\n{equations}\n\"\"\"\n[plant.states]\n{states}\n[plant.inputs]\nu = {{}}\n[controller]\ntype = \"pid\"\n{more}\
         [connect]\nmeasurement = \"y\"\n[simulation]\ndt = 0.005\nduration = 4.0\n[[scenarios]]\nsignals = {{ reference = 1.0 }}\n\
         [cost.J]\nintegrate = \"abs(error)\"\n[[tune]]\nparameter = \"Kp\"\nlower = 0.01\nupper = 20.0\n"
    ))
}

#[test]
fn three_lags_are_told_by_their_tangent_and_their_ultimate_gain() {
    let found = told(&own_plant("a' = u - a\nb' = a - b\ny' = b - y", "a = {}\nb = {}\ny = {}", ""));
    // 1/(s + 1)³: the steepest slope is 2 e⁻², at 2 s, where the response is 1 − 5 e⁻²; 63 % are done at 3.2574 s.
    let slope = 2.0 * (-2.0_f64).exp();
    let theta = 2.0 - (1.0 - 5.0 * (-2.0_f64).exp()) / slope;
    let Some(Step::FirstOrder { gain, time_constant, dead_time }) = found.known.step else {
        panic!("{found:?}")
    };
    close(&[gain, time_constant, dead_time], &[1.0, 3.257_4 - theta, theta], 2e-3);
    let ultimate = found.known.ultimate.expect("an ultimate gain");
    // 8 and 2π/√3, with the hold of 5 ms.
    close(&[ultimate.gain, ultimate.period], &[8.0, std::f64::consts::TAU / 3_f64.sqrt()], 1e-2);
}

#[test]
fn what_goes_on_evenly_is_integrating_and_what_grows_is_told_so() {
    // −0.5 e^(−0.2 s)/s: the controller's gains have to be negative.
    let found = told(&own_plant("y' = -0.5*delay(u, 0.2)", "y = {}", ""));
    let Some(Step::Integrating { gain, dead_time }) = found.known.step else { panic!("{found:?}") };
    close(&[gain, dead_time], &[-0.5, 0.2], 2e-2);
    let ultimate = found.known.ultimate.expect("an ultimate gain");
    // ω (θ + dt/2) = π/2, Ku = ω/k.
    let omega = 0.5 * std::f64::consts::PI / 0.2025;
    close(&[ultimate.gain, ultimate.period], &[-omega / 0.5, std::f64::consts::TAU / omega], 1e-2);
    close(
        &settings("AMIGO", &found.known, Shape::Pi)[..2],
        &[-0.35 / (0.5 * dead_time), 13.4 * dead_time],
        2e-2,
    );

    let found = told(&own_plant("y' = 3*y + u", "y = {}", ""));
    assert_eq!(found.known, Known::default());
    assert!(found.no_step.is_some_and(|why| why.contains("unstable")));
}

#[test]
fn a_relay_tells_the_oscillation_where_the_certificate_does_not_know() {
    // 500 values in the delay line are too many for a certificate.
    let found = told(&first_order(0.5, "pi", 0.001, "reference = 1.0", "integrate = \"abs(error)\""));
    assert!(found.is_relay, "{found:?}");
    let ultimate = found.known.ultimate.expect("an oscillation");
    // Of a relay of ±d: the amplitude is d (1 − e^(−θ/τ)), the period 2 τ ln(2 e^(θ/τ) − 1).
    let gain = 4.0 / (std::f64::consts::PI * (1.0 - (-0.5_f64).exp()));
    close(&[ultimate.gain, ultimate.period], &[gain, 2.0 * (2.0 * 0.5_f64.exp() - 1.0).ln()], 1e-2);
}

/// The cost of each rule of a shape, by name.
fn costs(config: &Config, shape: Shape) -> Vec<(&'static str, f64)> {
    let all = judged(config, &told(config), None, SimdLevel::widest()).expect("memory");
    let of_rules = all.into_iter().filter_map(|Judged { advice, cost, .. }| Some((advice?, cost)));
    of_rules
        .filter(|(advice, _)| advice.shape == shape)
        .map(|(advice, cost)| (advice.rule.name, cost))
        .collect()
}

#[test]
fn rules_for_a_least_integral_come_near_to_it() {
    const SET_POINT: &str = "reference = 1.0";
    const LOAD: &str = "reference = 0.0, load = 1.0";
    const IAE: &str = "integrate = \"abs(error)*(if t > 0 then 1 else 0.5)\"";
    const ITAE: &str = "integrate = \"t*abs(error)\"";
    const ISE: &str = "integrate = \"error^2*(if t > 0 then 1 else 0.5)\"";
    // The least J are those of docs/known-answers.md, found without these rules.
    for (name, shape, theta, scenario, cost, least) in [
        ("Rovira, IAE", Shape::Pi, 0.2, SET_POINT, IAE, 0.420_186),
        ("Rovira, IAE", Shape::Pi, 1.0, SET_POINT, IAE, 1.906_2),
        ("Rovira, ITAE", Shape::Pi, 0.2, SET_POINT, ITAE, 0.114_219),
        ("Rovira, ITAE", Shape::Pi, 1.0, SET_POINT, ITAE, 2.351_65),
        ("Rovira, ITAE", Shape::Pid, 0.2, SET_POINT, ITAE, 0.062_671),
        ("Zhuang–Atherton, ISE", Shape::Pi, 0.2, SET_POINT, ISE, 0.299_86),
        ("Lopez, ITAE", Shape::Pi, 0.2, LOAD, ITAE, 0.079_003),
        ("Lopez, ITAE", Shape::Pid, 0.2, LOAD, ITAE, 0.021_082),
        ("Lopez, ISE", Shape::Pid, 1.0, LOAD, ISE, 0.338_458),
    ] {
        let law = if shape == Shape::Pid { "pid_ideal" } else { "pi" };
        let mut config = first_order(theta, law, 0.002, scenario, cost);
        // The derivative is that of the measurement.
        let weight = config.controller.parameters().iter().position(|gain| gain.name == "c");
        if let Some(place) = weight {
            config.controller.values[place] = 0.0;
        }
        let costs = costs(&config, shape);
        let found = costs.iter().find(|(rule, _)| *rule == name).expect("a rule").1;
        assert!((0.98..1.2).contains(&(found / least)), "{name} at {theta}: {} of the least", found / least);
    }
}

#[test]
fn each_rule_is_the_best_of_its_kind_for_what_it_is_made_for() {
    for shape in [Shape::Pi, Shape::Pid] {
        let law = if shape == Shape::Pid { "pid_ideal" } else { "pi" };
        // Below and above the 1 at which their numbers change.
        for (theta, dt) in [(0.3, 0.005), (1.5, 0.02)] {
            for (name, cost) in [
                ("Zhuang–Atherton, ISE", "error^2"),
                ("Zhuang–Atherton, ISTE", "t^2*error^2"),
                ("Zhuang–Atherton, IST²E", "t^4*error^2"),
            ] {
                let config =
                    first_order(theta, law, dt, "reference = 1.0", &format!("integrate = \"{cost}\""));
                let costs = costs(&config, shape);
                let kind: Vec<_> = costs.iter().filter(|(rule, _)| rule.starts_with("Zhuang")).collect();
                assert_eq!(kind[0].0, name, "{theta} {}: {kind:?}", shape.name());
            }
        }
    }
}

/// A PI on dead time, in a folder.
const PI: &str = "[plant]\ntype = \"first_order_plus_dead_time\"\ndead_time = 0.4\n[controller]\ntype = \"pi\"\n[connect]\n\
    measurement = \"x\"\n[simulation]\ndt = 0.01\nduration = 10.0\n[[scenarios]]\nsignals = { reference = 1.0 }\n[cost.J]\n\
    integrate = \"t*abs(error)\"\n[swarm]\nwarm_start = \"rules\"\n[swarm.stopping]\ngenerations = 1\n\
    [[tune]]\nparameter = \"Kp\"\nlower = 0.01\nupper = 10.0\n[[tune]]\nparameter = \"Ki\"\nlower = 0.01\nupper = 10.0\n";

#[test]
fn a_search_starts_from_rules_and_is_shown_beside_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "study.toml", PI);
    let output = directory.path().join("out");
    let output = output.to_str().expect("UTF-8");
    let run = gainswarm(&["tune", &config, "--output", output, "--quiet"]);
    assert!(run.status.success(), "{}", stderr(&run));

    let run = gainswarm(&["rules", &config, "--gains", &format!("{output}/gains.csv")]);
    assert!(run.status.success(), "{}", stderr(&run));
    let text = stdout(&run);
    assert!(text.starts_with("x after a step of u from 0 to 1: gain K = 1.0000"), "{text}");
    // Its swarm began with the best of them, so that it is at the top after a single generation.
    let rows: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("rule ")).skip(1).collect();
    assert!(rows[0].starts_with("tuned ") || rows[1].starts_with("tuned "), "{text}");
    for part in ["Rovira, ITAE, PI", "AMIGO, PI", "doi:10.1016/S0959-1524(02)00062-8", "holds"] {
        assert!(text.contains(part), "{part} in {text}");
    }

    // What the rules came to stands in the results as numbers, half of eight particles.
    let manifest = std::fs::read_to_string(format!("{output}/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let starts = manifest["config"]["swarm"]["warm_start"].as_array().expect("starts").clone();
    assert_eq!(starts.len(), 4);
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&gainswarm(&["rules", &config, "--json"]))).expect("JSON");
    let best = &json["lines"][0];
    assert_eq!(starts[0], serde_json::json!([best["gains"]["Kp"], best["gains"]["Ki"]]));
    assert_eq!(best["ideal"]["Td"], 0.0);

    // A run that goes on with more begins at the same place.
    let longer =
        write_config(directory.path(), "study.toml", PI.replace("generations = 1", "generations = 2"));
    let run = gainswarm(&["tune", &longer, "--output", output, "--resume", "--quiet"]);
    assert!(run.status.success(), "{}", stderr(&run));
}

#[test]
fn a_study_that_rules_do_not_fit_is_told_why() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(
        directory.path(),
        "own.toml",
        "[swarm]\nwarm_start = \"rules\"\n[[scenarios]]\ninitial_state = [0.0, 0.1, 0.0, 0.0, 0.0, 0.0]\n",
    );
    for arguments in [&["rules", &config][..], &["tune", &config, "--quiet"]] {
        let run = gainswarm(arguments);
        assert_eq!(run.status.code(), Some(2));
        let error = stderr(&run);
        assert!(error.contains("has no [rules] table") && error.contains("one measured value"), "{error}");
    }
    let config = write_config(directory.path(), "study.toml", PI);
    let run = gainswarm(&["rules", &config, "--step", "0"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("--step"), "{}", stderr(&run));
}

#[test]
fn what_a_law_says_of_rules_is_checked() {
    let with = |rules: &str| {
        let law = format!(
            "kind = \"controller\"\nequations = \"u = P*(r - y)\"\n[inputs]\nr = {{ default = 0.0 }}\ny = {{}}\n[gains]\n\
             P = {{ default = 1.0 }}\n[outputs]\nu = {{}}\n[rules]\n{rules}\n"
        );
        gainswarm::model::Model::parse(Path::new("law.toml"), &law)
    };
    let rules = with("P = \"K\"").expect("a law").declared.rules.expect("rules");
    assert_eq!((rules.gains, rules.at_rest), (vec![("P".into(), "K".into())], "0".into()));
    for (rules, parts) in [
        ("Q = \"K\"", ["Q", "P"]),
        ("P = \"K*Tf\"", ["`Tf` is unknown", "K, Ti, Td"]),
        ("P = \"K*\"", ["P", "K*"]),
        ("at_rest = \"Q\"", ["`Q` is unknown", "allowed: P"]),
    ] {
        let error = with(rules).expect_err(rules).to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{rules}: {error}");
    }
}
