//! `gainswarm pick`: one of the trade-offs that a tuning has found, as a `gains.csv`.

use std::path::PathBuf;

use super::{keep_inputs, note, print};
use crate::Error;
use crate::config::Config;
use crate::engine::TradeOff;
use crate::figures::number;
use crate::report::{self, Front};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without any choice it takes the knee. Weights are those of objectives on a scale from 0, the best that was\n\
found, to 1, the worst. Of what --max leaves, --weights choose; without them, all weigh the same.\n\n\
Examples:
  gainswarm pick outputs/dc_motor_trade_off --knee
  gainswarm pick outputs/dc_motor_trade_off --weights 2,1 --output fast.csv
  gainswarm pick outputs/dc_motor_trade_off --max \"settling_time <= 0.2\" --output gains.csv"
)]
pub(super) struct Args {
    /// A directory with the results of `gainswarm tune`, of a study with [[objectives]]
    directory: PathBuf,
    /// The knee: the point farthest, towards the better, from the line or plane through the best of each objective
    #[arg(long, conflicts_with_all = ["weights", "max"])]
    knee: bool,
    /// The point with the least weighted sum, a weight an objective, separated by commas
    #[arg(long, value_name = "W,W", value_delimiter = ',')]
    weights: Vec<f64>,
    /// Only points within this bound of an objective, such as "effort <= 2"; may be given more than once
    #[arg(long, value_name = "BOUND")]
    max: Vec<String>,
    /// The file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let files = ["pareto.csv", "manifest.json", "summary.csv"].map(|name| args.directory.join(name));
    keep_inputs(args.output.as_deref(), &files.each_ref().map(PathBuf::as_path))?;
    let front = Front::read(&args.directory)?;
    let point = if args.weights.is_empty() && args.max.is_empty() {
        // Files that were changed may mark none.
        front.points.iter().find(|point| point.is_knee).unwrap_or(&front.points[0])
    } else {
        chosen(args, &front)?
    };
    let costs = front.config.objectives.iter().zip(&point.objectives);
    let costs: Vec<String> = costs.map(|(of, cost)| format!("{} = {}", of.name, number(*cost))).collect();
    note(&format!("picked {}", costs.join(", ")));
    match &args.output {
        Some(path) => report::write_gains(path, &front.config, &point.values),
        None => print(&report::gains_text(&front.config, &point.values)),
    }
}

/// The point with the least weighted sum of those within all bounds.
fn chosen<'a>(args: &Args, Front { config, points }: &'a Front) -> Result<&'a TradeOff, Error> {
    let objectives = config.objectives.len();
    let weights = if args.weights.is_empty() { vec![1.0; objectives] } else { args.weights.clone() };
    let is_weight = |weight: &f64| (0.0..=1e12).contains(weight);
    if weights.len() != objectives || !weights.iter().all(is_weight) || weights.iter().sum::<f64>() <= 0.0 {
        return Err(Error::Option {
            option: "--weights",
            found: format!(
                "has {} numbers for {objectives} objectives, or one that is no weight",
                weights.len()
            ),
            remedy: format!("allowed: a number from 0 to 1e12 for each of {}, not all 0", names(config)),
        });
    }
    let bounds: Vec<(usize, f64)> =
        args.max.iter().map(|text| bound(text, config)).collect::<Result<_, _>>()?;
    let along = |k: usize| points.iter().map(move |point| point.objectives[k]);
    let low: Vec<f64> = (0..objectives).map(|k| along(k).fold(f64::INFINITY, f64::min)).collect();
    let high: Vec<f64> = (0..objectives).map(|k| along(k).fold(f64::NEG_INFINITY, f64::max)).collect();
    let share = |point: &TradeOff, k: usize| {
        if high[k] > low[k] { (point.objectives[k] - low[k]) / (high[k] - low[k]) } else { 0.0 }
    };
    let sum = |point: &TradeOff| -> f64 { (0..objectives).map(|k| weights[k] * share(point, k)).sum() };
    let within = |point: &&TradeOff| bounds.iter().all(|(k, most)| point.objectives[*k] <= *most);
    let best = points.iter().filter(within).min_by(|a, b| sum(a).total_cmp(&sum(b)));
    best.ok_or_else(|| {
        let ranges = (0..objectives)
            .map(|k| format!("{} from {} to {}", config.objectives[k].name, number(low[k]), number(high[k])));
        Error::Option {
            option: "--max",
            found: "leaves no trade-off".into(),
            remedy: format!("the trade-offs have {}", ranges.collect::<Vec<_>>().join(", ")),
        }
    })
}

/// An upper bound of an objective.
fn bound(text: &str, config: &Config) -> Result<(usize, f64), Error> {
    let (name, rest) = text.split_once('<').unwrap_or((text, ""));
    let most = rest.strip_prefix('=').unwrap_or(rest).trim().parse::<f64>().ok();
    let place = config.objectives.iter().position(|objective| objective.name == name.trim());
    place.zip(most.filter(|most| most.is_finite())).ok_or_else(|| Error::Option {
        option: "--max",
        found: format!("= \"{}\" is no bound of an objective", text.escape_debug()),
        remedy: format!("allowed: NAME <= NUMBER, of {}", names(config)),
    })
}

fn names(config: &Config) -> String {
    let names: Vec<&str> = config.objectives.iter().map(|objective| objective.name.as_str()).collect();
    names.join(", ")
}
