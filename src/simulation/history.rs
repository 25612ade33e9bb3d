//! A bounded history of one simulation: at most `capacity` samples, whatever the run's length.

use bumpalo::Bump;

use crate::registry::Member;

/// What happens to a full history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Drop every second sample and double the stride: the history always covers the whole run.
    Decimate,
    /// Overwrite the oldest sample: the history holds the end of the run.
    Ring,
}

impl Member for Policy {
    const ALL: &'static [Self] = &[Self::Decimate, Self::Ring];

    fn name(self) -> &'static str {
        match self {
            Self::Decimate => "decimate",
            Self::Ring => "ring",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Decimate => "every second sample is dropped when it is full: the whole run",
            Self::Ring => "the oldest sample is overwritten when it is full: the end of the run",
        }
    }
}

/// The history that each simulation of a batch keeps, in the arena of its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Samples at most; 0 for none.
    pub capacity: usize,
    /// What happens to a full history.
    pub policy: Policy,
}

impl Keep {
    /// Nothing: every cost term is found while the simulation goes on.
    pub const NOTHING: Self = Self { capacity: 0, policy: Policy::Decimate };
}

/// Samples of fixed width in borrowed memory that never grows.
#[derive(Debug)]
pub struct History<'a> {
    policy: Policy,
    width: usize,
    storage: &'a mut [f64],
    first_stride: u64,
    stride: u64,
    stored: usize,
    oldest: usize,
}

impl<'a> History<'a> {
    /// An empty history over `storage`, which holds as many samples of `width` numbers as fit, every `stride`-th step.
    ///
    /// # Panics
    ///
    /// When `width` or `stride` is 0.
    pub fn new(policy: Policy, width: usize, stride: u64, storage: &'a mut [f64]) -> Self {
        assert!(width > 0 && stride > 0, "a history needs a width and a stride");
        Self { policy, width, storage, first_stride: stride, stride, stored: 0, oldest: 0 }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        (self.stored, self.oldest, self.stride) = (0, 0, self.first_stride);
    }

    /// Samples that it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.storage.len() / self.width
    }

    /// Samples that it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stored
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stored == 0
    }

    /// The number of steps between samples.
    #[must_use]
    pub fn stride(&self) -> u64 {
        self.stride
    }

    /// Offers the sample of `step`, whose numbers `write` puts into place; steps between strides are passed over.
    pub fn offer(&mut self, step: u64, write: impl FnOnce(&mut [f64])) {
        if self.capacity() == 0 || !step.is_multiple_of(self.stride) {
            return;
        }
        let full = self.stored == self.capacity();
        let slot = match self.policy {
            Policy::Decimate if full => {
                self.decimate();
                if !step.is_multiple_of(self.stride) {
                    return;
                }
                self.stored
            }
            Policy::Ring if full => self.oldest,
            Policy::Decimate | Policy::Ring => self.stored,
        };
        if full && self.policy == Policy::Ring {
            self.oldest = (self.oldest + 1) % self.capacity();
        } else {
            self.stored += 1;
        }
        write(&mut self.storage[slot * self.width..][..self.width]);
    }

    /// The samples, oldest first.
    pub fn samples(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.stored).map(|k| {
            let slot = (self.oldest + k) % self.capacity();
            &self.storage[slot * self.width..][..self.width]
        })
    }

    fn decimate(&mut self) {
        self.stored = self.stored.div_ceil(2);
        self.stride *= 2;
        for slot in 1..self.stored {
            self.storage.copy_within(2 * slot * self.width..(2 * slot + 1) * self.width, slot * self.width);
        }
    }
}

/// A recorded run: rows of `t`, the states, `u` and `sigma`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Numbers a row.
    pub width: usize,
    /// The rows, one after the other.
    pub values: Vec<f64>,
}

impl Trajectory {
    /// The rows in the order of time.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.width)
    }
}

/// A history a lane, or none where nothing is kept.
pub(super) fn histories_in(arena: &Bump, keep: Keep, width: usize, lanes: usize) -> &mut [History<'_>] {
    const DECLARED: &str = "the arena holds what the workspace declares";
    let lanes = if keep.capacity > 0 { lanes } else { 0 };
    let history = |_| {
        let samples = arena.try_alloc_slice_fill_copy(keep.capacity * width, 0.0).expect(DECLARED);
        History::new(keep.policy, width, 1, samples)
    };
    arena.try_alloc_slice_fill_with(lanes, history).expect(DECLARED)
}
