//! Costs that are others when they are asked again: what the position truly costs that a search returns, with `resample` and without.
//!
//! `cargo run --release --locked --example noise`

use std::time::Duration;

use gainswarm::swarm::{Axis, Outcome, Plan, ResampledSearch, Scale, Search, Seeker, Settings, Stopping};

const SEEDS: u64 = 41;

/// Random numbers: `SplitMix64` (Steele, Lea & Flood 2014, doi:10.1145/2714064.2660195).
struct Random(u64);

impl Random {
    #[allow(clippy::cast_precision_loss, reason = "53 bits")]
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box & Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }
}

type Cost = fn(&[f64]) -> f64;
type Noise = fn(f64, &mut Random) -> f64;

fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

#[allow(clippy::cast_precision_loss, reason = "few dimensions")]
fn ellipsoid(x: &[f64]) -> f64 {
    let last = (x.len() - 1) as f64;
    x.iter().enumerate().map(|(i, x)| libm::pow(1e4, i as f64 / last) * x * x).sum()
}

fn rosenbrock(x: &[f64]) -> f64 {
    let of = |pair: &[f64]| {
        let (a, b) = (pair[0] + 1.0, pair[1] + 1.0);
        100.0 * (b - a * a) * (b - a * a) + (1.0 - a) * (1.0 - a)
    };
    x.windows(2).map(of).sum()
}

fn main() -> Result<(), gainswarm::Error> {
    let costs: [(&str, Cost); 3] =
        [("sphere", sphere), ("ellipsoid (10⁴)", ellipsoid), ("Rosenbrock", rosenbrock)];
    let noises: [(&str, Noise); 3] = [
        ("+ N(0, 1)", |cost, random| cost + random.normal()),
        ("× exp(N(0, 0.5²))", |cost, random| cost * libm::exp(0.5 * random.normal())),
        ("+ N(0, 0.1²), a tenth + N(0, 20²)", |cost, random| {
            cost + if random.uniform() < 0.1 { 20.0 } else { 0.1 } * random.normal()
        }),
    ];
    println!("| | d = 5, 100 d | d = 5, 500 d | d = 10, 100 d | d = 10, 500 d |\n|---|---|---|---|---|");
    for (noise, disturb) in noises {
        for (name, cost) in costs {
            let mut cells = Vec::new();
            for (dimensions, budget) in [(5, 100), (5, 500), (10, 100), (10, 500)] {
                let with = median(cost, disturb, dimensions, budget, true)?;
                let without = median(cost, disturb, dimensions, budget, false)?;
                cells.push(format!("{with:.2e} / {without:.2e}"));
            }
            println!("| {name} {noise} | {} |", cells.join(" | "));
        }
    }
    Ok(())
}

/// The median of what the best truly costs.
#[allow(clippy::cast_precision_loss, reason = "few dimensions")]
fn median(
    cost: Cost,
    noise: Noise,
    dimensions: usize,
    budget: u64,
    resample: bool,
) -> Result<f64, gainswarm::Error> {
    let axes = vec![Axis::new(-5.0, 5.0, Scale::Linear); dimensions];
    let evaluations = budget * dimensions as u64;
    let stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
    let settings = Settings { particles: 4 + 2 * dimensions, candidates: 1, ..Settings::default() };
    let plan = Plan::new(settings, stopping);
    // The optimum is not in the middle.
    let truly = |x: &[f64]| {
        let shifted: Vec<f64> = x.iter().enumerate().map(|(i, x)| x - 0.7 - 0.1 * i as f64).collect();
        cost(&shifted)
    };
    let mut found = Vec::new();
    for seed in 1..=SEEDS {
        let mut random = Random(seed);
        let mut search = if resample {
            Seeker::Resampled(ResampledSearch::new(&axes, &plan, seed)?.into())
        } else {
            Seeker::Best(Search::new(&axes, &plan, seed)?.into())
        };
        loop {
            let judge = |x: &[f64]| Outcome::feasible(noise(truly(x), &mut random));
            let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(dimensions).map(judge).collect();
            if search.tell(&outcomes, &[], Duration::ZERO).is_some() {
                break;
            }
        }
        found.push(truly(search.best().0));
    }
    found.sort_by(f64::total_cmp);
    Ok(found[found.len() / 2])
}
