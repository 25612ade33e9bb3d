//! `gainswarm batch --dry-run`: what would run, and about how long.

use std::path::Path;

use serde_json::{Value, json};

use super::check::Extent;
use super::study::{self, Way};
use super::table::table;
use super::{Exit, SearchArgs, note, print};
use crate::Error;
use crate::closed_loop::Method;
use crate::config::{BatchConfig, Config};
use crate::engine::Resources;
use crate::figures::{count, folded, time_range};
use crate::pace::{self, Pace};

/// What takes about the same time for: law, plant, integrator, simulations of a generation, and whether gains need a certificate.
type Kind = (&'static str, &'static str, Method, usize, bool);

/// What would run, and about how long.
pub(super) fn run(
    batch: &BatchConfig,
    directory: &Path,
    resources: Resources,
    search: &SearchArgs,
) -> Result<Exit, Error> {
    let rows = all(batch, directory, resources, search)?;
    let seconds = |bound: usize| rows.iter().fold(0.0, |sum, row| sum + row.seconds[bound]);
    let whole = Foreseen {
        study: "what is missing".into(),
        way: Way::Missing,
        evaluations: rows.iter().map(|row| row.evaluations).sum(),
        simulations: rows.iter().map(|row| row.simulations).sum(),
        seconds: [seconds(0), seconds(1)],
    };
    if search.show.json {
        let studies: Vec<Value> = rows.iter().map(Foreseen::to_json).collect();
        let whole = json!({
            "batch": batch.name, "studies": studies, "evaluations_max": whole.evaluations,
            "simulations_max": whole.simulations, "seconds_min": whole.seconds[0], "seconds_max": whole.seconds[1],
        });
        print(&format!("{whole}\n"))?;
    } else {
        let lines = rows.iter().chain([&whole]).map(Foreseen::cells);
        print(&table(&["study", "evaluations", "simulations", "time", ""], &[1, 2, 3], lines))?;
        note("evaluations and simulations: at most; time: on this machine when nothing else runs on it");
    }
    Ok(Exit::Success)
}

/// What is foreseen of every study of a batch, in its order.
pub(super) fn all(
    batch: &BatchConfig,
    directory: &Path,
    resources: Resources,
    search: &SearchArgs,
) -> Result<Vec<Foreseen>, Error> {
    let mut known: Vec<(Kind, Pace)> = Vec::new();
    let mut rows = Vec::new();
    for entry in &batch.entries {
        let config = &entry.config;
        let simulations = config.swarm.settings.particles.saturating_mul(config.scenario_count());
        let needs_certificate =
            config.require_certificate || config.certificate_limits.iter().any(Option::is_some);
        let integrator = config.simulation.integrator;
        let kind =
            (config.controller.name(), config.plant.name(), integrator, simulations, needs_certificate);
        let pace = match known.iter().find(|(other, _)| *other == kind) {
            Some((_, pace)) => *pace,
            None => pace::measured(config, resources)?,
        };
        known.push((kind, pace));
        rows.push(Foreseen::new(config, study::way(entry, directory, search.safety())?, pace));
    }
    Ok(rows)
}

/// A study that would run, and what is left of it.
pub(super) struct Foreseen {
    study: String,
    way: Way,
    evaluations: u64,
    simulations: u64,
    /// From the shortest time to the longest.
    pub(super) seconds: [f64; 2],
}

impl Foreseen {
    fn new(config: &Config, way: Way, pace: Pace) -> Self {
        let Extent { evaluations, scenarios, steps, .. } = Extent::of(config);
        let (left, spent) = match way {
            Way::Missing => (evaluations, 0.0),
            Way::Begun { evaluations: done, seconds, .. } => (evaluations.saturating_sub(done), seconds),
            Way::Complete => (0, 0.0),
        };
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let steps = scenarios as f64 * steps as f64;
        let seconds = pace::foreseen(left, evaluations, steps, pace);
        let most = config.swarm.stopping.wall_time.map_or(f64::INFINITY, |time| (time - spent).max(0.0));
        Self {
            study: config.study.clone(),
            way,
            evaluations: left,
            simulations: left.saturating_mul(scenarios),
            seconds: seconds.map(|seconds| seconds.min(most)),
        }
    }

    fn cells(&self) -> Vec<String> {
        let way = match self.way {
            Way::Missing => String::new(),
            Way::Begun { generations, .. } => format!("at generation {}", count(generations)),
            Way::Complete => "complete".into(),
        };
        vec![
            folded(&self.study, 27),
            count(self.evaluations),
            count(self.simulations),
            time_range(self.seconds),
            way,
        ]
    }

    fn to_json(&self) -> Value {
        let Self { study, way, evaluations, simulations, seconds } = self;
        json!({
            "study": study,
            "complete": *way == Way::Complete,
            "generations_done": if let Way::Begun { generations, .. } = way { Some(generations) } else { None },
            "evaluations_max": evaluations,
            "simulations_max": simulations,
            "seconds_min": seconds[0],
            "seconds_max": seconds[1],
        })
    }
}
