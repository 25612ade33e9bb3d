//! What a worker owns: one arena, reserved once, and the list of jobs in flight.

use std::alloc::Layout;

use bumpalo::Bump;

/// The strictest alignment of what lies in an arena: that of the widest vector.
const ALIGNMENT: usize = 64;

/// The memory of one worker; it belongs to the worker and is reused for every batch.
#[derive(Debug)]
pub struct Workspace {
    arena: Bump,
    used: usize,
    in_flight: Box<[Option<usize>]>,
}

impl Workspace {
    /// An arena of `bytes` bytes in one chunk, that refuses to grow, and room for `lanes` jobs in flight.
    ///
    /// # Errors
    ///
    /// When the memory cannot be reserved.
    pub fn reserve(bytes: usize, lanes: usize) -> Result<Self, crate::Error> {
        let arena = Bump::try_with_capacity(bytes + ALIGNMENT)
            .map_err(|_| crate::Error::Memory { what: "the arena of a worker", bytes })?;
        // Only a limit of exactly what is allocated keeps the arena from growing: a smaller one is ignored.
        arena.set_allocation_limit(Some(arena.allocated_bytes()));
        Ok(Self { arena, used: 0, in_flight: vec![None; lanes].into_boxed_slice() })
    }

    /// Bytes that the arena holds; the same from the reservation on.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.arena.allocated_bytes()
    }

    /// Bytes that the last run took from the arena.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.used
    }

    /// The jobs of a run that was ended by a panic.
    #[must_use]
    pub fn in_flight(&self) -> &[Option<usize>] {
        &self.in_flight
    }

    /// Lends the emptied arena and the list of jobs to `run`, and measures what it takes.
    pub(crate) fn with_arena<R>(&mut self, run: impl FnOnce(&Bump, &mut [Option<usize>]) -> R) -> R {
        self.arena.reset();
        self.in_flight.fill(None);
        // Starting at an aligned address keeps padding out of the figure.
        let aligned = Layout::from_size_align(0, ALIGNMENT).expect("a power of two");
        self.arena.try_alloc_layout(aligned).expect("nothing fits everywhere");
        let free = self.arena.chunk_capacity();
        let result = run(&self.arena, &mut self.in_flight);
        self.used = free - self.arena.chunk_capacity();
        result
    }
}
