//! What asking and telling cost a particle: every rule with 10,000 particles in 20 dimensions.
//!
//! `cargo bench --bench swarm`. Each rule is measured in turns, and each turn counts the allocations after its first generations.

use std::time::Instant;

use gainswarm::memory::{Meter, Reading};
use gainswarm::statistics::median;
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::{Axis, Outcome, Scale, Settings, Swarm};

#[global_allocator]
static METER: Meter = Meter;

const PARTICLES: usize = 10_000;
const DIMENSIONS: usize = 20;
const TURNS: usize = 9;
const GENERATIONS: u32 = 10;

/// Nanoseconds a particle of a generation, and allocations, after the first two generations.
fn measure(swarm: &mut Swarm, outcomes: &mut Vec<Outcome>) -> (f64, u64) {
    let mut spent = 0.0;
    let before = Reading::now().map_or(0, |reading| reading.allocations);
    for _ in 0..GENERATIONS {
        let start = Instant::now();
        let positions = swarm.ask();
        spent += start.elapsed().as_secs_f64();
        let sphere = |x: &[f64]| Outcome::feasible(x.iter().map(|x| x * x).sum());
        outcomes.clear();
        outcomes.extend(positions.chunks_exact(DIMENSIONS).map(sphere));
        let start = Instant::now();
        swarm.tell(outcomes);
        spent += start.elapsed().as_secs_f64();
    }
    let after = Reading::now().map_or(0, |reading| reading.allocations);
    (spent * 1e9 / f64::from(GENERATIONS) / 1e4, after - before)
}

fn main() {
    // When criterion's runner only lists or tests, there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let axis = Axis::new(-5.0, 5.0, Scale::Linear);
    println!(
        "{PARTICLES} particles, {DIMENSIONS} dimensions, medians of {TURNS} turns of {GENERATIONS} generations"
    );
    println!("{:<16} {:>14} {:>12}", "rule", "ns a particle", "allocations");
    for rule in RuleKind::ALL {
        let coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
        let settings = Settings { particles: PARTICLES, rule: *rule, coefficients, ..Settings::default() };
        let mut swarm = Swarm::new(&[axis; DIMENSIONS], &settings, 1).expect("memory");
        let mut outcomes = Vec::with_capacity(PARTICLES);
        measure(&mut swarm, &mut outcomes);
        let turns: Vec<(f64, u64)> = (0..TURNS).map(|_| measure(&mut swarm, &mut outcomes)).collect();
        let times = turns.iter().map(|turn| turn.0).collect();
        let allocations: u64 = turns.iter().map(|turn| turn.1).sum();
        println!("{:<16} {:>14.0} {allocations:>12}", rule.name(), median(times));
    }
}
