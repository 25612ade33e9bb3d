//! Whoever watches a run: shown each generation, and asked whether it goes on.

use std::time::Duration;

use super::{Generation, Run};
use crate::native::Refusal;
use crate::swarm::Stopping;

/// What an observer is shown after each generation.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The generation that was done.
    pub row: Generation,
    /// When the run ends.
    pub stopping: Stopping,
    /// Simulations since the start.
    pub simulations: u64,
    /// Control steps of them.
    pub control_steps: u64,
    /// Time since the start, without what lies between an interruption and a resumption.
    pub elapsed: Duration,
    /// Whether it was the last.
    pub ended: bool,
    /// Whether the program uses more memory than it may, so that the run stops here; it can be resumed.
    pub exceeds: bool,
}

/// Whether a run continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It continues, unless it has ended.
    Continue,
    /// It stops here, and can be resumed.
    Interrupt,
}

/// Observes a run.
///
/// One that stops as soon as the gains are good enough:
///
/// ```
/// use gainswarm::config::Config;
/// use gainswarm::engine::{Flow, Observer, Progress, Resources, Run};
/// use gainswarm::problem::Problem;
///
/// struct Enough(f64);
///
/// impl Observer for Enough {
///     fn generation(&mut self, progress: &Progress, _run: &mut Run<'_>) -> Flow {
///         if progress.row.best.cost <= self.0 { Flow::Interrupt } else { Flow::Continue }
///     }
/// }
///
/// # let text = r#"
/// #     plant = { type = "dc_motor" }
/// #     controller = { type = "pi", u_max = 24.0 }
/// #     connect = { measurement = "omega", voltage = "u" }
/// #     scenarios = [{ signals = { reference = 100.0 } }]
/// #     cost.itae.signals = ["error"]
/// #     simulation.duration = 0.2
/// # "#;
/// let problem = Problem::new(&Config::parse("motor.toml".as_ref(), text)?);
/// let tuning = Run::new(&problem)?.search(Resources::default(), &mut Enough(1e6))?;
/// assert_eq!(tuning.generations, 1);
/// # Ok::<(), gainswarm::Error>(())
/// ```
pub trait Observer: Send {
    /// Called after every generation, outside of what is counted and timed as the hot path; `run` can be saved.
    fn generation(&mut self, progress: &Progress, run: &mut Run<'_>) -> Flow;

    /// Called when there is no machine code, and why: the program runs all simulations, with the same results.
    fn on_the_program(&mut self, _refusal: &Refusal) {}
}

impl<F: FnMut(&Progress) + Send> Observer for F {
    fn generation(&mut self, progress: &Progress, _run: &mut Run<'_>) -> Flow {
        self(progress);
        Flow::Continue
    }
}
