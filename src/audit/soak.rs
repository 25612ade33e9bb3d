//! The soak: a long tuning whose memory is watched generation by generation.

use std::time::{Duration, Instant};

use super::{AuditPlan, Phase, Sample, Soak, Watcher};
use crate::Error;
use crate::config::Config;
use crate::engine::{Flow, Observer, Progress, Run};
use crate::figures::count;
use crate::memory::{self, growth, live_bytes};
use crate::registry::Member;
use crate::swarm::{StopReason, Stopping};

/// Simulations of a generation at least.
pub(super) const SIMULATIONS: usize = 1000;
/// How many samples a soak keeps.
const SOAK_SAMPLES: usize = 4096;

/// Records live bytes and resident pages during a tuning, and reports them about a hundred times.
struct Watch<'a> {
    watcher: &'a mut dyn Watcher,
    name: &'static str,
    time: Duration,
    samples: Vec<Sample>,
    since: Option<(Instant, i64)>,
    told: f64,
}

impl Observer for Watch<'_> {
    fn generation(&mut self, progress: &Progress, _run: &mut Run<'_>) -> Flow {
        let (start, before) = *self.since.get_or_insert_with(|| (Instant::now(), live_bytes()));
        let (at, time) = (start.elapsed().as_secs_f64(), self.time.as_secs_f64());
        #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
        let pause = (time / SOAK_SAMPLES as f64).max(0.1);
        let is_due = self.samples.last().is_none_or(|last| at >= last.at + pause) || progress.ended;
        if is_due && self.samples.len() < self.samples.capacity() {
            // Reading the pages allocates, so live bytes are read first.
            let live_bytes = live_bytes() - before;
            self.samples.push(Sample { at, live_bytes, rss_bytes: rss_bytes() });
        }
        if at >= self.told + (time / 100.0).max(10.0) {
            self.told = at;
            self.watcher.soak(&Soak {
                controller: self.name,
                seconds: [at, time],
                live_bytes: live_bytes() - before,
                evaluations: progress.row.evaluations,
                simulations: progress.simulations,
                control_steps: progress.control_steps,
            });
        }
        if self.watcher.interrupted() { Flow::Interrupt } else { Flow::Continue }
    }
}

/// Tunes until the time is over; also whether it was interrupted.
pub(super) fn soak(
    plan: &AuditPlan,
    config: &Config,
    time: Duration,
    watcher: &mut dyn Watcher,
) -> Result<(Phase, bool), Error> {
    let mut config = config.clone();
    config.swarm.settings.particles = particles(&config, SIMULATIONS);
    config.swarm.stopping =
        Stopping { wall_time: Some(time.as_secs_f64()), ..Stopping::after_generations(u64::MAX / 2) };
    let problem = plan.problem(&config);
    let name = config.controller.name();
    watcher.phase(&format!("{name}: soak"));
    let samples = memory::empty("the samples of the soak", SOAK_SAMPLES + 1)?;
    let mut watch = Watch { watcher, name, time, samples, since: None, told: 0.0 };
    let tuning = Run::new(&problem)?.search(plan.resources, &mut watch)?;
    let samples = watch.samples;
    let growth = growth_of(&samples).max(tuning.growth_bytes);
    let allocations = tuning.hot_path_allocations.unwrap_or(u64::MAX);
    let (whole, interrupted) =
        (tuning.reason == StopReason::WallTime, tuning.reason == StopReason::Interrupted);
    let end = match tuning.reason {
        StopReason::WallTime => String::new(),
        StopReason::Interrupted => "; cut short".into(),
        reason => format!("; ended early ({})", reason.name()),
    };
    let phase = Phase {
        name: "soak",
        points: 0,
        green: (whole || interrupted) && tuning.tally.simulations > 0 && growth == 0 && allocations == 0,
        finding: format!(
            "{} simulations in {:.0} s: live bytes grew by {growth}, {allocations} allocations on the hot path; {}{end}",
            count(tuning.tally.simulations),
            tuning.wall.as_secs_f64(),
            pages(&samples)
        ),
        samples,
        allocated_in: Vec::new(),
    };
    Ok((phase, interrupted))
}

/// Particles that make so many simulations a generation.
pub(super) fn particles(config: &Config, simulations: usize) -> usize {
    simulations.div_ceil(config.scenario_count()).max(2)
}

/// By how much live bytes have grown over the samples.
pub(super) fn growth_of(samples: &[Sample]) -> i64 {
    growth(&samples.iter().map(|sample| sample.live_bytes).collect::<Vec<_>>())
}

/// How the pages of the process moved, which is advisory.
fn pages(samples: &[Sample]) -> String {
    let seen = || samples.iter().map(|sample| sample.rss_bytes);
    match seen().min().zip(seen().max()) {
        Some((least, most)) if least > 0 => {
            let drift =
                seen().next_back().unwrap_or(0).cast_signed() - seen().next().unwrap_or(0).cast_signed();
            format!("pages drifted by {drift} bytes within {} (advisory)", most - least)
        }
        _ => "pages cannot be seen here".into(),
    }
}

/// The pages of this process; 0 where they cannot be looked up.
fn rss_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib: u64 = line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0);
    kib * 1024
}
