//! Numbers and names as people read them.

use std::path::Path;

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

/// A name of at most so many characters; a longer one keeps its end, in which such names differ.
pub(crate) fn shortened(name: &str, length: usize) -> String {
    let characters = name.chars().count();
    if characters <= length {
        return name.into();
    }
    std::iter::once('…').chain(name.chars().skip(characters + 1 - length)).collect()
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
