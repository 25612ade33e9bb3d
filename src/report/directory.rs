//! The directory of a run: whose it is, and that nobody else writes there at the same time.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::checkpoint::difference;
use super::file::{PREFIX, SUFFIX, refusal, temporary};
use crate::Error;
use crate::config::Config;

/// Makes sure that results can be written into `directory` before anything long is computed.
///
/// # Errors
///
/// When it is not there and cannot be made, or no file can be made in it.
pub fn prepare_directory(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory)
        .and_then(|()| temporary(directory)?.write_all(b"room"))
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
        return Err(Error::Checkpoint {
            path: directory.into(),
            problem: "is in use: another gainswarm writes its results there".into(),
            remedy: "wait until it is done, or give another --output".into(),
        });
    }
    for entry in std::fs::read_dir(directory).map_err(refusal(directory))?.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            // It is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(Held(lock))
}

/// Refuses a directory that holds the results of another config.
///
/// # Errors
///
/// When its `manifest.json` is of another config, or none of ours.
pub fn refuse_foreign(directory: &Path, config: &Config) -> Result<(), Error> {
    let path = directory.join("manifest.json");
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(reason) => return Err(refusal(&path)(reason)),
    };
    let there: Option<Value> = serde_json::from_slice(&text).ok();
    let here = serde_json::to_value(config).unwrap_or_default();
    let problem = match there.as_ref().and_then(|manifest| manifest.get("config")) {
        None => "is not a manifest of gainswarm".into(),
        Some(there) => match difference(there, &here, "") {
            None => return Ok(()),
            Some(problem) => format!("belongs to the results of another config: {problem}"),
        },
    };
    let remedy = "give another --output to keep those results, or --force to replace them".into();
    Err(Error::Checkpoint { path, problem, remedy })
}
