//! Gain constraints and required certificates: what breaks one is ordered, counted and never simulated.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::{self, Problem, SIMULATED_VIOLATION_MAX, certifier};
use gainswarm::simulation::Ending;
use gainswarm::stability::Verdict;
use proptest::prelude::*;

use crate::support::planted::Planted;
use crate::support::{SMALL_STUDY, gainswarm, stderr, stdout, write_config};

fn config(head: &str) -> Config {
    Config::parse("study.toml".as_ref(), &format!("{head}\n{SMALL_STUDY}")).expect("a valid study")
}

/// The default values with some changed: k1, k2, lambda1 and K are the parameters 0, 1, 2 and 4 of the classical law.
fn values(config: &Config, changes: &[(usize, f64)]) -> Vec<f64> {
    let mut values = config.controller.values.clone();
    for (index, value) in changes {
        values[*index] = *value;
    }
    values
}

#[test]
fn a_vector_that_breaks_a_constraint_is_never_simulated_and_is_counted() {
    let config = config("constraints = [\"k2 > k1\"]");
    let (started, broken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counts = (started.clone(), broken.clone());
    let before = move |values: &[f64]| {
        counts.0.fetch_add(1, Relaxed);
        counts.1.fetch_add(u64::from(values[1] <= values[0]), Relaxed);
    };
    let simulator = Box::new(Planted { inner: problem::runner(&config), before });
    let mut problem = Problem { simulator, ..Problem::new(&config) };
    problem.search.coarse_first = false;
    let tuning = engine::tune(&problem, Resources::default(), &mut |_| {}).expect("a tuning");
    // The best is simulated once more.
    assert_eq!((broken.load(Relaxed), started.load(Relaxed)), (0, tuning.tally.simulations + 2));
    assert!(tuning.tally.rejected > 0 && tuning.tally.rejected < tuning.evaluations);
    assert_eq!(tuning.tally.simulations, 2 * (tuning.evaluations - tuning.tally.rejected));
    assert!(tuning.best.is_feasible() && tuning.values[1] > tuning.values[0]);
}

#[test]
fn a_vector_without_a_required_certificate_is_not_simulated_and_the_tuned_one_has_it() {
    let config = config("require_certificate = true");
    let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
    assert!(tuning.tally.rejected > 0 && tuning.best.is_feasible());
    assert_eq!(certifier(&config)(&tuning.values).verdict, Verdict::Stable);
}

proptest! {
    #[test]
    fn the_violation_is_the_distance_in_shares_of_the_searched_ranges(k1 in 1.0..50.0, k2 in 1.0..50.0) {
        let config = config("constraints = [\"k2 - 2*k1 >= 5\"]");
        let violation = Problem::new(&config).violation(&values(&config, &[(0, k1), (1, k2)]));
        let outside = 5.0 - (k2 - 2.0 * k1);
        if outside <= 0.0 {
            prop_assert!(violation == 0.0);
        } else {
            // k1 and k2 are searched from 1 to 50: the left side goes over 49 + 2·49.
            let expected = SIMULATED_VIOLATION_MAX + 1.0 + outside / (3.0 * 49.0);
            prop_assert!((violation - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn equality_breaks_a_strict_constraint_alone_and_spelling_does_not_matter() {
    for (text, k1, k2, holds) in [
        ("k1 > k2", 3.0, 3.0, false),
        ("k1 >= k2", 3.0, 3.0, true),
        ("k1 < k2", 3.0, 3.0, false),
        ("k1 <= k2", 3.0, 3.0, true),
        ("k1<k2", 2.0, 3.0, true),
        ("  -k2 + 1e1 *k1>  k1*2.5e-1 -.5 + K - K", 1.0, 10.0, true),
        ("  -k2 + 1e1 *k1>  k1*2.5e-1 -.5 + K - K", 1.0, 11.0, false),
        ("3 <= k1 + k1", 1.5, 9.0, true),
        ("3 < k1 + k1", 1.5, 9.0, false),
    ] {
        let config = config(&format!("constraints = [\"{text}\"]"));
        let violation = Problem::new(&config).violation(&values(&config, &[(0, k1), (1, k2)]));
        assert_eq!(violation == 0.0, holds, "{text} with k1 = {k1}, k2 = {k2}: {violation}");
    }
}

#[test]
fn what_is_not_linear_is_a_relation_too() {
    for (text, k1, k2, holds) in [
        ("k1*k2 >= 40", 8.0, 5.0, true),
        ("k1*k2 >= 40", 8.0, 4.9, false),
        ("sqrt(k1^2 + k2^2) < 5", 3.0, 3.9, true),
        ("sqrt(k1^2 + k2^2) < 5", 3.0, 4.0, false),
        ("min(k1, k2) > 2", 3.0, 1.5, false),
        ("floor(k1) == 3", 3.7, 1.0, true),
        ("floor(k1) == 3", 4.7, 1.0, false),
        // Within 1e-4 of the way of 49·49 that k1 k2 goes.
        ("k1*k2 == 40", 8.0, 5.02, true),
        ("k1*k2 == 40", 8.0, 5.1, false),
        // Beyond the numbers: far outside.
        ("log(k1 - 10) > 0", 3.0, 1.0, false),
    ] {
        let config = config(&format!("constraints = [\"{text}\"]"));
        let violation = Problem::new(&config).violation(&values(&config, &[(0, k1), (1, k2)]));
        assert_eq!(violation == 0.0, holds, "{text} with k1 = {k1}, k2 = {k2}: {violation}");
        assert!(violation.is_finite());
    }
}

#[test]
fn a_gain_follows_from_others_by_a_linear_equality_and_is_not_searched() {
    // λ1 is searched from 0.5 to 30, k1 and k2 from 1 to 50.
    let all = config("").tune.len();
    for (constraints, followers, free) in [
        ("\"k1 == 2*lambda1\"", 1, all - 1),
        ("\"k1 == 2*lambda1\", \"k2 + k1 == 60 - lambda2\"", 2, all - 2),
        // The same as a narrow band.
        ("\"k1 - 2*lambda1 <= 1e-9\", \"2*lambda1 - k1 <= 1e-9\"", 1, all - 1),
        // Said twice is once.
        ("\"k1 == 2*lambda1\", \"lambda1 - k1/2 == 0\"", 1, all - 1),
    ] {
        let config = config(&format!("constraints = [{constraints}]"));
        assert_eq!((config.followers.len(), config.tune.len()), (followers, free), "{constraints}");
        let problem = Problem::new(&config);
        let tuning = engine::tune(&problem, Resources::default(), &mut |_| {}).expect("a tuning");
        let [k1, k2, lambda1, lambda2] = tuning.values[..4] else { unreachable!("four at least") };
        assert!((k1 - 2.0 * lambda1).abs() < 1e-12 * k1, "{constraints}: {k1} and {lambda1}");
        if followers == 2 {
            assert!((k2 + k1 + lambda2 - 60.0).abs() < 1e-12);
        }
        // Its bounds hold all the same.
        assert!(tuning.best.is_feasible());
        for (value, [low, high]) in
            [(k1, [1.0, 50.0]), (k2, [1.0, 50.0]), (lambda1, [0.5, 30.0]), (lambda2, [0.5, 30.0])]
        {
            assert!((low - 1e-12..=high + 1e-12).contains(&value), "{constraints}: {value}");
        }
        // What is written down is what was said.
        let text = config.to_toml();
        let again = Config::parse("study.toml".as_ref(), &text).expect("a valid study");
        assert_eq!(again, config);
    }
}

/// A PI on a first-order plant with dead time, under constraints.
fn pi(constraints: &str) -> Result<Config, String> {
    let text = format!(
        "constraints = [{constraints}]\n[plant]\ntype = \"first_order_plus_dead_time\"\ndead_time = 0.3\n[controller]\ntype = \"pi\"\n\
         [connect]\nmeasurement = \"x\"\n[simulation]\ndt = 0.01\nduration = 12.0\n[[scenarios]]\nsignals = {{ reference = 1.0 }}\n\
         [[response]]\noutput = \"x\"\n[cost.iae]\n[swarm.stopping]\nevaluations = 400\n\
         [[tune]]\nparameter = \"Kp\"\nlower = 0.1\nupper = 5.0\n[[tune]]\nparameter = \"Ki\"\nlower = 0.1\nupper = 5.0\n"
    );
    Config::parse("study.toml".as_ref(), &text).map_err(|error| error.to_string())
}

/// Whether overshoot, settling time, rise time, Ms and phase margin are as they should be.
type Holds = fn([f64; 5]) -> bool;

#[test]
fn relations_of_what_is_measured_hold_of_the_tuned_gains() {
    let measured = |config: &Config| {
        let tuning =
            engine::tune(&Problem::new(config), Resources::default(), &mut |_| {}).expect("a tuning");
        assert!(tuning.best.is_feasible());
        let place = |name: &str| config.term(name).expect("a term");
        let of = |name: &str| tuning.records[0].values[place(name)];
        let margins = certifier(config)(&tuning.values).margins.expect("margins");
        [of("overshoot"), of("settling_time"), of("rise_time"), margins.sensitivity, margins.phase]
    };
    let free = measured(&pi("").expect("a study"));
    // What each asks for, the least IAE alone does not give.
    let all: [(&str, Holds); 6] = [
        ("\"overshoot <= 1\"", |[overshoot, ..]| overshoot <= 1.0),
        ("\"max_sensitivity < 1.5\"", |[.., ms, _]| ms < 1.5),
        ("\"phase_margin >= 65\", \"0.5*overshoot <= 1.5\"", |m| m[4] >= 65.0 && m[0] <= 3.0),
        ("\"settling_time + 2*rise_time <= 2.9\"", |[_, settling, rise, ..]| settling + 2.0 * rise <= 2.9),
        ("\"overshoot >= 12\"", |[overshoot, ..]| overshoot >= 12.0),
        ("\"rise_time == 1.2\"", |[_, _, rise, ..]| (rise - 1.2).abs() <= 1.01e-3),
    ];
    for (text, holds) in all {
        assert!(!holds(free), "{text}: {free:?}");
        let config = pi(text).expect("a study");
        assert_eq!(
            Config::parse("study.toml".as_ref(), &config.to_toml()).expect("a study"),
            config,
            "{text}"
        );
        let found = measured(&config);
        assert!(holds(found), "{text}: {found:?}");
    }
    // A response that never settles has its times from the end of the simulation: they are no times.
    for text in ["\"settling_time <= 60\"", "\"settling_time + 2*rise_time <= 99\""] {
        let config = pi(text).expect("a study");
        assert!(config.limits[config.term("unsettled").expect("a term")] < 1.0, "{text}");
    }
    let free = pi("\"overshoot <= 60\"").expect("a study");
    assert!(free.limits[free.term("unsettled").expect("a term")].is_infinite());
    for (text, parts) in [
        ("\"max_sensitivity >= 1.5\"", ["bounds it the wrong way", "max_sensitivity <= a number"]),
        ("\"phase_margin >= 200\"", ["is out of range", "180"]),
        (
            "\"phase_margin >= 10*overshoot\"",
            ["a figure of the certificate beside others", "against a number"],
        ),
        ("\"Kp*overshoot <= 1\"", ["relates the gain Kp to what is measured", "relations of gains, or of"]),
        ("\"overshot <= 1\"", ["unknown gain `overshot`", "Kp, Ki"]),
    ] {
        let error = pi(text).expect_err(text);
        assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
    }
}

#[test]
fn an_equality_finds_what_a_band_about_it_finds() {
    let cost = |constraints: &str| {
        let config = config(&format!("constraints = [{constraints}]\n"));
        let tuning =
            engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
        tuning.best.cost
    };
    let (equal, band) =
        (cost("\"k1 == 2*lambda1\""), cost("\"k1 - 2*lambda1 <= 4\", \"2*lambda1 - k1 <= 4\""));
    assert!(equal < 1.5 * band, "{equal} against {band}");
}

#[test]
fn broken_constraints_rank_behind_missing_certificates_and_those_behind_falls() {
    let config = config("constraints = [\"k2 > k1\"]\nrequire_certificate = true");
    let problem = Problem::new(&config);
    let violation = |changes: &[(usize, f64)]| problem.violation(&values(&config, changes));
    assert!(problem.violation(&problem.values) == 0.0);
    let (slow, idle) = (violation(&[(2, 1e-3)]), violation(&[(4, 0.0), (5, 0.0)]));
    let uncertified = SIMULATED_VIOLATION_MAX..=SIMULATED_VIOLATION_MAX + 1.0;
    assert!(uncertified.contains(&slow) && uncertified.contains(&idle), "{slow} and {idle}");
    let (near, far) = (violation(&[(0, 32.0)]), violation(&[(0, 50.0)]));
    assert!(*uncertified.end() < near && near < far);
    // A simulation violates at most the largest penalty, that of a panic: 2e6/1e6.
    let fallen =
        engine::assess(&problem, Resources::default(), &values(&config, &[(9, 1e-3)])).expect("records");
    assert!(fallen.iter().all(|record| record.ending == Ending::Survived || record.cost / 1e6 <= 2.0));
}

#[test]
fn without_a_feasible_vector_the_results_say_so_and_the_exit_code_is_1() {
    let directory = tempfile::tempdir().expect("a directory");
    // Neither K nor kd pushes toward the surface.
    let study = format!(
        "require_certificate = true\n{SMALL_STUDY}[controller]\nK = 0.0\nkd = 0.0\n[[tune]]\nparameter = \"k1\"\n[[tune]]\nparameter = \"k2\"\n"
    );
    let path = write_config(directory.path(), "idle.toml", study);
    let output = directory.path().join("out");
    let run = gainswarm(&["tune", &path, "--output", output.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(stdout(&run).contains("NOT SIMULATED: no stable certificate"), "{}", stdout(&run));
    assert!(stderr(&run).contains("no gain vector was found that is feasible"), "{}", stderr(&run));
    let mut summary = csv::Reader::from_path(output.join("summary.csv")).expect("a summary");
    let columns = summary.headers().expect("a header").clone();
    let row = summary.records().next().expect("a row").expect("a row");
    let cell = |name: &str| &row[columns.iter().position(|column| column == name).expect("a column")];
    // All particles in 12 generations, 24 in four and one fewer in each of eight, none of them simulated: no cost stands where no simulation ran.
    assert_eq!((cell("rejected"), cell("simulations"), cell("cost"), cell("ise_mean")), ("252", "0", "", ""));
    let mut convergence = csv::Reader::from_path(output.join("convergence.csv")).expect("a table");
    assert!(convergence.records().all(|row| row.expect("a row")[3].is_empty()));
}

#[test]
fn a_tuned_parameter_of_a_plant_is_held_to_what_the_plant_requires() {
    let tune = |name: &str| {
        format!("{SMALL_STUDY}[[tune]]\nparameter = \"plant.{name}\"\nlower = 0.05\nupper = 1.0\n")
    };
    let parse = |text: &str| Config::parse("study.toml".as_ref(), text);
    let config = parse(&tune("link1_com")).expect("a valid study");
    let problem = Problem::new(&config);
    let length = config.plant.parameters().iter().position(|parameter| parameter.name == "link1_length");
    let length = config.plant.values[length.expect("a parameter")];
    let violation = |center: f64| {
        let mut values = problem.values.clone();
        *values.last_mut().expect("the tuned parameter") = center;
        problem.violation(&values)
    };
    // The centre of mass of a link lies on it.
    assert_eq!((violation(0.5 * length), violation(length)), (0.0, 0.0));
    assert!(0.0 < violation(1.1 * length) && violation(1.1 * length) < violation(1.2 * length));
    // It is the plant's, not the study's, and nothing of it where the parameter is not tuned.
    assert_eq!(parse(&config.to_toml()).expect("a study"), config);
    assert!(!config.to_toml().contains("constraints = [\""));
    assert!(parse(&tune("gravity")).expect("a valid study").constraints.is_empty());
    let short = format!("{}[plant]\nlink1_length = 0.04\nlink1_com = 0.02\n", tune("link1_com"));
    let error = parse(&short).expect_err("no place on the link is searched").to_string();
    assert!(error.contains("link1_com <= link1_length") && error.contains("cannot hold"), "{error}");
}
