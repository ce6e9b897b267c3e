//! One tenant, its own rows.

use super::{READ_AND_WRITE, Spec, TenantColumn};
use crate::error::Result;
use crate::policy::model::Tenancy;
use crate::policy::render::Vars;

pub(super) const SPEC: Spec = Spec {
    name: "tenant",
    version: 1,
    sql: include_str!("../../../sql/policy/shapes/tenant.sql"),
    privileges: READ_AND_WRITE,
};

pub(super) fn vars<'a>(vars: Vars<'a>, column: &TenantColumn, tenancy: &Tenancy) -> Result<Vars<'a>> {
    Ok(vars.sql("column", column.sql(None, tenancy)?).sql("context", column.context(tenancy)?))
}
