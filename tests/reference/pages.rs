//! Pages of Markdown: cells, tables, texts of meanings, and how a page is held against the file that is there.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The line that says that a page is made.
const MADE: &str =
    "<!-- Made from what the program declares: UPDATE=1 cargo test --locked --test main -- reference -->\n\n";

/// A path of the project.
pub(super) fn place(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Holds a page in `docs/` against what it should be, or writes it where `UPDATE` says so.
pub(super) fn hold(path: &str, text: &str) {
    let text = if Path::new(path).extension().is_some_and(|end| end == "md") {
        format!("{MADE}{}\n", text.trim_end())
    } else {
        text.to_owned()
    };
    let file = place("docs").join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder to write to");
        std::fs::write(&file, text).expect("a page is written");
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let differing = found.lines().zip(text.lines()).position(|(found, wanted)| found != wanted);
    let line = differing.unwrap_or(found.lines().count().min(text.lines().count()));
    let [is, should] = [&found, &text].map(|text| text.lines().nth(line).unwrap_or("(nothing)").to_owned());
    assert!(
        found == text,
        "docs/{path}, line {}, is not what the program declares\n  is:        {is}\n  should be: {should}\n  \
         write it anew: UPDATE=1 cargo test --locked --test main -- reference",
        line + 1
    );
}

/// A table of Markdown; `|` in a cell is escaped.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let cells = row.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text + "\n"
}

/// Text as code; nothing of nothing.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

/// What a key or a column means, with what is said of it in place of what is declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Meaning {
    pub(super) told: String,
    pub(super) allowed: Option<String>,
    pub(super) default: Option<String>,
    pub(super) unit: String,
}

/// The meanings of a file by group and key; every group is a table of texts, or of tables with `meaning`.
pub(super) type Meanings = BTreeMap<String, BTreeMap<String, Meaning>>;

pub(super) fn meanings(file: &str) -> Meanings {
    let text = std::fs::read_to_string(place("tests/reference").join(file)).expect("a file of meanings");
    let groups: toml::Table = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
    let meaning = |(key, value): (String, toml::Value)| {
        let said = |name: &str| value.get(name).and_then(toml::Value::as_str).map(String::from);
        let of = value.as_str().map(String::from).or_else(|| said("meaning"));
        let unit = said("unit").unwrap_or_default();
        let meaning = Meaning {
            told: of.unwrap_or_else(|| panic!("{file}: {key} has no meaning")),
            allowed: said("allowed"),
            default: said("default"),
            unit,
        };
        (key, meaning)
    };
    let group = |(name, value): (String, toml::Value)| match value {
        toml::Value::Table(keys) => (name, keys.into_iter().map(meaning).collect()),
        other => panic!("{file}: {name} is {other}, not a table"),
    };
    groups.into_iter().map(group).collect()
}
