//! Swarms that become smaller, and one that is kept while the next looks elsewhere.

use std::time::Duration;

use gainswarm::swarm::{Axis, Outcome, Plan, Restarts, Scale, Search, Settings, Stopping};

use crate::support::restored;

const AXIS: Axis = Axis::new(-5.0, 5.0, Scale::Linear);

fn plan(evaluations: u64, restarts: Restarts) -> Plan {
    let stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
    let settings = Settings { particles: 14, ..Settings::default() };
    Plan { restarts, shrinks: true, ..Plan::new(settings, stopping) }
}

fn squares(x: &[f64], center: f64) -> f64 {
    x.iter().map(|x| (x - center) * (x - center)).sum()
}

/// Runs a search to its end; `watch` sees it once a generation is asked, how many positions that has, and whether they are of the kept swarm.
fn run(
    dimensions: usize,
    plan: &Plan,
    seed: u64,
    cost: impl Fn(&[f64]) -> f64,
    mut watch: impl FnMut(&Search, usize, bool),
) -> Search {
    let mut search = Search::new(&vec![AXIS; dimensions], plan, seed).expect("memory");
    loop {
        let is_of_kept = search.is_turn_of_kept();
        let positions = search.ask().positions.chunks_exact(dimensions);
        let outcomes: Vec<Outcome> = positions.map(|x| Outcome::feasible(cost(x))).collect();
        watch(&search, outcomes.len(), is_of_kept);
        if search.tell(&outcomes, Duration::ZERO).is_some() {
            return search;
        }
    }
}

#[test]
fn after_four_generations_a_particle_leaves_each_until_half_and_two_are_left_and_the_next_swarm_has_all() {
    let restarts = Restarts { times: 1, doublings: 0, patience: 11, slow_gain: 0.0 };
    let mut sizes = Vec::new();
    // Only the first outcome is a gain, so that a swarm settles after twelve generations.
    run(5, &plan(260, restarts), 1, |_| 1.0, |_, size, _| sizes.push(size));
    let of_swarm = [14, 14, 14, 14, 13, 12, 11, 10, 9, 9, 9, 9];
    assert_eq!(sizes[..12], of_swarm);
    assert_eq!(sizes[12..17], of_swarm[..5]);
}

#[test]
fn the_worst_particle_leaves() {
    let mut search = Search::new(&[AXIS; 5], &plan(1000, Restarts::NONE), 3).expect("memory");
    for _ in 0..20 {
        let known: Vec<Outcome> = search.swarm().expect("a swarm").personal_bests().to_vec();
        let question = search.ask().positions.to_vec();
        let left = search.swarm().expect("a swarm").personal_bests();
        let costs = |bests: &[Outcome]| {
            let mut costs: Vec<f64> = bests.iter().map(|best| best.cost).collect();
            costs.sort_by(f64::total_cmp);
            costs
        };
        if search.generations() > 0 {
            assert_eq!(costs(left), costs(&known)[..left.len()]);
        }
        let outcomes: Vec<Outcome> =
            question.chunks_exact(5).map(|x| Outcome::feasible(squares(x, 1.0))).collect();
        search.tell(&outcomes, Duration::ZERO);
    }
    assert_eq!(search.swarm().expect("a swarm").personal_bests().len(), 9);
}

#[test]
fn in_a_swarm_that_gains_slowly_one_particle_of_four_looks_along_each_axis_from_the_best() {
    let looks = |slow_gain: f64| {
        let restarts = Restarts { slow_gain, ..Restarts::USUAL };
        let mut search = Search::new(&[AXIS; 5], &plan(10_000, restarts), 3).expect("memory");
        // Of 14 generations: along which axes particles go from the best, and how far.
        let mut looks = Vec::new();
        for generation in 1..=14 {
            let best = search.best().0.to_vec();
            let positions = search.ask().positions.to_vec();
            for position in positions.chunks_exact(5) {
                let changed = (0..5).filter(|i| position[*i].to_bits() != best[*i].to_bits());
                if let ([axis], true) = (&changed.collect::<Vec<_>>()[..], generation > 1) {
                    looks.push((generation, *axis, (position[*axis] - best[*axis]).abs()));
                }
            }
            // Only the first generation gains.
            search.tell(&vec![Outcome::feasible(1.0); positions.len() / 5], Duration::ZERO);
        }
        looks
    };
    assert_eq!(looks(0.0), []);
    let looks = looks(1e-4);
    // Of 13 particles and fewer 4 to 3 look, after three generations without a gain, until the swarm is kept after ten.
    let of = |generation| looks.iter().filter(|look| look.0 == generation).count();
    assert_eq!((1..=14).map(of).collect::<Vec<_>>(), [0, 0, 0, 0, 4, 3, 3, 3, 3, 3, 3, 0, 0, 0]);
    assert!((0..5).all(|axis| looks.iter().any(|(_, other, _)| *other == axis)), "{looks:?}");
    // The box is 10 wide.
    assert!(looks.iter().all(|(.., way)| *way > 0.099), "{looks:?}");
}

#[test]
fn a_kept_swarm_has_a_third_of_the_evaluations_and_still_gets_to_the_bottom() {
    let mut evaluations = [0, 0];
    // Below 1000.1 all gains are slow.
    let count = |search: &Search, size: usize, is_of_kept: bool| {
        if search.restarts() == 1 {
            evaluations[usize::from(is_of_kept)] += size;
        }
    };
    let search = run(5, &plan(4000, Restarts::USUAL), 2, |x| 1000.0 + squares(x, 1.0), count);
    let [others, kept] = evaluations;
    let all = others + kept;
    assert!((3 * kept).abs_diff(all) < all / 7, "{kept} of the kept swarm, {others} of the other");
    let left = search.best().1.cost - 1000.0;
    // The numbers about 1000 are 1.1e-13 apart.
    assert!(left < 1e-11, "{left}");
}

#[test]
fn a_swarm_that_crawls_in_the_wrong_place_does_not_hold_up_the_search() {
    // A wide basin in which there is always something to gain, and a narrower one that is better.
    let cost = |x: &[f64]| {
        let (wide, narrow) = (squares(x, 2.0), squares(x, -3.5));
        (1.0 + 0.01 * wide + 1e-4 * wide.powf(0.1)).min(0.9 + 0.05 * narrow)
    };
    let found = |slow_gain: f64| {
        let restarts = Restarts { slow_gain, ..Restarts::USUAL };
        let is_found =
            |seed: &u64| run(3, &plan(1000, restarts), *seed, cost, |_, _, _| ()).best().1.cost < 0.91;
        (1..=40).filter(is_found).count()
    };
    let (one_at_a_time, kept) = (found(0.0), found(1e-3));
    assert!(kept >= one_at_a_time + 8, "{one_at_a_time} of 40, with a swarm that is kept {kept}");
}

#[test]
fn when_no_swarm_may_follow_the_kept_one_goes_on_until_it_has_settled_too() {
    let restarts = Restarts { times: 2, ..Restarts::USUAL };
    let search = run(2, &plan(1_000_000, restarts), 4, |x| 1000.0 + squares(x, 1.0), |_, _, _| ());
    assert_eq!(search.restarts(), 2);
    assert!(search.best().1.cost - 1000.0 < 1e-11);
    assert!(search.evaluations() < 20_000, "{} evaluations", search.evaluations());
}

#[test]
fn a_restored_search_of_two_swarms_goes_on_with_the_same_bits() {
    let restarts = Restarts { times: 3, doublings: 0, patience: 8, slow_gain: 0.1 };
    let search = restored::after_every_generation(&[AXIS; 3], &plan(3000, restarts), 8, |x| {
        Outcome::feasible(1.0 + squares(x, 1.0))
    });
    assert!(search.restarts() > 1);
}
