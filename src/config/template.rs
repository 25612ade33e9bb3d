//! A config to start from, made from what plants, controllers and cost terms declare of themselves.

use std::path::Path;

use super::read::{ANGLE_LIMIT, SETTLED_ANGLE, SETTLED_POSITION, TRACK_LIMIT};
use super::{Config, DT, DURATION};
use crate::controllers::ControllerKind;
use crate::controllers::surface::without_effect;
use crate::costs::Term;
use crate::parameter::Parameter;
use crate::plants::PlantKind;
use crate::registry::Member;
use crate::text::name_of;

/// Starts are within ± this on each angle, in rad: what every law holds on every plant.
const START: f64 = 0.2;
/// Weight of ∫ σ² dt: σ grows with the gains, so that the default weight rewards small ones, which never settle.
const SLIDING_ENERGY: f64 = 1e-3;
/// Gain vectors that the search may judge.
const EVALUATIONS: u64 = 4000;

/// The text of a commented config for a controller on a plant, to be saved at `path`.
///
/// A line such as `# dt = 0.001` is a default: without its first `#` it reads as the same study. It is named after
/// the file, or after the controller where the file has no name.
#[must_use]
pub fn template(plant: PlantKind, controller: ControllerKind, path: &Path) -> String {
    let config = defaults(plant, controller);
    let sections = [
        head(&config, path),
        plant_section(&config),
        controller_section(&config),
        simulation(&config),
        cost(&config),
        aggregate(&config),
        scenarios(plant),
        sampled(plant),
        swarm(&config),
        tune(&config),
    ];
    sections.join("\n")
}

/// What a config resolves to that says nothing but this.
fn defaults(plant: PlantKind, controller: ControllerKind) -> Config {
    let rest = vec!["0.0"; plant.states().len()].join(", ");
    let text = format!(
        "[plant]\ntype = \"{}\"\n[controller]\ntype = \"{}\"\n[[scenarios]]\ninitial_state = [{rest}]\n\
         [swarm.stopping]\nevaluations = {EVALUATIONS}\n",
        plant.name(),
        controller.name()
    );
    Config::parse("template.toml".as_ref(), &text).expect("every plant and controller has valid defaults")
}

/// A line of a section: key and value, and what it means.
struct Line {
    active: bool,
    setting: String,
    meaning: String,
}

/// A key that the study sets.
fn set(key: &str, value: &str, meaning: &str) -> Line {
    Line { active: true, setting: format!("{key} = {value}"), meaning: meaning.into() }
}

/// A key that is left at its default.
fn left(key: &str, value: &str, meaning: &str) -> Line {
    Line { active: false, ..set(key, value, meaning) }
}

fn text(value: &str) -> String {
    format!("\"{value}\"")
}

/// A number as TOML has it, with the digits that give the same bits again.
fn float(value: f64) -> String {
    format!("{value:?}")
}

/// Unit and meaning.
fn meaning(parameter: &Parameter) -> String {
    in_unit(parameter.unit, parameter.doc)
}

fn in_unit(unit: &str, words: &str) -> String {
    if unit == "1" { words.into() } else { format!("{unit}, {words}") }
}

/// A number at its default.
fn number(parameter: &Parameter, value: f64) -> Line {
    left(parameter.name, &float(value), &meaning(parameter))
}

/// A choice at its default, and what else could be chosen.
fn choice<M: Member>(key: &str, member: M) -> Line {
    let others: Vec<&str> = M::ALL.iter().filter(|other| **other != member).map(|m| m.name()).collect();
    left(key, &text(member.name()), &format!("or {}", others.join(", ")))
}

/// Lines with their meanings below each other.
fn block(title: &str, lines: &[Line]) -> String {
    let setting = |line: &Line| format!("{}{}", if line.active { "" } else { "# " }, line.setting);
    let width = lines.iter().map(|line| setting(line).chars().count()).max().unwrap_or(0);
    let line = |line: &Line| match line.meaning.as_str() {
        "" => format!("{}\n", setting(line)),
        meaning => format!("{:<width$}    # {meaning}\n", setting(line)),
    };
    std::iter::once(title.into()).chain(lines.iter().map(line)).collect()
}

fn head(config: &Config, path: &Path) -> String {
    let (controller, plant) = (config.controller.name(), config.plant.name());
    let name = Some(name_of(path)).filter(|name| !name.is_empty());
    let study = Line {
        active: name.is_none(),
        ..left("study", &text(name.as_deref().unwrap_or(controller)), "name of the directory for the results")
    };
    let example: Vec<&str> = config.tuned_ranges().iter().take(2).map(|gain| gain.name).collect();
    let title = format!(
        "# Tunes the {controller} controller on {plant}.\n\
         #   gainswarm check shows what this file would do, and gainswarm tune runs it.\n\
         # A line such as `# gravity = 9.81` shows a default: remove its first # to change it.\n\n"
    );
    block(
        &title,
        &[
            study,
            set(
                "seed",
                &config.seed.to_string(),
                "of all random numbers: the same seed gives the same gains",
            ),
            left("constraints", "[]", &format!("between gains, such as \"{}\"", example.join(" < "))),
            left("require_certificate", "false", "true: accept only gains that are stable about upright"),
        ],
    )
}

fn plant_section(config: &Config) -> String {
    let plant = &config.plant;
    let summary = plant.of.compiled().map_or("", PlantKind::summary);
    let parameters = plant.parameters().iter().zip(&plant.values);
    let lines: Vec<Line> = std::iter::once(set("type", &text(plant.name()), summary))
        .chain(parameters.map(|(parameter, value)| number(parameter, *value)))
        .collect();
    block("# The plant.\n[plant]\n", &lines)
}

fn controller_section(config: &Config) -> String {
    let controller = &config.controller;
    let mut lines = vec![
        set("type", &text(controller.name()), controller.summary()),
        choice("surface", controller.surface),
        choice("saturation", controller.saturation),
        left("equivalent_control", &controller.equivalent_control.to_string(), "whether u_eq is used"),
    ];
    let idle = without_effect(config.plant.states().len() / 2);
    let parameters = controller.parameters().iter().zip(&controller.values);
    lines.extend(parameters.map(|(parameter, value)| {
        let mut line = number(parameter, *value);
        if idle.contains(&parameter.name) {
            line.meaning += ", without effect on this plant";
        }
        line
    }));
    block(
        "# The controller. `gainswarm tune` searches the gains that have a [[tune]] table below.\n[controller]\n",
        &lines,
    )
}

fn simulation(config: &Config) -> String {
    let simulation = &config.simulation;
    block(
        "# How every closed loop is simulated.\n[simulation]\n",
        &[
            set(DT.name, &float(simulation.dt), &meaning(&DT)),
            set(DURATION.name, &float(simulation.duration), &meaning(&DURATION)),
            choice("integrator", simulation.integrator),
            number(&ANGLE_LIMIT, simulation.angle_limit),
            number(&TRACK_LIMIT, simulation.track_limit),
            number(&SETTLED_POSITION, simulation.settled_position),
            number(&SETTLED_ANGLE, simulation.settled_angle),
        ],
    )
}

/// The terms in use, then the others with the weight of 0 that they have.
fn cost(config: &Config) -> String {
    let line = |term: &Term| {
        let weight = if term.name == "sliding_energy" { SLIDING_ENERGY } else { term.weight };
        let value = format!("{{ weight = {}, norm = {} }}", float(weight), float(term.norm));
        let active = weight > 0.0;
        Line { active, ..set(term.name, &value, &in_unit(term.unit, &term.summary)) }
    };
    let lines: Vec<Line> = config.cost.iter().map(line).collect();
    let title = "# What a simulation costs: the sum of weight/norm · value. [limits] can\n\
                 # bound each value: max_peak_force, max_settling_time …\n[cost]\n";
    block(title, &lines)
}

fn aggregate(config: &Config) -> String {
    let title =
        "# How the costs of the scenarios are combined into the cost of a gain vector.\n[aggregate]\n";
    block(title, &[choice("type", config.aggregate.kind)])
}

/// Starts that suit the plant, on each angle within ±[`START`].
fn scenarios(plant: PlantKind) -> String {
    let links = plant.states().len() / 2 - 1;
    // A single link has two sides to lean to; several lean together or bend, each to both sides.
    let shares: &[f64] = if links == 1 { &[1.0, 2.0 / 3.0, 1.0 / 3.0] } else { &[1.0, 0.5] };
    let bends: &[f64] = if links == 1 { &[1.0] } else { &[1.0, -1.0] };
    let mut starts = Vec::new();
    for share in shares {
        for (bend, side) in bends.iter().flat_map(|bend| [(bend, 1.0), (bend, -1.0)]) {
            let angle = |link: i32| float((START * share * 100.0).round() / 100.0 * side * bend.powi(link));
            let rates = vec!["0.0".into(); links + 1];
            let state: Vec<String> =
                std::iter::once("0.0".into()).chain((0..).take(links).map(angle)).chain(rates).collect();
            starts.push(format!("[[scenarios]]\ninitial_state = [{}]\n", state.join(", ")));
        }
    }
    let states = plant.states();
    let names: Vec<&str> = states.iter().map(|state| state.name).collect();
    let units: Vec<&str> = states.iter().map(|state| state.unit).collect();
    format!(
        "# Every gain vector is simulated from all of these starts, [{}] in {}.\n{}",
        names.join(", "),
        units.join(", "),
        starts.concat()
    )
}

/// A group of sampled starts on uncertain plants, left out.
fn sampled(plant: PlantKind) -> String {
    let angles = &plant.states()[1..plant.states().len() / 2];
    let ranges: Vec<String> = angles.iter().map(|angle| format!("{} = {START:?}", angle.name)).collect();
    let uncertain = plant.parameters().first().map_or(String::new(), |one| format!("{} = 10.0", one.name));
    block(
        "# For gains that also hold from other starts: remove the first # of this whole group.\n# [[scenarios]]\n",
        &[
            left("name", "\"sampled\"", "shown in reports"),
            left("count", "8", "number of starts"),
            left("ranges", &format!("{{ {} }}", ranges.join(", ")), "0.2 for ±0.2, or [lower, upper]"),
            left("uncertainty", &format!("{{ {uncertain} }}"), "±%, how much the plant may differ"),
        ],
    )
}

fn swarm(config: &Config) -> String {
    let settings = &config.swarm.settings;
    let lines = [
        left("particles", &settings.particles.to_string(), "4, and 2 for each gain"),
        choice("rule", settings.rule),
        choice("topology", settings.topology),
        left(
            "informants",
            &settings.informed.to_string(),
            "for each particle, where the topology draws them at random",
        ),
        choice("bounds", settings.bounds),
        choice("initial", settings.initial),
    ];
    let stopping = [set("evaluations", &EVALUATIONS.to_string(), "number of gain vectors to simulate")];
    let title = "# When the search ends. Other rules: generations, target (a cost), stall_generations (without improvement) and\n\
                 # wall_time in s. The first that applies ends it.\n[swarm.stopping]\n";
    format!("{}\n{}", block("# The search.\n[swarm]\n", &lines), block(title, &stopping))
}

fn tune(config: &Config) -> String {
    let parameters = config.controller.parameters();
    let table = |gain: &crate::problem::TunedGain| {
        let parameter = &parameters[gain.index];
        let [lower, upper] = [gain.axis.lower, gain.axis.upper].map(float);
        let lines = [
            set("parameter", &text(parameter.name), &meaning(parameter)),
            set("lower", &lower, ""),
            set("upper", &upper, ""),
        ];
        block("[[tune]]\n", &lines)
    };
    let title = "# The gains to tune and the range of each; any number in [controller] can be tuned.\n";
    std::iter::once(title.into()).chain(config.tune.iter().map(table)).collect()
}
