//! The directory of a run: which study it belongs to, and a lock that keeps other processes from writing there.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::checkpoint::{self, difference, strip, tuned_on};
use super::file::{is_abandoned, refusal, temporary};
use super::results::Results;
use super::validation::validated_on;
use crate::Error;
use crate::config::{Config, MANIFEST_SIZE_MAX, read_bounded};

/// Makes sure that results can be written into `directory` before anything long is computed.
///
/// # Errors
///
/// When it is not there and cannot be made, or no file can be made in it.
pub fn prepare_directory(directory: &Path) -> Result<(), Error> {
    if directory.exists() && !directory.is_dir() {
        return Err(Error::Refused {
            path: directory.into(),
            problem: "is not a directory".into(),
            remedy: "give another place for the results".into(),
        });
    }
    std::fs::create_dir_all(directory)
        .and_then(|()| temporary(directory)?.as_file().write_all(b"room"))
        .map_err(refusal(directory))
}

/// An empty file in a directory, by which other processes can tell whether they see the same one; gone when dropped.
///
/// # Errors
///
/// When it cannot be made.
pub fn sign(directory: &Path) -> Result<tempfile::TempPath, Error> {
    temporary(directory).map(tempfile::NamedTempFile::into_temp_path).map_err(refusal(directory))
}

/// A directory that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct Held(#[allow(dead_code, reason = "the lock is released with the file")] Option<File>);

/// Prepares a directory and keeps other processes of this program out of it.
///
/// Removes unfinished files that a killed process has left.
///
/// # Errors
///
/// As [`prepare_directory`], and when another process has it.
pub fn hold(directory: &Path) -> Result<Held, Error> {
    hold_if_free(directory)?.ok_or_else(|| in_use(directory))
}

/// Prepares a directory that several processes of this program write into, each to files of its own, and keeps out those that want it
/// alone.
///
/// # Errors
///
/// As [`hold`].
pub fn hold_shared(directory: &Path) -> Result<Held, Error> {
    prepare_directory(directory)?;
    let lock = File::open(directory).ok();
    if let Some(Err(std::fs::TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock_shared) {
        return Err(in_use(directory));
    }
    // Unfinished files may be those of the others, also of other machines, and stay.
    Ok(Held(lock))
}

fn in_use(directory: &Path) -> Error {
    Error::Refused {
        path: directory.into(),
        problem: "is in use: another gainswarm writes its results there".into(),
        remedy: "wait until it is done, or give another --output".into(),
    }
}

/// As [`hold`]; `None` when another process has it.
///
/// # Errors
///
/// As [`prepare_directory`].
pub fn hold_if_free(directory: &Path) -> Result<Option<Held>, Error> {
    prepare_directory(directory)?;
    // Where directories cannot be locked, other processes are not kept out.
    let lock = File::open(directory).ok();
    if let Some(Err(std::fs::TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock) {
        return Ok(None);
    }
    for entry in std::fs::read_dir(directory).map_err(refusal(directory))?.flatten() {
        if entry.file_name().to_str().is_some_and(is_abandoned) {
            // It does no harm if it stays.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(Some(Held(lock)))
}

/// Which study a directory belongs to, judging by its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Free: it holds no run and no results, or is not there.
    Free,
    /// This study's.
    This,
    /// Another study's: what it holds that shows it.
    Another(String),
}

/// Whose a directory is. One whose checkpoint cannot be read counts as this config's, for [`checkpoint::read`] to say what is wrong.
#[must_use]
pub fn owner(directory: &Path, config: &Config) -> Owner {
    let another = |difference: String| Owner::Another(format!("belongs to another config ({difference})"));
    match checkpoint::find(&directory.join(checkpoint::NAME), &tuned_on(config)) {
        Ok(Some((_, None))) | Err(_) => Owner::This,
        Ok(Some((_, Some(difference)))) => another(difference),
        Ok(None) => match foreign(directory, config) {
            Some(Foreign::Config(difference)) => another(difference),
            Some(Foreign::Unknown(_)) => Owner::Another("holds gains of unknown origin".into()),
            None if file_of_tuning(directory).is_some() => Owner::This,
            None => Owner::Free,
        },
    }
}

/// The directory of a `gains.csv`, when it holds a tuning of the same study, by what gains are validated on: there belongs a validation of
/// them.
#[must_use]
pub fn tuning_of(gains: &Path, config: &Config) -> Option<PathBuf> {
    let directory = gains.parent().filter(|_| gains.ends_with("gains.csv"))?;
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let results = Results::read(directory).ok()?;
    (validated_on(&results.config) == validated_on(config)).then(|| directory.to_path_buf())
}

/// Refuses to lay the tables of several studies over the results of one.
///
/// # Errors
///
/// When the directory is that of a tuning.
pub fn refuse_tuning(directory: &Path) -> Result<(), Error> {
    file_of_tuning(directory).map_or(Ok(()), |path| {
        Err(Error::Refused {
            path,
            problem: "belongs to the tuning of one study, and this would be the directory of several".into(),
            remedy: "give another --output to keep those results".into(),
        })
    })
}

/// A file that shows that a directory is that of a tuning.
#[must_use]
pub fn file_of_tuning(directory: &Path) -> Option<PathBuf> {
    let files = ["manifest.json", checkpoint::NAME].map(|name| directory.join(name));
    files.into_iter().find(|path| path.exists())
}

/// Refuses a directory that holds the results of another config.
///
/// # Errors
///
/// When its `manifest.json` is of another config or none of ours, or missing beside gains.
pub fn refuse_foreign(directory: &Path, config: &Config) -> Result<(), Error> {
    let problem = match foreign(directory, config) {
        None => return Ok(()),
        Some(Foreign::Config(difference)) => {
            format!("belongs to the results of another config: {difference}")
        }
        Some(Foreign::Unknown(problem)) => problem.into(),
    };
    let remedy = "give another --output to keep those results, or --force to replace them".into();
    Err(Error::Refused { path: directory.join("manifest.json"), problem, remedy })
}

/// Why results are not a config's.
enum Foreign {
    /// They are of another, which differs in this.
    Config(String),
    /// Their `manifest.json` does not tell.
    Unknown(&'static str),
}

/// What says of the results in a directory that they are not a config's.
fn foreign(directory: &Path, config: &Config) -> Option<Foreign> {
    let path = directory.join("manifest.json");
    if !path.exists() {
        let missing = "is missing, so that the origin of the gains beside it is unknown";
        return directory.join("gains.csv").exists().then_some(Foreign::Unknown(missing));
    }
    let there: Option<Value> =
        read_bounded(&path, MANIFEST_SIZE_MAX).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let Some(mut there) = there.and_then(|mut manifest| manifest.get_mut("config").map(Value::take)) else {
        return Some(Foreign::Unknown("is not a manifest of gainswarm"));
    };
    strip(&mut there);
    difference(&there, &tuned_on(config), "").map(Foreign::Config)
}
