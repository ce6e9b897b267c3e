//! Tokens of a statement, as far as a judgement needs them.
//!
//! Strings, quoted names, dollar quotes and comments are passed over whole, so that nothing in them is taken for a keyword.

use crate::lex::{self, Kind};

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
    /// Anything else, by its first byte.
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
    /// Whether a backslash stands ahead of a quote in a string. What kind of string it is, and a setting of the
    /// server's, decide whether that ends it, so what follows may be cut wrongly.
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
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let token = lex::token(self.rest, 0)?;
            let written = token.of(self.rest);
            self.rest = self.rest.get(token.end..).unwrap_or_default();
            let first = written.as_bytes().first().copied().unwrap_or_default();
            return Some(match token.kind {
                Kind::Comment => continue,
                Kind::Word => Token::Word(written),
                Kind::Quoted if first == b'"' => {
                    Token::Quoted(written.get(1..written.len() - 1).unwrap_or_default())
                }
                Kind::Quoted => Token::Escaped,
                Kind::Text | Kind::Open if first != b'$' => {
                    self.unsure |= written.contains("\\'") || written.ends_with('\\');
                    Token::Text
                }
                Kind::Text | Kind::Open => Token::Text,
                _ => Token::Sign(first),
            });
        }
    }
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
