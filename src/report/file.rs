//! Files that are replaced as a whole: written beside their place, flushed, synced and renamed.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::Error;

const REMEDY: &str = "choose another place with --output, or make room there";

/// Makes sure that results can be written into `directory` before anything long is computed.
///
/// # Errors
///
/// When it is not there and cannot be made, or no file can be made in it.
pub fn prepare_directory(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory)
        .and_then(|()| temporary(directory))
        .map(drop)
        .map_err(|reason| Error::Write { path: directory.into(), reason, remedy: REMEDY })
}

/// Replaces a file by what `write` puts into it; on an error the old file stays.
///
/// A device or pipe is written to directly.
///
/// # Errors
///
/// When it cannot be written.
pub fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let regular = std::fs::metadata(path).map_or(true, |metadata| metadata.is_file());
    let result = if regular { replace_file(path, write) } else { write_through(path, write) };
    result.map_err(|reason| Error::Write { path: path.into(), reason, remedy: REMEDY })
}

fn replace_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut writer = BufWriter::new(temporary(parent)?);
    write(&mut writer)?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn write_through(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(std::fs::OpenOptions::new().write(true).open(path)?);
    write(&mut writer)?;
    writer.flush()
}

/// A temporary file that gets the permissions of an ordinary one.
fn temporary(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".gainswarm-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}
