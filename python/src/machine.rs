//! How a run uses the machine.

use gainswarm::Member;
use gainswarm::engine::Resources;
use gainswarm::simulation::SimdLevel;
use pyo3::prelude::*;

use crate::errors::refused;

/// Threads and SIMD level by their names; what is not given is all that there is.
pub(crate) fn resources(py: Python<'_>, threads: Option<usize>, simd: Option<&str>) -> PyResult<Resources> {
    let usual = Resources::default();
    Ok(Resources { threads: threads.unwrap_or(usual.threads), level: level(py, simd)? })
}

/// A SIMD level by its name; the widest that there is without one.
pub(crate) fn level(py: Python<'_>, simd: Option<&str>) -> PyResult<SimdLevel> {
    let Some(wanted) = simd.filter(|wanted| *wanted != "auto") else { return Ok(SimdLevel::widest()) };
    SimdLevel::available().find(|level| level.name() == wanted).ok_or_else(|| {
        let names: Vec<&str> = SimdLevel::available().map(Member::name).collect();
        let found = format!("simd=\"{}\" is not available on this processor", wanted.escape_debug());
        refused(py, found, format!("allowed here: auto, {}", names.join(", ")))
    })
}
