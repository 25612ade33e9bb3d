//! What `validate` leaves behind: when it is interrupted, and on the page of a tuning.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gainswarm::config::Config;
use gainswarm::engine::Resources;
use gainswarm::validation::{Trial, sets};

use crate::support::{gainswarm, stderr, write_config};

/// A pole on a cart: from the starts of its first set it does not fall, from those of its second it does at times.
const STUDY: &str = r#"
study = "pole"
[plant]
type = "cart_pole"
[controller]
type = "classical"
u_max = 10.0
[simulation]
duration = 2.0
[[scenarios]]
count = 4
ranges = { theta = 0.2 }
[[validation]]
name = "near"
ranges = { theta = 0.1, x = 0.1 }
[[validation]]
name = "far"
ranges = { x = 0.5, theta = 1.2, theta_dot = 4.0 }
uncertainty = { link_mass = 10.0 }
disturbances = [{ type = "step", amplitude = 2.0, start = 0.5 }, { type = "noise", amplitude = 0.5, frequency = 5.0 }]
noise = { theta = 1e-3 }
quantisation = { x = 1e-4 }
dead_time = 2
control_period = 2
[swarm]
particles = 10
coarse_first = false
[swarm.stopping]
generations = 5
"#;

#[test]
fn a_trial_that_is_stopped_says_how_much_was_done_and_one_that_is_not_has_the_same_bits_in_any_parts() {
    let config = Config::parse("study.toml".as_ref(), STUDY).expect("a valid study");
    let set = &sets(&config).expect("sets")[1];
    let values = &config.controller.values;
    let resources = Resources { threads: 1, ..Resources::default() };
    let run = |samples: usize, stop: &dyn Fn() -> bool| {
        let trial = Trial { config: &config, resources, samples, seed: 1, stop };
        trial.run(set, values, 1.0).expect("memory")
    };
    let asked = Cell::new(0);
    let stopped = run(300, &|| {
        asked.set(asked.get() + 1);
        asked.get() > 1
    });
    // The first part is of 32 runs.
    assert_eq!(stopped.break_value(), Some(32));
    assert_eq!(run(300, &|| true).break_value(), Some(0));
    let (Some(whole), Some(part)) =
        (run(300, &|| false).continue_value(), run(64, &|| false).continue_value())
    else {
        panic!("nobody stopped it")
    };
    assert_eq!(whole.records[..64], part.records);
}

#[test]
fn a_signal_ends_a_validation_within_seconds_and_keeps_the_sets_that_are_complete() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "study.toml", STUDY);
    let gains = write_config(
        directory.path(),
        "gains.csv",
        "controller,gain,value,unit,lower,upper,tuned\nclassical,kd,20,N s/rad,,,true\n",
    );
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let output = directory.path().join(signal);
        let run = Command::new(env!("CARGO_BIN_EXE_gainswarm"))
            .args(["validate", &config, "--gains", &gains, "--samples", "1000000", "--threads", "1"])
            .args(["--quiet", "--output", output.to_str().expect("UTF-8")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // It listens before it makes its directory.
        let start = Instant::now();
        while !output.exists() && start.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let sent = Command::new("kill").args([signal, &run.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        let ended = run.wait_with_output().expect("an end");
        assert_eq!(ended.status.code(), Some(code), "{}", stderr(&ended));
        let said = stderr(&ended);
        assert!(said.contains("no set is complete, so that nothing is written"), "{said}");
        assert!(said.contains("missing: near") && said.contains(", far"), "{said}");
        assert!(!output.join("validation.json").exists());
    }
}

#[test]
fn sets_that_are_complete_are_written_with_the_names_of_those_that_are_missing() {
    let config = Config::parse("study.toml".as_ref(), STUDY).expect("a valid study");
    let values = &config.controller.values;
    let trial = Trial {
        config: &config,
        resources: Resources { threads: 1, ..Resources::default() },
        samples: 20,
        seed: 1,
        stop: &|| false,
    };
    let ControlFlow::Continue(near) =
        trial.run(&sets(&config).expect("sets")[0], values, 1.0).expect("memory")
    else {
        panic!("nobody stopped it")
    };
    let validation = gainswarm::report::Validation {
        config: &config,
        seed: 1,
        values,
        files: [Path::new("study.toml"), Path::new("gains.csv")],
        findings: &[near],
        others: &[],
        pairings: Vec::new(),
        differences: Vec::new(),
        missing: vec!["far"],
    };
    let json = validation.to_json();
    assert_eq!(json["sets"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["missing"], serde_json::json!(["far"]));
    assert!(json["sets"][0]["replay"].as_str().is_some_and(|command| command.contains("--replay near/1/")));
}

#[test]
fn the_page_shows_costs_with_falls_apart_where_they_start_and_the_worst_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "study.toml", STUDY);
    let output = directory.path().join("out");
    let out = output.to_str().expect("UTF-8");
    let run = gainswarm(&["tune", &config, "--quiet", "--output", out]);
    assert!(run.status.success(), "{}", stderr(&run));
    let gains = output.join("gains.csv");
    let gains = gains.to_str().expect("UTF-8");
    let options = ["--samples", "600", "--quiet", "--output", out];
    let run = gainswarm(&[&["validate", &config, "--gains", gains], &options[..]].concat());
    assert!(run.status.success(), "{}", stderr(&run));
    // The page is made later, of what the files say alone.
    std::fs::remove_file(&config).expect("the config is there");
    let run = gainswarm(&["report", out, "--plots"]);
    assert!(run.status.success(), "{}", stderr(&run));

    let json = std::fs::read_to_string(output.join("validation.json")).expect("JSON");
    assert!(json.len() < 200_000, "{} bytes", json.len());
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let far = &json["sets"][1];
    let failed = far["failed"].as_u64().expect("a count");
    assert!(failed > 0 && failed < 600, "{failed} of 600");
    let starts = |kind: &str| far["starts"][kind].as_array().expect("starts").len() as u64;
    assert_eq!([starts("failed"), starts("survived")], [failed.min(250), (600 - failed).min(250)]);
    // What decides is the angle.
    assert_eq!(far["starts"]["states"].as_array().map(Vec::len), Some(3));
    assert_eq!(far["starts"]["states"][0], "theta", "{}", far["starts"]["states"]);

    let page = std::fs::read_to_string(output.join("report.html")).expect("a page");
    let plots = ["validation_costs_1", "validation_starts_1", "validation_costs_2", "validation_starts_2"];
    for plot in plots.into_iter().chain(["worst_theta", "worst_u", "worst_sigma"]) {
        assert!(page.contains(&format!("data-plot=\"{plot}\"")), "{plot}");
        assert!(output.join("plots").join(format!("{plot}.svg")).exists(), "{plot}");
    }
    assert!(page.contains(&format!("and in red the {failed} that fell")));
    let id = far["worst"][0]["id"].as_str().expect("an id");
    assert!(page.contains(&format!("The worst run: {id}")) && page.contains("It falls after "));
    assert!(page.contains(far["replay"].as_str().expect("a command")));

    // New results take the plots away.
    let config = write_config(directory.path(), "study.toml", STUDY);
    let run = gainswarm(&["tune", &config, "--quiet", "--force", "--seed", "9", "--output", out]);
    assert!(run.status.success(), "{}", stderr(&run));
    assert_eq!(std::fs::read_dir(output.join("plots")).expect("the folder").count(), 0);
}
