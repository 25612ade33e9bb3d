//! C: a header with a struct type and one constant of it, for C89 and later, and C++.

use super::{Export, ExportedGain, Format};

/// A header.
#[derive(Debug, Clone, Copy)]
pub struct C;

impl Format for C {
    const NAME: &'static str = "c";
    const SUMMARY: &'static str = "a header: a struct type and a constant of it";

    fn text(export: &Export) -> String {
        let name = export.identifier();
        let constant = name.to_ascii_uppercase();
        let identity = export.identity(" *");
        let member =
            |gain: &ExportedGain| format!("    double {}; /* {} */\n", gain.parameter.name, gain.comment());
        let members: String = export.gains.iter().map(member).collect();
        // In the order of the members: designated initialisers are not in every C++.
        let value = |gain: &ExportedGain| format!("    {:?}, /* {} */\n", gain.value, gain.parameter.name);
        let values: String = export.gains.iter().map(value).collect();
        format!(
            "/*\n{identity} */\n#ifndef {constant}_H\n#define {constant}_H\n\n\
             struct {name} {{\n{members}}};\n\n\
             static const struct {name} {constant} = {{\n{values}}};\n\n#endif\n"
        )
    }
}
