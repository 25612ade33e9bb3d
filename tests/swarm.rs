//! The swarm: steps computed by hand, the order of outcomes, topologies, the box.

use std::time::Duration;

use gainswarm::swarm::rules::{
    Clpso, Constriction, Fips, Inertia, Knowledge, Learning, Lesson, Particle, Rule, RuleKind, Spso2011,
};
use gainswarm::swarm::{
    Axis, Bounds, Draw, Initial, Outcome, Plan, PolishPlan, Purpose, Restarts, Scale, Search, Settings,
    StopReason, Stopping, Swarm,
};
use gainswarm::topologies::{AdaptiveRandom, Global, Ring, Topology, TopologyKind, VonNeumann};
use nalgebra::{Matrix3, Vector3};
use proptest::prelude::*;

const AXIS: Axis = Axis { lower: -5.0, upper: 5.0, scale: Scale::Linear };

fn draw(seed: u64) -> Draw {
    Draw::new(seed, Purpose::Motion, 7, 3)
}

/// The velocity after one application of a rule.
fn accelerated<R: Rule>(
    rule: &mut R,
    informant_best: [f64; 3],
    self_informed: bool,
    draw: &mut Draw,
) -> [f64; 3] {
    let mut velocity = [0.1, -0.2, 0.3];
    let mut scratch = [0.0; 3];
    rule.accelerate(
        &mut Particle {
            index: 2,
            position: &[0.2, 0.5, 0.9],
            velocity: &mut velocity,
            personal_best: &[0.4, 0.1, 0.8],
            informant_best: &informant_best,
            self_informed,
            informants: &[0, 2, 3],
            swarm: Knowledge { bests: &BESTS, outcomes: &OUTCOMES, generation: 250 },
            scratch: &mut scratch,
        },
        draw,
    );
    velocity
}

/// The personal bests of a swarm of four in three dimensions.
const BESTS: [f64; 12] = [0.4, 0.1, 0.8, 0.6, 0.3, 0.2, 0.1, 0.9, 0.5, 0.7, 0.7, 0.3];
/// What they are worth.
const OUTCOMES: [Outcome; 4] =
    [Outcome::feasible(4.0), Outcome::feasible(3.0), Outcome::feasible(2.0), Outcome::feasible(1.0)];

#[test]
fn inertia_step_is_the_formula() {
    let best = [0.6, 0.3, 0.2];
    let velocity = accelerated(&mut Inertia::new(&[0.7, 1.5, 1.3, 0.4, 0.0]), best, false, &mut draw(5));
    let mut numbers = draw(5);
    let (x, v, p) = ([0.2, 0.5, 0.9], [0.1, -0.2, 0.3], [0.4, 0.1, 0.8]);
    for i in 0..3 {
        let (r1, r2) = (numbers.uniform(), numbers.uniform());
        let expected = 0.7 * v[i] + 1.5 * r1 * (p[i] - x[i]) + 1.3 * r2 * (best[i] - x[i]);
        assert!((velocity[i] - expected).abs() < 1e-15);
    }
    // In generation 250 of 1000, w has gone a quarter of its way from 0.7 to 0.3.
    let falling = accelerated(&mut Inertia::new(&[0.7, 1.5, 1.3, 0.3, 1000.0]), best, false, &mut draw(5));
    for i in 0..3 {
        assert!((falling[i] - (velocity[i] - 0.1 * v[i])).abs() < 1e-15);
    }
}

#[test]
fn fips_step_is_the_formula() {
    let velocity = accelerated(&mut Fips::new(&[0.7298, 4.1]), [0.6, 0.3, 0.2], false, &mut draw(5));
    let mut numbers = draw(5);
    let (x, v) = ([0.2, 0.5, 0.9], [0.1, -0.2, 0.3]);
    for i in 0..3 {
        // Particles 0, 2 and 3 inform it, and each has a third of phi.
        let pulls = [BESTS[i], BESTS[6 + i], BESTS[9 + i]].map(|best| numbers.uniform() * (best - x[i]));
        let expected = 0.7298 * (v[i] + 4.1 / 3.0 * pulls.iter().sum::<f64>());
        assert!((velocity[i] - expected).abs() < 1e-15);
    }
}

#[test]
fn clpso_learns_each_dimension_from_an_exemplar_with_the_probability_of_the_paper() {
    let (x, v) = ([0.2, 0.5, 0.9], [0.1, -0.2, 0.3]);
    let (mut from_others, mut better) = (0, 0);
    for seed in 0..4000 {
        let mut rule = Clpso::new(&[0.9, 0.4, 1000.0, 1.5, 7.0]);
        rule.reserve(3, 4).expect("memory");
        let velocity = accelerated(&mut rule, [0.6, 0.3, 0.2], false, &mut draw(seed));
        // In generation 250 of 1000 the inertia weight has fallen a quarter of its way. The pull is toward a personal best, up to
        // c times as far.
        for i in 0..3 {
            let pull = velocity[i] - 0.775 * v[i];
            let fits = |other: usize| (0.0..1.0).contains(&(pull / (1.5 * (BESTS[3 * other + i] - x[i]))));
            assert!((0..4).any(fits), "toward one of the bests: {pull}");
        }
        // In the first dimension only particle 2 lies below x, and it is the particle itself.
        let own = velocity[0] - 0.775 * v[0] < 0.0;
        from_others += usize::from(!own);
        // Of the others, 3 is better than 0 and 1: it is learnt from unless both of two draws miss it. Its pull is the longest.
        better += usize::from(velocity[0] - 0.775 * v[0] > 1.5 * (0.6 - x[0]));
    }
    // P of particle 2 of 4 is 0.05 + 0.45 (e^(20/3) - 1)/(e^10 - 1) = 0.0660; with all three dimensions its own,
    // (1 - P)^3 = 0.815, one of the three learns from another: 0.0660 + 0.815/3 = 0.3377 for the first.
    let share = f64::from(u32::try_from(from_others).expect("small")) / 4000.0;
    assert!((share - 0.3377).abs() < 4.0 * 0.0075, "{share}");
    assert!(better > 0);
}

#[test]
fn clpso_keeps_its_exemplars_until_a_particle_has_not_improved_for_as_long_as_refresh() {
    // Where it goes without own inertia is known up to a factor: the sign of the first dimension tells own from other exemplars.
    let side = |rule: &mut Clpso, seed| accelerated(rule, [0.6, 0.3, 0.2], false, &mut draw(seed))[0] < 0.0;
    let lesson = |rule: &mut Clpso, improved: bool| {
        rule.learn(Lesson { positions: &BESTS, outcomes: &OUTCOMES, improved: &[improved; 4] });
    };
    let (mut changed, mut kept) = (0, 0);
    for seed in 0..200 {
        let mut rule = Clpso::new(&[0.0, 0.0, 1000.0, 1.5, 3.0]);
        rule.reserve(3, 4).expect("memory");
        let first = side(&mut rule, seed);
        for generation in 0..20 {
            // It improves every third time: never three times in a row without.
            lesson(&mut rule, generation % 3 == 2);
            kept += usize::from(side(&mut rule, 1000 * seed + generation) == first);
        }
        for _ in 0..3 {
            lesson(&mut rule, false);
        }
        changed += usize::from(side(&mut rule, 7 + seed) != first);
    }
    assert_eq!(kept, 200 * 20, "exemplars stay");
    // Two draws differ with 2 * 0.34 * 0.66 = 0.45.
    assert!((60..120).contains(&changed), "{changed}");
}

#[test]
fn spso2011_lands_in_the_ball_around_the_centre_of_gravity() {
    let (w, c) = (0.721_347_520_444_481_7, 1.193_147_180_559_945_3);
    let (x, v, p) = ([0.2, 0.5, 0.9], [0.1, -0.2, 0.3], [0.4, 0.1, 0.8]);
    let best = [0.6, 0.3, 0.2];
    for self_informed in [false, true] {
        // Clerc 2012: G is the centre of x, x + c (p − x) and x + c (l − x), or of the first two.
        let centre: Vec<f64> = (0..3)
            .map(|i| {
                let (towards_p, towards_l) = (x[i] + c * (p[i] - x[i]), x[i] + c * (best[i] - x[i]));
                if self_informed { 0.5 * (x[i] + towards_p) } else { (x[i] + towards_p + towards_l) / 3.0 }
            })
            .collect();
        let radius = (0..3).map(|i| (centre[i] - x[i]).powi(2)).sum::<f64>().sqrt();
        let mut distances = Vec::new();
        let mut mean = [0.0; 3];
        for seed in 0..4000 {
            let velocity = accelerated(&mut Spso2011::new(&[w, c]), best, self_informed, &mut draw(seed));
            let offset: Vec<f64> = (0..3).map(|i| velocity[i] - w * v[i] + x[i] - centre[i]).collect();
            distances.push(offset.iter().map(|d| d * d).sum::<f64>().sqrt() / radius);
            for i in 0..3 {
                mean[i] += offset[i] / radius / 4000.0;
            }
        }
        assert!(distances.iter().all(|distance| *distance <= 1.0 + 1e-12), "inside of the ball");
        // Uniform radius: mean 1/2, standard error 1/√(12·4000) = 0.0046; directions cancel, with 1/3 a coordinate.
        let average = distances.iter().sum::<f64>() / 4000.0;
        assert!((average - 0.5).abs() < 0.02, "mean radius {average}");
        assert!(mean.iter().all(|m| m.abs() < 0.03), "mean offset {mean:?}");
    }
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
            let axis = Axis { lower, upper: lower + width, scale };
            prop_assert!((axis.lower..=axis.upper).contains(&axis.value(u)));
            prop_assert_eq!((axis.value(0.0), axis.value(1.0)), (axis.lower, axis.upper));
        }
    }
}

#[test]
fn log10_axis_is_even_in_the_logarithm() {
    let axis = Axis { lower: 0.01, upper: 100.0, scale: Scale::Log10 };
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
        let axis = Axis { lower: 0.0, upper: 1.0, scale: Scale::Linear };
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
            let axis = Axis { lower: 0.0, upper: 1.0, scale: Scale::Linear };
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
fn constriction_step_is_the_formula_and_its_default_factor_the_published_one() {
    let best = [0.6, 0.3, 0.2];
    let velocity = accelerated(&mut Constriction::new(&[2.05, 2.05]), best, false, &mut draw(5));
    let mut numbers = draw(5);
    let (x, v, p) = ([0.2, 0.5, 0.9], [0.1, -0.2, 0.3], [0.4, 0.1, 0.8]);
    for i in 0..3 {
        let (r1, r2) = (numbers.uniform(), numbers.uniform());
        // Clerc & Kennedy 2002: χ = 0.72984 for φ = 4.1.
        let pulled = v[i] + 2.05 * r1 * (p[i] - x[i]) + 2.05 * r2 * (best[i] - x[i]);
        assert!((velocity[i] - 0.729_843_788 * pulled).abs() < 1e-8);
    }
}

#[test]
fn the_polish_is_the_matrix_adaptation_of_its_source() {
    const D: usize = 3;
    let axis = Axis { lower: 0.0, upper: 1.0, scale: Scale::Linear };
    let settings = Settings { particles: 6, ..Settings::default() };
    let polish = Some(PolishPlan { after: 2, step: 0.5 });
    let plan = Plan { polish, ..Plan::new(settings.clone(), Stopping::after_generations(100)) };
    let mut search = Search::new(&[axis; D], &plan, 4).expect("memory");
    let mut swarm = Swarm::new(&[axis; D], &settings, 4).expect("memory");
    let judge = |positions: &[f64]| -> Vec<Outcome> {
        let cost =
            |x: &[f64]| (x[0] - 0.4).powi(2) + 9.0 * (x[1] - 0.5 * x[0] - 0.3).powi(2) + (x[2] - 0.6).powi(2);
        positions.chunks_exact(D).map(|x| Outcome::feasible(cost(x))).collect()
    };
    let vector = |x: &[f64]| Vector3::new(x[0], x[1], x[2]);
    // Two generations of the swarm, whose personal bests are kept here.
    let mut bests = vec![(f64::INFINITY, Vector3::zeros()); 6];
    for _ in 0..2 {
        let outcomes = judge(swarm.ask());
        for ((best, outcome), x) in bests.iter_mut().zip(&outcomes).zip(swarm.positions().chunks_exact(D)) {
            if outcome.cost < best.0 {
                *best = (outcome.cost, vector(x));
            }
        }
        swarm.tell(&outcomes);
        search.ask();
        assert_eq!(search.tell(&outcomes, Duration::ZERO), None);
    }
    assert!(search.swarm().is_none(), "the polish is at work");

    // The start: at the best, as wide as half the spread of the bests, with their shape and a fifth of a ball.
    let centre = bests.iter().map(|best| best.1).sum::<Vector3<f64>>() / 6.0;
    let covariance =
        bests.iter().map(|best| (best.1 - centre) * (best.1 - centre).transpose()).sum::<Matrix3<f64>>()
            / 6.0;
    let variance = covariance.trace() / 3.0;
    let shape: Matrix3<f64> = 0.8 * covariance / variance + 0.2 * Matrix3::identity();
    let mut matrix = shape.cholesky().expect("positive").l();
    let mut sigma = 0.5 * variance.sqrt();
    let mut mean = bests.iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("six").1;
    let mut path = Vector3::<f64>::zeros();

    // Beyer & Sendhoff 2017, figure 1 and equations 13 to 17, with N = 3, so that λ = 7 and μ = 3.
    let raw: Vec<f64> = (1..=3).map(|k| 4.0_f64.ln() - f64::from(k).ln()).collect();
    let weights: Vec<f64> = raw.iter().map(|w| w / raw.iter().sum::<f64>()).collect();
    let mu_w = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
    let n = 3.0_f64;
    let cs = (mu_w + 2.0) / (mu_w + n + 5.0);
    let c1 = 2.0 / ((n + 1.3).powi(2) + mu_w);
    let cw = (1.0 - c1).min(2.0 * (mu_w + 1.0 / mu_w - 2.0) / ((n + 2.0).powi(2) + mu_w));
    let damping = 1.0 + cs + 2.0 * (((mu_w - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0);
    let chi = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
    for generation in 2..12 {
        let normals: Vec<Vector3<f64>> = (0..7)
            .map(|sample| {
                let mut numbers = [0.0; D];
                Draw::new(4, Purpose::Polish, generation, sample).fill_normals(&mut numbers);
                vector(&numbers)
            })
            .collect();
        let positions = search.ask().positions.to_vec();
        assert_eq!(positions.len(), 7 * D);
        for (z, x) in normals.iter().zip(positions.chunks_exact(D)) {
            let expected = (mean + sigma * matrix * z).map(|u| u.clamp(0.0, 1.0));
            assert!((expected - vector(x)).norm() < 1e-10, "generation {generation}: {expected} and {x:?}");
        }
        let outcomes = judge(&positions);
        assert_eq!(search.tell(&outcomes, Duration::ZERO), None);
        let mut order: Vec<usize> = (0..7).collect();
        order.sort_by(|a, b| outcomes[*a].cost.total_cmp(&outcomes[*b].cost));
        let best = || weights.iter().zip(&order).map(|(w, k)| (*w, normals[*k]));
        let step: Vector3<f64> = best().map(|(w, z)| w * z).sum();
        mean = (mean + sigma * matrix * step).map(|u| u.clamp(0.0, 1.0));
        path = (1.0 - cs) * path + (mu_w * cs * (2.0 - cs)).sqrt() * step;
        let spread: Matrix3<f64> = best().map(|(w, z)| w * z * z.transpose()).sum();
        let one = Matrix3::identity();
        matrix *= one + c1 / 2.0 * (path * path.transpose() - one) + cw / 2.0 * (spread - one);
        sigma *= (cs / damping * (path.norm() / chi - 1.0)).exp();
    }
}

#[test]
fn a_swarm_that_has_settled_is_followed_by_one_twice_as_large_until_it_may_not() {
    let settings = Settings { particles: 4, ..Settings::default() };
    let restarts = Restarts { times: 3, doublings: 2, patience: 2 };
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
fn the_first_particles_start_where_they_are_told_to() {
    let log = Axis { lower: 1e-3, upper: 10.0, scale: Scale::Log10 };
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

/// What the rule `learning` has learnt, by its formulas with whole matrices.
struct Learnt {
    mean: Vector3<f64>,
    q: Vector3<f64>,
    r: Vector3<f64>,
    covariance: Matrix3<f64>,
    sigma: f64,
    age: i32,
}

impl Learnt {
    /// Learns from four particles in three dimensions: the better half are two.
    fn learn(&mut self, positions: &[Vector3<f64>; 4], costs: [f64; 4]) -> f64 {
        let mut order = [0, 1, 2, 3];
        order.sort_by(|a, b| costs[*a].total_cmp(&costs[*b]));
        let raw = [2.5_f64.ln(), 1.25_f64.ln()];
        let a = raw.map(|share| share / (raw[0] + raw[1]));
        let (d, mu) = (3.0, 1.0 / (a[0] * a[0] + a[1] * a[1]));
        let old = self.mean;
        self.mean = a[0] * positions[order[0]] + a[1] * positions[order[1]];
        self.age += 1;
        if self.age == 1 {
            return mu;
        }
        let cq: f64 = (mu + 2.0) / (d + mu + 5.0);
        let dq = (1.0 + cq) / 2.0 + (((mu - 1.0) / (d + 1.0)).sqrt() - 1.0).max(0.0);
        let cr: f64 = (4.0 + mu / d) / (d + 4.0 + 2.0 * mu / d);
        let c1 = 3.0 / ((d + 1.3).powi(2) + mu);
        let cm = (0.9 * (1.0 - c1)).min(3.0 * (mu - 2.0 + 1.0 / mu) / ((d + 2.0).powi(2) + mu));
        let y = (self.mean - old) / self.sigma;
        let factor = self.covariance.cholesky().expect("positive").l();
        self.q =
            (1.0 - cq) * self.q + (cq * (2.0 - cq) * mu).sqrt() * factor.try_inverse().expect("regular") * y;
        // E|z| in three dimensions is 2 sqrt(2/pi); the rule's series gives 1.5969 for 1.5958.
        let chi = d.sqrt() * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d));
        assert!((chi - 2.0 * (2.0 / std::f64::consts::PI).sqrt()).abs() < 2e-3);
        let length = self.q.norm() / chi;
        let is_short = length < (1.4 + 2.0 / (d + 1.0)) * (1.0 - (1.0 - cq).powi(2 * (self.age - 1))).sqrt();
        let (pull, lost) =
            if is_short { ((cr * (2.0 - cr) * mu).sqrt(), 0.0) } else { (0.0, c1 * cr * (2.0 - cr)) };
        self.r = (1.0 - cr) * self.r + pull * y;
        let mut covariance = (1.0 - c1 - cm + lost) * self.covariance + c1 * self.r * self.r.transpose();
        for (a, k) in a.iter().zip(order) {
            let seen = (positions[k] - old) / self.sigma;
            covariance += cm * *a * seen * seen.transpose();
        }
        let size = (covariance.trace() / d).sqrt();
        self.covariance = covariance / (size * size);
        self.r /= size;
        self.sigma *= size * (cq / dq * (length - 1.0)).min(1.0).exp();
        mu
    }
}

#[test]
fn learning_step_is_the_formula_with_what_it_has_learnt() {
    let (w, c, s) = (0.2, 1.2, 0.65);
    let (x, v, p) = ([0.2, 0.5, 0.9], [0.1, -0.2, 0.3], [0.4, 0.1, 0.8]);
    let best = [0.6, 0.3, 0.2];
    let mut rule = Learning::new(&[w, c, s]);
    rule.reserve(3, 4).expect("memory");
    let mut learnt = Learnt {
        mean: Vector3::zeros(),
        q: Vector3::zeros(),
        r: Vector3::zeros(),
        covariance: Matrix3::identity(),
        sigma: s / 3.0_f64.sqrt(),
        age: 0,
    };
    let mut numbers = draw(11);
    let mut paths = std::collections::BTreeSet::new();
    for generation in 0..12 {
        // Positions that wander off in one direction, so that the path grows long, and then stay.
        let way = f64::from(generation.min(7)) * 0.9;
        let positions: [Vector3<f64>; 4] = std::array::from_fn(|_| {
            Vector3::from_fn(|i, _| way * [0.3, 0.2, -0.1][i] + 0.2 * numbers.uniform())
        });
        let costs: [f64; 4] = std::array::from_fn(|_| numbers.uniform());
        let flat: Vec<f64> = positions.iter().flat_map(|x| x.iter().copied()).collect();
        rule.learn(Lesson { positions: &flat, outcomes: &outcomes(&costs), improved: &[false; 4] });
        let before = learnt.r;
        let b = learnt.learn(&positions, costs) / 4.0;
        paths.insert(learnt.r.cross(&before).norm() > 1e-9);
        let factor = learnt.covariance.cholesky().expect("positive").l();
        for self_informed in [false, true] {
            let velocity = accelerated(&mut rule, best, self_informed, &mut draw(5));
            let mut numbers = draw(5);
            let z: Vec<f64> = (0..2).flat_map(|_| numbers.normals()).collect();
            let step = learnt.sigma * factor * Vector3::new(z[0], z[1], z[2]);
            for i in 0..3 {
                let known = p[i] + b * learnt.mean[i] + if self_informed { 0.0 } else { best[i] };
                let weight = 1.0 + b + if self_informed { 0.0 } else { 1.0 };
                let expected = w * v[i] + c * (known / weight - x[i]) + step[i];
                assert!((velocity[i] - expected).abs() < 1e-10 * learnt.sigma.max(1.0), "{generation} {i}");
            }
        }
    }
    assert_eq!(paths.len(), 2, "a path was too long at times, and at times not");
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
    let axis = Axis { lower: 0.0, upper: 1.0, scale: Scale::Linear };
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
        let axis = Axis { lower: 0.0, upper: 1.0, scale: Scale::Linear };
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
