//! FMUs as plants: the same results as the equations that they discretise, and clear words for those that break the standard.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gainswarm::Member;
use gainswarm::config::Config;
use gainswarm::problem::{Problem, certifier};
use gainswarm::simulation::{Ending, SimdLevel};
use gainswarm::stability::{Reason, Verdict};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::libraries::Bench;
use crate::support::{batch, results, stderr, stdout, write_config};

mod exported;

const DESCRIPTION: &str = include_str!("data/fmu.xml");

/// What compiles the FMU of the tests; `None` where there is no compiler, or no binaries of FMI 2.0 for this platform that are made here.
fn bench() -> Option<Bench> {
    cfg!(all(target_os = "linux", target_arch = "x86_64")).then(Bench::new)?
}

fn binary(bench: &Bench, options: &[&str]) -> Vec<u8> {
    let optimise = [&["-O1"], options].concat();
    std::fs::read(bench.library(Path::new("tests/data/fmu.c"), &optimise)).expect("a library")
}

/// A zip archive of some files.
fn zipped(bench: &Bench, name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let path = bench.room.path().join(name).with_extension("fmu");
    let mut archive = ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    for (name, content) in files {
        archive.start_file(*name, SimpleFileOptions::default()).expect("a name");
        archive.write_all(content).expect("room");
    }
    archive.finish().expect("an archive");
    path
}

/// An FMU of a first-order lag, with its discretisation exact.
fn lag(bench: &Bench) -> PathBuf {
    let library = binary(bench, &[]);
    zipped(
        bench,
        "lag",
        &[("modelDescription.xml", DESCRIPTION.as_bytes()), ("binaries/linux64/lag.so", &library)],
    )
}

/// A study of the lag under PI control.
fn text(plant: &str) -> String {
    format!(
        "[plant]\n{plant}\n[controller]\ntype = \"pi\"\nKp = 1.0\nKi = 1.0\nu_max = 10.0\n[connect]\nmeasurement = \"x\"\nu = \"u\"\n[simulation]\n\
         dt = 0.01\nduration = 3.0\n[[scenarios]]\nsignals = {{ reference = 1.0 }}\n[[scenarios]]\nsignals = {{ reference = 0.5 }}\n\
         uncertainty = {{ lag_T = 20.0, lag_K = 20.0 }}\ncount = 3\nseed = 1\n[cost.apart]\nunit = \"m s\"\nintegrate = \"(x - 1)^2 + 0.01*(w - 2)^2\"\n[[tune]]\n\
         parameter = \"Kp\"\nlower = 0.01\nupper = 10.0\n[[tune]]\nparameter = \"Ki\"\nlower = 0.01\nupper = 10.0\n\
         [swarm]\nparticles = 20\n[swarm.stopping]\nevaluations = 200\n"
    )
}

fn study(plant: &str) -> Config {
    Config::parse(Path::new("study.toml"), &text(plant)).unwrap_or_else(|error| panic!("{error}"))
}

fn named(fmu: &Path) -> String {
    format!("fmu = {:?}\nlag_K = 1.5", fmu.display().to_string())
}

/// The plant that the FMU discretises.
const EQUATIONS: &str = "name = \"lag\"\nequations = \"\"\"\nx' = (lag_K*u - x)/lag_T\nw = 2*x\n\"\"\"\nlag_K = 1.5\n[plant.states]\nx = {}\n\
     [plant.inputs]\nu = { default = 0.0 }\n[plant.parameters]\nlag_T = { default = 0.5 }\nlag_K = { default = 2.0 }\n[plant.outputs]\nw = {}";

/// Gain vectors about those of the study.
fn vectors(config: &Config) -> Vec<Vec<f64>> {
    (0..20)
        .map(|k| config.controller.values.iter().map(|value| value * (1.0 + 0.1 * f64::from(k))).collect())
        .collect()
}

#[test]
fn an_fmu_moves_as_the_equations_that_it_discretises() {
    let Some(bench) = bench() else { return };
    let unit = study(&named(&lag(&bench)));
    let equations = study(EQUATIONS);
    let of = unit.plant.of.model.library().expect("an FMU").description();
    let names = |of: &[gainswarm::plugin::Quantity]| -> Vec<String> {
        of.iter().map(|of| format!("{} {} {}", of.name, of.unit, of.value)).collect()
    };
    assert_eq!(names(&of.inputs), ["u V 0"]);
    assert_eq!(names(&of.parameters), ["lag_T s 0.5", "lag_K  2", "x_start m 0"]);
    assert_eq!(names(&of.outputs), ["x m 0", "w furlong 0"]);
    // A unit that the language has no word for is none.
    assert!(
        unit.plant.of.model.declared.outputs.iter().all(|output| output.name != "w" || output.unit.is_none())
    );
    let widest = SimdLevel::widest();
    let records = |config: &Config, level| batch(&Problem::new(config), level, &vectors(config));
    let [found, expected] = [&unit, &equations].map(|config| records(config, widest));
    assert!(found.len() > 64, "more than a block");
    for (found, expected) in found.iter().zip(&expected) {
        // The error of RK4 in a step is below (h/T)^5/120, here 3e-11 of what moves.
        assert_eq!((found.ending, found.steps), (Ending::Survived, expected.steps));
        assert!((found.cost / expected.cost - 1.0).abs() < 1e-8, "{} and {}", found.cost, expected.cost);
    }
    for level in SimdLevel::available() {
        assert_eq!(records(&unit, level), found, "{}", level.name());
    }
}

#[test]
fn nothing_is_said_of_small_disturbances_of_what_is_hidden() {
    let Some(bench) = bench() else { return };
    let config = study(&named(&lag(&bench)));
    let certificate = certifier(&config)(&config.controller.values);
    assert_eq!((certificate.verdict, certificate.reason), (Verdict::Unknown, Reason::Hidden));
}

/// The result files of a tuning without what instances cost, of which each thread has its own.
fn lasting(directory: &Path) -> (String, Vec<String>, Vec<String>) {
    let (gains, convergence, mut summary) = results(directory);
    let head = convergence.lines().next().expect("a head");
    let growth = head.split(',').position(|name| name == "growth_bytes").expect("a column");
    let without = |line: &str| -> String {
        let cells = line.split(',').enumerate().filter(|(column, _)| *column != growth);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    let convergence = convergence.lines().map(without).collect();
    summary.retain(|entry| !entry.starts_with("hot_path_allocations") && !entry.starts_with("growth_bytes"));
    (gains, convergence, summary)
}

fn run(arguments: &[&str], hostile: &str) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_gainswarm")).args(arguments).env("HOSTILE", hostile).output();
    run.expect("the binary starts")
}

#[test]
fn an_fmu_is_tuned_with_the_same_bits_on_any_number_of_threads() {
    let Some(bench) = bench() else { return };
    let room = bench.room.path();
    let config = write_config(room, "lag.toml", text(&named(&lag(&bench))));
    let outputs = ["1", "2"].map(|threads| {
        let output = room.join(threads);
        let tuned =
            run(&["tune", &config, "--threads", threads, "--output", &output.display().to_string()], "");
        assert!(tuned.status.success(), "{}", stderr(&tuned));
        assert!(!stdout(&tuned).contains("stable"), "{}", stdout(&tuned));
        output
    });
    let [one, two] = outputs.map(|output| lasting(&output));
    assert_eq!(one, two);
    // A resolved config is the study once more.
    let resolved = write_config(room, "resolved.toml", stdout(&run(&["check", &config], "")));
    let check = run(&["check", &resolved], "");
    assert!(check.status.success(), "{}", stderr(&check));
    assert!(stdout(&check).contains("lag.fmu"), "{}", stdout(&check));
}

/// `gainswarm check` of a study of an FMU.
fn check(bench: &Bench, fmu: &Path, hostile: &str) -> Output {
    let config = write_config(bench.room.path(), "hostile.toml", text(&named(fmu)));
    run(&["check", &config], hostile)
}

fn refused(run: &Output, name: &str, expected: &str) {
    let said = stderr(run);
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(run.status.code(), Some(2), "{name}: {said}");
    assert!(words.contains(expected) && said.contains("plant.fmu"), "{name}: {said}");
    assert!(!said.contains("panicked"), "{name}: {said}");
}

#[test]
fn fmus_that_break_the_standard_get_a_clear_word() {
    let Some(bench) = bench() else { return };
    let fmu = lag(&bench);
    for (hostile, expected) in [
        ("step", "`fmi2DoStep` gives fmi2Error; it says \"the solver gave up\""),
        ("discard", "`fmi2DoStep` gives fmi2Discard"),
        ("fatal", "`fmi2DoStep` gives fmi2Fatal"),
        ("initialisation", "`fmi2EnterInitializationMode` gives fmi2Error"),
        ("nan", "its output `x` is NaN after 1 steps"),
        ("shared", "gives other results beside another instance"),
    ] {
        refused(&check(&bench, &fmu, hostile), hostile, expected);
    }
    // What cannot be set back is made anew.
    let lags = ["", "reset"].map(|hostile| {
        let config = write_config(bench.room.path(), "lag.toml", text(&named(&fmu)));
        let output = bench.room.path().join(format!("out{hostile}"));
        let tuned = run(&["tune", &config, "--output", &output.display().to_string()], hostile);
        assert!(tuned.status.success(), "{}", stderr(&tuned));
        lasting(&output)
    });
    assert_eq!(lags[0], lags[1]);
}

#[test]
fn an_fmu_that_fails_later_is_a_failed_simulation() {
    let Some(bench) = bench() else { return };
    let config = write_config(bench.room.path(), "late.toml", text(&named(&lag(&bench))));
    let file = bench.room.path().join("late.csv").display().to_string();
    let late = run(&["simulate", &config, "--output", &file], "late");
    assert_eq!(late.status.code(), Some(1), "{}", stderr(&late));
    assert!(stderr(&late).contains("; the FMU: `fmi2DoStep` gives fmi2Error"), "{}", stderr(&late));
}

#[test]
fn archives_that_are_no_fmu_are_refused_before_anything_of_them_runs() {
    let Some(bench) = bench() else { return };
    let library = binary(&bench, &[]);
    let (xml, so) = ("modelDescription.xml", "binaries/linux64/lag.so");
    let of = |name: &str, description: &str| {
        zipped(&bench, name, &[(xml, description.as_bytes()), (so, &library)])
    };
    let changed = |name: &str, from: &str, to: &str| {
        assert!(DESCRIPTION.contains(from), "{from}");
        of(name, &DESCRIPTION.replace(from, to))
    };
    let text = bench.room.path().join("text.fmu");
    std::fs::write(&text, "no archive").expect("a file");
    let cut = bench.room.path().join("cut.fmu");
    let whole = std::fs::read(lag(&bench)).expect("an FMU");
    std::fs::write(&cut, &whole[..whole.len() / 2]).expect("a file");
    let entities = "<!DOCTYPE b [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let zeros = vec![0; 20 << 20];
    let cases = [
        (text, "is no FMU"),
        (cut, "is no FMU"),
        (zipped(&bench, "empty", &[("resources/none", b"")]), "the archive has no modelDescription.xml"),
        (zipped(&bench, "climbs", &[("../../climbs.so", b"")]), "would be written outside its directory"),
        (zipped(&bench, "bomb", &[(xml, &zeros)]), "unpacks to too much"),
        (of("bytes", "<fmi"), "modelDescription.xml cannot be read"),
        (
            changed("entities", "<fmiModelDescription", &format!("{entities}<fmiModelDescription")),
            "cannot be read",
        ),
        (changed("three", "fmiVersion=\"2.0\"", "fmiVersion=\"3.0\""), "is of FMI 3.0"),
        (changed("exchange", "CoSimulation", "ModelExchange"), "is for model exchange alone"),
        (changed("guid", "9f001", "9f002"), "gives NULL; it says \"the guid %s is not that of this binary\""),
        (changed("path", "modelIdentifier=\"lag\"", "modelIdentifier=\"../lag\""), "has the modelIdentifier"),
        (changed("none", "causality=\"output\"", "causality=\"local\""), "has no output of type Real"),
        (
            changed("once", "canHandle", "canBeInstantiatedOnlyOncePerProcess=\"true\" canHandle"),
            "only once in a process",
        ),
        (
            zipped(&bench, "platform", &[(xml, DESCRIPTION.as_bytes()), ("binaries/win64/lag.dll", b"MZ")]),
            "has no binary for this platform",
        ),
        (zipped(&bench, "torn", &[(xml, DESCRIPTION.as_bytes()), (so, &library[..5000])]), "is cut off"),
        (
            zipped(
                &bench,
                "symbol",
                &[(xml, DESCRIPTION.as_bytes()), (so, &binary(&bench, &["-DWITHOUT_RESET"]))],
            ),
            "does not export `fmi2Reset`",
        ),
    ];
    for (fmu, expected) in cases {
        refused(&check(&bench, &fmu, ""), &fmu.display().to_string(), expected);
    }
}
