//! CSV: a row a parameter, as `gains.csv`, behind study and seed, so that those of several studies can stand in one table.
//!
//! What else the law depends on: its choices are columns behind those of `gains.csv`, its numbers are rows `law.…`, and the
//! parameters of the nominal plant are rows `plant.…`. The reader of gains ignores these.

use super::{Export, ExportedGain, Format, SettingValue};
use crate::Error;
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

    fn text(export: &Export) -> Result<String, Error> {
        let of_gain = |prefix: &'static str| {
            move |gain: &ExportedGain| {
                let ExportedGain { parameter, value, searched } = gain;
                let is_tuned = searched.is_some();
                row(
                    export,
                    &format!("{prefix}{}", parameter.name),
                    number(*value),
                    parameter.unit,
                    searched.as_ref(),
                    is_tuned,
                )
            }
        };
        let law = export.law.iter().filter_map(|setting| match setting.value {
            SettingValue::Number(value) => {
                Some(row(export, &format!("law.{}", setting.name), number(value), setting.unit, None, false))
            }
            _ if setting.tuned => Some(row(export, setting.name, said(setting.value), "1", None, true)),
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
        Ok(String::from_utf8(csv.into_inner().expect("memory has room")).expect("texts only"))
    }
}

/// A number to the last bit.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// What a setting is.
fn said(value: SettingValue) -> String {
    match value {
        SettingValue::Name(name) => name.into(),
        SettingValue::Switch(on) => on.to_string(),
        SettingValue::Number(value) => number(value),
    }
}

/// The row of a gain or a setting.
fn row(
    export: &Export,
    name: &str,
    value: String,
    unit: &str,
    searched: Option<&Axis>,
    is_tuned: bool,
) -> Vec<String> {
    let bound = |bound: fn(&Axis) -> f64| searched.map_or(String::new(), |axis| number(bound(axis)));
    let choice = |name: &&str| {
        let setting = export.law.iter().find(|setting| setting.name == *name);
        setting.map_or(String::new(), |setting| said(setting.value))
    };
    let own = [
        text_cell(&export.study).into_owned(),
        export.seed.to_string(),
        export.controller.into(),
        name.into(),
        value,
        unit.into(),
        bound(|axis| axis.lower),
        bound(|axis| axis.upper),
        is_tuned.to_string(),
        export.plant.into(),
    ];
    own.into_iter().chain(LAW_COLUMNS[1..].iter().map(choice)).collect()
}
