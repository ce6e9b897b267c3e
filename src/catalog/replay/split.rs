//! Where the statements of a file begin and end, as psql and the runners of migrations see it.

use super::lex::{self, Kind, Token};

/// What stands between two ends of statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Its tokens, without comments and without what ends it.
    pub(super) tokens: Vec<Token>,
}

/// What kind of piece it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// SQL.
    Statement,
    /// A command to psql, from its backslash to the end of the line.
    Meta,
}

/// Divides a text into its pieces.
///
/// What a migration undoes itself with is left out: the part under `-- migrate:down`, `-- +goose Down` or `-- +migrate Down`.
pub(super) fn split(text: &str) -> Vec<Piece> {
    let mut splitter =
        Splitter { text, pieces: Vec::new(), tokens: Vec::new(), parens: 0, blocks: 0, undoing: false };
    let mut at = 0;
    while let Some(token) = lex::token(text, at) {
        at = splitter.take(token);
    }
    splitter.end();
    splitter.pieces
}

struct Splitter<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    /// Those of the piece that is being read.
    tokens: Vec<Token>,
    /// How many parentheses are open: a semicolon in them ends no statement.
    parens: usize,
    /// How many `BEGIN ATOMIC` and `CASE` are open: nor does one in them.
    blocks: usize,
    /// Whether this is the part of a migration that undoes it.
    undoing: bool,
}

impl Splitter<'_> {
    /// Takes a token and says where to go on.
    fn take(&mut self, token: Token) -> usize {
        match token.kind {
            Kind::Comment => {
                self.annotation(token);
                return token.end;
            }
            Kind::Backslash => return self.meta(token),
            _ => {}
        }
        let is = |symbol| token.is_symbol(self.text, symbol);
        if is(";") && self.parens == 0 && self.blocks == 0 {
            let copies = self.copies_from_stdin();
            self.end();
            return if copies { self.after_data(token.end) } else { token.end };
        }
        if is("(") {
            self.parens += 1;
        } else if is(")") {
            self.parens = self.parens.saturating_sub(1);
        } else if token.kind == Kind::Word && self.parens == 0 && self.makes_a_routine() {
            self.block(token);
        }
        self.tokens.push(token);
        token.end
    }

    /// Opens and closes the blocks in which a routine's body in standard SQL stands.
    fn block(&mut self, token: Token) {
        let is = |word| token.is_word(self.text, word);
        if is("begin") {
            self.blocks += 1;
        } else if self.blocks > 0 && is("case") {
            self.blocks += 1;
        } else if is("end") {
            self.blocks = self.blocks.saturating_sub(1);
        }
    }

    fn word(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_word(self.text, word))
    }

    fn makes_a_routine(&self) -> bool {
        let at = if self.word(1, "or") { 3 } else { 1 };
        self.word(0, "create") && (self.word(at, "function") || self.word(at, "procedure"))
    }

    fn copies_from_stdin(&self) -> bool {
        let mut words = self.tokens.windows(2);
        self.word(0, "copy")
            && words.any(|pair| match pair {
                [from, stdin] => from.is_word(self.text, "from") && stdin.is_word(self.text, "stdin"),
                _ => false,
            })
    }

    /// Where the data of a COPY end: behind a line that holds `\.` alone.
    fn after_data(&self, from: usize) -> usize {
        let mut at = from;
        let mut lines = self.text.get(from..).unwrap_or_default().split_inclusive('\n');
        // What stands behind the semicolon is no data.
        at += lines.next().map_or(0, str::len);
        for line in lines {
            at += line.len();
            if line.trim_end_matches(['\n', '\r']) == "\\." {
                break;
            }
        }
        at
    }

    /// Takes a command to psql, which reaches to the end of its line, or to `\\`.
    fn meta(&mut self, token: Token) -> usize {
        let rest = self.text.get(token.end..).unwrap_or_default();
        if rest.starts_with(';') {
            self.end();
            return token.end + 1;
        }
        let (length, divided) = meta_length(rest);
        let command = rest.get(..length).unwrap_or_default();
        // These send what has been written before them.
        if ["g", "crosstabview", "watch", "bind"].iter().any(|sends| command.starts_with(sends)) {
            self.end();
        }
        let end = token.end + command.trim_end().len();
        if !self.undoing {
            let tokens = vec![Token { kind: Kind::Backslash, start: token.start, end }];
            self.pieces.push(Piece { kind: PieceKind::Meta, tokens });
        }
        if divided { token.end + length + 2 } else { end }
    }

    /// Heeds what a runner of migrations reads in comments.
    fn annotation(&mut self, token: Token) {
        let Some(comment) = token.of(self.text).strip_prefix("--") else { return };
        let comment = comment.trim().to_ascii_lowercase();
        let words: Vec<&str> = comment.split_whitespace().collect();
        let undoing = match words[..] {
            ["migrate:down", ..] | ["+goose" | "+migrate", "down", ..] => true,
            ["migrate:up", ..] | ["+goose" | "+migrate", "up", ..] => false,
            _ => return,
        };
        self.end();
        self.undoing = undoing;
    }

    fn end(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        self.parens = 0;
        self.blocks = 0;
        if !tokens.is_empty() && !self.undoing {
            self.pieces.push(Piece { kind: PieceKind::Statement, tokens });
        }
    }
}

/// How long a command to psql is, and whether a `\\\\` ends it rather than the line.
fn meta_length(text: &str) -> (usize, bool) {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(found) = rest.find(['\n', '\r', '\\']) else { return (text.len(), false) };
        at += found;
        if !text.get(at..).is_some_and(|rest| rest.starts_with('\\')) {
            return (at, false);
        }
        if text.get(at..).is_some_and(|rest| rest.starts_with("\\\\")) {
            return (at, true);
        }
        at += 1;
    }
}

/// Where the lines of a text begin.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The line and the column, in characters, of a byte; both count from one.
    pub(super) fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, self.text.get(start..byte).map_or(0, |before| before.chars().count()) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, split};

    fn pieces(text: &str) -> Vec<&str> {
        let ends = |tokens: &[super::Token]| (tokens[0].start, tokens[tokens.len() - 1].end);
        split(text).iter().map(|piece| ends(&piece.tokens)).map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn statements_end_where_psql_ends_them() {
        for (text, expected) in [
            ("a;b ; ;c", vec!["a", "b", "c"]),
            ("a ';' b; c -- ;\n d", vec!["a ';' b", "c -- ;\n d"]),
            (
                "create rule r as on insert to t do (a; b); c",
                vec!["create rule r as on insert to t do (a; b)", "c"],
            ),
            (
                "create function f() returns int begin atomic select case when a then 1 end; select 2; end; b",
                vec![
                    "create function f() returns int begin atomic select case when a then 1 end; select 2; end",
                    "b",
                ],
            ),
            (
                "begin; create or replace procedure f() begin atomic a; end; b; end; c",
                vec!["begin", "create or replace procedure f() begin atomic a; end", "b", "end", "c"],
            ),
            ("do $$ begin a; end $$; b", vec!["do $$ begin a; end $$", "b"]),
        ] {
            assert_eq!(pieces(text), expected);
        }
    }

    #[test]
    fn what_is_for_psql_is_no_sql() {
        assert_eq!(
            pieces("\\set a 'it\nselect 1 \\gexec\nb;\\echo x \\\\ c;"),
            ["\\set a 'it", "select 1", "\\gexec", "b", "\\echo x", "c"]
        );
        assert_eq!(pieces("a\\; b;"), ["a", "b"]);
    }

    #[test]
    fn the_data_of_a_copy_are_no_sql() {
        let text = "COPY t (a) FROM stdin WITH (FORMAT csv);\n1;'\t\\N\r\n\\.\r\nb;\ncopy t to stdout;\nc;";
        assert_eq!(pieces(text), ["COPY t (a) FROM stdin WITH (FORMAT csv)", "b", "copy t to stdout", "c"]);
        assert_eq!(pieces("copy t from stdin;\n1\n2"), ["copy t from stdin"]);
    }

    #[test]
    fn what_undoes_a_migration_is_left_out() {
        for (up, down) in [
            ("-- migrate:up", "-- migrate:down"),
            ("-- +goose Up", "-- +goose Down"),
            ("", "-- +migrate Down"),
        ] {
            assert_eq!(pieces(&format!("{up}\na;\n{down}\nb; \\c x\n")), ["a"]);
        }
    }

    #[test]
    fn positions_count_characters() {
        let text = "é\né b";
        assert_eq!(Lines::of(text).position(text.find('b').unwrap()), (2, 3));
        assert_eq!(Lines::of(text).position(0), (1, 1));
    }
}
