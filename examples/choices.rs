//! Problems with a choice among several functions, each with a best point of its own: the race of swarms, against a search of each function alone
//! with an even share of the budget.
//!
//! In 6 dimensions from −5 to 5 every choice is a paraboloid over another depth, of which one is 0, the others from 0.05 to 0.55: *shared*, all at one
//! place; *near*, within ±1; *far*, within ±4; *narrow*, within ±4, with axes 100 times as steep as others where the depth is 0 and round
//! elsewhere. A race has found the choice when its best has it.
//!
//!     cargo run --release --locked --example choices

use std::time::Duration;

use gainswarm::swarm::{Axis, Outcome, Plan, Scale, Search, Settings, Stopping};

const DIMENSIONS: usize = 6;
const SEEDS: u64 = 60;
const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// A kind of problem: how far the best points are from the centre, and how much steeper axes are, where the depth is 0 and elsewhere.
struct Kind {
    name: &'static str,
    away: f64,
    steepness: [f64; 2],
}

const KINDS: [Kind; 4] = [
    Kind { name: "shared", away: 0.0, steepness: [1e2, 1e2] },
    Kind { name: "near", away: 1.0, steepness: [1e2, 1e2] },
    Kind { name: "far", away: 4.0, steepness: [1e2, 1e2] },
    Kind { name: "narrow", away: 4.0, steepness: [1e4, 1.0] },
];

/// The functions of a problem.
struct Problem {
    places: Vec<[f64; DIMENSIONS]>,
    depths: Vec<f64>,
    steepness: [f64; 2],
}

/// A number from 0 to 1, the next of a sequence (xorshift, Marsaglia 2003, doi:10.18637/jss.v008.i14).
#[allow(clippy::cast_precision_loss, reason = "53 bits")]
fn next(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

impl Problem {
    fn new(kind: &Kind, choices: usize, seed: u64) -> Self {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed + 1);
        for _ in 0..20 {
            next(&mut state);
        }
        let mut place = || std::array::from_fn(|_| kind.away * (2.0 * next(&mut state) - 1.0));
        let places = (0..choices).map(|_| place()).collect();
        let mut depths: Vec<f64> = (0..choices).map(|_| 0.05 + 0.5 * next(&mut state)).collect();
        let first = (0..choices).min_by(|a, b| depths[*a].total_cmp(&depths[*b])).unwrap_or(0);
        depths[first] = 0.0;
        Self { places, depths, steepness: kind.steepness }
    }

    fn cost(&self, x: &[f64], choice: usize) -> f64 {
        let steepness = self.steepness[usize::from(self.depths[choice] > 0.0)];
        let power = |i: f64| libm::pow(steepness, i / 5.0);
        let parts = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].into_iter().zip(x.iter().zip(self.places[choice]));
        self.depths[choice]
            + 0.01 * parts.map(|(i, (x, place))| power(i) * (x - place) * (x - place)).sum::<f64>()
    }
}

/// The best of a search: its position and its cost.
fn search(axes: &[Axis], evaluations: u64, seed: u64, cost: impl Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    let settings = Settings { particles: 18, candidates: 1, ..Settings::default() };
    let stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
    let mut search = Search::new(axes, &Plan::new(settings, stopping), seed).expect("memory");
    loop {
        let positions = search.ask().positions.chunks_exact(axes.len());
        let outcomes: Vec<Outcome> = positions.map(|x| Outcome::feasible(cost(x))).collect();
        if search.tell(&outcomes, Duration::ZERO).is_some() {
            let (position, best) = search.best();
            return (position.to_vec(), best.cost);
        }
    }
}

/// The median of costs, and how many times the choice was found.
fn told(mut found: Vec<(bool, f64)>) -> String {
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    let count = found.iter().filter(|(is_found, _)| *is_found).count();
    format!("{count} of {SEEDS}, {:.0e}", found[found.len() / 2].1)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the place of a choice")]
fn main() {
    println!(
        "{:8} {:>7} {:>11} {:>22} {:>22}",
        "problem", "choices", "evaluations", "race: found, median", "alone: found, median"
    );
    let number = Axis::new(-5.0, 5.0, Scale::Linear);
    for (kind, choices, evaluations) in KINDS
        .iter()
        .flat_map(|kind| [2, 4, 8].map(move |n| (kind, n)))
        .flat_map(|(k, n)| [(k, n, 1500), (k, n, 3000)])
    {
        let mut axes = vec![number; DIMENSIONS];
        axes.push(Axis::of_choices(&NAMES[..choices]));
        let (mut race, mut alone) = (Vec::new(), Vec::new());
        for seed in 1..=SEEDS {
            let problem = Problem::new(kind, choices, seed);
            let (position, cost) =
                search(&axes, evaluations, seed, |x| problem.cost(&x[..DIMENSIONS], x[DIMENSIONS] as usize));
            race.push((problem.depths[position[DIMENSIONS] as usize] == 0.0, cost));
            let share = evaluations / choices as u64;
            let of =
                |choice| (choice, search(&axes[..DIMENSIONS], share, seed, |x| problem.cost(x, choice)).1);
            let best = (0..choices).map(of).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
            alone.push((problem.depths[best.0] == 0.0, best.1));
        }
        println!("{:8} {choices:>7} {evaluations:>11} {:>22} {:>22}", kind.name, told(race), told(alone));
    }
}
