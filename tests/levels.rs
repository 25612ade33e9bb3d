//! The level up to which a violation does not count yet.

use std::time::Duration;

use gainswarm::archive;
use gainswarm::swarm::{AsynchronousSearch, Axis, Outcome, Plan, Scale, Search, Settings, Stopping};

const DIMENSIONS: usize = 6;
const AXES: [Axis; DIMENSIONS] = [Axis::new(-2.0, 2.0, Scale::Linear); DIMENSIONS];

/// The sum of the coordinates, on the unit sphere within 1e-4: the least is that of the point at −1/√6 along each.
fn judge(x: &[f64]) -> Outcome {
    let off = x.iter().map(|x| x * x).sum::<f64>() - 1.0;
    Outcome { violation: (off.abs() - 1e-4).max(0.0), cost: x.iter().sum() }
}

fn search(seed: u64) -> Search {
    let stopping = Stopping { evaluations: 6000, ..Stopping::after_generations(u64::MAX) };
    let settings = Settings { particles: 16, ..Settings::default() };
    Search::new(&AXES, &Plan::new(settings, stopping), seed).expect("memory")
}

fn step(search: &mut Search, judge: impl Fn(&[f64]) -> Outcome) -> bool {
    let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(DIMENSIONS).map(judge).collect();
    search.tell(&outcomes, Duration::ZERO).is_none()
}

#[test]
fn a_swarm_that_knows_what_infeasible_positions_cost_finds_the_least_on_a_thin_set() {
    let least = -(6.0_f64 * 1.0001).sqrt();
    let gap = |judge: fn(&[f64]) -> Outcome, seed: u64| {
        let mut search = search(seed);
        while step(&mut search, judge) {}
        let (_, best) = search.best();
        if best.is_feasible() { best.cost - least } else { f64::INFINITY }
    };
    // By violations alone a swarm finds the sphere first, and then crawls along it.
    let blind = |x: &[f64]| match judge(x) {
        Outcome { violation, .. } if violation > 0.0 => Outcome::infeasible(violation),
        feasible => feasible,
    };
    let [knowing, blind] = [judge as fn(&[f64]) -> Outcome, blind].map(|judge| {
        let mut gaps: Vec<f64> = (1..=5).map(|seed| gap(judge, seed)).collect();
        gaps.sort_by(f64::total_cmp);
        gaps
    });
    assert!(knowing[0] >= -1e-12 && knowing[4] < 1e-4, "{knowing:?}");
    assert!(blind[2] > 1e-3, "else this shows nothing: {blind:?}");
}

#[test]
fn a_search_whose_violations_do_not_count_yet_goes_on_from_its_state_as_if_it_had_never_stopped() {
    let mut whole = search(3);
    for _ in 0..12 {
        step(&mut whole, judge);
    }
    let mut bytes = Vec::new();
    archive::save(&mut whole, &mut bytes);
    let mut resumed = search(3);
    archive::restore(&mut resumed, &bytes).expect("a state");
    for _ in 0..40 {
        let bits =
            |search: &mut Search| search.ask().positions.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&mut resumed), bits(&mut whole));
        step(&mut whole, judge);
        step(&mut resumed, judge);
    }
}

#[test]
fn with_one_position_out_at_a_time_the_level_is_that_of_generations() {
    let plan = |evaluations| {
        let stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
        Plan::new(Settings { particles: 16, ..Settings::default() }, stopping)
    };
    let mut search = search(7);
    let mut single = AsynchronousSearch::new(&AXES, &plan(6000), 7, 1).expect("memory");
    for _ in 0..60 {
        let asked: Vec<f64> = search.ask().positions.to_vec();
        for x in asked.chunks_exact(DIMENSIONS) {
            let (id, found) = single.ask().expect("one more");
            assert_eq!(found, x);
            let outcome = judge(found);
            single.tell(id, outcome);
        }
        step(&mut search, judge);
    }
}
