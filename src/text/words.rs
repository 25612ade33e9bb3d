//! Texts of a table among which `true` and `false` count too.

use toml::Spanned;
use toml::de::DeValue;

use super::asked::Told;
use super::{ConfigError, Section};

impl<'a> Section<'a> {
    /// A text, or `true` or `false` as one; `None` when it is absent.
    pub(crate) fn word(&self, key: &str) -> Result<Option<String>, ConfigError> {
        self.tell(key, || Told::new("a text, true or false", None));
        match self.find(key).and_then(|value| value.get_ref().as_bool()) {
            Some(switch) => Ok(Some(switch.to_string())),
            None => Ok(self.text(key)?.map(|(text, _)| text.to_owned())),
        }
    }

    /// An array of texts, where `true` and `false` count as such; `None` when it is absent.
    pub(crate) fn words(&self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        self.tell(key, || Told::new("an array of names", None));
        let Some(value) = self.find(key) else { return Ok(None) };
        let shape = || "an array of names, such as [\"tanh\", \"linear\"]";
        let DeValue::Array(array) = value.get_ref() else { return Err(self.refuse(key, value, shape())) };
        let word = |entry: &Spanned<DeValue<'a>>| match entry.get_ref() {
            DeValue::Boolean(switch) => Ok(switch.to_string()),
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.refuse(key, value, shape())),
        };
        array.iter().map(word).collect::<Result<_, _>>().map(Some)
    }
}
