//! How the swarm of a study does against the textbook's over many seeds, at equal evaluations.
//!
//! `cargo run --release --example seeds -- configs/classical.toml …`
//!
//! For each study a line a swarm: the median, best and worst of the best costs that 20 seeds find, and how many find no gains that hold.

use std::path::Path;
use std::process::ExitCode;

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::{Initial, Restarts, Stopping};
use gainswarm::topologies::TopologyKind;

const SEEDS: u64 = 20;

/// The study with the inertia weight and a global best, first positions drawn uniformly.
fn textbook(mut config: Config) -> Config {
    let rule = RuleKind::Inertia;
    let settings = &mut config.swarm.settings;
    settings.rule = rule;
    settings.coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
    settings.topology = TopologyKind::Global;
    settings.initial = Initial::Uniform;
    config.swarm.restarts = Restarts::NONE;
    config.swarm.polish = None;
    config
}

/// The best costs over the seeds, in their order; infinite where nothing holds.
fn costs(config: &Config, evaluations: u64) -> Result<Vec<f64>, gainswarm::Error> {
    let mut costs = Vec::new();
    for seed in 1..=SEEDS {
        let mut config = Config { seed, ..config.clone() };
        config.swarm.stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
        let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {})?;
        costs.push(if tuning.best.is_feasible() { tuning.best.cost } else { f64::INFINITY });
    }
    costs.sort_by(f64::total_cmp);
    Ok(costs)
}

fn show(study: &str, swarm: &str, evaluations: u64, costs: &[f64]) {
    let median = f64::midpoint(costs[costs.len() / 2 - 1], costs[costs.len() / 2]);
    let lost = costs.iter().filter(|cost| cost.is_infinite()).count();
    println!(
        "{study:<32} {swarm:<10} {evaluations:>11} {median:>10.5} {:>10.5} {:>10.5} {lost:>5}",
        costs[0],
        costs[costs.len() - 1]
    );
}

fn compare(path: &Path) -> Result<(), gainswarm::Error> {
    let config = Config::load(path)?;
    let stopping = config.swarm.stopping;
    let particles = config.swarm.settings.particles as u64;
    let evaluations = stopping.evaluations.min(stopping.generations.saturating_mul(particles));
    show(&config.study, "its own", evaluations, &costs(&config, evaluations)?);
    show(&config.study, "textbook", evaluations, &costs(&textbook(config.clone()), evaluations)?);
    Ok(())
}

fn main() -> ExitCode {
    println!(
        "{:<32} {:<10} {:>11} {:>10} {:>10} {:>10} {:>5}",
        "study", "swarm", "evaluations", "median", "best", "worst", "lost"
    );
    for path in std::env::args().skip(1) {
        if let Err(error) = compare(path.as_ref()) {
            eprintln!("error: {error}");
            return ExitCode::from(error.exit_code());
        }
    }
    ExitCode::SUCCESS
}
