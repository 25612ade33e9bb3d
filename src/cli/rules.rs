//! `gainswarm rules`: what published rules for PID give for a study's plant, and what that costs.

use std::path::PathBuf;

use super::table::table;
use super::{Exit, SimdArgs, gains, load, print};
use crate::Error;
use crate::config::Config;
use crate::figures::number;
use crate::parameter::Short;
use crate::pid_rules::{Advice, Experiment, Judged, Step, Ultimate, experiment, given, judged};
use crate::{report, verdict};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  gainswarm rules configs/avr_pid.toml\n  \
                  gainswarm rules configs/avr_pid.toml --gains outputs/avr_pid/gains.csv")]
pub(super) struct Args {
    /// The study, a TOML file; its law measures one value and has a [rules] table, as those of P, PI and PID that ship
    config: PathBuf,
    /// Tuned gains to show beside them, a gains.csv
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
    /// Size of the step of the plant's input [default: a tenth of its limit, or 1]
    #[arg(long, value_name = "SIZE")]
    step: Option<f64>,
    #[command(flatten)]
    simd: SimdArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let config = load(&args.config)?;
    let level = args.simd.level()?;
    if let Some(size) = args.step.filter(|size| !size.is_finite() || *size == 0.0) {
        let remedy = "allowed: a number other than 0, in units of what the law drives".into();
        return Err(Error::Option { option: "--step", found: size.to_string(), remedy });
    }
    let tuned = args.gains.as_ref().map(|path| gains(path, &config)).transpose()?;
    let found = experiment(&config, args.step, level).map_err(|unsuited| Error::Refused {
        path: args.config.clone(),
        problem: format!("cannot be tuned by published rules: {}", unsuited.problem),
        remedy: unsuited.remedy,
    })?;
    let lines = judged(&config, &found, tuned, level)?;
    print(&if args.json {
        format!("{}\n", report::rules_json(&config, &found, &lines))
    } else {
        text(&config, &found, &lines)
    })?;
    Ok(Exit::Success)
}

/// What gains are called, and what they are made for.
fn name_and_aim(judged: &Judged) -> [String; 2] {
    let Some(Advice { rule, shape, is_made_for, .. }) = &judged.advice else {
        return ["tuned".into(), "this cost".into()];
    };
    let range =
        rule.range.map_or(String::new(), |[low, high]| format!(", θ/τ of {} to {}", Short(low), Short(high)));
    let aim = if *is_made_for { rule.aim.into() } else { format!("{}{range}", rule.aim) };
    [format!("{}, {}", rule.name, shape.name()), aim]
}

/// What the study says of gains.
fn verdict(config: &Config, judged: &Judged) -> String {
    match verdict::fault(config, &judged.records) {
        Some(fault) => fault,
        None if judged.outcome.is_feasible() => "holds".into(),
        None => "REFUSED: breaks a constraint or a limit of the certificate".into(),
    }
}

fn step_text(step: &Step) -> String {
    match step {
        Step::FirstOrder { gain, time_constant, dead_time } => format!(
            "gain K = {}, time constant τ = {} s, dead time θ = {} s, θ/τ = {}",
            number(*gain),
            number(*time_constant),
            number(*dead_time),
            number(dead_time / time_constant)
        ),
        Step::Integrating { gain, dead_time } => {
            format!("integrating, k = {} 1/s, dead time θ = {} s", number(*gain), number(*dead_time))
        }
    }
}

/// What the experiments have told.
fn experiments(found: &Experiment) -> String {
    let ([rest, change], [measured, driven]) = (found.output, &found.names);
    let (rest, top) = (Short(rest), Short(rest + change));
    let step = match (&found.known.step, &found.no_step) {
        (Some(step), _) => step_text(step),
        (None, why) => format!("not known: {}", why.as_deref().unwrap_or("-")),
    };
    let ultimate = match (&found.known.ultimate, &found.no_ultimate) {
        (Some(Ultimate { gain, period }), _) => {
            let how = if found.is_relay { ", by a relay" } else { "" };
            format!("gain Ku = {}, period Pu = {} s{how}", number(*gain), number(*period))
        }
        (None, why) => format!("not known: {}", why.as_deref().unwrap_or("-")),
    };
    format!(
        "{measured} after a step of {driven} from {rest} to {top}: {step}\nultimate oscillation: {ultimate}\n"
    )
}

fn text(config: &Config, found: &Experiment, lines: &[Judged]) -> String {
    let places = given(config);
    let parameters = config.controller.parameters();
    let mut header = vec!["rule"];
    header.extend(places.iter().map(|place| parameters[*place].name));
    header.extend(["cost", "certificate", "Ms", "made for", "on this study"]);
    let row = |line: &Judged| {
        let [name, aim] = name_and_aim(line);
        let mut row = vec![name];
        row.extend(places.iter().map(|place| number(line.values[*place])));
        let ms = line.certificate.margins.map_or("–".into(), |margins| number(margins.sensitivity));
        let cost = line.known_cost().map_or("–".into(), number);
        row.extend([cost, line.certificate.word(), ms, aim, verdict(config, line)]);
        row
    };
    let right: Vec<usize> = (1..=places.len()).chain([places.len() + 1, places.len() + 3]).collect();
    let mut text = experiments(found);
    if lines.is_empty() {
        return text + "no rule gives gains for this plant\n";
    }
    text.push('\n');
    text += &table(&header, &right, lines.iter().map(row));
    text += "\nsources\n";
    let mut sources: Vec<String> = Vec::new();
    for advice in lines.iter().filter_map(|line| line.advice) {
        let name = advice.rule.name.split(',').next().unwrap_or_default();
        let source = format!("{name}: {}\n", advice.rule.source);
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    text + &sources.concat()
}
