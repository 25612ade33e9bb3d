//! `gainswarm export`: tuned gains, to paste into a controller.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::{keep_inputs, note, print};
use crate::Error;
use crate::report::{self, Export, FormatKind};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gainswarm export outputs/classical
  gainswarm export outputs/classical --format c --output gains.h")]
pub(super) struct Args {
    /// A directory with the results of `gainswarm tune`
    directory: PathBuf,
    /// The format; `gainswarm list formats` describes each
    #[arg(long, value_name = "FORMAT", default_value = FormatKind::Csv.name(), value_parser = PossibleValuesParser::new(FormatKind::ALL.iter().map(|kind| kind.name())))]
    format: String,
    /// The file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let files = ["gains.csv", "manifest.json", "summary.csv"].map(|name| args.directory.join(name));
    keep_inputs(args.output.as_deref(), &files.each_ref().map(PathBuf::as_path))?;
    let export = Export::read(&args.directory)?;
    // The parser lets only the names of members through.
    let format = FormatKind::ALL.iter().find(|kind| kind.name() == args.format).unwrap_or(&FormatKind::Csv);
    let text = format.text(&export);
    match &args.output {
        Some(path) => report::replace(path, |file| file.write_all(text.as_bytes())),
        None => print(&text),
    }?;
    for remark in export.remarks() {
        note(&format!("warning: these gains are {remark}"));
    }
    Ok(())
}
