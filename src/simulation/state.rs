//! The state of a mechanical system with `N` coordinates.

/// Coordinates and their rates; `V` is a number or a vector of lanes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State<V, const N: usize> {
    /// Position of the cart in m, then the absolute angles of the links in rad.
    pub positions: [V; N],
    /// Their rates in m/s and rad/s.
    pub rates: [V; N],
}

impl<V: Copy, const N: usize> State<V, N> {
    /// All coordinates and rates equal to `value`.
    #[inline(always)]
    pub const fn uniform(value: V) -> Self {
        Self { positions: [value; N], rates: [value; N] }
    }
}

impl<const N: usize> State<f64, N> {
    /// From `2·N` numbers, coordinates first.
    ///
    /// # Panics
    ///
    /// When there are not `2·N` numbers.
    #[must_use]
    pub fn from_slice(values: &[f64]) -> Self {
        assert_eq!(values.len(), 2 * N, "a state of {N} coordinates has {} numbers", 2 * N);
        Self { positions: std::array::from_fn(|i| values[i]), rates: std::array::from_fn(|i| values[N + i]) }
    }
}
