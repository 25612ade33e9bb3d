//! `gainswarm ask-tell`: the swarm as a process, for objectives that live in another program.
//!
//! One JSON object a line: `{"ask":{"generation":0,"positions":[[…],…]}}` goes out, `{"tell":{"costs":[…]}}` comes back with a
//! cost a position and, if wanted, `"violations":[…]`; at the end stands `{"done":{…}}`, also where the end comes early. An evaluation
//! that failed is `null`, or a number that is not finite, as other programs write it: `NaN`, `-Infinity`, `1e400`.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::args::{SEED_MAX, whole};
use super::interrupt::Interrupt;
use super::{Exit, note, print};
use crate::Error;
use crate::config::{AskTell, FILE_SIZE_MAX};
use crate::registry::Member;
use crate::swarm::{Outcome, Search, StopReason};

#[derive(Debug, clap::Args)]
#[command(after_help = "It writes one line for each generation, with the positions to evaluate:\n  \
    {\"ask\":{\"generation\":0,\"positions\":[[…],…]}}\n\
    It reads one line in answer, with a cost for each position, and \"violations\" if some are infeasible:\n  \
    {\"tell\":{\"costs\":[…],\"violations\":[…]}}\n\
    null, NaN and infinite numbers stand for an evaluation that failed. The last line that it writes is\n  \
    {\"done\":{\"reason\":…,\"evaluations\":…,\"best\":{\"position\":[…],\"cost\":…,\"violation\":…}}}\n\
    with \"best\":null if every evaluation failed, and the reason \"interrupted\" after a signal or an answer\n\
    that cannot be used. Exit codes: 0 if the best position is feasible, 1 if not, 2 for a bad config or\n\
    answer, 130, 143 or 129 after a signal.\n\n\
    Example:\n  gainswarm ask-tell search.toml")]
pub(super) struct Args {
    /// The search, a TOML file: seed, [swarm], [swarm.stopping], [[parameters]] with name, lower, upper, scale
    config: PathBuf,
    /// Seed of all random numbers [default: the config's]
    #[arg(long, value_name = "N", value_parser = whole(0..=SEED_MAX))]
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
    violations: Option<Vec<Option<f64>>>,
}

/// Searches until a rule ends it, a signal comes or an answer cannot be used; the best so far is printed in each case.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let config = AskTell::load(&args.config)?;
    let mut search = Search::new(&config.axes, &config.swarm, args.seed.unwrap_or(config.seed))?;
    let interrupt = Interrupt::listen();
    let lines = lines();
    let start = Instant::now();
    loop {
        let generation = search.generations();
        let positions: Vec<&[f64]> = search.ask().positions.chunks_exact(config.axes.len()).collect();
        let judged = positions.len();
        print(&format!("{}\n", json!({ "ask": { "generation": generation, "positions": positions } })))?;
        let line = match wait(&lines, &interrupt) {
            Ok(line) => line,
            Err(code) => return end_early(&search).map(|()| Exit::Interrupted(code)),
        };
        match outcomes(line, generation, judged) {
            Ok(outcomes) => {
                if let Some(reason) = search.tell(&outcomes, start.elapsed()) {
                    return end(&search, reason);
                }
            }
            Err(error) => return end_early(&search).and(Err(error)),
        }
    }
}

/// The lines of stdin, ending with an empty one; read on a separate thread, so that a signal is noticed while waiting.
fn lines() -> Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut text = String::new();
            let line = stdin.by_ref().take(FILE_SIZE_MAX.saturating_mul(64)).read_line(&mut text);
            let is_last = !matches!(line, Ok(1..));
            if sender.send(line.map(|_| text)).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// The next line, or the exit code for the signal that came before it.
fn wait(lines: &Receiver<io::Result<String>>, interrupt: &Interrupt) -> Result<io::Result<String>, u8> {
    const LOOK: Duration = Duration::from_millis(50);
    loop {
        let line = lines.recv_timeout(LOOK);
        // The other program may have received the same signal and ended.
        if let Some(code) = interrupt.exit_code() {
            return Err(code);
        }
        match line {
            Ok(line) => return Ok(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Ok(String::new())),
        }
    }
}

/// Says why the search ended and the best that it found; without a feasible one, gains "do not hold".
fn end(search: &Search, reason: StopReason) -> Result<Exit, Error> {
    print(&format!("{}\n", json!({ "done": done(search, reason) })))?;
    let (_, best) = search.best();
    if best.is_feasible() {
        return Ok(Exit::Success);
    }
    note(if is_known(&best) {
        "error: no position is feasible: the best breaks its limits least"
    } else {
        "error: every evaluation failed, so there is no best position"
    });
    Ok(Exit::Failure)
}

/// The same for a search that ends early; also on stderr, since the reader of stdout may have ended.
fn end_early(search: &Search) -> Result<(), Error> {
    let done = done(search, StopReason::Interrupted);
    note(&format!("interrupted after {} evaluations, best so far: {}", done["evaluations"], done["best"]));
    print(&format!("{}\n", json!({ "done": done })))
}

fn done(search: &Search, reason: StopReason) -> Value {
    let (position, best) = search.best();
    let known = json!({ "position": position, "cost": best.cost, "violation": best.violation });
    json!({
        "reason": reason.name(),
        "evaluations": search.evaluations(),
        "generations": search.generations(),
        "restarts": search.restarts(),
        "best": if is_known(&best) { known } else { Value::Null },
    })
}

/// Whether an outcome is of an evaluation that did not fail.
fn is_known(best: &Outcome) -> bool {
    best.is_better_than(&Outcome::WORST)
}

/// The outcomes that a line tells, of as many positions as are judged.
fn outcomes(line: io::Result<String>, generation: u64, judged: usize) -> Result<Vec<Outcome>, Error> {
    let form = "expected {\"tell\":{\"costs\":[…]}} with a number or null a position, and \"violations\":[…] if wanted";
    let refuse = |found: String| Error::Answer { generation, found, remedy: form.into() };
    let text = line.map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if text.is_empty() {
        return Err(refuse("is missing: the input ended".into()));
    }
    let tell = serde_json::from_str::<Line>(&finite(&text))
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
    let violations = tell.violations.unwrap_or_else(|| vec![Some(0.0); judged]);
    count("violations", violations.len())?;
    if let Some(negative) = violations.iter().flatten().find(|violation| **violation < 0.0) {
        return Err(refuse(format!("has a violation of {negative}; 0 is feasible")));
    }
    let outcome = |(cost, violation): (&Option<f64>, &Option<f64>)| Outcome {
        violation: violation.unwrap_or(f64::NAN),
        cost: cost.unwrap_or(f64::NAN),
    };
    Ok(tell.costs.iter().zip(&violations).map(outcome).collect())
}

/// A line with `null` for every number that is not finite: JSON has no such numbers, but many programs write them.
fn finite(line: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let (mut json, mut rest) = (String::with_capacity(line.len()), line);
    while let Some(start) = rest.find(|c| c == '"' || is_word(c)) {
        let (before, token) = rest.split_at(start);
        let end = if token.starts_with('"') { end_of_string(token) } else { token.find(|c| !is_word(c)) };
        let (token, after) = token.split_at(end.unwrap_or(token.len()));
        let is_lost = token.parse().is_ok_and(|number: f64| !number.is_finite());
        json.push_str(before);
        json.push_str(if is_lost { "null" } else { token });
        rest = after;
    }
    json + rest
}

/// Where the string ends that a text begins with.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = true;
    let ends = |(_, c): &(usize, char)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    };
    text.char_indices().find(ends).map(|(end, _)| end + 1)
}

#[cfg(test)]
mod tests {
    use super::finite;

    #[test]
    fn numbers_that_are_not_finite_become_null_and_everything_else_stays() {
        for number in ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "nan", "-inf"] {
            assert_eq!(finite(&format!("[1.5,{number}, 2]\n")), "[1.5,null, 2]\n");
        }
        for same in
            ["", "nonsense", "[1e-400,-0.0,true,null]", "{\"NaN\":\"a\\\\\",\"\\\"Infinity\":[2e300]}"]
        {
            assert_eq!(finite(same), same);
        }
        assert_eq!(finite("{\"a\\\\\":NaN,\"b"), "{\"a\\\\\":null,\"b");
    }
}
