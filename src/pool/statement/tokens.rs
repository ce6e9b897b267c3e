//! SQL text as PostgreSQL's scanner cuts it, as far as a judgement needs it.
//!
//! See [Lexical Structure](https://www.postgresql.org/docs/current/sql-syntax-lexical.html). Strings, quoted names,
//! dollar quotes and comments are passed over whole, so that nothing in them is taken for a keyword.

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Token<'a> {
    /// A keyword or a name that is not quoted.
    Word(&'a str),
    /// What stands between the quotes of a quoted name, its own quotes still doubled.
    Quoted(&'a str),
    /// A name that is written with `U&`, whose letters may be escaped.
    Escaped,
    /// A string constant of any kind.
    Text,
    /// Anything else, byte by byte.
    Sign(u8),
}

impl Token<'_> {
    pub(super) fn is(self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub(in crate::pool) fn is_one_of(self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }
}

#[derive(Clone, Debug)]
pub(in crate::pool) struct Tokens<'a> {
    rest: &'a str,
    /// Whether a string ended behind a backslash. What kind of string it is, and a setting of the
    /// server's, decide whether that was its end, so what follows may be cut wrongly.
    unsure: bool,
}

impl<'a> Tokens<'a> {
    pub(in crate::pool) fn new(sql: &'a str) -> Self {
        Self { rest: sql, unsure: false }
    }

    pub(in crate::pool) fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// What has not been cut yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(in crate::pool) fn peek(&self) -> Option<Token<'a>> {
        self.clone().next()
    }

    /// Takes the next token if it is this keyword.
    pub(super) fn accept(&mut self, keyword: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.is(keyword));
        if is_next {
            self.next();
        }
        is_next
    }

    /// Cuts off as many bytes.
    fn cut(&mut self, len: usize) -> &'a str {
        let (cut, rest) = self.rest.split_at(len);
        self.rest = rest;
        cut
    }

    fn cut_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.cut(end)
    }

    /// Up to the quote that ends a string. A doubled quote ends one and begins another, which comes
    /// to the same.
    fn string(&mut self) -> Token<'a> {
        let end = self.rest.find('\'').unwrap_or(self.rest.len());
        let text = self.cut(end);
        self.unsure |= text.ends_with('\\');
        self.rest = self.rest.get(1..).unwrap_or_default();
        Token::Text
    }

    /// Up to the quote that ends a name, past those that are doubled.
    fn quoted(&mut self) -> Token<'a> {
        let all = self.rest;
        let mut len = 0;
        loop {
            len += all[len..].find('"').unwrap_or(all.len() - len);
            if all[len..].starts_with("\"\"") {
                len += 2;
            } else {
                self.rest = all.get(len + 1..).unwrap_or_default();
                return Token::Quoted(&all[..len]);
            }
        }
    }

    /// From a `$` on: a parameter, a dollar quote, or a sign that stands for nothing.
    fn dollar(&mut self) -> Token<'a> {
        let tag_len = self.rest.find(|c: char| !continues(c) || c == '$').unwrap_or(self.rest.len());
        let is_quote =
            self.rest[tag_len..].starts_with('$') && !self.rest.starts_with(|c: char| c.is_ascii_digit());
        if !is_quote {
            self.cut_while(|c| c.is_ascii_digit());
            return Token::Sign(b'$');
        }
        let tag = self.cut(tag_len + 1);
        // The closing delimiter has a `$` ahead of what was cut here.
        let mut from = 0;
        while let Some(at) = self.rest[from..].find('$') {
            from += at + 1;
            if self.rest[from..].starts_with(tag) {
                self.cut(from + tag.len());
                return Token::Text;
            }
        }
        self.rest = "";
        Token::Text
    }

    /// A number ends where its digits end, and older servers take a keyword right behind it.
    fn number(&mut self) -> Token<'a> {
        self.cut_while(|c| c.is_ascii_digit());
        if let Some(exponent) = self.rest.strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                self.rest = digits;
                self.cut_while(|c| c.is_ascii_digit());
            }
        }
        Token::Sign(b'0')
    }

    fn word(&mut self) -> Token<'a> {
        let word = self.cut_while(continues);
        if word.eq_ignore_ascii_case("u")
            && let Some(name) = self.rest.strip_prefix("&\"")
        {
            self.rest = name;
            self.quoted();
            return Token::Escaped;
        }
        Token::Word(word)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.rest = past_space(self.rest, SPACE);
        let first = self.rest.chars().next()?;
        Some(match first {
            '\'' => {
                self.cut(1);
                self.string()
            }
            '"' => {
                self.cut(1);
                self.quoted()
            }
            '$' => {
                self.cut(1);
                self.dollar()
            }
            '0'..='9' => self.number(),
            _ if continues(first) => self.word(),
            _ => {
                self.cut(1);
                // Every character that is not ASCII continues a word.
                Token::Sign(u8::try_from(first).unwrap_or(0))
            }
        })
    }
}

/// Whether a character can stand in a name that is not quoted, behind its first.
fn continues(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// What PostgreSQL's scanner takes for white space.
pub(super) const SPACE: &[char] = &[' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// What follows white space and comments. Other signs can be passed over with them.
pub(super) fn past_space<'a>(mut rest: &'a str, space: &[char]) -> &'a str {
    loop {
        rest = rest.trim_start_matches(space);
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.find(['\n', '\r']).map_or("", |end| &comment[end..])
        } else if let Some(comment) = rest.strip_prefix("/*") {
            past_block_comment(comment)
        } else {
            return rest;
        };
    }
}

/// Block comments nest in PostgreSQL.
fn past_block_comment(mut rest: &str) -> &str {
    let mut depth = 1;
    while depth > 0 {
        let Some(at) = rest.find(['*', '/']) else { return "" };
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("*/") {
            depth -= 1;
            rest = after;
        } else if let Some(after) = tail.strip_prefix("/*") {
            depth += 1;
            rest = after;
        } else {
            rest = &tail[1..];
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::{Token, Tokens};

    fn words(sql: &str) -> Vec<&str> {
        Tokens::new(sql)
            .filter_map(|token| match token {
                Token::Word(word) | Token::Quoted(word) => Some(word),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn what_is_quoted_holds_no_words() {
        for sql in [
            "a'into'b",
            "a'it''s into'b",
            "a'into",
            "a $$into$$ b",
            "a $x$ into $$ into $x $x$ b",
            "a $é$into$é$b",
            "a--into\nb",
            "a/* into /* into */ into */b",
            "a $1 /**/ b",
            "a+--into\rb",
        ] {
            let words = words(sql);
            assert!(words[0] == "a" && !words.contains(&"into"), "{sql:?}: {words:?}");
        }
    }

    #[test]
    fn words_end_where_the_server_ends_them() {
        for sql in ["1into", "1.5into", "1e5into", "1e+5into", "$1into", "''into", "\"\"into", "$$ $$into"] {
            assert!(words(sql).contains(&"into"), "{sql:?}");
        }
        assert!(words("1$$ into $$").is_empty());
        assert_eq!(words("a$b$c into"), ["a$b$c", "into"]);
        assert_eq!(words(r#""a""b".c"#), [r#"a""b"#, "c"]);
        assert_eq!(words("éinto"), ["éinto"]);
    }

    #[test]
    fn a_backslash_ahead_of_a_quote_leaves_it_unsure() {
        for (sql, unsure) in [(r"'a\nb'", false), (r"'a\'", true), (r"E'a\'", true), (r"'\\'", true)] {
            let mut tokens = Tokens::new(sql);
            tokens.by_ref().for_each(drop);
            assert_eq!(tokens.is_unsure(), unsure, "{sql}");
        }
    }

    #[test]
    fn an_escaped_name_is_told_apart() {
        assert_eq!(Tokens::new(r#"u&"a" .x"#).next(), Some(Token::Escaped));
        assert_eq!(Tokens::new(r#"u & "a""#).next(), Some(Token::Word("u")));
    }
}
