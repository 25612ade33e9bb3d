//! Python: a module with the dictionaries `GAINS`, `LAW` and `PLANT`.

use super::{Export, ExportedGain, Format, Setting, SettingValue};
use crate::Error;

/// A module.
#[derive(Debug, Clone, Copy)]
pub struct Python;

impl Format for Python {
    const NAME: &'static str = "python";
    const SUMMARY: &'static str = "a module: the dictionaries GAINS, LAW and PLANT";

    fn text(export: &Export) -> Result<String, Error> {
        let identity = export.identity("#");
        let number = |gain: &ExportedGain| {
            format!("    \"{}\": {:?},  # {}\n", gain.parameter.name, gain.value, gain.comment())
        };
        let setting = |setting: &Setting| {
            let value = match setting.value {
                SettingValue::Name(name) => format!("\"{name}\""),
                SettingValue::Switch(on) => if on { "True" } else { "False" }.into(),
                SettingValue::Number(number) => format!("{number:?}"),
            };
            format!("    \"{}\": {value},  # {}\n", setting.name, setting.comment())
        };
        let gains: String = export.gains.iter().map(number).collect();
        let law: String = export.law.iter().map(setting).collect();
        let plant_type = format!("    \"type\": \"{}\",\n", export.plant);
        let plant: String = export.plant_parameters.iter().map(number).collect();
        Ok(format!(
            "{identity}\nGAINS = {{\n{gains}}}\n\nLAW = {{\n{law}}}\n\nPLANT = {{\n{plant_type}{plant}}}\n"
        ))
    }
}
