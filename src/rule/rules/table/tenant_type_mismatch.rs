//! `tenant-type-mismatch`

use crate::catalog::{Column, Object};
use crate::ident::QualifiedName;
use crate::policy::manifest::Class;
use crate::policy::place::fits;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "tenant-type-mismatch",
    severity: Severity::High,
    finds: "a tenant column is not of the type that tenants have",
    why: "The comparison needs a cast, which can miss the index or the tenant, and no foreign key can include the column. No \
          policy can be planned for such a table, so it may be without one.",
    fix: "Change the type of the column, or the type of [tenancy] in the manifest if that is what is wrong.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id text NOT NULL);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/typeconv-oper.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for name in subject.places.unsettled.keys() {
        let Some(column) = column(subject, name) else { continue };
        let expected = subject.manifest.tenancy.tenant_type().sql();
        let guarded = subject.catalog.relations.get(*name).is_some_and(|relation| relation.row_security);
        let (unguarded, severity) =
            if guarded { ("", Severity::Low) } else { (", and row-level security is off", Severity::High) };
        let message = format!(
            "column {} of {} is of type {}, and tenants are of type {expected}{unguarded}",
            column.name.plain(),
            name.plain(),
            column.data_type
        );
        found.add(Object::column(name, &column.name), message).severity(severity);
    }
}

/// The tenant column of a table that has no place because the column is of another type.
pub(super) fn column<'a>(subject: &Subject<'a>, name: &QualifiedName) -> Option<&'a Column> {
    let manifest = subject.manifest;
    let relation = subject.catalog.relations.get(name).filter(|relation| relation.is_table())?;
    let needs_it = match manifest.entry(name).map(|entry| &entry.class) {
        None | Some(Class::Tenant { .. } | Class::Shared | Class::Tree) => true,
        Some(Class::Membership) => manifest.tenancy.members().is_none_or(|members| members.table() != name),
        Some(_) => false,
    };
    let column = relation.column(manifest.column(name))?;
    let fits = fits(&column.data_type, manifest.tenancy.tenant_type());
    (needs_it && relation.partition_of.is_none() && !fits).then_some(column)
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    #[test]
    fn it_matters_less_where_something_guards_the_table() {
        let sql = "CREATE TABLE t (tenant_id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE TABLE u (tenant_id uuid);";
        let message = "column tenant_id of public.t is of type integer, and tenants are of type uuid";
        assert_eq!(said("tenant-type-mismatch", sql), [format!("low: {message}")]);
        assert!(said("unclassified-table", sql).is_empty());
    }
}
