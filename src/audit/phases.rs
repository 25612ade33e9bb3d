//! The phases of the audit.

use std::time::{Duration, Instant};

use super::planted::{self, plant};
use super::{Finding, Phase, Plan, Plant, Sample};
use crate::Error;
use crate::config::Config;
use crate::controllers::ControllerKind;
use crate::engine::{Flow, Observer, Progress, Run, Solo};
use crate::memory::{self, Reading};
use crate::problem::Problem;
use crate::registry::Member;
use crate::simulation::{Ending, Keep, Policy};
use crate::swarm::Stopping;

/// Steps of a simulation of the cycles.
const CYCLE_STEPS: u64 = 1000;
/// Samples of the histories.
const SAMPLES: usize = 100;
/// Simulations of a generation of the batch at least, and of those before it, which are there for the threads alone.
const SIMULATIONS: usize = 1000;
const SETTLING: usize = 16;
/// The start of a simulation where no study gives one.
const START: &str = "[[scenarios]]\ninitial_state = [0.0, 0.1, -0.05, 0.0, 0.0, 0.0]\n";

/// The study that is audited: a controller with its default gains, or those of the base.
fn study(plan: &Plan, controller: ControllerKind, steps: u64, keep: Keep) -> Result<Config, Error> {
    let name = controller.name();
    let mut config = match &plan.base {
        Some(base) if base.controller.kind == controller => base.clone(),
        Some(base) => {
            let (plant, rest) = (base.plant.kind, vec![0.0; base.plant.kind.states().len()]);
            let text = format!(
                "[plant]\ntype = \"{}\"\n[controller]\ntype = \"{name}\"\n[[scenarios]]\ninitial_state = {rest:?}\n",
                plant.name()
            );
            let own = Config::parse("audit.toml".as_ref(), &text)?;
            Config { controller: own.controller, tune: own.tune, constraints: Vec::new(), ..base.clone() }
        }
        None => Config::parse("audit.toml".as_ref(), &format!("[controller]\ntype = \"{name}\"\n{START}"))?,
    };
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    let duration = steps as f64 * config.simulation.dt;
    config.simulation.duration = duration;
    config.simulation.early_abandonment = false;
    config.history = keep;
    Ok(config)
}

fn problem(plan: &Plan, config: &Config) -> Problem {
    let problem = Problem::new(config);
    match plan.plant {
        Some(fault) => plant(problem, fault),
        None => problem,
    }
}

fn live() -> i64 {
    Reading::now().map_or(0, |reading| i64::try_from(reading.live_bytes).unwrap_or(i64::MAX))
}

/// One simulation and the bytes of everything that it needs, seen before anything of it is dropped.
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
    /// Whether any simulation did all its steps: what falls in a study's hardest scenario has still used its memory.
    survived: bool,
}

fn footprint(plan: &Plan, config: &Config) -> Result<Footprint, Error> {
    let before = live();
    let problem = problem(plan, config);
    let level = problem.simulator.effective(plan.resources.level);
    let lanes = problem.simulator.lanes(level);
    let mut solo = Solo::new(&problem, level, std::slice::from_ref(&problem.values))?;
    let capacity = solo.workspace().capacity_bytes();
    let start = Reading::now().map_or(0, |reading| reading.allocations);
    solo.run();
    let end = Reading::now().map_or(0, |reading| reading.allocations);
    let bytes = live() - before;
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

/// Plants an allocation and a leak, and looks whether the phases find them.
pub(super) fn self_test(plan: &Plan) -> Result<[(bool, String); 2], Error> {
    let controller = plan.controllers.first().copied().unwrap_or(ControllerKind::ALL[0]);
    let config = study(plan, controller, CYCLE_STEPS, Keep::NOTHING)?;
    let with = |fault| Plan { plant: Some(fault), cycles: 3, ..plan.clone() };
    let allocation = footprint(&with(Plant::Allocation), &config)?;
    let clean = footprint(&Plan { plant: None, ..plan.clone() }, &config)?;
    let leak = cycles(&with(Plant::Leak), &config)?;
    planted::give_back();
    let caught = allocation.allocations > 0 && clean.allocations == 0;
    Ok([
        (
            caught,
            format!(
                "a planted allocation: {} seen, {} without it",
                allocation.allocations, clean.allocations
            ),
        ),
        (!leak.green, format!("a planted leak: {}", leak.finding)),
    ])
}

/// Audits one controller.
pub(super) fn controller(
    plan: &Plan,
    controller: ControllerKind,
    tell: &mut dyn FnMut(&str),
) -> Result<Finding, Error> {
    let mut say = |phase: &str| tell(&format!("{}: {phase}", controller.name()));
    let short = study(plan, controller, CYCLE_STEPS, Keep::NOTHING)?;
    settle(plan, controller)?;
    let before = live();
    let mut phases = Vec::with_capacity(8);
    let mut push = |mut phase: Phase, allowed: f64| {
        let seen = || phase.samples.iter().map(|sample| sample.live_bytes);
        let growth = seen().max().unwrap_or(0) - phase.samples.first().map_or(0, |first| first.live_bytes);
        #[allow(clippy::cast_precision_loss, reason = "bytes")]
        if growth as f64 > allowed {
            phase.green = false;
            phase.finding += "; beyond the alert factor";
        }
        phases.push(phase);
    };

    say("create and destroy");
    let single = footprint(plan, &short)?;
    #[allow(clippy::cast_precision_loss, reason = "bytes")]
    let alert = plan.alert_factor * single.bytes as f64;
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
    if let Some(time) = plan.soak {
        say("soak");
        push(soak(plan, &short, time)?, alert);
    }
    // Their samples are ours, everything else is gone.
    let kept: usize = phases
        .iter()
        .map(|phase| phase.samples.capacity() * size_of::<Sample>() + phase.finding.capacity())
        .sum();
    let vectors = phases.capacity() * size_of::<Phase>() + worker_allocations.capacity() * size_of::<u64>();
    let left = live() - before - i64::try_from(kept + vectors).unwrap_or(i64::MAX);
    phases.push(Phase {
        name: "cleanup",
        points: 15,
        green: left == 0,
        finding: format!("{left} bytes left of all phases"),
        samples: Vec::new(),
    });
    Ok(Finding {
        controller,
        declared_bytes: [single.declared, declared_with],
        bytes_per_simulation,
        one_time_bytes: single.bytes,
        bytes_per_step,
        worker_allocations,
        phases,
    })
}

/// Pays for what a process pays once (rayon keeps what it shares between pools) before anything is counted.
fn settle(plan: &Plan, controller: ControllerKind) -> Result<(), Error> {
    const ROUNDS_MAX: usize = 20;
    let config = study(plan, controller, CYCLE_STEPS, Keep::NOTHING)?;
    let single = footprint(plan, &config)?;
    let (mut quiet, mut last) = (0, live());
    for _ in 0..ROUNDS_MAX {
        batch(plan, controller, &single, SETTLING)?;
        quiet = if live() == last { quiet + 1 } else { 0 };
        last = live();
        if quiet == 3 {
            break;
        }
    }
    Ok(())
}

/// Whether an arena is one chunk that never grows, and a simulation takes what was declared.
fn pattern(single: &Footprint) -> Phase {
    Phase {
        name: "memory patterns",
        points: 20,
        green: single.arena_holds && single.allocations == 0 && single.survived,
        finding: format!(
            "{} bytes a simulation of {} declared, one chunk an arena, {} allocations while it ran",
            single.used, single.declared, single.allocations
        ),
        samples: Vec::new(),
    }
}

/// Makes, runs and drops everything again and again.
fn cycles(plan: &Plan, config: &Config) -> Result<Phase, Error> {
    let mut samples =
        memory::empty("the samples of the audit", usize::try_from(plan.cycles).unwrap_or(usize::MAX))?;
    let start = live();
    let mut first = None;
    for cycle in 1..=plan.cycles {
        footprint(plan, config)?;
        if let (None, Some(reading)) = (first, Reading::now()) {
            first = Some(reading);
        }
        #[allow(clippy::cast_precision_loss, reason = "a number of cycles")]
        samples.push(Sample { at: cycle as f64, live_bytes: live() - start, rss_bytes: 0 });
    }
    let last = Reading::now();
    let (allocations, frees) = first
        .zip(last)
        .map_or((0, 0), |(first, last)| (last.allocations - first.allocations, last.frees - first.frees));
    let kept = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.live_bytes);
    let growth = kept(samples.last()) - kept(samples.first());
    Ok(Phase {
        name: "leak detection",
        points: 25,
        green: growth == 0 && allocations == frees,
        finding: format!(
            "{} cycles: {growth} bytes kept after the first, {allocations} allocations, {frees} frees",
            plan.cycles
        ),
        samples,
    })
}

/// Whether a bounded history takes the same bytes for ten times as many steps, by either policy; and how many a simulation takes with one.
fn histories(plan: &Plan, controller: ControllerKind) -> Result<(Phase, u64), Error> {
    let mut green = true;
    let mut declared = 0;
    let mut seen = [0; 2];
    for (place, policy) in seen.iter_mut().zip(Policy::ALL) {
        let keep = Keep { capacity: SAMPLES, policy: *policy };
        let [short, long] = [CYCLE_STEPS, 10 * CYCLE_STEPS]
            .map(|steps| study(plan, controller, steps, keep).and_then(|config| footprint(plan, &config)));
        let (short, long) = (short?, long?);
        green &= short.used == long.used && short.bytes == long.bytes && long.arena_holds && long.survived;
        declared = short.declared;
        *place = long.used;
    }
    let finding = format!(
        "{} and {} bytes a simulation for {} and for {} steps (decimate, ring)",
        seen[0],
        seen[1],
        CYCLE_STEPS,
        10 * CYCLE_STEPS
    );
    let phase = Phase { name: "history bounds", points: 10, green, finding, samples: Vec::new() };
    Ok((phase, declared))
}

/// Whether a step costs memory: simulations of 1,000, 2,000 … steps with a history, each seen while it is held.
fn stress(plan: &Plan, controller: ControllerKind) -> Result<(Phase, f64), Error> {
    let keep = Keep { capacity: SAMPLES, policy: Policy::Decimate };
    let lengths = || (1..=plan.steps / CYCLE_STEPS).map(|thousand| thousand * CYCLE_STEPS);
    let mut samples = memory::empty("the samples of the audit", lengths().count())?;
    let (mut allocations, mut survived) = (0, true);
    for steps in lengths() {
        let config = study(plan, controller, steps, keep)?;
        let found = footprint(plan, &config)?;
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
    let level = samples.first().map(|first| first.live_bytes);
    let flat = samples.iter().all(|sample| Some(sample.live_bytes) == level);
    let fallen = if survived { "" } else { "; the pendulum fell in every scenario" };
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
    };
    Ok((phase, slope))
}

/// A tuning of so many simulations a generation on all threads: its bytes a simulation, its allocations on the hot path by worker.
fn batch(
    plan: &Plan,
    controller: ControllerKind,
    single: &Footprint,
    simulations: usize,
) -> Result<(Phase, u64, Vec<u64>), Error> {
    let mut config = study(plan, controller, CYCLE_STEPS, Keep::NOTHING)?;
    config.swarm.settings.particles = simulations.div_ceil(config.scenario_count()).max(2);
    config.swarm.stopping = Stopping::after_generations(5);
    let problem = problem(plan, &config);
    let tuning = Run::new(&problem)?.search(plan.resources, &mut Watch::default())?;
    let allocations = tuning.hot_path_allocations.unwrap_or(u64::MAX);
    let workers = tuning.worker_allocations.clone();
    let phase = Phase {
        name: "batch",
        points: 10,
        green: allocations == 0
            && workers.iter().all(|count| *count == 0)
            && tuning.bytes_per_simulation == single.declared,
        finding: format!(
            "{} simulations on {} threads: {} bytes each, {allocations} allocations on the hot path",
            tuning.tally.simulations, plan.resources.threads, tuning.bytes_per_simulation
        ),
        samples: Vec::new(),
    };
    Ok((phase, tuning.bytes_per_simulation, workers))
}

/// Watches live bytes and pages over the generations of a tuning.
#[derive(Default)]
struct Watch {
    samples: Vec<Sample>,
    since: Option<(Instant, i64)>,
}

/// How many samples a soak keeps, and how long it waits between them.
const SOAK_SAMPLES: usize = 4096;

impl Observer for Watch {
    fn generation(&mut self, progress: &Progress, _run: &mut Run<'_>) -> Flow {
        let Some(pause) = self.pause(progress) else { return Flow::Continue };
        let (start, before) = *self.since.get_or_insert_with(|| (Instant::now(), live()));
        let at = start.elapsed().as_secs_f64();
        let is_due = self.samples.last().is_none_or(|last| at >= last.at + pause);
        if is_due && self.samples.len() < self.samples.capacity() {
            // The look at the pages allocates and frees, so live bytes come first.
            let live_bytes = live() - before;
            self.samples.push(Sample { at, live_bytes, rss_bytes: rss_bytes() });
        }
        Flow::Continue
    }
}

impl Watch {
    /// Seconds between samples; `None` when there is no room for any.
    fn pause(&self, progress: &Progress) -> Option<f64> {
        let time = progress.stopping.wall_time?;
        #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
        (self.samples.capacity() > 0).then(|| (time / SOAK_SAMPLES as f64).max(0.1))
    }
}

/// Tunes until the time is over.
fn soak(plan: &Plan, config: &Config, time: Duration) -> Result<Phase, Error> {
    let mut config = config.clone();
    config.swarm.settings.particles = SIMULATIONS.div_ceil(config.scenario_count());
    config.swarm.stopping =
        Stopping { wall_time: Some(time.as_secs_f64()), ..Stopping::after_generations(u64::MAX / 2) };
    let problem = problem(plan, &config);
    let mut watch = Watch { samples: memory::empty("the samples of the soak", SOAK_SAMPLES)?, since: None };
    let tuning = Run::new(&problem)?.search(plan.resources, &mut watch)?;
    let samples = watch.samples;
    let growth = samples.iter().map(|sample| sample.live_bytes.abs()).max().unwrap_or(0);
    let pages = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.rss_bytes);
    #[allow(clippy::cast_possible_wrap, reason = "bytes of a process")]
    let drift = pages(samples.last()) as i64 - pages(samples.first()) as i64;
    Ok(Phase {
        name: "soak",
        points: 0,
        green: growth == 0,
        finding: format!(
            "{} generations in {:.0} s: live bytes moved by {growth}, pages by {drift} bytes (advisory)",
            tuning.generations,
            tuning.wall.as_secs_f64()
        ),
        samples,
    })
}

/// The pages of this process; 0 where they cannot be looked up.
fn rss_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib: u64 = line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0);
    kib * 1024
}
