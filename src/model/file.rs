//! A model file: declarations and equations as TOML.

use std::path::Path;

use super::{Declarations, Input, Kind, Misread, Model, Parameter, Quantity, State, Unit};
use crate::text::{ConfigError, Section, Source, one_of};

/// Most declarations of a kind.
const DECLARATIONS_MAX: usize = 1000;

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
    let kinds = [("plant", Kind::Plant), ("controller", Kind::Controller)];
    let wanted = required(&root, "kind")?.0;
    let kind = kinds.iter().find(|(name, _)| *name == wanted).map(|(_, kind)| *kind);
    let names = kinds.map(|(name, _)| name);
    let kind = kind.ok_or_else(|| {
        let problem = format!("= \"{}\" is unknown", wanted.escape_debug());
        root.error("kind", &problem, format!("allowed: {}", one_of(wanted, &names)))
    })?;
    root.text("summary")?;
    root.text("source")?;
    let (equations, at) = required(&root, "equations")?;
    let declared = declarations(&root, kind)?;
    let model =
        Model::new(kind, declared, equations).map_err(|error| misread(source, &root, equations, at, error));
    root.finish()?;
    model
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
    let mut declared = Declarations::default();
    for (name, entry) in root.entries("states", DECLARATIONS_MAX)? {
        let state =
            State { quantity: quantity(name, &entry)?, initial: entry.any_number("initial")?.unwrap_or(0.0) };
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
    let expressions = root.section("expressions")?;
    for name in expressions.keys() {
        if let Some((text, _)) = expressions.text(&name)? {
            declared.expressions.insert(name, text.into());
        }
    }
    expressions.finish()?;
    Ok(declared)
}

fn quantity(name: String, entry: &Section<'_>) -> Result<Quantity, ConfigError> {
    let unit = match entry.text("unit")? {
        None => None,
        Some((text, _)) => Some(Unit::parse(text).map_err(|part| {
            let problem = format!("= \"{}\": `{}` is no unit", text.escape_debug(), part.escape_debug());
            entry.error("unit", &problem, "allowed: such as kg m², N m s/rad, m/s^2, 1".into())
        })?),
    };
    let doc = entry.text("doc")?.map_or(String::new(), |(text, _)| text.into());
    Ok(Quantity { name, unit, doc })
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
    Ok(Parameter { quantity, default, range, search })
}
