//! Who is a member of which tenant: users read what concerns themselves, and write nothing.

use super::column::once;
use super::{READ, Spec, membership};
use crate::error::{Error, Result};
use crate::ident::QualifiedName;
use crate::policy::model::Tenancy;
use crate::policy::render::Vars;

pub(super) const SPEC: Spec = Spec {
    name: "members",
    version: 1,
    sql: include_str!("../../../sql/policy/shapes/members.sql"),
    privileges: READ,
};

pub(super) fn vars<'a>(vars: Vars<'a>, table: &QualifiedName, tenancy: &Tenancy) -> Result<Vars<'a>> {
    let membership = membership::of(tenancy, SPEC.name)?;
    if membership.table() != table {
        return Err(Error::config(format!(
            "table {table} has shape members; expected {}, which Tenancy::membership names",
            membership.table()
        )));
    }
    Ok(vars.sql("column", membership.user_sql(None)?).sql("context", once(membership.context(tenancy)?)?))
}
