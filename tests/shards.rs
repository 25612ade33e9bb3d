//! Batches and validations in shards, as a job array runs them: in any order, killed and run again, put together by `merge`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{gainswarm, stderr, stdout, write_config};

/// A study that is tuned in a moment.
const STUDY: &str = "[plant]\ntype = \"cart_pole\"\n[controller]\nu_max = 10.0\n[simulation]\nduration = 0.5\n\
                     [[scenarios]]\ncount = 2\nranges = { theta = 0.1 }\n[[validation]]\nname = \"near\"\nranges = { theta = 0.1 }\n\
                     [[validation]]\nname = \"far\"\nranges = { theta = 1.2, theta_dot = 4.0 }\nuncertainty = { link_mass = 10.0 }\n\
                     [swarm.stopping]\nevaluations = 100\n";

/// Its batch, of two laws with so many seeds each.
fn batch(directory: &Path, name: &str, seeds: usize) -> String {
    write_config(directory, "base.toml", STUDY);
    let seeds: Vec<String> = (1..=seeds).map(|seed| seed.to_string()).collect();
    let text = format!(
        "batch = \"night\"\nstudies = [\"base.toml\"]\n[grid]\ncontroller.type = [\"classical\", \"adaptive\"]\nseed = [{}]\n",
        seeds.join(", ")
    );
    write_config(directory, name, text)
}

/// All files below a directory, without what tells of times: those of shards, `checkpoint.bin`, and of tables and manifests the figures.
fn lasting(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name: PathBuf = path.file_name().expect("a name").into();
        let text = name.to_str().expect("UTF-8");
        if path.is_dir() {
            found.extend(lasting(&path).into_iter().map(|(below, bytes)| (name.join(below), bytes)));
        } else if !text.contains("-shard-") {
            found.insert(name.clone(), without_times(text, std::fs::read(&path).expect("a file")));
        }
    }
    found
}

fn without_times(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    match name {
        "checkpoint.bin" => Vec::new(),
        "manifest.json" => {
            let text = String::from_utf8(bytes).expect("UTF-8");
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains("\"finished\"")).collect();
            assert_eq!(lines.len() + 1, text.lines().count());
            lines.join("\n").into_bytes()
        }
        "summary.csv" => {
            let mut csv = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
            let rows: Vec<csv::StringRecord> = csv.records().map(|row| row.expect("a row")).collect();
            let times = ["wall_s", "simulations_per_s", "ns_per_control_step"];
            let kept: Vec<usize> = (0..rows[0].len()).filter(|k| !times.contains(&&rows[0][*k])).collect();
            assert_eq!(kept.len() + times.len(), rows[0].len());
            let row = |row: &csv::StringRecord| kept.iter().map(|k| row[*k].to_owned()).collect::<Vec<_>>();
            format!("{:?}", rows.iter().map(row).collect::<Vec<_>>()).into_bytes()
        }
        _ => bytes,
    }
}

fn same(found: &Path, expected: &Path) {
    let (found, expected) = (lasting(found), lasting(expected));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{} differs", name.display());
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Runs the program, which must succeed.
fn run(arguments: &[&str]) -> Output {
    let run = gainswarm(arguments);
    assert_eq!(run.status.code(), Some(0), "{arguments:?}: {}", stderr(&run));
    run
}

/// Runs the program, which must refuse with all of these words.
fn refused(arguments: &[&str], words: &[&str]) {
    let run = gainswarm(arguments);
    let said = stderr(&run);
    assert_eq!(run.status.code(), Some(2), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not said: {said}");
    }
}

#[test]
fn twelve_shards_in_any_order_three_of_them_killed_and_run_again_make_the_bytes_of_the_single_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = batch(directory.path(), "night.toml", 6);
    let [whole, parts] = ["whole", "parts"].map(|name| directory.path().join(name));
    run(&["batch", &config, "--quiet", "--threads", "1", "--output", text(&whole)]);
    let shard = |number: usize| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gainswarm"));
        let shard = format!("{number}/12");
        command.args(["batch", &config, "--quiet", "--threads", "1", "--shard", &shard, "--output"]);
        command.arg(&parts).stdout(Stdio::null()).spawn().expect("the binary starts")
    };
    let killed = [2, 9, 11];
    for together in [[7, 2, 12, 9], [1, 4, 10, 3], [8, 11, 6, 5]] {
        let mut children: Vec<(usize, Child)> = together.map(|number| (number, shard(number))).into();
        children.sort_by_key(|(number, _)| !killed.contains(number));
        for (number, mut child) in children {
            if killed.contains(&number) {
                // When its study has begun.
                let study = if number > 6 { "adaptive" } else { "classical" };
                let begun = parts.join(format!("base-{study}-seed{}/checkpoint.bin", (number - 1) % 6 + 1));
                let deadline = Instant::now() + Duration::from_mins(1);
                while !begun.exists() && Instant::now() < deadline {
                    std::thread::sleep(Duration::from_millis(1));
                }
                child.kill().expect("SIGKILL");
                child.wait().expect("an end");
            } else {
                assert!(child.wait().expect("an end").success());
            }
        }
    }
    let [merge, here] = ["merge", text(&parts)];
    // One that was done before it could be killed counts as it is.
    let known = gainswarm(&[merge, here]);
    if known.status.code() != Some(0) {
        refused(&[merge, here], &["does not hold the whole batch \"night\"", "--shard", "is not done, "]);
        assert!(!parts.join("summary.csv").exists(), "nothing is written");
    }
    for number in killed {
        assert!(shard(number).wait().expect("an end").success());
    }
    let merged = run(&[merge, here]);
    assert!(stdout(&merged).contains("base-adaptive"), "{}", stdout(&merged));
    same(&parts, &whole);
    // The rows as JSON are those of the single run, but for the times.
    let rows = |arguments: &[&str]| -> Vec<Value> {
        let mut rows: Vec<Value> = serde_json::from_str(&stdout(&run(arguments))).expect("JSON");
        for row in &mut rows {
            for time in ["wall_s", "simulations_per_s", "ns_per_control_step"] {
                row.as_object_mut().expect("a row").remove(time).expect(time);
            }
        }
        rows
    };
    let options = ["--json", "--quiet", "--threads", "1"];
    let again = rows(&[&["batch", &config, "--output", text(&whole)][..], &options].concat());
    assert_eq!(rows(&["merge", here, "--json"]), again);
    assert_eq!(again.len(), 12);
}

#[test]
fn shards_in_directories_of_their_own_are_laid_together_and_one_without_studies_needs_not_be_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = batch(directory.path(), "night.toml", 2);
    let place = |name: &str| directory.path().join(name);
    run(&["batch", &config, "--quiet", "--report", "--threads", "1", "--output", text(&place("whole"))]);
    let mut merge =
        vec!["merge".to_owned(), "--quiet".into(), "--output".into(), text(&place("merged")).into()];
    for number in [4, 1, 3, 2] {
        let (shard, output) = (format!("{number}/5"), place(&format!("part {number}")));
        let done =
            ["batch", &config, "--quiet", "--threads", "1", "--shard", &shard, "--output", text(&output)];
        assert!(stdout(&run(&done)).is_empty());
        merge.push(text(&output).into());
    }
    let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
    run(&merge);
    assert!(!place("merged").join("report.html").exists());
    run(&[&merge[..], &["--report"]].concat());
    // Pages say when they were made.
    let pages = ["whole", "merged"].map(|name| {
        let files = lasting(&place(name));
        let pages = files.into_keys().filter(|file| file.ends_with("report.html"));
        pages
            .inspect(|page| std::fs::remove_file(place(name).join(page)).expect("a page"))
            .collect::<Vec<_>>()
    });
    assert_eq!((pages[0].len(), &pages[0]), (5, &pages[1]));
    same(&place("merged"), &place("whole"));
    // The shards are as they were: merged once more into another place they give the same.
    let again = text(&place("again")).to_owned();
    run(&[&["merge", "--output", &again][..], &merge[4..]].concat());
    assert!(
        std::fs::read(place("again/gains.csv")).expect("gains")
            == std::fs::read(place("whole/gains.csv")).expect("gains")
    );
}

/// The gains that a study begins with, as a file; a factor makes them others.
fn gains(directory: &Path, name: &str, kd: f64) -> String {
    let text = format!("controller,gain,value,unit,lower,upper,tuned\nclassical,kd,{kd:?},N s/rad,,,true\n");
    write_config(directory, name, text)
}

#[test]
fn a_validation_in_shards_has_the_bytes_of_the_whole_also_against_other_gains() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "study.toml", STUDY);
    let [these, others] =
        [("these.csv", 30.0), ("others.csv", 3.0)].map(|(name, kd)| gains(directory.path(), name, kd));
    let place = |name: &str| directory.path().join(name);
    let common = ["validate", &config, "--gains", &these, "--samples", "203", "--quiet"];
    for (name, more) in [("alone", &[][..]), ("pair", &["--against", &others][..])] {
        let whole = place(&format!("{name} whole"));
        run(&[&common[..], more, &["--output", text(&whole)]].concat());
        let parts = place(&format!("{name} parts"));
        for number in [3, 5, 1, 4, 2] {
            let shard = format!("{number}/5");
            run(&[&common[..], more, &["--shard", &shard, "--threads", "1", "--output", text(&parts)]]
                .concat());
            assert!(!parts.join("validation.csv").exists());
        }
        let json = stdout(&run(&["merge", text(&parts), "--json", "--quiet"]));
        let found: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(found["sets"][1]["worst"].as_array().map(Vec::len), Some(10));
        assert!(found["sets"][1]["failed"].as_u64() > Some(0), "runs that fail are merged, too");
        same(&parts, &whole);
    }
    let strict = gainswarm(&["merge", text(&place("alone parts")), "--require", "1.0", "--quiet"]);
    assert_eq!(strict.status.code(), Some(1), "{}", stderr(&strict));
}

#[test]
fn more_shards_than_runs_or_studies_leave_some_with_nothing_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "study.toml", STUDY);
    let these = gains(directory.path(), "these.csv", 30.0);
    let output = directory.path().join("parts");
    for shard in ["1/3", "2/3", "3/3"] {
        let validate =
            ["validate", &config, "--gains", &these, "--samples", "2", "--quiet", "--shard", shard];
        run(&[&validate[..], &["--output", text(&output)]].concat());
    }
    std::fs::remove_file(output.join("validation-shard-1-of-3.bin")).expect("a shard without runs");
    run(&["merge", text(&output), "--quiet"]);
}

#[test]
fn progress_for_other_programs_is_a_json_object_a_line_with_or_without_quiet() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = batch(directory.path(), "night.toml", 1);
    let study = write_config(directory.path(), "study.toml", STUDY);
    let these = gains(directory.path(), "these.csv", 30.0);
    let output = directory.path().join("out");
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let more = ["--quiet", "--json-progress", "--threads", "1", "--output", text(&output)];
        let said = stderr(&run(&[arguments, &more].concat()));
        // The gains that a file leaves out are warned of.
        let rest = said.lines().filter(|line| !line.starts_with("warning: "));
        rest.map(|line| serde_json::from_str(line).expect(line)).collect()
    };
    let usual = ["unit", "done", "of", "steps_per_s", "seconds", "remaining_s", "ended"];
    let last = |lines: &[Value], command: &str| {
        let progress: Vec<&Value> = lines.iter().filter(|line| line["event"] == "progress").collect();
        assert!(progress.len() >= 2, "the first and the last: {lines:?}");
        for line in &progress {
            assert_eq!(line["command"], command);
            assert!(usual.iter().all(|key| line.get(key).is_some()), "{line}");
            let [done, of] = ["done", "of"].map(|key| line[key].as_u64().expect("a number"));
            assert!(done <= of && line["steps_per_s"].as_f64() > Some(0.0), "{line}");
        }
        let last = progress[progress.len() - 1].clone();
        assert_eq!(
            (&last["ended"], &last["done"], &last["remaining_s"]),
            (&true.into(), &last["of"], &0.0.into())
        );
        last
    };

    let found = lines(&["batch", &config, "--shard", "2/2"]);
    let end = last(&found, "batch");
    assert_eq!(
        (&end["batch"], &end["shard"], &end["study"]),
        (&"night".into(), &"2/2".into(), &"base-adaptive-seed1".into())
    );
    assert_eq!((&end["unit"], &end["evaluations"]), (&"evaluation".into(), &100.into()));
    assert!(end["best"].as_f64() > Some(0.0) && end["generation"].as_u64() > Some(0), "{end}");
    let done = &found[found.len() - 1];
    assert_eq!(
        (&done["event"], &done["studies_done"], &done["studies"]),
        (&"study".into(), &1.into(), &1.into())
    );

    let found = lines(&["validate", &study, "--gains", &these, "--samples", "100"]);
    let end = last(&found, "validate");
    assert_eq!((&end["set"], &end["gains"], &end["of"]), (&"far".into(), &"these".into(), &100.into()));
    // Among other messages the objects still stand on lines of their own.
    let tuned = output.join("tuned");
    let tune = ["tune", &study, "--json-progress", "--threads", "1", "--output", text(&tuned)];
    let said = stderr(&run(&tune));
    let objects = said.lines().filter(|line| line.starts_with('{'));
    let found: Vec<Value> = objects.map(|line| serde_json::from_str(line).expect(line)).collect();
    last(&found, "tune");
    assert!(said.contains("written to") && !said.contains("sims/s"), "{said}");
}
