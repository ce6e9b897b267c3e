//! Tenants that an expression tells, for tables that no foreign key leads to a tenant.

use std::collections::BTreeSet;

use super::Draft;
use super::column::{bound, filling, on};
use super::sql;
use super::step::Told;
use super::table::Table;
use crate::catalog::replay::{Kind, name_of, tokens};
use crate::catalog::{Catalog, Grantee, Privilege};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::plan::roles::reachable;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};

/// An expression, and where its names are looked up.
pub(super) struct Telling {
    pub(super) expression: String,
    pub(super) path: String,
    /// The schemas of the usual path that are left out of it.
    pub(super) left_out: Vec<Ident>,
    /// The tables that it names, and that are governed.
    pub(super) reads: BTreeSet<QualifiedName>,
}

/// Reads an expression, or says what is wrong with it.
pub(super) fn telling(manifest: &Manifest, catalog: &Catalog, text: &str) -> Result<Telling, String> {
    let expression = text.trim().trim_end_matches(';').trim_end();
    whole(expression)?;
    let (kept, left_out) = path(manifest, catalog);
    let pinned = [Ident::known("pg_catalog"), Ident::known("pg_temp")];
    let [first, last] = pinned.each_ref();
    let schemas: Vec<String> =
        [first].into_iter().chain(&kept).chain([last]).map(ToString::to_string).collect();
    let words: BTreeSet<Ident> =
        tokens(expression).into_iter().filter_map(|token| name_of(token, expression)).collect();
    let named = |name: &&QualifiedName| manifest.governs(name) && words.contains(name.name());
    let reads = catalog.relations.keys().filter(named).cloned().collect();
    Ok(Telling { expression: expression.to_owned(), path: schemas.join(", "), left_out, reads })
}

/// Whether a text can stand in parentheses as one expression.
fn whole(expression: &str) -> Result<(), String> {
    let wrong = |why: &str| {
        format!(
            "the expression of --fill {why}; give one SQL expression over the row, such as a SELECT of one value"
        )
    };
    let mut depth = 0_i32;
    let tokens = tokens(expression);
    if tokens.is_empty() {
        return Err(wrong("is empty"));
    }
    for token in tokens {
        match (token.kind, token.of(expression)) {
            (Kind::Open, _) => return Err(wrong("has a quote or a comment that is not closed")),
            (Kind::Parameter | Kind::Backslash, written) => return Err(wrong(&format!("holds {written}"))),
            (Kind::Symbol, ";") => return Err(wrong("is more than one statement")),
            (Kind::Symbol, "(") => depth += 1,
            (Kind::Symbol, ")") => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Err(wrong("closes a parenthesis that it does not open"));
        }
    }
    if depth == 0 { Ok(()) } else { Err(wrong("has a parenthesis that is not closed")) }
}

/// The schemas of the app role's `search_path`, but for those in which somebody may create who need not be trusted: what they
/// put there could fit better than what is meant, and would run with the rights of whoever adopts.
fn path(manifest: &Manifest, catalog: &Catalog) -> (Vec<Ident>, Vec<Ident>) {
    let app = manifest.roles.app_role();
    let said = |role: Option<&Ident>, in_database: bool| {
        let is = |of: &&crate::catalog::Setting| {
            of.role.as_ref() == role && of.in_database == in_database && of.name == "search_path"
        };
        catalog.settings.iter().find(is).map(|of| of.value.clone())
    };
    let said = [(Some(app), true), (Some(app), false), (None, true), (None, false)]
        .into_iter()
        .find_map(|(role, in_database)| said(role, in_database))
        .unwrap_or_else(|| "\"$user\", public".to_owned());
    let names = tokens(&said).into_iter().filter_map(|token| name_of(token, &said));
    let names = names.map(|name| if name.as_str() == "$user" { app.clone() } else { name });
    let there = names.filter(|name| catalog.schemas.contains_key(name) && !name.as_str().starts_with("pg_"));
    there.partition(|name| is_closed(manifest, catalog, name))
}

/// Whether nobody may create in a schema but superusers, the owners of the database and of the tables, and the migrator.
fn is_closed(manifest: &Manifest, catalog: &Catalog, schema: &Ident) -> bool {
    let roles = &manifest.roles;
    let of_app = reachable(catalog, roles.app_role());
    let named = [roles.owner_role(), roles.migrator_role(), roles.system_role()];
    let is_trusted = |role: &Ident| {
        let is_superuser = catalog.roles.get(role).is_some_and(|role| role.superuser);
        let owns_database = role.as_str() == "pg_database_owner"
            || catalog.database.as_ref().is_some_and(|database| database.owner == *role);
        is_superuser || !of_app.contains(role) && (owns_database || named.contains(&Some(role)))
    };
    catalog.schemas.get(schema).is_some_and(|schema| {
        let mut created = schema.grants.iter().filter(|grant| grant.privilege == Privilege::Create);
        is_trusted(&schema.owner)
            && created.all(|grant| match &grant.grantee {
                Grantee::Public => false,
                Grantee::Role(role) => is_trusted(role),
            })
    })
}

/// What fills rows that are written, and the function of the expression, which the backfill asks too.
pub(super) fn up(draft: &Draft<'_>, table: &Table<'_>, telling: &Telling, number: usize) -> Result<String> {
    let (fill, tell) = (super::column::function(draft, number), function(draft, number));
    let vars = on(table.name)
        .name("support", draft.support())
        .name("function", &tell)
        .sql("type", &table.data_type)
        .sql("expression", &telling.expression)
        .text("path", &telling.path);
    let told = render(sql::TELL, &vars)?;
    let body = Vars::default()
        .sql("type", &table.data_type)
        .name("column", table.column)
        .name("support", draft.support())
        .name("tell", &tell)
        .sql("bound", bound(draft)?);
    let body = render(sql::FILL_TOLD_BODY, &body)?;
    Ok(format!("{told}\n\n{}", filling(draft, table, &fill, &body, "true")?))
}

pub(super) fn down(draft: &Draft<'_>, table: &Table<'_>, number: usize) -> Result<String> {
    let unfilled = super::column::unfilling(draft, table, &super::column::function(draft, number))?;
    let tell = function(draft, number);
    let vars = on(table.name).name("support", draft.support()).name("function", &tell);
    Ok(format!("{unfilled}\n\n{}", render(sql::UNTELL, &vars)?))
}

fn function(draft: &Draft<'_>, number: usize) -> Ident {
    super::column::unused(draft, "tell", number)
}

/// What is joined to a row for its tenant.
pub(super) fn source(draft: &Draft<'_>, number: usize) -> Result<String> {
    let tell = function(draft, number);
    render(sql::TOLD_SOURCE, &Vars::default().name("support", draft.support()).name("function", &tell))
}

/// The tenant of a row, as t, without the function.
pub(super) fn of_row(table: &Table<'_>, telling: &Telling) -> Result<String> {
    let vars = Vars::default()
        .sql("expression", &telling.expression)
        .sql("type", &table.data_type)
        .name("table", table.name.name());
    render(sql::TOLD_ROW, &vars)
}

/// What is to be looked at before anything is begun.
pub(super) fn asked(table: &Table<'_>, telling: &Telling) -> Told {
    Told {
        table: table.name.clone(),
        column: table.present.map(|column| column.name.clone()),
        expression: telling.expression.clone(),
        data_type: table.data_type.clone(),
        path: telling.path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn an_expression_stays_in_its_parentheses() {
        for text in
            ["a", "(a)->>'b'", "SELECT ')' FROM b WHERE (c) -- )", "E'\\')'", "\"odd)\"", "$$)$$ || a"]
        {
            assert_eq!(whole(text), Ok(()), "{text}");
        }
        for (text, why) in [
            ("", "is empty"),
            ("-- a", "is empty"),
            ("a) , (b", "closes a parenthesis"),
            ("(a", "is not closed"),
            ("'a", "is not closed"),
            ("a; DROP TABLE b", "more than one statement"),
            ("$1", "holds $1"),
        ] {
            assert!(whole(text).unwrap_err().contains(why), "{text}");
        }
    }
}
