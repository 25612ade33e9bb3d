//! Numbers and names as people read them.

use std::collections::HashSet;
use std::path::Path;

use crate::costs::Usual;
use crate::parameter::{Parameter, Short};
use crate::registry::Member;
use crate::swarm::{Axis, Grid, Scale};

/// A number with six significant digits.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || !value.is_finite() {
        format!("{value}")
    } else if (1e-3..1e6).contains(&magnitude) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8")]
        let decimals = (5 - magnitude.log10().floor() as i32).clamp(0, 8) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.5e}")
    }
}

/// A number that bounds another from above, with so many decimals: rounded up, so that the claim stays true but for what arithmetic rounds.
pub(crate) fn at_most(value: f64, decimals: usize) -> String {
    let shown = |value: f64| format!("{value:.decimals$}");
    let rounded = shown(value);
    let below = value - rounded.parse().unwrap_or(value);
    if below > 1e-9 * value.abs() {
        let unit = 0.1_f64.powi(i32::try_from(decimals).unwrap_or(0));
        shown(value + unit)
    } else {
        rounded
    }
}

/// The value of a parameter: the name of a choice, or a number.
pub(crate) fn value_of(parameter: &Parameter, value: f64) -> String {
    parameter.chosen(value).map_or_else(|| number(value), String::from)
}

/// The same; a dash where there is none.
pub(crate) fn number_or_dash(value: f64) -> String {
    if value.is_finite() { number(value) } else { "–".into() }
}

/// A count with thousands separated.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

/// A rate with a unit prefix: `1.25 million`.
pub(crate) fn rate(value: f64) -> String {
    if value >= 1e6 { format!("{:.1} million", value / 1e6) } else { format!("{value:.0}") }
}

/// A range of times in the unit of the longer.
pub(crate) fn time_range([low, high]: [f64; 2]) -> String {
    let (unit, seconds, decimals) = match high {
        high if high < 99.5 => ("s", 1.0, 1),
        high if high < 99.5 * 60.0 => ("min", 60.0, 0),
        _ => ("h", 3600.0, 1),
    };
    let [low, high] = [low, high].map(|time| format!("{:.decimals$}", time / seconds));
    if low == high { format!("{high} {unit}") } else { format!("{low} to {high} {unit}") }
}

/// `1 gain`, `2 gains`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A path as a shell takes it.
pub(crate) fn pasted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A name of at most so many characters; a longer one loses its middle.
pub(crate) fn shortened(name: &str, length: usize) -> String {
    cut(name, length / 2, length)
}

/// A name of at most so many characters, of which the first `head` are kept.
fn cut(name: &str, head: usize, length: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= length {
        return name.into();
    }
    let tail = &characters[characters.len() - length.saturating_sub(head + 1)..];
    characters[..head].iter().chain(&['…']).chain(tail).collect()
}

/// Names of at most so many characters that differ where the given ones do. Where one is too long, all lose the words that they begin
/// and end with alike, and then their middle; where they differ in nothing else, they are numbered.
pub(crate) fn distinct(names: &[&str], length: usize) -> Vec<String> {
    let fits = |name: &str| name.chars().count() <= length;
    if names.iter().all(|name| fits(name)) {
        return names.iter().map(|name| (*name).into()).collect();
    }
    let names = without_common_ends(names);
    let whole: HashSet<&String> = names.iter().collect();
    // From the middle outwards.
    let mut heads: Vec<usize> = (1..length.saturating_sub(1)).collect();
    heads.sort_by_key(|head| head.abs_diff(length / 2));
    let cuts = heads.into_iter().map(|head| names.iter().map(|name| cut(name, head, length)).collect());
    let differ = |labels: &Vec<String>| labels.iter().collect::<HashSet<_>>().len() == whole.len();
    let numbered = |(place, name): (usize, &String)| {
        let number = format!("{}: ", place + 1);
        let left = length.saturating_sub(number.chars().count());
        number + &shortened(name, left)
    };
    cuts.into_iter().find(differ).unwrap_or_else(|| names.iter().enumerate().map(numbered).collect())
}

/// The names without the words with which all begin and end, a … in their place.
fn without_common_ends(names: &[&str]) -> Vec<String> {
    let is_joint = |c: char| matches!(c, '_' | '-' | ' ' | '/');
    let Some((first, others)) = names.split_first().filter(|(_, others)| !others.is_empty()) else {
        return names.iter().map(|name| (*name).into()).collect();
    };
    let common = |same: &dyn Fn(&str) -> usize| others.iter().map(|name| same(name)).min().unwrap_or(0);
    let alike = |pair: (char, char)| (pair.0 == pair.1).then(|| pair.0.len_utf8());
    let start = common(&|name| first.chars().zip(name.chars()).map_while(alike).sum());
    let end = common(&|name| first.chars().rev().zip(name.chars().rev()).map_while(alike).sum());
    // Whole words alone: up to behind a joint at the start, from before one at the end, which is not the sign in 1e-5.
    let start = first[..start].rfind(is_joint).map_or(0, |at| at + 1);
    let ending = &first[first.len() - end..];
    let begins_word = |at: usize| ending[at + 1..].starts_with(char::is_alphabetic);
    let joint = ending.char_indices().find(|&(at, c)| is_joint(c) && begins_word(at));
    let end = joint.map_or(0, |(at, _)| end - at);
    let shortest = names.iter().map(|name| name.len()).min().unwrap_or(0);
    let end = if start + end < shortest { end } else { 0 };
    let bare = |name: &&str| {
        let [before, behind] = [start, end].map(|gone| if gone > 0 { "…" } else { "" });
        format!("{before}{}{behind}", &name[start..name.len() - end])
    };
    names.iter().map(bare).collect()
}

/// The name of a term, a column or a model as people write it: `ISE` for `ise`, `control effort`, `double inverted pendulum`.
pub(crate) fn label(name: &str) -> String {
    let is_acronym = |usual: &Usual| usual.is_acronym() && usual.name() == name;
    if Usual::ALL.iter().any(is_acronym) { name.to_uppercase() } else { plain(name) }
}

/// Letters that names spell out.
const GREEK: [(&str, char); 12] = [
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("theta", 'θ'),
    ("lambda", 'λ'),
    ("phi", 'φ'),
    ("psi", 'ψ'),
    ("omega", 'ω'),
    ("sigma", 'σ'),
    ("tau", 'τ'),
    ("rho", 'ρ'),
];

/// A name of a model as people write it: `θ₁ rate` for `theta1_dot`; its meaning is known to the model alone.
pub(crate) fn plain(name: &str) -> String {
    if let Some(base) = name.strip_suffix("_dot") {
        return format!("{} rate", plain(base));
    }
    let subscript = |c: char| c.to_digit(10).and_then(|digit| char::from_u32('₀' as u32 + digit));
    let letter = GREEK.iter().find_map(|(spelt, letter)| Some((letter, name.strip_prefix(spelt)?)));
    match letter.filter(|(_, rest)| rest.chars().all(|c| c.is_ascii_digit())) {
        Some((letter, number)) => {
            std::iter::once(*letter).chain(number.chars().filter_map(subscript)).collect()
        }
        None => name.replace('_', " "),
    }
}

/// A label with its unit, as it stands along an axis: `θ₁ rate, rad/s`.
pub(crate) fn with_unit(label: String, unit: &str) -> String {
    match unit {
        "" | "1" => label,
        _ => format!("{label}, {unit}"),
    }
}

/// Where a gain is searched.
pub(crate) fn searched(axis: &Axis) -> String {
    let range = format!("{} … {}", Short(axis.lower), Short(axis.upper));
    match (axis.grid, axis.scale) {
        (Grid::Steps(1.0), _) => format!("{range}, whole"),
        (Grid::Steps(step), _) => format!("{range} in steps of {}", Short(step)),
        (Grid::Choices(names), _) => names.join(", "),
        (Grid::Values(values), _) => format!("{range}, {} values", values.len()),
        (Grid::None, Scale::Log10) => format!("{range} (log)"),
        (Grid::None, Scale::Linear) => range,
    }
}

#[cfg(test)]
fn quantity(name: &str, unit: &str) -> String {
    with_unit(label(name), unit)
}

/// A text in lines of at most so many characters, broken between its words, and within words behind `_`, `-` and `.`.
pub(crate) fn folded(text: &str, width: usize) -> String {
    let length = |text: &str| text.chars().count();
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        if !line.is_empty() && length(&line) + 1 + length(word) > width {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        for part in word.split_inclusive(['_', '-', '.']) {
            if !line.is_empty() && length(&line) + length(part) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(part);
        }
    }
    lines.push(line);
    lines.join("\n")
}

/// A text behind its lead, in lines that a terminal of 80 columns shows whole; those that follow begin with `mark`.
pub(crate) fn wrapped(lead: &str, mark: &str, text: &str) -> String {
    let indent = lead.chars().count();
    let mut lines = vec![lead.to_owned()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > indent && last + 1 + word.chars().count() > 80 {
            lines.push(format!("{mark:<indent$}"));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.chars().count() > indent { " " } else { "" });
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_keeps_both_of_its_ends() {
        assert_eq!(shortened("classical", 9), "classical");
        assert_eq!(shortened("hybrid_adaptive_super_twisting-seed1", 17), "hybrid_a…ng-seed1");
    }

    #[test]
    fn labels_keep_what_differs_and_are_never_the_same() {
        let same_end = ["classical_on_a_long_name", "adaptive_on_a_long_name"];
        assert_eq!(distinct(&same_end, 16), ["classical…", "adaptive…"]);
        // Whole words go: with one digit more they would be alike again.
        let same_start = ["night_shift_study-link1_mass0.2", "night_shift_study-link1_mass0.25"];
        assert_eq!(distinct(&same_start, 18), ["…mass0.2", "…mass0.25"]);
        let long: Vec<String> =
            ["a", "b", "c"].iter().map(|c| "x".repeat(30) + c + &"y".repeat(30)).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        let labels = distinct(&long, 12);
        assert_eq!(labels[1], "2: xxxx…yyyy");
        for labels in [labels, distinct(&["classical", "classical-kd20.0000000001"], 12)] {
            assert!(labels.iter().all(|label| label.chars().count() <= 12), "{labels:?}");
            assert!(labels.iter().collect::<HashSet<_>>().len() == labels.len(), "{labels:?}");
        }
    }

    #[test]
    fn a_bound_from_above_is_never_below_what_it_bounds() {
        for (value, decimals, shown) in [
            (0.0504, 3, "0.051"),
            (0.0507, 3, "0.051"),
            (0.050_000_1, 3, "0.051"),
            (0.05, 3, "0.050"),
            // What adding up steps leaves.
            (0.050_000_000_000_000_01, 3, "0.050"),
            (2.999_9, 3, "3.000"),
            (4.2e-4, 9, "0.000420000"),
        ] {
            assert_eq!(at_most(value, decimals), shown, "{value}");
        }
    }

    #[test]
    fn identifiers_become_labels() {
        let labels = [
            ("theta1_dot", "rad/s", "θ₁ rate, rad/s"),
            ("theta", "rad", "θ, rad"),
            ("theta12", "rad", "θ₁₂, rad"),
            ("x", "m", "x, m"),
            ("itse", "s²", "ITSE, s²"),
            ("control_effort", "1", "control effort"),
        ];
        for (name, unit, expected) in labels {
            assert_eq!(quantity(name, unit), expected);
        }
    }
}
