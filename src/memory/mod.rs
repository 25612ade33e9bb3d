//! Memory: counted, so that every claim about it is a measurement.

pub mod meter;

pub use meter::{Meter, Reading};
