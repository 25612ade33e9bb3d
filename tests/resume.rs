//! No interruption costs anything: checkpoints, signals, `--resume`, and directories that are not overwritten.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use gainswarm::archive;
use gainswarm::config::Config;
use gainswarm::engine::{Flow, Observer, Progress, Resources, Run};
use gainswarm::problem::Problem;
use gainswarm::report::checkpoint::{self, Saved};
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::topologies::TopologyKind;
use gainswarm::swarm::{Axis, Initial, Outcome, Plan, PolishPlan, Restarts, Scale, Settings, Stopping};
use proptest::prelude::*;

use crate::support::{SMALL_STUDY, gainswarm, restored, results, stderr, stdout, write_config};

/// A search of everything that has a state: restarts, a polish, links that are drawn anew.
const LONG_STUDY: &str = "
seed = 5
[simulation]
duration = 0.2
[[scenarios]]
initial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]
[swarm]
particles = 12
[swarm.restarts]
patience = 5
[swarm.polish]
after = 8
[swarm.stopping]
generations = 300
";

/// A study, and where its results go.
struct Bench {
    directory: tempfile::TempDir,
    config: String,
}

impl Bench {
    fn new(study: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let config = write_config(directory.path(), "study.toml", study);
        Self { directory, config }
    }

    fn output(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, name: &str, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gainswarm"));
        let output = self.output(name);
        command.args(["tune", &self.config, "--quiet", "--output", output.to_str().expect("UTF-8")]);
        command.args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, name: &str, options: &[&str]) -> Child {
        self.command(name, options).spawn().expect("the binary starts")
    }

    fn run(&self, name: &str, options: &[&str]) -> Output {
        self.command(name, options).output().expect("the binary starts")
    }

    fn results(&self, name: &str) -> (String, String, Vec<String>) {
        results(&self.output(name))
    }

    fn files(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.output(name)).expect("a directory");
        // A manifest says when it was written, which differs when results are written again.
        let is_time = |line: &&[u8]| line.trim_ascii_start().starts_with(b"\"finished\"");
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("a file");
            let lines: Vec<&[u8]> =
                bytes.split(|byte| *byte == b'\n').filter(|line| !is_time(line)).collect();
            (path.display().to_string(), lines.join(&b'\n'))
        };
        let mut files: Vec<_> = entries.map(read).collect();
        files.sort();
        files
    }
}

/// The signals that a user or a system sends.
fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

/// Waits until the run has claimed its directory: from then on it listens to signals.
fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "no {}", path.display());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_and_resumed_gives_the_same_bytes() {
    let bench = Bench::new(LONG_STUDY);
    let start = Instant::now();
    assert!(bench.run("undisturbed", &["--checkpoint-every", "3"]).status.success());
    let mut whole = start.elapsed();
    let expected = bench.results("undisturbed");

    let (mut starts, mut kills, mut runs) = (0_u32, 0_u32, 0_u32);
    while kills < 60 {
        let name = format!("run {runs}");
        runs += 1;
        loop {
            starts += 1;
            assert!(starts < 1000, "runs end before they are killed: {kills} kills in {runs} runs");
            let threads = if starts % 2 == 0 { "1" } else { "3" };
            let mut child =
                bench.start(&name, &["--resume", "--checkpoint-every", "3", "--threads", threads]);
            // Moments that cover the run, in an order that jumps about (the golden ratio).
            let share = (f64::from(starts) * 0.618_033_988_749_895).fract();
            std::thread::sleep(whole.mul_f64(share));
            // What a whole run takes changes with the load of the machine: it is followed, so that about two starts in
            // three end by a kill.
            if let Some(status) = child.try_wait().expect("a status") {
                assert!(status.success(), "{}", stderr(&child.wait_with_output().expect("an end")));
                whole = whole.mul_f64(0.9);
                break;
            }
            // Every third time as a user would, who leaves results of a part of the run behind.
            send(if starts % 3 == 2 { "-TERM" } else { "-KILL" }, &child);
            child.wait().expect("an end");
            kills += 1;
            whole = whole.mul_f64(1.05);
        }
        assert_eq!(bench.results(&name), expected, "after {kills} kills");
        let left = bench.files(&name).into_iter().filter(|(name, _)| name.contains(".gainswarm-")).count();
        assert_eq!(left, 0, "nothing half-written stays");
    }
}

#[test]
fn a_signal_ends_the_generation_writes_what_there_is_and_can_be_resumed() {
    let bench = Bench::new(&LONG_STUDY.replacen("generations = 300", "generations = 1500", 1));
    assert!(bench.run("undisturbed", &["--threads", "3"]).status.success());
    let expected = bench.results("undisturbed");
    for (name, signal, code) in [("term", "-TERM", 143), ("int", "-INT", 130)] {
        let child = bench.start(name, &["--threads", "1", "--checkpoint-every", "1000000"]);
        wait_for(&bench.output(name).join("checkpoint.bin"));
        send(signal, &child);
        let interrupted = child.wait_with_output().expect("an end");
        assert_eq!(interrupted.status.code(), Some(code), "{}", stderr(&interrupted));
        let summary = bench.results(name).2;
        assert!(summary.contains(&"stopped_by=interrupted".into()), "{summary:?}");

        let again = bench.run(name, &[]);
        assert_eq!(again.status.code(), Some(2));
        assert!(stderr(&again).contains("unfinished run") && stderr(&again).contains("--resume"));

        assert!(bench.run(name, &["--resume", "--threads", "3"]).status.success());
        assert_eq!(bench.results(name), expected);
    }
}

#[test]
fn a_run_of_thousands_of_generations_does_not_grow_and_needs_no_more_than_it_declares() {
    let study = "[simulation]\nduration = 0.02\n[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n\
        [swarm]\nparticles = 4\n[swarm.stopping]\ngenerations = 6000\n";
    let bench = Bench::new(study);
    let check = gainswarm(&["check", &bench.config, "--json", "--threads", "1"]);
    let declared: serde_json::Value = serde_json::from_str(&stdout(&check)).expect("JSON");
    let limit = declared["memory_bytes"].to_string();
    let options = ["--threads", "1", "--memory-limit", &limit];
    let run = bench.run("run", &options);
    assert!(run.status.success() && stderr(&run).is_empty(), "{}", stderr(&run));
    let summary = bench.results("run").2;
    assert!(summary.contains(&"growth_bytes=0".into()), "{summary:?}");
}

#[test]
fn a_second_signal_stops_at_once() {
    // A single generation of two seconds and more.
    let study = "[simulation]\nduration = 20.0\n[[scenarios]]\ncount = 50\nranges = { theta1 = 0.1 }\n\
         [swarm]\nparticles = 2000\n[swarm.stopping]\ngenerations = 5\n";
    let bench = Bench::new(study);
    let mut child = bench.start("run", &[]);
    wait_for(&bench.output("run").join("checkpoint.bin"));
    send("-TERM", &child);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().expect("a status").is_none(), "the first lets the generation end");
    send("-TERM", &child);
    assert_eq!(child.wait().expect("an end").code(), Some(143));
    assert!(!bench.output("run").join("gains.csv").exists(), "the generation was not finished");
}

#[test]
fn a_full_device_leaves_the_last_checkpoint_and_the_run_can_be_resumed() {
    let bench = Bench::new(LONG_STUDY);
    assert!(bench.run("undisturbed", &[]).status.success());
    let size = bench.output("undisturbed").join("checkpoint.bin").metadata().expect("a file").len();
    // Files may grow to three quarters of the last checkpoint (in units of 1024 bytes), and then writing fails.
    let limit = size * 3 / 4 / 1024;
    let mut command = Command::new("bash");
    let script = "trap '' XFSZ; ulimit -f $0; exec \"$@\"";
    let run = bench.command("run", &["--checkpoint-every", "5"]);
    command.args(["-c", script, &limit.to_string()]).arg(run.get_program()).args(run.get_args());
    let full = command.output().expect("bash");
    assert!(stderr(&full).contains("warning: the run goes on without a new checkpoint"), "{}", stderr(&full));
    assert!(stderr(&full).contains("generation 300, the last, is not saved"), "{}", stderr(&full));
    let names: Vec<String> = bench.files("run").into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.contains(".gainswarm-")), "{names:?}");

    let resumed = bench.run("run", &["--resume", "--threads", "3"]);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    assert_eq!(bench.results("run"), bench.results("undisturbed"));
}

/// Ends a run after a number of generations, and keeps its state.
struct StopAt {
    generation: u64,
    state: Vec<u8>,
}

impl Observer for StopAt {
    fn generation(&mut self, progress: &Progress, run: &mut Run<'_>) -> Flow {
        if progress.row.generation < self.generation {
            return Flow::Continue;
        }
        archive::save(run, &mut self.state);
        Flow::Interrupt
    }
}

/// A small study, its config, and the checkpoint of its fourth generation in a directory.
fn with_checkpoint() -> (Bench, Config, Vec<u8>) {
    let bench = Bench::new(SMALL_STUDY);
    let config = Config::load(bench.config.as_ref()).expect("a valid study");
    let problem = Problem::new(&config);
    let mut stop = StopAt { generation: 4, state: Vec::new() };
    let tuning =
        Run::new(&problem).expect("memory").search(Resources::default(), &mut stop).expect("a tuning");
    assert_eq!(tuning.generations, 4);
    std::fs::create_dir(bench.output("run")).expect("a directory");
    checkpoint::write(&bench.output("run"), &config, &stop.state, false).expect("room");
    let bytes = std::fs::read(bench.output("run").join("checkpoint.bin")).expect("a checkpoint");
    assert_eq!(
        checkpoint::read(&bench.output("run"), &config).expect("whole"),
        Some(Saved { state: stop.state, published: false })
    );
    (bench, config, bytes)
}

#[test]
fn checkpoints_of_any_other_length_or_with_any_byte_changed_are_refused() {
    let (bench, config, bytes) = with_checkpoint();
    let place = bench.output("run").join("checkpoint.bin");
    let refused = |damaged: &[u8]| {
        std::fs::write(&place, damaged).expect("room");
        let error = checkpoint::read(&bench.output("run"), &config).expect_err("damaged");
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(text.contains("checkpoint.bin") && text.contains("--force"), "{text}");
    };
    for length in 0..bytes.len() {
        refused(&bytes[..length]);
    }
    refused(&[&bytes[..], &[0]].concat());
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        refused(&damaged);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_bytes_make_a_restored_state_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        // What a checksum would let pass once in four thousand million times.
        let config = Config::parse("small.toml".as_ref(), SMALL_STUDY).expect("a valid study");
        let problem = Problem::new(&config);
        let mut state = Vec::new();
        archive::save(&mut Run::new(&problem).expect("memory"), &mut state);
        prop_assert!(Run::restore(&problem, &state).is_ok());
        prop_assert!(Run::restore(&problem, &state[..cut.index(state.len())]).is_err());
        for (index, byte) in changes {
            let place = index.index(state.len());
            state[place] = byte;
        }
        let _ = Run::restore(&problem, &state);
    }
}

#[test]
fn a_checkpoint_that_is_foreign_damaged_or_of_another_config_stops_the_program_and_nothing_is_touched() {
    let (bench, _, bytes) = with_checkpoint();
    let place = bench.output("run").join("checkpoint.bin");
    let mut version = bytes.clone();
    version[16] = 99;
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 16;
    let cases: [(&[u8], &[&str], &str); 7] = [
        (b"", &[], "ends too early"),
        (b"some other file", &[], "is no checkpoint of gainswarm"),
        (&bytes[..bytes.len() - 9], &[], "ends too early"),
        (&version, &[], "another form"),
        (&flipped, &[], "checksum"),
        (&bytes, &["--seed", "4"], "config.seed is 3 there and 4 here"),
        (&bytes, &["--particles", "25"], "config.swarm.particles is 24 there and 25 here"),
    ];
    for (content, options, words) in cases {
        std::fs::write(&place, content).expect("room");
        let before = bench.files("run");
        for resume in [&[][..], &["--resume"]] {
            let run = bench.run("run", &[options, resume].concat());
            assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
            assert!(stderr(&run).starts_with("error: ") && stderr(&run).contains(words), "{}", stderr(&run));
            assert!(bench.files("run") == before, "nothing was touched: {words}");
        }
    }
    // What a tuning does not read may change: its name, and what gains are validated on.
    std::fs::write(&place, &bytes).expect("room");
    let renamed = format!("study = \"other\"\n{SMALL_STUDY}[[validation]]\nranges = {{ theta1 = 0.1 }}\n");
    write_config(bench.directory.path(), "study.toml", renamed);
    assert!(bench.run("run", &["--resume"]).status.success());
    write_config(bench.directory.path(), "study.toml", SMALL_STUDY);
    // With --force the run starts anew.
    assert!(bench.run("run", &["--force"]).status.success());
    assert!(bench.run("fresh", &[]).status.success());
    assert_eq!(bench.results("run"), bench.results("fresh"));
}

#[test]
fn a_complete_run_says_so_and_results_of_another_config_are_not_overwritten() {
    let bench = Bench::new(SMALL_STUDY);
    let config = bench.config.clone();
    let output = bench.output("run").to_str().expect("UTF-8").to_owned();
    let tune = |options: &[&str]| gainswarm(&[&["tune", &config, "--output", &output], options].concat());
    let first = tune(&[]);
    assert!(first.status.success() && stderr(&first).contains("written to"));
    let files = bench.files("run");
    for options in [&[][..], &["--resume"]] {
        let again = tune(options);
        assert!(again.status.success());
        assert!(stderr(&again).contains("complete: nothing was run again"), "{}", stderr(&again));
        let costs =
            |run: &Output| stdout(run).lines().find(|line| line.contains(" cost ")).map(str::to_owned);
        assert_eq!(costs(&again), costs(&first), "what it came to is shown again");
        assert!(bench.files("run") == files, "nothing was written");
    }
    // A file that is missing, or results that were not written before a kill, are written again.
    std::fs::remove_file(bench.output("run").join("convergence.csv")).expect("a file");
    assert!(tune(&[]).status.success());
    assert!(bench.files("run") == files, "the same bytes, times and all");
    let place = bench.output("run");
    let config_read = Config::load(config.as_ref()).expect("a study");
    let saved = checkpoint::read(&place, &config_read).expect("whole").expect("a checkpoint");
    assert!(saved.published);
    checkpoint::write(&place, &config_read, &saved.state, false).expect("room");
    std::fs::write(place.join("summary.csv"), "of a part of the run").expect("room");
    assert!(tune(&["--resume"]).status.success());
    assert!(bench.files("run") == files, "the same bytes, times and all");
    // Also where only the results are left.
    for keep_checkpoint in [true, false] {
        let other = tune(&["--seed", "4"]);
        assert_eq!(other.status.code(), Some(2));
        let message = stderr(&other);
        assert!(message.contains("seed is 3 there and 4 here"), "{message}");
        assert!(message.contains("--force") && message.contains("--output"), "{message}");
        if keep_checkpoint {
            assert!(bench.files("run") == files, "nothing was touched");
            std::fs::remove_file(bench.output("run").join("checkpoint.bin")).expect("a file");
        }
    }
    // Without a checkpoint nothing can go on.
    let longer = tune(&["--generations", "13", "--resume"]);
    assert!(
        stderr(&longer).contains("swarm.stopping.generations is 12 there and 13 here"),
        "{}",
        stderr(&longer)
    );
    assert!(tune(&["--generations", "13", "--force"]).status.success());
}

#[test]
fn compare_stops_between_studies_resumes_and_tunes_nothing_where_a_directory_is_refused() {
    let bench = Bench::new(LONG_STUDY);
    let path = bench.directory.path();
    let other = write_config(path, "other.toml", format!("{LONG_STUDY}[controller]\ntype = \"adaptive\"\n"));
    let compare = |options: &[&str]| {
        let output = path.join("out");
        let mut command = Command::new(env!("CARGO_BIN_EXE_gainswarm"));
        command.args([
            "compare",
            &bench.config,
            &other,
            "--quiet",
            "--output",
            output.to_str().expect("UTF-8"),
        ]);
        command.args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let child = compare(&["--resume"]).spawn().expect("the binary starts");
    wait_for(&path.join("out/other/checkpoint.bin"));
    send("-INT", &child);
    let interrupted = child.wait_with_output().expect("an end");
    assert_eq!(interrupted.status.code(), Some(130), "{}", stderr(&interrupted));
    assert!(stderr(&interrupted).contains("1 of 2 studies are done"), "{}", stderr(&interrupted));
    assert!(compare(&["--resume"]).output().expect("an end").status.success());
    let rows = std::fs::read_to_string(path.join("out/compare.csv")).expect("a table");
    assert_eq!(rows.lines().count(), 3);
    assert!(bench.run("alone", &[]).status.success());
    assert_eq!(results(&path.join("out/study")), bench.results("alone"));

    std::fs::create_dir_all(path.join("taken/other")).expect("a directory");
    std::fs::write(path.join("taken/other/gains.csv"), "somebody's").expect("room");
    let taken = path.join("taken");
    let refused = gainswarm(&["compare", &bench.config, &other, "--output", taken.to_str().expect("UTF-8")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("the origin of the gains beside it is unknown"),
        "{}",
        stderr(&refused)
    );
    assert!(!taken.join("study/checkpoint.bin").exists(), "nothing was tuned in vain");
}

#[test]
fn two_runs_do_not_write_into_one_directory_at_the_same_time() {
    let bench = Bench::new(&LONG_STUDY.replacen("generations = 300", "generations = 1000000", 1));
    let mut first = bench.start("run", &[]);
    wait_for(&bench.output("run").join("checkpoint.bin"));
    let second = bench.run("run", &["--resume"]);
    assert_eq!(second.status.code(), Some(2));
    assert!(stderr(&second).contains("is in use"), "{}", stderr(&second));
    first.kill().expect("a process");
    first.wait().expect("an end");
}

/// A function with a valley, and a place where it is infeasible.
fn judge(x: &[f64]) -> Outcome {
    let rest =
        x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2));
    if x[0] < -1.5 { Outcome::infeasible(-x[0]) } else { Outcome::feasible(rest.sum()) }
}

#[test]
fn a_restored_search_goes_on_with_the_same_bits_for_every_rule_and_topology() {
    let axis = Axis::new(-2.0, 2.0, Scale::Linear);
    let restarts = Restarts { times: 3, doublings: 1, patience: 4, slow_gain: 0.0 };
    let polish = Some(PolishPlan { after: 9, step: 0.5 });
    for rule in RuleKind::ALL {
        for topology in TopologyKind::ALL {
            let settings = Settings {
                particles: 10,
                rule: *rule,
                coefficients: rule.parameters().iter().map(|parameter| parameter.default).collect(),
                topology: *topology,
                initial: Initial::LatinHypercube,
                ..Settings::default()
            };
            let stopping = Stopping::after_generations(500);
            let plan = Plan { restarts, polish, ..Plan::new(settings, stopping) };
            let search = restored::after_every_generation(&[axis; 3], &plan, 8, judge);
            assert!(search.restarts() > 0, "{} {} was not tested to its end", rule.name(), topology.name());
        }
    }
}
