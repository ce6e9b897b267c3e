//! Rows of a tenant and, to read, those of the tenants below it.

use super::{READ_AND_WRITE, Spec, TenantColumn};
use crate::error::{Error, Result};
use crate::policy::model::Tenancy;
use crate::policy::render::Vars;

pub(super) const SPEC: Spec = Spec {
    name: "tree",
    version: 1,
    sql: include_str!("../../../sql/policy/shapes/tree.sql"),
    privileges: READ_AND_WRITE,
};

pub(super) fn vars<'a>(vars: Vars<'a>, column: &TenantColumn, tenancy: &'a Tenancy) -> Result<Vars<'a>> {
    if tenancy.tenant_tree().is_none() {
        return Err(Error::config(
            "shape tree needs to know which tenant is above which; name the table with Tenancy::tree",
        ));
    }
    column.not_direct(SPEC.name)?;
    Ok(vars
        .sql("column", column.sql(None, tenancy)?)
        .sql("context", column.context(tenancy)?)
        .name("support", tenancy.support())
        .sql("type", tenancy.tenant_type().sql()))
}
