//! Rows of the tenants that a user is a member of.

use super::column::once;
use super::{READ_AND_WRITE, Spec, TenantColumn, alias};
use crate::error::{Error, Result};
use crate::ident::QualifiedName;
use crate::policy::membership::Membership;
use crate::policy::model::Tenancy;
use crate::policy::render::Vars;

pub(super) const SPEC: Spec = Spec {
    name: "membership",
    version: 1,
    sql: include_str!("../../../sql/policy/shapes/membership.sql"),
    privileges: READ_AND_WRITE,
};

pub(super) fn vars<'a>(
    vars: Vars<'a>,
    column: &TenantColumn,
    table: &QualifiedName,
    tenancy: &'a Tenancy,
) -> Result<Vars<'a>> {
    let membership = of(tenancy, SPEC.name)?;
    column.not_direct(SPEC.name)?;
    let alias = alias("member", table);
    Ok(vars
        .sql("column", column.sql(None, tenancy)?)
        .name("membership_schema", membership.table().schema())
        .name("membership_table", membership.table().name())
        .sql("alias", alias.to_string())
        .sql("tenant", membership.tenant_sql(Some(&alias), tenancy)?)
        .sql("member", membership.user_sql(Some(&alias))?)
        .sql("user", once(membership.context(tenancy)?)?))
}

/// The table that says who is a member of what.
pub(super) fn of<'a>(tenancy: &'a Tenancy, shape: &str) -> Result<&'a Membership> {
    tenancy.members().ok_or_else(|| {
        Error::config(format!(
            "shape {shape} needs to know who is a member of which tenant; name the table with Tenancy::membership"
        ))
    })
}
