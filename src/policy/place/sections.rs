//! What `[tree]` and `[membership]` name, against the database.

use super::{fits, problem};
use crate::catalog::{Catalog, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Tenancy;
use crate::policy::manifest::{Manifest, Problem, Tenants, nearest};
use crate::tenant::TenantType;

/// Finds columns that are not there, or of another type.
pub(super) fn check(manifest: &Manifest, catalog: &Catalog, problems: &mut Vec<Problem>) {
    let tenancy = &manifest.tenancy;
    if let Some(Tenants { table, column, .. }) = &manifest.tenants
        // A view's columns are in no model.
        && catalog.relations.get(table).is_some_and(Relation::is_table)
    {
        check_column("[tenants]", catalog, table, column, tenancy.tenant_type(), problems);
    }
    if let Some(tree) = tenancy.tenant_tree() {
        for column in [tree.id(), tree.parent()] {
            check_column("[tree]", catalog, tree.table(), column, tenancy.tenant_type(), problems);
        }
    }
    if let Some(members) = tenancy.members() {
        let (user, user_type) = members.user();
        for (column, expected) in [(user, user_type), (members.tenant(), tenancy.tenant_type())] {
            check_column("[membership]", catalog, members.table(), column, expected, problems);
        }
    }
}

fn check_column(
    section: &str,
    catalog: &Catalog,
    table: &QualifiedName,
    column: &Ident,
    expected: TenantType,
    problems: &mut Vec<Problem>,
) {
    // A table that is not there has been reported.
    let Some(relation) = catalog.relations.get(table) else { return };
    let (table, name) = (table.plain(), column.as_str());
    let what = match relation.column(column) {
        Some(found) if fits(&found.data_type, expected) => return,
        Some(found) => format!(
            "{section} column {name} of {table} is of type {}; expected {}",
            found.data_type,
            expected.sql()
        ),
        None => {
            let known: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
            let meant = nearest(name, &known).map(|meant| format!("; did you mean {meant}?"));
            format!("{section} {table} has no column {name}{}", meant.unwrap_or_default())
        }
    };
    problems.push(problem(None, what));
}

/// The tenancy with what the database says of the columns that it names: those of type `varchar` are compared as texts.
pub(crate) fn settled(manifest: &Manifest, catalog: &Catalog) -> Tenancy {
    let tenancy = manifest.tenancy.clone();
    let Some(members) = tenancy.members().cloned() else { return tenancy };
    let is_varchar = |column: &Ident| {
        let found = catalog.relations.get(members.table()).and_then(|relation| relation.column(column));
        found.is_some_and(|column| column.data_type.starts_with("character varying"))
    };
    let (user, tenant) = (is_varchar(members.user().0), is_varchar(members.tenant()));
    let members = if user { members.user_as_text() } else { members };
    tenancy.membership(if tenant { members.tenant_as_text() } else { members })
}
