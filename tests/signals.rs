//! What becomes of a command that a signal interrupts: it says how far it came, keeps what is complete, and exits with 128 and the
//! signal's number.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{SMALL_STUDY, gainswarm, stderr, stdout, write_config};

/// A study that takes a second.
const LONG_STUDY: &str = "
[simulation]
duration = 0.2
[[scenarios]]
initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]
[swarm]
particles = 12
[swarm.stopping]
generations = 1500
";

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

/// The binary, also where whoever runs the tests ignores SIGHUP, as `nohup` does.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_gainswarm")]).args(arguments);
    command
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(1), "{what} never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the process handles SIGINT itself.
fn wait_until_it_listens(child: &Child) {
    const SIGINT: u64 = 1 << 1;
    wait_until("a handler", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        caught
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & SIGINT > 0)
    });
}

fn end(child: Child, code: i32) -> Output {
    let run = child.wait_with_output().expect("an end");
    assert_eq!(run.status.code(), Some(code), "{run:?}");
    run
}

#[test]
fn a_lost_connection_ends_a_run_as_sigterm_does_though_nobody_reads_any_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "long.toml", LONG_STUDY);
    let out = directory.path().join("out");
    let arguments = ["tune", &config, "--threads", "1", "--output", out.to_str().expect("UTF-8")];
    let mut child = start(&mut program(&arguments));
    wait_until("a checkpoint", || out.join("checkpoint.bin").exists());
    drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
    // The kernel and the shell both hang up.
    send("HUP", &child);
    send("HUP", &child);
    assert_eq!(child.wait().expect("an end").code(), Some(129));
    let summary = || std::fs::read_to_string(out.join("summary.csv")).expect("a summary");
    assert!(summary().contains(",interrupted,"), "{}", summary());
    assert!(gainswarm(&[&arguments[..], &["--resume", "--quiet"]].concat()).status.success());
    assert!(summary().contains(",generations,1500,"), "{}", summary());
}

#[test]
fn a_run_that_was_started_to_ignore_hangups_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "long.toml", LONG_STUDY);
    let out = directory.path().join("out");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_gainswarm")]);
    command.args(["tune", &config, "--threads", "1", "--output", out.to_str().expect("UTF-8")]);
    let child = start(&mut command);
    wait_until("a checkpoint", || out.join("checkpoint.bin").exists());
    send("HUP", &child);
    let run = end(child, 0);
    let said = stdout(&run).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("all generations are done"), "{said}");
}

#[test]
fn an_interrupted_run_that_found_nothing_is_not_told_to_search_longer() {
    let directory = tempfile::tempdir().expect("a directory");
    let config =
        write_config(directory.path(), "a.toml", format!("{LONG_STUDY}[limits]\nmax_peak_force = 1e-3\n"));
    let out = directory.path().join("out");
    let arguments = ["tune", &config, "--threads", "1", "--output", out.to_str().expect("UTF-8")];
    let child = start(&mut program(&arguments));
    wait_until("a checkpoint", || out.join("checkpoint.bin").exists());
    send("INT", &child);
    let said = stderr(&end(child, 130));
    assert!(said.contains("--resume goes on") && !said.contains("search longer"), "{said}");
}

#[test]
fn ask_tell_says_the_best_so_far_while_it_waits_for_an_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let search = "[swarm]\nparticles = 2\n[[parameters]]\nlower = 0.0\nupper = 1.0\n";
    let config = write_config(directory.path(), "search.toml", search);
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let mut child = start(&mut program(&["ask-tell", &config]));
        let mut input = child.stdin.take().expect("a pipe");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut next = || -> Value {
            let line = lines.next().expect("a line").expect("UTF-8");
            serde_json::from_str(&line).expect("JSON")
        };
        assert_eq!(next()["ask"]["generation"], 0);
        writeln!(input, "{{\"tell\":{{\"costs\":[3.5,NaN]}}}}").expect("room in the pipe");
        assert_eq!(next()["ask"]["generation"], 1);
        send(signal, &child);
        let done = next();
        assert_eq!(done["done"]["reason"], "interrupted", "{done}");
        assert_eq!(done["done"]["best"]["cost"], 3.5, "{done}");
        let said = stderr(&end(child, code));
        assert!(said.contains("after 2 evaluations") && said.contains("3.5"), "{said}");
    }
}

#[test]
fn an_interrupted_report_leaves_the_results_as_they_were() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "study.toml", SMALL_STUDY);
    let out = directory.path().join("out");
    let path = out.to_str().expect("UTF-8");
    assert!(gainswarm(&["tune", &config, "--quiet", "--output", path]).status.success());
    // It waits for what a pipe will tell, so that it is interrupted before it has written anything.
    let summary = out.join("summary.csv");
    let text = std::fs::read(&summary).expect("a summary");
    std::fs::remove_file(&summary).expect("removed");
    assert!(Command::new("mkfifo").arg(&summary).status().expect("mkfifo").success());
    let child = start(&mut program(&["report", path, "--plots"]));
    wait_until_it_listens(&child);
    send("INT", &child);
    std::fs::write(&summary, text).expect("a reader");
    let said = stderr(&end(child, 130));
    assert!(said.contains("interrupted: nothing was written to "), "{said}");
    let mut names: Vec<_> =
        std::fs::read_dir(out).expect("results").map(|entry| entry.expect("one").file_name()).collect();
    names.sort();
    assert_eq!(names, ["checkpoint.bin", "convergence.csv", "gains.csv", "manifest.json", "summary.csv"]);
}

/// A controller takes seconds to measure, and one has to be complete.
#[test]
fn an_interrupted_bench_keeps_the_controllers_that_it_has_measured() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().to_str().expect("UTF-8");
    let arguments = [
        "bench",
        "--controllers",
        "classical,adaptive",
        "--duration",
        "1s",
        "--threads",
        "1",
        "--output",
        out,
    ];
    let mut child = start(&mut program(&arguments));
    let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let is_second = |line: String| line.contains("measuring adaptive");
    assert!(said.by_ref().any(is_second));
    send("TERM", &child);
    let rest: Vec<String> = said.collect();
    assert_eq!(rest, ["interrupted: 1 of 2 controllers are measured"]);
    let run = end(child, 143);
    assert!(stdout(&run).contains("classical") && !stdout(&run).contains("adaptive"), "{}", stdout(&run));
    let json = std::fs::read(Path::new(out).join("bench.json")).expect("what is complete");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert!(json.to_string().contains("classical") && !json.to_string().contains("adaptive"), "{json}");
}
