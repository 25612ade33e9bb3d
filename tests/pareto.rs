//! The swarm for several objectives: hypervolume and knee against a brute force and closed forms, the archive, fronts that are known.

use std::f64::consts::PI;

use gainswarm::archive::{restore, save};
use gainswarm::draw::{Draw, Purpose};
use gainswarm::swarm::pareto::{Costs, Hypervolume, ParetoSettings, ParetoSwarm, Point};
use gainswarm::swarm::{Axis, Scale};
use proptest::prelude::*;

const UNIT: Axis = Axis::new(0.0, 1.0, Scale::Linear);

fn swarm(dimensions: usize, objectives: usize, seed: u64) -> ParetoSwarm {
    ParetoSwarm::new(&vec![UNIT; dimensions], objectives, &ParetoSettings::default(), seed).expect("memory")
}

/// Asks and tells for so many evaluations.
fn run(swarm: &mut ParetoSwarm, dimensions: usize, evaluations: usize, judge: impl Fn(&[f64]) -> Costs) {
    let mut left = evaluations;
    while left > 0 {
        let outcomes: Vec<Costs> = swarm.ask().chunks_exact(dimensions).take(left).map(&judge).collect();
        left -= outcomes.len();
        swarm.tell(&outcomes);
    }
}

/// A swarm that has been told these costs, wherever it was.
fn told(objectives: usize, kept: usize, costs: &[Costs]) -> ParetoSwarm {
    let settings = ParetoSettings { particles: costs.len(), kept, ..ParetoSettings::default() };
    let mut swarm = ParetoSwarm::new(&[UNIT; 2], objectives, &settings, 1).expect("memory");
    swarm.ask();
    swarm.tell(costs);
    swarm
}

/// The cells of a grid that are dominated, by any point and by one alone.
fn count_cells(objectives: usize, points: &[Point], side: u32) -> (f64, Vec<f64>) {
    let (mut total, mut alone) = (0.0, vec![0.0; points.len()]);
    for cell in 0..(0..objectives).fold(1, |cells: u32, _| cells * side) {
        let at: Vec<f64> = (0..objectives)
            .scan(cell, |rest, _| {
                let digit = *rest % side;
                *rest /= side;
                Some(f64::from(digit))
            })
            .collect();
        let dominates = |point: &Point| point.iter().zip(&at).all(|(cost, at)| cost <= at);
        let by: Vec<usize> = (0..points.len()).filter(|i| dominates(&points[*i])).collect();
        total += f64::from(u8::from(!by.is_empty()));
        if let [owner] = by[..] {
            alone[owner] += 1.0;
        }
    }
    (total, alone)
}

proptest! {
    #[test]
    fn hypervolume_is_the_number_of_dominated_cells(
        objectives in 2_usize..5,
        points in proptest::collection::vec(proptest::array::uniform4(0_u8..7), 0..12),
    ) {
        // Some lie on the reference or beyond it, some are dominated, some are equal.
        let points: Vec<Point> = points.iter().map(|point| point.map(f64::from)).collect();
        let mut alone = vec![0.0; points.len()];
        let total = Hypervolume::new(objectives, 12).expect("memory").measure(&points, &[5.0; 4], &mut alone);
        prop_assert_eq!((total, alone), count_cells(objectives, &points, 5));
    }

    #[test]
    fn dominance_is_a_strict_partial_order(
        costs in proptest::array::uniform3((-1_i8..3, proptest::array::uniform2(0_u8..3), 0_u8..9)),
    ) {
        let [a, b, c] = costs.map(|(violation, values, failed)| match failed {
            0 => Costs::WORST,
            1 => Costs::feasible(&[f64::INFINITY, 0.0]),
            _ => Costs { violation: violation.into(), ..Costs::feasible(&values.map(f64::from)) },
        });
        prop_assert!(!a.dominates(&a));
        prop_assert!(!(a.dominates(&b) && b.dominates(&a)));
        prop_assert!(!(a.dominates(&b) && b.dominates(&c)) || a.dominates(&c));
        prop_assert!(!a.is_valid() || a.dominates(&Costs::WORST));
        prop_assert!(a.dominates(&b) || !(a.is_feasible() && b.is_valid() && b.violation > 0.0));
    }

    /// Whatever is told: few, mutually not dominated, with the best of every objective.
    #[test]
    fn front_keeps_the_best_of_every_objective(
        objectives in 2_usize..5,
        costs in proptest::collection::vec(proptest::array::uniform4(0_u8..20), 1..60),
    ) {
        let costs: Vec<Costs> =
            costs.iter().map(|costs| Costs::feasible(&costs.map(f64::from)[..objectives])).collect();
        let swarm = told(objectives, 6, &costs);
        let front = swarm.front();
        prop_assert!((1..=6).contains(&front.len()));
        prop_assert!(front.costs().iter().all(|a| !front.costs().iter().any(|b| b.dominates(a))));
        prop_assert!(front.costs().iter().all(|a| costs.contains(a)));
        for (k, end) in front.ends().iter().enumerate() {
            let best = costs.iter().map(|costs| costs.values[k]).fold(f64::INFINITY, f64::min);
            prop_assert_eq!(front.costs()[*end].values[k].to_bits(), best.to_bits());
        }
    }

    /// Failures and extremes of arithmetic neither stop a swarm nor leave the box.
    #[test]
    fn swarm_lives_with_any_costs(seed in 0_u64..1000, kinds in proptest::collection::vec(0_u8..24, 16)) {
        let mut swarm = swarm(2, 2, seed);
        for generation in 0..30_usize {
            let kind = |particle: usize| kinds[(particle * 7 + generation * 3) % kinds.len()];
            let cost = |kind: u8, x: f64| match kind {
                0 => f64::NAN,
                1 => f64::INFINITY,
                2 => 1e300 * x,
                3 => -1e300 * x,
                4 => f64::MIN_POSITIVE * x,
                5 => f64::MAX,
                6 => -f64::MAX,
                7 => 0.0,
                _ => x,
            };
            let judge = |(particle, x): (usize, &[f64])| Costs {
                violation: cost(kind(particle + 5), 0.5 - x[0]),
                ..Costs::feasible(&[cost(kind(particle), x[0]), cost(kind(particle + 1), x[1])])
            };
            let outcomes: Vec<Costs> = swarm.ask().chunks_exact(2).enumerate().map(judge).collect();
            prop_assert!(swarm.ask().iter().all(|x| (0.0..=1.0).contains(x)));
            swarm.tell(&outcomes);
            prop_assert!(!swarm.front().is_empty() || !outcomes.iter().any(Costs::is_valid));
            prop_assert!(swarm.front().costs().iter().all(Costs::is_valid));
        }
    }
}

#[test]
fn least_hypervolume_goes_when_the_front_is_full() {
    // Between (0, 10) and (10, 0): alone, (1, 5) adds 3 · 5 and (4, 1) 6 · 4; (3, 4), between them, adds 1 · 1.
    let costs =
        [[0.0, 10.0], [1.0, 5.0], [3.0, 4.0], [4.0, 1.0], [10.0, 0.0]].map(|costs| Costs::feasible(&costs));
    let swarm = told(2, 4, &costs);
    assert_eq!(swarm.front().len(), 4);
    assert!(!swarm.front().costs().contains(&costs[2]), "{:?}", swarm.front().costs());
}

#[test]
fn least_violation_is_kept_until_something_is_feasible() {
    let infeasible = [3.0, 1.0, 2.0, 1.0].map(Costs::infeasible);
    let swarm = told(2, 4, &infeasible);
    assert_eq!(swarm.front().costs(), [infeasible[1]]);
    let costs =
        [infeasible[1], Costs::feasible(&[1.0, 2.0]), Costs::infeasible(1e-9), Costs::feasible(&[2.0, 1.0])];
    let mut swarm = told(2, 4, &costs);
    assert_eq!(swarm.front().len(), 2);
    assert!((swarm.hypervolume(&[3.0, 3.0]) - 3.0).abs() < 1e-12);
}

#[test]
fn knee_of_a_sphere_is_where_its_normal_is_that_of_the_plane_through_the_ends() {
    // Points on the sphere about (1, …, 1) that touches the axes: the knee has equal costs of 1 − 1/√m, at any scale of the objectives.
    for objectives in [2, 3, 4] {
        let at_knee = 1.0 - 1.0 / f64::from(u8::try_from(objectives).expect("few")).sqrt();
        let mut costs = vec![Costs::feasible(&vec![at_knee; objectives])];
        let mut source = Draw::new(1, Purpose::Scenario, 0, 0);
        for _ in 0..40 {
            let direction: Vec<f64> = (0..objectives).map(|_| source.uniform()).collect();
            let length = direction.iter().map(|u| u * u).sum::<f64>().sqrt();
            costs.push(Costs::feasible(&direction.iter().map(|u| 1.0 - u / length).collect::<Vec<_>>()));
        }
        for k in 0..objectives {
            let mut end = vec![1.0; objectives];
            end[k] = 0.0;
            costs.push(Costs::feasible(&end));
        }
        for cost in &mut costs {
            cost.values[0] = 1e6 * cost.values[0] - 7.0;
        }
        let swarm = told(objectives, 60, &costs);
        let knee = swarm.front().knee().expect("a point");
        assert_eq!(swarm.front().costs()[knee], costs[0], "{objectives} objectives");
    }
    // Ends that are not symmetric: their plane is (5/9, 5/9, 20/9)·f = 1, and only the last point lies before it.
    let uneven = [
        [0.0, 1.0, 0.2],
        [1.0, 0.0, 0.2],
        [0.9, 0.9, 0.0],
        [0.1, 0.1, 1.0],
        [0.4, 0.4, 0.3],
        [0.6, 0.6, 0.1],
    ]
    .map(|costs| Costs::feasible(&costs));
    let swarm = told(3, 6, &uneven);
    assert_eq!(swarm.front().costs()[swarm.front().knee().expect("a point")], uneven[5]);
    // One point alone is the knee, nothing has none.
    assert_eq!(told(3, 4, &[Costs::feasible(&[1.0, 2.0, 3.0])]).front().knee(), Some(0));
    assert_eq!(told(3, 4, &[Costs::WORST]).front().knee(), None);
}

fn zdt1(x: &[f64]) -> Costs {
    let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / x[1..].iter().map(|_| 1.0).sum::<f64>();
    Costs::feasible(&[x[0], g * (1.0 - (x[0] / g).sqrt())])
}

/// All but the first variable are from −5 to 5.
fn zdt4(u: &[f64]) -> Costs {
    let wave = |u: &f64| {
        let x = 10.0 * u - 5.0;
        10.0 + x * x - 10.0 * (4.0 * PI * x).cos()
    };
    let g = 1.0 + u[1..].iter().map(wave).sum::<f64>();
    Costs::feasible(&[u[0], g * (1.0 - (u[0] / g).sqrt())])
}

fn dtlz1(x: &[f64]) -> Costs {
    let wave = |x: &f64| 1.0 + (x - 0.5) * (x - 0.5) - (20.0 * PI * (x - 0.5)).cos();
    let half = 0.5 * (1.0 + 100.0 * x[2..].iter().map(wave).sum::<f64>());
    Costs::feasible(&[half * x[0] * x[1], half * x[0] * (1.0 - x[1]), half * (1.0 - x[0])])
}

/// Zitzler, Deb & Thiele 2000, doi:10.1162/106365600568202; Deb and others 2005, doi:10.1007/1-84628-137-7_6. The levels are the medians of
/// SMPSO (jMetalPy) after 25,000 evaluations with 100 points.
#[test]
fn fronts_of_zdt1_zdt4_and_dtlz1_are_found_with_two_thirds_of_the_evaluations_of_smpso() {
    type Case = (usize, usize, fn(&[f64]) -> Costs, f64, f64);
    let cases: [Case; 3] =
        [(30, 2, zdt1, 1.0, 0.66189), (10, 2, zdt4, 1.0, 0.66155), (7, 3, dtlz1, 0.55, 0.13405)];
    for (dimensions, objectives, judge, reference, level) in cases {
        let reached = |seed: u64| {
            let mut swarm = swarm(dimensions, objectives, seed);
            run(&mut swarm, dimensions, 16_667, judge);
            swarm.hypervolume(&vec![reference; objectives])
        };
        let mut volumes: Vec<f64> = (0..10).map(reached).collect();
        volumes.sort_by(f64::total_cmp);
        let median = f64::midpoint(volumes[4], volumes[5]);
        assert!(median >= level, "{dimensions} variables: {volumes:?}");
    }
}

#[test]
fn front_at_a_constraint_is_found() {
    // f = x with x₁ + x₂ ≥ 1: the front is a straight line, of which n points dominate at most n/(2n + 2) up to (1, 1).
    let judge = |x: &[f64]| {
        let short = 1.0 - x[0] - x[1];
        if short > 0.0 { Costs::infeasible(short) } else { Costs::feasible(x) }
    };
    let mut swarm = swarm(2, 2, 1);
    run(&mut swarm, 2, 3000, judge);
    let reached = swarm.hypervolume(&[1.0, 1.0]);
    assert!(reached > 0.49 && reached < 50.0 / 101.0, "{reached}");
    assert!(swarm.front().costs().iter().all(Costs::is_feasible));
}

#[test]
fn front_in_four_objectives_reaches_from_corner_to_corner() {
    // The squared distances from four corners of a box: the best trade-offs are the tetrahedron between them, where the ends are the corners.
    let corners = [[0.2, 0.2, 0.2], [0.8, 0.8, 0.2], [0.8, 0.2, 0.8], [0.2, 0.8, 0.8]];
    let judge = |x: &[f64]| {
        let squares =
            corners.map(|corner| corner.iter().zip(x).map(|(corner, x)| (corner - x) * (corner - x)).sum());
        Costs::feasible(&squares)
    };
    let mut swarm = swarm(3, 4, 1);
    run(&mut swarm, 3, 1200, judge);
    let front = swarm.front();
    assert_eq!(front.len(), 100);
    for (k, end) in front.ends().iter().enumerate() {
        // A hundredth of the width, 2 · 0.6².
        assert!(front.costs()[*end].values[k] < 0.0072);
    }
    // The middle has equal costs of 3 · 0.3², and is the point next to the knee.
    let knee = front.costs()[front.knee().expect("a point")];
    assert!(knee.values.iter().all(|cost| (cost - 0.27).abs() < 0.1), "{knee:?}");
}

#[test]
fn restored_swarm_goes_on_bit_for_bit() {
    let mut whole = swarm(10, 2, 3);
    run(&mut whole, 10, 3000, zdt4);
    let mut first = swarm(10, 2, 3);
    run(&mut first, 10, 1500, zdt4);
    let mut bytes = Vec::new();
    save(&mut first, &mut bytes);
    let mut second = swarm(10, 2, 3);
    restore(&mut second, &bytes).expect("a state");
    run(&mut second, 10, 1500, zdt4);
    let bits = |swarm: &mut ParetoSwarm| {
        let mut bytes = Vec::new();
        save(swarm, &mut bytes);
        bytes
    };
    assert!(bits(&mut whole) == bits(&mut second));
    assert!(restore(&mut second, &bytes[1..]).is_err());
}

#[test]
fn positions_are_in_the_units_of_the_axes_and_start_where_told() {
    let axes = [Axis::new(1.0, 1000.0, Scale::Log10), Axis::new(-4.0, 4.0, Scale::Linear)];
    let settings = ParetoSettings { start: vec![vec![10.0, 2.0]], ..ParetoSettings::default() };
    let mut swarm = ParetoSwarm::new(&axes, 2, &settings, 1).expect("memory");
    let first = swarm.ask()[..2].to_vec();
    assert!((first[0] - 10.0).abs() < 1e-12 && (first[1] - 2.0).abs() < 1e-12);
    swarm.tell(&[Costs::feasible(&[1.0, 1.0])]);
    let mut kept = [0.0; 2];
    swarm.locate(0, &mut kept);
    assert_eq!(kept.map(f64::to_bits), [first[0].to_bits(), first[1].to_bits()]);
}

/// Two ellipsoids of condition 10⁴ whose axes are turned by Householder's reflections: narrow valleys, in which the best of each objective is 0.
#[test]
fn ends_in_narrow_valleys_are_found() {
    let turned = |x: &[f64], by: f64| {
        let normal: Vec<f64> = (1..=6).map(|i| (by * f64::from(i)).sin()).collect();
        let square: f64 = normal.iter().map(|n| n * n).sum();
        let along: f64 = normal.iter().zip(x).map(|(n, x)| n * x).sum();
        x.iter().zip(&normal).map(|(x, n)| x - 2.0 * along / square * n).collect::<Vec<_>>()
    };
    let ellipsoid = |x: &[f64], center: f64, by: f64| {
        let from: Vec<f64> = x.iter().map(|x| x - center).collect();
        let axes = turned(&from, by);
        let weights = (0..6).map(|i| 10_f64.powf(0.8 * f64::from(i)));
        axes.iter().zip(weights).map(|(y, weight)| weight * y * y).sum::<f64>()
    };
    let judge = |x: &[f64]| Costs::feasible(&[ellipsoid(x, 0.3, 1.0), ellipsoid(x, 0.7, 2.0)]);
    let mut swarm = swarm(6, 2, 1);
    run(&mut swarm, 6, 10_000, judge);
    for k in 0..2 {
        let along = || swarm.front().costs().iter().map(|costs| costs.values[k]);
        let [best, worst] = [along().fold(f64::INFINITY, f64::min), along().fold(0.0, f64::max)];
        assert!(best < 1e-4 * worst, "objective {k}: {best} of {worst}");
    }
}
