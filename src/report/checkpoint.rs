//! `checkpoint.bin`: the state of a run, so that it can be resumed after an interruption.
//!
//! ```text
//! magic     16 bytes   "gainswarm state\n"
//! version    8 bytes   of this form, little-endian as all numbers
//! published  8 bytes   1 once the results of the run are written beside it, otherwise 0
//! identity   8 bytes its length, then the program's version and the resolved config as JSON
//! state      8 bytes its length, then the state, see [`crate::archive`]
//! crc32      4 bytes   (IEEE) of all before
//! ```

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use super::file::Staged;
use crate::Error;
use crate::config::Config;

/// The file's name in the directory of a run.
pub const NAME: &str = "checkpoint.bin";

const MAGIC: &[u8; 16] = b"gainswarm state\n";
const VERSION: u64 = 5;
/// Magic, version, whether the results are written, and the length of the identity.
const HEAD: usize = MAGIC.len() + 24;

/// What a checkpoint holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The run.
    pub state: Vec<u8>,
    /// Whether its results are written, and under the same rules that end the search.
    pub published: bool,
}

/// What a checkpoint belongs to.
fn identity(config: &Value) -> Value {
    json!({ "program": env!("CARGO_PKG_VERSION"), "config": config })
}

/// The part of a config that a tuning depends on: not its name, nor what gains are validated on.
pub(super) fn tuned_on(config: &Config) -> Value {
    let mut value = serde_json::to_value(config).unwrap_or_default();
    strip(&mut value);
    value
}

/// Takes what a tuning does not depend on out of a resolved config.
pub(super) fn strip(config: &mut Value) {
    if let Value::Object(map) = config {
        map.remove("study");
        map.remove("validation");
        map.remove("memory_limit");
        if let Some(Value::Object(simulation)) = map.get_mut("simulation") {
            simulation.shift_remove("backend");
        }
    }
}

/// Writes the checkpoint of a run; the one before stays until this is on the disk.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write(directory: &Path, config: &Config, state: &[u8], published: bool) -> Result<(), Error> {
    write_file(&directory.join(NAME), &tuned_on(config), state, published)
}

/// The same into any file, for a search of which `config` says all.
///
/// # Errors
///
/// As [`write()`].
pub fn write_file(path: &Path, config: &Value, state: &[u8], published: bool) -> Result<(), Error> {
    let identity = identity(config).to_string();
    let mut bytes = Vec::with_capacity(HEAD + identity.len() + state.len() + 12);
    bytes.extend_from_slice(MAGIC);
    for number in [VERSION, published.into(), identity.len() as u64] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(identity.as_bytes());
    bytes.extend_from_slice(&(state.len() as u64).to_le_bytes());
    bytes.extend_from_slice(state);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    Staged::new(path, |file| file.write_all(&bytes))?.publish()
}

/// What the checkpoint of a run holds; `None` where there is none. The stopping rules may differ from this config's: a run may
/// be continued beyond its first limits.
///
/// # Errors
///
/// When it cannot be read, is damaged or of another form, or belongs to another config or program.
pub fn read(directory: &Path, config: &Config) -> Result<Option<Saved>, Error> {
    read_file(&directory.join(NAME), &tuned_on(config))
}

/// The same of any file, for a search of which `config` says all.
///
/// # Errors
///
/// As [`read`].
pub fn read_file(path: &Path, config: &Value) -> Result<Option<Saved>, Error> {
    match find(path, config)? {
        Some((_, Some(problem))) => Err(Error::Refused {
            path: path.into(),
            problem: format!("is of another run: {problem}"),
            remedy:
                "resume it with its own config and program, give another --output, or --force to start anew"
                    .into(),
        }),
        found => Ok(found.map(|(saved, _)| saved)),
    }
}

/// What a checkpoint holds, and how its config or program differs from this one, if it does.
pub(super) fn find(path: &Path, config: &Value) -> Result<Option<(Saved, Option<String>)>, Error> {
    let refuse = |problem: String, remedy: &str| {
        Err(Error::Refused { path: path.into(), problem, remedy: remedy.into() })
    };
    let bytes = match load(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(problem) => return refuse(problem, "give another --output, or --force to start anew"),
    };
    let (mut there, published, state) = match parts(&bytes) {
        Ok(parts) => parts,
        Err(problem) => {
            return refuse(
                problem.into(),
                "nothing in it can be trusted: --force starts anew and replaces it",
            );
        }
    };
    let mut here = identity(config);
    let same_end = stopping(&mut there) == stopping(&mut here);
    let saved = Saved { state: state.to_vec(), published: published && same_end };
    Ok(Some((saved, difference(&there, &here, ""))))
}

/// What a file says that it belongs to, with `program` and `config`, and its state; or what is wrong with it.
pub(super) fn opened(path: &Path) -> Result<(Value, Vec<u8>), String> {
    let bytes = load(path)?.ok_or("is not there")?;
    let (identity, _, state) = parts(&bytes)?;
    Ok((identity, state.to_vec()))
}

/// Takes the rules that end the search out of what a checkpoint belongs to.
fn stopping(identity: &mut Value) -> Option<Value> {
    identity.pointer_mut("/config/swarm")?.as_object_mut()?.shift_remove("stopping")
}

/// The bytes of a checkpoint; of a file that is none only the head is read. `None` where there is no file.
fn load(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(error)),
        // Opening a pipe would block.
        Ok(found) if !found.is_file() => return Err("is no file".into()),
        Ok(_) => {}
    }
    let mut file = File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    (&mut file).take(MAGIC.len() as u64).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes == MAGIC {
        file.read_to_end(&mut bytes).map_err(cannot)?;
    }
    Ok(Some(bytes))
}

/// Identity and state of a checkpoint, or what is wrong with it.
fn parts(bytes: &[u8]) -> Result<(Value, bool, &[u8]), &'static str> {
    const SHORT: &str = "is damaged: it ends too early";
    let number = |bytes: &[u8]| bytes.first_chunk().map(|word| u64::from_le_bytes(*word)).ok_or(SHORT);
    let rest = bytes.strip_prefix(MAGIC).ok_or(if MAGIC.starts_with(bytes) {
        SHORT
    } else {
        "is no checkpoint of gainswarm"
    })?;
    if number(rest)? != VERSION {
        return Err("is a checkpoint of another form than this program's, or damaged");
    }
    let published = number(rest.get(8..).ok_or(SHORT)?)?;
    let (body, crc) = bytes.split_last_chunk().ok_or(SHORT)?;
    let (identity, rest) = counted(body.get(MAGIC.len() + 16..).ok_or(SHORT)?).ok_or(SHORT)?;
    let (state, rest) = counted(rest).ok_or(SHORT)?;
    if !rest.is_empty() {
        return Err("is damaged: it is longer than it should be");
    }
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        return Err("is damaged: its checksum does not fit");
    }
    let identity =
        serde_json::from_slice(identity).map_err(|_| "is damaged: it does not say what it belongs to")?;
    Ok((identity, published == 1, state))
}

/// Bytes that are preceded by their number, and what follows them.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// The first key in which two configs differ, and how.
pub(super) fn difference(there: &Value, here: &Value, path: &str) -> Option<String> {
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let missing = |key: &&String| !b.contains_key(*key);
            let stray =
                a.keys().find(missing).map(|key| format!("it has {}, which is not set here", below(key)));
            stray.or_else(|| {
                b.iter().find_map(|(key, value)| {
                    difference(a.get(key).unwrap_or(&Value::Null), value, &below(key))
                })
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut pairs = a.iter().zip(b).enumerate();
            let within =
                pairs.find_map(|(index, (a, b))| difference(a, b, &format!("{path}[{}]", index + 1)));
            let length = || format!("{path} has {} entries there and {} here", a.len(), b.len());
            within.or_else(|| (a.len() != b.len()).then(length))
        }
        _ if there == here => None,
        _ => Some(format!("{path} is {} there and {} here", short(there), short(here))),
    }
}

/// A value as it stands in a message.
fn short(value: &Value) -> String {
    let text = value.to_string();
    let start: String = text.chars().take(60).collect();
    if start.len() < text.len() { start + "…" } else { start }
}
