//! FMUs for co-simulation as plants (FMI 2.0.5, Functional Mock-up Interface for Model Exchange and Co-Simulation, fmi-standard.org).
//!
//! ```text
//! archive.rs     a file → its description, and a directory with the rest
//! described.rs   the description → what it has, by names of this program
//! unit.rs        the functions of its binary                     the one place of it with `unsafe`
//! trial.rs       does it do the same again, and beside others?
//! pool.rs        instances, one a lane
//! ```
//!
//! An FMU integrates itself and keeps its state to itself. To the rest of the program it is a plant without states that move, whose memory is
//! a number that names the state of an instance: what it has been told since it began. `update` finds the instance of that name, lets it do
//! a step, and gives the name of what it has come to. So the same numbers give the same bits, whichever thread and lane they are in.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::{Description, Places, Refused, Which, image};

mod archive;
mod described;
mod pool;
mod trial;
mod unit;

use described::Described;
use unit::Binary;

/// What a user may do whose FMU does not do what it should.
const TO_DOCS: &str = "see docs/fmi.md";

/// What instances are made of.
struct Parts {
    binary: Arc<Binary>,
    of: Described,
    /// Whether an instance that is set back is as good as a new one.
    resets: bool,
    /// What a step of a simulation has failed with first.
    failure: OnceLock<String>,
    // After the binary: a library and its resources lie in it.
    _directory: tempfile::TempDir,
}

/// An FMU that has been loaded and tried.
pub(super) struct Unit {
    parts: Arc<Parts>,
}

impl Unit {
    /// The FMU of a file's bytes, and how long a step takes, in s. Of more parameters than there can be, those are taken that are `named`.
    pub(super) fn load(bytes: &[u8], named: &dyn Fn(&str) -> bool) -> Result<(Self, f64), Refused> {
        let platform = platform()?;
        let binaries = format!("binaries/{platform}");
        let archive::Unpacked { directory, description } = archive::unpack(bytes, &binaries)?;
        let of = described::read(&description, named)?;
        let path = directory.path().join(&binaries).join(&of.identifier);
        let path = path.with_extension(std::env::consts::DLL_EXTENSION);
        let file = format!("{binaries}/{}.{}", of.identifier, std::env::consts::DLL_EXTENSION);
        let Ok(binary) = crate::text::read_bounded(&path, super::SIZE_MAX) else {
            let problem = format!("has no binary for this platform: there is no {file} in it");
            return Err(Refused::new(
                problem,
                "export it for this platform, or with its sources and compile these",
            ));
        };
        image::check(&binary).map_err(|problem| Refused::new(format!("its {file} {problem}"), TO_DOCS))?;
        let resources = address(&directory.path().join("resources"));
        let (parts, seconds) = trial::load(path, resources, of, directory)?;
        Ok((Self { parts: parts.into() }, seconds))
    }

    pub(super) fn description(&self) -> &Description {
        &self.parts.of.description
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.parts.failure.get().map(String::as_str)
    }

    /// Calls a function on columns of a block, each `vectors` of its vectors.
    pub(super) fn call<V: Copy>(&self, which: Which, block: &mut [V], vectors: usize, places: &Places) {
        let lanes = vectors * size_of::<V>() / size_of::<f64>();
        let (reads, all) = (places.reads(), places.all());
        let columns =
            pool::Columns { numbers: unit::numbers(block), lanes, of: &all[..reads], out: &all[reads..] };
        pool::call(&self.parts, which, columns);
    }
}

/// The directory of an FMU for this platform.
pub(crate) fn platform() -> Result<&'static str, Refused> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux64"),
        ("windows", "x86_64") => Ok("win64"),
        ("macos", "x86_64" | "aarch64") => Ok("darwin64"),
        (system, processor) => Err(Refused::new(
            format!("cannot be used on {system} with {processor}: FMI 2.0 has no binaries for it"),
            "use a machine with an x86_64 processor",
        )),
    }
}

/// A path as an address of the kind `file:`.
fn address(path: &Path) -> String {
    let part = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b':' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    let parts: String = path.to_string_lossy().replace('\\', "/").bytes().map(part).collect();
    // A drive stands behind a third slash.
    format!("file://{}{parts}", if parts.starts_with('/') { "" } else { "/" })
}
