//! The swarm for several objectives as a process.

use std::time::Duration;

use gainswarm::archive;
use gainswarm::swarm::pareto::{Costs, ParetoSettings, ParetoSwarm, TradeOffSearch, TradeOffs};
use gainswarm::swarm::{Axis, Plan, Scale, Settings, Stopping};
use serde_json::{Value, json};

use crate::support::partner::{self, converse};
use crate::support::{gainswarm, stderr, write_config};

const SEARCH: &str = "
seed = 5
objectives = 2
[swarm]
particles = 8
kept = 12
[swarm.stopping]
evaluations = 108
[[parameters]]
lower = -5.0
upper = 5.0
[[parameters]]
lower = -5.0
upper = 5.0
";

/// Squared distances from two points: the best trade-offs lie between them (Schaffer 1985).
fn objectives(x: &[f64]) -> [f64; 2] {
    [-1.0, 1.0].map(|to| (x[0] - to).powi(2) + x[1] * x[1])
}

fn tell(positions: &[Vec<f64>]) -> Vec<Value> {
    vec![json!({ "objectives": positions.iter().map(|x| objectives(x)).collect::<Vec<_>>() })]
}

/// What some points in order of the first objective dominate up to a reference, summed up in strips.
fn area(points: &[[f64; 2]], reference: [f64; 2]) -> f64 {
    let (mut area, mut top) = (0.0, reference[1]);
    for [x, y] in points {
        if *x < reference[0] && *y < top {
            area += (reference[0] - x) * (top - y);
            top = *y;
        }
    }
    area
}

#[test]
fn it_asks_what_the_library_asks_and_ends_with_the_front_its_knee_and_its_hypervolume() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    let lines = converse(&[&config], usize::MAX, tell);
    let settings = ParetoSettings { particles: 8, kept: 12, ..ParetoSettings::default() };
    let mut swarm =
        ParetoSwarm::new(&[Axis::new(-5.0, 5.0, Scale::Linear); 2], 2, &settings, 5).expect("memory");
    let (done, asks) = lines.split_last().expect("lines");
    // 13 generations of 8 and one of 4.
    assert_eq!(asks.len(), 14);
    let mut reference = [f64::NEG_INFINITY; 2];
    for (generation, line) in asks.iter().enumerate() {
        let asked: Vec<Vec<f64>> =
            serde_json::from_value(line["ask"]["positions"].clone()).expect("positions");
        let expected: Vec<Vec<f64>> =
            swarm.ask().chunks_exact(2).take(asked.len()).map(<[f64]>::to_vec).collect();
        assert_eq!(asked, expected);
        swarm.tell(&asked.iter().map(|x| Costs::feasible(&objectives(x))).collect::<Vec<_>>());
        if generation == 0 {
            for x in &asked {
                reference = std::array::from_fn(|k| reference[k].max(objectives(x)[k]));
            }
        }
    }
    let done = &done["done"];
    assert_eq!((&done["reason"], &done["evaluations"]), (&json!("evaluations"), &json!(108)));
    let front = done["front"].as_array().expect("a front");
    let mut expected: Vec<[f64; 2]> =
        swarm.front().costs().iter().map(|c| [c.values[0], c.values[1]]).collect();
    expected.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let found: Vec<[f64; 2]> = front
        .iter()
        .map(|point| serde_json::from_value(point["objectives"].clone()).expect("costs"))
        .collect();
    assert_eq!(found, expected);
    for (point, costs) in front.iter().zip(&found) {
        let position: Vec<f64> = serde_json::from_value(point["position"].clone()).expect("a position");
        assert_eq!(objectives(&position).map(f64::to_bits), costs.map(f64::to_bits));
        assert_eq!(point["violation"], 0.0);
    }
    assert!(front.contains(&done["best"]));
    let volume = done["hypervolume"].as_f64().expect("a number");
    let expected = area(&found, reference);
    assert!((volume - expected).abs() < 1e-12 * expected, "{volume} {expected}");
}

#[test]
fn answers_come_in_parts_and_a_search_for_trade_offs_goes_on_as_if_it_had_never_stopped() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    let whole = converse(&[&config, "--best"], usize::MAX, tell);
    let parts = |positions: &[Vec<f64>]| {
        let one = |id: usize| json!({ "ids": [id], "objectives": [objectives(&positions[id])] });
        (0..positions.len()).rev().map(one).collect()
    };
    assert_eq!(converse(&[&config, "--best"], usize::MAX, parts), whole);
    let file = directory.path().join("state.bin");
    let file = file.to_str().expect("UTF-8");
    let first = converse(&[&config, "--best", "--checkpoint", file], 3, tell);
    assert_eq!(first[..4], whole[..4]);
    let rest =
        |config: &str| converse(&[config, "--best", "--checkpoint", file, "--resume"], usize::MAX, tell);
    assert_eq!(rest(&config), whole[3..]);
    assert_eq!(rest(&config), whole[whole.len() - 1..]);
    // The last generation was cut short; with more budget it is asked for as a whole.
    let longer = write_config(directory.path(), "longer.toml", SEARCH.replace("= 108", "= 130"));
    let all = converse(&[&longer, "--best"], usize::MAX, tell);
    assert_eq!(rest(&longer), all[13..]);
    let run = gainswarm(&["ask-tell", &config, "--checkpoint", file, "--resume"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("evaluations is 108 here, and 130 are done"), "{}", stderr(&run));
    let three =
        write_config(directory.path(), "three.toml", SEARCH.replace("objectives = 2", "objectives = 3"));
    let run = gainswarm(&["ask-tell", &three, "--checkpoint", file, "--resume"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("config.objectives is 2 there and 3 here"), "{}", stderr(&run));
}

#[test]
fn positions_to_start_from_are_asked_first_and_end_the_front_where_they_are_best() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = SEARCH.replace("[swarm]", "[swarm]\ninitial = [[-1.0, 0.0], [1.0, 0.0]]");
    let config = write_config(directory.path(), "search.toml", text);
    let lines = converse(&[&config], usize::MAX, tell);
    assert_eq!(lines[0]["ask"]["positions"][1], json!([1.0, 0.0]));
    let front = lines[lines.len() - 1]["done"]["front"].as_array().expect("a front");
    assert_eq!(front[0]["objectives"], json!([0.0, 4.0]));
    assert_eq!(front[front.len() - 1]["objectives"], json!([4.0, 0.0]));
}

/// Restores a search from bytes and, where they are of one, goes on.
fn go_on(plan: &Plan, bytes: &[u8]) -> bool {
    let mut search = TradeOffSearch::new(&[AXIS; 2], plan, TRADE_OFFS, 1).expect("memory");
    if archive::restore(&mut search, bytes).is_err() || search.resume(Duration::ZERO).is_err() {
        return false;
    }
    for _ in 0..3 {
        let costs: Vec<Costs> =
            search.ask().positions.chunks_exact(2).map(|x| Costs::feasible(&objectives(x))).collect();
        search.tell(&costs, Duration::ZERO);
        let mut position = [0.0; 2];
        search.in_order().into_iter().for_each(|point| search.locate(point, &mut position));
    }
    true
}

const AXIS: Axis = Axis::new(-5.0, 5.0, Scale::Linear);
const TRADE_OFFS: TradeOffs = TradeOffs { objectives: 2, kept: 6 };

#[test]
fn no_bytes_make_a_restored_search_for_trade_offs_panic() {
    let plan = Plan::new(Settings { particles: 4, ..Settings::default() }, Stopping::after_generations(100));
    let mut search = TradeOffSearch::new(&[AXIS; 2], &plan, TRADE_OFFS, 1).expect("memory");
    for _ in 0..10 {
        let costs: Vec<Costs> =
            search.ask().positions.chunks_exact(2).map(|x| Costs::feasible(&objectives(x))).collect();
        search.tell(&costs, Duration::ZERO);
    }
    let mut bytes = Vec::new();
    archive::save(&mut search, &mut bytes);
    assert!(go_on(&plan, &bytes) && !go_on(&plan, &bytes[..bytes.len() - 1]));
    let mut restored = 0;
    for word in 0..bytes.len() / 8 {
        // As counts and as numbers.
        for with in [
            0,
            1 << 62,
            f64::NAN.to_bits(),
            f64::INFINITY.to_bits(),
            3,
            f64::NEG_INFINITY.to_bits(),
            1.0_f64.to_bits(),
        ] {
            let mut changed = bytes.clone();
            changed[8 * word..8 * word + 8].copy_from_slice(&with.to_le_bytes());
            restored += usize::from(go_on(&plan, &changed));
        }
    }
    assert!(restored > 1000, "{restored} were restored");
}

/// How the process ends after this answer, told to each of its questions, and its last line.
fn answered(search: &str, answer: &str) -> (Option<i32>, Value, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", search);
    let run = partner::answered(&[&config], &answer.repeat(2));
    (run.code, run.lines.last().cloned().unwrap_or(Value::Null), run.said)
}

#[test]
fn failed_and_infeasible_positions_are_not_on_the_front_while_others_are() {
    let search = SEARCH.replace("particles = 8", "particles = 4").replace("= 108", "= 8");
    let front = |answer: &str| {
        let (code, last, _) = answered(&search, &format!("{{\"tell\":{{{answer}}}}}\n"));
        let front = last["done"]["front"].as_array().expect("a front").clone();
        (code, front.iter().map(|point| point["objectives"].clone()).collect::<Vec<_>>(), last)
    };
    let (code, points, _) = front("\"objectives\":[[1,NaN],null,[3,1],[2,2]]");
    assert_eq!((code, points), (Some(0), vec![json!([2.0, 2.0]), json!([3.0, 1.0])]));
    let (code, points, _) = front("\"objectives\":[[0,0],[1,1],[3,1],[2,2]],\"violations\":[1,null,0,0.5]");
    assert_eq!((code, points), (Some(0), vec![json!([3.0, 1.0])]));
    let (code, points, last) = front("\"objectives\":[null,null,[3,1],[2,2]],\"violations\":[3,2,0.25,0.5]");
    assert_eq!((code, points), (Some(1), vec![json!([3.0, 1.0])]));
    assert_eq!(
        (&last["done"]["best"]["violation"], &last["done"]["hypervolume"]),
        (&json!(0.25), &json!(0.0))
    );
    let (code, points, last) = front("\"objectives\":[null,[null,1],[1,Infinity],[NaN,NaN]]");
    assert_eq!((code, points, &last["done"]["best"]), (Some(1), vec![], &Value::Null));
}

#[test]
fn what_does_not_fit_several_objectives_is_refused_with_what_does() {
    for (from, to, words) in [
        ("objectives = 2", "objectives = 5", "from 1 to 4"),
        ("kept = 12", "rule = \"learning\"", "swarm.rule is not for several objectives"),
        ("kept = 12", "learning = { w = 0.5 }", "swarm.learning is not for several objectives"),
        ("kept = 12", "topology = \"ring\"", "allowed: particles, kept, initial, warm_start, stopping"),
        ("kept = 12", "informants = 3", "swarm.informants is not for"),
        ("kept = 12", "bounds = \"absorb\"", "swarm.bounds is not for"),
        ("kept = 12", "restarts = {}", "swarm.restarts is not for"),
        ("kept = 12", "polish = {}", "swarm.polish is not for"),
        ("kept = 12", "kept = 1", "from 2 to 1000"),
        ("evaluations = 108", "target = 1.0", "allowed: generations, evaluations, stall_generations"),
        ("objectives = 2", "", "unknown key `kept` in [swarm]"),
    ] {
        assert!(SEARCH.contains(from), "{from}");
        let (code, _, said) = answered(&SEARCH.replacen(from, to, 1), "");
        assert_eq!(code, Some(2), "{to}");
        assert!(said.contains(words), "{said}");
    }
    for (answer, words) in [
        ("\"costs\":[1,2,3,4,5,6,7,8]", "does not have \"objectives\" alone"),
        ("\"objectives\":[[1,2]]", "has 1 objectives for 8 positions"),
        ("\"objectives\":[[1,2,3]]", "has 3 costs of a position for 2 objectives"),
        ("\"objectives\":[1]", "is not understood"),
    ] {
        let (code, last, said) = answered(SEARCH, &format!("{{\"tell\":{{{answer}}}}}\n"));
        assert_eq!((code, &last["done"]["reason"]), (Some(2), &json!("interrupted")), "{answer}");
        assert!(said.contains(words) && said.contains("with 2 numbers or null a position"), "{said}");
    }
    let (_, _, said) = answered(
        &SEARCH.replace("objectives = 2\n", "").replace("kept = 12\n", ""),
        "{\"tell\":{\"objectives\":[]}}\n",
    );
    assert!(said.contains("does not have \"costs\" alone"), "{said}");
}
