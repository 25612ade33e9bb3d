//! Plants that ship as FMUs of our own making: each moves as its equations do, and is tuned as they are.

use std::path::{Path, PathBuf};

use gainswarm::config::{Config, names_of};
use gainswarm::model::Kind;
use gainswarm::problem::Problem;
use gainswarm::report::FormatKind;
use gainswarm::report::export::Export;
use gainswarm::simulation::{Ending, SimdLevel, Trajectory};

use super::{bench, run};
use crate::support::libraries::{Bench, pendulum};
use crate::support::{results, stderr, write_config};

/// A study in which numbers drive a plant; `start` says where its scenario starts.
fn driven(line: &str, start: &str, plant: &Config) -> String {
    let declared = &plant.plant.of.model.declared;
    let inputs = declared.inputs.iter().enumerate();
    let inputs: Vec<(String, f64)> = inputs
        .map(|(place, input)| {
            (input.quantity.name.clone(), input.default.unwrap_or([0.1, 0.15, 0.2, 0.25][place % 4]))
        })
        .collect();
    let each = |write: &dyn Fn(usize, &str, f64) -> String| -> String {
        inputs.iter().enumerate().map(|(place, (name, value))| write(place, name, *value)).collect()
    };
    let states: Vec<String> =
        declared.states.iter().map(|state| format!("\"{}\"", state.quantity.name)).collect();
    format!(
        "[plant]\n{line}\n[controller]\nequations = \"\"\"\n{}\"\"\"\n[controller.gains]\n{}[controller.outputs]\n{}[connect]\n{}\
         [simulation]\ndt = 0.001\nduration = 0.2\n[[scenarios]]\n{start}\n[cost.ise]\nsignals = [{}]\n",
        each(&|place, _, _| format!("says{place} = gain{place}\n")),
        each(&|place, _, value| format!("gain{place} = {{ default = {value:?}, search = [-9.0, 9.0] }}\n")),
        each(&|place, _, _| format!("says{place} = {{}}\n")),
        each(&|place, name, _| format!("{name} = \"says{place}\"\n")),
        states.join(", ")
    )
}

/// The usual study of a plant.
fn usual(bench: &Bench, plant: &str) -> Config {
    let path = bench.room.path().join(format!("{plant}.toml"));
    let started = run(&["init", "--plant", plant, "--output", &path.display().to_string()], "");
    assert!(started.status.success(), "{}", stderr(&started));
    Config::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// The plant of a study as an FMU.
fn exported(bench: &Bench, config: &Config) -> PathBuf {
    let export = Export::new(config, &config.controller.values);
    let bytes = FormatKind::Fmu.file(&export).unwrap_or_else(|error| panic!("{error}"));
    let path = bench.room.path().join(format!("{}.fmu", config.plant.name()));
    std::fs::write(&path, bytes).expect("room");
    path
}

fn line(fmu: &Path) -> String {
    format!("fmu = {:?}", fmu.display().to_string())
}

fn recorded(config: &Config) -> (Ending, Trajectory) {
    let problem = Problem::new(config);
    let recorded = problem.simulator.record(SimdLevel::widest(), &problem.values, &problem.scenarios[0], 1);
    let (record, trajectory) = recorded.expect("memory");
    (record.ending, trajectory)
}

#[test]
fn every_plant_of_equations_moves_as_an_fmu_as_it_does_here() {
    let Some(bench) = bench() else { return };
    let mut refused = Vec::new();
    for plant in names_of(Kind::Plant) {
        let of = usual(&bench, plant);
        let starts: Vec<f64> = of.plant.of.model.declared.states.iter().map(|state| state.initial).collect();
        let start = format!("initial_state = {starts:?}");
        let equations = study_of(&driven(&format!("type = \"{plant}\""), &start, &of), plant);
        let export = Export::new(&equations, &equations.controller.values);
        if let Err(error) = FormatKind::Fmu.text(&export) {
            let error = error.to_string();
            assert!(error.contains("fmu is for a plant without `delay`"), "{plant}: {error}");
            refused.push(plant);
            continue;
        }
        let unit = study_of(&driven(&line(&exported(&bench, &equations)), "", &of), plant);
        let [(found, moved), (expected, wanted)] = [&unit, &equations].map(recorded);
        assert_eq!((found, moved.rows().count()), (expected, wanted.rows().count()), "{plant}");
        let declared = &of.plant.of.model.declared;
        let states = declared.states.iter().map(|state| &state.quantity);
        for quantity in states.chain(&declared.outputs) {
            let place = |config: &Config| {
                let name = quantity.name.as_str();
                config.columns().iter().position(|column| column.quantity.name == name).expect(name) + 1
            };
            let [at, of] = [&unit, &equations].map(place);
            // An output shows the input of the step before, which before the first one is its default.
            for (row, (moved, wanted)) in moved.rows().zip(wanted.rows()).enumerate().skip(1) {
                let [moved, wanted] = [moved[at], wanted[of]];
                let is_near = (moved - wanted).abs() <= 1e-11 * (1.0 + wanted.abs());
                assert!(is_near, "{plant}: {} is {moved} and not {wanted} in row {row}", quantity.name);
            }
        }
    }
    assert_eq!(
        refused,
        ["first_order_plus_dead_time", "integrating_plus_dead_time", "second_order_plus_dead_time"]
    );
}

fn study_of(text: &str, plant: &str) -> Config {
    Config::parse(Path::new("study.toml"), text).unwrap_or_else(|error| panic!("{plant}: {error}\n{text}"))
}

/// Results of `tune` that do not depend on what the plant is made of: gains, and the cost.
fn tuned(bench: &Bench, name: &str, text: &str) -> (PathBuf, Vec<f64>, f64) {
    let room = bench.room.path();
    let config = write_config(room, &format!("{name}.toml"), text);
    let output = room.join(name);
    let tuned = run(&["tune", &config, "--quiet", "--output", &output.display().to_string()], "");
    assert!(tuned.status.success(), "{name}: {}", stderr(&tuned));
    let (gains, _, summary) = results(&output);
    let mut rows = csv::Reader::from_reader(gains.as_bytes());
    let value = rows.headers().expect("a head").iter().position(|name| name == "value").expect("a column");
    let gains = rows.records().map(|row| row.expect("a row")[value].parse().expect("a number")).collect();
    let cost = summary.iter().find_map(|entry| entry.strip_prefix("cost=")).expect("a cost");
    (output, gains, cost.parse().expect("a number"))
}

#[test]
fn the_pendulum_of_a_tuned_study_is_exported_and_tuned_as_an_fmu_with_the_same_gains() {
    let Some(bench) = bench() else { return };
    let text = |plant: &str, start: &str| {
        let text = pendulum(plant, 1e-3, 0.5);
        let drawn = "ranges = { theta1 = 0.05, theta2 = 0.05 }\ncount = 8\nseed = 1\n";
        assert!(text.contains(drawn), "{text}");
        let text = text.replace(drawn, start);
        text.replace("[swarm.stopping]", "[swarm]\ncoarse_first = false\n[swarm.stopping]")
    };
    let of_equations = text(
        "type = \"double_inverted_pendulum\"\nlink1_mass = 0.21",
        "initial_state = [0.0, 0.05, -0.03, 0.0, 0.0, 0.0]\n",
    );
    let (output, gains, cost) = tuned(&bench, "equations", &of_equations);
    let fmu = bench.room.path().join("pendulum.fmu").display().to_string();
    let output = output.display().to_string();
    let arguments = ["export", &output, "--format", "fmu"];
    let unsaid = run(&arguments, "");
    assert_eq!(unsaid.status.code(), Some(2));
    assert!(stderr(&unsaid).contains("--output is not given, and fmu is no text"), "{}", stderr(&unsaid));
    let written = run(&[&arguments[..], &["--output", &fmu]].concat(), "");
    assert!(written.status.success(), "{}", stderr(&written));
    let plant = format!("{}\ntheta1_start = 0.05\ntheta2_start = -0.03", line(Path::new(&fmu)));
    let of_unit = text(&plant, "");
    let (_, found, cost_of_unit) = tuned(&bench, "unit", &of_unit);
    assert!((cost_of_unit / cost - 1.0).abs() < 1e-9, "{cost_of_unit} and {cost}");
    assert_eq!(found.len(), gains.len());
    for (found, gain) in found.iter().zip(&gains) {
        assert!((found - gain).abs() <= 1e-6 * gain.abs(), "{found} and {gain}");
    }
    // What the study has said of the plant is what the FMU starts from.
    let unit = study_of(&of_unit, "pendulum");
    let place = unit.plant.parameters().iter().position(|parameter| parameter.name == "link1_mass");
    assert_eq!(unit.plant.values[place.expect("a parameter")].to_bits(), 0.21_f64.to_bits());
}
