//! The swarm: steps computed by hand, the order of outcomes, topologies, the box.

use std::time::Duration;

use gainswarm::draw::{Draw, Purpose};
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::topologies::{AdaptiveRandom, Global, Ring, Topology, TopologyKind, VonNeumann};
use gainswarm::swarm::{
    Axis, Bounds, Initial, Outcome, Plan, PolishPlan, Restarts, Scale, Search, Settings, StopReason,
    Stopping, Swarm,
};
use proptest::prelude::*;

const AXIS: Axis = Axis::new(-5.0, 5.0, Scale::Linear);

fn draw(seed: u64) -> Draw {
    Draw::new(seed, Purpose::Motion, 7, 3)
}

#[test]
fn uniform_and_normal_draws_have_their_moments() {
    let mut source = draw(1);
    let uniform: Vec<f64> = (0..20_000).map(|_| source.uniform()).collect();
    assert!(uniform.iter().all(|u| (0.0..1.0).contains(u)));
    let mean = uniform.iter().sum::<f64>() / 2e4;
    assert!((mean - 0.5).abs() < 0.01);
    let normal: Vec<f64> = (0..10_000).flat_map(|_| source.normals()).collect();
    let mean = normal.iter().sum::<f64>() / 2e4;
    let variance = normal.iter().map(|z| z * z).sum::<f64>() / 2e4;
    let fourth = normal.iter().map(|z| z.powi(4)).sum::<f64>() / 2e4;
    assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05 && (fourth - 3.0).abs() < 0.4);
}

#[test]
fn draws_depend_on_all_that_they_are_keyed_by_and_on_nothing_else() {
    let first =
        |seed, purpose, generation, particle| Draw::new(seed, purpose, generation, particle).uniform();
    let keys = [
        first(1, Purpose::Motion, 1, 1),
        first(2, Purpose::Motion, 1, 1),
        first(1, Purpose::Topology, 1, 1),
        first(1, Purpose::Motion, 2, 1),
        first(1, Purpose::Motion, 1, 2),
    ];
    for (i, a) in keys.iter().enumerate() {
        assert!(keys[i + 1..].iter().all(|b| a.to_bits() != b.to_bits()));
    }
    assert_eq!(first(1, Purpose::Motion, 1, 1).to_bits(), keys[0].to_bits());
}

/// The best informant by its definition, for links given as a predicate.
fn brute_force(bests: &[Outcome], informs: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let choose = |target: usize| {
        let sources = (0..bests.len()).filter(|source| *source == target || informs(*source, target));
        sources.min_by(|a, b| bests[*a].rank(&bests[*b]).then(a.cmp(b))).expect("itself at least")
    };
    (0..bests.len()).map(choose).collect()
}

fn outcomes(costs: &[f64]) -> Vec<Outcome> {
    costs.iter().map(|cost| Outcome::feasible(*cost)).collect()
}

proptest! {
    #[test]
    fn ring_and_global_find_the_best_informant(costs in proptest::collection::vec(0_u8..6, 2..12)) {
        let bests = outcomes(&costs.iter().map(|cost| f64::from(*cost)).collect::<Vec<_>>());
        let n = bests.len();
        let mut found = vec![0; n];
        Topology::best_informants(&Ring::new(n, 3).expect("memory"), &bests, &mut found);
        prop_assert_eq!(&found, &brute_force(&bests, |a, b| (a + 1) % n == b || (b + 1) % n == a));
        Topology::best_informants(&Global::new(n, 3).expect("memory"), &bests, &mut found);
        prop_assert_eq!(&found, &brute_force(&bests, |_, _| true));
    }

    #[test]
    fn outcomes_are_totally_ordered(
        a in (proptest::num::f64::ANY, proptest::num::f64::ANY),
        b in (proptest::num::f64::ANY, proptest::num::f64::ANY),
        c in (proptest::num::f64::ANY, proptest::num::f64::ANY),
    ) {
        let outcome = |(violation, cost): (f64, f64)| Outcome { violation, cost };
        let (a, b, c) = (outcome(a), outcome(b), outcome(c));
        prop_assert_eq!(a.rank(&b), b.rank(&a).reverse());
        prop_assert!(a.rank(&a).is_eq());
        if a.rank(&b).is_le() && b.rank(&c).is_le() {
            prop_assert!(a.rank(&c).is_le());
        }
        let known = |outcome: &Outcome| outcome.violation > 0.0 || outcome.cost.is_finite();
        let bad = |outcome: &Outcome| !(outcome.violation.is_finite() && known(outcome));
        if bad(&a) {
            prop_assert!(!a.is_better_than(&b), "neither NaN nor infinity is ever better");
        }
        if !bad(&a) && !bad(&b) && a.violation <= 0.0 && b.violation > 0.0 {
            prop_assert!(a.is_better_than(&b), "feasible before infeasible");
        }
    }

    #[test]
    fn axes_stay_within_their_bounds_and_reach_them(lower in 1e-6..1e3_f64, width in 1e-6..1e6_f64, u in 0.0..=1.0_f64) {
        for scale in [Scale::Linear, Scale::Log10] {
            let axis = Axis::new(lower, lower + width, scale);
            prop_assert!((axis.lower..=axis.upper).contains(&axis.value(u)));
            prop_assert_eq!((axis.value(0.0), axis.value(1.0)), (axis.lower, axis.upper));
        }
    }
}

#[test]
fn log10_axis_is_even_in_the_logarithm() {
    let axis = Axis::new(0.01, 100.0, Scale::Log10);
    assert!((axis.value(0.5) - 1.0).abs() < 1e-12 && (axis.value(0.25) - 0.1).abs() < 1e-12);
}

#[test]
fn each_particle_of_the_random_topology_is_told_by_its_links() {
    let (n, k) = (40, 3);
    let bests: Vec<Outcome> =
        outcomes(&(0..n).map(|i| f64::from(u8::try_from(i).expect("small"))).collect::<Vec<_>>());
    let mut topology = AdaptiveRandom::new(n, k).expect("memory");
    let mut told_by_best = 0;
    for round in 0..500 {
        Topology::rewire(&mut topology, &mut Draw::new(1, Purpose::Topology, round, 0));
        let mut found = vec![0; n];
        Topology::best_informants(&topology, &bests, &mut found);
        assert_eq!(found[0], 0, "the best informs itself");
        told_by_best += found.iter().skip(1).filter(|informant| **informant == 0).count();
    }
    // Particle 0 draws 3 targets of 40 with replacement: each other is hit with 1 − (39/40)³ = 0.0731, 39 of them.
    let expected = 500.0 * 39.0 * (1.0 - (39.0_f64 / 40.0).powi(3));
    #[allow(clippy::cast_precision_loss)]
    let found = told_by_best as f64;
    assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{found} and {expected}");
}

#[test]
fn nan_and_infinity_never_become_a_best() {
    let settings = Settings { particles: 4, ..Settings::default() };
    let mut swarm = Swarm::new(&[AXIS; 2], &settings, 1).expect("memory");
    let tell = |swarm: &mut Swarm, outcomes: [Outcome; 4]| {
        swarm.ask();
        swarm.tell(&outcomes);
        assert_eq!(swarm.best().1, Outcome::feasible(9.0));
        assert!(!swarm.personal_bests()[0].cost.is_finite(), "nothing finite has been told");
        assert!(!swarm.personal_bests()[1].cost.is_finite(), "nothing finite has been told");
    };
    let [nan, infinite] = [f64::NAN, f64::INFINITY].map(Outcome::feasible);
    tell(&mut swarm, [nan, infinite, Outcome::WORST, Outcome::feasible(9.0)]);
    let below = Outcome::feasible(f64::NEG_INFINITY);
    tell(&mut swarm, [Outcome { violation: f64::NAN, cost: -1.0 }, below, below, below]);
    assert!(swarm.personal_bests()[2].cost.is_nan());
}

#[test]
fn the_first_move_stays_in_the_box_and_a_particle_that_leaves_turns_back_at_half_its_speed() {
    // Without attraction, and with inertia 1, a particle flies straight on: x1 = x0 + v0, x2 = x1 + v0 ….
    for seed in 0..50 {
        let settings = Settings {
            particles: 2,
            rule: RuleKind::Inertia,
            coefficients: vec![1.0, 0.0, 0.0, 0.4, 0.0],
            topology: TopologyKind::Global,
            informed: 1,
            ..Settings::default()
        };
        let axis = Axis::new(0.0, 1.0, Scale::Linear);
        let mut swarm = Swarm::new(&[axis], &settings, seed).expect("memory");
        let mut step = || {
            let position = swarm.ask()[0];
            swarm.tell(&[Outcome::feasible(1.0); 2]);
            position
        };
        let mut x = step();
        let first = step();
        let mut velocity = first - x;
        assert!(first > 0.0 && first < 1.0, "the initial velocity points into the box");
        x = first;
        for _ in 0..20 {
            let flown = x + velocity;
            let expected = flown.clamp(0.0, 1.0);
            if flown.to_bits() != expected.to_bits() {
                velocity *= -0.5;
            }
            x = step();
            assert!((x - expected).abs() < 1e-12, "seed {seed}: {x} and {expected}");
        }
    }
}

#[test]
fn links_are_drawn_anew_only_when_the_best_did_not_improve() {
    // With attraction to the informant alone (c2 = 1, w = 0), a particle moves only when another informs it.
    let mut moved = [0, 0];
    for improving in [false, true] {
        for seed in 0..200 {
            let settings = Settings {
                particles: 6,
                rule: RuleKind::Inertia,
                coefficients: vec![0.0, 0.0, 1.0, 0.4, 0.0],
                topology: TopologyKind::AdaptiveRandom,
                informed: 1,
                ..Settings::default()
            };
            let axis = Axis::new(0.0, 1.0, Scale::Linear);
            let mut swarm = Swarm::new(&[axis; 2], &settings, seed).expect("memory");
            let mut targets = Vec::new();
            let mut before = swarm.ask().to_vec();
            for generation in 0..6 {
                // Particle 0 is the best throughout; the others keep their first outcome as their personal best.
                let best = if improving { -f64::from(generation) } else { 0.0 };
                let cost = |particle: usize| if particle == 0 { best } else { 10.0 };
                let outcomes: Vec<Outcome> =
                    (0..6).map(|particle| Outcome::feasible(cost(particle))).collect();
                swarm.tell(&outcomes);
                let after = swarm.ask().to_vec();
                let told: Vec<bool> =
                    (1..6).map(|p| after[2 * p..2 * p + 2] != before[2 * p..2 * p + 2]).collect();
                targets.push(told);
                before = after;
            }
            // Generation 0 always improves on nothing, so links are first drawn anew after generation 1.
            moved[usize::from(improving)] +=
                usize::from(targets[1..].windows(2).any(|pair| pair[0] != pair[1]));
        }
    }
    assert_eq!(moved[1], 0, "links stay while the best improves");
    assert!(moved[0] > 150, "links change when it does not: {}", moved[0]);
}

#[test]
fn positions_stay_in_the_box_and_asking_twice_changes_nothing() {
    for rule in RuleKind::ALL {
        for topology in TopologyKind::ALL {
            let coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
            let settings = Settings {
                particles: 10,
                rule: *rule,
                coefficients,
                topology: *topology,
                ..Settings::default()
            };
            let mut swarm = Swarm::new(&[AXIS; 3], &settings, 9).expect("memory");
            for _ in 0..50 {
                let positions = swarm.ask().to_vec();
                assert_eq!(swarm.ask(), positions);
                assert!(positions.iter().all(|x| (-5.0..=5.0).contains(x)));
                // The optimum lies beyond the corner, so that the bounds are met.
                let outcomes: Vec<Outcome> = positions
                    .chunks_exact(3)
                    .map(|x| Outcome::feasible(x.iter().map(|x| (x - 9.0).powi(2)).sum()))
                    .collect();
                swarm.tell(&outcomes);
            }
            let (best, _) = swarm.best();
            assert!(best.iter().all(|x| *x > 4.9), "{} {}: {best:?}", rule.name(), topology.name());
        }
    }
}

#[test]
fn every_rule_and_topology_solves_the_sphere() {
    for rule in RuleKind::ALL {
        for topology in TopologyKind::ALL {
            let coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
            let settings = Settings { rule: *rule, coefficients, topology: *topology, ..Settings::default() };
            let mut swarm = Swarm::new(&[AXIS; 5], &settings, 2).expect("memory");
            // As long as the horizon of clpso.
            for _ in 0..1000 {
                let sphere = |x: &[f64]| Outcome::feasible(x.iter().map(|x| (x - 1.0).powi(2)).sum());
                let outcomes: Vec<Outcome> = swarm.ask().chunks_exact(5).map(sphere).collect();
                swarm.tell(&outcomes);
            }
            let cost = swarm.best().1.cost;
            assert!(cost < 1e-6, "{} {}: {cost}", rule.name(), topology.name());
        }
    }
}

#[test]
fn a_swarm_that_has_settled_is_followed_by_one_twice_as_large_until_it_may_not() {
    let settings = Settings { particles: 4, ..Settings::default() };
    let restarts = Restarts { times: 3, doublings: 2, patience: 2, slow_gain: 0.0 };
    let plan = Plan { restarts, ..Plan::new(settings, Stopping::after_generations(1000)) };
    assert_eq!(plan.positions_max(2), 16);
    let mut search = Search::new(&[AXIS; 2], &plan, 1).expect("memory");
    let (mut sizes, mut first) = (Vec::new(), Vec::new());
    let end = loop {
        let positions = search.ask().positions.to_vec();
        let size = positions.len() / 2;
        if sizes.len() % 3 == 0 {
            first.push(positions);
        }
        sizes.push(size);
        // Only the first outcome of each swarm is an improvement.
        if let Some(end) = search.tell(&vec![Outcome::feasible(1.0); size], Duration::ZERO) {
            break end;
        }
    };
    assert_eq!(sizes, [4, 4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 16]);
    assert_eq!((end, search.restarts()), (StopReason::Settled, 3));
    assert!(first[2] != first[3], "each swarm starts elsewhere");
    assert_eq!(search.evaluations(), 132);
}

#[test]
fn a_box_of_any_width_is_searched_down_to_what_its_numbers_can_tell() {
    let sphere = |x: &[f64]| Outcome::feasible(x.iter().map(|x| x * x).sum());
    let best = |axis: Axis, plan: &Plan| {
        let mut search = Search::new(&[axis; 2], plan, 1).expect("memory");
        loop {
            let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(2).map(sphere).collect();
            if search.tell(&outcomes, Duration::ZERO).is_some() {
                return search.best().1.cost;
            }
        }
    };
    let stopping = Stopping { evaluations: 10_000, ..Stopping::after_generations(u64::MAX) };
    let alone = Plan::new(Settings { particles: 8, ..Settings::default() }, stopping);
    let restarts = Restarts { times: 1000, doublings: 2, patience: 30, slow_gain: 0.0 };
    let polished = Plan { restarts, polish: Some(PolishPlan { after: 60, step: 0.5 }), ..alone.clone() };
    // Close to a lower bound numbers are as fine as they get; in the middle of 2e15 they are a quarter apart.
    for (lower, upper, worst) in [(-1e3, 1e21, 1e-4), (-1e15, 1e15, 4.0), (-5.0, 5.0, 1e-24)] {
        let axis = Axis::new(lower, upper, Scale::Linear);
        for plan in [&alone, &polished] {
            let cost = best(axis, plan);
            assert!(cost <= worst, "{cost} in {lower} … {upper}");
        }
    }
}

#[test]
fn the_first_particles_start_where_they_are_told_to() {
    let log = Axis::new(1e-3, 10.0, Scale::Log10);
    let start = vec![vec![2.0, 0.3], vec![-5.0, 10.0]];
    let settings = Settings { particles: 5, start: start.clone(), ..Settings::default() };
    let mut swarm = Swarm::new(&[AXIS, log], &settings, 3).expect("memory");
    let anywhere = Settings { start: Vec::new(), ..settings };
    let mut other = Swarm::new(&[AXIS, log], &anywhere, 3).expect("memory");
    let (found, free) = (swarm.ask().to_vec(), other.ask().to_vec());
    for (expected, found) in start.concat().iter().zip(&found) {
        assert!((expected - found).abs() < 1e-12, "{expected} and {found}");
    }
    assert_eq!(found[4..], free[4..], "the others start as ever");
    assert!(found[..4] != free[..4]);
}

proptest! {
    #[test]
    fn von_neumann_finds_the_best_of_the_four_beside(costs in proptest::collection::vec(0_u8..9, 12)) {
        // Three rows of four.
        let costs: Vec<f64> = costs.into_iter().map(f64::from).collect();
        let bests = outcomes(&costs);
        let informs = |source: usize, target: usize| {
            let (row, column) = (source / 4, source % 4);
            let apart = |a: usize, b: usize, n: usize| (a + n - b) % n == 1 || (b + n - a) % n == 1;
            let (to_row, to_column) = (target / 4, target % 4);
            (row == to_row && apart(column, to_column, 4)) || (column == to_column && apart(row, to_row, 3))
        };
        let mut found = vec![0; 12];
        VonNeumann::new(12, 0).expect("memory").best_informants(&bests, &mut found);
        prop_assert_eq!(found, brute_force(&bests, informs));
    }
}

/// Positions of a particle that flies straight on, with one kind of bounds.
fn flight(bounds: Bounds, seed: u64) -> Vec<f64> {
    let settings = Settings {
        particles: 2,
        rule: RuleKind::Inertia,
        coefficients: vec![1.0, 0.0, 0.0, 0.4, 0.0],
        topology: TopologyKind::Global,
        informed: 1,
        bounds,
        ..Settings::default()
    };
    let axis = Axis::new(0.0, 1.0, Scale::Linear);
    let mut swarm = Swarm::new(&[axis], &settings, seed).expect("memory");
    let mut step = || {
        let position = swarm.ask()[0];
        swarm.tell(&[Outcome::feasible(1.0); 2]);
        position
    };
    (0..30).map(|_| step()).collect()
}

#[test]
fn a_particle_is_mirrored_comes_round_or_is_drawn_anew_at_a_bound() {
    for seed in 0..40 {
        let start = flight(Bounds::Periodic, seed);
        let velocity = start[1] - start[0];
        let unbounded = |k: usize| start[0] + velocity * f64::from(u8::try_from(k).expect("small"));
        let mirrored = flight(Bounds::Reflect, seed);
        let drawn = flight(Bounds::Resample, seed);
        let left = (0..30).find(|k| !(0.0..=1.0).contains(&unbounded(*k)));
        for k in 0..30 {
            let free = unbounded(k);
            assert!((start[k] - (free - free.floor())).abs() < 1e-9, "periodic {seed} {k}");
            let way = free - 2.0 * (free / 2.0).floor();
            assert!((mirrored[k] - way.min(2.0 - way)).abs() < 1e-9, "reflect {seed} {k}");
            // Once it has left, it rests where it was drawn.
            match left {
                Some(left) if k >= left => assert_eq!(drawn[k].to_bits(), drawn[left].to_bits()),
                _ => assert!((drawn[k] - free).abs() < 1e-9),
            }
        }
    }
}

#[test]
fn first_positions_fill_every_slice_or_cell() {
    let positions = |initial: Initial| {
        let settings = Settings { particles: 64, initial, ..Settings::default() };
        let axis = Axis::new(0.0, 1.0, Scale::Linear);
        Swarm::new(&[axis; 2], &settings, 3).expect("memory").ask().to_vec()
    };
    let distinct = |cells: Vec<u64>| cells.iter().collect::<std::collections::BTreeSet<_>>().len();
    let hypercube = positions(Initial::LatinHypercube);
    for dimension in 0..2 {
        let slices =
            hypercube.iter().skip(dimension).step_by(2).map(|u| (u * 64.0).floor().to_bits()).collect();
        assert_eq!(distinct(slices), 64, "one particle in each of 64 slices");
    }
    let cells = |positions: &[f64]| {
        positions
            .chunks_exact(2)
            .map(|x| ((x[0] * 8.0).floor() * 8.0 + (x[1] * 8.0).floor()).to_bits())
            .collect()
    };
    assert_eq!(distinct(cells(&positions(Initial::Sobol))), 64, "one particle in each of 8×8 cells");
    assert!(distinct(cells(&positions(Initial::Uniform))) < 56);
    assert!(hypercube.iter().all(|u| (0.0..=1.0).contains(u)));
}
