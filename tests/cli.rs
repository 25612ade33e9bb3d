//! The program as a user runs it.

use std::path::Path;
use std::process::Output;

use crate::support::{
    REFERENCE_STUDY, SMALL_STUDY, gainswarm, largest_difference, reference, stderr, stdout, write_config,
};

fn rows(path: &Path) -> Vec<Vec<f64>> {
    let mut csv = csv::Reader::from_path(path).expect("a trajectory");
    assert_eq!(
        csv.headers().expect("a header").iter().collect::<Vec<_>>().join(","),
        "t,x,theta1,theta2,x_dot,theta1_dot,theta2_dot,u,sigma"
    );
    csv.records()
        .map(|row| row.expect("a row").iter().map(|value| value.parse().expect("a number")).collect())
        .collect()
}

#[test]
fn simulate_reproduces_the_reference_runs_and_costs() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "reference.toml", REFERENCE_STUDY);
    let output = directory.path().join("run.csv");
    for (case, start, cost) in
        [(0, "0,0.1,-0.05,0,0,0", 1.781_179_276_564_770_5), (1, "0,0.2,0.25,0,0,0", 1.905_674_603_474_034_6)]
    {
        let run = gainswarm(&[
            "simulate",
            &config,
            "--initial-state",
            start,
            "--every",
            "10",
            "--output",
            output.to_str().expect("UTF-8"),
        ]);
        assert!(run.status.success(), "{}", stderr(&run));
        let expected = reference(&format!("closed_loop_classical_{case}.csv"));
        let rows = rows(&output);
        assert!(largest_difference(rows.iter().map(Vec::as_slice), &expected) < 1e-8);
        let message = stderr(&run);
        let last = message.lines().last().expect("a line");
        let found: f64 =
            last.rsplit(' ').next().and_then(|cost| cost.parse().ok()).expect("the cost comes last");
        assert!((found - cost).abs() < 1e-8, "{last}");
    }
}

#[test]
fn simulate_of_tuned_gains_gives_the_cost_of_the_tuning() {
    let directory = tempfile::tempdir().expect("a directory");
    // One scenario, so that its cost is the study's.
    let second = SMALL_STUDY.rfind("[[scenarios]]").expect("two scenarios");
    let swarm = SMALL_STUDY.find("[swarm]").expect("a swarm");
    let text = format!("{}{}", &SMALL_STUDY[..second], &SMALL_STUDY[swarm..]);
    let config = write_config(directory.path(), "one.toml", text);
    let out = directory.path().join("out");
    let run = gainswarm(&["tune", &config, "--json", "--quiet", "--output", out.to_str().expect("UTF-8")]);
    assert!(run.status.success(), "{}", stderr(&run));
    let summary: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("one JSON object");
    assert_eq!(summary["hot_path_allocations"], 0);
    assert!(stderr(&run).is_empty(), "quiet: {}", stderr(&run));

    let gains = out.join("gains.csv");
    let run = gainswarm(&["simulate", &config, "--gains", gains.to_str().expect("UTF-8")]);
    let message = stderr(&run);
    let cost = message.trim_end().rsplit(' ').next().and_then(|cost| cost.parse::<f64>().ok());
    assert_eq!(cost, summary["cost"].as_f64(), "{message}");
    assert_eq!(stdout(&run).lines().count(), 1 + 201, "every step, and the state at the end");

    let other = SMALL_STUDY.replace("0.05, 0.0, 0.0, 0.0]", "0.05]").replace("0.15, 0.0, 0.0, 0.0]", "0.15]");
    let other = other.replace("0.1, -0.05]", "0.1, 0.0, 0.0]").replace("-0.2, -0.15]", "-0.2, 0.0, 0.0]");
    let other = write_config(directory.path(), "other.toml", other + "[plant]\ntype = \"cart_pole\"\n");
    let run = gainswarm(&["certify", &other, "--gains", gains.to_str().expect("UTF-8")]);
    let said = "gains.csv was tuned on double_inverted_pendulum, and this study is on cart_pole";
    assert!(stderr(&run).contains(said), "{}", stderr(&run));
}

#[test]
fn simulate_honours_duration_and_step() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "reference.toml", REFERENCE_STUDY);
    let run = gainswarm(&["simulate", &config, "--duration", "0.5", "--dt", "0.002", "--every", "50"]);
    let text = stdout(&run);
    let times: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().expect("t")).collect();
    assert_eq!(times, ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
}

#[test]
fn tune_prints_a_table_and_writes_its_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let by_the_whole = SMALL_STUDY.replacen("[swarm]", "[swarm]\ncoarse_first = false", 1);
    let config = write_config(directory.path(), "small.toml", by_the_whole);
    let out = directory.path().join("deep/er");
    let run = gainswarm(&[
        "tune",
        &config,
        "--output",
        out.to_str().expect("UTF-8"),
        "--generations",
        "3",
        "--particles",
        "8",
    ]);
    assert!(run.status.success(), "{}", stderr(&run));
    let table = stdout(&run);
    for words in [
        "lambda1",
        "1/s",
        "cost",
        "outcome",
        "memory per simulation",
        "allocations on the hot path  0",
        "simulations/s",
        "control steps/s",
    ] {
        assert!(table.contains(words), "{words:?} in\n{table}");
    }
    assert!(!table.contains('\u{1b}'), "no colour when piped");
    assert!(stderr(&run).contains("generation 3/3"));
    let summary = std::fs::read_to_string(out.join("summary.csv")).expect("a summary");
    let mut rows = csv::Reader::from_reader(summary.as_bytes());
    let place = rows.headers().expect("a header").iter().position(|column| column == "bytes_per_simulation");
    let row = rows.records().next().expect("a row").expect("a row");
    let bytes = &row[place.expect("the column")];
    assert!(table.replace(',', "").contains(&format!(" {bytes} bytes")), "{bytes} bytes in\n{table}");
    assert!(
        summary.contains(",3,24,0,48,"),
        "3 generations, 24 evaluations, no restart, 48 simulations: {summary}"
    );
    let mut files: Vec<_> =
        std::fs::read_dir(&out).expect("results").map(|entry| entry.expect("an entry").file_name()).collect();
    files.sort();
    assert_eq!(files, ["checkpoint.bin", "convergence.csv", "gains.csv", "manifest.json", "summary.csv"]);
}

#[test]
fn a_warm_start_is_never_worse_than_the_gains_it_starts_from_and_gains_outside_of_the_search_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = write_config(directory.path(), "first.toml", SMALL_STUDY);
    let one_generation = SMALL_STUDY.replacen("generations = 12", "generations = 1", 1);
    let second = write_config(
        directory.path(),
        "second.toml",
        one_generation.replacen("[swarm]", "[swarm]\nwarm_start = [\"first/gains.csv\"]", 1),
    );
    let plain = write_config(directory.path(), "plain.toml", &one_generation);
    let tune = |config: &str, name: &str, options: &[&str]| {
        let output = directory.path().join(name);
        let output = output.to_str().expect("UTF-8");
        gainswarm(&[&["tune", config, "--quiet", "--json", "--output", output], options].concat())
    };
    let cost = |run: Output| -> f64 {
        assert!(run.status.success(), "{}", stderr(&run));
        let summary: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
        summary["cost"].as_f64().expect("a cost")
    };
    let found = cost(tune(&first, "first", &[]));
    let gains = directory.path().join("first/gains.csv");
    let gains = gains.to_str().expect("UTF-8");
    let by_config = cost(tune(&second, "second", &[]));
    assert!(by_config <= found * (1.0 + 1e-9), "{by_config} after {found}");
    let by_option = cost(tune(&plain, "plain", &["--warm-start", gains]));
    assert_eq!(by_option.to_bits(), by_config.to_bits());
    assert!(cost(tune(&plain, "cold", &[])) > by_config);

    let narrow = one_generation + "[[tune]]\nparameter = \"kd\"\nlower = 1e-9\nupper = 1e-8\n";
    let narrow = write_config(directory.path(), "narrow.toml", narrow);
    let refused = tune(&narrow, "narrow", &["--warm-start", gains]);
    assert_eq!(refused.status.code(), Some(2));
    let message = stderr(&refused);
    assert!(message.contains("gains.csv: kd = ") && message.contains("from 1e-9 to 1e-8"), "{message}");
    assert!(!directory.path().join("narrow").exists(), "nothing was begun");
}

#[test]
fn list_shows_every_family() {
    let all = stdout(&gainswarm(&["list"]));
    for words in [
        "double_inverted_pendulum",
        "classical",
        "rk4",
        "euler",
        "ise",
        "sliding_energy",
        "clpso",
        "adaptive_random",
        "ring",
        "matlab",
    ] {
        assert!(all.contains(words), "{words}");
    }
    let topologies = stdout(&gainswarm(&["list", "topologies"]));
    assert!(topologies.contains("global") && !topologies.contains("rk4"));
    let verbose = stdout(&gainswarm(&["list", "controllers", "--verbose"]));
    for words in ["lambda1", "1/s", "0.5 … 30", "switching gain", "kappa1_max", "K_init", "k_aw"] {
        assert!(verbose.contains(words), "{words} in\n{verbose}");
    }
}

#[test]
fn options_out_of_range_exit_with_2_and_say_what_is_allowed() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let starts = "[swarm]\nwarm_start = [[20.0, 25.0, 5.0, 5.0, 50.0, 5.0], [21.0, 25.0, 5.0, 5.0, 50.0, 5.0], \
        [22.0, 25.0, 5.0, 5.0, 50.0, 5.0]]";
    let many = write_config(directory.path(), "many.toml", SMALL_STUDY.replacen("[swarm]", starts, 1));
    for (arguments, words) in [
        (vec!["tune", &config, "--threads", "0"], "from 1 to 1024"),
        (vec!["tune", &config, "--threads", "-1"], "allowed: a whole number from 1 to 1024"),
        (vec!["tune", &config, "--particles", "1000000000"], "from 2 to 100000"),
        (vec!["tune", &config, "--simd", "avx9"], "avx512"),
        (vec!["tune", &config, "--seed", "-1"], "seed"),
        (vec!["simulate", &config, "--initial-state", "0,0.1"], "6 numbers"),
        (vec!["simulate", &config, "--initial-state", "0,7,0,0,0,0"], "theta1 = 7"),
        (vec!["simulate", &config, "--initial-state", "0,nan,0,0,0,0"], "theta1 = NaN"),
        (vec!["simulate", &config, "--duration", "-1"], "error: --duration = -1\n  allowed: a number from"),
        (vec!["simulate", &config, "--duration", "inf"], "allowed: a number from"),
        (vec!["simulate", &config, "--dt", "0"], "allowed: a number from"),
        (vec!["simulate", &config, "--duration", "10000", "--dt", "1e-6"], "10000000 steps"),
        (vec!["simulate", &config, "--every", "0"], "from 1 to 10000000"),
        (vec!["simulate", &config, "--gains", "/nowhere/gains.csv"], "cannot be read"),
        (vec!["simulate", &config, "--output", &config], "would be replaced"),
        (vec!["simulate", &config, "--duration", "1e300"], "duration = 1e300"),
        (vec!["tune", &config, "--output", "Cargo.toml"], "is not a directory"),
        (vec!["list", "planets"], "plants"),
        (vec!["list", "plants", "--markdown"], "allowed: controllers, costs"),
        (vec!["tune", &config, "--memory-limit", "9000000000G"], "allowed: 1 to 9223372036854775807 bytes"),
        (vec!["tune", &config, "--memory-limit", "-5M"], "such as 800000, 500M or 2G"),
        (vec!["tune", &config, "--memory-limit", "1k"], "may use 1024 (memory_limit)"),
        (vec!["bench", "--duration", "-5s"], "such as 90s, 10m or 1h"),
        (vec!["tune", &many, "--particles", "2"], "the 3 warm starts"),
        (vec!["compare", &many, "--particles", "2"], "allowed: 3 or more"),
        (vec!["tnue", &config], "tune"),
    ] {
        let run = gainswarm(&arguments);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {}", stderr(&run));
        assert!(stderr(&run).contains(words), "{arguments:?} should say {words:?}: {}", stderr(&run));
        assert!(stdout(&run).is_empty() && !stderr(&run).contains("panicked"));
    }
}

#[test]
fn simulate_of_a_loop_that_falls_writes_its_trajectory_and_exits_with_1() {
    let directory = tempfile::tempdir().expect("a directory");
    // Without any force the pendulum falls.
    let idle = REFERENCE_STUDY.replace("kd = 60.0", "K = 0.0\nkd = 0.0\nequivalent_control = false");
    let config = write_config(directory.path(), "idle.toml", idle);
    let run = gainswarm(&["simulate", &config]);
    assert_eq!(run.status.code(), Some(1));
    assert!(stderr(&run).contains("\nFAILED at t = "), "{}", stderr(&run));
    let text = stdout(&run);
    let last =
        text.lines().last().and_then(|row| row.split(',').nth(2)?.parse::<f64>().ok()).expect("theta1");
    assert!(text.lines().count() > 100 && last.abs() > 0.5, "{last}");
}

#[test]
fn a_start_within_the_settling_band_settles_at_once_and_the_band_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let near = SMALL_STUDY.replace("0.1, -0.05", "0.001, 0.001").replace("-0.2, -0.15", "0.0, 0.0");
    for (name, study, time) in
        [("near", near.as_str(), "at once: starts within"), ("far", SMALL_STUDY, "not in")]
    {
        let config = write_config(directory.path(), &format!("{name}.toml"), study);
        let out = directory.path().join(name);
        let compared = directory.path().join(format!("{name}-compared"));
        let run = gainswarm(&["tune", &config, "--output", out.to_str().expect("UTF-8")]);
        let text = stdout(&run);
        let line = text.lines().find(|line| line.starts_with("settling time")).expect("a line");
        assert!(line.contains(time), "{text}");
        let band = "settled means: within settled_position = 0.05 m, settled_angle = 0.01 rad\n";
        assert!(text.ends_with(band), "{text}");
        let run = gainswarm(&["compare", &config, "--output", compared.to_str().expect("UTF-8")]);
        assert!(stdout(&run).ends_with(band), "{}", stdout(&run));
    }
}

#[cfg(unix)]
#[test]
fn a_file_in_a_new_directory_makes_it_and_a_refusal_names_the_file_and_what_helps() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let below = directory.path().join("a/b/run.csv");
    let run = gainswarm(&["simulate", &config, "--output", below.to_str().expect("UTF-8")]);
    assert!(run.status.success() && below.is_file(), "{}", stderr(&run));
    let below = directory.path().join("c/d/init.toml");
    assert!(
        gainswarm(&["init", "--output", below.to_str().expect("UTF-8")]).status.success() && below.is_file()
    );
    // A file in the way, and a file system in which nobody can make anything.
    let in_the_way = format!("{config}/run.csv");
    let mut refused = vec![(in_the_way.as_str(), "a part of this path is a file")];
    if cfg!(target_os = "linux") {
        refused.extend([
            ("/proc/run.csv", "choose another place"),
            ("/proc/no/run.csv", "choose another place"),
        ]);
    }
    for (path, remedy) in refused {
        let run = gainswarm(&["simulate", &config, "--output", path]);
        assert_eq!(run.status.code(), Some(1));
        let said = stderr(&run);
        assert!(
            said.starts_with(&format!("error: cannot write {path}: ")) && said.contains(remedy),
            "{said}"
        );
        assert!(!said.contains(".gainswarm-") && !said.contains("make room"), "{said}");
        let run = gainswarm(&["tune", &config, "--output", path]);
        assert!(run.status.code() == Some(1) && !stderr(&run).contains(".gainswarm-"), "{}", stderr(&run));
    }
}

#[test]
fn a_study_file_in_any_script_names_its_directory_and_identifiers_stay_ascii() {
    let directory = tempfile::tempdir().expect("a directory");
    for (file, study, identifier) in [
        ("größe.toml", "größe", "gainswarm_gru00f6u00dfe"),
        ("моторы 1.toml", "моторы_1", "gainswarm_u043cu043eu0442u043eu0440u044b_1"),
    ] {
        write_config(directory.path(), file, SMALL_STUDY);
        let run = |arguments: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gainswarm"));
            command.args(arguments).current_dir(directory.path()).output().expect("the binary starts")
        };
        let tuned = run(&["tune", file, "--quiet"]);
        assert!(tuned.status.success(), "{}", stderr(&tuned));
        let place = format!("outputs/{study}");
        let exported = run(&["export", &place, "--format", "c"]);
        assert!(stdout(&exported).contains(&format!("struct {identifier} {{")), "{}", stdout(&exported));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_simd_level_of_another_processor_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let other = if cfg!(target_arch = "aarch64") { "sse2" } else { "neon" };
    let run = gainswarm(&["tune", &config, "--simd", other]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("not available") && stderr(&run).contains("allowed here: auto"));
}

#[test]
fn an_output_directory_that_cannot_be_is_an_error_before_the_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "small.toml", SMALL_STUDY);
    // A directory below a file cannot be made, not even by root.
    let run = gainswarm(&["tune", &config, "--output", &format!("{config}/out")]);
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(stderr(&run).contains("cannot write") && stderr(&run).contains("--output"));
    assert!(!stderr(&run).contains("generation"), "nothing has been computed");
    let run = gainswarm(&["simulate", &config, "--output", &format!("{config}/run.csv")]);
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error_with_exit_code_1() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let run = gainswarm(&["simulate", &config, "--output", "/dev/full"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(stderr(&run).contains("/dev/full") && stderr(&run).contains("No space left"), "{}", stderr(&run));

    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let out = directory.path().join("out");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_gainswarm"))
        .args(["tune", &config, "--output", out.to_str().expect("UTF-8")])
        .stdout(full)
        .output()
        .expect("the binary starts");
    assert_eq!(run.status.code(), Some(1));
    assert!(stderr(&run).contains("standard output"), "{}", stderr(&run));
    assert!(out.join("gains.csv").exists(), "the files are written all the same");
}

#[cfg(unix)]
#[test]
fn a_reader_that_stops_early_is_no_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "reference.toml", REFERENCE_STUDY);
    let command = format!(
        "'{}' simulate '{config}' | head -n 1; exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_gainswarm")
    );
    let run = std::process::Command::new("bash").args(["-c", &command]).output().expect("bash");
    assert!(run.status.success(), "{}", stderr(&run));
    assert!(stdout(&run).starts_with("t,x,") && !stderr(&run).contains("panicked"));
}

/// Four results do not fit on a file system of one page; the old ones stay together.
#[cfg(target_os = "linux")]
#[test]
fn results_that_do_not_fit_leave_the_old_ones_as_they_were() {
    let directory = tempfile::tempdir().expect("a directory");
    // What a surrogate remembers would take more pages than the results.
    let study = SMALL_STUDY.replace("particles = 24", "particles = 24\ncandidates = 1");
    let config = write_config(directory.path(), "small.toml", study);
    let out = directory.path().join("out");
    std::fs::create_dir(&out).expect("a directory");
    // Room for two checkpoints of three pages each and the old file, but not for one and the results.
    let script = "mount -t tmpfs -o size=28k,nr_inodes=20 none \"$1\" || exit 77
        echo old > \"$1/gains.csv\"; \"$2\" tune \"$3\" --force --output \"$1\" --quiet --json; code=$?
        cat \"$1/gains.csv\"; ls -A \"$1\"; exit $code";
    let run = std::process::Command::new("unshare")
        .args(["--mount", "--", "bash", "-c", script, "bash"])
        .args([out.to_str().expect("UTF-8"), env!("CARGO_BIN_EXE_gainswarm"), &config])
        .output();
    let Ok(run) = run.map_err(|error| eprintln!("skipped: no unshare here: {error}")) else { return };
    if run.status.code() == Some(77) || stderr(&run).contains("unshare failed") {
        eprintln!("skipped: mounting is not allowed here: {}", stderr(&run));
        return;
    }
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(stderr(&run).contains("No space left") && stderr(&run).contains("--output"), "{}", stderr(&run));
    assert!(!stderr(&run).contains(".gainswarm-"), "no name that the user does not know: {}", stderr(&run));
    let text = stdout(&run);
    let (json, rest) = text.split_once('\n').expect("the summary, then the files");
    assert!(json.contains("\"cost\":"), "the numbers are not lost");
    assert_eq!(rest, "old\ncheckpoint.bin\ngains.csv\n");
}

#[test]
fn compare_tunes_studies_of_one_problem_and_lays_them_side_by_side() {
    let directory = tempfile::tempdir().expect("a directory");
    let one = write_config(directory.path(), "one.toml", SMALL_STUDY);
    let adaptive = format!("{SMALL_STUDY}[controller]\ntype = \"adaptive\"\n");
    let other = write_config(directory.path(), "other.toml", adaptive);
    let output = directory.path().join("out");
    let out = output.to_str().expect("UTF-8");
    let run = gainswarm(&["compare", &one, &other, "--output", out]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let text = stdout(&run);
    for words in
        ["one", "other", "settling time s, worst", "chattering N/s", "ns a control step", "certificate"]
    {
        assert!(text.contains(words), "{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let mut table = csv::Reader::from_path(output.join("compare.csv")).expect("a table");
    let studies: Vec<String> = table.records().map(|row| row.expect("a row")[0].into()).collect();
    assert_eq!(studies, ["one", "other"]);
    // What compare tunes is what tune tunes.
    let alone = directory.path().join("alone");
    gainswarm(&["tune", &other, "--quiet", "--output", alone.to_str().expect("UTF-8")]);
    let gains = |path: &Path| std::fs::read(path.join("gains.csv")).expect("gains");
    assert_eq!(gains(&alone), gains(&output.join("other")));

    let longer = SMALL_STUDY.replacen("duration = 0.2", "duration = 0.3", 1);
    let third = write_config(directory.path(), "third.toml", longer);
    let run = gainswarm(&["compare", &one, &third, "--output", out]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("differ in [simulation]"), "{}", stderr(&run));
    for other in ["[aggregate]\ntype = \"worst\"\n", "[limits]\nmax_peak_force = 1.0\n"] {
        let path = write_config(directory.path(), "judged.toml", format!("{SMALL_STUDY}{other}"));
        let run = gainswarm(&["compare", &one, &path, "--output", out]);
        assert!(run.status.code() == Some(2) && stderr(&run).contains(&other[..5]), "{}", stderr(&run));
    }
    // A best that exceeds a limit says which.
    let limited = write_config(
        directory.path(),
        "limited.toml",
        format!("{SMALL_STUDY}[limits]\nmax_peak_force = 1e-3\n"),
    );
    let by_itself = directory.path().join("limited");
    let run = gainswarm(&["tune", &limited, "--output", by_itself.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(1));
    let words: Vec<String> = stdout(&run).split_whitespace().map(String::from).collect();
    assert!(words.join(" ").contains("EXCEEDS max_peak_force = 0.001 N with"), "{}", stdout(&run));
    let run = gainswarm(&["compare", &one, &one, "--output", out]);
    assert!(run.status.code() == Some(2) && stderr(&run).contains("both the study"), "{}", stderr(&run));
    let run = gainswarm(&["compare", &one, &other, "--json", "--quiet", "--output", out]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    assert_eq!(json[1]["controller"], "adaptive");
}

#[test]
fn the_tables_in_the_book_are_those_of_the_declarations() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sliding-mode.md");
    let page = std::fs::read_to_string(page).expect("a page");
    for family in ["controllers", "costs"] {
        let run = gainswarm(&["list", family, "--markdown"]);
        assert!(page.contains(&stdout(&run)), "paste this into docs/sliding-mode.md:\n{}", stdout(&run));
    }
}
