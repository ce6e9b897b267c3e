//! Tokens of SQL as PostgreSQL's own scanner cuts them, each with its place in the text.
//!
//! See [Lexical Structure](https://www.postgresql.org/docs/current/sql-syntax-lexical.html). Newer servers refuse words that begin right
//! behind a number, and older ones take them; here they are words.
//!
//! Every text has tokens: what nobody closes runs to the end of the text and says so. No place is read more than twice, so
//! the time is linear in the length.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in double quotes, one with `U&` included.
    Quoted,
    /// A literal in single quotes or between dollar signs.
    Text,
    /// A number.
    Number,
    /// `$1`.
    Parameter,
    /// An operator, such as `=` or `->>`.
    Operator,
    /// `::`, `:=`, `..`, or one character that stands for itself.
    Symbol,
    /// A comment of either kind.
    Comment,
    /// A backslash: what follows is for psql.
    Backslash,
    /// A quote or a comment that is not closed.
    Open,
}

/// A token: its kind, and where it stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    /// The token as it is written.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is a keyword.
    #[cfg(feature = "lint")]
    pub(crate) fn is_word(self, text: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.of(text).eq_ignore_ascii_case(word)
    }

    /// Whether it is an operator or a symbol.
    #[cfg(feature = "lint")]
    pub(crate) fn is_symbol(self, text: &str, symbol: &str) -> bool {
        matches!(self.kind, Kind::Symbol | Kind::Operator) && self.of(text) == symbol
    }
}

/// The first token at or after a place, a comment too.
pub(crate) fn token(text: &str, from: usize) -> Option<Token> {
    let after_space = text.get(from..)?.trim_start_matches(is_space);
    let start = text.len() - after_space.len();
    let rest = after_space;
    let first = rest.chars().next()?;
    let (kind, length) = match first {
        '\'' => ending(Kind::Text, literal(rest, 1, false)),
        '"' => ending(Kind::Quoted, quoted(rest, 1, '"', false)),
        '$' => dollar(rest),
        '\\' => (Kind::Backslash, 1),
        '-' if rest.starts_with("--") => (Kind::Comment, rest.find(NEWLINE).unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => ending(Kind::Comment, block_comment(rest)),
        '.' | '0'..='9' if is_number(rest) => (Kind::Number, number(rest)),
        ':' if rest.starts_with("::") || rest.starts_with(":=") => (Kind::Symbol, 2),
        '.' if rest.starts_with("..") => (Kind::Symbol, 2),
        _ if u8::try_from(first).is_ok_and(is_operator) => (Kind::Operator, operator(rest)),
        _ if starts_name(first) => word(rest),
        _ => (Kind::Symbol, first.len_utf8()),
    };
    let (kind, length) = if kind == Kind::Open { (kind, rest.len()) } else { (kind, length) };
    Some(Token { kind, start, end: start + length })
}

/// The tokens of a text but its comments.
#[cfg(any(test, feature = "lint"))]
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut at = 0;
    let mut found = Vec::new();
    while let Some(next) = token(text, at) {
        at = next.end;
        if next.kind != Kind::Comment {
            found.push(next);
        }
    }
    found
}

/// What ends a line, and with it a comment.
const NEWLINE: [char; 2] = ['\n', '\r'];

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_name(c: char) -> bool {
    starts_name(c) || c.is_ascii_digit() || c == '$'
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=') || may_end_in_sign(byte)
}

/// Whether an operator that has this in it may end in `+` or `-`.
fn may_end_in_sign(byte: u8) -> bool {
    matches!(byte, b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'`' | b'?')
}

/// The length of what starts with a run of such characters.
fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_start_matches(of).len()
}

fn ending(kind: Kind, length: Option<usize>) -> (Kind, usize) {
    length.map_or((Kind::Open, 0), |length| (kind, length))
}

/// The length of a quoted text up to and with its closing quote; `from` is behind the opening one.
fn quoted(text: &str, from: usize, quote: char, backslashes: bool) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let found = rest.find(|c| c == quote || (backslashes && c == '\\'))?;
        at += found + 1;
        let escape = text.get(at - 1..at)? == "\\";
        let next = text.get(at..)?.chars().next();
        if escape {
            at += next?.len_utf8();
        } else if next == Some(quote) {
            at += 1;
        } else {
            return Some(at);
        }
    }
}

/// The length of a literal, with its continuations: literals that only white space with a line's end divides are one.
fn literal(text: &str, from: usize, backslashes: bool) -> Option<usize> {
    let mut end = quoted(text, from, '\'', backslashes)?;
    loop {
        let rest = text.get(end..)?;
        let space = run(rest, is_space);
        let (between, next) = rest.split_at_checked(space)?;
        if !(between.contains(NEWLINE) && next.starts_with('\'')) {
            return Some(end);
        }
        end = quoted(text, end + space + 1, '\'', backslashes)?;
    }
}

/// `$1`, `$$…$$`, `$tag$…$tag$`, or a dollar sign by itself.
fn dollar(text: &str) -> (Kind, usize) {
    let digits = run(text.get(1..).unwrap_or_default(), |c| c.is_ascii_digit());
    if digits > 0 {
        return (Kind::Parameter, 1 + digits);
    }
    let tag = run(text.get(1..).unwrap_or_default(), |c| starts_name(c) || c.is_ascii_digit());
    let Some(opening) = text.get(..tag + 2).filter(|opening| opening.ends_with('$')) else {
        return (Kind::Symbol, 1);
    };
    let body = text.get(opening.len()..).unwrap_or_default();
    ending(Kind::Text, body.find(opening).map(|length| length + 2 * opening.len()))
}

/// The length of a comment in which others may stand.
fn block_comment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match bytes.get(at..at + 2)? {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('.').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

fn number(text: &str) -> usize {
    let digit = |c: char| c.is_ascii_digit() || c == '_';
    let lower = text.get(..2).unwrap_or_default().to_ascii_lowercase();
    if matches!(lower.as_str(), "0x" | "0o" | "0b") {
        return 2 + run(text.get(2..).unwrap_or_default(), |c| c.is_ascii_hexdigit() || c == '_');
    }
    let mut length = run(text, digit);
    let rest = |length: usize| text.get(length..).unwrap_or_default();
    if rest(length).starts_with('.') && !rest(length).starts_with("..") {
        length += 1 + run(rest(length + 1), digit);
    }
    if rest(length).starts_with(['e', 'E']) {
        let sign = usize::from(rest(length + 1).starts_with(['+', '-']));
        let exponent = run(rest(length + 1 + sign), digit);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

/// No operator is longer, and what is longer is cut apart, so that no place is read again and again.
const LONGEST_OPERATOR: usize = 63;

/// The length of an operator: it ends before a comment, and only some may end in `+` or `-`.
fn operator(text: &str) -> usize {
    let ends = |at: &usize| match text.as_bytes().get(*at..) {
        None | Some([] | [b'-', b'-', ..] | [b'/', b'*', ..]) => true,
        Some([byte, ..]) => !is_operator(*byte),
    };
    let length = (1..LONGEST_OPERATOR).find(ends).unwrap_or(LONGEST_OPERATOR);
    let operator = text.as_bytes().get(..length).unwrap_or_default();
    if operator.iter().any(|byte| may_end_in_sign(*byte)) {
        return length;
    }
    operator.iter().rposition(|byte| !matches!(byte, b'+' | b'-')).map_or(1, |last| last + 1)
}

/// A word, or a literal or quoted name that letters announce.
fn word(text: &str) -> (Kind, usize) {
    let length = run(text, continues_name);
    let word = text.get(..length).unwrap_or_default();
    let rest = text.get(length..).unwrap_or_default();
    match (word, rest.as_bytes()) {
        ("e" | "E", [b'\'', ..]) => ending(Kind::Text, literal(text, 2, true)),
        ("b" | "B" | "x" | "X" | "n" | "N", [b'\'', ..]) => ending(Kind::Text, literal(text, 2, false)),
        ("u" | "U", [b'&', b'\'', ..]) => ending(Kind::Text, literal(text, 3, false)),
        ("u" | "U", [b'&', b'"', ..]) => ending(Kind::Quoted, quoted(text, 3, '"', false)),
        _ => (Kind::Word, length),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};

    fn cut(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).into_iter().map(|token| (token.kind, token.of(text))).collect()
    }

    #[test]
    fn quotes_hide_what_is_in_them() {
        for one in [
            "'a;b''c\\'",
            "E'it\\'s;'",
            "$$a;'b$$",
            "$x$a$$b;$x$",
            "\"a;\"\"b\"",
            "U&'a;b'",
            "'a'\n  'b'",
            "$é$;$é$",
        ] {
            assert_eq!(cut(one).len(), 1, "{one}");
            assert_ne!(cut(one)[0].0, Kind::Open, "{one}");
        }
        assert_eq!(cut("/* a /* b; */ ' */ -- it's\n x"), [(Kind::Word, "x")]);
        assert_eq!(cut("'a' 'b'").len(), 2);
        assert_eq!(cut("-- it's\rx"), [(Kind::Word, "x")]);
        assert_eq!(cut("'a'\r'b'").len(), 1);
    }

    #[test]
    fn what_is_not_closed_runs_to_the_end() {
        for one in ["'a;b", "E'a\\'", "$$a$x$", "\"a", "/* /* */", "$x$ $y$"] {
            assert_eq!(cut(&format!("x {one}")).last(), Some(&(Kind::Open, one)), "{one}");
        }
    }

    #[test]
    fn operators_end_where_the_server_ends_them() {
        let texts = |text| cut(text).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts("a=-1"), ["a", "=", "-", "1"]);
        assert_eq!(texts("a@-1"), ["a", "@-", "1"]);
        assert_eq!(texts("a->>'b'::text"), ["a", "->>", "'b'", "::", "text"]);
        assert_eq!(texts("a*--b\n c"), ["a", "*", "c"]);
        assert_eq!(texts("a*+/*b*/+-c"), ["a", "*", "+", "+", "-", "c"]);
        assert_eq!(cut(&"@".repeat(64)).len(), 2);
        assert_eq!(
            texts("1..2 1.5e-3 .5 a.b $1 a$b 0x1F"),
            ["1", "..", "2", "1.5e-3", ".5", "a", ".", "b", "$1", "a$b", "0x1F"]
        );
    }
}
