//! A command as the process was started: alone or, with the feature `mpi`, as a rank of an MPI job.

#![cfg_attr(not(feature = "mpi"), allow(unused_variables, reason = "a process alone prepares nothing"))]

use std::time::Duration;

#[cfg(feature = "mpi")]
use super::{follow, ranks};

/// Runs a command, alone or on rank 0 with the other ranks at its service; `prepare` prepares those, and `task` does what is handed to them as a whole. Gives
/// the exit code.
pub(crate) fn conduct(
    command: impl FnOnce() -> u8,
    prepare: impl FnOnce(),
    task: impl FnMut(&[u8]) -> bool,
) -> u8 {
    #[cfg(feature = "mpi")]
    if let Some(job) = ranks::start() {
        if job.is_lead() {
            return command();
        }
        prepare();
        return if follow::follow(task) { command() } else { 0 };
    }
    command()
}

/// Lets the other ranks judge a part of every generation from now on.
pub(crate) fn share_out() {
    #[cfg(feature = "mpi")]
    ranks::set_open(true);
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

/// What another rank says of a task.
pub(crate) struct Answer {
    /// Whether it could do it.
    pub(crate) is_done: bool,
    pub(crate) took: Duration,
}

/// Whether all other ranks can do a task.
pub(crate) fn all_agree(task: &[u8]) -> bool {
    #[cfg(feature = "mpi")]
    if let Some(world) = ranks::open() {
        return ranks::all_agree(world, task);
    }
    true
}

/// Hands tasks, in their order, to whoever is free: to the other ranks, and to this one, which does its own by `done` and hears there what
/// the others say. They do not judge meanwhile. No task begins, and those that others have end early, once all are called off.
pub(crate) fn deal(
    tasks: &[Vec<u8>],
    is_called_off: &(dyn Fn() -> bool + Sync),
    done: &mut dyn FnMut(usize, Option<Answer>),
) {
    #[cfg(feature = "mpi")]
    if let Some(world) = ranks::open() {
        ranks::set_open(false);
        ranks::deal(world, tasks, is_called_off, done);
        ranks::set_open(true);
        return;
    }
    (0..tasks.len()).take_while(|_| !is_called_off()).for_each(|task| done(task, None));
}

/// Whether the task that this rank does is called off.
pub(crate) fn is_called_off() -> bool {
    #[cfg(feature = "mpi")]
    return ranks::World::has_come(ranks::Tag::Stop);
    #[cfg(not(feature = "mpi"))]
    false
}
