//! A model file: declarations and equations as TOML.
//!
//! A controller whose law is not differentiable where it comes to rest (a switching term, a root, a dead zone) has no linearisation there.
//! It can say what its certificate is to go by instead:
//!
//! ```toml
//! [certificate]
//! sliding = "sigma"                # a value of it, made of states of the plant, that the law brings to 0 and holds there
//! reaches = "K1 > 0 and K2 > 0"    # the gains for which it does; for all, unless it is said
//! ```

use std::path::Path;

use super::{Declarations, Input, Kind, Misread, Model, Parameter, Quantity, Scene, State, Unit};
use crate::text::{ConfigError, Section, Source, one_of};

/// Most declarations of a kind: as many as the values that a program holds at a time.
const DECLARATIONS_MAX: usize = crate::program::SLOTS_MAX;
/// Most texts that a study may replace.
const EXPRESSIONS_MAX: usize = 32;
/// Most points of a table.
const POINTS_MAX: usize = 64;
/// What stands in the names that the program makes itself.
const RESERVED: &str = "__";

impl Model {
    /// Reads and checks a model file.
    ///
    /// # Errors
    ///
    /// With file, line, column, a mark below the place, and what is allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        read(&Source::read(path)?)
    }

    /// Reads and checks the text of a model file; `path` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Model::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        read(&Source::new(path, text.into()))
    }
}

fn read(source: &Source) -> Result<Model, ConfigError> {
    let document = source.document()?;
    let root = Section::root(source, document.get_ref());
    let wanted = required(&root, "kind")?.0;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == wanted);
    let kind = kind.ok_or_else(|| {
        let problem = format!("= \"{}\" is unknown", wanted.escape_debug());
        root.error("kind", &problem, format!("allowed: {}", one_of(wanted, &Kind::ALL.map(Kind::name))))
    })?;
    let written = Written::read(&root, kind)?;
    root.refuse_strays()?;
    written.model(source, &root, kind)
}

/// Reads and checks a model that stands in a table of a file, but for keys that a model does not have.
pub(crate) fn section(source: &Source, root: &Section<'_>, kind: Kind) -> Result<Model, ConfigError> {
    if let Some((said, _)) = root.text("kind")?
        && said != kind.name()
    {
        let problem = format!("= \"{}\"", said.escape_debug());
        return Err(root.error("kind", &problem, format!("allowed here: {}", kind.name())));
    }
    Written::read(root, kind)?.model(source, root, kind)
}

/// A model as it is written, before it is known whether it makes sense.
struct Written<'a> {
    equations: &'a str,
    at: Option<usize>,
    declared: Declarations,
}

impl<'a> Written<'a> {
    fn read(root: &Section<'a>, kind: Kind) -> Result<Self, ConfigError> {
        let (equations, at) = required(root, "equations")?;
        Ok(Self { equations, at, declared: declarations(root, kind)? })
    }

    fn model(self, source: &Source, root: &Section<'_>, kind: Kind) -> Result<Model, ConfigError> {
        let Self { equations, at, declared } = self;
        if let Some(place) = equations.find(RESERVED) {
            let problem = format!("`{RESERVED}` stands in the names that the program makes itself");
            let error = Misread::new(place, problem, "give the value another name");
            return Err(misread(source, root, equations, at, error));
        }
        Model::new(kind, declared, equations).map_err(|error| misread(source, root, equations, at, error))
    }
}

fn required<'a>(section: &Section<'a>, key: &str) -> Result<(&'a str, Option<usize>), ConfigError> {
    section
        .text(key)?
        .ok_or_else(|| section.error(key, "is missing", "a model needs kind and equations".into()))
}

/// The place of what is wrong with equations: in the file, where they stand there as they are.
fn misread(
    source: &Source,
    root: &Section<'_>,
    equations: &str,
    at: Option<usize>,
    error: Misread,
) -> ConfigError {
    let place = error.marked(equations);
    match at {
        Some(at) => source.error(Some(at + error.at), place, error.remedy),
        None => root.error("equations", &place, error.remedy),
    }
}

fn declarations(root: &Section<'_>, kind: Kind) -> Result<Declarations, ConfigError> {
    let said = |key: &str| Ok(root.text(key)?.map_or(String::new(), |(text, _)| text.to_owned()));
    let mut declared =
        Declarations { summary: said("summary")?, source: said("source")?, ..Declarations::default() };
    if kind == Kind::Plant {
        declared.fail = root.text("fail")?.map(|(text, _)| text.to_owned());
    }
    for (name, entry) in root.entries("states", DECLARATIONS_MAX)? {
        let state = State {
            quantity: quantity(name, &entry)?,
            initial: entry.any_number("initial")?.unwrap_or(0.0),
            is_declared: true,
        };
        declared.states.push(state);
        entry.finish()?;
    }
    for (name, entry) in root.entries("inputs", DECLARATIONS_MAX)? {
        let (default, limit) = (entry.any_number("default")?, entry.any_number("limit")?);
        if limit.is_some_and(|limit| limit <= 0.0) {
            return Err(entry.error(
                "limit",
                "is not above 0",
                "allowed: the largest magnitude of the input".into(),
            ));
        }
        declared.inputs.push(Input { quantity: quantity(name, &entry)?, default, limit });
        entry.finish()?;
    }
    let parameters = if kind == Kind::Plant { "parameters" } else { "gains" };
    for (name, entry) in root.entries(parameters, DECLARATIONS_MAX)? {
        declared.parameters.push(parameter(name, &entry)?);
        entry.finish()?;
    }
    for (name, entry) in root.entries("outputs", DECLARATIONS_MAX)? {
        declared.outputs.push(quantity(name, &entry)?);
        entry.finish()?;
    }
    for (name, entry) in root.entries("tables", DECLARATIONS_MAX)? {
        declared.tables.insert(name, table(&entry)?);
        entry.finish()?;
    }
    if kind == Kind::Plant && root.has("scene") {
        declared.scene = Some(scene(&root.section("scene")?, &declared)?);
    }
    if kind == Kind::Controller && root.has("certificate") {
        certificate(&root.section("certificate")?, &mut declared)?;
    }
    let expressions = root.section("expressions")?;
    let names = expressions.keys();
    if names.len() > EXPRESSIONS_MAX {
        let found = format!("has {} entries", names.len());
        return Err(root.error("expressions", &found, format!("allowed: at most {EXPRESSIONS_MAX}")));
    }
    for name in names {
        if let Some((text, _)) = expressions.text(&name)? {
            declared.expressions.insert(name, text.into());
        }
    }
    expressions.finish()?;
    Ok(declared)
}

/// What the linearisation of a law cannot see: the value that it holds at 0, and for which gains it brings it there.
fn certificate(section: &Section<'_>, declared: &mut Declarations) -> Result<(), ConfigError> {
    let Some((sliding, _)) = section.text("sliding")? else {
        let remedy = "allowed: the value of the controller that its law brings to 0, such as \"sigma\"";
        return Err(section.error("sliding", "is missing", remedy.into()));
    };
    declared.sliding = Some(sliding.to_owned());
    if let Some((text, _)) = section.text("reaches")? {
        super::names(text).map_err(|error| section.error("reaches", &error.marked(text), error.remedy))?;
        declared.reaches = Some(text.to_owned());
    }
    section.refuse_strays()
}

fn scene(section: &Section<'_>, declared: &Declarations) -> Result<Scene, ConfigError> {
    let states: Vec<&str> = declared.states.iter().map(|state| state.quantity.name.as_str()).collect();
    let inputs: Vec<&str> = declared.inputs.iter().map(|input| input.quantity.name.as_str()).collect();
    let lengths: Vec<&str> = declared.parameters.iter().map(|p| p.quantity.name.as_str()).collect();
    let one = |section: &Section<'_>, key: &str, known: &[&str]| -> Result<Option<String>, ConfigError> {
        let Some((name, _)) = section.text(key)? else { return Ok(None) };
        if known.contains(&name) {
            return Ok(Some(name.to_owned()));
        }
        let problem = format!("= \"{}\" is unknown", name.escape_debug());
        Err(section.error(key, &problem, format!("allowed: {}", one_of(name, known))))
    };
    let cart = one(section, "cart", &states)?;
    let cart =
        cart.ok_or_else(|| section.error("cart", "is missing", format!("allowed: {}", states.join(", "))))?;
    let mut scene = Scene {
        cart,
        force: one(section, "force", &inputs)?,
        track: section.any_number("track")?,
        links: Vec::new(),
    };
    let links = section.section("links")?;
    for angle in links.keys() {
        if !states.contains(&angle.as_str()) {
            let remedy = format!("allowed: {}", one_of(&angle, &states));
            return Err(links.error(&angle, "is no state", remedy));
        }
        if let Some(length) = one(&links, &angle, &lengths)? {
            scene.links.push((angle, length));
        }
    }
    links.finish()?;
    section.refuse_strays()?;
    Ok(scene)
}

/// Points of x and y; x in order.
fn table(entry: &Section<'_>) -> Result<Vec<(f64, f64)>, ConfigError> {
    let column = |key: &str| -> Result<Vec<f64>, ConfigError> {
        let allowed = || format!("allowed: 2 to {POINTS_MAX} numbers");
        let numbers = entry.list(key)?.ok_or_else(|| entry.error(key, "is missing", allowed()))?;
        if (2..=POINTS_MAX).contains(&numbers.len()) {
            return Ok(numbers);
        }
        Err(entry.error(key, &format!("has {} numbers", numbers.len()), allowed()))
    };
    let (x, y) = (column("x")?, column("y")?);
    if x.len() != y.len() {
        let problem = format!("has {} numbers, but x has {}", y.len(), x.len());
        return Err(entry.error("y", &problem, "give a y for each x".into()));
    }
    if let Some(place) = x.windows(2).position(|pair| pair[0] >= pair[1]) {
        let problem = format!("is out of order: {} stands before {}", x[place], x[place + 1]);
        return Err(entry.error("x", &problem, "allowed: each x above the one before".into()));
    }
    Ok(x.into_iter().zip(y).collect())
}

fn quantity(name: String, entry: &Section<'_>) -> Result<Quantity, ConfigError> {
    let written = entry.text("unit")?.map_or("", |(text, _)| text);
    let unit = match written {
        "" => None,
        text => Some(Unit::parse(text).map_err(|part| {
            let problem = format!("= \"{}\": `{}` is no unit", text.escape_debug(), part.escape_debug());
            entry.error("unit", &problem, "allowed: such as kg m², N m s/rad, m/s^2, 1".into())
        })?),
    };
    let doc = entry.text("doc")?.map_or(String::new(), |(text, _)| text.into());
    Ok(Quantity { name, unit, written: written.into(), doc })
}

fn parameter(name: String, entry: &Section<'_>) -> Result<Parameter, ConfigError> {
    let quantity = quantity(name, entry)?;
    let default = entry.any_number("default")?;
    let default = default.ok_or_else(|| entry.error("default", "is missing", "allowed: a number".into()))?;
    let range = entry.pair("range")?.unwrap_or([f64::MIN, f64::MAX]);
    let is_within = |[low, high]: [f64; 2]| range[0] <= low && high <= range[1];
    if !is_within([default, default]) {
        let allowed = format!("allowed: from {} to {} (its range)", range[0], range[1]);
        return Err(entry.error("default", &format!("= {default} is out of its range"), allowed));
    }
    let search = entry.pair("search")?;
    if search.is_some_and(|search| !is_within(search)) {
        let allowed = format!("allowed: within {} to {} (its range)", range[0], range[1]);
        return Err(entry.error("search", "goes beyond the range", allowed));
    }
    let scales = ["linear", "log10"];
    let scale = entry.text("scale")?.map_or("linear", |(text, _)| text);
    if !scales.contains(&scale) {
        let problem = format!("= \"{}\" is unknown", scale.escape_debug());
        return Err(entry.error("scale", &problem, format!("allowed: {}", one_of(scale, &scales))));
    }
    let logarithmic = scale == "log10";
    if logarithmic && search.unwrap_or(range)[0] <= 0.0 {
        let remedy = "allowed with scale = \"log10\": search = [lower, upper], lower > 0".into();
        return Err(entry.error("search", "has no logarithm", remedy));
    }
    Ok(Parameter { quantity, default, range, search, logarithmic })
}
