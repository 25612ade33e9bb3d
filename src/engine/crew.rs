//! Who judges a generation: this process alone or, with the feature `mpi`, the ranks of an MPI job together.
//!
//! Nothing of this is reached while simulations run: jobs are dealt before, and records are gathered after.

#![cfg_attr(
    not(feature = "mpi"),
    allow(
        unused_variables,
        clippy::unnecessary_wraps,
        reason = "one process needs to know nothing and cannot fail"
    )
)]

use std::ops::Range;

use super::Resources;
use super::jobs::Jobs;
use super::part::Part;
use crate::Error;
use crate::problem::Problem;
use crate::simulation::{Records, Terms};

#[cfg(feature = "mpi")]
use super::ranks::{self, Lead};

/// The processes that judge a generation.
pub(super) enum Crew {
    /// This one.
    Alone,
    /// This one, rank 0, and all other ranks.
    #[cfg(feature = "mpi")]
    Ranks(Box<Lead>),
}

impl Crew {
    /// Whoever is there to judge up to so many vectors at a time.
    ///
    /// # Errors
    ///
    /// When another rank cannot take part, or memory cannot be reserved.
    pub(super) fn assemble(
        problem: &Problem,
        resources: Resources,
        vectors: usize,
        terms: Terms,
    ) -> Result<Self, Error> {
        #[cfg(feature = "mpi")]
        if let Some(world) = ranks::open() {
            return Lead::new(world, problem, resources, vectors, terms).map(Box::new).map(Self::Ranks);
        }
        Ok(Self::Alone)
    }

    /// Bytes that it reserves in this process.
    pub(super) fn bytes(problem: &Problem, resources: Resources, vectors: usize) -> u64 {
        #[cfg(feature = "mpi")]
        if let Some(world) = ranks::open() {
            return Lead::bytes(world, problem, resources, vectors);
        }
        0
    }

    /// Has costs on the way noted.
    ///
    /// # Errors
    ///
    /// As [`Self::assemble`].
    pub(super) fn mark(&mut self) -> Result<(), Error> {
        match self {
            Self::Alone => Ok(()),
            #[cfg(feature = "mpi")]
            Self::Ranks(lead) => lead.mark(),
        }
    }

    /// Lets the others warm up, too.
    pub(super) fn warm_up(&mut self) {
        match self {
            Self::Alone => {}
            #[cfg(feature = "mpi")]
            Self::Ranks(lead) => lead.warm_up(),
        }
    }

    /// Tells the others of the part by which gain vectors are judged.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn take_part(&mut self, part: &Part) {
        match self {
            Self::Alone => {}
            #[cfg(feature = "mpi")]
            Self::Ranks(lead) => lead.take_part(part),
        }
    }

    /// Tells the others that there is machine code.
    pub(super) fn go_native(&mut self) {
        match self {
            Self::Alone => {}
            #[cfg(feature = "mpi")]
            Self::Ranks(lead) => lead.go_native(),
        }
    }

    /// Hands the others their jobs, and gives those of this process.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn deal(&mut self, jobs: Jobs<'_>) -> Range<usize> {
        match self {
            Self::Alone => 0..jobs.count,
            #[cfg(feature = "mpi")]
            Self::Ranks(lead) => lead.deal(jobs),
        }
    }

    /// Waits for the records of the jobs that the others have.
    ///
    /// # Allocation
    ///
    /// None.
    pub(super) fn gather(&mut self, records: &Records) {
        match self {
            Self::Alone => {}
            #[cfg(feature = "mpi")]
            Self::Ranks(lead) => lead.gather(records),
        }
    }

    /// What the others have allocated while they judged, since this was last asked.
    pub(super) fn take_allocations(&mut self) -> u64 {
        match self {
            Self::Alone => 0,
            #[cfg(feature = "mpi")]
            Self::Ranks(lead) => lead.take_allocations(),
        }
    }
}
