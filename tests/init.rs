//! A config to start from, and what `check` says of one.

use gainswarm::config::{Config, TemplateModel, controllers_as_they_stand, template};
use gainswarm::model::Kind;

use crate::support::{SMALL_STUDY, gainswarm, shipped_studies, stderr, stdout, write_config};

/// The plants that every law fits that needs no connection.
const PLANTS: [&str; 4] = [
    "double_inverted_pendulum",
    "simplified_double_inverted_pendulum",
    "linear_double_inverted_pendulum",
    "cart_pole",
];

fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let controllers = controllers_as_they_stand();
    PLANTS.into_iter().flat_map(move |plant| controllers.clone().into_iter().map(move |law| (plant, law)))
}

/// What `init` writes.
fn start(plant: &str, controller: &str) -> String {
    let [plant, controller] = [(Kind::Plant, plant), (Kind::Controller, controller)]
        .map(|(kind, name)| TemplateModel::find(kind, name).expect("it ships"));
    template(&plant, &controller, "start.toml".as_ref())
}

fn parse(text: &str) -> Config {
    Config::parse("start.toml".as_ref(), text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The key of a line such as `# dt = 0.001    # s`, of a single `=`.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(key)
}

/// The commented-out group: from its header to the next empty line.
fn group(text: &str) -> &str {
    let start = text.find("# [[scenarios]]").expect("a commented-out group");
    let length = text[start..].find("\n\n").expect("an end");
    &text[start..=start + length]
}

#[test]
fn every_start_is_the_study_of_the_defaults() {
    for (plant, controller) in all() {
        let config = parse(&start(plant, controller));
        let rest = vec!["0.0"; config.plant.states().len()].join(", ");
        let bare = parse(&format!(
            "[plant]\ntype = \"{plant}\"\n[controller]\ntype = \"{controller}\"\n[[scenarios]]\ninitial_state = [{rest}]\n\
             [swarm.stopping]\nevaluations = 4000\n"
        ));
        // What it sets otherwise: the scenarios and the weight of one cost term.
        let expected = Config { scenarios: config.scenarios.clone(), cost: config.cost.clone(), ..bare };
        assert_eq!(config, expected);
        assert!(!config.tune.is_empty());

        let links = config.plant.states().len() / 2 - 1;
        assert_eq!(config.scenario_count(), if links == 1 { 6 } else { 8 });
        for start in &config.scenarios {
            for (state, [lower, upper]) in start.initial_state.iter().enumerate() {
                let is_angle = (1..=links).contains(&state);
                assert!(
                    lower.to_bits() == upper.to_bits()
                        && lower.abs() <= 0.2
                        && (lower.abs() > 0.0) == is_angle,
                    "{start:?}"
                );
            }
        }
        let starts: Vec<_> = config.scenarios.iter().map(|group| &group.initial_state).collect();
        assert!(starts.iter().enumerate().all(|(k, start)| !starts[..k].contains(start)), "{starts:?}");
    }
}

#[test]
fn every_line_that_is_left_out_reads_as_the_default_that_it_shows() {
    for (plant, controller) in all() {
        let text = start(plant, controller);
        let config = parse(&text);
        let (before, after) = text.split_once(group(&text)).expect("a group");
        let kept = format!("{before}{after}");
        let left: Vec<(&str, &str)> = kept.lines().filter_map(|line| Some((line, key(line)?))).collect();
        let named = |name: &str| left.iter().any(|(_, key)| *key == name);
        for parameter in config.plant.parameters().iter().chain(config.controller.parameters()) {
            assert!(named(parameter.name), "{} is not shown", parameter.name);
        }
        for (line, _) in &left {
            let there = text.replacen(line, &line[2..], 1);
            assert_eq!(parse(&there), config, "{line}");
        }
        let all: String = kept
            .lines()
            .map(|line| if key(line).is_some() { &line[2..] } else { line })
            .flat_map(|line| [line, "\n"])
            .collect();
        assert_eq!(parse(&all), config);
    }
}

#[test]
fn the_group_that_is_left_out_reads_as_sampled_scenarios() {
    for (plant, controller) in all() {
        let text = start(plant, controller);
        let plain = parse(&text);
        let there: String = group(&text)
            .lines()
            .flat_map(|line| [line.strip_prefix("# ").expect("a comment"), "\n"])
            .collect();
        let config = parse(&text.replacen(group(&text), &there, 1));
        assert_eq!(config.scenario_count(), plain.scenario_count() + 8);
        let sampled = config.scenarios.last().expect("a group");
        assert!(sampled.varies() && sampled.uncertainty[0].to_bits() == 10.0_f64.to_bits(), "{sampled:?}");
    }
}

#[test]
fn init_writes_a_config_that_check_and_tune_take_and_replaces_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("classical.toml");
    let path = path.to_str().expect("UTF-8");
    let run = gainswarm(&["init", "--output", path]);
    assert!(run.status.success() && stdout(&run).is_empty(), "{}", stderr(&run));
    for command in ["check", "tune"] {
        assert!(stderr(&run).contains(&format!("gainswarm {command} {path}")), "{}", stderr(&run));
    }
    let there = std::fs::read_to_string(path).expect("a config");
    assert_eq!(stdout(&gainswarm(&["init", "--output", "-"])), there);
    assert!(gainswarm(&["check", path]).status.success());
    let out = directory.path().join("out");
    let out = out.to_str().expect("UTF-8");
    let run = gainswarm(&["tune", path, "--generations", "3", "--quiet", "--json", "--output", out]);
    let summary: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    assert_eq!(
        (&summary["generations"], &summary["study"]),
        (&3.into(), &"classical".into()),
        "{}",
        stderr(&run)
    );

    let other = ["init", "--plant", "cart_pole", "--controller", "adaptive", "--output", path];
    let run = gainswarm(&other);
    assert_eq!(run.status.code(), Some(2));
    assert!(
        stderr(&run).contains("is there already") && stderr(&run).contains("--force"),
        "{}",
        stderr(&run)
    );
    assert_eq!(std::fs::read_to_string(path).expect("a config"), there);
    assert!(gainswarm(&[&other[..], &["--force"]].concat()).status.success());
    let config = Config::load(path.as_ref()).expect("a config");
    assert_eq!((config.plant.name(), config.controller.name()), ("cart_pole", "adaptive"));

    // A name that no study can have as it is.
    let spaced = directory.path().join("my study.toml");
    assert!(gainswarm(&["init", "--output", spaced.to_str().expect("UTF-8")]).status.success());
    assert_eq!(Config::load(&spaced).expect("a config").study, "my_study");

    let below = directory.path().join("a new/place.toml");
    let run = gainswarm(&["init", "--output", below.to_str().expect("UTF-8")]);
    assert!(run.status.success() && below.exists(), "{}", stderr(&run));
    assert!(
        stderr(&run).contains("gainswarm tune '") && stderr(&run).contains("place.toml'\n"),
        "{}",
        stderr(&run)
    );
    let nowhere = below.join("no/where.toml");
    let run = gainswarm(&["init", "--output", nowhere.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(1));
    assert!(stderr(&run).contains("cannot write") && below.is_file(), "{}", stderr(&run));
}

#[test]
fn what_check_prints_is_the_same_config() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut paths = shipped_studies();
    // What a path holds cannot end a comment.
    let broken = "broken\nseed = 7\u{1b}.toml";
    paths.push(write_config(directory.path(), broken, format!("study = \"b\"\n{SMALL_STUDY}")).into());
    for path in paths {
        let run = gainswarm(&["check", path.to_str().expect("UTF-8")]);
        assert!(run.status.success() && stderr(&run).is_empty(), "{}", stderr(&run));
        let again = write_config(directory.path(), "again.toml", stdout(&run));
        assert_eq!(Config::load(again.as_ref()), Config::load(&path), "{}", stdout(&run));
    }
}

/// The comments of `check`, each of which is whole on a terminal of 80 columns, in a line each.
fn facts(printed: &str) -> String {
    let comments = printed.lines().take_while(|line| line.starts_with('#'));
    // Equations stand as they are written.
    let mut facts = comments.clone().filter(|line| !line.starts_with("#            "));
    assert!(facts.all(|line| line.chars().count() <= 80), "{printed}");
    printed.replace("\n#          ", " ")
}

#[test]
fn check_says_what_a_search_takes_and_what_ends_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = write_config(directory.path(), "small.toml", SMALL_STUDY);
    let run = gainswarm(&["check", &path, "--threads", "3"]);
    // 12 generations of 24 particles in 2 scenarios of 0.2 s in steps of 1 ms.
    for words in [
        "288 gain vectors × 2 scenarios = 576 simulations of 200 steps",
        "after 12 generations\n",
        "on 3 threads",
        "tunes    6 gains of classical on double_inverted_pendulum: k1, k2, lambda1, lambda2, K, kd\n",
    ] {
        assert!(facts(&stdout(&run)).contains(words), "{words:?} in\n{}", stdout(&run));
    }
    let run = gainswarm(&["check", &path, "--json", "--threads", "3"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    for (key, value) in
        [("simulations_max", 576), ("evaluations_max", 288), ("scenarios", 2), ("steps", 200), ("threads", 3)]
    {
        assert_eq!(json[key], value, "{key}");
    }
    assert_eq!(json["config"]["seed"], 3);
    let bytes = json["memory_bytes"].as_u64().expect("bytes");

    let others = "evaluations = 100\ntarget = 0.5\nstall_generations = 9\nwall_time = 60\n[swarm.restarts]\ntimes = 7\n";
    let others = SMALL_STUDY.replacen("generations = 12\n", others, 1);
    let path = write_config(directory.path(), "others.toml", others);
    let run = gainswarm(&["check", &path]);
    let ends = "after 100 gain vectors, or at a cost of 0.5, or after 9 generations without a gain of more than 1e-6 of the cost, \
                or after 60 s, or when it has settled after 7 restarts\n";
    assert!(
        facts(&stdout(&run)).contains(ends) && facts(&stdout(&run)).contains(" = 200 simulations"),
        "{}",
        stdout(&run)
    );

    let ample = format!("memory_limit = 2000000000\n{SMALL_STUDY}");
    let run = gainswarm(&["check", &write_config(directory.path(), "ample.toml", ample)]);
    let ends = "after 12 generations, or beyond a memory of 2,000,000,000 bytes\n";
    assert!(facts(&stdout(&run)).contains(ends), "{}", stdout(&run));
    let limited = format!("memory_limit = {}\n{SMALL_STUDY}", bytes - 1);
    let path = write_config(directory.path(), "limited.toml", limited);
    let run = gainswarm(&["check", &path, "--threads", "3"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stdout(&run).is_empty() && stderr(&run).contains("(memory_limit)"), "{}", stderr(&run));
    let path = write_config(directory.path(), "bad.toml", "sede = 1\n");
    let run = gainswarm(&["check", &path]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stdout(&run).is_empty() && stderr(&run).contains("did you mean `seed`?"), "{}", stderr(&run));
}

#[test]
fn what_init_writes_can_be_tuned_on_every_plant() {
    let directory = tempfile::tempdir().expect("a directory");
    // And those whose usual controller is a law of their own.
    let others = [
        "ball_and_beam",
        "buck_converter",
        "furuta_pendulum",
        "inverted_pendulum",
        "inverted_pendulum_coulomb",
        "magnetic_levitation",
        "quadrotor_altitude",
        "quadrotor_attitude",
        "two_heaters",
        "two_link_arm",
        "two_masses",
    ];
    for plant in PLANTS.into_iter().chain(others) {
        let path = directory.path().join(format!("{plant}.toml"));
        let (path, out) = (path.to_str().expect("UTF-8"), directory.path().join(plant));
        assert!(gainswarm(&["init", "--plant", plant, "--output", path]).status.success());
        let out = out.to_str().expect("UTF-8");
        let run = gainswarm(&["tune", path, "--generations", "20", "--quiet", "--json", "--output", out]);
        assert_eq!(run.status.code(), Some(0), "{plant}: {}{}", stderr(&run), stdout(&run));
    }
}

#[test]
fn a_study_made_in_code_is_that_of_a_file() {
    let text = "[plant]\ntype = \"cart_pole\"\n[controller]\ntype = \"adaptive\"\n[simulation]\nduration = 0.5\n\
                [[scenarios]]\ninitial_state = [0.0, 0.1, 0.0, 0.0]\n";
    let made = Config::of("cart_pole", "adaptive").and_then(|study| study.lasting(0.5));
    let made = made.and_then(|study| study.starting(&[0.0, 0.1, 0.0, 0.0])).expect("a study");
    assert_eq!(made, Config::parse("cart_pole_adaptive.toml".as_ref(), text).expect("a study"));
}

#[test]
fn a_study_made_in_code_is_refused_as_a_file_is() {
    let usual = || Config::of("cart_pole", "classical").expect("it ships");
    for (refused, words) in [
        (Config::of("cart_pol", "classical"), "cart_pole"),
        (Config::of("dc_motor", "classical"), "which dc_motor does not have"),
        (usual().lasting(-1.0), "a number from"),
        (usual().lasting(0.0015), "whole number of steps"),
        (usual().starting(&[0.0; 3]), "a number for each of x, theta, x_dot, theta_dot"),
        (usual().starting(&[f64::NAN, 0.0, 0.0, 0.0]), "a number from"),
        (usual().starting(&[0.0, 2.0, 0.0, 0.0]), "where a simulation has failed"),
    ] {
        let error = refused.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_plant_of_ones_own_may_name_its_controller() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("cart.toml");
    let path = path.to_str().expect("UTF-8");
    let plant = |controller: &str| {
        format!(
            "kind = \"plant\"\nequations = \"x'' = force\"\n[states]\nx = {{}}\n[inputs]\nforce = {{}}\n\
             [usual_controller]\n{controller}\n"
        )
    };
    let init = |controller: &str| {
        std::fs::write(path, plant(controller)).expect("a file");
        gainswarm(&["init", "--plant", path, "--output", "-"])
    };
    let run = init("type = \"pid\"\nKp = 4.0\nKd = 2.8");
    assert!(run.status.success(), "{}", stderr(&run));
    let config = Config::parse(&directory.path().join("study.toml"), &stdout(&run)).expect("a study");
    let value = |name: &str| {
        let place = config.controller.parameters().iter().position(|parameter| parameter.name == name);
        config.controller.values[place.expect("a gain")]
    };
    assert_eq!((config.controller.name(), value("Kp"), value("Kd"), value("Ki")), ("pid", 4.0, 2.8, 0.0));

    let run = init("type = \"pidd\"");
    assert_eq!(run.status.code(), Some(2));
    let said = stderr(&run);
    assert!(
        said.contains("line 8") && said.contains("\"pidd\" is unknown") && said.contains("`pid`"),
        "{said}"
    );

    let run = init("type = \"pid\"\nKpp = 4.0");
    assert!(
        stderr(&run).contains("line 9") && stderr(&run).contains("did you mean `Kp`?"),
        "{}",
        stderr(&run)
    );
}
