//! Memory: counted, so that every claim about it is a measurement, and reserved so that a refusal is an error.

use crate::Error;

pub mod meter;

pub use meter::{Meter, OwnReading, Reading};

/// `count` copies of `value`, or an error when the machine refuses the memory.
pub(crate) fn filled<T: Clone>(what: &'static str, count: usize, value: T) -> Result<Box<[T]>, Error> {
    let mut values = empty(what, count)?;
    values.resize(count, value);
    Ok(values.into_boxed_slice())
}

/// An empty vector with room for `count` values, or an error when the machine refuses the memory.
pub(crate) fn empty<T>(what: &'static str, count: usize) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(count)
        .map_err(|_| Error::Memory { what, bytes: count.saturating_mul(size_of::<T>()) })?;
    Ok(values)
}
