//! Where results go when nobody says: never a dead end, never over another's.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{SMALL_STUDY, stderr, write_config};

/// The program in a place of its own.
fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gainswarm"));
    command.args(arguments).current_dir(directory).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    command(directory, arguments).output().expect("the binary starts")
}

/// The seed of the tuning in a directory.
fn seed(directory: &Path) -> u64 {
    let manifest = std::fs::read(directory.join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    manifest["seed"].as_u64().expect("a seed")
}

#[test]
fn studies_of_one_name_get_a_directory_each_and_find_it_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    write_config(path, "classical.toml", SMALL_STUDY);
    std::fs::create_dir(path.join("other")).expect("a directory");
    let other = SMALL_STUDY.replacen("seed = 3", "seed = 4", 1);
    write_config(&path.join("other"), "classical.toml", &other);
    let tune = |config: &str, options: &[&str]| run(path, &[&["tune", config], options].concat());
    assert!(tune("classical.toml", &[]).status.success());
    let second = tune("other/classical.toml", &[]);
    assert!(second.status.success(), "{}", stderr(&second));
    let said = stderr(&second);
    assert!(
        said.contains(
            "outputs/classical belongs to another config (config.seed is 3 there and 4 here): writing to outputs/classical-2"
        ),
        "{said}"
    );
    assert!(tune("classical.toml", &["--seed", "5", "--quiet"]).status.success());
    let places = ["classical", "classical-2", "classical-3"].map(|name| path.join("outputs").join(name));
    assert_eq!([&places[0], &places[1], &places[2]].map(|place| seed(place)), [3, 4, 5]);
    // Each finds its own, also where one before it is gone.
    std::fs::remove_dir_all(&places[1]).expect("removed");
    for (options, place) in [(&[][..], "classical"), (&["--seed", "5"], "classical-3")] {
        for more in [&[][..], &["--resume"]] {
            let again = tune("classical.toml", &[options, more].concat());
            let said = stderr(&again);
            assert!(said.contains(&format!("outputs/{place} holds this run, complete")), "{said}");
        }
    }
    assert!(tune("other/classical.toml", &["--quiet"]).status.success());
    assert_eq!(seed(&places[1]), 4);
    // A longer run stays what it is, and a shorter one of the same study is another.
    let shorter = tune("classical.toml", &["--generations", "5"]);
    assert!(stderr(&shorter).contains("writing to outputs/classical-4"), "{}", stderr(&shorter));
    let back = tune("classical.toml", &["--generations", "4", "--resume"]);
    assert_eq!(back.status.code(), Some(2), "a run does not go back: {}", stderr(&back));
    // Who names a place gets that one or none.
    let named = tune("other/classical.toml", &["--output", "outputs/classical"]);
    assert_eq!(named.status.code(), Some(2));
    assert!(stderr(&named).contains("config.seed is 3 there and 4 here"), "{}", stderr(&named));
    assert_eq!(seed(&places[0]), 3);
    let forced = tune("classical.toml", &["--seed", "5", "--force", "--quiet"]);
    assert!(forced.status.success() && seed(&places[0]) == 3, "its own is replaced: {}", stderr(&forced));
}

#[test]
fn processes_that_start_at_once_do_not_share_a_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    write_config(directory.path(), "study.toml", SMALL_STUDY);
    let start = |seed: u64| {
        let seed = seed.to_string();
        let arguments = ["tune", "study.toml", "--quiet", "--threads", "1", "--seed", &seed];
        command(directory.path(), &arguments).spawn().expect("the binary starts")
    };
    let runs: Vec<_> = (1..=6).map(start).collect();
    for run in runs {
        let ended = run.wait_with_output().expect("an end");
        assert!(ended.status.success(), "{}", stderr(&ended));
    }
    let outputs = std::fs::read_dir(directory.path().join("outputs")).expect("outputs");
    let seeds: BTreeSet<u64> = outputs.map(|entry| seed(&entry.expect("an entry").path())).collect();
    assert_eq!(seeds, BTreeSet::from([1, 2, 3, 4, 5, 6]));
}

#[test]
fn batches_and_comparisons_find_their_directories_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let study = |seed: u64| SMALL_STUDY.replacen("seed = 3", &format!("seed = {seed}"), 1);
    write_config(path, "night.toml", "studies = [\"a.toml\"]\n");
    for (seed, batch, compare) in
        [(3, "night", "compare"), (4, "night-2", "compare-2"), (3, "night", "compare")]
    {
        write_config(path, "a.toml", study(seed));
        let dry = run(path, &["batch", "night.toml", "--dry-run", "--json"]);
        assert!(dry.status.success(), "{}", stderr(&dry));
        let night = run(path, &["batch", "night.toml"]);
        assert!(night.status.success(), "{}", stderr(&night));
        assert!(stderr(&night).contains(&format!("written to outputs/{batch}\n")), "{}", stderr(&night));
        let side = run(path, &["compare", "a.toml"]);
        assert!(side.status.success(), "{}", stderr(&side));
        assert!(stderr(&side).contains(&format!("written to outputs/{compare}\n")), "{}", stderr(&side));
    }
    assert_eq!(seed(&path.join("outputs/night-2/a")), 4);
    // The directory of one study is not that of several.
    write_config(path, "one.toml", format!("study = \"b\"\n{SMALL_STUDY}"));
    write_config(path, "b.toml", "batch = \"b\"\nstudies = [\"a.toml\"]\n");
    assert!(run(path, &["tune", "one.toml", "--quiet"]).status.success());
    let several = run(path, &["batch", "b.toml"]);
    assert!(
        stderr(&several).contains("outputs/b belongs to the tuning of one study: writing to outputs/b-2"),
        "{}",
        stderr(&several)
    );
}
