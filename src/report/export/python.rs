//! Python: a module with the dictionary `GAINS`.

use super::{Export, Format};

/// A module.
#[derive(Debug, Clone, Copy)]
pub struct Python;

impl Format for Python {
    const NAME: &'static str = "python";
    const SUMMARY: &'static str = "a module: the dictionary GAINS";

    fn text(export: &Export) -> String {
        let identity = export.identity("#");
        let entries = export.gains.iter().map(|gain| {
            format!("    \"{}\": {:?},  # {}\n", gain.parameter.name, gain.value, gain.comment())
        });
        format!("{identity}\nGAINS = {{\n{}}}\n", entries.collect::<String>())
    }
}
