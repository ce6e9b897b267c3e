//! Conditions that ask the server's catalogs whether something is there.

use super::super::cursor::Cursor;
use crate::ident::Ident;

/// `[NOT] EXISTS (SELECT … FROM catalog WHERE column = 'value' AND …)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exists {
    pub(crate) not: bool,
    /// The catalog, without its schema.
    pub(crate) catalog: Ident,
    /// What has to be equal, each column once.
    pub(crate) equal: Vec<(Ident, String)>,
}

/// Reads such a condition, if it is one and nothing else.
pub(crate) fn exists(cursor: &mut Cursor<'_>) -> Option<Exists> {
    let not = cursor.take("not");
    if !cursor.take("exists") {
        return None;
    }
    let mut inner = cursor.parens().ok().filter(|_| cursor.is_at_end())?.cursor();
    if !inner.take("select") {
        return None;
    }
    // An aggregate gives a row where none is found.
    if !inner.is("from") && inner.until(&["from"]).ok()?.words().contains(&"(") {
        return None;
    }
    inner.expect("from").ok()?;
    let catalog = inner.name().ok()?;
    let schemas = ["pg_catalog", "information_schema"];
    if catalog.schema.as_ref().is_some_and(|schema| !schemas.contains(&schema.as_str())) {
        return None;
    }
    if !inner.is("where") {
        let _ = inner.take("as");
        inner.ident().ok()?;
    }
    inner.expect("where").ok()?;
    let mut equal: Vec<(Ident, String)> = Vec::new();
    loop {
        let column = inner.name().ok()?.name;
        inner.expect("=").ok()?;
        let value = inner.string().ok()?;
        let _ = inner.take(":: regclass");
        if equal.iter().any(|(known, _)| *known == column) {
            return None;
        }
        equal.push((column, value));
        if !inner.take("and") {
            break;
        }
    }
    let _ = inner.take("limit 1");
    inner.is_at_end().then_some(Exists { not, catalog: catalog.name, equal })
}

#[cfg(test)]
mod tests {
    use super::exists;
    use crate::catalog::replay::cursor::Cursor;
    use crate::catalog::replay::lex;

    #[test]
    fn only_what_is_understood_to_its_end_is_read() {
        for (text, read) in [
            ("not exists (select 1 from pg_type where typname = 'a')", true),
            (
                "exists (select from pg_catalog.pg_constraint c where c.conname = 'a' and conrelid = 's.t'::regclass)",
                true,
            ),
            ("not exists (select 1 from pg_type where typname = 'a') and x", false),
            ("not exists (select 1 from pg_type where typname = 'a' or x)", false),
            ("not exists (select 1 from pg_type where typname = x)", false),
            ("not exists (select 1 from pg_type where typname <> 'a')", false),
            ("not exists (select 1 from pg_type join x on true where typname = 'a')", false),
            ("not exists (select 1 from s.pg_type where typname = 'a')", false),
            ("not exists (select 1 from pg_type where typname = 'a' union select 1)", false),
            ("not exists (select count(*) from pg_type where typname = 'a')", false),
            ("not exists (select 1 from pg_type)", false),
        ] {
            let tokens = lex::tokens(text);
            assert_eq!(exists(&mut Cursor::new(text, &tokens)).is_some(), read, "{text}");
        }
    }
}
