//! Eigenvalues as a certificate holds them: without allocation, since a tuning may certify every gain vector.

use std::ops::Deref;

/// The most eigenvalues of a motion that a certificate holds.
pub const EIGENVALUES_MAX: usize = 16;

/// An eigenvalue in 1/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eigenvalue {
    /// Real part: the rate at which its motion grows.
    pub re: f64,
    /// Imaginary part: its angular frequency.
    pub im: f64,
}

/// The first eigenvalues of a motion, largest real part first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spectrum {
    values: [Eigenvalue; EIGENVALUES_MAX],
    count: usize,
}

impl Spectrum {
    /// Of nothing.
    pub const EMPTY: Self = Self { values: [Eigenvalue { re: 0.0, im: 0.0 }; EIGENVALUES_MAX], count: 0 };

    /// Of these values, in their order; at most [`EIGENVALUES_MAX`].
    pub(super) fn of(values: &[Eigenvalue]) -> Self {
        let mut spectrum = Self::EMPTY;
        for (place, value) in spectrum.values.iter_mut().zip(values) {
            *place = *value;
            spectrum.count += 1;
        }
        spectrum
    }
}

impl Deref for Spectrum {
    type Target = [Eigenvalue];

    fn deref(&self) -> &[Eigenvalue] {
        &self.values[..self.count]
    }
}
