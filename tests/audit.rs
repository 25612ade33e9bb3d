//! The memory audit as a user runs it: green where nothing leaks. What it says of leaks stands in `tests/leaks.rs`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use gainswarm::bench::{Measurement, TARGETS, Thresholds};
use gainswarm::config::controllers_as_they_stand;
use gainswarm::native::Backend;
use serde_json::Value;

use crate::support::{gainswarm, stderr, stdout, write_config};

/// The audit of every controller, its files and what it says.
static OF_EVERY_CONTROLLER: LazyLock<(PathBuf, Option<i32>, Value, String)> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit");
    let (code, json, messages) = audit(&directory, &[]);
    (directory, code, json, messages)
});

fn audit(directory: &Path, options: &[&str]) -> (Option<i32>, Value, String) {
    let output = directory.to_str().expect("UTF-8");
    let short = ["audit", "--cycles", "5", "--steps", "4000", "--threads", "3", "--json", "--output", output];
    let run = gainswarm(&[&short[..], options].concat());
    let json = serde_json::from_str(&stdout(&run)).expect("JSON");
    (run.status.code(), json, stderr(&run))
}

#[test]
fn every_controller_is_ready_and_the_files_say_so() {
    let (directory, code, json, messages) = &*OF_EVERY_CONTROLLER;
    assert_eq!(*code, Some(0), "{messages}");
    assert_eq!(json["ready"], true);
    let self_test = json["self_test"].as_array().expect("a list");
    assert_eq!(self_test.len(), 4, "an allocation alone and by workers, a leak, growth");
    assert!(self_test.iter().all(|planted| planted["caught"] == true), "{self_test:?}");
    let controllers = json["controllers"].as_array().expect("a list");
    assert_eq!(controllers.len(), 4);
    for controller in controllers {
        assert_eq!(controller["score"], 100, "{controller}");
        assert_eq!(controller["bytes_per_step"], 0.0);
        assert_eq!(controller["bytes_per_simulation"], controller["declared_bytes"]);
        assert!(controller["declared_bytes"].as_u64().expect("bytes") < 4096);
        assert!(controller["declared_bytes_with_history"].as_u64().expect("bytes") < 16_384);
        assert_eq!(controller["worker_allocations"], serde_json::json!([0, 0, 0]));
        let name = controller["controller"].as_str().expect("a name");
        let svg = std::fs::read_to_string(directory.join(format!("{name}.svg"))).expect("a plot");
        assert!(svg.starts_with("<svg") && svg.contains("live bytes"));
        let png = std::fs::read(directory.join(format!("{name}.png"))).expect("a plot");
        assert!(png.starts_with(b"\x89PNG"));
    }
    // Live bytes of every length of a simulation are the same.
    let mut csv = csv::Reader::from_path(directory.join("audit.csv")).expect("a table");
    let rows: Vec<csv::StringRecord> = csv.records().map(|row| row.expect("a row")).collect();
    let stress: Vec<&str> =
        rows.iter().filter(|row| &row[0] == "classical" && &row[1] == "stress").map(|row| &row[3]).collect();
    assert_eq!(stress.len(), 4);
    assert!(stress.iter().all(|bytes| *bytes == stress[0]), "{stress:?}");
}

#[test]
fn the_plant_and_the_scenarios_of_a_study_are_audited() {
    for config in ["configs/cart_pole.toml", "configs/robust_hybrid_adaptive_super_twisting.toml"] {
        let directory = tempfile::tempdir().expect("a directory");
        let (code, json, messages) = audit(directory.path(), &[config]);
        assert_eq!(code, Some(0), "{config}: {messages}");
        assert_eq!(json["controllers"].as_array().expect("a list").len(), 1);
    }
}

#[test]
fn what_keeps_gains_from_being_simulated_is_left_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let study = "constraints = [\"K > 49.9999\", \"K < 50.0001\"]\nrequire_certificate = true\n\
        [[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
        [swarm]\nwarm_start = [[20.0, 25.0, 5.0, 5.0, 50.0, 5.0]]\n";
    let config = write_config(directory.path(), "narrow.toml", study);
    let (code, json, messages) = audit(directory.path(), &[&config, "--soak", "1s"]);
    assert_eq!(code, Some(0), "{messages}");
    for controller in json["controllers"].as_array().expect("a list") {
        let phases = controller["phases"].as_array().expect("a list");
        for name in ["batch", "soak"] {
            let phase = phases.iter().find(|phase| phase["name"] == name).expect("the phase");
            let finding = phase["finding"].as_str().expect("words").replace(',', "");
            let simulations: u64 = finding.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
            assert!(simulations >= 1000, "{finding}");
        }
    }
}

#[test]
fn a_tuning_a_bench_and_the_audit_tell_the_same_bytes_a_simulation() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_, _, audited, _) = &*OF_EVERY_CONTROLLER;
    // Without --check, so that how fast it is says nothing.
    let bench = gainswarm(&["bench", "--duration", "1s", "--threads", "1", "--quiet", "--json"]);
    let measured: Value = serde_json::from_str(&stdout(&bench)).expect("JSON");
    for (k, name) in controllers_as_they_stand().into_iter().enumerate() {
        let (audited, measured) = (&audited["controllers"][k], &measured["controllers"][k]);
        assert_eq!((&audited["controller"], &measured["controller"]), (&name.into(), &name.into()));
        assert_eq!(audited["bytes_per_simulation"], measured["bytes_per_simulation"], "{name}");
        for (history, key) in
            [("", "bytes_per_simulation"), ("[history]\ncapacity = 100\n", "declared_bytes_with_history")]
        {
            let study = format!(
                "[controller]\ntype = \"{name}\"\n{history}[simulation]\nduration = 0.2\n[[scenarios]]\n\
                 initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[swarm.stopping]\ngenerations = 2\n"
            );
            let config = write_config(directory.path(), "study.toml", study);
            let output = directory.path().join(format!("{name} {key}"));
            let output = output.to_str().expect("UTF-8");
            let run = gainswarm(&["tune", &config, "--quiet", "--json", "--output", output]);
            let summary: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
            assert!(summary["bytes_per_simulation"].as_u64().expect("bytes") > 0);
            assert_eq!(summary["bytes_per_simulation"], audited[key], "{name} {history}");
        }
    }
}

#[test]
fn a_soak_watches_a_tuning_until_its_time_is_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, json, messages) = audit(directory.path(), &["--controllers", "classical", "--soak", "2s"]);
    assert_eq!(code, Some(0), "{messages}");
    let phases = json["controllers"][0]["phases"].as_array().expect("a list");
    let soak = phases.iter().find(|phase| phase["name"] == "soak").expect("the phase");
    assert!(soak["finding"].as_str().expect("words").contains("live bytes grew by 0"), "{soak}");
    let text = std::fs::read_to_string(directory.path().join("audit.csv")).expect("a table");
    let samples = text.lines().filter(|line| line.starts_with("classical,soak,")).count();
    assert!(samples > 5, "{samples}");
}

#[test]
fn a_soak_goes_on_whatever_would_end_the_search_of_its_study() {
    let directory = tempfile::tempdir().expect("a directory");
    let study = "memory_limit = 1000\n[simulation]\nduration = 0.1\n[[scenarios]]\n\
        initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[swarm.restarts]\ntimes = 1\npatience = 1\n[swarm.polish]\nafter = 1\n";
    let config = write_config(directory.path(), "ends.toml", study);
    let (code, json, messages) = audit(directory.path(), &[&config, "--soak", "3s"]);
    assert_eq!(code, Some(0), "{messages}");
    let mut csv = csv::Reader::from_path(directory.path().join("audit.csv")).expect("a table");
    let rows = csv.records().map(|row| row.expect("a row")).filter(|row| &row[1] == "soak");
    let last = rows.map(|row| row[2].parse::<f64>().expect("a time")).fold(0.0, f64::max);
    assert!(last > 2.0, "{last} s, {json}");
}

#[test]
fn an_interrupted_audit_keeps_what_it_knows() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = directory.path().to_str().expect("UTF-8");
    let options = ["audit", "--cycles", "5", "--steps", "2000", "--soak", "10m", "--output", output];
    let mut run = Command::new(env!("CARGO_BIN_EXE_gainswarm"))
        .args(options)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let lines = BufReader::new(run.stderr.take().expect("a pipe")).lines();
    for line in lines.map(|line| line.expect("a line")) {
        if line.ends_with("classical: soak") {
            let kill = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
            assert!(kill.expect("kill starts").success());
        }
    }
    assert_eq!(run.wait().expect("an end").code(), Some(130));
    let text = std::fs::read(directory.path().join("audit.json")).expect("a file");
    let json: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(json["controllers"].as_array().expect("a list").len(), 1, "the others were not begun");
    assert_eq!((&json["ready"], &json["open_controllers"]), (&false.into(), &3.into()));
    let classical = &json["controllers"][0];
    assert_eq!((&classical["ready"], &classical["interrupted"]), (&false.into(), &true.into()));
    let phases = classical["phases"].as_array().expect("a list");
    assert!(phases.iter().all(|phase| phase["green"] == true), "what was seen was good: {phases:?}");
}

#[test]
fn an_alert_factor_is_a_number() {
    for wrong in ["nan", "-1", "inf", "much"] {
        let run = gainswarm(&["audit", &format!("--alert-factor={wrong}")]);
        assert_eq!(run.status.code(), Some(2), "{wrong}");
        assert!(stderr(&run).contains("a number, 0 or larger"), "{}", stderr(&run));
    }
}

#[test]
fn what_falls_is_not_judged_by_its_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let falls =
        "[controller]\nu_max = 0.001\n[[scenarios]]\ninitial_state = [0.0, 0.5, 0.5, 0.0, 0.0, 0.0]\n";
    let config = write_config(directory.path(), "falls.toml", falls);
    let (code, json, messages) = audit(directory.path(), &[&config]);
    assert_eq!(code, Some(1), "{messages}");
    for name in ["memory patterns", "history bounds", "stress"] {
        let phases = json["controllers"][0]["phases"].as_array().expect("a list");
        let phase = phases.iter().find(|phase| phase["name"] == name).expect("the phase");
        assert!(
            phase["finding"].as_str().expect("words").contains("not measured: the loop fails"),
            "{phase}"
        );
    }
}

/// A short bench of one controller.
fn bench(arguments: &[&str]) -> std::process::Output {
    gainswarm(&[&["bench", "--controllers", "classical", "--duration", "1s"], arguments].concat())
}

#[test]
fn bench_tells_what_it_measures_and_checks_it_against_thresholds() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = directory.path().to_str().expect("UTF-8");
    // No machine reaches this rate, so that one threshold is surely missed.
    let rate = ["--check", "--min-steps-per-s", "1e15"];
    let run = bench(&[&["--threads", "2,3"], &rate[..], &["--json", "--output", output]].concat());
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(stderr(&run).contains("error: classical: ") && stderr(&run).contains("wanted: 1000000000000000"));
    let json: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    let saved = std::fs::read(directory.path().join("bench.json")).expect("a file");
    assert_eq!(serde_json::from_slice::<Value>(&saved).expect("JSON"), json);
    let measured = &json["controllers"][0];
    assert_eq!((&measured["hot_path_allocations"], &measured["growth_bytes"]), (&0.into(), &0.into()));
    assert!(measured["bytes_per_simulation"].as_u64().expect("bytes") > 0);
    let scaling = measured["scaling"].as_array().expect("a row a number of threads");
    let threads: Vec<u64> = scaling.iter().filter_map(|row| row["threads"].as_u64()).collect();
    assert_eq!(threads, [1, 2, 3], "one thread is always among them");
    let number = |name: &str| measured[name].as_f64().expect("a number");
    assert_eq!(scaling[2]["control_steps_per_s"], measured["control_steps_per_s"]);
    assert!(
        number("control_steps_per_s") > 0.0 && number("share_of_peak") > 0.0 && number("share_of_peak") < 1.0
    );
    let [alone, block] = ["latency_alone_ms_per_s", "latency_full_block_ms_per_s"]
        .map(|kind| ["p50", "p99", "p999"].map(|name| measured[kind][name].as_f64().expect("a number")));
    assert!([alone, block].iter().all(|latency| latency[0] > 0.0 && latency.is_sorted()), "{measured}");
    assert!((0.0..1.0).contains(&number("scheduling_overhead")));
    assert!(
        number("saved_by_a_block") < 1.0 && number("new_arena_ns") > 0.0 && number("kept_arena_ns") > 0.0
    );
    assert!(number("best_scheduling_overhead") <= number("scheduling_overhead"));
    assert!(number("best_control_steps_per_s_1_thread") >= number("control_steps_per_s_1_thread"));
    assert!(number("windows") >= 8.0 && number("noise") >= 1.0, "{measured}");
    // Machine code leaves out three of four pairs of vectors.
    if measured["backend"] == "native" {
        assert!(alone[0] < 0.6 * block[0], "{measured}");
    } else {
        assert_eq!(measured["backend"], "program");
    }
}

#[test]
fn bench_runs_the_program_where_it_is_asked_to_and_says_so() {
    let run = bench(&["--threads", "1", "--backend", "program"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let table = stdout(&run);
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).expect("a row").to_owned();
    assert!(row("backend").ends_with("program"), "{table}");
    for kind in ["latency alone", "latency in a full block"] {
        for quantile in ["P50", "P99", "P99.9"] {
            row(&format!("{kind} {quantile} ms/s "));
        }
    }
}

#[test]
fn a_run_that_may_not_use_what_it_needs_is_refused_before_it_starts() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = directory.path().join("out");
    let output = output.to_str().expect("UTF-8");
    let tune = |limit: &str| {
        gainswarm(&["tune", "configs/classical.toml", "--quiet", "--output", output, "--memory-limit", limit])
    };
    let refused = tune("100K");
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    let message = stderr(&refused);
    assert!(
        message.contains("may use 102400 (memory_limit)") && message.contains("reduce particles"),
        "{message}"
    );
    // What the refusal says is enough, but for the few bytes that a longer option takes.
    let (_, rest) = message.split_once("needs ").expect("a number");
    let needed: u64 = rest.split(' ').next().expect("a number").parse().expect("a number");
    let accepted = tune(&format!("{}K", needed / 1024 + 1));
    assert!(accepted.status.success(), "{}", stderr(&accepted));
    assert_eq!(tune("a lot").status.code(), Some(2));
}

#[test]
fn bench_names_every_threshold_that_is_missed_and_no_other() {
    let good = Measurement {
        controller: "classical",
        backend: Backend::Native,
        turns: 4,
        windows: 12,
        lanes: 64,
        steps_per_s: vec![(1, 1.0), (2, 1.0)],
        best_steps_per_s: 200_000.0,
        simulations_per_s: 1.0,
        ns_per_step: 1.0,
        kernel_steps_per_s: 1.0,
        peak_flops: 1.0,
        flops: 1.0,
        latency_alone_ms: [0.1, 0.5, 9.0],
        latency_block_ms: [3.2, 9.0, 9.0],
        arena_ns: [100.0, 50.0],
        noise: 1.2,
        bytes_per_simulation: 288,
        allocations: Some(0),
        growth_bytes: 0,
        overhead: 0.1,
        best_overhead: 0.005,
        efficiency: 0.1,
    };
    let thresholds =
        Thresholds { steps_per_s: 200_000.0, latency_ms: 0.5, overhead: 0.005, saved: 0.5, arena: 0.5 };
    assert_eq!(TARGETS, thresholds, "what README and the design promise");
    assert!(good.misses(&thresholds).is_empty(), "{:?}", good.misses(&thresholds));
    let unmetered = Measurement { allocations: None, ..good.clone() };
    assert!(unmetered.misses(&thresholds).is_empty());
    let cases = [
        (
            Measurement { best_steps_per_s: 199_999.0, ..good.clone() },
            "199999 control steps/s on one thread, wanted: 200000",
        ),
        (
            Measurement { latency_alone_ms: [0.1, 0.501, 9.0], ..good.clone() },
            "(P99, native) of 0.501 ms a simulated second, allowed: 0.5",
        ),
        (
            Measurement { best_overhead: 0.0051, ..good.clone() },
            "scheduling overhead of 0.510 %, allowed: 0.5 %",
        ),
        (
            Measurement { latency_block_ms: [3.3, 9.0, 9.0], ..good.clone() },
            "a full block of 64 saves 48.4 % of a simulation's time, wanted: 50 %",
        ),
        (
            Measurement { arena_ns: [100.0, 51.0], ..good.clone() },
            "a kept arena takes 51.0 ns and a new one 100.0 ns, a share of 0.51, allowed: 0.5",
        ),
        (Measurement { growth_bytes: 1, ..good.clone() }, "growth of 1 bytes a turn, allowed: 0"),
        (Measurement { allocations: Some(1), ..good.clone() }, "1 allocations on the hot path, allowed: 0"),
    ];
    for (measurement, said) in cases {
        let misses = measurement.misses(&thresholds);
        assert!(misses.len() == 1 && misses[0].contains(said), "{misses:?}, not {said}");
        let is_timing = !said.contains("bytes") && !said.contains("allocations");
        assert_eq!(misses[0].contains("the machine was quiet (noise 1.20)"), is_timing, "{misses:?}");
        let noisy = Measurement { noise: 1.25, ..measurement }.misses(&thresholds);
        let remedy =
            noisy[0].contains("noisy (noise 1.25") && noisy[0].contains("quiet machine or with a longer");
        assert_eq!(remedy, is_timing, "{noisy:?}");
    }
    assert!(Measurement { noise: 9.0, ..good }.misses(&thresholds).is_empty(), "noise alone misses nothing");
}
