//! The columns of a call in a block.

/// Which columns of a block a function reads, and which it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Those that are read, then those that are written.
    all: Box<[u8]>,
    reads: usize,
    highest: usize,
}

impl Places {
    /// Columns that are read, and columns that are written.
    #[must_use]
    pub fn new(of: &[u8], out: &[u8]) -> Self {
        let all = [of, out].concat();
        let highest = all.iter().copied().max().map_or(0, usize::from);
        Self { all: all.into(), reads: of.len(), highest }
    }

    /// Columns one after the other.
    pub(super) fn in_order(reads: usize, writes: usize) -> Self {
        let places: Vec<u8> = (0..=u8::MAX).take(reads + writes).collect();
        Self::new(&places[..reads], &places[reads..])
    }

    /// Those that are read, then those that are written.
    pub(super) fn all(&self) -> &[u8] {
        &self.all
    }

    /// How many are read.
    pub(super) fn reads(&self) -> usize {
        self.reads
    }

    /// The last column of them.
    pub(super) fn highest(&self) -> usize {
        self.highest
    }
}
