//! Tokens → statements, whose expressions are in postfix order: what an item needs stands before it, so that no later step needs a
//! stack of calls, however long a sum is.

use super::Misread;
use super::lexer::{EXPRESSION_MAX, Kind, TOKENS_MAX, Token, tokens};
use crate::graph::Operation;

/// Deepest nesting of parentheses, `if` and signs.
const DEPTH_MAX: usize = 100;
/// Most statements of a model.
const STATEMENTS_MAX: usize = 4096;

/// An expression in postfix order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expression(pub(super) Vec<Item>);

/// A part of an expression, and where it stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) at: usize,
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Number(f64),
    /// A name with primes.
    Name(String, u8),
    /// An operation on as many values as it takes.
    Apply(Operation),
    /// A function by its name on so many values.
    Call(String, usize),
    /// A table by its name on one value.
    Table(String),
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub(super) at: usize,
    pub(super) left: Left,
    pub(super) right: Expression,
}

/// The left side of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Left {
    /// `name`, `name'` or `name''`.
    Name(String, u8),
    /// `name+`: the value at the next control period.
    Next(String),
    /// An expression: the statement is an equation to be solved.
    Sum(Expression),
}

/// The statements of a text.
pub(super) fn statements(text: &str) -> Result<Vec<Statement>, Misread> {
    let tokens = tokens(text, TOKENS_MAX)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, items: Vec::new() };
    let mut statements = Vec::new();
    loop {
        while parser.peek() == &Kind::End {
            if parser.at + 1 == tokens.len() {
                return Ok(statements);
            }
            parser.at += 1;
        }
        if statements.len() == STATEMENTS_MAX {
            return Err(parser
                .misread("this is one statement too many", format!("allowed: {STATEMENTS_MAX} statements")));
        }
        statements.push(parser.statement()?);
    }
}

/// The expression that a whole text is.
pub(super) fn expression(text: &str) -> Result<Expression, Misread> {
    let tokens = tokens(text, EXPRESSION_MAX)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, items: Vec::new() };
    while parser.peek() == &Kind::End && parser.at + 1 < tokens.len() {
        parser.at += 1;
    }
    let expression = parser.expression()?;
    while parser.peek() == &Kind::End {
        if parser.at + 1 == tokens.len() {
            return Ok(expression);
        }
        parser.at += 1;
    }
    Err(parser.expected("the end"))
}

/// A part of an expression in postfix order.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A number.
    Number(f64),
    /// A name without primes.
    Name(String),
    /// An operation on as many values as it takes.
    Apply(Operation),
    /// A function by its name on so many values.
    Call(String, usize),
}

/// The parts of an expression in the language of models: what one needs stands before it.
///
/// # Errors
///
/// With the place in `text` and what is allowed; for tables and derivatives too.
pub fn parts(text: &str) -> Result<Vec<Part>, Misread> {
    let part = |Item { at, what }: Item| match what {
        What::Number(value) => Ok(Part::Number(value)),
        What::Name(name, 0) => Ok(Part::Name(name)),
        What::Apply(operation) => Ok(Part::Apply(operation)),
        What::Call(name, count) => Ok(Part::Call(name, count)),
        What::Name(..) | What::Table(_) => {
            Err(Misread::new(at, "a derivative or a table stands here", "allowed: names and functions"))
        }
    };
    expression(text)?.0.into_iter().map(part).collect()
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    items: Vec<Item>,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        // The last token is an End, and reading stops there.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Kind {
        &self.token().kind
    }

    fn place(&self) -> usize {
        self.token().at
    }

    fn next_is(&mut self, sign: &'static str) -> bool {
        let is_it = self.peek() == &Kind::Sign(sign);
        self.at += usize::from(is_it);
        is_it
    }

    fn next_is_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Kind::Name(name, 0) if name == word);
        self.at += usize::from(is_it);
        is_it
    }

    fn misread(&self, problem: impl Into<String>, remedy: impl Into<String>) -> Misread {
        Misread::new(self.place(), problem, remedy)
    }

    /// Something else was expected here.
    fn expected(&self, wanted: &str) -> Misread {
        let found = match self.peek() {
            Kind::Number(value) => format!("`{value}`"),
            Kind::Name(name, primes) => format!("`{name}{}`", "'".repeat(usize::from(*primes))),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::End => "the end of the line".into(),
        };
        self.misread(
            format!("{found} stands here"),
            format!("expected: {wanted}; a statement is `name = expression`, `state' = expression`, `state+ = expression` or an equation"),
        )
    }

    fn statement(&mut self) -> Result<Statement, Misread> {
        let at = self.place();
        let left = self.left()?;
        if !self.next_is("=") {
            return Err(self.expected("`=`"));
        }
        let right = self.expression()?;
        if self.peek() != &Kind::End {
            return Err(self.expected("an operator or the end of the line"));
        }
        Ok(Statement { at, left, right })
    }

    fn left(&mut self) -> Result<Left, Misread> {
        let sign = |ahead: usize| match self.tokens.get(self.at + ahead).map(|token| &token.kind) {
            Some(Kind::Sign(sign)) => *sign,
            _ => "",
        };
        if let Kind::Name(name, primes) = self.peek().clone() {
            if sign(1) == "=" {
                self.at += 1;
                return Ok(Left::Name(name, primes));
            }
            if sign(1) == "+" && sign(2) == "=" && primes == 0 {
                let [plus, equals] = [&self.tokens[self.at + 1], &self.tokens[self.at + 2]];
                if plus.end == equals.at {
                    let remedy = format!(
                        "write `{name}+ = {name} + …` for the value of the next period, or `{name}' = …` for a rate"
                    );
                    return Err(Misread::new(plus.at, "`+=` does not add to a value here", remedy));
                }
                self.at += 2;
                return Ok(Left::Next(name));
            }
        }
        Ok(Left::Sum(self.expression()?))
    }

    fn expression(&mut self) -> Result<Expression, Misread> {
        let outer = std::mem::take(&mut self.items);
        self.choice()?;
        Ok(Expression(std::mem::replace(&mut self.items, outer)))
    }

    fn push(&mut self, at: usize, what: What) {
        self.items.push(Item { at, what });
    }

    /// Reads something that nests one deeper.
    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Misread>) -> Result<(), Misread> {
        if self.depth == DEPTH_MAX {
            return Err(self.misread(
                "this is nested too deeply",
                format!("allowed: {DEPTH_MAX} levels; give a part a name of its own"),
            ));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn choice(&mut self) -> Result<(), Misread> {
        let at = self.place();
        if !self.next_is_word("if") {
            return self.either();
        }
        self.deeper(|parser| {
            parser.choice()?;
            parser.word("then")?;
            parser.choice()?;
            parser.word("else")?;
            parser.choice()
        })?;
        self.push(at, What::Apply(Operation::Select));
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Misread> {
        // `then` and `else` may begin a line.
        while self.peek() == &Kind::End && self.at + 1 < self.tokens.len() {
            let next = &self.tokens[self.at + 1].kind;
            if matches!(next, Kind::Name(name, 0) if name == word) || next == &Kind::End {
                self.at += 1;
            } else {
                break;
            }
        }
        if self.next_is_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    fn either(&mut self) -> Result<(), Misread> {
        self.both()?;
        loop {
            let at = self.place();
            if !self.next_is_word("or") {
                return Ok(());
            }
            self.both()?;
            self.push(at, What::Apply(Operation::Or));
        }
    }

    fn both(&mut self) -> Result<(), Misread> {
        self.negation()?;
        loop {
            let at = self.place();
            if !self.next_is_word("and") {
                return Ok(());
            }
            self.negation()?;
            self.push(at, What::Apply(Operation::And));
        }
    }

    fn negation(&mut self) -> Result<(), Misread> {
        let at = self.place();
        if !self.next_is_word("not") {
            return self.comparison();
        }
        self.deeper(Self::negation)?;
        self.push(at, What::Apply(Operation::Not));
        Ok(())
    }

    fn comparison(&mut self) -> Result<(), Misread> {
        self.sum()?;
        let at = self.place();
        let Kind::Sign(sign @ ("<" | "<=" | ">" | ">=" | "==" | "!=")) = *self.peek() else { return Ok(()) };
        self.at += 1;
        // `a > b` is `b < a`: the right side is read first into its place.
        let start = self.items.len();
        self.sum()?;
        let swaps = matches!(sign, ">" | ">=");
        if swaps {
            let left = self.start_of_value_before(start);
            self.items[left..].rotate_left(start - left);
        }
        let operation = match sign {
            "<" | ">" => Operation::Less,
            "<=" | ">=" => Operation::LessEqual,
            _ => Operation::Equal,
        };
        self.push(at, What::Apply(operation));
        if sign == "!=" {
            self.push(at, What::Apply(Operation::Not));
        }
        if matches!(self.peek(), Kind::Sign("<" | "<=" | ">" | ">=" | "==" | "!=")) {
            return Err(self.misread("a second comparison follows", "join comparisons with `and`"));
        }
        Ok(())
    }

    /// Where the items of the value begin that ends before `end`.
    fn start_of_value_before(&self, end: usize) -> usize {
        let (mut wanted, mut at) = (1_usize, end);
        while wanted > 0 {
            at -= 1;
            wanted = wanted - 1 + self.items[at].what.operands();
        }
        at
    }

    fn sum(&mut self) -> Result<(), Misread> {
        self.product()?;
        loop {
            let at = self.place();
            let operation = match self.peek() {
                Kind::Sign("+") => Operation::Add,
                Kind::Sign("-") => Operation::Sub,
                _ => return Ok(()),
            };
            self.at += 1;
            self.product()?;
            self.push(at, What::Apply(operation));
        }
    }

    fn product(&mut self) -> Result<(), Misread> {
        self.signed()?;
        loop {
            let at = self.place();
            let operation = match self.peek() {
                Kind::Sign("*") => Operation::Mul,
                Kind::Sign("/") => Operation::Div,
                _ => return Ok(()),
            };
            self.at += 1;
            self.signed()?;
            self.push(at, What::Apply(operation));
        }
    }

    fn signed(&mut self) -> Result<(), Misread> {
        let at = self.place();
        if self.next_is("+") {
            return self.deeper(Self::signed);
        }
        if !self.next_is("-") {
            return self.power();
        }
        self.deeper(Self::signed)?;
        self.push(at, What::Apply(Operation::Neg));
        Ok(())
    }

    fn power(&mut self) -> Result<(), Misread> {
        self.value()?;
        let at = self.place();
        if self.next_is("^") {
            self.deeper(Self::signed)?;
            self.push(at, What::Apply(Operation::Pow));
        }
        Ok(())
    }

    fn value(&mut self) -> Result<(), Misread> {
        let at = self.place();
        match self.peek().clone() {
            Kind::Number(value) => {
                self.at += 1;
                self.push(at, What::Number(value));
                Ok(())
            }
            Kind::Name(word, 0) if matches!(word.as_str(), "then" | "else" | "and" | "or" | "if" | "not") => {
                // An `if` or `not` behind an operator wants parentheses.
                Err(self.expected("a value; put `if` and `not` in parentheses"))
            }
            Kind::Name(name, primes) => {
                self.at += 1;
                if primes == 0 && self.next_is("(") {
                    return self.deeper(|parser| parser.call(at, name));
                }
                self.push(at, What::Name(name, primes));
                Ok(())
            }
            Kind::Sign("(") => {
                self.at += 1;
                self.deeper(Self::choice)?;
                if self.next_is(")") { Ok(()) } else { Err(self.expected("`)`")) }
            }
            _ => Err(self.expected("a value")),
        }
    }

    fn call(&mut self, at: usize, name: String) -> Result<(), Misread> {
        if name == "table" {
            return self.table(at);
        }
        let mut count = 0;
        if !self.next_is(")") {
            loop {
                self.choice()?;
                count += 1;
                if self.next_is(")") {
                    break;
                }
                if !self.next_is(",") {
                    return Err(self.expected("`,` or `)`"));
                }
            }
        }
        self.push(at, What::Call(name, count));
        Ok(())
    }

    fn table(&mut self, at: usize) -> Result<(), Misread> {
        let Kind::Name(name, 0) = self.peek().clone() else {
            return Err(self.expected("the name of a table"));
        };
        self.at += 1;
        if !self.next_is(",") {
            return Err(self.expected("`,` and the value to look up"));
        }
        self.choice()?;
        if !self.next_is(")") {
            return Err(self.expected("`)`"));
        }
        self.push(at, What::Table(name));
        Ok(())
    }
}

impl What {
    /// How many values it takes from before it.
    pub(super) fn operands(&self) -> usize {
        match self {
            Self::Number(_) | Self::Name(..) => 0,
            Self::Apply(operation) => operation.operands(),
            Self::Call(_, count) => *count,
            Self::Table(_) => 1,
        }
    }
}
