//! What code may have changed that was not followed.

use std::collections::BTreeSet;

use super::super::cursor::Cursor;
use super::super::lex::{self, Kind};
use super::super::state::State;
use super::value::HOLE;
use crate::ident::QualifiedName;

/// The tables whose protection may not be what the model says: whether policies are asked, and which there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    all: bool,
    tables: BTreeSet<QualifiedName>,
}

impl Reach {
    /// Every table that is there.
    pub(crate) fn all() -> Self {
        Self { all: true, tables: BTreeSet::new() }
    }

    pub(crate) fn has(&self, table: &QualifiedName) -> bool {
        self.all || self.tables.contains(table)
    }

    pub(crate) fn is_nothing(&self) -> bool {
        !self.all && self.tables.is_empty()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.all |= other.all;
        self.tables.extend(other.tables);
    }

    /// What a statement of SQL may change, by what is known of its text.
    pub(super) fn of(text: &str, state: &State) -> Self {
        let tokens = lex::tokens(text);
        let mut cursor = Cursor::new(text, &tokens);
        if cursor.is_one_of(&["do", "drop owned", "reassign owned", "alter schema", "drop schema"]) {
            return Self::all();
        }
        if !cursor.is_one_of(&CHANGING) {
            // A text that begins with what is not known can be anything.
            return if text.trim_start().starts_with(HOLE) { Self::all() } else { Self::default() };
        }
        let policy = cursor.take_one_of(&["create policy", "alter policy", "drop policy"]).is_some();
        let revokes = cursor.is("revoke");
        if policy || revokes {
            while !cursor.is_at_end() && !cursor.take("on") {
                cursor.any();
            }
        }
        let _ = cursor.take_one_of(&["alter", "drop"]);
        let _ = cursor.take("foreign");
        let _ = cursor.take_one_of(&["table", "view"]);
        if cursor.is_one_of(&["all", "index", "function", "sequence", "trigger"]) && !revokes {
            return Self::default();
        }
        let _ = cursor.take("if exists");
        let _ = cursor.take("only");
        let alters = text.trim_start().get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case("alter"));
        let found = Self::named(&mut cursor, text, state);
        if alters && !policy && !protects(cursor) { Self::default() } else { found }
    }

    /// The tables that a list names.
    fn named(cursor: &mut Cursor<'_>, text: &str, state: &State) -> Self {
        let mut found = Self::default();
        let ends_in_hole =
            |cursor: &Cursor<'_>| text.get(cursor.last_end()..).is_some_and(|rest| rest.starts_with(HOLE));
        loop {
            match cursor.name() {
                // A name with a hole in it ends there.
                Ok(_) if ends_in_hole(cursor) => return Self::all(),
                Ok(name) => found.tables.extend(state.find(&name).ok()),
                Err(_) => return Self::all(),
            }
            let _ = cursor.take("*");
            if !cursor.take(",") {
                return found;
            }
        }
    }

    /// The tables that literals and names of some code name, for a function that is not known.
    pub(in super::super) fn spoken_of(text: &str, state: &State) -> Self {
        let tokens = lex::tokens(text);
        let literals = tokens.iter().filter(|token| token.kind == Kind::Text);
        let names = literals.filter_map(|token| {
            let said = super::super::value::string(*token, text)?;
            state.find(&super::interpreter::name_in(&said)?).ok()
        });
        Self { all: false, tables: names.collect() }
    }
}

/// Whether what follows the name of a table in ALTER TABLE may turn its policies on or off.
fn protects(cursor: Cursor<'_>) -> bool {
    let mut cursor = cursor;
    if cursor.is_at_end() || cursor.peek().starts_with(HOLE) {
        return true;
    }
    while !cursor.is_at_end() {
        if cursor.is_one_of(&["row", "attach", "detach", "inherit"]) {
            return true;
        }
        cursor.any();
    }
    false
}

/// What can change the protection of a table that is there, by its first words.
const CHANGING: [&str; 7] = [
    "alter table",
    "alter foreign table",
    "alter policy",
    "create policy",
    "drop policy",
    "drop table",
    "revoke",
];
