//! `[resolvers.NAME]`: the look-ups that services make before they know the tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use toml_edit::Item;

use super::fields::{Field, Fields, Text};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Roles;

/// A function that finds the row of a key, whichever tenant's it is, and tells a few of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// The table that it reads.
    pub table: QualifiedName,
    /// What the caller knows: columns that together are unique in the table.
    pub by: Vec<ResolverKey>,
    /// What the caller learns of the row: the tenant first.
    pub returns: Vec<Ident>,
    /// The line of the file that it begins on, the first being 1.
    pub line: usize,
}

/// What a caller gives of the row that it looks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResolverKey {
    /// The column.
    pub column: Ident,
    /// Whether it is compared as `lower(column)`, whatever its case.
    pub lower: bool,
}

impl ResolverKey {
    fn parse(text: &str) -> Result<Self> {
        let inner = text.strip_prefix("lower(").and_then(|rest| rest.strip_suffix(')'));
        let column = inner.unwrap_or(text).trim();
        if column.contains(['(', ')']) {
            return Err(Error::config(format!(
                "by has {text:?}; expected a column, or lower(column): a resolver compares with no other expression"
            )));
        }
        Ok(Self { column: Ident::new(column)?, lower: inner.is_some() })
    }
}

impl fmt::Display for ResolverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.plain();
        if self.lower { write!(f, "lower({column})") } else { f.write_str(&column) }
    }
}

/// The functions of the support schema that are this crate's own.
const OWN: [&str; 5] = ["tenant_id", "user_id", "no_tenant", "not_sealed", "tenant_tree"];

/// Reads the section.
pub(super) fn resolvers(section: &Fields<'_>, text: &Text<'_>) -> BTreeMap<Ident, Resolver> {
    let mut found = BTreeMap::new();
    for (name, line, item) in section.entries() {
        let named = text.take(line, Ident::new(name));
        if OWN.contains(&name) {
            let what =
                format!("resolver {name} has the name of a function that policies call; choose another");
            text.problem(line, what);
        }
        let resolver = resolver(name, line, item, text);
        if let (Some(name), Some(resolver)) = (named, resolver) {
            found.insert(name, resolver);
        }
    }
    found
}

/// The roles with the one that resolvers run as, by its default name unless the file names it.
pub(super) fn with_role(
    roles: Roles,
    resolvers: &BTreeMap<Ident, Resolver>,
    text: &Text<'_>,
) -> Option<Roles> {
    if resolvers.is_empty() || roles.resolver_role().is_some() {
        return Some(roles);
    }
    let name = Ident::joined(&[roles.app_role().as_str(), "resolver"]);
    text.take(None, roles.resolver(name.as_str()))
}

fn resolver<'t>(name: &str, line: Option<usize>, item: &'t Item, text: &'t Text<'t>) -> Option<Resolver> {
    let table = item.as_table_like();
    if table.is_none() {
        let what = format!("resolver {name} is not a table; write [resolvers.{name}] on a line of its own");
        text.problem(line, what);
        return None;
    }
    let mut fields = Fields::new(format!("resolver {name}"), line, table, text);
    let table = fields.required("table");
    let by = list(&mut fields, "by", "what the caller knows", name, text);
    let returns = list(&mut fields, "returns", "what it may learn, the tenant first", name, text);
    fields.finish();
    let table = table.and_then(|field| text.take(field.line, QualifiedName::parse(field.value)));
    let by = by.and_then(|field| all(&field, text, ResolverKey::parse));
    let returns = returns.and_then(|field| all(&field, text, |column| Ident::new(column)));
    let (table, by, returns) = (table?, by?, returns?);
    let mut seen = BTreeSet::new();
    for column in by.iter().map(|key| &key.column).chain(&returns) {
        if !seen.insert(column) {
            let what = format!(
                "resolver {name} names column {} twice; it gives each column once, and none that the caller knows",
                column.plain()
            );
            text.problem(line, what);
        }
    }
    Some(Resolver { table, by, returns, line: line.unwrap_or_default() })
}

/// A list that has no default and is not empty.
fn list<'t>(
    fields: &mut Fields<'t>,
    field: &'static str,
    is: &str,
    name: &str,
    text: &Text<'_>,
) -> Option<Field<Vec<&'t str>>> {
    let line = fields.line();
    let found = fields.required_strings(field)?;
    if found.value.is_empty() {
        text.problem(found.line.or(line), format!("{field} of resolver {name} is empty; list {is}"));
        return None;
    }
    Some(found)
}

fn all<T>(field: &Field<Vec<&str>>, text: &Text<'_>, read: impl Fn(&str) -> Result<T>) -> Option<Vec<T>> {
    field.value.iter().map(|value| text.take(field.line, read(value))).collect()
}
