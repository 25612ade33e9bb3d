//! `gainswarm init`: a commented config to start from.

use std::path::{Path, PathBuf};

use super::{note, print};
use crate::config::{TemplateModel, names_of};
use crate::controllers::ControllerKind;
use crate::figures::pasted;
use crate::model::{Kind, shipped};
use crate::plants::PlantKind;
use crate::text::one_of;
use crate::{Error, config, report};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gainswarm init
  gainswarm init --controller super_twisting --plant cart_pole --output my_study.toml
  gainswarm init --plant dc_motor --controller pid
  gainswarm init --plant my_motor.toml --output motor_study.toml    # a plant of your own")]
pub(super) struct Args {
    /// The controller: a name of `gainswarm list controllers`, or the file of a model [default: classical, or pid on a model]
    #[arg(long, value_name = "NAME|FILE")]
    controller: Option<String>,
    /// The plant that it controls: a name of `gainswarm list plants`, or the file of a model
    #[arg(long, value_name = "NAME|FILE", default_value = PlantKind::DoubleInvertedPendulum.name())]
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
    let compiled_plant = PlantKind::ALL.iter().find(|kind| kind.name() == args.plant);
    let usual = if compiled_plant.is_some() { ControllerKind::Classical.name() } else { "pid" };
    let controller = args.controller.as_deref().unwrap_or(usual);
    let compiled_controller = ControllerKind::ALL.iter().find(|kind| kind.name() == controller);
    let chosen = match (compiled_plant, compiled_controller) {
        (Some(plant), Some(controller)) => Chosen::Compiled(*plant, *controller),
        _ => Chosen::Models(Box::new([
            model(Kind::Plant, "--plant", &args.plant)?,
            model(Kind::Controller, "--controller", controller)?,
        ])),
    };
    let name = match chosen {
        Chosen::Compiled(..) => controller.to_owned(),
        Chosen::Models(_) => format!("{}_{}", stem(&args.plant), stem(controller)),
    };
    let usual = PathBuf::from(format!("{name}.toml"));
    let path = match args.output.as_deref() {
        Some(path) if path == Path::new("-") => return print(&chosen.text(&usual)),
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
    let text = chosen.text(path);
    report::replace(path, |file| file.write_all(text.as_bytes()))?;
    let shown = pasted(path);
    note(&format!("written to {shown}; next:\n  gainswarm check {shown}\n  gainswarm tune {shown}"));
    Ok(())
}

/// What a config is written for.
enum Chosen {
    Compiled(PlantKind, ControllerKind),
    /// Plant and law.
    Models(Box<[TemplateModel; 2]>),
}

impl Chosen {
    fn text(&self, path: &Path) -> String {
        match self {
            Self::Compiled(plant, controller) => config::template(*plant, *controller, path),
            Self::Models(models) => config::template_of_models(&models[0], &models[1], path),
        }
    }
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
