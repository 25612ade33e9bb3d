//! Names of a study as identifiers of a language: letters, digits and `_`, no word of the language, and no two the same.

use std::collections::BTreeSet;

use super::language::Language;

/// Gives identifiers out, each once.
pub(super) struct Names<'a> {
    language: &'a Language,
    taken: BTreeSet<String>,
}

/// A name with letters and digits of ASCII, which begins with a letter; other letters are their code points, and `plant.J` is `plant_J`.
pub(super) fn plain(name: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_string(),
        c if c.is_ascii() => "_".into(),
        c => format!("u{:04x}", u32::from(c)),
    };
    let text: String = name.chars().map(letter).collect();
    // Two of `_` in a row are reserved in C++, and refused in structured text.
    let mut parts: Vec<&str> = text.split('_').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        parts.push("value");
    }
    let text = parts.join("_");
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("v{text}") } else { text }
}

impl<'a> Names<'a> {
    pub(super) fn new(language: &'a Language) -> Self {
        Self { language, taken: BTreeSet::new() }
    }

    /// The identifier of a name: itself where it can be, else with a number behind it.
    pub(super) fn give(&mut self, name: &str) -> String {
        let plain = plain(name);
        let is_word = self.language.keywords.contains(&self.folded(&plain).as_str());
        let candidates = (1..).map(|count| match count {
            1 => plain.clone(),
            count => format!("{plain}_{count}"),
        });
        let is_free = |name: &String| !self.taken.contains(&self.folded(name));
        let found = candidates.skip(usize::from(is_word)).find(is_free).unwrap_or(plain);
        self.taken.insert(self.folded(&found));
        found
    }

    fn folded(&self, name: &str) -> String {
        if self.language.ignores_case { name.to_ascii_lowercase() } else { name.to_owned() }
    }
}
