//! `gainswarm ask-tell`: the swarm as a process, for objectives that live in another program.
//!
//! One JSON object a line: `{"ask":{"generation":0,"positions":[[…],…]}}` goes out, `{"tell":{"costs":[…]}}` comes back with a
//! cost a position and, if wanted, `"violations":[…]`; at the end stands `{"done":{…}}`, also where the end comes early. An evaluation
//! that failed is `null`, or a number that is not finite, as other programs write it: `NaN`, `-Infinity`, `1e400`. Answers with `"ids"`, the
//! places among the positions, may come in several lines and in any order; the search goes on when all are there. Where the config says
//! `objectives = 2`, `"objectives":[[…],…]` stands in place of `"costs"`, a cost an objective for each position.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::args::{SEED_MAX, whole};
use super::interrupt::Interrupt;
use super::{Exit, note, print};
use crate::Error;
use crate::archive::{self, Archive, Damage, Persist};
use crate::config::{AskTell, FILE_SIZE_MAX};
use crate::registry::Member;
use crate::report::checkpoint;
use crate::swarm::pareto::{Costs, TradeOffSearch};
use crate::swarm::{Outcome, Seeker, StopReason};

#[derive(Debug, clap::Args)]
#[command(after_help = "It writes one line for each generation, with the positions to evaluate:\n  \
    {\"ask\":{\"generation\":0,\"positions\":[[…],…]}}\n\
    It reads one line in answer, with a cost for each position, and \"violations\" if some are infeasible:\n  \
    {\"tell\":{\"costs\":[…],\"violations\":[…]}}\n\
    or several with \"ids\":[…], the places of the positions from 0, in any order and parts.\n\
    null, NaN and infinite numbers stand for an evaluation that failed. The last line that it writes is\n  \
    {\"done\":{\"reason\":…,\"evaluations\":…,\"best\":{\"position\":[…],\"cost\":…,\"violation\":…}}}\n\
    with \"best\":null if every evaluation failed, and the reason \"interrupted\" after a signal or an answer\n\
    that cannot be used. Exit codes: 0 if the best position is feasible, 1 if not, 2 for a bad config or\n\
    answer, 130, 143 or 129 after a signal.\n\n\
    Where the config says objectives = 2 (2 to 4), it finds trade-offs. An answer has a cost an objective:\n  \
    {\"tell\":{\"objectives\":[[…],…],\"violations\":[…]}}\n\
    and the last line, beside \"best\", the knee, has all that were kept, and the hypervolume that they reach\n\
    up to the worst feasible costs of the first generation that has some:\n  \
    \"front\":[{\"position\":[…],\"objectives\":[…],\"violation\":…},…],\"hypervolume\":…\n\n\
    Example:\n  gainswarm ask-tell search.toml")]
pub(super) struct Args {
    /// The search, a TOML file: seed, objectives, [swarm], [swarm.stopping], [[parameters]] with name, lower, upper, scale
    config: PathBuf,
    /// Seed of all random numbers [default: the config's]
    #[arg(long, value_name = "N", value_parser = whole(0..=SEED_MAX))]
    seed: Option<u64>,
    /// Add the best position so far to every question
    #[arg(long)]
    best: bool,
    /// Save the state of the search into this file after every generation
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Go on with the search that the checkpoint holds
    #[arg(long, requires = "checkpoint")]
    resume: bool,
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
    /// The places of the positions that are told; all in their order where they are not named.
    ids: Option<Vec<usize>>,
    costs: Option<Vec<Option<f64>>>,
    objectives: Option<Vec<Option<Vec<Option<f64>>>>>,
    violations: Option<Vec<Option<f64>>>,
}

/// Searches until a rule ends it, a signal comes or an answer cannot be used; the best so far is printed in each case.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let mut config = AskTell::load(&args.config)?;
    config.seed = args.seed.unwrap_or(config.seed);
    let mut search = Seeker::new(&config.axes, &config.swarm, config.seed)?;
    let mut earlier = Duration::ZERO;
    if let (Some(path), true) = (&args.checkpoint, args.resume)
        && let Some(ended) = resume(path, &config, &mut search, &mut earlier)?
    {
        return end(&search, ended);
    }
    let objectives = config.swarm.trade_offs.map_or(1, |of| of.objectives);
    let interrupt = Interrupt::listen();
    let lines = lines();
    let start = Instant::now();
    loop {
        let generation = search.generations();
        let best = args.best.then(|| best(&search));
        let positions: Vec<&[f64]> = search.ask().positions.chunks_exact(config.axes.len()).collect();
        let mut told = vec![None; positions.len()];
        let mut ask = json!({ "generation": generation, "positions": positions });
        if let Some(best) = best {
            ask["best"] = best;
        }
        print(&format!("{}\n", json!({ "ask": ask })))?;
        while told.contains(&None) {
            let line = match wait(&lines, &interrupt) {
                Ok(line) => line,
                Err(code) => return end_early(&search).map(|()| Exit::Interrupted(code)),
            };
            if let Err(error) = take(line, generation, objectives, &mut told) {
                return end_early(&search).and(Err(error));
            }
        }
        let costs: Vec<Costs> = told.into_iter().flatten().collect();
        let of_one = |costs: &Costs| Outcome { violation: costs.violation, cost: costs.values[0] };
        let outcomes: Vec<Outcome> = costs.iter().map(of_one).collect();
        let elapsed = earlier + start.elapsed();
        let ended = search.tell(&outcomes, &costs, elapsed);
        if let Some(path) = &args.checkpoint {
            save(path, &config, &mut search, elapsed)?;
        }
        if let Some(reason) = ended {
            return end(&search, reason);
        }
    }
}

/// A search and the time that it has taken.
struct State<'s> {
    search: &'s mut Seeker,
    nanoseconds: u64,
}

impl Persist for State<'_> {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.u64(&mut self.nanoseconds)?;
        self.search.pass(archive)
    }
}

fn save(path: &Path, config: &AskTell, search: &mut Seeker, elapsed: Duration) -> Result<(), Error> {
    let nanoseconds = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    archive::save(&mut State { search, nanoseconds }, &mut bytes);
    checkpoint::write_file(path, &config.to_value(), &bytes, false)
}

/// Goes on with what a checkpoint holds, if there is one; why the search has ended, if it has.
fn resume(
    path: &Path,
    config: &AskTell,
    search: &mut Seeker,
    earlier: &mut Duration,
) -> Result<Option<StopReason>, Error> {
    let Some(saved) = checkpoint::read_file(path, &config.to_value())? else {
        note(&format!("no checkpoint in {}: starting at the beginning", path.display()));
        return Ok(None);
    };
    let mut state = State { search, nanoseconds: 0 };
    archive::restore(&mut state, &saved.state).map_err(Error::State)?;
    *earlier = Duration::from_nanos(state.nanoseconds);
    search.resume(*earlier).map_err(Error::Overrun)
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
fn end(search: &Seeker, reason: StopReason) -> Result<Exit, Error> {
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
fn end_early(search: &Seeker) -> Result<(), Error> {
    let done = done(search, StopReason::Interrupted);
    note(&format!("interrupted after {} evaluations, best so far: {}", done["evaluations"], done["best"]));
    print(&format!("{}\n", json!({ "done": done })))
}

fn done(search: &Seeker, reason: StopReason) -> Value {
    let mut done = json!({
        "reason": reason.name(),
        "evaluations": search.evaluations(),
        "generations": search.generations(),
        "restarts": search.restarts(),
        "best": best(search),
    });
    if let Some(trade_offs) = search.trade_offs() {
        done["front"] = trade_offs.in_order().into_iter().map(|point| kept(trade_offs, point)).collect();
        done["hypervolume"] = trade_offs.hypervolume().into();
    }
    done
}

/// The best so far, of trade-offs the knee; `null` where every evaluation has failed.
fn best(search: &Seeker) -> Value {
    let (position, best) = search.best();
    if !is_known(&best) {
        return Value::Null;
    }
    match search.trade_offs() {
        None => json!({ "position": position, "cost": best.cost, "violation": best.violation }),
        Some(of) => of.front().knee().map_or(Value::Null, |knee| kept(of, knee)),
    }
}

/// A kept trade-off.
fn kept(of: &TradeOffSearch, point: usize) -> Value {
    let mut position = vec![0.0; of.best().0.len()];
    of.locate(point, &mut position);
    let Costs { violation, values } = of.front().costs()[point];
    json!({ "position": position, "objectives": values[..of.objectives()], "violation": violation })
}

/// Whether an outcome is of an evaluation that did not fail.
fn is_known(best: &Outcome) -> bool {
    best.is_better_than(&Outcome::WORST)
}

/// Takes what a line tells: of all positions in their order, or of those that it names.
fn take(
    line: io::Result<String>,
    generation: u64,
    objectives: usize,
    told: &mut [Option<Costs>],
) -> Result<(), Error> {
    let judged = told.len();
    let form = match objectives {
        1 => "{\"tell\":{\"costs\":[…]}} with a number or null a position".into(),
        several => {
            format!("{{\"tell\":{{\"objectives\":[[…],…]}}}} with {several} numbers or null a position")
        }
    };
    let form = format!("expected {form}, \"violations\":[…] if wanted, and \"ids\":[…] for a part");
    let refuse = |found: String| Error::Answer { generation, found, remedy: form.clone() };
    let text = line.map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if text.is_empty() {
        return Err(refuse("is missing: the input ended".into()));
    }
    let tell = serde_json::from_str::<Line>(&finite(&text))
        .map_err(|error| refuse(format!("is not understood: {error}")))?
        .tell;
    let (what, costs) = costs(tell.costs, tell.objectives, objectives).map_err(refuse)?;
    let is_part = tell.ids.is_some();
    let ids = tell.ids.unwrap_or_else(|| (0..judged).collect());
    let count = |what: &str, found: usize| {
        let of = if is_part { "ids" } else { "positions" };
        let wanted = ids.len();
        if found == wanted { Ok(()) } else { Err(refuse(format!("has {found} {what} for {wanted} {of}"))) }
    };
    count(what, costs.len())?;
    let violations = tell.violations.unwrap_or_else(|| vec![Some(0.0); ids.len()]);
    count("violations", violations.len())?;
    if let Some(negative) = violations.iter().flatten().find(|violation| **violation < 0.0) {
        return Err(refuse(format!("has a violation of {negative}; 0 is feasible")));
    }
    for (id, (costs, violation)) in ids.iter().zip(costs.into_iter().zip(&violations)) {
        let Some(place) = told.get_mut(*id) else {
            return Err(refuse(format!("names id {id}, and there are {judged} positions, from 0 on")));
        };
        if place.is_some() {
            return Err(refuse(format!("tells id {id} twice")));
        }
        *place = Some(Costs { violation: violation.unwrap_or(f64::NAN), ..costs });
    }
    Ok(())
}

/// The costs of each position that an answer tells, and what it calls them; what is wrong with them.
fn costs(
    single: Option<Vec<Option<f64>>>,
    several: Option<Vec<Option<Vec<Option<f64>>>>>,
    objectives: usize,
) -> Result<(&'static str, Vec<Costs>), String> {
    let number = |cost: &Option<f64>| cost.unwrap_or(f64::NAN);
    match (single, several) {
        (Some(costs), None) if objectives == 1 => {
            Ok(("costs", costs.iter().map(|cost| Costs::feasible(&[number(cost)])).collect()))
        }
        (None, Some(rows)) if objectives > 1 => {
            let row = |row: Option<Vec<Option<f64>>>| {
                let row = row.unwrap_or_else(|| vec![None; objectives]);
                if row.len() != objectives {
                    return Err(format!("has {} costs of a position for {objectives} objectives", row.len()));
                }
                Ok(Costs::feasible(&row.iter().map(number).collect::<Vec<_>>()))
            };
            Ok(("objectives", rows.into_iter().map(row).collect::<Result<_, _>>()?))
        }
        _ if objectives == 1 => Err("does not have \"costs\" alone".into()),
        _ => Err("does not have \"objectives\" alone".into()),
    }
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
