//! The search without a simulation: minimises Rosenbrock's function, whose valley is curved and narrow.
//!
//! `cargo run --release --example ask_tell`

use std::time::Instant;

use gainswarm::swarm::{Axis, Outcome, Plan, PolishPlan, Restarts, Scale, Search, Settings, Stopping};

/// Rosenbrock 1960, doi:10.1093/comjnl/3.3.175: 0 at (1, …, 1).
fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

fn main() -> Result<(), gainswarm::Error> {
    const DIMENSIONS: usize = 5;
    let axes = [Axis::new(-5.0, 5.0, Scale::Linear); DIMENSIONS];
    let stopping =
        Stopping { evaluations: 20_000, target: Some(1e-10), ..Stopping::after_generations(u64::MAX) };
    let plan = Plan {
        restarts: Restarts { times: 1000, doublings: 2, patience: 30, slow_gain: 0.0 },
        polish: Some(PolishPlan { after: 60, step: 0.5 }),
        ..Plan::new(Settings { particles: 14, ..Settings::default() }, stopping)
    };

    let mut search = Search::new(&axes, &plan, 1)?;
    let start = Instant::now();
    let reason = loop {
        // A position that cannot be judged has `Outcome::infeasible(by how much)`.
        let positions = search.ask().positions.chunks_exact(DIMENSIONS);
        let outcomes: Vec<Outcome> = positions.map(|x| Outcome::feasible(rosenbrock(x))).collect();
        if let Some(reason) = search.tell(&outcomes, start.elapsed()) {
            break reason;
        }
    };

    let (position, outcome) = search.best();
    println!("{reason:?} after {} evaluations and {} restarts", search.evaluations(), search.restarts());
    println!("{:.3e} at {position:.6?}", outcome.cost);
    Ok(())
}
