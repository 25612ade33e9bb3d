//! `gainswarm ask-tell`: the swarm as a process, for objectives that live in another program.
//!
//! One JSON object a line: `{"ask":{"generation":0,"positions":[[…],…]}}` goes out, `{"tell":{"costs":[…]}}` comes back with a
//! cost a position (null for a failed evaluation) and, if wanted, `"violations":[…]`; at the end stands `{"done":{…}}`.

use std::io::{self, BufRead};
use std::path::PathBuf;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::print;
use crate::Error;
use crate::config::{AskTell, FILE_SIZE_MAX};
use crate::registry::Member;
use crate::swarm::{Outcome, Search};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each line that it writes asks, {\"ask\":{\"generation\":0,\"positions\":[[…],…]}}, and each line that it \
    reads tells,\n{\"tell\":{\"costs\":[…]}}, with a cost or null a position and, if wanted, \"violations\":[…]. The last line is\n\
    {\"done\":{\"reason\":…,\"evaluations\":…,\"best\":{\"position\":[…],\"cost\":…}}}.\n\nExample:\n  gainswarm ask-tell search.toml"
)]
pub(super) struct Args {
    /// The search, a TOML file: seed, [swarm], [swarm.stopping], [[parameters]] with name, lower, upper, scale
    config: PathBuf,
    /// Seed of every random number [default: the config's]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
}

/// A line that comes back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    tell: Tell,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tell {
    costs: Vec<Option<f64>>,
    violations: Option<Vec<f64>>,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let config = AskTell::load(&args.config)?;
    let dimensions = config.axes.len();
    let mut search = Search::new(&config.axes, &config.swarm, args.seed.unwrap_or(config.seed))?;
    let mut lines = io::stdin().lock();
    let start = Instant::now();
    let reason = loop {
        let generation = search.generations();
        let positions: Vec<&[f64]> = search.ask().positions.chunks_exact(dimensions).collect();
        print(&format!("{}\n", json!({ "ask": { "generation": generation, "positions": positions } })))?;
        let outcomes = read(&mut lines, generation, positions.len())?;
        if let Some(reason) = search.tell(&outcomes, start.elapsed()) {
            break reason;
        }
    };
    let (position, best) = search.best();
    let done = json!({
        "reason": reason.name(),
        "evaluations": search.evaluations(),
        "generations": search.generations(),
        "restarts": search.restarts(),
        "best": { "position": position, "cost": best.cost, "violation": best.violation },
    });
    print(&format!("{}\n", json!({ "done": done })))
}

/// The outcomes of one line.
fn read(lines: &mut impl BufRead, generation: u64, judged: usize) -> Result<Vec<Outcome>, Error> {
    let form = "expected {\"tell\":{\"costs\":[…]}} with a number or null a position, and \"violations\":[…] if wanted";
    let refuse = |found: String| Error::Answer { generation, found, remedy: form.into() };
    let mut text = String::new();
    let limit = FILE_SIZE_MAX.saturating_mul(64);
    io::Read::take(&mut *lines, limit)
        .read_line(&mut text)
        .map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if text.is_empty() {
        return Err(refuse("is missing: the input ended".into()));
    }
    let tell = serde_json::from_str::<Line>(&text)
        .map_err(|error| refuse(format!("is not understood: {error}")))?
        .tell;
    let count = |what: &str, found: usize| {
        if found == judged {
            Ok(())
        } else {
            Err(refuse(format!("has {found} {what} for {judged} positions")))
        }
    };
    count("costs", tell.costs.len())?;
    let violations = tell.violations.unwrap_or_else(|| vec![0.0; judged]);
    count("violations", violations.len())?;
    if let Some(negative) = violations.iter().find(|violation| **violation < 0.0) {
        return Err(refuse(format!("has a violation of {negative}; 0 is feasible")));
    }
    let outcome = |(cost, violation): (&Option<f64>, &f64)| Outcome {
        violation: *violation,
        cost: cost.unwrap_or(f64::NAN),
    };
    Ok(tell.costs.iter().zip(&violations).map(outcome).collect())
}
