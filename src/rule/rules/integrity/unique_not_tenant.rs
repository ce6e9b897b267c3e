//! `unique-not-tenant`

use crate::catalog::{Index, Object, Part};
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::crossing::BTREE_GIST;
use crate::policy::ddl::{self, Unique};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::key::{self, Binding, Written};
use crate::rule::subject::lookup::is_asked;

pub(super) const RULE: Rule = Rule {
    code: "unique-not-tenant",
    severity: Severity::Medium,
    finds: "a unique key of a tenant table does not include the tenant",
    why: "A key is checked against the rows of all tenants: a tenant that tries a value learns from the refusal, or from an \
          ON CONFLICT that adds nothing or fails, that another tenant has it. And two tenants cannot have the same value.",
    fix: "Let the key begin with the tenant column: unique in the manifest and tenantry plan --queries do it in steps. Two tenants \
          can then have the same value, and an ON CONFLICT that names the key's columns has to name the tenant column too. In a key \
          WITHOUT OVERLAPS that takes the extension btree_gist.",
    bad: "CREATE TABLE invoice (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, number text NOT NULL UNIQUE);",
    good: "CREATE TABLE invoice (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    number text NOT NULL,
    UNIQUE (tenant_id, number)
);",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.written() {
        let primary = |name: &Ident| table.relation.keys.get(name).is_some_and(|key| key.primary);
        for (name, index) in &table.relation.indexes {
            let is_news = !table.is_bound(index) && !is_asked(subject.manifest, table.name, index);
            if index.unique && !index.inherited && !primary(name) && is_news {
                add(subject, table, name, index, found);
            }
        }
    }
}

fn add<'a>(
    subject: &Subject<'a>,
    table: Written<'a>,
    name: &'a Ident,
    index: &'a Index,
    found: &mut Findings,
) {
    let (severity, says) = if table.columns(index).into_iter().any(key::is_random) {
        (Severity::Info, "an insert tells whether another tenant has a value, which cannot be guessed")
    } else if table.is_one_per_tenant() {
        (Severity::Low, "a tenant learns which values others have taken, as the table has one row for each")
    } else {
        (Severity::Medium, "a duplicate, or ON CONFLICT, tells which values other tenants have")
    };
    let (plain, columns) = (table.name.plain(), key::written(index));
    let overlaps = if index.without_overlaps { " WITHOUT OVERLAPS" } else { "" };
    let message =
        format!("{} of {plain} on {columns}{overlaps} does not include the tenant: {says}", name.plain());
    let constraint = table.relation.keys.contains_key(name);
    let part = if constraint { Part::Key } else { Part::Index };
    let finding = found.add(Object::Part(part, table.name.clone(), name.clone()), message).severity(severity);
    finding.column(index.columns().and_then(|columns| columns.first().copied()));
    if severity == Severity::Medium
        && let Some(sql) = replaced(subject, table, name, index)
    {
        finding.sql(sql);
    }
}

/// Puts the key with the tenant column in its place, if it is on columns alone and nothing refers to it.
fn replaced<'a>(
    subject: &Subject<'a>,
    table: Written<'a>,
    name: &'a Ident,
    index: &'a Index,
) -> Option<Result<String>> {
    let Binding::Column(tenant) = table.binding else { return None };
    let columns = index.columns()?;
    let plain = index.predicate.is_none()
        && index.include.is_empty()
        && !index.nulls_not_distinct
        && index.immediate
        && index.keys.iter().all(|key| key.opclass.is_none());
    let mut keys = subject.catalog.foreign_keys();
    let refers = keys.any(|(_, _, key)| key.references == *table.name && index.is_referenced_by(key));
    let takes_tenant =
        !index.without_overlaps || subject.catalog.extensions.contains_key(&Ident::known(BTREE_GIST));
    if !plain || refers || !takes_tenant {
        return None;
    }
    let with: Vec<&Ident> = std::iter::once(tenant).chain(columns).collect();
    Some(if table.relation.keys.contains_key(name) {
        ddl::unique_constraint(table.name, name, &with, Unique::of(index))
    } else {
        let dropped = ddl::drop_index(table.name, name);
        dropped.and_then(|dropped| Ok(format!("{dropped}\n{}", ddl::index(table.name, name, &with, true)?)))
    })
}
