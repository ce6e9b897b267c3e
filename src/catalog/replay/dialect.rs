//! Files that are written for another database.

use super::split::{Piece, split};
use crate::lex::{Kind, Token};

/// What tells that a file is written for another database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// The database.
    pub(super) name: &'static str,
    /// The words that tell so.
    pub(super) sign: String,
    /// The line and the column of the statement that they stand in, and its bytes.
    pub(super) position: (usize, usize),
    pub(super) range: std::ops::Range<usize>,
}

/// The database that a file is written for, if it is another one: it says something that PostgreSQL has no word for, and nothing
/// that PostgreSQL alone has.
pub(super) fn foreign(text: &str) -> Option<Foreign> {
    // Most files say nothing of the kind, and need not be cut into tokens once more.
    if !may_be_foreign(text) {
        return None;
    }
    let mut found: Option<Foreign> = None;
    for piece in split(text) {
        if is_of_postgres(text, &piece.tokens) {
            return None;
        }
        if found.is_none() {
            found = told(text, &piece);
        }
    }
    found
}

/// Words of which one stands in every such file, in lower case.
const WORDS: [&str; 15] = [
    "`",
    "auto_increment",
    "autoincrement",
    "pragma",
    "without rowid",
    "insert or ",
    "engine",
    "delimiter",
    "duplicate key",
    "/*!",
    "[",
    "identity(",
    "nvarchar",
    "varchar2",
    "uniqueidentifier",
];

fn may_be_foreign(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) || is_go(&lower)
}

/// Whether `GO` has a line to itself.
fn is_go(lower: &str) -> bool {
    lower.match_indices("go").any(|(at, _)| stands_alone(lower, at..at + 2))
}

/// Whether nothing else stands on the line.
fn stands_alone(text: &str, range: std::ops::Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|text| text.rsplit('\n').next());
    let after = text.get(range.end..).and_then(|text| text.split(['\n', ';']).next());
    before.is_some_and(|text| text.trim().is_empty()) && after.is_some_and(|text| text.trim().is_empty())
}

/// Words that no other database has.
const OURS: [&str; 8] =
    ["plpgsql", "jsonb", "timestamptz", "bigserial", "bytea", "regclass", "tsvector", "row_security"];

fn is_of_postgres(text: &str, tokens: &[Token]) -> bool {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(text, word));
    tokens.iter().enumerate().any(|(at, token)| match token.kind {
        Kind::Symbol => token.of(text) == "::",
        Kind::Word => {
            OURS.iter().any(|word| token.is_word(text, word))
                || (token.is_word(text, "row") && is(at + 1, "level") && is(at + 2, "security"))
                || (token.is_word(text, "policy")
                    && (is(at.wrapping_sub(1), "create") || is(at.wrapping_sub(1), "alter")))
        }
        _ => false,
    })
}

/// What a statement tells.
fn told(text: &str, piece: &Piece) -> Option<Foreign> {
    let tokens = &piece.tokens;
    let found = (0..tokens.len()).find_map(|at| sign(text, tokens, at));
    let start = tokens.first()?.start;
    // What stands in comments of this kind MySQL runs.
    let comment = || {
        let written = text.get(..piece.end)?;
        let after = written.rfind("/*!")?;
        let digits = written.get(after + 3..)?.starts_with(|c: char| c.is_ascii_digit());
        digits.then(|| ("MySQL", "/*! */".to_owned()))
    };
    let (name, sign) = found.or_else(comment)?;
    Some(Foreign { name, sign, position: piece.position, range: start..piece.end })
}

/// The keywords behind which SQL Server has names in brackets.
const BEFORE_NAMES: [&str; 14] = [
    "table",
    "into",
    "from",
    "join",
    "update",
    "references",
    "schema",
    "use",
    "exists",
    "view",
    "procedure",
    "index",
    "constraint",
    "on",
];

/// What the tokens from a place on tell.
fn sign(text: &str, tokens: &[Token], at: usize) -> Option<(&'static str, String)> {
    let token = tokens.get(at)?;
    let is = |place: usize, word: &str| tokens.get(place).is_some_and(|token| token.is_word(text, word));
    let symbol = |place: usize, of: &str| tokens.get(place).is_some_and(|token| token.is_symbol(text, of));
    let kind = |place: usize| tokens.get(place).map(|token| token.kind);
    let before = at.checked_sub(1);
    let says = |name, sign: &str| Some((name, sign.to_owned()));
    if symbol(at, "`") && kind(at + 1) == Some(Kind::Word) && symbol(at + 2, "`") {
        return says("MySQL", "`names` in backticks");
    }
    if symbol(at, "[") && kind(at + 1) == Some(Kind::Word) && symbol(at + 2, "]") {
        let named = before
            .is_some_and(|before| symbol(before, ".") || BEFORE_NAMES.iter().any(|word| is(before, word)));
        return named.then(|| ("SQL Server", "[names] in brackets".to_owned()));
    }
    if token.kind != Kind::Word {
        return None;
    }
    let word = token.of(text).to_ascii_lowercase();
    match word.as_str() {
        "autoincrement" => says("SQLite", "AUTOINCREMENT"),
        "pragma" if at == 0 => says("SQLite", "PRAGMA"),
        "without" if is(at + 1, "rowid") => says("SQLite", "WITHOUT ROWID"),
        "insert" if at == 0 && is(1, "or") => says("SQLite", "INSERT OR"),
        "auto_increment" => says("MySQL", "AUTO_INCREMENT"),
        "engine" if before.is_some_and(|before| symbol(before, ")")) && symbol(at + 1, "=") => {
            says("MySQL", "ENGINE")
        }
        "delimiter" if at == 0 => says("MySQL", "DELIMITER"),
        "duplicate" if before.is_some_and(|before| is(before, "on")) && is(at + 1, "key") => {
            says("MySQL", "ON DUPLICATE KEY")
        }
        "go" if stands_alone(text, token.start..token.end) => says("SQL Server", "GO"),
        "identity" if symbol(at + 1, "(") && kind(at + 2) == Some(Kind::Number) => {
            says("SQL Server", "IDENTITY(1, 1)")
        }
        "nvarchar" | "uniqueidentifier" => says("SQL Server", &word.to_ascii_uppercase()),
        "varchar2" | "nvarchar2" => says("Oracle", &word.to_ascii_uppercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn a_file_of_another_database_is_known_by_what_only_that_one_says() {
        for (text, name) in [
            ("create table t (id integer primary key autoincrement);", "SQLite"),
            ("select 1; pragma foreign_keys = on;", "SQLite"),
            ("create table t (id int primary key) without rowid;", "SQLite"),
            ("insert or ignore into t values (1);", "SQLite"),
            ("create table `t` (`id` int);", "MySQL"),
            ("create table t (id int auto_increment);", "MySQL"),
            ("create table t (id int) engine=InnoDB;", "MySQL"),
            (
                "delimiter //\ncreate trigger a before insert on t for each row begin set new.a = 1; end//",
                "MySQL",
            ),
            ("/*!40101 SET NAMES utf8 */;\ncreate table t (id int);", "MySQL"),
            ("insert into t values (1) on duplicate key update a = 1;", "MySQL"),
            ("create table [dbo].[t] ([id] int);", "SQL Server"),
            ("create table t (id int identity(1,1));", "SQL Server"),
            ("create table t (id int)\ngo\ncreate table u (id int)\nGO\n", "SQL Server"),
            ("create table t (id uniqueidentifier);", "SQL Server"),
            ("create table t (id number, name varchar2(20));", "Oracle"),
        ] {
            assert_eq!(foreign(text).map(|of| of.name), Some(name), "{text}");
        }
    }

    #[test]
    fn what_postgres_says_too_tells_nothing() {
        for text in [
            "create table t (id int generated always as identity (start with 1), a int[]);",
            "select a[i], (array[b, c])[d] from t; update car set engine = 'V8';",
            "select '`a`', 'AUTOINCREMENT', \"pragma\" from t; -- `x`\n",
            "copy t from stdin;\n`a`\tAUTO_INCREMENT\n\\.\nselect 1;",
            "create table t (go int,\n go_on text);",
            "create function f() returns int language plpgsql as $$ begin return 1; end $$; create table `t` (id int);",
            "alter table t enable row level security; create table u (id int auto_increment);",
            "copy t (a) from stdin with (delimiter '|');",
        ] {
            assert_eq!(foreign(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_said_where_it_shows() {
        let found = foreign("create table t (id int);\n\n  pragma a;").unwrap();
        assert_eq!((found.sign.as_str(), found.position), ("PRAGMA", (3, 3)));
        assert_eq!(found.range, 28..36);
    }
}
