//! Complex numbers, as far as frequency responses need them.

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Complex {
    /// 1.
    pub const ONE: Self = Self { re: 1.0, im: 0.0 };

    pub(super) fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    pub(super) fn less(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }

    pub(super) fn over(self, other: Self) -> Self {
        // Scaled, so that no square is beyond what a number can be (Smith 1962, doi:10.1145/368637.368661).
        let size = other.re.abs().max(other.im.abs());
        let (re, im) = (other.re / size, other.im / size);
        let square = (re * re + im * im) * size;
        Self { re: (self.re * re + self.im * im) / square, im: (self.im * re - self.re * im) / square }
    }

    /// Its magnitude.
    #[must_use]
    pub fn size(self) -> f64 {
        self.re.hypot(self.im)
    }

    /// Its angle in rad, within ±π.
    #[must_use]
    pub fn angle(self) -> f64 {
        libm::atan2(self.im, self.re)
    }
}
