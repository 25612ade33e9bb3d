//! The parts of a batch: a file a part with all studies of the whole by name, beside the directories of its own studies. A study counts
//! when its own files are complete, so that a part that was killed is simply run again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::checkpoint::{self, difference, strip, tuned_on};
use super::super::file::{is_temporary, replace};
use super::super::{Owner, Results, StudyRow, Summary, forget_page, has_tuning, owner, pretty};
use super::{Part, Whole, incomplete, place_of_missing, refuse_other_numbers, some};
use crate::Error;
use crate::config::{BatchConfig, MANIFEST_SIZE_MAX, read_bounded};
use crate::figures::pasted;
use crate::shard::Shard;

/// What the file of a part says.
#[derive(Serialize, Deserialize)]
struct Mark {
    program: String,
    version: String,
    /// The batch, and its file as it was given.
    batch: String,
    config: PathBuf,
    shard: String,
    /// What the first study of the whole is tuned on, so that a difference can be named.
    first: Value,
    /// All studies of the whole, in their order.
    studies: Vec<Listed>,
}

/// A study of the whole.
#[derive(Serialize, Deserialize, PartialEq)]
struct Listed {
    study: String,
    group: String,
    /// A digest of what it is tuned on.
    digest: String,
}

fn digest(tuned_on: &Value) -> String {
    let digest = Sha256::digest(tuned_on.to_string());
    let half = digest.first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
    format!("{half:032x}")
}

/// Says in a directory that a part of a batch is there; `batch` is the whole, `config` its file. With `force` the marks of another number of
/// parts are removed.
///
/// # Errors
///
/// When parts of another number are there, or the file cannot be written.
pub fn write_batch_shard(
    directory: &Path,
    batch: &BatchConfig,
    config: &Path,
    shard: Shard,
    force: bool,
) -> Result<(), Error> {
    if force {
        for part in super::parts_in(directory).unwrap_or_default() {
            if part.whole == Whole::Batch && part.shard.of() != shard.of() {
                // One that stays is refused next.
                let _ = fs::remove_file(part.path);
            }
        }
    }
    refuse_other_numbers(directory, Whole::Batch, shard)?;
    let listed = |entry: &crate::config::Entry| Listed {
        study: entry.config.study.clone(),
        group: entry.group.clone(),
        digest: digest(&tuned_on(&entry.config)),
    };
    let mark = Mark {
        program: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        batch: batch.name.clone(),
        config: config.into(),
        shard: shard.to_string(),
        first: batch.entries.first().map(|entry| tuned_on(&entry.config)).unwrap_or_default(),
        studies: batch.entries.iter().map(listed).collect(),
    };
    let mark = serde_json::to_value(mark).unwrap_or_default();
    replace(&Whole::Batch.path(directory, shard), |file| pretty(file, &mark))
}

/// A batch whose parts are all there.
pub struct BatchParts {
    /// Its name.
    pub name: String,
    /// Its studies, in their order.
    pub studies: Vec<DoneStudy>,
}

/// A study of a batch that is done, and where it is.
pub struct DoneStudy {
    /// The study.
    pub row: StudyRow,
    /// Its directory.
    pub directory: PathBuf,
}

impl BatchParts {
    /// The batch that parts make.
    pub(super) fn read(parts: &BTreeMap<Shard, Part>) -> Result<Self, Error> {
        let Some((first, part)) = parts.first_key_value() else {
            return Ok(Self { name: String::new(), studies: Vec::new() });
        };
        let mark = read_mark(part)?;
        // One after the other, since each lists the whole batch.
        for other in parts.values().skip(1) {
            if let Some(how) = differs(&mark, &read_mark(other)?) {
                let problem = format!("is of another batch than shard {first}: {how}");
                return Err(other.refuse(problem, format!("{}, or shard {first}", other.again())));
            }
        }
        let mut studies = Vec::new();
        let mut missing: BTreeMap<Shard, Vec<String>> = BTreeMap::new();
        for (place, listed) in mark.studies.iter().enumerate() {
            let shard = first.with_study(place);
            let found = match parts.get(&shard) {
                Some(part) => done(&part.directory.join(&listed.study), listed),
                None => Err(listed.study.clone()),
            };
            match found {
                Ok(study) => studies.push(study),
                Err(why) => missing.entry(shard).or_default().push(why),
            }
        }
        if missing.is_empty() {
            return Ok(Self { name: mark.batch.clone(), studies });
        }
        let (lines, commands) = open(&mark, parts, &missing);
        Err(incomplete(&part.directory, &format!("batch \"{}\"", mark.batch), &lines, &commands))
    }

    /// Lays the files of all studies into a directory, each study into its own; those that are there already stay.
    ///
    /// # Errors
    ///
    /// When another study is there, or a file cannot be read or written.
    pub fn gather(&mut self, directory: &Path) -> Result<(), Error> {
        let target = |study: &DoneStudy| directory.join(&study.row.config.study);
        for study in &self.studies {
            if let Owner::Another(why) = owner(&target(study), &study.row.config) {
                return Err(Error::Refused {
                    path: target(study),
                    problem: why,
                    remedy: "give another --output to keep those results, or remove them".into(),
                });
            }
        }
        for study in &mut self.studies {
            let target = directory.join(&study.row.config.study);
            let place = |path: &Path| path.canonicalize().ok();
            if place(&target).is_none_or(|there| place(&study.directory) != Some(there)) {
                let gains = |place: &Path| fs::read(place.join("gains.csv")).ok();
                if gains(&target) != gains(&study.directory) {
                    forget_page(&target);
                }
                copy(&study.directory, &target)?;
            }
            study.directory = target;
        }
        Ok(())
    }

    /// The rows of all studies.
    #[must_use]
    pub fn rows(&self) -> Vec<&StudyRow> {
        self.studies.iter().map(|study| &study.row).collect()
    }
}

/// What the file of a part says.
fn read_mark(part: &Part) -> Result<Mark, Error> {
    let text = read_bounded(&part.path, MANIFEST_SIZE_MAX).map_err(|why| part.refuse(why, part.again()))?;
    let broken = || part.refuse("is half written, or no shard of gainswarm", part.again());
    let value: Value = serde_json::from_slice(&text).map_err(|_| broken())?;
    part.same_version(value.get("version").and_then(Value::as_str).ok_or_else(broken)?)?;
    let mark: Mark = serde_json::from_value(value).map_err(|_| broken())?;
    // What is joined to a path stays below it.
    let is_plain = |listed: &Listed| {
        let mut parts = Path::new(&listed.study).components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
    };
    if !mark.studies.iter().all(is_plain) {
        return Err(broken());
    }
    if mark.shard != part.shard.to_string() {
        let problem = format!("says that it is shard {}, but its name says {}", mark.shard, part.shard);
        return Err(part.refuse(problem, "give it its name again, or run both shards again"));
    }
    Ok(mark)
}

/// How two parts are not of one batch.
fn differs(first: &Mark, other: &Mark) -> Option<String> {
    if first.batch != other.batch {
        return Some(format!("\"{}\" and not \"{}\"", other.batch, first.batch));
    }
    let [there, here] = [&other.studies, &first.studies];
    if there.len() != here.len() {
        return Some(format!("it has {} studies there and {} here", there.len(), here.len()));
    }
    let (there, here) = there.iter().zip(here).find(|(there, here)| there != here)?;
    if (&there.study, &there.group) != (&here.study, &here.group) {
        return Some(format!("it has the study {} there and {} here", there.study, here.study));
    }
    let key = difference(&other.first, &first.first, "");
    Some(key.map_or_else(
        || format!("the config of {} is another", there.study),
        |key| format!("in the config of {}, {key}", first.studies[0].study),
    ))
}

/// A study of a part, or why it is not done.
fn done(directory: &Path, listed: &Listed) -> Result<DoneStudy, String> {
    let study = &listed.study;
    let damaged = |why: String| format!("{study} (damaged: {why}; remove {} first)", pasted(directory));
    if !has_tuning(directory) {
        return Err(study.clone());
    }
    for table in ["gains.csv", "summary.csv", "convergence.csv"] {
        let text = fs::read(directory.join(table)).unwrap_or_default();
        if text.last() != Some(&b'\n') {
            return Err(damaged(format!("{table} ends too early")));
        }
    }
    let results = Results::read(directory).map_err(|error| damaged(first_line(&error)))?;
    let manifest = fs::read(directory.join("manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    let mut config = manifest.get("config").cloned().unwrap_or_default();
    strip(&mut config);
    if digest(&config) != listed.digest {
        return Err(format!("{study} (of another config; remove {} first)", pasted(directory)));
    }
    match checkpoint::find(&directory.join(checkpoint::NAME), &config) {
        Ok(Some((saved, None))) if saved.published => {}
        Ok(Some((_, Some(other)))) => return Err(format!("{study} (of another run: {other})")),
        Ok(_) => return Err(study.clone()),
        Err(error) => return Err(damaged(first_line(&error))),
    }
    let summary = Summary::read(&results.summary, &results.config);
    let row =
        StudyRow { config: results.config, group: listed.group.clone(), values: results.values, summary };
    Ok(DoneStudy { row, directory: directory.into() })
}

fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().into()
}

/// What is to be said of shards that are not done, and how they are run again.
fn open(
    mark: &Mark,
    parts: &BTreeMap<Shard, Part>,
    missing: &BTreeMap<Shard, Vec<String>>,
) -> (Vec<String>, Vec<String>) {
    let config = pasted(&mark.config);
    let of = |shard: Shard| (0..mark.studies.len()).filter(|place| shard.has(*place)).count();
    let line = |(shard, studies): (&Shard, &Vec<String>)| match parts.get(shard) {
        None => format!("shard {shard} is missing ({} studies)", studies.len()),
        Some(_) => {
            format!(
                "shard {shard} is not done, {} of its {} studies: {}",
                studies.len(),
                of(*shard),
                some(studies)
            )
        }
    };
    let command = |shard: &Shard| {
        let directory =
            parts.get(shard).map_or_else(|| place_of_missing(parts), |part| pasted(&part.directory));
        format!("gainswarm batch {config} --shard {shard} --output {directory}")
    };
    (missing.iter().map(line).collect(), missing.keys().map(command).collect())
}

/// Copies the files of a study; its checkpoint, which says that it is complete, comes last.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let unreadable = |path: &Path, error: &std::io::Error| Error::Refused {
        path: path.into(),
        problem: format!("cannot be read: {error}"),
        remedy: "get the permission to read it".into(),
    };
    let entries = fs::read_dir(from).map_err(|error| unreadable(from, &error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_by_key(|path| (path.ends_with(checkpoint::NAME), path.clone()));
    for path in paths {
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else if !name.to_str().is_some_and(is_temporary) {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            replace(&to.join(name), |file| file.write_all(&bytes))?;
        }
    }
    Ok(())
}
