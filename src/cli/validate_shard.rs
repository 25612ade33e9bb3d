//! `gainswarm validate --shard`: the runs of one part, kept for `gainswarm merge`; and how far a validation is.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::json_progress::{Lines, timed};
use super::{Exit, FollowArgs, note};
use crate::Error;
use crate::figures::count;
use crate::report::Chosen;
use crate::report::shard::ValidationShard;
use crate::shard::Shard;
use crate::simulation::Record;
use crate::validation::{self, Set, Trial};

/// Tells other programs how far a validation is, if they are to follow.
pub(super) struct Meter(Option<Lines>);

impl Meter {
    pub(super) fn new(follow: &FollowArgs, study: &str, shard: Option<Shard>) -> Self {
        let lines = follow.json_progress.then(|| Lines::new("validate").with("study", study));
        Self(match shard {
            Some(shard) => lines.map(|lines| lines.with("shard", shard.to_string())),
            None => lines,
        })
    }

    /// What gets the records of a set as they come; `gains` are "these", or the "others" that they are compared with.
    pub(super) fn of<'m>(
        &'m mut self,
        set: &Set,
        runs: usize,
        gains: &str,
    ) -> impl FnMut(&[Record]) + use<'m> {
        let (began, of) = (Instant::now(), runs as u64);
        let (mut done, mut failed, mut steps) = (0, 0, 0);
        let (set, gains) = (set.name.clone(), gains.to_owned());
        move |records| {
            let Some(lines) = &mut self.0 else { return };
            done += records.len() as u64;
            failed += records.iter().filter(|record| !record.survived()).count();
            steps += records.iter().map(|record| record.steps).sum::<u64>();
            let ended = done == of;
            if lines.is_due(ended) {
                let mut what = json!({
                    "set": set, "gains": gains, "unit": "run", "done": done, "of": of, "failed": failed,
                });
                timed(&mut what, [done, of], steps, began.elapsed());
                what["ended"] = ended.into();
                lines.tell("progress", what);
            }
        }
    }
}

/// The runs of a part, of gains that may be trade-offs; nothing where they are interrupted.
pub(super) fn run<'a>(
    trial: &Trial<'a>,
    sets: &[Set],
    (gains, chosen): (&'a [Vec<f64>], Option<&'a Chosen>),
    (shard, files): (Shard, [&'a Path; 2]),
    meter: &mut Meter,
) -> Result<ControlFlow<(), ValidationShard<'a>>, Error> {
    let runs = shard.runs(trial.samples);
    let tuned_cost = |values: &Vec<f64>| validation::tuned_cost(trial.config, trial.resources, values);
    let tuned = gains.iter().map(tuned_cost).collect::<Result<_, _>>()?;
    let names: Vec<String> = match chosen {
        None => ["these", "others"].map(String::from).into(),
        Some(chosen) => chosen.rows.iter().map(|(row, _)| format!("row {row}")).collect(),
    };
    let mut records = Vec::new();
    for set in sets {
        for (values, name) in gains.iter().zip(&names) {
            let told = &mut meter.of(set, runs.len(), name);
            match trial.records(set, values, runs.clone(), told)? {
                ControlFlow::Continue(found) => records.push(found),
                ControlFlow::Break(_) => return Ok(ControlFlow::Break(())),
            }
        }
    }
    let Trial { config, samples, seed, .. } = *trial;
    let part = ValidationShard { shard, config, files, samples, seed, gains, chosen, tuned, records };
    Ok(ControlFlow::Continue(part))
}

/// Writes the part, and says what is next.
pub(super) fn end(
    done: ControlFlow<(), ValidationShard<'_>>,
    output: &Path,
    (quiet, interrupted): (bool, Option<u8>),
) -> Result<Exit, Error> {
    let ControlFlow::Continue(mut part) = done else {
        note("interrupted: nothing of this shard is kept; run it again");
        return Ok(Exit::Interrupted(interrupted.unwrap_or(1)));
    };
    part.write(output)?;
    if !quiet {
        let (shard, runs) = (part.shard, part.shard.runs(part.samples));
        note(&format!(
            "written to {}: shard {shard}, {} of {} runs of each set\n  when all shards are done, `gainswarm merge` \
             makes the tables of the whole of their directories",
            output.display(),
            count(runs.len() as u64),
            count(part.samples as u64),
        ));
    }
    Ok(Exit::Success)
}
