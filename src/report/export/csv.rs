//! CSV: a row a parameter, as `gains.csv`, behind study and seed, so that those of several studies can stand in one table.

use super::{Export, Format};
use crate::report::gains::OF_STUDIES;
use crate::report::text_cell;

/// A table, a row a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Csv;

impl Format for Csv {
    const NAME: &'static str = "csv";
    const SUMMARY: &'static str = "a table, a row a parameter, as gains.csv behind study and seed";

    fn text(export: &Export) -> String {
        let number = |value: f64| format!("{value:?}");
        let (study, seed) = (text_cell(&export.study), export.seed.to_string());
        let rows = export.gains.iter().map(|gain| {
            let axis = gain.searched.as_ref();
            [
                study.to_string(),
                seed.clone(),
                export.controller.name().into(),
                gain.parameter.name.into(),
                number(gain.value),
                gain.parameter.unit.into(),
                axis.map_or(String::new(), |axis| number(axis.lower)),
                axis.map_or(String::new(), |axis| number(axis.upper)),
                axis.is_some().to_string(),
            ]
        });
        let mut csv = ::csv::Writer::from_writer(Vec::new());
        let written: Result<(), ::csv::Error> = std::iter::once(OF_STUDIES.map(String::from))
            .chain(rows)
            .try_for_each(|row| csv.write_record(row));
        written.expect("memory has room, and all rows have the same length");
        String::from_utf8(csv.into_inner().expect("memory has room")).expect("texts only")
    }
}
