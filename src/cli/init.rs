//! `gainswarm init`: a commented config to start from.

use std::path::{Path, PathBuf};

use super::{note, print};
use crate::config::{TemplateModel, names_of};
use crate::figures::pasted;
use crate::model::{Kind, shipped, usual};
use crate::text::one_of;
use crate::{Error, config, report};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gainswarm init
  gainswarm init --controller super_twisting --plant cart_pole --output my_study.toml
  gainswarm init --plant dc_motor --controller pid
  gainswarm init --plant my_motor.toml --output motor_study.toml    # a plant of your own")]
pub(super) struct Args {
    /// The controller: a name of `gainswarm list controllers`, or the file of a model [default: one that fits the plant]
    #[arg(long, value_name = "NAME|FILE")]
    controller: Option<String>,
    /// The plant that it controls: a name of `gainswarm list plants`, or the file of a model
    #[arg(long, value_name = "NAME|FILE", default_value = usual(Kind::Plant))]
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
    let plant = model(Kind::Plant, "--plant", &args.plant)?;
    let controller = args.controller.as_deref().unwrap_or_else(|| plant.usual_controller());
    let law = model(Kind::Controller, "--controller", controller)?;
    let name = if args.plant == usual(Kind::Plant) {
        controller.to_owned()
    } else {
        format!("{}_{}", stem(&args.plant), stem(controller))
    };
    let usual_path = PathBuf::from(format!("{name}.toml"));
    let path = match args.output.as_deref() {
        Some(path) if path == Path::new("-") => return print(&config::template(&plant, &law, &usual_path)),
        Some(path) => path,
        None => &usual_path,
    };
    if path.is_file() && !args.force {
        return Err(Error::Refused {
            path: path.into(),
            problem: "is there already".into(),
            remedy: "give another --output to keep it, or --force to replace it".into(),
        });
    }
    let text = config::template(&plant, &law, path);
    report::replace(path, |file| file.write_all(text.as_bytes()))?;
    let shown = pasted(path);
    note(&format!("written to {shown}; next:\n  gainswarm check {shown}\n  gainswarm tune {shown}"));
    Ok(())
}

/// The name of a model, or of its file without the ending.
fn stem(name: &str) -> String {
    crate::text::name_of(Path::new(name))
}

/// A model that ships or stands in a file.
fn model(kind: Kind, option: &'static str, name: &str) -> Result<TemplateModel, Error> {
    let looks_like_a_file = name.contains(['/', '\\', '.']);
    if !looks_like_a_file && !shipped(kind).iter().any(|shipped| shipped.name == name) {
        let names = names_of(kind);
        return Err(Error::Option {
            option,
            found: format!("\"{}\" is unknown", name.escape_debug()),
            remedy: format!(
                "allowed: {}; or the file of a model, such as ./{}.toml",
                one_of(name, &names),
                kind.name()
            ),
        });
    }
    Ok(TemplateModel::find(kind, name)?)
}
