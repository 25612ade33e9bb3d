//! SIGINT, SIGTERM and SIGHUP ask a run to end; a second SIGINT or SIGTERM stops it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The signal that has been received.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Installs the handlers. Where handlers cannot be installed, a signal ends the process as usual, and the last checkpoint remains.
    pub(super) fn listen() -> Self {
        let (came, armed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let note =
            |signal: i32| flag::register_usize(signal, Arc::clone(&came), signal.unsigned_abs() as usize);
        for signal in [SIGINT, SIGTERM] {
            // Handlers run in this order, so the first signal arms the exit on the second.
            let _ = flag::register_conditional_shutdown(signal, exit_code(signal).into(), Arc::clone(&armed))
                .and_then(|_| note(signal))
                .and_then(|_| flag::register(signal, Arc::clone(&armed)));
        }
        // A lost connection hangs up several times (the kernel and the shell both do), so that the second asks for no more than
        // the first, and a SIGTERM that follows it is the first of its kind.
        #[cfg(unix)]
        if !ignores_hangup() {
            let _ = note(SIGHUP);
        }
        Self(came)
    }

    /// The exit code for the signal that has come, if one has.
    pub(super) fn exit_code(&self) -> Option<u8> {
        let signal = i32::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0);
        (signal > 0).then(|| exit_code(signal))
    }
}

/// Whether this process was started to ignore SIGHUP, as `nohup` does. Where that cannot be found out, it is assumed, and
/// SIGHUP keeps its effect.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}

/// The exit code that shells report for a process ended by a signal.
fn exit_code(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
