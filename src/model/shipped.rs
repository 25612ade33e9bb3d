//! The models of the folder `models`, which are part of the program: a file there is all that a new one needs.

use super::Kind;

/// A model that is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Its name in a config: that of its file.
    pub name: &'static str,
    /// Where it stands in the project.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

// `build.rs` lists the files.
include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// All of a kind, in the order of the alphabet.
#[must_use]
pub fn shipped(kind: Kind) -> &'static [Shipped] {
    match kind {
        Kind::Plant => PLANTS,
        Kind::Controller => CONTROLLERS,
    }
}

impl Shipped {
    /// Whether its file says `usual = true`.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        self.text.lines().any(|line| line == USUAL)
    }
}

/// The name of the one that a study has that names none: the first whose file says `usual = true`.
///
/// # Panics
///
/// When no file says so.
#[must_use]
pub fn usual(kind: Kind) -> &'static str {
    shipped(kind).iter().find(|shipped| shipped.is_usual()).expect("a file of each kind is usual").name
}

const USUAL: &str = "usual = true";
