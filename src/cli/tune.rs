//! `gainswarm tune`: from a config to tuned gains.

use std::path::PathBuf;

use super::interrupt::Interrupt;
use super::json_progress::Lines;
use super::place::Place;
use super::progress::ProgressView;
use super::study::{self, Shown, Study};
use super::table::table;
use super::{Exit, SearchArgs, load, note, print};
use crate::Error;
use crate::config::Config;
use crate::constraint::Constraint;
use crate::engine::Tuning;
use crate::figures::{count, counted, folded, number, number_or_dash, rate, searched, value_of};
use crate::registry::Member;
use crate::stability::{Certificate, Verdict};
use crate::validation;
use crate::verdict;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gainswarm tune configs/classical.toml --seed 7 --threads 2")]
pub(super) struct Args {
    /// The study, a TOML file
    config: PathBuf,
    /// Where the results go [default: outputs/<study>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Start a particle from the tuned gains of a gains.csv, or some from published rules with "rules"; may be given more than once
    #[arg(long, value_name = "FILE")]
    warm_start: Vec<PathBuf>,
    #[command(flatten)]
    search: SearchArgs,
}

/// Tunes and writes the results.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let search = &args.search;
    let resources = search.machine.resources()?;
    let mut config = load(&args.config)?;
    for path in &args.warm_start {
        if path.as_os_str() == "rules" {
            config.starts_from_rules = true;
            continue;
        }
        let start = config.warm_start(path)?;
        config.swarm.settings.start.push(start);
    }
    let config = search.applied(config)?;
    let place = match &args.output {
        Some(directory) => Place::at(directory.clone())?,
        None => Place::usual(&config.study, search, &|directory| {
            study::owner(&config, directory, search.safety())
        })?,
    };
    let claim = study::claim(config, place, search)?;
    let lines = Lines::new("tune").with("study", claim.config().study.as_str());
    let meter = ProgressView::new(search.follower(lines));
    let mut shown = Shown { meter, interrupt: &Interrupt::listen() };
    let study = Study::tune(claim, resources, search.safety(), &mut shown)?;

    // A closed terminal must not keep the files from being written, nor a full disk the table from being shown.
    let shown = show(&study, search);
    study.write()?;
    if search.report {
        study.report()?;
    }
    if !search.show.quiet {
        note(&study.where_it_is());
        study.doubts().iter().for_each(|doubt| note(&format!("warning: {doubt}")));
    }
    if study.is_interrupted() {
        return Ok(study.exit());
    }
    shown?;
    if study.is_done() && !study.holds() {
        note(&nothing_holds(study.longer().as_deref()));
    }
    Ok(study.exit())
}

/// What to do when the search ends without a feasible gain vector; `longer` is how it can go on.
pub(super) fn nothing_holds(longer: Option<&str>) -> String {
    let longer = longer.map_or(String::new(), |longer| format!("longer ({longer}) or "));
    format!(
        "error: no gain vector was found that is feasible: one that survives every scenario within the [limits],\n  \
         meets the constraints, and has a certificate where one is required\n  \
         search {longer}wider ([[tune]] bounds), or ask for less ([[scenarios]], [limits], constraints, u_max)"
    )
}

fn show(study: &Study, search: &SearchArgs) -> Result<(), Error> {
    if search.show.json {
        let mut row = study.row(&study.config.study).to_value();
        if !study.config.objectives.is_empty() {
            row["front"] = super::front::json(&study.config, &study.tuning);
        }
        return print(&format!("{row}\n"));
    }
    if search.show.quiet {
        return Ok(());
    }
    let facts = facts(&study.config, &study.tuning, &study.certificate);
    let band = verdict::settling_band(&study.config);
    let gains = gains(&study.config, &study.tuning);
    let told = super::models::told(&study.config, &study.tuning.values);
    let front = super::front::shown(&study.config, &study.tuning);
    let front = if front.is_empty() { front } else { front + "\n" };
    print(&format!("{front}{gains}\n{told}{facts}\n{band}"))
}

fn gains(config: &Config, tuning: &Tuning) -> String {
    let parameters = config.controller.parameters();
    let rows = config.tune.iter().map(|gain| {
        let parameter = &parameters[gain.index];
        let value = tuning.values[gain.index];
        let range = searched(&gain.axis);
        vec![
            parameter.name.into(),
            value_of(parameter, value),
            parameter.unit.into(),
            range,
            gain.axis.remark(value).into(),
        ]
    });
    let follow = config.followers.iter().map(|follower| {
        let parameter = &parameters[follower.index];
        let value = number(tuning.values[follower.index]);
        vec![
            parameter.name.into(),
            value,
            parameter.unit.into(),
            format!("follows: {}", follower.text),
            String::new(),
        ]
    });
    table(&["gain", "value", "unit", "searched", ""], &[1], rows.chain(follow))
}

fn facts(config: &Config, tuning: &Tuning, certificate: &Certificate) -> String {
    let tally = &tuning.tally;
    let survival = outcome(config, tuning, certificate);
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
        tuning.resources.threads,
        tuning.resources.level.name()
    );
    let restarts = match tuning.restarts {
        0 => String::new(),
        restarts => format!(", {}", counted(restarts, "restart")),
    };
    let search = format!("{} generations{restarts}; {}", count(tuning.generations), tuning.reason.summary());
    let how_far = tuning.how_far();
    let answer = if how_far.has_converged() { "yes" } else { "no" };
    let converged = format!("{answer}: {}", study::convergence(&how_far));
    let settled = verdict::settling(config, &tuning.records);
    let mut rows = vec![
        ("study", format!("{}, {} on {}", config.study, config.controller.name(), config.plant.name())),
        ("cost", number_or_dash(tuning.cost())),
        ("outcome", survival),
    ];
    rows.extend(settled.map(|settled| ("settling time", settled)));
    rows.extend(measures(config, tuning));
    rows.push(("certificate", super::certify::verdict(certificate)));
    rows.extend(certificate.longest_period().map(|longest| ("longest stable period", longest)));
    rows.extend([
        ("memory per simulation", format!("{} bytes", count(tuning.bytes_per_simulation))),
        ("allocations on the hot path", allocations),
        ("search", search),
        ("converged", converged),
        ("simulations", simulations),
        ("not simulated", rejected),
        ("simulations/s", rate(tuning.simulations_per_s())),
        ("control steps/s", rate(tuning.control_steps_per_s())),
        ("wall time", wall),
    ]);
    let applies = |(name, _): &(&str, String)| *name != "not simulated" || tally.rejected > 0;
    table(
        &["", ""],
        &[],
        rows.into_iter().filter(applies).map(|(name, value)| vec![name.into(), folded(&value, 49)]),
    )
}

/// What a study measures beside the cost and the settling time: the worst of all scenarios.
fn measures(config: &Config, tuning: &Tuning) -> Vec<(&'static str, String)> {
    let is_told = |place: &usize| {
        let term = &config.cost[*place];
        !term.is_settling_time()
    };
    let row = |place: usize| {
        let term = &config.cost[place];
        let unit = if term.unit == "1" { String::new() } else { format!(" {}", term.unit) };
        (term.name, format!("{}{unit}", number_or_dash(tuning.value(place)[1])))
    };
    validation::metrics(config).into_iter().filter(is_told).map(row).collect()
}

/// What the tuned gains do in the scenarios.
fn outcome(config: &Config, tuning: &Tuning, certificate: &Certificate) -> String {
    match verdict::objection(config, &tuning.records) {
        Some(said) if tuning.failed().is_none() => {
            format!("{said}: {}", objection(config, &tuning.values, certificate))
        }
        Some(said) => said,
        None => verdict::survival(tuning.records.len()),
    }
}

/// Why a gain vector is not simulated.
fn objection(config: &Config, values: &[f64], certificate: &Certificate) -> String {
    let searched = config.searched();
    let breaks = |constraint: &&Constraint| constraint.violation(values, &searched) > 0.0;
    let broken: Vec<&str> =
        config.constraints.iter().filter(breaks).map(|constraint| constraint.text.as_str()).collect();
    if !broken.is_empty() {
        return format!("breaks {}", broken.join(", "));
    }
    let exceeded = certificate.exceeded(&config.certificate_limits);
    if certificate.verdict != Verdict::Stable || exceeded.is_empty() {
        return "no stable certificate".into();
    }
    let beyond = exceeded.into_iter().map(|(name, value)| format!("{name} (it is {})", number(value)));
    format!("beyond {}", beyond.collect::<Vec<_>>().join(", "))
}
