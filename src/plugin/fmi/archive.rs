//! An FMU as a file: a zip archive, taken apart into a directory of its own.
//!
//! Nothing is written outside that directory, nothing but files, and no more than a bound: names that climb out of it, links and archives
//! that unpack to more than they should are refused.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use tempfile::TempDir;
use zip::ZipArchive;

use crate::plugin::Refused;

/// Most files of an FMU, and bytes of all of them together.
const FILES_MAX: usize = 10_000;
const BYTES_MAX: u64 = 1 << 28;

const DESCRIPTION: &str = "modelDescription.xml";
/// Most bytes of the description.
const TEXT_MAX: u64 = 1 << 24;

/// An FMU whose files lie in a directory, which is deleted with this.
pub(super) struct Unpacked {
    pub(super) directory: TempDir,
    pub(super) description: String,
}

/// The parts of an FMU that are needed: its description, the binaries of this platform, and resources.
pub(super) fn unpack(bytes: &[u8], binaries: &str) -> Result<Unpacked, Refused> {
    let no_zip = |error: String| {
        Refused::new(format!("is no FMU: {error}"), "an FMU is a zip archive; export it anew")
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| no_zip(error.to_string()))?;
    if archive.len() > FILES_MAX {
        let problem = format!("has {} files", archive.len());
        return Err(Refused::new(problem, format!("allowed: at most {FILES_MAX}")));
    }
    let failed = |error: std::io::Error| {
        Refused::new(format!("cannot be unpacked: {error}"), "see the system's directory for temporary files")
    };
    let directory = tempfile::Builder::new().prefix("gainswarm-fmu-").tempdir().map_err(failed)?;
    let mut description = None;
    let mut left = BYTES_MAX;
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).map_err(|error| no_zip(error.to_string()))?;
        let written = file.name().map_err(|error| no_zip(error.to_string()))?.into_owned();
        let shown = written.escape_debug();
        let Some(name) = file.enclosed_name().filter(|_| !written.contains('\\')) else {
            return Err(Refused::new(
                format!("has a file that would be written outside its directory: \"{shown}\""),
                "do not trust it; an FMU of a tool has no such names",
            ));
        };
        if file.is_symlink() {
            let problem = format!("has a link among its files: \"{shown}\"");
            return Err(Refused::new(problem, "an FMU has files and directories alone"));
        }
        let is_description = name == Path::new(DESCRIPTION);
        if file.is_dir() || !(is_description || name.starts_with(binaries) || name.starts_with("resources")) {
            continue;
        }
        let most = if is_description { left.min(TEXT_MAX) } else { left };
        let mut content = Vec::new();
        // What the archive says of its size is not believed.
        file.by_ref().take(most + 1).read_to_end(&mut content).map_err(|error| {
            Refused::new(format!("is broken: \"{shown}\": {error}"), "export it anew, or fetch it again")
        })?;
        let size = content.len() as u64;
        if size > most {
            let problem = format!("unpacks to too much: \"{shown}\" goes beyond {} MiB", most >> 20);
            let allowed = format!(
                "allowed: {} MiB together, of them {} MiB of {DESCRIPTION}",
                BYTES_MAX >> 20,
                TEXT_MAX >> 20
            );
            return Err(Refused::new(problem, allowed));
        }
        left -= size;
        if is_description {
            let text = String::from_utf8(content)
                .map_err(|_| Refused::new(format!("its {DESCRIPTION} is no UTF-8"), "write it as UTF-8"))?;
            description = Some(text);
            continue;
        }
        let path = directory.path().join(name);
        let written =
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        written.map_err(failed)?;
    }
    let missing = || {
        let problem = format!("is no FMU: the archive has no {DESCRIPTION}");
        Refused::new(problem, "it stands at the top of the archive, not in a directory of it")
    };
    Ok(Unpacked { directory, description: description.ok_or_else(missing)? })
}
