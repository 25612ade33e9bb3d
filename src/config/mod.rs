//! The config: a TOML file as written, checked key by key into values that the rest of the crate can trust.
//!
//! Every number has a [`Parameter`] with its default and range; every choice a registry. Sizes are bounded here, before
//! anything is allocated. What comes out is resolved: defaults filled in, so that `manifest.json` tells all.

use std::ops::Range;
use std::path::Path;

use toml::de::DeTable;

use crate::constraint::Constraint;
use crate::controllers::surface::without_effect;
use crate::controllers::{Controller, ControllerKind, Saturation, SurfaceKind, with_controller};
use crate::costs::{Aggregate, AggregateKind, CostKind, TERMS, Term};
use crate::integrators::IntegratorKind;
use crate::parameter::{Parameter, Short};
use crate::plants::{Plant, PlantKind, with_plant};
use crate::problem::TunedGain;
use crate::rules::RuleKind;
use crate::sampling::{Group, Nominal};
use crate::swarm::{self, Axis, Scale};
use crate::topologies::TopologyKind;

mod inequality;
mod scenarios;
mod section;
mod source;
mod write;

pub use scenarios::SCENARIOS_MAX;
use section::Section;
pub(crate) use section::one_of;
use source::Source;
pub(crate) use source::read_bounded;
pub use source::{ConfigError, FILE_SIZE_MAX};

/// What may stand at the top level.
const SECTIONS: [&str; 14] = [
    "study",
    "seed",
    "constraints",
    "require_certificate",
    "plant",
    "controller",
    "simulation",
    "cost",
    "aggregate",
    "limits",
    "scenarios",
    "validation",
    "swarm",
    "tune",
];

/// Most particles of a swarm.
pub const PARTICLES_MAX: u64 = 100_000;
/// Most generations of a run.
pub const GENERATIONS_MAX: u64 = 1_000_000;
/// Most control steps of a simulation.
pub const STEPS_MAX: u64 = 10_000_000;
/// Most gain constraints of a study.
pub const CONSTRAINTS_MAX: usize = 100;
/// Most simulations of a generation: particles × scenarios.
pub const SIMULATIONS_MAX: usize = 1_000_000;

/// The control and integration step.
pub const DT: Parameter =
    Parameter::fixed("dt", "s", 1e-3, [1e-6, 0.1], "control period and integration step");
/// The length of a simulation.
pub const DURATION: Parameter =
    Parameter::fixed("duration", "s", 10.0, [1e-6, 1e4], "length of a simulation");
const ANGLE_LIMIT: Parameter = Parameter::fixed(
    "angle_limit",
    "rad",
    std::f64::consts::FRAC_PI_2,
    [1e-3, 100.0],
    "a link beyond this has fallen",
);
const TRACK_LIMIT: Parameter =
    Parameter::fixed("track_limit", "m", 10.0, [1e-3, 1e4], "a cart beyond this has left the track");
const SETTLED_POSITION: Parameter =
    Parameter::fixed("settled_position", "m", 0.05, [1e-9, 1e4], "a cart within this counts as settled");
const SETTLED_ANGLE: Parameter =
    Parameter::fixed("settled_angle", "rad", 0.01, [1e-9, 100.0], "a link within this counts as settled");
const WEIGHT: Parameter = Parameter::fixed("weight", "1", 1.0, [0.0, 1e12], "weight of the term");
const NORM: Parameter = Parameter::fixed("norm", "1", 1.0, [1e-12, 1e12], "what the term is divided by");
/// Initial rates are bounded by this, in m/s and rad/s.
const RATE_MAX: f64 = 1e3;

/// A checked and resolved config.
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
    /// How it is simulated.
    pub simulation: SimulationConfig,
    /// Weight, norm and states of each cost term.
    pub cost: [Term; TERMS],
    /// How the costs in the scenarios become one.
    pub aggregate: Aggregate,
    /// The largest value of each cost term that is feasible.
    pub limits: [f64; TERMS],
    /// What gains are tuned on.
    pub scenarios: Vec<Group>,
    /// What they are validated on.
    pub validation: Vec<Group>,
    /// Who searches.
    pub swarm: SwarmConfig,
    /// What is searched.
    pub tune: Vec<TunedGain>,
    /// What must hold between gains.
    pub constraints: Vec<Constraint>,
    /// Whether a gain vector without a stable certificate is infeasible.
    pub require_certificate: bool,
}

/// `[plant]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PlantConfig {
    /// Which one.
    pub kind: PlantKind,
    /// Its parameters, in the order of the plant.
    pub values: Vec<f64>,
}

/// `[controller]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ControllerConfig {
    /// Which one.
    pub kind: ControllerKind,
    /// The angles on which the surface stands.
    pub surface: SurfaceKind,
    /// The switching function.
    pub saturation: Saturation,
    /// Whether the equivalent control is on.
    pub equivalent_control: bool,
    /// Its parameters, in the order of the controller.
    pub values: Vec<f64>,
}

/// `[simulation]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationConfig {
    /// Control period and integration step in s.
    pub dt: f64,
    /// Length in s.
    pub duration: f64,
    /// The method.
    pub integrator: IntegratorKind,
    /// In rad.
    pub angle_limit: f64,
    /// In m.
    pub track_limit: f64,
    /// A cart within ± this, in m, counts as settled.
    pub settled_position: f64,
    /// A link within ± this, in rad, counts as settled.
    pub settled_angle: f64,
    /// Whether a simulation stops once its particle cannot improve any more.
    pub early_abandonment: bool,
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
            let problem = format!("= {duration} s is no whole number of steps of {dt} s");
            return Err(Refusal { problem, remedy: format!("allowed: such as {} s", Short(whole)) });
        }
        Ok(())
    }
}

/// What is wrong and what is allowed, before it is known where it stands.
pub(crate) struct Refusal {
    pub(crate) problem: String,
    pub(crate) remedy: String,
}

/// `[swarm]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SwarmConfig {
    /// How it is made up.
    pub settings: swarm::Settings,
    /// How long it runs.
    pub generations: u64,
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
        searched(&self.controller, &self.tune)
    }

    /// Where a simulation may start, a range a state.
    #[must_use]
    pub fn initial_state_ranges(&self) -> Vec<Parameter> {
        scenarios::initial_state_ranges(&self.plant, &self.simulation)
    }

    /// What groups of scenarios need to know.
    #[must_use]
    pub fn nominal(&self) -> Nominal<'_> {
        Nominal { plant: self.plant.kind, values: &self.plant.values }
    }

    /// How many scenarios every gain vector is judged on.
    #[must_use]
    pub fn scenario_count(&self) -> usize {
        self.scenarios.iter().map(|group| group.count).sum()
    }

    fn check(source: &Source) -> Result<Self, ConfigError> {
        let document = DeTable::parse(source.text()).map_err(|error| {
            let at = error.span().map(|span| span.start);
            let problem = format!("is not TOML: {}", error.message());
            source.error(at, problem, "see https://toml.io for the format".into())
        })?;
        if document.get_ref().is_empty() {
            let remedy = "see configs/classical.toml for a study to start from".into();
            return Err(source.error(None, "is empty".into(), remedy));
        }
        let root = Section::root(source, document.get_ref());

        root.refuse_all_but(&SECTIONS)?;

        let stem = source.path().file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let study = root.file_name("study", stem)?;
        let seed = root.whole("seed", 1, 0..=i64::MAX as u64)?;
        let plant = plant(root.section("plant")?)?;
        let controller = controller(root.section("controller")?)?;
        let simulation = simulation(root.section("simulation")?)?;
        let cost = cost(root.section("cost")?, &plant)?;
        let aggregate = aggregate(root.section("aggregate")?)?;
        let limits = limits(root.section("limits")?)?;
        let scenarios = scenario_groups(&root, &plant, &simulation)?;
        let validation = scenarios::groups(&root, "validation", &plant, &simulation)?;
        let count = scenarios.iter().map(|group| group.count).sum();
        let swarm = swarm(root.section("swarm")?, count)?;
        let tune = tune(&root, &plant, &controller)?;
        let constraints = constraints(&root, &controller, &tune)?;
        let require_certificate = root.switch("require_certificate", false)?;
        Ok(Self {
            study,
            seed,
            plant,
            controller,
            simulation,
            cost,
            aggregate,
            limits,
            scenarios,
            validation,
            swarm,
            tune,
            constraints,
            require_certificate,
        })
    }
}

fn plant(section: Section<'_>) -> Result<PlantConfig, ConfigError> {
    let kind = section.choice("type", PlantKind::DoubleInvertedPendulum)?;
    let values = values(&section, kind.parameters())?;
    with_plant!(kind, P => <P as Plant<_>>::check(&values)).map_err(|found| {
        section.error(found.parameter, "is unphysical", format!("allowed: {}", found.allowed))
    })?;
    section.finish()?;
    Ok(PlantConfig { kind, values })
}

fn controller(section: Section<'_>) -> Result<ControllerConfig, ConfigError> {
    let kind = section.choice("type", ControllerKind::Classical)?;
    let (saturation, equivalent) = with_controller!(kind, C => (C::SATURATION, C::EQUIVALENT_CONTROL));
    let config = ControllerConfig {
        kind,
        surface: section.choice("surface", SurfaceKind::Relative)?,
        saturation: section.choice("saturation", saturation)?,
        equivalent_control: section.switch("equivalent_control", equivalent)?,
        values: values(&section, kind.parameters())?,
    };
    section.finish()?;
    Ok(config)
}

fn values(section: &Section<'_>, parameters: &[Parameter]) -> Result<Vec<f64>, ConfigError> {
    parameters.iter().map(|parameter| section.number(parameter)).collect()
}

fn simulation(section: Section<'_>) -> Result<SimulationConfig, ConfigError> {
    let config = SimulationConfig {
        dt: section.number(&DT)?,
        duration: section.number(&DURATION)?,
        integrator: section.choice("integrator", IntegratorKind::Rk4)?,
        angle_limit: section.number(&ANGLE_LIMIT)?,
        track_limit: section.number(&TRACK_LIMIT)?,
        settled_position: section.number(&SETTLED_POSITION)?,
        settled_angle: section.number(&SETTLED_ANGLE)?,
        early_abandonment: section.switch("early_abandonment", true)?,
    };
    config.whole_steps().map_err(|found| section.error("duration", &found.problem, found.remedy))?;
    section.finish()?;
    Ok(config)
}

fn cost(section: Section<'_>, plant: &PlantConfig) -> Result<[Term; TERMS], ConfigError> {
    let mut terms = CostKind::ALL.iter().map(|kind| Term::default_of(*kind)).collect::<Vec<_>>();
    for (term, kind) in terms.iter_mut().zip(CostKind::ALL) {
        let table = section.section(kind.name())?;
        term.weight = table.number(&Parameter { default: term.weight, ..WEIGHT })?;
        term.norm = table.number(&Parameter { default: term.norm, ..NORM })?;
        if kind.chooses_states() {
            let names: Vec<&str> = plant.kind.states().iter().map(|state| state.name).collect();
            term.states = table.subset("states", &names)?;
        }
        table.finish()?;
    }
    let terms: [Term; TERMS] = std::array::from_fn(|k| terms[k]);
    if terms.iter().all(|term| term.weight == 0.0) {
        let problem = "has no term with a weight above 0: every gain vector would cost 0";
        return Err(section.error("ise", problem, "give at least one term a weight above 0".into()));
    }
    section.finish()?;
    Ok(terms)
}

fn scenario_groups(
    root: &Section<'_>,
    plant: &PlantConfig,
    simulation: &SimulationConfig,
) -> Result<Vec<Group>, ConfigError> {
    let groups = scenarios::groups(root, "scenarios", plant, simulation)?;
    if groups.is_empty() {
        let remedy = "add at least one [[scenarios]] table with an initial_state or ranges".into();
        return Err(root.error("scenarios", "is missing", remedy));
    }
    Ok(groups)
}

fn aggregate(section: Section<'_>) -> Result<Aggregate, ConfigError> {
    let share = |name, default, doc| Parameter::fixed(name, "1", default, [0.0, 1.0], doc);
    let positive = |name, default, doc| Parameter::fixed(name, "1", default, [1e-9, 1.0], doc);
    let mut aggregate = Aggregate {
        kind: section.choice("type", AggregateKind::Mean)?,
        mean: 0.7,
        worst: 0.3,
        alpha: 0.2,
        quantile: 0.9,
    };
    match aggregate.kind {
        AggregateKind::Mean | AggregateKind::Worst => {}
        AggregateKind::MeanMax => {
            aggregate.mean = section.number(&share("mean", aggregate.mean, "share of the mean"))?;
            aggregate.worst =
                section.number(&share("worst", aggregate.worst, "share of the largest cost"))?;
            if aggregate.mean + aggregate.worst == 0.0 {
                let remedy = "give mean or worst a share above 0".into();
                return Err(section.error(
                    "mean",
                    "and worst are both 0: every gain vector would cost 0",
                    remedy,
                ));
            }
        }
        AggregateKind::Cvar => {
            aggregate.alpha = section.number(&positive("alpha", aggregate.alpha, "worst share"))?;
        }
        AggregateKind::Quantile => {
            aggregate.quantile = section.number(&positive("quantile", aggregate.quantile, "share"))?;
        }
    }
    section.finish()?;
    Ok(aggregate)
}

/// `max_<term>` of each term, infinite where there is none.
fn limits(section: Section<'_>) -> Result<[f64; TERMS], ConfigError> {
    let mut limits = [f64::INFINITY; TERMS];
    for (limit, kind) in limits.iter_mut().zip(CostKind::ALL) {
        let range = Parameter::fixed(kind.limit_name(), kind.unit(), 0.0, [1e-12, 1e12], "largest value");
        *limit = section.optional_number(kind.limit_name(), &range)?.unwrap_or(f64::INFINITY);
    }
    section.finish()?;
    Ok(limits)
}

fn swarm(section: Section<'_>, scenarios: usize) -> Result<SwarmConfig, ConfigError> {
    let particles = section.whole("particles", 64, 2..=PARTICLES_MAX)?;
    let rule: RuleKind = section.choice("rule", RuleKind::Spso2011)?;
    let topology = section.choice("topology", TopologyKind::AdaptiveRandom)?;
    let informed = section.whole("informants", 3.min(particles - 1), 1..=100)?;
    let coefficients = section.section(rule.name())?;
    let stopping = section.section("stopping")?;
    let config = SwarmConfig {
        settings: swarm::Settings {
            particles: usize::try_from(particles).unwrap_or(usize::MAX),
            rule,
            coefficients: values(&coefficients, rule.parameters())?,
            topology,
            informed: usize::try_from(informed).unwrap_or(usize::MAX),
        },
        generations: stopping.whole("generations", 100, 1..=GENERATIONS_MAX)?,
    };
    if informed >= particles {
        let found = format!("= {informed} of {particles} particles");
        return Err(section.error("informants", &found, "allowed: fewer than particles".into()));
    }
    let simulations = config.settings.particles.saturating_mul(scenarios);
    if simulations > SIMULATIONS_MAX {
        let found =
            format!("= {particles} in {scenarios} scenarios makes {simulations} simulations a generation");
        return Err(section.error("particles", &found, format!("allowed: at most {SIMULATIONS_MAX}")));
    }
    coefficients.finish()?;
    stopping.finish()?;
    section.finish()?;
    Ok(config)
}

fn tune(
    root: &Section<'_>,
    plant: &PlantConfig,
    controller: &ControllerConfig,
) -> Result<Vec<TunedGain>, ConfigError> {
    let parameters = controller.kind.parameters();
    let idle = without_effect(plant.kind.states().len() / 2);
    let mut tuned: Vec<TunedGain> = Vec::new();
    for section in root.sections("tune", parameters.len())? {
        let index = section.parameter("parameter", parameters)?;
        let parameter = &parameters[index];
        if idle.contains(&parameter.name) {
            let problem = format!("= \"{}\" has no effect on {}", parameter.name, plant.kind.name());
            return Err(section.error("parameter", &problem, "leave out this [[tune]] table".into()));
        }
        if tuned.iter().any(|gain| gain.index == index) {
            let problem = format!("= \"{}\" is tuned twice", parameter.name);
            return Err(section.error("parameter", &problem, "keep one of the two [[tune]] tables".into()));
        }
        let [lower, upper] = parameter.search.unwrap_or([parameter.min, parameter.max]);
        let axis = Axis {
            lower: section.optional_number("lower", parameter)?.unwrap_or(lower),
            upper: section.optional_number("upper", parameter)?.unwrap_or(upper),
            scale: section.choice("scale", Scale::Linear)?,
        };
        if axis.lower >= axis.upper {
            let problem = format!("= {} is not below upper = {}", axis.lower, axis.upper);
            return Err(section.error("lower", &problem, "allowed: lower < upper".into()));
        }
        if axis.scale == Scale::Log10 && axis.lower <= 0.0 {
            let problem = format!("= {} has no logarithm", axis.lower);
            return Err(section.error("lower", &problem, "allowed with scale = \"log10\": lower > 0".into()));
        }
        section.finish()?;
        tuned.push(TunedGain { index, axis });
    }
    if tuned.is_empty() {
        let searched = |(index, parameter): (usize, &Parameter)| {
            let [lower, upper] = parameter.search.filter(|_| !idle.contains(&parameter.name))?;
            Some(TunedGain { index, axis: Axis { lower, upper, scale: Scale::Linear } })
        };
        tuned = parameters.iter().enumerate().filter_map(searched).collect();
    }
    tuned.sort_by_key(|gain| gain.index);
    Ok(tuned)
}

fn searched(controller: &ControllerConfig, tuned: &[TunedGain]) -> Vec<Range<f64>> {
    let mut ranges: Vec<Range<f64>> = controller.values.iter().map(|value| *value..*value).collect();
    for gain in tuned {
        ranges[gain.index] = gain.axis.lower..gain.axis.upper;
    }
    ranges
}

fn constraints(
    root: &Section<'_>,
    controller: &ControllerConfig,
    tuned: &[TunedGain],
) -> Result<Vec<Constraint>, ConfigError> {
    let ranges = searched(controller, tuned);
    root.texts("constraints", CONSTRAINTS_MAX, |text| {
        let constraint = inequality::read(text, controller.kind.parameters())
            .map_err(|found| Refusal { problem: found.show(text), remedy: found.remedy })?;
        if !constraint.can_hold(&ranges) {
            let problem =
                format!("= \"{}\" cannot hold for any gains that are searched", text.escape_debug());
            return Err(Refusal { problem, remedy: "widen the bounds of [[tune]] or change it".into() });
        }
        Ok(constraint)
    })
}
