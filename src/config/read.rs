//! Reading the sections of a config, each key by its name.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use super::section::Section;
use super::source::Source;
use super::{
    AskTell, CONSTRAINTS_MAX, Config, ConfigError, ControllerConfig, DIMENSIONS_MAX, DT, DURATION,
    EVALUATIONS_MAX, GENERATIONS_MAX, PARTICLES_MAX, PlantConfig, Refusal, SIMULATIONS_MAX, SimulationConfig,
    inequality, scenarios,
};
use crate::constraint::Constraint;
use crate::controllers::surface::without_effect;
use crate::controllers::{Controller, ControllerKind, SurfaceKind, with_controller};
use crate::costs::{Aggregate, AggregateKind, CostKind, TERMS, Term};
use crate::integrators::IntegratorKind;
use crate::parameter::Parameter;
use crate::plants::{Plant, PlantKind, with_plant};
use crate::problem::TunedGain;
use crate::rules::RuleKind;
use crate::sampling::Group;
use crate::swarm::{Axis, Bounds, Initial, Plan, PolishPlan, Restarts, Scale, Settings, Stopping};
use crate::topologies::TopologyKind;

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
const POLISH_STEP: Parameter = Parameter::fixed(
    "step",
    "1",
    0.5,
    [1e-6, 10.0],
    "first standard deviation of the polish, as a share of the spread of the personal bests",
);
const NORM: Parameter = Parameter::fixed("norm", "1", 1.0, [1e-12, 1e12], "what the term is divided by");

fn document(source: &Source) -> Result<Spanned<DeTable<'_>>, ConfigError> {
    DeTable::parse(source.text()).map_err(|error| {
        let at = error.span().map(|span| span.start);
        let problem = format!("is not TOML: {}", error.message());
        source.error(at, problem, "see https://toml.io for the format".into())
    })
}

/// Checks the text of a config of a search without a study.
pub(super) fn search(source: &Source) -> Result<AskTell, ConfigError> {
    let document = document(source)?;
    let root = Section::root(source, document.get_ref());
    root.refuse_all_but(&["seed", "swarm", "parameters"])?;
    let seed = root.whole("seed", 1, 0..=i64::MAX as u64)?;
    let (mut axes, mut names) = (Vec::new(), Vec::new());
    for section in root.sections("parameters", DIMENSIONS_MAX)? {
        let name = section.file_name("name", &format!("x{}", axes.len() + 1))?;
        if names.contains(&name) {
            let problem = format!("= \"{name}\" stands twice");
            return Err(section.error("name", &problem, "give each parameter a name of its own".into()));
        }
        names.push(name);
        let range = Parameter::fixed("lower", "1", 0.0, [-1e100, 1e100], "bound");
        let bound = |key: &str| -> Result<f64, ConfigError> {
            let missing = || section.error(key, "is missing", format!("allowed: {}", range.allowed()));
            section.optional_number(key, &range)?.ok_or_else(missing)
        };
        let axis = Axis {
            lower: bound("lower")?,
            upper: bound("upper")?,
            scale: section.choice("scale", Scale::Linear)?,
        };
        ordered(&section, &axis)?;
        section.finish()?;
        axes.push(axis);
    }
    if axes.is_empty() {
        let remedy = "add a [[parameters]] table with lower and upper for each dimension".into();
        return Err(root.error("parameters", "is missing", remedy));
    }
    let section = root.section("swarm")?;
    let swarm = swarm(&section, [axes.len(), 1])?;
    section.finish()?;
    Ok(AskTell { seed, swarm, axes })
}

/// Refuses bounds that are not in order, or have no logarithm.
fn ordered(section: &Section<'_>, axis: &Axis) -> Result<(), ConfigError> {
    if axis.lower >= axis.upper {
        let problem = format!("= {} is not below upper = {}", axis.lower, axis.upper);
        return Err(section.error("lower", &problem, "allowed: lower < upper".into()));
    }
    if axis.scale == Scale::Log10 && axis.lower <= 0.0 {
        let problem = format!("= {} has no logarithm", axis.lower);
        return Err(section.error("lower", &problem, "allowed with scale = \"log10\": lower > 0".into()));
    }
    Ok(())
}

/// Checks the text of a config.
pub(super) fn config(source: &Source) -> Result<Config, ConfigError> {
    let document = document(source)?;
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
    let limits = limits(root.section("limits")?, &simulation)?;
    let scenarios = scenario_groups(&root, &plant, &simulation)?;
    let validation = scenarios::groups(&root, "validation", &plant, &simulation)?;
    let count = scenarios.iter().map(|group| group.count).sum();
    let tune = tune(&root, &plant, &controller)?;
    let section = root.section("swarm")?;
    let swarm = swarm(&section, [tune.len(), count])?;
    let constraints = constraints(&root, &controller, &tune)?;
    let require_certificate = root.switch("require_certificate", false)?;
    let mut config = Config {
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
    };
    config.swarm.settings.start = warm_starts(&section, &config, source)?;
    section.finish()?;
    Ok(config)
}

/// The positions that the first particles start from; paths are relative to the config.
fn warm_starts(
    section: &Section<'_>,
    config: &Config,
    source: &Source,
) -> Result<Vec<Vec<f64>>, ConfigError> {
    let directory = source.path().parent().unwrap_or(Path::new(""));
    section.texts("warm_start", config.swarm.settings.particles, |text| {
        config.warm_start(&directory.join(text)).map_err(|error| {
            let ConfigError { path, line, problem, remedy } = error;
            let line = line.map_or(String::new(), |line| format!(", line {line}"));
            Refusal { problem: format!("{}{line}: {problem}", path.display()), remedy }
        })
    })
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
fn limits(section: Section<'_>, simulation: &SimulationConfig) -> Result<[f64; TERMS], ConfigError> {
    let mut limits = [f64::INFINITY; TERMS];
    for (limit, kind) in limits.iter_mut().zip(CostKind::ALL) {
        let range = Parameter::fixed(kind.limit_name(), kind.unit(), 0.0, [1e-12, 1e12], "largest value");
        *limit = section.optional_number(kind.limit_name(), &range)?.unwrap_or(f64::INFINITY);
    }
    let settling = CostKind::SettlingTime;
    if (simulation.duration..f64::INFINITY).contains(&limits[settling as usize]) {
        let remedy = format!(
            "allowed: less than the duration of {} s, which a run that never settles has",
            simulation.duration
        );
        return Err(section.error(settling.limit_name(), "cannot be exceeded", remedy));
    }
    section.finish()?;
    Ok(limits)
}

fn stopping_rules(section: &Section<'_>) -> Result<Stopping, ConfigError> {
    let number = |name, unit, range, doc| Parameter::fixed(name, unit, 0.0, range, doc);
    let optional = |parameter: &Parameter| section.optional_number(parameter.name, parameter);
    // Without any bound a search takes 200 generations; with one on evaluations, as many as they make.
    let evaluations = section.has("evaluations");
    let generations = if evaluations { GENERATIONS_MAX } else { 200 };
    Ok(Stopping {
        generations: section.whole("generations", generations, 1..=GENERATIONS_MAX)?,
        evaluations: section.whole("evaluations", u64::MAX, 1..=EVALUATIONS_MAX)?,
        target: optional(&number("target", "1", [-1e300, 1e300], "cost"))?,
        stall_generations: if section.has("stall_generations") {
            Some(section.whole("stall_generations", 1, 1..=GENERATIONS_MAX)?)
        } else {
            None
        },
        stall_gain: section.number(&Parameter::fixed("stall_gain", "1", 1e-6, [0.0, 1.0], "share"))?,
        wall_time: optional(&number("wall_time", "s", [1e-3, 1e9], "time"))?,
    })
}

/// What `[swarm]` says about a search of so many dimensions, in so many scenarios; the caller knows what else may stand there.
fn swarm(section: &Section<'_>, [dimensions, scenarios]: [usize; 2]) -> Result<Plan, ConfigError> {
    // What the ablation in docs/swarm.md found best.
    let particles = section.whole("particles", 4 + 2 * dimensions as u64, 2..=PARTICLES_MAX)?;
    let rule = section.choice("rule", RuleKind::Learning)?;
    let topology = section.choice("topology", TopologyKind::AdaptiveRandom)?;
    let informed = section.whole("informants", 3.min(particles - 1), 1..=100)?;
    let coefficients = section.section(rule.name())?;
    let stopping = section.section("stopping")?;
    let plan = Plan {
        settings: Settings {
            particles: usize::try_from(particles).unwrap_or(usize::MAX),
            rule,
            coefficients: values(&coefficients, rule.parameters())?,
            topology,
            informed: usize::try_from(informed).unwrap_or(usize::MAX),
            bounds: section.choice("bounds", Bounds::Absorb)?,
            initial: section.choice("initial", Initial::Sobol)?,
            start: Vec::new(),
        },
        restarts: restarts(section)?,
        polish: polish(section)?,
        stopping: stopping_rules(&stopping)?,
    };
    coefficients.finish()?;
    stopping.finish()?;
    if informed >= particles {
        let found = format!("= {informed} of {particles} particles");
        return Err(section.error("informants", &found, "allowed: fewer than particles".into()));
    }
    let largest = plan.positions_max(dimensions);
    let simulations = largest.saturating_mul(scenarios);
    if simulations > SIMULATIONS_MAX {
        let doubled =
            if plan.restarts.times > 0 { format!(", {largest} after restarts,") } else { String::new() };
        let found = format!(
            "= {particles}{doubled} in {scenarios} scenarios makes {simulations} simulations a generation"
        );
        return Err(section.error("particles", &found, format!("allowed: at most {SIMULATIONS_MAX}")));
    }
    Ok(plan)
}

/// `[swarm.restarts]`: the table, even empty, asks for them.
fn restarts(swarm: &Section<'_>) -> Result<Restarts, ConfigError> {
    if !swarm.has("restarts") {
        return Ok(Restarts::NONE);
    }
    let section = swarm.section("restarts")?;
    let doublings = section.whole("doublings", 2, 0..=10)?;
    let restarts = Restarts {
        times: section.whole("times", 1000, 1..=1_000_000)?,
        doublings: u32::try_from(doublings).unwrap_or(u32::MAX),
        patience: section.whole("patience", 30, 1..=GENERATIONS_MAX)?,
    };
    section.finish()?;
    Ok(restarts)
}

/// `[swarm.polish]`: the table, even empty, asks for it.
fn polish(swarm: &Section<'_>) -> Result<Option<PolishPlan>, ConfigError> {
    if !swarm.has("polish") {
        return Ok(None);
    }
    let section = swarm.section("polish")?;
    let polish = PolishPlan {
        after: section.whole("after", 60, 1..=GENERATIONS_MAX)?,
        step: section.number(&POLISH_STEP)?,
    };
    section.finish()?;
    Ok(Some(polish))
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
        ordered(&section, &axis)?;
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

pub(super) fn searched(controller: &ControllerConfig, tuned: &[TunedGain]) -> Vec<Range<f64>> {
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
            let problem = format!("\"{}\" cannot hold for any gains that are searched", text.escape_debug());
            return Err(Refusal {
                problem,
                remedy: "widen the bounds of [[tune]], or take the constraint out".into(),
            });
        }
        Ok(constraint)
    })
}
