//! Memory: counted, so that it can be measured, and reserved so that a failed allocation is an error and not an abort.

use crate::Error;

mod growth;
pub mod meter;
mod trace;

pub(crate) use growth::{Rising, growth};
pub use meter::{Meter, OwnReading, Reading};
pub(crate) use trace::{HotGeneration, HotPath, told, wanted};

/// Bytes that are allocated now over all threads; 0 without a meter. Signed, since it is used in differences.
pub(crate) fn live_bytes() -> i64 {
    Reading::now().map_or(0, |reading| reading.live_bytes.cast_signed())
}

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
