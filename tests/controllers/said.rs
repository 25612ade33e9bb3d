//! What a controller says of itself, what it loses in float, and what is refused.

use std::fmt::Write as _;
use std::path::PathBuf;

use gainswarm::config::Config;
use gainswarm::replay;
use gainswarm::report::FormatKind;
use gainswarm::report::export::{Export, Precision};

use super::{STRICT, run};
use crate::support::{SMALL_STUDY, gainswarm, shipped_studies, stderr, stdout, study, write_config};

/// A PI on a motor in a world with all that there is between law and plant.
const WORLD: &str = "
[plant]
type = \"dc_motor\"
[controller]
type = \"pi\"
Kp = 0.05
Ki = 0.2
[connect]
measurement = \"omega\"
voltage = \"u\"
[simulation]
dt = 0.002
duration = 1.0
[cost.control_effort]
weight = 1.0
[cost.ise]
signals = [\"error\"]
[[scenarios]]
signals = { reference = 20.0, load = { type = \"step\", amplitude = 0.01, start = 0.5 } }
control_period = 5
dead_time = 3
noise = { omega = 0.05 }
quantisation = { omega = 0.01 }
actuator_lag = 0.01
rate_limit = 500.0
";

/// The costs with double and with float.
fn costs(export: &Export) -> [f64; 2] {
    let lines = export.loss().expect("memory");
    let line = lines.last().expect("a line");
    let number = |behind: &str| {
        let (_, rest) = line.split_once(behind).unwrap_or_else(|| panic!("{behind} in {line}"));
        rest.split([',', ' '])
            .next()
            .and_then(|text| text.trim_end_matches('.').parse().ok())
            .expect("a number")
    };
    [number("double is "), number("float ")]
}

#[test]
fn a_law_outside_of_the_loop_costs_what_it_costs_inside() {
    let smith = "[plant]\ntype = \"first_order_plus_dead_time\"\n[controller]\ntype = \"smith_predictor\"\n[connect]\nmeasurement = \"x\"\n\
                 [simulation]\ndt = 0.02\nduration = 4.0\n[cost.control_effort]\nweight = 1.0\n[[scenarios]]\nsignals = { reference = 1.0 }\n";
    for (name, text) in [("world", WORLD), ("smith", smith), ("sliding", SMALL_STUDY)] {
        let config: Config = study(text);
        let values = &config.controller.values;
        let records = replay::records(&config, values).expect("memory");
        let weight = 1.0 / f64::from(u32::try_from(records.len()).expect("few"));
        let expected: f64 = records.iter().map(|record| weight * record.cost).sum();
        let [double, float] = costs(&Export::new(&config, values));
        assert!((double / expected - 1.0).abs() < 1e-9, "{name}: {double} and {expected}");
        assert!((float / expected - 1.0).abs() < 1e-3, "{name}: {float} and {expected}");
        assert!(float.to_bits() != double.to_bits(), "{name}: float is told apart from double");
    }
}

#[test]
fn a_controller_says_its_study_and_its_certificate_and_float_what_it_loses() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "some.toml", SMALL_STUDY);
    let out: PathBuf = directory.path().join("out");
    let out = out.to_str().expect("UTF-8");
    let run = gainswarm(&["tune", &config, "--quiet", "--output", out]);
    assert!(run.status.success(), "{}", stderr(&run));
    let formats = FormatKind::ALL.iter().filter(|format| format.is_controller());
    for format in formats {
        let run = gainswarm(&["export", out, "--format", format.name()]);
        let text = stdout(&run);
        for word in [
            "study some, seed",
            "config sha256 ",
            "Certificate: ",
            "longest stable period: ",
            "Call step once every",
        ] {
            assert!(text.contains(word), "{word} in {text}\n{}", stderr(&run));
        }
        assert!(!text.contains("loses") && !stderr(&run).contains("loses"));
    }
    let run = gainswarm(&["export", out, "--format", "c-controller", "--precision", "float"]);
    for text in [stdout(&run), stderr(&run)] {
        assert!(text.contains("What float loses") && text.contains("The cost with double is "), "{text}");
    }
    let refused = |arguments: &[&str], words: &str| {
        let run = gainswarm(&[&["export", out][..], arguments].concat());
        assert_eq!(run.status.code(), Some(2), "{arguments:?}");
        assert!(stdout(&run).is_empty() && stderr(&run).contains(words), "{}", stderr(&run));
    };
    refused(&["--format", "st", "--math", "own"], "--math own is not to be had in st\n  allowed: libm");
    refused(&["--format", "python-controller", "--precision", "float"], "float is not to be had in Python");
    refused(
        &["--math", "libm"],
        "--math is given, and csv is no controller\n  leave it out, or give --format c-controller",
    );
    refused(&["--format", "c", "--precision", "float"], "--precision is given, and c is no controller");
}

#[test]
fn a_choice_is_made_and_a_parameter_of_the_plant_that_is_tuned_is_a_gain() {
    let text = format!(
        "{SMALL_STUDY}[[tune]]\nparameter = \"saturation\"\nchoices = [\"tanh\", \"linear\"]\n[[tune]]\nparameter = \"plant.cart_mass\"\nlower = 1.0\nupper = 2.0\n\
         [[tune]]\nparameter = \"K\"\nlower = 1.0\nupper = 2.0\n"
    );
    let config = study(&text);
    let parameters = config.controller.parameters();
    let place = parameters.iter().position(|parameter| parameter.name == "saturation").expect("a choice");
    let written = |choice: f64| {
        let mut values = config.controller.values.clone();
        values[place] = choice;
        let mut export = Export::new(&config, &values);
        export.code.precision = Precision::Double;
        FormatKind::CController.text(&export).expect("a controller")
    };
    let [smooth, linear] = [written(0.0), written(1.0)];
    assert!(smooth.contains("_hyperbolic_tangent(") && !linear.contains("_hyperbolic_tangent("), "{linear}");
    for text in [&smooth, &linear] {
        assert!(
            text.contains("double plant_cart_mass; /* kg") && !text.contains("double saturation"),
            "{text}"
        );
    }
}

#[test]
fn the_law_of_every_study_that_ships_becomes_c_that_compiles_without_a_warning() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut includes = String::new();
    for path in shipped_studies() {
        let config = Config::load(&path).unwrap_or_else(|error| panic!("{error}"));
        let export = Export::new(&config, &config.controller.values);
        let text = FormatKind::CController.text(&export);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = format!("study_{}.h", includes.lines().count());
        std::fs::write(directory.path().join(&name), text).expect("room");
        let _ = writeln!(includes, "#include \"{name}\"");
    }
    let main = format!("{includes}int main(void) {{ return 0; }}\n");
    std::fs::write(directory.path().join("main.c"), main).expect("room");
    run(directory.path(), "cc", &[&STRICT[..], &["-fsyntax-only", "main.c"]].concat());
}
