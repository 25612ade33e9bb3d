//! The phases of the audit.

use super::planted;
use super::soak::{SIMULATIONS, growth_of, particles, soak};
use super::{AuditPlan, ControllerAudit, Phase, Sample, Watcher};
use crate::Error;
use crate::config::Config;
use crate::engine::{self, Progress, Solo};
use crate::memory::{self, Reading, live_bytes};
use crate::model::{Kind, usual};
use crate::registry::Member;
use crate::simulation::{Ending, Keep, Policy};
use crate::swarm::{Restarts, Stopping};

/// Steps of a simulation of the cycles.
const CYCLE_STEPS: u64 = 1000;
/// Samples of the histories.
const SAMPLES: usize = 100;
/// How many times everything is created and dropped again at the end, and the simulations per generation of those tunings.
const ROUNDS: u32 = 24;
const FEW: usize = 16;
/// Lengths of simulations at most.
const LENGTHS: u64 = 101;
/// The start of a simulation where no study gives one.
const START: [f64; 6] = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0];

/// The study that is audited: a controller with its default gains, or those of the base.
fn study(plan: &AuditPlan, controller: &'static str, steps: u64, keep: Keep) -> Result<Config, Error> {
    let mut config = match &plan.base {
        Some(base) => base.clone(),
        None => Config::of(usual(Kind::Plant), controller)?.starting(&START)?,
    };
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    let duration = steps as f64 * config.simulation.dt;
    config.simulation.duration = duration;
    config.simulation.early_abandonment = false;
    config.history = keep;
    // The audit decides what is simulated and how often, so settings that would prevent that or belong to another controller are removed.
    config.memory_limit = None;
    (config.constraints, config.require_certificate) = (Vec::new(), false);
    config.certificate_limits = [None; crate::stability::LIMITS.len()];
    config.swarm.settings.start.clear();
    (config.swarm.restarts, config.swarm.polish) = (Restarts::NONE, None);
    config.swarm.shrinks = false;
    Ok(config)
}

/// One simulation and the bytes of everything that it needs, read before anything is dropped.
struct Footprint {
    bytes: i64,
    /// Allocations while it ran.
    allocations: u64,
    /// Whether the arena is one chunk that has not grown, and holds what was declared.
    arena_holds: bool,
    /// Arena bytes a simulation: declared and used.
    declared: u64,
    used: u64,
    steps: u64,
    /// Whether any simulation did all its steps: gains that fail in a study's hardest scenario have still used their memory.
    survived: bool,
}

impl Footprint {
    /// The smaller of two footprints: memory that the process takes once is in only one of them.
    fn or_less(self, other: Self) -> Self {
        if other.bytes < self.bytes { other } else { self }
    }
}

/// The footprint without memory that the process takes only once.
fn twice(plan: &AuditPlan, config: &Config) -> Result<Footprint, Error> {
    Ok(footprint(plan, config)?.or_less(footprint(plan, config)?))
}

fn footprint(plan: &AuditPlan, config: &Config) -> Result<Footprint, Error> {
    let before = live_bytes();
    let problem = plan.problem(config);
    let level = plan.resources.level;
    let lanes = problem.simulator.lanes(level);
    let mut solo = Solo::new(&problem, level, std::slice::from_ref(&problem.values))?;
    let capacity = solo.workspace().capacity_bytes();
    let start = Reading::now().map_or(0, |reading| reading.allocations);
    solo.run();
    let end = Reading::now().map_or(0, |reading| reading.allocations);
    let bytes = live_bytes() - before;
    let declared = problem.simulator.workspace_bytes(level, problem.terms);
    let used = solo.workspace().used_bytes();
    let survived = solo.records().any(|record| record.ending == Ending::Survived);
    Ok(Footprint {
        bytes,
        allocations: end - start,
        arena_holds: solo.workspace().capacity_bytes() == capacity && used == declared,
        declared: declared.div_ceil(lanes) as u64,
        used: used.div_ceil(lanes) as u64,
        steps: solo.records().map(|record| record.steps).max().unwrap_or(0),
        survived,
    })
}

/// Plants an allocation, a leak and growth, and checks that the phases find them.
pub(super) fn self_test(plan: &AuditPlan) -> Result<[(bool, String); 4], Error> {
    // The self-test is the same whatever is audited.
    let plan = &AuditPlan { base: None, controllers: Vec::new(), ..plan.clone() };
    let controller = usual(Kind::Controller);
    let config = study(plan, controller, CYCLE_STEPS, Keep::NOTHING)?;
    let with = |alter| AuditPlan { alter, cycles: 3, ..plan.clone() };
    memory::wanted();
    let allocation = footprint(&with(planted::allocating), &config)?;
    let place =
        memory::told().into_iter().next().unwrap_or_else(|| "a function that has no symbol here".into());
    let clean = footprint(&AuditPlan { alter: std::convert::identity, ..plan.clone() }, &config)?;
    let (_, _, workers) = batch(&with(planted::allocating), controller, &clean, FEW)?;
    let by_workers: u64 = workers.iter().sum();
    let leak = cycles(&with(planted::leaking), &config)?;
    planted::give_back();
    // From a start at which no controller fails: growth shows only while steps are done.
    let grows = AuditPlan { base: None, steps: 2 * CYCLE_STEPS, ..with(planted::growing) };
    let (growth, bytes_per_step) = stress(&grows, controller)?;
    let caught = allocation.allocations > 0 && clean.allocations == 0;
    Ok([
        (
            caught,
            format!(
                "a planted allocation: {} seen, {} without it, in {place}",
                allocation.allocations, clean.allocations
            ),
        ),
        (by_workers > 0, format!("the same by {} workers: {by_workers} seen", workers.len())),
        (!leak.green, format!("a planted leak: {}", leak.finding)),
        (!growth.green && bytes_per_step > 0.0, format!("planted growth: {}", growth.finding)),
    ])
}

/// Audits one controller.
pub(super) fn controller(
    plan: &AuditPlan,
    controller: &'static str,
    watcher: &mut dyn Watcher,
) -> Result<ControllerAudit, Error> {
    let mut say = |phase: &str| watcher.phase(&format!("{controller}: {phase}"));
    let short = study(plan, controller, CYCLE_STEPS, Keep::NOTHING)?;
    let mut phases = Vec::with_capacity(8);
    let mut push = |mut phase: Phase, allowed: f64| {
        phase.allocated_in = memory::told();
        #[allow(clippy::cast_precision_loss, reason = "bytes")]
        if growth_of(&phase.samples) as f64 > allowed {
            phase.green = false;
            phase.finding += "; beyond the alert factor";
        }
        phases.push(phase);
        memory::wanted();
    };
    memory::wanted();

    say("create and destroy");
    let single = twice(plan, &short)?;
    #[allow(clippy::cast_precision_loss, reason = "bytes")]
    let alert = plan.alert_factor * single.declared as f64;
    push(pattern(&single), alert);
    push(cycles(plan, &short)?, alert);
    say("histories");
    let (history, declared_with) = histories(plan, controller)?;
    push(history, alert);
    say("stress");
    let (stress, bytes_per_step) = stress(plan, controller)?;
    push(stress, alert);
    say("batch");
    let (batch, bytes_per_simulation, worker_allocations) = batch(plan, controller, &single, SIMULATIONS)?;
    push(batch, alert);
    let mut interrupted = false;
    if let Some(time) = plan.soak {
        let (soak, cut) = soak(plan, &short, time, watcher)?;
        push(soak, alert);
        interrupted = cut;
    }
    watcher.phase(&format!("{controller}: cleanup"));
    push(cleanup(plan, controller, &single)?, alert);
    Ok(ControllerAudit {
        controller,
        declared_bytes: [single.declared, declared_with],
        bytes_per_simulation,
        one_time_bytes: single.bytes,
        bytes_per_step,
        worker_allocations,
        phases,
        interrupted,
    })
}

/// The remark on a study of which every simulation fails.
const FAILING: &str = "; not measured: the loop fails in every scenario (give other gains or starts)";

/// Whether an arena is one chunk that never grows, and a simulation takes what was declared.
fn pattern(single: &Footprint) -> Phase {
    let chunk = if single.arena_holds { "one chunk an arena" } else { "the arena has GROWN" };
    let fallen = if single.survived { "" } else { FAILING };
    Phase {
        name: "memory patterns",
        points: 20,
        green: single.arena_holds && single.allocations == 0 && single.survived,
        finding: format!(
            "{} bytes a simulation of {} declared, {chunk}, {} allocations while it ran{fallen}",
            single.used, single.declared, single.allocations
        ),
        samples: Vec::new(),
        allocated_in: Vec::new(),
    }
}

/// Creates, runs and drops everything many times.
fn cycles(plan: &AuditPlan, config: &Config) -> Result<Phase, Error> {
    let mut samples =
        memory::empty("the samples of the audit", usize::try_from(plan.cycles).unwrap_or(usize::MAX))?;
    let start = live_bytes();
    let mut first = None;
    for cycle in 1..=plan.cycles {
        footprint(plan, config)?;
        if let (None, Some(reading)) = (first, Reading::now()) {
            first = Some(reading);
        }
        #[allow(clippy::cast_precision_loss, reason = "a number of cycles")]
        samples.push(Sample { at: cycle as f64, live_bytes: live_bytes() - start, rss_bytes: 0 });
    }
    let last = Reading::now();
    let (allocations, frees) = first
        .zip(last)
        .map_or((0, 0), |(first, last)| (last.allocations - first.allocations, last.frees - first.frees));
    let growth = growth_of(&samples);
    Ok(Phase {
        name: "leak detection",
        points: 25,
        green: growth == 0,
        finding: format!(
            "{} cycles: live bytes grew by {growth}, {allocations} allocations, {frees} frees after the first",
            plan.cycles
        ),
        samples,
        allocated_in: Vec::new(),
    })
}

/// Whether a bounded history takes the same bytes for ten times as many steps, by either policy; and how many a simulation takes with one.
fn histories(plan: &AuditPlan, controller: &'static str) -> Result<(Phase, u64), Error> {
    let (mut green, mut survived, mut declared) = (true, true, 0);
    let mut seen = Vec::with_capacity(Policy::ALL.len());
    for policy in Policy::ALL {
        let keep = Keep { capacity: SAMPLES, policy: *policy };
        let [short, long] = [CYCLE_STEPS, 10 * CYCLE_STEPS]
            .map(|steps| study(plan, controller, steps, keep).and_then(|config| twice(plan, &config)));
        let (short, long) = (short?, long?);
        green &= short.used == long.used && short.bytes == long.bytes && long.arena_holds;
        survived &= long.survived;
        declared = short.declared;
        seen.push(format!("{} {} and {}", policy.name(), short.used, long.used));
    }
    let fallen = if survived { "" } else { FAILING };
    let finding = format!(
        "bytes a simulation of {CYCLE_STEPS} and of {} steps: {}{fallen}",
        10 * CYCLE_STEPS,
        seen.join(", ")
    );
    let phase = Phase {
        name: "history bounds",
        points: 10,
        green: green && survived,
        finding,
        samples: Vec::new(),
        allocated_in: Vec::new(),
    };
    Ok((phase, declared))
}

/// Whether a step costs memory: simulations of more and more steps with a history, each seen while it is held; about a hundred of them.
fn stress(plan: &AuditPlan, controller: &'static str) -> Result<(Phase, f64), Error> {
    let keep = Keep { capacity: SAMPLES, policy: Policy::Decimate };
    let stride = CYCLE_STEPS * plan.steps.div_ceil(LENGTHS * CYCLE_STEPS);
    let lengths = || (1..plan.steps.div_ceil(stride)).map(|k| k * stride).chain([plan.steps]);
    let mut samples = memory::empty("the samples of the audit", lengths().count())?;
    let (mut allocations, mut survived) = (0, true);
    let mut level = None;
    for steps in lengths() {
        let config = study(plan, controller, steps, keep)?;
        let mut found = footprint(plan, &config)?;
        if level != Some(found.bytes) {
            found = found.or_less(footprint(plan, &config)?);
        }
        level.get_or_insert(found.bytes);
        allocations += found.allocations;
        survived &= found.survived && found.steps == steps;
        #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
        samples.push(Sample { at: steps as f64, live_bytes: found.bytes, rss_bytes: 0 });
    }
    let ends = samples.first().zip(samples.last());
    #[allow(clippy::cast_precision_loss, reason = "bytes")]
    let slope = ends
        .filter(|(first, last)| last.at > first.at)
        .map_or(0.0, |(first, last)| (last.live_bytes - first.live_bytes) as f64 / (last.at - first.at));
    let flat = samples.iter().all(|sample| Some(sample.live_bytes) == level);
    let fallen = if survived { "" } else { FAILING };
    let phase = Phase {
        name: "stress",
        points: 20,
        green: flat && allocations == 0 && survived,
        finding: format!(
            "{} bytes once, {slope} bytes a step up to {} steps, {allocations} allocations while they ran{fallen}",
            level.unwrap_or(0),
            plan.steps
        ),
        samples,
        allocated_in: Vec::new(),
    };
    Ok((phase, slope))
}

/// A tuning of so many simulations a generation on all threads: its bytes a simulation, its allocations on the hot path by worker.
fn batch(
    plan: &AuditPlan,
    controller: &'static str,
    single: &Footprint,
    simulations: usize,
) -> Result<(Phase, u64, Vec<u64>), Error> {
    let mut config = study(plan, controller, CYCLE_STEPS, Keep::NOTHING)?;
    config.swarm.settings.particles = particles(&config, simulations);
    config.swarm.stopping = Stopping::after_generations(5);
    let problem = plan.problem(&config);
    let tuning = engine::tune(&problem, plan.resources, &mut |_: &Progress| {})?;
    let allocations = tuning.hot_path_allocations.unwrap_or(u64::MAX);
    let workers = tuning.worker_allocations.clone();
    let phase = Phase {
        name: "batch",
        points: 10,
        green: tuning.tally.simulations > 0
            && allocations == 0
            && workers.iter().all(|count| *count == 0)
            && tuning.bytes_per_simulation == single.declared,
        finding: format!(
            "{} simulations on {} threads: {} bytes each, {allocations} allocations on the hot path",
            tuning.tally.simulations, plan.resources.threads, tuning.bytes_per_simulation
        ),
        samples: Vec::new(),
        allocated_in: Vec::new(),
    };
    Ok((phase, tuning.bytes_per_simulation, workers))
}

/// Everything made and dropped again and again: simulations alone, without and with histories, and a tuning on all threads.
fn cleanup(plan: &AuditPlan, controller: &'static str, single: &Footprint) -> Result<Phase, Error> {
    let keeps = [Policy::Decimate, Policy::Ring].map(|policy| Keep { capacity: SAMPLES, policy });
    let mut samples = memory::empty("the samples of the audit", ROUNDS as usize)?;
    let start = live_bytes();
    for round in 1..=ROUNDS {
        for keep in keeps.into_iter().chain([Keep::NOTHING]) {
            footprint(plan, &study(plan, controller, CYCLE_STEPS, keep)?)?;
        }
        batch(plan, controller, single, FEW)?;
        samples.push(Sample { at: round.into(), live_bytes: live_bytes() - start, rss_bytes: 0 });
    }
    let growth = growth_of(&samples);
    Ok(Phase {
        name: "cleanup",
        points: 15,
        green: growth == 0,
        finding: format!("all of it {ROUNDS} times more: live bytes grew by {growth}"),
        samples,
        allocated_in: Vec::new(),
    })
}
