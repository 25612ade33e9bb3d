//! How many control steps a study takes until it knows the best cost, over many seeds: with its own search, and with one move a particle, a single
//! swarm and whole simulations in its place.
//!
//! `cargo run --release --locked --example steps -- [--seeds 1001-1050] configs/avr_pid.toml …`
//!
//! The best cost is the least that any of these runs finds; a run knows it when it is within 0.1 % of it. For each study a line: the median of the steps in
//! millions, the 90 % quantile, and how many runs do not get there within their budget, of either search; and the ratio of the medians.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gainswarm::config::Config;
use gainswarm::engine::{Progress, Resources, Run};
use gainswarm::problem::Problem;

mod support;

const SEEDS: RangeInclusive<u64> = 1001..=1050;
/// How near to the best cost counts, as a share of it.
const NEAR: f64 = 1e-3;

/// The control steps after which a run found something better, and its cost.
type Gains = Vec<(u64, f64)>;

/// What a run found, on one thread.
fn run(config: &Config, seed: u64) -> Result<Gains, gainswarm::Error> {
    let problem = Problem::new(&Config { seed, ..config.clone() });
    let mut gains = Gains::new();
    let mut watch = |progress: &Progress| {
        let best = progress.row.best;
        if best.is_feasible() && gains.last().is_none_or(|(_, cost)| best.cost < *cost) {
            gains.push((progress.control_steps, best.cost));
        }
    };
    Run::new(&problem)?.search(Resources { threads: 1, ..Resources::default() }, &mut watch)?;
    Ok(gains)
}

/// What all seeds found, several runs at a time.
fn runs(config: &Config, seeds: &RangeInclusive<u64>) -> Result<Vec<Gains>, gainswarm::Error> {
    let seeds: Vec<u64> = seeds.clone().collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let gains = run(config, *seed);
            found.lock().expect("no run panics").push(gains);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    found.into_inner().expect("no run panics").into_iter().collect()
}

/// The steps that a share of the runs does not exceed, in millions; infinite where they do not get there.
fn quantile(steps: &[f64], share: f64) -> f64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place"
    )]
    let place = (share * steps.len() as f64).ceil() as usize;
    steps[place.max(1) - 1]
}

fn compare(path: &Path, seeds: &RangeInclusive<u64>) -> Result<(), gainswarm::Error> {
    let config = Config::load(path)?;
    let both = [runs(&support::plain(config.clone()), seeds)?, runs(&config, seeds)?];
    let best = both.iter().flatten().flatten().fold(f64::INFINITY, |best, (_, cost)| best.min(*cost));
    let near = best + NEAR * best.abs();
    let cells = both.map(|runs| {
        #[allow(clippy::cast_precision_loss, reason = "far fewer steps than 2⁵³")]
        let until = |gains: Gains| {
            gains
                .iter()
                .find(|(_, cost)| *cost <= near)
                .map_or(f64::INFINITY, |(steps, _)| *steps as f64 / 1e6)
        };
        let mut steps: Vec<f64> = runs.into_iter().map(until).collect();
        steps.sort_unstable_by(f64::total_cmp);
        let missed = steps.iter().filter(|steps| steps.is_infinite()).count();
        (
            quantile(&steps, 0.5),
            format!("{:.2} ({:.2})  {missed}", quantile(&steps, 0.5), quantile(&steps, 0.9)),
        )
    });
    let [(before, plain), (now, own)] = cells;
    println!("{:<32} {best:<12.6} {plain:<24} {own:<24} {:.2}", config.study, now / before);
    Ok(())
}

fn main() -> ExitCode {
    let [study, best, plain, own] = ["study", "best cost", "one move, whole", "its own search"];
    support::each_study(SEEDS, &format!("{study:<32} {best:<12} {plain:<24} {own:<24} ratio"), compare)
}
