//! What a reader asks a file for: each key with what is allowed and what it is where it is absent. The reference of the documents is made of it,
//! so that the two cannot differ.

use crate::parameter::{Parameter, Short};

/// A table.
pub(super) const TABLE: &str = "a table";
/// A text.
pub(super) const TEXT: &str = "a text";

/// A key that a reader has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The table in which it stands, with `[]` behind each array of tables; empty at the top level.
    pub table: String,
    /// The key; empty where the whole table is meant.
    pub key: String,
    /// What may stand there, as errors say it; several where it is read in several ways, none where only the key was looked for.
    pub allowed: Vec<String>,
    /// What it is where it is absent; several where that depends on others.
    pub default: Vec<String>,
    /// What it means, where that is declared with its range.
    pub doc: String,
}

/// What is read of a key.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) allowed: String,
    pub(super) default: Option<String>,
    pub(super) doc: &'static str,
}

impl Told {
    pub(super) fn new(allowed: impl Into<String>, default: Option<String>) -> Self {
        Self { allowed: allowed.into(), default, doc: "" }
    }

    /// A number with the default and range of a parameter.
    pub(super) fn of(parameter: &Parameter) -> Self {
        let default = parameter.default.is_finite().then(|| Short(parameter.default).to_string());
        Self { allowed: parameter.allowed(), default, doc: parameter.doc }
    }

    /// Without the meaning, where the key has another name than the parameter.
    pub(super) fn named(self, is_named: bool) -> Self {
        Self { doc: if is_named { self.doc } else { "" }, ..self }
    }

    /// One of some names.
    pub(super) fn names(names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        names.join(", ")
    }
}

impl Asked {
    /// Notes a key, once however often it is asked for, with all that is read of it.
    pub(super) fn note(all: &mut Vec<Self>, table: &str, key: &str, told: Option<Told>) {
        let table = without_places(table);
        let place = all.iter().position(|one| one.table == table && one.key == key);
        let place = place.unwrap_or_else(|| {
            let (allowed, default) = (Vec::new(), Vec::new());
            all.push(Self { table, key: key.into(), allowed, default, doc: String::new() });
            all.len() - 1
        });
        let Some(Told { allowed, default, doc }) = told else { return };
        all[place].join([allowed], default, doc);
    }

    /// Adds what another reader has asked for.
    pub fn merge(all: &mut Vec<Self>, more: Vec<Self>) {
        for one in more {
            match all.iter_mut().find(|known| (&known.table, &known.key) == (&one.table, &one.key)) {
                Some(known) => known.join(one.allowed, one.default, &one.doc),
                None => all.push(one),
            }
        }
    }

    fn join(
        &mut self,
        allowed: impl IntoIterator<Item = String>,
        default: impl IntoIterator<Item = String>,
        doc: &str,
    ) {
        let add = |known: &mut Vec<String>, one: String| {
            if !known.contains(&one) {
                known.push(one);
            }
        };
        allowed.into_iter().for_each(|one| add(&mut self.allowed, one));
        default.into_iter().for_each(|one| add(&mut self.default, one));
        if self.doc.is_empty() {
            doc.clone_into(&mut self.doc);
        }
    }
}

/// The name of a table, `[]` in place of `[3]`.
fn without_places(table: &str) -> String {
    let mut name = String::new();
    for part in table.split_inclusive('[') {
        let is_place = name.ends_with('[');
        name.push_str(if is_place { part.trim_start_matches(|c: char| c.is_ascii_digit()) } else { part });
    }
    name
}
