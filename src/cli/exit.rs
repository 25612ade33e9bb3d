//! How a command ends.

/// Every exit code, with what it means.
pub const EXIT_CODES: [(u8, &str); 6] = [
    (0, "success"),
    (1, "the gains do not hold, a check found a fault, or the machine refused (a full disk, no memory)"),
    (2, "a mistake in the command or in a file that it reads"),
    (129, "ended by SIGHUP (a lost connection)"),
    (130, "interrupted by Ctrl-C (SIGINT)"),
    (143, "ended by SIGTERM"),
];

/// How a command that ran to its end exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Success,
    /// The gains do not hold.
    Failure,
    /// With the exit code for the signal.
    Interrupted(u8),
}

impl Exit {
    pub(super) fn of(success: bool) -> Self {
        if success { Self::Success } else { Self::Failure }
    }
}
