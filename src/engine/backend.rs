//! From the program to machine code: at once where it is asked for, or between two generations of a run that is long enough.
//!
//! Starting a compiler and loading what it has made allocate, so both are done by the thread that asks, outside of what is counted as the
//! hot path. The compiler is a process of its own; nothing waits for it.

use std::time::Duration;

use crate::native::{Backend, Compiler, Job, Native, Refusal};
use crate::problem::Problem;
use crate::simulation::SimdLevel;

/// What is left of a run must take this long on the program for a compiler to be started, which takes a quarter of it.
const WORTH: Duration = Duration::from_secs(2);

/// A run must have taken this long for what is left of it to be foreseen: its first generations are slower.
const KNOWN: Duration = Duration::from_millis(100);

/// Where a run is on its way to machine code.
pub(super) enum Switch {
    /// It may start a compiler.
    Open,
    Compiling(Box<Job>),
    /// It is there.
    Native,
    Closed,
}

/// Compiles a step of the problem for a level and hands it over, and waits for that, where the problem asks for machine code at once.
///
/// # Errors
///
/// When there is none; the program runs then.
pub fn prepare(problem: &Problem, level: SimdLevel) -> Result<(), Refusal> {
    let job = start(problem, level).unwrap_or_else(|| {
        let reason = "simulations are compiled where plant and law are equations and no histories are kept";
        Err(Refusal::Failed(reason.into()))
    })?;
    adopt(problem, level, job.wait()?)
}

/// A compilation of a step; `None` where the problem has no step that can be compiled.
fn start(problem: &Problem, level: SimdLevel) -> Option<Result<Job, Refusal>> {
    let source = problem.simulator.source(level)?;
    Some(Compiler::usual().and_then(|compiler| Job::start(&source, &compiler)))
}

fn adopt(problem: &Problem, level: SimdLevel, code: Vec<Native>) -> Result<(), Refusal> {
    let Problem { simulator, values, scenarios, .. } = problem;
    code.into_iter().try_for_each(|native| simulator.adopt(level, native, values, scenarios))
}

impl Switch {
    /// What a run begins with; tells why it has no machine code if that was to be there from the start.
    pub(super) fn new(problem: &Problem, level: SimdLevel) -> (Self, Option<Refusal>) {
        match problem.backend {
            Backend::Program => (Self::Closed, None),
            Backend::Native => match prepare(problem, level) {
                Ok(()) => (Self::Native, None),
                Err(refusal) => (Self::Closed, Some(refusal)),
            },
            // Where fused multiply-adds are emulated a compiler has nothing to win.
            Backend::Auto if matches!(level, SimdLevel::Sse2 | SimdLevel::Scalar) => (Self::Closed, None),
            Backend::Auto => (Self::Open, None),
        }
    }

    /// Whether there is machine code.
    pub(super) fn is_native(&self) -> bool {
        matches!(self, Self::Native)
    }

    /// Goes on between two generations; `left` is how long the rest of the run will take. Tells what has gone wrong, once.
    pub(super) fn advance(&mut self, problem: &Problem, level: SimdLevel, left: Duration) -> Option<Refusal> {
        let result = match self {
            Self::Open if left >= WORTH => match start(problem, level) {
                Some(Ok(job)) => {
                    *self = Self::Compiling(Box::new(job));
                    return None;
                }
                Some(Err(refusal)) => Err(refusal),
                None => Ok(Vec::new()),
            },
            Self::Compiling(job) => job.poll()?,
            Self::Open | Self::Native | Self::Closed => return None,
        };
        let result = result.and_then(|code| adopt(problem, level, code));
        *self = if result.is_ok() { Self::Native } else { Self::Closed };
        // Without a compiler nothing is amiss: nobody has asked for one.
        let refusal = result.err();
        refusal.filter(|refusal| *refusal != Refusal::NoCompiler)
    }
}

/// How long the rest of a run takes at most, when what has been done of it took so long; 0 as long as nobody can tell.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn left(problem: &Problem, [generations, evaluations]: [u64; 2], elapsed: Duration) -> Duration {
    if elapsed < KNOWN {
        return Duration::ZERO;
    }
    let stopping = &problem.search.stopping;
    let share = |done: u64, all: u64| all.saturating_sub(done) as f64 / done.max(1) as f64;
    let rest = share(generations, stopping.generations).min(share(evaluations, stopping.evaluations));
    let seconds = elapsed.as_secs_f64();
    let time = stopping.wall_time.map_or(f64::INFINITY, |time| (time - seconds).max(0.0));
    Duration::try_from_secs_f64((rest * seconds).min(time)).unwrap_or(Duration::MAX)
}
