//! What a piece of a file says.

use super::cursor::Cursor;
use super::parens::Unbalanced;
use super::parse;
use super::split::{Piece, PieceKind};
use super::statement::Statement;
use crate::lex::{Kind, Token};

pub(super) fn read(text: &str, piece: &Piece) -> Result<Statement, String> {
    match piece.kind {
        PieceKind::Statement if piece.is_open => Err(unclosed(text, piece)),
        PieceKind::Statement => balanced(
            text,
            piece,
            match parse::statement(Cursor::new(text, &piece.tokens)) {
                // Of a change of rows the head tells all.
                Ok(change @ Statement::Change { .. }) => Ok(change),
                _ if piece.is_cut => Err("a statement as long as this one is not followed".to_owned()),
                read => read,
            },
        ),
        PieceKind::Meta => {
            let command = piece.tokens.first().map_or("", |token: &Token| token.of(text));
            let word = command.trim_start_matches('\\').split_whitespace().next().unwrap_or_default();
            if matches!(word, "c" | "connect") {
                return Ok(Statement::Connect);
            }
            let opaque = META.iter().find(|(words, _)| words.contains(&word));
            Ok(opaque.map_or(Statement::Nothing, |(_, why)| Statement::Opaque(why)))
        }
    }
}

/// The same, unless a parenthesis has no counterpart in what is not looked into: a query, a change of rows. Of others a part may be
/// known all the same.
fn balanced(text: &str, piece: &Piece, read: Result<Statement, String>) -> Result<Statement, String> {
    let is_whole = |statement: &Statement| {
        use Statement::{Call, Change, Explain, Nothing, Prepare, Select};
        matches!(statement, Select(_) | Change { .. } | Call(_) | Prepare(..) | Explain(_) | Nothing)
    };
    match (read, piece.unbalanced) {
        (Ok(statement), Some(Unbalanced::Open { at, .. })) if is_whole(&statement) => {
            Err(format!("a parenthesis is not closed: the ( of line {}", line(text, at)))
        }
        (Ok(statement), Some(Unbalanced::Closed { at })) if is_whole(&statement) => {
            Err(format!("a parenthesis was not opened: the ) of line {}", line(text, at)))
        }
        (Err(why), _) => Err(match swallowed(text, piece) {
            Some(swallowed) => format!("{why}; {swallowed}"),
            None => why,
        }),
        (read, _) => read,
    }
}

/// What has taken in a semicolon, and with it what would have been other statements.
pub(super) fn swallowed(text: &str, piece: &Piece) -> Option<String> {
    match piece.unbalanced {
        Some(Unbalanced::Open { at, swallows: true }) => {
            Some(format!("the ( of line {} is not closed", line(text, at)))
        }
        _ => None,
    }
}

/// The line that a byte is on, from 1 on.
fn line(text: &str, at: usize) -> usize {
    1 + text.get(..at).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count()
}

/// What is said of a statement that runs to the end of the file.
fn unclosed(text: &str, piece: &Piece) -> String {
    let why = "a quote or a comment is not closed".to_owned();
    let Some(open) = piece.tokens.last().filter(|token| token.kind == Kind::Open) else { return why };
    let line = line(text, open.start);
    if line == piece.position.0 {
        return why;
    }
    let sign = match open.of(text).as_bytes() {
        [b'$', rest @ ..] => {
            let tag = rest.iter().position(|byte| *byte == b'$').unwrap_or_default();
            open.of(text).get(..tag + 2).unwrap_or("$$")
        }
        [b'"', ..] => "\"",
        [b'/', ..] => "/*",
        _ => "'",
    };
    format!("{why}: the {sign} of line {line}")
}

/// The commands to psql that decide what is run.
const META: [(&[&str], &str); 5] = [
    (&["i", "ir", "include", "include_relative"], "the file that psql includes here is not read"),
    (&["if", "elif", "else", "endif"], "whether psql runs what follows depends on a condition"),
    (&["gexec"], "psql runs whatever the query gives"),
    (&["q", "quit"], "psql stops here"),
    (&["!", "setenv"], "what psql runs in a shell is not followed"),
];
