//! Models as texts, held against independent runs, the compiled kernel, and themselves in any company.

use std::path::Path;
use std::sync::atomic::AtomicUsize;

use gainswarm::config::Config;
use gainswarm::costs::TermSet;
use gainswarm::engine::{self, Resources};
use gainswarm::model::Model;
use gainswarm::problem::{self, Problem};
use gainswarm::simulation::{Batch, Record, Records, Runner, Scenario, SimdLevel, Simulator, Workspace};

use crate::support::data;
use crate::support::pendulum::pendulum;

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

/// The records of a batch of gain vectors in one scenario.
fn run(runner: &Runner, level: SimdLevel, vectors: &[Vec<f64>], scenario: &Scenario) -> Vec<Record> {
    let bytes = runner.workspace_bytes(level, TermSet::ALL);
    let mut workspace = Workspace::reserve(bytes, runner.lanes(level)).expect("memory");
    let (queue, records) = (AtomicUsize::new(0), Records::new(vectors.len(), 4).expect("memory"));
    let batch = Batch {
        values: &vectors.concat(),
        width: vectors[0].len(),
        scenarios: std::slice::from_ref(scenario),
        bounds: &vec![f64::INFINITY; vectors.len()],
        reaches: &[1.0],
        terms: TermSet::ALL,
        queue: &queue,
        end: vectors.len(),
        records: &records,
    };
    runner.run(level, &batch, &mut workspace);
    assert_eq!(workspace.used_bytes(), bytes, "what is declared is used");
    (0..vectors.len()).map(|job| records.get(job)).collect()
}

#[test]
fn a_program_gives_the_same_bits_at_every_level_in_every_lane_and_alone() {
    let config = pendulum(false, 0.1, 150);
    let (runner, gains) = (problem::runner(&config), config.controller.values);
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
    let expected = run(&runner, SimdLevel::widest(), &vectors, &scenario);
    assert!(expected.iter().any(Record::survived) && !expected.iter().all(Record::survived));
    let mut turned = vectors.clone();
    turned.rotate_left(1);
    let mut others = run(&runner, SimdLevel::widest(), &turned, &scenario);
    others.rotate_right(1);
    assert_eq!(others, expected);
    for level in SimdLevel::available().skip(1) {
        let count = if level == SimdLevel::Sse2 { 17 } else { 100 };
        assert_eq!(run(&runner, level, &vectors[..count], &scenario), expected[..count], "{level:?}");
    }
    let (alone, _) = runner.record(SimdLevel::widest(), &vectors[3], &scenario, 1).expect("memory");
    assert_eq!(alone, expected[3], "a run that is looked at is the run that is judged");
}

#[test]
fn a_plant_that_differs_from_the_nominal_one_moves_as_the_kernel_says() {
    let text = "[[scenarios]]\ncount = 6\nranges = { theta1 = 0.2, theta2 = 0.2 }\nuncertainty = { link1_mass = 20.0, gravity = 5.0, cart_friction = 50.0 }\n\
                [simulation]\nduration = 2.0\n[cost.sliding_energy]\nweight = 0.1\n";
    let problem = Problem::new(&Config::parse(Path::new("uncertain.toml"), text).expect("a study"));
    let program = pendulum(true, 0.1, 2000);
    let (runner, gains) = (problem::runner(&program), program.controller.values);
    assert_eq!(gains, problem.values);
    for scenario in &problem.scenarios {
        let (expected, _) =
            problem.simulator.record(SimdLevel::widest(), &gains, scenario, 1).expect("memory");
        let (found, _) = runner.record(SimdLevel::widest(), &gains, scenario, 1).expect("memory");
        assert!(
            (found.cost - expected.cost).abs() <= 1e-9 * expected.cost,
            "{} and {}",
            found.cost,
            expected.cost
        );
        assert_eq!((found.ending, found.steps), (expected.ending, expected.steps));
    }
}

#[test]
fn gains_are_tuned_on_a_program_with_the_same_bits_on_any_number_of_threads_and_as_well_as_on_the_kernel() {
    let text = "[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n[[scenarios]]\ninitial_state = [0.0, -0.2, -0.15, 0.0, 0.0, 0.0]\n\
                [simulation]\nduration = 3.0\n[cost.sliding_energy]\nweight = 0.001\n[swarm.stopping]\nevaluations = 480\n";
    let config = Config::parse(Path::new("small.toml"), text).expect("a study");
    let tune = |simulator: Option<Runner>, threads: usize| {
        let mut problem = Problem::new(&config);
        if let Some(runner) = simulator {
            problem.simulator = Box::new(runner);
        }
        engine::tune(&problem, Resources { threads, ..Resources::default() }, &mut |_| {}).expect("a tuning")
    };
    let runner = problem::runner(&pendulum(false, 0.001, 3000));
    let (kernel, first) = (tune(None, 2), tune(Some(runner.clone()), 1));
    for threads in [2, 5] {
        let other = tune(Some(runner.clone()), threads);
        assert_eq!(
            (&other.values, other.best, other.tally),
            (&first.values, first.best, first.tally),
            "{threads}"
        );
    }
    assert!(first.best.is_feasible() && kernel.best.is_feasible());
    let (found, expected) = (first.best.cost, kernel.best.cost);
    assert!((found - expected).abs() <= 0.02 * expected, "{found} on the program, {expected} on the kernel");
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
        ("equations = ", "equation = ", "equations is missing"),
    ] {
        let error = with(from, to);
        assert!(error.contains(words), "{to}\n{error}");
    }
}
