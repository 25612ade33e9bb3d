//! A state as bytes. One list of fields serves for saving and for restoring, so that the two cannot disagree. Lengths come from the
//! config and not from the bytes, so that no bytes can contradict it, and saving does not allocate.
//!
//! Every number is its eight bytes, little-endian: a restored state is the saved one bit for bit.

/// A state passes its fields through an archive one by one, always in the same order.
#[derive(Debug)]
pub struct Archive<'a>(Mode<'a>);

#[derive(Debug)]
enum Mode<'a> {
    Save(&'a mut Vec<u8>),
    Restore(&'a [u8]),
}

/// Why bytes are not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// They end too early.
    #[error("it ends too early")]
    Short,
    /// There are more than the state has.
    #[error("it is longer than it should be")]
    Long,
    /// A number is out of its range.
    #[error("it holds a number out of range")]
    Range,
}

/// A state that can be saved and restored.
pub trait Persist {
    /// Passes every field that is not made anew from the config.
    ///
    /// # Errors
    ///
    /// When restoring, bytes that are no such state.
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<(), Damage>;
}

/// Appends the bytes of a state.
pub fn save(state: &mut dyn Persist, bytes: &mut Vec<u8>) {
    let saved = state.pass(&mut Archive(Mode::Save(bytes)));
    debug_assert_eq!(saved, Ok(()), "only restoring can fail");
}

/// Restores a state from all of `bytes`.
///
/// # Errors
///
/// When they are no such state, which is then partly restored and must not be used.
pub fn restore(state: &mut dyn Persist, bytes: &[u8]) -> Result<(), Damage> {
    let mut archive = Archive(Mode::Restore(bytes));
    state.pass(&mut archive)?;
    match archive.0 {
        Mode::Restore([]) => Ok(()),
        _ => Err(Damage::Long),
    }
}

impl Archive<'_> {
    /// A whole number.
    ///
    /// # Errors
    ///
    /// [`Damage::Short`].
    pub fn u64(&mut self, value: &mut u64) -> Result<(), Damage> {
        match &mut self.0 {
            Mode::Save(bytes) => bytes.extend_from_slice(&value.to_le_bytes()),
            Mode::Restore(bytes) => {
                let (word, rest) = bytes.split_first_chunk().ok_or(Damage::Short)?;
                (*value, *bytes) = (u64::from_le_bytes(*word), rest);
            }
        }
        Ok(())
    }

    /// A whole number that may be negative.
    ///
    /// # Errors
    ///
    /// [`Damage::Short`].
    pub fn i64(&mut self, value: &mut i64) -> Result<(), Damage> {
        let mut bits = value.cast_unsigned();
        self.u64(&mut bits)?;
        *value = bits.cast_signed();
        Ok(())
    }

    /// A number, whatever its bits.
    ///
    /// # Errors
    ///
    /// [`Damage::Short`].
    pub fn f64(&mut self, value: &mut f64) -> Result<(), Damage> {
        let mut bits = value.to_bits();
        self.u64(&mut bits)?;
        *value = f64::from_bits(bits);
        Ok(())
    }

    /// As many numbers as there are.
    ///
    /// # Errors
    ///
    /// [`Damage::Short`].
    pub fn f64s(&mut self, values: &mut [f64]) -> Result<(), Damage> {
        values.iter_mut().try_for_each(|value| self.f64(value))
    }

    /// An index below `end`.
    ///
    /// # Errors
    ///
    /// [`Damage::Range`] and [`Damage::Short`].
    pub fn index(&mut self, value: &mut usize, end: usize) -> Result<(), Damage> {
        let mut wide = *value as u64;
        self.u64(&mut wide)?;
        *value = usize::try_from(wide).ok().filter(|index| *index < end).ok_or(Damage::Range)?;
        Ok(())
    }

    /// A choice between two.
    ///
    /// # Errors
    ///
    /// [`Damage::Range`] and [`Damage::Short`].
    pub fn flag(&mut self, value: &mut bool) -> Result<(), Damage> {
        let mut index = usize::from(*value);
        self.index(&mut index, 2)?;
        *value = index == 1;
        Ok(())
    }

    /// One of `all`, by its place among them.
    ///
    /// # Errors
    ///
    /// [`Damage::Range`] and [`Damage::Short`].
    pub fn one_of<T: Copy + PartialEq>(&mut self, value: &mut T, all: &[T]) -> Result<(), Damage> {
        let mut place = all.iter().position(|one| one == value).unwrap_or(0);
        self.index(&mut place, all.len())?;
        *value = all[place];
        Ok(())
    }

    /// An optional value; `nothing` is saved in its place when it is missing, so that the length does not depend on it.
    ///
    /// # Errors
    ///
    /// [`Damage::Range`] and those of `pass`.
    pub fn optional<T: Copy>(
        &mut self,
        value: &mut Option<T>,
        nothing: T,
        pass: impl FnOnce(&mut Self, &mut T) -> Result<(), Damage>,
    ) -> Result<(), Damage> {
        let mut is_there = value.is_some();
        self.flag(&mut is_there)?;
        let mut inner = value.unwrap_or(nothing);
        pass(self, &mut inner)?;
        *value = is_there.then_some(inner);
        Ok(())
    }
}
