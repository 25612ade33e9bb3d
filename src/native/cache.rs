//! Compiled steps in the user's cache directory: a file each, named by what it was made of and by what it holds, so that one that was
//! damaged is known by its name.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// Files that stay; the oldest go first. One is some 50 KiB.
const ENTRIES_MAX: usize = 64;

/// What a compilation that was killed has left is removed after this time.
const ABANDONED: Duration = Duration::from_hours(24);

/// Begins the names of what is being made.
const MAKING: &str = "making-";

/// Where compiled steps stay when nobody says otherwise; `None` where the user has no such place.
#[must_use]
pub(super) fn usual_place() -> Option<PathBuf> {
    let directory = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let found = if cfg!(target_os = "windows") {
        directory("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        directory("HOME").map(|home| home.join("Library/Caches"))
    } else {
        directory("XDG_CACHE_HOME").or_else(|| Some(directory("HOME")?.join(".cache")))
    };
    found.map(|found| found.join("gainswarm"))
}

/// A digest as text: 32 digits to the base 16.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut all = Sha256::new();
    for part in parts {
        all.update((part.len() as u64).to_le_bytes());
        all.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&all.finalize()[..16]);
    format!("{:032x}", u128::from_be_bytes(half))
}

/// A directory of compiled steps.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// The cache in a directory, which is made where there is none; nobody else may be able to write into it.
    pub(super) fn open(directory: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", directory.display());
        create(directory).map_err(told)?;
        refuse_others(directory)?;
        Ok(Self { directory: directory.into() })
    }

    /// A directory in it to compile in, gone with what it holds.
    pub(super) fn room(&self) -> Result<tempfile::TempDir, String> {
        let room = tempfile::Builder::new().prefix(MAKING).tempdir_in(&self.directory);
        room.map_err(|error| format!("{}: {error}", self.directory.display()))
    }

    /// The library with this key; an error when it does not hold what its name says, and then it is removed.
    pub(super) fn find(&self, key: &str) -> Result<Option<PathBuf>, String> {
        let Ok(names) = fs::read_dir(&self.directory) else { return Ok(None) };
        let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let Some(name) = names.into_iter().find(|name| name.starts_with(key)) else { return Ok(None) };
        let path = self.directory.join(&name);
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if name == file_name(key, &bytes) {
            return Ok(Some(path));
        }
        remove(&path);
        Err(format!("{} was damaged and is removed", path.display()))
    }

    /// Keeps a library that was made.
    pub(super) fn keep(&self, key: &str, made: &Path) -> Result<PathBuf, String> {
        let told = |error: std::io::Error| format!("{}: {error}", self.directory.display());
        let bytes =
            fs::read(made).map_err(|error| format!("the compiler has written no library: {error}"))?;
        let mut file = tempfile::Builder::new().prefix(MAKING).tempfile_in(&self.directory).map_err(told)?;
        file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(told)?;
        let path = self.directory.join(file_name(key, &bytes));
        file.persist(&path).map_err(|error| told(error.error))?;
        self.prune();
        Ok(path)
    }

    /// Removes what is too much and what was left behind; what cannot be removed stays.
    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let mut libraries: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in entries.filter_map(Result::ok) {
            let Ok(modified) = entry.metadata().and_then(|found| found.modified()) else { continue };
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(MAKING) {
                if modified.elapsed().is_ok_and(|age| age > ABANDONED) {
                    let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
                }
            } else if name.to_string_lossy().ends_with(std::env::consts::DLL_SUFFIX) {
                libraries.push((modified, entry.path()));
            }
        }
        libraries.sort();
        let excess = libraries.len().saturating_sub(ENTRIES_MAX);
        libraries.iter().take(excess).for_each(|(_, path)| remove(path));
    }
}

/// Removes a library that is of no use; one that stays is found again, and told of again.
pub(super) fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

/// The name of a library that holds these bytes.
fn file_name(key: &str, bytes: &[u8]) -> String {
    format!("{key}-{}{}", digest(&[bytes]), std::env::consts::DLL_SUFFIX)
}

#[cfg(unix)]
fn create(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn create(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}

/// Refuses a directory into which others may write: what is in it is run.
#[cfg(unix)]
fn refuse_others(directory: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let told = |error: std::io::Error| format!("{}: {error}", directory.display());
    let found = File::open(directory).and_then(|file| file.metadata()).map_err(told)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("{} belongs to another user", directory.display()));
    }
    if found.mode() & 0o022 != 0 {
        return Err(format!(
            "others may write into {}: take that away from them (chmod go-w)",
            directory.display()
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_others(_directory: &Path) -> Result<(), String> {
    Ok(())
}
