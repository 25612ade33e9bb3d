//! Several moves a particle, of which a surrogate picks one.

use gainswarm::swarm::{Axis, Outcome, Scale, Settings, Swarm};

/// The positions of some generations on a valley whose sides are 100 times as steep as its floor, with costs seen through `shown`; and the
/// evaluations until the valley is known to 1e-6.
fn search(candidates: usize, seed: u64, generations: usize, shown: fn(f64) -> f64) -> (Vec<f64>, usize) {
    let axes = [Axis::new(-5.0, 5.0, Scale::Linear); 4];
    let settings = Settings { particles: 12, candidates, ..Settings::default() };
    let mut swarm = Swarm::new(&axes, &settings, seed).unwrap();
    let (mut positions, mut needed) = (Vec::new(), usize::MAX);
    for generation in 1..=generations {
        let asked = swarm.ask().to_vec();
        let valley = |x: &[f64]| {
            x.iter().zip([1.0, 4.0, 20.0, 100.0]).map(|(x, a)| a * (x - 1.0) * (x - 1.0)).sum::<f64>()
        };
        let costs: Vec<f64> = asked.chunks_exact(4).map(valley).collect();
        if needed == usize::MAX && costs.iter().any(|cost| *cost <= 1e-6) {
            needed = 12 * generation;
        }
        swarm.tell(&costs.iter().map(|cost| Outcome::feasible(shown(*cost))).collect::<Vec<_>>());
        positions.extend(asked);
    }
    (positions, needed)
}

#[test]
fn eight_candidates_need_fewer_than_two_thirds_of_the_evaluations_of_one() {
    let median = |candidates: usize| {
        let mut needed: Vec<usize> =
            (1..=9).map(|seed| search(candidates, seed, 200, |cost| cost).1).collect();
        needed.sort_unstable();
        needed[4]
    };
    let (one, eight) = (median(1), median(8));
    assert!(one < usize::MAX && 3 * eight < 2 * one, "{eight} and {one}");
}

#[test]
fn how_costs_are_scaled_does_not_count() {
    let as_they_are = search(8, 1, 30, |cost| cost).0;
    // A power of two scales to the bit.
    assert_eq!(as_they_are, search(8, 1, 30, |cost| 1024.0 * cost).0);
    assert_ne!(as_they_are, search(1, 1, 30, |cost| cost).0);
}
