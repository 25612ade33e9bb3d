//! What a line tells: the costs of positions.

use std::io;

use serde::Deserialize;

use crate::Error;
use crate::swarm::pareto::Costs;

/// A line that comes back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    tell: Tell,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tell {
    /// Which positions are told; all in their order where they are not named.
    ids: Option<Vec<u64>>,
    costs: Option<Vec<Option<f64>>>,
    objectives: Option<Vec<Option<Vec<Option<f64>>>>>,
    violations: Option<Vec<Option<f64>>>,
}

/// What an answer may be about.
pub(super) struct Expected<'a> {
    /// The generation that was asked for.
    pub(super) generation: u64,
    /// How many objectives there are.
    pub(super) objectives: usize,
    /// The ids of the positions that may be told.
    pub(super) ids: &'a [u64],
    /// What is allowed instead of an id that is not among them.
    pub(super) allowed: &'a str,
}

impl Expected<'_> {
    /// What a line tells: of all positions in their order, or of those that it names, each once.
    pub(super) fn read(&self, line: io::Result<String>) -> Result<Vec<(u64, Costs)>, Error> {
        let text = line.map_err(|error| self.refuse(format!("cannot be read: {error}")))?;
        if text.is_empty() {
            return Err(self.refuse("is missing: the input ended".into()));
        }
        let tell = serde_json::from_str::<Line>(&finite(&text))
            .map_err(|error| self.refuse(format!("is not understood: {error}")))?
            .tell;
        self.pairs(tell).map_err(|found| self.refuse(found))
    }

    /// The ids that are told with their costs; what is wrong with them.
    fn pairs(&self, tell: Tell) -> Result<Vec<(u64, Costs)>, String> {
        let (what, costs) = costs(tell.costs, tell.objectives, self.objectives)?;
        let of = if tell.ids.is_some() { "ids" } else { "positions" };
        let ids = tell.ids.unwrap_or_else(|| self.ids.to_vec());
        let count = |what: &str, found: usize| {
            let wanted = ids.len();
            if found == wanted { Ok(()) } else { Err(format!("has {found} {what} for {wanted} {of}")) }
        };
        count(what, costs.len())?;
        let violations = tell.violations.unwrap_or_else(|| vec![Some(0.0); ids.len()]);
        count("violations", violations.len())?;
        if let Some(negative) = violations.iter().flatten().find(|violation| **violation < 0.0) {
            return Err(format!("has a violation of {negative}; 0 is feasible"));
        }
        for (place, id) in ids.iter().enumerate() {
            if !self.ids.contains(id) {
                return Err(format!("names id {id}, and {}", self.allowed));
            }
            if ids[..place].contains(id) {
                return Err(format!("tells id {id} twice"));
            }
        }
        let told = costs.into_iter().zip(violations);
        let told = told.map(|(of, violation)| Costs { violation: violation.unwrap_or(f64::NAN), ..of });
        Ok(ids.into_iter().zip(told).collect())
    }

    /// That an answer cannot be used.
    pub(super) fn refuse(&self, found: String) -> Error {
        let form = match self.objectives {
            1 => "{\"tell\":{\"costs\":[…]}} with a number or null a position".into(),
            several => {
                format!("{{\"tell\":{{\"objectives\":[[…],…]}}}} with {several} numbers or null a position")
            }
        };
        let remedy = format!("expected {form}, \"violations\":[…] if wanted, and \"ids\":[…] for a part");
        Error::Answer { generation: self.generation, found, remedy }
    }
}

/// The costs of each position that an answer tells, and what it calls them; what is wrong with them.
fn costs(
    single: Option<Vec<Option<f64>>>,
    several: Option<Vec<Option<Vec<Option<f64>>>>>,
    objectives: usize,
) -> Result<(&'static str, Vec<Costs>), String> {
    let number = |cost: &Option<f64>| cost.unwrap_or(f64::NAN);
    match (single, several) {
        (Some(costs), None) if objectives == 1 => {
            Ok(("costs", costs.iter().map(|cost| Costs::feasible(&[number(cost)])).collect()))
        }
        (None, Some(rows)) if objectives > 1 => {
            let row = |row: Option<Vec<Option<f64>>>| {
                let row = row.unwrap_or_else(|| vec![None; objectives]);
                if row.len() != objectives {
                    return Err(format!("has {} costs of a position for {objectives} objectives", row.len()));
                }
                Ok(Costs::feasible(&row.iter().map(number).collect::<Vec<_>>()))
            };
            Ok(("objectives", rows.into_iter().map(row).collect::<Result<_, _>>()?))
        }
        _ if objectives == 1 => Err("does not have \"costs\" alone".into()),
        _ => Err("does not have \"objectives\" alone".into()),
    }
}

/// A line with `null` for every number that is not finite: JSON has no such numbers, but many programs write them.
fn finite(line: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let (mut json, mut rest) = (String::with_capacity(line.len()), line);
    while let Some(start) = rest.find(|c| c == '"' || is_word(c)) {
        let (before, token) = rest.split_at(start);
        let end = if token.starts_with('"') { end_of_string(token) } else { token.find(|c| !is_word(c)) };
        let (token, after) = token.split_at(end.unwrap_or(token.len()));
        let is_lost = token.parse().is_ok_and(|number: f64| !number.is_finite());
        json.push_str(before);
        json.push_str(if is_lost { "null" } else { token });
        rest = after;
    }
    json + rest
}

/// Where the string ends that a text begins with.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = true;
    let ends = |(_, c): &(usize, char)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    };
    text.char_indices().find(ends).map(|(end, _)| end + 1)
}

#[cfg(test)]
mod tests {
    use super::finite;

    #[test]
    fn numbers_that_are_not_finite_become_null_and_everything_else_stays() {
        for number in ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "nan", "-inf"] {
            assert_eq!(finite(&format!("[1.5,{number}, 2]\n")), "[1.5,null, 2]\n");
        }
        for same in
            ["", "nonsense", "[1e-400,-0.0,true,null]", "{\"NaN\":\"a\\\\\",\"\\\"Infinity\":[2e300]}"]
        {
            assert_eq!(finite(same), same);
        }
        assert_eq!(finite("{\"a\\\\\":NaN,\"b"), "{\"a\\\\\":null,\"b");
    }
}
