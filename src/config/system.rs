//! What is controlled and what controls it: models, that ship, stand in a file, or in the study itself.

use std::path::Path;
use std::sync::Arc;

use super::{ConfigError, axis, choices};
use crate::figures::plain;
use crate::model::{self, Kind, Model};
use crate::parameter::{Parameter, Quantity, Short, named};
use crate::plugin::Plugin;
use crate::swarm::{Axis, Scale};
use crate::text::{Section, Source, kept, name_of, one_of};

/// A model of a study, as the rest of the program sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Equations {
    /// Its type, or the name of its file.
    pub name: &'static str,
    /// Its equations.
    pub model: Model,
    /// Its states.
    pub states: Vec<Quantity>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Numbers of `[simulation]` that its failure and its usual cost may name.
    pub settings: Vec<Parameter>,
}

/// `[plant]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PlantConfig {
    /// Which one.
    pub of: Arc<Equations>,
    /// Its parameters, in the order of the plant.
    pub values: Vec<f64>,
    /// Places of those that are tuned: the last parameters of the controller are these.
    pub tuned: Vec<usize>,
}

/// `[controller]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ControllerConfig {
    /// Which one.
    pub of: Arc<Equations>,
    /// Its parameters, in the order of the controller.
    pub values: Vec<f64>,
}

/// Parameter values that are allowed one by one, but not together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unphysical {
    /// What should hold.
    pub relation: String,
    /// The parameters in it with their values.
    pub found: String,
}

/// A cart with links on it, as a report draws them.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The column that is the cart's position.
    pub cart: String,
    /// The column that is the force on it.
    pub force: Option<String>,
    /// How far its track goes either way in m, where the plant says it.
    pub track: Option<f64>,
    /// The number of `[simulation]` that says so instead.
    pub track_setting: Option<String>,
    /// The column with the angle of each link, and its length in m.
    pub links: Vec<(String, f64)>,
}

impl PlantConfig {
    /// Its key in a config.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.of.name
    }

    /// Its states.
    #[must_use]
    pub fn states(&self) -> &[Quantity] {
        &self.of.states
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.of.parameters
    }

    /// Of the controller's parameters, how many are its own: the last are those of the plant that are tuned.
    #[must_use]
    pub fn own_gains(&self, controller: &ControllerConfig) -> usize {
        controller.parameters().len() - self.tuned.len()
    }

    /// What a report draws of it; nothing of most.
    #[must_use]
    pub fn drawing(&self) -> Option<Drawing> {
        let scene = self.of.model.declared.scene.as_ref()?;
        let value = |name: &String| {
            let place = self.parameters().iter().position(|parameter| parameter.name == name);
            place.map_or(1.0, |place| self.values[place])
        };
        let links = scene.links.iter().map(|(angle, length)| (angle.clone(), value(length)));
        Some(Drawing {
            cart: scene.cart.clone(),
            force: scene.force.clone(),
            track: scene.track,
            track_setting: scene.track_setting.clone(),
            links: links.collect(),
        })
    }

    /// What is wrong with parameter values that are allowed one by one; nothing where they are a physical body.
    #[must_use]
    pub fn unphysical(&self, values: &[f64]) -> Option<Unphysical> {
        self.of.broken(&self.of.model.declared.require, values)
    }

    /// What its values should not be, though they are allowed.
    #[must_use]
    pub fn doubtful(&self) -> Vec<Unphysical> {
        let warn = &self.of.model.declared.warn;
        warn.iter().filter_map(|one| self.of.broken(std::slice::from_ref(one), &self.values)).collect()
    }
}

impl ControllerConfig {
    /// Its key in a config.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.of.name
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.of.parameters
    }

    /// Whether a parameter is searched by its logarithm where nothing is said of it.
    #[must_use]
    pub fn is_logarithmic(&self, index: usize) -> bool {
        let declared = self.of.model.declared.parameters.get(index);
        declared.is_some_and(|parameter| parameter.logarithmic)
    }
}

impl Equations {
    /// A model that ships; `None` where there is none of that name.
    #[must_use]
    pub fn shipped(kind: Kind, name: &str) -> Option<Self> {
        let found = model::shipped(kind).iter().find(|shipped| shipped.name == name)?;
        let model = Model::parse(Path::new(found.path), found.text).ok()?;
        Some(Self::new(name, model))
    }

    /// A model under a name.
    #[must_use]
    pub(crate) fn new(name: &str, model: Model) -> Self {
        let state = |state: &model::State| quantity(&state.quantity);
        Self {
            name: kept(name),
            states: model.declared.states.iter().map(state).collect(),
            parameters: model.declared.parameters.iter().map(parameter).collect(),
            settings: model.declared.settings.iter().map(parameter).collect(),
            model,
        }
    }

    /// The first of some relations that does not hold for parameter values.
    fn broken(&self, relations: &[String], values: &[f64]) -> Option<Unphysical> {
        let known = named(&self.parameters, values);
        let relation = model::broken(relations, &known)?;
        let inside = model::names(relation).unwrap_or_default();
        let mut found: Vec<String> = Vec::new();
        for (name, value) in known.iter().filter(|(name, _)| inside.iter().any(|(_, other)| other == name)) {
            found.push(format!("{name} = {}", Short(*value)));
        }
        Some(Unphysical { relation: relation.clone(), found: found.join(", ") })
    }
}

/// A parameter that a model declares.
fn parameter(of: &model::Parameter) -> Parameter {
    Parameter {
        name: kept(&of.quantity.name),
        unit: kept(of.quantity.unit_shown()),
        default: of.default,
        min: of.range[0],
        max: of.range[1],
        search: of.search,
        doc: kept(&of.quantity.doc),
        choices: &[],
    }
}

/// Name, unit and label of what a model declares.
pub(super) fn quantity(of: &model::Quantity) -> Quantity {
    let label = if of.label.is_empty() { plain(&of.name) } else { of.label.clone() };
    Quantity { name: kept(&of.name), unit: kept(of.unit_shown()), label: kept(&label) }
}

/// Where a section says what it is about.
enum Said<'a> {
    Type(&'a str),
    File(&'a str),
    Library(&'a str),
    Fmu(&'a str),
    Itself,
}

fn said<'a>(section: &Section<'a>, of: Kind, default: &'a str) -> Result<Said<'a>, ConfigError> {
    let kind = section.text("type").map_err(|error| {
        let allowed = format!("allowed: {}", names_of(of).join(", "));
        ConfigError { remedy: allowed, ..error }
    });
    let (file, library, fmu) = (section.text("file"), section.text("library"), section.text("fmu"));
    let [kind, file, library, fmu] = [kind?, file?, library?, fmu?].map(|found| found.map(|(text, _)| text));
    let is_linear = kind.or(file).or(library).or(fmu).is_none() && model::is_linear(section, of);
    let itself = section.has("equations") || is_linear;
    let refuse = |key: &str, other: &str| {
        let remedy = "keep one: type for a shipped model, file for one of your own, equations for one that stands here, library for compiled code, fmu for an FMU";
        section.error(key, &format!("cannot be combined with {other}"), remedy.into())
    };
    let code = library.map(|of| ("library", Said::Library(of))).or(fmu.map(|of| ("fmu", Said::Fmu(of))));
    if let Some((key, code)) = code {
        return match (kind, file, itself) {
            (Some(_), ..) => Err(refuse(key, "type")),
            (_, Some(_), _) => Err(refuse(key, "file")),
            (.., true) => Err(refuse(key, "equations")),
            _ if library.and(fmu).is_some() => Err(refuse("fmu", "library")),
            _ => Ok(code),
        };
    }
    match (kind, file, itself) {
        (Some(_), Some(_), _) => Err(refuse("file", "type")),
        (Some(_), _, true) => Err(refuse("equations", "type")),
        (_, Some(_), true) => Err(refuse("equations", "file")),
        (Some(kind), ..) => Ok(Said::Type(kind)),
        (_, Some(file), _) => Ok(Said::File(file)),
        (.., true) => Ok(Said::Itself),
        _ => Ok(Said::Type(default)),
    }
}

/// What plant and controller are; those of the names `usual` where nothing is said of them.
pub(super) fn read(
    plant: &Section<'_>,
    controller: &Section<'_>,
    usual: [&str; 2],
) -> Result<(PlantConfig, ControllerConfig), ConfigError> {
    let source = plant.source();
    let of_plant = said(plant, Kind::Plant, usual[0])?;
    let of_controller = said(controller, Kind::Controller, usual[1])?;
    let plant = plant_of(source, plant, &of_plant)?;
    let controller = controller_of(source, controller, &of_controller, &plant)?;
    Ok((plant, controller))
}

fn plant_of(source: &Source, section: &Section<'_>, said: &Said<'_>) -> Result<PlantConfig, ConfigError> {
    let (name, model) = model_of(source, section, Kind::Plant, said)?;
    let equations = Equations::new(&name, model);
    let values = section.values(&equations.parameters)?;
    let plant = PlantConfig { of: equations.into(), values, tuned: Vec::new() };
    match plant.unphysical(&plant.values) {
        None => Ok(plant),
        Some(Unphysical { relation, found }) => {
            let names = model::names(&relation).unwrap_or_default();
            let key = names.iter().map(|(_, name)| name.as_str()).find(|name| section.has(name));
            let problem = format!("is unphysical ({found})");
            Err(section.error(key.unwrap_or_default(), &problem, format!("allowed: {relation}")))
        }
    }
}

fn controller_of(
    source: &Source,
    section: &Section<'_>,
    said: &Said<'_>,
    plant: &PlantConfig,
) -> Result<ControllerConfig, ConfigError> {
    let (name, mut model) = model_of(source, section, Kind::Controller, said)?;
    let states: Vec<&str> = plant.states().iter().map(|state| state.name).collect();
    let keys: Vec<String> = model.declared.expressions.keys().cloned().collect();
    for key in &keys {
        let own = section.word(key).map_err(|error| {
            let choices = model.declared.choices.get(key).map_or(&[][..], |choices| &choices.texts);
            let names: Vec<&str> = choices.iter().map(|(name, _)| name.as_str()).collect();
            let allowed =
                if names.is_empty() { String::new() } else { format!("{}, or ", names.join(" or ")) };
            ConfigError { remedy: format!("allowed: {allowed}an expression"), ..error }
        })?;
        model.choose(key, own.as_deref(), &states).map_err(|error| {
            let own = own.unwrap_or_default();
            section.error(key, &format!("cannot be read: {}", error.marked(&own)), error.remedy)
        })?;
        let text = &model.declared.expressions[key];
        if let Some(unknown) = model.unknown_in(text, &states) {
            let problem = format!("names `{unknown}`, which {} does not have", plant.name());
            let remedy = format!(
                "give {key} = \"…\", an expression of the states {} and the gains of {name}",
                states.join(", ")
            );
            return Err(section.error(key, &problem, remedy));
        }
    }
    let equations = Equations::new(&name, model);
    Ok(ControllerConfig { values: section.values(&equations.parameters)?, of: equations.into() })
}

/// What a parameter of the plant is called among the gains.
pub(crate) const OF_PLANT: &str = "plant.";

/// Gives the controller a gain for each parameter of the plant that a `[[tune]]` table names, `plant.J`.
pub(super) fn tune_plant(
    root: &Section<'_>,
    plant: &mut PlantConfig,
    controller: &mut ControllerConfig,
) -> Result<(), ConfigError> {
    let parameters = plant.of.parameters.clone();
    for section in root.sections("tune", choices::tables_max(plant, controller))? {
        let Some(name) = section.text("parameter")?.and_then(|(text, _)| text.strip_prefix(OF_PLANT)) else {
            continue;
        };
        let Some(place) = parameters.iter().position(|parameter| parameter.name == name) else {
            let names: Vec<String> = parameters.iter().map(|p| format!("{OF_PLANT}{}", p.name)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let problem = format!("= \"{OF_PLANT}{}\" is unknown", name.escape_debug());
            return Err(section.error("parameter", &problem, format!("allowed: {}", one_of(name, &names))));
        };
        if plant.tuned.contains(&place) {
            continue;
        }
        let declared = &plant.of.model.declared.parameters[place];
        let usual = match declared.search {
            Some([lower, upper]) => Axis::new(lower, upper, Scale::Linear),
            None if section.list("values").is_ok_and(|list| list.is_some()) => {
                Axis::new(parameters[place].min, parameters[place].max, Scale::Linear)
            }
            None => {
                let bound = |key: &str| -> Result<f64, ConfigError> {
                    section.optional_number(key, &parameters[place])?.ok_or_else(|| {
                        section.error(key, "is missing", "give lower and upper: where it is searched".into())
                    })
                };
                Axis::new(bound("lower")?, bound("upper")?, Scale::Linear)
            }
        };
        let axis = axis::read(&section, &parameters[place], &usual)?;
        let range = [axis.lower, axis.upper];
        let value = plant.values[place].clamp(range[0], range[1]);
        let gain = model::Parameter {
            quantity: model::Quantity { name: format!("{OF_PLANT}{name}"), ..declared.quantity.clone() },
            default: value,
            range,
            search: Some(range),
            logarithmic: declared.logarithmic,
        };
        let of = Arc::make_mut(&mut controller.of);
        of.model.declared.parameters.push(gain.clone());
        of.parameters.push(parameter(&gain));
        controller.values.push(value);
        plant.tuned.push(place);
    }
    Ok(())
}

/// The name and the equations of the model that a section means.
fn model_of(
    source: &Source,
    section: &Section<'_>,
    kind: Kind,
    said: &Said<'_>,
) -> Result<(String, Model), ConfigError> {
    let (name, model) = match said {
        Said::Itself => {
            let name = section.file_name("name", kind.name())?;
            (name, model::section(source, section, kind)?)
        }
        Said::Type(name) => {
            let shipped = model::shipped(kind);
            let found = shipped.iter().find(|shipped| shipped.name == *name);
            let found = found.ok_or_else(|| {
                let names = names_of(kind);
                let problem = format!("= \"{}\"", name.escape_debug());
                let remedy = format!(
                    "allowed: {}; or file = \"…\" for a model of your own, or equations = \"…\" for one that stands here",
                    one_of(name, &names)
                );
                section.error("type", &problem, remedy)
            })?;
            ((*name).to_owned(), Model::parse(Path::new(found.path), found.text)?)
        }
        Said::File(file) => {
            let path = source.beside(file);
            let model = Model::load(&path)?;
            if model.kind != kind {
                let problem = format!("= \"{}\" is a {}", file.escape_debug(), model.kind.name());
                return Err(section.error("file", &problem, format!("give the file of a {}", kind.name())));
            }
            (name_of(&path), model)
        }
        Said::Library(file) => library_of(source, section, kind, ("library", file))?,
        Said::Fmu(file) => library_of(source, section, kind, ("fmu", file))?,
    };
    let declared = &model.declared;
    let quantities = declared.parameters.iter().map(|parameter| parameter.quantity.name.as_str());
    let mut names = quantities.chain(declared.expressions.keys().map(String::as_str));
    if let Some(name) = names.find(|name| KEYS.contains(name)) {
        let remedy = "give it another name: this one is a key of its own in a config".into();
        return Err(section.error("type", &format!("has the parameter or text `{name}`"), remedy));
    }
    Ok((name, model))
}

/// The key of a library, or of an FMU.
pub(super) fn library_key(library: &Plugin) -> &'static str {
    if library.hides_state() { "fmu" } else { "library" }
}

/// The name and the model of a library or an FMU, and that it is the one that is meant.
fn library_of(
    source: &Source,
    section: &Section<'_>,
    kind: Kind,
    (key, file): (&str, &str),
) -> Result<(String, Model), ConfigError> {
    let path = source.beside(file);
    let refuse = |problem: String, remedy: String| {
        let problem = format!("= \"{}\": {problem}", file.escape_debug());
        section.error(key, &problem, remedy)
    };
    let loaded =
        if key == "fmu" { Plugin::load_fmu(&path, &|name| section.has(name)) } else { Plugin::load(&path) };
    let library = loaded.map_err(|refused| refuse(refused.problem, refused.remedy))?;
    if let Some((wanted, _)) = section.text(SHA256)?
        && wanted != library.digest()
    {
        let problem = format!("is not that of {}, which is {}", library.path().display(), library.digest());
        let remedy = "the library has been made anew: leave the key out, or bring back the one that is meant";
        return Err(section.error(SHA256, &problem, remedy.into()));
    }
    let name = section.file_name("name", &library.description().name)?;
    let model = Model::of_library(kind, library);
    Ok((name, model.map_err(|error| refuse(error.problem, error.remedy))?))
}

/// The key with the content of a library, to the base 16.
pub(super) const SHA256: &str = "library_sha256";

/// The names of what ships, in the order of the alphabet.
#[must_use]
pub fn names_of(kind: Kind) -> Vec<&'static str> {
    model::shipped(kind).iter().map(|shipped| shipped.name).collect()
}

/// The keys of a section that are no parameters.
const KEYS: [&str; 26] = [
    "type",
    "file",
    "library",
    "fmu",
    SHA256,
    "name",
    "kind",
    "summary",
    "source",
    "equations",
    "fail",
    "scene",
    "states",
    "inputs",
    "parameters",
    "gains",
    "outputs",
    "tables",
    "usual",
    "require",
    "warn",
    "settings",
    "usual_cost",
    "usual_controller",
    "extends",
    "certificate",
];
