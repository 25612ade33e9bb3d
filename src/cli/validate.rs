//! `gainswarm validate`: gains on thousands of scenarios that tuning never saw.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::args::{SEED_MAX, whole};
use super::interrupt::Interrupt;
use super::table::table;
use super::validate_shard::{self, Meter};
use super::{Exit, FollowArgs, MachineArgs, ShowArgs, gains, load, note, print, shard, validate_front};
use crate::Error;
use crate::figures::{count, number};
use crate::report::shard::ValidationShard;
use crate::report::{self, Validation};
use crate::statistics::{Distribution, Estimate};
use crate::study::write_page;
use crate::validation::{self, Difference, Finding, Pairing, Set, Trial};
use crate::verdict;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gainswarm validate configs/classical.toml --gains outputs/classical/gains.csv --samples 10000
  gainswarm validate configs/dc_motor_trade_off.toml --front outputs/dc_motor_trade_off
  gainswarm validate configs/classical.toml --gains outputs/classical/gains.csv --samples 1000000 --shard 3/12   # then gainswarm merge"
)]
pub(super) struct Args {
    /// The study, a TOML file; its [[validation]] tables say on what
    config: PathBuf,
    /// Gains to try, a gains.csv
    #[arg(long, value_name = "FILE", required_unless_present = "front")]
    gains: Option<PathBuf>,
    /// A directory with trade-offs to try, of a tuning of this study with [[objectives]]; writes a table, a row a point and set
    #[arg(long, value_name = "DIR", conflicts_with_all = ["gains", "against", "report", "json"])]
    front: Option<PathBuf>,
    /// Which of them
    #[arg(long, value_enum, default_value_t = validate_front::Points::Marked, requires = "front")]
    points: validate_front::Points,
    /// Other gains to compare with, a gains.csv
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Do one of several parts of the runs: I/N; auto, as a job array or MPI numbers this process; or auto/N. Put together by merge
    #[arg(long, value_name = "I/N", conflicts_with_all = ["report", "require", "json"])]
    shard: Option<shard::Wanted>,
    /// Number of runs in each set
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = whole(1..=1_000_000))]
    samples: u64,
    /// Seed of every random number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0..=SEED_MAX))]
    seed: u64,
    /// Exit with 1 when a smaller share of a set succeeds
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    require: f64,
    /// Where validation.csv and validation.json go [default: the directory of the gains where that holds a tuning of this study, else
    /// outputs/<study>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Also make a page of the tuning in that directory and of this validation, report.html
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    follow: FollowArgs,
}

/// Validates and writes; what is complete when it is interrupted, too.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let interrupt = Interrupt::listen();
    let shard = args.shard.map(shard::Wanted::resolved).transpose()?;
    let resources = args.machine.resources()?;
    let config = load(&args.config)?;
    let samples = usize::try_from(args.samples).unwrap_or(usize::MAX);
    let stop = || interrupt.exit_code().is_some();
    let trial = Trial { config: &config, resources, samples, seed: args.seed, stop: &stop };
    let mut meter = Meter::new(&args.follow, &config.study, shard);
    if let Some(directory) = &args.front {
        let output = args.output.as_ref().unwrap_or(directory);
        let (chosen, sets) =
            (validate_front::read(directory, args.points, &trial)?, validation::sets(&config)?);
        if let Some(shard) = shard {
            ValidationShard::prepare(output, shard)?;
            let tried: Vec<Vec<f64>> = chosen.rows.iter().map(|(_, point)| point.values.clone()).collect();
            let of = (&tried[..], Some(&chosen));
            let done =
                validate_shard::run(&trial, &sets, of, (shard, [&args.config, directory]), &mut meter)?;
            return validate_shard::end(done, output, (args.show.quiet, interrupt.exit_code()));
        }
        let how = (args.show.quiet, args.require);
        let done = validate_front::run(&chosen, (&trial, &sets), output, how, &mut meter)?;
        return Ok(done.unwrap_or(Exit::Interrupted(interrupt.exit_code().unwrap_or(1))));
    }
    // clap asks for it where there is no front.
    let file = args.gains.clone().unwrap_or_default();
    let usual =
        || report::tuning_of(&file, &config).unwrap_or_else(|| Path::new("outputs").join(&config.study));
    let output = args.output.clone().unwrap_or_else(usual);
    match shard {
        Some(shard) => ValidationShard::prepare(&output, shard)?,
        None => report::prepare_directory(&output)?,
    }
    let tried: Vec<&Path> = std::iter::once(file.as_path()).chain(args.against.as_deref()).collect();
    let tried: Vec<Vec<f64>> = tried.iter().map(|path| gains(path, &config)).collect::<Result<_, _>>()?;
    let sets = validation::sets(&config)?;
    if let Some(shard) = shard {
        let done =
            validate_shard::run(&trial, &sets, (&tried, None), (shard, [&args.config, &file]), &mut meter)?;
        return validate_shard::end(done, &output, (args.show.quiet, interrupt.exit_code()));
    }
    let done = find(&trial, &sets, (&tried[0], tried.get(1).map(Vec::as_slice)), &mut meter)?;

    let validation = Validation {
        config: &config,
        seed: args.seed,
        values: &tried[0],
        files: [&args.config, &file],
        findings: &done.findings,
        others: &done.others,
        pairings: validation::pairings(&done.findings, &done.others),
        differences: validation::differences(&config, &done.findings, &done.others),
        missing: sets[done.findings.len()..].iter().map(|set| set.name.as_str()).collect(),
    };
    if let Some(code) = interrupt.exit_code().filter(|_| done.findings.len() < sets.len()) {
        if !done.findings.is_empty() {
            report::write_validation(&output, &config, &done.findings, &validation.to_json())?;
        }
        note(&leftover(args, &sets, &done, &output));
        show(&args.show, &validation)?;
        return Ok(Exit::Interrupted(code));
    }
    finish(&validation, &output, &args.show, (args.report, args.require))
}

/// Writes and shows a validation of all sets, and the page of the tuning with it where that is wanted; fails when a smaller share than
/// `require` of a set succeeds.
pub(super) fn finish(
    validation: &Validation<'_>,
    output: &Path,
    shown: &ShowArgs,
    (page, require): (bool, f64),
) -> Result<Exit, Error> {
    report::write_validation(output, validation.config, validation.findings, &validation.to_json())?;
    if page && write_page(output, false)?.validation.is_none() {
        note(&format!(
            "warning: the page does not show this validation, which is of other gains or another study than the tuning in {}\n  \
            give its gains.csv and its config, or the directory of theirs with --output",
            output.display()
        ));
    }
    show(shown, validation)?;
    if !shown.quiet {
        note(&format!("written to {}", output.display()));
    }
    Ok(Exit::of(validation.findings.iter().all(|finding| finding.success.value >= require)))
}

fn show(show: &ShowArgs, validation: &Validation<'_>) -> Result<(), Error> {
    if validation.findings.is_empty() || (show.quiet && !show.json) {
        return Ok(());
    }
    print(&if show.json { format!("{}\n", validation.to_json()) } else { text(validation) })
}

/// What is done of a validation: as many findings as others, where there are others at all.
struct Done {
    findings: Vec<Finding>,
    others: Vec<Finding>,
    /// Runs of the first set that is not complete, where there is one.
    rest: Option<usize>,
}

/// Set after set, with the other gains too if there are any, so that whole sets are done when it is interrupted.
fn find(
    trial: &Trial<'_>,
    sets: &[Set],
    (values, other): (&[f64], Option<&[f64]>),
    meter: &mut Meter,
) -> Result<Done, Error> {
    let tuned_cost = |values: &[f64]| validation::tuned_cost(trial.config, trial.resources, values);
    let (cost, other_cost) = (tuned_cost(values)?, other.map(tuned_cost).transpose()?);
    let mut done = Done { findings: Vec::new(), others: Vec::new(), rest: None };
    for set in sets {
        let finding = match trial.run_told(set, values, cost, &mut meter.of(set, trial.samples, "these"))? {
            ControlFlow::Continue(finding) => finding,
            ControlFlow::Break(runs) => return Ok(Done { rest: Some(runs), ..done }),
        };
        if let Some((values, cost)) = other.zip(other_cost) {
            match trial.run_told(set, values, cost, &mut meter.of(set, trial.samples, "others"))? {
                ControlFlow::Continue(finding) => done.others.push(finding),
                ControlFlow::Break(_) => return Ok(Done { rest: Some(finding.runs), ..done }),
            }
        }
        done.findings.push(finding);
    }
    Ok(done)
}

/// What an interruption leaves: what is kept, and what is missing with how much was done of the first.
fn leftover(args: &Args, sets: &[Set], done: &Done, output: &Path) -> String {
    let complete = done.findings.len();
    let kept = match complete {
        0 => "no set is complete, so that nothing is written".into(),
        _ => format!("{complete} of {} sets are complete and written to {}", sets.len(), output.display()),
    };
    let missing = sets[complete..].iter().enumerate().map(|(k, set)| match done.rest {
        Some(runs) if k == 0 && runs > 0 => {
            format!("{} (stopped after {} of {} runs)", set.name, count(runs as u64), count(args.samples))
        }
        _ => set.name.clone(),
    });
    format!("interrupted: {kept}; missing: {}", missing.collect::<Vec<_>>().join(", "))
}

fn text(validation: &Validation<'_>) -> String {
    let mut parts: Vec<String> = validation.findings.iter().map(|found| finding(validation, found)).collect();
    if !validation.differences.is_empty() {
        let others: String = validation.others.iter().map(success).collect();
        parts.push(format!("the other gains\n{others}"));
        let pairings: String = validation.pairings.iter().map(pairing).collect();
        parts.push(format!("of the same scenarios\n{pairings}"));
        let head = "differences (this − other): paired, p after Holm";
        parts.push(format!("{head}\n{}{TESTS}", differences_table(&validation.differences)));
    }
    parts.push(format!(
        "a run succeeds{}{}\n\
         cost and all below it: of the runs that survive\n\
         ± is half of a 95 % interval; validation.csv has those of all figures\n",
        verdict::at_the_end(validation.config),
        if validation.config.limits.iter().any(|limit| limit.is_finite()) { ", within [limits]" } else { "" }
    ));
    parts.join("\n")
}

/// What the differences are of.
const TESTS: &str = "success and failed: shares of all runs, McNemar's exact test
the others: where both survive, Wilcoxon's signed-rank test
p of cost is over all runs: a fall is worse than any run that survives, two falls are a tie
";

/// How many runs of a set succeed.
fn success(finding: &Finding) -> String {
    let Finding { set, runs, failed, success, .. } = finding;
    let percent = |share: f64| format!("{:.2}", 100.0 * share);
    format!(
        "{set}: {} runs, {} % succeed (95 %: {} … {}), {} fell\n",
        count(*runs as u64),
        percent(success.value),
        percent(success.low),
        percent(success.high),
        count(*failed as u64),
    )
}

/// In how many runs of a set which gains fell.
fn pairing(pairing: &Pairing) -> String {
    let [both, first, second] =
        [pairing.both_failed, pairing.only_first_failed, pairing.only_second_failed].map(|n| count(n as u64));
    format!(
        "{}: both fell in {both}, only these gains in {first}, only the others in {second}\n",
        pairing.set
    )
}

fn finding(validation: &Validation<'_>, finding: &Finding) -> String {
    let measure = |name: &str, found: &Distribution| {
        let plain = [found.median.value, found.p95.value, found.worst].map(number);
        [name.to_owned(), short(&found.mean)].into_iter().chain(plain).collect::<Vec<_>>()
    };
    let cost = finding.cost.iter().map(|found| measure("cost", found));
    let metrics = validation::metrics(validation.config);
    let rows = cost.chain(metrics.into_iter().zip(&finding.metrics).map(|(place, found)| {
        let term = &validation.config.cost[place];
        let unit =
            if term.unit == "1" { String::new() } else { format!(" {}", term.unit.replace(" + ", "+")) };
        measure(&format!("{}{unit}", term.name), found)
    }));
    let measures = table(&["", "mean", "median", "95 %", "worst"], &[1, 2, 3, 4], rows);
    let factor = if finding.degradation.is_finite() {
        format!("mean cost of the runs that survived: {} times that in tuning\n", number(finding.degradation))
    } else {
        String::new()
    };
    let replay = finding.worst.first().map_or(String::new(), |case| validation.replay(case));
    format!("{}{measures}{factor}worst: {replay}\n", success(finding))
}

/// An estimate with half the width of its interval, to two digits of that.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
fn short(estimate: &Estimate) -> String {
    let (value, half) = (estimate.value, 0.5 * (estimate.high - estimate.low));
    if half == 0.0 || !half.is_finite() {
        return number(value);
    }
    let magnitude = value.abs().max(half);
    let is_plain = (1e-3..1e5).contains(&magnitude);
    let exponent = if is_plain { 0 } else { magnitude.log10().floor() as i32 };
    let [value, half] = [value, half].map(|number| number / 10_f64.powi(exponent));
    let decimals = (1 - half.log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.decimals$} ± {half:.decimals$}");
    if is_plain { text } else { format!("({text})e{exponent}") }
}

fn differences_table(differences: &[Difference]) -> String {
    let row = |difference: &Difference| {
        let mean = difference.mean.as_ref().map_or("–".into(), short);
        let p = match difference.p {
            None => "–".into(),
            Some(p) if p < 1e-3 => format!("{p:.0e}"),
            Some(p) => format!("{p:.3}"),
        };
        vec![difference.set.clone(), difference.measure.into(), mean, p]
    };
    table(&["set", "", "difference", "p"], &[2, 3], differences.iter().map(row))
}

/// A number from 0 to 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| "allowed: a number from 0 to 1".into())
}
