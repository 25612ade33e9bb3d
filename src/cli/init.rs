//! `gainswarm init`: a commented config to start from.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;

use super::{note, print};
use crate::controllers::ControllerKind;
use crate::figures::pasted;
use crate::plants::PlantKind;
use crate::{Error, config, report};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gainswarm init
  gainswarm init --controller super_twisting --plant cart_pole --output my_study.toml")]
pub(super) struct Args {
    /// The controller
    #[arg(long, value_name = "NAME", default_value = ControllerKind::Classical.name(), value_parser = PossibleValuesParser::new(ControllerKind::ALL.iter().map(|kind| kind.name())))]
    controller: String,
    /// The plant that it controls
    #[arg(long, value_name = "NAME", default_value = PlantKind::DoubleInvertedPendulum.name(), value_parser = PossibleValuesParser::new(PlantKind::ALL.iter().map(|kind| kind.name())))]
    plant: String,
    /// The file for the config, or `-` for stdout [default: <controller>.toml]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

/// Writes the config and says what to do next.
pub(super) fn run(args: &Args) -> Result<(), Error> {
    // The parser lets only the names of members through.
    let controller = ControllerKind::ALL.iter().find(|kind| kind.name() == args.controller);
    let plant = PlantKind::ALL.iter().find(|kind| kind.name() == args.plant);
    let controller = *controller.unwrap_or(&ControllerKind::Classical);
    let plant = *plant.unwrap_or(&PlantKind::DoubleInvertedPendulum);
    let usual = PathBuf::from(format!("{}.toml", controller.name()));
    let path = match args.output.as_deref() {
        Some(path) if path == Path::new("-") => {
            return print(&config::template(plant, controller, &usual));
        }
        Some(path) => path,
        None => &usual,
    };
    if path.is_file() && !args.force {
        return Err(Error::Refused {
            path: path.into(),
            problem: "is there already".into(),
            remedy: "give another --output to keep it, or --force to replace it".into(),
        });
    }
    let text = config::template(plant, controller, path);
    report::replace(path, |file| file.write_all(text.as_bytes()))?;
    let shown = pasted(path);
    note(&format!("written to {shown}; next:\n  gainswarm check {shown}\n  gainswarm tune {shown}"));
    Ok(())
}
