//! Reading a table of a config: every key by name with its range, and no key left over.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Refusal;
use super::asked::{TABLE, TEXT, Told};
use super::source::{ConfigError, Source};
use crate::parameter::Parameter;
use crate::registry::Member;

type Value<'a> = Spanned<DeValue<'a>>;

/// A default of this and more stands for none.
const NONE: u64 = u64::MAX >> 1;
/// Most characters of a name that is that of a file or directory.
pub(crate) const NAME_MAX: usize = 100;
/// Longer texts are no misspelt names: comparing takes time as the product of the lengths.
const COMPARED_MAX: usize = 256;

/// A table of the config; a missing one reads as empty, so that every key has its default.
pub(crate) struct Section<'a> {
    source: &'a Source,
    name: String,
    table: Option<&'a DeTable<'a>>,
    at: Option<usize>,
    known: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    pub(crate) fn root(source: &'a Source, table: &'a DeTable<'a>) -> Self {
        Self::new(source, String::new(), Some(table), None)
    }

    /// The root of a config that says nothing.
    pub(crate) fn nothing(source: &'a Source) -> Self {
        Self::new(source, String::new(), None, None)
    }

    /// Whether there is no such table.
    pub(crate) fn is_absent(&self) -> bool {
        self.table.is_none()
    }

    fn new(source: &'a Source, name: String, table: Option<&'a DeTable<'a>>, at: Option<usize>) -> Self {
        Self { source, name, table, at, known: RefCell::default() }
    }

    /// As errors name it; empty for a whole file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file that it stands in.
    pub(crate) fn source(&self) -> &'a Source {
        self.source
    }

    /// A whole number within `range`.
    pub(crate) fn whole(
        &self,
        key: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        self.number_of("", key, default, range)
    }

    /// A whole number of control steps; a duration in seconds would be mistaken for it otherwise.
    pub(crate) fn steps(
        &self,
        key: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        self.number_of(" of control steps, of [simulation] dt each,", key, default, range)
    }

    fn number_of(
        &self,
        what: &str,
        key: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        let allowed = || format!("a whole number{what} from {} to {}", range.start(), range.end());
        self.tell(key, || Told::new(allowed(), (default < NONE).then(|| default.to_string())));
        let Some(value) = self.find(key) else { return Ok(default) };
        value
            .get_ref()
            .as_integer()
            .and_then(|text| u64::from_str_radix(text.as_str(), text.radix()).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.refuse(key, value, allowed()))
    }

    /// `true` or `false`.
    pub(crate) fn switch(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        const ALLOWED: &str = "true or false";
        self.tell(key, || Told::new(ALLOWED, Some(default.to_string())));
        let Some(value) = self.find(key) else { return Ok(default) };
        value.get_ref().as_bool().ok_or_else(|| self.refuse(key, value, ALLOWED))
    }

    /// A member of a family, by name.
    pub(crate) fn choice<M: Member>(&self, key: &str, default: M) -> Result<M, ConfigError> {
        let names = || M::ALL.iter().map(|member| member.name()).collect::<Vec<&str>>();
        self.tell(key, || Told::new(Told::names(&names()), Some(format!("\"{}\"", default.name()))));
        let Some(value) = self.find(key) else { return Ok(default) };
        let wanted = value.get_ref().as_str().unwrap_or_default();
        let found = M::ALL.iter().copied().find(|member| member.name() == wanted);
        found.ok_or_else(|| self.refuse(key, value, one_of(wanted, &names())))
    }

    /// A parameter, by name.
    pub(crate) fn parameter(&self, key: &str, parameters: &[Parameter]) -> Result<usize, ConfigError> {
        let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
        self.tell(key, || Told::new(Told::names(&names), None));
        let Some(value) = self.find(key) else {
            return Err(self.missing(key, one_of("", &names)));
        };
        let wanted = value.get_ref().as_str().unwrap_or_default();
        names
            .iter()
            .position(|name| *name == wanted)
            .ok_or_else(|| self.refuse(key, value, one_of(wanted, &names)))
    }

    /// Text that can be the name of a directory, also where it is the default.
    pub(crate) fn file_name(&self, key: &str, default: &str) -> Result<String, ConfigError> {
        let allowed = format!(
            "letters, digits, `-`, `_` and `.` in at most {NAME_MAX} bytes, not starting with `.`, not ending with `.csv`, `.html`, `.json` or `.bin`"
        );
        self.tell(key, || Told::new(allowed.as_str(), Some(default.to_owned())));
        let fits = |text: &&str| is_file_name(text);
        match self.find(key) {
            None => Some(default).filter(fits).map(Into::into).ok_or_else(|| {
                let problem = format!(
                    "is missing, and the file's name \"{}\" cannot stand for it",
                    default.escape_debug()
                );
                self.error(key, &problem, format!("set {key} = …, allowed: {allowed}"))
            }),
            Some(value) => {
                let name = value.get_ref().as_str().filter(fits).map(Into::into);
                name.ok_or_else(|| self.refuse(key, value, allowed))
            }
        }
    }

    /// Whether a key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// An array of up to `most` texts, each read by `read`, which is given its place in errors.
    pub(crate) fn texts<T>(
        &self,
        key: &str,
        most: usize,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, ConfigError> {
        let shape = || format!("an array of at most {most} strings");
        self.tell(key, || Told::new(shape(), None));
        let Some(value) = self.find(key) else { return Ok(Vec::new()) };
        let DeValue::Array(array) = value.get_ref() else { return Err(self.refuse(key, value, shape())) };
        if array.len() > most {
            let found = format!("{} has {} entries", self.path(key), array.len());
            return Err(self.source.error(Some(value.span().start), found, format!("allowed: {}", shape())));
        }
        let text = |(index, entry): (usize, &Value<'a>)| {
            let path = format!("{key}[{}]", index + 1);
            let text = entry.get_ref().as_str().ok_or_else(|| self.refuse(&path, entry, "a string"))?;
            read(text).map_err(|found| {
                let problem = format!("{}: {}", self.path(&path), found.problem);
                self.source.error(Some(entry.span().start), problem, found.remedy)
            })
        };
        array.iter().enumerate().map(text).collect()
    }

    /// A table within this one.
    pub(crate) fn section(&self, key: &str) -> Result<Self, ConfigError> {
        let name = self.path(key);
        self.tell(key, || Told::new(TABLE, None));
        match self.find(key) {
            None => Ok(Self::new(self.source, name, None, None)),
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => {
                    Ok(Self::new(self.source, name, Some(table), Some(value.span().start)))
                }
                _ => Err(self.refuse(key, value, format!("a table, [{name}]"))),
            },
        }
    }

    /// An array of up to `most` tables.
    pub(crate) fn sections(&self, key: &str, most: usize) -> Result<Vec<Self>, ConfigError> {
        let shape = || format!("an array of at most {most} tables, [[{}]]", self.path(key));
        self.tell(key, || Told::new(shape(), None));
        let Some(value) = self.find(key) else { return Ok(Vec::new()) };
        let DeValue::Array(array) = value.get_ref() else { return Err(self.refuse(key, value, shape())) };
        if array.len() > most {
            let found = format!("{} has {} entries", self.path(key), array.len());
            return Err(self.source.error(Some(value.span().start), found, format!("allowed: {}", shape())));
        }
        let table = |(index, entry): (usize, &'a Value<'a>)| match entry.get_ref() {
            DeValue::Table(table) => {
                let name = format!("{}[{}]", self.path(key), index + 1);
                Ok(Self::new(self.source, name, Some(table), Some(entry.span().start)))
            }
            _ => Err(self.refuse(key, entry, shape())),
        };
        array.iter().enumerate().map(table).collect()
    }

    /// The tables within the table of a key, with their names, in the order of the file; none where it is absent.
    pub(crate) fn entries(&self, key: &str, most: usize) -> Result<Vec<(String, Self)>, ConfigError> {
        let within = self.section(key)?;
        let Some(table) = within.table else { return Ok(Vec::new()) };
        if table.len() > most {
            let found = format!("has {} entries", table.len());
            return Err(self.error(key, &found, format!("allowed: at most {most}")));
        }
        within.keys().into_iter().map(|name| within.section(&name).map(|section| (name, section))).collect()
    }

    /// The keys of this table, in the order of the file.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.table.into_iter().flat_map(|table| table.keys()).collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter().map(|key| key.get_ref().to_string()).collect()
    }

    /// A text, and where it begins in the file where it stands there as it is; `None` when it is absent.
    pub(crate) fn text(&self, key: &str) -> Result<Option<(&'a str, Option<usize>)>, ConfigError> {
        self.tell(key, || Told::new(TEXT, None));
        let Some(value) = self.find(key) else { return Ok(None) };
        let text = value.get_ref().as_str().ok_or_else(|| self.refuse(key, value, TEXT))?;
        let raw = self.source.text().get(value.span()).unwrap_or_default();
        let start = raw.find(|c| !matches!(c, '"' | '\'' | '\r' | '\n')).unwrap_or(0);
        let lead = text.find(|c| !matches!(c, '"' | '\'' | '\r' | '\n')).unwrap_or(0);
        let start = start.saturating_sub(lead);
        let stands = raw.get(start..).is_some_and(|raw| raw.starts_with(text));
        Ok(Some((text, stands.then_some(value.span().start + start))))
    }

    /// Refuses whatever has not been asked for.
    pub(crate) fn finish(self) -> Result<(), ConfigError> {
        self.refuse_strays()
    }

    /// The same of a section that is still needed.
    pub(crate) fn refuse_strays(&self) -> Result<(), ConfigError> {
        self.refuse_strays_but(&[])
    }

    /// The same, but for names that will be asked for.
    pub(crate) fn refuse_strays_but(&self, others: &[&str]) -> Result<(), ConfigError> {
        let known = self.known.borrow().clone();
        let names: Vec<&str> = known.iter().map(String::as_str).chain(others.iter().copied()).collect();
        self.refuse_all_but(&names)
    }

    /// Refuses keys that are not among `names`.
    pub(crate) fn refuse_all_but(&self, names: &[&str]) -> Result<(), ConfigError> {
        for name in names {
            self.source.ask(&self.name, name, None);
        }
        let keys = self.table.into_iter().flat_map(|table| table.keys());
        let Some(stray) = keys.into_iter().find(|key| !names.contains(&key.get_ref().as_ref())) else {
            return Ok(());
        };
        let key = stray.get_ref().as_ref();
        let place =
            if self.name.is_empty() { "at the top level".into() } else { format!("in [{}]", self.name) };
        let problem = format!("unknown key `{}` {place}", key.escape_debug());
        Err(self.source.error(Some(stray.span().start), problem, format!("allowed: {}", one_of(key, names))))
    }

    /// An error about a key of this section.
    pub(crate) fn error(&self, key: &str, problem: &str, remedy: String) -> ConfigError {
        let at = self.find(key).map(|value| value.span().start).or(self.at);
        self.source.error(at, format!("{} {problem}", self.path(key)), remedy)
    }

    pub(super) fn find(&self, key: &str) -> Option<&'a Value<'a>> {
        let mut known = self.known.borrow_mut();
        if !known.iter().any(|name| name == key) {
            known.push(key.into());
        }
        drop(known);
        self.source.ask(&self.name, key, None);
        self.table?.get(key)
    }

    /// Notes what is read of a key, where the source notes what it is asked for.
    pub(super) fn tell(&self, key: &str, told: impl FnOnce() -> Told) {
        if self.source.notes() {
            self.source.ask(&self.name, key, Some(told()));
        }
    }

    fn path(&self, key: &str) -> String {
        match (self.name.as_str(), key) {
            ("", key) => key.into(),
            (name, "") => name.into(),
            (name, key) => format!("{name}.{key}"),
        }
    }

    pub(super) fn refuse(&self, key: &str, value: &Value<'_>, allowed: impl Display) -> ConfigError {
        let problem = format!("{} = {}", self.path(key), self.written(value));
        self.source.error(Some(value.span().start), problem, format!("allowed: {allowed}"))
    }

    pub(super) fn missing(&self, key: &str, allowed: impl Display) -> ConfigError {
        self.source.error(self.at, format!("{} is missing", self.path(key)), format!("allowed: {allowed}"))
    }

    /// The value as it stands in the file, shortened.
    fn written(&self, value: &Value<'_>) -> String {
        let text = self.source.text().get(value.span()).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        let short: String = first.chars().take(60).collect();
        let rest = if short.len() < text.len() { "…" } else { "" };
        // What a terminal would obey is shown, not sent.
        let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        short.chars().map(shown).collect::<String>() + rest
    }
}

/// Whether a text can be the name of a directory; the directories of several studies stand beside tables and a page.
fn is_file_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text.chars().all(is_of_name)
        && !text.starts_with('.')
        && !is_result(text)
}

/// Letters and digits of any script, also with accents that are characters of their own, as some systems write them.
fn is_of_name(c: char) -> bool {
    let is_accent = ('\u{300}'..='\u{36f}').contains(&c);
    c.is_alphanumeric() || is_accent || matches!(c, '-' | '_' | '.')
}

fn is_result(name: &str) -> bool {
    let end = Path::new(name).extension().and_then(|end| end.to_str());
    end.is_some_and(|end| ["csv", "html", "json", "bin"].contains(&end))
}

/// The name that a file gives to what it holds: its own without the ending, with `_` for what cannot stand in a name. Empty where the
/// file has no name.
pub(crate) fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let fits = |c: char| if is_of_name(c) { c } else { '_' };
    let mut name: String = stem.trim_start_matches('.').chars().map(fits).collect();
    while name.len() > NAME_MAX {
        name.pop();
    }
    if is_result(&name) { name.replace('.', "_") } else { name }
}

/// The known names, and the one that was probably meant.
pub(crate) fn one_of(wanted: &str, names: &[&str]) -> String {
    let hint = nearest(wanted, names).map_or(String::new(), |name| format!(" (did you mean `{name}`?)"));
    format!("{}{hint}", names.join(", "))
}

/// The name that differs from the wanted one by a slip or two.
pub(crate) fn nearest<'n>(wanted: &str, names: &[&'n str]) -> Option<&'n str> {
    let near = names
        .iter()
        .filter(|name| wanted.len().max(name.len()) <= COMPARED_MAX)
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(distance, name)| !wanted.is_empty() && *distance <= 1 + name.len() / 3);
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| *name)
}
