//! What code may have changed that was not followed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cursor::Cursor;
use super::super::state::State;
use super::value::HOLE;
use crate::ident::QualifiedName;
use crate::lex::{self, Kind};

/// What of a table decides who sees its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guard {
    /// Whether policies are asked.
    Switch,
    Policies,
    Grants,
}

/// The guards of tables that may not be what the model says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Those of every table that is there.
    all: BTreeSet<Guard>,
    tables: BTreeMap<QualifiedName, BTreeSet<Guard>>,
}

const GUARDS: [Guard; 3] = [Guard::Switch, Guard::Policies, Guard::Grants];

impl Reach {
    /// Everything of every table that is there.
    pub(crate) fn all() -> Self {
        Self::of_all(&GUARDS)
    }

    fn of_all(guards: &[Guard]) -> Self {
        Self { all: guards.iter().copied().collect(), tables: BTreeMap::new() }
    }

    /// Whether any guard of a table may be another one.
    pub(crate) fn has(&self, table: &QualifiedName) -> bool {
        GUARDS.iter().any(|guard| self.has_guard(table, *guard))
    }

    /// Whether this guard of a table may be another one.
    pub(crate) fn has_guard(&self, table: &QualifiedName, guard: Guard) -> bool {
        self.all.contains(&guard) || self.tables.get(table).is_some_and(|guards| guards.contains(&guard))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.all.is_empty() && self.tables.is_empty()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.all.extend(other.all);
        for (table, guards) in other.tables {
            self.tables.entry(table).or_default().extend(guards);
        }
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
        let guards: &[Guard] = if policy {
            &[Guard::Policies]
        } else if revokes {
            &[Guard::Grants]
        } else if cursor.is("drop") {
            &GUARDS
        } else {
            &[Guard::Switch]
        };
        if revokes && (cursor.is_at_end() || cursor.is("all tables in schema")) {
            return Self::of_all(guards);
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
        let found = Self::named(&mut cursor, text, state, guards);
        if alters && !policy && !protects(cursor) { Self::default() } else { found }
    }

    /// Guards of the tables that a list names.
    fn named(cursor: &mut Cursor<'_>, text: &str, state: &State, guards: &[Guard]) -> Self {
        let mut found = Self::default();
        let ends_in_hole =
            |cursor: &Cursor<'_>| text.get(cursor.last_end()..).is_some_and(|rest| rest.starts_with(HOLE));
        loop {
            match cursor.name() {
                // A name with a hole in it ends there.
                Ok(_) if ends_in_hole(cursor) => return Self::of_all(guards),
                Ok(name) => {
                    let table = state.find(&name).ok();
                    found.tables.extend(table.map(|table| (table, guards.iter().copied().collect())));
                }
                Err(_) => return Self::of_all(guards),
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
        Self { all: BTreeSet::new(), tables: names.map(|name| (name, GUARDS.into())).collect() }
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
