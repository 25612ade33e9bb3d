//! How the swarm of a study does against the textbook's over many seeds, at equal evaluations.
//!
//! `cargo run --release --example seeds -- --seeds 101-200 configs/classical.toml …`
//!
//! For each study a line a swarm: the median and the 95 % quantile of the best costs that the seeds find, each with a bootstrap interval of
//! 95 %, the worst, how many seeds end within 1 % of the best cost that any seed of either swarm found, with Wilson's interval of that
//! share, and how many find no gains that hold.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;

use gainswarm::config::Config;
use gainswarm::engine::{self, Resources};
use gainswarm::problem::Problem;
use gainswarm::statistics::{Distribution, wilson};
use gainswarm::swarm::rules::RuleKind;
use gainswarm::swarm::topologies::TopologyKind;
use gainswarm::swarm::{Initial, Stopping};

mod support;

/// Not the seeds that the defaults were chosen on, which are 1 to 20.
const SEEDS: RangeInclusive<u64> = 101..=200;

/// The study with the inertia weight and a global best, first positions drawn uniformly.
fn textbook(config: Config) -> Config {
    let mut config = support::plain(config);
    let rule = RuleKind::Inertia;
    let settings = &mut config.swarm.settings;
    settings.rule = rule;
    settings.coefficients = rule.parameters().iter().map(|parameter| parameter.default).collect();
    settings.topology = TopologyKind::Global;
    settings.initial = Initial::Uniform;
    config.swarm.polish = None;
    config
}

/// The best cost of each seed; infinite where nothing holds.
fn costs(
    config: &Config,
    evaluations: u64,
    seeds: RangeInclusive<u64>,
) -> Result<Vec<f64>, gainswarm::Error> {
    let mut costs = Vec::new();
    for seed in seeds {
        let mut config = Config { seed, ..config.clone() };
        config.swarm.stopping = Stopping { evaluations, ..Stopping::after_generations(u64::MAX) };
        let tuning = engine::tune(&Problem::new(&config), Resources::default(), &mut |_| {})?;
        costs.push(if tuning.best.is_feasible() { tuning.best.cost } else { f64::INFINITY });
    }
    Ok(costs)
}

fn show(study: &str, swarm: &str, costs: &[f64], best: f64) {
    let found: Vec<f64> = costs.iter().copied().filter(|cost| cost.is_finite()).collect();
    let near = found.iter().filter(|cost| **cost <= 1.01 * best).count();
    let share = wilson(near, costs.len());
    let lost = costs.len() - found.len();
    if found.is_empty() {
        println!("{study:<32} {swarm:<9} nothing holds with any of {lost} seeds");
        return;
    }
    let Distribution { median, p95, worst, .. } = Distribution::of(&found, 1, 0);
    println!(
        "{study:<32} {swarm:<9} {:.5} ({:.5} … {:.5})  {:.5} ({:.5} … {:.5})  {worst:.5}  {near:>3} of {} ({:.1} … {:.1} %)  {lost}",
        median.value,
        median.low,
        median.high,
        p95.value,
        p95.low,
        p95.high,
        costs.len(),
        100.0 * share.low,
        100.0 * share.high,
    );
}

fn compare(path: &Path, seeds: &RangeInclusive<u64>) -> Result<(), gainswarm::Error> {
    let config = Config::load(path)?;
    let stopping = config.swarm.stopping;
    let particles = config.swarm.settings.particles as u64;
    let evaluations = stopping.evaluations.min(stopping.generations.saturating_mul(particles));
    let own = costs(&config, evaluations, seeds.clone())?;
    let other = costs(&textbook(config.clone()), evaluations, seeds.clone())?;
    let best = own.iter().chain(&other).copied().fold(f64::INFINITY, f64::min);
    show(&config.study, "its own", &own, best);
    show(&config.study, "textbook", &other, best);
    Ok(())
}

fn main() -> ExitCode {
    support::each_study(
        SEEDS,
        "study, swarm, median, 95 % quantile, worst, within 1 % of the best of all, without gains that hold",
        compare,
    )
}
