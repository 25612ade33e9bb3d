//! CSV: a row a parameter, as `gains.csv`, behind study and seed, so that those of several studies can stand in one table.
//!
//! What else the law depends on: its choices are columns behind those of `gains.csv`, its numbers are rows `law.…`, and the
//! parameters of the nominal plant are rows `plant.…`. The reader of gains ignores these.

use super::{Export, ExportedGain, Format, SettingValue};
use crate::config::LAW_COLUMNS;
use crate::report::gains::OF_STUDIES;
use crate::report::text_cell;
use crate::swarm::Axis;

/// A table, a row a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Csv;

impl Format for Csv {
    const NAME: &'static str = "csv";
    const SUMMARY: &'static str =
        "a table, a row a parameter of law and plant, as gains.csv behind study and seed";

    fn text(export: &Export) -> String {
        let of_gain = |prefix: &'static str| {
            move |gain: &ExportedGain| {
                let ExportedGain { parameter, value, searched } = gain;
                row(export, &format!("{prefix}{}", parameter.name), *value, parameter.unit, searched.as_ref())
            }
        };
        let law = export.law.iter().filter_map(|setting| match setting.value {
            SettingValue::Number(number) => {
                Some(row(export, &format!("law.{}", setting.name), number, setting.unit, None))
            }
            _ => None,
        });
        let header = OF_STUDIES.iter().chain(&LAW_COLUMNS).map(|name| (*name).to_owned()).collect();
        let rows = std::iter::once(header)
            .chain(export.gains.iter().map(of_gain("")))
            .chain(law)
            .chain(export.plant_parameters.iter().map(of_gain("plant.")));
        let mut csv = ::csv::Writer::from_writer(Vec::new());
        let written: Result<(), ::csv::Error> =
            rows.into_iter().try_for_each(|row: Vec<String>| csv.write_record(row));
        written.expect("memory has room, and all rows have the same length");
        String::from_utf8(csv.into_inner().expect("memory has room")).expect("texts only")
    }
}

/// The row of a number.
fn row(export: &Export, name: &str, value: f64, unit: &str, searched: Option<&Axis>) -> Vec<String> {
    let number = |value: f64| format!("{value:?}");
    let bound = |bound: fn(&Axis) -> f64| searched.map_or(String::new(), |axis| number(bound(axis)));
    let choice = |name: &&str| {
        let setting = export.law.iter().find(|setting| setting.name == *name);
        setting.map_or(String::new(), |setting| match setting.value {
            SettingValue::Name(name) => name.into(),
            SettingValue::Switch(on) => on.to_string(),
            SettingValue::Number(value) => number(value),
        })
    };
    let own = [
        text_cell(&export.study).into_owned(),
        export.seed.to_string(),
        export.controller.into(),
        name.into(),
        number(value),
        unit.into(),
        bound(|axis| axis.lower),
        bound(|axis| axis.upper),
        searched.is_some().to_string(),
        export.plant.into(),
    ];
    own.into_iter().chain(LAW_COLUMNS[1..].iter().map(choice)).collect()
}
