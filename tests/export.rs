//! Tuned controllers in the languages of those who run them: every reader gets the bits of `gains.csv`, of the law and of the plant.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use gainswarm::config::{Config, controllers_as_they_stand};
use gainswarm::report::{FormatKind, text_cell};
use serde_json::Value;

use crate::support::{SMALL_STUDY, data, gainswarm, stderr, stdout, write_config};

/// Numbers whose decimal forms are easily read wrong.
const AWKWARD: [f64; 8] = [0.1 + 0.2, 1e-7, 150.0, 5e-324, -0.0, 1.0 / 3.0, 2.225_073_858_507_201e-308, 1e-5];

/// A study in which nothing that an export must say is as by default.
fn study(controller: &str, name: &str) -> String {
    let scenarios = SMALL_STUDY.replace("[[scenarios]]", "[[scenarios]]\ncontrol_period = 3");
    let scenarios = scenarios.replace("duration = 0.2", "duration = 0.2\ndt = 0.002\nintegrator = \"euler\"");
    let equivalent = if controller == "classical" { "false" } else { "true" };
    format!(
        "study = \"{name}\"\n{scenarios}[plant]\nlink1_mass = 0.30000000000000004\n[controller]\ntype = \"{controller}\"\n\
         surface = \"absolute\"\nsaturation = \"linear\"\nequivalent_control = {equivalent}\n"
    )
}

/// A directory as a tuning leaves it, with awkward gains, and every number that an export of it must have.
fn finished(directory: &Path, controller: &str, study: &str) -> (PathBuf, Vec<(String, f64)>) {
    let text = self::study(controller, study);
    let config = Config::parse("export.toml".as_ref(), &text).expect("a study");
    let out = directory.join(format!("out-{controller}"));
    std::fs::create_dir_all(&out).expect("a directory");
    // A version that would end comments of C and Python, and continue their lines.
    let version = "0*/\n#endif\n\"\"\" \\";
    let manifest = serde_json::json!({ "version": version, "config": config });
    std::fs::write(out.join("manifest.json"), manifest.to_string()).expect("room");
    let awkward = |(k, parameter): (usize, &gainswarm::parameter::Parameter)| {
        let value =
            AWKWARD.iter().cycle().skip(k).take(AWKWARD.len()).find(|value| parameter.allows(**value));
        (parameter.name.to_string(), *value.unwrap_or(&parameter.default))
    };
    let mut numbers: Vec<(String, f64)> =
        config.controller.parameters().iter().enumerate().map(awkward).collect();
    let rows = numbers.iter().map(|(name, value)| format!("{controller},{name},{value:?},,,,false\n"));
    let header = "controller,gain,value,unit,lower,upper,tuned\n".to_string();
    std::fs::write(out.join("gains.csv"), header + &rows.collect::<String>()).expect("room");
    // Three steps of 0.002 s, by the arithmetic of floats.
    let law = [("control_period", 3.0 * 0.002), ("dt", 0.002)];
    numbers.extend(law.map(|(name, value)| (format!("law.{name}"), value)));
    let plant = config.plant.parameters().iter().zip(&config.plant.values);
    numbers.extend(plant.map(|(parameter, value)| (format!("plant.{}", parameter.name), *value)));
    assert!(numbers.contains(&("plant.link1_mass".into(), 0.1 + 0.2)));
    (out, numbers)
}

fn export(directory: &Path, format: FormatKind) -> String {
    let run = gainswarm(&["export", directory.to_str().expect("UTF-8"), "--format", format.name()]);
    assert!(run.status.success(), "{}", stderr(&run));
    stdout(&run)
}

/// The same names in the same order, and the same bits.
fn assert_same(found: &[(String, f64)], expected: &[(String, f64)], text: &str) {
    let bits = |gains: &[(String, f64)]| -> Vec<(String, u64)> {
        gains.iter().map(|(name, value)| (name.clone(), value.to_bits())).collect()
    };
    assert_eq!(bits(found), bits(expected), "{text}");
}

/// Does so for every controller.
fn every_controller(format: FormatKind, read: impl Fn(&Path, &str, &[(String, f64)]) -> Vec<(String, f64)>) {
    let directory = tempfile::tempdir().expect("a directory");
    for controller in controllers_as_they_stand() {
        let (out, gains) = finished(directory.path(), controller, "-a.b-1");
        let text = export(&out, format);
        assert!(text.contains("-a.b-1"), "the study is named: {text}");
        assert_same(&read(directory.path(), &text, &gains), &gains, &text);
    }
}

#[test]
fn csv_reads_as_the_same_gains_behind_study_and_seed() {
    every_controller(FormatKind::Csv, |_, text, _| {
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let header = "study,seed,controller,gain,value,unit,lower,upper,tuned,plant,surface,saturation,equivalent_control,integrator";
        assert_eq!(csv.headers().expect("a header").iter().collect::<Vec<_>>().join(","), header);
        let row = |row: Result<csv::StringRecord, _>| {
            let row = row.expect("a row");
            assert_eq!((&row[0], &row[1]), ("'-a.b-1", "3"), "text is quoted, numbers are not");
            assert_eq!(
                (&row[9], &row[10], &row[11], &row[13]),
                ("double_inverted_pendulum", "absolute", "linear", "euler")
            );
            assert_eq!(&row[12], if &row[2] == "classical" { "false" } else { "true" });
            (row[3].to_string(), row[4].parse().expect("a number"))
        };
        csv.records().map(row).collect()
    });
}

/// The numbers of an export as a tree: gains, then those of the law, then the plant's.
fn numbers(tree: &Value) -> Vec<(String, f64)> {
    let of = |key: &str, prefix: &str| -> Vec<(String, f64)> {
        let table = tree[key].as_object().expect("a table").iter();
        table.filter_map(|(name, value)| Some((format!("{prefix}{name}"), value.as_f64()?))).collect()
    };
    [of("gains", ""), of("law", "law."), of("plant_parameters", "plant.")].concat()
}

#[test]
fn json_and_toml_read_as_the_same_numbers_and_name_the_choices() {
    let read = |tree: &Value| {
        assert_eq!((&tree["study"], &tree["seed"]), (&"-a.b-1".into(), &3.into()));
        assert_eq!(
            (&tree["law"]["type"], &tree["plant"]),
            (&tree["controller"], &"double_inverted_pendulum".into())
        );
        assert_eq!(
            (&tree["law"]["surface"], &tree["law"]["saturation"]),
            (&"absolute".into(), &"linear".into())
        );
        assert_eq!(tree["law"]["equivalent_control"], tree["controller"] != "classical");
        for (numbers, units) in [("gains", "units"), ("plant_parameters", "plant_units")] {
            let keys = |key: &str| tree[key].as_object().expect("a table").keys().collect::<BTreeSet<_>>();
            assert_eq!(keys(numbers), keys(units));
        }
        numbers(tree)
    };
    every_controller(FormatKind::Json, |_, text, _| read(&serde_json::from_str(text).expect("JSON")));
    every_controller(FormatKind::Toml, |_, text, expected| {
        // Tables of TOML have no order.
        let found = read(&toml::from_str(text).expect("TOML"));
        let ordered = expected.iter().map(|(name, _)| found.iter().find(|(found, _)| found == name));
        assert_eq!(found.len(), expected.len());
        ordered.map(|pair| pair.expect("a number").clone()).collect()
    });
}

/// A line that a program prints: a name and the bits of its value.
fn printed(text: &str) -> Vec<(String, f64)> {
    let line = |line: &str| {
        let (name, bits) = line.split_once(' ').expect("a name and bits");
        (name.to_string(), f64::from_bits(u64::from_str_radix(bits, 16).expect("bits")))
    };
    text.lines().map(line).collect()
}

#[test]
fn a_c_program_has_the_same_gains() {
    every_controller(FormatKind::C, |directory, text, expected| {
        std::fs::write(directory.join("gains.h"), text).expect("room");
        let show = |(name, _): &(String, f64)| {
            let constant = match name.split_once('.') {
                None => format!("GAINSWARM__A_B_1.{name}"),
                Some(("plant", parameter)) => format!("GAINSWARM__A_B_1_PLANT.{parameter}"),
                Some((_, number)) => format!("GAINSWARM__A_B_1_LAW_{}", number.to_uppercase()),
            };
            format!("    show(\"{name}\", {constant});\n")
        };
        for choice in [
            "_LAW_SURFACE \"absolute\"",
            "_LAW_SATURATION \"linear\"",
            "_LAW_EQUIVALENT_CONTROL ",
            "_PLANT_TYPE \"double_inverted_pendulum\"",
        ] {
            assert!(text.contains(choice), "{choice} in {text}");
        }
        let program = format!(
            "#include <inttypes.h>\n#include <stdio.h>\n#include <string.h>\n#include \"gains.h\"\n#include \"gains.h\"\n\
             static void show(const char *name, double value) {{\n    uint64_t bits;\n    memcpy(&bits, &value, 8);\n    \
             printf(\"%s %\" PRIx64 \"\\n\", name, bits);\n}}\nint main(void) {{\n{}    return 0;\n}}\n",
            expected.iter().map(show).collect::<String>()
        );
        std::fs::write(directory.join("main.c"), program).expect("room");
        let cc = |arguments: &[&str]| {
            let run =
                Command::new("cc").current_dir(directory).args(arguments).output().expect("a C compiler");
            assert!(run.status.success(), "{}\n{text}", stderr(&run));
        };
        let strict = ["-pedantic", "-Wall", "-Wextra", "-Werror"];
        cc(&[&["-std=c99", "main.c", "-o", "gains"], &strict[..]].concat());
        // The header alone is C of any age.
        std::fs::write(directory.join("old.c"), "#include \"gains.h\"\nint main(void) { return 0; }\n")
            .expect("room");
        cc(&[&["-std=c89", "-fsyntax-only", "old.c"], &strict[..]].concat());
        printed(&stdout(&Command::new(directory.join("gains")).output().expect("it runs")))
    });
}

#[test]
fn a_python_program_has_the_same_gains() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3 here");
        return;
    }
    every_controller(FormatKind::Python, |directory, text, _| {
        std::fs::write(directory.join("gains.py"), text).expect("room");
        let program = "import struct, gains
for of, table in ('', gains.GAINS), ('law.', gains.LAW), ('plant.', gains.PLANT):
    for name, value in table.items():
        if isinstance(value, float):
            print(of + name, struct.pack('>d', value).hex())
assert gains.LAW['surface'] == 'absolute' and gains.LAW['saturation'] == 'linear'
assert gains.LAW['equivalent_control'] is (gains.LAW['type'] != 'classical')
assert gains.PLANT['type'] == 'double_inverted_pendulum'
";
        let run = Command::new("python3").current_dir(directory).args(["-B", "-c", program]).output();
        let run = run.expect("python3 runs");
        assert!(run.status.success(), "{}\n{text}", stderr(&run));
        printed(&stdout(&run))
    });
}

/// Digits, a point and digits, an exponent of ten: what MATLAB reads as Rust writes it.
fn matlab_number(text: &str) -> f64 {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let unsigned = |text| str::strip_prefix(text, '-').unwrap_or(text);
    assert!(digits(unsigned(whole)) && digits(part) && digits(unsigned(exponent)), "{text}");
    text.parse().expect("a number")
}

#[test]
fn a_matlab_script_has_the_same_gains() {
    every_controller(FormatKind::Matlab, |_, text, _| {
        let (comments, script) = text.split_once("\n\ngains = struct();\n").expect("a struct");
        assert!(comments.lines().all(|line| line.starts_with('%')), "{comments}");
        assert!(
            script.contains("law.surface = 'absolute'; % ") && script.contains("plant.type = 'double_"),
            "{script}"
        );
        let field = |line: &str| {
            let (code, _) = line.split_once("; % ")?;
            let (name, value) = code.split_once(" = ").expect("a field");
            let (of, field) = name.split_once('.').expect("a struct and a field");
            assert!(field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
            assert!(field.starts_with(|first: char| first.is_ascii_alphabetic()), "{name}");
            let is_number = !value.starts_with('\'') && !matches!(value, "true" | "false");
            let name = if of == "gains" { field } else { name };
            is_number.then(|| (name.to_string(), matlab_number(value)))
        };
        let made = script.lines().filter(|line| line.ends_with(" = struct();")).count();
        assert_eq!(made, 2, "law and plant are structs, too");
        script.lines().filter_map(field).collect()
    });
    let octave = ["octave-cli", "octave"];
    let Some(octave) = octave.iter().find(|name| Command::new(name).arg("--version").output().is_ok()) else {
        eprintln!("octave is not here: the script was read by its grammar alone");
        return;
    };
    every_controller(FormatKind::Matlab, |directory, text, _| {
        std::fs::write(directory.join("tuned.m"), text).expect("room");
        let program = "tuned; structs = {gains, law, plant}; of = {'', 'law.', 'plant.'}; for s = 1:3 \
                       names = fieldnames(structs{s}); for k = 1:numel(names) value = structs{s}.(names{k}); if isfloat(value) \
                       printf('%s%s %s\\n', of{s}, names{k}, num2hex(value)); end; end; end";
        let run = Command::new(octave).current_dir(directory).args(["--eval", program]).output();
        printed(&stdout(&run.expect("octave runs")))
    });
}

#[test]
fn the_classical_law_is_rebuilt_from_its_export_alone() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3 here");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    let script = data("classical_force.py");
    let script = script.to_str().expect("UTF-8");
    let own = "u_max = 60.0\nepsilon = 0.7\nK = 8.0\nkd = 1.5\n";
    for law in [
        "surface = \"relative\"\nsaturation = \"tanh\"\n",
        "surface = \"relative\"\nsaturation = \"linear\"\neq_limit = 0.1\n",
        "surface = \"absolute\"\nsaturation = \"linear\"\nequivalent_control = false\n",
    ] {
        let text = format!(
            "{SMALL_STUDY}[plant]\nlink1_mass = 0.25\ncart_friction = 0.3\ngravity = 9.7\n[controller]\n{own}{law}"
        );
        let study = Config::parse("s.toml".as_ref(), &text).expect("a study");
        let config = write_config(directory.path(), "s.toml", &text);
        let manifest = serde_json::json!({ "version": "0", "config": study });
        std::fs::write(directory.path().join("manifest.json"), manifest.to_string()).expect("room");
        let named = study.controller.parameters().iter().zip(&study.controller.values);
        let rows = named.map(|(parameter, value)| format!("classical,{},{value:?}\n", parameter.name));
        let table = format!("controller,gain,value\n{}", rows.collect::<String>());
        std::fs::write(directory.path().join("gains.csv"), table).expect("room");
        let run = directory.path().join("run.csv");
        gainswarm(&["simulate", &config, "--every", "10", "--output", run.to_str().expect("UTF-8")]);
        for (format, name) in [(FormatKind::Json, "tuned.json"), (FormatKind::Python, "tuned.py")] {
            std::fs::write(directory.path().join(name), export(directory.path(), format)).expect("room");
            let run = Command::new("python3")
                .current_dir(directory.path())
                .args(["-B", script, path, format.name()])
                .output()
                .expect("python3 runs");
            assert!(run.status.success(), "{}", stderr(&run));
            let largest: f64 = stdout(&run).trim().parse().expect("a number");
            assert!(largest < 1e-9, "{largest} N with {law}");
        }
    }
}

#[test]
fn what_tune_has_written_is_exported_with_its_cost_and_whether_it_holds() {
    let directory = tempfile::tempdir().expect("a directory");
    let tune = |name: &str, text: &str| {
        let config = write_config(directory.path(), &format!("{name}.toml"), text);
        let out = directory.path().join(name);
        let run =
            gainswarm(&["tune", &config, "--quiet", "--json", "--output", out.to_str().expect("UTF-8")]);
        let summary: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
        (out, summary)
    };
    let (out, summary) = tune("=1+1_is_text", &format!("study = \"-x\"\n{SMALL_STUDY}"));
    let json: Value = serde_json::from_str(&export(&out, FormatKind::Json)).expect("JSON");
    assert_eq!((&json["cost"], &json["feasible"]), (&summary["cost"], &true.into()));
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    let mut csv = csv::Reader::from_path(out.join("gains.csv")).expect("gains");
    for row in csv.records() {
        let row = row.expect("a row");
        let value: f64 = row[2].parse().expect("a number");
        assert_eq!(json["gains"][&row[1]].as_f64().map(f64::to_bits), Some(value.to_bits()), "{}", &row[1]);
        let tuned = json["tuned"].as_array().expect("names").iter().any(|name| name == &row[1]);
        assert_eq!(tuned.to_string(), row[6]);
    }
    let written = directory.path().join("gains.h");
    let run = gainswarm(&[
        "export",
        out.to_str().expect("UTF-8"),
        "--format",
        "c",
        "--output",
        written.to_str().expect("UTF-8"),
    ]);
    assert!(run.status.success() && stdout(&run).is_empty() && stderr(&run).is_empty(), "{}", stderr(&run));
    assert_eq!(std::fs::read_to_string(written).expect("a header"), export(&out, FormatKind::C));

    // The study's name is text, its numbers are numbers.
    let table = std::fs::read_to_string(out.join("summary.csv")).expect("a summary");
    let row = table.lines().nth(1).expect("a row");
    assert!(row.starts_with("'-x,double_inverted_pendulum,classical,3,"), "{row}");
    let real_part = summary["max_real_part"].as_f64().expect("a number");
    assert!(row.contains(&format!(",{real_part},")) && !row[1..].contains('\''), "{row}");

    let (out, _) = tune("infeasible", &format!("{SMALL_STUDY}[limits]\nmax_peak_force = 1e-3\n"));
    let run = gainswarm(&["export", out.to_str().expect("UTF-8"), "--format", "python"]);
    assert!(run.status.success() && stderr(&run).contains("NOT FEASIBLE"), "{}", stderr(&run));
    assert!(stdout(&run).contains("# NOT FEASIBLE"), "{}", stdout(&run));
}

#[test]
fn gains_that_are_not_those_of_their_tuning_are_exported_without_its_cost_and_say_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let out = directory.path().join("out");
    let path = out.to_str().expect("UTF-8");
    let tune = ["tune", &config, "--quiet", "--json", "--output", path];
    let run = gainswarm(&tune);
    assert!(run.status.success(), "{}", stderr(&run));
    let tuned: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    let exported = || -> Value {
        let run = gainswarm(&["export", path, "--format", "json"]);
        assert!(run.status.success(), "{}", stderr(&run));
        serde_json::from_str(&stdout(&run)).expect("JSON")
    };
    assert_eq!((&exported()["gains"], &exported()["cost"]), (&tuned["gains"], &tuned["cost"]));
    // What it exports as CSV, other commands read.
    let table = directory.path().join("table.csv");
    let table = table.to_str().expect("UTF-8");
    assert!(gainswarm(&["export", path, "--output", table]).status.success());
    let simulated = |gains: &str| {
        let run = gainswarm(&["simulate", &config, "--gains", gains, "--every", "1000"]);
        assert!(run.status.success(), "{}", stderr(&run));
        stderr(&run)
    };
    let gains = out.join("gains.csv");
    assert_eq!(simulated(table), simulated(gains.to_str().expect("UTF-8")));

    let written = std::fs::read_to_string(&gains).expect("gains");
    let edited = written.replacen("classical,kx,11.53", "classical,kx,11.54", 1);
    assert_ne!(edited, written);
    std::fs::write(&gains, edited).expect("room");
    let changed = exported();
    assert!(changed.get("cost").is_none() && changed["remarks"].to_string().contains("CHANGED"), "{changed}");
    let run = gainswarm(&["export", path, "--format", "c"]);
    assert!(stdout(&run).contains(" * CHANGED: ") && stderr(&run).contains("CHANGED"), "{}", stdout(&run));

    std::fs::write(&gains, written).expect("room");
    let summary = out.join("summary.csv");
    let text = std::fs::read_to_string(&summary).expect("a summary");
    std::fs::write(&summary, text.replacen(",generations,12,", ",interrupted,12,", 1)).expect("room");
    let cut = exported();
    assert!(cut["remarks"].to_string().contains("INTERRUPTED") && cut["cost"] == tuned["cost"], "{cut}");
    let run = gainswarm(&["export", path, "--output", gains.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(2), "its own input is not replaced");
}

#[test]
fn a_directory_without_results_is_refused_and_says_to_tune_first() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    let refused = |path: &str, words: &str| {
        let run = gainswarm(&["export", path]);
        assert_eq!(run.status.code(), Some(2));
        assert!(stdout(&run).is_empty() && stderr(&run).contains(words), "{}", stderr(&run));
    };
    let first = "is not there: no finished tuning\n  run `gainswarm tune CONFIG` first";
    refused(&format!("{path}/nowhere"), &format!("nowhere {first}"));
    refused(path, &format!("manifest.json {first}"));
    let (out, _) = finished(directory.path(), "classical", "some");
    std::fs::remove_file(out.join("gains.csv")).expect("a file");
    refused(out.to_str().expect("UTF-8"), &format!("gains.csv {first}"));
    std::fs::write(out.join("gains.csv"), "nothing\n").expect("room");
    refused(
        out.to_str().expect("UTF-8"),
        "line 1: has the unknown column nothing\n  expected the columns controller, gain, value",
    );
    std::fs::write(out.join("manifest.json"), "[").expect("room");
    refused(
        out.to_str().expect("UTF-8"),
        "is not a manifest of gainswarm\n  give the directory that `gainswarm tune` has",
    );

    let (out, _) = finished(directory.path(), "classical", "some");
    let in_the_way = out.join("gains.csv/where.csv");
    let in_the_way = in_the_way.to_str().expect("UTF-8");
    let run = gainswarm(&["export", out.to_str().expect("UTF-8"), "--output", in_the_way]);
    assert!(run.status.code() == Some(1) && stderr(&run).contains("cannot write"), "{}", stderr(&run));
    finished(directory.path(), "adaptive", "other");
    let message = format!(
        "is not a tuning itself, but there are tunings in it\n  give one of them: {path}/out-adaptive, {path}/out-classical\n"
    );
    refused(path, &message);
    let run = gainswarm(&["export", path, "--format", "xml"]);
    assert!(run.status.code() == Some(2) && stderr(&run).contains("csv, json, toml, c"), "{}", stderr(&run));
}

#[test]
fn text_that_a_spreadsheet_would_compute_is_quoted_and_other_text_is_as_it_was() {
    for text in ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"] {
        assert_eq!(text_cell(text), format!("'{text}"));
    }
    for text in ["", "classical", "a-b", "a=b", "1"] {
        assert_eq!(text_cell(text), text);
    }
}
