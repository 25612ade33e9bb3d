//! A search with a larger budget goes on as if it had had it from the start.

use std::path::Path;
use std::time::Duration;

use gainswarm::archive;
use gainswarm::config::Config;
use gainswarm::engine::{Flow, Generation, Observer, Progress, Resources, Run, Tuning};
use gainswarm::problem::Problem;
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::{
    Axis, Outcome, Plan, PolishPlan, Restarts, Scale, Search, Settings, StopReason, Stopping,
};

use crate::support::{SMALL_STUDY, gainswarm, results, stderr, write_config};

const DIMENSIONS: usize = 3;

/// The function of Rosenbrock, which has a target that is far from where one starts.
fn rosenbrock(positions: &[f64]) -> Vec<Outcome> {
    let one = |x: &[f64]| {
        x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
    };
    positions.chunks_exact(DIMENSIONS).map(|x| Outcome::feasible(one(x))).collect()
}

fn search(plan: &Plan) -> Search {
    let axis = Axis::new(-2.0, 2.0, Scale::Linear);
    Search::new(&[axis; DIMENSIONS], plan, 8).expect("memory")
}

/// Searches to the end; in every generation a second passes.
fn to_the_end(search: &mut Search) -> StopReason {
    loop {
        let outcomes = rosenbrock(search.ask().positions);
        if let Some(reason) = search.tell(&outcomes, Duration::from_secs(search.generations() + 1)) {
            return reason;
        }
    }
}

/// A search as another one has saved it, under other rules, and why it has ended even so.
fn resumed(saved: &mut Search, plan: &Plan) -> (Search, Result<Option<StopReason>, String>) {
    let mut state = Vec::new();
    archive::save(saved, &mut state);
    let mut search = search(plan);
    archive::restore(&mut search, &state).expect("a state");
    let elapsed = Duration::from_secs(search.generations());
    let ended = search.resume(elapsed);
    (search, ended)
}

/// All that a search has come to, bit for bit.
fn bits(search: &mut Search) -> (Vec<u8>, u64, u64) {
    let mut state = Vec::new();
    archive::save(search, &mut state);
    (state, search.generations(), search.evaluations())
}

fn plan(rule: RuleKind, restarts: Restarts, polish: Option<PolishPlan>) -> Plan {
    let coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
    let settings = Settings { particles: 10, rule, coefficients, ..Settings::default() };
    Plan { restarts, polish, ..Plan::new(settings, Stopping::after_generations(60)) }
}

#[test]
fn a_search_that_had_begun_a_generation_after_the_end_of_a_stall_is_refused() {
    let flat = |mut search: Search| {
        loop {
            let outcomes = vec![Outcome::feasible(1.0); search.ask().to_beat.len()];
            if search.tell(&outcomes, Duration::ZERO).is_some() {
                return search;
            }
        }
    };
    let until = |evaluations| Stopping { evaluations, ..Stopping::after_generations(60) };
    let plan = |stopping| Plan { stopping, ..plan(RuleKind::Inertia, Restarts::NONE, None) };
    // The first generation gains, the nine behind it do not.
    let more = plan(Stopping { stall_generations: Some(9), ..until(500) });
    assert_eq!(flat(search(&more)).generations(), 10);
    for (evaluations, is_refused) in [(90, false), (97, false), (100, false), (107, true)] {
        let (_, ended) = resumed(&mut flat(search(&plan(until(evaluations)))), &more);
        assert_eq!(ended.is_err(), is_refused, "{evaluations} evaluations: {ended:?}");
        if let Err(why) = ended {
            assert!(why.contains("stall_generations is 9 here, and there were 9 without a gain"), "{why}");
        }
    }
}

#[test]
fn every_search_goes_on_after_every_end_as_if_it_had_had_the_larger_budget_from_the_start() {
    let long = Stopping::after_generations(60);
    let small = [
        Stopping { generations: 1, ..long },
        Stopping { generations: 17, ..long },
        Stopping { evaluations: 170, ..long },
        // The budget ends within a generation.
        Stopping { evaluations: 3, ..long },
        Stopping { evaluations: 177, ..long },
        Stopping { evaluations: 259, target: Some(1e-2), ..long },
        Stopping { target: Some(1.0), ..long },
        Stopping { stall_generations: Some(2), ..long },
        Stopping { wall_time: Some(20.0), ..long },
    ];
    let large = [
        long,
        Stopping { evaluations: 433, ..long },
        Stopping { evaluations: 300, target: Some(1e-3), ..long },
        Stopping { stall_generations: Some(9), ..long },
    ];
    let restarts = Restarts { times: 3, doublings: 1, patience: 4, slow_gain: 0.0 };
    let kept = Restarts { doublings: 0, patience: 6, slow_gain: 0.3, ..restarts };
    let polish = Some(PolishPlan { after: 9, step: 0.5 });
    let mut went_on = 0;
    for rule in RuleKind::ALL {
        for (restarts, polish) in [
            (Restarts::NONE, None),
            (restarts, None),
            (Restarts::NONE, polish),
            (restarts, polish),
            (kept, None),
        ] {
            let plan = Plan { shrinks: rule.shrinks(), ..plan(*rule, restarts, polish) };
            for more in large {
                let more = Plan { stopping: more, ..plan.clone() };
                let mut whole = search(&more);
                let end = to_the_end(&mut whole);
                for less in small {
                    let mut first = search(&Plan { stopping: less, ..plan.clone() });
                    to_the_end(&mut first);
                    let (mut second, ended) = resumed(&mut first, &more);
                    let Ok(ended) = ended else { continue };
                    assert_eq!(ended.unwrap_or_else(|| to_the_end(&mut second)), end, "{rule:?} {less:?}");
                    assert!(bits(&mut second) == bits(&mut whole), "{rule:?} {less:?} {more:?}");
                    went_on += 1;
                }
            }
        }
    }
    assert!(went_on > 875, "{went_on} of {}", 6 * 5 * 4 * 9);
}

#[test]
fn a_budget_in_steps_is_as_good_as_one() {
    let plan = plan(RuleKind::Learning, Restarts::NONE, None);
    let with = |evaluations| Plan {
        stopping: Stopping { evaluations, ..Stopping::after_generations(1000) },
        ..plan.clone()
    };
    let mut whole = search(&with(500));
    to_the_end(&mut whole);
    let mut steps = search(&with(1));
    to_the_end(&mut steps);
    for evaluations in (8..=500).step_by(7).chain([500]) {
        let (next, ended) = resumed(&mut steps, &with(evaluations));
        steps = next;
        if ended == Ok(None) {
            to_the_end(&mut steps);
        }
        assert_eq!(steps.evaluations(), evaluations);
    }
    assert!(bits(&mut steps) == bits(&mut whole));
}

#[test]
fn rules_that_would_have_ended_the_search_before_are_refused_by_name() {
    let long = Stopping::after_generations(60);
    let plan = plan(RuleKind::Spso2011, Restarts::NONE, None);
    let mut first = search(&Plan { stopping: Stopping { generations: 30, ..long }, ..plan.clone() });
    assert_eq!(to_the_end(&mut first), StopReason::Generations);
    let best = first.best().1.cost;
    let cases = [
        (Stopping { generations: 29, ..long }, Err("generations is 29 here, and 30 are done")),
        (Stopping { evaluations: 299, ..long }, Err("evaluations is 299 here, and 300 are done")),
        (Stopping { target: Some(2.0 * best), ..long }, Err("and the best cost is")),
        (Stopping { stall_generations: Some(1), ..long }, Err("stall_generations is 1 here")),
        (
            Stopping { stall_generations: Some(50), stall_gain: 0.5, ..long },
            Err("stall_gain is 0 there and 0.5"),
        ),
        (Stopping { wall_time: Some(29.5), ..long }, Err("wall_time is 29.5 here")),
        // What such a search would just have come to.
        (Stopping { generations: 30, ..long }, Ok(Some(StopReason::Generations))),
        (Stopping { evaluations: 300, ..long }, Ok(Some(StopReason::Evaluations))),
        (Stopping { target: Some(0.5 * best), ..long }, Ok(None)),
        (Stopping { stall_generations: Some(50), ..long }, Ok(None)),
        // Nobody asks for gains.
        (Stopping { stall_gain: 0.5, ..long }, Ok(None)),
        (Stopping { wall_time: Some(31.0), ..long }, Ok(None)),
    ];
    for (stopping, expected) in cases {
        let (_, ended) = resumed(&mut first, &Plan { stopping, ..plan.clone() });
        match (expected, ended) {
            (Ok(expected), ended) => assert_eq!(ended, Ok(expected), "{stopping:?}"),
            (Err(words), Err(said)) => assert!(said.contains(words), "{said}"),
            (Err(words), Ok(ended)) => panic!("{words}, not {ended:?}"),
        }
    }
}

/// Keeps the state of the last generation.
struct Last(Vec<u8>);

impl Observer for Last {
    fn generation(&mut self, progress: &Progress, run: &mut Run<'_>) -> Flow {
        if progress.ended {
            archive::save(run, &mut self.0);
        }
        Flow::Continue
    }
}

/// A problem of the small study that ends so.
fn problem(stopping: &str) -> Problem {
    let text = SMALL_STUDY.replacen("generations = 12", stopping, 1);
    Problem::new(&Config::parse("small.toml".as_ref(), &text).expect("a valid study"))
}

/// Runs to the end, from a state or from the beginning.
fn run(problem: &Problem, state: Option<&[u8]>) -> (Tuning, Vec<u8>) {
    let run = match state {
        Some(state) => Run::restore(problem, state).expect("a state"),
        None => Run::new(problem).expect("memory"),
    };
    let mut last = Last(Vec::new());
    let tuning = run.search(Resources::default(), &mut last).expect("a tuning");
    (tuning, last.0)
}

#[test]
fn rows_and_simulations_of_a_generation_that_was_cut_short_are_counted_once() {
    // 100 gain vectors are four generations of 24 and a part of the fifth.
    let by_the_whole = |stopping| {
        let mut problem = problem(stopping);
        problem.search.coarse_first = false;
        problem
    };
    let (first, state) = run(&by_the_whole("evaluations = 100"), None);
    assert_eq!((first.generations, first.evaluations, first.tally.simulations), (5, 100, 200));
    assert_eq!(first.convergence.iter().map(|row| row.judged).collect::<Vec<_>>(), [24, 24, 24, 24, 4]);
    let long = by_the_whole("evaluations = 250");
    let (second, _) = run(&long, Some(&state));
    let (whole, _) = run(&long, None);
    assert_eq!((second.evaluations, second.tally), (250, whole.tally));
    // Not a number is one, too.
    assert_eq!(format!("{:?}", second.convergence), format!("{:?}", whole.convergence));
    assert_eq!(second.bests, whole.bests);
    assert_eq!((first.bests.len(), first.bests.last()), (5, Some(&first.values)));
    assert_eq!(second.values, whole.values);
}

#[test]
fn a_search_that_is_coarse_first_goes_on_after_every_end_as_if_it_had_had_the_larger_budget_from_the_start() {
    let kept_soon = |stopping: &str| {
        let mut problem = problem(stopping);
        problem.search.restarts.slow_gain = 0.01;
        problem
    };
    let long = kept_soon("generations = 200");
    let (whole, _) = run(&long, None);
    let is_part = |row: &Generation| row.restarts > 0 && row.swarm.is_some_and(|swarm| swarm.median.is_nan());
    assert!(whole.convergence.iter().any(is_part), "a part judges a second swarm");
    assert!(whole.convergence.iter().any(|row| row.swarm.is_none()), "the first is kept beside it");
    // Around the first looks at the whole, and around a restart.
    let second = whole.convergence.iter().find(|row| row.restarts > 0).expect("a second swarm").generation;
    for end in (1..=3).chain(9..=11).chain(second - 2..=second + 16) {
        let last = whole.convergence.iter().find(|row| row.generation == end).expect("a row a generation");
        let evaluations = last.evaluations;
        for budget in [format!("generations = {end}"), format!("evaluations = {}", evaluations - 1)] {
            let (_, state) = run(&kept_soon(&budget), None);
            let (more, _) = run(&long, Some(&state));
            assert_eq!(format!("{:?}", more.convergence), format!("{:?}", whole.convergence), "{budget}");
            assert_eq!((more.tally, &more.values), (whole.tally, &whole.values), "{budget}");
        }
    }
}

/// The program in a place of its own.
fn at(directory: &Path, arguments: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_gainswarm"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the binary starts")
}

#[test]
fn a_finished_tuning_goes_on_when_it_is_resumed_with_a_larger_budget() {
    let directory = tempfile::tempdir().expect("a directory");
    let study = |stopping: &str| SMALL_STUDY.replacen("generations = 12", stopping, 1);
    let cases = [
        ("generations = 12", "generations = 20", "holds an unfinished run of this config, at generation 12"),
        ("evaluations = 100", "evaluations = 250", "at generation "),
        ("generations = 12", "evaluations = 400", "at generation 12"),
    ];
    for (k, (less, more, words)) in cases.into_iter().enumerate() {
        let [less, more] = [("less", less), ("more", more)].map(|(name, stopping)| {
            write_config(directory.path(), &format!("{name}{k}.toml"), study(stopping))
        });
        let tune = |config: &str, output: &str, options: &[&str]| {
            let output = format!("{output}{k}");
            at(directory.path(), &[&["tune", config, "--quiet", "--output", &output], options].concat())
        };
        assert!(tune(&less, "o", &[]).status.success());
        let refused = tune(&more, "o", &[]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(
            stderr(&refused).contains(words) && stderr(&refused).contains("--resume"),
            "{}",
            stderr(&refused)
        );
        let resumed = tune(&more, "o", &["--resume"]);
        assert!(resumed.status.success(), "{}", stderr(&resumed));
        assert!(tune(&more, "whole", &[]).status.success());
        let place = |name: &str| results(&directory.path().join(format!("{name}{k}")));
        assert_eq!(place("o"), place("whole"));
        ends_with_the_gains(&place("o"));

        let back = tune(&less, "o", &["--resume"]);
        assert_eq!(back.status.code(), Some(2));
        assert!(
            stderr(&back).contains("larger limits") && stderr(&back).contains("are done"),
            "{}",
            stderr(&back)
        );
        assert_eq!(place("o"), place("whole"), "nothing was touched");
    }
}

/// `convergence.csv` has the best gains of every generation, with those of `gains.csv` at its end.
fn ends_with_the_gains((gains, convergence, _): &(String, String, Vec<String>)) {
    let cells = |line: &str| line.split(',').map(String::from).collect::<Vec<_>>();
    let tuned = gains.lines().map(cells).filter(|row| row[6] == "true");
    let (names, values): (Vec<_>, Vec<_>) =
        tuned.map(|row| (format!("gain_{}", row[1]), row[2].clone())).unzip();
    let rows: Vec<Vec<String>> = convergence.lines().map(cells).collect();
    let from = rows[0].len() - names.len();
    assert_eq!((&rows[0][from - 1], &rows[0][from..]), (&"growth_bytes".to_owned(), &names[..]));
    assert_eq!(rows[rows.len() - 1][from..], values);
    // The best gains change with the best cost, and only then.
    let cost = rows[0].iter().position(|name| name == "best_cost").expect("a column");
    let is_same = |pair: &[Vec<String>]| (pair[0][cost] == pair[1][cost], pair[0][from..] == pair[1][from..]);
    assert!(rows[1..].windows(2).map(is_same).all(|(cost, gains)| cost == gains));
    assert!(rows[1][from..] != rows[rows.len() - 1][from..]);
}

#[test]
fn the_advice_to_search_longer_can_be_followed() {
    let directory = tempfile::tempdir().expect("a directory");
    // Nothing holds with so little force.
    let hopeless = format!("{SMALL_STUDY}[controller]\nu_max = 0.001\n")
        .replacen("duration = 0.2", "duration = 5.0", 1)
        .replacen("generations = 12", "generations = 3", 1);
    // Gains hold, and more would be found.
    let short = SMALL_STUDY.replacen("generations = 12", "evaluations = 100", 1);
    for (name, text, word) in [("hopeless", hopeless, "generations 6"), ("short", short, "evaluations 200")] {
        write_config(directory.path(), &format!("{name}.toml"), text);
        let config = format!("{name}.toml");
        let first = at(directory.path(), &["tune", &config]);
        let said = stderr(&first);
        let advice = format!("--resume --{word}");
        assert!(said.contains(&advice), "{said}");
        let again =
            at(directory.path(), &[&["tune", &config][..], &advice.split(' ').collect::<Vec<_>>()].concat());
        assert_eq!(again.status.code(), first.status.code(), "{}", stderr(&again));
        let summary = results(&directory.path().join("outputs").join(name)).2;
        let column = word.replace(' ', "=");
        assert!(summary.contains(&column), "{summary:?}");
    }
}

#[test]
fn a_batch_and_a_comparison_go_on_when_their_studies_get_a_larger_budget() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let write = |generations: u64| {
        let text = SMALL_STUDY.replacen("generations = 12", &format!("generations = {generations}"), 1);
        write_config(directory.path(), "a.toml", &text);
        write_config(directory.path(), "b.toml", format!("{text}[controller]\ntype = \"adaptive\"\n"));
        write_config(directory.path(), "night.toml", "studies = [\"a.toml\", \"b.toml\"]\n");
    };
    let batch =
        |output: &str| gainswarm(&["batch", &path("night.toml"), "--quiet", "--output", &path(output)]);
    let compare = |output: &str, options: &[&str]| {
        let command = ["compare", &path("a.toml"), &path("b.toml"), "--quiet", "--output", &path(output)];
        gainswarm(&[&command[..], options].concat())
    };
    write(4);
    assert!(batch("batch").status.success() && compare("compare", &[]).status.success());
    write(9);
    let unasked = compare("compare", &[]);
    assert_eq!(unasked.status.code(), Some(2));
    assert!(stderr(&unasked).contains("--resume"), "{}", stderr(&unasked));
    assert!(batch("batch").status.success() && compare("compare", &["--resume"]).status.success());
    assert!(batch("whole").status.success());
    for study in ["a", "b"] {
        let whole = results(&directory.path().join("whole").join(study));
        for other in ["batch", "compare"] {
            assert_eq!(results(&directory.path().join(other).join(study)), whole);
        }
    }
}
