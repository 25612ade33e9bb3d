//! SIGINT and SIGTERM: the first is a request, the second stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Which of the two has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Listens from now on. Where signals cannot be listened to, they end the process as ever, and the last checkpoint counts.
    pub(super) fn listen() -> Self {
        let (came, armed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        for signal in [SIGINT, SIGTERM] {
            // In the order in which they are done when the signal comes: the first arms the exit of the second.
            let _ = flag::register_conditional_shutdown(signal, exit_code(signal).into(), Arc::clone(&armed))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&came), signal.unsigned_abs() as usize))
                .and_then(|_| flag::register(signal, Arc::clone(&armed)));
        }
        Self(came)
    }

    /// The exit code for the signal that has come, if one has.
    pub(super) fn exit_code(&self) -> Option<u8> {
        let signal = i32::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0);
        (signal > 0).then(|| exit_code(signal))
    }
}

/// As shells report a process that a signal has ended.
fn exit_code(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
