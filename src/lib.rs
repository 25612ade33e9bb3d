//! draft

mod registry;
pub mod controllers;
pub mod costs;
pub mod error;
pub mod integrators;
pub mod parameter;
pub mod plants;
pub mod simulation;
pub use error::Error;
