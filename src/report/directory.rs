//! The directory of a run: whose it is, and that nobody else writes there at the same time.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::checkpoint::{self, difference, strip, tuned_on};
use super::file::{is_abandoned, refusal, temporary};
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

/// A directory that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct Held(#[allow(dead_code, reason = "the lock is released with the file")] Option<File>);

/// Prepares a directory and keeps other processes of this program out of it.
///
/// What a process that was killed has left half-written is removed.
///
/// # Errors
///
/// As [`prepare_directory`], and when another process has it.
pub fn hold(directory: &Path) -> Result<Held, Error> {
    prepare_directory(directory)?;
    // Where directories cannot be locked, nobody is kept out.
    let lock = File::open(directory).ok();
    if let Some(Err(std::fs::TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock) {
        return Err(Error::Refused {
            path: directory.into(),
            problem: "is in use: another gainswarm writes its results there".into(),
            remedy: "wait until it is done, or give another --output".into(),
        });
    }
    for entry in std::fs::read_dir(directory).map_err(refusal(directory))?.flatten() {
        if entry.file_name().to_str().is_some_and(is_abandoned) {
            // It is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(Held(lock))
}

/// Refuses to lay the tables of several studies over the results of one.
///
/// # Errors
///
/// When the directory is that of a tuning.
pub fn refuse_tuning(directory: &Path) -> Result<(), Error> {
    let found = ["manifest.json", checkpoint::NAME]
        .map(|name| directory.join(name))
        .into_iter()
        .find(|path| path.exists());
    found.map_or(Ok(()), |path| {
        Err(Error::Refused {
            path,
            problem: "belongs to the tuning of one study, and this would be the directory of several".into(),
            remedy: "give another --output to keep those results".into(),
        })
    })
}

/// Refuses a directory that holds the results of another config.
///
/// # Errors
///
/// When its `manifest.json` is of another config or none of ours, or missing beside gains.
pub fn refuse_foreign(directory: &Path, config: &Config) -> Result<(), Error> {
    let path = directory.join("manifest.json");
    let problem = if path.exists() {
        let there: Option<Value> =
            read_bounded(&path, MANIFEST_SIZE_MAX).ok().and_then(|text| serde_json::from_slice(&text).ok());
        match there.and_then(|mut manifest| manifest.get_mut("config").map(Value::take)) {
            None => "is not a manifest of gainswarm".into(),
            Some(mut there) => {
                strip(&mut there);
                match difference(&there, &tuned_on(config), "") {
                    None => return Ok(()),
                    Some(problem) => format!("belongs to the results of another config: {problem}"),
                }
            }
        }
    } else if directory.join("gains.csv").exists() {
        "is missing, so that nobody knows where the gains beside it come from".into()
    } else {
        return Ok(());
    };
    let remedy = "give another --output to keep those results, or --force to replace them".into();
    Err(Error::Refused { path, problem, remedy })
}
