//! Fills the variables of a SQL file in, by the rules of psql.
//!
//! The files under `sql/` use [psql's variables](https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-INTERPOLATION),
//! so what this module renders and what a DBA runs with `psql -v table=invoice -f` is the same text:
//!
//! | in the file | becomes |
//! |---|---|
//! | `:"name"` | a quoted identifier |
//! | `:'name'` | a string literal |
//! | `:name` | the fragment as it is |
//!
//! Nothing is replaced inside quotes, comments and dollar-quoted text, and `::` stays a cast.

use std::collections::BTreeSet;

use super::scan::{Piece, Quoting, pieces};
use crate::error::{Error, Result};
use crate::ident::{Ident, array_text, dollar_quoted, literal};

/// What a file's variables stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vars<'a>(Vec<(&'static str, Value<'a>)>);

#[derive(Clone, Debug)]
enum Value<'a> {
    /// A name, for `:"x"` and, where the catalog is asked about it, for `:'x'`.
    Name(&'a Ident),
    /// A text, for `:'x'` alone.
    Text(String),
    /// A body, for `:'x'` alone, between dollars.
    Body(String),
    /// SQL that this crate wrote, for `:x` alone.
    Sql(String),
}

impl<'a> Vars<'a> {
    pub(crate) fn name(mut self, key: &'static str, name: &'a Ident) -> Self {
        self.0.push((key, Value::Name(name)));
        self
    }

    pub(crate) fn text(mut self, key: &'static str, text: impl Into<String>) -> Self {
        self.0.push((key, Value::Text(text.into())));
        self
    }

    /// A text that holds SQL, for people to read.
    pub(crate) fn body(mut self, key: &'static str, text: impl Into<String>) -> Self {
        self.0.push((key, Value::Body(text.into())));
        self
    }

    /// Several names, as the text of an array.
    pub(crate) fn names(self, key: &'static str, names: &[&Ident]) -> Self {
        self.text(key, array_text(names))
    }

    pub(crate) fn sql(mut self, key: &'static str, sql: impl Into<String>) -> Self {
        self.0.push((key, Value::Sql(sql.into())));
        self
    }

    /// Those that a text names.
    #[cfg(feature = "prove")]
    pub(crate) fn named_in(mut self, text: &str) -> Self {
        let named: BTreeSet<&str> = pieces(text)
            .filter_map(|piece| match piece {
                Piece::Variable { name, .. } => Some(name),
                _ => None,
            })
            .collect();
        self.0.retain(|(name, _)| named.contains(name));
        self
    }

    fn value(&self, key: &str, quoting: Quoting) -> Option<String> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == key)?;
        match (value, quoting) {
            (Value::Name(name), Quoting::Identifier) => Some(name.to_string()),
            (Value::Name(name), Quoting::Literal) => Some(literal(name.as_str())),
            (Value::Text(text), Quoting::Literal) => Some(literal(text)),
            (Value::Body(text), Quoting::Literal) => Some(dollar_quoted(text)),
            (Value::Sql(sql), Quoting::Nothing) => Some(sql.clone()),
            _ => None,
        }
    }
}

/// Renders a file without the comment at its head, which explains the file to those who run it by hand.
///
/// # Errors
///
/// The file names a variable that is not given, or not in that kind of quotes, or a given one is not used:
/// either way file and code have come apart.
pub(crate) fn render(file: &str, vars: &Vars<'_>) -> Result<String> {
    let mut sql = String::with_capacity(file.len());
    let mut used = BTreeSet::new();
    for piece in pieces(without_head(file)) {
        match piece {
            Piece::Variable { name, quoting, text } => {
                let value = vars.value(name, quoting).ok_or_else(|| {
                    Error::config(format!("a SQL file names variable {text}, which is not given"))
                })?;
                used.insert(name);
                sql.push_str(&value);
            }
            Piece::Verbatim(text) | Piece::Plain(text) => sql.push_str(text),
        }
    }
    match vars.0.iter().find(|(name, _)| !used.contains(name)) {
        Some((name, _)) => {
            Err(Error::config(format!("variable {name} is given to a SQL file that does not name it")))
        }
        None => Ok(sql.trim().to_owned()),
    }
}

fn without_head(file: &str) -> &str {
    let mut rest = file;
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::{Vars, render};
    use crate::ident::Ident;

    #[test]
    fn variables_are_filled_in_as_psql_fills_them_in() {
        let name = Ident::new(r#"Odd "one""#).unwrap();
        let vars = Vars::default().name("t", &name).text("x", "it's").sql("type", "uuid");
        let sql =
            render(r#"SELECT :'x'::text, :'t', a::uuid, cast(:'x' AS :type) FROM :"t""#, &vars).unwrap();
        assert_eq!(
            sql,
            r#"SELECT 'it''s'::text, 'Odd "one"', a::uuid, cast('it''s' AS uuid) FROM "Odd ""one""""#
        );
    }

    #[test]
    fn quotes_comments_and_bodies_are_left_alone() {
        let text = r#"SELECT ':type', ":type", E'\':type', $$:type$$, $a$ $$:type $a$ -- :type
/* :type /* :type */ :type */ , a[1 :2] FROM x"#
            .replace("a[1 :2]", "a::text");
        assert_eq!(render(&text, &Vars::default()).unwrap(), text);
        // A dollar inside a name opens nothing.
        let after = render("SELECT a$x$, :type, b$x$", &Vars::default().sql("type", "uuid")).unwrap();
        assert_eq!(after, "SELECT a$x$, uuid, b$x$");
    }

    #[test]
    fn a_file_and_its_variables_agree() {
        let name = Ident::known("t");
        assert!(render(r#"SELECT :"u""#, &Vars::default()).is_err(), "unknown");
        assert!(render("SELECT 1", &Vars::default().name("t", &name)).is_err(), "unused");
        assert!(render("SELECT :t", &Vars::default().name("t", &name)).is_err(), "a name without quotes");
        assert!(render(r#"SELECT :"t""#, &Vars::default().text("t", "t")).is_err(), "a text as a name");
        assert!(render("SELECT :'t'", &Vars::default().sql("t", "1")).is_err(), "SQL as a text");
    }

    #[test]
    fn the_head_is_left_out_and_other_comments_stay() {
        assert_eq!(
            render("-- what\n-- why\n\nSELECT 1; -- one\n", &Vars::default()).unwrap(),
            "SELECT 1; -- one"
        );
    }
}
