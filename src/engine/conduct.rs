//! A command as the process was started: alone or, with the feature `mpi`, as a rank of an MPI job.

#![cfg_attr(not(feature = "mpi"), allow(unused_variables, reason = "a process alone prepares nothing"))]

#[cfg(feature = "mpi")]
use super::{follow, ranks};

/// Runs a command, alone or on rank 0 with the other ranks at its service; `prepare` prepares those. Gives the exit code.
pub(crate) fn conduct(command: impl FnOnce() -> u8, prepare: impl FnOnce()) -> u8 {
    #[cfg(feature = "mpi")]
    if let Some(job) = ranks::start() {
        if job.is_lead() {
            return command();
        }
        prepare();
        return if follow::follow() { command() } else { 0 };
    }
    command()
}

/// Lets the other ranks judge a part of every generation from now on.
pub(crate) fn share_out() {
    #[cfg(feature = "mpi")]
    ranks::share_out();
}

/// Lets the other ranks run the command by themselves, as processes of their own.
pub(crate) fn part_ways() {
    #[cfg(feature = "mpi")]
    ranks::part_ways();
}

/// How many processes judge a generation.
pub(crate) fn processes() -> usize {
    #[cfg(feature = "mpi")]
    if let Some(world) = ranks::open() {
        return world.size();
    }
    1
}
