//! Eigenvalues without allocation, since a tuning may certify every gain vector.

use std::ops::Deref;

use nalgebra::{SMatrix, Schur};

/// The largest matrix: two rows a coordinate of the largest plant.
pub const ORDER_MAX: usize = 6;

/// The most that moves in a loop of models that is certified.
pub const SAMPLED_MAX: usize = 16;

/// A matrix of up to [`ORDER_MAX`] rows in its leading block.
pub type Square = SMatrix<f64, ORDER_MAX, ORDER_MAX>;

/// An eigenvalue in 1/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eigenvalue {
    /// Real part: the rate at which its motion grows.
    pub re: f64,
    /// Imaginary part: its angular frequency.
    pub im: f64,
}

/// The eigenvalues of a matrix, largest real part first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spectrum {
    values: [Eigenvalue; SAMPLED_MAX],
    order: usize,
}

impl Spectrum {
    /// Of nothing.
    pub const EMPTY: Self = Self { values: [Eigenvalue { re: 0.0, im: 0.0 }; SAMPLED_MAX], order: 0 };

    /// Of these values, in their order; at most [`SAMPLED_MAX`].
    #[must_use]
    pub fn of(values: &[Eigenvalue]) -> Self {
        let mut spectrum = Self::EMPTY;
        for (place, value) in spectrum.values.iter_mut().zip(values) {
            *place = *value;
            spectrum.order += 1;
        }
        spectrum
    }
}

impl Deref for Spectrum {
    type Target = [Eigenvalue];

    fn deref(&self) -> &[Eigenvalue] {
        &self.values[..self.order]
    }
}

/// The eigenvalues of the leading block of `order` rows and columns; `None` when the matrix is not finite or the QR iteration
/// does not converge.
///
/// # Allocation
///
/// None.
///
/// # Panics
///
/// When `order` is 0 or above [`ORDER_MAX`].
#[must_use]
pub fn eigenvalues(matrix: &Square, order: usize) -> Option<Spectrum> {
    const ITERATIONS_MAX: usize = 1000;
    macro_rules! leading {
        ($($n:literal)+) => {
            match order {
                $($n => {
                    let block: SMatrix<f64, $n, $n> = matrix.fixed_view::<$n, $n>(0, 0).into_owned();
                    let schur = Schur::try_new(block, f64::EPSILON, ITERATIONS_MAX)?;
                    let mut spectrum = Spectrum { order, ..Spectrum::EMPTY };
                    for (value, found) in spectrum.values.iter_mut().zip(&schur.complex_eigenvalues()) {
                        *value = Eigenvalue { re: found.re, im: found.im };
                    }
                    Some(spectrum)
                })+
                _ => panic!("a matrix of order {order}"),
            }
        };
    }
    if !matrix.iter().all(|element| element.is_finite()) {
        return None;
    }
    let mut spectrum: Spectrum = leading!(1 2 3 4 5 6)?;
    spectrum.values[..order].sort_unstable_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    Some(spectrum)
}
