//! `gainswarm validate`: gains on thousands of scenarios that tuning never saw.

use std::path::{Path, PathBuf};

use super::table::table;
use super::{MachineArgs, ShowArgs, gains, load, note, print};
use crate::Error;
use crate::config::Config;
use crate::figures::{count, number, pasted};
use crate::parameter::Short;
use crate::report;
use crate::validation::statistics::Estimate;
use crate::validation::{self, Difference, Finding, METRICS};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gainswarm validate configs/classical.toml --gains outputs/classical/gains.csv --samples 10000"
)]
pub(super) struct Args {
    /// The study, a TOML file; its [[validation]] tables say on what
    config: PathBuf,
    /// Gains to try, a gains.csv
    #[arg(long, value_name = "FILE")]
    gains: PathBuf,
    /// Other gains to compare with, a gains.csv
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Runs a set
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    samples: u64,
    /// Seed of every random number
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: u64,
    /// Exit with 1 when a smaller share of a set succeeds
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    require: f64,
    /// Where validation.csv and validation.json go [default: outputs/<study>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Also make a page of the tuning in that directory and of this validation, report.html
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    show: ShowArgs,
}

/// Validates and writes; true when every set reaches the required share of successes.
pub(super) fn run(args: &Args) -> Result<bool, Error> {
    let resources = args.machine.resources()?;
    let config = load(&args.config)?;
    let samples = usize::try_from(args.samples).unwrap_or(usize::MAX);
    let directory = args.output.clone().unwrap_or_else(|| Path::new("outputs").join(&config.study));
    report::prepare_directory(&directory)?;

    let values = gains(&args.gains, &config)?;
    let other = args.against.as_deref().map(|path| gains(path, &config)).transpose()?;
    let sets = validation::sets(&config)?;
    let find = |values: &[f64]| -> Result<Vec<Finding>, Error> {
        let tuned_cost = validation::tuned_cost(&config, resources, values)?;
        let one = |set| validation::run(&config, resources, set, values, samples, args.seed, tuned_cost);
        sets.iter().map(one).collect()
    };
    let findings = find(&values)?;
    let others = other.as_deref().map(find).transpose()?.unwrap_or_default();
    let differences = validation::differences(&findings, &others);

    let json = report::validation_json(&config, args.seed, &values, [&findings, &others], &differences);
    let shown = if args.show.json {
        print(&format!("{json}\n"))
    } else if args.show.quiet {
        Ok(())
    } else {
        print(&text(&config, args, [&findings, &others], &differences))
    };
    report::write_validation(&directory, &findings, &json)?;
    if args.report && super::report::write(&directory, false)?.validation.is_none() {
        note(&format!(
            "warning: the page does not show this validation, which is of other gains or another study than the tuning in {}\n  \
            give its gains.csv and its config, or the directory of theirs with --output",
            directory.display()
        ));
    }
    shown?;
    if !args.show.quiet {
        note(&format!("written to {}", directory.display()));
    }
    Ok(findings.iter().all(|finding| finding.success.value >= args.require))
}

fn text(
    config: &Config,
    args: &Args,
    [findings, others]: [&[Finding]; 2],
    differences: &[Difference],
) -> String {
    let mut parts: Vec<String> = findings.iter().map(|found| finding(args, found)).collect();
    if !differences.is_empty() {
        let others: String = others.iter().map(success).collect();
        let head = "differences (this − other): means of the runs that survive, p after Holm";
        let foot = "p of cost is over all runs, a fall being the worst";
        parts.push(format!("the other gains\n{others}"));
        parts.push(format!("{head}\n{}{foot}\n", differences_table(differences)));
    }
    parts.push(format!(
        "a run succeeds with |theta| <= {} rad, |x| <= {} m at the end{}\n± is half of a 95 % interval; validation.csv has those of all figures\n",
        Short(config.simulation.settled_angle),
        Short(config.simulation.settled_position),
        if config.limits.iter().any(|limit| limit.is_finite()) { ", within [limits]" } else { "" }
    ));
    parts.join("\n")
}

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

fn finding(args: &Args, finding: &Finding) -> String {
    let Finding { degradation, worst, .. } = finding;
    let head = success(finding);
    let measure = |name: &str, found: &validation::statistics::Distribution| {
        let plain = [found.median.value, found.p95.value, found.worst].map(number);
        [name.to_owned(), short(&found.mean)].into_iter().chain(plain).collect::<Vec<_>>()
    };
    let rows =
        std::iter::once(measure("cost", &finding.cost)).chain(METRICS.iter().zip(&finding.metrics).map(
            |(kind, found)| measure(&format!("{} {}", kind.name(), kind.unit().replace(" + ", "+")), found),
        ));
    let measures = table(&["", "mean", "median", "95 %", "worst"], &[1, 2, 3, 4], rows);
    let factor = if degradation.is_finite() {
        format!("mean cost of the runs that survived: {} times that in tuning\n", number(*degradation))
    } else {
        String::new()
    };
    let case = worst.first().map_or(String::new(), |case| {
        format!(
            "worst: gainswarm simulate {} --gains {} --replay {}\n",
            pasted(&args.config),
            pasted(&args.gains),
            case.id
        )
    });
    format!("{head}{measures}{factor}{case}")
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
    table(&["set", "", "difference of means", "p"], &[2, 3], differences.iter().map(row))
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| "allowed: a number from 0 to 1".into())
}
