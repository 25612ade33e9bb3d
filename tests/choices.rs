//! Choices of a law that are tuned: the loop with each, the race of their swarms, and their names in files.

use std::path::Path;
use std::time::Duration;

use gainswarm::archive;
use gainswarm::config::{Config, Gains, read_gains};
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::simulation::SimdLevel;
use gainswarm::swarm::{Axis, Grid, Outcome, Plan, Scale, Search, Settings, Stopping};

use crate::support::{SMALL_STUDY, batch, gainswarm, stderr, stdout, study, write_config};

/// The small study with a gain, and what else is tuned.
fn tuned(tables: &str) -> Result<Config, String> {
    let text =
        format!("{SMALL_STUDY}[[tune]]\nparameter = \"k1\"\nlower = 1.0\nupper = 50.0\n[[tune]]\n{tables}");
    Config::parse("study.toml".as_ref(), &text).map_err(|error| error.to_string())
}

const SATURATION: &str = "parameter = \"saturation\"\nchoices = [\"tanh\", \"linear\"]\n";

/// One program holds all choices, each lane its own: against a program for each combination.
#[test]
fn a_loop_with_choices_does_what_the_loop_with_each_of_them_does() {
    let all = tuned(&format!(
        "{SATURATION}[[tune]]\nparameter = \"surface\"\nchoices = [\"absolute\", \"relative\"]\n\
         [[tune]]\nparameter = \"equivalent_control\"\nchoices = [true, false]\n"
    ))
    .expect("a study");
    let names: Vec<&str> = all.controller.parameters().iter().rev().take(3).map(|of| of.name).collect();
    assert_eq!(names, ["equivalent_control", "surface", "saturation"]);
    let gains = all.controller.values.len() - 3;
    let (mut vectors, mut expected) = (Vec::new(), Vec::new());
    for (a, saturation) in ["tanh", "linear"].iter().enumerate() {
        for (b, surface) in ["absolute", "relative"].iter().enumerate() {
            for (c, switch) in [true, false].iter().enumerate() {
                let mut values = all.controller.values[..gains].to_vec();
                let law = format!(
                    "[controller]\nsaturation = \"{saturation}\"\nsurface = \"{surface}\"\nequivalent_control = {switch}\n"
                );
                let alone = Problem::new(&study(&format!("{SMALL_STUDY}{law}")));
                expected.extend(batch(&alone, SimdLevel::widest(), std::slice::from_ref(&values)));
                values.extend([a, b, c].map(|place| f64::from(u8::try_from(place).expect("few"))));
                vectors.push(values);
            }
        }
    }
    let found = batch(&Problem::new(&all), SimdLevel::widest(), &vectors);
    let costs: Vec<f64> = expected.iter().map(|record| record.cost).collect();
    for (found, expected) in found.iter().zip(&costs) {
        assert!((found.cost - expected).abs() < 1e-9 * expected, "{} {expected}", found.cost);
    }
    let mut distinct = costs.clone();
    distinct.sort_by(f64::total_cmp);
    assert!(distinct.windows(2).all(|pair| pair[1] > pair[0] * (1.0 + 1e-6)), "all differ: {costs:?}");
}

#[test]
fn what_cannot_be_chosen_is_told() {
    for (table, parts) in [
        ("parameter = \"saturation\"\nchoices = [\"tanh\", \"linaer\"]", &["\"linaer\"", "tanh, linear"][..]),
        ("parameter = \"saturation\"\nchoices = [\"tanh\", \"tanh\"]", &["\"tanh\" twice", "keep one"]),
        ("parameter = \"saturation\"\nchoices = []", &["choices is missing", "\"tanh\", \"linear\""]),
        ("parameter = \"saturation\"\nchoices = [1, 2]", &["an array of names"]),
        (
            "parameter = \"saturation\"\nlower = 0.0\nupper = 1.0",
            &["lower is for numbers", "saturation is a choice"],
        ),
        (
            "parameter = \"saturation\"\nchoices = [\"tanh\", \"linear\"]\ninteger = true",
            &["integer is for numbers"],
        ),
        (
            "parameter = \"saturation\"\nchoices = [\"tanh\", \"linear\"]\nstep = 1.0",
            &["step is for numbers"],
        ),
        ("parameter = \"k2\"\nchoices = [\"a\", \"b\"]", &["choices among names, and this is a number"]),
        ("parameter = \"saturatoin\"\nchoices = [\"tanh\", \"linear\"]", &["\"saturatoin\"", "saturation"]),
        (&format!("{SATURATION}[[tune]]\n{SATURATION}"), &["saturation\" is tuned twice"]),
        (
            &format!("{SATURATION}[controller]\nsaturation = \"sigma/(epsilon + abs(sigma))\"\n"),
            &["an expression without choices here"],
        ),
        (
            "parameter = \"surface\"\nchoices = [\"absolute\", \"relative\"]\n[plant]\ntype = \"inverted_pendulum\"\n[controller]\nsurface = \"theta_dot + 5*theta\"",
            &["an expression without choices here"],
        ),
    ] {
        let error = tuned(table).expect_err(table);
        assert!(parts.iter().all(|part| error.contains(part)), "{table}: {error}");
    }
    // What the law has is one of those that are searched.
    let text = format!(
        "{SMALL_STUDY}[controller]\ntype = \"pid\"\nlimited = \"size\"\n[[tune]]\nparameter = \"limited\"\nchoices = [\"size_and_rate\"]\n"
    );
    let error = Config::parse("study.toml".as_ref(), &text).expect_err("another").to_string();
    assert!(error.contains("not among the choices that [[tune]] searches"), "{error}");
    let constrained = format!("constraints = [\"k1 > saturation\"]\n{SMALL_STUDY}[[tune]]\n{SATURATION}");
    let error = Config::parse("study.toml".as_ref(), &constrained).expect_err("no number").to_string();
    assert!(error.contains("saturation, a choice that has no number"), "{error}");
}

/// On a pole the links of the surface's choices are one.
#[test]
fn choices_that_are_the_same_on_a_plant_are_told() {
    let text = "[plant]\ntype = \"cart_pole\"\n[[scenarios]]\nranges = { theta = 0.1 }\n[[tune]]\n\
        parameter = \"surface\"\nchoices = [\"relative\", \"absolute\"]\n[[tune]]\nparameter = \"k1\"\n";
    let error = Config::parse("study.toml".as_ref(), text).expect_err("no choice").to_string();
    assert!(error.contains("which are the same on this plant"), "{error}");
}

#[test]
fn a_single_choice_is_the_laws_and_what_is_written_down_reads_the_same() {
    let single = tuned("parameter = \"saturation\"\nchoices = [\"linear\"]\n").expect("a study");
    let said = study(&format!(
        "{SMALL_STUDY}[controller]\nsaturation = \"linear\"\n[[tune]]\nparameter = \"k1\"\nlower = 1.0\nupper = 50.0\n"
    ));
    assert_eq!(single, said);
    let linear = format!("{SATURATION}[controller]\nsaturation = \"linear\"\n");
    for (table, value) in [(SATURATION, 0.0), (&linear, 1.0)] {
        let config = tuned(table).expect("a study");
        assert_eq!(study(&config.to_toml()), config);
        assert_eq!(config.controller.values.last(), Some(&value));
    }
}

/// Which way not to wind up is best for two tanks; every seed finds it.
#[test]
fn the_best_choice_of_a_study_is_found() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/two_tanks_choices.toml");
    let config = Config::load(&path).expect("a study");
    for seed in [7, 8] {
        let config = Config { seed, ..config.clone() };
        let tuning =
            engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {}).expect("a tuning");
        let choice = config.controller.parameters().last().expect("the choice");
        let found = choice.chosen(tuning.values[tuning.values.len() - 1]);
        assert_eq!((choice.name, found), ("integration", Some("back_calculation")));
        // The others cost 2.75 at least.
        assert!(tuning.cost() < 2.7, "seed {seed}: {}", tuning.cost());
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A bowl for each choice, elsewhere and of another depth; the third is deepest, and 0 there.
fn bowls(x: &[f64]) -> Outcome {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the place of a choice")]
    let choice = x[1] as usize;
    let (center, depth) = ([-3.0, 2.0, 3.5, 0.5][choice], [0.1, 0.3, 0.0, 0.2][choice]);
    let others = [x[0], x[2], x[3]];
    let steep = (0_i32..).zip(others).map(|(i, x)| 10.0_f64.powi(i) * (x - center) * (x - center));
    Outcome::feasible(depth + 0.01 * steep.sum::<f64>())
}

fn axes() -> [Axis; 4] {
    let number = Axis::new(-5.0, 5.0, Scale::Linear);
    [number, Axis::of_choices(&NAMES), number, number]
}

fn plan(evaluations: u64) -> Plan {
    let stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
    Plan::new(Settings { particles: 12, ..Settings::default() }, stopping)
}

fn to_the_end(search: &mut Search) {
    loop {
        let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(4).map(bowls).collect();
        if search.tell(&outcomes, Duration::ZERO).is_some() {
            return;
        }
    }
}

#[test]
#[allow(clippy::float_cmp, reason = "places of choices")]
fn the_swarm_of_the_best_choice_wins_the_race() {
    for seed in 1..=20 {
        let mut search = Search::new(&axes(), &plan(2000), seed).expect("memory");
        to_the_end(&mut search);
        let (position, best) = search.best();
        assert!(position[1] == 2.0 && best.cost < 1e-8, "seed {seed}: {position:?} {}", best.cost);
    }
}

#[test]
fn a_race_goes_on_with_a_larger_budget_as_if_it_had_had_it_from_the_start() {
    let state = |search: &mut Search| {
        let mut state = Vec::new();
        archive::save(search, &mut state);
        state
    };
    let mut whole = Search::new(&axes(), &plan(700), 5).expect("memory");
    to_the_end(&mut whole);
    let mut steps = Search::new(&axes(), &plan(1), 5).expect("memory");
    to_the_end(&mut steps);
    for evaluations in (2..=700).step_by(9).chain([700]) {
        let mut next = Search::new(&axes(), &plan(evaluations), 5).expect("memory");
        archive::restore(&mut next, &state(&mut steps)).expect("a state");
        if next.resume(Duration::ZERO).expect("a larger budget").is_none() {
            to_the_end(&mut next);
        }
        steps = next;
    }
    assert!(state(&mut steps) == state(&mut whole));
}

/// 4³ combinations are more than have a swarm each, and without a gain none has.
#[test]
#[allow(clippy::float_cmp, reason = "places of choices")]
fn many_choices_are_found_by_one_swarm() {
    let cost = |x: &[f64]| {
        let wrong: f64 =
            x.iter().take(3).zip([2.0, 0.0, 3.0]).map(|(x, best)| f64::from(u8::from(*x != best))).sum();
        Outcome::feasible(0.1 * wrong + x[3..].iter().map(|x| x * x).sum::<f64>())
    };
    let choice = Axis::of_choices(&NAMES);
    let number = Axis::new(-5.0, 5.0, Scale::Linear);
    for axes in [&[choice, choice, choice, number, number, number][..], &[choice, choice, choice]] {
        for seed in 1..=10 {
            let mut search = Search::new(axes, &plan(3000), seed).expect("memory");
            loop {
                let outcomes: Vec<Outcome> =
                    search.ask().positions.chunks_exact(axes.len()).map(cost).collect();
                if search.tell(&outcomes, Duration::ZERO).is_some() {
                    break;
                }
            }
            let (position, best) = search.best();
            assert!(position[..3] == [2.0, 0.0, 3.0] && best.cost < 1e-3, "seed {seed}: {position:?}");
        }
    }
}

#[test]
fn names_stand_in_the_files_and_are_read_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let both = format!("{SMALL_STUDY}[[tune]]\nparameter = \"k1\"\n[[tune]]\n{SATURATION}");
    let config = write_config(directory.path(), "both.toml", &both);
    let output = gainswarm(&["tune", &config, "--output", &at("o"), "--quiet", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let gains = std::fs::read_to_string(at("o/gains.csv")).expect("gains");
    let row = gains.lines().find(|line| line.contains(",saturation,")).expect("a row").to_owned();
    let name = row.split(',').nth(2).expect("a value").to_owned();
    assert!(["tanh", "linear"].contains(&name.as_str()) && row.ends_with(",1,,,true"), "{row}");
    let known = study(&both);
    let Gains { values, unnamed } = read_gains(at("o/gains.csv").as_ref(), &known.controller).expect("gains");
    let Grid::Choices(names) = known.tune[1].axis.grid else { panic!("a choice") };
    assert_eq!((names[usize::from(values[values.len() - 1] > 0.5)], unnamed.len()), (name.as_str(), 0));
    for command in ["simulate", "certify"] {
        let output = gainswarm(&[command, &config, "--gains", &at("o/gains.csv")]);
        assert_ne!(output.status.code(), Some(2), "{}", stderr(&output));
    }
    let export = gainswarm(&["export", &at("o"), "--format", "csv", "--output", &at("export.csv")]);
    assert!(export.status.success(), "{}", stderr(&export));
    assert_eq!(read_gains(at("export.csv").as_ref(), &known.controller).expect("gains").values, values);
    let python = stdout(&gainswarm(&["export", &at("o"), "--format", "python"]));
    assert!(
        python.contains(&format!("\"saturation\": \"{name}\",  # as the formulas say; tuned")),
        "{python}"
    );
    let text =
        if name == "tanh" { "saturation = tanh(sigma/epsilon)" } else { "saturation = sat(sigma/epsilon)" };
    assert!(python.contains(text) && !python.contains("saturation_choice"), "{python}");

    // Who does not tune it has it, or is told.
    for (own, is_same) in [(name.as_str(), true), (if name == "tanh" { "linear" } else { "tanh" }, false)] {
        let fixed = study(&format!("{SMALL_STUDY}[controller]\nsaturation = \"{own}\"\n"));
        match read_gains(at("o/gains.csv").as_ref(), &fixed.controller) {
            Ok(read) => assert!(is_same && read.values == values[..values.len() - 1]),
            Err(error) => {
                let error = error.to_string();
                assert!(!is_same && error.contains(&format!("but the config has {own}")), "{error}");
            }
        }
    }
}

#[test]
fn trade_offs_have_choices_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let text = format!(
        "{SMALL_STUDY}[[tune]]\nparameter = \"k1\"\n[[tune]]\n{SATURATION}[[objectives]]\nname = \"ise\"\n[[objectives]]\nname = \"control_effort\"\n"
    );
    let config = write_config(directory.path(), "both.toml", text);
    let output = gainswarm(&["tune", &config, "--output", &at("o"), "--quiet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let front = std::fs::read_to_string(at("o/pareto.csv")).expect("a front");
    let mut rows = front.lines();
    assert!(rows.next().is_some_and(|header| header.starts_with("k1,saturation,ise,control_effort,")));
    assert!(rows.all(|row| [",tanh,", ",linear,"].iter().any(|name| row.contains(name))), "{front}");
    let picked = gainswarm(&["pick", &at("o"), "--knee"]);
    assert!(picked.status.success(), "{}", stderr(&picked));
    assert!(stdout(&picked).contains("classical,saturation,"), "{}", stdout(&picked));
    assert!(gainswarm(&["report", &at("o")]).status.success());
}
