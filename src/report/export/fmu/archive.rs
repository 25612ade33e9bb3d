//! An FMU as a file: a zip archive of description, source, and the library that the system's C compiler makes of it.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Unit, refused};
use crate::Error;
use crate::native::Compiler;
use crate::plugin;

pub(super) fn zipped(unit: &Unit) -> Result<Vec<u8>, Error> {
    let Unit { identifier, description, source } = unit;
    let platform =
        plugin::fmi_platform().map_err(|told| refused(format!("fmu {}", told.problem), told.remedy))?;
    let library = compiled(identifier, source)?;
    let binary = format!("binaries/{platform}/{identifier}.{}", std::env::consts::DLL_EXTENSION);
    let files: [(&str, &[u8]); 3] = [
        ("modelDescription.xml", description.as_bytes()),
        (&format!("sources/{identifier}.c"), source.as_bytes()),
        (&binary, &library),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut write = || -> Result<(), zip::result::ZipError> {
        for (name, content) in files {
            archive.start_file(name, SimpleFileOptions::default())?;
            archive.write_all(content)?;
        }
        Ok(())
    };
    let told = |error: zip::result::ZipError| {
        refused(format!("fmu cannot be written: {error}"), "see how much memory is left")
    };
    write().map_err(told)?;
    Ok(archive.finish().map_err(told)?.into_inner())
}

/// The library of a source.
fn compiled(identifier: &str, source: &str) -> Result<Vec<u8>, Error> {
    let told = |reason: String| {
        refused(
            format!("fmu needs a C compiler: {reason}"),
            "install one (Debian: apt-get install gcc), or name it by CC",
        )
    };
    let compiler = Compiler::usual().map_err(|refusal| told(refusal.to_string()))?;
    let room = tempfile::Builder::new().prefix("gainswarm-fmu-").tempdir();
    let room = room.map_err(|error| told(format!("there is no room to compile in: {error}")))?;
    let [text, library] =
        ["c", std::env::consts::DLL_EXTENSION].map(|ending| format!("{identifier}.{ending}"));
    std::fs::write(room.path().join(&text), source).map_err(|error| told(error.to_string()))?;
    compiler.library(room.path(), &text, &library).map_err(|refusal| told(refusal.to_string()))?;
    std::fs::read(room.path().join(&library)).map_err(|error| told(error.to_string()))
}
