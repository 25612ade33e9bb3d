//! `gainswarm ask-tell`: the swarm as a process, for objectives that live in another program.
//!
//! One JSON object a line: `{"ask":{"generation":0,"positions":[[…],…]}}` goes out, `{"tell":{"costs":[…]}}` comes back with a
//! cost a position and, if wanted, `"violations":[…]`; at the end stands `{"done":{…}}`, also where the end comes early. An evaluation
//! that failed is `null`, or a number that is not finite, as other programs write it: `NaN`, `-Infinity`, `1e400`. Answers with `"ids"`, the
//! places among the positions, may come in several lines and in any order; the search goes on when all are there. Where the config says
//! `objectives = 2`, `"objectives":[[…],…]` stands in place of `"costs"`, a cost an objective for each position.
//!
//! With `outstanding = 8` eight positions are out at a time: every tell, of any of them, is answered by as many new ones. Positions that break a
//! relation of `constraints` are not asked for.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::answer::Expected;
use self::standing::{Searching, is_known};
use super::args::{SEED_MAX, whole};
use super::interrupt::Interrupt;
use super::{Exit, note, print};
use crate::Error;
use crate::archive::{self, Archive, Damage, Persist};
use crate::config::{Added, AskTell, FILE_SIZE_MAX, PARTICLES_MAX};
use crate::report::checkpoint;
use crate::swarm::pareto::Costs;
use crate::swarm::{AsynchronousSearch, Outcome, Seeker, StopReason};

mod answer;
mod standing;

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
    With outstanding = 8 in the config, or --outstanding 8, eight workers never wait for each other: eight\n\
    positions go out, and every tell is answered by as many new ones as it has told, or none at the end:\n  \
    {\"ask\":{\"generation\":0,\"ids\":[8],\"positions\":[[…]]}} after {\"tell\":{\"ids\":[3],\"costs\":[…]}}\n\
    Ids count the positions of the whole search. After --resume all that were out are asked again.\n\n\
    With constraints = [\"k1 == 2*k2\", \"K*kd >= 4\"] in the config, parameters by name, one follows from\n\
    others by a linear equality and is not searched, and a position that breaks any other relation is not\n\
    asked for: it counts as an evaluation, as \"rejected\", and ranks behind all that were told.\n\n\
    With resample = true in [swarm], for costs that are others when they are asked again, a fifth of the\n\
    positions has been asked before, and \"cost\" of the best is a mean.\n\n\
    Where the config says objectives = 2 (2 to 4), it finds trade-offs. An answer has a cost an objective:\n  \
    {\"tell\":{\"objectives\":[[…],…],\"violations\":[…]}}\n\
    and the last line, beside \"best\", the knee, has all that were kept, and the hypervolume that they reach\n\
    up to the worst feasible costs of the first generation that has some:\n  \
    \"front\":[{\"position\":[…],\"objectives\":[…],\"violation\":…},…],\"hypervolume\":…\n\n\
    Example:\n  gainswarm ask-tell search.toml")]
pub(super) struct Args {
    /// The search, a TOML file: seed, objectives, outstanding, constraints, [swarm], [swarm.stopping], [[parameters]] with name, lower, upper, scale
    config: PathBuf,
    /// Seed of all random numbers [default: the config's]
    #[arg(long, value_name = "N", value_parser = whole(0..=SEED_MAX))]
    seed: Option<u64>,
    /// Keep so many positions out: as soon as one has been told, another is asked for [default: the config's, or whole generations]
    #[arg(long, value_name = "N", value_parser = whole(1..=PARTICLES_MAX))]
    outstanding: Option<u64>,
    /// What must hold between parameters, such as "K*kd >= 4", beside the config's constraints; can be repeated
    #[arg(long = "constraint", value_name = "RELATION")]
    constraints: Vec<String>,
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

/// Searches until a rule ends it, a signal comes or an answer cannot be used; the best so far is printed in each case.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let Args { seed, constraints, .. } = args;
    let outstanding = args.outstanding.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let config = AskTell::load(&args.config, &Added { seed: *seed, outstanding, constraints })?;
    let mut talk = Talk {
        args,
        config: &config,
        rejected: 0,
        earlier: Duration::ZERO,
        start: Instant::now(),
        interrupt: Interrupt::default(),
        lines: None,
    };
    match config.outstanding {
        None => talk.go_on(&mut config.seeker()?, Seeker::resume, Talk::by_generations),
        Some(outstanding) => {
            let mut search = AsynchronousSearch::new(&config.axes, &config.swarm, config.seed, outstanding)?;
            let resume = AsynchronousSearch::resume;
            talk.go_on(&mut search, resume, Talk::with_some_out)
        }
    }
}

/// The talk with the other program.
struct Talk<'a> {
    args: &'a Args,
    config: &'a AskTell,
    /// Positions that were not asked for, since they break a relation.
    rejected: u64,
    /// The time that the search took before it was resumed, and when it started or was.
    earlier: Duration,
    start: Instant,
    interrupt: Interrupt,
    lines: Option<Receiver<io::Result<String>>>,
}

/// Why a talk ends that has an end of its own.
enum Ended {
    Reason(StopReason),
    Signal(u8),
}

impl Talk<'_> {
    /// Begins a search, or goes on with the one in the checkpoint, to its end.
    fn go_on<S: Searching>(
        &mut self,
        search: &mut S,
        resume: impl Fn(&mut S, Duration) -> Result<Option<StopReason>, String>,
        talk: impl Fn(&mut Self, &mut S) -> Result<Ended, Error>,
    ) -> Result<Exit, Error> {
        if self.args.resume && self.restore(search)? {
            let ended = resume(search, self.earlier).map_err(Error::Overrun)?;
            if let Some(reason) = ended {
                return self.end(search, reason);
            }
        }
        self.interrupt = Interrupt::listen();
        self.lines = Some(lines());
        self.start = Instant::now();
        match talk(self, search) {
            Ok(Ended::Reason(reason)) => self.end(search, reason),
            Ok(Ended::Signal(code)) => self.end_early(search).map(|()| Exit::Interrupted(code)),
            Err(error @ Error::Answer { .. }) => self.end_early(search).and(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// Asks for a generation, waits for all answers, and goes on to the next.
    fn by_generations(&mut self, search: &mut Seeker) -> Result<Ended, Error> {
        loop {
            let generation = search.generations();
            let best = self.args.best.then(|| standing::best(search, self.config));
            let positions = search.ask().positions.chunks_exact(self.config.axes.len());
            let positions: Vec<Vec<f64>> = positions.map(|x| self.config.values(x)).collect();
            let mut told: Vec<Option<Costs>> =
                positions.iter().map(|values| self.config.unasked(values)).collect();
            let asked: Vec<usize> = (0..told.len()).filter(|place| told[*place].is_none()).collect();
            self.rejected += (told.len() - asked.len()) as u64;
            if !asked.is_empty() {
                let positions: Vec<&[f64]> = asked.iter().map(|place| &*positions[*place]).collect();
                question(json!({ "generation": generation, "positions": positions }), best)?;
            }
            let ids: Vec<u64> = (0..asked.len() as u64).collect();
            let allowed = format!("there are {} positions, from 0 on", ids.len());
            let expected = self.expected(generation, &ids, &allowed);
            while told.contains(&None) {
                let line = match self.wait() {
                    Ok(line) => line,
                    Err(code) => return Ok(Ended::Signal(code)),
                };
                for (id, costs) in expected.read(line)? {
                    let place = asked[usize::try_from(id).unwrap_or(usize::MAX)];
                    if told[place].replace(costs).is_some() {
                        return Err(expected.refuse(format!("tells id {id} twice")));
                    }
                }
            }
            if let Some(code) = self.interrupt.exit_code() {
                return Ok(Ended::Signal(code));
            }
            let costs: Vec<Costs> = told.into_iter().flatten().collect();
            let outcomes: Vec<Outcome> = costs.iter().map(of_one).collect();
            let ended = search.tell(&outcomes, &costs, self.elapsed());
            self.save(search)?;
            if let Some(reason) = ended {
                return Ok(Ended::Reason(reason));
            }
        }
    }

    /// Keeps a number of positions out: each answer is followed by as many new ones as it has told.
    fn with_some_out(&mut self, search: &mut AsynchronousSearch) -> Result<Ended, Error> {
        // What was out when the search was saved is asked again.
        let mut first = 0;
        loop {
            while let Some((id, position)) = search.ask() {
                let Some(costs) = self.config.unasked(&self.config.values(position)) else { continue };
                search.tell(id, of_one(&costs));
                self.rejected += 1;
                if search.ended(self.elapsed()).is_some() {
                    break;
                }
                if let Some(code) = self.interrupt.exit_code() {
                    return Ok(Ended::Signal(code));
                }
            }
            self.save(search)?;
            if let Some(reason) = search.ended(self.elapsed()) {
                return Ok(Ended::Reason(reason));
            }
            let generation = search.search().generations();
            let best = self.args.best.then(|| standing::best(search, self.config));
            let (new, positions): (Vec<u64>, Vec<Vec<f64>>) = search
                .outstanding()
                .filter(|(id, _)| *id >= first)
                .map(|(id, position)| (id, self.config.values(position)))
                .unzip();
            question(json!({ "generation": generation, "ids": new, "positions": positions }), best)?;
            first = new.last().map_or(first, |last| last + 1);
            let line = match self.wait() {
                Ok(line) => line,
                Err(code) => return Ok(Ended::Signal(code)),
            };
            let ids: Vec<u64> = search.outstanding().map(|(id, _)| id).collect();
            let allowed = format!("that is not out: {ids:?} are");
            let mut told = self.expected(generation, &ids, &allowed).read(line)?;
            told.sort_unstable_by_key(|(id, _)| *id);
            for (id, costs) in told {
                search.tell(id, of_one(&costs));
            }
        }
    }

    fn expected<'e>(&self, generation: u64, ids: &'e [u64], allowed: &'e str) -> Expected<'e> {
        let objectives = self.config.swarm.trade_offs.map_or(1, |of| of.objectives);
        Expected { generation, objectives, ids, allowed }
    }

    fn elapsed(&self) -> Duration {
        self.earlier + self.start.elapsed()
    }

    fn state<'s, S: Searching>(&self, search: &'s mut S) -> State<'s, S> {
        let has_relations = !self.config.constraints.is_empty();
        let nanoseconds = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        State { search, nanoseconds, rejected: has_relations.then_some(self.rejected) }
    }

    /// Saves the search where that is wanted.
    fn save<S: Searching>(&self, search: &mut S) -> Result<(), Error> {
        let Some(path) = &self.args.checkpoint else { return Ok(()) };
        let mut bytes = Vec::new();
        archive::save(&mut self.state(search), &mut bytes);
        checkpoint::write_file(path, &self.config.to_value(), &bytes, false)
    }

    /// Takes up what the checkpoint holds; false where there is none.
    fn restore<S: Searching>(&mut self, search: &mut S) -> Result<bool, Error> {
        let Some(path) = &self.args.checkpoint else { return Ok(false) };
        let Some(saved) = checkpoint::read_file(path, &self.config.to_value())? else {
            note(&format!("no checkpoint in {}: starting at the beginning", path.display()));
            return Ok(false);
        };
        let mut state = self.state(search);
        archive::restore(&mut state, &saved.state).map_err(Error::State)?;
        let State { nanoseconds, rejected, .. } = state;
        (self.earlier, self.rejected) = (Duration::from_nanos(nanoseconds), rejected.unwrap_or(0));
        Ok(true)
    }

    /// The next line, or the exit code for the signal that came before it.
    fn wait(&self) -> Result<io::Result<String>, u8> {
        const LOOK: Duration = Duration::from_millis(50);
        let Some(lines) = &self.lines else { return Ok(Ok(String::new())) };
        loop {
            let line = lines.recv_timeout(LOOK);
            // The other program may have received the same signal and ended.
            if let Some(code) = self.interrupt.exit_code() {
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
    fn end(&self, search: &dyn Searching, reason: StopReason) -> Result<Exit, Error> {
        let done = standing::done(search, self.config, reason, self.rejected);
        print(&format!("{}\n", json!({ "done": done })))?;
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
    fn end_early(&self, search: &dyn Searching) -> Result<(), Error> {
        let done = standing::done(search, self.config, StopReason::Interrupted, self.rejected);
        note(&format!(
            "interrupted after {} evaluations, best so far: {}",
            done["evaluations"], done["best"]
        ));
        print(&format!("{}\n", json!({ "done": done })))
    }
}

/// Asks; with the best so far where that is wanted.
fn question(mut ask: Value, best: Option<Value>) -> Result<(), Error> {
    if let Some(best) = best {
        ask["best"] = best;
    }
    print(&format!("{}\n", json!({ "ask": ask })))
}

/// Costs as those of one objective.
fn of_one(costs: &Costs) -> Outcome {
    Outcome { violation: costs.violation, cost: costs.values[0] }
}

/// A search, the time that it has taken, and where there are relations the positions that were not asked for.
struct State<'s, S> {
    search: &'s mut S,
    nanoseconds: u64,
    rejected: Option<u64>,
}

impl<S: Persist> Persist for State<'_, S> {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage> {
        archive.u64(&mut self.nanoseconds)?;
        self.rejected.as_mut().map_or(Ok(()), |rejected| archive.u64(rejected))?;
        self.search.pass(archive)
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
