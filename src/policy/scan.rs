//! Cuts SQL text into what may be touched and what may not: quotes, comments and dollar-quoted text.

/// A piece of SQL text. All pieces together are the text again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A quoted text, a quoted identifier, a comment, a dollar-quoted body, or a name.
    Verbatim(&'a str),
    /// Anything else, in the smallest steps.
    Plain(&'a str),
    /// A psql variable.
    Variable { name: &'a str, quoting: Quoting, text: &'a str },
}

/// In what quotes a psql variable stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quoting {
    Identifier,
    Literal,
    Nothing,
}

pub(crate) fn pieces(sql: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let piece = next_piece(rest)?;
        rest = &rest[piece.len()..];
        Some(piece)
    })
}

/// The statements of a text, without the semicolons between them. Those of a function's body in standard SQL are part of one.
#[cfg(feature = "lint")]
pub(crate) fn statements(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut at, mut holds_sql) = (0, 0, false);
    let mut body = Body::default();
    for piece in pieces(sql) {
        body.pass(piece);
        if piece == Piece::Plain(";") && !body.is_open() {
            found.extend(holds_sql.then_some(&sql[start..at]));
            start = at + 1;
            holds_sql = false;
        } else {
            holds_sql |= !piece.is_blank();
        }
        at += piece.len();
    }
    found.extend(holds_sql.then_some(&sql[start..]));
    found.into_iter().map(str::trim).collect()
}

/// `BEGIN ATOMIC … END`, in which each CASE has an END too.
#[cfg(feature = "lint")]
#[derive(Default)]
struct Body {
    open: usize,
    follows_begin: bool,
}

#[cfg(feature = "lint")]
impl Body {
    fn is_open(&self) -> bool {
        self.open > 0
    }

    fn pass(&mut self, piece: Piece<'_>) {
        if piece.is_blank() {
            return;
        }
        let is = |word: &str| matches!(piece, Piece::Verbatim(text) if text.eq_ignore_ascii_case(word));
        if (self.follows_begin && is("atomic")) || (self.is_open() && is("case")) {
            self.open += 1;
        } else if is("end") {
            self.open = self.open.saturating_sub(1);
        }
        self.follows_begin = is("begin");
    }
}

impl Piece<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Verbatim(text) | Self::Plain(text) | Self::Variable { text, .. } => text.len(),
        }
    }

    #[cfg(feature = "lint")]
    fn is_blank(&self) -> bool {
        match self {
            Self::Plain(text) => text.trim().is_empty(),
            Self::Verbatim(text) => text.starts_with("--") || text.starts_with("/*"),
            Self::Variable { .. } => false,
        }
    }
}

fn next_piece(rest: &str) -> Option<Piece<'_>> {
    let first = rest.chars().next()?;
    let verbatim = |end: usize| Some(Piece::Verbatim(&rest[..end]));
    match first {
        '\'' => verbatim(quoted_end(rest, '\'', false)),
        '"' => verbatim(quoted_end(rest, '"', false)),
        '-' if rest.starts_with("--") => verbatim(rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => verbatim(comment_end(rest)),
        '$' => match dollar_end(rest) {
            Some(end) => verbatim(end),
            None => Some(Piece::Plain(&rest[..1])),
        },
        ':' if rest.starts_with("::") || rest.starts_with(":=") => verbatim(2),
        ':' => Some(variable(rest).unwrap_or(Piece::Plain(&rest[..1]))),
        'e' | 'E' if rest[1..].starts_with('\'') => verbatim(1 + quoted_end(&rest[1..], '\'', true)),
        // A name is one piece, so that a dollar or an `e` inside it opens nothing.
        c if is_name_part(c) => verbatim(rest.find(|c| !is_name_part(c) && c != '$').unwrap_or(rest.len())),
        c => Some(Piece::Plain(&rest[..c.len_utf8()])),
    }
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Where a quoted text ends, its closing quote included. A doubled quote reads as two texts, which does no harm here.
fn quoted_end(rest: &str, quote: char, with_backslashes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return at + 1;
        }
        if with_backslashes && c == '\\' {
            chars.next();
        }
    }
    rest.len()
}

/// Where a comment ends. [Comments nest](https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS).
fn comment_end(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = rest[at..].find(['*', '/']) {
        at += found;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Where a dollar-quoted text ends, if one begins here.
fn dollar_end(rest: &str) -> Option<usize> {
    let tag_end = 1 + rest[1..].find(|c| !is_name_part(c)).filter(|at| rest[1 + at..].starts_with('$'))?;
    if rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (tag, body) = rest.split_at(tag_end + 1);
    Some(body.find(tag).map_or(rest.len(), |at| tag.len() + at + tag.len()))
}

fn variable(rest: &str) -> Option<Piece<'_>> {
    let after = &rest[1..];
    let (quoting, opened) = match after.chars().next()? {
        '"' => (Quoting::Identifier, 1),
        '\'' => (Quoting::Literal, 1),
        _ => (Quoting::Nothing, 0),
    };
    let name = &after[opened..];
    let end = name.find(|c| !is_name_part(c)).unwrap_or(name.len());
    let closes = opened == 0 || name[end..].starts_with(&after[..1]);
    let text = &rest[..1 + opened + end + opened.min(name.len() - end)];
    (end > 0 && closes).then_some(Piece::Variable { name: &name[..end], quoting, text })
}

#[cfg(all(test, feature = "lint"))]
mod tests {
    use super::statements;

    #[test]
    fn statements_end_at_their_own_semicolons() {
        let sql = "SELECT ';' ; -- ;\nDO $$ BEGIN; END $$; /* ; */\n CREATE TABLE \"a;b\" ();\n-- nothing;\n";
        assert_eq!(
            statements(sql),
            ["SELECT ';'", "-- ;\nDO $$ BEGIN; END $$", "/* ; */\n CREATE TABLE \"a;b\" ()"]
        );
        assert_eq!(statements("SELECT 1"), ["SELECT 1"]);
        assert!(statements(" ; ;").is_empty());
        let body = "CREATE FUNCTION f() RETURNS int BEGIN /* ; */ ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END";
        assert_eq!(statements(&format!("BEGIN; {body}; END; SELECT 1")), ["BEGIN", body, "END", "SELECT 1"]);
    }
}
