//! The files that commands write: their columns and keys, found in what they write for a study in which names in capitals stand for those of a model.
//! What each means stands in `files.toml`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::pages::{code, hold, meanings, place, table};

/// The files, what writes them, and what a row or the whole is.
const FILES: [(&str, &str, &str); 24] = [
    (
        "gains.csv",
        "tune/gains.csv",
        "`tune`, `pick`, `export --format csv`: the parameters of the controller, a row each. A file written by hand needs `controller`, `gain` and `value` alone.",
    ),
    ("summary.csv", "tune/summary.csv", "`tune`, `compare`: a tuning in one row."),
    (
        "convergence.csv",
        "tune/convergence.csv",
        "`tune`: the search, a row a generation; of more than 4096 generations a row for several.",
    ),
    ("manifest.json", "tune/manifest.json", "`tune`: all that is needed to do it again."),
    (
        "pareto.csv",
        "front/pareto.csv",
        "`tune` with `[[objectives]]`: the trade-offs, a row each, by the first objective.",
    ),
    (
        "frequency_response.csv",
        "tune/frequency_response.csv",
        "`report`: the loops over frequency, a row a driven input and frequency.",
    ),
    (
        "sensitivity.csv",
        "tune/sensitivity.csv",
        "`sensitivity DIR`: how flat the cost is, a row a tuned gain and percentage by which the cost is worse.",
    ),
    (
        "trajectory.csv",
        "trajectory.csv",
        "`simulate --output FILE`: a simulation, a row a kept step: the time, the states, what drives the plant, signals, and outputs of plant and law.",
    ),
    (
        "validation.csv",
        "validation/validation.csv",
        "`validate`: a row a set and measure. Of `success` only the mean is there, over all runs; other measures are of the runs that survived.",
    ),
    (
        "validation.json",
        "validation/validation.json",
        "`validate`: the same, with the worst runs and what they started from. `--json` prints it too.",
    ),
    (
        "pareto_validation.csv",
        "front_validation/pareto_validation.csv",
        "`validate --front DIR`: a row a trade-off and set.",
    ),
    ("gains.csv of a batch", "batch/gains.csv", "`batch`: the gains of every study, a row each."),
    (
        "summary.csv of a batch",
        "batch/summary.csv",
        "`batch`: a row a study, as in the `summary.csv` of a tuning, and what its group has in common: the studies that differ from it in nothing but the seed.",
    ),
    (
        "summary.csv of a comparison",
        "compare/compare.csv",
        "`compare` writes it as `compare.csv`: a row a study, as in the `summary.csv` of a tuning.",
    ),
    ("audit.csv", "audit/audit.csv", "`audit`: every sample of memory."),
    ("audit.json", "audit/audit.json", "`audit`: what was found. `--json` prints it too."),
    (
        "bench.json",
        "bench/bench.json",
        "`bench --output DIR`: how fast each controller is. `--json` prints it too.",
    ),
    (
        "batch-shard-I-of-N.json",
        "shards/batch-shard-1-of-2.json",
        "`batch --shard I/N`: the part of a batch that a process had, for `merge`. Every shard lists all studies of the batch. \
         A shard of a validation leaves `validation-shard-I-of-N.bin`, the records of its runs as bytes of this program and version.",
    ),
    (
        "summary.csv as JSON",
        "tune.stdout",
        "`tune --json` prints one on stdout, `compare --json`, `batch --json` and `merge --json` an array of them: the row of `summary.csv` with numbers as numbers, and the tuned gains.",
    ),
    ("check --json", "check.stdout", "On stdout: what the study would do. Times are of this machine."),
    ("certify --json", "certify.stdout", "On stdout: the certificate of a loop, and its margins."),
    ("sensitivity --json", "sensitivity.stdout", "On stdout: what `sensitivity.csv` has, a gain an entry."),
    (
        "rules --json",
        "rules.stdout",
        "On stdout: what was found of the plant, and what published rules make of it.",
    ),
    ("batch --dry-run --json", "foreseen.stdout", "On stdout: what is left to do, study by study."),
];

/// What stands before the tables.
const INTRODUCTION: &str = "# Files

What commands write into their directory, and what `--json` writes on stdout. A file is written as a whole, or not at all. CSV is as RFC 4180 has it, UTF-8 with a head and decimal points, numbers with all
their digits; a cell that is empty is not known. Text that a spreadsheet would compute begins with `'`. JSON has `null` for what is not known.

Names in capitals stand for those of a model: `GAIN`, `STATE`, `INPUT`, `OUTPUT`, `PARAMETER`, `TERM` for a term of the cost, `SIGNAL` and `REFERENCE` for signals, `OBJECTIVE` for an objective.
Beside these tables, a run has `checkpoint.bin` (bytes of this program and version, for `--resume`), `report.html` and `plots/` (`report`), and a format of `export` each.

";

/// Runs the program in a directory; what it prints.
fn run(directory: &Path, arguments: &[&str]) -> Vec<u8> {
    let told = Command::new(env!("CARGO_BIN_EXE_gainswarm")).args(arguments).current_dir(directory).output();
    let told = told.expect("the program runs");
    // Gains that do not hold are no matter here.
    let is_done = matches!(told.status.code(), Some(0 | 1));
    assert!(is_done, "{arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
    told.stdout
}

/// A small study, but for its name and its cost.
const STUDY: &str = "
[plant]
file = \"plant.toml\"
[controller]
file = \"controller.toml\"
[connect]
INPUT = \"OUTPUT\"
[simulation]
duration = 2.0
dt = 0.01
[swarm]
particles = 6
[swarm.stopping]
generations = 4
[[scenarios]]
signals = { SIGNAL = 0.5 }
[[validation]]
name = \"SET\"
ranges = { STATE = 0.3 }
uncertainty = { PARAMETER = 10.0 }
noise = { STATE = 1e-3 }
[[tune]]
parameter = \"GAIN\"
";

/// A study that published rules know: `PARAMETER` is its time constant, and there is a dead time.
const KNOWN: &str = "
[plant]
file = \"plant.toml\"
[controller]
type = \"pi\"
[connect]
INPUT = \"u\"
measurement = \"STATE\"
[simulation]
duration = 2.0
dt = 0.01
[[scenarios]]
signals = { reference = 1.0 }
dead_time = 20
[cost.TERM]
integrate = \"STATE^2\"
";

const OBJECTIVES: &str = "[[objectives]]\nname = \"OBJECTIVE\"\nexpression = \"TERM\"\n[[objectives]]\nname = \"effort\"\nexpression = \"TERM2\"\n[cost.TERM]\nintegrate = \"STATE^2\"\n[cost.TERM2]\nintegrate = \"OUTPUT^2\"\n";

/// All files, written for a small study.
fn written() -> TempDir {
    let scratch = tempfile::tempdir().expect("a directory");
    let to = scratch.path();
    for name in ["plant.toml", "controller.toml"] {
        let text = std::fs::read_to_string(place("tests/reference").join(name)).expect("a model");
        // A term of the study is enough for its columns.
        let mut kept: Vec<&str> = text.lines().collect();
        kept.retain(|line| !["iae", "NAME"].iter().any(|term| line.starts_with(term)));
        std::fs::write(to.join(name), kept.join("\n")).expect("a model");
    }
    let texts = [
        (
            "study.toml",
            format!("study = \"one\"\n{STUDY}[cost.TERM]\nweight = 1.0\nintegrate = \"STATE^2\"\n"),
        ),
        (
            "other.toml",
            format!("study = \"other\"\n{STUDY}[cost.TERM]\nweight = 1.0\nintegrate = \"STATE^2\"\n"),
        ),
        ("front.toml", format!("study = \"front\"\n{STUDY}{OBJECTIVES}")),
        ("rules.toml", KNOWN.to_owned()),
        ("batch.toml", "studies = [\"study.toml\"]\n[grid]\nseed = [1, 2]\n".to_owned()),
    ];
    for (name, text) in texts {
        std::fs::write(to.join(name), text).expect("a study");
    }
    let gains = ["--gains", "tune/gains.csv"];
    let with = |before: &[&'static str], after: &[&'static str]| [before, &gains, after].concat();
    let commands: [&[&str]; 10] = [
        &["batch", "batch.toml", "--shard", "1/2", "--output", "shards", "--quiet"],
        &["bench", "study.toml", "--duration", "1s", "--threads", "1", "--output", "bench", "--quiet"],
        &["tune", "front.toml", "--output", "front", "--quiet"],
        &["report", "tune"],
        &["batch", "batch.toml", "--output", "batch", "--quiet"],
        &["compare", "study.toml", "other.toml", "--output", "compare", "--quiet"],
        &["audit", "study.toml", "--cycles", "2", "--steps", "2000", "--output", "audit"],
        &with(&["simulate", "study.toml"], &["--output", "trajectory.csv"]),
        &with(
            &["validate", "study.toml"],
            &["--against", "tune/gains.csv", "--samples", "20", "--output", "validation"],
        ),
        &["validate", "front.toml", "--front", "front", "--samples", "20", "--output", "front_validation"],
    ];
    let printed: [(&str, &[&str]); 6] = [
        ("tune.stdout", &["tune", "study.toml", "--output", "tune", "--quiet"]),
        ("check.stdout", &["check", "study.toml"]),
        ("certify.stdout", &with(&["certify", "study.toml"], &[])),
        ("sensitivity.stdout", &["sensitivity", "tune"]),
        ("rules.stdout", &["rules", "rules.toml"]),
        ("foreseen.stdout", &["batch", "batch.toml", "--dry-run"]),
    ];
    for (name, arguments) in printed {
        std::fs::write(to.join(name), run(to, &[arguments, &["--json"]].concat())).expect("written");
    }
    for arguments in commands {
        run(to, arguments);
    }
    scratch
}

/// The columns of a table, or the keys of JSON, `[]` behind those of arrays.
fn columns(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_some_and(|end| end == "csv") {
        return text.lines().next().unwrap_or_default().split(',').map(String::from).collect();
    }
    let mut keys = Vec::new();
    descend(&serde_json::from_str(&text).expect("JSON"), "", &mut keys);
    keys
}

/// What stands in files of its own.
const ELSEWHERE: [&str; 3] = ["config", "first", "validated_on"];

fn descend(value: &Value, path: &str, keys: &mut Vec<String>) {
    let mut add = |path: &str| {
        if !keys.iter().any(|known| known == path) {
            keys.push(path.to_owned());
        }
    };
    match value {
        Value::Object(object) if !ELSEWHERE.contains(&path) && !object.is_empty() => {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                descend(value, &path, keys);
            }
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            for value in values {
                descend(value, &format!("{path}[]"), keys);
            }
        }
        _ => add(path),
    }
}

#[test]
fn every_column_and_key_that_is_written_is_in_the_reference() {
    let scratch = written();
    let known = meanings("files.toml");
    let (mut page, mut missing) = (INTRODUCTION.to_owned(), Vec::new());
    let mut used: BTreeSet<(&str, String)> = BTreeSet::new();
    for (name, path, told) in FILES {
        let _ = writeln!(
            page,
            "## {}\n\n{told}\n",
            if name.contains(' ') && !name.contains("--") { name.to_owned() } else { code(name) }
        );
        let mut rows = Vec::new();
        for column in columns(&scratch.path().join(path)) {
            // Columns of a batch are those of a tuning, and some more; figures of a certificate stand in many files.
            let last = column.rsplit('.').next().unwrap_or_default().to_owned();
            let file = name.split(' ').next().unwrap_or_default();
            let places = [(name, &column), (file, &column), ("certificate", &last)];
            let found =
                places.into_iter().find_map(|(file, key)| Some((file, key, known.get(file)?.get(key)?)));
            match found {
                Some((file, key, meaning)) => {
                    used.insert((file, key.clone()));
                    rows.push([code(&column), meaning.unit.clone(), meaning.told.clone()]);
                }
                None => missing.push(format!("{name}: {column}")),
            }
        }
        let is_json = name.to_lowercase().ends_with("json");
        page.push_str(&table([if is_json { "key" } else { "column" }, "unit", "meaning"], rows));
    }
    assert!(missing.is_empty(), "tests/reference/files.toml says nothing of\n{}", missing.join("\n"));
    let all = known.iter().flat_map(|(file, keys)| keys.keys().map(move |key| (file.as_str(), key.clone())));
    let idle: Vec<_> = all.filter(|one| !used.contains(one)).collect();
    assert!(idle.is_empty(), "tests/reference/files.toml speaks of what is not written: {idle:?}");
    hold("reference/files.md", &page);
}
