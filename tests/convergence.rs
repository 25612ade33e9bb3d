//! Whether a search had converged when it ended.

use std::time::Duration;

use gainswarm::swarm::{
    Axis, Convergence, Diversity, Outcome, Plan, PolishPlan, Restarts, Scale, Search, Settings, StopReason,
    Stopping,
};

use crate::support::{SMALL_STUDY, gainswarm, results, stderr, stdout, write_config};

/// In more, Rosenbrock's function has a local optimum.
const DIMENSIONS: usize = 3;

/// A swarm that has come together.
const STANDING: Diversity = Diversity { spread: 0.005, mean_velocity: 0.1 };

fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| (x - 0.3) * (x - 0.3)).sum()
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

/// A wide bowl of depth 1 with a narrow hole of depth 1/2 far from its middle.
fn with_hole(x: &[f64]) -> f64 {
    let hole: f64 = x.iter().map(|x| (x + 1.9) * (x + 1.9)).sum();
    (1.0 + sphere(x)).min(0.5 + 1e6 * hole)
}

/// A search of so many evaluations: how far it came, and its best cost.
fn search(cost: impl Fn(&[f64]) -> f64, evaluations: u64, seed: u64, plan: &Plan) -> (Convergence, f64) {
    let axis = Axis::new(-2.0, 2.0, Scale::Linear);
    let stopping = Stopping { evaluations, ..Stopping::after_generations(1_000_000) };
    let plan = Plan { stopping, ..plan.clone() };
    let mut search = Search::new(&[axis; DIMENSIONS], &plan, seed).expect("memory");
    let mut bests = Vec::new();
    let reason = loop {
        let judged = search.ask().positions.chunks_exact(DIMENSIONS).map(|x| Outcome::feasible(cost(x)));
        let outcomes: Vec<Outcome> = judged.collect();
        let ended = search.tell(&outcomes, Duration::ZERO);
        bests.push((search.evaluations(), search.best().1));
        if let Some(reason) = ended {
            break reason;
        }
    };
    let swarm = search.swarm().filter(|_| search.restarts() == 0);
    let diversity = swarm.map(gainswarm::swarm::Swarm::diversity);
    (Convergence::of(bests.into_iter(), diversity, reason), search.best().1.cost)
}

fn one_swarm() -> Plan {
    let settings = Settings { particles: 14, ..Settings::default() };
    Plan::new(settings, Stopping::after_generations(1))
}

#[test]
fn a_search_that_is_far_from_a_known_optimum_has_not_converged_and_one_that_is_there_has() {
    // The optimum is 0; one is added, so that shares of the cost mean something.
    for seed in 1..=10 {
        for (name, cost) in [("sphere", sphere as fn(&[f64]) -> f64), ("rosenbrock", rosenbrock)] {
            for evaluations in [28, 100, 200, 500, 1000, 2000, 4000, 8000] {
                let (how_far, best) = search(|x| 1.0 + cost(x), evaluations, seed, &one_swarm());
                let far = best - 1.0;
                let told = how_far.has_converged();
                assert!(!told || far < 0.01, "{name} {seed}: {far} after {evaluations}, {how_far:?}");
                assert!(told || evaluations < 8000, "{name} {seed}: {far} after {evaluations}, {how_far:?}");
                assert!(!told || evaluations > 28, "{name} {seed}: {far} after {evaluations}, {how_far:?}");
            }
        }
    }
}

#[test]
fn a_cost_that_goes_to_zero_has_converged_when_the_swarm_stands_in_one_place() {
    let still_gains = |evaluations| {
        let (how_far, best) = search(sphere, evaluations, 1, &one_swarm());
        best < 1e-10 && how_far.gain > 1.0 && how_far.has_converged()
    };
    assert!((500..6000).step_by(500).any(still_gains));
    assert!(!search(sphere, 200, 1, &one_swarm()).0.has_converged());
}

#[test]
fn a_swarm_that_settles_in_a_local_optimum_has_converged_and_restarts_go_by_the_gain() {
    let (how_far, best) = search(with_hole, 5000, 4, &one_swarm());
    assert!(
        how_far.has_converged() && (best - 1.0).abs() < 1e-6,
        "nobody has seen the hole: {best} {how_far:?}"
    );
    let restarts = Restarts { times: 1000, doublings: 1, patience: 10, slow_gain: 0.0 };
    let polish = Some(PolishPlan { after: 60, step: 0.5 });
    let plan = Plan { restarts, polish, ..one_swarm() };
    let (how_far, _) = search(|x| 1.0 + sphere(x), 20_000, 4, &plan);
    assert!(how_far.diversity.is_none() && how_far.has_converged(), "{how_far:?}");
    let once = Plan { restarts: Restarts::NONE, ..plan };
    let (how_far, best) = search(rosenbrock, 100_000, 4, &once);
    assert!(how_far.is_settled && how_far.has_converged() && best < 1e-10, "{best} {how_far:?}");
}

#[test]
fn what_the_last_third_gained_is_read_off_the_bests() {
    let of = |costs: &[f64]| {
        let bests = (1..).zip(costs).map(|(k, cost)| (10 * k, Outcome::feasible(*cost)));
        let bests: Vec<(u64, Outcome)> = bests.collect();
        Convergence::of(bests.into_iter(), Some(STANDING), StopReason::Evaluations)
    };
    // From the fourth of six to the sixth.
    assert!((of(&[9.0, 8.0, 7.0, 3.0, 2.5, 2.0]).gain - 0.5).abs() < 1e-12);
    assert!(of(&[9.0, 8.0, 7.0, 2.0, 2.0, 2.0]).has_converged());
    assert!(!of(&[5.0]).has_converged(), "not known");
    let late = [(10, Outcome::infeasible(1.0)), (20, Outcome::infeasible(1.0)), (30, Outcome::feasible(1.0))];
    assert!(!Convergence::of(late.into_iter(), Some(STANDING), StopReason::Evaluations).gain.is_finite());
}

#[test]
fn a_tuning_says_whether_it_had_converged_wherever_it_is_shown() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut answers, place) = (Vec::new(), |name: &str| directory.path().join(name));
    for (name, generations) in [("short", 6), ("long", 200)] {
        let text = SMALL_STUDY.replacen("generations = 12", &format!("generations = {generations}"), 1);
        let config = write_config(directory.path(), &format!("{name}.toml"), text);
        let output = place(name);
        let output = output.to_str().expect("UTF-8");
        let run = gainswarm(&["tune", &config, "--output", output]);
        let (table, said) = (stdout(&run), stderr(&run));
        let row = table.lines().find(|line| line.contains("converged")).expect("a row");
        let warns = said.contains("warning: the search had not converged");
        assert_eq!(row.contains("no:"), warns, "{row} {said}");
        assert!(!warns || said.contains("--resume --generations 12 goes on"), "{said}");
        let json = stdout(&gainswarm(&["tune", &config, "--json", "--quiet", "--output", output]));
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["converged"], !warns);
        let summary = results(&place(name)).2;
        assert!(summary.contains(&format!("converged={}", !warns)), "{summary:?}");
        answers.push(!warns);
    }
    assert_eq!(answers, [false, true]);
}
