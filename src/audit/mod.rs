//! The memory audit: does a controller leak, does it grow with time, what does a simulation cost in memory?
//!
//! What is paid once (a problem, a workspace, threads) and what is paid a step are measured apart, and the verdict comes from the
//! second. A constant is no growth: live bytes are read after many repetitions, and what counts is whether the least of them rises
//! from one part of the repetitions to the next, most of the time (`memory/growth.rs`). What threads leave for others to free is freed
//! when the threads of a tuning are gone (`engine/workers.rs`), so that it hides nothing.
//!
//! Every figure is a reading of the [`Meter`](crate::memory::Meter) or of an arena in this run, at a moment when nothing else runs;
//! none is a claim. Before anything is believed, a planted allocation, a planted leak and planted growth must be caught.

use std::time::Duration;

use crate::Error;
use crate::config::Config;
use crate::engine::Resources;
use crate::memory::Reading;
use crate::problem::Problem;
use crate::subject::Subject;

mod phases;
mod planted;
mod soak;

/// What is audited and how long.
#[derive(Debug, Clone)]
pub struct AuditPlan {
    /// The study whose plant and scenarios are used; `None` for the double inverted pendulum from one start.
    pub base: Option<Config>,
    /// The controllers.
    pub controllers: Vec<Subject>,
    /// How often everything is made and dropped, twice at least: what follows the first is compared with it.
    pub cycles: u64,
    /// Control steps of the longest simulation, 2000 at least: the shortest has 1000.
    pub steps: u64,
    /// How long tunings go on; `None` for not at all.
    pub soak: Option<Duration>,
    /// Growth beyond so many times the declared bytes of a simulation fails the phase whatever else it says.
    pub alert_factor: f64,
    /// Threads and SIMD level.
    pub resources: Resources,
    /// What becomes of every problem before it is measured: it stays as it is, but where the audit itself is tested.
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
    /// What it is worth.
    pub points: u32,
    /// Whether it found what it should.
    pub green: bool,
    /// What it found, in a line.
    pub finding: String,
    /// What was seen on the way.
    pub samples: Vec<Sample>,
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
    pub controller: Subject,
    /// Arena bytes that the workspace declares for a simulation, without and with a history of 100 samples.
    pub declared_bytes: [u64; 2],
    /// Arena bytes that a simulation of a tuning took.
    pub bytes_per_simulation: u64,
    /// Bytes that are paid once: problem, workspace and records of a simulation.
    pub one_time_bytes: i64,
    /// Bytes that are paid a step.
    pub bytes_per_step: f64,
    /// Allocations on the hot path of a tuning, by worker.
    pub worker_allocations: Vec<u64>,
    /// The phases in their order.
    pub phases: Vec<Phase>,
    /// Whether its soak was cut short, so that what it found is not of the whole time.
    pub interrupted: bool,
}

impl ControllerAudit {
    /// Points out of 100.
    #[must_use]
    pub fn score(&self) -> u32 {
        self.phases.iter().filter(|phase| phase.green).map(|phase| phase.points).sum()
    }

    /// Whether every phase is green and none was cut short.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_green() && !self.interrupted
    }

    /// Whether every phase is green, as far as it went.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.phases.iter().all(|phase| phase.green)
    }
}

/// The whole audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Whether what was planted was caught, with a line about it: an allocation on the hot path, by one thread and by
    /// the workers of a tuning, a leak, and growth with the steps.
    pub self_test: [(bool, String); 4],
    /// A finding a controller.
    pub findings: Vec<ControllerAudit>,
    /// How many controllers have no finding yet: the audit goes on, or was interrupted.
    pub open: usize,
}

impl Audit {
    /// Whether the audit can be believed.
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

/// Who follows an audit.
pub trait Watcher: Send {
    /// Hears of each phase when it begins, and now and then of a long one.
    fn phase(&mut self, line: &str);

    /// Is shown what is known after every controller.
    ///
    /// # Errors
    ///
    /// When it cannot be kept; the audit ends.
    fn found(&mut self, audit: &Audit) -> Result<(), Error>;

    /// Whether the audit shall stop: a soak ends here, and no controller follows.
    fn interrupted(&self) -> bool;
}

/// Audits controller after controller.
///
/// # Errors
///
/// [`Error::NoMeter`] where nobody counts, and when memory cannot be reserved, threads cannot be started, or what was found cannot
/// be kept.
pub fn run(plan: &AuditPlan, watcher: &mut dyn Watcher) -> Result<Audit, Error> {
    Reading::now().ok_or(Error::NoMeter)?;
    watcher.phase("self-test");
    let self_test = phases::self_test(plan)?;
    let controllers = plan.controllers.len();
    let mut audit = Audit { self_test, findings: Vec::with_capacity(controllers), open: controllers };
    for controller in &plan.controllers {
        audit.findings.push(phases::controller(plan, *controller, watcher)?);
        audit.open -= 1;
        watcher.found(&audit)?;
        if watcher.interrupted() {
            break;
        }
    }
    Ok(audit)
}
