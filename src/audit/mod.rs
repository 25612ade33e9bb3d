//! The memory audit: does a controller leak, does it grow with time, what does a simulation cost in memory?
//!
//! Memory that is taken once (a problem, a workspace, threads) is measured apart from memory that is taken in every step, and the
//! verdict depends on the second alone. A constant is no growth: live bytes are read after many repetitions, and memory grows when the
//! smallest reading rises from one part of the repetitions to the next in most cases (`memory/growth.rs`). Memory that threads leave for
//! others to free is freed when the threads of a tuning end (`engine/workers.rs`), so that it cannot hide a leak.
//!
//! Every figure is measured in this run, by the [`Meter`](crate::memory::Meter) or from an arena, while nothing else runs. The audit
//! first tests itself: it must find an allocation, a leak and growth that it has planted.

use std::fmt;
use std::time::Duration;

use crate::Error;
use crate::config::Config;
use crate::engine::Resources;
use crate::memory::Reading;
use crate::problem::Problem;

mod phases;
mod planted;
mod soak;

/// What is audited and how long.
#[derive(Debug, Clone)]
pub struct AuditPlan {
    /// The study whose plant and scenarios are used; `None` for the double inverted pendulum from one start.
    pub base: Option<Config>,
    /// The controllers.
    pub controllers: Vec<&'static str>,
    /// How many times everything is created and dropped, at least twice: the later cycles are compared with the first.
    pub cycles: u64,
    /// Control steps of the longest simulation, 2000 at least: the shortest has 1000.
    pub steps: u64,
    /// How long each controller is tuned in the soak; `None` for no soak.
    pub soak: Option<Duration>,
    /// A phase fails when memory grows by more than this many times the declared bytes of a simulation.
    pub alert_factor: f64,
    /// Threads and SIMD level.
    pub resources: Resources,
    /// Changes every problem before it is measured. The program leaves it as it is; tests make it leak.
    pub alter: fn(Problem) -> Problem,
}

impl AuditPlan {
    /// The problem of a study as it is measured.
    fn problem(&self, config: &Config) -> Problem {
        (self.alter)(Problem::new(config))
    }
}

/// A phase of the audit of a controller.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// Its points in the score.
    pub points: u32,
    /// Whether it passed.
    pub green: bool,
    /// What it found, in a line.
    pub finding: String,
    /// The readings behind it.
    pub samples: Vec<Sample>,
    /// The functions that its first allocation on the hot path came from, the innermost first; none where there was none, or where the
    /// program has no symbols.
    pub allocated_in: Vec<String>,
}

/// Live bytes at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Cycles, steps or seconds since the start of the phase.
    pub at: f64,
    /// Bytes allocated and not freed, beyond those before the phase.
    pub live_bytes: i64,
    /// The pages of the process in bytes: advisory, since allocators keep what is freed; 0 where it was not looked up.
    pub rss_bytes: u64,
}

/// The audit of a controller.
#[derive(Debug, Clone, PartialEq)]
pub struct ControllerAudit {
    /// Which.
    pub controller: &'static str,
    /// Arena bytes that the workspace declares for a simulation, without and with a history of 100 samples.
    pub declared_bytes: [u64; 2],
    /// Arena bytes that a simulation of a tuning took.
    pub bytes_per_simulation: u64,
    /// Bytes that are taken once: problem, workspace and records of a simulation.
    pub one_time_bytes: i64,
    /// Bytes that are taken in every step.
    pub bytes_per_step: f64,
    /// Allocations on the hot path of a tuning, by worker.
    pub worker_allocations: Vec<u64>,
    /// The phases in their order.
    pub phases: Vec<Phase>,
    /// Whether its soak was interrupted, so that it covers only a part of the time.
    pub interrupted: bool,
}

impl ControllerAudit {
    /// Points out of 100.
    #[must_use]
    pub fn score(&self) -> u32 {
        self.phases.iter().filter(|phase| phase.green).map(|phase| phase.points).sum()
    }

    /// Whether every phase passed and none was interrupted.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_green() && !self.interrupted
    }

    /// Whether every phase passed, as far as it got.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.phases.iter().all(|phase| phase.green)
    }
}

/// The whole audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Whether each planted fault was found, with a line about it: an allocation on the hot path, by one thread and by
    /// the workers of a tuning, a leak, and growth with the steps.
    pub self_test: [(bool, String); 4],
    /// The results, one for each controller.
    pub findings: Vec<ControllerAudit>,
    /// How many controllers have not been audited yet, because the audit is still running or was interrupted.
    pub open: usize,
}

impl Audit {
    /// Whether the audit passed its own test.
    #[must_use]
    pub fn works(&self) -> bool {
        self.self_test.iter().all(|(caught, _)| *caught)
    }

    /// Whether everything is fit for long runs.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.works() && self.open == 0 && self.findings.iter().all(ControllerAudit::is_ready)
    }
}

/// How far a soak is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Soak {
    /// The controller.
    pub controller: &'static str,
    /// Time in s since its beginning, and how long it is.
    pub seconds: [f64; 2],
    /// Bytes by which live memory has moved since its beginning.
    pub live_bytes: i64,
    /// Gain vectors judged.
    pub evaluations: u64,
    /// Simulations.
    pub simulations: u64,
    /// Control steps of them.
    pub control_steps: u64,
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { controller, seconds: [at, time], live_bytes, .. } = self;
        write!(f, "{controller}: soak {at:.0} of {time:.0} s: live bytes moved by {live_bytes}")
    }
}

/// Follows an audit.
pub trait Watcher: Send {
    /// Called when a phase begins, and from time to time during a long one.
    fn phase(&mut self, line: &str);

    /// Called from time to time during a soak; says it as [`Self::phase`] does.
    fn soak(&mut self, soak: &Soak) {
        self.phase(&soak.to_string());
    }

    /// Called with the results so far after each controller.
    ///
    /// # Errors
    ///
    /// When they cannot be saved; the audit then ends.
    fn found(&mut self, audit: &Audit) -> Result<(), Error>;

    /// Whether the audit should stop: a running soak ends, and no further controller is audited.
    fn interrupted(&self) -> bool;
}

/// Audits controller after controller.
///
/// # Errors
///
/// [`Error::NoMeter`] when memory is not counted; and when memory cannot be reserved, threads cannot be started, or the results
/// cannot be saved.
pub fn run(plan: &AuditPlan, watcher: &mut dyn Watcher) -> Result<Audit, Error> {
    Reading::now().ok_or(Error::NoMeter)?;
    watcher.phase("self-test");
    let self_test = phases::self_test(plan)?;
    let controllers = plan.controllers.len();
    let mut audit = Audit { self_test, findings: Vec::with_capacity(controllers), open: controllers };
    for controller in &plan.controllers {
        audit.findings.push(phases::controller(plan, controller, watcher)?);
        audit.open -= 1;
        watcher.found(&audit)?;
        if watcher.interrupted() {
            break;
        }
    }
    Ok(audit)
}
