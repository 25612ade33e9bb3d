//! A batch: studies, and a grid of keys; each study is run with every combination of their values.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError, Equations, Refusal};
use crate::model::Kind;
use crate::text::Source;
use crate::text::{NAME_MAX, Section, name_of};

/// Most studies of a batch.
const STUDIES_MAX: usize = 10_000;

/// A checked batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchConfig {
    /// Its name: its directory below `outputs/`.
    pub name: String,
    /// The studies in the order in which they run.
    pub entries: Vec<Entry>,
}

/// A study of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The study, under its name in the batch.
    pub config: Config,
    /// The name without the seed: the same for studies that differ in nothing else.
    pub group: String,
}

/// A key of the grid and the values that it takes; keys are in the order of the alphabet.
type GridAxis = (Vec<String>, Vec<Value>);

impl BatchConfig {
    /// Reads and checks a batch and all its studies.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in the batch or in a study, and what is allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::read(&Source::read(path)?)
    }

    /// Checks a batch and reads all its studies.
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let document = source.document()?;
        let path = source.path();
        let root = Section::root(source, document.get_ref());
        if root.has("controller") || root.has("scenarios") {
            let remedy = "run it with `gainswarm tune`, or name it in studies = […] of a batch".into();
            return Err(root.error("scenarios", "belongs in a study, but this should be a batch", remedy));
        }
        root.refuse_all_but(&["batch", "studies", "grid"])?;
        let name = root.file_name("batch", &name_of(path))?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let studies = root.texts("studies", STUDIES_MAX, |text| {
            let path = directory.join(text);
            // Checked on its own first, so that an error names a line of it.
            let base =
                Source::read(&path).and_then(|source| Config::check(&source).map(|base| (source, base)));
            base.map_err(|error| Refusal { problem: error.place(), remedy: error.remedy })
        })?;
        if studies.is_empty() {
            let remedy = "give studies = [\"first.toml\", …], paths from the directory of this file".into();
            return Err(root.error("studies", "is missing", remedy));
        }
        let table: Table = toml::from_str(source.text()).unwrap_or_default();
        let axes =
            axes(table.get("grid")).map_err(|found| root.error("grid", &found.problem, found.remedy))?;
        let combinations = axes.iter().fold(studies.len(), |count, axis| count.saturating_mul(axis.1.len()));
        if combinations > STUDIES_MAX {
            let problem = format!("makes {combinations} studies");
            return Err(root.error("grid", &problem, format!("allowed: at most {STUDIES_MAX}")));
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(combinations);
        for (study, base) in &studies {
            for k in 0..combinations / studies.len() {
                let entry = entry((study, base), &choice(&axes, k))
                    .map_err(|found| root.error("grid", &found.problem, found.remedy))?;
                if entries.iter().any(|other| other.config.study == entry.config.study) {
                    let problem = format!("makes two studies \"{}\"", entry.config.study);
                    let remedy = "give each a name of its own with study = \"…\", and each value once".into();
                    return Err(root.error("grid", &problem, remedy));
                }
                entries.push(entry);
            }
        }
        Ok(Self { name, entries })
    }
}

/// The keys of a grid and their values; a table in it is the way to keys within a section.
fn axes(grid: Option<&Value>) -> Result<Vec<GridAxis>, Refusal> {
    let mut axes = Vec::new();
    let mut open: Vec<(Vec<String>, &Value)> = grid.map(|grid| (Vec::new(), grid)).into_iter().collect();
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Table(table) => {
                let below = |(key, value)| ([&path[..], std::slice::from_ref(key)].concat(), value);
                open.extend(table.iter().map(below).rev());
            }
            Value::Array(values) if !values.is_empty() && !path.is_empty() => {
                axes.push((path, values.clone()));
            }
            other => {
                return Err(Refusal {
                    problem: format!("has {} = {other}", path.join(".")),
                    remedy: "allowed: a list of the values that the key takes, such as seed = [1, 2, 3]"
                        .into(),
                });
            }
        }
    }
    Ok(axes)
}

/// The k-th combination; the last key changes first.
fn choice(axes: &[GridAxis], mut k: usize) -> Vec<(&[String], &Value)> {
    let mut chosen = Vec::with_capacity(axes.len());
    for (path, values) in axes.iter().rev() {
        chosen.push((&path[..], &values[k % values.len()]));
        k /= values.len();
    }
    chosen.reverse();
    chosen
}

/// A study with some of its keys set, under a name that says so.
fn entry((study, base): (&Source, &Config), chosen: &[(&[String], &Value)]) -> Result<Entry, Refusal> {
    let said: Vec<String> =
        chosen.iter().map(|(path, value)| format!("{} = {value}", path.join("."))).collect();
    let refuse = |problem: String, remedy: String| {
        let (path, said) = (study.path().display(), said.join(", "));
        Refusal { problem: format!("does not fit {path} with {said}: {problem}"), remedy }
    };
    let mut table: Table = toml::from_str(study.text()).unwrap_or_default();
    for (path, value) in chosen {
        set(&mut table, path, value).map_err(|key| {
            refuse(
                format!("{key} is not a section"),
                "allowed: keys of sections, such as plant.link1_mass".into(),
            )
        })?;
    }
    adopt(&mut table, &base.controller.of);
    let label = |with_seed: bool| {
        let parts = chosen
            .iter()
            .filter(|(path, _)| with_seed || **path != ["seed"])
            .map(|(path, value)| part(path, value));
        std::iter::once(base.study.clone()).chain(parts).collect::<Vec<_>>().join("-")
    };
    let name = label(true);
    if name.len() > NAME_MAX {
        let remedy = format!(
            "allowed: at most {NAME_MAX} bytes of study, keys and values; use fewer keys, or a shorter study = \"…\""
        );
        return Err(refuse(format!("the name \"{name}\" is too long"), remedy));
    }
    table.insert("study".into(), name.into());
    let text =
        toml::to_string(&table).map_err(|error| refuse(error.to_string(), "give values of TOML".into()))?;
    let config = Config::parse(study.path(), &text).map_err(|error| refuse(error.problem, error.remedy))?;
    Ok(Entry { config, group: label(false) })
}

/// Makes a study of `before` one of the controller that it names now: gains that both have keep their bounds and values, those that the
/// new one alone has are searched where they are by default, and what it does not know goes.
fn adopt(table: &mut Table, before: &Equations) {
    let Some(section) = table.get_mut("controller").and_then(Value::as_table_mut) else { return };
    let name = section.get("type").and_then(Value::as_str).unwrap_or_default();
    let Some(now) = Equations::shipped(Kind::Controller, name).filter(|now| now.name != before.name) else {
        return;
    };
    let has = |law: &Equations, name: &str| {
        law.parameters.iter().any(|parameter| parameter.name == name)
            || law.model.declared.expressions.contains_key(name)
    };
    section.retain(|key, _| !has(before, key) || has(&now, key));
    if let Some(tune) = table.get_mut("tune").and_then(Value::as_array_mut) {
        let named = |gain: &Value| gain.get("parameter").and_then(Value::as_str).map(String::from);
        tune.retain(|gain| named(gain).is_none_or(|name| has(&now, &name)));
        let own = now.parameters.iter().filter(|own| own.search.is_some() && !has(before, own.name));
        tune.extend(own.map(|own| Table::from_iter([("parameter".into(), own.name.into())]).into()));
    }
}

/// Sets a key, and makes the sections that lead to it; an error is the name of what is in the way.
fn set(table: &mut Table, path: &[String], value: &Value) -> Result<(), String> {
    let Some((last, sections)) = path.split_last() else { return Ok(()) };
    let mut table = table;
    for section in sections {
        let below = table.entry(section.clone()).or_insert_with(|| Table::new().into());
        table = below.as_table_mut().ok_or_else(|| section.clone())?;
    }
    table.insert(last.clone(), value.clone());
    Ok(())
}

/// What a key and its value add to the name of a study: the value where it is a text, otherwise key and value.
fn part(path: &[String], value: &Value) -> String {
    let key = path.last().map_or("", String::as_str);
    let text = match value {
        Value::String(text) => text.clone(),
        other => format!("{key}{other}"),
    };
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    text.chars().map(allowed).collect()
}
