//! Where the statements of a file begin and end, as psql and the runners of migrations see it.

use std::collections::VecDeque;

use super::lines::Lines;
use super::parens::{Parens, Unbalanced};
use super::section::{Format, Part, Said};
use crate::lex::{self, Kind, Token};

/// How many tokens of a piece are kept. What is longer is a list of rows, of which the head tells all, or is not to be followed.
const MOST_TOKENS: usize = 1 << 18;

/// What stands between two ends of statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Its tokens, without comments and without what ends it: one at least, and the first ones only if it is cut.
    pub(super) tokens: Vec<Token>,
    /// The line and the column that it begins at.
    pub(super) position: (usize, usize),
    /// Where its last token ends, in bytes.
    pub(super) end: usize,
    /// Whether its last token is a quote or a comment that nobody closes.
    pub(super) is_open: bool,
    /// Whether it has more tokens than are kept.
    pub(super) is_cut: bool,
    /// The first parenthesis in it that nobody closes, or opens.
    pub(super) unbalanced: Option<Unbalanced>,
    /// The part of the file that it stands in, by a number.
    pub(super) part: usize,
    /// Whether that part is one transaction, where it says so itself.
    pub(super) one_transaction: Option<bool>,
}

/// What kind of piece it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// SQL.
    Statement,
    /// A command to psql, from its backslash to the end of the line.
    Meta,
}

/// Divides a text into its pieces, one after the other, so that no more than one of them has to be held.
///
/// What a migration undoes itself with is left out: the part under `-- migrate:down`, `-- +goose Down` and the like, and what a
/// changeset of Liquibase's says for another server.
pub(super) fn split(text: &str) -> Pieces<'_> {
    Pieces {
        text,
        at: 0,
        ready: VecDeque::new(),
        tokens: Vec::new(),
        last: None,
        lines: Lines::of(text),
        position: (1, 1),
        parens: Parens::default(),
        blocks: 0,
        format: Format::default(),
        part: Part::default(),
        number: 0,
        skips: false,
    }
}

/// The pieces of a text, in order.
pub(super) struct Pieces<'a> {
    text: &'a str,
    /// How far it has been read.
    at: usize,
    /// Those that are whole, never more than two.
    ready: VecDeque<Piece>,
    /// Those of the piece that is being read.
    tokens: Vec<Token>,
    /// The last of them, be it kept or not.
    last: Option<Token>,
    lines: Lines<'a>,
    /// Where the piece that is being read begins.
    position: (usize, usize),
    /// The parentheses: a semicolon in them ends no statement.
    parens: Parens,
    /// How many `BEGIN ATOMIC` and `CASE` are open: nor does one in them.
    blocks: usize,
    /// What the comments so far tell of the file.
    format: Format,
    /// The part that is being read, and its number.
    part: Part,
    number: usize,
    /// Whether it is said that what is read now is not run.
    skips: bool,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        while self.ready.is_empty() {
            let Some(token) = lex::token(self.text, self.at) else {
                self.end();
                break;
            };
            self.at = self.take(token);
        }
        self.ready.pop_front()
    }
}

impl Pieces<'_> {
    /// Takes a token and says where to go on.
    fn take(&mut self, token: Token) -> usize {
        match token.kind {
            Kind::Comment => return self.comment(token),
            Kind::Backslash => return self.meta(token),
            _ => {}
        }
        if let Some(length) = self.part.delimiter.as_ref().and_then(|of| of.at(self.text, token.start)) {
            self.end();
            return token.start + length;
        }
        if self.skips {
            return token.end;
        }
        let is = |symbol| token.is_symbol(self.text, symbol);
        if is(";") && !self.parens.are_open() && self.blocks == 0 {
            let copies = self.copies_from_stdin();
            self.end();
            return if copies { self.after_data(token.end) } else { token.end };
        }
        if is("(") {
            self.parens.open(token.start);
        } else if is(")") {
            self.parens.close(token.start);
        } else if is(";") {
            self.parens.swallow();
        } else if token.kind == Kind::Word && !self.parens.are_open() && self.makes_a_routine() {
            self.block(token);
        }
        if self.tokens.is_empty() {
            self.position = self.lines.position(token.start);
        }
        if self.tokens.len() < MOST_TOKENS {
            self.tokens.push(token);
        }
        self.last = Some(token);
        token.end
    }

    /// Opens and closes the blocks in which a routine's body in standard SQL stands.
    fn block(&mut self, token: Token) {
        let is = |word| token.is_word(self.text, word);
        if is("begin") || (self.blocks > 0 && is("case")) {
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
        if !self.part.is_left_out && !self.skips {
            self.ready.push_back(Piece {
                kind: PieceKind::Meta,
                tokens: vec![Token { kind: Kind::Backslash, start: token.start, end }],
                position: self.lines.position(token.start),
                end,
                is_open: false,
                is_cut: false,
                unbalanced: None,
                part: self.number,
                one_transaction: self.part.one_transaction,
            });
        }
        if divided { token.end + length + 2 } else { end }
    }

    /// Heeds what a runner of migrations reads in comments, and says where to go on.
    fn comment(&mut self, token: Token) -> usize {
        match self.format.heed(token.of(self.text)) {
            Some(Said::Part(part)) => {
                // Play writes `# --- !Ups`.
                if matches!(self.tokens[..], [first] if first.is_symbol(self.text, "#")) {
                    self.tokens.clear();
                    self.last = None;
                }
                self.end();
                self.part = part;
                self.number += 1;
            }
            Some(Said::Skip(skips)) => self.skips = skips,
            Some(Said::SkipLines(lines)) => {
                let rest = self.text.get(token.end..).unwrap_or_default().split_inclusive('\n');
                return token.end + rest.take(lines.saturating_add(1)).map(str::len).sum::<usize>();
            }
            None => {}
        }
        token.end
    }

    fn end(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        self.blocks = 0;
        let unbalanced = self.parens.end();
        let Some(last) = self.last.take().filter(|_| !self.part.is_left_out) else { return };
        self.ready.push_back(Piece {
            kind: PieceKind::Statement,
            position: self.position,
            end: last.end,
            is_open: last.kind == Kind::Open,
            is_cut: tokens.last() != Some(&last),
            tokens,
            unbalanced,
            part: self.number,
            one_transaction: self.part.one_transaction,
        });
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

#[cfg(test)]
mod tests {
    use super::{MOST_TOKENS, Unbalanced, split};

    fn pieces(text: &str) -> Vec<&str> {
        split(text).map(|piece| &text[piece.tokens[0].start..piece.end]).collect()
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
        let places: Vec<_> = split("\na\n \\x\nb;\nc").map(|piece| piece.position).collect();
        assert_eq!(places, [(3, 2), (2, 1), (5, 1)]);
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
    fn changesets_are_parts_with_ends_of_their_own() {
        let text = "--liquibase formatted sql\n--changeset a:1\na;\n--rollback x;\n--changeset a:2 dbms:mysql\nb;\n\
                    --changeset a:3 endDelimiter:/ runInTransaction:false\nc\n/\nd / e\n/\n\
                    --changeset a:4\n--ignoreLines:1\nf;\n--ignoreLines:start\ng;\n--ignoreLines:end\nh\n";
        let found: Vec<_> = split(text)
            .map(|piece| (&text[piece.tokens[0].start..piece.end], piece.part, piece.one_transaction))
            .collect();
        let expected =
            [("a", 1, Some(true)), ("c", 3, Some(false)), ("d / e", 3, Some(false)), ("h", 4, Some(true))];
        assert_eq!(found, expected);
        assert_eq!(pieces("# --- !Ups\na;\n# --- !Downs\nb;\n"), ["a"]);
    }

    #[test]
    fn a_parenthesis_without_its_counterpart_is_told() {
        for (text, expected) in [
            ("a (b); c", [None, None]),
            ("a; b (c) (d", [None, Some(Unbalanced::Open { at: 9, swallows: false })]),
            (
                "a); b (c; d",
                [Some(Unbalanced::Closed { at: 1 }), Some(Unbalanced::Open { at: 6, swallows: true })],
            ),
            ("create rule r as on insert to t do (a; b); c", [None, None]),
        ] {
            assert_eq!(split(text).map(|piece| piece.unbalanced).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn of_a_long_piece_the_head_is_kept() {
        for (count, is_cut) in [(MOST_TOKENS, false), (MOST_TOKENS + 1, true)] {
            let text = format!("{};b 'c", "a ".repeat(count));
            let [long, short] = &split(&text).collect::<Vec<_>>()[..] else { panic!("two pieces") };
            assert_eq!((long.is_cut, long.is_open), (is_cut, false));
            assert_eq!((long.tokens.len(), long.end), (MOST_TOKENS, 2 * count - 1));
            assert_eq!((short.is_cut, short.is_open, short.end), (false, true, text.len()));
        }
    }
}
