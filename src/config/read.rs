//! Reading the sections of a config, each key by its name.

use std::ops::Range;
use std::path::Path;

use super::relations::{Numbers, Related};
use super::{
    Config, ConfigError, ControllerConfig, DT, DURATION, HISTORY_MAX, PlantConfig, Refusal, SimulationConfig,
    TunedGain, axis, choices, cost, equations, measured, objectives, scenarios, search, system, wiring,
};
use crate::closed_loop::Method;
use crate::constraint::Constraint;
use crate::costs::{Aggregate, AggregateKind, Term};
use crate::model::{self, Kind};
use crate::native::Backend;
use crate::parameter::Parameter;
use crate::registry::Member;
use crate::sampling::Group;
use crate::simulation::{Keep, Policy};
use crate::swarm::{Axis, Scale};
use crate::text::{Section, Source, name_of};

/// What may stand at the top level.
const SECTIONS: [&str; 19] = [
    "study",
    "seed",
    "constraints",
    "require_certificate",
    "memory_limit",
    "plant",
    "controller",
    "connect",
    "simulation",
    "history",
    "cost",
    "objectives",
    "response",
    "aggregate",
    "limits",
    "scenarios",
    "validation",
    "swarm",
    "tune",
];

/// What stands at the top level of a model.
const OF_MODELS: [&str; 9] =
    ["kind", "equations", "states", "inputs", "outputs", "parameters", "gains", "tables", "expressions"];

/// Checks the text of a config.
pub(super) fn config(source: &Source) -> Result<Config, ConfigError> {
    let document = source.document()?;
    if document.get_ref().is_empty() {
        let remedy = "write a study to start from with `gainswarm init`".into();
        return Err(source.error(None, "is empty".into(), remedy));
    }
    let root = Section::root(source, document.get_ref());

    if root.has("studies") {
        let remedy = "run it with `gainswarm batch`".into();
        return Err(root.error("studies", "belongs in a batch, but this should be a study", remedy));
    }
    if let Some(key) = root.keys().iter().find(|key| OF_MODELS.contains(&key.as_str())) {
        return Err(of_model(&root, key));
    }
    root.refuse_all_but(&SECTIONS)?;
    resolved(&root, Kind::ALL.map(model::usual))
}

/// Refuses what belongs to a model: its whole text, or a table of it that stands outside of the plant's or the controller's.
fn of_model(root: &Section<'_>, key: &str) -> ConfigError {
    if root.has("kind") {
        let remedy = "`gainswarm init --plant FILE` writes a study for a plant; in a study, [plant] file = \"…\" or [controller] file = \"…\" takes it";
        return root.error("kind", "begins the text of a model, but this should be a study", remedy.into());
    }
    let remedy = format!(
        "write [plant.{key}] or [controller.{key}]; a file of its own is named: [plant] file = \"…\""
    );
    root.error(key, "is part of a model, but this should be a study", remedy)
}

/// The study of a plant and a controller that ship, with every default.
pub(super) fn of(plant: &str, controller: &str) -> Result<Config, ConfigError> {
    let source = Source::new(Path::new(&format!("{plant}_{controller}")), String::new());
    resolved(&Section::nothing(&source), [plant, controller])
}

/// A study with its defaults; `usual` are the plant and the controller where it names none.
fn resolved(root: &Section<'_>, usual: [&str; 2]) -> Result<Config, ConfigError> {
    let source = root.source();
    let study = root.file_name("study", &name_of(source.path()))?;
    let seed = root.whole("seed", 1, 0..=i64::MAX as u64)?;
    let (of_plant, of_controller) = (root.section("plant")?, root.section("controller")?);
    let (mut plant, mut controller) = system::read(&of_plant, &of_controller, usual)?;
    choices::tune(root, &of_controller, &plant, &mut controller)?;
    of_plant.finish()?;
    of_controller.finish()?;
    system::tune_plant(root, &mut plant, &mut controller)?;
    let connect = root.section("connect")?;
    let wiring = wiring::read(&connect, &plant.of, &controller.of)?;
    connect.finish()?;
    let simulation = simulation(root.section("simulation")?, &plant)?;
    let history = history(root.section("history")?)?;
    let (mut cost, responses) = cost::terms(root, &plant, &controller, &wiring)?;
    let objectives =
        objectives::read(root, &mut cost, &cost::known_names(&plant, &controller, &wiring), &controller)?;
    let measured = measured::read(root, &controller, &mut cost)?;
    let aggregate = aggregate(root.section("aggregate")?)?;
    let of_limits = root.section("limits")?;
    let mut certificate_limits = cost::certificate_limits(&of_limits, &controller)?;
    let mut limits = cost::limits(of_limits, &cost, &simulation)?;
    measured.apply(&cost, &mut limits, &mut certificate_limits);
    let setup = scenarios::Setup { plant: &plant, simulation: &simulation, wiring: &wiring };
    let scenarios = scenario_groups(root, setup)?;
    let validation = scenarios::groups(root, "validation", setup)?;
    let count = scenarios.iter().map(|group| group.count).sum();
    let mut tune = tune(root, &mut controller, &plant)?;
    let (constraints, followers) = constraints(root, (&plant, &controller), &cost, &mut tune)?;
    let section = root.section("swarm")?;
    if section.has("resample") {
        let remedy = "take it out: a simulation costs the same when it is run again; give more scenarios, whose noise and draws differ";
        return Err(section.error("resample", "is for ask-tell alone", remedy.into()));
    }
    let swarm = search::swarm(&section, [tune.len(), count], objectives.len().max(1))?;
    let require_certificate = root.switch("require_certificate", false)?;
    let memory_limit =
        if root.has("memory_limit") { Some(root.whole("memory_limit", 1, 1..=u64::MAX >> 1)?) } else { None };
    let mut config = Config {
        study,
        seed,
        plant,
        controller,
        wiring,
        simulation,
        history,
        cost,
        objectives,
        responses,
        aggregate,
        limits,
        scenarios,
        validation,
        swarm,
        starts_from_rules: search::starts_from_rules(&section),
        tune,
        followers,
        constraints,
        require_certificate,
        certificate_limits,
        memory_limit,
    };
    if !config.starts_from_rules {
        config.swarm.settings.start = search::warm_starts(&section, &config, source)?;
    }
    section.finish()?;
    equations::check(source, root, &config)?;
    Ok(config)
}

fn simulation(section: Section<'_>, plant: &PlantConfig) -> Result<SimulationConfig, ConfigError> {
    let fail = section.text("fail")?.map(|(text, _)| text.to_owned());
    let config = SimulationConfig {
        dt: section.number(&DT)?,
        duration: section.number(&DURATION)?,
        integrator: section.choice("integrator", Method::Rk4)?,
        settings: section.values(&plant.of.settings)?,
        early_abandonment: section.switch("early_abandonment", true)?,
        backend: section.choice("backend", Backend::Auto)?,
        fail: fail.or_else(|| plant.of.model.declared.fail.clone()),
    };
    config.whole_steps().map_err(|found| section.error("duration", &found.problem, found.remedy))?;
    section.finish()?;
    Ok(config)
}

fn scenario_groups(root: &Section<'_>, setup: scenarios::Setup<'_>) -> Result<Vec<Group>, ConfigError> {
    let groups = scenarios::groups(root, "scenarios", setup)?;
    if groups.is_empty() && root.is_absent() {
        return Ok(vec![scenarios::usual(root, setup)?]);
    }
    if groups.is_empty() {
        let remedy = "add at least one [[scenarios]] table with signals, an initial_state or ranges".into();
        return Err(root.error("scenarios", "is missing", remedy));
    }
    Ok(groups)
}

/// The keys of `[aggregate]` that only one of its types has.
const KINDS_OF_KEYS: [(&str, AggregateKind); 4] = [
    ("mean", AggregateKind::MeanMax),
    ("worst", AggregateKind::MeanMax),
    ("alpha", AggregateKind::Cvar),
    ("quantile", AggregateKind::Quantile),
];

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
    for (key, kind) in KINDS_OF_KEYS {
        if kind != aggregate.kind && section.keys().iter().any(|known| known == key) {
            let problem = format!("is for type = \"{}\"", kind.name());
            return Err(section.error(key, &problem, "say that type, or leave the key out".into()));
        }
    }
    section.finish()?;
    Ok(aggregate)
}

/// What a simulation keeps; nothing, since no cost term needs it.
fn history(section: Section<'_>) -> Result<Keep, ConfigError> {
    let capacity = section.whole("capacity", 0, 0..=HISTORY_MAX)?;
    let keep = Keep {
        capacity: usize::try_from(capacity).unwrap_or(usize::MAX),
        policy: section.choice("policy", Policy::Decimate)?,
    };
    section.finish()?;
    Ok(keep)
}

fn tune(
    root: &Section<'_>,
    controller: &mut ControllerConfig,
    plant: &PlantConfig,
) -> Result<Vec<TunedGain>, ConfigError> {
    let parameters = controller.parameters();
    let mut idle = controller.of.model.idle();
    idle.retain(|name| !name.starts_with(system::OF_PLANT));
    let scale = |index: usize| if controller.is_logarithmic(index) { Scale::Log10 } else { Scale::Linear };
    let usual = |index: usize, parameter: &Parameter| {
        let [lower, upper] = parameter.search.unwrap_or([parameter.min, parameter.max]);
        Axis::new(lower, upper, scale(index))
    };
    let known = choices::with_parameters(controller);
    let mut is_fixed = false;
    let (mut tuned, mut fixed): (Vec<TunedGain>, Vec<(usize, f64)>) = Default::default();
    for section in root.sections("tune", choices::tables_max(plant, controller))? {
        if choices::fixed(&section, controller)?.is_some() {
            section.finish()?;
            is_fixed = true;
            continue;
        }
        let index = section.parameter("parameter", &known)?;
        let parameter = &parameters[index];
        if idle.contains(&parameter.name) {
            let problem = format!("= \"{}\" has no effect on {}", parameter.name, plant.name());
            return Err(section.error("parameter", &problem, "leave out this [[tune]] table".into()));
        }
        if tuned
            .iter()
            .map(|gain| gain.index)
            .chain(fixed.iter().map(|(fixed, _)| *fixed))
            .any(|known| known == index)
        {
            let problem = format!("= \"{}\" is tuned twice", parameter.name);
            return Err(section.error("parameter", &problem, "keep one of the two [[tune]] tables".into()));
        }
        let axis = axis::read(&section, parameter, &usual(index, parameter))?;
        section.finish()?;
        if axis.lower < axis.upper {
            tuned.push(TunedGain { index, axis });
        } else {
            fixed.push((index, axis.lower));
        }
    }
    is_fixed |= !fixed.is_empty();
    if tuned.is_empty() && !is_fixed {
        let searched = |(index, parameter): (usize, &Parameter)| {
            let [lower, upper] = parameter.search.filter(|_| !idle.contains(&parameter.name))?;
            Some(TunedGain { index, axis: Axis::new(lower, upper, scale(index)) })
        };
        tuned = parameters.iter().enumerate().filter_map(searched).collect();
    }
    if tuned.is_empty() {
        let remedy = "add a [[tune]] table with parameter, lower and upper, or give gains of the controller search = [lower, upper]".into();
        let problem = if is_fixed {
            "fixes all that it names: nothing is searched"
        } else {
            "is missing, and no gain says where it is searched"
        };
        return Err(root.error("tune", problem, remedy));
    }
    tuned.sort_by_key(|gain| gain.index);
    for (index, value) in fixed {
        controller.values[index] = value;
    }
    Ok(tuned)
}

pub(super) fn searched(controller: &ControllerConfig, tuned: &[TunedGain]) -> Vec<Range<f64>> {
    let free: Vec<(usize, Axis)> = tuned.iter().map(|gain| (gain.index, gain.axis)).collect();
    Numbers { names: &[], values: &controller.values, remedy: "" }.ranges(&free)
}

/// What must hold between gains, and those that follow from others, which are searched no longer.
fn constraints(
    root: &Section<'_>,
    (plant, controller): (&PlantConfig, &ControllerConfig),
    terms: &[Term],
    tuned: &mut Vec<TunedGain>,
) -> Result<Related, ConfigError> {
    let names: Vec<&str> = controller.parameters().iter().map(|parameter| parameter.name).collect();
    let remedy = "widen the bounds of [[tune]], tune more gains, or take the constraint out";
    let numbers = Numbers { names: &names, values: &controller.values, remedy };
    let mut free: Vec<(usize, Axis)> = tuned.iter().map(|gain| (gain.index, gain.axis)).collect();
    let is_of_others = |text: &str| match choices::named(text, controller) {
        _ if measured::is_measured(text, controller, terms) => Ok(true),
        Some(choice) => {
            let problem = format!("\"{}\" names {choice}, a choice that has no number", text.escape_debug());
            Err(Refusal { problem, remedy: "allowed: gains, and what is measured".into() })
        }
        None => Ok(false),
    };
    let (mut all, followers) = numbers.related(root, &[], is_of_others, &mut free)?;
    *tuned = free.into_iter().map(|(index, axis)| TunedGain { index, axis }).collect();
    let ranges = searched(controller, tuned);
    let required = required(plant, controller, &ranges);
    if let Some(Refusal { problem, remedy }) = numbers.broken(&required, &ranges) {
        return Err(root.error("constraints", &problem, remedy));
    }
    all.extend(required);
    Ok((all, followers))
}

/// What a plant asks of its parameters, where some of these are tuned: the others are numbers.
fn required(plant: &PlantConfig, controller: &ControllerConfig, ranges: &[Range<f64>]) -> Vec<Constraint> {
    let gains = controller.parameters().iter();
    // No name is empty: gains of the law's own do not stand in relations of the plant.
    let tuned = gains.map(|gain| gain.name.strip_prefix(system::OF_PLANT).unwrap_or_default());
    let names: Vec<&str> = tuned.chain(plant.parameters().iter().map(|parameter| parameter.name)).collect();
    let own = ranges.len();
    let relate = |text: &String| {
        let mut relation = model::relation(text, &names).ok()?;
        let known = relation.symbols.split_off(own).into_iter().zip(&plant.values);
        let known = known.map(|(symbol, value)| (symbol, relation.graph.number(*value))).collect();
        relation.difference = relation.graph.substituted(&[relation.difference], &known)[0];
        let symbols = &relation.symbols;
        if !relation.graph.depends(relation.difference, |symbol| symbols.contains(&symbol)) {
            return None;
        }
        let mut constraint = Constraint::new(text, relation, ranges)?;
        constraint.is_said = false;
        Some(constraint)
    };
    plant.of.model.declared.require.iter().filter_map(relate).collect()
}
