//! Equations as MathML, as a book prints them.
//!
//! A short name is a symbol, with what stands behind it as its index (`theta1`, `u_max`); a longer one is a word. A derivative has a dot, the value
//! at the next control period a plus, `lie_drift` and `lie_input` are the Lie derivatives Lf and Lg. Parentheses are those that the order of
//! operations needs, not those of the text. A long sum is broken before its signs.

use super::parse::{Expression, Left, What, expression};
use super::{Misread, Model};
use crate::graph::Operation;

/// What binds less needs parentheses beside what binds more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Choice,
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    /// Functions and fractions, which want parentheses before an exponent.
    Whole,
    Atom,
}

/// A part of an equation.
#[derive(Debug, Clone)]
struct Piece {
    /// Its MathML, as one element.
    text: String,
    binds: Binds,
    /// About how many characters wide it is.
    width: usize,
    edges: Edges,
    /// Where it begins in its text.
    at: usize,
    /// Of a sum its terms, each with its sign; of others itself.
    terms: Vec<(&'static str, String, usize)>,
    /// Of a choice its branches, each with its condition, and last what is left.
    branches: Vec<(String, Option<String>)>,
    /// Of a function its name and its arguments in parentheses: an exponent stands between them.
    call: Option<[String; 2]>,
}

/// What stands at its left and right end, which decides how a product is written.
#[derive(Debug, Clone, Copy)]
struct Edges([Edge; 2]);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Edge {
    Number,
    Symbol,
    Word,
    Fence,
}

/// Wider lines are broken where they can be.
const LINE: usize = 64;

impl Piece {
    fn new(text: String, binds: Binds, width: usize, edges: [Edge; 2]) -> Self {
        Self {
            text,
            binds,
            width,
            edges: Edges(edges),
            at: usize::MAX,
            terms: Vec::new(),
            branches: Vec::new(),
            call: None,
        }
    }

    fn row(text: &str, binds: Binds, width: usize, edges: [Edge; 2]) -> Self {
        Self::new(format!("<mrow>{text}</mrow>"), binds, width, edges)
    }

    /// In parentheses, unless it binds as much as `least`.
    fn within(self, least: Binds) -> Self {
        if self.binds >= least {
            return self;
        }
        let (at, width) = (self.at, self.width + 2);
        let text = format!("<mo>(</mo>{}<mo>)</mo>", self.text);
        Self { at, ..Self::row(&text, Binds::Atom, width, [Edge::Fence; 2]) }
    }

    /// The terms of a sum, or itself as the only one.
    fn into_terms(self) -> Vec<(&'static str, String, usize)> {
        if self.terms.is_empty() { vec![("", self.text, self.width)] } else { self.terms }
    }

    fn is_negative(&self) -> bool {
        self.terms.first().is_some_and(|(sign, ..)| !sign.is_empty())
    }
}

impl Model {
    /// Its statements as MathML: tables whose rows are a name, a sign and a right side, and each equation between expressions by itself. Nothing of
    /// compiled code.
    #[must_use]
    pub fn typeset(&self) -> String {
        let (mut text, mut rows) = (String::new(), String::new());
        for statement in &self.statements {
            if let Left::Sum(left) = &statement.left {
                text.push_str(&block(&std::mem::take(&mut rows)));
                text.push_str(&block(&equation(piece(left), piece(&statement.right))));
            } else {
                rows.push_str(&row(&statement.left, &statement.right));
            }
        }
        text + &block(&rows)
    }
}

/// An expression as MathML, under a name where it has one.
///
/// # Errors
///
/// When it is no expression.
pub fn typeset(name: &str, text: &str) -> Result<String, Misread> {
    let right = expression(text)?;
    if name.is_empty() {
        return Ok(format!("<math>{}</math>", piece(&right).text));
    }
    Ok(block(&row(&Left::Name(name.into(), 0), &right)))
}

fn block(rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("<math display=\"block\"><mtable displaystyle=\"true\">{rows}</mtable></math>")
}

/// The rows of a statement with a name: more than one where its right side is too wide.
fn row(left: &Left, right: &Expression) -> String {
    let left = match left {
        Left::Name(name, primes) => symbol(name, *primes),
        Left::Next(name) => {
            let Piece { text, width, .. } = symbol(name, 0);
            let text = format!("<msup>{text}<mo lspace=\"0\" rspace=\"0\">+</mo></msup>");
            Piece::new(text, Binds::Whole, width + 1, [Edge::Symbol; 2])
        }
        Left::Sum(sum) => piece(sum),
    };
    let room = LINE.saturating_sub(left.width).max(LINE / 2);
    let mut head = [left.text.as_str(), EQUAL];
    let cells = |line: String| {
        let [name, sign] = std::mem::take(&mut head);
        let [right, left] = ["right", "left"].map(|side| format!("<mtd style=\"text-align: {side}\">"));
        format!("<mtr>{right}{name}</mtd><mtd>{sign}</mtd>{left}{line}</mtd></mtr>")
    };
    lines(piece(right), room).into_iter().map(cells).collect()
}

/// The rows of an equation: one, or the lines of its sides.
fn equation(left: Piece, right: Piece) -> String {
    let line = |line: String| format!("<mtr><mtd style=\"text-align: left\">{line}</mtd></mtr>");
    if left.width + right.width <= LINE {
        return line(format!("{}{EQUAL}{}", left.text, right.text));
    }
    let mut sign = EQUAL;
    let further = |line: String| {
        let sign = std::mem::take(&mut sign);
        format!("<mspace width=\"2em\"/>{sign}{line}")
    };
    let rights: Vec<String> = lines(right, LINE).into_iter().map(further).collect();
    lines(left, LINE).into_iter().chain(rights).map(line).collect()
}

/// A sum in lines of at most `most` characters where its terms allow it.
fn lines(of: Piece, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0;
    for (sign, text, wide) in of.into_terms() {
        if width > 0 && width + wide > most {
            lines.push(String::new());
            width = 0;
        }
        let last = lines.len() - 1;
        lines[last].push_str(&signed(sign, &text, width == 0));
        width += wide + 3;
    }
    lines.into_iter().map(|line| format!("<mrow>{line}</mrow>")).collect()
}

/// A term behind its sign.
fn signed(sign: &str, text: &str, is_first: bool) -> String {
    match sign {
        "" => text.to_owned(),
        sign if is_first => format!("<mo form=\"prefix\">{sign}</mo>{text}"),
        sign => format!("<mo>{sign}</mo>{text}"),
    }
}

fn piece(of: &Expression) -> Piece {
    let mut pieces: Vec<Piece> = Vec::new();
    for item in &of.0 {
        let operands = pieces.split_off(pieces.len() - item.what.operands());
        let at = operands.iter().map(|of| of.at).min().unwrap_or(item.at);
        let piece = match &item.what {
            What::Number(value) => number(*value),
            What::Name(name, primes) => symbol(name, *primes),
            What::Apply(operation) => applied(*operation, operands),
            What::Call(name, _) => called(name, operands),
            What::Table(name) => function(symbol(name, 0).text, name.len(), operands),
        };
        pieces.push(Piece { at, ..piece });
    }
    // The parser leaves exactly one value.
    pieces.remove(0)
}

fn applied(operation: Operation, operands: Vec<Piece>) -> Piece {
    let mut operands = operands.into_iter();
    let mut next = || operands.next().unwrap_or_else(|| number(f64::NAN));
    let between = |sign: &str, [a, b]: [Piece; 2], binds: Binds| {
        let (width, edges) = (a.width + b.width + 3, [a.edges.0[0], b.edges.0[1]]);
        Piece::row(&format!("{}{sign}{}", a.text, b.text), binds, width, edges)
    };
    let word =
        |word: &str| format!("<mspace width=\"0.4em\"/><mtext>{word}</mtext><mspace width=\"0.4em\"/>");
    match operation {
        Operation::Neg => {
            let a = next().within(Binds::Product);
            sum(vec![("−", a.text, a.width)])
        }
        Operation::Add => sum(joined("+", next().within(Binds::Sum), next().within(Binds::Sum))),
        Operation::Sub => sum(joined("−", next().within(Binds::Sum), next().within(Binds::Product))),
        Operation::Mul => product(next(), next()),
        Operation::Div => {
            let [a, b] = [next(), next()];
            let width = a.width.max(b.width) + 1;
            Piece::new(format!("<mfrac>{}{}</mfrac>", a.text, b.text), Binds::Whole, width, [Edge::Fence; 2])
        }
        Operation::Pow => {
            let [a, b] = [next(), next()];
            if let (Some([name, arguments]), Edge::Number) = (&a.call, b.edges.0[0]) {
                let text = format!("<msup>{name}{}</msup>{arguments}", b.text);
                return Piece::row(&text, Binds::Whole, a.width + 1, a.edges.0);
            }
            let a = a.within(Binds::Atom);
            let (width, edge) = (a.width + b.width, a.edges.0[0]);
            Piece::new(format!("<msup>{}{}</msup>", a.text, b.text), Binds::Whole, width, [edge, Edge::Fence])
        }
        Operation::Less => comparison(["&lt;", "&gt;"], [next(), next()]),
        Operation::LessEqual => comparison(["≤", "≥"], [next(), next()]),
        Operation::Equal => {
            between(EQUAL, [next(), next()].map(|of| of.within(Binds::Sum)), Binds::Comparison)
        }
        Operation::And => between(&word("and"), [next(), next()].map(|of| of.within(Binds::And)), Binds::And),
        Operation::Or => between(&word("or"), [next(), next()].map(|of| of.within(Binds::Or)), Binds::Or),
        Operation::Not => {
            let a = next();
            if a.binds == Binds::Comparison && a.text.contains(EQUAL) {
                return Piece { text: a.text.replacen(EQUAL, "<mo>≠</mo>", 1), ..a };
            }
            let a = a.within(Binds::Not);
            let text = format!("<mtext>not</mtext><mspace width=\"0.4em\"/>{}", a.text);
            Piece::row(&text, Binds::Not, a.width + 4, [Edge::Word, a.edges.0[1]])
        }
        Operation::Select => choice([next(), next(), next()]),
        // What no text says.
        other => function(format!("<mi>{other:?}</mi>"), 8, operands.collect()),
    }
}

/// A comparison as its text has it: with the larger side first where it stands there first.
fn comparison([less, more]: [&str; 2], sides: [Piece; 2]) -> Piece {
    let [mut a, mut b] = sides.map(|of| of.within(Binds::Sum));
    let mut sign = less;
    if a.at > b.at {
        std::mem::swap(&mut a, &mut b);
        sign = more;
    }
    let (width, edges) = (a.width + b.width + 3, [a.edges.0[0], b.edges.0[1]]);
    Piece::row(&format!("{}<mo>{sign}</mo>{}", a.text, b.text), Binds::Comparison, width, edges)
}

const EQUAL: &str = "<mo>=</mo>";

/// The terms of a sum of two.
fn joined(sign: &'static str, a: Piece, b: Piece) -> Vec<(&'static str, String, usize)> {
    let mut terms = a.into_terms();
    if b.is_negative() || (sign == "−" && !b.terms.is_empty()) {
        let b = b.within(Binds::Product);
        terms.push((sign, b.text, b.width));
        return terms;
    }
    for (place, (own, text, width)) in b.into_terms().into_iter().enumerate() {
        terms.push((if place == 0 { sign } else { own }, text, width));
    }
    terms
}

fn sum(terms: Vec<(&'static str, String, usize)>) -> Piece {
    let width = terms.iter().map(|(_, _, width)| width + 3).sum::<usize>() - 3;
    let text: String =
        terms.iter().enumerate().map(|(place, (sign, text, _))| signed(sign, text, place == 0)).collect();
    Piece { terms, ..Piece::row(&text, Binds::Sum, width, [Edge::Fence; 2]) }
}

/// A product; a sign before its first factor is that of the whole.
fn product(a: Piece, b: Piece) -> Piece {
    if a.is_negative() && a.terms.len() == 1 {
        let (_, text, width) = a.terms[0].clone();
        let rest = Piece::new(text, Binds::Product, width, a.edges.0);
        let Piece { text, width, .. } = product(rest, b);
        return sum(vec![("−", text, width)]);
    }
    let [a, b] = [a, b].map(|of| of.within(Binds::Product));
    let [left, right] = [a.edges.0[1], b.edges.0[0]];
    // Words and numbers that follow each other need a sign.
    let sign = match (left, right) {
        (Edge::Word, _) | (_, Edge::Word | Edge::Number) => "<mo>·</mo>",
        (Edge::Fence, Edge::Fence) => "<mspace width=\"0.1em\"/>",
        _ => "<mspace width=\"0.18em\"/>",
    };
    let (width, edges) = (a.width + b.width + 1, [a.edges.0[0], b.edges.0[1]]);
    Piece::row(&format!("{}{sign}{}", a.text, b.text), Binds::Product, width, edges)
}

/// What a value is under conditions.
fn choice([condition, then, otherwise]: [Piece; 3]) -> Piece {
    let width = then.width + condition.width + 5;
    let most = width.max(otherwise.width + 10);
    let mut branches = vec![(then.text, Some(condition.text))];
    if otherwise.branches.is_empty() {
        branches.push((otherwise.text, None));
    } else {
        branches.extend(otherwise.branches);
    }
    let space = "<mspace width=\"0.8em\"/>";
    let row = |(value, condition): &(String, Option<String>)| {
        let when = match condition {
            Some(condition) => format!("<mtext>if </mtext><mspace width=\"0.3em\"/>{condition}"),
            None => "<mtext>otherwise</mtext>".into(),
        };
        let left = "<mtd style=\"text-align:left\">";
        format!("<mtr>{left}{value}</mtd>{left}{space}{when}</mtd></mtr>")
    };
    let rows: String = branches.iter().map(row).collect();
    // A line in place of a brace, which grows only with a font for mathematics.
    let style = "border-left: 0.07em solid; padding-left: 0.3em";
    let text = format!("<mtable style=\"{style}\">{rows}</mtable>");
    Piece { branches, ..Piece::row(&text, Binds::Choice, most, [Edge::Fence; 2]) }
}

fn called(name: &str, mut operands: Vec<Piece>) -> Piece {
    let width: usize = operands.iter().map(|of| of.width + 2).sum();
    let alone = |text: String| Piece::new(text, Binds::Atom, width + 2, [Edge::Fence; 2]);
    match (name, &operands[..]) {
        ("sqrt", [a]) => alone(format!("<msqrt>{}</msqrt>", a.text)),
        ("cbrt", [a]) => alone(format!("<mroot>{}<mn>3</mn></mroot>", a.text)),
        ("abs", [a]) => {
            let bar = "<mo stretchy=\"true\" lspace=\"0.1em\" rspace=\"0.1em\">|</mo>";
            alone(format!("<mrow>{bar}{}{bar}</mrow>", a.text))
        }
        ("lie_drift" | "lie_input", [_]) => {
            let field = if name == "lie_drift" { "f" } else { "g" };
            let a = operands.remove(0).within(Binds::Whole);
            let text = format!("<msub><mi>L</mi><mi>{field}</mi></msub><mspace width=\"0.1em\"/>{}", a.text);
            Piece::row(&text, Binds::Whole, a.width + 3, [Edge::Symbol, a.edges.0[1]])
        }
        _ => function(format!("<mi mathvariant=\"normal\">{name}</mi>"), name.len(), operands),
    }
}

fn function(name: String, wide: usize, operands: Vec<Piece>) -> Piece {
    let width = wide + operands.iter().map(|of| of.width + 2).sum::<usize>();
    let texts: Vec<String> = operands.into_iter().map(|of| of.text).collect();
    let arguments = texts.join("<mo separator=\"true\">,</mo>");
    let arguments = format!("<mo>&#x2061;</mo><mrow><mo>(</mo>{arguments}<mo>)</mo></mrow>");
    let row = Piece::row(&format!("{name}{arguments}"), Binds::Whole, width, [Edge::Symbol, Edge::Fence]);
    Piece { call: Some([name, arguments]), ..row }
}

fn number(value: f64) -> Piece {
    let written = crate::parameter::Short(value).to_string();
    let width = written.len();
    let text = match written.split_once('e') {
        None => format!("<mn>{written}</mn>"),
        Some((mantissa, power)) => {
            let sign = if power.starts_with('-') { "<mo form=\"prefix\">−</mo>" } else { "" };
            let power = format!("<mrow>{sign}<mn>{}</mn></mrow>", power.trim_start_matches('-'));
            let ten = format!("<msup><mn>10</mn>{power}</msup>");
            if mantissa == "1" { ten } else { format!("<mrow><mn>{mantissa}</mn><mo>·</mo>{ten}</mrow>") }
        }
    };
    Piece::new(text, Binds::Atom, width, [Edge::Number; 2])
}

/// Names of Greek letters.
const GREEK: [(&str, &str); 26] = [
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("phi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Delta", "Δ"),
    ("Omega", "Ω"),
    ("Phi", "Φ"),
    ("Theta", "Θ"),
];

/// A name as a symbol with an index, or as a word; with a dot for each prime, and for `_dot` at its end.
fn symbol(name: &str, primes: u8) -> Piece {
    let (stem, dots) = match name.strip_suffix("_dot") {
        Some(stem) if !stem.is_empty() => (stem, usize::from(primes) + 1),
        _ => (name, usize::from(primes)),
    };
    let (base, index) = base_and_index(stem);
    let greek = GREEK.iter().find(|(word, _)| *word == base).map(|(_, letter)| *letter);
    let is_symbol = stem != "dt" && (greek.is_some() || base.chars().count() == 1);
    if !is_symbol {
        let word = format!("<mi mathvariant=\"normal\">{}</mi>", escaped(stem));
        let text = match dots {
            0 => word,
            _ => format!("<msup>{word}<mo>{}</mo></msup>", "′".repeat(dots)),
        };
        return Piece::new(text, Binds::Atom, stem.chars().count() + dots, [Edge::Word; 2]);
    }
    let letter = format!("<mi>{}</mi>", escaped(greek.unwrap_or(base)));
    let letter = match dots {
        0 => letter,
        1 => format!("<mover accent=\"true\">{letter}<mo>˙</mo></mover>"),
        _ => format!("<mover accent=\"true\">{letter}<mo>¨</mo></mover>"),
    };
    let text = match index {
        "" => letter,
        index if index.chars().all(|c| c.is_ascii_digit()) => {
            format!("<msub>{letter}<mn>{index}</mn></msub>")
        }
        index => format!(
            "<msub>{letter}<mi mathvariant=\"normal\">{}</mi></msub>",
            escaped(&index.replace('_', ","))
        ),
    };
    Piece::new(text, Binds::Atom, 1 + index.len().div_ceil(2), [Edge::Symbol; 2])
}

/// The letter of a symbol and its index: behind `_`, or digits or letters behind a single letter or a Greek one.
fn base_and_index(name: &str) -> (&str, &str) {
    if let Some((base, index)) =
        name.split_once('_').filter(|(base, index)| !base.is_empty() && !index.is_empty())
    {
        return (base, index);
    }
    let greek = GREEK
        .iter()
        .map(|(word, _)| *word)
        .filter(|word| name.starts_with(word))
        .max_by_key(|word| word.len());
    let first = name.chars().next().map_or(0, char::len_utf8);
    let split = |at: usize| name.split_at(at);
    match greek {
        Some(word) if name.len() <= word.len() + 2 => split(word.len()),
        // Kp, K1, k2, Ti; not a word such as `gap`.
        _ if name.chars().count() <= 2 || name[first..].chars().all(|c| c.is_ascii_digit()) => split(first),
        _ => (name, ""),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
