//! Reading how a search goes: `[swarm]`.

use std::path::Path;

use super::{
    COORDINATES_MAX, Config, ConfigError, EVALUATIONS_MAX, GENERATIONS_MAX, PARTICLES_MAX, Refusal,
    SIMULATIONS_MAX,
};
use crate::parameter::Parameter;
use crate::rules::RuleKind;
use crate::swarm::pareto::{ParetoSettings, TradeOffs};
use crate::swarm::topologies::TopologyKind;
use crate::swarm::{Bounds, Initial, Plan, PolishPlan, Restarts, Settings, Stopping};
use crate::text::{Section, Source};

/// Most moves that a particle tries: beyond some there is no gain, and looking at each takes time.
const CANDIDATES_MAX: u64 = 100;
/// Most trade-offs that are kept: in four objectives what each is worth takes time with their cube.
const KEPT_MAX: u64 = 1000;

const POLISH_STEP: Parameter = Parameter::fixed(
    "step",
    "1",
    0.5,
    [1e-6, 10.0],
    "first standard deviation of the polish, as a share of the spread of the personal bests",
);

const SLOW_GAIN: Parameter = Parameter::fixed(
    "slow_gain",
    "1",
    0.0,
    [0.0, 0.1],
    "gain that is slow, as a share of the cost; 0 for none",
);

/// What `[swarm]` says about a search of so many dimensions, in so many scenarios, for so many objectives; the caller knows what else may
/// stand there.
pub(super) fn swarm(
    section: &Section<'_>,
    [dimensions, scenarios]: [usize; 2],
    objectives: usize,
) -> Result<Plan, ConfigError> {
    let plan = if objectives > 1 { trade_offs(section, objectives)? } else { best(section, dimensions)? };
    if let Some(Refusal { problem, remedy }) = excess(&plan, [dimensions, scenarios]) {
        return Err(section.error("particles", &problem, remedy));
    }
    Ok(plan)
}

/// What is asked of a search for the best.
fn best(section: &Section<'_>, dimensions: usize) -> Result<Plan, ConfigError> {
    // What the ablation in docs/swarm.md found best.
    let usual = (4 + 2 * dimensions as u64).min(24);
    let particles = section.whole("particles", usual, 2..=PARTICLES_MAX)?;
    let rule = section.choice("rule", RuleKind::Learning)?;
    let topology = section.choice("topology", TopologyKind::AdaptiveRandom)?;
    let informed = section.whole("informants", 3.min(particles - 1), 1..=100)?;
    let candidates = section.whole("candidates", rule.candidates() as u64, 1..=CANDIDATES_MAX)?;
    let coefficients = section.section(rule.name())?;
    let stopping = section.section("stopping")?;
    let polish = polish(section)?;
    let plan = Plan {
        settings: Settings {
            particles: usize::try_from(particles).unwrap_or(usize::MAX),
            rule,
            coefficients: coefficients.values(rule.parameters())?,
            topology,
            informed: usize::try_from(informed).unwrap_or(usize::MAX),
            candidates: usize::try_from(candidates).unwrap_or(usize::MAX),
            bounds: section.choice("bounds", Bounds::Absorb)?,
            initial: initial(section)?,
            start: Vec::new(),
        },
        restarts: restarts(section, rule, polish.is_some())?,
        polish,
        trade_offs: None,
        coarse_first: section.switch("coarse_first", rule == RuleKind::Learning)?,
        shrinks: shrinks(section, rule, candidates)?,
        stopping: stopping_rules(&stopping)?,
    };
    coefficients.finish()?;
    stopping.finish()?;
    if informed >= particles {
        let found = format!("= {informed} of {particles} particles");
        return Err(section.error("informants", &found, "allowed: fewer than particles".into()));
    }
    Ok(plan)
}

/// What is asked of a search for trade-offs. It moves in ways of its own, and has no single cost that could reach a target.
fn trade_offs(section: &Section<'_>, objectives: usize) -> Result<Plan, ConfigError> {
    let usual = ParetoSettings::default();
    let stopping = section.section("stopping")?;
    let rules = RuleKind::ALL.iter().map(|rule| rule.name());
    let of_best = [
        "rule",
        "topology",
        "informants",
        "candidates",
        "shrinks",
        "coarse_first",
        "bounds",
        "restarts",
        "polish",
    ]
    .into_iter()
    .chain(rules);
    let of_cost = ["target"].into_iter();
    let refuse = |section: &Section<'_>, key: &str, allowed: &str| {
        section.error(key, "is not for several objectives", format!("take it out; allowed: {allowed}"))
    };
    if let Some(key) = of_best.into_iter().find(|key| section.has(key)) {
        return Err(refuse(section, key, "particles, kept, initial, warm_start, stopping"));
    }
    if let Some(key) = of_cost.into_iter().find(|key| stopping.has(key)) {
        return Err(refuse(
            &stopping,
            key,
            "generations, evaluations, stall_generations, stall_gain, wall_time",
        ));
    }
    let particles = section.whole("particles", usual.particles as u64, 2..=PARTICLES_MAX)?;
    let kept = section.whole("kept", usual.kept as u64, objectives as u64..=KEPT_MAX)?;
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let settings = Settings {
        particles: size(particles),
        candidates: 1,
        initial: initial(section)?,
        ..Settings::default()
    };
    let trade_offs = Some(TradeOffs { objectives, kept: size(kept) });
    let plan = Plan { trade_offs, ..Plan::new(settings, stopping_rules(&stopping)?) };
    stopping.finish()?;
    Ok(plan)
}

/// How the first positions are spread; anything but a text is positions, which the caller reads.
fn initial(section: &Section<'_>) -> Result<Initial, ConfigError> {
    match section.text("initial") {
        Err(_) => Ok(Initial::Sobol),
        Ok(_) => section.choice("initial", Initial::Sobol),
    }
}

/// What is wrong with the number of particles of a search of so many dimensions, in so many scenarios.
pub(super) fn excess(plan: &Plan, [dimensions, scenarios]: [usize; 2]) -> Option<Refusal> {
    let Settings { particles, start, .. } = &plan.settings;
    let coordinates = plan.coordinates(dimensions);
    let largest = plan.positions_max(dimensions);
    let simulations = largest.saturating_mul(scenarios);
    let (problem, remedy) = if coordinates > COORDINATES_MAX {
        (
            format!("in {dimensions} dimensions makes {coordinates} numbers, with all restarts"),
            format!("allowed: at most {COORDINATES_MAX}"),
        )
    } else if simulations > SIMULATIONS_MAX {
        let grown =
            if plan.restarts.times > 0 { format!("({largest} after restarts) ") } else { String::new() };
        (
            format!("{grown}in {scenarios} scenarios makes {simulations} simulations a generation"),
            format!("allowed: at most {SIMULATIONS_MAX}"),
        )
    } else if start.len() > *particles {
        (
            format!("is too few for the {} warm starts", start.len()),
            format!("allowed: {} or more, or fewer warm starts", start.len()),
        )
    } else {
        return None;
    };
    Some(Refusal { problem: format!("= {particles} {problem}"), remedy })
}

/// `[swarm.restarts]`: how often, with `times = 0` never, a new swarm takes the place of one that has settled.
///
/// A swarm is kept beside another where neither their sizes differ nor the best is polished.
fn restarts(swarm: &Section<'_>, rule: RuleKind, is_polished: bool) -> Result<Restarts, ConfigError> {
    if !swarm.has("restarts") {
        let usual = Restarts::usual(rule);
        return Ok(if is_polished { Restarts { slow_gain: 0.0, ..usual } } else { usual });
    }
    let usual = Restarts::USUAL;
    let section = swarm.section("restarts")?;
    let doublings = section.whole("doublings", usual.doublings.into(), 0..=10)?;
    let keeps = doublings == 0 && !is_polished;
    let restarts = Restarts {
        times: section.whole("times", usual.times, 0..=1_000_000)?,
        doublings: u32::try_from(doublings).unwrap_or(u32::MAX),
        patience: section.whole("patience", usual.patience, 1..=GENERATIONS_MAX)?,
        slow_gain: section.optional_number("slow_gain", &SLOW_GAIN)?.unwrap_or(if keeps {
            usual.slow_gain
        } else {
            0.0
        }),
    };
    if restarts.slow_gain > 0.0 && !keeps {
        let found = format!("= {} is neither for doublings nor for a polish", restarts.slow_gain);
        return Err(section.error(
            "slow_gain",
            &found,
            "take it out, or doublings and [swarm.polish]".into(),
        ));
    }
    section.finish()?;
    Ok(if restarts.times == 0 { Restarts::NONE } else { restarts })
}

/// Whether swarms become smaller: where a surrogate helps the few that are left.
fn shrinks(section: &Section<'_>, rule: RuleKind, candidates: u64) -> Result<bool, ConfigError> {
    let shrinks = section.switch("shrinks", rule.shrinks() && candidates > 1)?;
    if shrinks && !rule.shrinks() {
        let can: Vec<_> =
            RuleKind::ALL.iter().filter(|rule| rule.shrinks()).map(|rule| rule.name()).collect();
        let found = format!("= true is not for the rule {}", rule.name());
        return Err(section.error(
            "shrinks",
            &found,
            format!("take it out; allowed with {}", can.join(", ")),
        ));
    }
    Ok(shrinks)
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

fn stopping_rules(section: &Section<'_>) -> Result<Stopping, ConfigError> {
    let number = |name, unit, range, doc| Parameter::fixed(name, unit, 0.0, range, doc);
    let optional = |parameter: &Parameter| section.optional_number(parameter.name, parameter);
    // Without any rule a search takes 200 generations.
    let rules = ["evaluations", "target", "stall_generations", "wall_time"];
    let generations = if rules.iter().any(|rule| section.has(rule)) { GENERATIONS_MAX } else { 200 };
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

/// Whether `warm_start` names the published rules.
pub(super) fn starts_from_rules(section: &Section<'_>) -> bool {
    matches!(section.text("warm_start"), Ok(Some(("rules", _))))
}

/// The positions that the first particles start from: a `gains.csv` each, relative to the config, or the numbers themselves, in the
/// order of the tuned gains, as they stand in a resolved config.
pub(super) fn warm_starts(
    section: &Section<'_>,
    config: &Config,
    source: &Source,
) -> Result<Vec<Vec<f64>>, ConfigError> {
    let directory = source.path().parent().unwrap_or(Path::new(""));
    let particles = config.swarm.settings.particles;
    for key in ["initial", "warm_start"] {
        if let Some(rows) = section.rows(key, particles, &config.tuned_ranges())? {
            return Ok(rows);
        }
    }
    if section.has("initial") && section.text("initial").is_err() {
        let remedy = "allowed: the name of a way, or positions, a row each: [[…], […]]".into();
        return Err(section.error("initial", "holds no positions", remedy));
    }
    section.texts("warm_start", particles, |text| {
        let start = config.warm_start(&directory.join(text));
        start.map_err(|error| Refusal { problem: error.place(), remedy: error.remedy })
    })
}
