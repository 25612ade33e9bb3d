//! Result files: their form, their bits, and what happens when they cannot be written.

use std::path::Path;

use gainswarm::config::{Config, ControllerConfig, read_gains};
use gainswarm::costs::Term;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::{Problem, certifier};
use gainswarm::report::{replace, write_tuning};

use crate::support::{SMALL_STUDY, write_config};

fn tuned(directory: &Path) -> (Config, engine::Tuning) {
    let config = Config::parse("small.toml".as_ref(), SMALL_STUDY).expect("a valid study");
    let resources = Resources::default();
    let tuning = engine::tune(&Problem::new(&config), resources, &mut |_| {}).expect("a tuning");
    let certificate = certifier(&config)(&tuning.values);
    write_tuning(directory, &config, &tuning, &certificate).expect("written");
    (config, tuning)
}

/// The classical law with its defaults.
fn classical() -> ControllerConfig {
    Config::usual().controller
}

#[test]
fn gains_come_back_from_their_file_bit_for_bit() {
    let directory = tempfile::tempdir().expect("a directory");
    let (_, tuning) = tuned(directory.path());
    let path = directory.path().join("gains.csv");
    let read = read_gains(&path, &classical()).expect("readable");
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!((bits(&read.values), read.unnamed), (bits(&tuning.values), vec![]));
}

#[test]
fn gains_are_read_as_people_and_spreadsheets_write_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let defaults = classical().values;
    let by_hand =
        "\u{feff}gain, value, controller\r\nk1, 29.5, classical\r\nkd,1e1,classical\r\n,,\r\n,,,,,\r\n";
    let path = write_config(directory.path(), "by_hand.csv", by_hand);
    let read = read_gains(path.as_ref(), &classical()).expect("readable");
    let law = classical();
    let names = law.parameters().iter().map(|parameter| parameter.name);
    for ((name, value), default) in names.zip(&read.values).zip(&defaults) {
        let expected = match name {
            "k1" => 29.5,
            "kd" => 10.0,
            _ => *default,
        };
        assert_eq!(value.to_bits(), expected.to_bits(), "{name}");
        assert_eq!(read.unnamed.contains(&name), !["k1", "kd"].contains(&name), "{name}");
    }
}

#[test]
fn files_have_the_promised_columns_and_line_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let (config, tuning) = tuned(directory.path());
    let lines = |name: &str| {
        let text = std::fs::read_to_string(directory.path().join(name)).expect("a result");
        assert!(text.ends_with('\n') && !text.contains('\r'), "{name} has LF line ends");
        text.lines().map(String::from).collect::<Vec<_>>()
    };
    let gains = lines("gains.csv");
    assert_eq!(gains[0], "controller,gain,value,unit,lower,upper,tuned");
    assert_eq!(gains.len(), 1 + 11);
    assert_eq!(gains.iter().filter(|line| line.ends_with(",true")).count(), 6);
    let term = |term: &Term| ["cost", "mean", "worst"].map(|what| format!("{}_{what}", term.name));
    let terms: Vec<String> = config.cost.iter().flat_map(term).collect();
    assert_eq!(
        lines("summary.csv")[0],
        "study,plant,controller,seed,cost,violation,certificate,max_real_part,failed,stopped_by,generations,evaluations,restarts,simulations,rejected,\
         control_steps,bytes_per_simulation,hot_path_allocations,growth_bytes,wall_s,simulations_per_s,threads,simd,\
         ns_per_control_step,"
            .to_owned()
            + &terms.join(",")
            + ",ripple_share,converged,spectral_radius,period_factor,gain_margin,gain_margin_down,phase_margin,delay_margin,\
               max_sensitivity,max_complementary_sensitivity"
    );
    assert_eq!(lines("summary.csv").len(), 2);
    assert_eq!(lines("convergence.csv").len(), 1 + 12);
    assert_eq!(
        lines("convergence.csv")[0],
        "generation,evaluations,restarts,best_cost,best_violation,median_personal_best,interquartile_range,spread,\
         mean_velocity,infeasible_share,failed_share,abandoned_share,simulations,control_steps,panicked,rejected,growth_bytes,\
         gain_k1,gain_k2,gain_lambda1,gain_lambda2,gain_K,gain_kd"
    );
    let never_worse = |pair: &[engine::Generation]| pair[1].best.rank(&pair[0].best).is_le();
    assert!(tuning.convergence.windows(2).all(never_worse), "the best never gets worse");

    let manifest: serde_json::Value = serde_json::from_str(&lines("manifest.json").join("\n")).expect("JSON");
    assert_eq!(manifest["config"]["seed"], 3);
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest["config"]["controller"]["u_max"], 150.0);
    assert_eq!(manifest["config"]["tune"].as_array().expect("a list").len(), config.tune.len());
}

#[test]
fn a_failed_write_keeps_the_old_file_and_leaves_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("gains.csv");
    replace(&path, |file| file.write_all(b"old")).expect("written");
    let failed = replace(&path, |file| {
        file.write_all(b"new")?;
        Err(std::io::Error::other("no space"))
    });
    let error = failed.expect_err("an error").to_string();
    assert!(
        error.contains("gains.csv") && error.contains("no space") && error.contains("--output"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).expect("the old file"), b"old");
    assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn result_files_have_ordinary_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let (ours, ordinary) = (directory.path().join("ours"), directory.path().join("ordinary"));
    replace(&ours, |file| file.write_all(b"x")).expect("written");
    std::fs::write(&ordinary, b"x").expect("written");
    let mode = |path: &Path| std::fs::metadata(path).expect("a file").permissions().mode();
    assert_eq!(mode(&ours), mode(&ordinary));
}

#[test]
fn broken_files_of_gains_are_refused_with_words_that_help() {
    let directory = tempfile::tempdir().expect("a directory");
    let header = "controller,gain,value,unit,lower,upper,tuned\n";
    let rows = |rows: &str| format!("{header}{rows}");
    for (name, text, words) in [
        ("empty", String::new(), vec!["holds no gains"]),
        ("header only", header.into(), vec!["holds no gains", "optional: study, seed"]),
        (
            "other columns",
            "a,b\n1,2\n".into(),
            vec!["line 1", "unknown column a", "columns controller, gain, value"],
        ),
        ("columns missing", "controller,gain\nclassical,k1\n".into(), vec!["line 1", "lacks value"]),
        (
            "a German spreadsheet",
            "controller;gain;value\nclassical;k1;29,5\n".into(),
            vec!["line 1", "semicolons", "points in the numbers"],
        ),
        (
            "two studies",
            "study,controller,gain,value\na,classical,k1,29.5\nb,classical,k2,30.5\n".into(),
            vec!["line 3", "gains of a and of b", "keep only the rows of one"],
        ),
        (
            "two seeds",
            "study,seed,controller,gain,value\na,1,classical,k1,29.5\na,2,classical,k2,30.5\n".into(),
            vec!["line 3", "gains of a 1 and of a 2"],
        ),
        (
            "a decimal comma",
            "controller,gain,value\nclassical,k1,29,5\n".into(),
            vec!["line 2", "the cell 5 beyond", "points in the numbers"],
        ),
        ("tabs", "controller\tgain\tvalue\n".into(), vec!["line 1", "tabs"]),
        ("a column twice", "controller,gain,value,value\n".into(), vec!["line 1", "value twice"]),
        ("too short a row", "controller,gain,value\nclassical,k1\n".into(), vec!["line 2", "k1 = \n"]),
        ("other controller", rows("sta,k1,1.0,1,,,false\n"), vec!["line 2", "controller = sta", "classical"]),
        (
            "unknown gain",
            rows("classical,lamda1,1.0,1,,,true\n"),
            vec!["unknown gain lamda1", "did you mean `lambda1`"],
        ),
        ("not a number", rows("classical,k1,one,1,,,true\n"), vec!["line 2", "k1 = one", "a number from 0"]),
        ("NaN", rows("classical,k1,NaN,1,,,true\n"), vec!["k1 = NaN", "from 0 to"]),
        (
            "out of range",
            rows("classical,k1,2.0,1,,,true\nclassical,kd,-2.0,N,,,true\n"),
            vec!["line 3", "kd = -2"],
        ),
        (
            "twice",
            rows("classical,k1,1.0,1,,,true\nclassical,k1,2.0,1,,,true\n"),
            vec!["line 3", "k1 appears twice"],
        ),
    ] {
        let path = write_config(directory.path(), "gains.csv", text);
        let error = read_gains(path.as_ref(), &classical()).expect_err(name);
        assert_eq!(gainswarm::Error::from(error.clone()).exit_code(), 2);
        let error = error.to_string();
        assert!(error.contains("gains.csv"), "{name}: {error}");
        for words in words {
            assert!(error.contains(words), "{name} should say {words:?}: {error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_followed() {
    let directory = tempfile::tempdir().expect("a directory");
    let (target, link) = (directory.path().join("target"), directory.path().join("link"));
    std::fs::write(&target, b"old").expect("written");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    replace(&link, |file| file.write_all(b"new")).expect("written");
    assert_eq!(std::fs::read(&target).expect("the target"), b"new");
    assert!(std::fs::symlink_metadata(&link).expect("the link").is_symlink());
}
