//! SQL in its tokens.

use std::ops::Range;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

/// The tokens of a text, each with its place in it; white space and comments are none. `None` if it is not understood.
///
/// What a token writes of itself is not always what was written: the escapes of `E'it\\'s'` are gone.
pub(crate) fn tokens(text: &str) -> Option<Vec<(Token, Range<usize>)>> {
    let found =
        Tokenizer::new(&PostgreSqlDialect {}, text).with_unescape(false).tokenize_with_location().ok()?;
    let mut place = Place { text, at: 0, location: Location::new(1, 1) };
    let mut tokens = Vec::with_capacity(found.len());
    for token in found {
        let range = place.move_to(token.span.start)..place.move_to(token.span.end);
        if !matches!(token.token, Token::Whitespace(_)) {
            tokens.push((token.token, range));
        }
    }
    Some(tokens)
}

/// A place in a text, as a number of bytes and as a line and column.
struct Place<'a> {
    text: &'a str,
    at: usize,
    location: Location,
}

impl Place<'_> {
    fn move_to(&mut self, location: Location) -> usize {
        for c in self.text[self.at..].chars() {
            if self.location >= location {
                break;
            }
            self.at += c.len_utf8();
            if c == '\n' {
                self.location = Location::new(self.location.line + 1, 1);
            } else {
                self.location.column += 1;
            }
        }
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn a_token_stands_where_it_was_written() {
        let text = "SELECT 'ü''\n' -- a comment\n  || E'it\\'s' /* x */, \"Ö\".b::int[$1]";
        let words: Vec<&str> = tokens(text).unwrap().into_iter().map(|(_, range)| &text[range]).collect();
        let expected =
            ["SELECT", "'ü''\n'", "||", "E'it\\'s'", ",", "\"Ö\"", ".", "b", "::", "int", "[", "$1", "]"];
        assert_eq!(words, expected);
    }
}
