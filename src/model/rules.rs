//! What a law says of the published rules for PID: what their gain and times come to in its own gains.
//!
//! ```toml
//! [rules]                      # K, Ti and Td of the ideal form K (1 + 1/(Ti s) + Td s)
//! Kp      = "K"
//! Ki      = "K/Ti"
//! Kd      = "K*Td"
//! at_rest = "integral_start"   # its output where there is no error
//! ```

use super::{Parameter, names};
use crate::text::{ConfigError, Section, one_of};

/// What a published rule gives.
const OF_A_RULE: [&str; 3] = ["K", "Ti", "Td"];
/// The key of the output at rest.
pub(crate) const AT_REST: &str = "at_rest";

/// What the gain and the times of a published rule come to in a law.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleGains {
    /// Gains, each with an expression of K, Ti and Td.
    pub gains: Vec<(String, String)>,
    /// The law's output where there is no error: an expression of its gains.
    pub at_rest: String,
}

impl RuleGains {
    /// Whether an expression asks for a name.
    #[must_use]
    pub fn asks_for(&self, wanted: &str) -> bool {
        let texts = self.gains.iter().filter_map(|(_, text)| names(text).ok());
        texts.flatten().any(|(_, name)| name == wanted)
    }
}

/// Reads `[rules]` of a law with these gains; nothing where it is not there.
pub(super) fn read(root: &Section<'_>, gains: &[Parameter]) -> Result<Option<RuleGains>, ConfigError> {
    if !root.has("rules") {
        return Ok(None);
    }
    let section = root.section("rules")?;
    let own: Vec<&str> = gains.iter().map(|gain| gain.quantity.name.as_str()).collect();
    let expression = |key: &str, known: &[&str]| -> Result<Option<String>, ConfigError> {
        let Some((text, _)) = section.text(key)? else { return Ok(None) };
        let named = names(text).map_err(|error| section.error(key, &error.marked(text), error.remedy))?;
        match named.iter().find(|(_, name)| !known.contains(&name.as_str())) {
            None => Ok(Some(text.to_owned())),
            Some((_, name)) => {
                let problem = format!("= \"{}\": `{name}` is unknown", text.escape_debug());
                Err(section.error(key, &problem, format!("allowed: {}", one_of(name, known))))
            }
        }
    };
    let mut rules =
        RuleGains { gains: Vec::new(), at_rest: expression(AT_REST, &own)?.unwrap_or_else(|| "0".into()) };
    for gain in &own {
        if let Some(text) = expression(gain, &OF_A_RULE)? {
            rules.gains.push(((*gain).to_owned(), text));
        }
    }
    section.finish()?;
    Ok(Some(rules))
}
