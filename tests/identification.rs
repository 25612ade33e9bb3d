//! Parameters of a plant that are tuned, and how well a cost knows its gains.

use std::path::Path;

use gainswarm::config::{Config, ConfigError};
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::sensitivity::{SHARES, sensitivity};
use gainswarm::simulation::SimdLevel;

use crate::support::{gainswarm, stderr, stdout, write_config};

fn motor() -> Config {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/motor_identification.toml");
    Config::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// What `tests/data/fit_motor.py` finds by the least squares of `SciPy`: the value and its 95 % interval; and what the log was made with.
const FITTED: [(&str, [f64; 3], f64); 5] = [
    ("plant.J", [0.000_519_119_22, 0.000_518_267_76, 0.000_519_972_09], 0.00052),
    ("plant.D", [0.003_100_092_3, 0.003_099_267, 0.003_100_917_8], 0.0031),
    ("plant.Kb", [0.042_036_255, 0.041_948_534, 0.042_124_158], 0.042),
    ("plant.R", [0.449_651_15, 0.448_495_95, 0.450_809_33], 0.45),
    ("plant.L", [0.090_116_073, 0.089_960_958, 0.090_271_455], 0.09),
];

#[test]
fn the_motor_of_a_noisy_log_is_found_with_its_intervals() {
    let config = motor();
    let problem = Problem::new(&config);
    let tuning = engine::tune(&problem, Resources::default(), &mut |_| {}).expect("a tuning");
    let found = sensitivity(&problem, SimdLevel::widest(), &tuning.values, Some(602)).expect("memory");
    let found = found.expect("feasible gains");
    assert_eq!(found.gains.len(), FITTED.len());
    for (flat, (name, [value, low, high], truth)) in found.gains.iter().zip(FITTED) {
        assert_eq!(problem.parameters[flat.index].name, name);
        assert!((flat.value / value - 1.0).abs() < 1e-4, "{name} {}", flat.value);
        assert!((flat.value / truth - 1.0).abs() < 0.01, "{name} {}", flat.value);
        let [found_low, found_high] = flat.interval.expect("a number of measurements");
        // The interval is known to a hundredth of its width.
        let width = high - low;
        assert!((found_low - low).abs() < 0.01 * width, "{name} {found_low}");
        assert!((found_high - high).abs() < 0.01 * width, "{name} {found_high}");
    }
}

/// A study whose cost is 1 + 4 (a − 1)² + 3 (a − 1)(b − 2) + (b − 2)².
fn bowl(rest: &str) -> Config {
    let text = format!(
        "[plant]\nequations = \"x' = push\"\n[plant.states]\nx = {{}}\n[plant.inputs]\npush = {{}}\n\
         [controller]\nequations = \"push = 0; of_a = a; of_b = b\"\n[controller.gains]\na = {{ default = 1.0, range = [-9, 9], search = [0, 4] }}\n\
         b = {{ default = 2.0, range = [-9, 9], search = [0, 4] }}\n[controller.outputs]\npush = {{}}\nof_a = {{}}\nof_b = {{}}\n[simulation]\ndt = 0.01\n\
         duration = 0.1\n[cost.bowl]\nfinal = \"1 + 4*(of_a - 1)^2 + 3*(of_a - 1)*(of_b - 2) + (of_b - 2)^2\"\n[[scenarios]]\ninitial_state = [0.0]\n{rest}"
    );
    Config::parse("bowl.toml".as_ref(), &text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_bowl_is_as_flat_as_its_closed_form_says() {
    let problem = Problem::new(&bowl(""));
    let found =
        sensitivity(&problem, SimdLevel::widest(), &[1.0, 2.0], None).expect("memory").expect("feasible");
    assert!((found.cost - 1.0).abs() < 1e-12);
    // Alone: 4 δ² = p and δ² = p. With the other: H = [[8, 3], [3, 2]], det 7, so δ² = 2 p·2/7 and 2 p·8/7.
    for (flat, value, alone, among) in
        [(&found.gains[0], 1.0, 4.0, 4.0 / 7.0), (&found.gains[1], 2.0, 1.0, 16.0 / 7.0)]
    {
        assert_eq!(flat.interval, None);
        let retuned = flat.retuned.expect("a bowl has a curvature");
        for (place, share) in SHARES.into_iter().enumerate() {
            let (alone, among) = ((share / alone).sqrt(), (share * among).sqrt());
            for (side, sign) in [-1.0, 1.0].into_iter().enumerate() {
                let by = |place: f64| sign * (place - value);
                assert!((by(flat.fixed[place][side]) / alone - 1.0).abs() < 2e-3, "{:?}", flat.fixed);
                assert!((by(retuned[place][side]) / among - 1.0).abs() < 1e-6, "{retuned:?}");
            }
        }
    }
}

#[test]
fn what_is_at_a_bound_stays_there_and_what_is_not_feasible_is_told() {
    // The optimum of a ≤ 0.5: b − 2 = 3/4, where the cost falls with a.
    let config = bowl("[[tune]]\nparameter = \"a\"\nlower = 0.0\nupper = 0.5\n[[tune]]\nparameter = \"b\"\n");
    let problem = Problem::new(&config);
    let found =
        sensitivity(&problem, SimdLevel::widest(), &[0.5, 2.75], None).expect("memory").expect("feasible");
    assert_eq!(found.gains[0].retuned, None);
    let share = found.cost * SHARES[0];
    let [low, high] = found.gains[1].retuned.expect("a curvature")[0];
    assert!(
        ((high - 2.75) / share.sqrt() - 1.0).abs() < 1e-6 && ((2.75 - low) / share.sqrt() - 1.0).abs() < 1e-6
    );
    // Beyond a = 0.5 the cost falls first, and is back at what it was at 0.9375.
    let up = found.gains[0].fixed[0][1];
    assert!((0.9375..0.95).contains(&up), "{up}");

    let limited = Problem::new(&bowl("[limits]\nmax_bowl = 0.5\n"));
    assert_eq!(sensitivity(&limited, SimdLevel::widest(), &[1.0, 2.0], None).expect("memory"), None);
}

#[test]
fn the_command_shows_both_and_refuses_gains_that_do_not_hold() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "bowl.toml", bowl("").to_toml());
    let gains = write_config(
        directory.path(),
        "gains.csv",
        "controller,gain,value\ncontroller,a,1.0\ncontroller,b,2.0\n",
    );
    let shown = stdout(&gainswarm(&["sensitivity", &config, "--gains", &gains]));
    assert!(shown.contains("the other gains as they are") && shown.contains("tuned again"), "{shown}");
    let json =
        stdout(&gainswarm(&["sensitivity", &config, "--gains", &gains, "--json", "--measurements", "12"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let worse = &json["gains"][0]["worse"][2];
    assert_eq!(worse["percent"], 10.0);
    assert!((worse["fixed"][1].as_f64().expect("a number") - 1.0 - 0.025_f64.sqrt()).abs() < 1e-3, "{json}");
    assert!(json["gains"][1]["interval_95"][0].is_number(), "{json}");

    let limited =
        write_config(directory.path(), "limited.toml", bowl("[limits]\nmax_bowl = 0.5\n").to_toml());
    let refused = gainswarm(&["sensitivity", &limited, "--gains", &gains]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("is not feasible in bowl"), "{}", stderr(&refused));
}

fn study(plant: &str, rest: &str) -> Result<Config, ConfigError> {
    let text = format!(
        "[plant]\n{plant}\n[controller]\ntype = \"pid\"\nKp = 2.0\n[connect]\nmeasurement = \"y\"\n[cost.itae]\nsignals = [\"error\"]\n\
         [simulation]\ndt = 0.01\nduration = 2.0\n[[scenarios]]\nsignals = {{ reference = 1.0 }}\n{rest}"
    );
    Config::parse("study.toml".as_ref(), &text)
}

const LAG: &str = "numerator = [2]\ndenominator = [3, 1]\ndead_time = 0.1";

#[test]
fn a_tuned_parameter_acts_as_one_that_the_study_gives() {
    let tuned = "[[tune]]\nparameter = \"Kp\"\n[[tune]]\nparameter = \"plant.a1\"\nlower = 1.0\nupper = 9.0\n\
                 [[tune]]\nparameter = \"plant.dead_time\"\nlower = 0.0\nupper = 0.5\n";
    let config = study(LAG, tuned).unwrap_or_else(|error| panic!("{error}"));
    let problem = Problem::new(&config);
    let names: Vec<&str> = problem.parameters.iter().map(|parameter| parameter.name).collect();
    assert!(names.ends_with(&["plant.a1", "plant.dead_time"]), "{names:?}");
    let cost = |config: &Config, values: &[f64]| {
        let problem = Problem::new(config);
        engine::assess(&problem, Resources::default(), values).expect("memory")[0].cost
    };
    let n = problem.values.len();
    for (a1, dead_time) in [(3.0, 0.1), (5.0, 0.0), (1.5, 0.4)] {
        let mut values = problem.values.clone();
        (values[n - 2], values[n - 1]) = (a1, dead_time);
        let given = format!("numerator = [2]\ndenominator = [{a1}, 1]\ndead_time = {dead_time}");
        let given = study(&given, "").unwrap_or_else(|error| panic!("{error}"));
        let (found, expected) = (cost(&config, &values), cost(&given, &given.controller.values));
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    }
    // The resolved study is the same.
    let again =
        Config::parse("study.toml".as_ref(), &config.to_toml()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, config);
}

#[test]
fn an_export_has_a_tuned_plant_as_the_plant() {
    let directory = tempfile::tempdir().expect("a directory");
    let text =
        "[[tune]]\nparameter = \"plant.a1\"\nlower = 1.0\nupper = 9.0\n[swarm.stopping]\nevaluations = 60\n";
    let config = study(LAG, text).unwrap_or_else(|error| panic!("{error}"));
    let file = write_config(directory.path(), "study.toml", config.to_toml());
    let out = directory.path().join("out");
    let out = out.to_str().expect("UTF-8");
    assert!(gainswarm(&["tune", &file, "--quiet", "--output", out]).status.success());
    let csv = std::fs::read_to_string(Path::new(out).join("gains.csv")).expect("gains");
    let row = csv.lines().find(|line| line.starts_with("pid,plant.a1,")).expect("a row");
    let value = row.split(',').nth(2).expect("a value");
    let python = stdout(&gainswarm(&["export", out, "--format", "python"]));
    let (gains, plant) = python.split_once("PLANT").expect("the plant");
    assert!(!gains.contains("plant.a1") && plant.contains(&format!("\"a1\": {value},")), "{python}");
    // What was exported is read again.
    let table = stdout(&gainswarm(&["export", out, "--format", "csv"]));
    let table = write_config(directory.path(), "table.csv", &table);
    assert!(gainswarm(&["simulate", &file, "--gains", &table]).status.success());
}

#[test]
fn a_parameter_that_cannot_be_tuned_is_refused_with_the_remedy() {
    for (rest, words) in [
        ("[[tune]]\nparameter = \"plant.a7\"\n", "plant.a7\" is unknown"),
        ("[[tune]]\nparameter = \"plant.a1\"\n", "lower is missing"),
        ("[[tune]]\nparameter = \"plant.a1\"\nlower = 2.0\nupper = 1.0\n", "upper"),
        (
            "uncertainty = { a1 = 10.0 }\n[[tune]]\nparameter = \"plant.a1\"\nlower = 1.0\nupper = 2.0\n",
            "is tuned, and cannot be uncertain",
        ),
        (
            "[[tune]]\nparameter = \"plant.a1\"\nlower = 1.0\nupper = 2.0\n[[tune]]\nparameter = \"plant.a1\"\nlower = 1.0\nupper = 2.0\n",
            "tuned twice",
        ),
    ] {
        let error = study(LAG, rest).expect_err(rest).to_string();
        assert!(error.contains(words), "{rest}\n{error}");
    }
}

#[test]
fn a_table_may_have_several_columns() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "log.csv", "time,voltage,speed\n0.0,1.0,5.0\n1.0,2.0,6.0\n");
    let with = |column: &str| {
        let text = format!(
            "[plant]\n{LAG}\n[controller]\ntype = \"pid\"\n[connect]\nmeasurement = \"y\"\n[cost.iae]\nsignals = [\"error\"]\n\
             [[scenarios]]\nsignals = {{ reference = {{ type = \"table\", file = \"log.csv\"{column} }} }}\n"
        );
        Config::parse(&directory.path().join("study.toml"), &text)
    };
    let points = |config: Config| {
        let place = config.wiring.signal("reference").expect("a signal");
        config.scenarios[0].signals[place][0].points.to_vec()
    };
    assert_eq!(points(with("").expect("a study")), [(0.0, 1.0), (1.0, 2.0)]);
    assert_eq!(points(with(", column = \"speed\"").expect("a study")), [(0.0, 5.0), (1.0, 6.0)]);
    let error = with(", column = \"sped\"").expect_err("no such column").to_string();
    assert!(error.contains("has no column \"sped\"") && error.contains("speed"), "{error}");
}
