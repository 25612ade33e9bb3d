//! Files that are replaced as a whole: written beside their place, flushed, synced and renamed.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::Error;

/// How the names of temporary files begin and end; the number of the process stands between.
const PREFIX: &str = ".gainswarm-";
const SUFFIX: &str = ".tmp";

/// Whether a file is one that is being written, or that a killed process has left.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Whether a file was left by a process that no longer runs. False where processes cannot be looked up.
pub(super) fn is_abandoned(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    let owner = rest.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
    let processes = Path::new("/proc");
    owner.is_some_and(|owner| processes.join("self").exists() && !processes.join(owner.to_string()).exists())
}

/// What to do when the system refuses to write.
fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room there, or choose another place with --output"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "choose another place with --output, or get the permission to write there"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "choose another place with --output: a part of this path is a file"
        }
        ErrorKind::IsADirectory => "give the path of a file with --output, not that of a directory",
        _ => "choose another place with --output",
    }
}

/// Replaces a file by what `write` puts into it; on an error the old file stays. A directory that is missing is made, a symbolic
/// link is followed, a device or pipe is written to directly.
///
/// # Errors
///
/// When it cannot be written.
pub fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => write_through(path, write).map_err(refusal(path)),
        Ok(_) => Staged::new(path, write)?.publish(),
        Err(_) => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            directory.map_or(Ok(()), std::fs::create_dir_all).map_err(refusal(path))?;
            Staged::new(path, write)?.publish()
        }
    }
}

/// A file that is written and synced, but not yet in its place; it is removed when dropped.
pub(super) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    pub(super) fn new(
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self, Error> {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
        let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
        let stage = || {
            let file = temporary(parent.unwrap_or(Path::new(".")))?;
            let mut writer = BufWriter::new(file.as_file());
            write(&mut writer)?;
            writer.flush()?;
            drop(writer);
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = stage().map_err(refusal(path))?;
        Ok(Self { file, path: place })
    }

    /// Puts the file into its place.
    pub(super) fn publish(self) -> Result<(), Error> {
        let refusal = refusal(&self.path);
        self.file.persist(&self.path).map(drop).map_err(|error| refusal(error.error))
    }
}

pub(super) fn refusal(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    |reason| Error::Write { path, remedy: remedy(reason.kind()), reason }
}

fn write_through(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(OpenOptions::new().write(true).open(path)?);
    write(&mut writer)?;
    writer.flush()
}

/// A temporary file with the permissions of an ordinary one. Errors do not name it, since the user does not know it.
pub(super) fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let mut refused = None;
    let make = |path: &Path| {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        file.inspect_err(|error| refused = error.raw_os_error())
    };
    let file = Builder::new().prefix(&prefix).suffix(SUFFIX).make_in(directory, make);
    file.map_err(|error| refused.map_or(error, io::Error::from_raw_os_error))
}
