//! Where in a file a finding stands.

use super::finding::Finding;
use crate::catalog::Object;
use crate::catalog::replay::Located;
use crate::catalog::replay::lex::{Token, tokens};
use crate::catalog::replay::value::ident;
use crate::ident::Ident;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What the file is called.
    pub file: String,
    /// The line, from 1 on.
    pub line: usize,
    /// The character of the line, from 1 on.
    pub column: usize,
    /// How many characters of the line are meant.
    pub length: usize,
}

/// The place of a finding in its statement: the word that it names, or the name of the part that it is about, or the beginning.
pub(super) fn place(finding: &Finding, statement: &Located) -> Place {
    let text = statement.text();
    let found = match (&finding.word, &finding.object) {
        (Some(word), _) => find(text, |token| {
            token.of(text).eq_ignore_ascii_case(word)
                || ident(token, text).is_some_and(|name| name.as_str() == word)
        }),
        (None, object) => name_of(object).and_then(|name| find_name(text, name)),
    };
    let (start, end) = found.map_or_else(|| (0, first_line(text)), |token| (token.start, token.end));
    let before = text.get(..start).unwrap_or_default();
    let breaks = before.matches('\n').count();
    let column = match before.rfind('\n') {
        Some(at) => chars(before, at + 1),
        None => statement.column() - 1 + chars(before, 0),
    };
    Place {
        file: statement.file().to_owned(),
        line: statement.line() + breaks,
        column: column + 1,
        length: chars(text.get(start..end).unwrap_or_default(), 0).max(1),
    }
}

/// What an object is called in the statement that makes it.
fn name_of(object: &Object) -> Option<&Ident> {
    match object {
        Object::Part(_, _, name) | Object::Schema(name) | Object::Role(name) | Object::Publication(name) => {
            Some(name)
        }
        Object::Relation(name) | Object::RowSecurity(name) | Object::Grant(name, ..) => Some(name.name()),
        Object::Function(signature) => Some(signature.name.name()),
        Object::Membership(member, _) => Some(member),
        Object::Database | Object::Setting(..) | Object::DefaultPrivileges(_) => None,
    }
}

fn chars(text: &str, from: usize) -> usize {
    text.get(from..).map_or(0, |text| text.chars().count())
}

fn first_line(text: &str) -> usize {
    text.lines().next().map_or(0, |line| line.trim_end().len())
}

fn find(text: &str, is_it: impl Fn(Token) -> bool) -> Option<Token> {
    tokens(text).into_iter().find(|token| is_it(*token))
}

fn find_name(text: &str, name: &Ident) -> Option<Token> {
    find(text, |token| ident(token, text).is_some_and(|found| found == *name))
}
