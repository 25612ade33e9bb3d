//! What is controlled and what controls it: members of the compiled families, or models as texts of equations.

use std::path::Path;
use std::sync::Arc;

use super::ConfigError;
use crate::controllers::{Controller, ControllerKind, Saturation, SurfaceKind, with_controller};
use crate::model::{self, Kind, Model};
use crate::parameter::Parameter;
use crate::plants::{Plant, PlantKind, Quantity, with_plant};
use crate::registry::Member;
use crate::text::{Section, Source, kept, name_of, one_of};

/// A member of a family, or a model.
#[derive(Debug, Clone, PartialEq)]
pub enum Of<K> {
    /// Compiled in.
    Compiled(K),
    /// A text of equations.
    Equations(Arc<Equations>),
}

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
}

/// `[plant]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PlantConfig {
    /// Which one.
    pub of: Of<PlantKind>,
    /// Its parameters, in the order of the plant.
    pub values: Vec<f64>,
}

/// `[controller]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ControllerConfig {
    /// Which one.
    pub of: Of<ControllerKind>,
    /// The angles on which the surface of a compiled law stands.
    pub surface: SurfaceKind,
    /// The switching function of a compiled law.
    pub saturation: Saturation,
    /// Whether the equivalent control of a compiled law is on.
    pub equivalent_control: bool,
    /// Its parameters, in the order of the controller.
    pub values: Vec<f64>,
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
    /// The column with the angle of each link, and its length in m.
    pub links: Vec<(String, f64)>,
}

impl<K: Copy> Of<K> {
    /// The member of the family; `None` of a model.
    #[must_use]
    pub fn compiled(&self) -> Option<K> {
        match self {
            Self::Compiled(kind) => Some(*kind),
            Self::Equations(_) => None,
        }
    }

    /// The model; `None` of a member of the family.
    #[must_use]
    pub fn equations(&self) -> Option<&Equations> {
        match self {
            Self::Compiled(_) => None,
            Self::Equations(equations) => Some(equations),
        }
    }
}

impl PlantConfig {
    /// Its key in a config.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.of {
            Of::Compiled(kind) => kind.name(),
            Of::Equations(equations) => equations.name,
        }
    }

    /// Its states.
    #[must_use]
    pub fn states(&self) -> &[Quantity] {
        match &self.of {
            Of::Compiled(kind) => kind.states(),
            Of::Equations(equations) => &equations.states,
        }
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        match &self.of {
            Of::Compiled(kind) => kind.parameters(),
            Of::Equations(equations) => &equations.parameters,
        }
    }

    /// What a report draws of it; nothing of most.
    #[must_use]
    pub fn drawing(&self) -> Option<Drawing> {
        let states = self.states();
        match &self.of {
            Of::Compiled(kind) => {
                let angles = states.iter().skip(1).map(|state| state.name.to_owned());
                let links = angles.zip(kind.link_lengths(&self.values)).collect();
                Some(Drawing { cart: states[0].name.into(), force: Some("u".into()), track: None, links })
            }
            Of::Equations(equations) => {
                let scene = equations.model.declared.scene.as_ref()?;
                let value = |name: &String| {
                    let place = equations.parameters.iter().position(|parameter| parameter.name == name);
                    place.map_or(1.0, |place| self.values[place])
                };
                let links = scene.links.iter().map(|(angle, length)| (angle.clone(), value(length)));
                Some(Drawing {
                    cart: scene.cart.clone(),
                    force: scene.force.clone(),
                    track: scene.track,
                    links: links.collect(),
                })
            }
        }
    }

    /// Refuses parameter values that are allowed one by one but are no physical body together.
    ///
    /// # Errors
    ///
    /// The parameter to change, and what is allowed.
    pub fn check(&self, values: &[f64]) -> Result<(), crate::plants::Unphysical> {
        match self.of {
            Of::Compiled(kind) => with_plant!(kind, P => <P as Plant<_>>::check(values)),
            Of::Equations(_) => Ok(()),
        }
    }
}

impl ControllerConfig {
    /// Its key in a config.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.of {
            Of::Compiled(kind) => kind.name(),
            Of::Equations(equations) => equations.name,
        }
    }

    /// The law, in a line.
    #[must_use]
    pub fn summary(&self) -> &str {
        match &self.of {
            Of::Compiled(kind) => kind.summary(),
            Of::Equations(equations) => &equations.model.declared.summary,
        }
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        match &self.of {
            Of::Compiled(kind) => kind.parameters(),
            Of::Equations(equations) => &equations.parameters,
        }
    }

    /// Whether a parameter is searched by its logarithm where nothing is said of it.
    #[must_use]
    pub fn is_logarithmic(&self, index: usize) -> bool {
        let declared = self.of.equations().map(|equations| &equations.model.declared.parameters);
        declared.and_then(|parameters| parameters.get(index)).is_some_and(|parameter| parameter.logarithmic)
    }
}

impl Equations {
    fn new(name: &str, model: Model) -> Self {
        let unit = |quantity: &model::Quantity| kept(quantity.unit_shown());
        let state =
            |state: &model::State| Quantity { name: kept(&state.quantity.name), unit: unit(&state.quantity) };
        let parameter = |parameter: &model::Parameter| Parameter {
            name: kept(&parameter.quantity.name),
            unit: unit(&parameter.quantity),
            default: parameter.default,
            min: parameter.range[0],
            max: parameter.range[1],
            search: parameter.search,
            doc: kept(&parameter.quantity.doc),
        };
        Self {
            name: kept(name),
            states: model.declared.states.iter().map(state).collect(),
            parameters: model.declared.parameters.iter().map(parameter).collect(),
            model,
        }
    }
}

/// Where a section says what it is about.
enum Said<'a> {
    Type(&'a str),
    File(&'a str),
    Itself,
}

fn said<'a>(section: &Section<'a>, of: Kind, default: &'a str) -> Result<Said<'a>, ConfigError> {
    let kind = section.text("type").map_err(|error| {
        let allowed = format!("allowed: {}", names_of(of).join(", "));
        ConfigError { remedy: allowed, ..error }
    });
    let file = section.text("file");
    let itself = section.has("equations");
    let [kind, file] = [kind?, file?].map(|found| found.map(|(text, _)| text));
    let refuse = |key: &str, other: &str| {
        let remedy = "keep one: type for a shipped model, file for one of your own, equations for one that stands here";
        section.error(key, &format!("cannot be combined with {other}"), remedy.into())
    };
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

/// What plant and controller are; the second says for each name that is both compiled and a shipped text which of them is meant: the
/// compiled one, unless the other of the two is a text.
pub(super) fn read(
    source: &Source,
    plant: &Section<'_>,
    controller: &Section<'_>,
) -> Result<(PlantConfig, ControllerConfig), ConfigError> {
    let (of_plant, of_controller) = (
        said(plant, Kind::Plant, PlantKind::DoubleInvertedPendulum.name())?,
        said(controller, Kind::Controller, ControllerKind::Classical.name())?,
    );
    let compiled_plant = compiled::<PlantKind>(&of_plant);
    let compiled_controller = compiled::<ControllerKind>(&of_controller);
    if let (Some(plant_kind), Some(controller_kind)) = (compiled_plant, compiled_controller) {
        plant.has("type");
        return Ok((
            compiled_plant_of(plant, plant_kind)?,
            compiled_controller_of(controller, controller_kind)?,
        ));
    }
    Ok((plant_of(source, plant, &of_plant)?, controller_of(source, controller, &of_controller)?))
}

fn compiled<K: Member>(said: &Said<'_>) -> Option<K> {
    let Said::Type(name) = said else { return None };
    K::ALL.iter().copied().find(|kind| kind.name() == *name)
}

fn numbers(section: &Section<'_>, parameters: &[Parameter]) -> Result<Vec<f64>, ConfigError> {
    parameters.iter().map(|parameter| section.number(parameter)).collect()
}

fn compiled_plant_of(section: &Section<'_>, kind: PlantKind) -> Result<PlantConfig, ConfigError> {
    let values = numbers(section, kind.parameters())?;
    let plant = PlantConfig { of: Of::Compiled(kind), values };
    plant.check(&plant.values).map_err(|found| {
        section.error(found.parameter, "is unphysical", format!("allowed: {}", found.allowed))
    })?;
    Ok(plant)
}

fn compiled_controller_of(
    section: &Section<'_>,
    kind: ControllerKind,
) -> Result<ControllerConfig, ConfigError> {
    let (saturation, equivalent) = with_controller!(kind, C => (C::SATURATION, C::EQUIVALENT_CONTROL));
    Ok(ControllerConfig {
        of: Of::Compiled(kind),
        surface: section.choice("surface", SurfaceKind::Relative)?,
        saturation: section.choice("saturation", saturation)?,
        equivalent_control: section.switch("equivalent_control", equivalent)?,
        values: numbers(section, kind.parameters())?,
    })
}

fn plant_of(source: &Source, section: &Section<'_>, said: &Said<'_>) -> Result<PlantConfig, ConfigError> {
    let (name, model) = model_of(source, section, Kind::Plant, said)?;
    let equations = Equations::new(&name, model);
    let values = numbers(section, &equations.parameters)?;
    Ok(PlantConfig { of: Of::Equations(equations.into()), values })
}

fn controller_of(
    source: &Source,
    section: &Section<'_>,
    said: &Said<'_>,
) -> Result<ControllerConfig, ConfigError> {
    let (name, mut model) = model_of(source, section, Kind::Controller, said)?;
    // Texts that the model lets a study replace.
    for (key, text) in &mut model.declared.expressions {
        if let Some((own, _)) = section.text(key)? {
            model::names(own).map_err(|error| {
                section.error(key, &format!("cannot be read: {}", error.marked(own)), error.remedy)
            })?;
            own.clone_into(text);
        }
    }
    let equations = Equations::new(&name, model);
    Ok(ControllerConfig {
        surface: SurfaceKind::Relative,
        saturation: Saturation::Tanh,
        equivalent_control: true,
        values: numbers(section, &equations.parameters)?,
        of: Of::Equations(equations.into()),
    })
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
            let path = source.path().parent().unwrap_or(Path::new("")).join(file);
            let model = Model::load(&path)?;
            if model.kind != kind {
                let problem = format!("= \"{}\" is a {}", file.escape_debug(), model.kind.name());
                return Err(section.error("file", &problem, format!("give the file of a {}", kind.name())));
            }
            (name_of(&path), model)
        }
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

/// The names of what ships, compiled or as a text, in the order of the alphabet.
#[must_use]
pub fn names_of(kind: Kind) -> Vec<&'static str> {
    let mut names: Vec<&str> = model::shipped(kind).iter().map(|shipped| shipped.name).collect();
    names.extend(match kind {
        Kind::Plant => PlantKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        Kind::Controller => ControllerKind::ALL.iter().map(|kind| kind.name()).collect(),
    });
    names.sort_unstable();
    names.dedup();
    names
}

/// The keys of a section that are no parameters.
const KEYS: [&str; 16] = [
    "type",
    "file",
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
    "certificate",
];
