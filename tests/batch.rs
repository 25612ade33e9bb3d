//! Batches as a user runs them: complete, interrupted at any moment, with studies that fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gainswarm::config::{BatchConfig, Config, controllers_as_they_stand};
use gainswarm::report::Spread;
use serde_json::Value;

use crate::support::{gainswarm, results, stderr, stdout, write_config};

/// A study of a controller that is tuned in a moment.
fn short(controller: &str, evaluations: u32) -> String {
    format!(
        "[controller]\ntype = \"{controller}\"\n[simulation]\nduration = 1.0\n\
         [[scenarios]]\ncount = 4\nranges = {{ theta1 = 0.1, theta2 = 0.1 }}\n[swarm.stopping]\nevaluations = {evaluations}\n"
    )
}

fn batch(directory: &Path, text: &str) -> String {
    write_config(directory, "night.toml", text)
}

/// What must be the same however often it was interrupted.
fn lasting(output: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    found.insert("gains.csv".into(), std::fs::read_to_string(output.join("gains.csv")).expect("gains"));
    let mut csv = csv::Reader::from_path(output.join("summary.csv")).expect("a summary");
    let header = csv.headers().expect("a header").clone();
    let times = ["wall_s", "simulations_per_s", "ns_per_control_step"];
    let mut order = Vec::new();
    for record in csv.records() {
        let record = record.expect("a row");
        let cells = header.iter().zip(record.iter()).filter(|(name, _)| !times.contains(name));
        found.insert(format!("summary of {}", &record[0]), format!("{:?}", cells.collect::<Vec<_>>()));
        let (gains, convergence, summary) = results(&output.join(&record[0]));
        let manifest =
            std::fs::read_to_string(output.join(&record[0]).join("manifest.json")).expect("a manifest");
        let manifest: Vec<&str> = manifest.lines().filter(|line| !line.contains("\"finished\"")).collect();
        let manifest = manifest.join("\n");
        found.insert(record[0].into(), format!("{gains}{convergence}{summary:?}{manifest}"));
        order.push(record[0].to_owned());
    }
    found.insert("the order of the summary".into(), order.join(", "));
    found
}

/// The names of all files below a directory.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let entries =
        std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { BTreeSet::from([path]) }).collect()
}

/// How many studies of a batch have results.
fn studies_done(output: &Path) -> usize {
    let entries = std::fs::read_dir(output).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().join("gains.csv").exists()).count()
}

/// A little of two texts from where they differ.
fn first_difference(a: &str, b: &str) -> [String; 2] {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    [a, b].map(|text| text.chars().skip(same.saturating_sub(30)).take(80).collect())
}

#[test]
fn a_batch_that_is_killed_five_times_comes_to_the_same_as_an_undisturbed_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let studies: Vec<String> = controllers_as_they_stand()
        .into_iter()
        .map(|name| {
            write_config(directory.path(), &format!("{name}.toml"), short(name, 600));
            format!("\"{name}.toml\"")
        })
        .collect();
    let config = batch(
        directory.path(),
        &format!("studies = [{}]\n[grid]\nseed = [1, 2, 3, 4, 5]\n", studies.join(", ")),
    );
    let output = |name: &str| directory.path().join(name);
    let start = |name: &str| -> Child {
        let output = output(name);
        let arguments =
            ["batch", &config, "--quiet", "--threads", "1", "--checkpoint-every", "3", "--output"];
        Command::new(env!("CARGO_BIN_EXE_gainswarm"))
            .args(arguments)
            .arg(output)
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary starts")
    };
    assert!(start("whole").wait().expect("an end").success());
    let expected = lasting(&output("whole"));
    assert_eq!(expected.len(), 2 + 20 + 20);

    // Killed when so many studies are done and the next has run for a moment.
    for (done, pause_ms) in [(0, 30), (3, 0), (6, 4), (10, 11), (14, 23)] {
        let mut run = start("killed");
        let deadline = Instant::now() + Duration::from_mins(2);
        while studies_done(&output("killed")) < done && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(pause_ms));
        run.kill().expect("SIGKILL");
        assert_eq!(run.wait().expect("an end").code(), None, "it was killed before its end");
        assert!(studies_done(&output("killed")) < 20);
    }
    assert!(start("killed").wait().expect("an end").success());
    let names = |name: &str| -> BTreeSet<PathBuf> {
        let relative = |path: PathBuf| path.strip_prefix(output(name)).expect("below it").to_path_buf();
        files(&output(name)).into_iter().map(relative).collect()
    };
    assert_eq!(names("killed"), names("whole"), "nothing is missing, and nothing is left behind");
    let found = lasting(&output("killed"));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (what, text) in &expected {
        assert!(found[what] == *text, "{what}: {:?}", first_difference(text, &found[what]));
    }
}

#[test]
fn a_study_that_fails_is_told_and_the_others_go_on() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "classical.toml", short("classical", 100));
    let config = batch(
        directory.path(),
        "studies = [\"classical.toml\"]\n[grid]\nmemory_limit = [1000, 1000000000]\n",
    );
    let output = directory.path().join("out");
    let run = gainswarm(&["batch", &config, "--output", output.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    let said = stderr(&run);
    assert!(said.contains("error: classical-memory_limit1000: the run needs"), "{said}");
    assert!(said.contains("1 of 2 studies are done, 1 failed: classical-memory_limit1000"), "{said}");
    let summary = std::fs::read_to_string(output.join("summary.csv")).expect("a summary");
    assert_eq!(summary.lines().count(), 2, "{summary}");
    assert!(output.join("classical-memory_limit1000000000/gains.csv").exists());
}

#[test]
fn a_grid_sets_keys_and_names_the_studies_and_a_dry_run_says_what_is_missing() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "base.toml", short("classical", 60));
    let config = batch(
        directory.path(),
        "batch = \"grid\"\nstudies = [\"base.toml\"]\n[grid]\nseed = [7, 8]\n\
         controller.type = [\"classical\", \"adaptive\"]\nplant.link1_mass = [0.2]\n",
    );
    let output = directory.path().join("out");
    let options = ["batch", &config, "--json", "--output", output.to_str().expect("UTF-8")];
    let dry = || -> Value {
        let run = gainswarm(&[&options[..], &["--dry-run"]].concat());
        serde_json::from_str(&stdout(&run)).unwrap_or_else(|_| panic!("JSON, not {}", stderr(&run)))
    };
    let plan = dry();
    assert!(!output.exists(), "a dry run leaves nothing behind");
    let names: Vec<&str> = plan["studies"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|study| study["study"].as_str())
        .collect();
    let expected = ["base-classical-link1_mass0.2-seed7", "base-classical-link1_mass0.2-seed8"];
    assert_eq!(names[..2], expected);
    assert_eq!(
        (names.len(), &plan["evaluations_max"], &plan["simulations_max"]),
        (4, &240.into(), &960.into())
    );
    let [least, most] = ["seconds_min", "seconds_max"].map(|key| plan[key].as_f64().expect("a time"));
    assert!(0.0 < least && least < most, "{least} to {most}");

    let run = gainswarm(&options);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let all: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    assert_eq!(all[3]["study"], "base-adaptive-link1_mass0.2-seed8");
    assert_eq!((&all[3]["controller"], &all[3]["seed"]), (&"adaptive".into(), &8.into()));
    let manifest = std::fs::read(output.join(names[3]).join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["config"]["plant"]["link1_mass"], 0.2);
    // The columns of a group are those of its two seeds.
    let mut csv = csv::Reader::from_path(output.join("summary.csv")).expect("a summary");
    let header = csv.headers().expect("a header").clone();
    let rows: Vec<csv::StringRecord> = csv.records().map(|row| row.expect("a row")).collect();
    let cell = |row: usize, name: &str| {
        let at = header.iter().position(|column| column == name).expect("the column");
        rows[row][at].to_owned()
    };
    let number = |row: usize, name: &str| cell(row, name).parse::<f64>().expect("a number");
    for (first, second) in [(0, 1), (2, 3)] {
        let (a, b) = (number(first, "cost"), number(second, "cost"));
        assert_eq!(cell(first, "group"), cell(second, "group"));
        assert_eq!(cell(first, "group_seeds"), "2");
        assert_eq!(number(second, "group_best_cost").to_bits(), a.min(b).to_bits());
        assert_eq!(number(first, "group_worst_cost").to_bits(), a.max(b).to_bits());
        assert!((number(first, "group_median_cost") - 0.5 * (a + b)).abs() < 1e-12);
    }
    let plan = dry();
    assert_eq!(plan["simulations_max"], 0, "{plan}");
    assert!(plan["studies"].as_array().expect("a list").iter().all(|study| study["complete"] == true));
}

#[test]
fn a_grid_over_controllers_searches_what_each_has() {
    let directory = tempfile::tempdir().expect("a directory");
    let study = "constraints = [\"k2 > k1\"]\n[controller]\nK = 30.0\nkx = 12.0\n[simulation]\nduration = 0.1\n\
        [[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[swarm.stopping]\nevaluations = 20\n\
        [[tune]]\nparameter = \"k1\"\nlower = 20.0\nupper = 22.0\n[[tune]]\nparameter = \"k2\"\n[[tune]]\nparameter = \"K\"\n";
    write_config(directory.path(), "base.toml", study);
    let names: Vec<String> = controllers_as_they_stand().iter().map(|name| format!("\"{name}\"")).collect();
    let text = format!("studies = [\"base.toml\"]\n[grid]\ncontroller.type = [{}]\n", names.join(", "));
    let entries = BatchConfig::load(batch(directory.path(), &text).as_ref()).expect("a batch").entries;
    for (entry, name) in entries.iter().zip(controllers_as_they_stand()) {
        assert_eq!((entry.config.controller.name(), &entry.config.study), (name, &format!("base-{name}")));
        let parameters = entry.config.controller.parameters();
        let value = |name: &str| {
            let place = parameters.iter().position(|parameter| parameter.name == name);
            entry.config.controller.values[place.expect("a parameter of all")]
        };
        assert_eq!(value("kx").to_bits(), 12.0_f64.to_bits());
        let mut tuned: Vec<&str> = entry.config.tune.iter().map(|gain| parameters[gain.index].name).collect();
        tuned.sort_unstable();
        // Gains that classical has and the study does not tune, such as lambda1, stay as they are.
        let usual = Config::usual();
        let classical = usual.controller.parameters();
        let own = parameters
            .iter()
            .filter(|own| own.search.is_some() && classical.iter().all(|c| c.name != own.name));
        let switching = parameters.iter().any(|parameter| parameter.name == "K").then_some("K");
        let mut expected: Vec<&str> = own.map(|own| own.name).chain(["k1", "k2"]).chain(switching).collect();
        expected.sort_unstable();
        assert_eq!(tuned, expected);
        let k1 =
            entry.config.tune.iter().find(|gain| parameters[gain.index].name == "k1").expect("tuned").axis;
        assert_eq!([k1.lower, k1.upper].map(f64::to_bits), [20.0_f64, 22.0].map(f64::to_bits));
    }
    assert_eq!(entries.len(), 4);
    // As it stands, or as the shipped study.
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/classical.toml");
    let text = text.replace("base.toml", shipped);
    assert_eq!(BatchConfig::load(batch(directory.path(), &text).as_ref()).expect("a batch").entries.len(), 4);
}

#[test]
fn a_dry_run_counts_what_is_left_and_no_more_time_than_a_study_takes() {
    let directory = tempfile::tempdir().expect("a directory");
    let timed = short("classical", 1_000_000).replacen("evaluations = 1000000", "wall_time = 2.0", 1);
    write_config(directory.path(), "timed.toml", timed);
    write_config(directory.path(), "done.toml", short("classical", 40));
    let config = batch(directory.path(), "studies = [\"done.toml\", \"timed.toml\"]\n");
    let out = directory.path().join("out");
    let done = out.join("done");
    let alone = write_config(directory.path(), "done.toml", short("classical", 40));
    assert!(
        gainswarm(&["tune", &alone, "--quiet", "--output", done.to_str().expect("UTF-8")]).status.success()
    );
    let run = gainswarm(&["batch", &config, "--dry-run", "--json", "--output", out.to_str().expect("UTF-8")]);
    let plan: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    assert_eq!(
        (&plan["studies"][0]["complete"], &plan["studies"][0]["evaluations_max"]),
        (&true.into(), &0.into())
    );
    let seconds = plan["seconds_max"].as_f64().expect("a time");
    assert!(seconds > 0.0 && seconds <= 2.0, "{seconds}");
}

#[test]
fn quartiles_are_those_of_linear_interpolation() {
    // NumPy 2.1: np.percentile([1, 2, 4, 8, 16, 3], [25, 50, 75]) = [2.25, 3.5, 7.0]
    let spread = Spread::of(&[1.0, 2.0, 4.0, 8.0, 16.0, 3.0].map(Some));
    assert_eq!(
        (spread.seeds, spread.feasible, spread.best, spread.median, spread.worst),
        (6, 6, 1.0, 3.5, 16.0)
    );
    assert!((spread.interquartile_range - 4.75).abs() < 1e-12);
    // What found nothing that holds has a cost that says nothing.
    let one = Spread::of(&[None, Some(5.0), None]);
    assert_eq!((one.best, one.median, one.worst, one.interquartile_range), (5.0, 5.0, 5.0, 0.0));
    assert_eq!((one.seeds, one.feasible), (3, 1));
    assert!(Spread::of(&[None]).median.is_nan());
}

#[test]
fn what_is_wrong_with_a_batch_is_said_before_anything_runs() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "good.toml", short("classical", 100));
    write_config(directory.path(), "bad.toml", "[controller]\ntype = \"clasical\"\n");
    let good = "studies = [\"good.toml\"]\n";
    let cases: [(&str, &[&str]); 13] = [
        ("[[scenarios]]\ninitial_state = [0, 0, 0, 0, 0, 0]", &["should be a batch", "gainswarm tune"]),
        (
            &format!(
                "{good}[grid]\nconstraints = [[\"{}\"]]",
                "k1 < 2 * k2 + 3 * lambda1 + 4 * lambda2 + 5 * K + 6 * kd + 7 * kx + 8 * lambdax + 9"
            ),
            &["is too long", "fewer keys"],
        ),
        ("studies = []", &["studies is missing", "studies = ["]),
        ("studies = [\"none.toml\"]", &["studies[1]", "none.toml: cannot be read"]),
        ("studies = [\"bad.toml\"]", &["bad.toml, line 2", "did you mean `classical`"]),
        ("studys = []", &["unknown key `studys`", "did you mean `studies`"]),
        (&format!("{good}[grid]\nseed = 3"), &["grid has seed = 3", "a list of the values"]),
        (&format!("{good}[grid]\nseed = []"), &["grid has seed = []"]),
        (&format!("{good}[grid]\nseed = [1, 1]"), &["two studies \"good-seed1\""]),
        (&format!("{good}[grid]\nseed = [1, -2]"), &["good.toml with seed = -2", "a whole number from 0"]),
        (&format!("{good}[grid]\nplant.mass = [1.0]"), &["plant.mass = 1.0: unknown key `mass` in [plant]"]),
        (&format!("{good}[grid]\nscenarios.count = [1]"), &["scenarios is not a section"]),
        ("studies = [\"good.toml\", \"good.toml\"]", &["two studies \"good\""]),
    ];
    for (text, words) in cases {
        let config = batch(directory.path(), text);
        let output = directory.path().join("out");
        let run = gainswarm(&["batch", &config, "--output", output.to_str().expect("UTF-8")]);
        let said = stderr(&run);
        assert_eq!(run.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains("night.toml"), "{text}: {said}");
        for word in words {
            assert!(said.contains(word), "{text}: {said} lacks {word}");
        }
        assert!(!output.exists(), "{text}");
    }
    let config = batch(directory.path(), good);
    let run = gainswarm(&["tune", &config]);
    assert!(
        stderr(&run).contains("should be a study") && stderr(&run).contains("gainswarm batch"),
        "{}",
        stderr(&run)
    );
    let run = gainswarm(&["batch", &config, "--seed", "3"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("seed = [1, 2, 3]"));
}

#[test]
fn a_changed_study_is_refused_by_name_and_a_complete_batch_keeps_its_tables() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "a.toml", short("classical", 60));
    write_config(directory.path(), "b.toml", short("adaptive", 60));
    let config = batch(directory.path(), "studies = [\"a.toml\", \"b.toml\"]\n[grid]\nseed = [1, 2]\n");
    let output = directory.path().join("out");
    let options = ["batch", &config, "--quiet", "--output", output.to_str().expect("UTF-8")];
    assert_eq!(gainswarm(&options).status.code(), Some(0));
    let summary = || std::fs::read_to_string(output.join("summary.csv")).expect("a summary");
    let whole = summary();

    let heavier = format!("{}[cost.ise]\nweight = 2.0\n", short("adaptive", 70));
    write_config(directory.path(), "b.toml", heavier);
    let refused = gainswarm(&options);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(said.contains("cost.ise.weight") && said.contains("b-seed1 to tune this study anew"), "{said}");
    assert_eq!(summary(), whole);
    // With --force the plan is the whole, and without those directories it is what is missing.
    let dry = |more: &[&str]| stdout(&gainswarm(&[&options[..], &["--json", "--dry-run"], more].concat()));
    assert!(dry(&["--force"]).contains("\"evaluations_max\":260"), "{}", dry(&["--force"]));
    for study in ["b-seed1", "b-seed2"] {
        std::fs::remove_dir_all(output.join(study)).expect("removed");
    }
    assert!(dry(&[]).contains("\"evaluations_max\":140"), "{}", dry(&[]));
    assert_eq!(gainswarm(&options).status.code(), Some(0));
    assert_eq!(summary().lines().count(), whole.lines().count());
    assert_eq!(summary().lines().nth(1), whole.lines().nth(1), "what was complete was not run again");
    let again = gainswarm(&[&options[..], &["--memory-limit", "1"]].concat());
    assert_eq!(again.status.code(), Some(0), "what is complete needs no memory any more: {}", stderr(&again));
}

#[test]
fn the_directory_of_one_study_does_not_become_that_of_several() {
    let directory = tempfile::tempdir().expect("a directory");
    let study = write_config(directory.path(), "s.toml", short("classical", 40));
    let config = batch(directory.path(), "batch = \"s\"\nstudies = [\"s.toml\"]\n");
    let output = directory.path().join("s");
    let to = ["--quiet", "--output", output.to_str().expect("UTF-8")];
    assert!(gainswarm(&[&["tune", &study][..], &to].concat()).status.success());
    let gains = || std::fs::read_to_string(output.join("gains.csv")).expect("gains");
    let before = gains();
    for several in
        [&["batch", &config, "--force"][..], &["batch", &config, "--dry-run"], &["compare", &study]]
    {
        let refused = gainswarm(&[several, &to].concat());
        assert_eq!(refused.status.code(), Some(2), "{several:?}");
        let said = stderr(&refused);
        assert!(said.contains("the tuning of one study") && said.contains("another --output"), "{said}");
    }
    assert_eq!(gains(), before);
}

#[test]
fn a_signal_is_heard_while_complete_studies_are_shown_and_their_tables_stay() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "a.toml", short("classical", 20));
    let seeds: Vec<String> = (1..=150).map(|seed: u32| seed.to_string()).collect();
    let config =
        batch(directory.path(), &format!("studies = [\"a.toml\"]\n[grid]\nseed = [{}]\n", seeds.join(", ")));
    let output = directory.path().join("out");
    let options =
        ["batch", &config, "--quiet", "--threads", "1", "--output", output.to_str().expect("UTF-8")];
    assert!(gainswarm(&options).status.success());
    let summary = || std::fs::read_to_string(output.join("summary.csv")).expect("a summary");
    let whole = summary();
    // Pages of all of them take a while.
    let mut again = Command::new(env!("CARGO_BIN_EXE_gainswarm"));
    let again =
        again.args(options).arg("--report").stderr(Stdio::piped()).spawn().expect("the binary starts");
    let deadline = Instant::now() + Duration::from_mins(1);
    while !output.join("a-seed1/report.html").exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = again.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    let ended = again.wait_with_output().expect("an end");
    assert_eq!(ended.status.code(), Some(143), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("150 of 150 studies are done"), "{}", stderr(&ended));
    assert!(!output.join("a-seed150/report.html").exists(), "it has not gone on to the end");
    assert_eq!(summary(), whole);
}

#[test]
fn tables_and_studies_that_cannot_be_written_are_told_and_lose_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "a.toml", short("classical", 40));
    write_config(directory.path(), "b.toml", short("adaptive", 40));
    let config = batch(directory.path(), "studies = [\"a.toml\", \"b.toml\"]\n");
    let output = directory.path().join("out");
    let run = || gainswarm(&["batch", &config, "--quiet", "--output", output.to_str().expect("UTF-8")]);
    // A directory stands where the table should be.
    let table = output.join("summary.csv");
    std::fs::create_dir_all(&table).expect("a directory");
    let night = run();
    assert_eq!(night.status.code(), Some(1), "{}", stderr(&night));
    assert!(
        stderr(&night).contains("cannot write") && stderr(&night).contains("summary.csv"),
        "{}",
        stderr(&night)
    );
    assert!(output.join("b/gains.csv").is_file(), "it went on to the end");
    std::fs::remove_dir(&table).expect("empty");
    let again = run();
    assert!(again.status.success() && stderr(&again).is_empty(), "{}", stderr(&again));
    assert_eq!(std::fs::read_to_string(&table).expect("a table").lines().count(), 3);

    let gains = output.join("a/gains.csv");
    std::fs::remove_file(&gains).expect("a file");
    std::fs::create_dir(&gains).expect("room");
    let broken = run();
    assert_eq!(broken.status.code(), Some(1), "{}", stderr(&broken));
    assert!(stderr(&broken).contains("1 of 2 studies are done, 1 failed: a"), "{}", stderr(&broken));
}
