//! MATLAB and Octave: a script that makes the structs `gains`, `law` and `plant`.

use super::{Export, ExportedGain, Format, Setting, SettingValue};
use crate::Error;

/// A script.
#[derive(Debug, Clone, Copy)]
pub struct Matlab;

impl Format for Matlab {
    const NAME: &'static str = "matlab";
    const SUMMARY: &'static str = "a script, also for Octave: the structs gains, law and plant";

    fn text(export: &Export) -> Result<String, Error> {
        let identity = export.identity("%");
        let numbers = |of: &str, gains: &[ExportedGain]| -> String {
            let field = |gain: &ExportedGain| {
                format!("{of}.{} = {:?}; % {}\n", gain.parameter.name, gain.value, gain.comment())
            };
            gains.iter().map(field).collect()
        };
        let setting = |setting: &Setting| {
            let value = match setting.value {
                SettingValue::Name(name) => format!("'{name}'"),
                SettingValue::Switch(on) => on.to_string(),
                SettingValue::Number(number) => format!("{number:?}"),
            };
            format!("law.{} = {value}; % {}\n", setting.name, setting.comment())
        };
        let gains = numbers("gains", &export.gains);
        let law: String = export.law.iter().map(setting).collect();
        let plant = numbers("plant", &export.plant_parameters);
        let plant_type = export.plant;
        Ok(format!(
            "{identity}\ngains = struct();\n{gains}\nlaw = struct();\n{law}\nplant = struct();\n\
             plant.type = '{plant_type}'; % the plant\n{plant}"
        ))
    }
}
