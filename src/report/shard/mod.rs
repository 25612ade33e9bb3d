//! The parts of a batch or of a validation, each written by a process of its own, found again and put together.
//!
//! What a part leaves is a file whose name says which it is: `batch-shard-3-of-12.json` beside the directories of its studies, or
//! `validation-shard-3-of-12.bin` with the record of each of its runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::figures::pasted;
use crate::shard::Shard;

mod batch;
mod validation;

pub use batch::{BatchParts, DoneStudy, write_batch_shard};
pub use validation::{ValidationParts, ValidationShard};

/// What a part is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Batch,
    Validation,
}

impl Whole {
    const ALL: [Self; 2] = [Self::Batch, Self::Validation];

    /// What the names of its files begin and end with.
    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Batch => ("batch-shard-", ".json"),
            Self::Validation => ("validation-shard-", ".bin"),
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Validation => "validate",
        }
    }

    /// The file of a part in a directory.
    fn path(self, directory: &Path, shard: Shard) -> PathBuf {
        let (begin, end) = self.name();
        directory.join(format!("{begin}{}-of-{}{end}", shard.number(), shard.of()))
    }

    /// Which part a file is, by its name.
    fn shard(self, name: &str) -> Option<Shard> {
        let (begin, end) = self.name();
        let (number, of) = name.strip_prefix(begin)?.strip_suffix(end)?.split_once("-of-")?;
        format!("{number}/{of}").parse().ok()
    }
}

/// The file of a part.
#[derive(Debug, Clone)]
struct Part {
    whole: Whole,
    shard: Shard,
    /// Where it is, and its file.
    directory: PathBuf,
    path: PathBuf,
}

impl Part {
    /// Refuses it.
    fn refuse(&self, problem: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error::Refused { path: self.path.clone(), problem: problem.into(), remedy: remedy.into() }
    }

    /// How it is made again.
    fn again(&self) -> String {
        let Self { whole, shard, directory, .. } = self;
        format!(
            "run it again: gainswarm {} … --shard {shard} --output {}",
            whole.command(),
            pasted(directory)
        )
    }

    /// Refuses it where another version of the program has written it.
    fn same_version(&self, version: &str) -> Result<(), Error> {
        let here = env!("CARGO_PKG_VERSION");
        if version == here {
            return Ok(());
        }
        let problem = format!("is of version {version} of gainswarm, and this is {here}");
        Err(self.refuse(problem, format!("merge with version {version}, or run shard {} again", self.shard)))
    }
}

/// The parts that a merge puts together, all of one whole.
pub enum Parts {
    /// Of a batch.
    Batch(BatchParts),
    /// Of a validation.
    Validation(Box<ValidationParts>),
}

impl Parts {
    /// Reads the parts in some directories.
    ///
    /// # Errors
    ///
    /// When there are none; when one is missing, is there twice, is half written, or is of another whole, another config or another version
    /// of the program: which, and how it is made again.
    pub fn read(directories: &[PathBuf]) -> Result<Self, Error> {
        let mut parts = Vec::new();
        let mut places: Vec<PathBuf> = Vec::new();
        for directory in directories {
            let found = parts_in(directory)?;
            let place = directory.canonicalize().unwrap_or_else(|_| directory.clone());
            if places.contains(&place) {
                return Err(Error::Refused {
                    path: directory.clone(),
                    problem: "is given twice".into(),
                    remedy: "give each directory once".into(),
                });
            }
            places.push(place);
            parts.extend(found);
        }
        let parts = of_one_whole(parts)?;
        match parts.first_key_value() {
            Some((_, Part { whole: Whole::Validation, .. })) => {
                Ok(Self::Validation(Box::new(ValidationParts::read(&parts)?)))
            }
            _ => Ok(Self::Batch(BatchParts::read(&parts)?)),
        }
    }
}

const GIVE: &str =
    "give the directories that `gainswarm batch --shard` or `gainswarm validate --shard` has written";

/// The parts in a directory; one at least.
fn parts_in(directory: &Path) -> Result<Vec<Part>, Error> {
    let refuse = |problem: &str, remedy: String| Error::Refused {
        path: directory.into(),
        problem: problem.into(),
        remedy,
    };
    if !directory.exists() {
        return Err(refuse("is not there", GIVE.into()));
    }
    let entries = std::fs::read_dir(directory)
        .map_err(|error| refuse(&format!("cannot be read: {error}"), GIVE.into()))?;
    let mut below = Vec::new();
    let mut parts = Vec::new();
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        for whole in Whole::ALL {
            if let Some(shard) = name.to_str().and_then(|name| whole.shard(name)) {
                parts.push(Part { whole, shard, directory: directory.into(), path: path.clone() });
            }
        }
        below.push(path);
    }
    if parts.is_empty() {
        let has_parts = |path: &PathBuf| path.is_dir() && parts_in(path).is_ok();
        let remedy = if below.iter().any(has_parts) {
            format!("the directories in it do: give {}/*", pasted(directory))
        } else {
            GIVE.into()
        };
        return Err(refuse("holds no shard of a batch or of a validation", remedy));
    }
    Ok(parts)
}

/// The parts by their number, when they can be parts of one whole.
fn of_one_whole(mut parts: Vec<Part>) -> Result<BTreeMap<Shard, Part>, Error> {
    parts.sort_by(|a, b| (a.shard, &a.path).cmp(&(b.shard, &b.path)));
    let mut one: BTreeMap<Shard, Part> = BTreeMap::new();
    for part in parts {
        if let Some(first) = one.values().next() {
            let path = first.path.display();
            if first.whole != part.whole {
                let names = [first.whole, part.whole].map(Whole::command).join(" and ");
                let remedy = "merge them one after the other, from directories of their own";
                return Err(part.refuse(format!("stands beside {path}: shards of {names}"), remedy));
            }
            if first.shard.of() != part.shard.of() {
                let [here, there] = [part.shard.of(), first.shard.of()];
                let problem =
                    format!("is of {here} shards, and {path} of {there}: they are not of one whole");
                let remedy = "remove those that are not meant, or leave their directory out; all shards have the same N in --shard I/N";
                return Err(part.refuse(problem, remedy));
            }
        }
        if let Some(twin) = one.get(&part.shard) {
            let problem = format!("is shard {} once more: {} is the same", part.shard, twin.path.display());
            return Err(part.refuse(problem, "give one of their directories, or remove one of the files"));
        }
        one.insert(part.shard, part);
    }
    Ok(one)
}

/// Refuses to write a part where those of another number of parts are: a rest of before, or a job array that was started for a few of its
/// tasks and counted them as all.
fn refuse_other_numbers(directory: &Path, whole: Whole, shard: Shard) -> Result<(), Error> {
    let found = parts_in(directory).unwrap_or_default();
    let other = found.iter().find(|part| part.whole == whole && part.shard.of() != shard.of());
    other.map_or(Ok(()), |other| {
        let problem =
            format!("is shard {}, and this would be {shard} of another number of shards", other.shard);
        let remedy = format!(
            "give --shard I/{}, remove the shards of before, or give another --output",
            other.shard.of()
        );
        Err(other.refuse(problem, remedy))
    })
}

/// What is missing of a whole, a line a shard, and the commands that make it.
fn incomplete(directory: &Path, what: &str, lines: &[String], commands: &[String]) -> Error {
    Error::Refused {
        path: directory.into(),
        problem: format!("does not hold the whole {what}:\n    {}", lines.join("\n    ")),
        remedy: format!(
            "run what is missing again (what is complete is not run again), and merge then:\n    {}",
            commands.join("\n    ")
        ),
    }
}

/// Where a missing part is to be written: the directory of all others, if they are in one.
fn place_of_missing(parts: &BTreeMap<Shard, Part>) -> String {
    let mut places = parts.values().map(|part| &part.directory);
    let first = places.next();
    first.filter(|first| places.all(|place| place == *first)).map_or("DIR".into(), |one| pasted(one))
}

/// The first of many names, and how many more there are.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
