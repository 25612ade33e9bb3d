//! The swarm as a process, and the rules that end a search.

use std::time::Duration;

use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::{Axis, Outcome, Plan, Scale, Search, Settings, StopReason, Stopping};
use serde_json::{Value, json};

use crate::support::partner::{Asking, Ended, answered, converse, positions, told};
use crate::support::{gainswarm, stderr, write_config};

const SEARCH: &str = "
seed = 5
[swarm]
particles = 12
[swarm.stopping]
evaluations = 100
[[parameters]]
name = \"a\"
lower = -5.0
upper = 5.0
[[parameters]]
lower = 1e-3
upper = 1e3
scale = \"log10\"
";

/// Runs the process with answers of its own: the generations that it asked for, and the last line.
fn drive(config: &str, tell: impl Fn(&[Vec<f64>]) -> Value) -> (Vec<Vec<Vec<f64>>>, Value) {
    let mut lines = converse(&[config], usize::MAX, |positions| vec![tell(positions)]);
    let done = lines.pop().expect("a last line")["done"].clone();
    assert!(
        lines.iter().enumerate().all(|(place, line)| line["ask"]["generation"] == place) && !done.is_null()
    );
    (lines.iter().map(positions).collect(), done)
}

/// A cost with all of its bits in use.
fn cost(x: &[f64]) -> f64 {
    (x[0] - 0.1).powi(2) / 3.0 + (x[1].ln() / 7.0).powi(2)
}

#[test]
fn the_process_asks_what_the_library_asks_bit_for_bit_and_keeps_to_its_budget() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    let costs =
        |positions: &[Vec<f64>]| json!({ "costs": positions.iter().map(|x| cost(x)).collect::<Vec<_>>() });
    let (asked, done) = drive(&config, costs);
    // Of 12 particles 8 stay; the last generation is cut short.
    assert_eq!(asked.iter().map(Vec::len).collect::<Vec<_>>(), [12, 12, 12, 12, 11, 10, 9, 8, 8, 6]);

    let axes = [Axis::new(-5.0, 5.0, Scale::Linear), Axis::new(1e-3, 1e3, Scale::Log10)];
    let rule = RuleKind::Learning;
    let coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
    let settings = Settings { particles: 12, rule, coefficients, ..Settings::default() };
    let stopping = Stopping { evaluations: 100, ..Stopping::after_generations(u64::MAX) };
    let plan = Plan { shrinks: true, ..Plan::new(settings, stopping) };
    let mut search = Search::new(&axes, &plan, 5).expect("memory");
    for generation in &asked {
        let positions: Vec<&[f64]> = search.ask().positions.chunks_exact(2).collect();
        assert_eq!(positions.len(), generation.len());
        for (expected, found) in positions.iter().zip(generation) {
            let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(expected), bits(found));
        }
        let outcomes: Vec<Outcome> = positions.iter().map(|x| Outcome::feasible(cost(x))).collect();
        search.tell(&outcomes, Duration::ZERO);
    }
    let (position, best) = search.best();
    assert_eq!(done["reason"], "evaluations");
    assert_eq!(done["evaluations"], 100);
    assert_eq!(done["best"]["position"], json!(position));
    assert_eq!(done["best"]["cost"].as_f64().map(f64::to_bits), Some(best.cost.to_bits()));
}

#[test]
fn failed_evaluations_and_violations_rank_behind_what_is_feasible() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    // Only positions with a > 1 count; those below −1 fail, those between are infeasible but cheap.
    let tell = |positions: &[Vec<f64>]| {
        let costs: Vec<Value> =
            positions.iter().map(|x| if x[0] < -1.0 { Value::Null } else { json!(x[0]) }).collect();
        let violations: Vec<f64> = positions.iter().map(|x| (1.0 - x[0]).max(0.0)).collect();
        json!({ "costs": costs, "violations": violations })
    };
    let (_, done) = drive(&config, tell);
    let best = done["best"]["cost"].as_f64().expect("a cost");
    assert!((1.0..2.0).contains(&best) && done["best"]["violation"] == 0.0, "{done}");
}

/// A search of two generations of two.
const SHORT: &str =
    "[swarm]\nparticles = 2\n[swarm.stopping]\nevaluations = 4\n[[parameters]]\nlower = 0.0\nupper = 1.0\n";

/// The short search after these answers and no more: how it ended, and the last line that it wrote.
fn short(answers: &str) -> (Ended, Value) {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SHORT);
    let ended = answered(&[&config], answers);
    let last = ended.lines.last().expect("a line").clone();
    (ended, last)
}

#[test]
fn numbers_that_are_not_finite_are_failed_evaluations_as_null_is() {
    let best_of = |answers: &str| {
        let (run, last) = short(answers);
        assert!(run.code == Some(0) && run.said.is_empty(), "{answers}{}", run.said);
        last["done"]["best"]["cost"].as_f64().expect("a cost")
    };
    // The first three are what json.dumps of Python writes.
    for failed in ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "null"] {
        let tell = |costs: String| format!("{{\"tell\":{{\"costs\":[{costs}]}}}}\n");
        let best = best_of(&(tell("1.0, 2.0".into()) + &tell(format!("0.5, {failed}"))));
        assert_eq!(best.to_bits(), 0.5_f64.to_bits(), "{failed}");
        let best = best_of(&(tell(format!("{failed},2.0")) + &tell(format!("{failed},{failed}"))));
        assert_eq!(best.to_bits(), 2.0_f64.to_bits(), "{failed}");
        let violated = format!("{{\"tell\":{{\"costs\":[1.0,2.0],\"violations\":[{failed},0]}}}}\n");
        assert_eq!(best_of(&violated.repeat(2)).to_bits(), 2.0_f64.to_bits(), "{failed}");
    }
}

#[test]
fn without_a_feasible_position_the_end_says_so_and_exits_with_1() {
    for failed in ["null", "NaN"] {
        let answer = format!("{{\"tell\":{{\"costs\":[{failed},{failed}]}}}}\n");
        let (run, last) = short(&answer.repeat(2));
        assert_eq!(run.code, Some(1));
        assert!(run.said.contains("every evaluation failed"), "{}", run.said);
        let done = &last["done"];
        assert_eq!((&done["best"], &done["evaluations"]), (&Value::Null, &4.into()), "{done}");
    }
    let (run, last) = short(&"{\"tell\":{\"costs\":[1,1],\"violations\":[3,2]}}\n".repeat(2));
    assert_eq!(run.code, Some(1));
    assert!(run.said.contains("no position is feasible"), "{}", run.said);
    assert_eq!(last["done"]["best"]["violation"], 2.0);
}

#[test]
fn an_answer_that_cannot_be_used_and_an_input_that_ends_do_not_lose_the_best_so_far() {
    for rest in ["", "nonsense\n", "{\"tell\":{\"costs\":[1]}}\n", "{\"tell\":{\"costs\":[0.5,NaM]}}\n"] {
        let (run, last) = short(&format!("{{\"tell\":{{\"costs\":[1.5,2]}}}}\n{rest}"));
        assert_eq!(run.code, Some(2), "{rest}");
        let done = &last["done"];
        assert_eq!((&done["reason"], &done["evaluations"]), (&"interrupted".into(), &2.into()), "{done}");
        assert_eq!(done["best"]["cost"], 1.5, "{done}");
        let said = run.said;
        assert!(
            said.contains("\"cost\":1.5") && said.contains("error: the answer to generation 1"),
            "{said}"
        );
        let (_, last) = short(rest);
        assert_eq!(last["done"]["best"], Value::Null, "nothing is known: {last}");
    }
}

#[test]
fn broken_searches_and_answers_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    for (from, to, words) in [
        ("[swarm]", "[swam]", "did you mean `swarm`"),
        ("lower = -5.0", "", "parameters[1].lower is missing"),
        ("upper = 5.0", "upper = -6.0", "lower < upper"),
        ("[swarm]", "[swarm]\ninitial = [[0.0, 2000.0]]", "swarm.initial[x2] = 2000.0"),
        ("[swarm]", "[swarm]\nwarm_start = [1.0, 2.0]", "warm_start holds no positions"),
        ("lower = 1e-3", "lower = 0", "has no logarithm"),
        ("name = \"a\"", "nmae = \"a\"", "did you mean `name`"),
        ("evaluations = 100", "evaluations = 0", "from 1 to"),
        ("evaluations = 100", "stall_generation = 3", "did you mean `stall_generations`"),
    ] {
        assert!(SEARCH.contains(from), "{from}");
        let config = write_config(directory.path(), "search.toml", SEARCH.replacen(from, to, 1));
        let run = gainswarm(&["ask-tell", &config]);
        assert_eq!(run.status.code(), Some(2), "{to}");
        assert!(stderr(&run).contains(words), "{}", stderr(&run));
    }
    let config = write_config(directory.path(), "search.toml", SEARCH);
    for (answer, words) in [
        ("{\"tell\":{\"costs\":[1,2]}}\n", "has 2 costs for 12 positions"),
        ("{\"tell\":{\"costs\":[1,2,3,4,5,6,7,8,9,10,11,12],\"violations\":[0]}}\n", "has 1 violations"),
        ("{\"tell\":{\"costs\":[1,2,3,4,5,6,7,8,9,10,11,\"x\"]}}\n", "is not understood"),
        ("{\"tell\":{\"cost\":[]}}\n", "unknown field `cost`"),
        ("nonsense\n", "is not understood"),
        ("", "the input ended"),
    ] {
        let run = answered(&[&config], answer);
        assert_eq!(run.code, Some(2), "{answer}");
        assert!(run.said.contains(words) && run.said.contains("expected"), "{}", run.said);
    }
}

/// Answers in any parts: the first half last, one by one.
#[test]
fn answers_by_id_may_come_in_any_order_and_in_parts() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    let whole = |positions: &[Vec<f64>]| {
        vec![json!({ "costs": positions.iter().map(|x| cost(x)).collect::<Vec<_>>() })]
    };
    let parts = |positions: &[Vec<f64>]| {
        let half = positions.len() / 2;
        let ids: Vec<usize> = (half..positions.len()).collect();
        let costs: Vec<f64> = ids.iter().map(|id| cost(&positions[*id])).collect();
        let mut tells = vec![json!({ "ids": ids, "costs": costs })];
        tells.extend((0..half).rev().map(|id| json!({ "ids": [id], "costs": [cost(&positions[id])] })));
        tells
    };
    let expected = converse(&[&config], usize::MAX, whole);
    assert_eq!(converse(&[&config], usize::MAX, parts), expected);
    for (rest, words) in [
        ("{\"tell\":{\"ids\":[12],\"costs\":[1]}}\n", "names id 12, and there are 2 positions"),
        ("{\"tell\":{\"ids\":[0,0],\"costs\":[1,1]}}\n", "tells id 0 twice"),
        ("{\"tell\":{\"ids\":[0],\"costs\":[1,1]}}\n", "has 2 costs for 1 ids"),
        ("{\"tell\":{\"ids\":[1],\"costs\":[1]}}\n", "the input ended"),
    ] {
        let (run, _) = short(rest);
        assert_eq!(run.code, Some(2), "{rest}");
        assert!(run.said.contains(words), "{}", run.said);
    }
}

#[test]
fn a_search_goes_on_from_its_checkpoint_as_if_it_had_never_stopped() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write_config(directory.path(), "search.toml", SEARCH);
    let costs = told(cost);
    let whole = converse(&[&config, "--best"], usize::MAX, costs);
    assert!(whole[0]["ask"]["best"].is_null());
    assert!(whole[3]["ask"]["best"]["cost"].is_f64() && whole[3]["ask"]["best"]["position"].is_array());
    let checkpoint = directory.path().join("state.bin");
    let checkpoint = ["--checkpoint", checkpoint.to_str().expect("UTF-8")];
    let first = converse(&[&config, "--best", checkpoint[0], checkpoint[1]], 3, costs);
    // Three questions were answered, the fourth was not.
    assert_eq!(first[..4], whole[..4]);
    let rest = [&config, "--best", checkpoint[0], checkpoint[1], "--resume"];
    assert_eq!(converse(&rest, usize::MAX, costs), whole[3..]);
    // It is complete: nothing is asked any more, unless there is more budget.
    assert_eq!(converse(&rest, usize::MAX, costs), whole[whole.len() - 1..]);
    let longer = write_config(directory.path(), "longer.toml", SEARCH.replace("= 100", "= 120"));
    let all = converse(&[&longer, "--best"], usize::MAX, costs);
    let rest = [&longer, "--best", checkpoint[0], checkpoint[1], "--resume"];
    let (mut resumed, mut expected) = (converse(&rest, usize::MAX, costs), all[9..].to_vec());
    // The smaller budget ended within this generation, which is asked as a whole; what was judged of it is known.
    let best = |said: &mut [Value]| said[0]["ask"]["best"].take()["cost"].as_f64().expect("a cost");
    assert!(best(&mut resumed) <= best(&mut expected));
    assert_eq!(resumed, expected);
    // Of another search it is not.
    let other = write_config(directory.path(), "other.toml", SEARCH.replace("seed = 5", "seed = 6"));
    let run = gainswarm(&["ask-tell", &other, checkpoint[0], checkpoint[1], "--resume"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("config.seed is 5 there and 6 here"), "{}", stderr(&run));
}

#[test]
fn positions_to_start_from_are_asked_first() {
    let directory = tempfile::tempdir().expect("a directory");
    for key in ["initial", "warm_start"] {
        let text = SEARCH.replace("[swarm]", &format!("[swarm]\n{key} = [[0.25, 1.0], [-5.0, 1000.0]]"));
        let config = write_config(directory.path(), "search.toml", text);
        let (asked, _) = drive(&config, |positions| json!({ "costs": vec![1.0; positions.len()] }));
        for (found, expected) in asked[0].iter().zip([[0.25, 1.0], [-5.0, 1000.0]]) {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs()), "{found:?}");
        }
    }
}

/// A cost that no search can trust: the text of it for an evaluation of a run.
fn adversarial(kind: u64, run: u64, evaluation: u64, x: &[f64]) -> String {
    let draw = (run * 7919 + evaluation * 104_729) % 97;
    match kind {
        0 => ["NaN", "Infinity", "-Infinity", "1.5", "null"][(draw % 5) as usize].into(),
        1 => ["1e300", "-1e300", "1.7976931348623157e308", "-1e-300"][(draw % 4) as usize].into(),
        2 => ["5e-324", "-5e-324", "2.2e-308", "0.0", "-0.0"][(draw % 5) as usize].into(),
        3 => "3.25".into(),
        4 if draw.is_multiple_of(2) => "null".into(),
        5 => format!("{:e}", cost(x) + f64::from(u32::try_from(evaluation).unwrap_or(0))),
        6 => "null".into(),
        _ => format!("{:e}", cost(x) * if draw.is_multiple_of(3) { 1e200 } else { 1e-200 }),
    }
}

#[test]
fn no_answer_makes_a_search_lose_its_best_leave_its_box_or_end_with_another_code() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = SEARCH.replace("particles = 12", "particles = 6").replace("= 100", "= 40");
    let runs = (0..504_u64).map(|run| {
        let (kind, text) = (run % 8, text.replace("seed = 5", &format!("seed = {run}")));
        (run, kind, write_config(directory.path(), &format!("{run}.toml"), text))
    });
    let runs: Vec<_> = runs.collect();
    let half = runs.len() / 2;
    std::thread::scope(|scope| {
        for part in [&runs[..half], &runs[half..]] {
            scope.spawn(move || {
                for (run, kind, config) in part {
                    one_adversarial(*run, *kind, config);
                }
            });
        }
    });
}

fn one_adversarial(run: u64, kind: u64, config: &str) {
    let mut asking = Asking::start(&[config]);
    let (mut best, mut evaluation) = (f64::INFINITY, 0);
    let mut done = Value::Null;
    while let Some(line) = asking.line() {
        if line.get("ask").is_none() {
            done = line["done"].clone();
            break;
        }
        let positions = positions(&line);
        let costs = positions.iter().map(|x| {
            assert!((-5.0..=5.0).contains(&x[0]) && (1e-3..=1e3).contains(&x[1]), "run {run}: {x:?}");
            evaluation += 1;
            let text = adversarial(kind, run, evaluation, x);
            best = best.min(text.parse().ok().filter(|cost: &f64| cost.is_finite()).unwrap_or(f64::INFINITY));
            text
        });
        let costs: Vec<String> = costs.collect();
        asking.say(&format!("{{\"tell\":{{\"costs\":[{}]}}}}\n", costs.join(",")));
    }
    let code = asking.end().code;
    assert_eq!(evaluation, 40, "run {run}");
    if best.is_finite() {
        assert_eq!((code, done["best"]["cost"].as_f64()), (Some(0), Some(best)), "run {run}: {done}");
    } else {
        assert_eq!((code, &done["best"]), (Some(1), &Value::Null), "run {run}: {done}");
    }
}

#[test]
fn a_search_ends_by_the_first_rule_that_applies_and_says_which() {
    let never = Stopping::after_generations(u64::MAX);
    let search = |stopping: Stopping| {
        let settings = Settings { particles: 10, ..Settings::default() };
        let axis = Axis::new(0.0, 1.0, Scale::Linear);
        Search::new(&[axis], &Plan::new(settings, stopping), 1).expect("memory")
    };
    let second = Duration::from_secs(1);
    // Costs of the best after each generation, as a user would see them.
    let run = |stopping: Stopping, costs: &[f64]| {
        let mut search = search(stopping);
        let end = costs.iter().find_map(|cost| {
            let judged = search.ask().to_beat.len();
            search.tell(&vec![Outcome::feasible(*cost); judged], second)
        });
        (end, search.generations(), search.evaluations())
    };
    let falling = [8.0, 4.0, 2.0, 1.0, 0.5, 0.25];
    assert_eq!(run(Stopping { generations: 3, ..never }, &falling), (Some(StopReason::Generations), 3, 30));
    assert_eq!(run(Stopping { evaluations: 25, ..never }, &falling), (Some(StopReason::Evaluations), 3, 25));
    assert_eq!(run(Stopping { target: Some(1.0), ..never }, &falling), (Some(StopReason::Target), 4, 40));
    assert_eq!(
        run(Stopping { wall_time: Some(1.0), ..never }, &falling),
        (Some(StopReason::WallTime), 1, 10)
    );
    assert_eq!(run(never, &falling).0, None);
    // A gain of 1 % or less in three generations in a row is a stall; slow gains add up.
    let stall = Stopping { stall_generations: Some(3), stall_gain: 0.01, ..never };
    let slow = [10.0, 9.99, 9.98, 9.97, 9.0];
    assert_eq!(run(stall, &slow), (Some(StopReason::Stall), 4, 40));
    let creeping = [10.0, 9.95, 9.88, 9.84, 9.75, 9.71, 9.6];
    assert_eq!(run(stall, &creeping).0, None);
    // Becoming feasible, or less infeasible, is a gain.
    let mut search = search(Stopping { stall_generations: Some(2), ..never });
    for outcome in
        [Outcome::infeasible(3.0), Outcome::infeasible(2.0), Outcome::feasible(5.0), Outcome::feasible(5.0)]
    {
        search.ask();
        assert_eq!(search.tell(&[outcome; 10], second), None);
    }
    search.ask();
    assert_eq!(search.tell(&[Outcome::feasible(5.0); 10], second), Some(StopReason::Stall));
}
