//! `gainswarm batch --dry-run`: what would run, and about how long.

use std::path::Path;

use serde_json::{Value, json};

use super::batch::way;
use super::check::Extent;
use super::study::Way;
use super::table::table;
use super::{Exit, SearchArgs, note, print};
use crate::config::{Batch, Config};
use crate::controllers::ControllerKind;
use crate::engine::Resources;
use crate::figures::{count, folded};
use crate::integrators::IntegratorKind;
use crate::plants::PlantKind;
use crate::{Error, bench};

/// What a control step takes about the same time for.
type Kind = (ControllerKind, PlantKind, IntegratorKind);

/// What would run, and about how long.
pub(super) fn run(
    batch: &Batch,
    directory: &Path,
    resources: Resources,
    search: &SearchArgs,
) -> Result<Exit, Error> {
    let mut known: Vec<(Kind, f64)> = Vec::new();
    let mut rows = Vec::new();
    for entry in &batch.entries {
        let config = &entry.config;
        let kind = (config.controller.kind, config.plant.kind, config.simulation.integrator);
        if known.iter().all(|(other, _)| *other != kind) {
            known.push((kind, bench::seconds_a_step(config, resources)?));
        }
        let seconds = known.iter().find(|(other, _)| *other == kind).map_or(f64::NAN, |known| known.1);
        rows.push(Foreseen::new(config, way(entry, directory, search)?, seconds));
    }
    let whole = Foreseen {
        study: "what is missing".into(),
        way: Way::Missing,
        evaluations: rows.iter().map(|row| row.evaluations).sum(),
        simulations: rows.iter().map(|row| row.simulations).sum(),
        seconds: rows.iter().fold(0.0, |sum, row| sum + row.seconds),
    };
    if search.show.json {
        let studies: Vec<Value> = rows.iter().map(Foreseen::to_json).collect();
        let whole = json!({
            "batch": batch.name, "studies": studies, "evaluations_max": whole.evaluations,
            "simulations_max": whole.simulations, "seconds_max": whole.seconds,
        });
        print(&format!("{whole}\n"))?;
    } else {
        let lines = rows.iter().chain([&whole]).map(Foreseen::cells);
        print(&table(&["study", "evaluations", "simulations", "time", ""], &[1, 2, 3], lines))?;
        note("at most; the time is that of simulations with the default gains on this machine");
    }
    Ok(Exit::Success)
}

/// A study that would run, and what is left of it.
struct Foreseen {
    study: String,
    way: Way,
    evaluations: u64,
    simulations: u64,
    seconds: f64,
}

impl Foreseen {
    fn new(config: &Config, way: Way, seconds_a_step: f64) -> Self {
        let Extent { evaluations, scenarios, steps, .. } = Extent::of(config);
        let (left, spent) = match way {
            Way::Missing => (evaluations, 0.0),
            Way::Begun { evaluations: done, seconds, .. } => (evaluations.saturating_sub(done), seconds),
            Way::Complete => (0, 0.0),
        };
        let simulations = left.saturating_mul(scenarios);
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = simulations as f64 * steps as f64 * seconds_a_step;
        let seconds =
            config.swarm.stopping.wall_time.map_or(seconds, |time| seconds.min((time - spent).max(0.0)));
        Self { study: config.study.clone(), way, evaluations: left, simulations, seconds }
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
            time(self.seconds),
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
            "seconds_max": seconds,
        })
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 99.5 => format!("{s:.1} s"),
        s if s < 99.5 * 60.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
