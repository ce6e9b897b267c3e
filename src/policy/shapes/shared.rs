//! Rows that belong to nobody: all read them, and those who own the table write them.

use super::{READ, Spec};
use crate::error::Result;
use crate::policy::render::{Vars, render};
use crate::policy::roles::Roles;

pub(super) const SPEC: Spec = Spec {
    name: "shared",
    version: 1,
    sql: include_str!("../../../sql/policy/shapes/shared.sql"),
    privileges: READ,
};

pub(super) fn vars<'a>(vars: Vars<'a>, roles: &Roles) -> Result<Vars<'a>> {
    // Members of the owner count as the owner does, and `TO owner` would say the same, but of a restrictive policy it
    // would free everybody else.
    let writes = match roles.owner_role() {
        Some(owner) => render(
            "(SELECT pg_catalog.pg_has_role(:'owner'::name, 'USAGE'))",
            &Vars::default().name("owner", owner),
        )?,
        None => "false".to_owned(),
    };
    Ok(vars.sql("writes", writes))
}
