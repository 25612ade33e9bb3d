//! Configs that are accepted: their defaults, names and resolved forms; and that no text makes the reader panic.

use std::path::Path;

use gainswarm::config::Config;
use gainswarm::problem::Problem;
use proptest::prelude::*;

use crate::support::{SMALL_STUDY, shipped_studies};

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("study.toml"), text).map_err(|error| error.to_string())
}

#[test]
fn defaults_are_filled_in() {
    let config = parse(SMALL_STUDY).expect("a valid study");
    assert_eq!(config.study, "study");
    assert_eq!(config.controller.name(), "classical");
    assert_eq!(config.simulation.steps(), 200);
    assert_eq!(config.scenarios.len(), 2);
    let tuned: Vec<&str> =
        config.tune.iter().map(|gain| config.controller.parameters()[gain.index].name).collect();
    assert_eq!(tuned, ["k1", "k2", "lambda1", "lambda2", "K", "kd"]);
}

#[test]
fn the_shipped_study_is_valid_and_has_eight_starts_within_0_3_rad() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/classical.toml");
    let config = Config::load(&path).expect("the shipped study");
    let scenarios = Problem::new(&config).scenarios;
    assert!(scenarios.len() >= 8 && config.swarm.settings.particles == 16);
    for scenario in &scenarios {
        assert!(scenario.initial_state[1..3].iter().all(|angle| angle.abs() <= 0.3));
    }
}

#[test]
fn whole_numbers_stand_for_numbers_and_other_bases_for_whole_numbers() {
    let config = parse(&SMALL_STUDY.replacen("seed = 3", "seed = 0x10", 1).replacen("0.2", "2", 1));
    let config = config.expect("a valid study");
    assert_eq!((config.seed, config.simulation.steps()), (16, 2000));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_change_of_a_valid_config_makes_the_reader_panic(
        at in 0_usize..SMALL_STUDY.len(), text in "[\\[\\]=\".0-9a-z\n-]{0,8}", cut in 0_usize..12,
    ) {
        let end = (at + cut).min(SMALL_STUDY.len());
        let _ = parse(&format!("{}{text}{}", &SMALL_STUDY[..at], &SMALL_STUDY[end..]));
    }
}

proptest! {
    #[test]
    fn no_constraint_makes_the_reader_panic(text in "[k12K*+<>=. e\\-ü_]{0,30}") {
        let _ = parse(&SMALL_STUDY.replacen("seed = 3", &format!("constraints = [\"{text}\"]"), 1));
    }
}

#[test]
fn a_study_is_named_after_its_file_by_what_can_stand_in_the_name_of_a_directory() {
    let long = format!("{}.toml", "м".repeat(120));
    for (file, expected) in [
        ("größe.toml", "größe"),
        ("моторы.toml", "моторы"),
        ("二重.toml", "二重"),
        // With the accent as a character of its own, as macOS writes it.
        ("gro\u{308}ße.toml", "gro\u{308}ße"),
        ("a b/c: d\u{202e}\n.toml", "c__d__"),
        (".hidden.toml", "hidden"),
        ("gains.csv.toml", "gains_csv"),
        (&long, &"м".repeat(50)),
    ] {
        let config = Config::parse(Path::new(file), SMALL_STUDY).expect("a config");
        assert_eq!(config.study, expected, "{file}");
        let again = Config::parse(Path::new("other.toml"), &config.to_toml()).expect("a config");
        assert_eq!(again.study, expected, "as it stands in a manifest");
    }
}

#[test]
fn a_file_without_a_name_is_refused_until_the_study_has_one() {
    let error = Config::parse(Path::new("...toml"), SMALL_STUDY).expect_err("no name").to_string();
    assert!(error.contains("study") && error.contains("set study"), "{error}");
    assert!(Config::parse(Path::new("...toml"), &format!("study = \"fine\"\n{SMALL_STUDY}")).is_ok());
}

#[test]
fn a_resolved_config_reads_as_the_same_config_again_as_toml_and_from_a_manifest() {
    // With the place of each, since tables stand in files beside it.
    let texts = shipped_studies().into_iter();
    let texts = texts.map(|path| (std::fs::read_to_string(&path).expect("a config"), path));
    let rich = "[plant]\nlink1_mass = 0.30000000000000004\n[history]\ncapacity = 7\npolicy = \"ring\"\n\
        [cost.ise]\nstates = [\"theta1\"]\n[aggregate]\ntype = \"mean_max\"\nmean = 0.1\nworst = 0.7\n\
        [limits]\nmax_peak_force = 100\n[[scenarios]]\ncount = 3\nweight = 0.1\nseed = 9\nsampling = \"uniform\"\n\
        ranges = { theta1 = [-0.1, 0.3] }\nuncertainty = { link1_mass = 7, link2_com = 0.1 }\nnoise = { x = 1e-3 }\n\
        disturbances = [{ type = \"sine\", amplitude = 3, frequency = 2 }, { type = \"step\", amplitude = 1 }]\n\
        rate_limit = 1e4\ndead_time = 3\ncontrol_period = 2\nactuator_lag = 0.01\n\
        [[validation]]\nname = \"v\"\nranges = { theta2 = 0.1 }\n\
        [swarm]\nrule = \"fips\"\nparticles = 9\nwarm_start = [[2, 3, 0.7, 0.7, 0.30000000000000004, 0]]\n\
        [swarm.fips]\nchi = 0.7\n[swarm.restarts]\n[swarm.polish]\nstep = 0.1\n\
        [swarm.stopping]\ntarget = 0.1\nstall_generations = 4\nwall_time = 7\nevaluations = 7000\n";
    let rich = format!(
        "constraints = [\"K < 2 * kd + 200\"]\nrequire_certificate = true\nmemory_limit = 1000000\n{rich}"
    );
    for (text, path) in texts.chain([(rich, "study.toml".into())]) {
        let config = Config::parse(&path, &text).expect("a config");
        let resolved = config.to_toml();
        let again = Config::parse("other.toml".as_ref(), &resolved)
            .unwrap_or_else(|error| panic!("{error}\n{resolved}"));
        assert_eq!(again, config, "{resolved}");
        assert_eq!(again.to_toml(), resolved);
        let manifest = serde_json::json!({ "config": config }).to_string();
        let read = Config::from_manifest("manifest.json".as_ref(), manifest.as_bytes()).expect("a manifest");
        assert_eq!(read, config);
    }
}
