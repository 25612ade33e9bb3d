//! Numbers of a table, alone and in arrays.

use toml::Spanned;
use toml::de::DeValue;

use super::asked::Told;
use super::{ConfigError, Section};
use crate::parameter::Parameter;

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Section<'a> {
    /// A number with the default and range of `parameter`.
    pub(crate) fn number(&self, parameter: &Parameter) -> Result<f64, ConfigError> {
        self.tell(parameter.name, || Told::of(parameter));
        let Some(value) = self.find(parameter.name) else { return Ok(parameter.default) };
        let allowed = || parameter.allowed();
        let number = number(value.get_ref()).ok_or_else(|| self.refuse(parameter.name, value, allowed()))?;
        if parameter.allows(number) { Ok(number) } else { Err(self.refuse(parameter.name, value, allowed())) }
    }

    /// A number for each of some parameters.
    pub(crate) fn values(&self, parameters: &[Parameter]) -> Result<Vec<f64>, ConfigError> {
        parameters.iter().map(|parameter| self.number(parameter)).collect()
    }

    /// A number that has no default, within `range`; `None` when it is absent.
    pub(crate) fn optional_number(&self, key: &str, range: &Parameter) -> Result<Option<f64>, ConfigError> {
        self.tell(key, || Told { default: None, ..Told::of(range).named(key == range.name) });
        let renamed = self.find(key).map(|value| {
            number(value.get_ref()).filter(|number| range.allows(*number)).ok_or_else(|| {
                self.refuse(key, value, format!("{} (the range of {})", range.allowed(), range.name))
            })
        });
        renamed.transpose()
    }

    /// `[lower, upper]`, or a number r for ±r, within the range of `parameter`; its default alone when it is absent.
    pub(crate) fn range(&self, parameter: &Parameter) -> Result<[f64; 2], ConfigError> {
        let allowed = || format!("[lower, upper], or r for [-r, r]; each {}", parameter.allowed());
        self.tell(parameter.name, || Told { allowed: allowed(), ..Told::of(parameter) });
        let Some(value) = self.find(parameter.name) else { return Ok([parameter.default; 2]) };
        let bounds = match value.get_ref() {
            DeValue::Array(array) if array.len() == 2 => {
                number(array[0].get_ref()).zip(number(array[1].get_ref()))
            }
            half => number(half).map(|half| (-half, half)),
        };
        let fits = |(lower, upper): &(f64, f64)| {
            parameter.allows(*lower) && parameter.allows(*upper) && lower <= upper
        };
        let range = bounds.filter(fits).map(|(lower, upper)| [lower, upper]);
        range.ok_or_else(|| self.refuse(parameter.name, value, allowed()))
    }

    /// As many numbers as `ranges`, each within its own.
    pub(crate) fn numbers(&self, key: &str, ranges: &[Parameter]) -> Result<Vec<f64>, ConfigError> {
        self.tell(key, || Told::new(shape(ranges), None));
        match self.find(key) {
            Some(value) => self.row(key, value, ranges),
            None => Err(self.missing(key, shape(ranges))),
        }
    }

    fn row(&self, key: &str, value: &Value<'_>, ranges: &[Parameter]) -> Result<Vec<f64>, ConfigError> {
        let DeValue::Array(array) = value.get_ref() else {
            return Err(self.refuse(key, value, shape(ranges)));
        };
        if array.len() != ranges.len() {
            return Err(self.refuse(key, value, shape(ranges)));
        }
        let element = |(element, range): (&Value<'_>, &Parameter)| {
            number(element.get_ref())
                .filter(|number| range.allows(*number))
                .ok_or_else(|| self.refuse(&format!("{key}[{}]", range.name), element, range.allowed()))
        };
        array.iter().zip(ranges).map(element).collect()
    }

    /// An array of up to `most` arrays of numbers, each within its own of `ranges`; `None` when it is another array or absent.
    pub(crate) fn rows(
        &self,
        key: &str,
        most: usize,
        ranges: &[Parameter],
    ) -> Result<Option<Vec<Vec<f64>>>, ConfigError> {
        self.tell(key, || Told::new(format!("at most {most} rows, each {}", shape(ranges)), None));
        let Some(value) = self.find(key) else { return Ok(None) };
        let DeValue::Array(array) = value.get_ref() else { return Ok(None) };
        let is_row = |entry: &Value<'_>| matches!(entry.get_ref(), DeValue::Array(_));
        if array.is_empty() || array.len() > most || !array.iter().all(is_row) {
            return Ok(None);
        }
        let row = |entry: &Value<'a>| self.row(key, entry, ranges);
        array.iter().map(row).collect::<Result<_, _>>().map(Some)
    }

    /// An array of two numbers, the first below the second; `None` when it is absent.
    pub(crate) fn pair(&self, key: &str) -> Result<Option<[f64; 2]>, ConfigError> {
        self.tell(key, || Told::new("[lower, upper], lower < upper", None));
        let Some(value) = self.find(key) else { return Ok(None) };
        let numbers = match value.get_ref() {
            DeValue::Array(array) if array.len() == 2 => {
                number(array[0].get_ref()).zip(number(array[1].get_ref()))
            }
            _ => None,
        };
        let fits = numbers.filter(|(low, high)| low < high && low.is_finite() && high.is_finite());
        fits.map(|(low, high)| Some([low, high]))
            .ok_or_else(|| self.refuse(key, value, "[lower, upper], lower < upper"))
    }

    /// An array of finite numbers; `None` when it is absent.
    pub(crate) fn list(&self, key: &str) -> Result<Option<Vec<f64>>, ConfigError> {
        self.tell(key, || Told::new("an array of numbers", None));
        let Some(value) = self.find(key) else { return Ok(None) };
        let numbers = value.get_ref().as_array().and_then(|array| array.iter().map(finite).collect());
        numbers.map(Some).ok_or_else(|| self.refuse(key, value, "an array of numbers"))
    }

    /// An array of arrays of finite numbers, of which an array of numbers is one and a number one of one; `None` when it is absent.
    pub(crate) fn matrix(&self, key: &str) -> Result<Option<Vec<Vec<f64>>>, ConfigError> {
        self.tell(key, || Told::new("rows of numbers", None));
        let Some(value) = self.find(key) else { return Ok(None) };
        let row =
            |entry: &Value<'_>| entry.get_ref().as_array()?.iter().map(finite).collect::<Option<Vec<f64>>>();
        let rows = || value.get_ref().as_array()?.iter().map(row).collect::<Option<Vec<_>>>();
        let matrix =
            finite(value).map(|number| vec![vec![number]]).or_else(|| Some(vec![row(value)?])).or_else(rows);
        matrix.map(Some).ok_or_else(|| self.refuse(key, value, "rows of numbers, such as [[0, 1], [-2, -3]]"))
    }

    /// A finite number; `None` when it is absent.
    pub(crate) fn any_number(&self, key: &str) -> Result<Option<f64>, ConfigError> {
        self.tell(key, || Told::new("a number", None));
        let Some(value) = self.find(key) else { return Ok(None) };
        finite(value).map(Some).ok_or_else(|| self.refuse(key, value, "a number"))
    }
}

/// What an array of numbers looks like.
fn shape(ranges: &[Parameter]) -> String {
    let names: Vec<&str> = ranges.iter().map(|range| range.name).collect();
    format!("an array of {} numbers [{}]", ranges.len(), names.join(", "))
}

/// A finite number.
fn finite(entry: &Value<'_>) -> Option<f64> {
    number(entry.get_ref()).filter(|number| number.is_finite())
}

/// A float or an integer.
fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        #[allow(clippy::cast_precision_loss, reason = "a whole number stands for the nearest float")]
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|whole| whole as f64)
        }
        _ => None,
    }
}
