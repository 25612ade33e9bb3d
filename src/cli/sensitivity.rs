//! `gainswarm sensitivity`: how far may each gain move until the cost is worse?

use std::path::PathBuf;

use super::table::table;
use super::{Exit, SimdArgs, gains, load, note, print};
use crate::Error;
use crate::config::Config;
use crate::figures::number;
use crate::problem::Problem;
use crate::report::{self, Results};
use crate::sensitivity::{Between, Flatness, SHARES, Sensitivity, sensitivity};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  gainswarm sensitivity configs/classical.toml --gains outputs/classical/gains.csv\n  \
                  gainswarm sensitivity outputs/motor_identification --measurements 602"
)]
pub(super) struct Args {
    /// The study, a TOML file; or a directory with the results of `gainswarm tune`, into which `sensitivity.csv` is written
    config: PathBuf,
    /// The gains, a gains.csv; those of a directory are its own
    #[arg(long, value_name = "FILE")]
    gains: Option<PathBuf>,
    /// Independent measurements of which the cost is a sum of squares: shows the interval of each gain too
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    measurements: Option<u64>,
    #[command(flatten)]
    simd: SimdArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let is_tuning = args.config.is_dir();
    let (config, values, of) = match &args.gains {
        None if is_tuning => {
            let Results { config, values, .. } = Results::read(&args.config)?;
            (config, values, args.config.join("gains.csv"))
        }
        Some(path) if !is_tuning => {
            let config = load(&args.config)?;
            let values = gains(path, &config)?;
            (config, values, path.clone())
        }
        _ => return Err(refused(args)),
    };
    let problem = Problem::new(&config);
    let found = sensitivity(&problem, args.simd.level()?, &values, args.measurements)?;
    let Some(found) = found else {
        note(&format!(
            "error: {} is not feasible in {}\n  give gains that a tuning of the study has found",
            of.display(),
            config.study
        ));
        return Ok(Exit::of(false));
    };
    if is_tuning {
        report::write_sensitivity(&args.config, &config, &found)?;
        let file = args.config.join("sensitivity.csv");
        note(&format!("written to {}; `gainswarm report` shows it", file.display()));
    }
    print(&if args.json {
        format!("{}\n", report::sensitivity_json(&config, &found))
    } else {
        text(&config, &found)
    })?;
    Ok(Exit::of(true))
}

/// Gains are given with a study, and not with a directory that has its own.
fn refused(args: &Args) -> Error {
    match &args.gains {
        Some(path) => Error::Option {
            option: "--gains",
            found: path.display().to_string(),
            remedy: "allowed: with a study alone; a directory has its own gains".into(),
        },
        None => Error::Option {
            option: "--gains",
            found: "nothing".into(),
            remedy:
                "give a gains.csv, or in place of the study the directory that `gainswarm tune` has written"
                    .into(),
        },
    }
}

fn text(config: &Config, found: &Sensitivity) -> String {
    let shown = |value: f64| if value.is_finite() { number(value) } else { "–".into() };
    let between = |[low, high]: Between| format!("{} … {}", shown(low), shown(high));
    let header = ["gain", "value", "1 % worse", "5 % worse", "10 % worse"];
    let row = |flat: &Flatness, places: Option<[Between; 3]>| {
        let name = config.controller.parameters()[flat.index].name.to_owned();
        let places = places.map_or(vec!["–".into(); SHARES.len()], |places| places.map(between).to_vec());
        [vec![name, number(flat.value)], places].concat()
    };
    let right = [1, 2, 3, 4];
    let fixed = table(&header, &right, found.gains.iter().map(|flat| row(flat, Some(flat.fixed))));
    let retuned = table(&header, &right, found.gains.iter().map(|flat| row(flat, flat.retuned)));
    let mut text = format!(
        "cost {}\n\nthe other gains as they are\n{fixed}\nthe other gains tuned again, by the curvature of the cost\n{retuned}",
        number(found.cost)
    );
    if found.gains.iter().any(|flat| flat.retuned.is_none()) {
        text += "–: at a bound of the search, or the cost has no curvature there that tells it\n";
    }
    if found.gains.iter().any(|flat| flat.interval.is_some()) {
        let interval = |flat: &Flatness| {
            let parameter = config.controller.parameters()[flat.index];
            let interval = flat.interval.map_or("–".into(), between);
            vec![parameter.name.to_owned(), number(flat.value), interval, parameter.unit.to_owned()]
        };
        let intervals =
            table(&["gain", "value", "95 % interval", "unit"], &[1, 2], found.gains.iter().map(interval));
        text.extend(["\n", &intervals]);
    }
    text
}
