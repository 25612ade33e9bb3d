//! The native half of the Python package `gainswarm`: studies and searches of the crate as Python objects. The half that users see is Python
//! (`python/gainswarm/`); nothing here is public there.
//!
//! Whatever takes long runs without the interpreter's lock, on a thread of its own, while the thread that called looks for signals and calls
//! back ([`conduct`]).

#![allow(clippy::needless_pass_by_value, reason = "what Python gives to a function is taken by value")]

use gainswarm::config;
use gainswarm::memory::Meter;
use pyo3::prelude::*;

mod advice;
mod alone;
mod conduct;
mod convert;
mod errors;
mod machine;
mod models;
mod search;
mod study;
mod trying;
mod tuning;

#[global_allocator]
static METER: Meter = Meter;

#[pymodule]
fn _gainswarm(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<study::Study>()?;
    module.add_class::<tuning::Tuning>()?;
    module.add_class::<search::Search>()?;
    for (name, most) in [
        ("PARTICLES_MAX", config::PARTICLES_MAX),
        ("GENERATIONS_MAX", config::GENERATIONS_MAX),
        ("EVALUATIONS_MAX", config::EVALUATIONS_MAX),
        ("STEPS_MAX", config::STEPS_MAX),
    ] {
        module.add(name, most)?;
    }
    for function in [
        wrap_pyfunction!(models::models, module)?,
        wrap_pyfunction!(models::starting_point, module)?,
        wrap_pyfunction!(models::parse_toml, module)?,
        wrap_pyfunction!(models::load_batch, module)?,
        wrap_pyfunction!(models::write_batch, module)?,
        wrap_pyfunction!(models::write_report, module)?,
        wrap_pyfunction!(models::live_bytes, module)?,
        wrap_pyfunction!(advice::rules, module)?,
        wrap_pyfunction!(advice::sensitivity, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}
