//! Linear plants as they stand in books: transfer functions and matrices, against closed forms of their responses.

use gainswarm::config::{Config, ConfigError};
use gainswarm::problem::{Problem, certifier};
use gainswarm::simulation::{SimdLevel, Trajectory};
use gainswarm::stability::Verdict;

use crate::support::{gainswarm, stdout, write_config};

/// A plant that is given `level` from the start, in steps of 1 ms.
fn study(plant: &str, drives: &str) -> Result<Config, ConfigError> {
    let text = format!(
        "[plant]\n{plant}\n[controller]\nequations = \"{drives}\"\n[controller.gains]\n\
         level = {{ default = 1.0, search = [0.5, 2.0] }}\n[simulation]\ndt = 0.001\nduration = 3.0\n\
         [cost.control_effort]\n[[scenarios]]\n"
    );
    Config::parse("study.toml".as_ref(), &text)
}

/// What a value of the plant is over time, t = 0 included.
fn response(plant: &str, drives: &str, value: &str) -> Vec<[f64; 2]> {
    let config = study(plant, drives).unwrap_or_else(|error| panic!("{error}"));
    let problem = Problem::new(&config);
    let recorded = problem.simulator.record(SimdLevel::widest(), &problem.values, &problem.scenarios[0], 1);
    let (_, run): (_, Trajectory) = recorded.expect("memory");
    let place = config.columns().iter().position(|column| column.quantity.name == value).expect(value);
    run.rows().map(|row| [row[0], row[place + 1]]).collect()
}

fn follows(found: &[[f64; 2]], expected: impl Fn(f64) -> f64, tolerance: f64) {
    assert!(found.len() > 1000);
    for [time, value] in found {
        assert!((value - expected(*time)).abs() < tolerance, "{value} at {time} s, not {}", expected(*time));
    }
}

const STEP: &str = "u = level";
const MOTOR: &str = "numerator = [0.015]\ndenominator = [0.00108, 0.0061, 0.00163]";

#[test]
fn a_transfer_function_answers_a_step_by_its_poles() {
    let (a, b, c) = (0.00108_f64, 0.0061, 0.00163);
    let root = (b * b - 4.0 * a * c).sqrt();
    let [slow, fast] = [(b - root) / (2.0 * a), (b + root) / (2.0 * a)];
    let step =
        |t: f64| 0.015 / c * (1.0 - (fast * (-slow * t).exp() - slow * (-fast * t).exp()) / (fast - slow));
    follows(&response(MOTOR, STEP, "y"), step, 1e-9);
}

#[test]
fn zeros_and_what_goes_straight_through_are_in_the_response() {
    // (1 − s)/((s + 1)(s + 2)) goes the wrong way first: 1/2 − 2 e^(−t) + 3/2 e^(−2t).
    let wrong_way = response("numerator = [0, -1, 1]\ndenominator = [1, 3, 2]", STEP, "y");
    follows(&wrong_way, |t| 0.5 - 2.0 * (-t).exp() + 1.5 * (-2.0 * t).exp(), 1e-9);
    // (2 s + 1)/(s + 1) is 2 − 1/(s + 1): 1 + e^(−t).
    follows(&response("numerator = [2, 1]\ndenominator = [1, 1]", STEP, "y"), |t| 1.0 + (-t).exp(), 1e-9);
}

#[test]
fn a_dead_time_moves_the_response_and_not_that_to_a_load() {
    let plant = "numerator = [3]\ndenominator = [2, 1]\ndead_time = 0.5";
    let lag = |t: f64| 3.0 * (1.0 - (-t.max(0.0) / 2.0).exp());
    follows(&response(plant, STEP, "y"), |t| lag(t - 0.5), 1e-9);
    follows(&response(plant, "u = 0; load = level", "y"), lag, 1e-9);
}

#[test]
fn matrices_are_the_plant_that_they_say() {
    let plant = "A = [[0, 1], [-2, -3]]\nB = [0, 1]\nC = [1, 0]";
    let position = |t: f64| 0.5 - (-t).exp() + 0.5 * (-2.0 * t).exp();
    follows(&response(plant, STEP, "y"), position, 1e-9);
    follows(&response("numerator = [1]\ndenominator = [1, 3, 2]", STEP, "y"), position, 1e-9);
    // Two inputs, two outputs, one of which the second input reaches at once.
    let plant = "A = [[-1, 0], [0, -2]]\nB = [[1, 0], [0, 4]]\nC = [[1, 1], [1, 0]]\nD = [[0, 0], [0, 5]]";
    let both = "u1 = level; u2 = 0.5*level";
    let (slow, fast) = (|t: f64| 1.0 - (-t).exp(), |t: f64| 1.0 - (-2.0 * t).exp());
    follows(&response(plant, both, "y1"), |t| slow(t) + fast(t), 1e-9);
    follows(&response(plant, both, "y2"), |t| slow(t) + 2.5, 1e-9);
    follows(&response(plant, "u1 = 0; u2 = 0; load2 = level", "x2"), |t| 2.0 * fast(t), 1e-9);
}

#[test]
fn a_transfer_function_is_a_plant_like_any_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = format!(
        "[plant]\n{MOTOR}\n[controller]\ntype = \"pid\"\nKp = 10.0\nKi = 5.0\n[connect]\nmeasurement = \"y\"\n\
         [[response]]\noutput = \"y\"\nreference = \"reference\"\n[cost.itae]\nsignals = [\"error\"]\n\
         [[scenarios]]\ncount = 3\nsignals = {{ reference = 1.0, load = {{ type = \"step\", amplitude = 1.0, start = 2.0 }} }}\n\
         noise = {{ y = 1e-3 }}\nuncertainty = {{ a1 = 20.0, b0 = 10.0 }}\n[swarm.stopping]\nevaluations = 100\n"
    );
    let config = Config::parse("motor.toml".as_ref(), &text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        config.plant.of.model.declared.summary,
        "transfer function (0.015)/(0.00108 s^2 + 0.0061 s + 0.00163)"
    );
    assert_eq!(certifier(&config)(&config.controller.values).verdict, Verdict::Stable);
    // What is shown of it is the same plant again.
    let file = write_config(directory.path(), "motor.toml", &text);
    let shown = stdout(&gainswarm(&["check", &file]));
    let again = Config::parse("motor.toml".as_ref(), &shown).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.plant.values, config.plant.values);
    let records = |config: &Config| {
        let problem = Problem::new(config);
        let scenario = &problem.scenarios[1];
        problem.simulator.record(SimdLevel::widest(), &problem.values, scenario, 1).expect("memory").0
    };
    assert_eq!(records(&again), records(&config));
}

#[test]
fn a_model_file_may_state_a_transfer_function() {
    let directory = tempfile::tempdir().expect("a directory");
    let text =
        "kind = \"plant\"\nsummary = \"an oven\"\nnumerator = [2]\ndenominator = [60, 1]\ndead_time = 5\n";
    let plant = write_config(directory.path(), "oven.toml", text);
    let study = directory.path().join("study.toml");
    let study = study.to_str().expect("UTF-8");
    let run = gainswarm(&["init", "--plant", &plant, "--controller", "pid", "--output", study]);
    assert!(run.status.success(), "{run:?}");
    assert!(gainswarm(&["check", study]).status.success());
}

#[test]
fn a_linear_plant_that_cannot_be_is_refused_by_key_and_remedy() {
    for (plant, key, words) in [
        ("denominator = [1, 1]", "numerator", "is missing"),
        ("numerator = [1]", "denominator", "is missing"),
        ("numerator = [1]\ndenominator = []", "denominator", "has 0 numbers"),
        ("numerator = [1]\ndenominator = [0, 1]", "denominator", "begins with 0"),
        ("numerator = [1]\ndenominator = [2]", "denominator", "has no s"),
        ("numerator = [0, 0]\ndenominator = [1, 2]", "numerator", "is 0"),
        (
            "numerator = [1, 0, 0]\ndenominator = [1, 2]",
            "numerator",
            "higher order, 2, than the denominator, 1",
        ),
        ("numerator = [1]\ndenominator = [1, inf]", "denominator", "an array of numbers"),
        ("numerator = [1]\ndenominator = [1, 1]\ndead_time = -1", "dead_time", "from 0 to"),
        ("numerator = [1]\ndenominator = [1, 1]\nequations = \"x' = u\"", "equations", "keep one"),
        ("A = [[0, 1], [2]]\nB = [0, 1]", "A", "is no matrix"),
        ("A = [[0, 1, 2], [2, 3, 4]]\nB = [0, 1]", "A", "square"),
        ("A = [[0, 1], [2, 3]]", "B", "is missing"),
        ("A = [[0, 1], [2, 3]]\nB = [0, 1, 2]", "B", "2 rows"),
        ("A = [[0, 1], [2, 3]]\nB = [0, 1]\nC = [1]", "C", "rows of 2"),
        ("A = [[0, 1], [2, 3]]\nB = [0, 1]\nC = [1, 0]\nD = [1, 2]", "D", "1 rows of 1"),
        ("A = [[0, 1], [2, 3]]\nB = \"none\"", "B", "rows of numbers"),
        ("A = [[1]]\nB = [1]\nE = 1", "E", "unknown"),
        ("A = [[1]]\nB = [1]\n[plant.states]\nx = {}", "states", "keep one"),
    ] {
        let error = study(plant, STEP).expect_err(plant).to_string();
        assert!(error.contains(key) && error.contains(words), "{plant}\n{error}");
    }
}
