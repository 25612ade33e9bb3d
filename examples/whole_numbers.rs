//! Problems some of whose variables have few values: the search with the values declared, against one over all numbers that are rounded.
//!
//! In 10 dimensions, the first half of which are whole numbers from −10 to 10, or 0 and 1, after Hamano, Saito, Nomura & Shirakawa 2022 (CMA-ES
//! with margin, doi:10.1145/3512290.3528827); *arities*: pairs of variables with 2, 4, 8 and 16 values and a free one, as in the suite
//! bbob-mixint (Tušar, Brockhoff & Hansen 2019, doi:10.1145/3321707.3321868).
//!
//!     cargo run --release --locked --example whole_numbers

use std::time::Duration;

use gainswarm::swarm::{Axis, Grid, Outcome, Plan, Scale, Search, Settings, Stopping};

const DIMENSIONS: usize = 10;
const WHOLE: usize = 5;
const EVALUATIONS: u64 = 20_000;
const SEEDS: u64 = 25;
const TARGET: f64 = 1e-10;

/// A function, and the values of each variable: so many, evenly from the first to the second number; 0 for all between them.
struct Problem {
    name: &'static str,
    of: fn(&[f64]) -> f64,
    values: [(f64, f64, u32); DIMENSIONS],
}

/// 10⁶ to the power from 0 to 1.
#[allow(clippy::cast_precision_loss, reason = "few dimensions")]
fn steepness(place: usize) -> f64 {
    libm::pow(1e6, place as f64 / (DIMENSIONS - 1) as f64)
}

fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

fn ellipsoid(x: &[f64]) -> f64 {
    x.iter().enumerate().map(|(i, x)| steepness(i) * x * x).sum()
}

const ALL: (f64, f64, u32) = (-10.0, 10.0, 0);
const HALF_WHOLE: [(f64, f64, u32); DIMENSIONS] = half((-10.0, 10.0, 21));
const HALF_BITS: [(f64, f64, u32); DIMENSIONS] = half((0.0, 1.0, 2));

const fn half(values: (f64, f64, u32)) -> [(f64, f64, u32); DIMENSIONS] {
    [values, values, values, values, values, ALL, ALL, ALL, ALL, ALL]
}

fn problems() -> [Problem; 7] {
    let whole = |name, of| Problem { name, of, values: HALF_WHOLE };
    let bits = |name, of| Problem { name, of, values: HALF_BITS };
    // 0 is the value in the middle.
    let arity = |count: u32| (-10.0, 10.0 - 20.0 / f64::from(count), count);
    let mut arities = [ALL; DIMENSIONS];
    for (pair, count) in arities.chunks_exact_mut(2).zip([2, 4, 8, 16]) {
        pair.fill(arity(count));
    }
    [
        whole("sphere", sphere),
        whole("ellipsoid, steep where whole", |x| {
            x.iter().rev().enumerate().map(|(i, x)| steepness(i) * x * x).sum()
        }),
        whole("ellipsoid, flat where whole", ellipsoid),
        whole("tablet", |x| sphere(&x[..WHOLE]) + 1e4 * sphere(&x[WHOLE..])),
        bits("sphere and ones", |x| {
            sphere(&x[WHOLE..]) + x[..WHOLE].iter().map(|bit| 1.0 - bit).sum::<f64>()
        }),
        bits("sphere and leading ones", |x| {
            let leading = x[..WHOLE].iter().take_while(|bit| **bit > 0.5).count();
            #[allow(clippy::cast_precision_loss, reason = "five at most")]
            let missing = (WHOLE - leading) as f64;
            sphere(&x[WHOLE..]) + missing
        }),
        Problem { name: "ellipsoid of arities 2, 4, 8, 16", of: ellipsoid, values: arities },
    ]
}

/// How many evaluations a search takes to the target; nothing within the budget.
fn evaluations(problem: &Problem, declares: bool, seed: u64) -> Option<u64> {
    let step = |(lower, upper, count): (f64, f64, u32)| (upper - lower) / f64::from(count - 1);
    let axes = problem.values.map(|values| {
        let (lower, upper, count) = values;
        let grid = if declares && count > 0 { Grid::Steps(step(values)) } else { Grid::None };
        Axis { grid, ..Axis::new(lower, upper, Scale::Linear) }
    });
    let settings = Settings { particles: 24, candidates: 1, ..Settings::default() };
    let stopping =
        Stopping { evaluations: EVALUATIONS, target: Some(TARGET), ..Stopping::after_generations(u64::MAX) };
    let mut search = Search::new(&axes, &Plan::new(settings, stopping), seed).expect("memory");
    loop {
        let judged = |x: &[f64]| {
            let rounded = x.iter().zip(problem.values).map(|(x, values)| match values {
                (_, _, 0) => *x,
                (lower, ..) => lower + ((x - lower) / step(values)).round() * step(values),
            });
            Outcome::feasible((problem.of)(&rounded.collect::<Vec<f64>>()))
        };
        let outcomes: Vec<Outcome> = search.ask().positions.chunks_exact(DIMENSIONS).map(judged).collect();
        if search.tell(&outcomes, Duration::ZERO).is_some() {
            return (search.best().1.cost <= TARGET).then(|| search.evaluations());
        }
    }
}

fn main() {
    println!("{:34} {:>22} {:>22}", "problem", "declared: found, median", "rounded: found, median");
    for problem in problems() {
        let column = |declares: bool| {
            let mut found: Vec<u64> =
                (1..=SEEDS).filter_map(|seed| evaluations(&problem, declares, seed)).collect();
            found.sort_unstable();
            let median = found.get(found.len() / 2).map_or("–".into(), u64::to_string);
            format!("{} of {SEEDS}, {median}", found.len())
        };
        println!("{:34} {:>22} {:>22}", problem.name, column(true), column(false));
    }
}
