//! Where a parameter is searched: its bounds, its scale, and the values that it may have.

use serde_json::{Map, Value, json};

use super::ConfigError;
use crate::parameter::{Parameter, Short};
use crate::registry::Member;
use crate::swarm::{Axis, Grid, Scale};
use crate::text::{Section, kept_values, one_of};

/// Most values of a list.
const VALUES_MAX: usize = 1000;
/// Most steps between two bounds.
const STEPS_MAX: f64 = 1e9;

/// Preferred numbers of a decade (IEC 60063).
const SERIES: [(&str, &[f64]); 4] = [
    ("E3", &[1.0, 2.2, 4.7]),
    ("E6", &[1.0, 1.5, 2.2, 3.3, 4.7, 6.8]),
    ("E12", &[1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2]),
    (
        "E24",
        &[
            1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0, 3.3, 3.6, 3.9, 4.3, 4.7, 5.1, 5.6,
            6.2, 6.8, 7.5, 8.2, 9.1,
        ],
    ),
];

/// The axis of a table with `lower`, `upper` and `scale`, and one of `integer`, `step` and `values`; what it does not say is `usual`. Bounds that
/// are equal fix the value.
pub(super) fn read(section: &Section<'_>, range: &Parameter, usual: &Axis) -> Result<Axis, ConfigError> {
    if section.has("choices") {
        if range.choices.is_empty() {
            let remedy = "allowed: lower and upper; or values = [numbers]".into();
            return Err(section.error("choices", "is for choices among names, and this is a number", remedy));
        }
        return Ok(Axis::of_choices(range.choices));
    }
    let mut axis = Axis {
        lower: section.optional_number("lower", range)?.unwrap_or(usual.lower),
        upper: section.optional_number("upper", range)?.unwrap_or(usual.upper),
        scale: section.choice("scale", usual.scale)?,
        grid: Grid::None,
    };
    let said: Vec<&str> = ["integer", "step", "values"].into_iter().filter(|key| section.has(key)).collect();
    if let [first, second, ..] = said[..] {
        let problem = format!("cannot be combined with {first}");
        return Err(section.error(second, &problem, "keep one of integer, step and values".into()));
    }
    if let Some(values) = values(section, &axis, section.has("lower") && section.has("upper"))? {
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            let found = format!("has none from {} to {}", Short(axis.lower), Short(axis.upper));
            return Err(section.error("values", &found, "widen lower and upper".into()));
        };
        for value in [first, last] {
            if !range.allows(*value) {
                let found = format!("has {}", Short(*value));
                return Err(section.error("values", &found, format!("allowed: {}", range.allowed())));
            }
        }
        (axis.lower, axis.upper) = (*first, *last);
        axis.grid = Grid::Values(kept_values(values));
    }
    let step =
        Parameter::fixed("step", range.unit, 1.0, [f64::MIN_POSITIVE, f64::MAX], "distance of two values");
    let is_whole = section.switch("integer", false)?;
    if is_whole {
        (axis.lower, axis.upper) = (axis.lower.ceil(), axis.upper.floor());
    }
    if let Some(step) = section.optional_number("step", &step)?.or(is_whole.then_some(1.0)) {
        let steps = ((axis.upper - axis.lower) / step * (1.0 + 4.0 * f64::EPSILON)).floor();
        if !(0.0..=STEPS_MAX).contains(&steps) {
            let found = format!("makes {} steps from lower to upper", Short(steps));
            let key = if is_whole { "integer" } else { "step" };
            return Err(section.error(key, &found, format!("allowed: from 0 to {STEPS_MAX}")));
        }
        axis.upper = (axis.lower + steps * step).min(axis.upper);
        axis.grid = Grid::Steps(step);
    }
    ordered(section, &axis)?;
    Ok(axis)
}

/// Refuses bounds that are not in order, or have no logarithm.
fn ordered(section: &Section<'_>, axis: &Axis) -> Result<(), ConfigError> {
    if axis.lower > axis.upper {
        let problem = format!("= {} is above upper = {}", axis.lower, axis.upper);
        let remedy = "allowed: lower < upper, or lower = upper for a fixed value".into();
        return Err(section.error("lower", &problem, remedy));
    }
    if axis.scale == Scale::Log10 && axis.lower <= 0.0 {
        let problem = format!("= {} has no logarithm", axis.lower);
        return Err(section.error("lower", &problem, "allowed with scale = \"log10\": lower > 0".into()));
    }
    Ok(())
}

/// What `values` lists in order, each once; within the bounds where these are said.
fn values(section: &Section<'_>, axis: &Axis, is_bounded: bool) -> Result<Option<Vec<f64>>, ConfigError> {
    if !section.has("values") {
        return Ok(None);
    }
    let mut values = match section.text("values") {
        Ok(Some((name, _))) => {
            let Some((_, decade)) = SERIES.iter().find(|(series, _)| *series == name) else {
                let names = SERIES.map(|(series, _)| series);
                let problem = format!("= \"{}\" is unknown", name.escape_debug());
                let remedy = format!("allowed: {}, or an array of numbers", one_of(name, &names));
                return Err(section.error("values", &problem, remedy));
            };
            of_series(decade, axis)
        }
        _ => section.list("values")?.unwrap_or_default(),
    };
    values.sort_by(f64::total_cmp);
    values.dedup();
    if is_bounded {
        values.retain(|value| (axis.lower..=axis.upper).contains(value));
    }
    if values.len() > VALUES_MAX {
        let found = format!("has {} numbers", values.len());
        return Err(section.error("values", &found, format!("allowed: at most {VALUES_MAX}")));
    }
    Ok(Some(values))
}

/// The numbers of a series from the lower to the upper bound.
fn of_series(decade: &[f64], axis: &Axis) -> Vec<f64> {
    let decades = -30..30;
    // As they are written, so that they are the numbers that people mean.
    let number = |power: i32, mantissa: &f64| format!("{mantissa}e{power}").parse().unwrap_or(f64::NAN);
    let all = decades.flat_map(|power| decade.iter().map(move |mantissa| number(power, mantissa)));
    all.filter(|value| (axis.lower..=axis.upper).contains(value)).collect()
}

/// What a table says of an axis.
pub(super) fn written(axis: &Axis) -> Map<String, Value> {
    let mut map = Map::new();
    let mut add = |key: &str, value: Value| map.insert(key.into(), value);
    if let Grid::Choices(names) = axis.grid {
        add("choices", json!(names));
        return map;
    }
    add("lower", axis.lower.into());
    add("upper", axis.upper.into());
    add("scale", axis.scale.name().into());
    match axis.grid {
        Grid::None | Grid::Choices(_) => None,
        Grid::Steps(step) => add("step", step.into()),
        Grid::Values(values) => add("values", json!(values)),
    };
    map
}
