//! Coarse first: a part of the simulations judges as long as it orders the gain vectors as the whole does.

use gainswarm::config::Config;
use gainswarm::engine::{self, Generation, Resources, Tuning};
use gainswarm::problem::{LongerSteps, Problem};
use gainswarm::simulation::{Ending, Extent, PARTS, SimdLevel};
use gainswarm::statistics::mean;

use crate::support::{batch_of, gainswarm, stderr, write_config};

/// A cart-pole from eight starts, of which one or two tell nearly as much as all.
fn study(swarm: &str) -> Problem {
    let shipped = include_str!("../configs/cart_pole.toml");
    let text = shipped.replacen("duration = 10.0", "duration = 4.0", 1).replacen(
        "[swarm.stopping]\nevaluations = 4000",
        &format!("[swarm]\n{swarm}"),
        1,
    );
    assert!(text.contains(swarm) && text.contains("duration = 4.0"), "the shipped study has changed");
    Problem::new(&Config::parse("study.toml".as_ref(), &text).expect("a valid study"))
}

fn tune(problem: &Problem, threads: usize) -> Tuning {
    let resources = Resources { threads, ..Resources::default() };
    engine::tune(problem, resources, &mut |_| {}).expect("a tuning")
}

#[test]
fn a_cost_on_the_way_is_that_of_a_simulation_that_ends_there() {
    let problem = study("stopping.generations = 1");
    // The second falls on the way.
    let mut fallen = problem.values.clone();
    problem.tuned.iter().for_each(|gain| fallen[gain.index] = 0.0);
    let vectors = [problem.values.clone(), fallen];
    for level in SimdLevel::available() {
        let noted = batch_of(&problem, level, &vectors, Extent::Marked);
        let mut falls = 0;
        for parts in 1..PARTS {
            let part = batch_of(&problem, level, &vectors, Extent::Parts(parts));
            for job in 0..part.len() {
                let record = part.get(job);
                if record.ending == Ending::Survived {
                    assert_eq!(record.steps, 4000 * parts as u64 / PARTS as u64);
                    assert_eq!(
                        noted.mark(job, parts).to_bits(),
                        record.cost.to_bits(),
                        "{level:?} {job} {parts}"
                    );
                } else {
                    assert!(noted.mark(job, parts).is_nan(), "{level:?} {job} {parts}");
                    assert_eq!(noted.get(job).cost.to_bits(), record.cost.to_bits());
                    falls += 1;
                }
            }
        }
        assert!(falls > 0, "one falls");
    }
}

#[test]
fn half_of_the_budget_finds_gains_nearly_as_good() {
    let budget = "stopping.evaluations = 400";
    let coarse = tune(&study(budget), 2);
    let whole = tune(&study("coarse_first = false\nstopping.evaluations = 800"), 2);
    assert_eq!((coarse.evaluations, whole.evaluations), (400, 800));
    // What a part judges counts by its work, so that as many evaluations hold more generations.
    assert!(coarse.generations > whole.generations, "{} {}", coarse.generations, whole.generations);
    let [part, all] = [coarse.tally.control_steps, whole.tally.control_steps];
    assert!(3 * part < 2 * all, "{part} of {all} steps");
    assert!(coarse.best.cost < 1.02 * whole.best.cost, "{} {}", coarse.best.cost, whole.best.cost);
    // Whatever is reported was simulated as a whole: no best is better than what its gains cost.
    let bests = coarse.convergence.iter().map(|row| row.best.cost).zip(&coarse.bests);
    let mut last = None;
    for (cost, values) in bests.filter(|(cost, _)| cost.is_finite()) {
        if last.replace(cost.to_bits()) != Some(cost.to_bits()) {
            let records = engine::assess(&study(budget), Resources::default(), values).expect("records");
            let mean = mean(records.iter().map(|record| record.cost));
            assert!((mean - cost).abs() <= 1e-12 * cost, "{mean} {cost}");
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let problem = study("stopping.evaluations = 300");
    let [one, three] = [1, 3].map(|threads| tune(&problem, threads));
    assert_eq!(one.values, three.values);
    assert_eq!(one.tally, three.tally);
    // Not a number is one, too.
    assert_eq!(format!("{:?}", one.convergence), format!("{:?}", three.convergence));
}

#[test]
fn one_scenario_that_counts_to_its_end_is_simulated_to_its_end() {
    // What a limit holds is known at the end, and there is neither another scenario nor longer steps.
    let text = include_str!("../configs/known/dc_motor_pid.toml");
    let config = Config::parse("study.toml".as_ref(), text).expect("a valid study");
    let mut problem = Problem::new(&config);
    problem.limits[0] = 1e9;
    problem.coarser = LongerSteps::default();
    problem.search.stopping.evaluations = 100;
    let tuning = tune(&problem, 1);
    let steps = config.simulation.steps();
    assert_eq!(tuning.tally.control_steps, steps * (tuning.tally.simulations - tuning.tally.abandoned));
}

/// A regulator in one scenario of 2,000 steps, with a sensor that is noisy. This seed allows the longest steps to begin with.
fn one_scenario() -> Problem {
    let text = include_str!("../configs/avr_pid.toml").replacen("evaluations = 1000", "evaluations = 300", 1);
    let config = Config::parse("study.toml".as_ref(), &text).expect("a valid study");
    Problem::new(&Config { seed: 2, ..config })
}

#[test]
fn one_scenario_is_judged_in_longer_steps_which_count_by_their_work() {
    let problem = one_scenario();
    let factors: Vec<u16> = problem.coarser.iter().map(|coarser| coarser.factor).collect();
    assert_eq!(factors, [10, 5, 2]);
    let tuning = tune(&problem, 2);
    let mut before = 0;
    let mut factors = Vec::new();
    for row in &tuning.convergence {
        let steps = row.tally.control_steps;
        // Of a generation that was judged in longer steps every simulation had as many of them.
        if let Some(factor) = [10, 5, 2].into_iter().find(|factor| steps * factor == 2000 * row.judged) {
            assert_eq!(row.evaluations - before, row.judged.div_ceil(factor), "{row:?}");
            factors.push(factor);
        }
        before = row.evaluations;
    }
    assert!(
        factors.len() > 5 && factors.is_sorted_by(|a, b| a >= b),
        "they only become shorter: {factors:?}"
    );
    // What is reported was simulated in the steps of the study.
    let records = engine::assess(&problem, Resources::default(), &tuning.values).expect("records");
    assert_eq!((records[0].steps, records[0].cost.to_bits()), (2000, tuning.best.cost.to_bits()));
    let one = tune(&problem, 1);
    assert_eq!(format!("{:?}", one.convergence), format!("{:?}", tuning.convergence));
}

#[test]
fn longer_steps_become_shorter_where_the_best_gains_less_than_a_hundredth() {
    let problem = one_scenario();
    let (gains, particles) = (problem.tuned.len(), problem.search.settings.particles as u64);
    let tuning = tune(&problem, 1);
    let factor = |row: &Generation| match (row.judged == particles, row.tally.control_steps) {
        (true, steps) => Some(2000 * particles / steps),
        (false, _) => None,
    };
    let rows = &tuning.convergence;
    let mut looks = 0;
    for (place, look) in rows.iter().enumerate().filter(|(_, row)| row.judged == 1) {
        assert_eq!(look.tally.control_steps, 2000, "the best is simulated as a whole");
        let [before, after] = [place - 1, place + 1].map(|place| &rows[place]);
        let has_gained = look.best.cost < 0.99 * before.best.cost;
        let [longer, next] = [before, after].map(|row| factor(row).expect("a generation of the swarm"));
        assert_eq!(has_gained, longer == next, "{longer} {next} {look:?}");
        let since = &rows[place - 1 - gains..place];
        assert!(since.iter().all(|row| factor(row) == Some(longer)), "1 + d generations: {since:?}");
        looks += 1;
    }
    assert!(looks > 3, "{looks}");
}

#[test]
fn a_best_that_is_feasible_in_longer_steps_alone_leads_nowhere() {
    // Of the best in steps five and two times as long the overshoot is beyond its limit in the steps of the study. The least cost that 50 runs by whole simulations alone find
    // is 7.87256 (docs/swarm.md says how).
    let text = include_str!("../configs/non_minimum_phase_pid_series.toml");
    let config = Config::parse("study.toml".as_ref(), text).expect("a valid study");
    for seed in 1001..=1004 {
        let tuning = tune(&Problem::new(&Config { seed, ..config.clone() }), 2);
        assert!(tuning.best.is_feasible() && tuning.best.cost < 1.01 * 7.87256, "{seed}: {:?}", tuning.best);
    }
}

#[test]
fn longer_steps_keep_the_period_of_a_law_and_nearly_the_cost() {
    let text = include_str!("../configs/avr_pid.toml")
        .replacen("noise = { sensor = 0.002 }", "control_period = 10", 1)
        .replacen("[cost.control_rate]    # what the noise makes of the output\nweight = 0.5\n", "", 1);
    let problem = Problem::new(&Config::parse("study.toml".as_ref(), &text).expect("a valid study"));
    let cost = |problem: &Problem| {
        let records = engine::assess(problem, Resources::default(), &problem.values).expect("records");
        (records[0].steps, records[0].cost)
    };
    let (_, whole) = cost(&problem);
    let periods: Vec<u64> =
        problem.coarser.iter().map(|coarser| coarser.scenarios[0].conditions.control_period).collect();
    assert_eq!(periods, [1, 2, 5]);
    let mut problem = problem;
    for coarser in std::mem::take(&mut problem.coarser) {
        (problem.simulator, problem.scenarios) = (coarser.simulator, coarser.scenarios);
        let (steps, cost) = cost(&problem);
        assert_eq!(steps * u64::from(coarser.factor), 2000);
        // The law acts at the same times, and the plant is smooth: what differs is where the error is added up.
        assert!((cost / whole - 1.0).abs() < 0.05, "{}: {cost} {whole}", coarser.factor);
    }
}

#[test]
fn a_rule_of_the_literature_is_judged_by_the_whole_unless_asked() {
    let plan = |swarm: &str| study(swarm).search.coarse_first;
    assert!(plan("stopping.generations = 1"));
    assert!(!plan("rule = \"spso2011\""));
    assert!(plan("rule = \"spso2011\"\ncoarse_first = true"));
}

#[test]
fn a_search_whose_costs_come_from_outside_refuses_the_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = "[swarm]\ncoarse_first = true\n[[parameters]]\nlower = 0.0\nupper = 1.0\n";
    let config = write_config(directory.path(), "search.toml", text);
    let output = gainswarm(&["ask-tell", &config]);
    assert!(!output.status.success());
    let message = stderr(&output);
    assert!(message.contains("coarse_first") && message.contains("take it out"), "{message}");
}
