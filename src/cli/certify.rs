//! `gainswarm certify`: is the closed loop stable about its equilibrium, and by which margins?

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::table::table;
use super::{gains, load, print};
use crate::Error;
use crate::figures::{label, number};
use crate::problem;
use crate::stability::{Certificate, EIGENVALUES_MAX, Eigenvalue, LoopResponse, Peak, Verdict};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gainswarm certify configs/classical.toml --gains outputs/classical/gains.csv\n  \
                  gainswarm certify configs/dc_motor_pid.toml --json"
)]
pub(super) struct Args {
    /// The study, a TOML file
    config: PathBuf,
    /// The gains to use, a gains.csv [default: the config's]
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the certificate; true when it says stable.
pub(super) fn run(args: &Args) -> Result<bool, Error> {
    let config = load(&args.config)?;
    let controller = &config.controller;
    let values = match &args.gains {
        Some(path) => gains(path, &config)?,
        None => controller.values.clone(),
    };
    let certificate = problem::certifier(&config)(&values);
    let loops = problem::loops(&config, &values);
    if args.json {
        let mut json = certificate.to_json();
        json["loops"] = loops.iter().map(LoopResponse::to_json).collect();
        let told = config.told(&values);
        if !told.is_empty() {
            json["law"] = told
                .into_iter()
                .map(|told| (told.name, Value::from(told.value)))
                .collect::<Map<_, _>>()
                .into();
        }
        print(&format!("{json}\n"))?;
    } else {
        print(&format!("{}{}", super::models::told(&config, &values), text(&certificate, &loops)))?;
    }
    Ok(certificate.verdict == Verdict::Stable)
}

/// The verdict and the largest real part.
pub(super) fn verdict(certificate: &Certificate) -> String {
    let word = certificate.word();
    match certificate.reason_text() {
        None => format!("{word}, largest real part {} 1/s", number(certificate.max_real_part)),
        Some(reason) => format!("{word}: {reason}"),
    }
}

fn text(certificate: &Certificate, loops: &[LoopResponse]) -> String {
    let row = |value: &Eigenvalue| {
        let imaginary = if value.im == 0.0 { String::new() } else { format!("{:+.5}", value.im) };
        vec![label(certificate.motion.name()), number(value.re), imaginary]
    };
    let rows = if certificate.eigenvalues.is_empty() {
        String::new()
    } else {
        table(&["eigenvalues", "real 1/s", "imaginary 1/s"], &[1, 2], certificate.eigenvalues.iter().map(row))
    };
    let facts = certificate.facts().into_iter().map(|(name, value)| vec![name.into(), value]);
    let facts = table(&["", ""], &[], facts);
    let left = certificate.order.saturating_sub(EIGENVALUES_MAX);
    let left = if left > 0 { format!("and {left} that die out faster\n") } else { String::new() };
    let gangs = gangs(loops);
    let several = certificate.loops_text().map_or(String::new(), |text| format!("{text}\n"));
    let of = certificate.scope_text();
    format!("{}\nof {of}\n{facts}{several}{gangs}{rows}{left}", verdict(certificate))
}

/// The largest of the gang of four of each loop.
fn gangs(loops: &[LoopResponse]) -> String {
    let row = |peak: Peak| vec![peak.symbol.into(), peak.meaning, number(peak.largest), number(peak.at)];
    let one = |of: &LoopResponse| {
        let at = if loops.len() > 1 { format!("loop at {}", of.input) } else { String::new() };
        table(&["gang of four", &at, "largest", "at rad/s"], &[2, 3], of.gang().into_iter().map(row))
    };
    loops.iter().map(one).collect()
}
