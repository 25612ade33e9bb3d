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

use super::{
    Choices, Declarations, Input, Kind, Misread, Model, Parameter, Quantity, Scene, State, Unit,
    UsualController, UsualTerm, linear, names, rules, shipped,
};
use crate::text::{ConfigError, Refusal, Section, Source, nearest, one_of};

/// Most declarations of a kind: as many as the values that a program holds at a time.
const DECLARATIONS_MAX: usize = crate::program::SLOTS_MAX;
/// Most texts that a study may replace.
const EXPRESSIONS_MAX: usize = 32;
/// Most relations between the parameters of a plant.
const RELATIONS_MAX: usize = 32;
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

/// Reads and checks a model file.
pub(crate) fn read(source: &Source) -> Result<Model, ConfigError> {
    let document = source.document()?;
    let root = Section::root(source, document.get_ref());
    let wanted = required(&root, "kind")?.0;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == wanted);
    let kind = kind.ok_or_else(|| {
        let problem = format!("= \"{}\" is unknown", wanted.escape_debug());
        root.error("kind", &problem, format!("allowed: {}", one_of(wanted, &Kind::ALL.map(Kind::name))))
    })?;
    if linear::is_linear(&root, kind) {
        let model = linear::model(source, &root, declarations(&root, kind)?)?;
        root.refuse_strays()?;
        return Ok(model);
    }
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
    if linear::is_linear(root, kind) {
        return linear::model(source, root, declarations(root, kind)?);
    }
    let written = Written::read(root, kind)?;
    // A misspelt table is no value of a parameter: told before what it leaves undeclared.
    let Declarations { parameters, expressions, .. } = &written.declared;
    let values = parameters.iter().map(|parameter| &parameter.quantity.name).chain(expressions.keys());
    root.refuse_strays_but(&values.map(String::as_str).collect::<Vec<_>>())?;
    written.model(source, root, kind)
}

/// Tells what is wrong with the statements of a model that could be read, where they stand in the table `root`.
pub(crate) fn unfitting(source: &Source, root: &Section<'_>, error: Misread) -> ConfigError {
    match required(root, "equations") {
        Ok((equations, at)) => misread(source, root, equations, at, error),
        Err(_) => root.error("", &format!("cannot be made: {}", error.problem), error.remedy),
    }
}

/// A model as it is written, before it is known whether it makes sense.
struct Written<'a> {
    equations: &'a str,
    at: Option<usize>,
    declared: Declarations,
}

impl<'a> Written<'a> {
    fn read(root: &Section<'a>, kind: Kind) -> Result<Self, ConfigError> {
        let equations = root.text("equations")?;
        let declared = match extended(root, kind)? {
            Some(declared) => declared,
            None => declarations(root, kind)?,
        };
        if equations.is_none() {
            root.refuse_strays()?;
        }
        let (equations, at) = required(root, "equations")?;
        Ok(Self { equations, at, declared })
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

/// What another model that ships declares, where a model is that one with other equations.
fn extended(root: &Section<'_>, kind: Kind) -> Result<Option<Declarations>, ConfigError> {
    let Some((name, _)) = root.text("extends")? else { return Ok(None) };
    let all = shipped(kind);
    let Some(found) = all.iter().find(|shipped| shipped.name == name) else {
        let names: Vec<&str> = all.iter().map(|shipped| shipped.name).collect();
        let problem = format!("= \"{}\" is unknown", name.escape_debug());
        return Err(root.error("extends", &problem, format!("allowed: {}", one_of(name, &names))));
    };
    if found.text.lines().any(|line| line.starts_with("extends")) {
        let remedy = "give the one that it extends".into();
        return Err(root.error("extends", "extends another one itself", remedy));
    }
    let declared = Model::parse(Path::new(found.path), found.text)?.declared;
    let said = |key: &str| Ok(root.text(key)?.map_or(String::new(), |(text, _)| text.to_owned()));
    // Rates follow from the equations again.
    let states = declared.states.iter().filter(|state| state.is_declared).cloned().collect();
    Ok(Some(Declarations { summary: said("summary")?, source: said("source")?, states, ..declared }))
}

fn required<'a>(section: &Section<'a>, key: &str) -> Result<(&'a str, Option<usize>), ConfigError> {
    section.text(key)?.ok_or_else(|| {
        let keys = section.keys();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let remedy = match nearest(key, &keys) {
            Some(near) => format!("a model needs kind and equations; rename `{near}` if it was meant"),
            None => "a model needs kind and equations".into(),
        };
        section.error(key, "is missing", remedy)
    })
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
    let remedy = match root.name() {
        "" => error.remedy,
        // A model in a study has its tables within its own.
        name => error.remedy.replace("declare it in [", &format!("declare it in [{name}.")),
    };
    match at {
        Some(at) => source.error(Some(at + error.at), place, remedy),
        None => root.error("equations", &place, remedy),
    }
}

fn declarations(root: &Section<'_>, kind: Kind) -> Result<Declarations, ConfigError> {
    let said = |key: &str| Ok(root.text(key)?.map_or(String::new(), |(text, _)| text.to_owned()));
    // Of those that ship, see `shipped::usual`.
    root.switch("usual", false)?;
    let mut declared =
        Declarations { summary: said("summary")?, source: said("source")?, ..Declarations::default() };
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
    for (name, entry) in root.entries("states", DECLARATIONS_MAX)? {
        declared.states.push(state(name, &entry, kind, &declared.parameters)?);
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
    if kind == Kind::Plant {
        of_plant(root, &mut declared)?;
    }
    if kind == Kind::Controller && root.has("certificate") {
        certificate(&root.section("certificate")?, &mut declared)?;
    }
    if kind == Kind::Controller {
        declared.rules = rules::read(root, &declared.parameters)?;
    }
    expressions(root, &mut declared)?;
    Ok(declared)
}

fn state(name: String, entry: &Section<'_>, kind: Kind, gains: &[Parameter]) -> Result<State, ConfigError> {
    let mut state = State { quantity: quantity(name, entry)?, is_declared: true, ..State::default() };
    match entry.text("initial") {
        Ok(Some((gain, _))) if kind == Kind::Controller => {
            let gains: Vec<&str> = gains.iter().map(|gain| gain.quantity.name.as_str()).collect();
            if !gains.contains(&gain) {
                let problem = format!("= \"{}\" is no gain", gain.escape_debug());
                let remedy = format!("allowed: a number, or one of {}", one_of(gain, &gains));
                return Err(entry.error("initial", &problem, remedy));
            }
            state.initial_gain = Some(gain.to_owned());
        }
        _ => state.initial = entry.any_number("initial")?.unwrap_or(0.0),
    }
    Ok(state)
}

/// What only plants declare.
fn of_plant(root: &Section<'_>, declared: &mut Declarations) -> Result<(), ConfigError> {
    declared.fail = root.text("fail")?.map(|(text, _)| text.to_owned());
    let known: Vec<&str> = declared.parameters.iter().map(|p| p.quantity.name.as_str()).collect();
    let relations = |key: &str| {
        root.texts(key, RELATIONS_MAX, |text| {
            let named = names(text).map_err(|error| Refusal {
                problem: format!("cannot be read: {}", error.marked(text)),
                remedy: error.remedy,
            })?;
            match named.iter().find(|(_, name)| !known.contains(&name.as_str())) {
                None => Ok(text.to_owned()),
                Some((_, name)) => Err(Refusal {
                    problem: format!("`{name}` is no parameter"),
                    remedy: format!("allowed: {}", one_of(name, &known)),
                }),
            }
        })
    };
    let (require, warn) = (relations("require")?, relations("warn")?);
    (declared.require, declared.warn) = (require, warn);
    for (name, entry) in root.entries("settings", DECLARATIONS_MAX)? {
        declared.settings.push(parameter(name, &entry)?);
        entry.finish()?;
    }
    for (name, entry) in root.entries("usual_cost", DECLARATIONS_MAX)? {
        declared.cost.push(usual_term(name, &entry)?);
        entry.finish()?;
    }
    if root.has("usual_controller") {
        declared.controller = Some(usual_controller(&root.section("usual_controller")?)?);
    }
    if root.has("scene") {
        declared.scene = Some(scene(&root.section("scene")?, declared)?);
    }
    Ok(())
}

/// The controller that a plant comes with, and what is special about it there.
fn usual_controller(section: &Section<'_>) -> Result<UsualController, ConfigError> {
    let all = shipped(Kind::Controller);
    let name = section.text("type")?.map_or("", |(name, _)| name);
    let Some(controller) = all.iter().find(|controller| controller.name == name) else {
        let names: Vec<&str> = all.iter().map(|controller| controller.name).collect();
        let problem = format!("= \"{}\" is unknown", name.escape_debug());
        return Err(section.error("type", &problem, format!("allowed: {}", one_of(name, &names))));
    };
    let law = Model::parse(Path::new(controller.path), controller.text)?.declared;
    let mut said = Vec::new();
    for key in law.choices.keys() {
        if let Some(choice) = section.word(key)? {
            said.push((key.clone(), toml::Value::from(choice)));
        }
    }
    for parameter in &law.parameters {
        let key = &parameter.quantity.name;
        if let Some(number) = section.any_number(key)? {
            said.push((key.clone(), toml::Value::from(number)));
        }
    }
    section.refuse_strays()?;
    Ok(UsualController { name: name.into(), said })
}

/// A term of a plant's usual cost; what its keys mean is known where costs are.
fn usual_term(name: String, entry: &Section<'_>) -> Result<UsualTerm, ConfigError> {
    let said = |key: &str| Ok(entry.text(key)?.map_or(String::new(), |(text, _)| text.to_owned()));
    let mut term = UsualTerm {
        name,
        signals: entry.texts("signals", DECLARATIONS_MAX, |text| Ok(text.to_owned()))?,
        own: None,
        unit: said("unit")?,
        doc: said("doc")?,
        weight: entry.any_number("weight")?.unwrap_or(0.0),
        norm: entry.any_number("norm")?.unwrap_or(1.0),
        is_told: entry.switch("told", false)?,
    };
    let own = ["signals", "unit", "doc", "weight", "norm", "told"];
    for key in entry.keys().into_iter().filter(|key| !own.contains(&key.as_str())) {
        if let Some((text, _)) = entry.text(&key)? {
            term.own = Some((key, text.to_owned()));
        }
    }
    Ok(term)
}

/// Texts that a study may replace: a text, or a table of some that it may choose by name.
fn expressions(root: &Section<'_>, declared: &mut Declarations) -> Result<(), ConfigError> {
    let section = root.section("expressions")?;
    let names = section.keys();
    if names.len() > EXPRESSIONS_MAX {
        let found = format!("has {} entries", names.len());
        return Err(root.error("expressions", &found, format!("allowed: at most {EXPRESSIONS_MAX}")));
    }
    for name in names {
        if let Ok(Some((text, _))) = section.text(&name) {
            declared.expressions.insert(name, text.into());
            continue;
        }
        let entry = section.section(&name)?;
        let choices = choices(&entry)?;
        entry.finish()?;
        let usual = choices.texts.iter().find(|(known, _)| *known == choices.default);
        declared.expressions.insert(name.clone(), usual.map_or(String::new(), |(_, texts)| texts[0].clone()));
        declared.choices.insert(name, choices);
    }
    section.finish()
}

fn choices(entry: &Section<'_>) -> Result<Choices, ConfigError> {
    let mut texts = Vec::new();
    for key in entry.keys().into_iter().filter(|key| key != "default") {
        let listed = match entry.text(&key) {
            Ok(Some((text, _))) => vec![text.to_owned()],
            _ => entry.texts(&key, EXPRESSIONS_MAX, |text| Ok(text.to_owned()))?,
        };
        if listed.is_empty() {
            return Err(entry.error(&key, "is empty", "allowed: a text, or an array of some".into()));
        }
        texts.push((key, listed));
    }
    let known: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
    let allowed = |wanted: &str| format!("allowed: {}", one_of(wanted, &known));
    let default = entry.word("default")?.ok_or_else(|| entry.error("default", "is missing", allowed("")))?;
    if !known.contains(&default.as_str()) {
        let problem = format!("= {} is unknown", default.escape_debug());
        return Err(entry.error("default", &problem, allowed(&default)));
    }
    Ok(Choices { default, texts, tuned: None })
}

/// What the linearisation of a law cannot see: the value that it holds at 0, and for which gains it brings it there.
fn certificate(section: &Section<'_>, declared: &mut Declarations) -> Result<(), ConfigError> {
    let (sliding, reaches) = (section.text("sliding")?, section.text("reaches")?);
    section.refuse_strays()?;
    let Some((sliding, _)) = sliding else {
        let remedy = "allowed: the value of the controller that its law brings to 0, such as \"sigma\"";
        return Err(section.error("sliding", "is missing", remedy.into()));
    };
    declared.sliding = Some(sliding.to_owned());
    if let Some((text, _)) = reaches {
        names(text).map_err(|error| section.error("reaches", &error.marked(text), error.remedy))?;
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
    let settings: Vec<&str> = declared.settings.iter().map(|p| p.quantity.name.as_str()).collect();
    let track_setting =
        if let Ok(Some(_)) = section.text("track") { one(section, "track", &settings)? } else { None };
    let mut scene = Scene {
        cart,
        force: one(section, "force", &inputs)?,
        track: if track_setting.is_some() { None } else { section.any_number("track")? },
        track_setting,
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
    let (x, y) = (entry.list("x")?, entry.list("y")?);
    entry.refuse_strays()?;
    let column = |key: &str, numbers: Option<Vec<f64>>| -> Result<Vec<f64>, ConfigError> {
        let allowed = || format!("allowed: 2 to {POINTS_MAX} numbers");
        let numbers = numbers.ok_or_else(|| entry.error(key, "is missing", allowed()))?;
        if (2..=POINTS_MAX).contains(&numbers.len()) {
            return Ok(numbers);
        }
        Err(entry.error(key, &format!("has {} numbers", numbers.len()), allowed()))
    };
    let (x, y) = (column("x", x)?, column("y", y)?);
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
    let said = |key: &str| Ok(entry.text(key)?.map_or(String::new(), |(text, _)| text.into()));
    Ok(Quantity { name, unit, written: written.into(), doc: said("doc")?, label: said("label")? })
}

fn parameter(name: String, entry: &Section<'_>) -> Result<Parameter, ConfigError> {
    let quantity = quantity(name, entry)?;
    let (default, range) = (entry.any_number("default")?, entry.pair("range")?);
    let (search, scale) = (entry.pair("search")?, entry.text("scale")?);
    entry.refuse_strays()?;
    let default = default.ok_or_else(|| entry.error("default", "is missing", "allowed: a number".into()))?;
    let range = range.unwrap_or([f64::MIN, f64::MAX]);
    let is_within = |[low, high]: [f64; 2]| range[0] <= low && high <= range[1];
    if !is_within([default, default]) {
        let allowed = format!("allowed: from {} to {} (its range)", range[0], range[1]);
        return Err(entry.error("default", &format!("= {default} is out of its range"), allowed));
    }
    if search.is_some_and(|search| !is_within(search)) {
        let allowed = format!("allowed: within {} to {} (its range)", range[0], range[1]);
        return Err(entry.error("search", "goes beyond the range", allowed));
    }
    let scales = ["linear", "log10"];
    let scale = scale.map_or("linear", |(text, _)| text);
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
