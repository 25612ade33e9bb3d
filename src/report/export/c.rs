//! C: a header with structs of gains and plant parameters, a constant of each, and the law as macros; for C89 and later, and C++.

use super::{Export, ExportedGain, Format, Setting, SettingValue};
use crate::Error;

/// A header.
#[derive(Debug, Clone, Copy)]
pub struct C;

impl Format for C {
    const NAME: &'static str = "c";
    const SUMMARY: &'static str =
        "a header: gains and plant as structs with a constant each, the law as macros";

    fn text(export: &Export) -> Result<String, Error> {
        let name = export.identifier();
        let constant = name.to_ascii_uppercase();
        let identity = export.identity(" *");
        let law: String = export.law.iter().map(|setting| define(&constant, setting)).collect();
        let gains = structure(&name, &export.gains);
        let plant = structure(&format!("{name}_plant"), &export.plant_parameters);
        let plant_type = export.plant;
        Ok(format!(
            "/*\n{identity} */\n#ifndef {constant}_H\n#define {constant}_H\n\n{gains}\n{law}\n\
             #define {constant}_PLANT_TYPE \"{plant_type}\"\n\n{plant}\n#endif\n"
        ))
    }
}

/// A macro for a setting of the law; a switch is 1 or 0.
fn define(constant: &str, setting: &Setting) -> String {
    let name = setting.name.to_ascii_uppercase();
    let value = match setting.value {
        SettingValue::Name(name) => format!("\"{name}\""),
        SettingValue::Switch(on) => u8::from(on).to_string(),
        SettingValue::Number(number) => format!("{number:?}"),
    };
    format!("#define {constant}_LAW_{name} {value} /* {} */\n", setting.comment())
}

/// A struct of numbers and a constant of it.
fn structure(name: &str, gains: &[ExportedGain]) -> String {
    let member =
        |gain: &ExportedGain| format!("    double {}; /* {} */\n", gain.parameter.name, gain.comment());
    let members: String = gains.iter().map(member).collect();
    // In the order of the members: designated initialisers are not in every C++.
    let value = |gain: &ExportedGain| format!("    {:?}, /* {} */\n", gain.value, gain.parameter.name);
    let values: String = gains.iter().map(value).collect();
    let constant = name.to_ascii_uppercase();
    format!("struct {name} {{\n{members}}};\n\nstatic const struct {name} {constant} = {{\n{values}}};\n")
}
