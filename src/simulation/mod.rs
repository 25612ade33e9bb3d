//! Simulations: (gains, scenario) → outcome, many at a time, one a SIMD lane.
//!
//! There is no I/O, clock, random number or lock here. [`runner`] runs programs and knows no plant, no law and no cost; [`Simulator`] is
//! what the rest of the crate sees of it: one virtual call a batch.

pub mod batch;
pub mod history;
mod numbers;
mod outside;
pub mod peak;
pub mod runner;
pub mod scenario;
mod trial;
pub mod workspace;

use crate::native::{Native, Refusal, Source};

pub use crate::lanes::SimdLevel;
pub use batch::{Batch, Ending, Extent, FAILURE_COST, PARTS, Record, Records, Terms};
pub use history::{History, Keep, Policy, Trajectory};
pub use outside::{Outcome, Past};
pub use runner::Runner;
pub use scenario::{Conditions, Scenario, Sensors};
pub use workspace::Workspace;

/// Simulates batches of a fixed closed loop.
///
/// What a study needs of memory is known before anything runs:
///
/// ```
/// use gainswarm::config::Config;
/// use gainswarm::problem;
/// use gainswarm::simulation::{SimdLevel, Simulator, Terms, Workspace};
///
/// # let text = r#"
/// #     plant = { type = "dc_motor" }
/// #     controller = { type = "pi", u_max = 24.0 }
/// #     connect = { measurement = "omega", voltage = "u" }
/// #     scenarios = [{ signals = { reference = 100.0 } }]
/// #     cost.itae.signals = ["error"]
/// # "#;
/// let simulator = problem::runner(&Config::parse("motor.toml".as_ref(), text)?);
/// let level = SimdLevel::widest();
/// let bytes = simulator.workspace_bytes(level, Terms::Needed);
/// let workspace = Workspace::reserve(bytes, simulator.lanes(level))?;
/// # drop(workspace);
/// # Ok::<(), gainswarm::Error>(())
/// ```
pub trait Simulator: Send + Sync {
    /// Simulations that advance together at a SIMD level.
    fn lanes(&self, level: SimdLevel) -> usize;

    /// A step as C for a level; `None` where there is none.
    fn source(&self, _level: SimdLevel) -> Option<Source> {
        None
    }

    /// Takes machine code that was made of [`Simulator::source`]: every batch that starts from now on runs it. Before that it has to give
    /// the bits of the program for these values in some of the scenarios.
    ///
    /// # Errors
    ///
    /// When it does not, or memory cannot be reserved.
    fn adopt(
        &self,
        _level: SimdLevel,
        _native: Native,
        _values: &[f64],
        _scenarios: &[Scenario],
    ) -> Result<(), Refusal> {
        Ok(())
    }

    /// Bytes of arena that [`Simulator::run`] uses to find the given terms: declared first, reserved once, never exceeded.
    fn workspace_bytes(&self, level: SimdLevel, terms: Terms) -> usize;

    /// Floating-point operations of a step of a simulation.
    fn flops_a_step(&self) -> f64;

    /// Takes jobs from the batch's queue until it is empty and writes a record for each.
    ///
    /// Several threads may run the same batch, each with its own workspace.
    ///
    /// # Allocation
    ///
    /// None, once the workspace has been reserved for this simulator and level.
    ///
    /// # Panics
    ///
    /// When the workspace is smaller than declared, or a member of a family panics; the jobs that were in flight
    /// are then in [`Workspace::in_flight`].
    fn run(&self, level: SimdLevel, batch: &Batch<'_>, workspace: &mut Workspace);

    /// One simulation with every `stride`-th step kept, by the code of [`Simulator::run`].
    ///
    /// # Errors
    ///
    /// When memory for the trajectory cannot be reserved.
    fn record(
        &self,
        level: SimdLevel,
        values: &[f64],
        scenario: &Scenario,
        stride: usize,
    ) -> Result<(Record, Trajectory), crate::Error>;
}
