//! The native half of the Python package `gainswarm`: studies and searches of the crate as Python objects. The half that users see is Python
//! (`python/gainswarm/`); nothing here is public there.
//!
//! Whatever takes long runs without the interpreter's lock, on a thread of its own, while the thread that called looks for signals and calls
//! back ([`conduct`]).

#![allow(clippy::needless_pass_by_value, reason = "what Python gives to a function is taken by value")]

use gainswarm::memory::Meter;
use pyo3::prelude::*;

mod alone;
mod conduct;
mod convert;
mod errors;
mod study;
mod tuning;

#[global_allocator]
static METER: Meter = Meter;

#[pymodule]
fn _gainswarm(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<study::Study>()?;
    module.add_class::<tuning::Tuning>()
}
