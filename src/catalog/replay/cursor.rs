//! A place among the tokens of a statement, and what may be read from there.

use crate::ident::{Ident, QualifiedName};
use crate::lex::{Kind, Token};

/// What was read, or why it was not.
pub(crate) type Parsed<T> = Result<T, String>;

/// A name as it is written: with a schema, or to be found by `search_path`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) schema: Option<Ident>,
    pub(crate) name: Ident,
}

impl Name {
    /// The name with its schema, if it has one.
    pub(crate) fn qualified(self) -> Option<QualifiedName> {
        self.schema.map(|schema| QualifiedName::new(schema, self.name))
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => self.name.fmt(f),
        }
    }
}

/// Reads the tokens of one statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self { text, tokens, at: 0 }
    }

    /// The token that many places ahead.
    fn ahead(&self, by: usize) -> Option<Token> {
        self.tokens.get(self.at + by).copied()
    }

    /// The next token as it is written, nothing at the end.
    pub(crate) fn peek(&self) -> &'a str {
        self.ahead(0).map_or("", |token| token.of(self.text))
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        self.ahead(0).map(|token| token.kind)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Where the next token stands in the text, in bytes; at the end, where the last one ends.
    pub(crate) fn place(&self) -> usize {
        self.ahead(0).map_or_else(|| self.last_end(), |token| token.start)
    }

    /// Where the last token that was read ends, in bytes.
    pub(crate) fn last_end(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |token| token.end)
    }

    /// Whether it has got further than another one in the same statement.
    pub(crate) fn is_behind(&self, other: &Self) -> bool {
        self.at > other.at
    }

    /// Whether these keywords and symbols come next.
    pub(crate) fn is(&self, phrase: &str) -> bool {
        // Most phrases that are tried begin with another letter.
        let first = |text: &str| text.bytes().next().map(|byte| byte.to_ascii_lowercase());
        if first(self.peek()) != first(phrase) {
            return false;
        }
        let mut parts = phrase.split(' ').enumerate();
        parts.all(|(by, part)| {
            self.ahead(by)
                .is_some_and(|token| token.is_word(self.text, part) || token.is_symbol(self.text, part))
        })
    }

    /// Whether one of these comes next.
    pub(crate) fn is_one_of(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.is(phrase))
    }

    /// Takes these keywords and symbols if they come next.
    pub(crate) fn take(&mut self, phrase: &str) -> bool {
        let found = self.is(phrase);
        if found {
            self.at += phrase.split(' ').count();
        }
        found
    }

    /// Takes the first of these that comes next.
    pub(crate) fn take_one_of<'p>(&mut self, phrases: &[&'p str]) -> Option<&'p str> {
        phrases.iter().copied().find(|phrase| self.take(phrase))
    }

    pub(crate) fn expect(&mut self, phrase: &str) -> Parsed<()> {
        if self.take(phrase) { Ok(()) } else { Err(self.unexpected(&phrase.to_uppercase())) }
    }

    /// Why it cannot go on from here.
    pub(crate) fn unexpected(&self, expected: &str) -> String {
        let found = match self.ahead(0) {
            None => "the end".to_owned(),
            Some(token) => format!("{:?}", token.of(self.text).chars().take(30).collect::<String>()),
        };
        format!("expected {expected}, found {found}")
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Parsed<()> {
        if self.is_at_end() { Ok(()) } else { Err(self.unexpected("the end of the statement")) }
    }

    /// The next token, whatever it is.
    pub(crate) fn any(&mut self) -> Option<Token> {
        let token = self.ahead(0);
        self.at += usize::from(token.is_some());
        token
    }

    pub(crate) fn ident(&mut self) -> Parsed<Ident> {
        let token = self.ahead(0).filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted));
        let Some(token) = token else { return Err(self.unexpected("a name")) };
        let name = super::value::ident(token, self.text).ok_or_else(|| self.unexpected("a name"))?;
        self.at += 1;
        Ok(name)
    }

    /// `name`, `schema.name` or `database.schema.name`.
    pub(crate) fn name(&mut self) -> Parsed<Name> {
        let mut name = Name { schema: None, name: self.ident()? };
        for _ in 0..2 {
            if !self.take(".") {
                break;
            }
            name = Name { schema: Some(name.name), name: self.ident()? };
        }
        Ok(name)
    }

    /// The value of a literal.
    pub(crate) fn string(&mut self) -> Parsed<String> {
        let token = self.ahead(0).filter(|token| token.kind == Kind::Text);
        let Some(token) = token else { return Err(self.unexpected("a literal")) };
        let value = super::value::string(token, self.text).ok_or_else(|| self.unexpected("a literal"))?;
        self.at += 1;
        Ok(value)
    }

    /// Things divided by commas.
    pub(crate) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut found = vec![one(self)?];
        while self.take(",") {
            found.push(one(self)?);
        }
        Ok(found)
    }

    /// One of several things divided by commas; what is not understood of it is passed over.
    pub(crate) fn one_of_list<T>(&mut self, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let start = *self;
        let read = one(self).and_then(|read| {
            let is_over = self.is_at_end() || self.is_one_of(&[",", ")"]);
            if is_over { Ok(read) } else { Err(self.unexpected("a comma")) }
        });
        if read.is_err() {
            *self = start;
            let _ = self.until(&[","]);
        }
        read
    }

    /// Things divided by commas, in parentheses.
    pub(crate) fn in_parens<T>(&mut self, one: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect("(")?;
        if self.take(")") {
            return Ok(Vec::new());
        }
        let found = self.list(one)?;
        self.expect(")")?;
        Ok(found)
    }

    /// What stands in the parentheses that come next, without them.
    pub(crate) fn parens(&mut self) -> Parsed<Inner<'a>> {
        let start = *self;
        self.expect("(")?;
        let inner = if self.is(")") { Inner { text: self.text, tokens: &[] } } else { self.until(&[])? };
        if !self.take(")") {
            *self = start;
            return Err(self.unexpected("a closed parenthesis"));
        }
        Ok(inner)
    }

    /// What has been read since it stood there.
    pub(crate) fn since(&self, start: &Self) -> Inner<'a> {
        Inner { text: self.text, tokens: self.tokens.get(start.at..self.at).unwrap_or_default() }
    }

    /// What comes before one of these phrases, a closing parenthesis or the end. What stands in parentheses, in brackets
    /// or in a CASE is passed whole, and so is the first token, which begins the expression whatever it is.
    pub(crate) fn until(&mut self, stops: &[&str]) -> Parsed<Inner<'a>> {
        let start = self.at;
        let mut depth = 0_usize;
        let mut cases = 0_usize;
        while let Some(token) = self.ahead(0) {
            let is = |symbol| token.is_symbol(self.text, symbol);
            if is("(") || is("[") {
                depth += 1;
            } else if is(")") || is("]") {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            } else if token.is_word(self.text, "case") {
                cases += 1;
            } else if cases > 0 && token.is_word(self.text, "end") {
                cases -= 1;
            } else if depth == 0 && cases == 0 && self.at > start && self.is_one_of(stops) {
                break;
            }
            self.at += 1;
        }
        let tokens = self.tokens.get(start..self.at).unwrap_or_default();
        if tokens.is_empty() {
            return Err(self.unexpected("an expression"));
        }
        Ok(Inner { text: self.text, tokens })
    }

    /// What is left.
    pub(crate) fn rest(&mut self) -> Inner<'a> {
        let tokens = self.tokens.get(self.at..).unwrap_or_default();
        self.at = self.tokens.len();
        Inner { text: self.text, tokens }
    }
}

/// Some tokens of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inner<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

impl<'a> Inner<'a> {
    /// Their text, exactly as it is written.
    pub(crate) fn text(self) -> &'a str {
        match self.tokens {
            [] => "",
            [first, .., last] => self.text.get(first.start..last.end).unwrap_or_default(),
            [only] => only.of(self.text),
        }
    }

    /// Where they stand in the text, in bytes.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        match self.tokens {
            [] => 0..0,
            [first, .., last] => first.start..last.end,
            [only] => only.start..only.end,
        }
    }

    /// The tokens, each as it is written.
    pub(crate) fn words(self) -> Vec<&'a str> {
        self.tokens.iter().map(|token| token.of(self.text)).collect()
    }

    pub(crate) fn cursor(self) -> Cursor<'a> {
        Cursor::new(self.text, self.tokens)
    }
}
