//! Units as exponents of the base units of the SI: enough to find an equation whose sides do not fit.
//!
//! Factors such as those of `kg` against `g` or of `rpm` are not looked at: a model converts where it must. An angle (`rad`, `deg`) is a
//! pure number. Exponents are whole or halves or thirds, for roots.

use std::fmt;

/// Exponents of m, kg, s, A, K, mol, cd, in sixths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Unit([i16; 7]);

const BASE: [&str; 7] = ["m", "kg", "s", "A", "K", "mol", "cd"];

/// Largest exponent, in sixths.
const EXPONENT_MAX: i32 = 6 * 64;

/// Names beyond the base units, with their exponents of m, kg, s, A, K, mol, cd.
const DERIVED: &[(&str, [i16; 7])] = &[
    ("1", [0; 7]),
    ("%", [0; 7]),
    ("rad", [0; 7]),
    ("deg", [0; 7]),
    ("°", [0; 7]),
    ("dB", [0; 7]),
    ("g", [0, 1, 0, 0, 0, 0, 0]),
    ("t", [0, 1, 0, 0, 0, 0, 0]),
    ("min", [0, 0, 1, 0, 0, 0, 0]),
    ("h", [0, 0, 1, 0, 0, 0, 0]),
    ("d", [0, 0, 1, 0, 0, 0, 0]),
    ("Hz", [0, 0, -1, 0, 0, 0, 0]),
    ("rpm", [0, 0, -1, 0, 0, 0, 0]),
    ("N", [1, 1, -2, 0, 0, 0, 0]),
    ("Pa", [-1, 1, -2, 0, 0, 0, 0]),
    ("bar", [-1, 1, -2, 0, 0, 0, 0]),
    ("J", [2, 1, -2, 0, 0, 0, 0]),
    ("W", [2, 1, -3, 0, 0, 0, 0]),
    ("C", [0, 0, 1, 1, 0, 0, 0]),
    ("V", [2, 1, -3, -1, 0, 0, 0]),
    ("F", [-2, -1, 4, 2, 0, 0, 0]),
    ("ohm", [2, 1, -3, -2, 0, 0, 0]),
    ("Ω", [2, 1, -3, -2, 0, 0, 0]),
    ("S", [-2, -1, 3, 2, 0, 0, 0]),
    ("Wb", [2, 1, -2, -1, 0, 0, 0]),
    ("T", [0, 1, -2, -1, 0, 0, 0]),
    ("H", [2, 1, -2, -2, 0, 0, 0]),
    ("L", [3, 0, 0, 0, 0, 0, 0]),
    ("l", [3, 0, 0, 0, 0, 0, 0]),
    ("°C", [0, 0, 0, 0, 1, 0, 0]),
    ("degC", [0, 0, 0, 0, 1, 0, 0]),
];

const SUPERSCRIPTS: [(char, char); 12] = [
    ('⁰', '0'),
    ('¹', '1'),
    ('²', '2'),
    ('³', '3'),
    ('⁴', '4'),
    ('⁵', '5'),
    ('⁶', '6'),
    ('⁷', '7'),
    ('⁸', '8'),
    ('⁹', '9'),
    ('⁻', '-'),
    ('½', '½'),
];

/// The names that a unit may be made of: those of the base units, and others.
pub fn names() -> impl Iterator<Item = &'static str> {
    BASE.into_iter().chain(DERIVED.iter().map(|(name, _)| *name))
}

/// What may stand before them.
pub const PREFIXES: [&str; 10] = ["da", "m", "k", "M", "µ", "μ", "u", "n", "c", "G"];

impl Unit {
    /// A pure number.
    pub const NONE: Self = Self([0; 7]);
    /// The second.
    pub const SECOND: Self = Self([0, 0, 6, 0, 0, 0, 0]);

    /// What `text` says: factors with powers, such as `kg m²`, `N m s/rad`, `m/s^2`, `N/(rad/s)^½`. A `/` divides by the next factor alone.
    ///
    /// # Errors
    ///
    /// With the part that is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let characters: Vec<char> = text.chars().filter(|c| !matches!(c, '·' | '*' | '.')).collect();
        let mut reader = Reader { characters: &characters, at: 0, depth: 0 };
        let unit = reader.product()?;
        if reader.at < characters.len() {
            return Err(characters[reader.at..].iter().collect());
        }
        Ok(unit)
    }

    /// Whether it is that of a pure number.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The unit of a product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k].saturating_add(other.0[k])))
    }

    /// The unit of a quotient.
    #[must_use]
    pub fn per(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k].saturating_sub(other.0[k])))
    }

    /// The unit of a power; `None` where an exponent would be no sixth, or too large.
    #[must_use]
    pub fn power(self, power: f64) -> Option<Self> {
        let mut unit = Self::NONE;
        for (exponent, own) in unit.0.iter_mut().zip(self.0) {
            let sixths = f64::from(own) * power;
            let is_near = (sixths - sixths.round()).abs() < 1e-9 && sixths.abs() <= f64::from(EXPONENT_MAX);
            #[allow(clippy::cast_possible_truncation, reason = "bounded")]
            let whole = sixths.round() as i16;
            *exponent = is_near.then_some(whole)?;
        }
        Some(unit)
    }

    fn named(name: &str) -> Option<Self> {
        let plain = |name: &str| {
            let base = BASE.iter().position(|base| *base == name).map(|place| {
                let mut exponents = [0; 7];
                exponents[place] = 1;
                exponents
            });
            base.or_else(|| DERIVED.iter().find(|(known, _)| *known == name).map(|(_, exponents)| *exponents))
        };
        let prefixed = || PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix).and_then(plain));
        plain(name).or_else(prefixed).map(|exponents| Self(exponents.map(|exponent| 6 * exponent)))
    }
}

impl fmt::Display for Unit {
    /// As a product of base units, or one of the derived names: `kg m²/s³`, `V`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("1");
        }
        let known = ["N", "J", "W", "V", "Ω", "Pa", "F", "H", "Wb", "C"];
        if let Some(name) = known.iter().find(|name| Self::named(name) == Some(*self)) {
            return f.write_str(name);
        }
        let factor = |(name, exponent): (&str, i16)| {
            let sixths = exponent.abs();
            let power = match sixths {
                6 => String::new(),
                12 => "²".into(),
                18 => "³".into(),
                other if other % 6 == 0 => format!("^{}", other / 6),
                other if other % 3 == 0 => format!("^({}/2)", other / 3),
                other if other % 2 == 0 => format!("^({}/3)", other / 2),
                other => format!("^({other}/6)"),
            };
            format!("{name}{power}")
        };
        // Masses first, as one says kg m².
        let order = [1, 0, 2, 3, 4, 5, 6].map(|place| (BASE[place], self.0[place]));
        let above: Vec<String> = order.into_iter().filter(|(_, e)| *e > 0).map(factor).collect();
        let below: Vec<String> = order.into_iter().filter(|(_, e)| *e < 0).map(factor).collect();
        let above = if above.is_empty() { "1".into() } else { above.join(" ") };
        f.write_str(&above)?;
        below.iter().try_for_each(|factor| write!(f, "/{factor}"))
    }
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.characters.get(self.at).copied()
    }

    fn rest(&self) -> String {
        self.characters[self.at.min(self.characters.len())..].iter().collect()
    }

    fn product(&mut self) -> Result<Unit, String> {
        let mut unit = Unit::NONE;
        while let Some(c) = self.peek() {
            match c {
                ')' => break,
                '/' => {
                    self.at += 1;
                    unit = unit.per(self.factor()?);
                }
                _ => unit = unit.times(self.factor()?),
            }
        }
        Ok(unit)
    }

    fn factor(&mut self) -> Result<Unit, String> {
        let start = self.rest();
        let unit = match self.peek() {
            Some('(') if self.depth < 8 => {
                self.at += 1;
                self.depth += 1;
                let unit = self.product()?;
                self.depth -= 1;
                if self.peek() != Some(')') {
                    return Err(start);
                }
                self.at += 1;
                unit
            }
            Some('1') => {
                self.at += 1;
                Unit::NONE
            }
            Some(c) if c.is_alphabetic() || matches!(c, '°' | '%') => {
                let mut name = String::new();
                while let Some(c) =
                    self.characters.get(self.at).filter(|c| c.is_alphabetic() || matches!(c, '°' | '%'))
                {
                    name.push(*c);
                    self.at += 1;
                }
                Unit::named(&name).ok_or(name)?
            }
            _ => return Err(start),
        };
        let power = self.power().ok_or_else(|| start.clone())?;
        unit.power(power).ok_or(start)
    }

    /// What stands behind a factor: nothing, `²`, `⁻¹`, `^2`, `^-½`, `^(1/2)`.
    fn power(&mut self) -> Option<f64> {
        let plain = |c: char| SUPERSCRIPTS.iter().find(|(raised, _)| *raised == c).map(|(_, plain)| *plain);
        let mut text = String::new();
        if self.characters.get(self.at) == Some(&'^') {
            self.at += 1;
            let in_parentheses = self.characters.get(self.at) == Some(&'(');
            self.at += usize::from(in_parentheses);
            let belongs = |c: &&char| {
                c.is_ascii_digit() || matches!(c, '-' | '−' | '½') || (in_parentheses && **c == '/')
            };
            while let Some(c) = self.characters.get(self.at).filter(belongs) {
                text.push(*c);
                self.at += 1;
            }
            if in_parentheses {
                (self.characters.get(self.at) == Some(&')')).then_some(())?;
                self.at += 1;
            }
        } else {
            while let Some(c) = self.characters.get(self.at).copied().and_then(plain) {
                text.push(c);
                self.at += 1;
            }
            if text.is_empty() {
                return Some(1.0);
            }
        }
        let text = text.replace('−', "-").replace('½', "1/2");
        let number = |part: &str| part.parse::<f64>().ok();
        match text.split_once('/') {
            Some((top, bottom)) => Some(number(top)? / number(bottom)?).filter(|power| power.is_finite()),
            None => number(&text),
        }
    }
}
