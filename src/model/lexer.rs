//! Text → tokens: the first step from equations to a graph.

use super::Misread;
use super::language::SIGNS;

/// Longest name.
pub(super) const NAME_MAX: usize = 64;
/// Most numbers, names and signs of the equations of a model.
pub(super) const TOKENS_MAX: usize = 1 << 18;
/// Most of those of a single expression.
pub(super) const EXPRESSION_MAX: usize = 1 << 10;

/// A token and where it stands, as a range of bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    /// A name and how many primes stand behind it.
    Name(String, u8),
    /// `+ - * / ^ ( ) , = == != < <= > >=`, and `z+` as `+=` is never written: the sign of a next value is `+` before `=`.
    Sign(&'static str),
    /// The end of a line, or `;`.
    End,
}

/// All tokens of a text, of which there may be `most`; line ends within parentheses and behind an operator are none.
pub(super) fn tokens(text: &str, most: usize) -> Result<Vec<Token>, Misread> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut open = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = match c {
            '#' => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            '\n' | ';' => {
                let goes_on =
                    c == '\n' && (open > 0 || tokens.last().is_none_or(|last| wants_more(&last.kind)));
                if !goes_on {
                    tokens.push(Token { kind: Kind::End, at, end: at + 1 });
                }
                at += 1;
                continue;
            }
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            c if c.is_ascii_digit() || c == '.' => number(rest, at)?,
            c if c.is_alphabetic() || c == '_' => name(rest, at)?,
            '−' => (Kind::Sign("-"), c.len_utf8()),
            '·' | '×' => (Kind::Sign("*"), c.len_utf8()),
            '≤' => (Kind::Sign("<="), c.len_utf8()),
            '≥' => (Kind::Sign(">="), c.len_utf8()),
            _ => sign(rest, at)?,
        };
        match kind {
            Kind::Sign("(") => open += 1,
            Kind::Sign(")") => open = open.saturating_sub(1),
            _ => {}
        }
        if tokens.len() == most {
            return Err(Misread::new(
                at,
                "the text is too long from here on",
                format!("allowed: {most} numbers, names and signs"),
            ));
        }
        tokens.push(Token { kind, at, end: at + length });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, at, end: at });
    Ok(tokens)
}

/// Whether a statement cannot end behind a token.
fn wants_more(last: &Kind) -> bool {
    match last {
        Kind::End => true,
        Kind::Sign(sign) => *sign != ")",
        Kind::Name(name, _) => matches!(name.as_str(), "and" | "or" | "not" | "if" | "then" | "else"),
        Kind::Number(_) => false,
    }
}

fn number(rest: &str, at: usize) -> Result<(Kind, usize), Misread> {
    let mut end = 0;
    let mut before = ' ';
    for c in rest.chars() {
        let belongs = c.is_ascii_digit()
            || c == '.'
            || matches!(c, 'e' | 'E')
            || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E'));
        if !belongs {
            break;
        }
        end += 1;
        before = c;
    }
    let text = &rest[..end];
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Kind::Number(value), end)),
        _ => Err(Misread::new(at, format!("`{text}` is not a number"), "allowed: such as 2, 0.5 or 1e-3")),
    }
}

fn name(rest: &str, at: usize) -> Result<(Kind, usize), Misread> {
    let belongs = |c: char| c.is_alphanumeric() || c == '_';
    let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    if name.chars().count() > NAME_MAX {
        return Err(Misread::new(
            at,
            "this name is too long",
            format!("allowed: names of at most {NAME_MAX} characters"),
        ));
    }
    let primes = rest[end..].chars().take_while(|c| matches!(c, '\'' | '′')).count();
    let length: usize = rest[end..].chars().take(primes).map(char::len_utf8).sum();
    if primes > 2 {
        return Err(Misread::new(
            at,
            format!("`{name}` has {primes} primes"),
            "allowed: one or two; give a derivative of higher order a state of its own",
        ));
    }
    #[allow(clippy::cast_possible_truncation, reason = "at most 2")]
    let primes = primes as u8;
    Ok((Kind::Name(name.into(), primes), end + length))
}

fn sign(rest: &str, at: usize) -> Result<(Kind, usize), Misread> {
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Kind::Sign(sign), sign.len()));
    }
    let c = rest.chars().next().unwrap_or(' ');
    Err(Misread::new(
        at,
        format!("`{}` has no meaning here", c.escape_debug()),
        "allowed: numbers, names, + - * / ^ ( ) , = == != < <= > >=, and # before a remark",
    ))
}
