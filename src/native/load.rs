//! Machine code that a compiler made of a step, loaded and called.
//!
//! # Why `unsafe`
//!
//! Loading a library runs its code, and calling a function by its address trusts that address. What makes it sound:
//!
//! - the text is ours, made by `emit.rs` of a checked program: it has no start-up code, calls nothing outside of itself but the C library's
//!   `fma`, and reads and writes nothing but slots of the block that it is given;
//! - what is loaded is what the compiler wrote: a cache entry whose checksum differs is not loaded, nor one in a directory that others
//!   can write into (`cache.rs`);
//! - a function is called only when the numbers beside it say that it has this form: the version of the text, lanes, vectors and slots;
//! - each call checks that the block has at least these slots, aligned as its vectors are;
//! - a function outlives no library: it holds it.

#![allow(unsafe_code, reason = "machine code made while the program runs can be called in no other way")]

use std::path::Path;
use std::sync::Arc;

use libloading::{Library, Symbol};

use super::cache;
use super::emit::{Form, VERSION};

/// `block, steps, active, stopped → steps done`.
type Advance = unsafe extern "C" fn(*mut f64, u64, u64, *mut u64) -> u64;

/// A library of steps.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    library: Arc<Library>,
    path: Arc<Path>,
}

/// A step as machine code.
#[derive(Debug, Clone)]
pub struct Native {
    advance: Advance,
    form: Form,
    /// Slots that it reads and writes.
    slots: usize,
    path: Arc<Path>,
    _library: Arc<Library>,
}

impl Loaded {
    /// The library in a file.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        // SAFETY: the file holds what a compiler made of our text, see above.
        let library = unsafe { Library::new(path) };
        library
            .map(|library| Self { library: Arc::new(library), path: path.into() })
            .map_err(|error| chain(&error))
    }

    /// One of its functions, made for blocks of this form with so many slots.
    pub(super) fn function(&self, name: &str, form: Form, slots: usize) -> Result<Native, String> {
        let told = format!("{name}_form");
        // SAFETY: the text defines it as an array of four numbers that is never written.
        let found: [u64; 4] = unsafe {
            let symbol: Symbol<'_, *const [u64; 4]> =
                self.library.get(told.as_bytes()).map_err(|error| chain(&error))?;
            **symbol
        };
        let expected = [VERSION, form.width as u64, form.vectors as u64, slots as u64];
        if found != expected {
            return Err(format!("is of the form {found:?}, not {expected:?}"));
        }
        // SAFETY: a function of this version has this signature.
        let advance =
            unsafe { *self.library.get::<Advance>(name.as_bytes()).map_err(|error| chain(&error))? };
        Ok(Native { advance, form, slots, path: self.path.clone(), _library: self.library.clone() })
    }
}

impl Native {
    /// The blocks that it is made for.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Removes it from the cache: it is of no use.
    pub fn forget(&self) {
        cache::remove(&self.path);
    }

    /// Advances the `active` lanes of a block, a bit each, by up to `steps` steps, until one of them stops; gives the steps done and the lanes that stop.
    /// What becomes of other lanes is left open.
    ///
    /// `block` is slot after slot, each of the form's vectors.
    ///
    /// # Panics
    ///
    /// When the block is not of its form or has fewer slots.
    ///
    /// # Allocation
    ///
    /// None.
    #[inline]
    pub fn advance<V>(&self, block: &mut [V], steps: u64, active: u64) -> (u64, u64) {
        let Form { width, vectors } = self.form;
        assert_eq!(size_of::<V>(), width * size_of::<f64>(), "vectors of the form");
        assert!(block.len() >= self.slots * vectors, "slots of the program");
        assert_eq!(block.as_ptr().align_offset(size_of::<V>()), 0, "aligned vectors");
        let mut stopped = 0;
        // SAFETY: the slots are there and aligned, and vectors are numbers side by side; see above.
        let done = unsafe { (self.advance)(block.as_mut_ptr().cast(), steps, active, &raw mut stopped) };
        (done, stopped)
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
