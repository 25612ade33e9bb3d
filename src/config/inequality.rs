//! Reading a gain constraint: `sum > sum`, with `>`, `>=`, `<` or `<=`, where a sum is made of numbers, gains, and gains
//! multiplied by a number.

use crate::constraint::Constraint;
use crate::parameter::Parameter;
use crate::text::one_of;

/// What is wrong, at which character of the text, and what is allowed there.
pub(super) struct Misread {
    at: usize,
    problem: String,
    pub(super) remedy: String,
}

impl Misread {
    /// The problem over the text with a mark below the place.
    pub(super) fn show(&self, text: &str) -> String {
        let shown: String = text.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        let place = self.at + 1;
        format!("{} at character {place}:\n    {shown}\n    {:>place$}", self.problem, '^')
    }
}

/// The constraint that `text` says about the parameters.
pub(super) fn read(text: &str, parameters: &[Parameter]) -> Result<Constraint, Misread> {
    let mut reader = Reader { text: text.chars().collect(), at: 0, parameters };
    let mut constraint =
        Constraint { text: text.into(), weights: vec![0.0; parameters.len()], constant: 0.0, strict: true };
    reader.sum(1.0, &mut constraint)?;
    let (sign, strict) = reader.relation()?;
    reader.sum(-1.0, &mut constraint)?;
    reader.end()?;
    constraint.strict = strict;
    if sign < 0.0 {
        constraint.weights.iter_mut().chain([&mut constraint.constant]).for_each(|weight| *weight = -*weight);
    }
    Ok(constraint)
}

struct Reader<'a> {
    text: Vec<char>,
    at: usize,
    parameters: &'a [Parameter],
}

impl Reader<'_> {
    /// Adds `side` times a sum to the left side of the constraint.
    fn sum(&mut self, side: f64, constraint: &mut Constraint) -> Result<(), Misread> {
        let mut sign = match self.peek() {
            Some('-') => self.skip(-side),
            Some('+') => self.skip(side),
            _ => side,
        };
        loop {
            self.term(sign, constraint)?;
            sign = match self.peek() {
                Some('-') => self.skip(-side),
                Some('+') => self.skip(side),
                _ => return Ok(()),
            };
        }
    }

    /// Adds `sign` times a number, a gain, or their product in either order.
    fn term(&mut self, sign: f64, constraint: &mut Constraint) -> Result<(), Misread> {
        let (mut factor, mut gain) = (None, None);
        loop {
            match self.peek() {
                Some(c) if gain.is_none() && (c.is_ascii_alphabetic() || c == '_') => {
                    gain = Some(self.gain()?);
                }
                Some(c) if factor.is_none() && (c.is_ascii_digit() || c == '.') => {
                    factor = Some(self.number()?);
                }
                _ => {
                    let wanted = match (factor, gain) {
                        (None, None) => "a gain or a number is expected",
                        (Some(_), None) => "a gain is expected",
                        _ => "a number is expected",
                    };
                    return Err(self.misread(wanted));
                }
            }
            if gain.is_some() && factor.is_some() || self.peek() != Some('*') {
                break;
            }
            self.at += 1;
        }
        let factor = sign * factor.unwrap_or(1.0);
        match gain {
            Some(gain) => constraint.weights[gain] += factor,
            None => constraint.constant += factor,
        }
        Ok(())
    }

    fn gain(&mut self) -> Result<usize, Misread> {
        let start = self.at;
        let name = self.take(|c, _| c.is_ascii_alphanumeric() || c == '_');
        self.parameters.iter().position(|parameter| parameter.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
            let remedy = format!("allowed: {}", one_of(&name, &names));
            Misread { at: start, problem: format!("unknown gain `{name}`"), remedy }
        })
    }

    fn number(&mut self) -> Result<f64, Misread> {
        let start = self.at;
        let signed = |c, before| matches!(c, '+' | '-') && matches!(before, Some('e' | 'E'));
        let text = self.take(|c, before| c.is_ascii_alphanumeric() || c == '.' || signed(c, before));
        text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
            let remedy = "allowed: such as 2, 0.5 or 1e-3".into();
            Misread { at: start, problem: format!("`{text}` is not a number"), remedy }
        })
    }

    /// +1 for `>`, −1 for `<`, and whether equality is excluded.
    fn relation(&mut self) -> Result<(f64, bool), Misread> {
        let sign = match self.peek() {
            Some('>') => self.skip(1.0),
            Some('<') => self.skip(-1.0),
            _ => return Err(self.misread("`>`, `>=`, `<` or `<=` is expected")),
        };
        let strict = self.text.get(self.at) != Some(&'=');
        self.at += usize::from(!strict);
        Ok((sign, strict))
    }

    fn end(&mut self) -> Result<(), Misread> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.misread("the end is expected")),
        }
    }

    /// The next character that is not a space.
    fn peek(&mut self) -> Option<char> {
        while self.text.get(self.at) == Some(&' ') {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, value: f64) -> f64 {
        self.at += 1;
        value
    }

    /// Something else was expected here.
    fn misread(&self, wanted: &str) -> Misread {
        let remedy =
            "allowed: sums of gains, numbers and products such as 2 * k1 on both sides of >, >=, < or <=";
        Misread { at: self.at, problem: wanted.into(), remedy: remedy.into() }
    }

    /// The characters from here on that `belongs` accepts, given the one before.
    fn take(&mut self, belongs: impl Fn(char, Option<char>) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.text.get(self.at).copied().filter(|c| belongs(*c, taken.chars().last())) {
            taken.push(c);
            self.at += 1;
        }
        taken
    }
}
