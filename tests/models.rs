//! Models as texts, held against independent runs and themselves in any company.

use std::path::Path;

use gainswarm::engine::{self, Resources};
use gainswarm::model::Model;
use gainswarm::problem::{self, Problem};
use gainswarm::simulation::{Record, Scenario, SimdLevel, Simulator};

use crate::support::pendulum::pendulum;
use crate::support::{batch, data, study};

#[test]
fn the_pendulum_in_textbook_form_moves_as_an_independent_implementation_says() {
    let config = pendulum(false, 0.1, 8000);
    let (runner, gains) = (problem::runner(&config), config.controller.values);
    let costs = std::fs::read_to_string(data("costs.csv")).expect("the costs");
    for (case, start) in [(0, [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]), (1, [0.0, 0.2, 0.25, 0.0, 0.0, 0.0])] {
        let row =
            costs.lines().find_map(|line| line.strip_prefix(&format!("classical,{case},"))).expect("a row");
        let cost: f64 = row.split(',').next().and_then(|cost| cost.parse().ok()).expect("a cost");
        let (record, trajectory) = runner
            .record(SimdLevel::widest(), &gains, &Scenario::nominal(start.to_vec()), 10)
            .expect("memory");
        assert!((record.cost - cost).abs() < 1e-8, "{} instead of {cost}", record.cost);
        let text =
            std::fs::read_to_string(data(&format!("closed_loop_classical_{case}.csv"))).expect("a run");
        let mut rows = 0;
        for (line, row) in text.lines().skip(1).zip(trajectory.rows()) {
            for (expected, found) in line.split(',').zip(row) {
                let expected: f64 = expected.parse().expect("a number");
                assert!((expected - found).abs() < 1e-8 * (1.0 + expected.abs()), "{line}: {row:?}");
            }
            rows += 1;
        }
        assert_eq!(rows, 800);
    }
}

#[test]
fn a_program_gives_the_same_bits_at_every_level_in_every_lane_and_alone() {
    let mut problem = Problem::new(&pendulum(false, 0.1, 150));
    let gains = problem.values.clone();
    // More vectors than any block has lanes; some of them fall.
    let vectors: Vec<Vec<f64>> = (0..100)
        .map(|k| {
            let mut vector = gains.clone();
            vector[0] *= 0.1 + 0.02 * f64::from(k);
            vector[5] *= if k % 7 == 0 { -20.0 } else { 1.0 + 0.01 * f64::from(k) };
            vector
        })
        .collect();
    let scenario = Scenario::nominal(vec![0.1, 0.5, -0.4, 0.0, 3.0, -2.0]);
    problem.scenarios = vec![scenario.clone()];
    let expected = batch(&problem, SimdLevel::widest(), &vectors);
    assert!(expected.iter().any(Record::survived) && !expected.iter().all(Record::survived));
    let mut turned = vectors.clone();
    turned.rotate_left(1);
    let mut others = batch(&problem, SimdLevel::widest(), &turned);
    others.rotate_right(1);
    assert_eq!(others, expected);
    for level in SimdLevel::available().skip(1) {
        let count = if level == SimdLevel::Sse2 { 17 } else { 100 };
        assert_eq!(batch(&problem, level, &vectors[..count]), expected[..count], "{level:?}");
    }
    let alone = problem.simulator.record(SimdLevel::widest(), &vectors[3], &scenario, 1).expect("memory").0;
    assert_eq!(alone, expected[3], "a run that is looked at is the run that is judged");
}

#[test]
fn gains_are_tuned_with_the_same_bits_on_any_number_of_threads() {
    let text = "[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[[scenarios]]\ninitial_state = [0.0, -0.2, -0.15, 0.0, 0.0, 0.0]\n\
                [simulation]\nduration = 3.0\n[cost.sliding_energy]\nweight = 0.001\n[swarm.stopping]\nevaluations = 480\n";
    let problem = Problem::new(&study(text));
    let tune = |threads: usize| {
        engine::tune(&problem, Resources { threads, ..Resources::default() }, &mut |_| {}).expect("a tuning")
    };
    let first = tune(1);
    for threads in [2, 5] {
        let other = tune(threads);
        assert_eq!(
            (&other.values, other.best, other.tally),
            (&first.values, first.best, first.tally),
            "{threads}"
        );
    }
    assert!(first.best.is_feasible());
}

#[test]
fn what_is_wrong_with_a_model_file_is_shown_where_it_stands() {
    let with = |from: &str, to: &str| {
        let text =
            std::fs::read_to_string("models/plants/dc_motor.toml").expect("a model").replacen(from, to, 1);
        Model::parse(Path::new("motor.toml"), &text).expect_err(to).to_string()
    };
    for (from, to, words) in [
        (
            "- D*omega",
            "- D*omga",
            "motor.toml, line 5: column 28: `omga` is unknown\n    omega'    = (K*current - D*omga - load)/J\n",
        ),
        ("- D*omega", "- D*omga", "did you mean `omega`?"),
        ("- R*current", "- current", "line 6: column 22: the units do not fit: V ≠ A"),
        ("unit = \"rad/s\"", "unit = \"rad/sec\"", "states.omega.unit = \"rad/sec\": `sec` is no unit"),
        ("default = 0.0004", "default = \"small\"", "parameters.J.default = \"small\""),
        ("range = [1e-9, 1e3]", "range = [1e3, 1e-9]", "lower < upper"),
        ("default = 0.0004", "default = -1.0", "parameters.J.default = -1 is out of its range"),
        ("kind = \"plant\"", "kind = \"plnt\"", "did you mean `plant`?"),
        ("[states]", "[state]", "unknown key `state` at the top level"),
        ("doc = \"speed of the shaft\"", "dock = \"speed of the shaft\"", "did you mean `doc`?"),
        ("equations = ", "equation = ", "unknown key `equation` at the top level"),
        ("equations = ", "equation = ", "did you mean `equations`?"),
    ] {
        let error = with(from, to);
        assert!(error.contains(words), "{to}\n{error}");
    }
    let none = Model::parse(Path::new("motor.toml"), "kind = \"plant\"\n").expect_err("no equations");
    assert_eq!(none.problem, "equations is missing");
    // Far beyond the widest column that a format can have.
    let far = with("- D*omega", &format!("- D*omega{} - omga", " ".repeat(70_000)));
    assert!(
        far.contains("`omga` is unknown") && far.contains(&format!("{}^", " ".repeat(70_000))),
        "{}",
        far.len()
    );
}

#[test]
fn a_delay_of_nothing_is_no_delay_around_and_within_others() {
    let states = |outer: &str, inner: &str| -> Vec<f64> {
        let (of_plant, of_law) = (outer.replace('?', "u"), inner.replace('?', "m"));
        let text = format!(
            "[plant]\nequations = \"x' = {of_plant} - x\"\n[plant.states]\nx = {{}}\n[plant.inputs]\nu = {{}}\n\
             [controller]\nequations = \"u = 4*k*(1 - x - {of_law}); m+ = 1\"\n[controller.inputs]\nx = {{}}\n\
             [controller.states]\nm = {{}}\n[controller.gains]\nk = {{ default = 1.0, search = [0, 2] }}\n[controller.outputs]\nu = {{}}\n\
             [simulation]\ndt = 0.1\nduration = 1.0\n[cost.end]\nfinal = \"x\"\n[[scenarios]]\ninitial_state = [0.0]\n"
        );
        let config = study(&text);
        let problem = Problem::new(&config);
        let recorded =
            problem.simulator.record(SimdLevel::widest(), &problem.values, &problem.scenarios[0], 1);
        recorded.expect("memory").1.rows().map(|row| row[1]).collect()
    };
    for (outer, inner, plain) in [
        ("delay(?, 0.0)", "delay(?, 0.0)", ("?", "?")),
        ("delay(?, 0.3)", "delay(?, 0.0)", ("delay(?, 0.3)", "?")),
        ("delay(?, 0.0)", "delay(?, 0.2)", ("?", "delay(?, 0.2)")),
        ("delay(delay(?, 0.0), 0.1)", "?", ("delay(?, 0.1)", "?")),
        ("delay(delay(?, 0.1), 0.0)", "?", ("delay(?, 0.1)", "?")),
    ] {
        let (found, expected) = (states(outer, inner), states(plain.0, plain.1));
        let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-12, "{outer} around {inner}: {found:?}, not {expected:?}");
    }
    // The output is 4 until the second step, where m is 1 and x = 4 (1 − e^−0.1) = 0.380650: x(0.2) = 0.380650 e^−0.1 − 4·0.380650 (1 − e^−0.1).
    let x = states("delay(?, 0.0)", "delay(?, 0.0)")[2];
    let (kept, first) = ((-0.1_f64).exp(), 4.0 * (1.0 - (-0.1_f64).exp()));
    assert!((x - (first * kept - 4.0 * first * (1.0 - kept))).abs() < 1e-6, "{x}");
}
