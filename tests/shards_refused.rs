//! Shards that do not make a whole: each is refused by name with what to do, and nothing is written or lost.

use std::path::Path;
use std::process::Command;

use gainswarm::report::{hold, hold_shared};

use crate::support::{gainswarm, stderr, write_config};

const STUDY: &str = "[plant]\ntype = \"cart_pole\"\n[simulation]\nduration = 0.2\n[[scenarios]]\nranges = { theta = 0.1 }\n[swarm]\nparticles = 4\n\
                     [swarm.stopping]\ngenerations = 3\n";

/// Runs of each set, and the seed.
const USUAL: [&str; 2] = ["20", "1"];

/// A directory with a study, its batch of four, and gains.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().expect("a directory"));
        write_config(bench.0.path(), "base.toml", STUDY);
        let text = "studies = [\"base.toml\"]\n[grid]\nseed = [1, 2, 3, 4]\n";
        write_config(bench.0.path(), "night.toml", text);
        let gains = "controller,gain,value,unit,lower,upper,tuned\nclassical,kd,20.0,N s/rad,,,true\n";
        write_config(bench.0.path(), "gains.csv", gains);
        bench
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").into()
    }

    fn batch(&self, shard: &str, output: &str, more: &[&str]) -> Result<(), String> {
        let (config, output) = (self.path("night.toml"), self.path(output));
        said(
            &[
                &["batch", &config, "--quiet", "--threads", "1", "--shard", shard, "--output", &output][..],
                more,
            ]
            .concat(),
        )
    }

    fn validate(&self, shard: &str, output: &str, [samples, seed]: [&str; 2]) -> Result<(), String> {
        let (config, gains, output) = (self.path("base.toml"), self.path("gains.csv"), self.path(output));
        let of = ["validate", &config, "--gains", &gains, "--samples", samples, "--seed", seed];
        said(&[&of[..], &["--quiet", "--shard", shard, "--output", &output]].concat())
    }

    fn merge(&self, directories: &[&str], output: &str) -> Result<(), String> {
        let mut arguments = vec!["merge".to_owned(), "--quiet".into(), "--output".into(), self.path(output)];
        arguments.extend(directories.iter().map(|name| self.path(name)));
        said(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// All words are in the refusal of a merge, which writes nothing.
    fn refuses(&self, directories: &[&str], words: &[&str]) {
        let why = self.merge(directories, "merged").expect_err("a refusal");
        for word in words {
            assert!(why.contains(word), "{word:?} is not said: {why}");
        }
        assert!(!Path::new(&self.path("merged")).exists(), "nothing is written: {why}");
    }

    /// Changes the bytes of a file.
    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(name);
        let mut bytes = std::fs::read(&path).expect("a file");
        change(&mut bytes);
        std::fs::write(path, bytes).expect("a file");
    }
}

/// Runs the program; what it says when it fails.
fn said(arguments: &[&str]) -> Result<(), String> {
    let run = gainswarm(arguments);
    if run.status.success() { Ok(()) } else { Err(format!("{}: {}", run.status, stderr(&run))) }
}

#[test]
fn directories_without_shards_are_refused() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("outer/empty")).expect("a directory");
    bench.refuses(&["outer/empty"], &["outer/empty holds no shard", "batch --shard"]);
    bench.refuses(&["nowhere"], &["nowhere is not there", "give the directories"]);
    bench.refuses(&["base.toml"], &["base.toml cannot be read", "give the directories"]);
    bench.batch("1/1", "outer/a", &[]).expect("a shard");
    bench.refuses(&["outer"], &["outer holds no shard", "the directories in it do: give", "outer/*"]);
    bench.refuses(&["outer/a", "outer/../outer/a"], &["is given twice", "give each directory once"]);
    let many = gainswarm(&["merge", &bench.path("outer/a"), &bench.path("outer/empty")]);
    assert!(stderr(&many).contains("--output"), "{}", stderr(&many));
}

#[test]
fn shards_of_a_batch_that_make_no_whole_are_named_with_what_to_run_again() {
    let bench = Bench::new();
    bench.batch("1/2", "a", &[]).expect("a shard");
    bench.refuses(&["a"], &["shard 2/2 is missing (2 studies)", "night.toml --shard 2/2 --output"]);
    // Of another config, and there twice.
    bench.batch("2/2", "b", &["--generations", "2"]).expect("a shard");
    let words = [
        "batch-shard-2-of-2.json is of another batch than shard 1/2",
        "swarm.stopping",
        "--shard 2/2 --output",
    ];
    bench.refuses(&["a", "b"], &words);
    bench.batch("1/2", "c", &[]).expect("a shard");
    bench.refuses(&["a", "c"], &["is shard 1/2 once more", "remove one of the files"]);
    // Of another number.
    bench.batch("2/4", "d", &[]).expect("a shard");
    bench.refuses(&["a", "d"], &["is of 4 shards", "of 2", "they are not of one whole"]);
    let why = bench.batch("3/3", "a", &[]).expect_err("a refusal");
    assert!(why.contains("is shard 1/2, and this would be 3/3") && why.contains("--shard I/2"), "{why}");
    // A batch and a validation.
    bench.validate("1/2", "e", USUAL).expect("a shard");
    bench.refuses(&["a", "e"], &["stands beside", "merge them one after the other"]);
    bench.batch("2/2", "a", &[]).expect("the shard that was missing");
    bench.merge(&["a"], "merged").expect("a whole");
}

#[test]
fn a_shard_of_a_batch_that_is_half_written_or_damaged_is_named() {
    let bench = Bench::new();
    for shard in ["1/2", "2/2"] {
        bench.batch(shard, "a", &[]).expect("a shard");
    }
    let (mark, whole) = (
        "a/batch-shard-2-of-2.json",
        std::fs::read(bench.path("a/batch-shard-2-of-2.json")).expect("a mark"),
    );
    bench.change(mark, |bytes| bytes.truncate(bytes.len() / 2));
    bench.refuses(&["a"], &["batch-shard-2-of-2.json is half written", "run it again", "--shard 2/2"]);
    let text = String::from_utf8(whole.clone()).expect("UTF-8");
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version));
    bench.change(mark, |bytes| *bytes = text.replace(&version, "\"version\": \"0.0.9\"").into());
    bench.refuses(&["a"], &["is of version 0.0.9 of gainswarm, and this is", "run shard 2/2 again"]);
    bench.change(mark, |bytes| *bytes = text.replace("base-seed3", "../../etc").into());
    bench.refuses(&["a"], &["batch-shard-2-of-2.json is half written, or no shard"]);
    bench.change(mark, |bytes| *bytes = text.replace("\"2/2\"", "\"1/2\"").into());
    bench.refuses(&["a"], &["says that it is shard 1/2, but its name says 2/2"]);
    bench.change(mark, |bytes| *bytes = whole);

    // Studies: cut short, missing, of another run.
    bench.change("a/base-seed2/gains.csv", |bytes| bytes.truncate(bytes.len() - 3));
    std::fs::remove_file(bench.path("a/base-seed3/summary.csv")).expect("a file");
    bench.change("a/base-seed4/checkpoint.bin", |bytes| bytes[80] ^= 1);
    let words = [
        "shard 1/2 is not done, 1 of its 2 studies: base-seed3",
        "shard 2/2 is not done, 2 of its 2 studies: base-seed2 (damaged: gains.csv ends too early; remove",
        "base-seed4 (damaged:",
        "checksum",
    ];
    bench.refuses(&["a"], &words);
    // As it is told.
    for study in ["base-seed2", "base-seed4"] {
        std::fs::remove_dir_all(bench.path(&format!("a/{study}"))).expect("a directory");
    }
    for shard in ["1/2", "2/2"] {
        bench.batch(shard, "a", &[]).expect("a shard");
    }
    bench.merge(&["a"], "merged").expect("a whole");
}

#[test]
fn shards_of_a_validation_that_make_no_whole_are_named() {
    let bench = Bench::new();
    bench.validate("1/3", "a", USUAL).expect("a shard");
    bench.validate("3/3", "a", USUAL).expect("a shard");
    bench.refuses(&["a"], &["shard 2/3 is missing (7 runs of each set)", "--shard 2/3 --output"]);
    for (name, more, words) in [
        ("seed", ["20", "2"], "seed is 2 there and 1 here"),
        ("runs", ["21", "1"], "samples is 21 there and 20 here"),
    ] {
        bench.validate("2/3", name, more).expect("a shard");
        bench.refuses(
            &["a", name],
            &["validation-shard-2-of-3.bin is of another validation than shard 1/3", words],
        );
    }
    std::fs::write(bench.path("base.toml"), STUDY.replace("[simulation]", "link_mass = 0.3\n[simulation]"))
        .expect("another study");
    bench.validate("2/3", "study", USUAL).expect("a shard");
    bench.refuses(&["a", "study"], &["config.plant.link_mass is 0.3 there and"]);
    std::fs::write(bench.path("base.toml"), STUDY).expect("the study");
    bench.validate("2/3", "b", USUAL).expect("a shard");
    bench.merge(&["a", "b"], "fine").expect("a whole");

    let part = "b/validation-shard-2-of-3.bin";
    let whole = std::fs::read(bench.path(part)).expect("a shard");
    bench.change(part, |bytes| bytes.truncate(bytes.len() - 100));
    bench.refuses(&["a", "b"], &["validation-shard-2-of-3.bin is damaged", "run it again", "--shard 2/3"]);
    bench.change(part, |bytes| *bytes = [&whole[..whole.len() - 9], &[0; 9]].concat());
    bench.refuses(&["a", "b"], &["checksum does not fit"]);
    let here = env!("CARGO_PKG_VERSION");
    // As long as this one, so that the lengths in the file stay as they are.
    let other = here.replace(|c: char| c.is_ascii_digit(), "7");
    let at = whole.windows(here.len()).position(|bytes| bytes == here.as_bytes()).expect("the version");
    bench.change(part, |bytes| {
        *bytes = whole[..whole.len() - 4].to_vec();
        bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
        bytes.extend(crc32fast::hash(bytes).to_le_bytes());
    });
    bench.refuses(
        &["a", "b"],
        &[&format!("is of version {other} of gainswarm, and this is"), "run shard 2/3 again"],
    );
    bench.change(part, |bytes| *bytes = Vec::new());
    bench.refuses(&["a", "b"], &["is damaged: it ends too early"]);
    std::fs::write(bench.path("a/validation-shard-2-of-3.bin"), whole).expect("a file");
    bench.refuses(&["a", "b"], &["is shard 2/3 once more"]);
    std::fs::rename(bench.path("a/validation-shard-2-of-3.bin"), bench.path(part)).expect("a file");
    std::fs::rename(bench.path("a/validation-shard-1-of-3.bin"), bench.path("moved.bin")).expect("a file");
    std::fs::copy(bench.path(part), bench.path("a/validation-shard-1-of-3.bin")).expect("a copy");
    bench.refuses(&["a", "b"], &["says that it is shard \"2/3\", but its name says 1/3"]);
}

#[test]
fn a_place_that_is_in_use_or_not_ours_is_refused_and_keeps_what_it_holds() {
    let bench = Bench::new();
    for shard in ["1/2", "2/2"] {
        bench.batch(shard, "a", &[]).expect("a shard");
    }
    // While a shard runs, its directory cannot be merged; other shards and a merge of it into another place can go on.
    let shared = hold_shared(Path::new(&bench.path("a"))).expect("a lock");
    let why = bench.merge(&["a"], "a").expect_err("a refusal");
    assert!(why.contains("is in use: another gainswarm") && why.contains("--output"), "{why}");
    bench.batch("1/2", "a", &[]).expect("a shard beside the other");
    drop(shared);
    let alone = hold(Path::new(&bench.path("a"))).expect("a lock");
    let why = bench.batch("1/2", "a", &[]).expect_err("a refusal");
    assert!(why.contains("is in use"), "{why}");
    drop(alone);
    // Another study of that name, a tuning, and what is no directory.
    let other = [
        "tune",
        &bench.path("base.toml"),
        "--quiet",
        "--seed",
        "9",
        "--output",
        &bench.path("full/base-seed1"),
    ];
    said(&other).expect("a tuning");
    let why = bench.merge(&["a"], "full").expect_err("a refusal");
    assert!(
        why.contains("belongs to another config (config.seed is 9") && why.contains("another --output"),
        "{why}"
    );
    assert!(!Path::new(&bench.path("full/base-seed2")).exists());
    let why = bench.merge(&["a"], "full/base-seed1").expect_err("a refusal");
    assert!(why.contains("belongs to the tuning of one study"), "{why}");
    let run = gainswarm(&["merge", &bench.path("a"), "--output", "/dev/full"]);
    assert!(stderr(&run).contains("/dev/full is not a directory"), "{}", stderr(&run));
    let full = Command::new("sh")
        .args([
            "-c",
            "\"$0\" merge \"$1\" --json >/dev/full",
            env!("CARGO_BIN_EXE_gainswarm"),
            &bench.path("a"),
        ])
        .output()
        .expect("a shell");
    assert!(stderr(&full).contains("cannot write standard output"), "{}", stderr(&full));
    assert!(Path::new(&bench.path("a/summary.csv")).exists(), "the files are there all the same");
}
