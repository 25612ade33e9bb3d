//! The closed loop of a study as one graph: sensors, control law, actuator, plant, judge.
//!
//! A law and a judge are blocks that act once a control period: `state' = e` means state + dt·e there. In a step
//!
//! ```text
//! seen   = quantise(x_k + noise)                 where a scenario has sensors
//! u      = law(seen, signals, its states)        once a control period
//! u      → dead time → lag → rate limit → limit  where a scenario or the plant has them
//! sums   = judge(x_k, u, the law's values)       integrals by the rectangle rule, maxima
//! x_k+1  = method(plant, x_k, u, signals)        held over the step
//! stop   = x_k+1 is not finite, or it has failed, or its cost is beyond the bound
//! ```
//!
//! What a study does not ask for is not in its graph. What the law and the first stage of the integrator both need stands in it once.

use std::collections::BTreeMap;

use crate::model::{Misread, Model};
use crate::program::{Program, Tape, TooLarge};

mod compiled;
mod compose;
mod dormand_prince;
mod finish;
mod law;
mod method;
mod numbers;
mod open;
mod outside;
mod sampled;
mod world;

pub use compose::start_of;
pub use law::{Law, Measured};
pub use method::Method;
pub use outside::OutsideLoop;
pub(crate) use sampled::PROBES_AT;
pub use sampled::{Sampled, Slides};

/// Longest delay in steps.
pub const DELAY_MAX: usize = 10_000;

/// A block that acts once a control period, and what its inputs are connected to, by name.
#[derive(Debug, Clone)]
pub struct Connected<'a> {
    /// Its equations.
    pub model: &'a Model,
    /// From the name of an input to that of a value; what has the same name is connected by itself.
    pub connect: BTreeMap<String, String>,
}

/// What the world does to a loop in any of its scenarios.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imperfections {
    /// The plant's states whose sensors are noisy, by place.
    pub noisy: Vec<usize>,
    /// Sensors show steps.
    pub coarse: bool,
    /// The law acts once several steps.
    pub hold: bool,
    /// The longest dead time from the law to the actuator, in steps.
    pub dead_time: usize,
    /// The actuator has a lag or a rate limit.
    pub actuator: bool,
}

/// What a closed loop is made of.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// What is controlled.
    pub plant: &'a Model,
    /// Its parameters as the law knows them, which are those of the plant unless a job says otherwise.
    pub nominal: &'a [f64],
    /// Whether a job gives the plant's parameters.
    pub varies: bool,
    /// Places of the plant's parameters that are tuned: they are the last gains of the law.
    pub tuned: &'a [usize],
    /// What controls it.
    pub law: Connected<'a>,
    /// From the name of a plant's input to that of the value that drives it.
    pub drive: BTreeMap<String, String>,
    /// Names of the signals, whose values jobs give step by step: inputs that no controller drives, references.
    pub signals: Vec<String>,
    /// What the world does.
    pub world: Imperfections,
    /// What judges it: its values `cost`, `partial` (a lower bound of the cost to come), `failed` (looked at for the states after the step) and those of `terms`.
    pub judge: Connected<'a>,
    /// Names of the judge's values that a record holds, and whether the plain step computes each; the watched step computes all.
    pub terms: Vec<(String, bool)>,
    /// How a step is integrated.
    pub method: Method,
    /// Integration step in s; also the control period, unless a job gives it another number of steps.
    pub dt: f64,
    /// Values to look at.
    pub shown: Vec<String>,
}

/// Where the numbers of a job go, and what comes back.
///
/// The inputs of the program are, in this order: gains, plant parameters, first states, first values of the signals, deviations of the
/// noisy sensors, steps of all sensors, steps of the control period, steps of the dead time, the actuator's share of the way and its
/// largest change a step, and the bound of the cost. Its results are whether it has failed, its cost, and the values of its terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// How many parameters the law has.
    pub gains: usize,
    /// The plant's parameters where a job gives none; empty where none does.
    pub nominal: Vec<f64>,
    /// How many states the plant has.
    pub states: usize,
    /// How many signals there are.
    pub signals: usize,
    /// What the world does.
    pub world: Imperfections,
    /// The terms that a record tells, and whether the plain program finds them.
    pub terms: Vec<bool>,
    /// The slot of the first signal.
    pub signals_at: usize,
    /// The slot of the first noise.
    pub noise_at: usize,
    /// The slots of what moves by itself: the plant's states, and what law and actuator remember.
    pub moving: Vec<usize>,
    /// The delay lines, each read after every step.
    pub delays: Vec<DelayLine>,
}

/// A value that steps read later than it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayLine {
    /// The slot that a step writes, and reads with its value of so many steps ago.
    pub slot: usize,
    /// The slot with the number of steps.
    pub steps: usize,
    /// The largest number of steps.
    pub most: usize,
}

/// Why there is no closed loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// The equations of the named model cannot be used.
    Model(&'static str, Misread),
    /// The law as a whole does not suit the plant; what it does, and the remedy.
    Law {
        /// What it does, behind its name.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// An input is connected to nothing that is known.
    Connection(String),
    /// The law's input depends on its output in the same step: an algebraic loop.
    Circle(String),
    /// A delay varies during a simulation, or is longer than [`DELAY_MAX`].
    Delay(String),
    /// Too large for a program.
    TooLarge(TooLarge),
}

/// A closed loop.
#[derive(Debug, Clone)]
pub struct ClosedLoop {
    /// What runs it.
    pub program: Program,
    /// What its numbers mean.
    pub layout: Layout,
    /// Numbers that the law comes to by its gains and the nominal plant, such as the gains of a regulator by its weights.
    pub told: Told,
}

/// Numbers that a law comes to.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Their names.
    pub names: Vec<String>,
    /// The inputs of the program → the numbers; they are made of gains.
    tape: Tape,
}

impl Told {
    /// The numbers for the law's gains, one for each of its parameters.
    #[must_use]
    pub fn numbers(&self, gains: &[f64]) -> Vec<f64> {
        let mut room = vec![0.0; self.tape.room()];
        let others = std::iter::repeat(f64::NAN);
        self.tape.run(gains.iter().copied().chain(others), &mut room).collect()
    }
}

impl ClosedLoop {
    /// Composes the closed loop.
    ///
    /// # Errors
    ///
    /// When the equations of a model cannot be used, an input is connected to nothing, or the whole is too large.
    pub fn new(parts: &Parts<'_>) -> Result<Self, Unfit> {
        compose::Composer::new(parts).compose()
    }
}
