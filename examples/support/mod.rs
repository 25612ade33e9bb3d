//! What examples that try studies over many seeds share.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;

use gainswarm::config::Config;
use gainswarm::swarm::Restarts;

/// Reads `[--seeds 101-200] STUDY …` from the command line, prints the head of a table, and tries each study.
pub(crate) fn each_study(
    usual: RangeInclusive<u64>,
    head: &str,
    attempt: impl Fn(&Path, &RangeInclusive<u64>) -> Result<(), gainswarm::Error>,
) -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut seeds = usual;
    if arguments.next_if_eq("--seeds").is_some() {
        let Some(given) = arguments.next().as_deref().and_then(range) else {
            eprintln!("error: --seeds wants a range such as {}-{}", seeds.start(), seeds.end());
            return ExitCode::from(2);
        };
        seeds = given;
    }
    println!("{head}");
    for path in arguments {
        if let Err(error) = attempt(path.as_ref(), &seeds) {
            eprintln!("error: {error}");
            return ExitCode::from(error.exit_code());
        }
    }
    ExitCode::SUCCESS
}

/// The study with one move a particle, a single swarm that keeps them all, and whole simulations.
pub(crate) fn plain(mut config: Config) -> Config {
    config.swarm.settings.candidates = 1;
    config.swarm.restarts = Restarts::NONE;
    (config.swarm.coarse_first, config.swarm.shrinks) = (false, false);
    config
}

/// `101-200`.
fn range(text: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = text.split_once('-')?;
    let seeds = first.parse().ok()?..=last.parse().ok()?;
    (!seeds.is_empty()).then_some(seeds)
}
