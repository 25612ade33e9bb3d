//! Configs that are refused, and with which words.

use gainswarm::config::{Config, FILE_SIZE_MAX};

use crate::support::{SMALL_STUDY, gainswarm, stderr, stdout, write_config};

/// A broken config: what is changed in the small study, and what the message must contain.
struct Broken {
    name: &'static str,
    text: Vec<u8>,
    message: Message,
}

type Message = &'static [&'static str];

fn with(name: &'static str, lines: &str, message: Message) -> Broken {
    Broken { name, text: format!("{SMALL_STUDY}{lines}\n").into_bytes(), message }
}

fn changed(name: &'static str, from: &str, to: &str, message: Message) -> Broken {
    assert!(SMALL_STUDY.contains(from), "{from}");
    Broken { name, text: SMALL_STUDY.replacen(from, to, 1).into_bytes(), message }
}

fn constraint(text: &'static str, message: Message) -> Broken {
    changed(text, "seed = 3", &format!("constraints = [\"{text}\"]"), message)
}

fn group(lines: &'static str, message: Message) -> Broken {
    with(lines, &format!("[[scenarios]]\n{lines}"), message)
}

fn gain(name: &'static str, lines: &str, message: Message) -> Broken {
    with(name, &format!("[[tune]]\n{lines}"), message)
}

fn texts() -> Vec<Broken> {
    vec![
        Broken { name: "empty", text: Vec::new(), message: &["is empty", "gainswarm init"] },
        Broken { name: "not UTF-8", text: b"seed = 1\n# \xff\xfe\n".to_vec(), message: &["line 2", "UTF-8"] },
        Broken {
            name: "not TOML",
            text: b"seed = 1\n[plant\n".to_vec(),
            message: &["line 2", "is not TOML"],
        },
        Broken {
            name: "too large",
            text: vec![b'#'; usize::try_from(FILE_SIZE_MAX).expect("small") + 1],
            message: &["more than 1048576 bytes", "1 MiB"],
        },
        changed("negative seed", "seed = 3", "seed = -3", &["line 2", "seed = -3", "whole number from 0"]),
        changed("seed as text", "seed = 3", "seed = \"three\"", &["seed = \"three\"", "whole number"]),
        changed(
            "a study named like a table",
            "seed = 3",
            "study = \"gains.csv\"",
            &["study = \"gains.csv\"", "not ending with `.csv`"],
        ),
        changed(
            "misspelt top-level key",
            "seed = 3",
            "sede = 3",
            &["unknown key `sede`", "did you mean `seed`"],
        ),
        changed("a table twice", "[[scenarios]]", "[scenarios]", &["line 7", "duplicate key"]),
        with("section as number", "plant = 3", &["plant"]),
    ]
}

fn constraints() -> Vec<Broken> {
    vec![
        constraint("k2 >> k1", &["line 2: constraints[1]: column 5", "\n        ^\n", "a value"]),
        constraint("k2 > k1 > 3", &["column 9: a second comparison follows"]),
        constraint("k2 > kk", &["column 6: unknown gain `kk`", "k1, k2, lambda1", "did you mean `k1`"]),
        constraint("k2 > 3k1", &["column 7: `k1` stands here", "expected: the end"]),
        constraint("k2", &["column 3: `>`, `>=`, `<`, `<=` or `==` is expected"]),
        constraint("", &["column 1: the end of the line stands here"]),
        constraint("k2 > 1 and k1 < 2", &["two relations stand in one text", "a text for each"]),
        constraint("lie_drift(k1) > 2", &["cannot stand in a relation of gains", "functions of numbers"]),
        constraint("k1 == 100", &["\"k1 <= 50 with k1 == 100\" cannot hold", "widen the bounds of [[tune]]"]),
        constraint("kx == 3*lambdax", &["leaves no gains to search", "tune more gains"]),
        constraint("k1 > 1e999", &["`1e999` is not a number"]),
        constraint("k1 > 100", &["\"k1 > 100\" cannot hold", "widen the bounds of [[tune]]"]),
        constraint("k1 > k1", &["cannot hold"]),
        changed(
            "a constraint that is no text",
            "seed = 3",
            "constraints = [1]",
            &["constraints[1] = 1", "allowed: a string"],
        ),
        changed(
            "constraints that are no list",
            "seed = 3",
            "constraints = \"k1 > k2\"",
            &["array of at most 100"],
        ),
    ]
}

fn simulations() -> Vec<Broken> {
    vec![
        changed(
            "no switch",
            "seed = 3",
            "require_certificate = 1",
            &["require_certificate = 1", "true or false"],
        ),
        changed("duration 0", "duration = 0.2", "duration = 0", &["simulation.duration = 0", "s"]),
        changed(
            "duration NaN",
            "duration = 0.2",
            "duration = nan",
            &["simulation.duration = nan", "allowed"],
        ),
        changed("duration infinite", "duration = 0.2", "duration = inf", &["simulation.duration = inf"]),
        changed(
            "too many steps",
            "duration = 0.2",
            "duration = 9999.0\ndt = 1e-6",
            &["9999000000 steps", "10000000"],
        ),
        changed("no step", "duration = 0.2", "duration = 1e-4\ndt = 1e-3", &["0 steps", "from 1 to"]),
        changed("dt too large", "duration = 0.2", "dt = 1.0", &["simulation.dt = 1.0", "0.1 s"]),
        changed(
            "unknown integrator",
            "duration = 0.2",
            "integrator = \"rk5\"",
            &["rk5", "rk4, euler", "did you mean `rk4`"],
        ),
        changed(
            "state too short",
            "[0.0, 0.1, -0.05, 0.0, 0.0, 0.0]",
            "[0.0, 0.1]",
            &["scenarios[1].initial_state", "6 numbers", "theta1"],
        ),
        changed(
            "state out of range",
            "0.0, 0.1, -0.05",
            "0.0, 9.0, -0.05",
            &["initial_state[theta1] = 9.0", "rad"],
        ),
        changed("state not a number", "0.0, 0.1, -0.05", "0.0, nan, -0.05", &["initial_state[theta1] = nan"]),
    ]
}

fn swarms() -> Vec<Broken> {
    vec![
        changed(
            "one particle",
            "particles = 24",
            "particles = 1",
            &["swarm.particles = 1", "from 2 to 100000"],
        ),
        changed(
            "huge swarm",
            "particles = 24",
            "particles = 99999999999999999999",
            &["swarm.particles", "100000"],
        ),
        changed(
            "particles as float",
            "particles = 24",
            "particles = 24.5",
            &["swarm.particles = 24.5", "whole number"],
        ),
        changed(
            "huge run",
            "generations = 12",
            "generations = 1000000000",
            &["swarm.stopping.generations", "1000000"],
        ),
        changed(
            "unknown rule",
            "particles = 24",
            "rule = \"spso2012\"",
            &["swarm.rule", "did you mean `spso2011`"],
        ),
        changed(
            "coefficients of another rule",
            "[swarm.stopping]",
            "[swarm.inertia]\nw = 0.5\n[swarm.stopping]",
            &["unknown key `inertia` in [swarm]"],
        ),
        changed(
            "warm start from nowhere",
            "[swarm.stopping]",
            "warm_start = [\"nowhere/gains.csv\"]\n[swarm.stopping]",
            &["swarm.warm_start[1]", "nowhere/gains.csv", "written by `gainswarm tune`"],
        ),
    ]
}

fn restarts() -> Vec<Broken> {
    vec![
        changed(
            "misspelt key of the restarts",
            "[swarm.stopping]",
            "[swarm.restarts]\npatiense = 3\n[swarm.stopping]",
            &["unknown key `patiense` in [swarm.restarts]", "did you mean `patience`"],
        ),
        changed(
            "a swarm kept beside others of another size",
            "[swarm.stopping]",
            "[swarm.restarts]\nslow_gain = 1e-3\ndoublings = 2\n[swarm.stopping]",
            &["swarm.restarts.slow_gain = 0.001 is neither for doublings nor for a polish", "take it out"],
        ),
        changed(
            "a swarm that becomes smaller by a rule that cannot",
            "[swarm]",
            "[swarm]\nrule = \"spso2011\"\nshrinks = true",
            &["swarm.shrinks = true is not for the rule spso2011", "allowed with learning"],
        ),
        changed(
            "misspelt key of the polish",
            "[swarm.stopping]",
            "[swarm.polish]\naftr = 3\n[swarm.stopping]",
            &["unknown key `aftr` in [swarm.polish]", "did you mean `after`"],
        ),
        changed(
            "restarts as a switch",
            "[swarm.stopping]",
            "restarts = true\n[swarm.stopping]",
            &["swarm.restarts = true", "a table, [swarm.restarts]"],
        ),
        changed(
            "restarts that fill the memory",
            "particles = 24",
            "particles = 30000\nrestarts = { doublings = 10 }",
            &["swarm.particles", "368460000 numbers, with all restarts", "at most 20000000"],
        ),
        changed(
            "restarts that double too far",
            "particles = 24",
            "particles = 1000\nrestarts = { doublings = 10 }",
            &["swarm.particles", "1024000 after restarts", "at most 1000000"],
        ),
    ]
}

fn models() -> Vec<Broken> {
    vec![
        with(
            "unknown controller",
            "[controller]\ntype = \"clasical\"",
            &["controller.type = \"clasical\"", "did you mean `classical`"],
        ),
        with("unknown plant", "[plant]\ntype = 7", &["plant.type = 7", "double_inverted_pendulum"]),
        with(
            "misspelt gain",
            "[controller]\nlamda1 = 3.0",
            &["unknown key `lamda1` in [controller]", "did you mean `lambda1`"],
        ),
        with(
            "gain out of range",
            "[controller]\nkd = -1.0",
            &["controller.kd = -1.0", "from 0 to 100000 N s/rad"],
        ),
        with("gain as text", "[controller]\nkd = \"5\"", &["controller.kd = \"5\"", "a number"]),
        with("switch as number", "[controller]\nequivalent_control = 1", &["true or false"]),
        with("misspelt plant key", "[plant]\ncart_maas = 1.0", &["did you mean `cart_mass`"]),
        with(
            "centre of mass beyond the link",
            "[plant]\nlink1_com = 0.5",
            &["plant.link1_com", "link1_length = 0.4"],
        ),
    ]
}

fn costs() -> Vec<Broken> {
    vec![
        with(
            "misspelt cost",
            "[cost.isse]\nweight = 1.0",
            &["cost.isse does not say what is measured", "did you mean `ise`"],
        ),
        with("no state", "[cost.ise]\nstates = []", &["cost.ise.states is empty", "theta1"]),
        with(
            "unknown state",
            "[cost.ise]\nstates = [\"tehta1\"]",
            &["cost.ise.states[1]: \"tehta1\"", "did you mean `theta1`"],
        ),
        with(
            "a choice of states where there is none",
            "[cost.control_effort]\nstates = [\"x\"]",
            &["unknown key `states`"],
        ),
        with(
            "unknown aggregate",
            "[aggregate]\ntype = \"men\"",
            &["aggregate.type = \"men\"", "did you mean `mean`"],
        ),
        with(
            "a share that does not apply",
            "[aggregate]\nalpha = 0.1",
            &["aggregate.alpha is for type = \"cvar\""],
        ),
        with("nothing aggregated", "[aggregate]\ntype = \"mean_max\"\nmean = 0\nworst = 0", &["are both 0"]),
        with(
            "misspelt limit",
            "[limits]\nmax_setling_time = 3",
            &["unknown key `max_setling_time`", "did you mean `max_settling_time`"],
        ),
        with("a limit of 0", "[limits]\nmax_peak_force = 0", &["limits.max_peak_force = 0", "N"]),
        with("misspelt weight", "[cost.ise]\nwieght = 1.0", &["unknown key `wieght` in [cost.ise]"]),
        with("negative weight", "[cost.ise]\nweight = -1.0", &["cost.ise.weight = -1.0"]),
        with("norm 0", "[cost.ise]\nnorm = 0.0", &["cost.ise.norm = 0.0"]),
        with(
            "no cost at all",
            "[cost]\nise.weight = 0\ncontrol_effort.weight = 0\ncontrol_rate.weight = 0\nsliding_energy.weight = 0",
            &["no term with a weight above 0", "[cost.itae]", "weight above 0"],
        ),
    ]
}

fn scenarios() -> Vec<Broken> {
    vec![
        group("count = 0\nranges = { theta1 = 0.1 }", &["scenarios[3].count = 0", "from 1 to 10000"]),
        group("count = 9999\nranges = { theta1 = 0.1 }", &["scenarios are 10001 in all", "at most 10000"]),
        group(
            "ranges = { theta1 = 2.0 }",
            &["scenarios[3].ranges.theta1 starts where a simulation has failed: -2.0 rad", "1.57"],
        ),
        group("ranges = { theta1 = [0.2, 0.1] }", &["theta1 = [0.2, 0.1]", "[lower, upper]"]),
        group("ranges = { tehta1 = 0.1 }", &["unknown key `tehta1` in [scenarios[3].ranges]"]),
        group(
            "initial_state = [0, 0, 0, 0, 0, 0]\nranges = { theta1 = 0.1 }",
            &["cannot be combined with initial_state"],
        ),
        group(
            "ranges = {}\nuncertainty = { cart_mass = 120 }",
            &["uncertainty.cart_mass = 120", "0 to 95 %"],
        ),
        group("ranges = {}\nuncertainty = { cart = 10 }", &["unknown key `cart`"]),
        group("ranges = {}\nnoise = { theta3 = 10 }", &["unknown key `theta3`", "theta1"]),
        group("ranges = {}\ndead_time = -1", &["dead_time = -1", "from 0 to 1000"]),
        group("ranges = {}\ncontrol_period = 0", &["control_period = 0", "from 1"]),
        group("ranges = {}\nsampling = \"sobel\"", &["sampling = \"sobel\"", "did you mean `sobol`"]),
        group(
            "ranges = {}\ndisturbances = [{ type = \"setp\" }]",
            &["disturbances[1].type = \"setp\"", "did you mean `step`"],
        ),
        group(
            "ranges = {}\ndisturbances = [{ type = \"step\", amplitude = 1.0, duration = 1.0 }]",
            &["unknown key `duration`"],
        ),
        with(
            "validation twice",
            "[[validation]]\nname = \"a\"\nranges = {}\n[[validation]]\nname = \"a\"\nranges = {}",
            &["validation[2].name = \"a\" appears twice"],
        ),
        with(
            "a count in a validation",
            "[[validation]]\ncount = 3\nranges = {}",
            &["unknown key `count` in [validation[1]]"],
        ),
    ]
}

fn gains() -> Vec<Broken> {
    vec![
        changed(
            "a gain without effect",
            "seed = 3",
            "plant = { type = \"cart_pole\" }\ntune = [{ parameter = \"k2\" }]",
            &["initial_state"],
        ),
        gain("tune without parameter", "lower = 1.0", &["tune[1].parameter is missing", "k1, k2"]),
        gain(
            "tune of what is not there",
            "parameter = \"k3\"",
            &["tune[1].parameter = \"k3\"", "did you mean"],
        ),
        gain(
            "inverted bounds",
            "parameter = \"k1\"\nlower = 5.0\nupper = 2.0",
            &["tune[1].lower = 5 is above upper = 2"],
        ),
        gain(
            "bound out of range",
            "parameter = \"k1\"\nlower = -5.0",
            &["tune[1].lower = -5.0", "range of k1"],
        ),
        gain(
            "logarithm of 0",
            "parameter = \"kd\"\nlower = 0.0\nscale = \"log10\"",
            &["no logarithm", "lower > 0"],
        ),
        gain(
            "tuned twice",
            "parameter = \"k1\"\n[[tune]]\nparameter = \"k1\"",
            &["tune[2].parameter", "twice"],
        ),
        gain(
            "misspelt tune key",
            "parameter = \"k1\"\nuper = 3.0",
            &["unknown key `uper`", "did you mean `upper`"],
        ),
    ]
}

#[test]
fn every_broken_config_is_refused_with_exit_code_2_and_words_that_help() {
    let tables = [
        texts(),
        constraints(),
        simulations(),
        swarms(),
        restarts(),
        models(),
        costs(),
        scenarios(),
        gains(),
    ];
    let directory = tempfile::tempdir().expect("a directory");
    for Broken { name, text, message } in tables.into_iter().flatten() {
        let path = write_config(directory.path(), "broken.toml", text);
        let output =
            gainswarm(&["tune", &path, "--output", directory.path().join("out").to_str().expect("UTF-8")]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.contains("broken.toml"), "{name} names the file: {error}");
        for words in message {
            assert!(error.contains(words), "{name} should say {words:?}: {error}");
        }
        assert!(stdout(&output).is_empty() && !error.contains("panicked"), "{name}: {error}");
        assert!(!directory.path().join("out").exists(), "{name}: nothing is written");
    }
}

#[test]
fn a_missing_file_and_a_directory_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8").to_string();
    for (path, words) in [
        (path.clone() + "/none.toml", "cannot be read"),
        (path, "is a directory"),
        #[cfg(unix)]
        ("/dev/zero".into(), "more than 1048576 bytes"),
    ] {
        let output = gainswarm(&["tune", &path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words) && stderr(&output).contains(&path), "{}", stderr(&output));
    }
}

#[test]
fn errors_name_the_line() {
    let text = "seed = 1\n\n[controller]\nk1 = 1.0\nkd = -1\n";
    let error = Config::parse("study.toml".as_ref(), text).expect_err("out of range").to_string();
    assert!(error.starts_with("study.toml, line 5: controller.kd = -1"), "{error}");
}
