//! A search with a number of positions out at a time, in the library and as a process.

use std::time::Duration;

use gainswarm::archive;
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::{
    AsynchronousSearch, Axis, Grid, Outcome, Plan, Restarts, Scale, Search, Settings, Stopping,
};
use serde_json::{Value, json};

use crate::support::partner::{Asking, answered, converse, positions, told};
use crate::support::write_config;

const AXES: [Axis; 2] = [Axis::new(-5.0, 5.0, Scale::Linear), Axis::new(1e-3, 1e3, Scale::Log10)];

/// A cost with all of its bits in use.
fn cost(x: &[f64]) -> f64 {
    (x[0] - 0.1).powi(2) / 3.0 + (x[1].ln() / 7.0).powi(2)
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn one_out_at_a_time_and_as_many_as_particles_told_together_are_the_search_by_generations() {
    let whole = Axis { grid: Grid::Steps(1.0), ..AXES[0] };
    let literature = [RuleKind::Spso2011, RuleKind::Inertia, RuleKind::Fips, RuleKind::Clpso];
    let learning = [(RuleKind::Learning, false), (RuleKind::Learning, true)];
    for (rule, shrinks) in learning.into_iter().chain(literature.map(|rule| (rule, false))) {
        for (axes, times) in [(AXES, 0), ([whole, AXES[1]], 5)] {
            let coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
            let settings = Settings { particles: 7, rule, coefficients, ..Settings::default() };
            let stopping = Stopping { evaluations: 350, ..Stopping::after_generations(u64::MAX) };
            let restarts = Restarts { times, doublings: 1, patience: 3, slow_gain: 0.0 };
            let plan = Plan { restarts, shrinks, ..Plan::new(settings, stopping) };
            let mut search = Search::new(&axes, &plan, 5).expect("memory");
            let mut single = AsynchronousSearch::new(&axes, &plan, 5, 1).expect("memory");
            let mut all = AsynchronousSearch::new(&axes, &plan, 5, 7).expect("memory");
            loop {
                let asked: Vec<Vec<f64>> =
                    search.ask().positions.chunks_exact(2).map(<[f64]>::to_vec).collect();
                for x in &asked {
                    let (id, found) = single.ask().expect("one more");
                    assert_eq!(bits(found), bits(x), "{rule:?} {id}");
                    assert!(single.tell(id, Outcome::feasible(cost(x))));
                }
                // Swarms that were doubled are larger than what may be out, and those that have shrunk are smaller than what is.
                let is_whole = !shrinks || asked.len() == 7;
                if is_whole && asked.len() <= 7 && search.restarts() == 0 {
                    while all.ask().is_some() {}
                    let mut out: Vec<(u64, Vec<f64>)> =
                        all.outstanding().map(|(id, x)| (id, x.to_vec())).collect();
                    assert_eq!(
                        out.iter().map(|(_, x)| bits(x)).collect::<Vec<_>>(),
                        asked.iter().map(|x| bits(x)).collect::<Vec<_>>()
                    );
                    out.reverse();
                    for (id, x) in &out {
                        assert!(all.tell(*id, Outcome::feasible(cost(x))));
                    }
                }
                let outcomes: Vec<Outcome> = asked.iter().map(|x| Outcome::feasible(cost(x))).collect();
                let ended = search.tell(&outcomes, Duration::ZERO);
                assert_eq!(ended, single.ended(Duration::ZERO));
                if ended.is_some() {
                    break;
                }
            }
            assert_eq!(search.restarts(), single.search().restarts());
            assert!(times == 0 || search.restarts() > 0);
            assert_eq!(bits(search.best().0), bits(single.search().best().0));
        }
    }
}

/// Tells what is out in an order of its own, each id as far on as a hash of it says.
fn next(out: &[(u64, Vec<f64>)]) -> usize {
    let hash = |id: u64| (id / 5, id.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (0..out.len()).min_by_key(|place| hash(out[*place].0)).expect("something is out")
}

#[test]
fn it_finds_the_optimum_whatever_the_order_of_the_answers_and_keeps_to_its_budget() {
    let stopping = Stopping { evaluations: 1500, ..Stopping::after_generations(u64::MAX) };
    let plan = Plan::new(Settings { particles: 10, ..Settings::default() }, stopping);
    for (outstanding, shrinks) in [(3, false), (8, false), (10, false), (3, true), (10, true)] {
        let plan = Plan { shrinks, ..plan.clone() };
        let mut search = AsynchronousSearch::new(&AXES, &plan, 3, outstanding).expect("memory");
        let mut told = 0;
        while search.ended(Duration::ZERO).is_none() {
            while let Some((_, x)) = search.ask() {
                assert!((-5.0..=5.0).contains(&x[0]) && (1e-3..=1e3).contains(&x[1]), "{x:?}");
            }
            let out: Vec<(u64, Vec<f64>)> = search.outstanding().map(|(id, x)| (id, x.to_vec())).collect();
            assert_eq!(out.len(), outstanding.min(1500 - told));
            let (id, x) = &out[next(&out)];
            assert!(search.tell(*id, Outcome::feasible(cost(x))) && !search.tell(*id, Outcome::WORST));
            told += 1;
        }
        let (position, best) = search.search().best();
        assert_eq!((told, search.search().evaluations()), (1500, 1500));
        assert!(best.cost < 1e-12, "{outstanding} out: {best:?} at {position:?}");
    }
}

#[test]
fn what_was_out_when_the_swarm_restarted_counts_for_the_best_alone() {
    let restarts = Restarts { times: 3, doublings: 1, patience: 3, slow_gain: 0.0 };
    let settings = Settings { particles: 7, ..Settings::default() };
    let plan = Plan { restarts, ..Plan::new(settings, Stopping::after_generations(10_000)) };
    let mut search = AsynchronousSearch::new(&AXES, &plan, 5, 5).expect("memory");
    // The first id of the second swarm, of 14, and how many of its positions have been told.
    let (mut first, mut told) = (u64::MAX, 0);
    while search.search().restarts() < 2 {
        let before = search.search().restarts();
        while let Some((id, _)) = search.ask() {
            if before == 1 {
                first = first.min(id);
            }
        }
        let out: Vec<(u64, Vec<f64>)> = search.outstanding().map(|(id, x)| (id, x.to_vec())).collect();
        let (id, x) = &out[next(&out)];
        let generations = search.search().generations();
        // What is left of the first swarm is better than all else, and teaches the second nothing.
        let outcome = if before == 1 && *id < first { -1.0 } else { cost(x) };
        search.tell(*id, Outcome::feasible(outcome));
        told += u64::from(before == 1 && *id >= first);
        if before == 1 && search.search().generations() > generations {
            assert!(told.is_multiple_of(14), "{told}");
        }
    }
    assert!(told >= 14 && search.search().best().1.cost.to_bits() == (-1.0_f64).to_bits());
}

#[test]
fn no_bytes_make_a_restored_search_panic() {
    let settings = Settings { particles: 8, ..Settings::default() };
    let plan = Plan { shrinks: true, ..Plan::new(settings, Stopping::after_generations(100)) };
    let new = || AsynchronousSearch::new(&AXES, &plan, 1, 3).expect("memory");
    let go_on = |bytes: &[u8]| {
        let mut search = new();
        if archive::restore(&mut search, bytes).is_err() || search.resume(Duration::ZERO).is_err() {
            return false;
        }
        for _ in 0..12 {
            while search.ask().is_some() {}
            let first = search.outstanding().next().map(|(id, x)| (id, x.to_vec()));
            if let Some((id, x)) = first {
                assert!(search.tell(id, Outcome::feasible(cost(&x))));
            }
        }
        true
    };
    let mut search = new();
    for _ in 0..45 {
        while search.ask().is_some() {}
        let out: Vec<(u64, Vec<f64>)> = search.outstanding().map(|(id, x)| (id, x.to_vec())).collect();
        let (id, x) = &out[next(&out)];
        search.tell(*id, Outcome::feasible(cost(x)));
    }
    let mut bytes = Vec::new();
    archive::save(&mut search, &mut bytes);
    assert!(go_on(&bytes) && !go_on(&bytes[..bytes.len() - 1]));
    let mut restored = 0;
    for word in 0..bytes.len() / 8 {
        for with in [0, 1 << 62, f64::NAN.to_bits(), 3, f64::INFINITY.to_bits(), 1.0_f64.to_bits()] {
            let mut changed = bytes.clone();
            changed[8 * word..8 * word + 8].copy_from_slice(&with.to_le_bytes());
            restored += usize::from(go_on(&changed));
        }
    }
    assert!(restored > 200, "{restored} were restored");
}

const SEARCH: &str = "
seed = 5
outstanding = 4
[swarm]
particles = 6
[swarm.stopping]
evaluations = 40
[[parameters]]
lower = -5.0
upper = 5.0
[[parameters]]
lower = 1e-3
upper = 1e3
scale = \"log10\"
";

/// The lines of a process that is told one position at a time; after some it is left alone.
fn one_by_one(arguments: &[&str], answers: usize) -> Vec<Value> {
    let mut asking = Asking::start(arguments);
    let (mut lines, mut out): (Vec<Value>, Vec<(u64, Vec<f64>)>) = (Vec::new(), Vec::new());
    while let Some(line) = asking.line() {
        let asked = line.get("ask").is_some().then(|| line.clone());
        lines.push(line);
        let Some(ask) = asked else { break };
        let ids: Vec<u64> = serde_json::from_value(ask["ask"]["ids"].clone()).expect("ids");
        out.extend(ids.into_iter().zip(positions(&ask)));
        if lines.len() > answers {
            asking.hang_up();
            continue;
        }
        let (id, x) = out.remove(next(&out));
        asking.tell(&json!({ "ids": [id], "costs": [cost(&x)] }));
    }
    asking.end();
    lines
}

#[test]
fn each_answer_is_followed_by_another_position_and_a_resumed_search_asks_again_what_was_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    let whole = one_by_one(&[&config, "--best"], usize::MAX);
    // Four are out until all 40 have gone; then the last four come in.
    let asked = |line: &Value| line["ask"]["ids"].as_array().map_or(0, Vec::len);
    let counts: Vec<usize> = whole.iter().map(asked).collect();
    assert_eq!(counts, [&[4][..], &[1; 36], &[0; 4]].concat());
    let ids: Vec<u64> = whole
        .iter()
        .filter_map(|line| line["ask"]["ids"].as_array())
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    assert_eq!(ids, (0..40).collect::<Vec<_>>());
    let done = &whole[40]["done"];
    assert_eq!((&done["evaluations"], &done["reason"]), (&json!(40), &json!("evaluations")));
    assert_eq!(one_by_one(&[&config, "--best"], usize::MAX), whole, "the same in the same order");
    let file = directory.path().join("state.bin");
    let file = file.to_str().expect("UTF-8");
    for answers in [1, 9, 38] {
        let first = one_by_one(&[&config, "--best", "--checkpoint", file], answers);
        assert_eq!(first[..=answers], whole[..=answers]);
        let rest = one_by_one(&[&config, "--best", "--checkpoint", file, "--resume"], usize::MAX);
        assert_eq!(asked(&rest[0]), 4.min(40 - answers), "all that were out are asked again");
        assert_eq!(rest[0]["ask"]["best"], whole[answers]["ask"]["best"]);
        assert_eq!(rest[1..], whole[answers + 1..], "after {answers}");
        std::fs::remove_file(file).expect("a file");
    }
}

#[test]
fn a_partner_that_tells_whole_generations_sees_no_difference() {
    let directory = tempfile::tempdir().expect("a directory");
    // More than there are particles would be out once a swarm has become smaller.
    let study = SEARCH.replace("outstanding = 4", "").replace("[swarm]", "[swarm]\nshrinks = false");
    let config = write_config(directory.path(), "search.toml", study);
    let tell = told(cost);
    let expected = converse(&[&config], usize::MAX, tell);
    let found = converse(&[&config, "--outstanding", "6"], usize::MAX, tell);
    let all = |lines: &[Value]| lines[..lines.len() - 1].iter().map(positions).collect::<Vec<_>>();
    assert_eq!(all(&found), all(&expected));
    assert_eq!(found[found.len() - 1]["done"]["best"], expected[expected.len() - 1]["done"]["best"]);
}

#[test]
fn what_cannot_be_out_or_told_is_refused_with_what_can() {
    let directory = tempfile::tempdir().expect("a directory");
    for (from, to, words) in [
        ("outstanding = 4", "outstanding = 0", "from 1 to"),
        ("outstanding = 4", "outstanding = 7", "allowed: from 1 to 6, or more particles in [swarm]"),
        ("outstanding = 4", "outstanding = 4\nobjectives = 2", "is not for several objectives"),
        ("particles = 6", "particles = 6\npolish = {}", "cannot be combined with [swarm.polish]"),
        (
            "particles = 6",
            "particles = 6\nrestarts = { slow_gain = 1e-3 }",
            "cannot be combined with slow_gain in [swarm.restarts]",
        ),
    ] {
        let config = write_config(directory.path(), "search.toml", SEARCH.replacen(from, to, 1));
        let run = answered(&[&config], "");
        assert_eq!(run.code, Some(2), "{to}");
        assert!(run.said.contains(words), "{}", run.said);
    }
    let config = write_config(directory.path(), "search.toml", SEARCH);
    for (answer, words) in [
        ("\"ids\":[4],\"costs\":[1]", "names id 4, and that is not out: [0, 1, 2, 3] are"),
        ("\"ids\":[2,2],\"costs\":[1,1]", "tells id 2 twice"),
        ("\"costs\":[1,1]", "has 2 costs for 4 positions"),
    ] {
        let run = answered(&[&config], &format!("{{\"tell\":{{{answer}}}}}\n"));
        assert_eq!(run.code, Some(2), "{answer}");
        assert!(run.said.contains(words), "{}", run.said);
        assert_eq!(run.lines.last().expect("a line")["done"]["reason"], "interrupted");
    }
}
