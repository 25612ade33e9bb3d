//! The update rules and the polish: steps computed by hand.

use std::time::Duration;

use gainswarm::draw::{Draw, Purpose};
use gainswarm::swarm::rules::{
    Clpso, Constriction, Fips, Inertia, Knowledge, Learning, Lesson, Particle, Rule, Spso2011,
};
use gainswarm::swarm::{Axis, Outcome, Plan, PolishPlan, Scale, Search, Settings, Stopping, Swarm};
use nalgebra::{Matrix3, Vector3};

fn draw(seed: u64) -> Draw {
    Draw::new(seed, Purpose::Motion, 7, 3)
}

fn outcomes(costs: &[f64]) -> Vec<Outcome> {
    costs.iter().map(|cost| Outcome::feasible(*cost)).collect()
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
            swarm: Knowledge { bests: &BESTS, outcomes: &OUTCOMES, age: 250 },
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

/// Where the polish starts: at the best, as wide as half the spread of the bests, with their shape and a fifth of a ball.
fn start_of_the_polish(bests: &[(f64, Vector3<f64>)]) -> (Vector3<f64>, Matrix3<f64>, f64) {
    let centre = bests.iter().map(|best| best.1).sum::<Vector3<f64>>() / 6.0;
    let covariance =
        bests.iter().map(|best| (best.1 - centre) * (best.1 - centre).transpose()).sum::<Matrix3<f64>>()
            / 6.0;
    let variance = covariance.trace() / 3.0;
    let shape: Matrix3<f64> = 0.8 * covariance / variance + 0.2 * Matrix3::identity();
    let best = bests.iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("six").1;
    (best, shape.cholesky().expect("positive").l(), 0.5 * variance.sqrt())
}

#[test]
fn the_polish_is_the_matrix_adaptation_of_its_source() {
    const D: usize = 3;
    let axis = Axis::new(0.0, 1.0, Scale::Linear);
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

    let (mut mean, mut matrix, mut sigma) = start_of_the_polish(&bests);
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
        let dq = 0.5 * (1.0 + cq) + (((mu - 1.0) / (d + 1.0)).sqrt() - 1.0).max(0.0);
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
