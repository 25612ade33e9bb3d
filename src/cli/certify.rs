//! `gainswarm certify`: is the closed loop stable about upright?

use std::path::PathBuf;

use super::table::table;
use super::{gains, load, print};
use crate::Error;
use crate::figures::number;
use crate::problem;
use crate::registry::Member;
use crate::stability::{Certificate, Eigenvalue, Verdict};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gainswarm certify configs/classical.toml --gains outputs/classical/gains.csv"
)]
pub(super) struct Args {
    /// The study, a TOML file
    config: PathBuf,
    /// The gains to use, a gains.csv [default: the config's]
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
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
    print(&text(&certificate))?;
    Ok(certificate.verdict == Verdict::Stable)
}

/// The verdict and the largest real part.
pub(super) fn verdict(certificate: &Certificate) -> String {
    let Certificate { verdict, max_real_part, .. } = certificate;
    let word = if *verdict == Verdict::Stable { "stable".into() } else { verdict.name().to_uppercase() };
    format!("{word}, largest real part {} 1/s", number(*max_real_part))
}

fn text(certificate: &Certificate) -> String {
    let row = |of: &'static str| {
        move |value: &Eigenvalue| {
            let imaginary = if value.im == 0.0 { String::new() } else { format!("{:+.5}", value.im) };
            vec![of.into(), number(value.re), imaginary]
        }
    };
    let sliding = certificate.sliding.iter().map(row("sliding dynamics"));
    let closed = certificate.closed_loop.as_deref().unwrap_or_default().iter().map(row("closed loop"));
    let rows = table(&["eigenvalues", "real 1/s", "imaginary 1/s"], &[1, 2], sliding.chain(closed));
    format!("{}\n{rows}", verdict(certificate))
}
