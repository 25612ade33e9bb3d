//! The config: a TOML file as written, checked key by key into values that the rest of the crate can trust.
//!
//! Every number has a [`Parameter`] with its default and range; every choice a registry. Sizes are bounded here, before
//! anything is allocated. What comes out is resolved: defaults filled in, so that `manifest.json` tells all.

use std::ops::Range;
use std::path::Path;

use crate::closed_loop::Method;
use crate::constraint::{Constraint, Follower};
use crate::costs::{Aggregate, Objective, Response, Term};
use crate::model::{self, Kind};
use crate::native::Backend;
use crate::parameter::{Parameter, Short};
use crate::sampling::{Group, Nominal};
use crate::simulation::Keep;
use crate::stability::Limited;
use crate::swarm::{Axis, Plan};
use crate::text::Source;
pub use crate::text::{Asked, ConfigError, FILE_SIZE_MAX, Marked};
pub(crate) use crate::text::{MANIFEST_SIZE_MAX, Refusal, one_of, read_bounded};

mod alone;
mod ask_tell;
mod asked;
mod axis;
mod batch;
mod build;
mod choices;
mod cost;
mod equations;
mod gains;
mod measured;
mod objectives;
mod read;
mod relations;
mod scenarios;
mod search;
mod system;
mod template;
mod told;
mod waves;
mod wiring;
mod write;
mod write_models;

pub use ask_tell::{Added, AskTell};
pub use asked::Reader;
pub use batch::{BatchConfig, Entry};
pub use equations::{Column, Coverage, Role};
pub(crate) use gains::LAW_COLUMNS;
pub use gains::{Gain, GainValue, Gains, read_gains};
pub use system::{ControllerConfig, Drawing, Equations, PlantConfig, Unphysical, names_of};
pub use template::{TemplateModel, template};
pub use told::Told;
pub use wiring::{Signal, Wiring};

/// Most particles of a swarm.
pub const PARTICLES_MAX: u64 = 100_000;
/// Most generations of a run.
pub const GENERATIONS_MAX: u64 = 1_000_000;
/// Most control steps of a simulation.
pub const STEPS_MAX: u64 = 10_000_000;
/// Most samples of a history.
pub const HISTORY_MAX: u64 = 1_000_000;
/// Most gain constraints of a study.
pub const CONSTRAINTS_MAX: usize = 100;
/// Most dimensions of a search without a study.
pub const DIMENSIONS_MAX: usize = 1000;
/// Most numbers that the positions of all swarms of a search take: particles × dimensions.
pub const COORDINATES_MAX: usize = 20_000_000;
/// Most positions that a search judges.
pub const EVALUATIONS_MAX: u64 = 1_000_000_000_000;
/// Most simulations of a generation: particles × scenarios.
pub const SIMULATIONS_MAX: usize = 1_000_000;

/// The control and integration step.
pub const DT: Parameter =
    Parameter::fixed("dt", "s", 1e-3, [1e-6, 0.1], "control period and integration step");
/// The length of a simulation.
pub const DURATION: Parameter =
    Parameter::fixed("duration", "s", 10.0, [1e-6, 1e4], "length of a simulation");
/// A parameter that the swarm may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TunedGain {
    /// Its position among the controller's parameters.
    pub index: usize,
    /// Where it is searched.
    pub axis: Axis,
}

/// A checked and resolved config.
///
/// What is wrong is told with its place and what is allowed:
///
/// ```
/// use gainswarm::config::Config;
///
/// let error = Config::parse("study.toml".as_ref(), "[simulation]\ndt = 2.0\n").unwrap_err().to_string();
/// assert!(error.starts_with("study.toml, line 2: simulation.dt = 2.0"), "{error}");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Name of the study: its directory below `outputs/`.
    pub study: String,
    /// The seed of every random number.
    pub seed: u64,
    /// What is controlled.
    pub plant: PlantConfig,
    /// What controls it.
    pub controller: ControllerConfig,
    /// How the two are joined.
    pub wiring: Wiring,
    /// How it is simulated.
    pub simulation: SimulationConfig,
    /// The history that each simulation keeps.
    pub history: Keep,
    /// What is measured, and what of it costs.
    pub cost: Vec<Term>,
    /// What is traded off; none where the cost is one.
    pub objectives: Vec<Objective>,
    /// The responses that terms are about.
    pub responses: Vec<Response>,
    /// How the costs in the scenarios become one.
    pub aggregate: Aggregate,
    /// The largest value of each cost term that is feasible.
    pub limits: Vec<f64>,
    /// What gains are tuned on.
    pub scenarios: Vec<Group>,
    /// What they are validated on.
    pub validation: Vec<Group>,
    /// How it searches.
    pub swarm: Plan,
    /// Whether the swarm shall start from published rules too; [`crate::pid_rules::started`] finds where.
    pub starts_from_rules: bool,
    /// What is searched.
    pub tune: Vec<TunedGain>,
    /// Gains that follow from those by equalities.
    pub followers: Vec<Follower>,
    /// What must hold between gains.
    pub constraints: Vec<Constraint>,
    /// Whether a gain vector without a stable certificate is infeasible.
    pub require_certificate: bool,
    /// The limits of the certificate, in the order of [`crate::stability::LIMITS`]; where one is set, the loop has to be stable too.
    pub certificate_limits: Limited,
    /// Bytes that a run may use.
    pub memory_limit: Option<u64>,
}

/// `[simulation]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationConfig {
    /// Control period and integration step in s.
    pub dt: f64,
    /// Length in s.
    pub duration: f64,
    /// The method.
    pub integrator: Method,
    /// The numbers that the plant asks for, in the order of its settings.
    pub settings: Vec<f64>,
    /// Whether a simulation stops once its particle cannot improve any more.
    pub early_abandonment: bool,
    /// What runs the simulations of a tuning; it does not change the result.
    pub backend: Backend,
    /// When a simulation has failed, besides states that are not finite.
    pub fail: Option<String>,
}

impl SimulationConfig {
    /// Control steps a simulation: the duration in steps, rounded to the nearest.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked against STEPS_MAX")]
    pub fn steps(&self) -> u64 {
        (self.duration / self.dt).round() as u64
    }

    /// Refuses a duration that is not a whole number of steps, or of too many.
    pub(crate) fn whole_steps(&self) -> Result<(), Refusal> {
        let Self { duration, dt, .. } = self;
        let steps = self.steps();
        if !(1..=STEPS_MAX).contains(&steps) {
            let problem = format!("= {duration} s in steps of {dt} s makes {steps} steps");
            return Err(Refusal { problem, remedy: format!("allowed: from 1 to {STEPS_MAX} steps") });
        }
        #[allow(clippy::cast_precision_loss, reason = "bounded by STEPS_MAX")]
        let whole = steps as f64 * dt;
        if (whole - duration).abs() > 1e-9 * duration {
            let problem = format!("= {duration} s is not a whole number of steps of {dt} s");
            return Err(Refusal {
                problem,
                remedy: format!("allowed: multiples of dt, such as {} s", Short(whole)),
            });
        }
        Ok(())
    }
}

impl Config {
    /// Reads and checks a config.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line and what is allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::check(&Source::read(path)?)
    }

    /// Checks the text of a config; `path` gives the study its default name and stands in errors.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line and what is allowed.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        Self::check(&Source::new(path, text.into()))
    }

    /// The values that each parameter of the controller may take in the search; a single one where it is not tuned.
    #[must_use]
    pub fn searched(&self) -> Vec<Range<f64>> {
        read::searched(&self.controller, &self.tune)
    }

    /// Where each tuned gain is searched.
    #[must_use]
    pub fn tuned_ranges(&self) -> Vec<Parameter> {
        let parameters = self.controller.parameters();
        let range = |gain: &TunedGain| Parameter {
            min: gain.axis.lower,
            max: gain.axis.upper,
            ..parameters[gain.index]
        };
        self.tune.iter().map(range).collect()
    }

    /// Where a simulation may start, a range a state.
    #[must_use]
    pub fn initial_state_ranges(&self) -> Vec<Parameter> {
        scenarios::initial_state_ranges(&self.plant)
    }

    /// The state because of which a simulation that starts there has failed at once, its value, and the condition of failure.
    pub(crate) fn failing(&self, start: &[f64]) -> Option<(&'static str, f64, String)> {
        let usual: Vec<f64> = self.initial_state_ranges().iter().map(|state| state.default).collect();
        let alone = |place: usize| {
            let mut state = usual.clone();
            state[place] = start[place];
            state
        };
        let names = self.plant.states().iter().map(|state| state.name).zip(start).enumerate();
        let mut found = names.filter_map(|(place, (name, value))| {
            Some((name, *value, scenarios::failing(&self.plant, &self.simulation, &alone(place))?))
        });
        let together = || scenarios::failing(&self.plant, &self.simulation, start);
        found.next().or_else(|| Some((self.plant.states().first()?.name, start[0], together()?)))
    }

    /// The place of a term.
    #[must_use]
    pub fn term(&self, name: &str) -> Option<usize> {
        self.cost.iter().position(|term| term.name == name)
    }

    /// The signals that scenarios give.
    #[must_use]
    pub fn signals(&self) -> &[Signal] {
        &self.wiring.signals
    }

    /// What groups of scenarios need to know.
    #[must_use]
    pub fn nominal(&self) -> Nominal<'_> {
        Nominal {
            parameters: self.plant.parameters(),
            values: &self.plant.values,
            require: &self.plant.of.model.declared.require,
            asked: self.asked_places(),
            defaults: self.signals().iter().map(|signal| signal.default.unwrap_or(0.0)).collect(),
            dt: self.simulation.dt,
            steps: self.simulation.steps(),
        }
    }

    /// How many scenarios every gain vector is judged on.
    #[must_use]
    pub fn scenario_count(&self) -> usize {
        self.scenarios.iter().map(|group| group.count).sum()
    }

    /// What is wrong with the number of particles.
    pub(crate) fn excess(&self) -> Option<Refusal> {
        search::excess(&self.swarm, [self.tune.len(), self.scenario_count()])
    }

    fn check(source: &Source) -> Result<Self, ConfigError> {
        read::config(source)
    }
}

/// The names of the controllers that ship and control the usual plant as they stand.
#[must_use]
pub fn controllers_as_they_stand() -> Vec<&'static str> {
    let mut names = names_of(Kind::Controller);
    names.retain(|name| Config::of(model::usual(Kind::Plant), name).is_ok());
    // The usual one first.
    names.sort_by_key(|name| *name != model::usual(Kind::Controller));
    names
}
