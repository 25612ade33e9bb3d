//! `gainswarm tune`: from a config to tuned gains.

use std::path::Path;

use super::progress::Meter;
use super::table::{count, number, rate, table};
use super::{SearchArgs, TuneArgs, load, note, print, resources};
use crate::Error;
use crate::config::{Config, SIMULATIONS_MAX};
use crate::constraint::Constraint;
use crate::costs::CostKind;
use crate::engine::{self, Resources, Tuning};
use crate::parameter::Short;
use crate::problem::{self, Problem};
use crate::registry::Member;
use crate::report::{self, Summary};
use crate::stability::Certificate;

/// Tunes and writes the results; true when the gains hold in every scenario.
pub(super) fn run(args: &TuneArgs) -> Result<bool, Error> {
    let search = &args.search;
    let resources = resources(search)?;
    let config = overridden(load(&args.config)?, search)?;
    let directory = args.output.clone().unwrap_or_else(|| Path::new("outputs").join(&config.study));
    let study = Study::tune(config, resources, &directory, search.quiet)?;

    // Neither a full disk nor a closed terminal costs the user the other's copy of the numbers.
    let shown = study.show(search);
    study.write(&directory)?;
    shown?;
    if !search.quiet {
        note(&format!("written to {}", directory.display()));
        super::certify::explain(study.config.controller.surface, &study.certificate);
    }
    if !study.holds() {
        note(NOTHING_HOLDS);
    }
    Ok(study.holds())
}

/// A study and what its tuning came to.
pub(super) struct Study {
    pub(super) config: Config,
    resources: Resources,
    tuning: Tuning,
    certificate: Certificate,
}

impl Study {
    /// Tunes, once it is sure that the results can be written.
    pub(super) fn tune(
        config: Config,
        resources: Resources,
        directory: &Path,
        quiet: bool,
    ) -> Result<Self, Error> {
        let problem = Problem::new(&config);
        let resources = Resources { level: problem.simulator.effective(resources.level), ..resources };
        report::prepare_directory(directory)?;
        let mut meter = Meter::new(problem.stopping.generations_max(problem.swarm.particles), quiet);
        let tuning = engine::tune(&problem, resources, &mut |progress| meter.show(progress))?;
        meter.finish();
        let certificate = problem::certifier(&config)(&tuning.values);
        Ok(Self { config, resources, tuning, certificate })
    }

    pub(super) fn write(&self, directory: &Path) -> Result<(), Error> {
        report::write_tuning(directory, &self.config, self.resources, &self.tuning, &self.certificate)
    }

    pub(super) fn summary(&self) -> Summary {
        Summary::new(&self.config, self.resources, &self.tuning, &self.certificate)
    }

    /// Whether the tuned gains hold in every scenario.
    pub(super) fn holds(&self) -> bool {
        self.tuning.best.is_feasible()
    }

    fn show(&self, search: &SearchArgs) -> Result<(), Error> {
        if search.json {
            return print(&(self.summary().to_json() + "\n"));
        }
        if search.quiet {
            return Ok(());
        }
        let facts = facts(&self.config, self.resources, &self.tuning, &self.certificate);
        print(&format!("{}\n{facts}", gains(&self.config, &self.tuning)))
    }
}

/// What to do when the search ends without a feasible gain vector.
pub(super) const NOTHING_HOLDS: &str = "error: no gain vector was found that is feasible: one that survives every scenario within \
    the [limits],\n  meets the constraints, and has a certificate where one is required\n  \
    search longer (--generations) or wider ([[tune]] bounds), or ask for less ([[scenarios]], [limits], constraints, u_max)";

/// The config with what the command line says otherwise.
pub(super) fn overridden(mut config: Config, args: &SearchArgs) -> Result<Config, Error> {
    config.seed = args.seed.unwrap_or(config.seed);
    if let Some(generations) = args.generations {
        config.swarm.stopping.generations = generations;
    }
    if let Some(particles) = args.particles.and_then(|particles| usize::try_from(particles).ok()) {
        let simulations = particles.saturating_mul(config.scenario_count());
        if simulations > SIMULATIONS_MAX {
            return Err(Error::Option {
                option: "--particles",
                found: format!("{particles} makes {simulations} simulations a generation"),
                remedy: format!("allowed: at most {SIMULATIONS_MAX}"),
            });
        }
        config.swarm.settings.particles = particles;
        config.swarm.settings.informed = config.swarm.settings.informed.min(particles - 1);
    }
    Ok(config)
}

fn gains(config: &Config, tuning: &Tuning) -> String {
    let parameters = config.controller.kind.parameters();
    let rows = config.tune.iter().map(|gain| {
        let parameter = &parameters[gain.index];
        let value = tuning.values[gain.index];
        let bound = if value <= gain.axis.lower || value >= gain.axis.upper { "at its bound" } else { "" };
        let range = format!("{} … {}", Short(gain.axis.lower), Short(gain.axis.upper));
        vec![parameter.name.into(), number(value), parameter.unit.into(), range, bound.into()]
    });
    table(&["gain", "value", "unit", "searched", ""], &[1], rows)
}

fn facts(config: &Config, resources: Resources, tuning: &Tuning, certificate: &Certificate) -> String {
    let tally = &tuning.tally;
    let [survival, rest] = outcome(config, tuning);
    let allocations = tuning.hot_path_allocations.map_or("not measured".into(), count);
    let simulations = format!(
        "{} ({} abandoned, {} failed)",
        count(tally.simulations),
        count(tally.abandoned),
        count(tally.failed),
    );
    let rejected = format!("{} of {} gain vectors", count(tally.rejected), count(tuning.evaluations));
    let wall = format!(
        "{:.2} s on {} threads, {}",
        tuning.wall.as_secs_f64(),
        resources.threads,
        resources.level.name()
    );
    let worst = |kind| tuning.value(kind)[1];
    let rows = [
        (
            "study",
            format!("{}, {} on {}", config.study, config.controller.kind.name(), config.plant.kind.name()),
        ),
        ("cost", number(tuning.best.cost)),
        ("outcome", survival),
        ("settling time", format!("{} s at most", number(worst(CostKind::SettlingTime)))),
        ("peak force", format!("{} N", number(worst(CostKind::PeakForce)))),
        ("at the end", rest),
        ("certificate", super::certify::verdict(certificate)),
        ("memory per simulation", format!("{} bytes", count(tuning.bytes_per_simulation))),
        ("allocations on the hot path", allocations),
        ("search", format!("{} generations; {}", tuning.convergence.len(), tuning.reason.summary())),
        ("simulations", simulations),
        ("not simulated", rejected),
        ("simulations/s", rate(tuning.simulations_per_s())),
        ("control steps/s", rate(tuning.control_steps_per_s())),
        ("wall time", wall),
    ];
    let applies = |(name, _): &(&str, String)| *name != "not simulated" || tally.rejected > 0;
    table(&["", ""], &[], rows.into_iter().filter(applies).map(|(name, value)| vec![name.into(), value]))
}

/// What the tuned gains do in the scenarios, and where they leave the plant.
fn outcome(config: &Config, tuning: &Tuning) -> [String; 2] {
    let all = tuning.records.len();
    let largest =
        |k: usize| tuning.records.iter().map(|record| record.final_positions[k]).fold(0.0, f64::max);
    let survival = match tuning.failed() {
        None => return [format!("NOT SIMULATED: {}", objection(config, &tuning.values)), String::new()],
        Some(0) if !tuning.best.is_feasible() => {
            format!("survives all {all} scenarios, but EXCEEDS {}", exceeded(config, tuning))
        }
        Some(0) => format!("survives all {all} scenarios"),
        Some(failed) => format!("FAILS in {failed} of {all} scenarios"),
    };
    [survival, format!("|theta| <= {:.2e} rad, |x| <= {:.2e} m", largest(1), largest(0))]
}

/// The limits that the tuned gains exceed, and by what.
fn exceeded(config: &Config, tuning: &Tuning) -> String {
    let limits = CostKind::ALL.iter().zip(&config.limits);
    let beyond = limits.map(|(kind, limit)| (kind, *limit, tuning.value(*kind)[1]));
    let words = beyond.filter(|(_, limit, worst)| worst > limit).map(|(kind, limit, worst)| {
        format!("{} = {} {} with {}", kind.limit_name(), Short(limit), kind.unit(), number(worst))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Why a gain vector is not simulated.
fn objection(config: &Config, values: &[f64]) -> String {
    let searched = config.searched();
    let breaks = |constraint: &&Constraint| constraint.violation(values, &searched) > 0.0;
    let broken: Vec<&str> =
        config.constraints.iter().filter(breaks).map(|constraint| constraint.text.as_str()).collect();
    if broken.is_empty() { "no stable certificate".into() } else { format!("breaks {}", broken.join(", ")) }
}
