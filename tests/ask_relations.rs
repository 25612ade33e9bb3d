//! Relations of the parameters of a search without a study.

use serde_json::{Value, json};

use crate::support::partner::{answered, converse, positions};
use crate::support::write_config;

const SEARCH: &str = "
seed = 5
constraints = [CONSTRAINTS]
[swarm]
particles = 10
[swarm.stopping]
evaluations = 600
[[parameters]]
name = \"a\"
lower = 0.5
upper = 10.0
[[parameters]]
name = \"b\"
lower = 0.5
upper = 10.0
[[parameters]]
name = \"c\"
lower = 0.5
upper = 10.0
";

/// Squared distance from (1, 1, 2).
fn cost(x: &[f64]) -> f64 {
    (x[0] - 1.0).powi(2) + (x[1] - 1.0).powi(2) + (x[2] - 2.0).powi(2)
}

fn tell(positions: &[Vec<f64>]) -> Vec<Value> {
    vec![json!({ "costs": positions.iter().map(|x| cost(x)).collect::<Vec<_>>() })]
}

fn search(constraints: &str) -> String {
    SEARCH.replace("CONSTRAINTS", constraints)
}

/// The best position and its cost, and how many positions were not asked for; none of those that were asked for breaks what `holds` says.
fn found(arguments: &[&str], holds: impl Fn(&[f64]) -> bool) -> (Vec<f64>, f64, u64) {
    let lines = converse(arguments, usize::MAX, tell);
    let (done, asks) = lines.split_last().expect("lines");
    let asked: Vec<Vec<f64>> = asks.iter().flat_map(positions).collect();
    assert!(asked.iter().all(|x| x.len() == 3 && holds(x)), "{asked:?}");
    let done = &done["done"];
    let rejected = done["rejected"].as_u64().expect("a number");
    assert_eq!((done["evaluations"].as_u64(), asked.len() as u64 + rejected), (Some(600), 600));
    let position: Vec<f64> = serde_json::from_value(done["best"]["position"].clone()).expect("a position");
    assert!(holds(&position));
    (position, done["best"]["cost"].as_f64().expect("a cost"), rejected)
}

#[test]
fn relations_hold_of_all_that_is_asked_and_the_best_under_them_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    // The nearest points to (1, 1, 2), from a Lagrange multiplier each: on a = 2 b that with b = (2 + 1)/5; on the surface a b = 4 the one with
    // a = b = 2; beyond the plane a + b + c = 7 that 1 further along each axis.
    let plane = |x: &[f64]| x[0] + x[1] + x[2] >= 7.0;
    for (extra, threads) in [("", 0), ("outstanding = 5\n", 5)] {
        let write = |text: &str| {
            write_config(directory.path(), &format!("{threads}.toml"), extra.to_owned() + &search(text))
        };
        let (x, least, rejected) = found(&[&write("\"a == 2*b\"")], |x| (x[0] - 2.0 * x[1]).abs() < 1e-12);
        assert!((x[1] - 0.6).abs() < 1e-3 && (least - 0.2).abs() < 1e-6 && rejected < 100, "{x:?} {least}");
        let (x, least, rejected) = found(&[&write("\"a*b >= 4\"")], |x| x[0] * x[1] >= 4.0);
        assert!((x[0] - 2.0).abs() < 0.05 && (least - 2.0).abs() < 1e-2 && rejected > 0, "{x:?} {least}");
        let config = write("\"a == b\"");
        let both = [&config, "--constraint", "a + b + c >= 7"];
        let (x, least, rejected) = found(&both, |x| plane(x) && (x[0] - x[1]).abs() < 1e-12);
        assert!((x[2] - 3.0).abs() < 0.05 && (least - 3.0).abs() < 1e-2 && rejected > 0, "{x:?} {least}");
    }
}

#[test]
fn what_breaks_a_relation_ranks_behind_all_that_was_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", search("\"a*b >= 4\""));
    let infeasible = |positions: &[Vec<f64>]| {
        let violations: Vec<f64> = positions.iter().map(|x| 1e6 + x[2]).collect();
        vec![json!({ "costs": vec![Value::Null; positions.len()], "violations": violations })]
    };
    let lines = converse(&[&config], usize::MAX, infeasible);
    let best = &lines[lines.len() - 1]["done"]["best"];
    let violation = best["violation"].as_f64().expect("a violation");
    assert!((1e6 + 0.5..1e6 + 0.6).contains(&violation), "{best}");
    // Nothing is asked where nothing holds: a b is 100 at most.
    let config = write_config(directory.path(), "none.toml", search("\"a*b >= 110\""));
    let run = answered(&[&config], "");
    assert_eq!((run.code, run.lines.len()), (Some(1), 1), "{}", run.said);
    let done = &run.lines[0]["done"];
    assert_eq!((&done["evaluations"], &done["rejected"]), (&json!(600), &json!(600)));
    // At the corner it lacks 10 of the way that a b goes, which is somewhat less than 99.75.
    let violation = done["best"]["violation"].as_f64().expect("a violation");
    assert!((0.1..0.15).contains(&violation) && done["best"]["cost"].is_null(), "{done}");
}

#[test]
fn trade_offs_obey_relations_and_a_search_under_them_goes_on_as_if_it_had_never_stopped() {
    let directory = tempfile::tempdir().expect("a directory");
    let two = "objectives = 2\n".to_owned() + &search("\"a*b >= 4\", \"c == a\"");
    let config = write_config(directory.path(), "search.toml", two);
    let squares = |positions: &[Vec<f64>]| {
        vec![json!({ "objectives": positions.iter().map(|x| [cost(x), x[0] * x[0]]).collect::<Vec<_>>() })]
    };
    let whole = converse(&[&config], usize::MAX, squares);
    let done = &whole[whole.len() - 1]["done"];
    for point in done["front"].as_array().expect("a front") {
        let x: Vec<f64> = serde_json::from_value(point["position"].clone()).expect("a position");
        assert!(x[0] * x[1] >= 4.0 && x[2].to_bits() == x[0].to_bits(), "{x:?}");
    }
    assert!(done["rejected"].as_u64() > Some(0), "{done}");
    let file = directory.path().join("state.bin");
    let file = ["--checkpoint", file.to_str().expect("UTF-8")];
    let first = converse(&[&config, file[0], file[1]], 4, squares);
    assert_eq!(first[..5], whole[..5]);
    let rest = converse(&[&config, file[0], file[1], "--resume"], usize::MAX, squares);
    assert_eq!(rest, whole[4..]);
    let other =
        converse(&[&config, file[0], file[1], "--resume", "--constraint", "a > b"], usize::MAX, squares);
    assert!(other.is_empty(), "of another search: {other:?}");
}

#[test]
fn relations_that_cannot_be_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    for (constraints, words) in [
        ("\"a == 2*d\"", "unknown gain `d`"),
        ("\"a + b\"", "`==` is expected"),
        ("\"a == b\", \"b == c\", \"c == a + b\"", "leaves no gains to search"),
        ("\"a > b + 10\"", "cannot hold for any gains that are searched"),
    ] {
        let config = write_config(directory.path(), "search.toml", search(constraints));
        let run = answered(&[&config], "");
        assert_eq!(run.code, Some(2), "{constraints}");
        assert!(run.said.contains(words), "{}", run.said);
    }
    let config = write_config(directory.path(), "search.toml", search("\"a > b\""));
    let run = answered(&[&config, "--constraint", "K*kd >= 4"], "");
    assert!(run.code == Some(2) && run.said.contains("unknown gain `K`"), "{}", run.said);
}
