//! The config file as it was read, and errors that point into it.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use super::asked::{Asked, Told};

/// Larger files are refused.
pub const FILE_SIZE_MAX: u64 = 1 << 20;

/// What is wrong with a config, where, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1, where one is to blame.
    pub line: Option<usize>,
    /// What was read and why it is refused.
    pub problem: String,
    /// What is allowed, or what to do about it.
    pub remedy: String,
}

impl ConfigError {
    /// What is wrong and where, without what is allowed.
    pub(crate) fn place(&self) -> String {
        let line = self.line.map_or(String::new(), |line| format!(", line {line}"));
        format!("{}{line}: {}", self.path.display(), self.problem)
    }
}

/// The place in a text of equations that is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The column, counted from 1, in characters.
    pub column: usize,
    /// What was read and why it is refused.
    pub problem: String,
    /// The line of the equations.
    pub line: String,
}

impl ConfigError {
    /// The place in a text of equations, where one is to blame: as [`Misread::marked`](crate::model::Misread::marked) tells it in the problem.
    #[must_use]
    pub fn marked(&self) -> Option<Marked> {
        self.problem.match_indices("column ").find_map(|(at, word)| {
            let (column, shown) = self.problem[at + word.len()..].split_once(": ")?;
            let column = column.parse().ok()?;
            let [problem, line, mark] = shown.splitn(3, "\n    ").collect::<Vec<_>>()[..] else {
                return None;
            };
            (mark.trim() == "^").then(|| Marked { column, problem: problem.into(), line: line.into() })
        })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.place(), self.remedy)
    }
}

impl std::error::Error for ConfigError {}

/// Larger manifests are refused: one holds a config with every default filled in.
pub(crate) const MANIFEST_SIZE_MAX: u64 = 64 * FILE_SIZE_MAX;

/// The bytes of a file of at most `size_max`, or what is wrong with it; never more is read, even of a device.
pub(crate) fn read_bounded(path: &Path, size_max: u64) -> Result<Vec<u8>, String> {
    if path.is_dir() {
        return Err("is a directory".into());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(size_max + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > size_max {
        return Err(format!("has more than {size_max} bytes"));
    }
    Ok(bytes)
}

/// A text file and its path.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    path: PathBuf,
    text: String,
    /// What it is asked for, where this is noted.
    asked: Option<RefCell<Vec<Asked>>>,
}

impl Source {
    pub(crate) fn new(path: &Path, text: String) -> Self {
        Self { path: path.into(), text, asked: None }
    }

    /// The same, which notes what it is asked for.
    pub(crate) fn noting(path: &Path, text: String) -> Self {
        Self { asked: Some(RefCell::default()), ..Self::new(path, text) }
    }

    /// What it was asked for so far, where it notes that; in the order of the first question.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.as_ref().map_or(Vec::new(), |asked| asked.borrow().clone())
    }

    pub(super) fn notes(&self) -> bool {
        self.asked.is_some()
    }

    /// Notes that a key was asked for.
    pub(super) fn ask(&self, table: &str, key: &str, told: Option<Told>) {
        if let Some(asked) = &self.asked {
            Asked::note(&mut asked.borrow_mut(), table, key, told);
        }
    }

    /// Reads a config of at most [`FILE_SIZE_MAX`] bytes.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let refuse = |problem: String, remedy: &str| ConfigError {
            path: path.into(),
            line: None,
            problem,
            remedy: remedy.into(),
        };
        let remedy = "give the path of a TOML file of at most 1 MiB";
        let bytes = read_bounded(path, FILE_SIZE_MAX).map_err(|problem| refuse(problem, remedy))?;
        let text = String::from_utf8(bytes).map_err(|error| ConfigError {
            line: Some(1 + count_lines(&error.as_bytes()[..error.utf8_error().valid_up_to()])),
            ..refuse("is not UTF-8 text".into(), "save the file as UTF-8")
        })?;
        Ok(Self::new(path, text))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path that the file names, from its own directory.
    pub(crate) fn beside(&self, file: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(file)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text as TOML.
    pub(crate) fn document(&self) -> Result<Spanned<DeTable<'_>>, ConfigError> {
        DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map(|span| span.start);
            let problem = format!("is not TOML: {}", error.message());
            self.error(at, problem, "see https://toml.io for the format".into())
        })
    }

    /// An error at a byte of the text.
    pub(crate) fn error(&self, at: Option<usize>, problem: String, remedy: String) -> ConfigError {
        let line = at.map(|byte| 1 + count_lines(&self.text.as_bytes()[..byte.min(self.text.len())]));
        ConfigError { path: self.path.clone(), line, problem, remedy }
    }
}

#[allow(clippy::naive_bytecount, reason = "a small file, once")]
fn count_lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Misread;

    #[test]
    fn the_place_of_a_misread_text_is_told_again_whatever_the_text_says() {
        let text = "ok = 1\n  x' = \"column 3: \" + é$u";
        let at = text.find('$').expect("a place");
        let misread =
            Misread { at, problem: "`$` has no meaning: here".into(), remedy: "write a name".into() };
        for before in ["", "plant cannot be made: line 2, ", "controller.u (column): "] {
            let problem = format!("{before}{}", misread.marked(text));
            let error = ConfigError { path: "a.toml".into(), line: Some(2), problem, remedy: String::new() };
            let wanted = Marked {
                column: 1 + text[7..at].chars().count(),
                problem: "`$` has no meaning: here".into(),
                line: "  x' = \"column 3: \" + é$u".into(),
            };
            assert_eq!(error.marked(), Some(wanted), "{before}");
        }
        for problem in ["has the unknown column a: b", "column 3: of a table", "is missing"] {
            let error = ConfigError {
                path: "a.toml".into(),
                line: None,
                problem: problem.into(),
                remedy: String::new(),
            };
            assert_eq!(error.marked(), None, "{problem}");
        }
    }
}
