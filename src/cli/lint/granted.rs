//! What files take for granted: roles that they name and do not make, and the name of their database.

use std::collections::BTreeSet;

use crate::catalog::replay::{Located, Token, name_of, tokens};
use crate::ident::Ident;

/// What the statements of files name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Granted {
    /// The roles that they name.
    pub(super) roles: BTreeSet<Ident>,
    /// The roles that they make.
    pub(super) made: BTreeSet<Ident>,
    /// The database that they are for.
    pub(super) database: Option<Ident>,
}

/// What begins a statement that can name a role or the database.
const NAMING: [&str; 8] = ["grant", "revoke", "alter", "create", "set", "reassign", "drop", "comment"];

/// What stands for a role without being the name of one.
const NO_ROLES: [&str; 6] = ["public", "current_user", "current_role", "session_user", "none", "default"];

impl Granted {
    /// Reads statements, those that others run among them.
    pub(super) fn of(statements: &[Located]) -> Self {
        let mut found = Self::default();
        for statement in statements {
            found.see(statement.text());
        }
        found
    }

    fn see(&mut self, text: &str) {
        let first = text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        if !NAMING.iter().any(|verb| verb.eq_ignore_ascii_case(first)) {
            return;
        }
        let words = Words { text, tokens: tokens(text) };
        let at = |place: usize, word: &str| words.is(place, word);
        if at(0, "create") && (at(1, "role") || at(1, "group") || (at(1, "user") && !at(2, "mapping"))) {
            self.made.extend(words.name(2));
        }
        let grants = at(0, "grant") || at(0, "revoke");
        if grants && !(0..words.tokens.len()).any(|place| at(place, "on")) {
            self.take(&words, if at(1, "admin") { 4 } else { 1 });
        }
        let to = grants || ((at(0, "create") || at(0, "alter")) && (at(1, "policy") || at(1, "default")));
        for place in 1..words.tokens.len() {
            let is = |word: &str| at(place, word);
            let is_role = at(1, "role") || at(1, "user") || at(1, "group");
            if at(0, "alter") && is_role && is("to") && at(place - 1, "rename") {
                self.made.extend(words.name(place + 1));
            }
            let names_roles = (is("to") && to && !at(place - 1, "rename"))
                || (is("to") && at(place - 1, "owner"))
                || (is("to") && at(0, "reassign"))
                || (is("from") && (at(0, "revoke") || (at(0, "alter") && at(1, "default"))))
                || is("authorization")
                || (is("by") && at(place - 1, "owned"))
                || (is("role") && !(place == 1 && (at(0, "create") || at(0, "drop") || at(0, "alter"))))
                || (is("role") && place == 1 && at(0, "set"));
            if names_roles {
                self.take(&words, place + 1);
            }
            if is("database") && !at(0, "create") && !at(0, "drop") && self.database.is_none() {
                let named = words.name(place + 1);
                self.database = named.filter(|_| place == 1 || at(place - 1, "on"));
            }
        }
    }

    /// Takes the names of a list.
    fn take(&mut self, words: &Words<'_>, from: usize) {
        let mut place = if words.is(from, "group") { from + 1 } else { from };
        while let Some(name) = words.name(place) {
            let is_none = NO_ROLES.contains(&name.as_str()) || name.as_str().starts_with("pg_");
            if !is_none {
                self.roles.insert(name);
            }
            if !words.tokens.get(place + 1).is_some_and(|token| token.is_symbol(words.text, ",")) {
                break;
            }
            place += 2;
        }
    }
}

/// Whether a statement makes a role.
pub(super) fn makes(text: &str, role: &Ident) -> bool {
    let mut found = Granted::default();
    found.see(text);
    found.made.contains(role) && !found.roles.contains(role)
}

struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl Words<'_> {
    fn is(&self, place: usize, word: &str) -> bool {
        self.tokens.get(place).is_some_and(|token| token.is_word(self.text, word))
    }

    fn name(&self, place: usize) -> Option<Ident> {
        name_of(*self.tokens.get(place)?, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Granted;

    fn names(sql: &str) -> (String, String, String) {
        let mut found = Granted::default();
        found.see(sql);
        let joined = |names: &std::collections::BTreeSet<crate::ident::Ident>| {
            names.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>().join(" ")
        };
        let database = found.database.as_ref().map_or(String::new(), |name| name.as_str().to_owned());
        (joined(&found.roles), joined(&found.made), database)
    }

    #[test]
    fn roles_and_the_database_are_found_where_statements_name_them() {
        for (sql, roles, made, database) in [
            ("GRANT SELECT ON t TO a, \"B\", PUBLIC", "B a", "", ""),
            ("GRANT a, b TO c WITH ADMIN OPTION", "a b c", "", ""),
            ("REVOKE ADMIN OPTION FOR a FROM b", "a b", "", ""),
            ("REVOKE ALL ON SCHEMA public FROM PUBLIC, anon", "anon", "", ""),
            ("GRANT CONNECT ON DATABASE erp TO app", "app", "", "erp"),
            ("ALTER DATABASE erp SET x = 1", "", "", "erp"),
            ("COMMENT ON DATABASE erp IS 'x'", "", "", "erp"),
            ("CREATE DATABASE erp", "", "", ""),
            ("ALTER TABLE t OWNER TO o", "o", "", ""),
            ("ALTER TABLE t RENAME TO u", "", "", ""),
            ("CREATE POLICY p ON t FOR ALL TO a USING (true)", "a", "", ""),
            ("ALTER POLICY p ON t RENAME TO q", "", "", ""),
            ("ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT ALL ON TABLES TO b", "a b", "", ""),
            ("CREATE ROLE a IN ROLE b", "b", "a", ""),
            ("CREATE USER a", "", "a", ""),
            ("ALTER USER a RENAME TO b", "", "b", ""),
            ("CREATE USER MAPPING FOR a SERVER s", "", "", ""),
            ("CREATE SCHEMA s AUTHORIZATION a", "a", "", ""),
            ("SET ROLE a", "a", "", ""),
            ("SET LOCAL ROLE a", "a", "", ""),
            ("REASSIGN OWNED BY a TO b", "a b", "", ""),
            ("ALTER ROLE a SET search_path TO b", "", "", ""),
            ("GRANT pg_read_all_data TO a", "a", "", ""),
            ("INSERT INTO role VALUES ('to')", "", "", ""),
        ] {
            assert_eq!(names(sql), (roles.to_owned(), made.to_owned(), database.to_owned()), "{sql}");
        }
    }
}
