//! MATLAB and Octave: a script that makes the struct `gains`.

use super::{Export, Format};

/// A script.
#[derive(Debug, Clone, Copy)]
pub struct Matlab;

impl Format for Matlab {
    const NAME: &'static str = "matlab";
    const SUMMARY: &'static str = "a script, also for Octave: the struct gains";

    fn text(export: &Export) -> String {
        let identity = export.identity("%");
        let fields = export
            .gains
            .iter()
            .map(|gain| format!("gains.{} = {:?}; % {}\n", gain.parameter.name, gain.value, gain.comment()));
        format!("{identity}\ngains = struct();\n{}", fields.collect::<String>())
    }
}
