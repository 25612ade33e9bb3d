//! The filter behind which what drives a plant counts as ripple.

/// What drives a plant counts as ripple above this frequency, in Hz.
pub const RIPPLE_HZ: f64 = 10.0;

/// Whether steps of `dt` are short enough for frequencies above [`RIPPLE_HZ`].
#[must_use]
pub fn has_ripple(dt: f64) -> bool {
    2.0 * RIPPLE_HZ * dt < 1.0
}

/// The Butterworth high-pass filter of second order for [`RIPPLE_HZ`], by the bilinear transform: b0, b1, b2, a1, a2. Where the
/// steps are too long for such frequencies, it lets nothing pass.
///
/// Oppenheim & Schafer, *Discrete-Time Signal Processing*, section 7.1.
#[must_use]
pub fn ripple_filter(dt: f64) -> [f64; 5] {
    if !has_ripple(dt) {
        return [0.0; 5];
    }
    let k = libm::tan(std::f64::consts::PI * RIPPLE_HZ * dt);
    let norm = 1.0 / (1.0 + std::f64::consts::SQRT_2 * k + k * k);
    [norm, -2.0 * norm, norm, 2.0 * (k * k - 1.0) * norm, (1.0 - std::f64::consts::SQRT_2 * k + k * k) * norm]
}
