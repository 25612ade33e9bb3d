//! `gainswarm export`: tuned gains, to paste into a controller, or the whole controller.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::{keep_inputs, note, print};
use crate::Error;
use crate::registry::Member;
use crate::report::export::{Code, Math, Precision};
use crate::report::{self, Export, FormatKind};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gainswarm export outputs/classical
  gainswarm export outputs/classical --format c --output gains.h
  gainswarm export outputs/classical --format c-controller --output controller.h
  gainswarm export outputs/classical --format rust-controller --precision float --output controller.rs
  gainswarm export outputs/classical --format fmu --output pendulum.fmu

The formats with `controller`, `matlab-function` and `st` are the whole law as code; docs/export.md says how to put it into firmware.
`fmu` is the plant for other tools, see docs/fmi.md.")]
pub(super) struct Args {
    /// A directory with the results of `gainswarm tune`
    directory: PathBuf,
    /// The format; `gainswarm list formats` describes each
    #[arg(long, value_name = "FORMAT", default_value = FormatKind::Csv.name(), value_parser = PossibleValuesParser::new(FormatKind::ALL.iter().map(|kind| kind.name())))]
    format: String,
    /// Functions of a controller: its own, with the bits of the simulation, or those of the target's library [default: own; of matlab-function and st libm]
    #[arg(long, value_name = "WHOSE", value_parser = PossibleValuesParser::new(Math::ALL.iter().map(|math| math.name())))]
    math: Option<String>,
    /// Numbers of a controller; `float` says what it loses in the scenarios of the study
    #[arg(long, value_name = "NUMBERS", default_value = Precision::Double.name(), value_parser = PossibleValuesParser::new(Precision::ALL.iter().map(|precision| precision.name())))]
    precision: String,
    /// The file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let files = ["gains.csv", "manifest.json", "summary.csv"].map(|name| args.directory.join(name));
    keep_inputs(args.output.as_deref(), &files.each_ref().map(PathBuf::as_path))?;
    // The parser lets only the names of members through.
    let format = FormatKind::ALL.iter().find(|kind| kind.name() == args.format).unwrap_or(&FormatKind::Csv);
    let code = code(args, *format)?;
    if *format == FormatKind::Fmu && args.output.is_none() {
        return Err(Error::Option {
            option: "--output",
            found: "is not given, and fmu is no text".into(),
            remedy: "name the file, such as --output plant.fmu".into(),
        });
    }
    let mut export = Export::read(&args.directory)?;
    export.code = code;
    match &args.output {
        Some(path) => {
            let bytes = format.file(&export)?;
            report::replace(path, |file| file.write_all(&bytes))
        }
        None => print(&format.text(&export)?),
    }?;
    for remark in export.remarks() {
        note(&format!("warning: these gains are {remark}"));
    }
    if format.is_controller() && code.precision == Precision::Float {
        export.loss()?.iter().for_each(|line| note(line));
    }
    Ok(())
}

/// How a controller is written; refuses what its language does not have.
fn code(args: &Args, format: FormatKind) -> Result<Code, Error> {
    let named = |name: &str| Math::ALL.iter().copied().find(|math| math.name() == name);
    let precision = Precision::ALL.iter().copied().find(|precision| precision.name() == args.precision);
    format.code(args.math.as_deref().and_then(named), precision.unwrap_or_default())
}
