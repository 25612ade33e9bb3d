//! `gainswarm compare`: several studies of the same problem, tuned and laid side by side.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::interrupt::Interrupt;
use super::json_progress::Lines;
use super::place::Place;
use super::progress::{Board, Foreseen};
use super::study::{self, Claim, Shown, Study};
use super::table::table;
use super::tune::nothing_holds;
use super::{Exit, SearchArgs, load, note, print};
use crate::Error;
use crate::config::Config;
use crate::costs::{Aspect, Usual};
use crate::engine::Resources;
use crate::figures::{count, label, number};
use crate::registry::Member;
use crate::report::{self, StudyRow, Summary};
use crate::verdict;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gainswarm compare configs/classical.toml configs/super_twisting.toml")]
pub(super) struct Args {
    /// The studies, TOML files with the same plant, simulation, cost and scenarios
    #[arg(required = true)]
    configs: Vec<PathBuf>,
    /// Where compare.csv and a directory a study go [default: outputs/compare]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    search: SearchArgs,
}

/// Tunes the studies one after the other and writes what is known after each.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let search = &args.search;
    let resources = search.machine.resources()?;
    let mut configs = Vec::new();
    for path in &args.configs {
        configs.push(search.applied(load(path)?)?);
    }
    same_problem(&configs, args)?;

    // Check all directories before the first study is tuned.
    let owner = |directory: &Path| study::owner_of_all(configs.iter(), directory, search.safety());
    let Place { directory: output, held: _held } = match &args.output {
        Some(directory) => {
            report::refuse_tuning(directory)?;
            Place::at(directory.clone())?
        }
        None => Place::usual("compare", search, &owner)?,
    };
    let claim =
        |config: &Config| study::claim(config.clone(), Place::at(output.join(&config.study))?, search);
    let claims: Vec<Claim> = configs.iter().map(claim).collect::<Result<_, _>>()?;
    if !search.report && !claims.iter().all(Claim::is_complete) {
        report::forget_page(&output);
    }
    let tuned = tune_all(claims, &output, resources, search)?;
    if let Some(code) = tuned.interrupted {
        note(&format!("{} of {} studies are done: --resume goes on", tuned.rows.len(), configs.len()));
        return Ok(Exit::Interrupted(code));
    }
    if search.show.json {
        let all: Vec<String> = tuned.rows.iter().map(StudyRow::to_json).collect();
        print(&format!("[{}]\n", all.join(",\n")))?;
    } else if !search.show.quiet {
        let band = verdict::settling_band(&configs[0]);
        print(&format!("{}\n{band}", side_by_side(&configs, &tuned.rows)))?;
        note(&format!("written to {}", output.display()));
    }
    if !tuned.hold {
        note(&nothing_holds(Some("--resume with more --generations or --evaluations")));
    }
    Ok(Exit::of(tuned.is_done && tuned.hold))
}

/// What the studies came to.
struct Tuned {
    /// The studies that were not interrupted, in their order.
    rows: Vec<StudyRow>,
    /// Whether all came to their end, and whether the gains of all hold.
    is_done: bool,
    hold: bool,
    /// The exit code of an interruption that left studies undone.
    interrupted: Option<u8>,
}

/// Tunes one study after the other and writes the tables after each.
fn tune_all(
    claims: Vec<Claim>,
    output: &Path,
    resources: Resources,
    search: &SearchArgs,
) -> Result<Tuned, Error> {
    let interrupt = Interrupt::listen();
    let studies = claims.len();
    let mut tuned = Tuned { rows: Vec::new(), is_done: true, hold: true, interrupted: None };
    let mut board = Board::new(search.follower(Lines::new("compare")), studies, Foreseen::new());
    for claim in claims {
        let meter = board.begin(&claim.config().study, claim.is_complete());
        let study =
            Study::tune(claim, resources, search.safety(), &mut Shown { meter, interrupt: &interrupt })?;
        board.end();
        study.write()?;
        if let Some(Err(error)) = search.report.then(|| study.report()) {
            board.note(&format!("error: {} has no page: {error}", study.config.study));
        }
        for line in remarks(&study, search) {
            board.note(&line);
        }
        if !study.is_interrupted() {
            tuned.is_done &= study.is_done();
            tuned.hold &= study.holds();
            tuned.rows.push(study.row(&study.config.study));
            let rows: Vec<&StudyRow> = tuned.rows.iter().collect();
            report::write_summaries(&output.join("compare.csv"), &rows)?;
            if search.report {
                report::write_overview(output, "compare", &rows, &[], studies)?;
            }
        }
        tuned.interrupted = interrupt.exit_code().filter(|_| tuned.rows.len() < studies);
        if tuned.interrupted.is_some() {
            break;
        }
    }
    board.finish();
    Ok(tuned)
}

/// What there is to say about a study that has been tuned, a line each.
fn remarks(study: &Study, search: &SearchArgs) -> Vec<String> {
    let name = &study.config.study;
    let mut lines = Vec::new();
    if study.is_interrupted() || (study.was_complete() && !search.show.quiet) {
        lines.push(study.where_it_is());
    }
    if !study.is_interrupted() {
        lines.extend(study.failure().map(|failure| format!("error: {name}: {failure}")));
        let doubts = if search.show.quiet { Vec::new() } else { study.doubts() };
        lines.extend(doubts.iter().map(|doubt| format!("warning: {name}: {doubt}")));
    }
    lines
}

/// Refuses studies that do not pose the same problem, or that would write to the same place.
fn same_problem(configs: &[Config], args: &Args) -> Result<(), Error> {
    let refuse =
        |found: String, remedy: &str| Error::Option { option: "compare", found, remedy: remedy.into() };
    let name = |k: usize| Path::display(&args.configs[k]);
    let bits = |config: &Config| config.limits.iter().map(|limit| limit.to_bits()).collect::<Vec<_>>();
    for (k, config) in configs.iter().enumerate() {
        if let Some(twin) = configs[..k].iter().position(|earlier| earlier.study == config.study) {
            let found = format!("{} and {} are both the study \"{}\"", name(twin), name(k), config.study);
            return Err(refuse(found, "give them different names with study = \"…\""));
        }
        let first = &configs[0];
        let differs = [
            ("[plant]", config.plant != first.plant),
            ("[simulation]", config.simulation != first.simulation),
            ("[cost]", config.cost != first.cost),
            ("[[objectives]]", config.objectives != first.objectives),
            ("[aggregate]", config.aggregate != first.aggregate),
            ("[limits]", bits(config) != bits(first)),
            ("[[scenarios]]", config.scenarios != first.scenarios),
        ];
        if let Some((section, _)) = differs.iter().find(|(_, differs)| *differs) {
            let found = format!("{} and {} differ in {section}", name(0), name(k));
            return Err(refuse(
                found,
                "only what is judged alike can be compared: make the sections the same",
            ));
        }
    }
    Ok(())
}

/// One column a study.
fn side_by_side(configs: &[Config], studies: &[StudyRow]) -> String {
    let cell = |summary: &Summary, column: &str| match summary.find(column).unwrap_or(&Value::Null) {
        Value::Number(value) => {
            value.as_u64().map_or_else(|| number(value.as_f64().unwrap_or(f64::NAN)), count)
        }
        Value::String(text) => text.clone(),
        Value::Bool(is_so) => if *is_so { "yes" } else { "no" }.into(),
        _ => "–".into(),
    };
    let row = |name: &str, column: &str| -> Vec<String> {
        std::iter::once(name.into()).chain(studies.iter().map(|study| cell(&study.summary, column))).collect()
    };
    let with_unit = |term: &str| {
        let unit = configs[0].term(term).map_or("1", |place| configs[0].cost[place].unit);
        if unit == "1" { label(term) } else { format!("{} {unit}", label(term)) }
    };
    let mut rows = vec![row("cost", "cost")];
    for term in configs[0].cost.iter().filter(|term| term.weight > 0.0) {
        rows.push(row(&format!("  {}", term.name), &format!("{}_cost", term.name)));
    }
    let own = |(name, column): (&str, &str)| (name.to_owned(), column.to_owned());
    let worst = [
        Aspect::SettlingTime.name(),
        Aspect::Overshoot.name(),
        Aspect::RiseTime.name(),
        Usual::PeakForce.name(),
    ];
    let worst = worst.map(|term| (format!("{}, worst", with_unit(term)), format!("{term}_worst")));
    let mean = [Usual::ControlEffort, Usual::Chattering].map(Usual::name);
    let mean = mean.map(|term| (with_unit(term), format!("{term}_mean")));
    let of_search = [
        ("failed scenarios", "failed"),
        ("infeasible by", "violation"),
        ("certificate", "certificate"),
        ("largest real part 1/s", "max_real_part"),
        ("converged", "converged"),
    ];
    let of_machine = [
        ("force energy over 10 Hz", "ripple_share"),
        ("bytes a simulation", "bytes_per_simulation"),
        ("ns a control step", "ns_per_control_step"),
    ];
    let usual = of_search.map(own).into_iter().chain(worst).chain(mean).chain(of_machine.map(own));
    let is_there = |column: &str| studies.iter().any(|study| study.summary.find(column).is_some());
    rows.extend(usual.filter(|(_, column)| is_there(column)).map(|(name, column)| row(&name, &column)));
    // A long name stands in as many lines as it has words.
    let heads: Vec<String> = configs.iter().map(|config| config.study.replace('_', "\n")).collect();
    let header: Vec<&str> = std::iter::once("").chain(heads.iter().map(String::as_str)).collect();
    let right: Vec<usize> = (1..header.len()).collect();
    table(&header, &right, rows)
}
