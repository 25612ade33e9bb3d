//! Arrays of per-lane values: plain numbers for one simulation, vectors of lanes for a bundle.

use fearless_simd::{Simd, prelude::*};

use crate::lanes::splat;

/// A fixed-size array `[V; K]`, without naming K.
pub trait LaneArray<V: Copy>: Copy + AsRef<[V]> + AsMut<[V]> {
    /// The array whose k-th element is `element(k)`.
    fn from_fn(element: impl FnMut(usize) -> V) -> Self;
}

impl<V: Copy, const K: usize> LaneArray<V> for [V; K] {
    #[inline(always)]
    fn from_fn(element: impl FnMut(usize) -> V) -> Self {
        std::array::from_fn(element)
    }
}

/// Every lane of every element set to the corresponding number.
#[inline(always)]
pub(crate) fn splat_all<S: Simd, A: LaneArray<S::f64s>>(simd: S, values: &impl LaneArray<f64>) -> A {
    A::from_fn(|k| splat(simd, values.as_ref()[k]))
}

/// One lane of every vector set to the corresponding number.
#[inline(always)]
pub(crate) fn set_lane<S: Simd>(vectors: &mut [S::f64s], lane: usize, values: &[f64]) {
    for (vector, value) in vectors.iter_mut().zip(values) {
        vector.as_mut_slice()[lane] = *value;
    }
}
